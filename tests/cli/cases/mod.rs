//! Files on which a service of this kind fails easily. Each is submitted to a real service: what is said, the exit code, and what a
//! following answer counts.

mod tables;

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::run::{Ended, Served};
use tables::Then::{Counts, Lacks, Prints};
use tables::{CHECKS, Case, NONE, PUBLISHED, READINGS, Then, UNTIDY};

/// Words that stand for several, in the options and questions below.
const SHORT: [(&str, &str); 6] = [
    ("PF", "--collection practice-feed --organisation C82001 --month 2026-04"),
    ("OF_PRACTICE", "--collection practice-feed --organisation C82001 --from 2026-04"),
    ("OF_CITY", "--collection gpad-regional --area 04C --from 2022-06"),
    ("OF_QPM", "--collection gpad-regional --area QPM"),
    ("OF_PUBLISHED", "--collection gpad-practice --area QK1 --from 2025-08"),
    ("LIST", "submissions list --format csv"),
];

/// Files that tests of their own submit.
const ELSEWHERE: [&str; 3] =
    ["suppressed_c.csv", "suppressed_star.csv", "ref_organisations_areas.txt"];

fn words(text: &str) -> Vec<String> {
    let long = |word: &str| {
        let found = SHORT.iter().find(|(short, _)| *short == word);
        found.map_or(word, |(_, long)| long).split(' ').map(str::to_owned).collect::<Vec<_>>()
    };
    text.split_whitespace().flat_map(long).collect()
}

fn folder() -> String {
    format!("{}/tests/cases", env!("CARGO_MANIFEST_DIR"))
}

fn submit(served: &Served, files: &str, options: &str) -> Ended {
    let files = files.split(' ').map(|file| format!("{}/{file}", folder()));
    let line: Vec<String> =
        ["submit".to_owned()].into_iter().chain(files).chain(words(options)).collect();
    served.ask(&line.iter().map(String::as_str).collect::<Vec<_>>())
}

