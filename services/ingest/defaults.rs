//! Values for a file that lacks them.

use std::collections::{BTreeMap, BTreeSet};

use super::open::line_of;
use super::{IngestError, SubmissionFile};
use crate::domain::period::Month;

/// Values that hold if a file does not have them. Published files have organisation and month in every row.
#[derive(Debug, Clone, Default)]
pub struct Defaults {
    /// Code of the organisation: of a file that names none, or the only one whose rows are taken of a published file of many.
    pub organisation: Option<String>,
    /// Calendar month, `2020-04`.
    pub month: Option<String>,
    /// Id of the collection.
    pub collection: Option<String>,
    /// Field name to code system, for fields that do not use their default code system.
    pub code_systems: BTreeMap<String, String>,
    /// Names of the fields that the source collects. `None`: the fields that have a column.
    pub collected: Option<Vec<String>>,
    /// Name of the method that made the person keys.
    pub person_key_scheme: Option<String>,
    /// Whose rows are taken of a published file of many organisations. `None`: everybody's.
    pub only: Option<Only>,
}

/// The organisations whose rows are taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Only {
    /// Their codes.
    pub organisations: BTreeSet<String>,
    /// The area that they are of, as messages name it: `QK1`.
    pub area: String,
}

impl Defaults {
    /// The month that was given for a file that has none, else `own`.
    pub(super) fn month_or(&self, own: &str) -> Result<String, IngestError> {
        let month = self.month.as_deref().unwrap_or(own);
        match month.parse::<Month>() {
            Ok(_) => Ok(month.to_owned()),
            Err(_) => Err(IngestError::value(1, "month", month, "a month in the form 2022-12")),
        }
    }

    /// Whether the rows of an organisation are taken of a published file of many: those of the organisation that was named, or of some.
    pub(super) fn wants(&self, organisation: &str) -> bool {
        match (&self.organisation, &self.only) {
            (Some(named), _) => named == organisation,
            (None, Some(only)) => only.organisations.contains(organisation),
            (None, None) => true,
        }
    }

    /// Those whose rows are taken, in words: one of them, and all of them.
    pub(super) fn whom(&self) -> (String, String) {
        match (&self.organisation, &self.only) {
            (None, Some(Only { area, .. })) => {
                (format!("an organisation of {area}"), format!("those of {area}"))
            }
            (named, _) => {
                let named = named.clone().unwrap_or_default();
                (named.clone(), named)
            }
        }
    }

    /// An error if an option is given that no published file takes: its codes and fields are known.
    pub(super) fn fit_a_publication(&self) -> Result<(), IngestError> {
        let given = [
            ("--code-system", !self.code_systems.is_empty()),
            ("--collected", self.collected.is_some()),
            ("--person-key-scheme", self.person_key_scheme.is_some()),
        ];
        let Some((option, _)) = given.into_iter().find(|(_, given)| *given) else { return Ok(()) };
        let why = "it is a published file, whose codes and fields the service knows".to_owned();
        Err(IngestError::Option { option: option.to_owned(), why })
    }

    /// An error if a submission is of another collection than the option says.
    pub(super) fn of_collection(&self, submission: &SubmissionFile) -> Result<(), IngestError> {
        match self.collection.as_deref().filter(|given| *given != submission.collection) {
            None => Ok(()),
            Some(given) => Err(IngestError::Option {
                option: format!("--collection {given}"),
                why: format!("its column `collection` says {}", submission.collection),
            }),
        }
    }

    /// An error if a row is of another organisation or month than the options say.
    pub(super) fn agree(
        &self,
        row: &csv::StringRecord,
        organisation: &str,
        month: &str,
    ) -> Result<(), IngestError> {
        let options =
            [("--organisation", &self.organisation, organisation), ("--month", &self.month, month)];
        for (option, given, found) in options {
            if let Some(given) = given.as_deref().filter(|given| *given != found) {
                return Err(IngestError::Option {
                    option: format!("{option} {given}"),
                    why: format!("line {} is of {found}", line_of(row)),
                });
            }
        }
        Ok(())
    }
}
