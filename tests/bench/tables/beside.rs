//! A small question beside the dearest ones.

use std::time::{Duration, Instant};

use equity_indicators::proto::v1::{BreakdownQuery, GetFaceToFaceProvisionRequest};
use prost::Message as _;

use super::questions::{channels, query};
use crate::support::{Outcome, connect, histogram, ms, raw, record, verdict};
use crate::{FIRST_MONTH, LAST_MONTH};

/// Months of the rows.
const MONTHS: [&str; 24] = [
    "2023-01", "2023-02", "2023-03", "2023-04", "2023-05", "2023-06", "2023-07", "2023-08",
    "2023-09", "2023-10", "2023-11", "2023-12", "2024-01", "2024-02", "2024-03", "2024-04",
    "2024-05", "2024-06", "2024-07", "2024-08", "2024-09", "2024-10", "2024-11", "2024-12",
];

/// How long a small question takes that nobody asked before, ten times a second, alone and beside ten of the dearest at once.
pub async fn beside_dear_ones(uri: &str) -> Outcome {
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
            raw::call(
                channel.clone(),
                "/equity.v1.ConsultationChannelService/GetChannelBreakdown",
                channels(query).into(),
            )
            .await?;
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
