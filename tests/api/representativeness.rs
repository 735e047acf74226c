//! Whether records are like the population, against a plain count over the rows and people that were sent.

use std::collections::{BTreeMap, BTreeSet};

use equity_indicators::config::ProfileName;
use equity_indicators::domain::statistics::{Confidence, proportion};
use equity_indicators::proto::v1::{AbsenceReason, Breakdown, Cell, PopulationRecord};
use serde_json::{Value, json};
use tonic::Status;

use crate::support::{
    Refusal, TestServer, cell, count, header, keys, message, records, value, why,
};

const SYNTHETIC: &str = "synthetic-llr";
const CONTROLLED: &str = "practice-feed";
/// Ethnic categories; the last two are in no category.
const ETHNICITIES: [&str; 5] = ["A", "F", "R", "Z", "99"];

/// What was sent about one record, or about so many people.
#[derive(Debug, Clone)]
struct Sent {
    organisation: &'static str,
    month: &'static str,
    setting: &'static str,
    sex: &'static str,
    ethnicity: &'static str,
    person: Option<usize>,
    count: u32,
}

impl Sent {
    fn of(&self, dimension: &str) -> &'static str {
        match dimension {
            "organisation" => self.organisation,
            "month" => self.month,
            "care_setting" => self.setting,
            "sex" => self.sex,
            "ethnic_category" => match self.ethnicity {
                "Z" => "NOT_STATED",
                "99" => "NOT_KNOWN",
                known => known,
            },
            other => panic!("{other}"),
        }
    }

    fn is_known(&self, dimension: &str) -> bool {
        dimension == "sex" || !["Z", "99"].contains(&self.ethnicity)
    }
}

/// Records and people of three organisations in two months.
async fn world(server: &TestServer) -> [Vec<Sent>; 2] {
    let mut seed = 11_u64;
    let mut next = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap() % below
    };
    let (mut all, mut people) = (Vec::new(), Vec::new());
    for (organisation, month) in
        ["04C", "04V", "03W"].iter().flat_map(|of| ["2020-04", "2020-05"].map(|month| (*of, month)))
    {
        let (mut rows, mut counts) = (Vec::new(), Vec::new());
        for _ in 0..120 {
            let setting = ["PRIMARY_CARE", "OUTPATIENTS"][next(2)];
            let (sex, ethnicity) = (["1", "2", "2"][next(3)], ETHNICITIES[next(5)]);
            // Few persons, so that one has several records, also with other values; some records have no key.
            let person = Some(next(60)).filter(|number| *number > 5);
            let mut row = json!({"channel": "TELEPHONE", "careSetting": setting, "person": {"sex": sex, "ethnicCategory": ethnicity}});
            if let Some(person) = person {
                row["personKey"] = json!(format!("person-{person}"));
            }
            rows.push(row);
            all.push(Sent { organisation, month, setting, sex, ethnicity, person, count: 1 });
        }
        for (sex, ethnicity) in ["1", "2"].iter().flat_map(|sex| ETHNICITIES.map(|of| (*sex, of))) {
            let count = u32::try_from(20 + next(400)).unwrap();
            counts.push(message::<PopulationRecord>(
                json!({"personCount": count, "person": {"sex": sex, "ethnicCategory": ethnicity}}),
            ));
            people.push(Sent {
                organisation,
                month,
                setting: "",
                sex,
                ethnicity,
                person: None,
                count,
            });
        }
        let about = || header(organisation, SYNTHETIC, month, &["sex", "ethnic_category"]);
        let mut with_keys = about();
        with_keys.person_key_scheme = "local".into();
        server.submit(with_keys, records(&Value::Array(rows))).await.unwrap();
        server.submit_people(about(), counts).await.unwrap();
    }
    [all, people]
}

fn question(by: &[&str], more: &Value) -> Value {
    let mut question = json!({"query": {"collection": SYNTHETIC, "area": "QK1", "by": by,
        "period": {"first": "2020-04", "last": "2020-05"}}});
    for (name, value) in more.as_object().unwrap() {
        if name == "query" {
            for (name, value) in value.as_object().unwrap() {
                question["query"][name] = value.clone();
            }
        } else {
            question[name] = value.clone();
        }
    }
    question
}

