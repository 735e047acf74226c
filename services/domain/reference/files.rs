//! Reading rows from the CSV files of the reference content.

use crate::domain::codes::{Content, ContentError};

/// The error for a file that cannot be used.
#[allow(clippy::needless_pass_by_value)] // an error or a text, whichever there is
pub(super) fn wrong(file: &str, what: impl ToString) -> ContentError {
    ContentError { file: file.into(), what: what.to_string() }
}

/// Every row of a CSV file.
pub(super) fn rows<T: serde::de::DeserializeOwned>(
    content: &Content,
    file: &str,
) -> Result<Vec<T>, ContentError> {
    csv::Reader::from_reader(content.file(file)?.as_bytes())
        .deserialize()
        .collect::<Result<_, _>>()
        .map_err(|error| wrong(file, error))
}

/// Columns of a long CSV file without quotes, which are found by their names. Reading each row into fields of its own takes too
/// long for the small areas of England.
pub(super) struct Columns<'a, const N: usize> {
    file: &'static str,
    places: [Option<usize>; N],
    lines: std::str::Lines<'a>,
}

impl<'a, const N: usize> Columns<'a, N> {
    /// The columns that the file must have, then those that it may have: together `N`. An absent column is empty in every row.
    pub(super) fn of(
        text: &'a str,
        file: &'static str,
        needed: &[&str],
        optional: &[&str],
    ) -> Result<Self, ContentError> {
        if text.contains('"') {
            return Err(wrong(file, "has a quotation mark: no value of this file needs one"));
        }
        let mut lines = text.trim_start_matches('\u{feff}').lines();
        let header: Vec<_> = lines.next().unwrap_or_default().split(',').collect();
        let mut places = [None; N];
        for (place, name) in places.iter_mut().zip(needed.iter().chain(optional)) {
            *place = header.iter().position(|column| column.trim() == *name);
            if place.is_none() && needed.contains(name) {
                return Err(wrong(file, format!("missing field `{name}`")));
            }
        }
        Ok(Self { file, places, lines })
    }

    /// The values of each row.
    pub(super) fn rows(self) -> impl Iterator<Item = Result<[&'a str; N], ContentError>> {
        let Self { file, places, lines } = self;
        let last = places.iter().flatten().max().map_or(0, |last| last + 1);
        let mut cells = Vec::new();
        lines.enumerate().filter(|(_, line)| !line.is_empty()).map(move |(number, line)| {
            cells.clear();
            cells.extend(line.split(','));
            if cells.len() < last {
                let what = format!("line {}: has {} values, not {last}", number + 2, cells.len());
                return Err(wrong(file, what));
            }
            Ok(places.map(|place| place.map_or("", |place| cells[place])))
        })
    }
}
