//! The client that everything hostile is held against: it asks every 100 ms, and must see no error and no long wait.

use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::Status;

/// A client that asks until it is stopped.
pub(super) struct Good {
    stop: CancellationToken,
    asking: JoinHandle<Vec<Result<Duration, Status>>>,
}

impl Good {
    /// Asks by `ask`, every 100 ms.
    pub(super) fn asks<F>(ask: impl Fn() -> F + Send + 'static) -> Self
    where
        F: Future<Output = Result<(), Status>> + Send,
    {
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let asking = tokio::spawn(async move {
            let mut took = Vec::new();
            while !stopped.is_cancelled() {
                let begun = Instant::now();
                took.push(ask().await.map(|()| begun.elapsed()));
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            took
        });
        Self { stop, asking }
    }

    /// Fails if it saw an error. Prints how long its calls took; machines differ, so only a very long wait fails.
    #[expect(clippy::print_stdout, reason = "the measurement is for whoever asks for it")]
    pub(super) async fn ends_well(self, beside: &str) {
        self.stop.cancel();
        let asked = self.asking.await.unwrap();
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
        let at = |share: usize| took[(took.len() - 1) * share / 100];
        println!("beside {beside}: {} calls, p50 {:?}, p99 {:?}", took.len(), at(50), at(99));
        assert!(at(100) < Duration::from_secs(5), "beside {beside}: {:?}", at(100));
    }
}
