//! The client that everything hostile is held against: it asks every 100 ms, must see no error, and is answered about as quickly as
//! beside nobody.

use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::Status;

/// A p99 that is quick enough beside anything; a longer one may be twice that beside nobody.
const QUICK: Duration = Duration::from_millis(20);
/// So many ask at once, so that a p99 is of more than a hundred calls.
const ASKERS: u32 = 8;
const PAUSE: Duration = Duration::from_millis(100);
/// Other work of the machine can only make calls slower, so the best of so many tries counts.
const TRIES: usize = 3;

/// Does something hostile beside a client that asks by `ask` every 100 ms. The client may see no error, whatever the machine does
/// besides. In a release build its p99 has to be quick or at most twice what it is beside nobody; a build without optimisation, on a
/// busy machine, says nothing of time.
pub(super) async fn goes_on_beside<F>(
    what: &str,
    ask: impl Fn() -> F + Clone + Send + 'static,
    mut hostile: impl AsyncFnMut(),
) where
    F: Future<Output = Result<(), Status>> + Send,
{
    for _ in 0..TRIES {
        let quiet = Good::asks(ask.clone());
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        let quiet = quiet.ends_well("nobody").await;
        let good = Good::asks(ask.clone());
        hostile().await;
        let p99 = good.ends_well(what).await;
        if cfg!(debug_assertions) || p99 <= QUICK.max(2 * quiet) {
            return;
        }
    }
    panic!(
        "beside {what}: {TRIES} times its p99 was above {QUICK:?} and above twice that beside nobody"
    );
}

/// A client that asks until it is stopped.
struct Good {
    stop: CancellationToken,
    asking: Vec<JoinHandle<Vec<Result<Duration, Status>>>>,
}

impl Good {
    /// Asks by `ask`, every 100 ms, and does so [`ASKERS`] times, one after the other.
    fn asks<F>(ask: impl Fn() -> F + Clone + Send + 'static) -> Self
    where
        F: Future<Output = Result<(), Status>> + Send,
    {
        let stop = CancellationToken::new();
        let asker = |number| {
            let (stopped, ask) = (stop.clone(), ask.clone());
            tokio::spawn(async move {
                tokio::time::sleep(PAUSE * number / ASKERS).await;
                let mut took = Vec::new();
                while !stopped.is_cancelled() {
                    let begun = Instant::now();
                    took.push(ask().await.map(|()| begun.elapsed()));
                    tokio::time::sleep(PAUSE).await;
                }
                took
            })
        };
        let asking = (0..ASKERS).map(asker).collect();
        Self { stop, asking }
    }

    /// Its p99. Fails if it saw an error, or one very long wait. Prints how long its calls took.
    #[expect(clippy::print_stdout, reason = "the measurement is for whoever asks for it")]
    async fn ends_well(self, beside: &str) -> Duration {
        self.stop.cancel();
        let mut asked = Vec::new();
        for asking in self.asking {
            asked.extend(asking.await.unwrap());
        }
        let errors: Vec<_> = asked.iter().filter_map(|one| one.as_ref().err()).collect();
        assert!(
            errors.is_empty(),
            "beside {beside}: {} of {}: {errors:?}",
            errors.len(),
            asked.len()
        );
        let mut took: Vec<_> = asked.into_iter().flatten().collect();
        took.sort_unstable();
        assert!(!took.is_empty(), "beside {beside}: it never asked");
        // The shortest time that so many of a hundred calls did not exceed.
        let at = |share: usize| took[(took.len() * share).div_ceil(100) - 1];
        println!("beside {beside}: {} calls, p50 {:?}, p99 {:?}", took.len(), at(50), at(99));
        assert!(at(100) < Duration::from_secs(5), "beside {beside}: {:?}", at(100));
        at(99)
    }
}
