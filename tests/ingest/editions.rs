//! Files as their publishers publish them: other years, other editions, finer editions. What is not taken says what it is.

use equity_indicators::ingest::{Defaults, IngestError, Records, SubmissionFile};
use equity_indicators::proto::v1::{ConsultationRecord, EstimateRecord, PopulationRecord};

use super::{case, demo, read_and_notes, read_bytes, read_text};

pub(super) fn none() -> Defaults {
    Defaults::default()
}

pub(super) fn month(month: &str) -> Defaults {
    Defaults { month: Some(month.to_owned()), ..none() }
}

pub(super) fn consultations(submission: &SubmissionFile) -> &[ConsultationRecord] {
    match &submission.rows {
        Records::Consultations(rows) => rows,
        other => panic!("{:?}", other.dataset()),
    }
}

pub(super) fn estimates(submission: &SubmissionFile) -> &[EstimateRecord] {
    match &submission.rows {
        Records::Estimates(_, rows) => rows,
        other => panic!("{:?}", other.dataset()),
    }
}

pub(super) fn text_of(case: &str) -> String {
    let cases = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases");
    std::fs::read_to_string(format!("{cases}/{case}")).unwrap()
}

/// The two lines of a refusal: what the file is, and what is taken.
pub(super) fn refused(result: Result<Vec<SubmissionFile>, IngestError>, words: &[&str]) {
    let error = result.unwrap_err().to_string();
    assert_eq!(error.lines().count(), 2, "{error}");
    for words in words.iter().chain(&["seems to be", "taken", "deploy/guides/submit.md"]) {
        assert!(error.contains(words), "{words} is missing: {error}");
    }
}

/// The headers of the daily files of all years, and of the regional ones.
#[test]
fn headers_of_every_year() {
    let rest = "APPT_STATUS,HCP_TYPE,APPT_MODE,TIME_BETWEEN_BOOK_AND_APPT,COUNT_OF_APPOINTMENTS";
    for (areas, time) in [
        (
            "SUB_ICB_LOCATION_CODE,SUB_ICB_LOCATION_ONS_CODE,SUB_ICB_LOCATION_NAME,ICB_ONS_CODE,REGION_ONS_CODE",
            "Appointment_Date",
        ),
        (
            "CCG_CODE,CCG_ONS_CODE,CCG_NAME,STP_CODE,SUBREGION_ONS_CODE,REGION_ONS_CODE",
            "Appointment_Date",
        ),
        (
            "CCG_CODE,CCG_ONS_CODE,CCG_NAME,STP_CODE,REGIONAL_LOCAL_OFFICE_ONS_CODE,REGION_ONS_CODE",
            "Appointment_Date",
        ),
        ("CCG_CODE,CCG_ONS_CODE,CCG_NAME,STP_ONS_CODE,REGION_ONS_CODE", "Appointment_Date"),
        (
            "SUB_ICB_LOCATION_CODE,SUB_ICB_LOCATION_ONS_CODE,SUB_ICB_LOCATION,ICB_ONS_CODE,REGION_ONS_CODE",
            "Appointment_Date",
        ),
        (
            "SUB_ICB_LOCATION_CODE,SUB_ICB_LOCATION_ONS_CODE,SUB_ICB_LOCATION_NAME,ICB_ONS_CODE,ICB_NAME,REGION_ONS_CODE,REGION_NAME",
            "Appointment_Month",
        ),
        (
            "CCG_CODE,CCG_ONS_CODE,CCG_NAME,STP_ONS,STPNM,REGION_ONS_CODE,REGION_NAME",
            "APPOINTMENT_MONTH",
        ),
    ] {
        let others = ",x".repeat(areas.matches(',').count());
        let text =
            format!("{areas},{time},{rest}\n04C{others},01APR2020,DNA,GP,Telephone,1 Day,7\n");
        for text in [text.clone(), text.replacen(areas, &areas.to_lowercase(), 1)] {
            let submissions = read_text(&text).unwrap();
            assert_eq!((&*submissions[0].month, submissions[0].rows.total()), ("2020-04", 7));
        }
    }
}

