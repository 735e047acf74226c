//! Which column of the service a column of an extract may be, and which codes its words may mean: by name and by label.

use std::collections::BTreeMap;

use super::known_names::KnownNames;
use crate::domain::codes::{CodeList, Mapped, nearest, nearest_code};
use crate::domain::collection::Dataset;
use crate::domain::field::Field;
use crate::domain::period::Month;
use crate::domain::reference::Reference;
use crate::ingest::equity_csv::{known, names};

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
        } else if !cell.is_empty() && self.values.len() == MOST {
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

/// The column of the service that each column may be. The surest guesses come first: `Sex` is `sex`, whether `Gender` stands before it
/// or behind it.
pub(super) fn columns(reference: &Reference, all: &[Seen]) -> Vec<Option<&'static str>> {
    let mut free: Vec<_> = Dataset::ALL.into_iter().flat_map(names).collect();
    let mut found = vec![None; all.len()];
    // What a column means is not guessed again if another column means the same and has it.
    let mut meant = vec![false; all.len()];
    let known_names = KnownNames::new();
    let guesses: [Guess; 5] = [
        |_, _, seen, free| known(&seen.name).filter(|name| free.contains(name)),
        |_, known_names, seen, _| known_names.same(&seen.name),
        |_, known_names, seen, _| known_names.alike(&seen.name),
        |reference, _, seen, free| by_likeness(reference, seen, free),
        |reference, _, seen, free| by_values(reference, seen, free),
    ];
    for guess in guesses {
        for (place, seen) in all.iter().enumerate() {
            if !meant[place] {
                let name = guess(reference, &known_names, seen, &free);
                meant[place] = name.is_some();
                let name = name.map(|name| fitting(name, seen));
                found[place] = name.filter(|name| free.contains(name));
                free.retain(|name| found[place] != Some(*name));
            }
        }
    }
    found
}

/// A guess at one column, out of the columns that no other is yet.
type Guess = fn(&Reference, &KnownNames, &Seen, &[&'static str]) -> Option<&'static str>;

/// The column of the same meaning whose cells may hold these values: bands or numbers.
fn fitting(name: &'static str, seen: &Seen) -> &'static str {
    match (name, seen.are_numbers()) {
        ("age_band", true) => "age_years",
        ("age_years", false) => "age_band",
        ("lead_time_band", true) => "lead_time_days",
        ("lead_time_days", false) => "lead_time_band",
        (name, _) => name,
    }
}

/// By a name that is written a little otherwise, or by the name of its code list.
fn by_likeness(reference: &Reference, seen: &Seen, free: &[&'static str]) -> Option<&'static str> {
    let own = || nearest_code(&seen.name, free.iter().copied());
    let of_list = || nearest(&seen.name, free.iter().flat_map(|name| words_of(reference, name)));
    own().or_else(of_list)
}

/// The names of the code list of a field and of its code systems, if no other field has the list.
fn words_of<'a>(reference: &'a Reference, name: &&'static str) -> Vec<(&'static str, &'a str)> {
    let alike = |list: &str| Field::all().filter(|field| field.list() == Some(list)).count();
    let list = list_of(reference, name).filter(|(field, list)| {
        // A number of years has the list of its band.
        field.name() == *name && alike(&list.id) == 1
    });
    let words = list.into_iter().flat_map(|(_, list)| {
        let systems = list.systems.iter().flat_map(|system| [&system.id, &system.label]);
        [&list.id, &list.label].into_iter().chain(systems)
    });
    words.map(|word| (*name, word.as_str())).collect()
}

/// The only column that takes all values, or whose code list has at least half of them.
fn by_values(reference: &Reference, seen: &Seen, free: &[&'static str]) -> Option<&'static str> {
    let all = |is: fn(&Reference, &str) -> bool| {
        !seen.values.is_empty() && seen.values.keys().all(|value| is(reference, value))
    };
    let found = match () {
        () if all(is_organisation) => Some("organisation"),
        () if all(|_, value| value.parse::<Month>().is_ok()) => Some("month"),
        () if seen.many || !seen.values.keys().any(|value| is_word(value)) => None,
        () => by_code_list(reference, seen, free),
    };
    found.filter(|name| free.contains(name))
}

fn by_code_list(reference: &Reference, seen: &Seen, free: &[&'static str]) -> Option<&'static str> {
    let list = |name: &str| list_of(reference, name).map(|(_, list)| list);
    let mut fits = free.iter().filter(|name| {
        list(name).is_some_and(|list| {
            2 * values_of(list, system(list, seen), seen) >= seen.values.len()
                && list.id != "yes_no"
        })
    });
    // `channel` comes before `preferred_channel`, which has the same list.
    let first = fits.next()?;
    let same = |name: &&str| list(name).map(|list| &list.id) == list(first).map(|list| &list.id);
    fits.all(same).then_some(*first)
}

/// Whether a value is a code of a known organisation, or has the form of a practice's: `C82001`.
fn is_organisation(reference: &Reference, value: &str) -> bool {
    let (first, rest) = value.split_at_checked(1).unwrap_or_default();
    let is_letter = first.bytes().all(|byte| byte.is_ascii_uppercase());
    let is_practice = is_letter && rest.len() == 5 && rest.bytes().all(|b| b.is_ascii_digit());
    is_practice || reference.organisation(value).is_some()
}

/// Whether a value is long enough to say of which list it is.
fn is_word(value: &str) -> bool {
    value.chars().filter(|c| c.is_alphabetic()).count() > 2
}

/// The code system that has most values of a column; of several, the first.
pub(super) fn system(list: &CodeList, seen: &Seen) -> usize {
    (0..list.systems.len()).rev().max_by_key(|system| values_of(list, *system, seen)).unwrap_or(0)
}

fn values_of(list: &CodeList, system: usize, seen: &Seen) -> usize {
    seen.values.keys().filter(|value| list.value(system, value).is_some()).count()
}

/// The code that a word may mean; `None` if it is taken as it is.
pub(super) fn code(list: &CodeList, system: usize, word: &str) -> Option<Option<String>> {
    match list.map(system, word) {
        Mapped::Value(_) => None,
        Mapped::Unknown { nearest, .. } => Some(nearest),
    }
}
