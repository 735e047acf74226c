//! Published counts of accounts, and published scores of small areas.

use equity_indicators::ingest::{IngestError, SubmissionFile};

use super::editions::{estimates, none, refused, text_of};
use super::{case, read_and_notes, read_text};

#[test]
fn accounts_of_the_nhs_app_are_counts_and_no_shares() {
    let (submissions, notes) = read_and_notes(&text_of("../data/published/nhs_app_2026.csv"));
    let (decimals, notes) = notes.split_once('\n').unwrap();
    assert_eq!(decimals, "whole numbers with decimals, `77.0`, which were read as `77`: 9");
    assert_eq!(notes, "rows of metrics that no indicator is about, which were left out: 2");
    let months: Vec<_> = submissions.iter().map(|one| one.month.as_str()).collect();
    assert_eq!(months, ["2026-03", "2026-04"]);
    assert!(
        submissions.iter().all(|one| one.collection == "nhs-app" && one.organisation == "NHSE")
    );
    let found: Vec<_> = estimates(&submissions[1])
        .iter()
        .map(|row| (row.indicator.as_str(), row.area.as_str(), row.value.unwrap()))
        .collect();
    assert_eq!(
        found,
        [
            ("DX-06-NEW", "E92000001", 279_526.0),
            ("DX-06-ACCOUNTS", "E92000001", 41_346_767.0),
            ("DX-07-ACCOUNTS", "E92000001", 27_374_918.0),
            ("DX-08-ACCOUNTS", "E92000001", 5_744_209.0),
            ("DX-06-NEW", "D7T5G", 9_036.0),
        ]
    );
    let bases: Vec<_> = estimates(&submissions[1]).iter().map(|row| row.base.as_str()).collect();
    assert!(
        bases[1].contains("none is taken away") && bases[4].contains("April 2026"),
        "{bases:?}"
    );
    // As the publisher says, what is registered so far grows by what is new.
    let so_far = |of: &SubmissionFile| estimates(of)[1].value.unwrap();
    let new = estimates(&submissions[1])[0].value.unwrap();
    assert_eq!(so_far(&submissions[0]) + new, so_far(&submissions[1]));

    let [submission] = &case("nhs_app.csv", &none()).unwrap()[..] else { panic!() };
    assert_eq!(
        (estimates(submission)[0].area.as_str(), estimates(submission)[0].value),
        ("QK1", Some(5_000.0))
    );
    let header = "month,level,org_code,org_name,region_code,region_name,metric,value\n";
    let of = |row: &str| {
        read_and_notes(&format!(
            "{header}2026-04,ICB,QK1,LLR,Y60,M,unique_user_logins_12m,7\n{row}"
        ))
    };
    for (row, note) in [
        ("2026-04,ICB,UNK,Unknown,UNK,Unknown,unique_user_logins_12m,7\n", "no area"),
        (
            "2026-04,Region,Y60,Midlands,Y60,Midlands,unique_user_logins_12m,7\n",
            "England and integrated care board",
        ),
    ] {
        let (found, notes) = of(row);
        assert!(estimates(&found[0]).len() == 1 && notes.contains(note), "{notes}");
    }
    let (found, _) = of("2026-04,ICB,QK2,X,Y60,M,unique_user_logins_12m,*\n");
    assert_eq!((estimates(&found[0])[1].value, estimates(&found[0])[1].suppressed), (None, true));
    let row = "2026-04,ICB,QK1,LLR,Y60,M,unique_user_logins_12m,7\n";
    let twice = read_text(&format!("{header}{row}{row}"));
    assert!(matches!(twice, Err(IngestError::DuplicateRow { line: 3, .. })), "{twice:?}");
    let part =
        read_text(&format!("{header}{}", row.replace(",7", ",7.5"))).unwrap_err().to_string();
    assert!(part.contains("whole number"), "{part}");
    let finer = header.replace("region_name", "age_band");
    assert!(read_text(&format!("{finer}{row}")).unwrap_err().to_string().contains("age_band"));
    refused(
        read_text(
            "Month,\"ICB ODS Code [1,2]\",\"ICB Name [1,2]\",NHS App logins,NHS App unique user logins\nMar-25,QK1,L,1,1\n",
        ),
        &["NHS App Management Information", "metric"],
    );
}

#[test]
fn scores_of_the_indices_of_deprivation_are_estimates_of_small_areas() {
    let [submission] = &case("../data/published/iod2025_file7.csv", &none()).unwrap()[..] else {
        panic!()
    };
    assert_eq!((&*submission.organisation, &*submission.collection), ("MHCLG", "iod"));
    assert_eq!(submission.month, "2025-10");
    let of = |area: &str| -> Vec<(String, f64)> {
        let rows = estimates(submission).iter().filter(|row| row.area == area);
        rows.map(|row| (row.indicator.clone(), row.value.unwrap())).collect()
    };
    let expected = [
        ("IMD", 57.084),
        ("IMD-INCOME", 0.552),
        ("IMD-EMPLOYMENT", 0.273),
        ("IMD-EDUCATION", 64.733),
        ("IMD-HEALTH", 1.381),
        ("IMD-CRIME", 1.102),
        ("IMD-BARRIERS", 42.653),
        ("IMD-ENVIRONMENT", 17.59),
    ];
    let expected = expected.map(|(id, value)| (id.to_owned(), value));
    assert_eq!(of("E01013600"), expected);
    assert_eq!(of("E01000001")[4].1, -1.771, "a score may be below 0");
    assert_eq!(estimates(submission).len(), 32);
    assert!(
        estimates(submission).iter().all(|row| row.base == "lsoa_2021" && row.period == "2025")
    );

    let text = text_of("../data/published/iod2025_file7.csv");
    let earlier = text
        .replace("(2021)", "(2011)")
        .replace("(2024)", "(2019)")
        .replace("mid 2022", "mid 2015 (excluding prisoners)");
    let [submission] = &read_text(&earlier).unwrap()[..] else { panic!() };
    assert_eq!(
        (submission.month.as_str(), estimates(submission)[0].base.as_str()),
        ("2019-09", "lsoa_2011")
    );
    let finer = text.replacen("LSOA name (2021)", "age_band", 1);
    assert!(read_text(&finer).unwrap_err().to_string().contains("age_band"));
    let without = "LSOA code (2021),LSOA name (2021),Index of Multiple Deprivation (IMD) Rank (where 1 is most deprived),Index of Multiple Deprivation (IMD) Decile (where 1 is most deprived 10% of LSOAs)\nE01013600,L,1320,1\n";
    refused(read_text(without), &["File 1", "File 7", "reference content"]);
}
