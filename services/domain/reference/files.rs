//! Reading rows from the CSV files of the reference content.

use serde::Deserialize;

use crate::domain::codes::{Content, ContentError};

/// A row of the small areas' file.
#[derive(Deserialize)]
pub(super) struct LsoaRow {
    pub(super) lsoa: String,
    pub(super) edition: String,
    pub(super) district: String,
    pub(super) imd_edition: String,
    pub(super) imd_decile: String,
    #[serde(default)]
    pub(super) sub_icb: String,
    /// Residents in mid-2020.
    #[serde(default)]
    pub(super) population: Option<u64>,
}

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
