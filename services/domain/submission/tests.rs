use std::sync::Arc;

use super::*;
use crate::domain::codes::Content;
use crate::domain::reference::Reference;

fn header() -> Header {
    let field = |name| Field::from_name(name).unwrap();
    Header {
        organisation: "C82001".into(),
        collection: "practice-feed".into(),
        dataset: Dataset::Consultations,
        month: "2020-04".parse().unwrap(),
        request_id: "r".into(),
        code_systems: BTreeMap::new(),
        collected: [field("sex"), field("age_band"), field("disability")].into(),
        person_key_scheme: "s".into(),
        source: None,
        expected_record_count: None,
        allow_partial: false,
        validate_only: false,
        allow_shrinking: false,
    }
}

fn builder(header: Header) -> Builder {
    let reference = Arc::new(Reference::new(&Content::embedded()).unwrap());
    Builder::new(reference, header, Keyer::new(&[7; 32]), 1000)
}

fn row(builder: &mut Builder, fields: &[(&str, &str)]) {
    builder.begin_row();
    for (name, code) in fields {
        match *name {
            "age_band" => builder.age(Some(code.parse().unwrap()), ""),
            "date" => builder.date(code),
            "weight" => builder.weight("record_count", Some(code.parse().unwrap()), 1),
            "person" => builder.person(code),
            "source" => builder.source_record(code),
            "disability" => {
                builder.codes(
                    Field::Disability,
                    &code.split(';').map(str::to_owned).collect::<Vec<_>>(),
                );
            }
            name => builder.code(Field::from_name(name).unwrap(), code),
        }
    }
    builder.end_row(|| format!("{fields:?}").into_bytes());
}

fn words(draft: &Draft, name: &str) -> Vec<String> {
    let column = draft.columns.iter().find(|column| column.field.name() == name).unwrap();
    let rows = usize::try_from(draft.accepted_count).unwrap();
    (0..rows).map(|row| column.values[usize::from(column.packed.index(row))].clone()).collect()
}

#[test]
fn absent_values_are_not_recorded_if_collected_and_have_no_column_if_not() {
    let mut builder = builder(header());
    row(&mut builder, &[("channel", "FACE_TO_FACE")]);
    row(&mut builder, &[("channel", "TELEPHONE"), ("sex", "2"), ("age_band", "77")]);
    let draft = builder.finish();
    assert_eq!(words(&draft, "channel"), ["FACE_TO_FACE", "TELEPHONE"]);
    assert_eq!(words(&draft, "sex"), ["!NOT_RECORDED", "2"]);
    assert_eq!(words(&draft, "age_band"), ["!NOT_RECORDED", "#77"]);
    assert_eq!(words(&draft, "disability"), ["!NOT_RECORDED", "!NOT_RECORDED"]);
    assert_eq!(words(&draft, "care_setting"), ["PRIMARY_CARE", "PRIMARY_CARE"]);
    assert!(!draft.columns.iter().any(|column| column.field.name() == "religion"));
}

#[test]
fn sets_are_sorted_and_a_state_stands_alone() {
    let mut builder = builder(header());
    row(&mut builder, &[("disability", "09;02;09")]);
    row(&mut builder, &[("disability", "NN")]);
    row(&mut builder, &[("disability", "ZZ")]);
    row(&mut builder, &[("disability", "NN;02")]);
    let draft = builder.finish();
    assert_eq!(words(&draft, "disability"), ["02;09", "!NONE", "!NOT_STATED"]);
    assert_eq!(draft.problems[0].field, "person.disability");
    assert_eq!(draft.problems[0].row_index, 3);
}