fn ask(served: &Served, line: &str) -> Ended {
    let line = words(line);
    served.ask(&line.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Numerator, denominator, unknown, not collected, outside of a cell; `None` where it has no such count.
fn counts(served: &Served, question: &str, code: &str, column: &str) -> Vec<Option<i64>> {
    let answer = &ask(served, &format!("breakdown {question} --format json")).json()["breakdown"];
    let columns = answer["columns"].as_array().unwrap().iter();
    let place = columns.clone().position(|found| found["id"] == column);
    let place = place.unwrap_or_else(|| panic!("no column {column}: {columns:?}"));
    let is_asked = |row: &&Value| match row["keys"].as_array().unwrap().as_slice() {
        [] => code.is_empty(),
        [key, ..] => key["code"] == code,
    };
    let rows = answer["rows"].as_array().unwrap();
    let row = rows.iter().find(is_asked).unwrap_or_else(|| panic!("no row {code}: {rows:?}"));
    let of = ["numerator", "denominator", "unknown", "not_collected", "outside"];
    of.map(|name| row["cells"][place][format!("{name}_count")].as_i64()).to_vec()
}

fn check(served: &Served, then: &Then) {
    match then {
        Counts(question, row, column, expected) => {
            let mut found = counts(served, question, row, column);
            found.truncate(expected.len());
            let expected: Vec<_> =
                expected.iter().map(|count| Some(*count).filter(|count| *count != NONE)).collect();
            assert_eq!(found, expected, "{question}: {row} {column}");
        }
        Prints(line, words) => {
            let answer = ask(served, line).well();
            assert!(answer.contains(words), "{line}: {words} is missing: {answer}");
        }
        Lacks(line, words) => {
            let answer = ask(served, line).well();
            assert!(!answer.contains(words), "{line}: {words}: {answer}");
        }
    }
}

/// Each file on a service of its own.
fn try_all(cases: &[Case]) {
    for (files, options, code, says, then) in cases {
        let data = tempfile::tempdir().unwrap();
        let served = Served::start(&data.path().join("data"));
        let ended = submit(&served, files, options);
        assert_eq!(ended.code, Some(*code), "{files}: {ended:?}");
        for words in *says {
            assert!(ended.remarks.contains(words), "{files}: {words} is missing: {ended:?}");
        }
        then.iter().for_each(|then| check(&served, then));
    }
}

#[test]
fn untidy_files() {
    try_all(UNTIDY);
}

#[test]
fn checks_without_storing() {
    try_all(CHECKS);
}

#[test]
fn published_files() {
    try_all(PUBLISHED);
}

#[test]
fn answers_with_a_missing_part() {
    try_all(READINGS);
}

/// A number of people that is not published is kept as suppressed: it is not 0.
#[test]
fn a_suppressed_number_is_never_0() {
    for file in ["suppressed_c.csv", "suppressed_star.csv"] {
        let data = tempfile::tempdir().unwrap();
        let served = Served::start(&data.path().join("data"));
        submit(&served, "blank_rows.csv", "PF").well();
        let ended = submit(&served, file, "PF");
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(ended.remarks.contains("(suppressed): 1"), "{ended:?}");
        let question = "channels OF_PRACTICE --rates --by sex";
        // One consultation of sex 1, whose people are not known: no rate of 1 to 0, and no rate at all.
        let [numerator, denominator, ..] = counts(&served, question, "1", "CONTACTS")[..] else {
            panic!()
        };
        assert_eq!((numerator, denominator), (Some(1), None), "{file}");
        let answer = ask(&served, &format!("breakdown {question} --format json")).json();
        let rates = answer["breakdown"]["columns"].as_array().unwrap().iter();
        let rates = rates.filter(|column| column["id"].as_str().unwrap().starts_with("CH-03/"));
        for rate in rates {
            let [_, people, ..] = counts(&served, question, "1", rate["id"].as_str().unwrap())[..]
            else {
                panic!()
            };
            assert_eq!(people, None, "{file}: {rate}");
        }
    }
}

/// After a merger the merged locations are not awaited for ever, and each submission goes to the location of its month.
#[test]
fn organisations_that_merged() {
    let text =
        std::fs::read_to_string(Path::new(&folder()).join("ref_organisations_areas.txt")).unwrap();
    let content = tempfile::tempdir().unwrap();
    let built_in = Path::new(env!("CARGO_MANIFEST_DIR")).join("services/domain/codes/data");
    for line in text.lines() {
        let (file, row) = line.split_once(", add:").unwrap();
        let mut rows = std::fs::read_to_string(built_in.join(file)).unwrap();
        if file == "organisations.csv" {
            for location in ["03W", "04C", "04V"] {
                let begin = rows.find(&format!("{location},")).unwrap();
                let end = begin + rows[begin..].find(",,,\n").unwrap();
                rows.replace_range(end..end + 3, ",,2026-03,T9L9L");
            }
            rows += &format!("{},2026-04,,\n", row.trim());
        } else {
            rows += &format!("{}\n", row.trim());
        }
        std::fs::write(content.path().join(file), rows).unwrap();
    }
    let data = tempfile::tempdir().unwrap();
    let options = ["--reference-folder", content.path().to_str().unwrap()];
    let served = Served::with("127.0.0.1:0", &data.path().join("data"), &options);
    let file = |name: &str, location: &str, month: &str, count: u32| {
        let path = data.path().join(name);
        let header = "SUB_ICB_LOCATION_CODE,Appointment_Month,APPT_STATUS,HCP_TYPE,APPT_MODE,TIME_BETWEEN_BOOK_AND_APPT,COUNT_OF_APPOINTMENTS";
        std::fs::write(
            &path,
            format!("{header}\n{location},{month},Attended,GP,Telephone,1 Day,{count}\n"),
        )
        .unwrap();
        served.ask(&["submit", path.to_str().unwrap()])
    };
    for (location, count) in [("03W", 1), ("04C", 2), ("04V", 4)] {
        file("before.csv", location, "MAR2026", count).well();
    }
    file("after.csv", "T9L9L", "APR2026", 8).well();
    let refused = file("late.csv", "04C", "APR2026", 2);
    assert_eq!(refused.code, Some(1));
    let reason = "`2026-04` is after the last month of `04C`, `2026-03`; T9L9L took its place";
    assert!(refused.remarks.contains(reason), "{refused:?}");
    let early = file("early.csv", "T9L9L", "MAR2026", 8);
    assert!(early.remarks.contains("before the first month of `T9L9L`, `2026-04`"), "{early:?}");
    let of = |period: &str| {
        let question = format!(
            "breakdown channels --area QK1 --collection gpad-regional {period} --format json"
        );
        let answer = ask(&served, &question).json();
        let context = &answer["breakdown"]["context"];
        let number = |name: &str| context[name].as_i64().unwrap();
        let notes = context["notes"].to_string();
        let total = counts(
            &served,
            &question["breakdown ".len()..].replace(" --format json", ""),
            "",
            "CONTACTS",
        );
        (total[0], number("organisation_count"), number("expected_organisation_count"), notes)
    };
    for (period, total, expected) in
        [("--from 2026-03", 7, 3), ("--from 2026-04", 8, 1), ("--from 2026-03 --to 2026-04", 15, 4)]
    {
        let (found, submitted, awaited, notes) = of(period);
        assert_eq!((found, submitted, awaited), (Some(total), expected, expected), "{period}");
        assert!(!notes.contains("submitted nothing"), "{period}: {notes}");
        let ended = "no data any more: 03W after 2026-03 (T9L9L took its place)";
        assert_eq!(notes.contains(ended), expected == 4, "{period}: {notes}");
    }
    let line = "breakdown channels --area 04C --collection gpad-regional --from 2026-05 --notes";
    let ended = ask(&served, line).well();
    assert!(ended.contains("04C after 2026-03 (T9L9L took its place)"), "{ended}");
    let listed = ask(&served, "reference organisations --format csv").well();
    assert!(listed.contains(",sub_icb,04C E06000016 QK1,,2026-03,T9L9L"), "{listed}");
}

#[test]
fn every_file_is_submitted() {
    let there: BTreeSet<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "README.md")
        .collect();
    let tables = [UNTIDY, CHECKS, PUBLISHED, READINGS];
    let tried = tables.iter().flat_map(|cases| cases.iter()).flat_map(|case| case.0.split(' '));
    let tried = tried.filter(|file| !file.contains('/')).chain(ELSEWHERE);
    assert_eq!(there, tried.map(str::to_owned).collect());
}
