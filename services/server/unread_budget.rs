//! What clients have not read yet: bounded in time on each connection, and in bytes on all connections together.
//!
//! hyper asks an answer for its next part only when the client has room for it. A client that gives none, and answers every ping,
//! would keep its calls and their bytes for ever: nothing looks at the answer again. So every message counts as unread until the
//! system has taken its last byte, and a connection whose client leaves a message unread for too long is cut. When there is no room
//! for another answer, the client that keeps the most of it goes first.

use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::client::Client;
use super::settings::{PATIENCE, ServerSettings};

/// The longest time that a message may stay unread has this many steps. Once a step, overdue clients are cut.
const STEPS: u32 = 30;
/// A slot for each step in which a message may be due, and for as many steps in the past.
pub(super) const SLOTS: usize = 64;
/// A shorter message counts as this many bytes: the buffer that it was written into is this long.
pub(super) const LEAST: usize = 8 << 10;
/// Age from which a connection without any call may make room for another one.
const SILENT: Duration = Duration::from_millis(250);

/// The clients of all connections, and what they have not read.
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
    pub(super) fn client(
        self: &Arc<Self>,
        peer: Option<IpAddr>,
        cut: &CancellationToken,
    ) -> Arc<Client> {
        let client = Client::new(peer, Arc::clone(self), cut);
        self.clients.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(&client));
        client
    }

    /// The number of the step that an instant lies in.
    fn step_of(&self, instant: Instant) -> usize {
        let passed = instant.saturating_duration_since(self.begun).as_micros();
        usize::try_from(passed / self.step.as_micros()).unwrap_or(usize::MAX)
    }

    /// The slot of messages that are due at an instant.
    pub(super) fn slot_of(&self, due: Instant) -> usize {
        self.step_of(due) % SLOTS
    }

    /// Counts bytes for a client. False: there is no room, not even after others were cut.
    pub(super) fn make_room(&self, bytes: usize, of: &Client) -> bool {
        loop {
            let before = self.bytes.fetch_add(bytes, Relaxed);
            if before + bytes <= self.most {
                return true;
            }
            self.give_back(bytes);
            let Some(other) = self.largest(of, bytes) else { return false };
            other.cut_off("its client kept answers unread while others had no room for theirs");
        }
    }

    /// Bytes that do not count any more.
    pub(super) fn give_back(&self, bytes: usize) {
        self.bytes.fetch_sub(bytes, Relaxed);
    }

    /// Who keeps the most unread: first of those who take nothing, then of those who keep more than a client would with `bytes` more.
    fn largest(&self, client: &Client, bytes: usize) -> Option<Arc<Client>> {
        let (now, own) = (Instant::now(), client.unread_bytes() + bytes);
        let keeps = |other: &Arc<Client>| {
            let takes_nothing = other.takes_nothing_for(now).is_some_and(|time| time >= PATIENCE);
            (takes_nothing, other.unread_bytes())
        };
        let others = self.all().into_iter().filter(|other| !std::ptr::eq(&**other, client));
        let others = others.map(|other| (keeps(&other), other));
        let others = others.filter(|((nothing, kept), _)| *kept > own || (*nothing && *kept > 0));
        others.max_by_key(|(keeps, _)| *keeps).map(|(_, other)| other)
    }

    fn all(&self) -> Vec<Arc<Client>> {
        let clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let open = clients.iter().filter_map(Weak::upgrade);
        open.filter(|client| !client.is_cut_off()).collect()
    }

    /// Cuts the connection of a client that does nothing: one that never made a call, or else the one that has made none for longest.
    pub(super) fn cut_the_quietest(&self) {
        let now = Instant::now();
        let quiet = self.all().into_iter().filter_map(|client| {
            let (has_called, time) = client.quiet_for(now)?;
            let least = if has_called { PATIENCE } else { SILENT };
            (time >= least).then_some(((!has_called, time), client))
        });
        if let Some((_, client)) = quiet.max_by_key(|(quiet, _)| *quiet) {
            client.cut_off("it was quiet while others had no place");
        }
    }

    /// Cuts the connection of every client that is overdue.
    fn cut_overdue(&self, now: usize) {
        let gone_by = || now.saturating_sub(SLOTS / 2)..now;
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        clients.retain(|client| client.upgrade().is_some_and(|it| !it.cut_if_due(gone_by())));
    }
}

