//! Exports: the cells of the unary calls, at one position, with a place to go on from behind every message.

use std::collections::BTreeMap;

use equity_indicators::proto::v1::breakdown_question::Table;
use equity_indicators::proto::v1::export_service_client::ExportServiceClient;
use equity_indicators::proto::v1::{
    Absence, Breakdown, BreakdownQuestion, CategoryKey, Cell, ExportBreakdownsRequest,
    ExportBreakdownsResponse, ExportRow, Unit,
};
use serde_json::{Value as Json, json};
use tonic::Status;

use crate::support::{Refusal, TestServer, header, message, records};

const MONTHS: [&str; 3] = ["2020-04", "2020-05", "2020-06"];

/// Three organisations, three months, each with other figures.
pub(super) async fn filled() -> TestServer {
    let server = TestServer::start().await;
    for (place, organisation) in ["04C", "03W", "04V"].into_iter().enumerate() {
        for (number, month) in MONTHS.into_iter().enumerate() {
            submit(&server, organisation, month, 3 * place + number + 1).await;
        }
    }
    server
}

async fn submit(server: &TestServer, organisation: &str, month: &str, weight: usize) {
    let rows = records(&json!([
        {"channel": "TELEPHONE", "attendance": "5", "leadTimeDays": 0, "recordCount": weight, "person": {"sex": "1"}},
        {"channel": "VIDEO", "attendance": "3", "leadTimeDays": 20, "recordCount": 2 * weight, "person": {"sex": "2"}},
        {"channel": "FACE_TO_FACE", "attendance": "5", "recordCount": 7, "person": {"sex": "2"}},
        {"attendance": "5"},
    ]));
    let header = header(organisation, "synthetic-llr", month, &["sex"]);
    server.submit(header, rows).await.unwrap();
}

pub(super) fn query(area: &str, first: &str, last: &str) -> Json {
    json!({"collection": "synthetic-llr", "area": area, "period": {"first": first, "last": last}, "by": ["sex"]})
}

fn channels() -> ExportBreakdownsRequest {
    message(json!({
        "question": {"channels": {"query": query("QK1", "2020-04", "2020-06")}},
        "areaTypes": ["sub_icb", "system"], "periodStep": "PERIOD_STEP_MONTH"
    }))
}

pub(super) async fn export(
    server: &TestServer,
    request: &ExportBreakdownsRequest,
) -> Result<Vec<ExportBreakdownsResponse>, Status> {
    let mut client = ExportServiceClient::new(server.channel());
    let mut stream = client.export_breakdowns(request.clone()).await?.into_inner();
    let mut messages = Vec::new();
    while let Some(message) = stream.message().await? {
        messages.push(message);
    }
    Ok(messages)
}

pub(super) fn rows(messages: &[ExportBreakdownsResponse]) -> Vec<ExportRow> {
    messages.iter().flat_map(|message| message.rows.clone()).collect()
}

/// Everything that a cell says, from an answer or from an export.
#[derive(Debug, PartialEq)]
pub(super) struct Said {
    unit: Unit,
    group: Vec<CategoryKey>,
    is_not_for_targets: bool,
    values: [Option<f64>; 3],
    counts: [Option<i64>; 5],
    absence: Option<Absence>,
}

/// Every cell of a table by its row and its column.
pub(super) type Cells = BTreeMap<(Vec<(String, String, i32)>, String), Said>;

fn at(keys: &[CategoryKey], column: &str) -> (Vec<(String, String, i32)>, String) {
    let keys = keys.iter().map(|key| (key.dimension.clone(), key.code.clone(), key.state));
    (keys.collect(), column.to_owned())
}

/// The cells of an answer.
pub(super) fn cells(table: &Breakdown) -> Cells {
    let mut cells = Cells::new();
    for row in &table.rows {
        assert_eq!(row.cells.len(), table.columns.len());
        for (column, cell) in table.columns.iter().zip(&row.cells) {
            let Cell { value, lower, upper, absence, .. } = cell.clone();
            let said = Said {
                unit: column.unit(),
                group: column.group.clone(),
                is_not_for_targets: column.not_for_targets,
                values: [value, lower, upper],
                counts: [
                    cell.numerator_count,
                    cell.denominator_count,
                    cell.unknown_count,
                    cell.not_collected_count,
                    cell.outside_count,
                ],
                absence,
            };
            assert!(cells.insert(at(&row.keys, &column.id), said).is_none(), "{column:?} twice");
        }
    }
    cells
}

