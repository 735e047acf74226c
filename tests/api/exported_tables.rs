//! Exported rows read alone: what was asked, what the figures lack, and the cells of every table.

use std::collections::{BTreeMap, BTreeSet};

use equity_indicators::proto::v1::{
    BreakdownContext, CategoryKey, CategoryState, Denominator, ExportRow, GetChannelImpactRequest,
    GetDigitalExclusionBreakdownRequest, GetFaceToFaceProvisionRequest, IndicatorCell, Interval,
    Measure,
};
use serde_json::{Value as Json, json};

use super::exclusion::{client, snapshot};
use super::exports::{export, filled, key, query, rows};
use crate::support::{TestServer, message};

async fn exported(server: &TestServer, request: Json) -> Vec<ExportRow> {
    rows(&export(server, &message(request)).await.unwrap())
}

fn with(base: Json, more: &Json) -> Json {
    let mut all = base;
    all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    all
}

#[tokio::test]
async fn figures_of_different_questions_differ_in_more_than_the_value() {
    let server = filled().await;
    let whole =
        || json!({"collection": "synthetic-llr", "area": "QK1", "period": {"first": "2020-04"}});
    let of = |dimension: &str, codes: &[&str]| json!({"dimension": dimension, "codes": codes});
    let same_day = of("lead_time", &["SAME_DAY"]);
    let conditions = [of("sex", &["2", "1"]), same_day.clone()];
    let questions = [
        json!({"query": whole()}),
        json!({"query": whole(), "measure": "MEASURE_ATTENDED_CONTACTS"}),
        json!({"query": whole(), "denominator": "DENOMINATOR_ALL"}),
        json!({"query": with(whole(), &json!({"where": [same_day]}))}),
        json!({"query": with(whole(), &json!({"confidenceLevel": 0.998}))}),
        json!({"query": with(whole(), &json!({"where": conditions}))}),
    ];
    let mut asked = Vec::new();
    for question in &questions {
        let of_question: BTreeSet<_> = exported(&server, json!({"channels": question}))
            .await
            .iter()
            .map(|row| {
                let level = row.confidence_level.to_string();
                (row.measure(), row.denominator(), level, row.conditions.clone())
            })
            .collect();
        assert_eq!(of_question.len(), 1, "every row of a question says the same: {of_question:?}");
        asked.extend(of_question);
    }
    let said = |measure, denominator, level: &str, conditions: &str| {
        (measure, denominator, level.to_owned(), conditions.to_owned())
    };
    let (contacts, known) = (Measure::Contacts, Denominator::KnownOnly);
    assert_eq!(
        asked,
        [
            said(contacts, known, "0.95", ""),
            said(Measure::AttendedContacts, known, "0.95", ""),
            said(contacts, Denominator::All, "0.95", ""),
            said(contacts, known, "0.95", "lead_time=SAME_DAY"),
            said(contacts, known, "0.998", ""),
            said(contacts, known, "0.95", "lead_time=SAME_DAY;sex=1,2"),
        ]
    );
    let late = |late: bool| json!({"outcomes": {"query": whole(), "lateCountsAsMissed": late}});
    for asked in [false, true] {
        let rows = exported(&server, late(asked)).await;
        assert!(rows.iter().all(|row| row.late_counts_as_missed == asked) && !rows.is_empty());
    }
}

#[tokio::test]
async fn rows_of_one_organisation_say_which() {
    let server = filled().await;
    let of = |codes: &[&str]| {
        json!({"channels": {"query": {
            "collection": "synthetic-llr", "organisations": codes, "period": {"first": "2020-04"}
        }}})
    };
    for code in ["04C", "03W"] {
        let rows = exported(&server, of(&[code])).await;
        assert!(!rows.is_empty());
        for row in rows {
            assert_eq!((row.area.as_str(), row.organisation.as_str()), ("", code));
            assert!(!row.organisation_name.is_empty() && row.organisation_name != code);
        }
    }
    let several: BTreeSet<_> = exported(&server, of(&["04C", "03W"]))
        .await
        .into_iter()
        .map(|row| (key(&row.keys), row.organisation))
        .collect();
    let expected = [("03W", "03W"), ("04C", "04C"), ("QK1", "")];
    let expected = expected.map(|(key, code)| (key.to_owned(), code.to_owned()));
    assert_eq!(several, expected.into());
    let table = server.ask(json!({"query": of(&["04C"])["channels"]["query"]})).await.unwrap();
    let asked = table.context.unwrap().organisations;
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].code, "04C");
}

