//! Files on which a service of this kind fails easily. Each is submitted to a real service: what is said, the exit code, and what a
//! following answer counts.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::run::{Ended, Served};

/// Words that stand for several, in the options and questions below.
const SHORT: [(&str, &str); 4] = [
    ("PF", "--collection practice-feed --organisation C82001 --month 2026-04"),
    ("OF_PRACTICE", "--collection practice-feed --organisation C82001 --from 2026-04"),
    ("OF_CITY", "--collection gpad-regional --area 04C --from 2022-06"),
    ("LIST", "submissions list --format csv"),
];

/// What is true after a file was submitted.
enum Then {
    /// A cell of a table: question, code of the row (empty: total), column; numerator, denominator, unknown, not collected, outside, or
    /// [`NONE`]. The first of them are compared.
    Counts(&'static str, &'static str, &'static str, &'static [i64]),
    /// A command prints this.
    Prints(&'static str, &'static str),
    /// A command does not print this.
    Lacks(&'static str, &'static str),
}

use Then::{Counts, Lacks, Prints};

/// Files, options, exit code, what is said, what is true afterwards.
type Case = (&'static str, &'static str, i32, &'static [&'static str], &'static [Then]);

/// No such count.
const NONE: i64 = -1;
const NOTHING: &[Then] = &[Lacks("LIST", "collections/")];
/// Of the one consultation in the untidy files.
const ONE: &[Then] = &[
    Counts("channels OF_PRACTICE --by sex", "1", "CH-01/FACE_TO_FACE", &[1, 1, 0, 0, 0]),
    Counts("outcomes OF_PRACTICE", "", "ATTENDED", &[1]),
];

/// Files as spreadsheets leave them, and values that have one meaning, another edition, or none.
const UNTIDY: &[Case] = &[
    ("blank_rows.csv", "PF", 0, &["passed over: 2"], ONE),
    (
        "blank_rows_access.csv",
        "PF --person-key-scheme local",
        0,
        &["passed over: 2"],
        &[
            Counts("exclusion OF_PRACTICE", "", "PEOPLE", &[1]),
            Counts("exclusion OF_PRACTICE", "", "DX-06", &[1, 1, 0, 0, 0]),
        ],
    ),
    ("header_caps.csv", "PF", 0, &["`Channel` as `channel`"], ONE),
    ("index_column.csv", "PF", 0, &["row numbers"], ONE),
    ("semicolon.csv", "PF", 0, &["separated by `;`"], ONE),
    ("tab.csv", "PF", 0, &["separated by a tab"], ONE),
    ("zip.zip", "PF", 0, &[], ONE),
    (
        "trailing_space_label.csv",
        "",
        0,
        &["cut off: 1"],
        &[Counts("channels OF_CITY", "", "CH-01/FACE_TO_FACE", &[5, 5, 0, 0, 0])],
    ),
    (
        "date_named_month.csv",
        "--collection practice-feed",
        0,
        &["date was read as day, month and year (rows: 1; `01/04/2026` is `2026-04-01`)"],
        &[Counts("channels OF_PRACTICE --by age_band", "75+", "CONTACTS", &[1])],
    ),
    (
        "month_2099.csv",
        "--collection practice-feed",
        1,
        &["`2099-04` is after the present month", "1 of 2 submissions were refused"],
        &[Prints("LIST", "1999-04"), Lacks("LIST", "2099-04")],
    ),
    (
        "age_85_and_over.csv",
        "PF",
        0,
        &["`85 and over` is `85+`"],
        &[Counts("channels OF_PRACTICE --by age_band", "75+", "CONTACTS", &[1])],
    ),
    (
        "age_05-Sep.csv",
        "PF",
        1,
        &["line 2, records[0].person.age_band: `05-Sep`: expected a code of `age_band`"],
        NOTHING,
    ),
    (
        "leading_zero.csv",
        "PF",
        1,
        &["line 2, records[0].channel", "line 3, records[1].channel", "`01` is one of"],
        NOTHING,
    ),
    (
        "leading_zero.csv",
        "PF --code-system channel=consultation_medium_used",
        1,
        &["line 2, records[0].channel", "nearest `01`", "nearest `02`"],
        NOTHING,
    ),
    (
        "lsoa_2011_under_2021.csv",
        "PF",
        1,
        &["line 2, records[0].residence_lsoa", "`lsoa_2011` (LSOA, Census 2011)"],
        NOTHING,
    ),
    (
        "person_key_na.csv",
        "PF --person-key-scheme local",
        1,
        &[
            "6 rows have problems",
            "leave the cell empty where nothing is recorded",
            "line 2, records[0].person_key: `NA`",
            "line 4, records[2].person_key: `NULL`",
            "line 6, records[4].person_key: `nan`",
            "line 7, records[5].person_key: `#N/A`",
        ],
        NOTHING,
    ),
];

