//! Releases: named states of the data. A release is an entry of the log that points back to the position that it shows. Whether it may
//! be made was decided before: applying it asks nothing.

use std::sync::Arc;

use prost::Message;

use super::error::{StoreError, WriteError, damaged};
use super::tree::VALUE_BYTES;
use crate::domain::period::Month;
use crate::proto::store::{Release as Payload, ReleaseRow};

/// Most bytes of the payload. The rest of the row is its time.
const PAYLOAD_BYTES: usize = VALUE_BYTES - 24;

/// Why a release was made. The number is on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ReleaseReason {
    /// A month closed.
    PeriodClosed = 1,
    /// The schedule.
    Schedule = 2,
    /// An operator.
    Operator = 3,
}

impl ReleaseReason {
    fn from_number(number: u32) -> Option<Self> {
        let all = [Self::PeriodClosed, Self::Schedule, Self::Operator];
        all.into_iter().find(|reason| *reason as u32 == number)
    }
}

/// A release that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRelease {
    /// Name, unique for ever.
    pub id: String,
    /// Log position that it shows.
    pub shown: u64,
    /// Position of the release before it, which the rule compared it with; 0: none.
    pub after: u64,
    /// Why it is made.
    pub reason: ReleaseReason,
    /// Last month that has closed.
    pub closed: Month,
    /// Least number of organisations of an area that it shows.
    pub least: usize,
}

/// A release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// Name, unique for ever: `2026-11`.
    pub id: Arc<str>,
    /// Log position of its entry.
    pub position: u64,
    /// Time of its entry, milliseconds since 1970.
    pub time_millis: u64,
    /// Log position that it shows.
    pub shown: u64,
    /// Why it was made.
    pub reason: ReleaseReason,
    /// Last month that had closed then.
    pub closed: Month,
    /// Least number of organisations of an area that it shows.
    pub least: usize,
}

impl NewRelease {
    /// The release as it goes into the log.
    pub(super) fn payload(self, caller: &str, request_id: &str) -> Payload {
        Payload {
            id: self.id,
            shown_position: self.shown,
            reason: self.reason as u32,
            closed_month: self.closed.number().into(),
            least_organisations: u32::try_from(self.least).unwrap_or(u32::MAX),
            caller: caller.to_owned(),
            request_id: request_id.to_owned(),
        }
    }
}

impl Release {
    /// The release of a row.
    pub(super) fn of_row(position: u64, row: &ReleaseRow) -> Result<Self, StoreError> {
        let empty = Payload::default();
        let made = row.release.as_ref().unwrap_or(&empty);
        let wrong = || damaged(format!("the release at {position} cannot be read"));
        let closed = Month::from_number(made.closed_month).ok_or_else(wrong)?;
        let reason = ReleaseReason::from_number(made.reason).ok_or_else(wrong)?;
        if made.shown_position >= position || made.id.is_empty() {
            return Err(wrong());
        }
        Ok(Self {
            id: made.id.as_str().into(),
            position,
            time_millis: row.time_millis,
            shown: made.shown_position,
            reason,
            closed,
            least: usize::try_from(made.least_organisations).unwrap_or(usize::MAX),
        })
    }
}

/// Hash that tells whether two requests ask for the same: name and reason. What the service decides itself does not count, so that a
/// request that is sent again after other changes is still the same.
pub(super) fn hash(payload: &Payload) -> [u8; 32] {
    let asked = Payload { id: payload.id.clone(), reason: payload.reason, ..Payload::default() };
    *blake3::Hasher::new().update(b"release").update(&asked.encode_to_vec()).finalize().as_bytes()
}

/// Refuses a release that would not fit a row. Checked before it is in the log.
pub(super) fn fits(payload: &Payload) -> Result<(), WriteError> {
    let bytes = payload.encoded_len();
    if bytes > PAYLOAD_BYTES {
        return Err(WriteError::Store(format!("a release of {bytes} bytes is too large")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload() -> Payload {
        NewRelease {
            id: "2026-11".into(),
            shown: 7,
            after: 0,
            reason: ReleaseReason::Operator,
            closed: Month::new(2026, 10).unwrap(),
            least: 3,
        }
        .payload("local", "a")
    }

    fn read(change: impl FnOnce(&mut Payload)) -> Result<Release, StoreError> {
        let mut payload = payload();
        change(&mut payload);
        Release::of_row(9, &ReleaseRow { time_millis: 1, release: Some(payload) })
    }

    #[test]
    fn a_row_is_the_release_that_it_was_made_of() {
        let made = read(|_| ()).unwrap();
        assert_eq!((&*made.id, made.position, made.shown, made.least), ("2026-11", 9, 7, 3));
        assert_eq!(
            (made.reason, made.closed.to_string().as_str()),
            (ReleaseReason::Operator, "2026-10")
        );
        for reason in [ReleaseReason::PeriodClosed, ReleaseReason::Schedule] {
            assert_eq!(read(|row| row.reason = reason as u32).unwrap().reason, reason);
        }
    }

    #[test]
    fn a_row_that_says_nothing_is_damage() {
        assert!(Release::of_row(9, &ReleaseRow::default()).is_err());
        let bad: [fn(&mut Payload); 4] = [
            |row| row.id.clear(),
            |row| row.reason = 4,
            |row| row.shown_position = 9,
            |row| row.closed_month = u32::MAX,
        ];
        for change in bad {
            assert!(read(change).is_err());
        }
    }

    #[test]
    fn what_the_service_decides_is_no_part_of_what_was_asked() {
        let (asked, again) =
            (payload(), Payload { shown_position: 8, closed_month: 1, ..payload() });
        assert_eq!(hash(&asked), hash(&again));
        assert_ne!(hash(&asked), hash(&Payload { id: "2026-12".into(), ..payload() }));
        assert_ne!(hash(&asked), hash(&Payload { reason: 1, ..payload() }));
        assert!(fits(&asked).is_ok());
        assert!(fits(&Payload { id: "x".repeat(PAYLOAD_BYTES), ..payload() }).is_err());
    }
}