#[test]
fn every_problem_names_row_and_field_and_leaves_nothing() {
    let bad: &[(&str, &str, &str)] = &[
        ("channel", "99x", "channel"),
        ("care_setting", "MENTAL_HEALTH", "care_setting"),
        ("sex", "woman", "person.sex"),
        ("religion", "A", "person.religion"),
        ("age_band", "131", "person.age_years"),
        ("age_band", "-1", "person.age_years"),
        ("date", "2020-05-01", "date"),
        ("date", "2020-04-31", "date"),
        ("date", "2020-04-1", "date"),
        ("date", "April", "date"),
        ("weight", "0", "record_count"),
        ("weight", "-3", "record_count"),
        ("weight", "1001", "record_count"),
        ("source", "x", "source_record_id"),
    ];
    for (name, value, path) in bad {
        let mut builder = builder(header());
        row(&mut builder, &[("channel", "TELEPHONE"), ("source", "x")]);
        row(&mut builder, &[("sex", "1"), (name, value), ("age_band", "5")]);
        row(&mut builder, &[("channel", "VIDEO")]);
        let draft = builder.finish();
        let problem = &draft.problems[0];
        assert_eq!((problem.row_index, problem.field.as_str()), (1, *path), "{name}={value}");
        assert!(!problem.expected.is_empty());
        assert_eq!((draft.accepted_count, draft.rejected_count), (2, 1));
        assert_eq!(words(&draft, "channel"), ["TELEPHONE", "VIDEO"]);
        assert_eq!(words(&draft, "sex"), ["!NOT_RECORDED", "!NOT_RECORDED"], "{name}");
    }
}

#[test]
fn the_hash_tells_content_apart_and_nothing_else() {
    let hash = |rows: &[&[(&str, &str)]], change: &dyn Fn(&mut Header)| {
        let mut header = header();
        change(&mut header);
        let mut builder = builder(header);
        rows.iter().for_each(|fields| row(&mut builder, fields));
        builder.finish().content_hash
    };
    let same = |_: &mut Header| {};
    let a: &[(&str, &str)] = &[("sex", "1")];
    let b: &[(&str, &str)] = &[("sex", "2"), ("person", "p")];
    let first = hash(&[a, b], &same);
    assert_eq!(first, hash(&[a, b], &|h| h.request_id = "other".into()));
    assert_ne!(first, hash(&[b, a], &same));
    assert_ne!(first, hash(&[a], &same));
    assert_ne!(first, hash(&[a, b, a], &same));
    assert_ne!(first, hash(&[a, b], &|h| h.month = "2020-05".parse().unwrap()));
    assert_ne!(first, hash(&[a, b], &|h| h.organisation = "C82002".into()));
    assert_ne!(first, hash(&[a, b], &|h| h.person_key_scheme = "t".into()));
    assert_ne!(first, hash(&[a, &[("sex", "2"), ("person", "q")]], &same));
    assert_ne!(first, hash(&[a, &[("sex", "2"), ("weight", "2")]], &same));
    // A row left out is content too.
    assert_ne!(first, hash(&[a, b, &[("sex", "x")]], &same));
    assert_ne!(hash(&[a, b, &[("sex", "y")]], &same), hash(&[a, b, &[("sex", "x")]], &same));
}

#[test]
fn deprivation_follows_from_the_home_in_its_edition() {
    let system = |edition: usize| {
        let mut header = header();
        header.code_systems.insert(Field::ResidenceLsoa, edition);
        let mut builder = builder(header);
        row(&mut builder, &[("residence_lsoa", "E01013600")]);
        row(&mut builder, &[("residence_lsoa", "E01999999")]);
        row(&mut builder, &[("sex", "1")]);
        builder.finish()
    };
    assert_eq!(words(&system(0), "deprivation")[0], "imd_2025:1");
    assert_eq!(words(&system(1), "deprivation")[0], "imd_2019:1");
    assert_eq!(words(&system(0), "residence_lsoa")[1], "OUTSIDE");
    assert_eq!(words(&system(0), "deprivation")[1..], ["!NOT_KNOWN", "!NOT_RECORDED"]);
}

