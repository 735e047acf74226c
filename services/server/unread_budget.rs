//! What clients have not read yet: bounded in time on each connection, and in bytes on all connections together.
//!
//! hyper asks an answer for its next part only when the client has room for it. A client that gives none, and answers every ping,
//! would keep its calls and their bytes for ever: nothing looks at the answer again. So every message counts as unread until the
//! system has taken its last byte, and a connection whose client leaves a message unread for too long is cut. When there is no room
//! for another answer, the client that keeps the most of it goes first.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use rustc_hash::FxHashMap;
use rustls::pki_types::CertificateDer;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::client::{Client, cost};
use super::room::{Room, SLOTS};
use super::settings::{PATIENCE, ServerSettings};

/// Age from which a connection without any call may make room for another one.
const SILENT: Duration = Duration::from_millis(250);

/// The clients of all connections, and what they have not read.
#[derive(Debug)]
pub(super) struct UnreadBudget {
    room: Arc<Room>,
    clients: Mutex<Vec<Weak<Client>>>,
}

impl UnreadBudget {
    /// An empty budget. A task cuts overdue clients until the budget is dropped.
    pub(super) fn new(settings: &ServerSettings) -> Arc<Self> {
        let room = Arc::new(Room::new(settings));
        let step = room.step();
        let budget = Arc::new(Self { room, clients: Mutex::default() });
        tokio::spawn(watch_over(Arc::downgrade(&budget), step));
        budget
    }

