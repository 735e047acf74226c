//! What clients have not read yet: bounded in time on each connection, and in bytes on all connections together.
//!
//! hyper asks an answer for its next part only when the client has room for it. A client that gives none, and answers every ping,
//! would keep its calls and their bytes for ever: nothing looks at the answer again. So every message counts as unread until the
//! system has taken its last byte, and a connection whose client leaves a message unread for too long is cut.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, sleep};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::settings::ServerSettings;

/// The longest time that a message may stay unread has this many steps. Once a step, overdue clients are cut.
const STEPS: u32 = 30;
/// A slot for each step in which a message may be due, and for as many steps in the past.
const SLOTS: usize = 64;
/// A shorter message counts as this many bytes: the buffer that it was written into is this long.
const LEAST: usize = 8 << 10;

/// What the clients of all connections have not read.
#[derive(Debug)]
pub(super) struct UnreadBudget {
    begun: Instant,
    step: Duration,
    bytes: AtomicUsize,
    most: usize,
    clients: Mutex<Vec<Weak<Client>>>,
}

impl UnreadBudget {
    /// An empty budget. A task cuts overdue clients until the budget is dropped.
    pub(super) fn new(settings: &ServerSettings) -> Arc<Self> {
        let longest = settings.stream_idle.max(settings.request_deadline + settings.grace);
        let step = (longest / STEPS).max(Duration::from_millis(1));
        let budget = Arc::new(Self {
            begun: Instant::now(),
            step,
            bytes: AtomicUsize::new(0),
            most: settings.unread_bytes,
            clients: Mutex::default(),
        });
        tokio::spawn(watch_over(Arc::downgrade(&budget), step));
        budget
    }

    /// The client of a new connection, which `cut` ends as well.
    pub(super) fn client(self: &Arc<Self>, cut: &CancellationToken) -> Arc<Client> {
        let client = Arc::new(Client {
            budget: Arc::clone(self),
            due: [const { AtomicU32::new(0) }; SLOTS],
            // A child token: connections do not contend for one lock at every read.
            cut: cut.child_token(),
            is_overdue: AtomicBool::new(false),
        });
        self.clients.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(&client));
        client
    }

    /// The number of the step that an instant lies in.
    fn step_of(&self, instant: Instant) -> usize {
        let passed = instant.saturating_duration_since(self.begun).as_micros();
        usize::try_from(passed / self.step.as_micros()).unwrap_or(usize::MAX)
    }

    /// Cuts the connection of every client that is overdue.
    fn cut_overdue(&self) {
        let now = self.step_of(Instant::now());
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        clients.retain(|client| client.upgrade().is_some_and(|client| !client.cut_if_overdue(now)));
    }
}

async fn watch_over(budget: Weak<UnreadBudget>, step: Duration) {
    loop {
        sleep(step).await;
        let Some(budget) = budget.upgrade() else { return };
        budget.cut_overdue();
    }
}

/// What the client of one connection has not read: how many messages are due in each step.
#[derive(Debug)]
pub(super) struct Client {
    budget: Arc<UnreadBudget>,
    due: [AtomicU32; SLOTS],
    cut: CancellationToken,
    is_overdue: AtomicBool,
}

impl Client {
    /// The same message, which counts as unread until its last byte is gone, and is due at an instant. None if the budget has no
    /// room for it.
    pub(super) fn count(self: &Arc<Self>, message: Bytes, due: Instant) -> Option<Bytes> {
        let cost = message.len().max(LEAST);
        let before = self.budget.bytes.fetch_add(cost, Relaxed);
        // Made first: dropping it gives the bytes back, also if they were too many.
        let unread = self.unread(message, cost, due);
        (before + cost <= self.budget.most).then(|| Bytes::from_owner(unread))
    }

    /// Drop the result when the client takes a byte. If that has not happened at `due`, the client is overdue.
    pub(super) fn expect_by(self: &Arc<Self>, due: Instant) -> Unread {
        self.unread(Bytes::new(), 0, due)
    }