#[test]
fn a_finer_edition_is_refused_whatever_its_columns_are_called() {
    let header = "SUB_ICB_LOCATION_CODE,Appointment_Month,APPT_STATUS,HCP_TYPE,APPT_MODE,TIME_BETWEEN_BOOK_AND_APPT,COUNT_OF_APPOINTMENTS";
    for (finer, words) in [
        ("practice_code", "by practice"),
        ("PCN_CODE", "by primary care network"),
        ("NATIONAL_CATEGORY", "by national category"),
        ("ACTUAL_DURATION", "by duration"),
        ("Surgery", "\"Surgery\""),
        ("SERVICE_SETTING", "\"SERVICE_SETTING\""),
        ("CCG_CODE", "\"CCG_CODE\""),
    ] {
        let text = format!("{header},{finer}\n04C,APR2020,DNA,GP,Telephone,1 Day,7,x\n");
        refused(read_text(&text), &[words]);
    }
    let coverage = "SUB_ICB_LOCATION_CODE,Appointment_Month,Patients registered at included practices,Patients registered at open practices";
    for finer in ["GP_CODE", "PCN_CODE", "Age band"] {
        let text = format!("{coverage},{finer}\n04C,APR2020,7,7,x\n");
        refused(read_text(&text), &["coverage"]);
    }
}

/// Other editions and other publications are called what they are, with what is missing, also where a column has another name.
#[test]
fn what_is_not_taken_is_called_what_it_seems_to_be() {
    let rest = "APPT_STATUS,HCP_TYPE,APPT_MODE,TIME_BETWEEN_BOOK_AND_APPT,COUNT_OF_APPOINTMENTS";
    for (header, words) in [
        (
            format!("ICB_CODE,Appointment_Month,{rest}"),
            &["GP appointments", "lacks columns: \"SUB_ICB_LOCATION_CODE\""][..],
        ),
        (
            format!("SUB_ICB_LOCATION_CODE,Appointment_Month,{rest}").replace("_MODE", "_TYPE"),
            &["lacks columns: \"APPT_MODE\"", "\"APPT_TYPE\""],
        ),
        (
            format!("SUB_ICB_LOCATION_CODE,{rest}")
                .replace("COUNT_OF_APPOINTMENTS", "JUN2022,JUL2022"),
            &["\"Appointment_Month\", \"COUNT_OF_APPOINTMENTS\"", "\"JUN2022\""],
        ),
        (
            "PUBLICATION,EXTRACT_DATE,TYPE,SEX,AGE,NUMBER_OF_PATIENTS".into(),
            &["Patients Registered at a GP Practice", "without practices"],
        ),
        (
            "REPORTING_PERIOD_START,REPORTING_PERIOD_END,BREAKDOWN,MEASURE_ID,MEASURE_VALUE".into(),
            &["monthly statistics by measure"],
        ),
        (
            "LSOA code (2021),LSOA name (2021),Income Rank (where 1 is most deprived)".into(),
            &["a table of the Indices of Deprivation 2025", "lacks the scores", "File 7"],
        ),
    ] {
        let row = vec!["1"; header.split(',').count()].join(",");
        let error = read_text(&format!("{header}\n{row}\n")).unwrap_err().to_string();
        for words in words {
            assert!(error.contains(words), "{words} is not in {error}");
        }
        assert!(error.lines().count() <= 2, "{error}");
    }
}

#[test]
fn the_indices_of_deprivation_say_where_they_are() {
    let decile =
        "Index of Multiple Deprivation (IMD) Decile (where 1 is most deprived 10% of LSOAs)";
    for (year, of) in [(2021, "2025"), (2011, "2019")] {
        let text =
            format!("LSOA code ({year}),LSOA name ({year}),{decile}\nE01013600,Leicester,3\n");
        refused(read_text(&text), &["Indices of Deprivation", of, "equity reference"]);
    }
}

#[test]
fn the_month_of_the_survey_is_the_one_that_was_asked_for() {
    let name = "gpps_other_year.csv";
    let [submission] = &case(name, &month("2025-07")).unwrap()[..] else { panic!() };
    assert_eq!(submission.month, "2025-07");
    let Records::Estimates(source, rows) = &submission.rows else { panic!() };
    assert_eq!((&*source.edition, &*source.series, &*source.uri), ("2025", "gpps: 2025", ""));
    // What question 10 was in 2025 is not known.
    assert_eq!((&*rows[0].indicator, &*rows[0].period), ("SURVEY-ANSWER", "2025"));
    let [submission] = &case(name, &none()).unwrap()[..] else { panic!() };
    assert_eq!((&*submission.month, &*estimates(submission)[0].indicator), ("2026-07", "DX-16"));
    let error = case(name, &month("July")).unwrap_err().to_string();
    assert!(error.contains("July"), "{error}");
}

