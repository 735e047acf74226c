//! The submissions of several files, one after the other. One file is open at a time.

use std::iter::once;
use std::path::{Path, PathBuf};

use super::exit::Failure;
use crate::ingest::{self, ColumnMap, Defaults, SubmissionFile};

type Submissions<'a> = Box<dyn Iterator<Item = Result<SubmissionFile, Failure>> + 'a>;

/// The submissions of the files, in the order of the files. A file without rows and a submission without a collection are errors.
pub(super) fn submissions<'a>(
    files: &'a [PathBuf],
    defaults: &'a Defaults,
    map: Option<&'a ColumnMap>,
) -> impl Iterator<Item = Result<SubmissionFile, Failure>> + 'a {
    files.iter().flat_map(move |file| of_file(file, defaults, map))
}

fn of_file<'a>(file: &'a Path, defaults: &Defaults, map: Option<&ColumnMap>) -> Submissions<'a> {
    let bad = move |error| Failure::data(file, error);
    let read = match map {
        None => ingest::read(file, defaults),
        Some(map) => ingest::read_with_map(file, defaults, map),
    };
    match read {
        Ok(read) if read.row_count() == 0 => {
            let error = "the file has a header and no rows; nothing was submitted";
            Box::new(once(Err(Failure::data(file, anyhow::anyhow!(error)))))
        }
        Ok(read) => Box::new(read.map(move |submission| complete(submission.map_err(bad)?))),
        Err(error) => Box::new(once(Err(bad(error)))),
    }
}

fn complete(submission: SubmissionFile) -> Result<SubmissionFile, Failure> {
    if submission.collection.is_empty() {
        let message = "the file names no collection; name one with --collection (`equity reference collections` lists them)";
        return Err(Failure::Usage(message.to_owned()));
    }
    Ok(submission)
}