async fn ask(server: &TestServer, question: Value) -> Result<Breakdown, Status> {
    server.table("representativeness", question).await
}

fn near(one: f64, other: f64) -> bool {
    (one - other).abs() < 1e-9
}

/// The counts of a cell: numerator and denominator, and nothing else.
fn part(cell: &Cell) -> (i64, i64) {
    assert_eq!(
        (cell.unknown_count, cell.not_collected_count, cell.outside_count),
        (None, None, None)
    );
    (cell.numerator_count.unwrap(), cell.denominator_count.unwrap())
}

/// The rows of a table that are compared: their dimensions, which one is the characteristic, and what is counted.
const COMPARED: [(&[&str], &str, &str); 9] = [
    (&["sex"], "sex", "CONTACTS"),
    (&["sex"], "sex", "PERSONS"),
    (&["ethnic_category"], "ethnic_category", "CONTACTS"),
    (&["ethnic_category"], "ethnic_category", "PERSONS"),
    (&["organisation", "ethnic_category"], "ethnic_category", "CONTACTS"),
    (&["ethnic_category", "organisation"], "ethnic_category", "PERSONS"),
    (&["month", "sex"], "sex", "CONTACTS"),
    (&["care_setting", "ethnic_category"], "ethnic_category", "CONTACTS"),
    (&["sex", "organisation", "month"], "sex", "PERSONS"),
];

#[tokio::test]
async fn every_ratio_is_that_of_a_plain_count() {
    let server = TestServer::start().await;
    let [sent, people] = world(&server).await;
    let mut compared = 0;
    for (by, characteristic, measure) in COMPARED {
        for condition in [None, Some(("sex", "2")).filter(|(id, _)| *id != characteristic)] {
            let mut more = json!({"measure": format!("MEASURE_{measure}")});
            if let Some((id, code)) = condition {
                more["query"] = json!({"where": [{"dimension": id, "codes": [code]}]});
            }
            let answer = ask(&server, question(by, &more)).await.unwrap();
            let meets = |row: &&Sent| condition.is_none_or(|(id, code)| row.of(id) == code);
            let sent: Vec<_> = sent.iter().filter(meets).collect();
            let people: Vec<_> = people.iter().filter(meets).collect();
            let counted = |rows: &[&Sent]| match measure {
                "CONTACTS" => i64::try_from(rows.len()).unwrap(),
                _ => {
                    let persons: BTreeSet<_> = rows.iter().filter_map(|row| row.person).collect();
                    i64::try_from(persons.len()).unwrap()
                }
            };
            let mut groups: BTreeMap<Vec<&str>, Vec<&Sent>> = BTreeMap::new();
            for row in &sent {
                groups.entry(by.iter().map(|id| row.of(id)).collect()).or_default().push(row);
            }
            assert_eq!(count(&answer, "", measure), counted(&sent));
            assert_eq!(why(cell(&answer, "", "DQ-10")), AbsenceReason::NotComputable);
            assert_eq!(keys(&answer).len(), 1 + groups.len(), "{by:?} {:?}", keys(&answer));
            for (codes, rows) in &groups {
                let key = codes.join("|");
                assert_eq!(count(&answer, &key, measure), counted(rows), "{by:?} {key}");
                if !rows[0].is_known(characteristic) {
                    for id in ["DQ-10-RECORDS", "DQ-10-POPULATION", "DQ-10"] {
                        assert_eq!(
                            why(cell(&answer, &key, id)),
                            AbsenceReason::NotComputable,
                            "{key}"
                        );
                    }
                    continue;
                }
                let beside = |row: &&&Sent, of_people: bool| {
                    by.iter().zip(codes).all(|(id, code)| {
                        *id == characteristic
                            || (of_people && *id == "care_setting")
                            || row.of(id) == *code
                    }) && row.is_known(characteristic)
                };
                let whole: Vec<_> = sent.iter().filter(|row| beside(row, false)).copied().collect();
                let (part_count, whole_count) = (counted(rows), counted(&whole));
                let records = cell(&answer, &key, "DQ-10-RECORDS");
                assert_eq!(part(records), (part_count, whole_count), "{by:?} {measure} {key}");
                let whole: Vec<_> = people.iter().filter(|row| beside(row, true)).collect();
                let is = |row: &&&&Sent| row.of(characteristic) == rows[0].of(characteristic);
                let sum = |rows: &mut dyn Iterator<Item = &Sent>| {
                    rows.map(|row| i64::from(row.count)).sum::<i64>()
                };
                let of_it = sum(&mut whole.iter().filter(is).map(|row| **row));
                let of_all = sum(&mut whole.iter().map(|row| **row));
                let population = cell(&answer, &key, "DQ-10-POPULATION");
                assert_eq!(part(population), (of_it, of_all), "{by:?} {key}");
                let shares = [(part_count, whole_count), (of_it, of_all)].map(|(part, whole)| {
                    let count = |of: i64| f64::from(u32::try_from(of).unwrap());
                    count(part) / count(whole)
                });
                assert!(near(records.value.unwrap(), shares[0]), "{key}");
                assert!(near(population.value.unwrap(), shares[1]) && population.lower.is_none());
                let ratio = cell(&answer, &key, "DQ-10");
                assert_eq!(part(ratio), part(records), "{key}");
                assert!(
                    near(ratio.value.unwrap(), shares[0] / shares[1]),
                    "{by:?} {key} {ratio:?}"
                );
                let counts = [part_count, whole_count].map(|of| u64::try_from(of).unwrap());
                let wilson = proportion(counts[0], counts[1], Confidence::default()).unwrap();
                assert!(near(ratio.lower.unwrap(), wilson.lower / shares[1]), "{key} {ratio:?}");
                assert!(near(ratio.upper.unwrap(), wilson.upper / shares[1]), "{key} {ratio:?}");
                compared += 1;
            }
        }
    }
    assert_eq!(compared, 100, "rows of a category");
    let answer = ask(&server, question(&["sex"], &json!({}))).await.unwrap();
    let notes = answer.context.unwrap().notes.join(" ");
    assert!(notes.contains("taken as fixed") && notes.contains(SYNTHETIC), "{notes}");
}