#[test]
fn options_are_obeyed_or_refused_by_name() {
    let files = [
        "gpad_regional_llr_2019-03_2020-12.csv.gz",
        "gpad_coverage_llr.csv",
        "internet_users_2012_2018.csv",
        "gpps_2018_2021_digital_access_by_age.csv",
        "gpps_national_2026.csv",
        "deri_depahri_lsoa11_llr.csv",
        "disability_lsoa21_llr.csv.gz",
        "mid2020_population_single_year_lsoa11_llr.csv.gz",
    ];
    let text = |text: &str| Some(text.to_owned());
    let options: [(&str, Defaults); 5] = [
        ("--organisation", Defaults { organisation: text("C82001"), ..none() }),
        ("--month", month("2031-01")),
        (
            "--code-system",
            Defaults { code_systems: [("sex".into(), "fhir".into())].into(), ..none() },
        ),
        ("--collected", Defaults { collected: Some(vec!["sex".into()]), ..none() }),
        ("--person-key-scheme", Defaults { person_key_scheme: text("local"), ..none() }),
    ];
    for name in files {
        let read = |defaults: &Defaults| equity_indicators::ingest::read(&demo(name), defaults);
        for (option, defaults) in &options {
            let obeys =
                *option == "--month" && (name.starts_with("deri") || name.starts_with("gpps_n"));
            match read(defaults) {
                Ok(mut submissions) => {
                    assert!(obeys, "{option} with {name}");
                    assert_eq!(submissions.next().unwrap().unwrap().month, "2031-01");
                }
                Err(error) => {
                    assert!(!obeys, "{name}: {error}");
                    // Of a file of many organisations, the rows of the one that was named are taken.
                    let of_many = *option == "--organisation" && name.starts_with("gpad");
                    let begins = if of_many { "no row is of C82001" } else { option };
                    assert!(error.to_string().starts_with(begins), "{name}: {error}");
                }
            }
        }
        let own = Defaults { collection: text("own"), ..none() };
        assert_eq!(read(&own).unwrap().next().unwrap().unwrap().collection, "own", "{name}");
    }
    // Our own columns: an option that says what the file says is no contradiction.
    let own = "organisation,month,sex\nC82001,2020-04,1\n";
    let read = |defaults: Defaults| read_bytes(own.as_bytes(), &defaults);
    assert!(read(month("2020-04")).is_ok());
    let error = read(month("2020-05")).unwrap_err().to_string();
    assert!(error.starts_with("--month 2020-05") && error.contains("2020-04"), "{error}");
    let error = read(Defaults { organisation: text("C82002"), ..none() }).unwrap_err().to_string();
    assert!(error.starts_with("--organisation C82002") && error.contains("C82001"), "{error}");
    let both = "collection,organisation,month,sex\npractice-feed,C82001,2020-04,1\n";
    let error = read_bytes(both.as_bytes(), &Defaults { collection: text("own"), ..none() });
    assert!(error.unwrap_err().to_string().contains("collection"));
}

#[test]
fn shares_in_a_column_of_percentages_are_questioned() {
    let error = case("gpps_fractions.csv", &none()).unwrap_err();
    assert!(matches!(error, IngestError::Shares { column: "national_pct" }), "{error}");
    let users = std::fs::read_to_string(demo("internet_users_2012_2018.csv")).unwrap();
    let (header, _) = users.split_once('\n').unwrap();
    let row = |value: &str| {
        read_text(&format!("{header}\n2018,,,,,,,,,Percentage (%),Undefined,Units,,{value}\n"))
    };
    assert!(matches!(row("0.898"), Err(IngestError::Shares { column: "Value" })));
    for whole in ["89.8", "1", "0"] {
        assert!(row(whole).is_ok(), "{whole}");
    }
}

const ETHNIC: [(&str, &str); 5] = [
    ("Asian, Asian British or Asian Welsh", "asian"),
    ("Black, Black British, Black Welsh, Caribbean or African", "black"),
    ("Mixed or Multiple ethnic groups", "mixed"),
    ("White", "white"),
    ("Other ethnic group", "other"),
];

/// People of one area by ethnic group, as submitted.
fn groups(submission: &SubmissionFile) -> Vec<(String, i64)> {
    let Records::Populations(rows) = &submission.rows else { panic!() };
    assert!(rows.iter().all(|row| row.residence_lsoa == "E01013600"));
    let group = |row: &PopulationRecord| row.person.clone().unwrap().ethnic_category;
    rows.iter().map(|row| (group(row), row.person_count)).collect()
}

fn quoted(names: impl IntoIterator<Item = String>) -> String {
    names.into_iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(",")
}

