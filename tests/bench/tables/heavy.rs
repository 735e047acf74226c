//! Memory under heavy questions: long tables, sixteen at once, no two alike.

use equity_indicators::proto::v1::BreakdownQuery;

use super::questions::{GAPS, QUESTIONS, query};
use crate::LAST_MONTH;
use crate::program::Program;
use crate::support::{Outcome, connect, raw, verdict};

const AT_ONCE: usize = 16;
/// Dimensions with many categories: pairs of them make long tables.
const DIMENSIONS: [&str; 8] = [
    "residence_lsoa",
    "age_years",
    "ethnic_group_2021",
    "disability",
    "organisation",
    "preferred_channel",
    "religion",
    "month",
];

/// The defaults of `cache.sled_bytes`, `cache.memory_bytes` and `limits.question_memory_bytes`, in MB.
const BOUNDS: f64 = 48.0 + 256.0 + 512.0;

/// Asks, and prints the resident memory before, at most, at the end and a while later. `loaded`: what it was before the first question.
pub async fn heavy(service: &Program, loaded: f64) -> Outcome {
    let (Some(before), Some(_)) = (service.resident(), service.most_resident()) else {
        return Ok(());
    };
    let mut asked = Vec::new();
    for (place, first) in DIMENSIONS.iter().enumerate() {
        for (second, question) in DIMENSIONS[place + 1..].iter().flat_map(|second| {
            QUESTIONS
                .iter()
                .filter(|of| of.name != "risk" && of.name != GAPS)
                .map(move |of| (second, of))
        }) {
            let query: BreakdownQuery = query(&[first, second], "2023-01", LAST_MONTH);
            asked.push((question.path(), question.bytes(query)));
        }
    }
    let asked = std::sync::Arc::new(asked);
    let tasks: Vec<_> = (0..AT_ONCE)
        .map(|asker| {
            let (asked, uri) = (std::sync::Arc::clone(&asked), service.uri().to_owned());
            tokio::spawn(async move {
                let channel = connect(&uri).await?;
                for (path, bytes) in asked.iter().skip(asker).step_by(AT_ONCE) {
                    // What is too long for a message is refused, and what does not fit together is no question.
                    drop(raw::call(channel.clone(), path, bytes.clone().into()).await);
                }
                Outcome::Ok(())
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    let after = service.resident().unwrap_or_default();
    tokio::time::sleep(std::time::Duration::from_secs(10)).await;
    println!(
        "    resident memory, in MB: {before:.0} before {} heavy questions, {:.0} at most, {after:.0} after them, {:.0} ten seconds later",
        asked.len(),
        service.most_resident().unwrap_or_default(),
        service.resident().unwrap_or_default()
    );
    let most = service.most_resident().unwrap_or_default() / (loaded + BOUNDS);
    verdict("memory at most, to that after loading, caches and bound", most, 1.2, 1.0);
    Ok(())
}
