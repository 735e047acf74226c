//! Appends that a crash interrupted: cut off, never more than was never acknowledged, and never less.

use super::*;

/// Opens a log that must have been torn in front of `position`, and shows that it works again.
fn expect_cut(folder: &Path, acknowledged: u64, position: u64) {
    let bytes = || fs::metadata(&segments(folder)[0]).unwrap().len();
    let before = bytes();
    let Opened { mut log, damage, cut, .. } = open(folder, ONE_SEGMENT, acknowledged);
    assert_eq!(damage, None);
    let cut = cut.unwrap();
    assert_eq!((cut.position, cut.bytes), (position, before - bytes()));
    assert!(cut.bytes > 0);
    assert_eq!(log.tail(), position - 1);
    fill(&mut log, position + 2);
    drop(log);
    let Opened { log, damage, cut, .. } = open(folder, ONE_SEGMENT, position + 2);
    assert_eq!((damage, cut), (None, None));
    assert_eq!(read(&log, 1), (1..=position + 2).map(Ok).collect::<Vec<_>>());
}

fn log_of(until: u64) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fill(&mut open(folder.path(), ONE_SEGMENT, 0).log, until);
    folder
}

#[test]
fn at_every_byte_of_the_last_frame() {
    for last in [1, 4] {
        let reference = log_of(last);
        let whole = fs::read(&segments(reference.path())[0]).unwrap();
        let start = whole.len() - frame_bytes(last) as usize;
        for length in (start + 1..whole.len()).step_by(if last == 1 { 7 } else { 1 }) {
            let folder = copy_of(reference.path());
            edit(&segments(folder.path())[0], |bytes| bytes.truncate(length));
            expect_cut(folder.path(), [0, last - 1][length % 2], last);
        }
        // The same with the entry applied: that is damage.
        for length in start..whole.len() {
            let folder = copy_of(reference.path());
            edit(&segments(folder.path())[0], |bytes| bytes.truncate(length));
            let before = content(folder.path());
            let opened = open(folder.path(), ONE_SEGMENT, last);
            assert_eq!(opened.damage.unwrap().position, last);
            assert_eq!(content(folder.path()), before);
        }
    }
}

#[test]
fn garbage_or_zeros_behind_the_last_frame() {
    for (byte, length) in [(0, 1), (0, 4096), (0x5a, 111), (0x5a, 112), (0x5a, 70_000)] {
        for acknowledged in [0, 4] {
            let folder = log_of(4);
            edit(&segments(folder.path())[0], |bytes| bytes.extend(vec![byte; length]));
            expect_cut(folder.path(), acknowledged, 5);
        }
    }
}

#[test]
fn whole_entries_in_front_of_the_torn_one_stay() {
    let folder = log_of(4);
    fill_at_once(&mut open(folder.path(), ONE_SEGMENT, 4).log, 9);
    edit(&segments(folder.path())[0], |bytes| {
        bytes.truncate(bytes.len() - frame_bytes(9) as usize - 5);
    });
    expect_cut(folder.path(), 4, 8);
}

/// Sectors reach the disk in any order: any set of them may be lost, also in front of others.
#[test]
fn any_sectors_of_the_last_append_lost() {
    const SECTOR: usize = 64; // smaller than real ones, so that a few entries have many
    let reference = log_of(4);
    let start = fs::read(&segments(reference.path())[0]).unwrap().len();
    fill_at_once(&mut open(reference.path(), ONE_SEGMENT, 4).log, 9);
    let whole = fs::read(&segments(reference.path())[0]).unwrap();
    let bounds: Vec<_> = (5..=9)
        .scan(start, |at, position| {
            *at += frame_bytes(position) as usize;
            Some((position, *at))
        })
        .collect();
    let sectors: Vec<_> = (start..whole.len()).step_by(SECTOR).collect();
    for lost in 0..sectors.len() {
        for also_lost in lost..sectors.len() {
            let folder = copy_of(reference.path());
            edit(&segments(folder.path())[0], |bytes| {
                for at in [sectors[lost], sectors[also_lost]] {
                    let end = whole.len().min(at + SECTOR);
                    bytes[at..end].fill(0);
                }
            });
            let first_hit = bounds.iter().find(|(_, end)| sectors[lost] < *end).unwrap().0;
            expect_cut(folder.path(), [0, 4][lost % 2], first_hit);
        }
    }
}