/// What the data of an answer lacks, as a row and as the unary call say it.
type Lacks = ((i32, i32, i32), (Option<i64>, String), Vec<String>);

fn row_lacks(row: &ExportRow) -> Lacks {
    (
        (row.submission_count, row.month_count, row.expected_month_count),
        (row.unattributed_count, row.unattributed_detail.clone()),
        row.notes.clone(),
    )
}

fn lacks(context: &BreakdownContext) -> Lacks {
    let left_out = context.unattributed.clone();
    (
        (context.submission_count, context.month_count, context.expected_month_count),
        (left_out.as_ref().map(|of| of.count), left_out.map(|of| of.detail).unwrap_or_default()),
        context.notes.clone(),
    )
}

#[tokio::test]
async fn rows_say_what_they_lack_as_the_unary_call_does() {
    let server = filled().await;
    // Leicestershire, to which 03W does not belong alone; a year of which three months are there.
    let asked = json!({"query": query("E10000018", "2020/21", "")});
    let found = exported(&server, json!({"channels": asked})).await;
    let unary = server.ask(asked).await.unwrap().context.unwrap();
    let expected = lacks(&unary);
    assert_eq!((expected.0.1, expected.0.2), (3, 12));
    assert!(expected.1.0.is_some_and(|count| count > 0) && expected.1.1.contains("03W"));
    assert!(expected.2.iter().any(|note| note.contains("9 of 12 months")), "{expected:?}");
    assert!(!found.is_empty());
    for row in &found {
        assert_eq!(row_lacks(row), expected);
    }
    let quality = &unary.quality;
    let channel = quality.iter().find(|line| line.dimension == "channel").unwrap();
    let totals: Vec<_> = found.iter().filter(|row| row.keys.is_empty()).collect();
    for row in totals.iter().filter(|row| row.indicator == "CH-01") {
        let told = (row.coverage_ratio, row.unknown_ratio);
        assert_eq!(told, (channel.coverage_ratio, channel.unknown_ratio));
        assert!(told.0.is_some() && told.1.is_some());
    }
    assert!(totals.len() > 3);
    // A condition on time leaves fewer months to wait for.
    let quarter = json!([{"dimension": "quarter", "codes": ["2020-Q2"]}]);
    let asked = with(query("QK1", "2020/21", ""), &json!({"where": quarter}));
    let table = server.ask(json!({"query": asked})).await.unwrap().context.unwrap();
    assert_eq!((table.month_count, table.expected_month_count), (3, 3));
    assert!(table.notes.iter().all(|note| !note.contains("have no submission")), "{table:?}");
}

/// Key, group and indicator of a figure; value, its counts.
type Figures = BTreeMap<(String, String, String), (Option<f64>, [Option<i64>; 4])>;

fn of_rows(rows: &[ExportRow]) -> Figures {
    let mut figures = Figures::new();
    for row in rows {
        let at = (key(&row.keys), row.group.clone(), row.indicator.clone());
        let counts = [
            row.numerator_count,
            row.denominator_count,
            row.unknown_count,
            row.not_collected_count,
        ];
        assert_eq!(figures.insert(at, (row.value, counts)), None, "{row:?} stands there twice");
        assert_eq!(row.value.is_some(), row.absence.is_none(), "{row:?}");
    }
    figures
}