    /// The client of a new connection, which `cut` ends as well.
    pub(super) fn client(
        self: &Arc<Self>,
        address: String,
        cut: &CancellationToken,
    ) -> Arc<Client> {
        let client = Client::new(address, Arc::clone(&self.room), cut);
        self.clients.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(&client));
        client
    }

    /// A message of a client, counted as unread until its last byte is gone; it is due at an instant. None: there is no room, not even
    /// after others were cut.
    pub(super) fn count(
        &self,
        client: &Arc<Client>,
        message: Bytes,
        due: Instant,
    ) -> Option<Bytes> {
        let bytes = cost(&message);
        while !self.room.take(bytes) {
            let other = self.largest(client, bytes)?;
            other.cut_off("its client kept answers unread while others had no room for theirs");
        }
        Some(client.count(message, due))
    }

    /// Who keeps the most unread: first of those who take nothing, then of those who keep more than a client would with `bytes` more. What
    /// a partner keeps on all its connections counts for each of them.
    fn largest(&self, client: &Client, bytes: usize) -> Option<Arc<Client>> {
        let (now, all) = (Instant::now(), self.all());
        let mut of_partners = FxHashMap::<&str, usize>::default();
        for (partner, one) in all.iter().filter_map(|one| Some((one.partner()?, one))) {
            *of_partners.entry(partner).or_default() += one.unread_bytes();
        }
        let kept = |one: &Client| {
            let of_partner = one.partner().and_then(|partner| of_partners.get(partner));
            of_partner.copied().unwrap_or_else(|| one.unread_bytes())
        };
        let own = kept(client) + bytes;
        let keeps = |other: &Client| {
            let takes_nothing = other.takes_nothing_for(now).is_some_and(|time| time >= PATIENCE);
            (takes_nothing, kept(other), other.unread_bytes())
        };
        let others = all.iter().filter(|other| !std::ptr::eq(&***other, client));
        let others = others.map(|other| (keeps(other), other));
        let others =
            others.filter(|((nothing, of_all, here), _)| *here > 0 && (*nothing || *of_all > own));
        others.max_by_key(|(keeps, _)| *keeps).map(|(_, other)| Arc::clone(other))
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

    /// Cuts the connections whose certificates are not accepted any more, for the reason that `refused` gives.
    pub(super) fn cut_where(&self, refused: impl Fn(&[CertificateDer<'static>]) -> Option<String>) {
        for client in self.all() {
            let why = client.peer().and_then(|peer| refused(&peer.chain));
            if let Some(why) = why {
                client.cut_off(&why);
            }
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
        budget.cut_overdue(budget.room.step_of(Instant::now()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::room::{LEAST, STEPS};

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
        budget.client(String::new(), &CancellationToken::new())
    }

    #[tokio::test]
    async fn a_connection_is_cut_when_something_is_overdue_and_not_before() {
        for after in [0, 20, 59, 64, 1000] {
            let budget = budget();
            let client = client(&budget);
            let due =
                |seconds: u64| budget.room.begun() + Duration::from_secs(after as u64 + seconds);
            let read = budget.count(&client, "read".into(), due(10)).unwrap();
            let kept = budget.count(&client, "kept".into(), due(30)).unwrap();
            drop(read);
            for step in after..=after + 30 {
                budget.cut_overdue(step);
                assert!(!client.is_cut_off(), "at {step} of {after} s");
            }
            budget.cut_overdue(after + 31);
            assert!(client.is_cut_off());
            client.cut().await;
            drop(kept);
            assert_eq!(budget.room.taken(), 0);
        }
    }

    #[tokio::test]
    async fn a_late_look_still_sees_it() {
        for late in [1, SLOTS / 2] {
            let budget = budget();
            let client = client(&budget);
            let stuck = client.expect_by(budget.room.begun() + Duration::from_secs(3));
            budget.cut_overdue(3 + late);
            assert!(client.is_cut_off(), "{late}");
            drop(stuck);
        }
    }

    #[tokio::test]
    async fn unread_bytes_are_bounded_and_come_back() {
        let budget = budget();
        let (client, due) = (client(&budget), budget.room.begun());
        let first = budget.count(&client, vec![7; LEAST].into(), due).unwrap();
        assert_eq!(first, vec![7; LEAST]);
        let part = budget.count(&client, "short".into(), due).unwrap().slice(2..);
        assert!(budget.count(&client, "x".into(), due).is_none());
        drop(first);
        assert!(budget.count(&client, "x".into(), due).is_some(), "a refused message was counted");
        drop(part);
        assert_eq!(budget.room.taken(), 0);
        assert!(client.has_read_all());
    }

    #[tokio::test]
    async fn who_keeps_the_most_makes_room_for_others() {
        let budget = budget();
        let (greedy, other, due) = (client(&budget), client(&budget), budget.room.begun());
        let kept: Vec<_> =
            (0..2).map(|_| budget.count(&greedy, "kept".into(), due).unwrap()).collect();
        let small = budget.count(&other, "small".into(), due).expect("the greedy one makes room");
        assert!(greedy.is_cut_off() && !other.is_cut_off());
        drop(kept);
        assert_eq!(budget.room.taken(), LEAST, "its bytes came back twice");
        let third = client(&budget);
        let more = budget.count(&third, "more".into(), due).unwrap();
        assert!(
            budget.count(&client(&budget), "x".into(), due).is_none(),
            "nobody keeps more than another"
        );
        tokio::time::sleep(PATIENCE).await;
        assert!(budget.count(&client(&budget), "x".into(), due).is_some(), "they take nothing");
        drop((small, more));
    }

    /// Ten connections do not give a partner ten shares.
    #[tokio::test]
    async fn what_a_partner_keeps_on_all_its_connections_counts_together() {
        let settings = ServerSettings { unread_bytes: 7 * LEAST, ..ServerSettings::default() };
        let budget = UnreadBudget::new(&settings);
        let due = budget.room.begun() + Duration::from_secs(60);
        let many: Vec<_> = (0..4).map(|_| client(&budget)).collect();
        many.iter().for_each(|one| one.is_of("many"));
        let single = client(&budget);
        single.is_of("single");
        let mut kept: Vec<_> =
            many.iter().map(|one| budget.count(one, "kept".into(), due).unwrap()).collect();
        for _ in 0..3 {
            kept.push(budget.count(&single, "kept".into(), due).unwrap());
        }
        assert!(
            budget.count(&many[0], "more".into(), due).is_none(),
            "it keeps more than the other, on four connections"
        );
        let newcomer = client(&budget);
        newcomer.is_of("newcomer");
        kept.push(budget.count(&newcomer, "new".into(), due).expect("there is room"));
        assert_eq!(many.iter().filter(|one| one.is_cut_off()).count(), 1);
        assert!(!single.is_cut_off() && !newcomer.is_cut_off());
    }

    #[tokio::test]
    async fn the_quietest_makes_room_and_who_has_calls_stays() {
        let budget = budget();
        let (busy, idle, silent) = (client(&budget), client(&budget), client(&budget));
        busy.call_begins();
        idle.call_begins();
        idle.call_ends(true);
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