/// What a check says.
const CHECKS: &[Case] = &[
    (
        "one_location_known.csv",
        "--validate-only",
        1,
        &[
            "refused: D2P2L 2024-06: no organisation `D2P2L`",
            "1 of 2 submissions would be refused; nothing was stored, only checked",
        ],
        NOTHING,
    ),
    (
        "one_location_known.csv",
        "",
        1,
        &["1 of 2 submissions were refused; the others are stored"],
        &[
            Prints("LIST", "04C,gpad-regional,CONSULTATIONS,2024-06,1,CURRENT,1,0,10,"),
            Lacks("LIST", "D2P2L"),
        ],
    ),
    (
        "validate_only_row_problem.csv",
        "PF --validate-only",
        0,
        &["`01/04/2026` is `2026-04-01`"],
        NOTHING,
    ),
    // The same day in a submission of another month is a problem.
    (
        "validate_only_row_problem.csv",
        "--collection practice-feed --organisation C82001 --month 2026-05 --validate-only",
        1,
        &["rows with problems: 1", "1 of 1 submissions would be refused; nothing was stored"],
        NOTHING,
    ),
    (
        "validate_only_row_problem.csv",
        "PF",
        0,
        &[],
        &[Counts("channels OF_PRACTICE --by ethnic_category", "A", "CONTACTS", &[1])],
    ),
];

const TAKEN: &str = "see deploy/guides/submit.md, \"Files that are taken as published\"";

/// Files as their publishers publish them.
const PUBLISHED: &[Case] = &[
    (
        "practice_level_as_location.csv",
        "",
        1,
        &["by practice", "finer edition", "Regional CSV", TAKEN],
        NOTHING,
    ),
    (
        "practice_level_crosstab.csv",
        "",
        1,
        &["by practice", "finer edition", "Regional CSV", TAKEN],
        NOTHING,
    ),
    (
        "appt_status_not_provided.csv",
        "",
        0,
        &[],
        &[Counts("outcomes OF_CITY", "", "CH-09", &[0, 10, 3, 0, 0])],
    ),
    (
        "hcp_type_not_provided.csv",
        "",
        0,
        &[],
        &[Counts("channels OF_CITY --by staff_type", "NOT_KNOWN", "CONTACTS", &[3])],
    ),
    (
        "mode_online.csv coverage_commissioner.csv",
        "",
        0,
        &[],
        &[
            Counts("channels OF_CITY", "", "CH-01/ONLINE_UNSPECIFIED", &[3, 13, 0, 0, 0]),
            Counts("channels OF_CITY --rates", "", "CH-03/FACE_TO_FACE", &[10, 430_000]),
        ],
    ),
    ("daily.csv", "", 0, &[], &[Counts("channels OF_CITY", "", "CONTACTS", &[22])]),
    ("iso_month.csv", "", 0, &[], &[Counts("outcomes OF_CITY", "", "CH-09", &[3, 13, 0, 0, 0])]),
    ("gpps_fractions.csv", "--month 2025-07", 1, &["percentages: 68, not 0.68"], NOTHING),
    (
        "gpps_other_year.csv",
        "--month 2025-07",
        0,
        &[],
        &[
            Prints("LIST", "IPSOS,gpps,ESTIMATES,2025-07,1,"),
            Lacks("LIST", "2026-07"),
            Prints("reference estimates --collection gpps --format csv", "answer=By phone,0.68,"),
        ],
    ),
    (
        "census_ts021_bulk.csv ../../deploy/demo/deri_depahri_lsoa11_llr.csv",
        "",
        0,
        &[],
        &[
            Counts("risk --area E06000016", "", "PEOPLE", &[1_600]),
            Counts("risk --area E06000016 --by ethnic_group_broad", "asian", "PEOPLE", &[600]),
        ],
    ),
    (
        "census_with_wales.csv",
        "",
        0,
        &["rows of small areas of Wales, which were left out: 1"],
        &[Prints("LIST", "ONS,census-2021-ethnic-group,POPULATIONS,2021-03,1,CURRENT,5,0,10,")],
    ),
    (
        "nomis_query.csv",
        "",
        1,
        &[
            "seems to be a table of Census 2021",
            "lacks columns: \"Asian, Asian British or Asian Welsh\", \"Black",
            "\"Other ethnic group\"",
            TAKEN,
        ],
        NOTHING,
    ),
    (
        "pomi.csv",
        "",
        0,
        &[],
        &[
            Prints("reference estimates --collection pomi --format csv", "DX-01,C82001,"),
            Prints(
                "reference estimates --collection pomi --format csv",
                "the publisher counts more people enabled (15100) than registered (15000)",
            ),
            Prints(
                "reference estimates --collection pomi --format csv",
                ",2021-04,,0.3333333333333333,",
            ),
        ],
    ),
    ("nhs_app.csv", "", 1, &["NHS App", "DX-06", TAKEN], NOTHING),
];

