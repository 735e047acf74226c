//! Our own CSV, read and written.

use std::collections::BTreeMap;

use equity_indicators::ingest::{Defaults, IngestError, Parcel, Rows, own};
use equity_indicators::proto::v1::{ConsultationRecord, PersonCharacteristics, PopulationRecord};
use proptest::prelude::*;

use super::{read_bytes, read_text};

fn consultations(parcel: &Parcel) -> &[ConsultationRecord] {
    match &parcel.rows {
        Rows::Consultations(rows) => rows,
        Rows::Populations(_) => panic!("populations"),
    }
}

#[test]
fn a_small_file_with_defaults() {
    let text = "\u{feff}channel, attendance,age_years,disability,record_count\n\
        01,5,77, 02 ; 05;,\n\
        02,3,,NN,12\n";
    let defaults = Defaults {
        organisation: Some("C82001".to_owned()),
        month: Some("2020-04".to_owned()),
        collection: Some("practice-feed".to_owned()),
        ..Defaults::default()
    };
    let parcels = read_bytes(text.as_bytes(), &defaults).unwrap();
    assert_eq!(parcels.len(), 1);
    let parcel = &parcels[0];
    assert_eq!((&*parcel.organisation, &*parcel.month), ("C82001", "2020-04"));
    assert_eq!((&*parcel.collection, parcel.rows.total()), ("practice-feed", 13));
    assert_eq!(parcel.collected, ["age", "disability"]);
    let rows = consultations(parcel);
    assert_eq!((&*rows[0].channel, rows[0].record_count), ("01", None));
    let person = rows[0].person.as_ref().unwrap();
    assert_eq!(
        (person.age_years, &*person.disability),
        (Some(77), &["02".into(), "05".into()][..])
    );
    assert_eq!(rows[1].record_count, Some(12));
}

#[test]
fn rows_in_any_order_are_grouped() {
    let text = "organisation,month,date,channel\nA,2020-04,,01\nB,2020-04,,01\nA,2020-05,,01\n\
        A,2020-04,,02\nB,,2020-04-30,03\n";
    let defaults = Defaults { collection: Some("x".to_owned()), ..Defaults::default() };
    let parcels = read_bytes(text.as_bytes(), &defaults).unwrap();
    let found: Vec<_> =
        parcels.iter().map(|p| (&*p.organisation, &*p.month, p.rows.len())).collect();
    assert_eq!(found, [("A", "2020-05", 1), ("A", "2020-04", 2), ("B", "2020-04", 2)]);
    let channels: Vec<_> = consultations(&parcels[1]).iter().map(|row| &*row.channel).collect();
    assert_eq!(channels, ["01", "02"], "the order of the file");
}

#[test]
fn unknown_columns_name_the_nearest() {
    for (wrong, right) in [
        ("chanel", "channel"),
        ("Ethnic Category", "ethnic_category"),
        ("lsoa_residence", "residence_lsoa"),
        ("age_year", "age_years"),
        ("ETHNICITY", "ethnic_category"),
        ("Person-Count", "person_count"),
    ] {
        match read_text(&format!("organisation,month,{wrong}\n")) {
            Err(IngestError::UnknownColumn { column, nearest }) => {
                assert_eq!((column.as_str(), nearest), (wrong, Some(right)));
            }
            other => panic!("{wrong}: {other:?}"),
        }
    }
    let far = read_text("organisation,month,zzzz\n").unwrap_err();
    assert!(matches!(far, IngestError::UnknownColumn { nearest: None, .. }), "{far}");
}

#[test]
fn bad_cells_say_where() {
    for (header, row, column, value) in [
        ("organisation,date", "A,2020-0é4", "month", ""),
        ("organisation,month", ",2020-04", "organisation", ""),
        ("organisation,month", "A,", "month", ""),
        ("organisation,month", "A,2020-4", "month", "2020-4"),
        ("organisation,month", "A,APR2020", "month", "APR2020"),
        ("organisation,date", "A,é2020-04", "month", "é2020-"),
        ("organisation,month,age_years", "A,2020-04,seventy", "age_years", "seventy"),
        ("organisation,month,age_years", "A,2020-04,3000000000", "age_years", "3000000000"),
        ("organisation,month,record_count", "A,2020-04,1.5", "record_count", "1.5"),
        ("organisation,month,person_count", "A,2020-04,", "person_count", ""),
        ("organisation,month,person_count", "A,2020-04,-1", "person_count", "-1"),
        ("organisation,month,code_systems", "A,2020-04,sex", "code_systems", "sex"),
        ("organisation,month,code_systems", "A,2020-04,sex=", "code_systems", "sex="),
    ] {
        match read_text(&format!("{header}\n{row}\n")) {
            Err(IngestError::Value { line: 2, column: found, value: cell, .. }) => {
                assert_eq!((&*found, &*cell), (column, value));
            }
            other => panic!("{row}: {other:?}"),
        }
    }
    let mixed = read_text("organisation,month,person_count,channel\n").unwrap_err();
    assert!(matches!(mixed, IngestError::MixedDatasets { .. }), "{mixed}");
    let twice = read_text("organisation,month,sex,sex\n").unwrap_err();
    assert!(matches!(twice, IngestError::RepeatedColumn { .. }), "{twice}");
}

