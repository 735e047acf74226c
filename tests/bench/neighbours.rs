//! How long well-behaved partners wait beside bad neighbours, against a quiet service.
//!
//! The service runs as an operator runs it: a program of its own, with TLS, partners, the usual quotas, and audit. Four partners ask
//! 160 questions a second by one characteristic; of every two, one has its answer at hand and one nobody asked before. The bad neighbour is a program of its own
//! with the lowest priority of this machine's processors, as if it sent from another machine.

mod bad;
mod partners;

use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use hdrhistogram::Histogram;
use tonic::transport::Channel;

pub use bad::be;

use crate::program::Program;
use crate::support::{Outcome, histogram, ms, raw, record, rows, tls, verdict};
use crate::{About, FIRST_MONTH, LAST_MONTH};

const ROWS: u64 = 200_000;
/// Askers, and the time between two questions of each.
const ASKERS: u32 = 8;
const EVERY: Duration = Duration::from_millis(50);
/// How long each load lasts; quiet and beside take turns.
const TIME: Duration = Duration::from_millis(2_500);
const ROUNDS: usize = 2;
/// Questions whose answers are at hand.
const FEW: usize = 200;

/// Measures the partner beside every bad neighbour whose name contains a word.
pub async fn neighbours(word: &str) -> Outcome {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("data");
    let uri = |service: &Program| service.uri().replace("127.0.0.1", "localhost");
    let mut settings = partners::settings()?;
    let quota = ["EQUITY_QUOTAS_REQUESTS_PER_SECOND", "EQUITY_QUOTAS_BURST"];
    settings.extend(quota.map(|name| (name, "1000000".into())));
    // What is loaded first is loaded by no partner's quota.
    let (loading, _) = Program::start_with(&data, &settings)?;
    let mut about = About::default();
    for parcel in rows::generator(ROWS, FIRST_MONTH, LAST_MONTH)?.consultations() {
        about.see(&parcel);
        rows::submit_all(&uri(&loading), &[rows::encode(&parcel)]).await?;
    }
    loading.stop()?;
    let (service, _) = Program::start_with(&data, &partners::settings()?)?;
    let uri = uri(&service);
    let good = Good::connect(&uri, about.questions()).await?;
    // Brings into memory what is read.
    good.asks().await?;
    println!("partners' p99 beside a bad neighbour, {ROWS} records, to quiet: at hand; first");
    let (mut at_hand, mut first) = (0.0_f64, 0.0_f64);
    for kind in bad::kinds().into_iter().filter(|kind| kind.contains(word)) {
        let (mut quiet, mut beside) = (Times::new(), Times::new());
        for _ in 0..ROUNDS {
            quiet.add(&good.asks().await?)?;
            let bad = Bad::start(&kind, &uri)?;
            tokio::time::sleep(Duration::from_millis(300)).await;
            beside.add(&good.asks().await?)?;
            bad.stop()?;
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        let p99 = |times: &Times| (ms(&times.at_hand, 0.99), ms(&times.first, 0.99));
        let ((quiet_hand, quiet_first), (hand, new)) = (p99(&quiet), p99(&beside));
        let ratios = (hand / quiet_hand, new / quiet_first);
        println!(
            "    {kind:<44} {hand:>6.2} ms to {quiet_hand:>5.2}: {:>5.2}; {new:>6.2} ms to {quiet_first:>5.2}: {:>5.2}",
            ratios.0, ratios.1
        );
        (at_hand, first) = (at_hand.max(ratios.0), first.max(ratios.1));
    }
    verdict("bad neighbours: partners' p99 at hand, to quiet, the worst", at_hand, 2.0, 1.5);
    verdict("bad neighbours: partners' p99 first, to quiet, the worst", first, 2.0, 1.5);
    service.stop()
}

/// Well-behaved partners. Any error of its questions ends the bench.
struct Good {
    channels: Vec<Channel>,
    questions: Arc<[Bytes]>,
    /// The next question that nobody asked.
    next: Arc<AtomicUsize>,
}

/// How long its questions took.
struct Times {
    at_hand: Histogram<u64>,
    first: Histogram<u64>,
}

impl Times {
    fn new() -> Self {
        Self { at_hand: histogram(), first: histogram() }
    }

    fn add(&mut self, other: &Self) -> Outcome {
        self.at_hand.add(&other.at_hand)?;
        Ok(self.first.add(&other.first)?)
    }
}

impl Good {
    async fn connect(uri: &str, questions: Vec<Bytes>) -> Outcome<Self> {
        let mut channels = Vec::new();
        for partner in tls::GOOD.iter().cycle().take(ASKERS as usize) {
            channels.push(partners::connect(uri, partner).await?);
        }
        for question in &questions[..FEW] {
            raw::ask(channels[0].clone(), question.clone()).await?;
            // Within its quota.
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        let next = Arc::new(AtomicUsize::new(FEW));
        Ok(Self { channels, questions: questions.into(), next })
    }

    async fn asks(&self) -> Outcome<Times> {
        let mut tasks = tokio::task::JoinSet::new();
        for (number, channel) in (0..ASKERS).zip(&self.channels) {
            let (channel, questions) = (channel.clone(), Arc::clone(&self.questions));
            let next = Arc::clone(&self.next);
            tasks.spawn(async move {
                let mut times = Times::new();
                // One after the other, not all at once.
                tokio::time::sleep(EVERY * number / ASKERS).await;
                let mut ticks = tokio::time::interval(EVERY);
                let begin = Instant::now();
                while begin.elapsed() < TIME {
                    ticks.tick().await;
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let is_first = at.is_multiple_of(2);
                    let place = if is_first { at / 2 + FEW } else { at % FEW };
                    let question = questions.get(place).ok_or("no question is left")?;
                    let start = Instant::now();
                    raw::ask(channel.clone(), question.clone()).await?;
                    let kept = if is_first { &mut times.first } else { &mut times.at_hand };
                    record(kept, start.elapsed());
                }
                Outcome::Ok(times)
            });
        }
        let mut times = Times::new();
        while let Some(done) = tasks.join_next().await {
            times.add(&done??)?;
        }
        Ok(times)
    }
}

/// A bad neighbour. Dropping it ends it.
struct Bad(Child);

impl Bad {
    fn start(kind: &str, uri: &str) -> Outcome<Self> {
        let address = uri.rsplit('/').next().ok_or("no address")?;
        let started = Command::new("nice")
            .args(["-n", "19"])
            .arg(std::env::current_exe()?)
            .args(["--neighbour", kind, "--attacks", address, "--certificates"])
            .arg(tls::path("")?)
            .spawn();
        Ok(Self(started?))
    }

    /// Ends it. It has to have gone on until now.
    fn stop(mut self) -> Outcome {
        if let Some(ended) = self.0.try_wait()? {
            return Err(format!("the bad neighbour ended by itself: {ended}").into());
        }
        Ok(())
    }
}

impl Drop for Bad {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
