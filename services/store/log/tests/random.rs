//! Anything may happen to the files: opening never panics, and never loses an entry that somebody was told about.

use std::collections::BTreeMap;

use proptest::{prelude::*, sample::Index};

use super::*;
use crate::store::log::Entry;

/// One thing that happens to a segment.
#[derive(Clone, Debug)]
enum Blow {
    Truncate(Index),
    Flip(Index, u8),
    Overwrite(Index, Vec<u8>),
    Insert(Index, Vec<u8>),
    Append(Vec<u8>),
    Remove(Index, u8),
    /// Bytes of the file copied to another place of it.
    Replay(Index, Index),
    Delete,
}

fn blow() -> impl Strategy<Value = Blow> {
    let at = || any::<Index>();
    let bytes = || prop::collection::vec(any::<u8>(), 1..300);
    prop_oneof![
        at().prop_map(Blow::Truncate),
        (at(), 0..8_u8).prop_map(|(at, bit)| Blow::Flip(at, bit)),
        (at(), bytes()).prop_map(|(at, bytes)| Blow::Overwrite(at, bytes)),
        (at(), bytes()).prop_map(|(at, bytes)| Blow::Insert(at, bytes)),
        bytes().prop_map(Blow::Append),
        (at(), any::<u8>()).prop_map(|(at, bytes)| Blow::Remove(at, bytes)),
        (at(), at()).prop_map(|(from, to)| Blow::Replay(from, to)),
        Just(Blow::Delete),
    ]
}

fn strike(path: &Path, blow: &Blow) {
    if matches!(blow, Blow::Delete) {
        return fs::remove_file(path).unwrap();
    }
    edit(path, |bytes| {
        let length = bytes.len();
        let place = |at: &Index| at.index(length + 1);
        match blow {
            Blow::Truncate(at) => bytes.truncate(place(at)),
            Blow::Flip(at, bit) => {
                let at = place(at);
                bytes.get_mut(at).into_iter().for_each(|byte| *byte ^= 1 << bit);
            }
            Blow::Overwrite(at, new) => {
                let at = place(at);
                bytes.splice(at..length.min(at + new.len()), new.iter().copied());
            }
            Blow::Insert(at, new) => drop(bytes.splice(place(at)..place(at), new.iter().copied())),
            Blow::Append(new) => bytes.extend(new),
            Blow::Remove(at, count) => {
                drop(bytes.drain(place(at)..length.min(place(at) + usize::from(*count))));
            }
            Blow::Replay(from, to) => {
                let piece = bytes[place(from)..].to_vec();
                bytes.splice(place(to)..place(to), piece);
            }
            Blow::Delete => {}
        }
    });
}

/// Appends groups of entries of these payload lengths; the length of every file after each append.
fn build(
    folder: &Path,
    segment_bytes: u64,
    groups: &[Vec<usize>],
) -> (Vec<Entry>, Vec<BTreeMap<PathBuf, u64>>) {
    let mut log = open(folder, segment_bytes, 0).log;
    let mut lengths = Vec::new();
    for group in groups {
        let payloads: Vec<_> = group
            .iter()
            .zip(log.tail()..)
            .map(|(length, seed)| vec![seed as u8; *length])
            .collect();
        log.append(&payloads.iter().map(|payload| entry(payload)).collect::<Vec<_>>()).unwrap();
        lengths.push(
            segments(folder)
                .into_iter()
                .map(|path| (path.clone(), fs::metadata(path).unwrap().len()))
                .collect(),
        );
    }
    (log.read_from(1).unwrap().map(Result::unwrap).collect(), lengths)
}

/// The failing input is printed; nothing is written into the sources.
fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}

