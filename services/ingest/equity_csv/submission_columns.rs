//! The columns of our own CSV that concern a whole submission: said once, or always the same.

use std::collections::BTreeMap;

use super::super::open::line_of;
use super::super::{IngestError, Records, SubmissionFile};
use crate::proto::v1::EstimateSource;

/// Columns about a whole submission, besides organisation and month.
pub(super) const REMARKS: &[(&str, Remark)] = &[
    ("collection", Remark::Collection),
    ("person_key_scheme", Remark::PersonKeyScheme),
    ("code_systems", Remark::CodeSystems),
    ("collected_characteristics", Remark::Collected),
];
/// Columns about a whole submission of estimates: where they come from.
pub(super) const SOURCE: &[(&str, Remark)] = &[
    ("collection", Remark::Collection),
    ("publisher", Remark::Source(|source| &source.publisher, |source| &mut source.publisher)),
    ("title", Remark::Source(|source| &source.title, |source| &mut source.title)),
    ("edition", Remark::Source(|source| &source.edition, |source| &mut source.edition)),
    ("licence", Remark::Source(|source| &source.licence, |source| &mut source.licence)),
    ("uri", Remark::Source(|source| &source.uri, |source| &mut source.uri)),
    ("series", Remark::Source(|source| &source.series, |source| &mut source.series)),
    ("not_for_targets", Remark::NotForTargets),
];
/// In `collected_characteristics`: the source collects none.
const NONE: &str = "NONE";

/// What a column says about a whole submission.
#[derive(Clone, Copy)]
pub(super) enum Remark {
    Collection,
    PersonKeyScheme,
    CodeSystems,
    Collected,
    Source(fn(&EstimateSource) -> &String, fn(&mut EstimateSource) -> &mut String),
    NotForTargets,
}

/// What rows have remarked on their submissions so far: by organisation, month and column, the cell and its line.
#[derive(Default)]
pub(super) struct Remarks(BTreeMap<(String, String, &'static str), (String, u64)>);

impl Remarks {
    /// Takes a remark over into its submission. Another remark later in the same submission is an error.
    pub(super) fn settle(
        &mut self,
        (name, remark): (&'static str, Remark),
        cell: &str,
        row: &csv::StringRecord,
        submission: &mut SubmissionFile,
    ) -> Result<(), IngestError> {
        let key = (submission.organisation.clone(), submission.month.clone(), name);
        if let Some((first, line)) = self.0.get(&key) {
            return match first == cell {
                true => Ok(()),
                false => {
                    let expected = format!("what line {line} says for the same month: {first:?}");
                    Err(IngestError::value(line_of(row), name, cell, expected))
                }
            };
        }
        match remark {
            Remark::Collection => cell.clone_into(&mut submission.collection),
            Remark::PersonKeyScheme => cell.clone_into(&mut submission.person_key_scheme),
            Remark::CodeSystems => {
                submission.code_systems = code_systems(cell).ok_or_else(|| {
                    let expected = "field=code system, joined with `;`: channel=gpad";
                    IngestError::value(line_of(row), name, cell, expected)
                })?;
            }
            Remark::Collected if cell == NONE => submission.collected.clear(),
            Remark::Collected => submission.collected = set(cell),
            Remark::Source(_, text) => {
                if let Records::Estimates(source, _) = &mut submission.rows {
                    cell.clone_into(text(source));
                }
            }
            Remark::NotForTargets => {
                let yes = match cell {
                    "Y" => true,
                    "N" => false,
                    _ => return Err(IngestError::value(line_of(row), name, cell, "Y or N")),
                };
                if let Records::Estimates(source, _) = &mut submission.rows {
                    source.not_for_targets = yes;
                }
            }
        }
        self.0.insert(key, (cell.to_owned(), line_of(row)));
        Ok(())
    }
}

/// What a submission's first row has to say in a column, so that reading gives the submission again.
pub(super) fn remark_of(submission: &SubmissionFile, remark: Remark) -> String {
    match remark {
        Remark::Collection => submission.collection.clone(),
        Remark::PersonKeyScheme => submission.person_key_scheme.clone(),
        Remark::CodeSystems => {
            let pair = |(field, system): (&String, &String)| format!("{field}={system}");
            submission.code_systems.iter().map(pair).collect::<Vec<_>>().join(";")
        }
        Remark::Collected if submission.collected.is_empty() => NONE.to_owned(),
        Remark::Collected => submission.collected.join(";"),
        Remark::Source(text, _) => source(submission).map(text).cloned().unwrap_or_default(),
        Remark::NotForTargets => match source(submission) {
            Some(source) if source.not_for_targets => "Y".to_owned(),
            _ => "N".to_owned(),
        },
    }
}

/// Where estimates come from; records come from nowhere else.
fn source(submission: &SubmissionFile) -> Option<&EstimateSource> {
    if let Records::Estimates(source, _) = &submission.rows { Some(source) } else { None }
}

/// The codes of a cell, joined with `;`.
pub(super) fn set(cell: &str) -> Vec<String> {
    cell.split(';').map(str::trim).filter(|code| !code.is_empty()).map(str::to_owned).collect()
}

fn code_systems(cell: &str) -> Option<BTreeMap<String, String>> {
    let pair = |text: String| {
        let (field, system) = text.split_once('=')?;
        let (field, system) = (field.trim(), system.trim());
        let good = !field.is_empty() && !system.is_empty();
        good.then(|| (field.to_owned(), system.to_owned()))
    };
    set(cell).into_iter().map(pair).collect()
}
