//! Which dataset a file of the service's CSV holds: the columns of its header decide.

use super::super::IngestError;
use super::super::error::shortened;
use super::super::problems::Problems;
use super::super::submission_file::dataset_words;
use super::columns::{
    Columns, DENOMINATOR_COUNT, INDICATOR, MONTH, ORGANISATION, PERSON_COUNT,
    only_of_access_records,
};
use super::submission_columns::submission_columns;
use crate::domain::codes;
use crate::domain::collection::Dataset;
use crate::domain::field::Field;

/// What to do about unknown columns, besides correcting their names.
const ADVICE: &str = "; correct the names, or remove the columns, or let `equity submit FILE --sketch-map columns.toml` write a \
                      map of them (deploy/guides/submit.md)";

/// The dataset of a header. An error if columns are unknown, appear twice or belong to another dataset: all of them are named.
pub(super) fn dataset_of(header: &csv::StringRecord) -> Result<Dataset, IngestError> {
    let (dataset, because) = decided(header);
    let of_dataset = names(dataset);
    let (mut wrong, mut unknown) = (Problems::default(), Vec::new());
    for (place, column) in header.iter().enumerate() {
        if !all_names().any(|known| known == column) {
            unknown.push((shortened(column), codes::nearest(column, aliases(dataset))));
        } else if header.iter().take(place).any(|earlier| earlier == column) {
            wrong.add(IngestError::RepeatedColumn { column: column.to_owned() });
        } else if !of_dataset.contains(&column) {
            let (column, holds) = (column.to_owned(), dataset_words(dataset));
            wrong.add(IngestError::MixedDatasets { column, holds, because });
        }
    }
    if !unknown.is_empty() {
        wrong.add(IngestError::UnknownColumns { columns: unknown, advice: ADVICE });
    }
    wrong.verdict().map(|()| dataset)
}

/// Every column of a dataset, by its name and by the code list of its field: `ethnicity` is `ethnic_category`. The first column of a
/// list has its name.
fn aliases(dataset: Dataset) -> impl Iterator<Item = (&'static str, &'static str)> {
    let names = names(dataset);
    let list = move |name: &str| Field::of_record(dataset, name).and_then(Field::list);
    let lists = names.clone().into_iter().enumerate().filter_map(move |(place, name)| {
        let alias = list(name)?;
        let is_first = names[..place].iter().all(|earlier| list(earlier) != Some(alias));
        (is_first && !names.contains(&alias)).then_some((name, alias))
    });
    all_names().map(|name| (name, name)).chain(lists)
}

/// The dataset by a column that only one dataset has, and that column.
fn decided(header: &csv::StringRecord) -> (Dataset, &'static str) {
    let has = |name: &str| header.iter().any(|column| column == name);
    if has(DENOMINATOR_COUNT) {
        return (Dataset::IndicatorCounts, DENOMINATOR_COUNT);
    } else if has(INDICATOR) {
        return (Dataset::Estimates, INDICATOR);
    } else if has(PERSON_COUNT) {
        return (Dataset::Populations, PERSON_COUNT);
    }
    match only_of_access_records().find(|column| has(column.name)) {
        Some(column) => (Dataset::DigitalAccess, column.name),
        None => (Dataset::Consultations, "no column of another dataset"),
    }
}

/// Names of the columns that say which submission a row belongs to, and what holds for all of it.
pub(super) fn head(dataset: Dataset) -> impl Iterator<Item = &'static str> {
    [ORGANISATION, MONTH]
        .into_iter()
        .chain(submission_columns(dataset).iter().map(|(name, _)| *name))
}

/// Names of the columns of a dataset, in order.
pub(in crate::ingest) fn names(dataset: Dataset) -> Vec<&'static str> {
    let mut names: Vec<_> = head(dataset).collect();
    names.extend(Columns::of(dataset).all().map(|column| column.name));
    names
}

/// Every name that a column may have.
pub(in crate::ingest) fn all_names() -> impl Iterator<Item = &'static str> {
    Dataset::ALL.into_iter().flat_map(names)
}

/// The name of a column as the service writes it: `Age-Years` is `age_years`. `None`: no column has it.
pub(in crate::ingest) fn known(name: &str) -> Option<&'static str> {
    let plain = || name.to_lowercase().replace([' ', '-'], "_");
    let find = |name: &str| all_names().find(|known| *known == name);
    find(name).or_else(|| find(&plain()))
}

/// A header with the names that the service writes, and a note of those that the file writes otherwise.
pub(super) fn named(header: &csv::StringRecord) -> (csv::StringRecord, Vec<String>) {
    let of = |name| known(name).unwrap_or(name);
    let other: Vec<_> = header
        .iter()
        .filter(|name| of(name) != *name)
        .map(|name| format!("`{}` as `{}`", shortened(name), of(name)))
        .collect();
    let note = format!("columns were read: {}", other.join(", "));
    let notes = if other.is_empty() { Vec::new() } else { vec![note] };
    (header.iter().map(of).collect(), notes)
}
