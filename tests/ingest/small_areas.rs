//! Census tables and population estimates against the totals that were added up without this code, and files that are refused.

use std::collections::BTreeMap;

use equity_indicators::ingest::{Defaults, IngestError, Records, SubmissionFile, read_all};
use equity_indicators::proto::v1::{PersonCharacteristics, PopulationRecord};

use super::{demo, read_text};

fn only(name: &str) -> SubmissionFile {
    let mut submissions = read_all(&demo(name), &Defaults::default()).unwrap();
    assert_eq!(submissions.len(), 1);
    submissions.remove(0)
}

fn populations(submission: &SubmissionFile) -> &[PopulationRecord] {
    match &submission.rows {
        Records::Populations(rows) => rows,
        other => panic!("{:?} in {}", other.dataset(), submission.month),
    }
}

fn sums(
    submission: &SubmissionFile,
    of: impl Fn(&PersonCharacteristics) -> String,
) -> BTreeMap<String, i64> {
    let mut sums = BTreeMap::new();
    for row in populations(submission) {
        *sums.entry(of(row.person.as_ref().unwrap())).or_default() += row.person_count;
    }
    sums
}

fn assert_sums(found: &BTreeMap<String, i64>, expected: &[(&str, i64)]) {
    let expected: BTreeMap<String, i64> =
        expected.iter().map(|(name, people)| ((*name).to_owned(), *people)).collect();
    assert_eq!(*found, expected);
}

fn systems(submission: &SubmissionFile) -> Vec<(&str, &str)> {
    submission.code_systems.iter().map(|(field, system)| (&**field, &**system)).collect()
}

#[test]
fn ethnic_group() {
    let submission = only("ethnic_group_6b_lsoa21_llr.csv.gz");
    let whole = (
        &*submission.organisation,
        &*submission.collection,
        &*submission.month,
        submission.rows.len(),
    );
    assert_eq!(whole, ("ONS", "census-2021-ethnic-group", "2021-03", 3_170));
    assert_eq!(submission.collected, ["ethnic_category"]);
    let expected = [("ethnic_category", "equity_ethnicity"), ("residence_lsoa", "lsoa_2021")];
    assert_eq!(systems(&submission), expected);
    assert_sums(
        &sums(&submission, |person| person.ethnic_category.clone()),
        &[
            ("white", 812_990),
            ("asian", 218_684),
            ("black", 37_249),
            ("mixed", 30_175),
            ("other", 22_904),
        ],
    );
    let cells = |from: i64, to: i64| {
        let within = |row: &&PopulationRecord| (from..=to).contains(&row.person_count);
        populations(&submission).iter().filter(within).count()
    };
    assert_eq!((cells(0, 0), cells(1, 4), cells(1, 9)), (23, 198, 422), "zeros are kept");
}

#[test]
fn disability() {
    let submission = only("disability_lsoa21_llr.csv.gz");
    assert_eq!((&*submission.collection, submission.rows.len()), ("census-2021-disability", 1_268));
    assert_eq!(submission.collected, ["disability"]);
    assert_sums(
        &sums(&submission, |person| person.disability.join(";")),
        &[
            ("Disabled under the Equality Act", 181_745),
            ("Not disabled under the Equality Act", 940_272),
        ],
    );
}

#[test]
fn religion() {
    let submission = only("religion_lsoa21_llr.csv.gz");
    assert_eq!((&*submission.collection, submission.rows.len()), ("census-2021-religion", 5_706));
    assert_sums(
        &sums(&submission, |person| person.religion.clone()),
        &[
            ("Christian", 439_781),
            ("No religion", 387_217),
            ("Muslim", 102_764),
            ("Hindu", 92_209),
            ("Not answered", 61_804),
            ("Sikh", 28_432),
            ("Other religion", 5_550),
            ("Buddhist", 3_316),
            ("Jewish", 907),
        ],
    );
}

/// Counts are perturbed by their publisher: the totals differ, are kept apart, and are never made to agree.
#[test]
fn totals_differ_between_tables() {
    let total = |name: &str| only(name).rows.total();
    let totals = [
        total("ethnic_group_6b_lsoa21_llr.csv.gz"),
        total("disability_lsoa21_llr.csv.gz"),
        total("religion_lsoa21_llr.csv.gz"),
        total("mid2020_population_single_year_lsoa11_llr.csv.gz"),
    ];
    assert_eq!(totals, [1_122_002, 1_122_017, 1_121_980, 1_107_597]);
}

#[test]
fn mid_2020() {
    let submission = only("mid2020_population_single_year_lsoa11_llr.csv.gz");
    let whole = (
        &*submission.organisation,
        &*submission.collection,
        &*submission.month,
        submission.rows.len(),
    );
    assert_eq!(whole, ("ONS", "ons-mid-2020", "2020-06", 611 * 91));
    assert_eq!(systems(&submission), [("residence_lsoa", "lsoa_2011")], "not the areas of 2021");
    assert_eq!(submission.collected, ["age_band"]);
    let aged = |from: i32, to: i32| -> i64 {
        let age = |person: &PersonCharacteristics| match &*person.age_band {
            "90+" => 90,
            _ => person.age_years.unwrap(),
        };
        let within =
            |row: &&PopulationRecord| (from..=to).contains(&age(row.person.as_ref().unwrap()));
        populations(&submission).iter().filter(within).map(|row| row.person_count).sum()
    };
    assert_eq!(aged(0, 17), 235_262);
    assert_eq!(aged(18, 64), 671_713);
    assert_eq!(aged(65, 90), 200_622);
    assert_eq!(aged(75, 90), 91_383);
}

