//! Published data of practices: appointments with national categories, registered patients; and files of all England, of which some rows
//! are taken.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use equity_indicators::ingest::{
    Defaults, IngestError, Only, Records, SubmissionFile, join, read, read_all,
};
use equity_indicators::proto::v1::PopulationRecord;

use super::editions::{consultations, none, text_of};
use super::{case, read_and_notes, read_text};

fn real(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/published").join(name)
}

fn people(submission: &SubmissionFile) -> &[PopulationRecord] {
    match &submission.rows {
        Records::Populations(rows) => rows,
        other => panic!("{:?}", other.dataset()),
    }
}

fn edition(submission: &SubmissionFile) -> (&str, &str) {
    let source = submission.source.as_ref().unwrap();
    (&source.title, &source.edition)
}

/// The numbers of the last column of a published file, by the columns at these places.
fn recount(text: &str, places: &[usize], count: usize) -> BTreeMap<Vec<String>, i64> {
    let mut sums = BTreeMap::new();
    for row in csv::Reader::from_reader(text.as_bytes()).records().map(Result::unwrap) {
        let key = places.iter().map(|place| row[*place].to_owned()).collect();
        *sums.entry(key).or_insert(0) += row[count].parse::<i64>().unwrap();
    }
    sums
}

#[test]
fn appointments_of_practices_have_national_categories() {
    let path = real("practice_crosstab_2025-08.csv");
    let [submission] = &read_all(&path, &none()).unwrap()[..] else { panic!() };
    assert_eq!((&*submission.organisation, &*submission.month), ("Y02960", "2025-08"));
    assert_eq!(submission.collection, "gpad-practice");
    assert_eq!(
        edition(submission),
        ("Appointments in General Practice", "Practice Level Crosstab")
    );
    assert_eq!(submission.code_systems["national_category"], "gpad");
    assert!(submission.collected.contains(&"national_category".to_owned()));
    let text = std::fs::read_to_string(&path).unwrap();
    let mut found = BTreeMap::new();
    for row in consultations(submission) {
        let labels = [
            &row.staff_type,
            &row.channel,
            &row.national_category,
            &row.lead_time_band,
            &row.attendance,
        ];
        *found.entry(labels.map(Clone::clone).to_vec()).or_insert(0) += row.record_count.unwrap();
    }
    assert_eq!(found, recount(&text, &[8, 9, 10, 11, 13], 12));
    assert_eq!(submission.rows.total(), 1_676);
    // Without the column of categories, the source does not collect them.
    let text = text.replace("NATIONAL_CATEGORY,", "").replace("Planned Clinics,", "");
    let one: Vec<_> = text
        .lines()
        .filter(|line| line.starts_with("APP") || line.contains("28 Days,1,"))
        .collect();
    let submissions = read_text(&one.join("\n")).unwrap();
    assert!(!submissions[0].collected.contains(&"national_category".to_owned()));
    // A row that comes twice.
    let twice = format!("{}\n{}\n", one.join("\n"), one[1]);
    let error = read_text(&twice).unwrap_err().to_string();
    assert!(error.contains("practice, time, status"), "{error}");
}

#[test]
fn days_are_added_up_to_months() {
    let header = "SUB_ICB_LOCATION_CODE,Appointment_Date,APPT_STATUS,HCP_TYPE,APPT_MODE,TIME_BETWEEN_BOOK_AND_APPT,COUNT_OF_APPOINTMENTS";
    let rows = [
        ("04C", "01JUN2022", "Attended", "10"),
        ("04C", "02JUN2022", "Attended", "12"),
        ("03W", "02JUN2022", "Attended", "3"),
        ("04C", "02JUN2022", "DNA", "4"),
        ("04C", "01JUL2022", "Attended", "5"),
        ("04C", "03JUN2022", "Attended", "*"),
        ("04C", "04JUN2022", "Attended", "1"),
        ("04C", "05JUN2022", "DNA", "*"),
        ("04C", "06JUN2022", "DNA", "2"),
    ];
    let line = |(place, day, status, count): &(&str, &str, &str, &str)| {
        format!("{place},{day},{status},GP,Telephone,1 Day,{count}")
    };
    let lines: Vec<_> = rows.iter().map(line).collect();
    let text = format!("{header}\n{}\n", lines.join("\n"));
    let (submissions, _) = read_and_notes(&text);
    let mut found: Vec<_> = submissions
        .iter()
        .flat_map(|of| {
            consultations(of).iter().map(|row| {
                let key = (&*of.organisation, &*of.month, &*row.attendance);
                (key, row.record_count, row.suppressed)
            })
        })
        .collect();
    let june = |status| ("04C", "2022-06", status);
    let mut expected = vec![
        (("03W", "2022-06", "Attended"), Some(3), false),
        (("04C", "2022-07", "Attended"), Some(5), false),
        (june("Attended"), Some(23), false),
        (june("DNA"), Some(6), false),
        // What the publisher does not give is in no sum.
        (june("Attended"), None, true),
        (june("DNA"), None, true),
    ];
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
    assert!(submissions.iter().flat_map(consultations).all(|row| row.date.is_empty()));
    // The same appointments as the regional edition would have them.
    let [submission] = &case("daily.csv", &none()).unwrap()[..] else { panic!() };
    assert_eq!((submission.rows.len(), submission.rows.total()), (1, 22));
    // The same day twice is still an error.
    let error = read_text(&format!("{text}{}\n", lines[0])).unwrap_err();
    assert!(matches!(error, IngestError::DuplicateRow { first_line: 2, .. }), "{error}");
}

