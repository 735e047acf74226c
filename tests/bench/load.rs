//! Load: so many calls in flight on so many connections, drawn from a Zipf mix.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hdrhistogram::Histogram;

use crate::support::{Outcome, connect, histogram, raw, record};

/// Calls in flight.
pub const IN_FLIGHT: usize = 64;
/// Connections that they share.
pub const CONNECTIONS: usize = 4;

/// A small generator of chance (SplitMix64): the same draws in every run.
pub struct Chance(pub u64);

impl Chance {
    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Puts things in an order of chance.
    pub fn shuffle<T>(&mut self, things: &mut [T]) {
        for last in (1..things.len()).rev() {
            let other = (self.unit() * (last + 1) as f64) as usize;
            things.swap(last, other);
        }
    }
}

/// Zipf: the n-th question is asked 1/n as often as the first.
pub struct Zipf(Vec<f64>);

impl Zipf {
    /// Over so many questions.
    pub fn new(questions: usize) -> Self {
        let mut sum = 0.0;
        let mut sums: Vec<f64> = Vec::with_capacity(questions);
        for rank in 1..=questions {
            sum += 1.0 / rank as f64;
            sums.push(sum);
        }
        Self(sums)
    }

    /// Draws one.
    pub fn draw(&self, chance: &mut Chance) -> usize {
        let at = chance.unit() * self.0.last().copied().unwrap_or_default();
        self.0.partition_point(|sum| *sum <= at).min(self.0.len() - 1)
    }
}

/// What a load came to.
pub struct Load {
    /// Times of the calls.
    pub times: Histogram<u64>,
    /// Calls a second.
    pub rate: f64,
}

/// Asks questions of a Zipf mix for so long.
pub async fn ask(uri: &str, questions: &Arc<[Bytes]>, time: Duration) -> Outcome<Load> {
    let zipf = Arc::new(Zipf::new(questions.len()));
    let mut channels = Vec::new();
    for _ in 0..CONNECTIONS {
        channels.push(connect(uri).await?);
    }
    let begin = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..IN_FLIGHT {
        let channel = channels[task % CONNECTIONS].clone();
        let (questions, zipf) = (Arc::clone(questions), Arc::clone(&zipf));
        tasks.spawn(async move {
            let mut chance = Chance(task as u64);
            let mut times = histogram();
            while begin.elapsed() < time {
                let question = questions[zipf.draw(&mut chance)].clone();
                let start = Instant::now();
                raw::ask(channel.clone(), question).await?;
                record(&mut times, start.elapsed());
            }
            Ok::<_, tonic::Status>(times)
        });
    }
    let mut times = histogram();
    while let Some(done) = tasks.join_next().await {
        times.add(done??)?;
    }
    let rate = times.len() as f64 / begin.elapsed().as_secs_f64();
    Ok(Load { times, rate })
}