async fn watch_over(budget: Weak<UnreadBudget>, step: Duration) {
    loop {
        sleep(step).await;
        let Some(budget) = budget.upgrade() else { return };
        budget.cut_overdue(budget.step_of(Instant::now()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Steps of a second, room for two messages.
    fn budget() -> Arc<UnreadBudget> {
        UnreadBudget::new(&ServerSettings {
            stream_idle: Duration::from_secs(u64::from(STEPS)),
            request_deadline: Duration::from_secs(1),
            unread_bytes: 2 * LEAST,
            ..ServerSettings::default()
        })
    }

    fn client(budget: &Arc<UnreadBudget>) -> Arc<Client> {
        budget.client(None, &CancellationToken::new())
    }

    #[tokio::test]
    async fn a_connection_is_cut_when_something_is_overdue_and_not_before() {
        for after in [0, 20, 59, 64, 1000] {
            let budget = budget();
            let client = client(&budget);
            let due = |seconds: u64| budget.begun + Duration::from_secs(after as u64 + seconds);
            let read = client.count("read".into(), due(10)).unwrap();
            let kept = client.count("kept".into(), due(30)).unwrap();
            drop(read);
            for step in after..=after + 30 {
                budget.cut_overdue(step);
                assert!(!client.is_cut_off(), "at {step} of {after} s");
            }
            budget.cut_overdue(after + 31);
            assert!(client.is_cut_off());
            client.cut().await;
            drop(kept);
            assert_eq!(budget.bytes.load(Relaxed), 0);
        }
    }

    #[tokio::test]
    async fn a_late_look_still_sees_it() {
        for late in [1, SLOTS / 2] {
            let budget = budget();
            let client = client(&budget);
            let stuck = client.expect_by(budget.begun + Duration::from_secs(3));
            budget.cut_overdue(3 + late);
            assert!(client.is_cut_off(), "{late}");
            drop(stuck);
        }
    }

    #[tokio::test]
    async fn unread_bytes_are_bounded_and_come_back() {
        let budget = budget();
        let (client, due) = (client(&budget), budget.begun);
        let first = client.count(vec![7; LEAST].into(), due).unwrap();
        assert_eq!(first, vec![7; LEAST]);
        let part = client.count("short".into(), due).unwrap().slice(2..);
        assert!(client.count("x".into(), due).is_none());
        drop(first);
        assert!(client.count("x".into(), due).is_some(), "a refused message was counted");
        drop(part);
        assert_eq!(budget.bytes.load(Relaxed), 0);
        assert!(client.has_read_all());
    }

    #[tokio::test]
    async fn who_keeps_the_most_makes_room_for_others() {
        let budget = budget();
        let (greedy, other, due) = (client(&budget), client(&budget), budget.begun);
        let kept: Vec<_> = (0..2).map(|_| greedy.count("kept".into(), due).unwrap()).collect();
        let small = other.count("small".into(), due).expect("the greedy one makes room");
        assert!(greedy.is_cut_off() && !other.is_cut_off());
        drop(kept);
        assert_eq!(budget.bytes.load(Relaxed), LEAST, "its bytes came back twice");
        let third = client(&budget);
        let more = third.count("more".into(), due).unwrap();
        assert!(client(&budget).count("x".into(), due).is_none(), "nobody keeps more than another");
        tokio::time::sleep(PATIENCE).await;
        assert!(client(&budget).count("x".into(), due).is_some(), "they take nothing");
        drop((small, more));
    }

    #[tokio::test]
    async fn the_quietest_makes_room_and_who_has_calls_stays() {
        let budget = budget();
        let (busy, idle, silent) = (client(&budget), client(&budget), client(&budget));
        busy.call_begins();
        idle.call_begins();
        idle.call_ends();
        budget.cut_the_quietest();
        assert!(!silent.is_cut_off(), "it has only begun");
        tokio::time::sleep(PATIENCE).await;
        let is_cut = || [&busy, &idle, &silent].map(|client| client.is_cut_off());
        budget.cut_the_quietest();
        assert_eq!(is_cut(), [false, false, true]);
        budget.cut_the_quietest();
        budget.cut_the_quietest();
        assert_eq!(is_cut(), [false, true, true]);
    }
}
