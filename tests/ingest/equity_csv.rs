//! The CSV of the service, read and written.

use std::collections::BTreeMap;

use equity_indicators::domain::codes::says_nothing;
use equity_indicators::domain::record::{
    ACCESS, CONSULTATION, Holds, PERSON, POPULATION, RecordField, RecordType,
};
use equity_indicators::ingest::{
    Defaults, IngestError, Lines, Records, SubmissionFile, equity_csv,
};
use equity_indicators::proto::v1::{
    ConsultationRecord, EstimateKey, EstimateRecord, EstimateSource, PersonCharacteristics,
};
use proptest::collection::vec;
use proptest::prelude::*;
use prost::Message;
use prost::encoding::{bytes, int32, int64, string};

use super::{read_bytes, read_text};

fn consultations(submission: &SubmissionFile) -> &[ConsultationRecord] {
    match &submission.rows {
        Records::Consultations(rows) => rows,
        other => panic!("{:?}", other.dataset()),
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
    let submissions = read_bytes(text.as_bytes(), &defaults).unwrap();
    assert_eq!(submissions.len(), 1);
    let submission = &submissions[0];
    assert_eq!((&*submission.organisation, &*submission.month), ("C82001", "2020-04"));
    assert_eq!((&*submission.collection, submission.rows.total()), ("practice-feed", 13));
    assert_eq!(submission.collected, ["age_band", "attendance", "channel", "disability"]);
    let rows = consultations(submission);
    assert_eq!((&*rows[0].channel, rows[0].record_count), ("01", None));
    let person = rows[0].person.as_ref().unwrap();
    assert_eq!(
        (person.age_years, &*person.disability),
        (Some(77), &["02".into(), "05".into()][..])
    );
    assert_eq!(rows[1].record_count, Some(12));
}

#[test]
fn access_records_by_their_columns() {
    let text = "organisation,month,collection,app_registered,exclusion_reason,digital_access,age_years,record_count\n\
        A,2020-04,practice-feed,Y, SKILLS ; NO_DEVICE;,WITH_HELP,79,\n\
        A,2020-04,,NOT_APPLICABLE,,,5,12\n";
    let submissions = read_text(text).unwrap();
    assert_eq!((&*submissions[0].collection, submissions[0].rows.total()), ("practice-feed", 13));
    let listed = ["age_band", "app_registered", "digital_access", "exclusion_reason"];
    assert_eq!(submissions[0].collected, listed, "a count is no code");
    let Records::Access(rows) = &submissions[0].rows else {
        panic!("{:?}", submissions[0].rows.dataset())
    };
    assert_eq!(rows[0].exclusion_reason, ["SKILLS", "NO_DEVICE"]);
    assert_eq!((&*rows[0].app_registered, rows[0].record_count), ("Y", None));
    assert_eq!(rows[0].person.as_ref().unwrap().digital_access, "WITH_HELP");
    assert_eq!((&*rows[1].app_registered, rows[1].record_count), ("NOT_APPLICABLE", Some(12)));
    // Every column that only access records have decides alone.
    for column in ["online_record", "proxy_access", "email_recorded", "support_accepted"] {
        let submissions =
            read_text(&format!("organisation,month,{column}\nA,2020-04,Y\n")).unwrap();
        assert!(matches!(submissions[0].rows, Records::Access(_)), "{column}");
    }
}

#[test]
fn estimates_with_their_source() {
    let text = "organisation,month,collection,publisher,title,edition,licence,series,not_for_targets,\
        indicator,area,period,keys,value,lower,weight,base\n\
        ONS,2018-12,ons-internet-users,Office,Users,2018,OGL,one,Y,\
        DX-12,K02000001,2018,age_band=75+; publisher:answer=It = so;,0.564,,12.5,adults\n\
        ONS,2018-12,,,,,,,,DX-12,E06000016,2018,,0.133,0.1,,\n";
    let submissions = read_text(text).unwrap();
    assert!(submissions[0].collected.is_empty());
    let Records::Estimates(source, rows) = &submissions[0].rows else { panic!("no estimates") };
    assert_eq!((&*source.publisher, &*source.edition, &*source.uri), ("Office", "2018", ""));
    assert!(source.not_for_targets);
    let keys: Vec<_> = rows[0].keys.iter().map(|k| (&*k.dimension, &*k.code)).collect();
    assert_eq!(keys, [("age_band", "75+"), ("publisher:answer", "It = so")]);
    assert_eq!((rows[0].value, rows[0].lower, rows[0].weight), (Some(0.564), None, Some(12.5)));
    assert_eq!((rows[1].value, rows[1].lower), (Some(0.133), Some(0.1)));
    for (column, cell) in [
        ("value", "NaN"),
        ("value", "inf"),
        ("value", "1e999"),
        ("value", "4 %"),
        ("keys", "age_band"),
        ("keys", "=75+"),
        ("keys", "age_band="),
        ("base_count", "1.5"),
        ("not_for_targets", "maybe"),
    ] {
        let text = format!("organisation,month,indicator,{column}\nONS,2018-12,DX-12,{cell}\n");
        match read_text(&text) {
            Err(IngestError::Value { line: 2, column: found, value, .. }) => {
                assert_eq!((&*found, &*value), (column, cell));
            }
            other => panic!("{column} {cell}: {other:?}"),
        }
    }
    // Two sources in one submission are one too many.
    let text = "organisation,month,indicator,series\nONS,2018-12,DX-12,a\nONS,2018-12,DX-12,b\n";
    assert!(matches!(read_text(text), Err(IngestError::Value { line: 3, .. })));
}

#[test]
fn columns_of_two_datasets_do_not_mix() {
    for (columns, wrong) in [
        ("app_registered,channel", "channel"),
        ("person_count,app_registered", "app_registered"),
        ("indicator,sex", "sex"),
        ("indicator,code_systems", "code_systems"),
        ("person_count,indicator", "person_count"),
        ("channel,publisher", "publisher"),
    ] {
        match read_text(&format!("organisation,month,{columns}\n")) {
            Err(IngestError::MixedDatasets { column, .. }) => assert_eq!(column, wrong),
            other => panic!("{columns}: {other:?}"),
        }
    }
}

#[test]
fn rows_in_any_order_are_grouped() {
    let text = "organisation,month,date,channel\nA,2020-04,,01\nB,2020-04,,01\nA,2020-05,,01\n\
        A,2020-04,,02\nB,,2020-04-30,03\n";
    let defaults = Defaults { collection: Some("x".to_owned()), ..Defaults::default() };
    let submissions = read_bytes(text.as_bytes(), &defaults).unwrap();
    let found: Vec<_> =
        submissions.iter().map(|p| (&*p.organisation, &*p.month, p.rows.len())).collect();
    assert_eq!(found, [("A", "2020-05", 1), ("A", "2020-04", 2), ("B", "2020-04", 2)]);
    let channels: Vec<_> = consultations(&submissions[1]).iter().map(|row| &*row.channel).collect();
    assert_eq!(channels, ["01", "02"], "the order of the file");
}

#[test]
fn unknown_columns_name_the_nearest() {
    for (wrong, right) in [
        ("chanel", "channel"),
        ("Ethnic Categori", "ethnic_category"),
        ("lsoa_residence", "residence_lsoa"),
        ("age_year", "age_years"),
        ("ETHNICITY", "ethnic_category"),
        ("Person-Counts", "person_count"),
    ] {
        match read_text(&format!("organisation,month,{wrong}\n")) {
            Err(IngestError::UnknownColumns { columns, .. }) => {
                assert_eq!(columns, [(wrong.to_owned(), Some(right))]);
            }
            other => panic!("{wrong}: {other:?}"),
        }
    }
    let far = read_text("organisation,month,zzzz\n").unwrap_err();
    assert!(
        matches!(&far, IngestError::UnknownColumns { columns, .. } if columns[0].1.is_none()),
        "{far}"
    );
}

/// A realistic extract took seven tries, one for each wrong column.
#[test]
fn everything_that_is_wrong_with_a_header_is_said_at_once() {
    let text = "organisation,month,sex,sex,chanel,person_count,zzzz,record_count,age_years,date\n";
    let error = read_text(text).unwrap_err().to_string();
    for said in [
        "unknown columns \"chanel\" (did you mean \"channel\"?), \"zzzz\"; ",
        "--sketch-map",
        "\"sex\" appears twice",
        "\"record_count\" is not a column of populations",
        "\"date\" is not a column of populations",
    ] {
        assert!(error.contains(said), "{said} is not in {error}");
    }
}

#[test]
fn every_wrong_cell_is_named_at_once() {
    let text = "organisation,month,age_years,record_count\n\
        A,2020-04,seventy,1.5\nA,2020-04\n,2020-04,5,1\nA,April,5,1\nA,2020-04,seventy,1\nA,2020-04,7,x\n";
    let error = read_text(text).unwrap_err().to_string();
    assert!(error.starts_with("3 problems:\n  line 3: the row has 2 cells"), "{error}");
    let text = text.replace("A,2020-04\n,2020", "A,2020").replace("April", "2020-04");
    let error = read_text(&text).unwrap_err().to_string();
    for said in [
        "4 problems:\n  line 2, column \"age_years\": found \"seventy\"",
        "with digits only, not too large for the column (and 1 more like it)\n  line 2, column \"record_count\"",
        "found \"x\"",
    ] {
        assert!(error.contains(said), "{said} is not in {error}");
    }
}

/// A column that happens to be called like one of ours does not make a file of another publisher ours.
#[test]
fn a_file_of_another_publisher_is_not_called_ours() {
    for (header, known) in [
        ("period_end,region_code,practice_code,supplier,field,value", vec!["value"]),
        ("month,level,code,name,region,metric,value", vec!["month", "value"]),
        ("date,place,place code,people", vec!["date"]),
        ("a,b,c", vec![]),
    ] {
        match read_text(&format!("{header}\n")) {
            Err(IngestError::UnknownFormat { known: found, .. }) => assert_eq!(found, known),
            other => panic!("{header}: {other:?}"),
        }
    }
}

#[test]
fn bad_cells_say_where() {
    for (header, row, column, value) in [
        ("organisation,date", "A,2020-0é4", "date", "2020-0é4"),
        ("organisation,month", ",2020-04", "organisation", ""),
        ("organisation,month", "A,", "month", ""),
        ("organisation,month", "A,2020-4", "month", "2020-4"),
        ("organisation,month", "A,Apr-20", "month", "Apr-20"),
        ("organisation,date", "A,é2020-04", "date", "é2020-04"),
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
fn every_coded_column_says_that_its_field_is_collected() {
    let text = "organisation,month,date,care_setting,lead_time_days,lead_time_band,record_count,person_key,\
        source_record_id,residence_lsoa,interpreter_present,age_years,age_band\n\
        A,2020-04,,,,,,,,,,,\n";
    let listed =
        ["age_band", "care_setting", "interpreter_present", "lead_time_band", "residence_lsoa"];
    assert_eq!(read_text(text).unwrap()[0].collected, listed);
    let people = "organisation,month,person_count,residence_lsoa,sex\nA,2020-04,5,,\n";
    assert_eq!(read_text(people).unwrap()[0].collected, ["residence_lsoa", "sex"]);
    let figures = "organisation,month,indicator,area,period\nA,2020-04,DX-12,QK1,2020\n";
    assert!(read_text(figures).unwrap()[0].collected.is_empty());
}

#[test]
fn what_the_caller_names_comes_to_what_has_a_column() {
    let text = "channel,attendance,sex,ethnic_category\nTELEPHONE,5,,A\nTELEPHONE,5,,\n";
    let defaults = Defaults {
        organisation: Some("C82001".into()),
        month: Some("2026-04".into()),
        collected: Some(vec!["ethnic_category".into(), "lead_time".into()]),
        ..Defaults::default()
    };
    let submissions = read_bytes(text.as_bytes(), &defaults).unwrap();
    let listed = ["attendance", "channel", "ethnic_category", "lead_time", "sex"];
    assert_eq!(submissions[0].collected, listed);
}

#[test]
fn remarks_hold_for_the_whole_submission() {
    let text = "organisation,month,code_systems,collected_characteristics,sex\n\
        A,2020-04,,,1\nA,2020-04,sex=fhir; channel=gpad,age_band;sex,2\nB,2020-04,,NONE,\nC,2020-04,,,\n";
    let submissions = read_text(text).unwrap();
    let systems: Vec<_> = submissions[0].code_systems.iter().map(|(f, s)| (&**f, &**s)).collect();
    assert_eq!(systems, [("channel", "gpad"), ("sex", "fhir")]);
    assert_eq!(submissions[0].collected, ["age_band", "sex"]);
    assert!(submissions[1].collected.is_empty());
    assert_eq!(submissions[2].collected, ["sex"], "the columns, where nothing is said");
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
        let submission = submission(Records::Consultations(vec![record(sex, disability)]));
        let error = equity_csv::write(Vec::new(), &[submission]).unwrap_err();
        assert!(matches!(error, IngestError::Unwritable { .. }), "{error}");
    }
    let pair = |dimension: &str, code: &str| {
        let (dimension, code) = (dimension.to_owned(), code.to_owned());
        vec![EstimateKey { dimension, code }]
    };
    let estimate = |keys, value| {
        let row = EstimateRecord { keys, value: Some(value), ..Default::default() };
        submission(Records::Estimates(EstimateSource::default(), vec![row]))
    };
    for unwritable in [
        estimate(pair("sex", "1;2"), 0.5),
        estimate(pair("s=x", "1"), 0.5),
        estimate(pair("sex", ""), 0.5),
        estimate(pair("sex", " 1"), 0.5),
        estimate(Vec::new(), f64::NAN),
        estimate(Vec::new(), f64::INFINITY),
    ] {
        let error = equity_csv::write(Vec::new(), &[unwritable]).unwrap_err();
        assert!(matches!(error, IngestError::Unwritable { .. }), "{error}");
    }
    let mixed = [
        submission(Records::Consultations(Vec::new())),
        submission(Records::Populations(Vec::new())),
    ];
    let error = equity_csv::write(Vec::new(), &mixed).unwrap_err();
    assert!(matches!(error, IngestError::MixedDatasets { .. }), "{error}");
}

pub(super) fn submission(rows: Records) -> SubmissionFile {
    SubmissionFile {
        source: None,
        organisation: "C82001".to_owned(),
        collection: "practice-feed".to_owned(),
        month: "2020-04".to_owned(),
        code_systems: BTreeMap::from([("sex".to_owned(), "fhir".to_owned())]),
        collected: vec!["sex".to_owned(), "age_band".to_owned()],
        person_key_scheme: "scheme".to_owned(),
        rows,
        lines: Lines::default(),
    }
}

/// Submissions as they were before they were written to a file.
fn without_lines(mut submissions: Vec<SubmissionFile>) -> Vec<SubmissionFile> {
    submissions.iter_mut().for_each(|submission| submission.lines = Lines::default());
    submissions
}

/// Texts that CSV finds hard: quotes, commas, blanks within, other alphabets. Words such as `na` are refused, and so not written.
fn text() -> impl Strategy<Value = String> {
    "[a-z0-9\",'|#é\u{4e2d}]{0,6}"
        .prop_map(|text| text.trim().to_owned())
        .prop_filter("a word for no value", |text| text.is_empty() || !says_nothing(text))
}

fn codes() -> impl Strategy<Value = Vec<String>> {
    vec("[A-Z0-9,\"]{1,3}", 0..4)
}

/// The bytes of one message, every field of its table at random.
fn message(record: &RecordType) -> BoxedStrategy<Vec<u8>> {
    let fields: Vec<BoxedStrategy<Vec<u8>>> = record.fields.iter().map(field).collect();
    fields.prop_map(|fields| fields.concat()).boxed()
}

fn field(field: &RecordField) -> BoxedStrategy<Vec<u8>> {
    let number = u32::from(field.number);
    let filled = |text: String| if text.is_empty() { vec![] } else { vec![text] };
    let given = |person: Vec<u8>| if person.is_empty() { vec![] } else { vec![person] };
    match field.holds {
        Holds::Code(_) | Holds::Date | Holds::PersonKey | Holds::SourceRecordId => {
            encoded(number, text().prop_map(filled), string::encode_repeated)
        }
        Holds::Codes(_) => encoded(number, codes(), string::encode_repeated),
        Holds::Number(_) => encoded(number, vec(any::<i32>(), 0..2), int32::encode_repeated),
        Holds::RecordCount => encoded(number, vec(any::<i64>(), 0..2), int64::encode_repeated),
        Holds::PersonCount | Holds::Numerator | Holds::Denominator => {
            encoded(number, vec(0..i64::MAX, 1), int64::encode_repeated)
        }
        // A suppressed count has no number: see below.
        Holds::Suppressed => Just(Vec::new()).boxed(),
        Holds::Person => encoded(number, message(&PERSON).prop_map(given), bytes::encode_repeated),
    }
}

/// The values of one field in bytes: none, one or several.
fn encoded<T: std::fmt::Debug + 'static>(
    number: u32,
    values: impl Strategy<Value = Vec<T>> + 'static,
    encode: fn(u32, &[T], &mut Vec<u8>),
) -> BoxedStrategy<Vec<u8>> {
    let bytes = move |values: Vec<T>| {
        let mut bytes = Vec::new();
        encode(number, &values, &mut bytes);
        bytes
    };
    values.prop_map(bytes).boxed()
}

fn records<M: Message + Default + std::fmt::Debug>(
    record: &RecordType,
) -> impl Strategy<Value = Vec<M>> {
    let record = message(record).prop_map(|bytes| M::decode(bytes.as_slice()).unwrap());
    vec(record, 1..8)
}

fn real() -> impl Strategy<Value = Option<f64>> {
    proptest::option::of(any::<f64>().prop_filter("finite", |number| number.is_finite()))
}

prop_compose! {
    fn estimate()(
        texts in vec(text(), 4),
        keys in vec(("[a-z_:]{1,6}", "[A-Z0-9,\"=’]{1,6}"), 0..3),
        value in real(), lower in real(), upper in real(), weight in real(),
        base_count in proptest::option::of(any::<i64>()), suppressed in any::<bool>(),
    ) -> EstimateRecord {
        let mut texts = texts.into_iter();
        let mut next = || texts.next().unwrap();
        let key = |(dimension, code)| EstimateKey { dimension, code };
        EstimateRecord {
            value, lower, upper, weight, base_count, suppressed,
            keys: keys.into_iter().map(key).collect(),
            indicator: next(), area: next(), period: next(), base: next(),
        }
    }
}

prop_compose! {
    fn source()(texts in vec(text(), 6), not_for_targets in any::<bool>())
        -> EstimateSource {
        let mut texts = texts.into_iter();
        let mut next = || texts.next().unwrap();
        EstimateSource {
            publisher: next(), title: next(), edition: next(), licence: next(), uri: next(),
            series: next(), not_for_targets,
        }
    }
}

proptest! {
    #[test]
    fn access_records_and_estimates_are_read_again(
        people in records(&ACCESS),
        source in source(),
        figures in vec(estimate(), 1..8),
    ) {
        let mut published = submission(Records::Estimates(source, figures));
        published.collected.clear();
        published.code_systems.clear();
        published.person_key_scheme.clear();
        for submissions in [vec![submission(Records::Access(people))], vec![published]] {
            let mut file = Vec::new();
            equity_csv::write(&mut file, &submissions).unwrap();
            prop_assert_eq!(without_lines(read_bytes(&file, &Defaults::default()).unwrap()), submissions);
        }
    }

    #[test]
    fn what_is_written_is_read_again(
        first in records(&CONSULTATION),
        second in records(&CONSULTATION),
        people in records(&POPULATION),
    ) {
        let mut submissions =
            vec![submission(Records::Consultations(first)), submission(Records::Consultations(second))];
        submissions[1].month = "2020-05".to_owned();
        submissions[1].collected.clear();
        submissions[1].code_systems.clear();
        submissions[1].person_key_scheme.clear();
        for submissions in [submissions, vec![submission(Records::Populations(people))]] {
            let mut file = Vec::new();
            equity_csv::write(&mut file, &submissions).unwrap();
            prop_assert_eq!(without_lines(read_bytes(&file, &Defaults::default()).unwrap()), submissions);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..200)) {
        let _ = read_bytes(&bytes, &Defaults::default());
        let own = [b"organisation,month,sex\n".as_slice(), &bytes].concat();
        let _ = read_bytes(&own, &Defaults::default());
    }
}
