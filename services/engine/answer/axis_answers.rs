//! What the places of an axis say to a yes-or-no question.

use super::axis_positions::PositionsOf;
use super::plan::{On, PlanAxis};
use crate::domain::codes::State;
use crate::domain::measures::Response;

/// What each place of an axis says to whether it is one of `yes`, among `known`.
pub(super) fn answers(axis: &PlanAxis, yes: &[&str], known: &[&str]) -> Vec<Response> {
    let answer = |place: usize| {
        let state = axis.state(place);
        let category = axis.categories.get(place).map(|(code, _)| code.as_str());
        let code = category.or(state.map(State::name)).unwrap_or_default();
        match state {
            _ if yes.contains(&code) => Response::Yes,
            _ if known.contains(&code) => Response::No,
            Some(State::NotCollected) => Response::NotCollected,
            Some(state) if state.is_unknown() || state == State::Coarser => Response::Unknown,
            Some(_) | None => Response::NotApplicable,
        }
    };
    (0..axis.places()).map(answer).collect()
}

/// Merges places that say the same, so that cross-tabulations are no larger than they must be: the first of them stands for all.
pub(super) fn merge<T: PartialEq>(axis: &mut PlanAxis, says: &[T]) {
    let On::Field(_, positions) = &mut axis.on else { return };
    let first = |place: &usize| {
        let same = |other: &T| says.get(*place) == Some(other);
        says.iter().position(same).unwrap_or(*place)
    };
    let all = |places: &Vec<usize>| places.iter().map(first).collect();
    let only = positions.only_span();
    *positions = PositionsOf {
        of_word: only.of_word.iter().map(all).collect(),
        not_collected: all(&only.not_collected),
    }
    .into();
}