/// The cells of exported rows. What is beside tables (estimates, assessments) is in none of them.
pub(super) fn exported_cells(rows: &[ExportRow]) -> Cells {
    let mut cells = Cells::new();
    for row in rows {
        let said = Said {
            unit: row.unit(),
            group: row.group.clone(),
            is_not_for_targets: row.not_for_targets,
            values: [row.value, row.lower, row.upper],
            counts: [
                row.numerator_count,
                row.denominator_count,
                row.unknown_count,
                row.not_collected_count,
                row.outside_count,
            ],
            absence: row.absence.clone(),
        };
        assert_eq!(row.value.is_some(), row.absence.is_none(), "{row:?}");
        assert_eq!(row.key_labels.len(), row.keys.len(), "{row:?}");
        assert_eq!(row.group_labels.len(), row.group.len(), "{row:?}");
        let codes = row.group.iter().map(|key| key.code.as_str());
        let id: Vec<_> = std::iter::once(row.indicator.as_str()).chain(codes).collect();
        assert_eq!(row.column, id.join("/"));
        assert!(cells.insert(at(&row.keys, &row.column), said).is_none(), "{row:?} twice");
    }
    cells
}

#[tokio::test]
async fn an_export_has_the_cells_of_the_unary_calls() {
    let server = filled().await;
    let messages = export(&server, &channels()).await.unwrap();
    let position = server.position().await;
    assert_eq!(messages.len(), 12, "four areas, three months, a message each");
    assert!(messages.iter().all(|m| (m.table_count, m.position) == (12, position)));
    let done: Vec<_> = messages.iter().map(|message| message.done_table_count).collect();
    assert_eq!(done, (1..=12).collect::<Vec<_>>());
    let mut found: BTreeMap<(String, String), Vec<ExportRow>> = BTreeMap::new();
    for row in rows(&messages) {
        assert_eq!((row.table.as_str(), row.position), ("CHANNELS", position));
        assert_eq!(row.first_month, row.last_month);
        assert_eq!(row.area_type, if row.area == "QK1" { "system" } else { "sub_icb" });
        let at = (row.area.clone(), row.first_month.clone());
        found.entry(at).or_default().push(row);
    }
    let mut compared = 0;
    for area in ["03W", "04C", "04V", "QK1"] {
        for month in MONTHS {
            let table = server.ask(json!({"query": query(area, month, "")})).await.unwrap();
            let rows = found.remove(&(area.to_owned(), month.to_owned())).unwrap();
            let expected = cells(&table);
            assert_eq!(exported_cells(&rows), expected, "{area} {month}");
            compared += expected.len();
        }
    }
    assert!(compared > 100 && found.is_empty(), "{compared}, {found:?}");
}

#[tokio::test]
async fn every_cursor_leads_to_the_same_rest_whatever_was_submitted_since() {
    let server = filled().await;
    // Small areas by month and organisation: a few messages of which some are parts of a table.
    let messages = export(&server, &channels()).await.unwrap();
    for organisation in ["04C", "03W", "04V"] {
        submit(&server, organisation, "2020-05", 1_000).await;
    }
    let server = server.reopen().await;
    for (place, message) in messages.iter().enumerate() {
        let cursor = message.cursor.clone();
        let rest =
            export(&server, &ExportBreakdownsRequest { cursor, ..channels() }).await.unwrap();
        assert_eq!(rest, messages[place + 1..], "behind message {place}");
    }
    let now = export(&server, &channels()).await.unwrap();
    assert_ne!(rows(&now), rows(&messages));
    let position = messages[0].position;
    let mut then = channels();
    let Some(Table::Channels(asked)) = &mut then.question.as_mut().unwrap().table else {
        unreachable!("it asks for channels")
    };
    asked.query.as_mut().unwrap().as_of = Some(message(json!({"position": position})));
    assert_eq!(rows(&export(&server, &then).await.unwrap()), rows(&messages));
}