fn put(figures: &mut Figures, keys: &[CategoryKey], group: &str, cell: &IndicatorCell) {
    let counts = [
        cell.numerator_count,
        cell.denominator_count,
        cell.unknown_count,
        cell.not_collected_count,
    ];
    // A difference of shares has no counts of its own.
    let counts = counts.map(|count| Some(count).filter(|_| cell.indicator != "DX-19"));
    let at = (key(keys), group.to_owned(), cell.indicator.clone());
    figures.insert(at, (cell.share.map(|share| share.value), counts));
}

fn count(figures: &mut Figures, keys: &[CategoryKey], group: &str, name: &str, count: i64) {
    let counts = [Some(count), None, None, None];
    let value = f64::from(u32::try_from(count).unwrap());
    figures.insert((key(keys), group.to_owned(), name.to_owned()), (Some(value), counts));
}

async fn with_people() -> TestServer {
    let server = filled().await;
    let people = json!([
        {"personKey": "a", "person": {"sex": "1", "digitalAccess": "UNABLE"}, "recordCount": 1},
        {"personKey": "b", "person": {"sex": "2", "digitalAccess": "ABLE"}},
        {"personKey": "c", "person": {"sex": "2"}}
    ]);
    snapshot(&server, ("04C", "2020-04"), &["sex", "digital_access"], &people).await;
    server
}

#[tokio::test]
async fn exclusion_and_provision_have_the_cells_of_the_unary_calls() {
    let server = with_people().await;
    let asked = json!({"query": query("QK1", "2020-04", ""), "estimateCollections": ["-"]});
    let found = exported(&server, json!({"exclusion": asked})).await;
    let request: GetDigitalExclusionBreakdownRequest = message(asked);
    let answer = client(&server).get_digital_exclusion_breakdown(request).await.unwrap();
    let mut expected = Figures::new();
    for row in answer.into_inner().breakdown.unwrap().rows {
        count(&mut expected, &row.keys, "", "PEOPLE", row.person_count);
        for cell in &row.indicators {
            put(&mut expected, &row.keys, "", cell);
        }
        for cell in &row.reasons {
            let base = cell.share.map(|_| row.reason_base_count);
            let at = (key(&row.keys), cell.reason.clone(), "DX-21-REASON".to_owned());
            let counts = [Some(cell.count), base, None, None];
            expected.insert(at, (cell.share.map(|share| share.value), counts));
        }
    }
    assert!(expected.len() > 20);
    assert_eq!(of_rows(&found), expected);

    let asked = json!({"query": query("QK1", "2020-04", "")});
    let found = exported(&server, json!({"provision": asked})).await;
    let request: GetFaceToFaceProvisionRequest = message(asked);
    let answer = client(&server).get_face_to_face_provision(request).await.unwrap();
    let table = answer.into_inner().provision.unwrap();
    let mut expected = Figures::new();
    for row in &table.rows {
        for group in &row.groups {
            let code = if group.group == "ALL" { "" } else { group.group.as_str() };
            for (name, counted) in [
                ("CONTACTS", group.contact_count),
                ("IN_PERSON", group.in_person_count),
                ("REMOTE", group.remote_count),
            ] {
                if group.absence.is_none() {
                    count(&mut expected, &row.keys, code, name, counted);
                    continue;
                }
                // Whom nobody asked is not nobody.
                let at = (key(&row.keys), code.to_owned(), name.to_owned());
                let missing =
                    [None, None, Some(group.unknown_count), Some(group.not_collected_count)];
                expected.insert(at, (None, missing));
            }
            for cell in &group.indicators {
                put(&mut expected, &row.keys, code, cell);
            }
        }
    }
    let sources = table.sources.unwrap();
    for (group, counted) in [
        ("RECORD", sources.record_count),
        ("SNAPSHOT", sources.snapshot_count),
        ("NOT_KNOWN", sources.unknown_count),
    ] {
        count(&mut expected, &[], group, "ACCESS_STATUS", counted);
    }
    assert_eq!(sources.other_needs.len(), 2);
    for need in &sources.other_needs {
        let id = need.dimension.to_uppercase();
        count(&mut expected, &[], "RECORD", &id, need.record_count);
        count(&mut expected, &[], "SNAPSHOT", &id, need.snapshot_count);
        count(&mut expected, &[], "NOT_KNOWN", &id, need.unknown_count);
    }
    assert!(expected.len() > 50);
    assert_eq!(of_rows(&found), expected);
}

