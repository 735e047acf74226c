//! Values that were taken although their form is not that of the contract: each kind is counted for the receipt.

use std::collections::BTreeMap;

use super::raw::{RawColumn, SEPARATOR, shown};
use super::read_as::ReadAs;
use crate::domain::codes::{State, Value};

/// Most readings of a submission that are told apart. Further words count as one.
const MOST: usize = 100;

/// A kind of values that were read so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Path of the field in the record's message.
    pub field: String,
    /// What was done, in words.
    pub how: String,
    /// The first such value; empty for keys and ids.
    pub value: String,
    /// What it was read as; empty for keys and ids.
    pub read_as: String,
    /// Number of accepted rows.
    pub count: u64,
}

/// Counts readings: by field, kind, and, for words, value.
#[derive(Default)]
pub(super) struct Readings(BTreeMap<(&'static str, ReadAs, String), (String, String, u64)>);

impl Readings {
    /// Counts `count` rows with a value. Values of one kind are told apart only if they are words.
    pub(super) fn add(
        &mut self,
        field: &'static str,
        how: ReadAs,
        (value, read_as): (&str, &str),
        count: u64,
    ) {
        let full = self.0.len() >= MOST;
        let word = if how == ReadAs::Word && !full { value } else { "" };
        let place = self.0.entry((field, how, word.to_owned()));
        place.or_insert_with(|| (shown(value), shown(read_as), 0)).2 += count;
    }

    /// Counts the rows of a column whose values were no codes as submitted.
    pub(super) fn add_column(&mut self, column: &RawColumn) {
        if column.entries.iter().all(|entry| entry.read.is_none()) {
            return;
        }
        let counts = column.indices.counts(column.entries.len());
        for (entry, count) in column.entries.iter().zip(counts).filter(|(_, count)| *count > 0) {
            if let Some(how) = entry.read {
                let raw = entry.raw.replace(SEPARATOR, ";");
                let read_as = match &entry.meaning {
                    Value::State(state) => State::name(*state).to_owned(),
                    value @ (Value::Number(_) | Value::Codes(_)) => value.to_text(),
                };
                self.add(column.field.path(), how, (&raw, &read_as), count);
            }
        }
    }

    /// The readings, by field.
    pub(super) fn list(self) -> Vec<Reading> {
        let reading = |((field, how, _), (value, read_as, count)): ((&str, ReadAs, _), _)| {
            Reading { field: field.to_owned(), how: how.words().to_owned(), value, read_as, count }
        };
        self.0.into_iter().map(reading).collect()
    }
}