#[tokio::test]
async fn several_categories_of_one_record_are_one_record() {
    let server = TestServer::start().await;
    let about = || header("04C", SYNTHETIC, "2020-04", &["disability"]);
    let rows = json!([
        {"recordCount": 30, "person": {"disability": ["01", "02"]}},
        {"recordCount": 10, "person": {"disability": ["02"]}},
        {"recordCount": 40, "person": {"disability": ["NN"]}},
        {"recordCount": 20, "person": {"disability": ["ZZ"]}},
    ]);
    server.submit(about(), records(&rows)).await.unwrap();
    let people = [(100, "01"), (100, "02"), (600, "NN"), (50, "ZZ")].map(|(count, code)| {
        message::<PopulationRecord>(json!({"personCount": count, "person": {"disability": [code]}}))
    });
    server.submit_people(about(), people.into()).await.unwrap();
    let answer = ask(&server, question(&["disability"], &json!({}))).await.unwrap();
    assert_eq!(count(&answer, "", "CONTACTS"), 100);
    for (key, records, people) in
        [("01", 30, 100), ("02", 40, 100), ("ANY", 40, 200), ("NONE", 40, 600)]
    {
        assert_eq!(part(cell(&answer, key, "DQ-10-RECORDS")), (records, 80), "{key}");
        assert_eq!(part(cell(&answer, key, "DQ-10-POPULATION")), (people, 800), "{key}");
    }
    assert!(near(value(&answer, "ANY", "DQ-10"), (40.0 / 80.0) / (200.0 / 800.0)));
    let persons = json!({"measure": "MEASURE_PERSONS"});
    let refused = ask(&server, question(&["disability"], &persons)).await.unwrap_err();
    assert_eq!(Refusal::of(&refused).short(), ("FIELD_INVALID", "measure"));
}

