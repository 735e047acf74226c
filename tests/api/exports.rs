//! Exports: the cells of the unary calls, at one position, with a place to go on from behind every message.

use std::collections::BTreeMap;

use equity_indicators::proto::v1::channel_cell::Value;
use equity_indicators::proto::v1::export_service_client::ExportServiceClient;
use equity_indicators::proto::v1::{
    ExportBreakdownsRequest, ExportBreakdownsResponse, ExportRow, GetAccessOutcomesRequest,
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
        "channels": {"query": query("QK1", "2020-04", "2020-06")},
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

pub(super) fn key(keys: &[equity_indicators::proto::v1::CategoryKey]) -> String {
    keys.iter().map(|key| key.code.as_str()).collect::<Vec<_>>().join("|")
}

/// Value, limits, count, base: what a cell says.
type Said = (Option<f64>, Option<f64>, Option<f64>, Option<i64>, Option<i64>);

#[tokio::test]
async fn an_export_has_the_cells_of_the_unary_calls() {
    let server = filled().await;
    let messages = export(&server, &channels()).await.unwrap();
    let position = server.position().await;
    assert_eq!(messages.len(), 12, "four areas, three months, a message each");
    assert!(messages.iter().all(|m| (m.table_count, m.position) == (12, position)));
    let done: Vec<_> = messages.iter().map(|message| message.done_table_count).collect();
    assert_eq!(done, (1..=12).collect::<Vec<_>>());
    let mut found: BTreeMap<(String, String, String, String), Said> = BTreeMap::new();
    let mut whole = BTreeMap::new();
    for row in rows(&messages) {
        if row.unit == "COUNT" {
            let at = (row.area.clone(), row.first_month.clone(), key(&row.keys));
            assert_eq!((row.indicator.as_str(), row.group.as_str()), ("CONTACTS", ""));
            assert_eq!(whole.insert(at, row.numerator_count), None, "a count stands there twice");
            continue;
        }
        let at = (row.area.clone(), row.first_month.clone(), key(&row.keys), row.group.clone());
        assert_eq!((row.table.as_str(), row.indicator.as_str()), ("CHANNELS", "CH-01"));
        assert_eq!((row.position, &row.first_month), (position, &row.last_month));
        assert_eq!(row.absence.is_some(), row.value.is_none());
        assert_eq!(row.area_type, if row.area == "QK1" { "system" } else { "sub_icb" });
        let said = (row.value, row.lower, row.upper, row.numerator_count, row.denominator_count);
        assert_eq!(found.insert(at, said), None, "a cell stands there twice");
    }
    let mut expected = BTreeMap::new();
    for area in ["03W", "04C", "04V", "QK1"] {
        for month in MONTHS {
            let table = server.ask(json!({"query": query(area, month, "")})).await.unwrap();
            for row in &table.rows {
                let at = (area.to_owned(), month.to_owned(), key(&row.keys));
                assert_eq!(whole.remove(&at), Some(Some(row.total_count)), "{at:?}");
                for cell in &row.channels {
                    let Some(Value::Estimate(cell_of)) = &cell.value else { panic!("{cell:?}") };
                    let share = cell_of.share;
                    let said = (
                        share.map(|s| s.value),
                        share.and_then(|s| s.lower),
                        share.and_then(|s| s.upper),
                        Some(cell_of.count),
                        share.map(|_| row.base_count),
                    );
                    let at =
                        (area.to_owned(), month.to_owned(), key(&row.keys), cell.channel.clone());
                    expected.insert(at, said);
                }
            }
        }
    }
    assert!(expected.len() > 100);
    assert!(whole.is_empty(), "{whole:?}");
    for (at, said) in &mut found {
        // Where nobody is in the base there is a base of 0 and no share.
        if said.0.is_none() && said.4 == Some(0) {
            said.4 = None;
        }
        assert_eq!(Some(&*said), expected.get(at), "{at:?}");
    }
    assert_eq!(found.len(), expected.len());
}

#[tokio::test]
async fn outcomes_are_those_of_the_unary_call_too() {
    let server = filled().await;
    let asked = json!({"query": query("QK1", "2020-04", "2020-06"), "lateCountsAsMissed": true});
    let request: ExportBreakdownsRequest = message(json!({"outcomes": asked}));
    let found = rows(&export(&server, &request).await.unwrap());
    let request: GetAccessOutcomesRequest = message(asked);
    let table = server.channels().get_access_outcomes(request).await.unwrap().into_inner();
    let mut cells = 0;
    for row in table.outcomes.unwrap().rows {
        for cell in &row.channels {
            let of = |indicator: &str| {
                let mut same = found.iter().filter(|r| {
                    r.indicator == indicator
                        && r.group == if cell.channel == "ALL" { "" } else { &cell.channel }
                        && key(&r.keys) == key(&row.keys)
                });
                let one = same.next().unwrap_or_else(|| panic!("no {indicator} of {cell:?}"));
                assert!(same.next().is_none());
                cells += 1;
                one.clone()
            };
            let mut of = of;
            let missed = of("CH-09");
            assert_eq!(missed.value, cell.did_not_attend_rate.map(|rate| rate.value));
            assert_eq!(missed.numerator_count, Some(cell.did_not_attend_count));
            for (name, count) in [
                ("CONTACTS", cell.total_count),
                ("ATTENDED", cell.attended_count),
                ("OTHER_ATTENDANCE", cell.other_attendance_count),
            ] {
                assert_eq!(of(name).numerator_count, Some(count));
            }
            let same_day = of("CH-11-SAME-DAY");
            assert_eq!(same_day.value, cell.same_day_share.map(|share| share.value));
            let over = of("CH-11-OVER-14");
            assert_eq!(over.value, cell.over_14_days_share.map(|share| share.value));
            for waits in [same_day, over] {
                let (Some(share), Some(of)) = (waits.value, waits.denominator_count) else {
                    continue;
                };
                let counted = f64::from(u32::try_from(waits.numerator_count.unwrap()).unwrap());
                assert!((counted / f64::from(u32::try_from(of).unwrap()) - share).abs() < 1e-12);
            }
        }
    }
    assert!(cells > 20);
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
    let Some(equity_indicators::proto::v1::export_breakdowns_request::Table::Channels(asked)) =
        &mut then.table
    else {
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
    let about = header("04C", "synthetic-llr", "2020-04", &["sex", "age"]);
    server.submit(about, records(&Json::Array(people))).await.unwrap();
    let request: ExportBreakdownsRequest = message(json!({"channels": {"query": {
        "collection": "synthetic-llr", "area": "QK1", "period": {"first": "2020-04"}, "by": ["age_years", "sex"]
    }}}));
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
async fn what_cannot_be_exported_is_refused_with_its_field() {
    type Change = fn(&mut ExportBreakdownsRequest);
    let server = filled().await;
    let cursor = export(&server, &channels()).await.unwrap()[0].cursor.clone();
    let wrong = |change: Change| {
        let mut request = ExportBreakdownsRequest { cursor: cursor.clone(), ..channels() };
        change(&mut request);
        request
    };
    let cases: [(Change, (&str, &str)); 8] = [
        (|r| r.area_types = vec!["sub_icb".into()], ("CURSOR_INVALID", "")),
        (|r| r.period_step = 1, ("CURSOR_INVALID", "")),
        (|r| r.cursor = "x".into(), ("CURSOR_INVALID", "")),
        (|r| r.cursor.replace_range(40..41, "z"), ("CURSOR_INVALID", "")),
        (|r| r.table = None, ("FIELD_INVALID", "table")),
        (|r| r.area_types = vec!["county".into()], ("FIELD_INVALID", "area_types[0]")),
        (|r| r.period_step = 99, ("FIELD_INVALID", "period_step")),
        (|r| r.period_step = 5, ("FIELD_INVALID", "period_step")),
    ];
    for (change, expected) in cases {
        let refusal = Refusal::of(&export(&server, &wrong(change)).await.unwrap_err());
        assert_eq!(refusal.short(), expected, "{refusal:?}");
    }
    for (asked, expected) in [
        (json!({"channels": {}}), ("FIELD_INVALID", "channels.query")),
        (json!({"channels": {"query": query("XXX", "2020-04", "")}}), ("AREA_NOT_FOUND", "")),
        (
            json!({"channels": {"query": query("QK1", "2020-99", "")}}),
            ("FIELD_INVALID", "channels.query.period.first"),
        ),
        (
            json!({"channels": {"query": query("QK1", "1970", "2199")}, "areaTypes": ["pcn"], "periodStep": 2}),
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
        json!({"channels": {"query": query}, "areaTypes": types})
    };
    for (asked, expected) in [
        (
            json!({"channels": {"query": filter(twice)}, "periodStep": 2}),
            ("FIELD_INVALID", "channels.query.where[1].codes"),
        ),
        (
            json!({"outcomes": {"query": filter(ages(1_001))}, "periodStep": 2}),
            ("FIELD_INVALID", "outcomes.query.where[1].codes"),
        ),
        (
            json!({"exclusion": {"query": with(json!({"asOf": {"position": "-1"}}))}}),
            ("FIELD_INVALID", "exclusion.query.as_of.position"),
        ),
        (
            json!({"risk": {"area": "QK1", "asOf": {"position": "-1"}}}),
            ("FIELD_INVALID", "risk.as_of.position"),
        ),
        (
            json!({"risk": {"area": "QK1", "asOf": {"position": "99"}}}),
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
    let most = json!({"channels": {"query": filter(ages(90))}, "periodStep": 2});
    assert_eq!(export(&server, &message(most)).await.unwrap().last().unwrap().table_count, 3);
}
