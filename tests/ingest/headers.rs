//! What is said of the header and the cells of published files: every column that is wrong at once, and what was read in another form.

use equity_indicators::ingest::{Defaults, IngestError};

use super::editions::{refused, text_of};
use super::{demo, read_and_notes, read_bytes, read_text};

const CUSTOM: &str = "Lower layer Super Output Areas Code,Lower layer Super Output Areas,Religion (10 categories) Code,Religion (10 categories),Observation\n";

/// The header of a published file, and a table of it that is whole.
fn of(path: &str) -> String {
    match path.strip_prefix("demo/") {
        None => text_of(path),
        Some(name) => {
            let file = demo(name);
            let mut text = String::new();
            let opened = std::fs::File::open(file).unwrap();
            if std::path::Path::new(name).extension().is_some_and(|end| end == "gz") {
                std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(opened), &mut text)
            } else {
                std::io::Read::read_to_string(&mut { opened }, &mut text)
            }
            .unwrap();
            text
        }
    }
}

/// The publications, and two columns that each has to have.
const REQUIRED: [(&str, [&str; 2]); 13] = [
    ("iso_month.csv", ["HCP_TYPE", "TIME_BETWEEN_BOOK_AND_APPT"]),
    ("daily.csv", ["APPT_STATUS", "HCP_TYPE"]),
    ("coverage_commissioner.csv", ["Appointment_Month", "Patients registered at open practices"]),
    ("pomi.csv", ["practice_code", ""]),
    ("nhs_app.csv", ["org_name", "region_code"]),
    ("demo/internet_users_2012_2018.csv", ["GeoCode", "Sex"]),
    ("demo/gpps_national_2026.csv", ["question", "national_n"]),
    ("demo/gpps_2018_2021_digital_access_by_age.csv", ["series", "category"]),
    ("demo/deri_depahri_lsoa11_llr.csv", ["broadband_comp_national", "depahri_score_national"]),
    ("demo/mid2020_population_single_year_lsoa11_llr.csv.gz", ["7", "65"]),
    ("demo/religion_lsoa21_llr.csv.gz", ["n", "prop"]),
    ("census_ts021_bulk.csv", ["Ethnic group: White", "Ethnic group: Other ethnic group"]),
    ("../data/published/iod2025_file7.csv", ["Income Score (rate)", "Crime Score"]),
];

#[test]
fn every_column_that_is_missing_or_unknown_is_named_at_once() {
    for (path, required) in REQUIRED {
        let header = of(path).lines().next().unwrap().to_owned();
        let columns = csv::ReaderBuilder::new().has_headers(false).from_reader(header.as_bytes());
        let columns = columns.into_records().next().unwrap().unwrap();
        for column in required.iter().filter(|column| !column.is_empty()) {
            assert!(columns.iter().any(|known| known == *column), "{path} has no {column}");
        }
        let kept = columns.iter().filter(|column| !required.contains(column));
        let quoted = |column: &str| format!("\"{column}\"");
        let kept: Vec<_> = kept.chain(["zzz_one", "zzz_two"]).map(quoted).collect();
        let labels = required.map(|column| column.trim_start_matches("Ethnic group: "));
        let result = read_text(&format!("{}\n", kept.join(",")));
        refused(result, &[labels[0], labels[1], "\"zzz_one\"", "\"zzz_two\"", "lacks columns"]);
    }
}

#[test]
fn a_column_with_a_similar_name_is_asked_about_and_no_other() {
    let text = text_of("iso_month.csv");
    let renamed = text.replace("Appointment_Month", "Appointment_Months");
    let error = read_text(&renamed).unwrap_err().to_string();
    assert!(
        error.contains("\"Appointment_Months\" (did you mean \"Appointment_Month\"?)"),
        "{error}"
    );
    // Nothing is missing: the column is not meant by another name.
    let more = text.replacen("APPT_MODE", "APPT_MODES,APPT_MODE", 1);
    let error = read_text(&more).unwrap_err().to_string();
    assert!(error.contains("\"APPT_MODES\"") && !error.contains("did you mean"), "{error}");
    let twice = text.replacen("APPT_MODE", "APPT_MODE,APPT_MODE", 1);
    let error = read_text(&twice).unwrap_err();
    assert!(
        matches!(&error, IngestError::RepeatedColumn { column } if column == "APPT_MODE"),
        "{error}"
    );
}

