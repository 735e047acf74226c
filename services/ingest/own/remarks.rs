//! The columns of our own CSV that concern a whole submission: said once, or always the same.

use std::collections::BTreeMap;

use super::super::open::line_of;
use super::super::{IngestError, Parcel, Rows};
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
    /// Takes a remark over into its parcel. Another remark later in the same parcel is an error.
    pub(super) fn settle(
        &mut self,
        (name, remark): (&'static str, Remark),
        cell: &str,
        row: &csv::StringRecord,
        parcel: &mut Parcel,
    ) -> Result<(), IngestError> {
        let key = (parcel.organisation.clone(), parcel.month.clone(), name);
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
            Remark::Collection => cell.clone_into(&mut parcel.collection),
            Remark::PersonKeyScheme => cell.clone_into(&mut parcel.person_key_scheme),
            Remark::CodeSystems => {
                parcel.code_systems = code_systems(cell).ok_or_else(|| {
                    let expected = "field=code system, joined with `;`: channel=gpad";
                    IngestError::value(line_of(row), name, cell, expected)
                })?;
            }
            Remark::Collected if cell == NONE => parcel.collected.clear(),
            Remark::Collected => parcel.collected = set(cell),
            Remark::Source(_, text) => {
                if let Rows::Estimates(source, _) = &mut parcel.rows {
                    cell.clone_into(text(source));
                }
            }
            Remark::NotForTargets => {
                let yes = match cell {
                    "Y" => true,
                    "N" => false,
                    _ => return Err(IngestError::value(line_of(row), name, cell, "Y or N")),
                };
                if let Rows::Estimates(source, _) = &mut parcel.rows {
                    source.not_for_targets = yes;
                }
            }
        }
        self.0.insert(key, (cell.to_owned(), line_of(row)));
        Ok(())
    }
}

/// What a parcel's first row has to say in a column, so that reading gives the parcel again.
pub(super) fn remark_of(parcel: &Parcel, remark: Remark) -> String {
    match remark {
        Remark::Collection => parcel.collection.clone(),
        Remark::PersonKeyScheme => parcel.person_key_scheme.clone(),
        Remark::CodeSystems => {
            let pair = |(field, system): (&String, &String)| format!("{field}={system}");
            parcel.code_systems.iter().map(pair).collect::<Vec<_>>().join(";")
        }
        Remark::Collected if parcel.collected.is_empty() => NONE.to_owned(),
        Remark::Collected => parcel.collected.join(";"),
        Remark::Source(text, _) => source(parcel).map(text).cloned().unwrap_or_default(),
        Remark::NotForTargets => match source(parcel) {
            Some(source) if source.not_for_targets => "Y".to_owned(),
            _ => "N".to_owned(),
        },
    }
}

/// Where estimates come from; records come from nowhere else.
fn source(parcel: &Parcel) -> Option<&EstimateSource> {
    if let Rows::Estimates(source, _) = &parcel.rows { Some(source) } else { None }
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
