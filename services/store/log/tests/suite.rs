//! What every implementation of the log must do.

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::store::log::{Entry, MemoryLog};

/// A way to make an empty log, and what must live as long as it.
trait Make {
    fn make() -> (Box<dyn Log>, Option<TempDir>);
}

struct InMemory;
struct InFiles;
struct InSmallFiles;

impl Make for InMemory {
    fn make() -> (Box<dyn Log>, Option<TempDir>) {
        (Box::new(MemoryLog::new()), None)
    }
}

impl Make for InFiles {
    fn make() -> (Box<dyn Log>, Option<TempDir>) {
        let folder = tempfile::tempdir().unwrap();
        (Box::new(open(&folder.path().join("log"), ONE_SEGMENT, 0).log), Some(folder))
    }
}

impl Make for InSmallFiles {
    fn make() -> (Box<dyn Log>, Option<TempDir>) {
        let folder = tempfile::tempdir().unwrap();
        (Box::new(open(&folder.path().join("log"), 300, 0).log), Some(folder))
    }
}

macro_rules! suite {
    ($($name:ident: $make:ty;)*) => {$(
        mod $name {
            use super::*;
            #[test]
            fn empty_log() { super::empty_log::<$make>(); }
            #[test]
            fn positions_and_reading() { super::positions_and_reading::<$make>(); }
            #[test]
            fn every_kind_comes_back() { super::every_kind_comes_back::<$make>(); }
            #[test]
            fn limits() { super::limits::<$make>(); }
            #[test]
            fn many_entries_at_once() { super::many_entries_at_once::<$make>(); }
            #[test]
            fn any_entries_come_back() { super::any_entries_come_back::<$make>(); }
        }
    )*};
}

suite! {
    in_memory: InMemory;
    in_files: InFiles;
    in_small_files: InSmallFiles;
}

fn empty_log<M: Make>() {
    let (mut log, _folder) = M::make();
    assert_eq!(log.tail(), 0);
    assert!(log.append(&[]).unwrap().is_empty());
    assert_eq!(log.tail(), 0);
    for from in [0, 1, 2, u64::MAX] {
        assert_eq!(read(log.as_ref(), from), []);
    }
}

fn positions_and_reading<M: Make>() {
    let (mut log, _folder) = M::make();
    fill(log.as_mut(), 3);
    fill_at_once(log.as_mut(), 8);
    fill(log.as_mut(), 9);
    assert!(log.append(&[]).unwrap().is_empty());
    assert_eq!(log.tail(), 9);
    assert_eq!(good(log.as_ref(), 0), positions(1..=9));
    for from in 1..=10 {
        assert_eq!(read(log.as_ref(), from), (from..=9).map(Ok).collect::<Vec<_>>());
    }
    assert_eq!(read(log.as_ref(), u64::MAX), []);
}

fn every_kind_comes_back<M: Make>() {
    use EntryKind::{Chunk, Commit, Configuration, Genesis, Withdraw};
    let (mut log, _folder) = M::make();
    let kinds = [Genesis, Configuration, Chunk, Commit, Withdraw];
    for (kind, time_millis) in kinds.into_iter().zip([0, 1, u64::MAX, 7, 7]) {
        log.append(&[NewEntry { kind, time_millis, payload: b"" }]).unwrap();
    }
    let entries: Vec<_> = log.read_from(1).unwrap().map(Result::unwrap).collect();
    assert_eq!(entries.iter().map(|entry| entry.kind).collect::<Vec<_>>(), kinds);
    assert_eq!(
        entries.iter().map(|entry| entry.time_millis).collect::<Vec<_>>(),
        [0, 1, u64::MAX, 7, 7]
    );
    assert!(entries.iter().all(|entry| entry.payload_hash == *blake3::hash(b"").as_bytes()));
}

fn limits<M: Make>() {
    let (mut log, _folder) = M::make();
    let large = vec![7; 16 * 1024 * 1024 + 1];
    for kind in [
        EntryKind::Genesis,
        EntryKind::Configuration,
        EntryKind::Chunk,
        EntryKind::Commit,
        EntryKind::Withdraw,
    ] {
        let limit = kind.payload_limit();
        let (fits, too_large) = (&large[..limit], &large[..=limit]);
        let before = log.tail();
        let new = |payload| NewEntry { kind, time_millis: 1, payload };
        let error = log.append(&[new(b"small"), new(too_large)]).unwrap_err();
        assert!(
            matches!(error, LogError::TooLarge { kind: k, bytes, limit: l } if k == kind && bytes == limit + 1 && l == limit),
            "{error}"
        );
        assert_eq!(log.tail(), before, "nothing of a refused append may stay");
        log.append(&[new(fits)]).unwrap();
        assert_eq!(log.read_from(before + 1).unwrap().next().unwrap().unwrap().payload, fits);
    }
    assert_eq!(EntryKind::Chunk.payload_limit(), 256 * 1024);
    assert_eq!(EntryKind::Commit.payload_limit(), 16 * 1024 * 1024);
}

