//! Rows of the files of the reference content.

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
    /// People in the middle of 2020.
    #[serde(default)]
    pub(super) population: Option<u64>,
}

/// What is wrong with a file.
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
