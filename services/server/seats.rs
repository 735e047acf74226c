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
use crate::rpc::caller::Caller;

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

/// Whose call it is.
#[derive(Clone, Debug, Default)]
pub(super) struct By {
    /// The connection that it came on.
    pub(super) client: Option<Arc<Client>>,
    /// The partner: one connection may have calls of several. None: the call was let in without an identity.
    pub(super) caller: Option<Caller>,
}

impl By {
    /// Whether both are of one partner; without partners, whether they came on one connection.
    fn is_same(&self, other: &Self) -> bool {
        match (&self.caller, &other.caller) {
            (Some(one), Some(another)) => one.name() == another.name(),
            (None, None) => match (&self.client, &other.client) {
                (Some(one), Some(another)) => Arc::ptr_eq(one, another),
                (None, _) | (_, None) => false,
            },
            (Some(_), None) | (None, Some(_)) => false,
        }
    }
}

/// What the others see of a seat.
#[derive(Debug)]
struct Place {
    by: By,
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
    /// So many seats, and at most `share` of them for one partner, or for one connection without a partner.
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

    /// A seat for a call, if there is one or somebody gives one up.
    pub(super) fn take(self: &Arc<Self>, by: &By) -> Option<Seat> {
        let mut taken = self.lock();
        let own = of(&taken, by);
        if own >= self.share {
            return None;
        }
        if taken.len() >= self.most {
            let place = longest_waiting(&taken)
                .or_else(|| self.yields.then(|| one_of_the_most(&taken, own)).flatten())?;
            taken.swap_remove(place).give_up();
        }
        let place = Arc::new(Place {
            by: by.clone(),
            waits_since: Mutex::new(self.yields.then(Instant::now)),
            given_up: CancellationToken::new(),
        });
        taken.push(Arc::clone(&place));
        Some(Seat { seats: Arc::clone(self), place })
    }
}

/// How many seats they have whose call this is.
fn of(taken: &[Arc<Place>], by: &By) -> usize {
    taken.iter().filter(|place| place.by.is_same(by)).count()
}

/// The seat whose call has waited longest for its client, if that is too long.
fn longest_waiting(taken: &[Arc<Place>]) -> Option<usize> {
    let now = Instant::now();
    let waiting =
        taken.iter().enumerate().filter_map(|(n, place)| Some((place.waits_for(now)?, n)));
    waiting.filter(|(time, _)| *time >= PATIENCE).max().map(|(_, n)| n)
}

/// A seat of those that have the most, if these are more than `own` will be.
fn one_of_the_most(taken: &[Arc<Place>], own: usize) -> Option<usize> {
    let many = taken.iter().enumerate();
    let many = many.map(|(n, place)| (of(taken, &place.by), std::cmp::Reverse(n)));
    many.max().filter(|(many, _)| *many > own + 1).map(|(_, n)| n.0)
}

impl Place {
    fn waits_since(&self) -> MutexGuard<'_, Option<Instant>> {
        self.waits_since.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For how long the call has waited for its client to send, or the client has taken nothing.
    fn waits_for(&self, now: Instant) -> Option<Duration> {
        let sends = self.waits_since().map(|since| now.saturating_duration_since(since));
        let takes = self.by.client.as_ref().and_then(|client| client.takes_nothing_for(now));
        sends.max(takes)
    }

