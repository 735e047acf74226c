//! Every table, asked for the first time and again: over 24 months of consultations, populations and access snapshots.

pub mod beside;
pub mod heavy;
pub mod questions;
pub mod same;

use std::time::Instant;

use equity_indicators::proto::v1::BreakdownQuery;
use questions::{GAPS, QUESTIONS, Question, other_limits};
use tonic::transport::Channel;

use crate::program::{Program, demo, equity};
use crate::support::{Outcome, connect, raw, rows, verdict};
use crate::{FIRST_MONTH, LAST_MONTH, limit, readers, ready};

/// Where periods begin that end with the last month: each makes another question about almost the same data.
const PERIODS: [&str; 5] = ["2023-02", "2023-03", "2023-04", "2023-05", "2023-06"];
/// Published scores of small areas, and people by small area: what area risk is made of.
const PUBLISHED: [&str; 2] = ["deri_depahri_lsoa11_llr.csv", "religion_lsoa21_llr.csv.gz"];

/// The generator makes about so many.
const PERSONS: usize = 1_200_000;

/// Loads so many consultations with their people, asks every table, and lets the service read, write and start again.
pub async fn tables(rows: u64, peers: bool, heavy: bool) -> Outcome {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("data");
    let (service, _) = Program::start(&data)?;
    load(service.uri(), rows)?;
    let loaded = service.resident().unwrap_or_default();
    every_table(service.uri()).await?;
    let limit = limit::plain_persons(usize::try_from(rows)?, PERSONS) * 1e3;
    println!(
        "    persons: a plain loop that marks and counts {PERSONS} persons of as many rows, two threads: {limit:.2} ms"
    );
    if let Some(resident) = service.resident() {
        verdict("P8  resident memory after these questions, in MB", resident, 400.0, 250.0);
    }
    beside::beside_dear_ones(service.uri()).await?;
    if heavy {
        heavy::heavy(&service, loaded).await?;
    }
    let organisations = organisations()?;
    if peers {
        same::same(service.uri(), rows, &organisations).await?;
    }
    let service = ready::ready(service, &data).await?;
    readers::readers(service.uri(), &organisations).await?;
    service.stop()
}

/// The practices that have rows.
fn organisations() -> Outcome<Vec<String>> {
    let month = rows::generator(100_000, LAST_MONTH, LAST_MONTH)?;
    Ok(month.consultations().map(|parcel| parcel.organisation).collect())
}

fn load(uri: &str, rows: u64) -> Outcome {
    let begin = Instant::now();
    let rows = rows.to_string();
    let made = ["generate", "--rows", &rows, "--from", FIRST_MONTH, "--to", LAST_MONTH];
    equity(&[&made[..], &["--submit-to", uri]].concat())?;
    for name in PUBLISHED {
        equity(&["submit", &demo(name).to_string_lossy(), "--to", uri])?;
    }
    let seconds = begin.elapsed().as_secs_f64();
    println!("Tables over {rows} consultations and their people, loaded in {seconds:.0} s");
    Ok(())
}

/// Medians over the periods.
async fn every_table(uri: &str) -> Outcome {
    let channel = connect(uri).await?;
    println!(
        "    {:<20} {:>12} {:>12} {:>12} {:>12}",
        "", "touch, ms", "first, ms", "again, ms", "bytes"
    );
    for question in QUESTIONS {
        let (mut first, mut again, mut bytes) = (Vec::new(), Vec::new(), 0);
        // The very first one brings into memory what is read.
        let whole = other_limits(question.about(FIRST_MONTH, LAST_MONTH));
        let touch = ask(&channel, question, whole).await?.0;
        for period in PERIODS {
            for times in [&mut first, &mut again] {
                let (time, length) =
                    ask(&channel, question, question.about(period, LAST_MONTH)).await?;
                times.push(time);
                bytes = length;
            }
        }
        let median = |times: &mut Vec<f64>| {
            times.sort_by(f64::total_cmp);
            times[times.len() / 2]
        };
        let name = question.name;
        let (first, again) = (median(&mut first), median(&mut again));
        println!("    {name:<20} {touch:>12.2} {first:>12.2} {again:>12.2} {bytes:>12}");
        if name == GAPS {
            verdict("P14 ListGaps, first, in ms", first, 300.0, 150.0);
        }
    }
    Ok(())
}

/// Milliseconds and bytes of an answer.
async fn ask(
    channel: &Channel,
    question: &Question,
    query: BreakdownQuery,
) -> Outcome<(f64, usize)> {
    let asked = question.bytes(query).into();
    let begin = Instant::now();
    let answer = raw::call(channel.clone(), &question.path(), asked).await?;
    Ok((begin.elapsed().as_secs_f64() * 1e3, answer.len()))
}