#[tokio::test]
async fn a_large_table_comes_in_parts_that_can_be_gone_on_with() {
    let server = TestServer::start().await;
    let people: Vec<_> = (0..101)
        .flat_map(|age| ["1", "2", "9"].map(|sex| json!({"sex": sex, "ageYears": age})))
        .zip(["TELEPHONE", "VIDEO", "FACE_TO_FACE", "EMAIL", "HOME_VISIT"].into_iter().cycle())
        .map(|(person, channel)| json!({"channel": channel, "person": person}))
        .collect();
    let about = header("04C", "synthetic-llr", "2020-04", &["sex", "age_band"]);
    server.submit(about, records(&Json::Array(people))).await.unwrap();
    let request: ExportBreakdownsRequest = message(json!({"question": {"channels": {"query": {
        "collection": "synthetic-llr", "area": "QK1", "period": {"first": "2020-04"}, "by": ["age_years", "sex"]
    }}}}));
    let messages = export(&server, &request).await.unwrap();
    let sizes: Vec<_> = messages.iter().map(|message| message.rows.len()).collect();
    assert!(sizes.len() > 1 && sizes[0] == 1_000, "{sizes:?}");
    assert_eq!(messages[0].done_table_count, 0);
    assert_eq!(messages.last().unwrap().done_table_count, 1);
    for (place, message) in messages.iter().enumerate() {
        let cursor = message.cursor.clone();
        let on = ExportBreakdownsRequest { cursor, ..request.clone() };
        assert_eq!(export(&server, &on).await.unwrap(), messages[place + 1..]);
    }
}

#[tokio::test]
async fn since_a_position_only_the_tables_that_changed_are_sent_and_these_whole() {
    let server = filled().await;
    let before = export(&server, &channels()).await.unwrap();
    let position = before[0].position;
    let since = |since_position: i64| ExportBreakdownsRequest { since_position, ..channels() };
    let unchanged = export(&server, &since(position)).await.unwrap();
    assert_eq!((rows(&unchanged).len(), unchanged.last().unwrap().done_table_count), (0, 12));

    submit(&server, "04C", "2020-05", 50).await;
    let changed = rows(&export(&server, &since(position)).await.unwrap());
    let of = |row: &ExportRow| (row.area.clone(), row.first_month.clone());
    let tables: std::collections::BTreeSet<_> = changed.iter().map(of).collect();
    let expected = ["04C", "QK1"].map(|area| (area.to_owned(), "2020-05".to_owned()));
    assert_eq!(tables.into_iter().collect::<Vec<_>>(), expected);
    // A copy whose tables are replaced is what a whole export would be.
    let all = rows(&export(&server, &channels()).await.unwrap());
    let mut copy = rows(&before);
    copy.retain(|row| !changed.iter().any(|new| of(new) == of(row)));
    copy.extend(changed);
    let cells = |rows: Vec<ExportRow>| {
        let mut by_table: BTreeMap<_, Vec<ExportRow>> = BTreeMap::new();
        rows.into_iter().for_each(|row| by_table.entry(of(&row)).or_default().push(row));
        by_table.into_iter().map(|(table, rows)| (table, exported_cells(&rows))).collect::<Vec<_>>()
    };
    assert_eq!(cells(copy), cells(all));

    for (wrong, reason) in [(-1, "FIELD_INVALID"), (99_999, "POSITION_NOT_REACHED")] {
        let refusal = Refusal::of(&export(&server, &since(wrong)).await.unwrap_err());
        assert_eq!(refusal.short().0, reason);
    }
}

