//! The columns of the service's CSV that hold for a whole submission. Any row may fill them, once or always the same.

use std::collections::BTreeMap;

use super::super::cells::Cell;
use super::super::{IngestError, Records, SubmissionFile};
use super::fields::set;
use crate::domain::codes::{expected_of, says_nothing};
use crate::domain::collection::Dataset;
use crate::proto::v1::EstimateSource;

/// In `collected_characteristics`: the source collects none.
const NONE: &str = "NONE";

/// What a column says about a whole submission.
#[derive(Clone, Copy)]
pub(super) enum SubmissionColumn {
    Collection,
    PersonKeyScheme,
    CodeSystems,
    Collected,
    /// A text of the source of estimates.
    Source(fn(&EstimateSource) -> &String, fn(&mut EstimateSource) -> &mut String),
    NotForTargets,
}

const OF_RECORDS: &[(&str, SubmissionColumn)] = &[
    ("collection", SubmissionColumn::Collection),
    ("person_key_scheme", SubmissionColumn::PersonKeyScheme),
    ("code_systems", SubmissionColumn::CodeSystems),
    ("collected_characteristics", SubmissionColumn::Collected),
];

macro_rules! source {
    ($name:ident) => {
        (
            stringify!($name),
            SubmissionColumn::Source(|source| &source.$name, |source| &mut source.$name),
        )
    };
}

const OF_ESTIMATES: &[(&str, SubmissionColumn)] = &[
    ("collection", SubmissionColumn::Collection),
    source!(publisher),
    source!(title),
    source!(edition),
    source!(licence),
    source!(uri),
    source!(series),
    ("not_for_targets", SubmissionColumn::NotForTargets),
];

/// Columns about a whole submission of a dataset, besides organisation and month.
pub(super) fn submission_columns(dataset: Dataset) -> &'static [(&'static str, SubmissionColumn)] {
    if dataset == Dataset::Estimates { OF_ESTIMATES } else { OF_RECORDS }
}

/// What rows have stated so far: by organisation, month and column, the cell and its line.
#[derive(Default)]
pub(super) struct Stated(BTreeMap<(String, String, &'static str), (String, u64)>);

impl Stated {
    /// Puts the cell of a column into its submission. Another cell in a later row of the submission is an error.
    pub(super) fn take(
        &mut self,
        name: &'static str,
        column: SubmissionColumn,
        cell: &Cell<'_>,
        submission: &mut SubmissionFile,
    ) -> Result<(), IngestError> {
        if says_nothing(cell.text) && cell.text != NONE {
            return Err(cell.wrong(expected_of(cell.text, "a value, or nothing".to_owned())));
        }
        let key = (submission.organisation.clone(), submission.month.clone(), name);
        if let Some((first, line)) = self.0.get(&key) {
            return match first == cell.text {
                true => Ok(()),
                false => {
                    Err(cell
                        .wrong(format!("the same as in line {line} of this submission: {first:?}")))
                }
            };
        }
        match column {
            SubmissionColumn::Collection => cell.text.clone_into(&mut submission.collection),
            SubmissionColumn::PersonKeyScheme => {
                cell.text.clone_into(&mut submission.person_key_scheme);
            }
            SubmissionColumn::CodeSystems => {
                submission.code_systems = code_systems(cell.text).ok_or_else(|| {
                    cell.wrong(
                        "pairs of field and code system, joined with `;`: channel=gpad;sex=fhir",
                    )
                })?;
            }
            SubmissionColumn::Collected if cell.text == NONE => submission.collected.clear(),
            SubmissionColumn::Collected => {
                submission.collected = set(cell.text).map(str::to_owned).collect();
            }
            SubmissionColumn::Source(_, text) => {
                if let Records::Estimates(source, _) = &mut submission.rows {
                    cell.text.clone_into(text(source));
                }
            }
            SubmissionColumn::NotForTargets => {
                let yes = match cell.text {
                    "Y" | "y" | "Yes" | "yes" => true,
                    "N" | "n" | "No" | "no" => false,
                    _ => return Err(cell.wrong("Y or N")),
                };
                if let Records::Estimates(source, _) = &mut submission.rows {
                    source.not_for_targets = yes;
                }
            }
        }
        self.0.insert(key, (cell.text.to_owned(), cell.line));
        Ok(())
    }
}

/// The cell of a column in the first row of a submission. Reading it gives the submission again.
pub(super) fn stated(submission: &SubmissionFile, column: SubmissionColumn) -> String {
    match column {
        SubmissionColumn::Collection => submission.collection.clone(),
        SubmissionColumn::PersonKeyScheme => submission.person_key_scheme.clone(),
        SubmissionColumn::CodeSystems => {
            let pair = |(field, system): (&String, &String)| format!("{field}={system}");
            submission.code_systems.iter().map(pair).collect::<Vec<_>>().join(";")
        }
        SubmissionColumn::Collected if submission.collected.is_empty() => NONE.to_owned(),
        SubmissionColumn::Collected => submission.collected.join(";"),
        SubmissionColumn::Source(text, _) => {
            source(submission).map(text).cloned().unwrap_or_default()
        }
        SubmissionColumn::NotForTargets => match source(submission) {
            Some(source) if source.not_for_targets => "Y".to_owned(),
            _ => "N".to_owned(),
        },
    }
}

/// The source of estimates. Records have none.
fn source(submission: &SubmissionFile) -> Option<&EstimateSource> {
    if let Records::Estimates(source, _) = &submission.rows { Some(source) } else { None }
}

fn code_systems(cell: &str) -> Option<BTreeMap<String, String>> {
    let pair = |text: &str| {
        let (field, system) = text.split_once('=')?;
        let (field, system) = (field.trim(), system.trim());
        let good = !field.is_empty() && !system.is_empty();
        good.then(|| (field.to_owned(), system.to_owned()))
    };
    set(cell).map(pair).collect()
}
