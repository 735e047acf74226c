//! Suppressed counts and figures in files: a state of their own, read and written, never 0 and never worked out.

use equity_indicators::ingest::{Defaults, Records, SubmissionFile, equity_csv};
use equity_indicators::proto::v1::{
    AccessRecord, ConsultationRecord, PersonCharacteristics, PopulationRecord,
};

use super::editions::{consultations, estimates, month, text_of};
use super::equity_csv::submission;
use super::{case, read_bytes, read_text};

#[test]
fn a_suppressed_count_or_figure_is_a_state_of_its_own_and_never_0() {
    let of = Defaults { organisation: Some("C82001".into()), ..month("2026-04") };
    for name in ["suppressed_c.csv", "suppressed_star.csv"] {
        let submissions = case(name, &of).unwrap();
        assert_eq!(people(&submissions[0]), [(0, true), (1_300, false)], "{name}");
    }
    // Whichever way a file says it.
    for (text, expected) in [
        ("person_count,suppressed,sex\n,Y,1\n12,N,2\n", [(0, true), (12, false)]),
        ("person_count,suppressed,sex\n0,Y,1\n0,,2\n", [(0, true), (0, false)]),
        ("person_count,sex\n<5,1\n5,2\n", [(0, true), (5, false)]),
        ("person_count,sex\n[x],1\n5,2\n", [(0, true), (5, false)]),
        ("person_count,sex\n-,1\n5,2\n", [(0, true), (5, false)]),
    ] {
        let submissions = read_bytes(text.as_bytes(), &of).unwrap();
        assert_eq!(people(&submissions[0]), expected, "{text}");
    }
    let empty = read_bytes(b"person_count,suppressed,sex\n,N,1\n", &of).unwrap_err().to_string();
    assert!(empty.contains("person_count") && empty.contains("`*`"), "{empty}");
    let counted = "record_count,channel,sex\n*,VIDEO,1\n12,VIDEO,2\n";
    let submissions = read_bytes(counted.as_bytes(), &of).unwrap();
    let found = consultations(&submissions[0]).iter().map(|row| (row.record_count, row.suppressed));
    assert_eq!(found.collect::<Vec<_>>(), [(None, true), (Some(12), false)]);
    let access = "record_count,app_active,sex\n<8,Y,1\n12,Y,2\n";
    let submissions = read_bytes(access.as_bytes(), &of).unwrap();
    let Records::Access(rows) = &submissions[0].rows else { panic!() };
    let found: Vec<_> = rows.iter().map(|row| (row.record_count, row.suppressed)).collect();
    assert_eq!(found, [(None, true), (Some(12), false)]);

    let figures = |text: &str| -> Vec<(Option<f64>, bool)> {
        let submissions = read_text(text).unwrap();
        estimates(&submissions[0]).iter().map(|row| (row.value, row.suppressed)).collect()
    };
    let expected = [(Some(0.4), false), (None, true)];
    let answers = "question,response,national_pct,national_n\nQ10,Online,40,9\nQ10,Letter,*,*\n";
    assert_eq!(figures(answers), expected);
    let own = "organisation,month,indicator,area,period,value\nONS,2020-12,DX-12,QK1,2020,0.4\nONS,2020-12,DX-12,04C,2020,[c]\n";
    assert_eq!(figures(own), expected);
    let pomi = "report_period_end,practice_code,field,value\n30APR2021,C82001,patient_list_size,10\n30APR2021,C82001,Total_Pat_Enbld,4\n30APR2021,C82001,Pat_Presc_Enbld,<5\n";
    assert_eq!(figures(pomi), expected);
    let list = figures(&pomi.replace("patient_list_size,10", "patient_list_size,*"));
    assert_eq!(
        list,
        [(None, true), (None, true)],
        "of a number that is suppressed there is no share"
    );
}

fn people(submission: &SubmissionFile) -> Vec<(i64, bool)> {
    let Records::Populations(rows) = &submission.rows else { panic!() };
    rows.iter().map(|row| (row.person_count, row.suppressed)).collect()
}

