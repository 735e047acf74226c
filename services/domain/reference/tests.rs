use super::*;
use crate::domain::codes::{Content, Mapped};
use crate::domain::period::Month;

fn reference() -> Reference {
    Reference::new(&Content::embedded()).unwrap()
}

#[test]
fn every_coded_field_can_be_asked_about() {
    let reference = reference();
    for field in Field::all().filter(|field| field.list().is_some()) {
        let of = |id: &str| reference.dimension_or_count(id).map(|of| &of.source);
        let of_count = || of(field.name()) == Some(&Source::Field(field));
        let mut all = reference.dimensions().iter();
        let found = all.any(|d| d.source == Source::Field(field)) || of_count();
        assert!(found, "{} has no dimension", field.name());
    }
}

#[test]
fn every_value_has_a_place_in_every_dimension_of_its_field() {
    let reference = reference();
    for dimension in reference.dimensions() {
        let Some(list) = dimension.field().and_then(|field| reference.list_of(field)) else {
            continue;
        };
        for category in &list.categories {
            let value = Value::Codes(vec![category.code.clone()]);
            let places = reference.places(dimension, &value);
            let expected = if dimension.overlapping() { 2 } else { 1 };
            assert_eq!(places.len(), expected, "{} {}", dimension.id, category.code);
        }
    }
}

#[test]
fn ambiguous_ethnic_categories_stay_ambiguous() {
    let reference = reference();
    let place = |dimension: &str, code: &str| {
        let dimension = reference.dimension(dimension).unwrap();
        let place = reference.places(dimension, &Value::Codes(vec![code.into()]))[0];
        dimension.categories.get(place).map_or("COARSER", |(code, _)| code.as_str()).to_owned()
    };
    assert_eq!(place("ethnic_category", "E17"), "C");
    assert_eq!(place("ethnic_category", "E2"), "R");
    assert_eq!(place("ethnic_group_2021", "A"), "E13");
    assert_eq!(place("ethnic_group_2021", "C"), "COARSER");
    assert_eq!(place("ethnic_group_2021", "S"), "COARSER");
    assert_eq!(place("ethnic_category", "white"), "COARSER");
    assert_ne!(place("ethnic_group_broad", "R"), place("ethnic_group_broad_2001", "R"));
}

#[test]
fn ages_and_deprivation_roll_up() {
    let reference = reference();
    let code = |dimension: &str, value: Value| {
        let dimension = reference.dimension(dimension).unwrap();
        let place = reference.places(dimension, &value)[0];
        dimension.categories.get(place).map(|(code, _)| code.clone())
    };
    assert_eq!(code("age_band", Value::Number(75)).unwrap(), "75+");
    assert_eq!(code("age_band", Value::Number(130)).unwrap(), "75+");
    assert_eq!(code("age_band", Value::Codes(vec!["65+".into()])), None);
    assert_eq!(code("age_first_years", Value::Number(2)).unwrap(), "0-2");
    assert_eq!(code("age_first_years", Value::Number(3)).unwrap(), "3-15");
    assert_eq!(code("age_first_years", Value::Codes(vec!["0-4".into()])), None);
    assert_eq!(code("age_16", Value::Codes(vec!["65+".into()])).unwrap(), "16+");
    assert_eq!(code("age_16", Value::Number(15)).unwrap(), "0-15");
    assert_eq!(code("age_broad", Value::Codes(vec!["75+".into()])).unwrap(), "65+");
    assert_eq!(
        code("imd2019_quintile", Value::Codes(vec!["imd_2019:10".into()])).unwrap(),
        "imd_2019:q5"
    );
    assert_eq!(code("imd2019_decile", Value::Codes(vec!["imd_2025:1".into()])), None);
    assert_eq!(code("core20", Value::Codes(vec!["imd_2025:2".into()])).unwrap(), "core20");
    assert_eq!(code("core20", Value::Codes(vec!["imd_2019:3".into()])).unwrap(), "not_core20");
}