#[test]
fn everybody_who_is_registered() {
    let submissions = read_all(&real("gp-reg-pat-prac-all_2021-01.csv"), &none()).unwrap();
    assert_eq!(submissions.len(), 8);
    let total: i64 = submissions.iter().map(|of| of.rows.total()).sum();
    assert_eq!(total, 119_043);
    let first = &submissions[0];
    assert_eq!(
        (&*first.organisation, &*first.month, first.rows.total()),
        ("C82001", "2021-01", 26_437)
    );
    assert_eq!((&*first.collection, first.collected.len()), ("gp-registered-patients", 0));
    assert_eq!(edition(first), ("Patients Registered at a GP Practice", "all persons"));
    assert!(people(first).iter().all(|row| row.person.is_none()));
}

/// People by sex and first year of the age group of five years.
fn by_sex_and_group(submission: &SubmissionFile) -> BTreeMap<(String, i32), i64> {
    let mut sums = BTreeMap::new();
    for row in people(submission) {
        let person = row.person.as_ref().unwrap();
        let band = person.age_band.trim_end_matches('+').split('-').next();
        let years = person.age_years.unwrap_or_else(|| band.unwrap().parse().unwrap());
        *sums.entry((person.sex.clone(), years / 5 * 5)).or_insert(0) += row.person_count;
    }
    sums
}

#[test]
fn two_files_of_single_years_are_one_submission_of_each_practice() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let [male, female] =
        ["male", "female"].map(|sex| cases.join(format!("registered_single_{sex}.csv")));
    let folder = tempfile::tempdir().unwrap();
    let both = folder.path().join("both.csv");
    join(&[&male, &female], std::fs::File::create(&both).unwrap()).unwrap();
    let single = read_all(&both, &none()).unwrap();
    let names: Vec<_> =
        single.iter().map(|of| (&*of.organisation, &*of.month, of.rows.len())).collect();
    assert_eq!(names, ["C82001", "C82002", "K81002"].map(|code| (code, "2026-04", 192)));
    assert_eq!(edition(&single[0]).1, "single years of age");
    assert_eq!(single[0].collected, ["age_band", "sex"]);
    let oldest: Vec<_> = people(&single[0])
        .iter()
        .filter_map(|row| row.person.as_ref())
        .filter(|person| person.age_years.is_none())
        .map(|person| (&*person.sex, &*person.age_band))
        .collect();
    assert_eq!(oldest, [("1", "95+"), ("2", "95+")]);
    // The five-year edition has the same people, and those of a network, which are left out.
    let text = text_of("registered_five_year.csv");
    let (five, notes) = read_and_notes(&text);
    assert_eq!(five.len(), 2);
    assert!(
        notes.contains("rows of networks, locations and regions")
            && notes.ends_with("left out: 43"),
        "{notes}"
    );
    for (five, single) in five.iter().zip(&single) {
        assert_eq!(five.organisation, single.organisation);
        assert_eq!(by_sex_and_group(five), by_sex_and_group(single));
        assert_eq!((five.rows.len(), five.rows.total()), (40, single.rows.total()));
    }
    // One of the two alone would say that a practice has patients of one sex.
    let error = read_all(&male, &none()).unwrap_err().to_string();
    assert!(
        error.contains("rows of one sex only") && error.contains("sing-age-female.csv"),
        "{error}"
    );
    let other = join(&[&male, &cases.join("registered_five_year.csv")], Vec::new()).unwrap_err();
    assert!(other.to_string().contains("same columns"), "{other}");
}

