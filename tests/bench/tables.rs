//! Every table, asked for the first time and again: over 24 months of consultations, populations and access snapshots.

use std::process::Command;
use std::time::{Duration, Instant};

use bytes::Bytes;
use equity_indicators::proto::v1::get_area_risk_request::HighRisk;
use equity_indicators::proto::v1::{
    BreakdownQuery, GetAccessOutcomesRequest, GetAreaRiskRequest, GetChannelBreakdownRequest,
    GetChannelImpactRequest, GetDigitalExclusionBreakdownRequest, GetFaceToFaceProvisionRequest,
    Measure, PeriodRange,
};
use prost::Message as _;

use crate::support::{Outcome, Running, connect, histogram, ms, raw, record, verdict};
use crate::{FIRST_MONTH, LAST_MONTH};

/// Periods that end with the last month: each makes another question about almost the same data.
const PERIODS: [&str; 6] = ["2023-01", "2023-02", "2023-03", "2023-04", "2023-05", "2023-06"];
/// Months of the rows.
const MONTHS: [&str; 24] = [
    "2023-01", "2023-02", "2023-03", "2023-04", "2023-05", "2023-06", "2023-07", "2023-08",
    "2023-09", "2023-10", "2023-11", "2023-12", "2024-01", "2024-02", "2024-03", "2024-04",
    "2024-05", "2024-06", "2024-07", "2024-08", "2024-09", "2024-10", "2024-11", "2024-12",
];
const CHANNEL_BREAKDOWN: &str = "/equity.v1.ConsultationChannelService/GetChannelBreakdown";
const CHANNELS: &str = "/equity.v1.ConsultationChannelService/";
const EXCLUSION: &str = "/equity.v1.DigitalExclusionService/";

/// A question about the months from the first one on, as bytes.
type Ask = fn(BreakdownQuery) -> Vec<u8>;

/// The questions: what is said of them, the service, the call, the dimensions, the message.
const QUESTIONS: &[(&str, &str, &str, &[&str], Ask)] = &[
    ("channels", CHANNELS, "GetChannelBreakdown", &["sex"], channels),
    ("channels, crossed", CHANNELS, "GetChannelBreakdown", &["sex", "age_band"], channels),
    ("channels, persons", CHANNELS, "GetChannelBreakdown", &["sex"], persons),
    ("outcomes", CHANNELS, "GetAccessOutcomes", &["sex"], outcomes),
    ("outcomes, crossed", CHANNELS, "GetAccessOutcomes", &["sex", "ethnic_group_broad"], outcomes),
    ("exclusion", EXCLUSION, "GetDigitalExclusionBreakdown", &["age_band"], exclusion),
    ("provision", EXCLUSION, "GetFaceToFaceProvision", &["age_75"], provision),
    ("impact", EXCLUSION, "GetChannelImpact", &["age_band"], impact),
    ("risk", EXCLUSION, "GetAreaRisk", &["sex"], risk),
];

fn channels(query: BreakdownQuery) -> Vec<u8> {
    GetChannelBreakdownRequest { query: Some(query), ..Default::default() }.encode_to_vec()
}

fn persons(query: BreakdownQuery) -> Vec<u8> {
    let measure = Measure::Persons.into();
    GetChannelBreakdownRequest { query: Some(query), measure, ..Default::default() }.encode_to_vec()
}

fn outcomes(query: BreakdownQuery) -> Vec<u8> {
    GetAccessOutcomesRequest { query: Some(query), ..Default::default() }.encode_to_vec()
}

fn exclusion(query: BreakdownQuery) -> Vec<u8> {
    GetDigitalExclusionBreakdownRequest { query: Some(query), ..Default::default() }.encode_to_vec()
}

fn provision(query: BreakdownQuery) -> Vec<u8> {
    GetFaceToFaceProvisionRequest { query: Some(query), ..Default::default() }.encode_to_vec()
}

fn impact(query: BreakdownQuery) -> Vec<u8> {
    GetChannelImpactRequest { query: Some(query), ..Default::default() }.encode_to_vec()
}

/// Risk has no period: another share of the people makes another question.
fn risk(query: BreakdownQuery) -> Vec<u8> {
    let period = query.period.as_ref().map(|period| period.first.as_str());
    let place = PERIODS.iter().position(|first| Some(*first) == period).unwrap_or_default();
    let high_risk = Some(HighRisk::HighRiskTopShare(0.1 + place as f64 / 100.0));
    let query = Some(BreakdownQuery { period: None, ..query });
    GetAreaRiskRequest { query, high_risk, ..Default::default() }.encode_to_vec()
}