#[tokio::test]
async fn without_matching_people_the_share_of_records_is_alone() {
    let server = TestServer::start().await;
    let rows = records(&json!([
        {"recordCount": 30, "person": {"sex": "1"}}, {"recordCount": 10, "person": {"sex": "2"}}
    ]));
    for month in ["2020-04", "2020-05"] {
        server.submit(header("04C", SYNTHETIC, month, &["sex"]), rows.clone()).await.unwrap();
    }
    let people =
        |sex: &str| message::<PopulationRecord>(json!({"personCount": 50, "person": {"sex": sex}}));
    let about = header("04C", SYNTHETIC, "2020-04", &["sex"]);
    server.submit_people(about, vec![people("1"), people("2")]).await.unwrap();
    let answer = ask(&server, question(&["month", "sex"], &json!({}))).await.unwrap();
    assert!(near(value(&answer, "2020-04|1", "DQ-10"), 1.5));
    for (key, id) in [("2020-05|1", "DQ-10"), ("2020-05|1", "DQ-10-POPULATION")] {
        assert_eq!(why(cell(&answer, key, id)), AbsenceReason::NotComputable, "{key}");
    }
    assert!(near(value(&answer, "2020-05|1", "DQ-10-RECORDS"), 0.75));
    // A population without one of the months is none of both.
    let both = ask(&server, question(&["sex"], &json!({}))).await.unwrap();
    let absent = cell(&both, "1", "DQ-10").absence.as_ref().unwrap();
    assert!(absent.detail.contains("2020-05"), "{absent:?}");
}

/// A share of the counts that are given would be one of the rest alone, whichever category's count is not given.
#[tokio::test]
async fn a_suppressed_count_leaves_no_share_of_its_place() {
    let server = TestServer::start().await;
    for organisation in ["04C", "04V"] {
        let of_04c = organisation == "04C";
        let mut rows = vec![
            json!({"recordCount": 30, "person": {"sex": "1"}}),
            json!({"recordCount": 10, "person": {"sex": "2"}}),
        ];
        let mut people = vec![
            json!({"personCount": 500, "person": {"sex": "1"}}),
            json!({"personCount": 500, "person": {"sex": "2"}}),
        ];
        let more = json!({"suppressed": true, "person": {"sex": "9"}});
        if of_04c {
            rows.push(more)
        } else {
            people.push(more)
        }
        let about = || header(organisation, SYNTHETIC, "2020-04", &["sex"]);
        server.submit(about(), records(&Value::Array(rows))).await.unwrap();
        let people = people.into_iter().map(message::<PopulationRecord>).collect();
        server.submit_people(about(), people).await.unwrap();
    }
    let answer = ask(&server, question(&["organisation", "sex"], &json!({}))).await.unwrap();
    for sex in ["1", "2"] {
        let is = |organisation: &str, id: &str| {
            cell(&answer, &format!("{organisation}|{sex}"), id).absence.clone()
        };
        let suppressed = |found: Option<_>| {
            found.is_some_and(|of: equity_indicators::proto::v1::Absence| {
                of.reason() == AbsenceReason::Suppressed
            })
        };
        assert!(suppressed(is("04C", "DQ-10-RECORDS")) && suppressed(is("04C", "DQ-10")));
        assert_eq!(is("04C", "DQ-10-POPULATION"), None);
        assert!(suppressed(is("04V", "DQ-10-POPULATION")) && suppressed(is("04V", "DQ-10")));
        assert_eq!(is("04V", "DQ-10-RECORDS"), None);
    }
}

#[tokio::test]
async fn every_wrong_field_is_named() {
    let server = TestServer::start().await;
    let compared = json!({"query": {"comparison": {"dimension": "sex", "reference": "COMPARISON_REFERENCE_LARGEST"}}});
    let narrowed =
        json!({"query": {"where": [{"dimension": "ethnic_group_broad", "codes": ["white"]}]}});
    let narrowed_sex = json!({"query": {"where": [{"dimension": "sex", "codes": ["1"]}]}});
    for (by, more, field) in [
        (&[][..], json!({}), "query.by"),
        (&["organisation", "care_setting"], json!({}), "query.by"),
        (&["sex", "ethnic_category"], json!({}), "query.by"),
        (&["sex"], narrowed_sex, "query.where"),
        (&["ethnic_category"], narrowed, "query.where"),
        (&["sex"], compared, "query.comparison"),
        (&["sex"], json!({"populationCollection": "gpad-regional"}), "population_collection"),
        (&["sex"], json!({"measure": 9}), "measure"),
    ] {
        let refused = ask(&server, question(by, &more)).await.unwrap_err();
        let told = Refusal::of(&refused);
        assert_eq!(told.short(), ("FIELD_INVALID", field), "{by:?} {more}: {refused:?}");
    }
    let unknown = json!({"populationCollection": "nowhere"});
    let refused = ask(&server, question(&["sex"], &unknown)).await.unwrap_err();
    assert_eq!(Refusal::of(&refused).short().0, "COLLECTION_NOT_FOUND");
    // Nothing was submitted: the answer says so.
    let empty = ask(&server, question(&["sex"], &json!({}))).await.unwrap();
    assert!(empty.context.as_ref().unwrap().empty.is_some());
}

