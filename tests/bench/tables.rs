//! Every table, asked for the first time and again: over 24 months of consultations, populations and access snapshots.

use std::process::Command;
use std::time::Instant;

use bytes::Bytes;
use equity_indicators::proto::v1::get_area_risk_request::HighRisk;
use equity_indicators::proto::v1::{
    BreakdownQuery, GetAccessOutcomesRequest, GetAreaRiskRequest, GetChannelBreakdownRequest,
    GetChannelImpactRequest, GetDigitalExclusionBreakdownRequest, GetFaceToFaceProvisionRequest,
    Measure, PeriodRange,
};
use prost::Message as _;

use crate::support::{Outcome, Running, connect, raw};
use crate::{FIRST_MONTH, LAST_MONTH};

/// Periods that end with the last month: each makes another question about almost the same data.
const PERIODS: [&str; 6] = ["2023-01", "2023-02", "2023-03", "2023-04", "2023-05", "2023-06"];
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
        let question = |first: &str| -> Bytes {
            let query = BreakdownQuery {
                collection: "synthetic-llr".into(),
                area: "QK1".into(),
                period: Some(PeriodRange { first: first.into(), last: LAST_MONTH.into() }),
                by: by.iter().map(|&id| id.to_owned()).collect(),
                ..BreakdownQuery::default()
            };
            ask(query).into()
        };
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
    service.stop().await
}
