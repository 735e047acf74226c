use super::super::{Asked, Basis, Filter, Reader};
use super::*;
use crate::domain::codes::Content;
use crate::domain::disclosure::ProfileName;

fn reference() -> Reference {
    Reference::new(&Content::embedded()).unwrap()
}

/// A question to a controlled collection: its area, what it is by, and its conditions.
fn question(area: &str, by: &[&str], filters: &[(&str, &[&str])]) -> Asked {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let filter = |(dimension, codes): &(&str, &[&str])| Filter {
        dimension: (*dimension).to_owned(),
        codes: texts(codes),
    };
    Asked {
        collection: "practice-feed".into(),
        area: area.into(),
        first: "2020-04".into(),
        by: texts(by),
        filters: filters.iter().map(filter).collect(),
        ..Asked::default()
    }
}

fn ask(asked: &Asked, as_of: AsOf) -> Result<Query, String> {
    let partner = Reader::of(ProfileName::Partner);
    Query::new(&reference(), &partner, asked, as_of).map_err(|error| error.to_string())
}

/// Why a question is refused.
fn why(asked: &Asked) -> String {
    let everything = Reader::of(ProfileName::Internal);
    let known = Query::new(&reference(), &everything, asked, AsOf::Head);
    assert!(known.is_ok(), "no question at all: {known:?}");
    ask(asked, AsOf::Head).unwrap_err()
}

fn answered(asked: &Asked) -> Query {
    ask(asked, AsOf::Head).unwrap_or_else(|why| panic!("{asked:?}: {why}"))
}

#[test]
fn three_of_a_system_and_two_below() {
    let three = ["sex", "age_band", "ethnic_group_broad"];
    answered(&question("QK1", &three, &[("channel", &["VIDEO"])]));
    // Periods and the channel do not count; an area makes the level of its rows.
    answered(&question("QK1", &["month", "sub_icb", "sex"], &[("age_broad", &["0-17"])]));
    answered(&question("03W", &["sex", "age_band"], &[]));
    let refused = why(&question("03W", &three, &[]));
    assert!(refused.contains("profile PARTNER") && refused.contains("at most 2"), "{refused}");
    // What it names is answered.
    assert!(
        refused.contains("keep `sex`, `age_band` and leave out `ethnic_group_broad`"),
        "{refused}"
    );
    assert!(refused.contains("the system `QK1`"), "{refused}");
    answered(&question("03W", &three[..2], &[]));
    answered(&question("QK1", &three, &[]));
    let four = question("QK1", &three, &[("staff_type", &["GP"])]);
    let refused = why(&four);
    assert!(
        refused.contains("of a system at most 3") && !refused.contains("ask for the system"),
        "{refused}"
    );
    // A system by its parts is no longer of a system.
    why(&question("QK1", &["sub_icb", "sex", "age_band"], &[("ethnic_group_broad", &["white"])]));
    why(&question(
        "QK1",
        &["sex", "age_band"],
        &[("ethnic_group_broad", &["white"]), ("organisation", &["C82001"])],
    ));
    let mut of_one = question("", &three, &[]);
    of_one.organisations = vec!["C82001".into()];
    let refused = why(&of_one);
    assert!(refused.contains("the system `QK1`"), "{refused}");
    of_one.by.pop();
    answered(&of_one);
}

#[test]
fn a_condition_on_a_dimension_that_rows_are_by_counts_once_and_a_care_setting_counts() {
    answered(&question("03W", &["sex", "age_band"], &[("sex", &["1"])]));
    let mut setting = question("03W", &["sex", "age_band"], &[]);
    setting.collection = "csds".into();
    answered(&setting);
    let settings = reference().collection("csds").unwrap().care_settings.clone();
    if let [first, _, ..] = settings.as_slice() {
        setting.care_setting.clone_from(first);
        assert!(why(&setting).contains("leave out `care_setting`"));
    }
}

#[test]
fn there_is_one_hierarchy_of_each_kind() {
    let other = why(&question("E06000016", &[], &[]));
    assert!(other.contains("system, sub_icb, pcn, organisation: `QK1`"), "{other}");
    let refused = why(&question("QK1", &["place"], &[]));
    assert!(
        refused.contains("`place` cuts areas in another way: use `sub_icb`, `pcn`"),
        "{refused}"
    );
    let lived = |area: &str, by: &[&str]| Asked {
        basis: Some(Basis::Residence),
        ..question(area, by, &[])
    };
    answered(&lived("E06000016", &["sex"]));
    answered(&lived("QK1", &["residence_district", "sex"]));
    assert!(why(&lived("QK1", &["residence_lsoa"])).contains("`residence_place`"));
    assert!(why(&lived("QK1", &["pcn"])).contains("`residence_place`"));
    assert!(why(&question("QK1", &["residence_place"], &[])).contains("`sub_icb`"));
}

