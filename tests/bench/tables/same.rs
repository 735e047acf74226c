//! P14: exclusion, persons, impact, provision and risk over all months, against the same questions in DuckDB's SQL.
//!
//! Every cell of every answer is compared before a time is told. Of each way of asking the best time counts, as DuckDB's best does:
//! by area and by organisations, with both limits, each asked once, so that no answer is at hand.

use std::time::Instant;

use equity_indicators::proto::v1::{BreakdownQuery, GetChannelBreakdownResponse};
use prost::Message as _;
use serde_json::{Value, json};
use tonic::transport::Channel;

use super::questions::{QUESTIONS, Question, other_limits, top_share};
use crate::program::equity;
use crate::support::{Outcome, connect, peers, raw, verdict};
use crate::{FIRST_MONTH, LAST_MONTH};

/// The tables that P14 names.
const TABLES: [&str; 5] = ["exclusion", "persons", "impact", "provision", "risk"];
/// The slowest first-time answer, in milliseconds: must, aim.
const SLOWEST: (f64, f64) = (150.0, 50.0);

/// Asks the service, then DuckDB out of files with the same rows.
pub async fn same(uri: &str, rows: u64, organisations: &[String]) -> Outcome {
    let channel = connect(uri).await?;
    let mut asked = Vec::new();
    for question in QUESTIONS.iter().filter(|question| TABLES.contains(&question.name)) {
        asked.push(first_times(&channel, question, organisations).await?);
    }
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name);
    for dataset in ["consultations", "access"] {
        let (rows, out) = (rows.to_string(), path(dataset));
        let made = ["generate", "--rows", &rows, "--from", FIRST_MONTH, "--to", LAST_MONTH];
        equity(&[&made[..], &["--dataset", dataset, "--out", &out.to_string_lossy()]].concat())?;
    }
    std::fs::write(path("asked.json"), serde_json::to_vec(&asked)?)?;
    let files = ["consultations", "access", "asked.json"].map(path);
    let files = files.each_ref().map(|file| file.as_os_str());
    let found = peers("tables", &files)?;
    if found["same"] != true {
        return Err("DuckDB counts otherwise: no figure".into());
    }
    told(&asked, &found)
}

/// A question asked for the first time in three ways, after another one that brought into memory what is read.
async fn first_times(
    channel: &Channel,
    question: &Question,
    organisations: &[String],
) -> Outcome<Value> {
    let whole = question.about(FIRST_MONTH, LAST_MONTH);
    let named = BreakdownQuery {
        area: String::new(),
        organisations: organisations.to_vec(),
        ..whole.clone()
    };
    let (mut seconds, mut cells) = (f64::INFINITY, Value::Null);
    for query in [other_limits(named.clone()), named, whole.clone()] {
        let begin = Instant::now();
        let answer = ask(channel, question, query).await?;
        seconds = seconds.min(begin.elapsed().as_secs_f64());
        // The last one is the question whose cells are compared.
        cells = cells_of(&answer)?;
    }
    let month = |text: &str| -> Outcome<i64> {
        let (year, month) = text.split_once('-').ok_or("no month")?;
        Ok(year.parse::<i64>()? * 12 + month.parse::<i64>()? - 1)
    };
    let arguments = match question.name {
        "risk" => json!([top_share(&whole)]),
        _ => json!([month(FIRST_MONTH)?, month(LAST_MONTH)?]),
    };
    Ok(json!({"name": question.name, "seconds": seconds, "arguments": arguments, "cells": cells}))
}

async fn ask(
    channel: &Channel,
    question: &Question,
    query: BreakdownQuery,
) -> Outcome<bytes::Bytes> {
    let question_bytes = question.bytes(query).into();
    Ok(raw::call(channel.clone(), &question.path(), question_bytes).await?)
}

/// The cells of an answer by row and column: five counts and the value. Every table's answer has its breakdown at the same place.
pub fn cells_of(answer: &bytes::Bytes) -> Outcome<Value> {
    let table = GetChannelBreakdownResponse::decode(answer.clone())?.breakdown;
    let table = table.ok_or("an answer without a table")?;
    let rows = table.rows.iter().map(|row| {
        let keys: Vec<&str> = row.keys.iter().map(|key| key.code.as_str()).collect();
        let cells = table.columns.iter().zip(&row.cells).map(|(column, cell)| {
            let counts = [
                cell.numerator_count,
                cell.denominator_count,
                cell.unknown_count,
                cell.not_collected_count,
                cell.outside_count,
            ];
            let mut all: Vec<Value> = counts.iter().map(|count| json!(count)).collect();
            all.push(json!(cell.value));
            (column.id.clone(), Value::Array(all))
        });
        json!({"keys": keys, "cells": cells.collect::<serde_json::Map<_, _>>()})
    });
    Ok(rows.collect())
}

fn told(asked: &[Value], found: &Value) -> Outcome {
    let (mut worst, mut slowest) = (f64::INFINITY, 0_f64);
    for one in asked {
        let name = one["name"].as_str().unwrap_or_default();
        let ours = one["seconds"].as_f64().ok_or("no time")?;
        let theirs = found["seconds"][name].as_f64().ok_or("no time of DuckDB")?;
        verdict(
            &format!(
                "P14 {name}: DuckDB {:.1} ms to ours, first, {:.2} ms",
                theirs * 1e3,
                ours * 1e3
            ),
            theirs / ours,
            3.0,
            8.0,
        );
        worst = worst.min(theirs / ours);
        slowest = slowest.max(ours * 1e3);
    }
    verdict("P14 the slowest of them, first, in ms", slowest, SLOWEST.0, SLOWEST.1);
    println!("    the smallest ratio of the five is {worst:.1} ×");
    Ok(())
}