#[tokio::test]
async fn what_cannot_be_exported_is_refused_with_its_field() {
    type Change = fn(&mut ExportBreakdownsRequest);
    let server = filled().await;
    let cursor = export(&server, &channels()).await.unwrap()[0].cursor.clone();
    let wrong = |change: Change| {
        let mut request = ExportBreakdownsRequest { cursor: cursor.clone(), ..channels() };
        change(&mut request);
        request
    };
    let cases: [(Change, (&str, &str)); 9] = [
        (|r| r.area_types = vec!["sub_icb".into()], ("CURSOR_INVALID", "")),
        (|r| r.period_step = 1, ("CURSOR_INVALID", "")),
        (|r| r.cursor = "x".into(), ("CURSOR_INVALID", "")),
        (|r| r.cursor.replace_range(40..41, "z"), ("CURSOR_INVALID", "")),
        (|r| r.question = None, ("FIELD_INVALID", "question")),
        (|r| r.question = Some(BreakdownQuestion::default()), ("FIELD_INVALID", "question")),
        (|r| r.area_types = vec!["county".into()], ("FIELD_INVALID", "area_types[0]")),
        (|r| r.period_step = 99, ("FIELD_INVALID", "period_step")),
        (|r| r.period_step = 5, ("FIELD_INVALID", "period_step")),
    ];
    for (change, expected) in cases {
        let refusal = Refusal::of(&export(&server, &wrong(change)).await.unwrap_err());
        assert_eq!(refusal.short(), expected, "{refusal:?}");
    }
    for (asked, expected) in [
        (json!({"question": {"channels": {}}}), ("FIELD_INVALID", "question.channels.query")),
        (
            json!({"question": {"channels": {"query": query("XXX", "2020-04", "")}}}),
            ("AREA_NOT_FOUND", ""),
        ),
        (
            json!({"question": {"channels": {"query": query("QK1", "2020-99", "")}}}),
            ("FIELD_INVALID", "question.channels.query.period.first"),
        ),
        (
            json!({"question": {"channels": {"query": query("QK1", "1970", "2199")}}, "areaTypes": ["pcn"], "periodStep": 2}),
            ("FIELD_INVALID", "period_step"),
        ),
    ] {
        let refusal = Refusal::of(&export(&server, &message(asked)).await.unwrap_err());
        assert_eq!(refusal.short(), expected, "{refusal:?}");
    }
}

#[tokio::test]
async fn the_tables_own_refusals_come_before_the_stream_and_name_its_fields() {
    let server = filled().await;
    let with = |more: Json| {
        let mut query = query("QK1", "2020-04", "2020-06");
        query.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        query
    };
    let ages = |count: usize| (0..count).map(|age| age.to_string()).collect::<Vec<_>>();
    let filter = |codes: Vec<String>| {
        let other = json!({"dimension": "channel", "codes": ["VIDEO"]});
        with(json!({"where": [other, {"dimension": "age_years", "codes": codes}]}))
    };
    let twice = [ages(100), ages(1)].concat();
    let residence = |types: &[&str]| {
        let query = with(json!({"areaBasis": "AREA_BASIS_RESIDENCE"}));
        json!({"question": {"channels": {"query": query}}, "areaTypes": types})
    };
    for (asked, expected) in [
        (
            json!({"question": {"channels": {"query": filter(twice)}}, "periodStep": 2}),
            ("FIELD_INVALID", "question.channels.query.where[1].codes"),
        ),
        (
            json!({"question": {"outcomes": {"query": filter(ages(1_001))}}, "periodStep": 2}),
            ("FIELD_INVALID", "question.outcomes.query.where[1].codes"),
        ),
        (
            json!({"question": {"exclusion": {"query": with(json!({"asOf": {"position": "-1"}}))}}}),
            ("FIELD_INVALID", "question.exclusion.query.as_of.position"),
        ),
        (
            json!({"question": {"risk": {"query": {"area": "QK1", "asOf": {"position": "-1"}}}}}),
            ("FIELD_INVALID", "question.risk.query.as_of.position"),
        ),
        (
            json!({"question": {"risk": {"query": {"area": "QK1", "asOf": {"position": "99"}}}}}),
            ("POSITION_NOT_REACHED", ""),
        ),
        // The first type is answered, a later one is not.
        (residence(&["system", "pcn"]), ("QUERY_REFUSED", "")),
    ] {
        let mut client = ExportServiceClient::new(server.channel());
        let request: ExportBreakdownsRequest = message(asked);
        let refused = client.export_breakdowns(request).await.unwrap_err();
        assert_eq!(Refusal::of(&refused).short(), expected, "{refused:?}");
    }
    let most = json!({"question": {"channels": {"query": filter(ages(90))}}, "periodStep": 2});
    assert_eq!(export(&server, &message(most)).await.unwrap().last().unwrap().table_count, 3);
}
