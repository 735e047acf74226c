//! From raw columns to a [`Draft`]: values in their text form, packed indices, the content hash.

use std::collections::BTreeMap;

use super::raw::RawColumn;
use super::{Builder, Column, Draft, Header};
use crate::domain::codes::{State, Value};
use crate::domain::collection::Dataset;
use crate::domain::cube::Packed;
use crate::domain::estimate::EstimateSource;
use crate::domain::field::Field;

impl Builder {
    /// Ends the submission: derives deprivation, packs the columns and hashes the content.
    #[must_use]
    pub fn finish(mut self) -> Draft {
        let rows = self.weights.len();
        for column in self.columns.iter_mut().flatten() {
            column.indices.resize(rows);
        }
        if !self.source_records.is_empty() {
            self.source_records.resize(rows, 0);
        }
        let weights = Packed::weights(&self.weights);
        let persons = Packed::keys(&self.persons);
        let source_records = Packed::keys(&self.source_records);
        let content_hash = self.content_hash(&weights, &persons, &source_records);
        let suppressed = self.columns[Field::Suppressed.index()].as_ref();
        let suppressed_count = suppressed.map_or(0, |column| column.indices.counts(2)[1]);
        let mut readings = std::mem::take(&mut self.readings);
        self.columns.iter().flatten().for_each(|column| readings.add_column(column));
        self.add_blank_columns(rows);
        let columns = self.packed_columns(rows);
        let (problems, problem_counts) = self.problems.into_parts();
        let has_scheme = !self.header.person_key_scheme.is_empty();
        Draft {
            content_hash,
            accepted_count: rows as u64,
            rejected_count: self.rejected,
            blank_count: self.blank,
            total_count: self.weights.iter().map(|weight| u64::from(*weight)).sum(),
            suppressed_count,
            problems,
            problem_counts,
            readings: readings.list(),
            columns,
            weights,
            persons: has_scheme.then_some(persons),
            record_seed: Some(self.keyer.record_seed(&self.header)),
            estimates: None,
        }
    }

    /// Hash over the codes that the caller sent, not over their values. So a retry after a change of the code lists has the same
    /// hash.
    fn content_hash(
        &self,
        weights: &Packed,
        persons: &Packed,
        source_records: &Packed,
    ) -> [u8; 32] {
        let header = &self.header;
        let mut hasher = header_hash(header);
        for (field, system) in &header.code_systems {
            text(&mut hasher, field.name());
            let list = self.reference.list_of(*field);
            text(&mut hasher, list.map_or("", |list| list.systems[*system].id.as_str()));
        }
        text(&mut hasher, "collected");
        for field in &header.collected {
            text(&mut hasher, field.name());
        }
        for column in self.columns.iter().flatten() {
            text(&mut hasher, column.field.name());
            hasher.update(&(column.entries.len() as u64).to_le_bytes());
            for entry in &column.entries {
                text(&mut hasher, &entry.raw);
            }
            let indices = column.indices.bytes();
            hasher.update(&(indices.len() as u64).to_le_bytes());
            hasher.update(&indices);
        }
        for packed in [weights, persons, source_records] {
            hasher.update(&[packed.width]);
            hasher.update(&(packed.data.len() as u64).to_le_bytes());
            hasher.update(&packed.data);
        }
        hasher.update(self.left_out.finalize().as_bytes());
        *hasher.finalize().as_bytes()
    }

    /// Adds a blank column for every field that is listed as collected and that no row has.
    fn add_blank_columns(&mut self, rows: usize) {
        for field in Field::all() {
            if self.is_stated(field) {
                let column = &mut self.columns[field.index()];
                column.get_or_insert_with(|| RawColumn::new(field)).indices.resize(rows);
            }
        }
        if let Some(only) = self.only_care_setting()
            && let Some(column) = &mut self.columns[Field::CareSetting.index()]
        {
            column.entries[0].meaning = only;
        }
    }

    fn packed_columns(&mut self, rows: usize) -> Vec<Column> {
        let mut packed = Vec::new();
        let derived = self.derived_deprivation();
        for field in Field::all() {
            let column = self.collects(field).map(|raw| {
                let words = raw.entries.iter().map(|entry| entry.meaning.to_text());
                (words.collect(), raw.indices.to_vec())
            });
            let column = if field == Field::Deprivation {
                merged(column, &derived)
            } else if field == Field::OnlineAny {
                self.online_any(rows)
            } else {
                column
            };
            if let Some((words, indices)) = column {
                packed.push(pack(field, &words, &indices));
            }
        }
        packed
    }

    /// The column of a field that the source collects: the header lists it, or a row has it.
    pub(super) fn collects(&self, field: Field) -> Option<&RawColumn> {
        let column = self.columns[field.index()].as_ref();
        column.filter(|column| self.is_stated(field) || column.is_given())
    }