    fn unread(self: &Arc<Self>, message: Bytes, cost: usize, due: Instant) -> Unread {
        let slot = self.budget.step_of(due) % SLOTS;
        self.due[slot].fetch_add(1, Relaxed);
        Unread { message, cost, slot, client: Arc::clone(self) }
    }

    /// Completes when the connection has to end.
    pub(super) fn cut(&self) -> WaitForCancellationFutureOwned {
        self.cut.clone().cancelled_owned()
    }

    /// Whether the connection was cut because the client was overdue.
    pub(super) fn is_overdue(&self) -> bool {
        self.is_overdue.load(Relaxed)
    }

    fn cut_if_overdue(&self, now: usize) -> bool {
        let mut gone_by = now.saturating_sub(SLOTS / 2)..now;
        let overdue = gone_by.any(|step| self.due[step % SLOTS].load(Relaxed) > 0);
        if overdue {
            tracing::info!("cut a connection: its client did not read an answer in time");
            self.is_overdue.store(true, Relaxed);
            self.cut.cancel();
        }
        overdue
    }
}

/// A message that counts as unread until it is dropped.
#[derive(Debug)]
pub(super) struct Unread {
    message: Bytes,
    cost: usize,
    slot: usize,
    client: Arc<Client>,
}

impl AsRef<[u8]> for Unread {
    fn as_ref(&self) -> &[u8] {
        &self.message
    }
}

impl Drop for Unread {
    fn drop(&mut self) {
        self.client.due[self.slot].fetch_sub(1, Relaxed);
        self.client.budget.bytes.fetch_sub(self.cost, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Steps of a second, room for two messages.
    fn client() -> (Arc<Client>, Instant) {
        let settings = ServerSettings {
            stream_idle: Duration::from_secs(u64::from(STEPS)),
            request_deadline: Duration::from_secs(1),
            unread_bytes: 2 * LEAST,
            ..ServerSettings::default()
        };
        let budget = UnreadBudget::new(&settings);
        (budget.client(&CancellationToken::new()), budget.begun)
    }

    #[tokio::test]
    async fn a_connection_is_cut_when_something_is_overdue_and_not_before() {
        for after in [0, 20, 59, 64, 1000] {
            let (client, begun) = client();
            let due = |seconds: u64| begun + Duration::from_secs(after as u64 + seconds);
            let read = client.count("read".into(), due(10)).unwrap();
            let kept = client.count("kept".into(), due(30)).unwrap();
            drop(read);
            for step in after..=after + 30 {
                assert!(!client.cut_if_overdue(step), "at {step} of {after} s");
            }
            assert!(!client.cut.is_cancelled() && !client.is_overdue());
            assert!(client.cut_if_overdue(after + 31));
            assert!(client.cut.is_cancelled() && client.is_overdue());
            drop(kept);
        }
    }

    #[tokio::test]
    async fn a_late_look_still_sees_it() {
        let (client, begun) = client();
        let stuck = client.expect_by(begun + Duration::from_secs(3));
        assert!(client.cut_if_overdue(3 + SLOTS / 2));
        drop(stuck);
        assert!(!client.cut_if_overdue(4));
    }

    #[tokio::test]
    async fn unread_bytes_are_bounded_and_come_back() {
        let (client, due) = client();
        let first = client.count(vec![7; LEAST].into(), due).unwrap();
        assert_eq!(first, vec![7; LEAST]);
        let part = client.count("short".into(), due).unwrap().slice(2..);
        assert!(client.count("x".into(), due).is_none());
        drop(first);
        assert!(client.count("x".into(), due).is_some(), "a refused message was counted");
        drop(part);
        assert_eq!(client.budget.bytes.load(Relaxed), 0);
        assert!(client.due.iter().all(|due| due.load(Relaxed) == 0));
    }
}