/// Of controlled data, few records and few people are in no figure, and no figure can be worked back to them.
#[tokio::test]
async fn few_records_or_people_of_a_partner_are_withheld() {
    let before = TestServer::start().await;
    for (organisation, few) in [("C82002", 0), ("C82009", 0), ("C82001", 3)] {
        let mut rows = vec![
            json!({"recordCount": 400, "person": {"ethnicCategory": "A"}}),
            json!({"recordCount": 300, "person": {"ethnicCategory": "R"}}),
            json!({"recordCount": 200, "person": {"ethnicCategory": "M"}}),
        ];
        if few > 0 {
            rows.push(json!({"recordCount": few, "person": {"ethnicCategory": "F"}}));
        }
        let about = || header(organisation, CONTROLLED, "2020-04", &["ethnic_category"]);
        before.submit(about(), records(&Value::Array(rows))).await.unwrap();
        let people = [(4_000, "A"), (2_000, "R"), (1, "M"), (900, "F")].map(|(count, code)| {
            message::<PopulationRecord>(
                json!({"personCount": count, "person": {"ethnicCategory": code}}),
            )
        });
        before.submit_people(about(), people.into()).await.unwrap();
    }
    let release = json!({"releaseId": "first", "requestId": uuid::Uuid::new_v4().to_string()});
    let mut releases =
        equity_indicators::proto::v1::release_service_client::ReleaseServiceClient::new(
            before.channel(),
        );
    releases
        .create_release(message::<equity_indicators::proto::v1::CreateReleaseRequest>(release))
        .await
        .unwrap();
    let asked = || {
        let only = json!({"query": {"collection": CONTROLLED, "period": {"first": "2020-04"}},
            "populationCollection": CONTROLLED});
        question(&["ethnic_category"], &only)
    };
    let all = ask(&before, asked()).await.unwrap();
    assert!(near(value(&all, "F", "DQ-10-RECORDS"), 3.0 / 2_703.0), "the owner sees all");
    let server = before
        .reopen_with(|config| config.profile_without_identity = Some(ProfileName::Partner))
        .await;
    let answer = ask(&server, asked()).await.unwrap();
    for (key, id, withheld) in [
        ("A", "DQ-10-RECORDS", false),
        ("A", "DQ-10-POPULATION", false),
        ("A", "DQ-10", false),
        // Few records.
        ("F", "CONTACTS", true),
        ("F", "DQ-10-RECORDS", true),
        ("F", "DQ-10", true),
        // Few people.
        ("M", "DQ-10-RECORDS", false),
        ("M", "DQ-10-POPULATION", true),
        ("M", "DQ-10", true),
    ] {
        let cell = cell(&answer, key, id);
        let is_withheld = cell
            .absence
            .as_ref()
            .is_some_and(|absence| absence.reason() == AbsenceReason::Withheld);
        assert_eq!(is_withheld, withheld, "{key} {id}: {cell:?}");
        assert!(
            !withheld || cell.value.is_none() && cell.lower.is_none() && cell.upper.is_none(),
            "{key} {id}: {cell:?}"
        );
    }
    // The counts of a ratio are those of the records' share, which may be seen; few records and few people may not.
    for (key, id) in [("F", "DQ-10-RECORDS"), ("F", "DQ-10"), ("M", "DQ-10-POPULATION")] {
        assert_eq!(cell(&answer, key, id).numerator_count, None, "{key} {id}");
    }
    // Wider than where all is seen: the records' counts are perturbed.
    let width = |table: &Breakdown| {
        let cell = cell(table, "A", "DQ-10");
        cell.upper.unwrap() - cell.lower.unwrap()
    };
    assert!(width(&answer) > width(&all), "{} {}", width(&answer), width(&all));
}
