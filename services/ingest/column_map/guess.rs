//! Which column of the service a column of an extract may be, and which codes its words may mean: by name and by label.

use std::collections::BTreeMap;

use crate::domain::codes::{CodeList, Mapped, nearest};
use crate::domain::collection::Dataset;
use crate::domain::field::Field;
use crate::domain::reference::Reference;
use crate::ingest::equity_csv::names;

/// Most different values of a column whose values are looked at.
pub(super) const MOST: usize = 60;

/// A column of the extract and the values that occur in it, each with its number of rows.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) name: String,
    pub(super) values: BTreeMap<String, u64>,
    /// Whether there are more values than [`MOST`].
    pub(super) many: bool,
}

impl Seen {
    /// Notes a cell; an empty one is no value.
    pub(super) fn note(&mut self, cell: &str) {
        if let Some(rows) = self.values.get_mut(cell) {
            *rows += 1;
        } else if self.values.len() == MOST {
            self.many = true;
        } else if !cell.is_empty() {
            self.values.insert(cell.to_owned(), 1);
        }
    }

    /// Whether all values are whole numbers.
    fn are_numbers(&self) -> bool {
        !self.values.is_empty() && self.values.keys().all(|value| value.parse::<u32>().is_ok())
    }

    /// Whether values repeat, so that none of them tells who a row is about.
    pub(super) fn repeats(&self) -> bool {
        !self.many && self.values.values().sum::<u64>() >= 2 * self.values.len() as u64
    }
}

/// The field of a column of the service, and its code list.
pub(super) fn list_of<'a>(reference: &'a Reference, name: &str) -> Option<(Field, &'a CodeList)> {
    let of = |dataset| Field::of_record(dataset, name);
    let field = of(Dataset::Consultations).or_else(|| of(Dataset::DigitalAccess))?;
    Some((field, reference.list_of(field)?))
}

/// The column of the service that a column may be, of those that no other column is yet.
pub(super) fn column(
    reference: &Reference,
    seen: &Seen,
    taken: &[&'static str],
) -> Option<&'static str> {
    let free: Vec<_> =
        Dataset::ALL.into_iter().flat_map(names).filter(|name| !taken.contains(name)).collect();
    let exact = free.iter().find(|name| **name == seen.name).copied();
    let near = || nearest(&seen.name, free.iter().flat_map(|name| words_of(reference, name)));
    let by_name = exact.or_else(near).map(|name| match (name, seen.are_numbers()) {
        ("age_band", true) => "age_years",
        ("age_years", false) => "age_band",
        ("lead_time_band", true) => "lead_time_days",
        ("lead_time_days", false) => "lead_time_band",
        (name, _) => name,
    });
    by_name.filter(|name| free.contains(name)).or_else(|| by_values(reference, seen, &free))
}

/// A column of the service with its names: its own, and those of its code list and the list's code systems.
fn words_of<'a>(reference: &'a Reference, name: &&'static str) -> Vec<(&'static str, &'a str)> {
    let list = list_of(reference, name).map(|(_, list)| list);
    let shared =
        |list: &&CodeList| Field::all().filter(|field| field.list() == Some(&list.id)).count() > 1;
    let own = list.filter(|list| !shared(list)).into_iter().flat_map(|list| {
        let systems =
            list.systems.iter().flat_map(|system| [system.id.as_str(), system.label.as_str()]);
        [list.id.as_str(), list.label.as_str()].into_iter().chain(systems)
    });
    let mut words: Vec<_> = own.map(|word| (*name, word)).collect();
    words.push((*name, *name));
    words
}

/// The only column whose code list has nearly all values.
fn by_values(reference: &Reference, seen: &Seen, free: &[&'static str]) -> Option<&'static str> {
    if seen.many || seen.are_numbers() || !seen.values.keys().any(|value| value.chars().count() > 2)
    {
        return None;
    }
    let fits = free.iter().filter(|name| {
        let list = list_of(reference, name).map(|(_, list)| list);
        list.is_some_and(|list| 5 * known(list, system(list, seen), seen) >= 4 * seen.values.len())
    });
    let fits: Vec<_> = fits.copied().collect();
    // The same column stands in the records of several datasets; `channel` comes before `preferred_channel`.
    let first = *fits.first()?;
    let list = list_of(reference, first)?.1;
    let same = |name: &&str| list_of(reference, name).is_some_and(|(_, other)| other.id == list.id);
    (list.id != "yes_no" && fits.iter().all(same)).then_some(first)
}

/// The code system that has most values of a column; of several, the first.
pub(super) fn system(list: &CodeList, seen: &Seen) -> usize {
    (0..list.systems.len()).rev().max_by_key(|system| known(list, *system, seen)).unwrap_or(0)
}

fn known(list: &CodeList, system: usize, seen: &Seen) -> usize {
    seen.values.keys().filter(|value| list.value(system, value).is_some()).count()
}

/// The code that a word may mean; `None` if it is taken as it is.
pub(super) fn code(list: &CodeList, system: usize, word: &str) -> Option<Option<String>> {
    match list.map(system, word) {
        Mapped::Value(_) => None,
        Mapped::Unknown { nearest, .. } => Some(nearest),
    }
}
