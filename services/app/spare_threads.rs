//! Keeps a few threads that may block. The runtime lets such a thread go when it has had nothing to do for 10 s. If the system starts no
//! thread at the next question, a runtime that has none cannot go on; with these, the work waits for its turn.

use std::time::Duration;

use tokio::task::JoinSet;

/// How many threads stay.
const SPARE: usize = 4;
/// How often each gets something to do.
const PAUSE: Duration = Duration::from_secs(3);
/// Long enough that no thread does the work of two.
const WORK: Duration = Duration::from_millis(2);

/// Makes the threads, and lets none of them go, until it is dropped.
pub(super) async fn keep() {
    loop {
        let mut works = JoinSet::new();
        for _ in 0..SPARE {
            works.spawn_blocking(|| std::thread::sleep(WORK));
        }
        works.join_all().await;
        tokio::time::sleep(PAUSE).await;
    }
}