    /// Whether a field is listed as collected, or has the one value that the collection has.
    fn is_stated(&self, field: Field) -> bool {
        self.header.collected.contains(&field)
            || (field == Field::CareSetting && self.only_care_setting().is_some())
    }

    fn only_care_setting(&self) -> Option<Value> {
        if self.header.dataset != Dataset::Consultations {
            return None;
        }
        let collection = self.reference.collection(&self.header.collection)?;
        match collection.care_settings.as_slice() {
            [only] => Some(Value::Codes(vec![only.clone()])),
            _ => None,
        }
    }

    /// Deprivation of the small area of residence, row by row: values and indices; index 0 means none.
    fn derived_deprivation(&self) -> Option<(Vec<String>, Vec<u16>)> {
        let homes = self.collects(Field::ResidenceLsoa)?;
        let list = self.reference.list_of(Field::ResidenceLsoa)?;
        let system = self.header.code_systems.get(&Field::ResidenceLsoa).copied().unwrap_or(0);
        let edition = &list.systems[system].id;
        let words = homes.entries.iter().map(|entry| match &entry.meaning {
            Value::Codes(codes) => {
                let found =
                    codes.first().and_then(|code| self.reference.deprivation_of(edition, code));
                found.unwrap_or(Value::State(State::NotKnown)).to_text()
            }
            Value::State(state) => Value::State(*state).to_text(),
            Value::Number(_) => Value::State(State::NotKnown).to_text(),
        });
        Some((words.collect(), homes.indices.to_vec()))
    }
}

type Words = (Vec<String>, Vec<u16>);

/// The deprivation that a row has, otherwise the derived one.
fn merged(given: Option<Words>, derived: &Option<Words>) -> Option<Words> {
    let Some((derived_words, derived_indices)) = derived else { return given };
    let Some((mut words, mut indices)) = given else { return derived.clone() };
    // There may be as many homes as indices, but only a few words for their deprivation.
    let mut known = BTreeMap::new();
    let mut place_of = |word: &String| {
        *known.entry(word.clone()).or_insert_with(|| {
            let place = words.iter().position(|known| known == word).unwrap_or_else(|| {
                words.push(word.clone());
                words.len() - 1
            });
            u16::try_from(place).unwrap_or(0)
        })
    };
    let places: Vec<u16> = derived_words.iter().map(&mut place_of).collect();
    for (index, derived) in indices.iter_mut().zip(derived_indices) {
        if *index == 0 {
            *index = places[usize::from(*derived)];
        }
    }
    Some((words, indices))
}

/// A hasher that has read the header.
pub(super) fn header_hash(header: &Header) -> blake3::Hasher {
    let mut hasher = blake3::Hasher::new();
    let whole = if header.allow_partial { "partial" } else { "whole" };
    let month = header.month.to_string();
    let (dataset, scheme) = (header.dataset.slug(), &header.person_key_scheme);
    for part in
        ["submission 2", &header.collection, dataset, &header.organisation, &month, scheme, whole]
    {
        text(&mut hasher, part);
    }
    if let Some(source) = &header.source {
        text(&mut hasher, "source");
        hash_source(&mut hasher, source);
    }
    hasher
}

/// Hashes a publication.
pub(super) fn hash_source(hasher: &mut blake3::Hasher, source: &EstimateSource) {
    let EstimateSource { publisher, title, edition, licence, uri, series, not_for_targets } =
        source;
    let not_for_targets = if *not_for_targets { "not for targets" } else { "" };
    for part in [publisher, title, edition, licence, uri, series] {
        text(hasher, part);
    }
    text(hasher, not_for_targets);
}

/// Hashes text with its length, so that two texts cannot run into each other.
pub(super) fn text(hasher: &mut blake3::Hasher, text: &str) {
    hasher.update(&(text.len() as u64).to_le_bytes());
    hasher.update(text.as_bytes());
}

/// Packs a column. Its values are sorted and distinct, and only those that occur.
fn pack(field: Field, words: &[String], indices: &[u16]) -> Column {
    let mut occurs = vec![false; words.len()];
    for index in indices {
        occurs[usize::from(*index)] = true;
    }
    let used = words.iter().zip(&occurs).filter(|(_, occurs)| **occurs).map(|(word, _)| word);
    let mut places: BTreeMap<&str, u16> = used.map(|word| (word.as_str(), 0)).collect();
    for (place, number) in places.values_mut().zip(0u16..) {
        *place = number;
    }
    let place_of: Vec<u16> =
        words.iter().map(|word| places.get(word.as_str()).copied().unwrap_or(0)).collect();
    let packed = Packed::indices(indices.iter().map(|i| place_of[usize::from(*i)]), places.len());
    Column { field, values: places.keys().map(|word| (*word).to_owned()).collect(), packed }
}
