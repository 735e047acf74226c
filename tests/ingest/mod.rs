//! Files to records: published totals, bad files, round trips, the synthetic set.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::float_cmp,
    reason = "tests"
)]

mod accepted;
mod bad_files;
mod column_map;
mod counts_and_scores;
mod editions;
mod equity_csv;
mod estimates;
mod generated;
mod headers;
mod practices;
mod published;
mod small_areas;
mod suppressed;
mod untidy;

use std::path::{Path, PathBuf};

use equity_indicators::ingest::{Defaults, IngestError, SubmissionFile, read, read_all};

/// A file of the demonstration data.
fn demo(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/demo").join(name)
}

/// Reads `bytes` as a file would be read.
fn read_bytes(bytes: &[u8], defaults: &Defaults) -> Result<Vec<SubmissionFile>, IngestError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    std::fs::write(&path, bytes).unwrap();
    read_all(&path, defaults)
}

/// Reads a made-up file of `cases`, whose header is one that is published.
fn case(name: &str, defaults: &Defaults) -> Result<Vec<SubmissionFile>, IngestError> {
    read_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name), defaults)
}

fn read_text(text: &str) -> Result<Vec<SubmissionFile>, IngestError> {
    read_bytes(text.as_bytes(), &Defaults::default())
}

/// The submissions of a text, and what is said of it.
fn read_and_notes(text: &str) -> (Vec<SubmissionFile>, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    std::fs::write(&path, text).unwrap();
    let files = read(&path, &Defaults::default()).unwrap();
    let notes = files.notes().join("\n");
    (files.map(Result::unwrap).collect(), notes)
}
