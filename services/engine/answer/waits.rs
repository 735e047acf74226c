//! How long people waited from booking, in days: what the words of the field mean, and the medians by mode.

use super::context::{Absence, Reason};
use super::indicators::absence;
use super::plan::PlanAxis;
use super::stand_in;
use crate::domain::codes::{State, Value};
use crate::domain::field::Field;
use crate::domain::measures::{Answer, Waits};
use crate::domain::reference::Reference;
use crate::engine::Engine;

/// The median wait of one mode.
#[derive(Clone, Debug, PartialEq)]
pub struct WaitCell {
    /// Consultations whose wait is known.
    pub known: u64,
    /// Consultations of which it is not.
    pub unknown: u64,
    /// Consultations whose source does not collect it.
    pub not_collected: u64,
    /// The median, in days.
    pub median: Result<f64, Absence>,
}

/// The median wait in person and remotely.
#[derive(Clone, Debug, PartialEq)]
pub struct MedianWait {
    /// In person.
    pub in_person: WaitCell,
    /// Remotely.
    pub remote: WaitCell,
    /// Remote less in person, in days.
    pub difference: Result<f64, Absence>,
}

/// Shortest and longest wait that a value means, in days; none: a state.
pub(super) fn days_of(reference: &Reference, value: &Value) -> Option<(u32, u32)> {
    match value {
        Value::Number(days) => Some((*days, *days)),
        Value::Codes(codes) => reference.list_of(Field::LeadTime)?.category(codes.first()?)?.range,
        Value::State(_) => None,
    }
}

/// What a place of an axis of waits means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    Days(u32, u32),
    Missing(Answer),
}

impl Engine {
    /// An axis of waits, in days as far as they are known, and what each of its places means.
    pub(super) fn waits_axis(&self, reference: &Reference) -> (PlanAxis, Vec<Wait>) {
        let mut places = vec![Wait::Missing(Answer::NotCollected)];
        let mut of_word = Vec::new();
        for value in self.store().catalog().words().of(Field::LeadTime) {
            let wait = match (days_of(reference, value), value) {
                (Some((first, last)), _) => Wait::Days(first, last),
                (None, Value::State(State::NotCollected)) => Wait::Missing(Answer::NotCollected),
                (None, Value::State(State::NotApplicable)) => Wait::Missing(Answer::NotApplicable),
                (None, Value::State(_) | Value::Codes(_) | Value::Number(_)) => {
                    Wait::Missing(Answer::Unknown)
                }
            };
            let place = places.iter().position(|known| *known == wait);
            of_word.push(place.unwrap_or_else(|| {
                places.push(wait);
                places.len() - 1
            }));
        }
        (stand_in::axis(Field::LeadTime, of_word, 0), places)
    }
}

/// The medians of waits in person and remotely; none: there was no counting them.
pub(super) fn medians(waits: Option<&[Waits; 2]>) -> MedianWait {
    let none = Waits::default();
    let cell = |mode: usize, whom: &str| {
        let of = waits.map_or(&none, |waits| &waits[mode]);
        let tally = of.tally();
        let median = match of.median() {
            _ if waits.is_none() => Err(Absence {
                reason: Reason::NotComputable,
                detail: "too many rows to count days in: ask by fewer dimensions".into(),
            }),
            Some((least, most)) if most > least => Err(Absence {
                reason: Reason::NotComputable,
                detail: format!(
                    "waits are known in bands of days only: the median lies between {least} and {most} days"
                ),
            }),
            Some((median, _)) => Ok(median),
            None => Err(absence(tally, whom)),
        };
        let (known, unknown) = (tally.denominator, tally.unknown);
        WaitCell { known, unknown, not_collected: tally.not_collected, median }
    };
    let (in_person, remote) = (cell(0, "consultations in person"), cell(1, "remote consultations"));
    let difference = match (&remote.median, &in_person.median) {
        (Ok(remote), Ok(in_person)) => Ok(remote - in_person),
        (Err(why), _) | (_, Err(why)) => Err(why.clone()),
    };
    MedianWait { in_person, remote, difference }
}