/// What an indicator counts where a part of the answer is missing.
const READINGS: &[Case] = &[
    (
        "ch05_channel_unknown.csv",
        "PF",
        0,
        &[],
        &[
            Counts("provision OF_PRACTICE", "", "CH-05", &[10, 100, 0, 0, 0]),
            Counts("provision OF_PRACTICE", "", "CH-05-HIGHEST", &[100, 100, 0, 0, 0]),
        ],
    ),
    (
        "ch05_no_channel_column.csv",
        "PF",
        0,
        &[],
        &[
            Counts("provision OF_PRACTICE", "", "CH-05", &[10, 100, 0, 0, 0]),
            Counts("provision OF_PRACTICE", "", "CH-05-HIGHEST", &[100, 100, 0, 0, 0]),
        ],
    ),
    (
        "rate_numerator_coarser_population.csv rate_numerator_coarser_consultations.csv",
        "PF --code-system ethnic_category=equity_ethnicity",
        0,
        &[],
        &[
            Counts(
                "channels OF_PRACTICE --rates --by ethnic_category",
                "",
                "CH-03/TELEPHONE",
                &[1_000, 2_000],
            ),
            Counts(
                "channels OF_PRACTICE --rates --by ethnic_category",
                "A",
                "CH-03/TELEPHONE",
                &[100, NONE],
            ),
            Prints(
                "breakdown channels OF_PRACTICE --rates --by ethnic_category --notes",
                "900 of the consultations are known only more coarsely than by ethnic_category",
            ),
        ],
    ),
    (
        "collected_option.csv",
        "PF --collected religion",
        0,
        &[],
        &[
            Counts("channels OF_PRACTICE --by ethnic_category", "A", "CONTACTS", &[1]),
            Counts("channels OF_PRACTICE --by ethnic_category", "NOT_RECORDED", "CONTACTS", &[1]),
            Counts("channels OF_PRACTICE --by sex", "NOT_RECORDED", "CONTACTS", &[2]),
            Counts("channels OF_PRACTICE --by religion", "NOT_RECORDED", "CONTACTS", &[2]),
            Counts("channels OF_PRACTICE --by disability", "NOT_COLLECTED", "CONTACTS", &[2]),
        ],
    ),
    (
        "missed.csv",
        "PF --code-system attendance=equity_attendance",
        0,
        &[],
        &[
            Counts("outcomes OF_PRACTICE", "", "CH-09", &[0, 90, 10, 0, 0]),
            Counts(
                "outcomes OF_PRACTICE --late-counts-as-missed",
                "",
                "CH-09",
                &[10, 100, 0, 0, 0],
            ),
            Counts("impact OF_PRACTICE", "", "CH-09/REMOTE", &[0, 90, 10, 0, 0]),
        ],
    ),
    (
        "missed.csv",
        "PF",
        1,
        &["line 3, records[1].attendance: `MISSED`", "`equity_attendance`"],
        NOTHING,
    ),
    (
        "not_applicable.csv",
        "PF",
        0,
        &[],
        &[
            Counts("channels OF_PRACTICE", "", "CH-01/TELEPHONE", &[60, 60, 0, 0, 40]),
            Counts(
                "channels OF_PRACTICE --denominator all",
                "",
                "CH-01/TELEPHONE",
                &[60, 60, 0, 0, 40],
            ),
            Counts("provision OF_PRACTICE", "", "CH-05", &[0, 60, 0, 0, 40]),
            Counts("provision OF_PRACTICE", "", "CH-05-HIGHEST", &[60, 60, 0, 0, 40]),
            Counts("impact OF_PRACTICE", "", "CH-09/REMOTE", &[0, 60, 0, 0, 0]),
        ],
    ),
    (
        "ch06_request_unknown.csv",
        "PF",
        0,
        &[],
        &[Counts("provision OF_PRACTICE", "", "CH-06", &[10, 10, 90, 0, 0])],
    ),
    (
        "online_any.csv",
        "PF",
        0,
        &[],
        &[
            Counts("exclusion OF_PRACTICE", "", "DX-01", &[0, 50, 50, 0, 0]),
            Counts("exclusion OF_PRACTICE", "", "DX-01-HIGHEST", &[0, 50, 50, 0, 0]),
            Counts("exclusion OF_PRACTICE", "", "DX-02", &[0, 50, 30, 0, 20]),
        ],
    ),
    (
        "accepted_not_collected.csv",
        "PF",
        0,
        &[],
        &[
            Counts("exclusion OF_PRACTICE", "", "DX-18-ACCEPTED", &[0, 0, 0, 10, 0]),
            Counts("exclusion OF_PRACTICE", "", "DX-18-OFFERED", &[0, 0, 10, 0, 0]),
        ],
    ),
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

/// A number of people that is not published is not 0, whether the file is refused or the number is kept as suppressed.
#[test]
fn a_suppressed_number_is_never_0() {
    for file in ["suppressed_c.csv", "suppressed_star.csv"] {
        let data = tempfile::tempdir().unwrap();
        let served = Served::start(&data.path().join("data"));
        submit(&served, "blank_rows.csv", "PF").well();
        let ended = submit(&served, file, "PF");
        let question = "channels OF_PRACTICE --rates --by sex";
        match ended.code {
            Some(1) => assert!(ended.remarks.contains("suppressed, which is not 0"), "{ended:?}"),
            code => assert_eq!(code, Some(0), "{ended:?}"),
        }
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
    let reason = "`2026-04` is after the last month of `04C`, `2026-03`; `T9L9L` took its place";
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
    assert!(listed.contains("04C;E06000016;QK1,,2026-03,T9L9L"), "{listed}");
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