/// Whole numbers with decimals are read in every format, and each says so.
#[test]
fn decimals_of_whole_numbers_are_said_in_every_format() {
    let first = |path: &str, lines: usize| -> String {
        of(path).lines().take(lines).map(|line| format!("{line}\n")).collect()
    };
    let mid_2020 = first("demo/mid2020_population_single_year_lsoa11_llr.csv.gz", 2);
    let (start, last) = mid_2020.trim_end().rsplit_once(',').unwrap();
    let custom = format!(
        "{CUSTOM}{}",
        (0..9)
            .map(|n| format!("E01013600,Leicester,{n},{},7{n}\n", RELIGIONS[n]))
            .collect::<String>()
    );
    for (text, count) in [
        (text_of("iso_month.csv").replace("Day,10", "Day,10.0"), 1),
        (text_of("coverage_commissioner.csv").replace(",430000,430000", ",430000.0,430000.0"), 2),
        (text_of("pomi.csv").replace(",15000", ",15000.0").replace(",15100", ",15100.00"), 2),
        (text_of("nhs_app.csv"), 1),
        (first("demo/internet_users_2012_2018.csv", 2).replace("\n2013,", "\n2013.0,"), 1),
        (format!("{start},{last}.0\n"), 1),
        (text_of("census_ts021_bulk.csv").replace("2021,Leicester", "2021.0,Leicester"), 1),
        (custom.replace(",70\n", ",70.0\n"), 1),
    ] {
        let (_, notes) = read_and_notes(&text);
        let expected = format!("which were read as `77`: {count}");
        assert!(notes.contains(&expected), "{expected}: {notes:?}: {text}");
    }
}

const RELIGIONS: [&str; 9] = [
    "No religion",
    "Christian",
    "Buddhist",
    "Hindu",
    "Jewish",
    "Muslim",
    "Sikh",
    "Other religion",
    "Not answered",
];

/// What a publisher does not give is counted by symbol, whichever file it stands in.
#[test]
fn symbols_are_counted_in_every_format() {
    let first = |path: &str, lines: usize| -> String {
        of(path).lines().take(lines).map(|line| format!("{line}\n")).collect()
    };
    let with_last = |text: String, symbol: &str| -> String {
        let (start, _) = text.trim_end().rsplit_once(',').unwrap();
        format!("{start},{symbol}\n")
    };
    for (text, symbols) in [
        (with_last(text_of("iso_month.csv"), "[c]"), "1 `[c]`"),
        (with_last(text_of("coverage_commissioner.csv"), ".."), "1 `..`"),
        (with_last(text_of("pomi.csv"), "<5"), "1 `<5`"),
        (with_last(text_of("nhs_app.csv"), "*"), "1 `*`"),
        (with_last(first("demo/internet_users_2012_2018.csv", 3), "[u]"), "1 `[u]`"),
        (first("demo/gpps_national_2026.csv", 2) + "Q1,Easier,*,[c]\n", "1 `*`, 1 `[c]`"),
        (with_last(first("demo/gpps_2018_2021_digital_access_by_age.csv", 2), "-"), "1 `-`"),
        (with_last(first("demo/deri_depahri_lsoa11_llr.csv", 2), ":"), "1 `:`"),
        (
            with_last(first("demo/mid2020_population_single_year_lsoa11_llr.csv.gz", 2), "[low]"),
            "1 `[low]`",
        ),
        (text_of("census_ts021_bulk.csv").replace(",100,50,", ",[x],≤5,"), "1 `[x]`, 1 `≤5`"),
    ] {
        let (_, notes) = read_and_notes(&text);
        let expected = format!(
            "symbols of numbers that the publisher does not give, which are never 0: {symbols}"
        );
        assert!(notes.contains(&expected), "{expected}: {notes:?}: {text}");
    }
    // What means another thing is refused with the symbols that are taken.
    let of = Defaults {
        organisation: Some("C82001".into()),
        month: Some("2026-04".into()),
        ..Defaults::default()
    };
    for symbol in ["[z]", "<1", "c", "n/a", "**"] {
        for table in [
            "person_count,sex\n{},1\n",
            "record_count,channel\n{},VIDEO\n",
            "indicator,value\nDX-01,{}\n",
        ] {
            let text = table.replace("{}", symbol);
            let error = read_bytes(text.as_bytes(), &of).unwrap_err().to_string();
            assert!(error.contains("`*`, `[c]`, `[low]`, `[u]`, `[x]`"), "{symbol}: {error}");
        }
    }
}