#[test]
fn remarks_hold_for_the_whole_submission() {
    let text = "organisation,month,code_systems,collected_characteristics,sex\n\
        A,2020-04,,,1\nA,2020-04,sex=fhir; channel=gpad,age;sex,2\nB,2020-04,,NONE,\nC,2020-04,,,\n";
    let parcels = read_text(text).unwrap();
    let systems: Vec<_> = parcels[0].code_systems.iter().map(|(f, s)| (&**f, &**s)).collect();
    assert_eq!(systems, [("channel", "gpad"), ("sex", "fhir")]);
    assert_eq!(parcels[0].collected, ["age", "sex"]);
    assert!(parcels[1].collected.is_empty());
    assert_eq!(parcels[2].collected, ["sex"], "the columns, where nothing is said");
    let text = "organisation,month,collection\nA,2020-04,x\nA,2020-04,\nA,2020-04,y\n";
    match read_text(text) {
        Err(IngestError::Value { line: 4, column, expected, .. }) => {
            assert_eq!(column, "collection");
            assert!(expected.contains("line 2"), "{expected}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_cannot_be_written_is_refused() {
    let record = |sex: &str, disability: &str| ConsultationRecord {
        person: Some(PersonCharacteristics {
            sex: sex.to_owned(),
            disability: vec![disability.to_owned()],
            ..PersonCharacteristics::default()
        }),
        ..ConsultationRecord::default()
    };
    for (sex, disability) in [("1 ", "01"), ("1", "01;02"), ("1", ""), ("1", " 01")] {
        let parcel = parcel(Rows::Consultations(vec![record(sex, disability)]));
        let error = own::write(Vec::new(), &[parcel]).unwrap_err();
        assert!(matches!(error, IngestError::Unwritable { .. }), "{error}");
    }
    let mixed = [parcel(Rows::Consultations(Vec::new())), parcel(Rows::Populations(Vec::new()))];
    let error = own::write(Vec::new(), &mixed).unwrap_err();
    assert!(matches!(error, IngestError::MixedDatasets { .. }), "{error}");
}

fn parcel(rows: Rows) -> Parcel {
    Parcel {
        organisation: "C82001".to_owned(),
        collection: "practice-feed".to_owned(),
        month: "2020-04".to_owned(),
        code_systems: BTreeMap::from([("sex".to_owned(), "fhir".to_owned())]),
        collected: vec!["sex".to_owned(), "age".to_owned()],
        person_key_scheme: "scheme".to_owned(),
        rows,
    }
}

/// Texts that CSV finds hard: quotes, commas, line breaks, blanks within, other alphabets.
fn text() -> impl Strategy<Value = String> {
    "[a-z0-9\",'|#é\u{4e2d}\n\r ]{0,6}".prop_map(|text| text.trim().to_owned())
}

fn codes() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec("[A-Z0-9,\"]{1,3}", 0..4)
}

prop_compose! {
    fn person()(
        texts in proptest::collection::vec(text(), 16),
        disability in codes(), inclusion_group in codes(), local_group in codes(),
        age_years in proptest::option::of(any::<i32>()),
    ) -> Option<PersonCharacteristics> {
        let mut texts = texts.into_iter();
        let mut next = || texts.next().unwrap();
        let person = PersonCharacteristics {
            age_years, disability, inclusion_group, local_group,
            age_band: next(), sex: next(), gender_identity: next(), gender_same_at_birth: next(),
            marital_status: next(), pregnancy_maternity: next(), ethnic_category: next(),
            religion: next(), sexual_orientation: next(), deprivation: next(), carer: next(),
            veteran: next(), interpreter_needed: next(), accessible_need: next(),
            digital_access: next(), main_language: next(),
        };
        (person != PersonCharacteristics::default()).then_some(person)
    }
}

prop_compose! {
    fn consultation()(
        texts in proptest::collection::vec(text(), 16),
        lead_time_days in proptest::option::of(any::<i32>()),
        record_count in proptest::option::of(any::<i64>()),
        person in person(),
    ) -> ConsultationRecord {
        let mut texts = texts.into_iter();
        let mut next = || texts.next().unwrap();
        ConsultationRecord {
            lead_time_days, record_count, person,
            date: next(), care_setting: next(), channel: next(), channel_provenance: next(),
            attendance: next(), staff_type: next(), first_or_follow_up: next(),
            lead_time_band: next(), person_key: next(), source_record_id: next(),
            residence_lsoa: next(), face_to_face_offered: next(), face_to_face_requested: next(),
            interpreter_present: next(), accessible_need_met: next(), preferred_channel: next(),
        }
    }
}

prop_compose! {
    fn population()(person_count in 0..i64::MAX, residence_lsoa in text(), person in person())
        -> PopulationRecord {
        PopulationRecord { person_count, residence_lsoa, person }
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(
        first in proptest::collection::vec(consultation(), 1..8),
        second in proptest::collection::vec(consultation(), 1..8),
        people in proptest::collection::vec(population(), 1..8),
    ) {
        let mut parcels =
            vec![parcel(Rows::Consultations(first)), parcel(Rows::Consultations(second))];
        parcels[1].month = "2020-05".to_owned();
        parcels[1].collected.clear();
        parcels[1].code_systems.clear();
        parcels[1].person_key_scheme.clear();
        for parcels in [parcels, vec![parcel(Rows::Populations(people))]] {
            let mut file = Vec::new();
            own::write(&mut file, &parcels).unwrap();
            prop_assert_eq!(read_bytes(&file, &Defaults::default()).unwrap(), parcels);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read_bytes(&bytes, &Defaults::default());
        let own = [b"organisation,month,sex\n".as_slice(), &bytes].concat();
        let _ = read_bytes(&own, &Defaults::default());
    }
}