#[test]
fn homes_are_held_by_their_places() {
    let reference = reference();
    let list = reference.list("residence_lsoa").unwrap();
    let Mapped::Value(home) = list.map(0, "E01013600") else { panic!("a Leicester area") };
    let place = |id: &str| {
        let dimension = reference.dimension(id).unwrap();
        dimension.categories[reference.places(dimension, &home)[0]].0.clone()
    };
    assert_eq!(place("residence_place"), "E06000016");
    assert_eq!(place("residence_district"), "E06000016");
    assert_eq!(place("residence_system"), "QK1");
    // Each in its own system: Cumberland lies in two.
    for (home, system) in [("E01019305", "QHM"), ("E01019253", "QHM"), ("E01019283", "QE1")] {
        let Mapped::Value(home) = list.map(0, home) else { panic!("{home}") };
        let dimension = reference.dimension("residence_system").unwrap();
        assert_eq!(dimension.categories[reference.places(dimension, &home)[0]].0, system);
    }
    assert_eq!(
        reference.deprivation_of("lsoa_2019", "E01013600"),
        None,
        "an edition that is none has no deprivation"
    );
    assert_eq!(reference.deprivation_of("lsoa_2011", "E01013600").unwrap().to_text(), "imd_2019:1");
}

#[test]
fn every_list_has_a_version() {
    let reference = reference();
    let without: Vec<_> = reference.lists().filter(|list| list.version.is_empty()).collect();
    assert!(without.is_empty(), "{without:?}");
}

#[test]
fn a_setting_is_answered_from_what_its_organisations_submit() {
    let reference = reference();
    let of = |setting: &str, organisations: &[&str]| {
        let codes: Vec<_> = organisations.iter().map(|code| (*code).to_owned()).collect();
        reference
            .default_collection(setting, &reference.named(&codes))
            .map(|found| found.id.as_str())
    };
    assert_eq!(of("PRIMARY_CARE", &["C82010"]), Some("practice-feed"));
    assert_eq!(of("PRIMARY_CARE", &["03W", "C82010"]), Some("gpad-regional"));
    assert_eq!(of("PRIMARY_CARE", &["RWE"]), Some("gpad-regional"), "the first where none fits");
    assert_eq!(of("COMMUNITY", &["04C"]), Some("csds"));
    assert_eq!(of("COSMETICS", &["04C"]), None);
}

#[test]
fn the_order_of_the_file_decides_between_defaults() {
    let content = Content::embedded();
    let collections = content.file("collections.toml").unwrap();
    let (start, rest) = collections.split_once("[[collection]]").unwrap();
    let (first, rest) = rest.split_once("[[collection]]").unwrap();
    assert!(first.contains("gpad-regional"));
    let last = format!("{start}[[collection]]{rest}[[collection]]{first}");
    let content = Content::with([("collections.toml".to_owned(), last)]);
    let reference = Reference::new(&content).unwrap();
    let trust = reference.named(&["RWE".to_owned()]);
    let found = reference.default_collection("PRIMARY_CARE", &trust).unwrap();
    assert_eq!(found.id, "practice-feed");
}

#[test]
fn a_category_more_needs_no_code() {
    let embedded = Content::embedded();
    let list = embedded.file("codes/local_group.toml").unwrap();
    let longer = list.replacen(
        "categories = [",
        "categories = [\n{ code = \"CANAL\", label = \"Boaters\" },",
        1,
    );
    let longer = longer.replacen("codes = [", "codes = [\n[\"CANAL\", \"Boaters\", \"CANAL\"],", 1);
    let content = Content::with([("codes/local_group.toml".to_owned(), longer)]);
    let reference = Reference::new(&content).unwrap();
    assert!(reference.list("local_group").unwrap().category("CANAL").is_some());
}

#[test]
fn no_collection_asks_snapshots_that_its_answers_may_not_stand_on() {
    let embedded = Content::embedded();
    let file = "collections.toml";
    let with = |of: &str, access: &str| {
        let text = embedded.file(file).unwrap();
        let (before, after) = text.split_once(&format!("id = \"{of}\"\n")).unwrap();
        let (own, others) = after.split_once("[[collection]]").unwrap();
        let own: String = (own.lines().filter(|line| !line.starts_with("access_collection")))
            .map(|line| format!("{line}\n"))
            .collect();
        let changed = format!(
            "{before}id = \"{of}\"\naccess_collection = \"{access}\"\n{own}[[collection]]{others}"
        );
        Reference::new(&Content::with([(file.to_owned(), changed)]))
    };
    for (of, access, why) in [
        ("synthetic-llr", "practice-feed", "never meet"),
        ("practice-feed", "synthetic-llr", "never meet"),
        ("gpad-regional", "practice-feed", "open to everybody"),
        ("practice-feed", "cds", "takes no access records"),
        ("practice-feed", "nowhere", "is missing"),
    ] {
        let error = with(of, access).unwrap_err().to_string();
        assert!(error.contains(why) && error.contains(access), "{error}");
    }
    assert!(with("cds", "practice-feed").is_ok());
    assert!(with("synthetic-llr", "synthetic-llr").is_ok());
}

