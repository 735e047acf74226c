//! How many days people waited from booking: what the values of the field mean.

use super::plan::PlanAxis;
use crate::domain::codes::{State, Value};
use crate::domain::field::Field;
use crate::domain::measures::Response;
use crate::domain::reference::Reference;
use crate::engine::Engine;

/// Shortest and longest wait that a value means, in days; none: a state.
pub(super) fn days_of(reference: &Reference, value: &Value) -> Option<(u32, u32)> {
    match value {
        Value::Number(days) => Some((*days, *days)),
        Value::Codes(codes) => reference.list_of(Field::LeadTime)?.category(codes.first()?)?.range,
        Value::State(_) => None,
    }
}

/// From how many to how many days, or why that is not known.
pub(super) type Wait = Result<(u32, u32), Response>;

impl Engine {
    /// An axis of waits, in days as far as they are known, and what each of its places means.
    pub(super) fn waits_axis(&self, reference: &Reference) -> (PlanAxis, Vec<Wait>) {
        let mut places = vec![Err(Response::NotCollected)];
        let mut of_word = Vec::new();
        for value in self.store().catalog().words().of(Field::LeadTime) {
            let missing = match value {
                Value::State(State::NotCollected) => Response::NotCollected,
                Value::State(State::NotApplicable) => Response::NotApplicable,
                Value::State(_) | Value::Codes(_) | Value::Number(_) => Response::Unknown,
            };
            let wait = days_of(reference, value).ok_or(missing);
            let place = places.iter().position(|known| *known == wait);
            of_word.push(place.unwrap_or_else(|| {
                places.push(wait);
                places.len() - 1
            }));
        }
        (PlanAxis::of_words(Field::LeadTime, of_word, 0), places)
    }
}