#[test]
fn many_values_widen_the_column() {
    let mut header = header();
    header.code_systems.insert(Field::ResidenceLsoa, 1);
    let mut builder = builder(header);
    for row_number in 0..700 {
        let code = format!("E01{:06}", 13600 + row_number % 600);
        row(
            &mut builder,
            &[("residence_lsoa", &code), ("age_band", &(row_number % 100).to_string())],
        );
    }
    let draft = builder.finish();
    assert_eq!(draft.rejected_count, 0);
    assert_eq!(words(&draft, "age_band")[699], "#99");
}

#[test]
fn a_row_that_is_left_out_makes_nothing_collected() {
    let mut builder = builder(header());
    row(&mut builder, &[("channel", "TELEPHONE")]);
    // Not listed as collected, and no code: both rows are left out.
    row(&mut builder, &[("religion", "A"), ("staff_type", "GP")]);
    row(&mut builder, &[("first_or_follow_up", "neither"), ("residence_lsoa", "E01013600")]);
    let draft = builder.finish();
    assert_eq!((draft.accepted_count, draft.rejected_count), (1, 2));
    let names: Vec<_> = draft.columns.iter().map(|column| column.field.name()).collect();
    assert_eq!(names, ["care_setting", "channel", "age_band", "sex", "disability"]);
}

#[test]
fn a_band_that_looks_like_a_number_is_not_one() {
    for numbers_first in [true, false] {
        let mut builder = builder(header());
        let mut take = |number: bool| {
            builder.begin_row();
            if number {
                builder.age(Some(77), "");
            } else {
                builder.age(None, "#77");
            }
            builder.end_row(Vec::new);
        };
        take(numbers_first);
        take(!numbers_first);
        let draft = builder.finish();
        assert_eq!((draft.accepted_count, draft.rejected_count), (1, 1), "{numbers_first}");
        assert_eq!(words(&draft, "age_band"), ["#77"]);
        assert_eq!(draft.problems[0].row_index, u64::from(numbers_first));
    }
}

#[test]
fn deprivation_is_derived_however_many_homes_there_are() {
    let mut header = header();
    header.collected.insert(Field::Deprivation);
    let mut builder = builder(header);
    row(&mut builder, &[("deprivation", "3"), ("residence_lsoa", "E01013600")]);
    for home in 0..65_533 {
        row(&mut builder, &[("residence_lsoa", &format!("W01{home:06}"))]);
    }
    row(&mut builder, &[("residence_lsoa", "E01013601")]);
    let draft = builder.finish();
    assert_eq!((draft.accepted_count, draft.rejected_count), (65_535, 0));
    let words = words(&draft, "deprivation");
    assert_eq!((words[0].as_str(), words[65_533].as_str()), ("imd_2025:3", "!NOT_KNOWN"));
    assert_eq!(words[65_534], "imd_2025:1", "the last of 65,535 different homes");
}

#[test]
fn what_is_collected_does_not_follow_from_the_rows() {
    let columns = |collected: &[Field], filled: bool| {
        let mut header = header();
        header.collected.extend(collected);
        let mut builder = builder(header);
        row(&mut builder, &[("sex", "1")]);
        if filled {
            row(&mut builder, &[("channel", "VIDEO"), ("residence_lsoa", "E01013600")]);
        }
        builder.finish()
    };
    let listed = [Field::Channel, Field::ResidenceLsoa, Field::CareSetting];
    for filled in [false, true] {
        let draft = columns(&listed, filled);
        assert_eq!(words(&draft, "channel")[0], "!NOT_RECORDED", "{filled}");
        assert_eq!(words(&draft, "residence_lsoa")[0], "!NOT_RECORDED", "{filled}");
        assert_eq!(words(&draft, "deprivation")[0], "!NOT_RECORDED", "{filled}");
        assert_eq!(words(&draft, "care_setting")[0], "PRIMARY_CARE", "{filled}");
    }
    let has = |draft: &Draft, field| draft.columns.iter().any(|column| column.field == field);
    assert!(!has(&columns(&[], false), Field::Channel));
    assert!(has(&columns(&[], true), Field::Channel), "given by a row, and no problem");
}