fn groups() -> impl Strategy<Value = Vec<Vec<usize>>> {
    prop::collection::vec(prop::collection::vec(0..200_usize, 1..5), 1..8)
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn whatever_happens_to_the_files(
        groups in groups(),
        segment_bytes in prop_oneof![Just(1), 200..2_000_u64, Just(ONE_SEGMENT)],
        blows in prop::collection::vec((any::<Index>(), blow()), 1..4),
        acknowledged in any::<Index>(),
        from in 0..30_u64,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let (entries, _) = build(folder.path(), segment_bytes, &groups);
        let tail = entries.len() as u64;
        let acknowledged = acknowledged.index(entries.len() + 1) as u64;
        for (which, blow) in &blows {
            let files = segments(folder.path());
            if !files.is_empty() {
                strike(&files[which.index(files.len())], blow);
            }
        }
        let before = content(folder.path());
        let Opened { mut log, damage, cut, .. } = open(folder.path(), segment_bytes, acknowledged);
        let read: Vec<_> = log.read_from(1).unwrap().collect();
        // What is read was written, in order, each once; and whoever misses an acknowledged entry is told.
        let good: Vec<_> = read.iter().filter_map(|item| item.as_ref().ok()).collect();
        prop_assert!(good.is_sorted_by(|one, next| one.place.position < next.place.position));
        for entry in &good {
            prop_assert_eq!(Some(*entry), entries.get(entry.place.position as usize - 1));
        }
        let complete = good.iter().filter(|entry| entry.place.position <= acknowledged).count() as u64 == acknowledged;
        prop_assert!(complete || damage.is_some());
        prop_assert!(complete || read.iter().any(Result::is_err));
        prop_assert!(damage.is_none() || content(folder.path()) == before, "damage changes nothing");
        if let Some(cut) = &cut {
            prop_assert!(cut.position > acknowledged);
        }
        // Reading from anywhere gives the same, but for damage in front of it.
        let later: Vec<_> = log.read_from(from).unwrap().filter_map(Result::ok).collect();
        prop_assert_eq!(later.iter().collect::<Vec<_>>(), good.iter().copied().filter(|entry| entry.place.position >= from).collect::<Vec<_>>());
        // It goes on, or refuses.
        let appended = log.append(&[entry(b"next")]);
        prop_assert_eq!(appended.is_ok(), damage.is_none());
        if let Ok(places) = appended {
            let next = places[0].position;
            prop_assert_eq!(next, good.len() as u64 + 1);
            drop(log);
            let opened = open(folder.path(), segment_bytes, next);
            prop_assert!(opened.damage.is_none() && opened.cut.is_none());
            prop_assert_eq!(opened.log.read_from(1).unwrap().filter(Result::is_ok).count() as u64, next);
        }
        prop_assert!(tail >= good.len() as u64);
    }

    /// A power cut: everything up to some append was fsynced, of the next one any sectors are there, the store may know
    /// less than was acknowledged, or nothing. That is never damage, and nothing fsynced is lost.
    #[test]
    fn a_power_cut(
        groups in groups(),
        segment_bytes in prop_oneof![Just(1), 200..2_000_u64, Just(ONE_SEGMENT)],
        interrupted in any::<Index>(),
        sectors in prop::collection::vec(any::<bool>(), 64),
        sector_bytes in 1..100_usize,
        length in any::<Index>(),
        known in any::<Index>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let interrupted = interrupted.index(groups.len());
        let (entries, lengths) = build(folder.path(), segment_bytes, &groups[..=interrupted]);
        let durable = groups[..interrupted].iter().map(Vec::len).sum::<usize>();
        let last = segments(folder.path()).pop().unwrap();
        let start = interrupted.checked_sub(1).and_then(|at| lengths[at].get(&last).copied()).unwrap_or(0) as usize;
        edit(&last, |bytes| {
            for (sector, kept) in bytes[start..].chunks_mut(sector_bytes).zip(sectors.iter().cycle()) {
                if !kept {
                    sector.fill(0);
                }
            }
            bytes.truncate(start + length.index(bytes.len() - start + 1));
        });
        let Opened { mut log, damage, .. } = open(folder.path(), segment_bytes, known.index(durable + 1) as u64);
        prop_assert_eq!(damage, None);
        prop_assert!(log.tail() >= durable as u64);
        let read: Vec<_> = log.read_from(1).unwrap().map(Result::unwrap).collect();
        prop_assert_eq!(read.as_slice(), &entries[..log.tail() as usize]);
        let next = log.append(&[entry(b"next")]).unwrap();
        prop_assert_eq!(next[0].position, read.len() as u64 + 1);
    }

    /// Files that were never a log.
    #[test]
    fn any_bytes(
        files in prop::collection::btree_map(0..50_u64, prop::collection::vec(any::<u8>(), 0..400), 0..4),
        acknowledged in 0..50_u64,
    ) {
        let folder = tempfile::tempdir().unwrap();
        for (first, bytes) in &files {
            fs::write(folder.path().join(format!("{first:020}.seg")), bytes).unwrap();
        }
        fs::write(folder.path().join("notes.txt"), b"none of ours").unwrap();
        let opened = open(folder.path(), ONE_SEGMENT, acknowledged);
        prop_assert_eq!(opened.log.read_from(0).unwrap().filter(Result::is_ok).count(), 0);
        prop_assert!(opened.damage.is_some() || acknowledged == 0);
    }
}
