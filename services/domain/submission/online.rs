//! Whether a person is enabled for any online service (indicator DX-01), derived when the snapshot is submitted.

use super::Builder;
use super::raw::RawCode;
use crate::domain::codes::{State, Value};
use crate::domain::field::Field;

/// Whether a person is enabled for one service.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Enabled {
    Yes,
    No,
    Missing(State),
}

fn enabled(entry: &RawCode) -> Enabled {
    match &entry.meaning {
        Value::Codes(codes) if codes.iter().any(|code| code == "Y") => Enabled::Yes,
        Value::Codes(_) => Enabled::No,
        Value::State(state) => Enabled::Missing(*state),
        Value::Number(_) => Enabled::Missing(State::Invalid),
    }
}

impl Builder {
    /// Values and indices. Yes if one service is enabled; no if none of the three is; otherwise the first missing state. None if
    /// no service is collected.
    pub(super) fn online_any(&self, rows: usize) -> Option<(Vec<String>, Vec<u16>)> {
        let services = [Field::OnlineAppointments, Field::OnlinePrescriptions, Field::OnlineRecord];
        let columns: Vec<_> =
            services.into_iter().filter_map(|field| self.collects(field)).collect();
        if columns.is_empty() {
            return None;
        }
        let of_rows: Vec<Vec<_>> = columns
            .iter()
            .map(|column| {
                let of_entries: Vec<_> = column.entries.iter().map(enabled).collect();
                let indices = column.indices.to_vec().into_iter();
                indices.map(|index| of_entries[usize::from(index)]).collect()
            })
            .collect();
        // A service that is not collected may be the one that the person is enabled for.
        let uncollected =
            (columns.len() < services.len()).then_some(Enabled::Missing(State::NotKnown));
        let word = |row: usize| {
            let mut of_row = of_rows.iter().map(|services| services[row]).chain(uncollected);
            of_row.try_fold(Enabled::No, |sum, one| match (sum, one) {
                (_, Enabled::Yes) => Err(Enabled::Yes),
                (Enabled::No, other) => Ok(other),
                (missing, _) => Ok(missing),
            })
        };
        let mut words = vec!["Y".to_owned(), "N".to_owned()];
        let indices = (0..rows).map(|row| match word(row).unwrap_or_else(|yes| yes) {
            Enabled::Yes => 0,
            Enabled::No => 1,
            Enabled::Missing(state) => {
                let text = Value::State(state).to_text();
                let place = words.iter().position(|word| *word == text).unwrap_or_else(|| {
                    words.push(text);
                    words.len() - 1
                });
                u16::try_from(place).unwrap_or(0)
            }
        });
        let indices = indices.collect();
        Some((words, indices))
    }
}