#[test]
fn earlier_months_are_told_of_the_areas_that_existed_then() {
    for basis in [None, Some(Basis::Residence)] {
        let of = |area: &str, first: &str| Asked {
            first: first.into(),
            basis,
            ..question(area, &["sex"], &[])
        };
        let refused = why(&of("S0E4D", "2026-03"));
        assert!(refused.contains("began in 2026-04"), "{refused}");
        answered(&of("S0E4D", "2026-04"));
        answered(&of("QU9", "2026-03"));
        answered(&of("QK1", "2026-03"));
    }
}

#[test]
fn sensitive_characteristics_are_told_of_systems_alone() {
    for id in ["gender_identity", "gender_same_at_birth", "sexual_orientation", "inclusion_group"] {
        answered(&question("QK1", &[id], &[]));
        let refused = why(&question("03W", &[id], &[]));
        assert!(refused.contains("is sensitive") && refused.contains("system `QK1`"), "{refused}");
        why(&question("QK1", &["organisation", id], &[]));
    }
    let code = reference().dimension("sexual_orientation").unwrap().categories[0].0.clone();
    why(&question("03W", &[], &[("sexual_orientation", &[&code])]));
    answered(&question("03W", &[], &[("inclusion_group", &["HOMELESSNESS"])]));
    let refused =
        why(&question("03W", &[], &[("inclusion_group", &["HOMELESSNESS", "SEX_WORKERS"])]));
    assert!(refused.contains("without MODERN_SLAVERY and SEX_WORKERS"), "{refused}");
}

#[test]
fn months_are_united_as_periods_alone() {
    let over = |first: &str, last: &str, by: &[&str]| Asked {
        first: first.into(),
        last: last.into(),
        ..question("QK1", by, &[])
    };
    for (first, last) in [("2020-04", ""), ("2020-Q2", ""), ("2020/21", ""), ("2020-04", "2020-06")]
    {
        assert!(!answered(&over(first, last, &["sex"])).only_listed, "{first} {last}");
    }
    for (first, last) in [("2020-04", "2020-05"), ("2020-Q1", "2020-Q2"), ("2020", "2021")] {
        let refused = why(&over(first, last, &["sex"]));
        assert!(refused.contains("add `month` to `by`"), "{refused}");
        // Each month is told, and no total of them.
        assert!(answered(&over(first, last, &["sex", "month"])).only_listed);
    }
    assert!(answered(&over("2020", "2021", &["calendar_year"])).only_listed);
    why(&over("2020-05", "2020-12", &["quarter"]));
    let mut some = over("2020", "", &["sex"]);
    some.filters.push(Filter {
        dimension: "month".into(),
        codes: vec!["2020-02".into(), "2020-04".into()],
    });
    assert!(answered(&some).only_listed);
    some.filters[0].codes.pop();
    assert!(!answered(&some).only_listed);
}

#[test]
fn channels_that_are_columns_are_not_united() {
    answered(&question("QK1", &[], &[("channel", &["VIDEO"])]));
    let refused = why(&question("QK1", &[], &[("channel", &["VIDEO", "TELEPHONE"])]));
    assert!(refused.contains("every channel is a column"), "{refused}");
}

#[test]
fn positions_and_times_are_not_read() {
    let asked = question("QK1", &[], &[]);
    for as_of in [AsOf::Position(0), AsOf::Time(1)] {
        let refused = ask(&asked, as_of).unwrap_err();
        assert!(refused.contains("leave `as_of` out"), "{refused}");
    }
}

#[test]
fn of_open_collections_everybody_asks_everything_and_the_public_nothing_else() {
    let reference = reference();
    let mut asked = question("E06000016", &["sex", "age_band", "residence_lsoa"], &[]);
    (asked.collection, asked.last) = ("synthetic-llr".into(), "2020-05".into());
    for profile in ProfileName::ALL {
        let open = Query::new(&reference, &Reader::of(profile), &asked, AsOf::Position(0)).unwrap();
        assert!(!open.only_listed);
    }
    let public = Reader::of(ProfileName::Public);
    let closed = question("QK1", &[], &[]);
    let refused = Query::new(&reference, &public, &closed, AsOf::Head).unwrap_err().to_string();
    assert!(
        refused.contains("published tables") && refused.contains("`gpad-regional`"),
        "{refused}"
    );
}