#[test]
fn wrong_codes_take_no_room_from_good_ones() {
    let mut builder = builder(Header { allow_partial: true, ..header() });
    for number in 0..70_000 {
        row(&mut builder, &[("channel", &format!("PIGEON_{number}"))]);
    }
    row(&mut builder, &[("channel", "VIDEO")]);
    row(&mut builder, &[("sex", "Femal")]);
    let mut draft = builder.finish();
    assert_eq!((draft.accepted_count, draft.rejected_count), (1, 70_001));
    assert_eq!(words(&draft, "channel"), ["VIDEO"]);
    let other = draft.problems.pop().unwrap();
    assert_eq!((other.field.as_str(), other.nearest.as_str()), ("person.sex", "2"), "not hidden");
    assert_eq!(draft.problems.len(), Draft::PROBLEMS);
    let last = &draft.problems[Draft::PROBLEMS - 1];
    assert_eq!((last.row_index, last.value.as_str()), (999, "PIGEON_999"));
    assert!(last.expected.contains("equity_channel"), "{last:?}");
}

#[test]
fn each_dataset_has_fields_of_its_own() {
    use Dataset::{Consultations, DigitalAccess, Estimates, Populations};
    for (field, datasets) in [
        (Field::Day, vec![]),
        (Field::OnlineAny, vec![]),
        (Field::Channel, vec![Consultations]),
        (Field::InterpreterPresent, vec![Consultations]),
        (Field::PreferredChannel, vec![Consultations, DigitalAccess]),
        (Field::ResidenceLsoa, vec![Consultations, Populations, DigitalAccess]),
        (Field::Sex, vec![Consultations, Populations, DigitalAccess]),
        (Field::MainLanguage, vec![Consultations, Populations, DigitalAccess]),
        (Field::OnlineAppointments, vec![DigitalAccess]),
        (Field::SupportAccepted, vec![DigitalAccess]),
    ] {
        let all = [Consultations, Populations, DigitalAccess, Estimates];
        let found: Vec<_> = all.into_iter().filter(|d| field.is_collected_in(*d)).collect();
        assert_eq!(found, datasets, "{field:?}");
    }
}

#[test]
fn rows_without_a_value_are_no_rows() {
    let mut builder = builder(header());
    row(&mut builder, &[("channel", "VIDEO"), ("sex", "1")]);
    row(&mut builder, &[]);
    row(&mut builder, &[("channel", " "), ("person", "\u{a0}"), ("date", ""), ("disability", " ")]);
    row(&mut builder, &[("channel", "VIDEO"), ("age_band", "5")]);
    row(&mut builder, &[("weight", "5")]);
    assert_eq!((builder.rows_seen(), builder.blank_rows()), (5, 2));
    let draft = builder.finish();
    assert_eq!((draft.accepted_count, draft.rejected_count, draft.blank_count), (3, 0, 2));
    assert_eq!(
        draft.total_count, 7,
        "five consultations of which nothing is known are consultations"
    );
    assert_eq!(words(&draft, "age_band"), ["!NOT_RECORDED", "#5", "!NOT_RECORDED"]);
}

#[test]
fn words_for_nothing_are_no_keys_and_every_field_says_what_to_do() {
    for word in ["NA", "NULL", "nan", "#N/A", "None", "-", " na ", "n/a"] {
        for (name, path) in [
            ("person", "person_key"),
            ("source", "source_record_id"),
            ("channel", "channel"),
            ("date", "date"),
            ("sex", "person.sex"),
            ("disability", "person.disability"),
        ] {
            let mut builder = builder(header());
            row(&mut builder, &[("age_band", "5"), (name, word)]);
            let draft = builder.finish();
            let problem = &draft.problems[0];
            assert_eq!(problem.field, path, "{word}");
            let advice = "leave the cell empty where nothing is recorded";
            assert!(problem.expected.contains(advice), "{path} {word}: {}", problem.expected);
        }
    }
}

