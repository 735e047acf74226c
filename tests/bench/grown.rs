//! P10: what a first-time question by one characteristic costs as records grow, over the same organisations and months.

use tonic::transport::Channel;

use crate::support::{Outcome, Running, connect, raw, rows, verdict};
use crate::{ALONE, About, FIRST_MONTH, LAST_MONTH, ONE, timed};

/// A tenth of the records stands beside all of them.
const PART: u64 = 10;

/// Asks both the same questions in turn; of each the best of three first times counts, and of all the sum.
pub async fn grown(rows: u64, all: &Running, about: &About) -> Outcome {
    let part = Running::start().await?;
    for parcel in rows::generator(rows / PART, FIRST_MONTH, LAST_MONTH)?.consultations() {
        rows::submit_all(&part.uri(), &[rows::encode(&parcel)]).await?;
    }
    let channels = [connect(&part.uri()).await?, connect(&all.uri()).await?];
    let mut sums = [0.0; 2];
    // P1u's questions are no first ones any more.
    for by in ONE.iter().filter(|by| !ALONE.contains(&[**by].as_slice())) {
        for (sum, channel) in sums.iter_mut().zip(&channels) {
            *sum += first_time(channel, about, by).await? * 1e3;
        }
    }
    let [few, many] = sums;
    println!(
        "P10 first-time questions by one characteristic, together {few:.2} ms over {} records, {many:.2} ms over {rows}",
        rows / PART
    );
    verdict("P10 cost as records grow tenfold", many / few, 1.25, 1.05);
    part.stop().await
}

/// The best of three questions about the same, each asked once.
async fn first_time(channel: &Channel, about: &About, by: &str) -> Outcome<f64> {
    let [touch, others @ ..] = about.four(FIRST_MONTH, LAST_MONTH, &[by]);
    raw::ask(channel.clone(), touch).await?;
    let mut best = f64::INFINITY;
    for question in others {
        best = best.min(timed(channel, question).await?.0);
    }
    Ok(best)
}
