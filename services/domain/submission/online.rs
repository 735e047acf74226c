//! Whether a person is enabled for any online service (indicator DX-01), derived when the snapshot is submitted.

use rustc_hash::FxHashMap;

use super::Builder;
use super::raw::RawCode;
use crate::domain::codes::{State, Value};
use crate::domain::field::Field;

/// What the services of a person say together: a bit for yes, one for no, and one for each missing state. The order of the fields
/// cannot matter.
type Said = u16;
const YES: Said = 1;
const NO: Said = 2;

fn missing(state: State) -> Said {
    4 << state as u16
}

fn said(entry: &RawCode) -> Said {
    match &entry.meaning {
        Value::Codes(codes) if codes.iter().any(|code| code == "Y") => YES,
        Value::Codes(_) => NO,
        Value::State(state) => missing(*state),
        Value::Number(_) => missing(State::Invalid),
    }
}

/// Yes if one service is enabled; no if none of those that apply is. If some are not and others are missing: no of those that are
/// known. If none is known: the missing state that comes first in the order of states.
fn word(said: Said) -> String {
    let is_missing = |state: &State| *state != State::NotApplicable && said & missing(*state) != 0;
    match State::ALL.into_iter().find(is_missing) {
        _ if said & YES != 0 => "Y".to_owned(),
        None if said & NO != 0 => "N".to_owned(),
        Some(_) if said & NO != 0 => "N_OF_KNOWN".to_owned(),
        state => Value::State(state.unwrap_or(State::NotApplicable)).to_text(),
    }
}

impl Builder {
    /// Values and indices. None if no service is collected.
    pub(super) fn online_any(&self, rows: usize) -> Option<(Vec<String>, Vec<u16>)> {
        let services = [Field::OnlineAppointments, Field::OnlinePrescriptions, Field::OnlineRecord];
        let columns: Vec<_> =
            services.into_iter().filter_map(|field| self.collects(field)).collect();
        if columns.is_empty() {
            return None;
        }
        // A service that is not collected may be the one that the person is enabled for.
        let uncollected = if columns.len() < services.len() { missing(State::NotKnown) } else { 0 };
        let mut of_rows = vec![uncollected; rows];
        for column in columns {
            let of_entries: Vec<_> = column.entries.iter().map(said).collect();
            for (of_row, index) in of_rows.iter_mut().zip(column.indices.to_vec()) {
                *of_row |= of_entries[usize::from(index)];
            }
        }
        let (mut words, mut places) = (Vec::new(), FxHashMap::default());
        let place = |said: Said| {
            *places.entry(said).or_insert_with(|| {
                words.push(word(said));
                u16::try_from(words.len() - 1).unwrap_or(0)
            })
        };
        let indices = of_rows.into_iter().map(place).collect();
        Some((words, indices))
    }
}
