//! Whether one person's records agree, against a plain recount of the rows that were sent; and what a partner sees of it.

use std::collections::{BTreeMap, BTreeSet};

use equity_indicators::config::ProfileName;
use equity_indicators::proto::v1::release_service_client::ReleaseServiceClient;
use equity_indicators::proto::v1::{AbsenceReason, Breakdown, CreateReleaseRequest};
use serde_json::{Value, json};

use crate::support::{
    Refusal, TestServer, cell, count, header, keys, message, records, value, why,
};

const SYNTHETIC: &str = "synthetic-llr";
const CONTROLLED: &str = "practice-feed";
/// Ethnic categories; the last two are no values.
const ETHNICITIES: [&str; 4] = ["A", "H", "Z", ""];
/// Sets of disabilities: each set is one value.
const DISABILITIES: [&[&str]; 3] = [&["02"], &["03"], &["02", "03"]];

struct Sent {
    organisation: &'static str,
    month: &'static str,
    setting: &'static str,
    person: Option<usize>,
    ethnicity: &'static str,
    disability: &'static [&'static str],
}

impl Sent {
    fn of(&self, dimension: &str) -> &'static str {
        match dimension {
            "organisation" => self.organisation,
            "month" => self.month,
            "care_setting" => self.setting,
            other => panic!("{other}"),
        }
    }

    /// The value of a characteristic; none: it is missing.
    fn value(&self, characteristic: &str) -> Option<String> {
        match characteristic {
            "ethnic_category" => {
                Some(self.ethnicity).filter(|code| ["A", "H"].contains(code)).map(str::to_owned)
            }
            _ => Some(self.disability.join("+")),
        }
    }
}

async fn world(server: &TestServer, collection: &str) -> Vec<Sent> {
    let mut seed = 5_u64;
    let mut next = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap() % below
    };
    let mut all = Vec::new();
    for (organisation, month) in
        ["C82001", "C82005"].iter().flat_map(|of| ["2020-04", "2020-05"].map(|month| (*of, month)))
    {
        let mut rows = Vec::new();
        for _ in 0..150 {
            // A feed of practices has one setting.
            let settings = if collection == CONTROLLED { 1 } else { 2 };
            let setting = ["PRIMARY_CARE", "OUTPATIENTS"][next(settings)];
            let person = Some(next(90)).filter(|number| *number > 4);
            // Most have the same value each time; a few have one value in one organisation and another in the other.
            let moved = organisation == "C82005" && person.is_some_and(|number| number >= 75);
            let usual = person.unwrap_or_default() + usize::from(moved);
            let ethnicity = ETHNICITIES[if next(6) == 0 { next(4) } else { usual % 3 }];
            let disability = DISABILITIES[if next(9) == 0 { next(3) } else { usual % 3 }];
            let mut row = json!({"channel": "TELEPHONE", "careSetting": setting, "person": {"disability": disability}});
            if !ethnicity.is_empty() {
                row["person"]["ethnicCategory"] = json!(ethnicity);
            }
            if let Some(person) = person {
                row["personKey"] = json!(format!("person-{person}"));
            }
            rows.push(row);
            all.push(Sent { organisation, month, setting, person, ethnicity, disability });
        }
        let mut about = header(organisation, collection, month, &["ethnic_category", "disability"]);
        about.person_key_scheme = "local".into();
        server.submit(about, records(&Value::Array(rows))).await.unwrap();
    }
    all
}

fn question(collection: &str, by: &[&str]) -> Value {
    json!({"query": {"collection": collection, "area": "QK1", "by": by, "period": {"first": "2020-04", "last": "2020-05"}},
        "characteristics": ["ethnic_category", "disability"]})
}

/// The values of each person of some rows.
fn values(rows: &[&Sent], characteristic: &str) -> BTreeMap<usize, BTreeSet<String>> {
    let mut values: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    for row in rows {
        if let Some(person) = row.person {
            values.entry(person).or_default().extend(row.value(characteristic));
        }
    }
    values
}

/// People of some rows with more than one ethnic category.
fn differing(rows: &[&Sent]) -> BTreeSet<usize> {
    let values = values(rows, "ethnic_category").into_iter();
    values.filter(|(_, of)| of.len() > 1).map(|(person, _)| person).collect()
}

/// How many people some rows have: all, those with a value, those with more than one.
fn recounted(rows: &[&Sent], characteristic: &str) -> (i64, i64, i64) {
    let values = values(rows, characteristic);
    let at_least = |least: usize| {
        i64::try_from(values.values().filter(|of| of.len() >= least).count()).unwrap()
    };
    (at_least(0), at_least(1), at_least(2))
}

fn assert_recounted(answer: &Breakdown, key: &str, rows: &[&Sent]) -> i64 {
    let mut several = 0;
    for characteristic in ["ethnic_category", "disability"] {
        let (people, with_value, more) = recounted(rows, characteristic);
        assert_eq!(count(answer, key, "PERSONS"), people, "{key}");
        let found = cell(answer, key, &format!("DQ-08/{characteristic}"));
        let counts = (found.numerator_count, found.denominator_count, found.unknown_count);
        assert_eq!(counts, (Some(more), Some(with_value), Some(people - with_value)), "{key}");
        several += more;
    }
    several
}

