//! The published files against the totals that were added up without this code.

use std::collections::BTreeMap;

use equity_indicators::ingest::{Defaults, Records, SubmissionFile, read, read_all};
use equity_indicators::proto::v1::ConsultationRecord;

use super::demo;

const APPOINTMENTS: &str = "gpad_regional_llr_2019-03_2020-12.csv.gz";
const COVERAGE: &str = "gpad_coverage_llr.csv";

fn appointments() -> Vec<SubmissionFile> {
    read_all(&demo(APPOINTMENTS), &Defaults::default()).unwrap()
}

fn consultations(submission: &SubmissionFile) -> &[ConsultationRecord] {
    match &submission.rows {
        Records::Consultations(rows) => rows,
        other => panic!("{:?} in {}", other.dataset(), submission.month),
    }
}

/// Appointments by mode, in the order of the published tables, and in all.
fn by_mode(
    submissions: &[SubmissionFile],
    keep: impl Fn(&SubmissionFile, &ConsultationRecord) -> bool,
) -> [i64; 6] {
    let modes = ["Face-to-Face", "Home Visit", "Telephone", "Unknown", "Video/Online"];
    let mut sums = [0; 6];
    for submission in submissions {
        for row in consultations(submission).iter().filter(|row| keep(submission, row)) {
            let mode = modes.iter().position(|mode| *mode == row.channel).unwrap();
            sums[mode] += row.record_count.unwrap();
            sums[5] += row.record_count.unwrap();
        }
    }
    sums
}

#[test]
fn one_parcel_for_each_location_and_month() {
    let submissions = appointments();
    assert_eq!(submissions.len(), 3 * 22);
    assert_eq!(submissions.iter().map(|submission| submission.rows.len()).sum::<usize>(), 11_756);
    let groups: BTreeMap<_, _> = submissions
        .iter()
        .map(|submission| ((&*submission.organisation, &*submission.month), submission))
        .collect();
    assert_eq!(groups.len(), 66);
    assert!(groups.contains_key(&("03W", "2019-03")) && groups.contains_key(&("04V", "2020-12")));
    for submission in &submissions {
        assert_eq!(submission.collection, "gpad-regional");
        assert!(submission.person_key_scheme.is_empty());
        let systems: Vec<_> = submission.code_systems.iter().map(|(f, s)| (&**f, &**s)).collect();
        let expected =
            ["attendance", "channel", "lead_time_band", "staff_type"].map(|field| (field, "gpad"));
        assert_eq!(systems, expected);
        assert_eq!(submission.collected, expected.map(|(field, _)| field));
        assert!(consultations(submission).iter().all(|row| row.care_setting == "PRIMARY_CARE"));
    }
}

#[test]
fn totals_by_month() {
    let submissions = appointments();
    for (month, expected) in [
        ("2019-03", [449_395, 1_404, 63_417, 22_530, 6_663, 543_409]),
        ("2019-10", [521_884, 986, 58_763, 33_151, 9_398, 624_182]),
        ("2020-02", [416_811, 899, 52_640, 23_112, 8_996, 502_458]),
        ("2020-04", [212_251, 313, 130_728, 17_106, 1_507, 361_905]),
        ("2020-06", [249_774, 673, 171_904, 24_367, 4_592, 451_310]),
        ("2020-12", [293_865, 999, 151_073, 27_757, 6_819, 480_513]),
    ] {
        assert_eq!(
            by_mode(&submissions, |submission, _| submission.month == month),
            expected,
            "{month}"
        );
    }
    let all = [8_200_352, 18_391, 2_193_650, 551_408, 152_497, 11_116_298];
    assert_eq!(by_mode(&submissions, |_, _| true), all);
    let attended = by_mode(&submissions, |submission, row| {
        submission.month == "2020-04" && row.attendance == "Attended"
    });
    assert_eq!(attended[0], 173_255);
}

#[test]
fn totals_of_the_whole_file() {
    let submissions = appointments();
    for (location, expected) in [
        ("03W", [2_663_687, 9_268, 652_987, 134_878, 53_178, 3_513_998]),
        ("04C", [2_584_671, 4_166, 738_278, 290_090, 68_557, 3_685_762]),
        ("04V", [2_951_994, 4_957, 802_385, 126_440, 30_762, 3_916_538]),
    ] {
        assert_eq!(
            by_mode(&submissions, |submission, _| submission.organisation == location),
            expected
        );
    }
    for (status, expected) in [
        ("Attended", [7_298_274, 13_422, 2_091_501, 494_897, 137_437, 10_035_531]),
        ("DNA", [414_716, 483, 12_399, 19_717, 7_755, 455_070]),
        ("Unknown", [487_362, 4_486, 89_750, 36_794, 7_305, 625_697]),
    ] {
        assert_eq!(by_mode(&submissions, |_, row| row.attendance == status), expected);
    }
    for (staff, expected) in [
        ("GP", [3_676_090, 4_477, 1_680_571, 44_665, 109_600, 5_515_403]),
        ("Other Practice staff", [4_522_898, 10_437, 509_576, 29_663, 42_897, 5_115_471]),
        ("Unknown", [1_364, 3_477, 3_503, 477_080, 0, 485_424]),
    ] {
        assert_eq!(by_mode(&submissions, |_, row| row.staff_type == staff), expected);
    }
}

#[test]
fn labels_stay_as_published() {
    let waits: BTreeMap<String, i64> = appointments()
        .iter()
        .flat_map(consultations)
        .map(|row| (row.lead_time_band.clone(), 1))
        .collect();
    let waits: Vec<_> = waits.keys().map(String::as_str).collect();
    let published = [
        "1 Day",
        "15  to 21 Days",
        "2 to 7 Days",
        "22  to 28 Days",
        "8  to 14 Days",
        "More than 28 Days",
        "Same Day",
        "Unknown / Data Issue",
    ];
    assert_eq!(waits, published);
}

#[test]
fn patients_at_included_practices() {
    let submissions = read_all(&demo(COVERAGE), &Defaults::default()).unwrap();
    assert_eq!(submissions.len(), 3 * 41);
    let patients = |organisation: &str, month: &str| {
        let mut of =
            submissions.iter().filter(|p| p.organisation == organisation && p.month == month);
        let submission = of.next().unwrap();
        assert!(of.next().is_none());
        assert_eq!((submission.collection.as_str(), submission.rows.len()), ("gpad-coverage", 1));
        assert!(matches!(&submission.rows, Records::Populations(rows) if rows[0].person.is_none()));
        submission.rows.total()
    };
    for (month, expected) in [
        ("2020-08", [340_792, 420_450, 400_720]),
        ("2020-12", [341_881, 421_126, 403_616]),
        ("2023-12", [357_470, 446_248, 418_150]),
    ] {
        assert_eq!(["03W", "04C", "04V"].map(|location| patients(location, month)), expected);
    }
}

#[test]
fn one_parcel_after_the_other() {
    let mut submissions = read(&demo(APPOINTMENTS), &Defaults::default()).unwrap();
    assert_eq!((submissions.row_count(), submissions.submission_count()), (11_756, 66));
    assert!(submissions.next().unwrap().is_ok());
    assert_eq!(submissions.count(), 65);
}
