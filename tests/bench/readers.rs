//! P12: a hundred partners read while one submits as fast as it can: how long the readers wait, against a quiet service.
//!
//! Each partner has a connection of its own and asks ten questions a second by one characteristic. `first`: nobody asked them before,
//! and some are about the month that is submitted. `again`: few questions about months before it, whose answers are at hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use equity_indicators::ingest::SubmissionFile;
use equity_indicators::proto::v1::BreakdownQuery;
use hdrhistogram::Histogram;
use tonic::transport::Channel;

use crate::echo::Apart;
use crate::load::Chance;
use crate::support::{Outcome, connect, histogram, ms, raw, record, rows, verdict};
use crate::tables::questions::{channels, query};
use crate::{LAST_MONTH, ONE};

const PARTNERS: usize = 100;
/// Time between two questions of a partner.
const EVERY: Duration = Duration::from_millis(100);
/// How long each load lasts.
const TIME: Duration = Duration::from_secs(4);
/// Rows of the month that is submitted again and again.
const SUBMITTED: u64 = 300_000;
/// Questions whose answers are at hand, and others.
const FEW: usize = 500;
const OTHERS: usize = 60_000;

/// Measures questions of both kinds, quiet and beside a submitter.
pub async fn readers(uri: &str, organisations: &[String]) -> Outcome {
    let all = questions(organisations);
    let mut partners = Vec::new();
    for _ in 0..PARTNERS {
        partners.push(connect(uri).await?);
    }
    let month = rows::generator(SUBMITTED, LAST_MONTH, LAST_MONTH)?;
    let parcels: Vec<_> = month.consultations().collect();
    let submitted = SUBMITTED as usize / parcels.len();
    println!(
        "P12 {PARTNERS} partners, each ten questions a second; one submits, about {submitted} rows at a time"
    );
    let next = Arc::new(AtomicUsize::new(FEW));
    // What these processors allow: an echo, a process too, asked and loaded in the same way.
    let at_hand = raw::ask(partners[0].clone(), all[0].clone()).await?;
    let echo = Apart::start(&at_hand)?;
    let mut of_echo = Vec::new();
    for _ in 0..PARTNERS {
        of_echo.push(connect(&echo.uri).await?);
    }
    for (kind, few, partners) in
        [("first", false, &partners), ("again", true, &partners), ("echo", true, &of_echo)]
    {
        let turn = || Turn { questions: Arc::clone(&all), next: Arc::clone(&next), few };
        // Brings into memory what is read.
        read(partners, &turn()).await?;
        let quiet = read(partners, &turn()).await?;
        let submitter = Submitter::start(uri.to_owned(), parcels.clone())?;
        let loaded = read(partners, &turn()).await?;
        let a_second = submitter.stop()? as f64 / TIME.as_secs_f64();
        for (name, times) in [("quiet", &quiet), ("beside", &loaded)] {
            let (p50, p99) = (ms(times, 0.5), ms(times, 0.99));
            println!(
                "    {kind} {name:<8} {:>6} answers, p50 {p50:.2} ms, p99 {p99:.2} ms",
                times.len()
            );
        }
        println!("    {a_second:.0} submissions a second");
        let ratio = ms(&loaded, 0.99) / ms(&quiet, 0.99);
        if kind == "echo" {
            println!("P12 an echo's p99 beside the same submitter, to quiet: {ratio:.2}");
        } else {
            let what = format!("P12 {kind}: readers' p99 beside a submitter, to quiet");
            verdict(&what, ratio, 2.0, 1.3);
        }
    }
    Ok(())
}

/// Questions by one characteristic over every period, in an order of chance; first a few without the last month.
fn questions(organisations: &[String]) -> Arc<[Bytes]> {
    let months: Vec<String> = (2023..=2024)
        .flat_map(|year| (1..=12).map(move |month| format!("{year}-{month:02}")))
        .collect();
    let mut all = Vec::new();
    for organisation in organisations {
        for (place, first) in months.iter().enumerate() {
            for last in &months[place..] {
                for &by in ONE {
                    let mut asked = query(&[by], first, last);
                    asked.area.clear();
                    asked.organisations.push(organisation.clone());
                    all.push(asked);
                }
            }
        }
    }
    Chance(11).shuffle(&mut all);
    let with_last = |asked: &BreakdownQuery| {
        asked.period.as_ref().is_some_and(|period| period.last == LAST_MONTH)
    };
    let few: Vec<_> = all.iter().filter(|asked| !with_last(asked)).take(FEW).cloned().collect();
    let others = all.iter().filter(|asked| !few.contains(asked)).take(OTHERS).cloned();
    few.iter().cloned().chain(others).map(|asked| channels(asked).into()).collect()
}

/// Whose turn it is among the questions.
struct Turn {
    questions: Arc<[Bytes]>,
    next: Arc<AtomicUsize>,
    few: bool,
}

impl Turn {
    fn question(&self) -> Bytes {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        self.questions[if self.few { turn % FEW } else { turn % self.questions.len() }].clone()
    }
}

/// All partners ask; how long their questions took.
async fn read(partners: &[Channel], turn: &Turn) -> Outcome<Histogram<u64>> {
    let mut tasks = tokio::task::JoinSet::new();
    for (number, channel) in partners.iter().enumerate() {
        let channel = channel.clone();
        let turn =
            Turn { questions: Arc::clone(&turn.questions), next: Arc::clone(&turn.next), ..*turn };
        tasks.spawn(async move {
            let mut times = histogram();
            // One after the other, not all at once.
            tokio::time::sleep(EVERY * u32::try_from(number).unwrap_or(0) / PARTNERS as u32).await;
            let mut ticks = tokio::time::interval(EVERY);
            let begin = Instant::now();
            while begin.elapsed() < TIME {
                ticks.tick().await;
                let start = Instant::now();
                raw::ask(channel.clone(), turn.question()).await?;
                record(&mut times, start.elapsed());
            }
            Ok::<_, tonic::Status>(times)
        });
    }
    let mut times = histogram();
    while let Some(done) = tasks.join_next().await {
        times.add(done??)?;
    }
    Ok(times)
}

/// Submits these parcels again and again, one after the other, until told to stop; how many. It has a thread and a connection of its
/// own: readers must wait for the service, not for it.
struct Submitter {
    thread: std::thread::JoinHandle<Result<u64, String>>,
    stop: Arc<AtomicBool>,
}

impl Submitter {
    fn start(uri: String, parcels: Vec<SubmissionFile>) -> Outcome<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let stop = Arc::new(AtomicBool::default());
        let told = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let submitted = runtime.block_on(submit(&uri, &parcels, &told));
            submitted.map_err(|error| error.to_string())
        });
        Ok(Self { thread, stop })
    }

    fn stop(self) -> Outcome<u64> {
        self.stop.store(true, Ordering::Relaxed);
        let submitted = self.thread.join().map_err(|_| "the submitter panicked")?;
        Ok(submitted?)
    }
}

async fn submit(uri: &str, parcels: &[SubmissionFile], stop: &AtomicBool) -> Outcome<u64> {
    let channel = connect(uri).await?;
    let encoded: Vec<_> = parcels.iter().map(rows::encode).collect();
    let mut submitted = 0;
    for round in 0.. {
        for (parcel, encoded) in parcels.iter().zip(&encoded) {
            if stop.load(Ordering::Relaxed) {
                return Ok(submitted);
            }
            raw::submit(channel.clone(), rows::again(parcel, encoded, round)).await?;
            submitted += 1;
        }
    }
    Ok(submitted)
}