#[test]
fn a_local_second_character_of_an_ethnic_category_is_passed_over() {
    let reference = reference();
    let list = reference.list("ethnicity").unwrap();
    let value = |system: &str, code: &str| {
        list.value(list.system(system).unwrap(), code).map(|value| value.to_text())
    };
    for (code, expected) in [
        ("A1", Some("A")),
        ("CX", Some("C")),
        ("SZ", Some("S")),
        ("Z1", Some("!NOT_STATED")),
        ("99", Some("!NOT_KNOWN")),
        ("9X", None),
        ("T1", None),
        ("A12", None),
        ("A ", None),
        ("a1", None),
        ("A\u{e9}", None),
        ("\u{e9}1", None),
    ] {
        assert_eq!(value("ethnic_category_2001", code).as_deref(), expected, "{code}");
    }
    assert_eq!(value("gdppr_ethnicity", "A1"), None, "one character in this one");
    assert_eq!(value("ukcore_ethnic_category", "CL").as_deref(), Some("E15"), "a code of its own");
}

/// What partners write instead of codes: it is taken as what it means, or the right code is suggested, or none.
#[test]
fn words_of_partners_are_taken_or_lead_to_the_right_code_or_to_none() {
    let reference = Reference::new(&Content::embedded()).unwrap();
    let of = |field: &str, system: &str, given: &str| {
        let list = reference.list_of(Field::from_name(field).unwrap()).unwrap();
        let system = if system.is_empty() { 0 } else { list.system(system).unwrap() };
        match list.map(system, given) {
            Mapped::Value(value) => value.to_text(),
            Mapped::Unknown { nearest, .. } => format!("{}?", nearest.unwrap_or_default()),
        }
    };
    for (field, system, given, found) in [
        ("ethnic_category", "", "Indian", "H?"),
        ("ethnic_category", "", "Chinese", "R?"),
        ("ethnic_category", "", "African", "N?"),
        ("ethnic_category", "", "White British", "A"),
        ("ethnic_category", "", " white - BRITISH ", "A"),
        ("ethnic_category", "", "White", "?"),
        ("ethnic_category", "", "Asian", "?"),
        ("ethnic_category", "", "ZZZ", "?"),
        ("ethnic_category", "ethnic_group_2021", "Indian", "3?"),
        ("ethnic_category", "ethnic_group_2021", "Asian: Indian", "E3"),
        ("religion", "", "Muslim", "G"),
        ("religion", "", "None", "?"),
        ("age_band", "", "85 and over", "85+"),
        ("age_band", "", "85 to 89", "85-89"),
        ("age_band", "", "05-Sep", "?"),
        ("age_band", "", "#77", "77?"),
        ("age_band", "", "131", "?"),
        ("age_band", "", "18 - 24", "18-24"),
        ("age_band", "", "18–24", "18-24"),
        ("age_band", "", "Unknown", "!NOT_KNOWN"),
        ("attendance", "", "Seen", "?"),
        ("attendance", "equity_attendance", "arrived", "?"),
        ("sexual_orientation", "", "Gay", "2?"),
        ("channel", "", "Face to face", "FACE_TO_FACE"),
        ("channel", "", "Phone", "TELEPHONE"),
        ("channel", "", "1", "?"),
        ("channel", "consultation_medium_used", "1", "01?"),
        ("channel", "consultation_medium_used", "99", "?"),
        ("sex", "", "Male", "1"),
        ("sex", "", "X1", "?"),
        ("sex", "", "Unknown", "!NOT_KNOWN"),
        ("disability", "", "Hearing", "02"),
    ] {
        assert_eq!(of(field, system, given), found, "{field} {system}: {given}");
    }
    let channel = reference.list("channel").unwrap();
    let Mapped::Unknown { expected, .. } = channel.map(0, "1") else { panic!("1 is no channel") };
    assert!(expected.contains("`1` is one of `first_attendance`"), "{expected}");
    assert!(expected.contains("`01` is one of `consultation_medium_used`"), "{expected}");
}

/// No label is read as the code of another category, in any list or code system.
#[test]
fn every_label_is_read_as_its_own_code_or_not_at_all() {
    let reference = Reference::new(&Content::embedded()).unwrap();
    for list in reference.lists() {
        for (place, system) in list.systems.iter().enumerate() {
            for (code, label, target) in &system.codes {
                let as_label = list.value(place, label).map(|value| value.to_text());
                let own = as_label.is_none_or(|found| found == *target);
                assert!(
                    own || system.codes.iter().any(|(other, _, _)| other == label),
                    "{code}: {label}"
                );
            }
        }
    }
}