#[test]
fn published_tables_may_have_suppressed_counts_that_are_never_worked_out() {
    let gpad = text_of("iso_month.csv");
    let (header, row) = gpad.trim_end().split_once('\n').unwrap();
    let row = row.lines().next().unwrap();
    let start = row.rsplit_once(',').unwrap().0;
    let submissions = read_text(&format!("{header}\n{start},*\n")).unwrap();
    let found = &consultations(&submissions[0])[0];
    assert_eq!((found.record_count, found.suppressed), (None, true));

    let coverage = text_of("coverage_commissioner.csv");
    let (header, row) = coverage.trim_end().split_once('\n').unwrap();
    let included = header
        .split(',')
        .position(|name| name == "Patients registered at included practices")
        .unwrap();
    let cells = |value: &str| {
        let cells = row.lines().next().unwrap().split(',').enumerate();
        let cells = cells.map(|(place, cell)| if place == included { value } else { cell });
        cells.collect::<Vec<_>>().join(",")
    };
    let submissions = read_text(&format!("{header}\n{}\n", cells("[c]"))).unwrap();
    assert_eq!(people(&submissions[0]), [(0, true)]);

    // The total of the area is known: what is missing of it is not taken for the suppressed number.
    let bulk = |first: &str, last: &str| {
        let text = text_of("census_ts021_bulk.csv");
        read_text(
            &text
                .replace(",600,", &format!(",{first},"))
                .replace(",800,50", &format!(",800,{last}")),
        )
    };
    let submissions = bulk("*", "50").unwrap();
    assert_eq!(people(&submissions[0])[..2], [(0, true), (100, false)]);
    assert!(bulk("700", "50").is_err(), "without a suppressed count the sum has to be right");
    let error = bulk("*", "900").unwrap_err().to_string();
    assert!(error.contains("1600") && error.contains("1850 people"), "{error}");
    let long = |first: &str, all: &str| {
        let mut text = "lsoa21_code,ethnic_group,n,total_residents,prop\n".to_owned();
        let labels = [
            "Asian, Asian British or Asian Welsh",
            "Black, Black British, Black Welsh, Caribbean or African",
            "Mixed or Multiple ethnic groups",
            "White",
            "Other ethnic group",
        ];
        for (place, label) in labels.iter().enumerate() {
            let n = if place == 0 { first } else { "10" };
            text += &format!("E01013600,\"{label}\",{n},{all},0.1\n");
        }
        read_text(&text)
    };
    let submissions = long("*", "45").unwrap();
    assert_eq!(people(&submissions[0])[0], (0, true));
    assert_eq!(submissions[0].rows.total(), 40);
    let error = long("*", "39").unwrap_err().to_string();
    assert!(error.contains("39") && error.contains("40 people"), "{error}");
    assert!(long("5", "46").is_err(), "without a suppressed count the sum has to be right");
    assert_eq!(long("*", "*").unwrap()[0].rows.total(), 40);
}

#[test]
fn a_suppressed_count_is_written_as_a_symbol() {
    let person = Some(PersonCharacteristics { sex: "1".into(), ..Default::default() });
    let rows = Records::Populations(vec![PopulationRecord {
        suppressed: true,
        person: person.clone(),
        ..Default::default()
    }]);
    let access = AccessRecord { suppressed: true, person: person.clone(), ..Default::default() };
    let seen = ConsultationRecord { suppressed: true, person, ..Default::default() };
    for (rows, count) in [
        (rows, "person_count"),
        (Records::Access(vec![access]), "record_count"),
        (Records::Consultations(vec![seen]), "record_count"),
    ] {
        let submissions = [submission(rows)];
        let mut file = Vec::new();
        equity_csv::write(&mut file, &submissions).unwrap();
        let text = String::from_utf8(file).unwrap();
        let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
        let (header, row) = (lines.next().unwrap(), lines.next().unwrap());
        let place = header.iter().position(|name| *name == count).unwrap();
        assert_eq!(row[place], "*", "{text}");
        assert!(!header.contains(&"suppressed"), "{text}");
        assert_eq!(read_text(&text).unwrap()[0].rows, submissions[0].rows);
    }
}