/// The same bytes, but the store has applied the entry: then somebody was told.
#[test]
fn a_lost_sector_of_an_applied_entry_is_damage() {
    let folder = log_of(4);
    let start = fs::read(&segments(folder.path())[0]).unwrap().len();
    fill_at_once(&mut open(folder.path(), ONE_SEGMENT, 4).log, 9);
    edit(&segments(folder.path())[0], |bytes| bytes[start..start + 20].fill(0));
    let before = content(folder.path());
    let opened = open(folder.path(), ONE_SEGMENT, 5);
    assert_eq!(opened.damage.unwrap().position, 5);
    assert_eq!(content(folder.path()), before);
    assert_eq!(good(&opened.log, 1), [1, 2, 3, 4, 6, 7, 8, 9]);
}

#[test]
fn the_first_append_to_a_new_segment() {
    let whole = tempfile::tempdir().unwrap();
    fill(&mut open(whole.path(), 1, 0).log, 4); // every entry in a segment of its own
    for length in 0..frame_bytes(4) as usize {
        let folder = copy_of(whole.path());
        assert_eq!(segments(folder.path()).len(), 4);
        edit(&segments(folder.path())[3], |bytes| bytes.truncate(length));
        let Opened { mut log, damage, cut, .. } = open(folder.path(), 1, 3);
        assert_eq!(damage, None);
        assert_eq!(cut.is_some(), length > 0, "an empty segment is no torn one");
        assert_eq!(log.tail(), 3);
        fill(&mut log, 5);
        assert_eq!(good(&open(folder.path(), 1, 5).log, 1), positions(1..=5));
        assert_eq!(segments(folder.path()).len(), 5);
    }
}

/// Only the last append can be torn: the same bytes in front of another segment are damage, whatever the store knows.
#[test]
fn the_end_of_an_earlier_segment_is_damage() {
    for empty_last in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        fill(&mut open(folder.path(), 1, 0).log, 4);
        if empty_last {
            edit(&segments(folder.path())[3], Vec::clear);
        }
        edit(&segments(folder.path())[2], |bytes| bytes.truncate(50));
        let before = content(folder.path());
        let opened = open(folder.path(), 1, 0);
        assert_eq!(opened.damage.unwrap().position, 3);
        assert_eq!(content(folder.path()), before);
    }
}

/// What is known of another log says nothing about this one: neither that it is damaged, nor that it is whole.
#[test]
fn what_is_known_of_another_log_does_not_count() {
    let (folder, other) = (log_of(4), tempfile::tempdir().unwrap());
    let ends = [folder.path(), other.path()].map(|folder| {
        let mut log = open(folder, ONE_SEGMENT, 0).log;
        if log.tail() == 0 {
            log.append(&[entry(b"another beginning")]).unwrap();
            fill(&mut log, 4);
        }
        log.end().unwrap()
    });
    assert_eq!(ends.map(|end| end.position), [4, 4]);
    assert_ne!(ends[0].chain, ends[1].chain);
    let [own, strange] = ends.map(Known::from);
    let opened = |known: &[Known]| SegmentLog::open(folder.path(), ONE_SEGMENT, known).unwrap();
    assert_eq!(opened(&[own, strange]).denied, [strange]);
    // The last entry is gone: damage for whoever has seen it.
    edit(&segments(folder.path())[0], |bytes| {
        bytes.truncate(bytes.len() - frame_bytes(4) as usize);
    });
    let before = content(folder.path());
    assert_eq!(opened(&[own]).damage.unwrap().position, 4);
    let first = Known { position: 1, ..strange };
    let Opened { log, damage, denied, .. } = opened(&[first]);
    assert_eq!((log.tail(), damage, denied), (3, None, vec![first]));
    // What was seen far behind the end of this log is of another one, if that began otherwise.
    let far = Known { position: 40, root: strange.chain, ..strange };
    let Opened { log, damage, denied, .. } = opened(&[far]);
    assert_eq!((log.tail(), damage, denied), (3, None, vec![far]));
    assert_eq!(opened(&[Known { root: None, ..far }]).damage.unwrap().position, 4);
    assert_eq!(content(folder.path()), before);
}

/// The mark is that of the entry that stands first, not of one that was cut off.
#[test]
fn another_first_entry() {
    let folder = log_of(1);
    edit(&segments(folder.path())[0], |bytes| bytes.truncate(bytes.len() - 1));
    open(folder.path(), ONE_SEGMENT, 0).log.append(&[entry(b"another")]).unwrap();
    let bytes = fs::read(&segments(folder.path())[0]).unwrap();
    assert_eq!(bytes[8..16], blake3::hash(b"another").as_bytes()[..8]);
}