fn query(by: &[&str], first: &str, last: &str) -> BreakdownQuery {
    BreakdownQuery {
        collection: "synthetic-llr".into(),
        area: "QK1".into(),
        period: Some(PeriodRange { first: first.into(), last: last.into() }),
        by: by.iter().map(|&id| id.to_owned()).collect(),
        ..BreakdownQuery::default()
    }
}

/// Loads so many consultations with their people and asks every table.
pub async fn tables(rows: u64) -> Outcome {
    let service = Running::start().await?;
    let begin = Instant::now();
    let loaded = Command::new(env!("CARGO_BIN_EXE_equity"))
        .args(["generate", "--rows", &rows.to_string(), "--from", FIRST_MONTH, "--to", LAST_MONTH])
        .args(["--submit-to", &service.uri()])
        .output()?;
    if !loaded.status.success() {
        return Err(String::from_utf8_lossy(&loaded.stderr).into());
    }
    let seconds = begin.elapsed().as_secs_f64();
    println!("Tables over {rows} consultations and their people, loaded in {seconds:.0} s");
    println!("    {:<20} {:>12} {:>12} {:>12}", "median", "first, ms", "again, ms", "bytes");
    let channel = connect(&service.uri()).await?;
    for (name, of_service, call, by, ask) in QUESTIONS {
        let question = |first: &str| -> Bytes { ask(query(by, first, LAST_MONTH)).into() };
        let path = format!("{of_service}{call}");
        let (mut first, mut again, mut bytes) = (Vec::new(), Vec::new(), 0);
        for (number, period) in PERIODS.into_iter().enumerate() {
            for times in [&mut first, &mut again] {
                let begin = Instant::now();
                let answer = raw::call(channel.clone(), &path, question(period)).await?;
                bytes = answer.len();
                // The first period brings what is read into memory.
                if number > 0 {
                    times.push(begin.elapsed().as_secs_f64() * 1e3);
                }
            }
        }
        let median = |times: &mut Vec<f64>| {
            times.sort_by(f64::total_cmp);
            times[times.len() / 2]
        };
        let (first, again) = (median(&mut first), median(&mut again));
        println!("    {name:<20} {first:>12.2} {again:>12.2} {bytes:>12}");
    }
    beside_dear_ones(&service.uri()).await?;
    service.stop().await
}

/// How long a small question takes that nobody asked before, ten times a second, alone and beside ten of the dearest at once.
async fn beside_dear_ones(uri: &str) -> Outcome {
    const ASKED: usize = 60;
    let mut p99 = Vec::new();
    for dear in [0, 10] {
        let asking: Vec<_> = (0..dear).map(|asker| keep_asking(uri.to_owned(), asker)).collect();
        let (channel, mut times) = (connect(uri).await?, histogram());
        let mut ticks = tokio::time::interval(Duration::from_millis(100));
        for number in 0..ASKED {
            ticks.tick().await;
            let query = BreakdownQuery {
                // Every time another period.
                confidence_level: Some(if dear == 0 { 0.95 } else { 0.998 }),
                ..query(&["religion"], MONTHS[number % 12], MONTHS[12 + number / 12])
            };
            let begin = Instant::now();
            raw::call(channel.clone(), CHANNEL_BREAKDOWN, channels(query).into()).await?;
            record(&mut times, begin.elapsed());
        }
        for task in asking {
            if task.is_finished() {
                task.await??;
            } else {
                task.abort();
            }
        }
        println!(
            "    a small question beside {dear:>2} dear ones: p50 {:.2} ms, p99 {:.2} ms",
            ms(&times, 0.5),
            ms(&times, 0.99)
        );
        p99.push(ms(&times, 0.99));
    }
    verdict("small question's p99 beside ten dear ones, to alone", p99[1] / p99[0], 2.0, 1.5);
    Ok(())
}

/// Asks the dearest question again and again, each time another one, until aborted.
fn keep_asking(uri: String, asker: i32) -> tokio::task::JoinHandle<Outcome> {
    tokio::spawn(async move {
        let channel = connect(&uri).await?;
        for number in 0.. {
            let request = GetFaceToFaceProvisionRequest {
                query: Some(query(&["sex", "age_75"], FIRST_MONTH, LAST_MONTH)),
                // Another number of days makes another question.
                request_met_days: 1 + (asker * 36 + number) % 365,
                ..Default::default()
            };
            let path = "/equity.v1.DigitalExclusionService/GetFaceToFaceProvision";
            raw::call(channel.clone(), path, request.encode_to_vec().into()).await?;
        }
        Ok(())
    })
}