#[test]
fn a_bulk_table_of_the_census() {
    let [submission] = &case("census_ts021_bulk.csv", &none()).unwrap()[..] else { panic!() };
    assert_eq!(
        (&*submission.collection, &*submission.month),
        ("census-2021-ethnic-group", "2021-03")
    );
    let expected = [("asian", 600), ("black", 100), ("mixed", 50), ("white", 800), ("other", 50)];
    assert_eq!(groups(submission), expected.map(|(group, people)| (group.to_owned(), people)));
    // As it is published: with the subdivisions of each group.
    let total = "Ethnic group: Total: All usual residents";
    let parts = ["White: Roma", "Other ethnic group: Arab"].map(str::to_owned);
    let labels = ETHNIC.map(|(label, _)| label.to_owned());
    let names = labels.iter().chain(&parts).map(|label| format!("Ethnic group: {label}"));
    let header = format!("date,geography,geography code,\"{total}\",{}", quoted(names));
    let table = |rows: &str| read_text(&format!("{header}\n{rows}\n"));
    let found = table("2021,L,E01013600,16,6,1,1,7,1,2,1").unwrap();
    assert_eq!(found[0].rows.total(), 16);
    let wrong = |rows: &str, words: &str| {
        let error = table(rows).unwrap_err().to_string();
        assert!(error.contains(words), "{words} is missing: {error}");
    };
    wrong("2021,L,E01013600,17,6,1,1,7,1,2,1", "the sum of the 5 categories");
    wrong("2011,L,E01013600,16,6,1,1,7,1,2,1", "2021");
    wrong("2021,L,E02002802,16,6,1,1,7,1,2,1", "by LSOA");
    wrong("2021,L,E01013600,16,6,1,1,7,1,2,1\n2021,L,E01013600,16,6,1,1,7,1,2,1", "the same area");
    let other = header.replace(total, &format!("{total}\",\"Ethnic group: Jedi"));
    refused(read_text(&format!("{other}\n2021,L,E01013600,16,0,6,1,1,7,1,2,1\n")), &["Jedi"]);
    let topic = "date,geography,geography code,Tenure of household: Total: All households\n";
    refused(read_text(topic), &["Census 2021", "TS021", "TS038", "TS030"]);
}

#[test]
fn a_custom_data_set_of_the_census() {
    let area = "Lower layer Super Output Areas Code,Lower layer Super Output Areas";
    let header = |variable: &str| format!("{area},{variable} Code,{variable},Observation\n");
    let row = |code: &str, label: &str, people: i64| format!("{code},L,1,\"{label}\",{people}\n");
    let mut text = header("Ethnic group (6 categories)");
    text += &row("E01013600", "Does not apply", 0);
    for (people, (label, _)) in (1..).zip(ETHNIC) {
        text += &row("E01013600", label, people);
    }
    let [submission] = &read_text(&text).unwrap()[..] else { panic!() };
    let expected: Vec<_> = ETHNIC.map(|(_, group)| group.to_owned()).into_iter().zip(1..).collect();
    assert_eq!(groups(submission), expected);
    // Finer categories are counted in theirs.
    let mut text = header("Disability (4 categories)");
    for label in [
        "Disabled under the Equality Act: Day-to-day activities limited a lot",
        "Disabled under the Equality Act: Day-to-day activities limited a little",
        "Not disabled under the Equality Act",
    ] {
        text += &row("E01013600", label, 5);
    }
    let submissions = read_text(&text).unwrap();
    assert_eq!(
        (&*submissions[0].collection, submissions[0].rows.total()),
        ("census-2021-disability", 15)
    );
    let half = text.lines().take(3).collect::<Vec<_>>().join("\n");
    let error = read_text(&half).unwrap_err().to_string();
    assert!(error.contains("3 categories") && error.contains("has 2"), "{error}");
    refused(read_text(&header("Tenure of household (9 categories)")), &["another topic"]);
    let wider = "Lower tier local authorities Code,Lower tier local authorities,Religion (10 categories) Code,Religion (10 categories),Observation\n";
    refused(read_text(wider), &["by local authority", "LSOA"]);
}

#[test]
fn rows_of_wales_are_left_out_and_counted() {
    let [submission] = &case("census_with_wales.csv", &none()).unwrap()[..] else { panic!() };
    assert_eq!((submission.rows.len(), submission.rows.total()), (5, 10));
    let (_, notes) = read_and_notes(&text_of("census_with_wales.csv"));
    assert_eq!(notes, "rows of small areas of Wales, which were left out: 1");
}

