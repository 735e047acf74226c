//! Tests of the log, as an adversary would write them.

#![allow(
    clippy::cast_possible_truncation,
    clippy::panic,
    reason = "small numbers; a panic is how a test fails"
)]

mod damage;
mod full;
mod fuzz;
mod random;
mod suite;
mod torn;

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{
    Damage, EntryKind, Fault, Known, Log, LogError, NewEntry, Opened, SegmentLog, Shape,
    frame::HEADER_BYTES, lose,
};

/// A segment size that is never reached.
const ONE_SEGMENT: u64 = 1 << 40;

fn open(folder: &Path, segment_bytes: u64, acknowledged: u64) -> Opened {
    SegmentLog::open(folder, segment_bytes, &[acknowledged.into()]).unwrap()
}

fn entry(payload: &[u8]) -> NewEntry<'_> {
    NewEntry { kind: EntryKind::Commit, time_millis: 1_700_000_000_000, payload }
}

/// Payload of entry `position` in these tests: no two alike, no two neighbours of one length.
fn payload(position: u64) -> Vec<u8> {
    (0..40 + position % 7).map(|at| (position * 31 + at * 7) as u8).collect()
}

fn frame_bytes(position: u64) -> u64 {
    (HEADER_BYTES + payload(position).len()) as u64
}

/// Appends entries up to that position, one append for each.
fn fill(log: &mut dyn Log, until: u64) {
    for position in log.tail() + 1..=until {
        let places = log.append(&[entry(&payload(position))]).unwrap();
        assert_eq!(places.iter().map(|place| place.position).collect::<Vec<_>>(), [position]);
    }
}

/// Appends entries up to that position in one append.
fn fill_at_once(log: &mut dyn Log, until: u64) {
    let payloads: Vec<_> = (log.tail() + 1..=until).map(payload).collect();
    let entries: Vec<_> = payloads.iter().map(|payload| entry(payload)).collect();
    log.append(&entries).unwrap();
    assert_eq!(log.tail(), until);
}

/// What reading gives: good entries by position (their content is checked), damage by position and fault.
fn read(log: &dyn Log, from: u64) -> Vec<Result<u64, (u64, Fault)>> {
    log.read_from(from)
        .unwrap()
        .map(|item| match item {
            Ok(entry) => {
                let position = entry.place.position;
                assert_eq!(entry.payload, payload(position), "entry {position}");
                Ok(position)
            }
            Err(LogError::Damaged(Damage { position, what, .. })) => Err((position, what)),
            Err(other) => panic!("{other}"),
        })
        .collect()
}

/// Positions of the good entries.
fn good(log: &dyn Log, from: u64) -> Vec<u64> {
    read(log, from).into_iter().filter_map(Result::ok).collect()
}

fn positions(range: std::ops::RangeInclusive<u64>) -> Vec<u64> {
    range.collect()
}

/// The segment files, in order.
fn segments(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> =
        fs::read_dir(folder).unwrap().map(|item| item.unwrap().path()).collect();
    paths.sort();
    paths
}

/// The content of the whole folder.
fn content(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    segments(folder)
        .into_iter()
        .map(|path| (path.clone(), fs::read(path).unwrap_or_default()))
        .collect()
}

/// Changes the bytes of a file.
fn edit(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

/// Another folder with the same files, faster than appending again.
fn copy_of(folder: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for (path, bytes) in content(folder) {
        fs::write(copy.path().join(path.file_name().unwrap()), bytes).unwrap();
    }
    copy
}