#[test]
fn the_nearest_names_are_near() {
    let reference = Reference::new(&Content::embedded()).unwrap();
    for (given, found) in [
        ("age", Some("age_band")),
        ("ethnicity", Some("ethnic_category")),
        ("Sexx", Some("sex")),
        ("gender", None),
        ("shoe_size", None),
    ] {
        assert_eq!(reference.nearest_dimension(given), found, "{given}");
    }
    for (given, found) in [
        ("qk1", Some("QK1")),
        ("QK2", None),
        ("99Z", None),
        ("Leicester", Some("E06000016")),
        ("E0600016", Some("E06000016")),
        ("E06000099", None),
    ] {
        assert_eq!(reference.nearest_area(given), found, "{given}");
    }
    for (given, found) in
        [("c82001", Some("C82001")), ("99Z", None), ("04X", None), ("C820O1", Some("C82001"))]
    {
        assert_eq!(reference.nearest_organisation(given), found, "{given}");
    }
    assert_eq!(reference.nearest_indicator("DX-1"), Some("DX-01"));
}

#[test]
fn organisations_have_months_and_successors() {
    let file = "organisations.csv";
    let text = Content::embedded().file(file).unwrap().to_owned();
    let with = |months: &str| {
        let changed = text.replacen("QK1,,,\n", &format!("QK1,{months}\n"), 1);
        Reference::new(&Content::with([(file.to_owned(), changed)]))
    };
    let month = |text: &str| text.parse::<Month>().unwrap();
    let reference = with("2020-04,2021-03,04C").unwrap();
    let first = reference.organisation("03W").unwrap();
    assert_eq!(first.successor, "04C");
    for (from, to, is_there) in [
        ("2020-03", "2020-03", false),
        ("2020-03", "2020-04", true),
        ("2020-06", "2020-06", true),
        ("2021-03", "2022-01", true),
        ("2021-04", "2022-01", false),
    ] {
        assert_eq!(first.is_there((month(from), month(to))), is_there, "{from} to {to}");
    }
    for (months, why) in [
        ("2020-4,,", "first_month of `03W`"),
        (",soon,", "last_month of `03W`"),
        ("2021-03,2020-04,", "last_month of `03W` is before its first_month"),
        (",,04C", "`03W` has a successor and no last_month"),
        (",2021-03,04X", "successor `04X` of `03W` is missing"),
        (",2021-03,03W", "successor `03W` of `03W` ends in 2021-03"),
    ] {
        let error = with(months).unwrap_err().to_string();
        assert!(error.contains(file) && error.contains(why), "{months}: {error}");
    }
}

#[test]
fn people_of_an_organisation_that_merged_are_in_later_data_of_its_successors() {
    let mut text = Content::embedded().file("organisations.csv").unwrap().to_owned();
    for (code, months) in [("03W", ",2021-03,04C"), ("04C", ",2022-03,04V")] {
        let begin = text.find(&format!("\n{code},")).unwrap();
        let end = begin + text[begin..].find("QK1,,,\n").unwrap() + "QK1,".len();
        text.replace_range(end..end + 2, months);
    }
    let content = Content::with([("organisations.csv".to_owned(), text)]);
    let reference = Reference::new(&content).unwrap();
    for (last, expected) in [
        (&[("03W", "2021-03"), ("04C", "2021-04")][..], &[("03W", "04C")][..]),
        // The successor's data is of before the merger.
        (&[("03W", "2021-02"), ("04C", "2021-03")], &[]),
        (&[("03W", "2021-03"), ("04V", "2022-04")], &[("03W", "04V")]),
        (&[("03W", "2021-03"), ("04V", "2022-03")], &[]),
        (
            &[("03W", "2021-03"), ("04C", "2022-03"), ("04V", "2022-05")],
            &[("03W", "04C"), ("04C", "04V")],
        ),
        (&[("03W", "2021-03"), ("C82001", "2023-01")], &[]),
        (&[], &[]),
    ] {
        let last = last.iter().map(|(code, month)| (*code, month.parse::<Month>().unwrap()));
        let found = reference.taken_over(&last.collect());
        let found: Vec<_> = found.into_iter().collect();
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for ((code, words), (merged, into)) in found.iter().zip(expected) {
            assert!(code == merged && words.contains(&format!(" in {into} (")), "{found:?}");
        }
    }
}

