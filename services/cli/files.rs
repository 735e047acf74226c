//! The submissions of several files: checked before anything is sent, then one after the other.

use std::iter::once;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread;

use super::encoded::Encoded;
use super::exit::Failure;
use super::outgoing::Outgoing;
use super::sending::Sending;
use super::spool::Input;
use crate::ingest::{self, ColumnMap, Defaults, IngestError, SubmissionFile, SubmissionFiles};

type Submissions<'a> = Box<dyn Iterator<Item = Result<Outgoing, Failure>> + 'a>;

/// Files that are read at the same time for the check.
const READERS: usize = 2;
/// Most rows of a file whose submissions are kept after the check.
const KEPT_ROWS: u64 = 100_000;
/// Most bytes of submissions that are kept after the check, about. Those of further files are read again.
const KEPT_BYTES: usize = 512 << 20;

/// What is said of files that they do not say themselves.
#[derive(Default)]
pub(super) struct Reading {
    /// Values for files that lack them.
    pub(super) defaults: Defaults,
    /// What their columns and words are, if these are not those of the service.
    pub(super) map: Option<ColumnMap>,
}

/// Files without errors.
pub(super) struct Checked<'a> {
    /// Rows of all files.
    pub(super) rows: u64,
    /// What was passed over or read in another form, in words, with the file's name.
    pub(super) notes: Vec<String>,
    files: Vec<(&'a Input, OfFile)>,
    reading: &'a Reading,
}

/// What the check leaves of a file.
struct OfFile {
    rows: u64,
    notes: Vec<String>,
    /// Its submissions as they are sent; none if the file is read again.
    kept: Option<Vec<Encoded>>,
}

/// Reads every file, several at once, and keeps the submissions of small ones.
///
/// # Errors
/// That of the first file with an error.
pub(super) fn check<'a>(
    files: &'a [Input],
    reading: &'a Reading,
    how: &Sending,
) -> Result<Checked<'a>, Failure> {
    let (next, kept_bytes, failed) =
        (AtomicUsize::new(0), AtomicUsize::new(0), AtomicBool::new(false));
    let reader = || {
        let mut done = Vec::new();
        // Files are taken in order, so every file before one with an error is read too.
        while !failed.load(Relaxed) {
            let number = next.fetch_add(1, Relaxed);
            let Some(file) = files.get(number) else { break };
            let checked = check_one(file, reading, how, &kept_bytes);
            failed.fetch_or(checked.is_err(), Relaxed);
            done.push((number, checked));
        }
        done
    };
    let mut done: Vec<(usize, Result<OfFile, Failure>)> = thread::scope(|scope| {
        let readers: Vec<_> = (0..READERS).map(|_| scope.spawn(reader)).collect();
        let all =
            readers.into_iter().map(|reader| reader.join().unwrap_or_else(|p| resume_unwind(p)));
        all.flatten().collect()
    });
    done.sort_unstable_by_key(|(number, _)| *number);
    let mut checked = Checked { rows: 0, notes: Vec::new(), files: Vec::new(), reading };
    for (file, (_, of_file)) in files.iter().zip(done) {
        let mut of_file = of_file?;
        checked.rows += of_file.rows;
        let notes = of_file.notes.drain(..);
        checked.notes.extend(notes.map(|note| format!("{}: {note}", file.name.display())));
        checked.files.push((file, of_file));
    }
    Ok(checked)
}

fn check_one(
    file: &Input,
    reading: &Reading,
    how: &Sending,
    kept_bytes: &AtomicUsize,
) -> Result<OfFile, Failure> {
    let read = open(file, reading)?;
    let (rows, notes) = (read.row_count(), read.notes().to_vec());
    let keeps = rows <= KEPT_ROWS && kept_bytes.load(Relaxed) < KEPT_BYTES;
    let mut kept = keeps.then(Vec::new);
    for submission in read {
        let submission = complete(file, submission)?;
        if let Some(kept) = &mut kept {
            let encoded = Encoded::of(submission, how);
            kept_bytes.fetch_add(encoded.len(), Relaxed);
            kept.push(encoded);
        }
    }
    Ok(OfFile { rows, notes, kept })
}

impl<'a> Checked<'a> {
    /// The submissions in the order of the files. Those that are not kept are read again, one file at a time.
    pub(super) fn submissions(self) -> impl Iterator<Item = Result<Outgoing, Failure>> + 'a {
        let reading = self.reading;
        self.files.into_iter().flat_map(move |(file, of_file)| match of_file.kept {
            Some(kept) => {
                Box::new(kept.into_iter().map(|one| Ok(Outgoing::Encoded(Box::new(one)))))
            }
            None => again(file, reading),
        })
    }
}

fn again<'a>(file: &'a Input, reading: &Reading) -> Submissions<'a> {
    match open(file, reading) {
        Ok(read) => Box::new(read.map(|one| Ok(Outgoing::Read(Box::new(complete(file, one)?))))),
        Err(error) => Box::new(once(Err(error))),
    }
}

/// The first submission of a file, to learn whether it is one of records at all.
///
/// # Errors
/// That of the file.
pub(super) fn check_begin(file: &Input, reading: &Reading) -> Result<(), Failure> {
    let first = open(file, reading)?.next();
    first.map_or(Ok(()), |first| complete(file, first).map(drop))
}

/// Opens a file. One without rows is an error.
fn open(file: &Input, reading: &Reading) -> Result<SubmissionFiles, Failure> {
    let read = match &reading.map {
        None => ingest::read(&file.path, &reading.defaults),
        Some(map) => ingest::read_with_map(&file.path, &reading.defaults, map),
    };
    let read = read.map_err(|error| Failure::data(&file.name, error))?;
    if read.row_count() == 0 {
        let error = "the file has a header and no rows; nothing was submitted";
        return Err(Failure::data(&file.name, anyhow::anyhow!(error)));
    }
    Ok(read)
}

/// A submission that was read. One without a collection is an error.
fn complete(
    file: &Input,
    read: Result<SubmissionFile, IngestError>,
) -> Result<SubmissionFile, Failure> {
    let mut submission = read.map_err(|error| Failure::data(&file.name, error))?;
    submission.lines.file = file.name.display().to_string();
    if submission.collection.is_empty() {
        let message = "the file names no collection; name one with --collection (`equity reference collections` lists them)";
        return Err(Failure::Usage(message.to_owned()));
    }
    Ok(submission)
}

#[cfg(test)]
#[path = "files_tests.rs"]
mod tests;