#[test]
fn registered_patients_that_do_not_add_up_are_refused() {
    let text = text_of("registered_five_year.csv");
    let line = text.lines().find(|line| line.contains("C82001,,AA1 1AA,MALE,ALL")).unwrap();
    let wrong = text.replace(line, &format!("{line}1"));
    let error = read_text(&wrong).unwrap_err().to_string();
    assert!(error.contains("the sum of the ages of practice C82001"), "{error}");
    // A row is lost, and the totals say so.
    let lost: Vec<_> =
        text.lines().filter(|line| !line.contains("C82002,,AA1 1AA,FEMALE,40_44")).collect();
    assert!(read_text(&lost.join("\n")).unwrap_err().to_string().contains("C82002"));
    for (from, to, words) in [
        (",FEMALE,95+,", ",FEMALE,95,", "five years of age"),
        (",FEMALE,0_4,", ",FEMALE,0_5,", "five years of age"),
        (",FEMALE,5_9,", ",WOMAN,5_9,", "MALE, FEMALE, UNKNOWN or ALL"),
        ("2026-04-01,GP", "APRIL,GP", "a day in the form"),
    ] {
        let error = read_text(&text.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(error.contains(words), "{from}: {error}");
    }
    // A count that is not given: the rest is not measured with the totals, and nothing is worked out.
    let given = text.lines().find(|line| line.contains("C82001,,AA1 1AA,MALE,5_9")).unwrap();
    let hidden = text.replace(given, &format!("{},*", given.rsplit_once(',').unwrap().0));
    let submissions = read_text(&hidden).unwrap();
    let row = people(&submissions[0]).iter().find(|row| row.suppressed).unwrap();
    assert_eq!((row.person_count, &*row.person.as_ref().unwrap().age_band), (0, "5-9"));
    // Editions without practices, and without ages, are called what they are.
    for (header, words) in [
        (
            "PUBLICATION,EXTRACT_DATE,ORG_TYPE,ORG_CODE,ONS_CODE,SEX,AGE,NUMBER_OF_PATIENTS",
            "without practices",
        ),
        (
            "PUBLICATION,EXTRACT_DATE,PRACTICE_CODE,PRACTICE_NAME,LSOA_CODE,SEX,NUMBER_OF_PATIENTS",
            "by small area",
        ),
    ] {
        super::editions::refused(read_text(&format!("{header}\n")), &[words]);
    }
}

#[test]
fn of_a_file_of_all_england_some_rows_are_taken() {
    let only = |codes: &[&str]| Defaults {
        only: Some(Only {
            organisations: codes.iter().map(|code| (*code).to_owned()).collect(),
            area: "QK1".to_owned(),
        }),
        ..none()
    };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/coverage_england.csv");
    let taken = |defaults: &Defaults| {
        let files = read(&path, defaults).unwrap();
        let (notes, rows) = (files.notes().join("; "), files.row_count());
        let of: Vec<_> = files.map(|of| of.unwrap().organisation).collect();
        (of, rows, notes)
    };
    let note = |others: &str, whom: &str, rows: u64| {
        format!("rows of {others} than {whom}, which were left out: {rows}")
    };
    let (of, rows, notes) = taken(&only(&["03W", "04C", "04V"]));
    assert_eq!((of, rows), (vec!["03W".to_owned(), "04C".to_owned()], 2));
    assert_eq!(notes, note("3 other organisations", "those of QK1", 3));
    let named = Defaults { organisation: Some("78H".into()), ..none() };
    assert_eq!(taken(&named), (vec!["78H".to_owned()], 1, note("4 other organisations", "78H", 4)));
    assert_eq!(taken(&none()).1, 5);
    let error = read(&path, &only(&["QPM"])).unwrap_err().to_string();
    assert!(
        error.starts_with("no row is of an organisation of QK1: all rows are of 5 other"),
        "{error}"
    );
    // A file of the publisher itself, and one in the columns of the service, are taken whole.
    let (submissions, _) = read_and_notes("organisation,month,sex\nC82001,2020-04,1\n");
    assert_eq!(submissions.len(), 1);
    let census = case("census_with_wales.csv", &only(&["03W"])).unwrap();
    assert_eq!(census[0].organisation, "ONS");
}