#[tokio::test]
async fn impact_has_the_cells_of_the_unary_call() {
    let server = filled().await;
    let asked = json!({"query": query("QK1", "2020-04", "2020-06")});
    let found = exported(&server, json!({"impact": asked})).await;
    let request: GetChannelImpactRequest = message(asked);
    let answer = client(&server).get_channel_impact(request).await.unwrap();
    let mut expected = Figures::new();
    for row in answer.into_inner().impact.unwrap().rows {
        for outcome in &row.outcomes {
            for (group, cell) in [("IN_PERSON", &outcome.in_person), ("REMOTE", &outcome.remote)] {
                put(&mut expected, &row.keys, group, cell.as_ref().unwrap());
            }
            let id = if outcome.indicator == "CH-09" { "CH-10" } else { &outcome.indicator };
            let at = (key(&row.keys), "REMOTE_LESS_IN_PERSON".to_owned(), id.to_owned());
            expected.insert(at, (outcome.difference.map(|less| less.value), [None; 4]));
        }
        let at = |group: &str, id: &str| (key(&row.keys), group.to_owned(), id.to_owned());
        let of = row.conversion.as_ref().unwrap();
        let value = |interval: &Option<Interval>| interval.map(|interval| interval.value);
        let counts = |followed, of, unseen| [Some(followed), Some(of), Some(unseen), None];
        let in_person = counts(
            of.in_person_followed_count,
            of.in_person_count,
            of.in_person_not_computable_count,
        );
        let remote = counts(of.followed_count, of.remote_count, of.not_computable_count);
        expected.insert(at("IN_PERSON", "CH-12"), (value(&of.in_person_share), in_person));
        expected.insert(at("REMOTE", "CH-12"), (value(&of.share), remote));
        let less = (value(&of.difference), [None; 4]);
        expected.insert(at("REMOTE_LESS_IN_PERSON", "CH-12"), less);
        let wait = row.wait.as_ref().unwrap();
        for (group, cell) in [("IN_PERSON", &wait.in_person), ("REMOTE", &wait.remote)] {
            let cell = cell.as_ref().unwrap();
            let counts = [
                None,
                Some(cell.known_count),
                Some(cell.unknown_count),
                Some(cell.not_collected_count),
            ];
            expected.insert(at(group, &wait.indicator), (cell.median_days, counts));
        }
        let less = (wait.difference_days, [None; 4]);
        expected.insert(at("REMOTE_LESS_IN_PERSON", &wait.indicator), less);
    }
    assert!(expected.len() > 20);
    assert_eq!(of_rows(&found), expected);
}

#[tokio::test]
async fn nothing_is_no_zero_in_any_table() {
    let server = filled().await;
    let asked = || json!({"query": query("QK1", "2021-04", ""), "estimateCollections": ["-"]});
    for table in ["channels", "outcomes", "exclusion", "provision", "impact"] {
        let mut of = asked();
        if table != "exclusion" {
            of.as_object_mut().unwrap().remove("estimateCollections");
        }
        let rows = exported(&server, json!({table: of})).await;
        assert!(!rows.is_empty());
        for row in rows {
            let counts = [row.numerator_count, row.denominator_count, row.unknown_count];
            assert_eq!((row.value, counts, row.not_collected_count), (None, [None; 3], None));
            let why = row.absence.unwrap().detail;
            assert!(why.contains("has no submission for 2021-04"), "{table}: {why}");
            assert_eq!((row.month_count, row.expected_month_count), (0, 1));
            if row.group.is_empty() {
                assert_eq!(row.group_state, i32::from(CategoryState::Any));
            }
        }
    }
}
