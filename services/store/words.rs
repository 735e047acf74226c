//! Words: the distinct values of each field. A word gets its number when it is first applied, and keeps the number for ever.
//!
//! The numbers are given in the order of the log, so replaying the log gives the same numbers. A version's row names words by
//! number instead of repeating them.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::keys;
use super::tree::{Row, VALUE_BYTES};
use crate::domain::codes::Value;
use crate::domain::cube::{put_varint, take_varint};
use crate::domain::field::{FIELD_LIMIT, Field};

/// Bytes of a word in one row. With the position they fit a value.
const PART_BYTES: usize = VALUE_BYTES - 16;

/// Every value of each field, by number: 0, 1, 2, …
#[derive(Debug)]
pub struct Words {
    of_field: [Vec<Value>; FIELD_LIMIT],
    numbers: [FxHashMap<String, u32>; FIELD_LIMIT],
}

impl Default for Words {
    fn default() -> Self {
        Self {
            of_field: [const { Vec::new() }; FIELD_LIMIT],
            numbers: std::array::from_fn(|_| FxHashMap::default()),
        }
    }
}

/// The words of a submission by number. New ones are known once [`Words::add`] gets them.
pub(super) struct NumberedWords {
    /// The number of each word, column after column.
    pub(super) numbers: Vec<u32>,
    /// Field, number and text of words that had no number, in the order in which they get one.
    new: Vec<(Field, u32, String)>,
}

impl Words {
    /// Every value of a field, by number.
    #[must_use]
    pub fn of(&self, field: Field) -> &[Value] {
        &self.of_field[field.index()]
    }

    /// Numbers the words of columns.
    pub(super) fn numbered(&self, columns: &[(Field, Vec<String>)]) -> NumberedWords {
        let (mut numbers, mut new) = (Vec::new(), Vec::new());
        let mut next = BTreeMap::new();
        for (field, words) in columns {
            for word in words {
                let known = self.numbers[field.index()].get(word);
                numbers.push(known.copied().unwrap_or_else(|| {
                    let known = u32::try_from(self.of(*field).len()).unwrap_or(u32::MAX);
                    let next = next.entry(*field).or_insert(known);
                    let number = *next;
                    *next += 1;
                    new.push((*field, number, word.clone()));
                    number
                }));
            }
        }
        NumberedWords { numbers, new }
    }

    /// Gives new words their numbers for good.
    pub(super) fn add(&mut self, numbered: &NumberedWords) {
        for (field, number, word) in &numbered.new {
            self.set(*field, *number, word);
        }
    }

    /// Takes the next word of a field; returns whether its number is the next one.
    pub(super) fn set(&mut self, field: Field, number: u32, word: &str) -> bool {
        let known = &mut self.of_field[field.index()];
        if u32::try_from(known.len()) != Ok(number) {
            return false;
        }
        known.push(Value::from_text(word));
        self.numbers[field.index()].insert(word.to_owned(), number);
        true
    }
}

impl NumberedWords {
    /// The rows of the new words.
    pub(super) fn rows(&self, position: u64) -> Vec<Row> {
        let mut rows = Vec::new();
        for (field, number, word) in &self.new {
            // A value without a text has a row too.
            let parts =
                word.as_bytes().chunks(PART_BYTES).chain(word.is_empty().then_some(&[][..]));
            for (part, bytes) in (0u8..).zip(parts) {
                let mut value = Vec::new();
                put_varint(&mut value, position);
                value.extend_from_slice(bytes);
                rows.push((keys::word(field.number(), *number, part), value));
            }
        }
        rows
    }
}

/// Position of a row that [`NumberedWords::rows`] made, and the bytes of its part of a word.
pub(super) fn read_row(mut value: &[u8]) -> Option<(u64, &[u8])> {
    let position = take_varint(&mut value)?;
    Some((position, value))
}