#[test]
fn forms_of_one_meaning_are_read_and_counted() {
    let mut builder = builder(header());
    row(&mut builder, &[("channel", "telephone"), ("sex", "F"), ("person", "p1 ")]);
    row(&mut builder, &[("channel", "TELEPHONE"), ("sex", "2 "), ("person", "p1")]);
    row(&mut builder, &[("channel", "face-to-face"), ("sex", "m"), ("date", "01/04/2020")]);
    row(&mut builder, &[("channel", "Telephone"), ("date", "2020-04-02 00:00:00")]);
    row(&mut builder, &[("channel", "telephone"), ("interpreter_needed", "Yes")]);
    row(&mut builder, &[("disability", " 02;NN"), ("person", "p2 ")]);
    let draft = builder.finish();
    assert_eq!((draft.accepted_count, draft.rejected_count), (4, 2), "{:?}", draft.problems);
    assert_eq!(words(&draft, "channel"), ["TELEPHONE", "TELEPHONE", "FACE_TO_FACE", "TELEPHONE"]);
    assert_eq!(words(&draft, "sex"), ["2", "2", "1", "!NOT_RECORDED"]);
    assert_eq!(words(&draft, "date"), ["!NOT_RECORDED", "!NOT_RECORDED", "#1", "#2"]);
    let persons = draft.persons.as_ref().unwrap();
    assert_eq!(persons.number(0), persons.number(1), "blanks make no other person");
    let read: Vec<_> = draft
        .readings
        .iter()
        .map(|r| (r.field.as_str(), r.value.as_str(), r.read_as.as_str(), r.count))
        .collect();
    assert_eq!(
        read,
        [
            ("channel", "Telephone", "TELEPHONE", 1),
            ("channel", "face-to-face", "FACE_TO_FACE", 1),
            ("channel", "telephone", "TELEPHONE", 1),
            ("date", "01/04/2020", "2020-04-01", 1),
            ("date", "2020-04-02 00:00:00", "2020-04-02", 1),
            ("person.sex", "2 ", "2", 1),
            ("person.sex", "F", "2", 1),
            ("person.sex", "m", "1", 1),
            ("person_key", "", "", 1),
        ]
    );
}

#[test]
fn a_code_of_another_edition_is_a_problem_that_names_the_edition() {
    // Leicester's small areas: the first was split in 2021, the second was made then, the third is nobody's here.
    for (name, system, code, names) in [
        ("residence_lsoa", "lsoa_2021", "E01013607", Some("lsoa_2011")),
        ("residence_lsoa", "lsoa_2011", "E01034010", Some("lsoa_2021")),
        ("residence_lsoa", "lsoa_2021", "E01000001", None),
        ("ethnic_category", "ethnic_category_2001", "EZ", None),
        ("ethnic_category", "ethnic_category_2001", "E1", Some("ethnic_group_2021")),
        ("ethnic_category", "ethnic_category_2001", "E9", Some("ethnic_group_2021")),
        ("ethnic_category", "ethnic_category_2001", "E13", Some("ethnic_group_2021")),
        ("ethnic_category", "ethnic_category_2001", "C2", None),
        ("ethnic_category", "ethnic_group_2021", "A", Some("ethnic_category_2001")),
        ("deprivation", "imd_2025", "imd_2019:3", Some("imd_2019")),
        ("deprivation", "imd_2019", "imd_2025:q3", Some("imd_2025_quintile")),
        ("deprivation", "imd_2019_quintile", "9", Some("imd_2019")),
        ("channel", "consultation_medium_used", "11", Some("consultation_mechanism")),
    ] {
        let field = Field::from_name(name).unwrap();
        let mut header = header();
        let reference = Reference::new(&Content::embedded()).unwrap();
        let place = reference.list_of(field).unwrap().system(system).unwrap();
        header.code_systems.insert(field, place);
        header.collected.insert(field);
        let mut builder = builder(header);
        row(&mut builder, &[(name, code)]);
        let draft = builder.finish();
        match names {
            None => assert_eq!(draft.accepted_count, 1, "{code}: {:?}", draft.problems),
            Some(edition) => {
                let expected = &draft.problems[0].expected;
                assert!(expected.contains(&format!("`{edition}`")), "{code}: {expected}");
                assert_eq!(draft.problems[0].nearest, "", "{code}");
            }
        }
    }
}

