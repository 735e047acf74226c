//! Rows to a written submission.

use std::sync::Arc;

use super::Engine;
use crate::domain::codes::{Content, ContentError, nearest};
use crate::domain::collection::Dataset;
use crate::domain::estimate::EstimateSource;
use crate::domain::submission::{Builder, Draft, EstimateBuilder, Header};
use crate::store::{Prepared, WriteError, Written};

/// Consultations or people that one row may stand for.
const MOST_ALIKE: u32 = 10_000_000;
const MOST_PEOPLE: u32 = 100_000_000;
/// Figures of one submission, at most: they are held in memory as they come. Six for each small area of Great Britain fit.
const MOST_ESTIMATES: u64 = 300_000;

impl Engine {
    /// Starts a submission: rows go into the builder.
    #[must_use]
    pub fn builder(&self, header: Header) -> Builder {
        let most = match header.dataset {
            Dataset::Consultations | Dataset::DigitalAccess => MOST_ALIKE,
            Dataset::Populations | Dataset::Estimates => MOST_PEOPLE,
        };
        let reference = Arc::clone(&self.store.catalog().reference);
        Builder::new(reference, header, self.keyer.clone(), most)
    }

    /// Starts a submission of estimates.
    #[must_use]
    pub fn estimate_builder(&self, header: Header, source: EstimateSource) -> EstimateBuilder {
        let reference = Arc::clone(&self.store.catalog().reference);
        EstimateBuilder::new(reference, header, source)
    }

    /// Rows that a submission of a dataset may have.
    #[must_use]
    pub fn most_rows(&self, dataset: Dataset) -> u64 {
        match dataset {
            Dataset::Estimates => self.max_rows().min(MOST_ESTIMATES),
            Dataset::Consultations | Dataset::Populations | Dataset::DigitalAccess => {
                self.max_rows()
            }
        }
    }

    /// Makes a draft ready to be written. Takes as long as its records do: not for a thread that others wait for.
    #[must_use]
    pub fn prepare(caller: &str, header: &Header, draft: &Draft) -> Prepared {
        Prepared::new(caller, header, draft)
    }

    /// Writes a submission: when this returns, it is durable and answers are made of it.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub async fn write(&self, prepared: Prepared) -> Result<Written, WriteError> {
        self.store.submit(prepared).await
    }
}

/// The reference content of a folder: its files in place of, or beside, the built-in ones.
///
/// # Errors
/// The folder or a file in it cannot be read.
pub fn content_of(folder: &std::path::Path) -> Result<Content, ContentError> {
    let wrong = |path: &std::path::Path, error: std::io::Error| ContentError {
        file: path.display().to_string(),
        what: error.to_string(),
    };
    let (mut files, built_in) = (Vec::new(), Content::embedded());
    for (sub, prefix) in [(folder.to_owned(), ""), (folder.join("codes"), "codes/")] {
        let entries = match std::fs::read_dir(&sub) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !prefix.is_empty() => {
                continue;
            }
            Err(error) => return Err(wrong(&sub, error)),
        };
        for entry in entries {
            let path = entry.map_err(|error| wrong(&sub, error))?.path();
            let known = path.extension().is_some_and(|e| e == "toml" || e == "csv");
            if let Some(name) = path.file_name().and_then(|name| name.to_str()).filter(|_| known) {
                // A code list more is welcome; any other name can only be meant for one of those that are read.
                if prefix.is_empty() && built_in.file(name).is_err() {
                    let names = built_in.files().map(|(name, _)| name);
                    let near = nearest(name, names.filter(|name| !name.contains('/')));
                    let hint =
                        near.map_or(String::new(), |near| format!("; the nearest is `{near}`"));
                    return Err(ContentError {
                        file: path.display().to_string(),
                        what: format!("nothing reads a file of this name{hint}"),
                    });
                }
                let text = std::fs::read_to_string(&path).map_err(|error| wrong(&path, error))?;
                files.push((format!("{prefix}{name}"), text));
            }
        }
    }
    Ok(Content::with(files))
}