/// More than the system takes in one call (1,024 parts).
fn many_entries_at_once<M: Make>() {
    let (mut log, _folder) = M::make();
    fill_at_once(log.as_mut(), 3_000);
    fill(log.as_mut(), 3_001);
    assert_eq!(good(log.as_ref(), 1), positions(1..=3_001));
}

fn any_entries_come_back<M: Make>() {
    let kind = (1..=5_u8).prop_map(|number| EntryKind::try_from(number).unwrap());
    let entry = (kind, any::<u64>(), prop::collection::vec(any::<u8>(), 0..600));
    let appends = prop::collection::vec(prop::collection::vec(entry, 0..5), 0..12);
    proptest!(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() }, |(appends in appends, from in 0_u64..40)| {
        let (mut log, _folder) = M::make();
        let mut expected = Vec::new();
        for append in &appends {
            let entries: Vec<_> = append
                .iter()
                .map(|(kind, time_millis, payload)| NewEntry { kind: *kind, time_millis: *time_millis, payload })
                .collect();
            let places = log.append(&entries).unwrap();
            prop_assert_eq!(places.len(), append.len());
            for ((kind, time_millis, payload), place) in append.iter().zip(places) {
                prop_assert_eq!(place.position, expected.len() as u64 + 1);
                expected.push(Entry {
                    place,
                    kind: *kind,
                    time_millis: *time_millis,
                    payload_hash: *blake3::hash(payload).as_bytes(),
                    payload: payload.clone(),
                    erased: false,
                });
            }
        }
        prop_assert_eq!(log.tail(), expected.len() as u64);
        let read: Vec<_> = log.read_from(from).unwrap().map(Result::unwrap).collect();
        prop_assert_eq!(&read, &expected[(from.max(1) as usize - 1).min(expected.len())..]);
    });
}

#[test]
fn kinds_keep_their_numbers() {
    let numbers: Vec<_> = (0..=u8::MAX)
        .filter_map(|number| Some((number, EntryKind::try_from(number).ok()?)))
        .collect();
    use EntryKind::{
        Assess, Audit, Chunk, Commit, Configuration, Erase, Genesis, Release, Withdraw,
    };
    let first = [(1, Genesis), (2, Configuration), (3, Chunk), (4, Commit)];
    let then = [(5, Withdraw), (6, Assess), (7, Release), (8, Erase)];
    assert_eq!(numbers, [&first[..], &then, &[(64, Audit)]].concat());
}

/// The layout on disk, byte for byte: a change of it must change the format version.
#[test]
fn layout_is_fixed() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = open(folder.path(), ONE_SEGMENT, 0).log;
    log.append(&[NewEntry { kind: EntryKind::Genesis, time_millis: 0x0102, payload: b"abc" }])
        .unwrap();
    log.append(&[NewEntry { kind: EntryKind::Chunk, time_millis: 3, payload: b"" }]).unwrap();
    assert_eq!(segments(folder.path()), [folder.path().join("00000000000000000001.seg")]);
    let bytes = std::fs::read(&segments(folder.path())[0]).unwrap();
    assert_eq!(bytes.len(), 2 * 112 + 3);
    let hash = *blake3::hash(b"abc").as_bytes();
    let mut first = b"EQL\x01\x01\0\0\0".to_vec();
    first.extend(&hash[..8]);
    first.extend(1_u64.to_le_bytes());
    first.extend(0_u64.to_le_bytes());
    first.extend(0x0102_u64.to_le_bytes());
    first.extend(3_u32.to_le_bytes());
    first.extend(hash);
    let chain = *blake3::Hasher::new().update(&[0; 32]).update(&first).finalize().as_bytes();
    first.extend(chain);
    first.extend(crc32fast::hash(&first).to_le_bytes());
    first.extend(b"abc");
    assert_eq!(bytes[..115], first);
    let second = &bytes[115..];
    assert_eq!(second[..8], *b"EQL\x01\x03\0\0\0");
    assert_eq!(second[16..32], [2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    let chain = *blake3::Hasher::new().update(&chain).update(&second[..76]).finalize().as_bytes();
    assert_eq!(second[76..108], chain);
}

#[test]
fn rotation_and_reopening() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("log");
    for (before, until) in [(0, 1), (1, 2), (2, 10), (10, 11), (11, 30)] {
        let opened = open(&folder, 500, before);
        assert!(opened.damage.is_none() && opened.cut.is_none());
        let mut log = opened.log;
        if until == 30 {
            fill_at_once(&mut log, until);
        } else {
            fill(&mut log, until);
        }
        assert_eq!(good(&log, 1), positions(1..=until));
    }
    let files = segments(&folder);
    assert!(files.len() > 3, "{files:?}");
    let sizes: Vec<_> = files.iter().map(|path| std::fs::metadata(path).unwrap().len()).collect();
    let (large, small) = sizes.split_last().unwrap();
    assert!(small.iter().all(|bytes| *bytes <= 500), "{sizes:?}");
    assert!(*large > 500, "one append stays in one segment: {sizes:?}");
    use std::os::unix::fs::PermissionsExt;
    for file in &files {
        assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    let log = open(&folder, 500, 30).log;
    for from in 1..=31 {
        assert_eq!(read(&log, from), (from..=30).map(Ok).collect::<Vec<_>>());
    }
}