#[tokio::test]
async fn every_share_is_that_of_a_plain_recount() {
    let server = TestServer::start().await;
    let sent = world(&server, SYNTHETIC).await;
    for by in [
        &[][..],
        &["organisation"],
        &["month"],
        &["care_setting"],
        &["organisation", "care_setting", "month"],
    ] {
        let answer = server.table("consistency", question(SYNTHETIC, by)).await.unwrap();
        let all: Vec<_> = sent.iter().collect();
        let several = assert_recounted(&answer, "", &all);
        assert!(several > 20, "{several} people with more than one value prove little");
        let mut groups: BTreeMap<Vec<&str>, Vec<&Sent>> = BTreeMap::new();
        for row in &sent {
            groups.entry(by.iter().map(|id| row.of(id)).collect()).or_default().push(row);
        }
        groups.remove(&Vec::new());
        assert_eq!(keys(&answer).len(), 1 + groups.len(), "{by:?}");
        for (codes, rows) in &groups {
            assert_recounted(&answer, &codes.join("|"), rows);
        }
        // Some differ between two organisations and agree in each of them.
        let in_a_row: BTreeSet<_> = groups.values().flat_map(|rows| differing(rows)).collect();
        assert!(by != ["organisation"] || in_a_row.len() < differing(&all).len(), "{in_a_row:?}");
        let context = answer.context.as_ref().unwrap();
        assert!(context.notes.iter().any(|note| note.contains("person key")), "{context:?}");
    }
}

#[tokio::test]
async fn a_broader_code_is_a_value_and_never_a_second_one() {
    let server = TestServer::start().await;
    for (organisation, detailed) in [("C82001", true), ("C82005", false)] {
        let row = |(person, code, broad): (&str, &str, &str)| {
            let ethnicity = if detailed { code } else { broad };
            json!({"channel": "VIDEO", "personKey": person, "person": {"ethnicCategory": ethnicity}})
        };
        let people = [
            ("same", "A", "white"),
            ("same broader", "H", "asian"),
            ("broader alone", "Z", "asian"),
        ];
        let mut rows: Vec<_> = people.map(row).into();
        if detailed {
            rows.extend([("two", "A", ""), ("two", "H", "")].map(row));
        }
        let mut about = header(organisation, SYNTHETIC, "2020-04", &["ethnic_category"]);
        about.person_key_scheme = "local".into();
        if !detailed {
            about.code_systems = [("ethnic_category".into(), "equity_ethnicity".into())].into();
        }
        server.submit(about, records(&Value::Array(rows))).await.unwrap();
    }
    let mut asked = question(SYNTHETIC, &[]);
    asked["characteristics"] = json!(["ethnic_category"]);
    let answer = server.table("consistency", asked).await.unwrap();
    let found = cell(&answer, "", "DQ-08/ethnic_category");
    // Of four people with a value one has two; the broader codes of the other organisation are no second ones.
    assert_eq!((found.numerator_count, found.denominator_count), (Some(1), Some(4)));
    assert!((value(&answer, "", "DQ-08/ethnic_category") - 0.25).abs() < 1e-9);
}

#[tokio::test]
async fn without_person_keys_it_is_not_computable_and_wrong_names_are_refused() {
    let server = TestServer::start().await;
    let rows = json!([{"channel": "VIDEO", "person": {"sex": "1"}}]);
    server.submit(header("C82001", SYNTHETIC, "2020-04", &["sex"]), records(&rows)).await.unwrap();
    let mut asked = question(SYNTHETIC, &[]);
    asked["characteristics"] = json!(["sex"]);
    let answer = server.table("consistency", asked.clone()).await.unwrap();
    assert_eq!(why(cell(&answer, "", "DQ-08/sex")), AbsenceReason::NotComputable);
    for (names, field) in [
        (json!(["sex", "sex"]), "characteristics[1]"),
        (json!(["ethnic_group_broad"]), "characteristics[0]"),
        (json!(["nonsense"]), "characteristics[0]"),
    ] {
        asked["characteristics"] = names;
        let refused = server.table("consistency", asked.clone()).await.unwrap_err();
        assert_eq!(Refusal::of(&refused).short(), ("FIELD_INVALID", field), "{refused:?}");
    }
    asked["characteristics"] = json!([]);
    let answer = server.table("consistency", asked).await.unwrap();
    let ids: Vec<_> = answer.columns.iter().map(|column| column.id.as_str()).collect();
    assert!(ids.contains(&"DQ-08/main_language") && !ids.contains(&"DQ-08/age_band"), "{ids:?}");
}

#[tokio::test]
async fn a_partner_sees_no_share_of_few_people() {
    let before = TestServer::start().await;
    world(&before, CONTROLLED).await;
    let rows = json!([{"channel": "VIDEO", "personKey": "a", "person": {"ethnicCategory": "A"}},
        {"channel": "VIDEO", "personKey": "a", "person": {"ethnicCategory": "H"}}]);
    let mut about = header("C82009", CONTROLLED, "2020-04", &["ethnic_category", "disability"]);
    about.person_key_scheme = "local".into();
    before.submit(about, records(&rows)).await.unwrap();
    let asked = || {
        let mut asked = question(CONTROLLED, &["organisation"]);
        asked["query"]["period"] = json!({"first": "2020-04"});
        asked
    };
    let all = before.table("consistency", asked()).await.unwrap();
    assert_eq!(count(&all, "C82009", "PERSONS"), 1, "the owner sees all");
    let release = json!({"releaseId": "first", "requestId": uuid::Uuid::new_v4().to_string()});
    let mut releases = ReleaseServiceClient::new(before.channel());
    releases.create_release(message::<CreateReleaseRequest>(release)).await.unwrap();
    let server = before
        .reopen_with(|config| config.profile_without_identity = Some(ProfileName::Partner))
        .await;
    let answer = server.table("consistency", asked()).await.unwrap();
    let few = cell(&answer, "C82009", "DQ-08/ethnic_category");
    assert_eq!(why(few), AbsenceReason::Withheld);
    assert_eq!((few.numerator_count, few.denominator_count), (None, None));
}
