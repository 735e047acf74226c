//! Published totals, asked of the service that was given the published files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use equity_indicators::proto::v1::Breakdown;
use serde_json::json;

use crate::support::{TestServer, cell, count, counts, four, key, totals, unknown_and_base, value};

const APPOINTMENTS: &str = "deploy/demo/gpad_regional_llr_2019-03_2020-12.csv.gz";
const COVERAGE: &str = "deploy/demo/gpad_coverage_llr.csv";

fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Face to face, home visit, telephone, unknown, video or online, all: the columns of the published tables.
const COLUMNS: [&str; 5] =
    ["FACE_TO_FACE", "HOME_VISIT", "TELEPHONE", "NOT_KNOWN", "ONLINE_UNSPECIFIED"];
type Line = (&'static str, [i64; 6]);

const BY_MONTH: &[Line] = &[
    ("2019-03", [449_395, 1_404, 63_417, 22_530, 6_663, 543_409]),
    ("2019-10", [521_884, 986, 58_763, 33_151, 9_398, 624_182]),
    ("2020-02", [416_811, 899, 52_640, 23_112, 8_996, 502_458]),
    ("2020-04", [212_251, 313, 130_728, 17_106, 1_507, 361_905]),
    ("2020-06", [249_774, 673, 171_904, 24_367, 4_592, 451_310]),
    ("2020-12", [293_865, 999, 151_073, 27_757, 6_819, 480_513]),
    ("", [8_200_352, 18_391, 2_193_650, 551_408, 152_497, 11_116_298]),
];
const BY_LOCATION: &[Line] = &[
    ("03W", [2_663_687, 9_268, 652_987, 134_878, 53_178, 3_513_998]),
    ("04C", [2_584_671, 4_166, 738_278, 290_090, 68_557, 3_685_762]),
    ("04V", [2_951_994, 4_957, 802_385, 126_440, 30_762, 3_916_538]),
];
const BY_ATTENDANCE: &[Line] = &[
    ("ATTENDED", [7_298_274, 13_422, 2_091_501, 494_897, 137_437, 10_035_531]),
    ("MISSED", [414_716, 483, 12_399, 19_717, 7_755, 455_070]),
    ("NOT_KNOWN", [487_362, 4_486, 89_750, 36_794, 7_305, 625_697]),
];
const BY_STAFF: &[Line] = &[
    ("GP", [3_676_090, 4_477, 1_680_571, 44_665, 109_600, 5_515_403]),
    ("OTHER_PRACTICE_STAFF", [4_522_898, 10_437, 509_576, 29_663, 42_897, 5_115_471]),
    ("NOT_KNOWN", [1_364, 3_477, 3_503, 477_080, 0, 485_424]),
];

#[tokio::test]
async fn published_totals_come_back() {
    let server = TestServer::start().await;
    assert_eq!(server.submit_file(&file(APPOINTMENTS)).await, (66, 11_756));
    assert_eq!(server.submit_file(&file(COVERAGE)).await, (123, 123));

    april(&server).await;
    for (dimension, table, rows) in [
        ("month", BY_MONTH, 1 + 22),
        ("organisation", BY_LOCATION, 1 + 3),
        ("sub_icb", BY_LOCATION, 1 + 3),
        ("attendance", BY_ATTENDANCE, 1 + 3),
        ("staff_type", BY_STAFF, 1 + 3),
    ] {
        let question = json!({"query": {
            "area": "E54000015", "period": {"first": "2019-03", "last": "2020-12"}, "by": [dimension]
        }});
        let answer = server.ask(question).await.unwrap();
        assert_eq!(answer.rows.len(), rows, "{dimension}");
        for (key, published) in table {
            let counts = counts(&answer, key);
            let mut found: Vec<_> =
                COLUMNS.iter().map(|channel| counts.get(channel).copied().unwrap_or(0)).collect();
            found.push(count(&answer, key, "CONTACTS"));
            assert_eq!(found, published, "{dimension} {key}");
            let expected = (published[3], published[5] - published[3]);
            assert_eq!(unknown_and_base(&answer, key), expected, "{dimension} {key}");
        }
    }
    rates(&server).await;
    places(&server).await;
    outcomes(&server).await;
}

async fn april(server: &TestServer) {
    let query = json!({"area": "QK1", "period": {"first": "2020-04"}});
    let answer = server.ask(json!({"query": query})).await.unwrap();
    let expected: BTreeMap<_, _> = COLUMNS.into_iter().zip(BY_MONTH[3].1).collect();
    assert_eq!(counts(&answer, ""), expected);
    let context = answer.context.unwrap();
    assert_eq!((context.submission_count, context.organisation_count), (3, 3));
    assert_eq!(context.expected_organisation_count, 3);
    assert_eq!(context.collection, "gpad-regional");
    assert_eq!(context.area_name, "Leicester, Leicestershire and Rutland");
    assert!(context.empty.is_none() && context.unattributed.is_none());
    assert!(context.provenance.contains("Open Government Licence"));
    let quality = context.quality.iter().find(|q| q.dimension == "channel").unwrap();
    assert!((quality.unknown_ratio.unwrap() - 17_106.0 / 361_905.0).abs() < 1e-12);

    let attended = json!({"query": query, "measure": "MEASURE_ATTENDED_CONTACTS"});
    let answer = server.ask(attended).await.unwrap();
    assert_eq!(counts(&answer, "")["FACE_TO_FACE"], 173_255);
}

/// Telephone appointments of 04C in December 2020 per 1,000 of 421,126; none where a month has no population.
async fn rates(server: &TestServer) {
    let ask = |query: serde_json::Value| server.ask(json!({"query": query, "include_rates": true}));
    let december = json!({"organisations": ["04C"], "period": {"first": "2020-12"}});
    let answer = ask(december.clone()).await.unwrap();
    let rate = cell(&answer, "", "CH-03/TELEPHONE");
    assert_eq!(rate.denominator_count, Some(421_126));
    let telephone = count(&answer, "", "CH-01/TELEPHONE");
    assert_eq!(rate.numerator_count, Some(telephone));
    #[allow(clippy::cast_precision_loss, reason = "small")]
    let expected = telephone as f64 * 1000.0 / 421_126.0;
    let value = rate.value.unwrap();
    assert!((value - expected).abs() < 1e-9 && value > 50.0, "{rate:?}");
    assert!(rate.lower.unwrap() < value && value < rate.upper.unwrap());
    let from_file: i64 = appointments()
        .iter()
        .filter(|line| line.location == "04C" && line.month == "DEC2020")
        .filter(|line| line.mode == "Telephone")
        .map(|line| line.count)
        .sum();
    assert_eq!(telephone, from_file);

    // Coverage begins in August 2020.
    let summer = json!({
        "organisations": ["04C"], "period": {"first": "2020-07", "last": "2020-08"}, "by": ["month"]
    });
    let answer = ask(summer).await.unwrap();
    for (key, has) in [("", false), ("2020-07", false), ("2020-08", true)] {
        let rate = cell(&answer, key, "CH-03/TELEPHONE");
        assert_eq!(rate.denominator_count.is_some(), has, "{key}");
        assert_eq!(rate.absence.is_none(), has, "{key}");
        assert_eq!(rate.value.is_some(), has, "{key}");
    }
    let why = cell(&answer, "2020-07", "CH-03/TELEPHONE").absence.clone().unwrap();
    assert!(why.detail.contains("04C 2020-07"), "{why:?}");
    assert_eq!(cell(&answer, "2020-08", "CH-03/TELEPHONE").denominator_count, Some(420_450));
}

/// 04C lies in Leicester and 04V in Leicestershire; 03W spans two places, and belongs to none.
async fn places(server: &TestServer) {
    let in_april = |location: &str| -> i64 {
        let lines = appointments();
        lines
            .iter()
            .filter(|line| line.month == "APR2020" && line.location == location)
            .map(|line| line.count)
            .sum()
    };
    for (place, location) in
        [("E06000016", Some("04C")), ("E10000018", Some("04V")), ("E06000017", None)]
    {
        let query = json!({"area": place, "period": {"first": "2020-04"}});
        let answer = server.ask(json!({"query": query})).await.unwrap();
        let own = location.map_or(0, in_april);
        assert_eq!(totals(&answer)[""], own, "{place}");
        let context = answer.context.unwrap();
        let unattributed = context.unattributed.unwrap();
        assert_eq!(unattributed.count, in_april("03W"), "{place}");
        assert!(unattributed.detail.contains("03W"), "{unattributed:?}");
        assert_eq!(context.empty.is_some(), location.is_none(), "{place}");
    }
}

struct Appointments {
    location: String,
    month: String,
    status: String,
    mode: String,
    wait: String,
    count: i64,
}

fn appointments() -> Vec<Appointments> {
    let packed = std::fs::File::open(file(APPOINTMENTS)).unwrap();
    let mut reader = csv::Reader::from_reader(flate2::read::MultiGzDecoder::new(packed));
    let header = reader.headers().unwrap().clone();
    let at = |name: &str| header.iter().position(|column| column == name).unwrap();
    let columns = ["CCG_CODE", "Appointment_Month", "APPT_STATUS", "APPT_MODE"].map(at);
    let (wait, count) = (at("TIME_BETWEEN_BOOK_AND_APPT"), at("COUNT_OF_APPOINTMENTS"));
    let lines = reader.records().map(|line| {
        let line = line.unwrap();
        let [location, month, status, mode] = columns.map(|at| line[at].to_owned());
        let (wait, count) = (line[wait].to_owned(), line[count].parse().unwrap());
        Appointments { location, month, status, mode, wait, count }
    });
    lines.collect()
}

/// Labels of modes and waits as published, and what we call them.
const MODES: [(&str, &str); 5] = [
    ("Face-to-Face", "FACE_TO_FACE"),
    ("Home Visit", "HOME_VISIT"),
    ("Telephone", "TELEPHONE"),
    ("Video/Online", "ONLINE_UNSPECIFIED"),
    ("Unknown", "NOT_KNOWN"),
];
const WAITS: [(&str, &str); 7] = [
    ("Same Day", "SAME_DAY"),
    ("1 Day", "1_DAY"),
    ("2 to 7 Days", "2_TO_7_DAYS"),
    ("8  to 14 Days", "8_TO_14_DAYS"),
    ("15  to 21 Days", "15_TO_21_DAYS"),
    ("22  to 28 Days", "22_TO_28_DAYS"),
    ("More than 28 Days", "OVER_28_DAYS"),
];

/// Access outcomes of every location and channel, recomputed from the file.
async fn outcomes(server: &TestServer) {
    let question = json!({"query": {
        "area": "QK1", "period": {"first": "2019/20", "last": "2020-12"}, "by": ["organisation"]
    }});
    let table = server.table("outcomes", question).await.unwrap();
    assert_eq!(table.rows.len(), 4);
    // Of all channels and of each: six columns and seven bands.
    assert_eq!(table.columns.len(), (1 + MODES.len()) * (6 + WAITS.len()));
    let lines = appointments();
    for location in table.rows.iter().map(key) {
        let here = lines
            .iter()
            .filter(|line| line.month != "MAR2019")
            .filter(|line| location.is_empty() || location == line.location);
        let here: Vec<_> = here.collect();
        outcome(&table, &location, "", &here);
        for (label, mode) in MODES {
            let lines: Vec<_> = here.iter().copied().filter(|line| line.mode == label).collect();
            outcome(&table, &location, &format!("/{mode}"), &lines);
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "counts are small")]
fn outcome(table: &Breakdown, location: &str, channel: &str, lines: &[&Appointments]) {
    let sum = |wanted: &dyn Fn(&Appointments) -> bool| -> i64 {
        lines.iter().filter(|line| wanted(line)).map(|line| line.count).sum()
    };
    let (attended, missed) =
        (sum(&|line| line.status == "Attended"), sum(&|line| line.status == "DNA"));
    let (all, neither) = (sum(&|_| true), sum(&|line| line.status == "Unknown"));
    for (name, expected) in
        [("CONTACTS", all), ("ATTENDED", attended), ("OTHER_ATTENDANCE", neither)]
    {
        assert_eq!(count(table, location, &format!("{name}{channel}")), expected, "{name}");
    }
    let is = |column: &str, band: &str, counts: [i64; 3]| {
        let id = format!("{column}{channel}{band}");
        let (share, [part, whole, unknown]) = (value(table, location, &id), counts);
        assert!((share - part as f64 / whole as f64).abs() < 1e-12, "{id} {share} {counts:?}");
        assert_eq!(four(cell(table, location, &id)), [part, whole, unknown, 0], "{id}");
    };
    is("CH-09", "", [missed, attended + missed, neither]);
    let known = sum(&|line| WAITS.iter().any(|(label, _)| *label == line.wait));
    for (label, code) in WAITS {
        let band = sum(&|line| line.wait == label);
        is("CH-11", &format!("/{code}"), [band, known, all - known]);
    }
    let late = sum(&|line| WAITS[4..].iter().any(|(label, _)| *label == line.wait));
    is("CH-11-SAME-DAY", "", [sum(&|line| line.wait == "Same Day"), known, all - known]);
    is("CH-11-OVER-14", "", [late, known, all - known]);
}
