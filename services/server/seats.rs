//! Seats: how many calls of a kind there may be at once, how many of them on one connection, and who gives a seat up.
//!
//! A call that waits for its client keeps its seat only as long as nobody else needs it. When all are taken, the call that has waited
//! longest gives its seat up, if it has waited for [`PATIENCE`] without progress.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::client::Client;
use super::settings::PATIENCE;

/// The seats of one kind of call.
#[derive(Debug)]
pub(super) struct Seats {
    most: usize,
    /// Most seats of one connection, or of all connections of one partner.
    share: usize,
    /// Whether a call gives its seat up at once to a connection that has fewer: only for calls that have cost nothing yet.
    yields: bool,
    taken: Mutex<Vec<Arc<Place>>>,
}

/// What the others see of a seat.
#[derive(Debug)]
struct Place {
    client: Option<Arc<Client>>,
    /// Since when the call has waited for its client without progress; none: the work is ours.
    waits_since: Mutex<Option<Instant>>,
    given_up: CancellationToken,
}

/// A seat, until it is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    seats: Arc<Seats>,
    place: Arc<Place>,
}

impl Seats {
    /// So many seats, and at most `share` of them for one connection.
    pub(super) fn new(most: usize, share: usize) -> Arc<Self> {
        Arc::new(Self { most, share, yields: false, taken: Mutex::default() })
    }

    /// The same for calls whose message has not come: the connection with the most of them yields to others.
    pub(super) fn yielding(most: usize, share: usize) -> Arc<Self> {
        Arc::new(Self { most, share, yields: true, taken: Mutex::default() })
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Place>>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A seat for a call of a client, if there is one or somebody gives one up.
    pub(super) fn take(self: &Arc<Self>, client: Option<&Arc<Client>>) -> Option<Seat> {
        let mut taken = self.lock();
        let own = client.map_or(0, |client| of(&taken, client));
        if own >= self.share {
            return None;
        }
        if taken.len() >= self.most {
            let place = longest_waiting(&taken)
                .or_else(|| self.yields.then(|| one_of_the_most(&taken, own)).flatten())?;
            taken.swap_remove(place).give_up();
        }
        let place = Arc::new(Place {
            client: client.cloned(),
            waits_since: Mutex::new(self.yields.then(Instant::now)),
            given_up: CancellationToken::new(),
        });
        taken.push(Arc::clone(&place));
        Some(Seat { seats: Arc::clone(self), place })
    }
}

/// How many seats a client has.
fn of(taken: &[Arc<Place>], client: &Arc<Client>) -> usize {
    taken.iter().filter(|place| place.is_of(client)).count()
}

/// The seat whose call has waited longest for its client, if that is too long.
fn longest_waiting(taken: &[Arc<Place>]) -> Option<usize> {
    let now = Instant::now();
    let waiting =
        taken.iter().enumerate().filter_map(|(n, place)| Some((place.waits_for(now)?, n)));
    waiting.filter(|(time, _)| *time >= PATIENCE).max().map(|(_, n)| n)
}

/// A seat of the client that has the most, if these are more than `own` will be.
fn one_of_the_most(taken: &[Arc<Place>], own: usize) -> Option<usize> {
    let many = taken.iter().enumerate().map(|(n, place)| {
        let client = place.client.as_ref();
        (client.map_or(0, |client| of(taken, client)), std::cmp::Reverse(n))
    });
    many.max().filter(|(many, _)| *many > own + 1).map(|(_, n)| n.0)
}

impl Place {
    fn is_of(&self, client: &Arc<Client>) -> bool {
        self.client.as_ref().is_some_and(|own| own.is_same(client))
    }

    fn waits_since(&self) -> MutexGuard<'_, Option<Instant>> {
        self.waits_since.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For how long the call has waited for its client to send, or the client has taken nothing.
    fn waits_for(&self, now: Instant) -> Option<Duration> {
        let sends = self.waits_since().map(|since| now.saturating_duration_since(since));
        let takes = self.client.as_ref().and_then(|client| client.takes_nothing_for(now));
        sends.max(takes)
    }