    /// Ends the call: by a status if its message is awaited, by cutting the connection if the client reads nothing.
    fn give_up(&self) {
        self.given_up.cancel();
        if self.waits_since().is_none()
            && let Some(client) = &self.by.client
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
    use crate::rpc::caller::tests::partner;
    use crate::server::ServerSettings;
    use crate::server::unread_budget::UnreadBudget;

    fn of(client: &Arc<Client>) -> By {
        By { client: Some(Arc::clone(client)), caller: None }
    }

    fn clients<const N: usize>() -> [Arc<Client>; N] {
        let budget = UnreadBudget::new(&ServerSettings::default());
        std::array::from_fn(|_| budget.client(String::new(), &CancellationToken::new()))
    }

    #[tokio::test]
    async fn a_connection_has_its_share_and_no_more() {
        let [one, other] = clients();
        let seats = Seats::new(3, 2);
        let first = seats.take(&of(&one)).unwrap();
        let second = seats.take(&of(&one)).unwrap();
        assert!(seats.take(&of(&one)).is_none());
        let third = seats.take(&of(&other)).unwrap();
        assert!(seats.take(&of(&other)).is_none(), "nobody gives up a seat that is worked on");
        drop(first);
        assert!(seats.take(&of(&one)).is_some());
        drop((second, third));
        assert!(seats.lock().is_empty());
    }

    #[tokio::test]
    async fn who_waits_longest_without_progress_gives_up_first_and_only_for_others() {
        let [one, other, third] = clients();
        let seats = Seats::new(2, 2);
        let (slow, slower) = (seats.take(&of(&one)).unwrap(), seats.take(&of(&other)).unwrap());
        slow.waits(Some(Instant::now() + Duration::from_millis(1)));
        slower.waits(Some(Instant::now()));
        assert!(seats.take(&of(&third)).is_none(), "they have only begun to wait");
        tokio::time::sleep(PATIENCE + Duration::from_millis(1)).await;
        let seat = seats.take(&of(&third)).expect("somebody gives up");
        slower.given_up().await;
        assert!(!slow.place.given_up.is_cancelled() && !other.is_cut_off());
        drop(seat);
        drop(slower);
        assert!(seats.take(&of(&third)).is_some());
        assert!(!slow.place.given_up.is_cancelled(), "there was a free seat");
    }

    #[tokio::test]
    async fn who_reads_nothing_is_cut() {
        let [one, other] = clients();
        let seats = Seats::new(1, 1);
        let _seat = seats.take(&of(&one)).unwrap();
        let unread = one.expect_by(Instant::now() + Duration::from_secs(60));
        tokio::time::sleep(PATIENCE).await;
        assert!(seats.take(&of(&other)).is_some());
        assert!(one.is_cut_off());
        drop(unread);
    }

    #[tokio::test]
    async fn a_message_that_has_not_come_yields_to_a_connection_that_has_fewer() {
        let [greedy, one, other] = clients();
        let seats = Seats::yielding(4, 4);
        let held: Vec<_> = (0..4).map(|_| seats.take(&of(&greedy)).unwrap()).collect();
        held.iter().for_each(|seat| seat.waits(Some(Instant::now())));
        assert!(seats.take(&of(&greedy)).is_none(), "it has its share");
        let (_one, _other) = (seats.take(&of(&one)).unwrap(), seats.take(&of(&other)).unwrap());
        assert!(seats.take(&of(&one)).is_none(), "all have as many");
        assert!(!greedy.is_cut_off());
        let ended = held.iter().filter(|seat| seat.place.given_up.is_cancelled()).count();
        assert_eq!(ended, 2);
    }
    /// A proxy sends the calls of several partners over one connection, and a partner has several connections.
    #[tokio::test]
    async fn a_share_is_of_the_partner_that_calls_and_not_of_the_connection() {
        let [shared, own] = clients();
        let by = |client: &Arc<Client>, id: &str| By { caller: Some(partner(id)), ..of(client) };
        let seats = Seats::new(8, 2);
        let held: Vec<_> =
            [&shared, &own].map(|client| seats.take(&by(client, "alpha")).unwrap()).into();
        for client in [&shared, &own] {
            assert!(seats.take(&by(client, "alpha")).is_none(), "on however many connections");
        }
        let other: Vec<_> = (0..2).map(|_| seats.take(&by(&shared, "beta")).unwrap()).collect();
        assert!(seats.take(&by(&shared, "beta")).is_none());
        // What is asked without an identity is of the connection.
        let nameless = [seats.take(&of(&shared)).unwrap(), seats.take(&of(&shared)).unwrap()];
        assert!(seats.take(&of(&shared)).is_none() && seats.take(&of(&own)).is_some());
        drop(held);
        assert!(seats.take(&by(&shared, "alpha")).is_some());
        drop((other, nameless));
        assert!(seats.lock().is_empty());
    }
}