#[test]
fn people_enabled_for_online_services() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/pomi.csv");
    let [submission] = &case("pomi.csv", &none()).unwrap()[..] else { panic!() };
    assert_eq!((&*submission.organisation, &*submission.collection), ("NHSE", "pomi"));
    assert_eq!(submission.month, "2021-04");
    let found: Vec<_> = estimates(submission)
        .iter()
        .map(|row| (&*row.indicator, &*row.area, &*row.period, row.base_count, row.value.unwrap()))
        .collect();
    let of = |indicator, share| (indicator, "C82001", "2021-04", Some(15_000), share);
    assert_eq!(found, [of("DX-01", 1.0), of("DX-02", 5_000.0 / 15_000.0)]);
    let bases: Vec<_> = estimates(submission).iter().map(|row| &*row.base).collect();
    assert!(bases[0].contains("more people enabled (15100) than registered (15000)"), "{bases:?}");
    assert_eq!(bases[1], "patients registered at the practice");

    let text = std::fs::read_to_string(path).unwrap();
    let row = text.lines().nth(2).unwrap();
    let more = format!("{text}{}\n", row.replace("Total_Pat_Enbld", "Pat_Presc_Use"));
    let (left_out, notes) = read_and_notes(&more);
    assert_eq!(left_out[0].rows, submission.rows);
    assert_eq!(notes, "rows of fields that no indicator is about, which were left out: 1");
    let without = text.replace("patient_list_size", "Pat_Presc_Use");
    let error = read_text(&without).unwrap_err().to_string();
    assert!(error.contains("C82001") && error.contains("patient_list_size"), "{error}");
    let twice = read_text(&format!("{text}{row}\n"));
    assert!(matches!(twice, Err(IngestError::DuplicateRow { line: 5, .. })), "{twice:?}");
    let finer = text.replacen("supplier", "age_band", 1);
    refused(read_text(&finer), &["Patient Online Management Information", "age_band"]);
}

#[test]
fn the_risk_index_as_its_publisher_has_it() {
    let header = "LSOA code,LSOA name,Aged 65 and over,Broadband component (national),Demography component (national),\
        \"Deprivation component (national, England IMD)\",\"DERI score (national, England IMD)\"";
    let table = |rows: &str| read_text(&format!("{header}\n{rows}\n"));
    let submissions =
        table("E01013600,L,0.1,1,2,3,2.5\nW01000001,M,0.1,1,2,,\nS01006506,N,0.1,1,2,,").unwrap();
    let [submission] = &submissions[..] else { panic!() };
    assert_eq!((&*submission.organisation, &*submission.month), ("GMCA", "2022-12"));
    let found: Vec<_> =
        estimates(submission).iter().map(|row| (&*row.indicator, row.value.unwrap())).collect();
    let expected = [
        ("DX-10", 2.5),
        ("DX-10-BROADBAND", 1.0),
        ("DX-10-DEMOGRAPHY", 2.0),
        ("DX-10-DEPRIVATION", 3.0),
    ];
    assert_eq!(found, expected);
    assert!(estimates(submission).iter().all(|row| row.base == "lsoa_2011"));
    let twice = table("E01013600,L,0.1,1,2,3,2.5\nE01013600,L,0.2,1,2,3,2.5");
    assert!(matches!(twice, Err(IngestError::DuplicateRow { .. })));
    let other = "LSOA code,DERI score (GB),Broadband component (GB)\n";
    refused(read_text(other), &["another version or comparison", "v1.6"]);
}

#[test]
fn a_query_of_nomis() {
    let labels = ETHNIC.map(|(label, _)| label.to_owned());
    let header = format!(
        "\"2021 super output area - lower layer\",\"mnemonic\",\"Total: All usual residents\",{}",
        quoted(labels)
    );
    let row = "\"E01013600 : Leicester 001A\",\"E01013600\",\"16\",\"6\",\"1\",\"1\",\"7\",\"1\"";
    let [submission] = &read_text(&format!("{header}\n{row}\n")).unwrap()[..] else { panic!() };
    assert_eq!((groups(submission).len(), submission.rows.total()), (5, 16));
    let (above, below) = (
        "\u{feff}\"TS021 - Ethnic group\"\r\n\"ONS Crown Copyright Reserved\"\r\n\r\n\"Units\",\"Persons\"\r\n\r\n",
        "\r\n\r\n\"In order to protect, records, have been swapped\"\r\n",
    );
    let titled = format!("{above}{header}\r\n{row}{below}");
    let (all, notes) = read_and_notes(&titled);
    assert_eq!((all.len(), groups(&all[0]).len(), all[0].rows.total()), (1, 5, 16));
    assert!(notes.contains("4 above the header, 1 below the table"), "{notes}");
    let wrong = titled.replace("\"16\"", "\"x\"");
    let error = read_text(&wrong).unwrap_err().to_string();
    assert!(error.contains("line 7"), "{error}");
    let without = header.replace(",\"White\"", ",\"White: Roma\"");
    refused(read_text(&format!("{without}\n{row}\n")), &["lacks columns: \"White\""]);
}