const ETHNIC: &str = "lsoa21_code,total_residents,ethnic_group,n,prop\n";
const AREA: &str = "E01013600,15,White,5,0.3\nE01013600,15,Mixed or Multiple ethnic groups,4,0.3\n\
    E01013600,15,\"Asian, Asian British or Asian Welsh\",3,0.2\n\
    E01013600,15,\"Black, Black British, Black Welsh, Caribbean or African\",2,0.1\n";
const LAST: &str = "E01013600,15,Other ethnic group,1,0.1\n";

fn refused(text: &str) -> (u64, String, String) {
    match read_text(text) {
        Err(IngestError::Value { line, column, expected, .. }) => (line, column, expected),
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn a_census_table_that_does_not_add_up() {
    assert!(read_text(&format!("{ETHNIC}{AREA}{LAST}")).is_ok());
    // The last row is lost, or one cell is another.
    let (line, column, expected) = refused(&format!("{ETHNIC}{AREA}"));
    assert_eq!((line, &*column), (2, "total_residents"));
    assert!(expected.contains("4 of them, with 14 people"), "{expected}");
    let (line, _, expected) = refused(&format!("{ETHNIC}{AREA}{}", LAST.replace(",1,", ",2,")));
    assert!(line == 2 && expected.contains("16 people"), "{expected}");
    let other = LAST.replace(",15,", ",16,");
    let (line, column, expected) = refused(&format!("{ETHNIC}{AREA}{other}"));
    assert_eq!((line, &*column), (6, "total_residents"));
    assert!(expected.contains("line 2"), "{expected}");
    let twice = read_text(&format!("{ETHNIC}{AREA}{LAST}{LAST}")).unwrap_err();
    assert!(matches!(twice, IngestError::DuplicateRow { line: 7, first_line: 6, .. }), "{twice}");
}

#[test]
fn census_cells_that_are_refused() {
    for (row, column) in [
        ("E01013600,15,Whites,5,0.3", "ethnic_group"),
        ("E01013600,15,White,-5,0.3", "n"),
        ("E01013600,15,White,5.5,0.3", "n"),
        ("E01013600,,White,5,0.3", "total_residents"),
        ("E02013600,15,White,5,0.3", "lsoa21_code"),
    ] {
        let (line, found, expected) = refused(&format!("{ETHNIC}{row}\n"));
        assert_eq!((line, &*found), (2, column));
        assert!(column != "ethnic_group" || expected.contains("\"White\""), "{expected}");
    }
    // The areas of 2011 under a table of 2021.
    let edition = ETHNIC.replace("lsoa21_code", "lsoa11_code");
    assert!(read_text(&format!("{edition}{AREA}")).is_err());
}

#[test]
fn ages_that_do_not_add_up() {
    let ages: Vec<String> = (0..90).map(|age| age.to_string()).collect();
    let header = format!("lsoa11_name,lsoa11_code,total_population,{},90+\n", ages.join(","));
    let row = |total: i64| format!("Leicester 003A,E01013600,{total}{}\n", ",1".repeat(91));
    let good = read_text(&format!("{header}{}", row(91))).unwrap();
    assert_eq!((good[0].rows.len(), good[0].rows.total()), (91, 91));
    let (line, column, expected) = refused(&format!("{header}{}", row(92)));
    assert_eq!((line, &*column), (2, "total_population"));
    assert!(expected.starts_with("91"), "{expected}");
    let missing = header.replace(",42,", ",");
    let error = read_text(&missing).unwrap_err();
    assert!(
        matches!(&error, IngestError::OtherColumns { lacks, .. } if *lacks == ["42"]),
        "{error}"
    );
    let twice = read_text(&format!("{header}{}{}", row(91), row(91))).unwrap_err();
    assert!(matches!(twice, IngestError::DuplicateRow { line: 3, .. }), "{twice}");
}

/// The practices' deciles run the other way (10 = most deprived): the file is refused by its header, with the reason.
#[test]
fn deciles_that_run_the_other_way_are_refused() {
    let practices = "practice_code,list_size,imd_score,imd_decile,pct_over_65,pct_under_5,pct_5_19\n\
        C82005,11093,30.5489759813776,8,6.77,2.5,9.75\n";
    let error = read_text(practices).unwrap_err();
    assert!(matches!(error, IngestError::NotImported { .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains("10 = most deprived") && text.contains("1 = most deprived"), "{text}");
    assert!(text.contains("residence_lsoa"), "what is there instead: {text}");
}

#[test]
fn other_tables_are_refused_with_their_reason() {
    for (header, reason) in [
        ("msoa21_code,sexual_orientation,n,total_residents,prop", "LSOA"),
        ("ltla21_code,ltla21_name,ethnic_group,value", "LSOA"),
        (
            "Year,Skill,Age,Sex,Disability status,Observation status,Unit multiplier,Unit measure,Value",
            "skill",
        ),
        (
            "Year,Series,Sex,Age,Country,Deprivation level,Household income,Region,Socio-economic classification,\
             Urban or rural,Working status,Unit measure,Unit multiplier,Observation status,GeoCode,Value",
            "another question",
        ),
        ("lsoa21_code,IMD_decile,IMD_rank", "reference content"),
        ("lsoa11_code,lsoa21_code,change_code", "reference content"),
    ] {
        let error = read_text(&format!("{header}\n")).unwrap_err();
        assert!(matches!(error, IngestError::NotImported { .. }), "{header}: {error}");
        assert!(error.to_string().contains(reason), "{error}");
    }
}