    /// Ends the call: by a status if its message is awaited, by cutting the connection if the client reads nothing.
    fn give_up(&self) {
        self.given_up.cancel();
        if self.waits_since().is_none()
            && let Some(client) = &self.client
        {
            client.cut_off("its client took nothing while others had no place");
        }
    }
}

impl Seat {
    /// Says since when the call waits for its client without progress; none: it does not.
    pub(super) fn waits(&self, since: Option<Instant>) {
        *self.place.waits_since() = since;
    }

    /// Completes when the call has to end, because another one needs the seat.
    pub(super) fn given_up(&self) -> WaitForCancellationFutureOwned {
        self.place.given_up.clone().cancelled_owned()
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.seats.lock().retain(|place| !Arc::ptr_eq(place, &self.place));
    }
}

#[cfg(test)]
mod tests {
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::server::ServerSettings;
    use crate::server::unread_budget::UnreadBudget;

    fn clients<const N: usize>() -> [Arc<Client>; N] {
        let budget = UnreadBudget::new(&ServerSettings::default());
        std::array::from_fn(|_| budget.client(None, &CancellationToken::new()))
    }

    #[tokio::test]
    async fn a_connection_has_its_share_and_no_more() {
        let [one, other] = clients();
        let seats = Seats::new(3, 2);
        let first = seats.take(Some(&one)).unwrap();
        let second = seats.take(Some(&one)).unwrap();
        assert!(seats.take(Some(&one)).is_none());
        let third = seats.take(Some(&other)).unwrap();
        assert!(seats.take(Some(&other)).is_none(), "nobody gives up a seat that is worked on");
        drop(first);
        assert!(seats.take(Some(&one)).is_some());
        drop((second, third));
        assert!(seats.lock().is_empty());
    }

    #[tokio::test]
    async fn who_waits_longest_without_progress_gives_up_first_and_only_for_others() {
        let [one, other, third] = clients();
        let seats = Seats::new(2, 2);
        let (slow, slower) = (seats.take(Some(&one)).unwrap(), seats.take(Some(&other)).unwrap());
        slow.waits(Some(Instant::now() + Duration::from_millis(1)));
        slower.waits(Some(Instant::now()));
        assert!(seats.take(Some(&third)).is_none(), "they have only begun to wait");
        tokio::time::sleep(PATIENCE + Duration::from_millis(1)).await;
        let seat = seats.take(Some(&third)).expect("somebody gives up");
        slower.given_up().await;
        assert!(!slow.place.given_up.is_cancelled() && !other.is_cut_off());
        drop(seat);
        drop(slower);
        assert!(seats.take(Some(&third)).is_some());
        assert!(!slow.place.given_up.is_cancelled(), "there was a free seat");
    }

    #[tokio::test]
    async fn who_reads_nothing_is_cut() {
        let [one, other] = clients();
        let seats = Seats::new(1, 1);
        let _seat = seats.take(Some(&one)).unwrap();
        let unread = one.expect_by(Instant::now() + Duration::from_secs(60));
        tokio::time::sleep(PATIENCE).await;
        assert!(seats.take(Some(&other)).is_some());
        assert!(one.is_cut_off());
        drop(unread);
    }

    #[tokio::test]
    async fn a_message_that_has_not_come_yields_to_a_connection_that_has_fewer() {
        let [greedy, one, other] = clients();
        let seats = Seats::yielding(4, 4);
        let held: Vec<_> = (0..4).map(|_| seats.take(Some(&greedy)).unwrap()).collect();
        held.iter().for_each(|seat| seat.waits(Some(Instant::now())));
        assert!(seats.take(Some(&greedy)).is_none(), "it has its share");
        let (_one, _other) = (seats.take(Some(&one)).unwrap(), seats.take(Some(&other)).unwrap());
        assert!(seats.take(Some(&one)).is_none(), "all have as many");
        assert!(!greedy.is_cut_off());
        let ended = held.iter().filter(|seat| seat.place.given_up.is_cancelled()).count();
        assert_eq!(ended, 2);
    }
}
