//! Exported rows read alone: what was asked, what the figures lack, and the cells of every table.

use std::collections::BTreeSet;

use equity_indicators::proto::v1::{BreakdownContext, Denominator, ExportRow, Measure};
use serde_json::{Value as Json, json};

use super::exclusion::snapshot;
use super::exports::{cells, export, exported_cells, filled, query, rows};
use crate::support::{TestServer, message};

async fn exported(server: &TestServer, question: Json) -> Vec<ExportRow> {
    rows(&export(server, &message(json!({"question": question}))).await.unwrap())
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
        assert!(
            rows.iter().all(|row| row.parameters == format!("late_counts_as_missed={asked}"))
                && !rows.is_empty()
        );
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
        .map(|row| (row.keys[0].code.clone(), row.organisation))
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
    assert!(expected.2.iter().any(|note| note.contains("9 of 12")), "{expected:?}");
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
    assert!(table.notes.iter().all(|note| !note.contains("without a submission")), "{table:?}");
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
async fn every_table_is_exported_cell_by_cell() {
    let server = with_people().await;
    let april = || query("QK1", "2020-04", "");
    let quarter = || query("QK1", "2020-04", "2020-06");
    for (table, asked, at_least) in [
        ("channels", json!({"query": quarter(), "includeRates": true}), 20),
        ("channels", json!({"query": quarter(), "denominator": "DENOMINATOR_ALL"}), 10),
        ("outcomes", json!({"query": quarter(), "lateCountsAsMissed": true}), 100),
        ("exclusion", json!({"query": april(), "estimateCollections": ["-"]}), 20),
        ("provision", json!({"query": april()}), 100),
        ("impact", json!({"query": quarter()}), 40),
        ("risk", json!({"query": {"area": "QK1"}}), 5),
    ] {
        let found = exported_cells(&exported(&server, json!({table: asked})).await);
        let expected = cells(&server.table(table, asked).await.unwrap());
        assert!(expected.len() >= at_least, "{table}: {}", expected.len());
        assert_eq!(found, expected, "{table}");
    }
}

#[tokio::test]
async fn nothing_is_no_zero_in_any_table() {
    let server = filled().await;
    for table in ["channels", "outcomes", "exclusion", "provision", "impact"] {
        let mut of = json!({"query": query("QK1", "2021-04", "")});
        if table == "exclusion" {
            of["estimateCollections"] = json!(["-"]);
        }
        let rows = exported(&server, json!({table: of})).await;
        assert!(!rows.is_empty());
        for row in &rows {
            let counts = [row.numerator_count, row.denominator_count, row.unknown_count];
            assert_eq!((row.value, counts, row.not_collected_count), (None, [None; 3], None));
            assert_eq!(row.outside_count, None);
            let why = &row.absence.as_ref().unwrap().detail;
            assert!(why.contains("has no submission for 2021-04"), "{table}: {why}");
            assert_eq!((row.month_count, row.expected_month_count), (0, 1));
        }
        assert_eq!(exported_cells(&rows), cells(&server.table(table, of).await.unwrap()));
    }
}
