//! Keeps a few threads that may block. The runtime lets such a thread go when it has had nothing to do for 10 s. Without any such
//! thread tokio ends the process when the system refuses a new one. With these, questions wait for one.

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