#[test]
fn a_lost_zero_is_found_again() {
    let field = Field::Channel;
    let mut header = header();
    header.code_systems.insert(field, 1);
    let mut builder = builder(header);
    row(&mut builder, &[("channel", "1")]);
    let problem = &builder.finish().problems[0];
    assert_eq!(problem.nearest, "01", "{}", problem.expected);
}

fn counts_of(rows: &[(&str, &str, i64, i64)]) -> Draft {
    let mut builder = builder(Header {
        dataset: Dataset::IndicatorCounts,
        person_key_scheme: String::new(),
        ..header()
    });
    for (indicator, sex, numerator, denominator) in rows {
        builder.begin_row();
        builder.code(Field::Indicator, indicator);
        builder.code(Field::Sex, sex);
        builder.counts(*numerator, *denominator);
        builder.end_row(Vec::new);
    }
    builder.finish()
}

#[test]
fn a_count_is_a_record_of_the_numerator_and_one_of_the_rest() {
    let draft = counts_of(&[("C20-SMI", "1", 3, 10), ("C20-SMI", "", 0, 4), ("FSL", "2", 0, 0)]);
    assert_eq!(draft.problems, []);
    assert_eq!(
        words(&draft, "indicator"),
        ["C20-SMI", "C20-SMI", "C20-SMI", "C20-SMI", "FSL", "FSL"]
    );
    assert_eq!(words(&draft, "in_numerator"), ["Y", "N", "Y", "N", "Y", "N"]);
    assert_eq!(words(&draft, "sex"), ["1", "1", "!NOT_RECORDED", "!NOT_RECORDED", "2", "2"]);
    let weights: Vec<_> = (0..6).map(|row| draft.weights.index(row)).collect();
    assert_eq!(weights, [3, 7, 0, 4, 0, 0]);
    assert_eq!((Dataset::IndicatorCounts.rows(draft.accepted_count), draft.total_count), (3, 14));
}

#[test]
fn counts_that_cannot_be_are_refused_by_name() {
    for (row, field, expected, nearest) in [
        (("C20-SMI", "1", 11, 10), "numerator_count", "0 to the `denominator_count`, 10", ""),
        (("C20-SMI", "1", -1, 10), "numerator_count", "0 to the `denominator_count`, 10", ""),
        (("C20-SMI", "1", 0, -1), "denominator_count", "a whole number from 0", ""),
        (("C20-SMJ", "1", 1, 10), "indicator", "", "C20-SMI"),
        (("DX-06", "1", 1, 10), "indicator", "", ""),
        (("", "1", 1, 10), "indicator", "the id of an indicator", ""),
    ] {
        let draft = counts_of(&[("FSL", "2", 1, 2), row]);
        let [problem] = draft.problems.as_slice() else { panic!("{row:?}: {:?}", draft.problems) };
        assert_eq!((problem.row_index, problem.field.as_str()), (1, field), "{row:?}");
        assert!(problem.expected.contains(expected), "{row:?}: {problem:?}");
        assert!(nearest.is_empty() || problem.nearest == nearest, "{row:?}: {problem:?}");
        assert_eq!((draft.accepted_count, draft.rejected_count, draft.total_count), (2, 1, 2));
        assert_eq!(words(&draft, "sex"), ["2", "2"]);
    }
}
