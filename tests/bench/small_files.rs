//! P15: `equity submit` of many small submissions from files, against the service's own rate on one large submission.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use equity_indicators::ingest::{Records, SubmissionFile, equity_csv};

use super::support::rows::{self, Encoded, generator};
use super::support::{Outcome, Running, connect, raw, verdict};

/// Rows of a small submission, about: what a practice has in a month.
const ROWS: u64 = 1_000;
/// Practices of the generator, each with one submission a month.
const PRACTICES: u64 = 126;
/// So many are on their way at once, as with `equity submit`.
const AT_ONCE: usize = 6;
/// First year of the small submissions.
const FIRST_YEAR: u64 = 2018;

/// Measures about so many small submissions.
pub async fn run(small: u64) -> Outcome {
    let last = small.div_ceil(PRACTICES).max(1) - 1;
    let last_month = format!("{}-{:02}", FIRST_YEAR + last / 12, 1 + last % 12);
    let first_month = format!("{FIRST_YEAR}-01");
    let all = (last + 1) * PRACTICES * ROWS;
    let large = rows::encode(&one(generator(all, super::MONTH, super::MONTH)?.consultations())?);

    let folder = tempfile::tempdir()?;
    let (mut files, mut encoded) = (Vec::<PathBuf>::new(), Vec::new());
    let mut sum = 0;
    for parcel in generator(all, &first_month, &last_month)?.consultations() {
        let path = folder.path().join(format!("{}.csv", files.len()));
        let mut writer = equity_csv::Writer::new(std::fs::File::create(&path)?);
        writer.write(&parcel)?;
        writer.finish()?;
        sum += parcel.rows.len();
        files.push(path);
        encoded.push(rows::encode(&parcel));
    }
    println!("P15 {sum} rows in {} files, one submission each; {} in one", files.len(), large.rows);

    // Alternating, so that a busy machine is busy for both; the best of each counts.
    let (mut at_once, mut at_hand, mut in_parts) = (0_f64, 0_f64, 0_f64);
    let encoded = Arc::new(encoded);
    for _ in 0..2 {
        let service = Running::start().await?;
        at_once =
            at_once.max(rows::submit_all(&service.uri(), std::slice::from_ref(&large)).await?);
        service.stop().await?;
        let service = Running::start().await?;
        at_hand = at_hand.max(submit_encoded(&service.uri(), &encoded).await?);
        service.stop().await?;
        let service = Running::start().await?;
        let mut submit = Command::new(env!("CARGO_BIN_EXE_equity"));
        submit.args(["submit", "--format", "json", "--to", &service.uri()]).args(&files);
        submit.stdout(Stdio::null());
        let begin = Instant::now();
        let ended = tokio::task::spawn_blocking(move || submit.status()).await??;
        in_parts = in_parts.max(sum as f64 / begin.elapsed().as_secs_f64());
        service.stop().await?;
        if !ended.success() {
            return Err(format!("equity submit ended with {ended}").into());
        }
    }
    println!("    one large submission, encoded before  {at_once:>12.0} rows/s");
    println!("    the small ones, encoded before        {at_hand:>12.0} rows/s");
    println!("    equity submit of the files            {in_parts:>12.0} rows/s");
    verdict("P15 small submissions from files to one large one", in_parts / at_once, 0.4, 0.7);
    Ok(())
}

/// Submits what is encoded, several at once as the command line does; rows a second: what no command line can be above.
async fn submit_encoded(uri: &str, encoded: &Arc<Vec<Encoded>>) -> Outcome<f64> {
    let channel = connect(uri).await?;
    let next = Arc::new(AtomicUsize::new(0));
    let begin = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..AT_ONCE {
        let (channel, next, encoded) = (channel.clone(), Arc::clone(&next), Arc::clone(encoded));
        tasks.spawn(async move {
            while let Some(one) = encoded.get(next.fetch_add(1, Ordering::Relaxed)) {
                let sent = raw::submit(channel.clone(), one.messages.clone()).await;
                sent.map_err(|error| error.to_string())?;
            }
            Ok::<_, String>(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    let rows: usize = encoded.iter().map(|one| one.rows).sum();
    Ok(rows as f64 / begin.elapsed().as_secs_f64())
}

/// The rows of every practice that has the code systems of the first, as one submission of the first: about half of all rows.
fn one(mut parcels: impl Iterator<Item = SubmissionFile>) -> Outcome<SubmissionFile> {
    let mut whole = parcels.next().ok_or("no rows were generated")?;
    for parcel in parcels {
        if parcel.code_systems != whole.code_systems {
            continue;
        }
        if let (Records::Consultations(all), Records::Consultations(more)) =
            (&mut whole.rows, parcel.rows)
        {
            all.extend(more);
        }
        // Practices collect different fields.
        whole.collected.extend(parcel.collected);
    }
    whole.collected.sort();
    whole.collected.dedup();
    Ok(whole)
}