#[test]
fn codes_that_a_program_made_numbers_of_are_read_as_codes() {
    let reference = reference();
    let sex = reference.list("sex").unwrap();
    assert!(sex.value(0, "1").is_some());
    assert_eq!(sex.value(0, "1.0"), sex.value(0, "1"));
    for other in ["1.5", "1.", ".0", "3.0", "X.0", "1.0.0"] {
        assert_eq!(sex.value(0, other), None, "{other}");
    }
}

#[test]
fn tags_themes_and_submitted_counts_are_checked_by_name() {
    let with = |from: &str, to: &str| {
        let text = Content::embedded().file("indicators.toml").unwrap().to_owned();
        assert!(text.contains(from), "{from}");
        let changed = ("indicators.toml".to_owned(), text.replacen(from, to, 1));
        Reference::new(&Content::with([changed]))
    };
    let theme = "theme = \"MATERNITY\"";
    for (from, to, why) in [
        ("tags = [\"NHS-2122-P1\"]", "tags = [\"NHS-2122-P6\"]", "tag `NHS-2122-P6` is no [[tag]]"),
        (theme, "theme = \"MATERNTY\"", "theme `MATERNTY` is no [[theme]]"),
        (
            "submitted = \"EVENTS\"",
            "submitted = \"EVENTS\"\nunavailable = \"no\"",
            "neither `count` nor",
        ),
        ("month = \"2024-01\"", "month = \"2024-13\"", "2024-13"),
    ] {
        let error = with(from, to).unwrap_err().to_string();
        assert!(error.contains("indicators.toml") && error.contains(why), "{to}: {error}");
    }
    let reference = reference();
    for tag in reference.tags() {
        let has = reference.indicators().any(|of| of.tags.contains(&tag.id));
        assert!(has, "no indicator has the tag {}", tag.id);
    }
}

#[test]
fn attributes_of_organisations_are_categories_of_their_dimension() {
    let with = |attributes: &str| {
        let text = Content::embedded().file("organisations.csv").unwrap().to_owned();
        let text = text.replacen("successor\n", "successor,attributes\n", 1);
        let lines = text.lines().enumerate();
        let lines = lines.map(|(at, line)| match at {
            0 => line.to_owned(),
            1 => format!("{line},{attributes}"),
            _ => format!("{line},"),
        });
        let text = lines.collect::<Vec<_>>().join("\n");
        Reference::new(&Content::with([("organisations.csv".to_owned(), text)]))
    };
    let reference = with("practice_minority_quintile=q5").unwrap();
    assert_eq!(reference.organisation("00L").unwrap().attributes.len(), 1);
    for (attributes, why) in [
        ("practice_minority_quintile", "no pairs"),
        ("practice_minority_quintile=q6", "no category of a dimension"),
        ("sex=1", "no category of a dimension"),
    ] {
        let error = with(attributes).unwrap_err().to_string();
        assert!(error.contains("`00L`") && error.contains(why), "{attributes}: {error}");
    }
}

#[test]
fn targets_are_checked_by_name() {
    let with = |from: &str, to: &str| {
        let text = Content::embedded().file("targets.toml").unwrap().to_owned();
        assert!(text.contains(from), "{from}");
        let changed = ("targets.toml".to_owned(), text.replacen(from, to, 1));
        Reference::new(&Content::with([changed]))
    };
    let smi = "id = \"C20-SMI\"";
    for (from, to, why) in [
        ("indicator = \"C20-SMI\"", "indicator = \"C20-SMJ\"", "indicator `C20-SMJ` is missing"),
        ("indicator = \"C20-SMI\"", "indicator = \"DX-10\"", "must not be used for targets"),
        ("indicator = \"C20-SMI\"", "indicator = \"RTT-LW-52\"", "its polarity is not"),
        ("value = 0.60", "value = 60", "a share from 0 to 1"),
        (smi, "id = \"C20-SMI\"\nnot_measurable = \"x\"", "either a value"),
        ("value = 0.60\n", "", "either a value"),
        (smi, "id = \"C20-CAN\"", "`C20-CAN` is defined twice"),
        ("codes = [\"core20\"]", "codes = [\"core21\"]", "`core21` is no category"),
        ("dimension = \"core20\"", "dimension = \"core21\"", "`core21` is no dimension"),
        ("\"NHS-2122-P4\"", "\"NHS-2122-P9\"", "tag `NHS-2122-P9`"),
        (smi, "id = \"C20-SMI\"\nbaseline = { period = \"202\" }", "baseline"),
        (smi, "id = \"C20-SMI\"\ndeadline = \"2028\"", "2028"),
    ] {
        let error = with(from, to).unwrap_err().to_string();
        assert!(error.contains("targets.toml") && error.contains(why), "{to}: {error}");
    }
}
