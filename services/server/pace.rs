//! How fast handshakes of one address may begin. A handshake of TLS costs about a millisecond of a processor, far more than it costs the client
//! to ask for it, and a client whose connection was cut can come again at once.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rustc_hash::FxHashMap;
use tokio::time::Instant;

/// How long a handshake keeps the next ones of its address waiting, and what is forgiven of it: 50 a second, and 100 at once.
const A_HANDSHAKE: Duration = Duration::from_millis(20);
const FORGIVEN: Duration = Duration::from_secs(2);
/// The same of a connection that was cut because of what its client did: as much as 50 handshakes.
const A_CUT: Duration = Duration::from_secs(1);
/// Longest wait. Partners behind one address share its pace, and none waits longer than this.
const LONGEST: Duration = Duration::from_secs(1);
/// Addresses from which on those are forgotten that wait for nothing.
const MANY: usize = 1_000;

/// For each address, when all its handshakes would have begun at the rate that they may.
#[derive(Debug, Default)]
pub(super) struct Pace(Mutex<FxHashMap<String, Instant>>);

impl Pace {
    /// A handshake of an address is to begin. Until when it waits; none: it begins now.
    pub(super) fn begins(&self, address: &str, now: Instant) -> Option<Instant> {
        let until = self.add(address, A_HANDSHAKE, now).checked_sub(FORGIVEN)?;
        (until > now).then_some(until)
    }

    /// A connection of an address was cut because of what its client did.
    pub(super) fn was_cut(&self, address: &str, now: Instant) {
        self.add(address, A_CUT, now);
    }

    fn add(&self, address: &str, cost: Duration, now: Instant) -> Instant {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MANY {
            all.retain(|_, due| *due > now);
        }
        let due = all.entry(address.to_owned()).or_insert(now);
        *due = ((*due).max(now) + cost).min(now + FORGIVEN + LONGEST);
        *due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_begins_fifty_handshakes_a_second_after_a_hundred() {
        let (pace, now) = (Pace::default(), Instant::now());
        for number in 0..100 {
            assert_eq!(pace.begins("a", now), None, "{number}");
        }
        for number in 1..=50 {
            assert_eq!(pace.begins("a", now), Some(now + number * A_HANDSHAKE));
        }
        assert_eq!(pace.begins("a", now), Some(now + LONGEST), "no longer");
        assert_eq!(pace.begins("b", now), None, "another address");
        assert_eq!(pace.begins("a", now + FORGIVEN + LONGEST), None, "all is forgiven");
    }

    #[test]
    fn cuts_make_the_next_handshakes_wait() {
        let (pace, now) = (Pace::default(), Instant::now());
        pace.was_cut("a", now);
        assert_eq!(pace.begins("a", now), None);
        (0..9).for_each(|_| pace.was_cut("a", now));
        assert_eq!(pace.begins("a", now), Some(now + LONGEST));
        assert_eq!(pace.begins("b", now), None);
    }

    #[test]
    fn addresses_that_wait_for_nothing_are_forgotten() {
        let (pace, now) = (Pace::default(), Instant::now());
        (0..MANY).for_each(|number| assert_eq!(pace.begins(&number.to_string(), now), None));
        assert_eq!(pace.begins("a", now + Duration::from_secs(1)), None);
        assert_eq!(pace.0.lock().unwrap().len(), 1);
    }
}
