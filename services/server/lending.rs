//! What clients have not read yet: bounded in time on each connection, and in bytes on all of them together.
//!
//! hyper asks an answer for its next part only when the client has room for it. A client that gives none, and answers every ping,
//! would keep its calls and their bytes for ever: nothing inside of the answer is looked at again. So every message is lent to its
//! connection until the system has taken its last byte, and a connection that has had one for too long is cut.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, sleep};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::settings::ServerSettings;

/// The longest time that a message may take is so many steps: how closely it is looked when one is overdue.
const STEPS: u32 = 30;
/// Room for the messages that are due in the steps to come, and for those that were in as many gone by.
const SLOTS: usize = 64;
/// However short a message is, the buffer that it was written into is this long.
const LEAST: usize = 8 << 10;

/// What all connections have not read.
#[derive(Debug)]
pub(super) struct Lending {
    begun: Instant,
    step: Duration,
    bytes: AtomicUsize,
    most: usize,
    peers: Mutex<Vec<Weak<Peer>>>,
}

impl Lending {
    /// Nothing yet. Connections are looked after until the last of them is gone and nobody keeps this.
    pub(super) fn new(settings: &ServerSettings) -> Arc<Self> {
        let longest = settings.stream_idle.max(settings.request_deadline + settings.grace);
        let step = (longest / STEPS).max(Duration::from_millis(1));
        let lending = Arc::new(Self {
            begun: Instant::now(),
            step,
            bytes: AtomicUsize::new(0),
            most: settings.unread_bytes,
            peers: Mutex::default(),
        });
        tokio::spawn(look_after(Arc::downgrade(&lending), step));
        lending
    }

    /// A connection more, which `cut` ends as well.
    pub(super) fn peer(self: &Arc<Self>, cut: &CancellationToken) -> Arc<Peer> {
        let peer = Arc::new(Peer {
            all: Arc::clone(self),
            due: [const { AtomicU32::new(0) }; SLOTS],
            // A child token: connections do not contend for one lock at every read.
            cut: cut.child_token(),
            is_overdue: AtomicBool::new(false),
        });
        self.peers.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(&peer));
        peer
    }

    /// The number of the step that an instant lies in.
    fn step_of(&self, instant: Instant) -> usize {
        let passed = instant.saturating_duration_since(self.begun).as_micros();
        usize::try_from(passed / self.step.as_micros()).unwrap_or(usize::MAX)
    }

    /// Cuts every connection that has something overdue.
    fn look(&self) {
        let now = self.step_of(Instant::now());
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        peers.retain(|peer| peer.upgrade().is_some_and(|peer| !peer.cut_if_overdue(now)));
    }
}

async fn look_after(lending: Weak<Lending>, step: Duration) {
    loop {
        sleep(step).await;
        let Some(lending) = lending.upgrade() else { return };
        lending.look();
    }
}

/// What one connection has not read: how many messages are due in each step.
#[derive(Debug)]
pub(super) struct Peer {
    all: Arc<Lending>,
    due: [AtomicU32; SLOTS],
    cut: CancellationToken,
    is_overdue: AtomicBool,
}

impl Peer {
    /// A message that counts until its last byte is gone, and has to be gone at an instant. None: there is no room for it.
    pub(super) fn lend(self: &Arc<Self>, message: Bytes, due: Instant) -> Option<Bytes> {
        let cost = message.len().max(LEAST);
        let before = self.all.bytes.fetch_add(cost, Relaxed);
        // Made first: it gives back what it cost, also if it cost too much.
        let lent = self.hold(message, cost, due);
        (before + cost <= self.all.most).then(|| Bytes::from_owner(lent))
    }

    /// Something without bytes that has to be over at an instant.
    pub(super) fn wait(self: &Arc<Self>, due: Instant) -> Lent {
        self.hold(Bytes::new(), 0, due)
    }

    fn hold(self: &Arc<Self>, message: Bytes, cost: usize, due: Instant) -> Lent {
        let slot = self.all.step_of(due) % SLOTS;
        self.due[slot].fetch_add(1, Relaxed);
        Lent { message, cost, slot, peer: Arc::clone(self) }
    }

    /// Done when the connection has to end.
    pub(super) fn cut(&self) -> WaitForCancellationFutureOwned {
        self.cut.clone().cancelled_owned()
    }

    /// Whether something was overdue.
    pub(super) fn is_overdue(&self) -> bool {
        self.is_overdue.load(Relaxed)
    }

    fn cut_if_overdue(&self, now: usize) -> bool {
        let mut gone_by = now.saturating_sub(SLOTS / 2)..now;
        let overdue = gone_by.any(|step| self.due[step % SLOTS].load(Relaxed) > 0);
        if overdue {
            tracing::info!("cut a connection whose client did not read an answer in time");
            self.is_overdue.store(true, Relaxed);
            self.cut.cancel();
        }
        overdue
    }
}

/// What was lent; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Lent {
    message: Bytes,
    cost: usize,
    slot: usize,
    peer: Arc<Peer>,
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.message
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.peer.due[self.slot].fetch_sub(1, Relaxed);
        self.peer.all.bytes.fetch_sub(self.cost, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Steps of a second, room for two messages.
    fn peer() -> (Arc<Peer>, Instant) {
        let settings = ServerSettings {
            stream_idle: Duration::from_secs(u64::from(STEPS)),
            request_deadline: Duration::from_secs(1),
            unread_bytes: 2 * LEAST,
            ..ServerSettings::default()
        };
        let lending = Lending::new(&settings);
        (lending.peer(&CancellationToken::new()), lending.begun)
    }

    #[tokio::test]
    async fn a_connection_is_cut_when_something_is_overdue_and_not_before() {
        for after in [0, 20, 59, 64, 1000] {
            let (peer, begun) = peer();
            let due = |seconds: u64| begun + Duration::from_secs(after as u64 + seconds);
            let read = peer.lend("read".into(), due(10)).unwrap();
            let kept = peer.lend("kept".into(), due(30)).unwrap();
            drop(read);
            for step in after..=after + 30 {
                assert!(!peer.cut_if_overdue(step), "at {step} of {after} s");
            }
            assert!(!peer.cut.is_cancelled() && !peer.is_overdue());
            assert!(peer.cut_if_overdue(after + 31));
            assert!(peer.cut.is_cancelled() && peer.is_overdue());
            drop(kept);
        }
    }

    #[tokio::test]
    async fn a_look_that_comes_late_still_sees_it() {
        let (peer, begun) = peer();
        let stuck = peer.wait(begun + Duration::from_secs(3));
        assert!(peer.cut_if_overdue(3 + SLOTS / 2));
        drop(stuck);
        assert!(!peer.cut_if_overdue(4));
    }

    #[tokio::test]
    async fn what_is_lent_is_bounded_and_comes_back() {
        let (peer, due) = peer();
        let first = peer.lend(vec![7; LEAST].into(), due).unwrap();
        assert_eq!(first, vec![7; LEAST]);
        let part = peer.lend("short".into(), due).unwrap().slice(2..);
        assert!(peer.lend("x".into(), due).is_none());
        drop(first);
        assert!(peer.lend("x".into(), due).is_some(), "what was not lent is not counted");
        drop(part);
        assert_eq!(peer.all.bytes.load(Relaxed), 0);
        assert!(peer.due.iter().all(|due| due.load(Relaxed) == 0));
    }
}
