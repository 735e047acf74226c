//! Damage: never cut off, never written over, named, and read around.

use super::*;
use crate::store::log::{
    frame::{Header, NO_CHAIN},
    scan::hash,
};

const ENTRIES: u64 = 6;

/// Six entries in one file, or each in its own.
fn log_of(segment_bytes: u64) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fill(&mut open(folder.path(), segment_bytes, 0).log, ENTRIES);
    folder
}

fn start_of(position: u64) -> usize {
    (1..position).map(|position| frame_bytes(position) as usize).sum()
}

/// Opens a damaged log: it says so, changes nothing, and refuses to write.
fn expect_damage(folder: &Path, acknowledged: u64) -> (SegmentLog, Damage) {
    let before = content(folder);
    let Opened { mut log, damage, cut, .. } = open(folder, ONE_SEGMENT, acknowledged);
    let damage = damage.expect("the log is damaged");
    assert_eq!(cut, None);
    for _ in 0..2 {
        let error = log.append(&[entry(b"new")]).unwrap_err();
        assert!(matches!(&error, LogError::Damaged(named) if *named == damage), "{error}");
    }
    assert_eq!(content(folder), before, "nothing may be changed");
    (log, damage)
}

#[test]
fn a_flipped_bit_at_every_byte_of_a_middle_frame() {
    for hit in [1, 3, ENTRIES - 1] {
        let whole = log_of(ONE_SEGMENT);
        for at in 0..frame_bytes(hit) as usize {
            let folder = copy_of(whole.path());
            let offset = start_of(hit);
            edit(&segments(folder.path())[0], |bytes| bytes[offset + at] ^= 1 << (at % 8));
            let (log, damage) = expect_damage(folder.path(), 0);
            assert_eq!(
                (damage.position, damage.offset),
                (hit, offset as u64),
                "byte {at}: {damage}"
            );
            let others: Vec<_> = (1..=ENTRIES).filter(|position| *position != hit).collect();
            assert_eq!(good(&log, 1), others, "byte {at}");
            let faults: Vec<_> = read(&log, 1).into_iter().filter_map(Result::err).collect();
            assert_eq!(faults, [(hit, damage.what)], "byte {at}");
            assert_eq!(log.tail(), ENTRIES);
            // From before, at, and behind the damage.
            for from in 1..=ENTRIES + 1 {
                let items = read(&log, from);
                assert_eq!(
                    items.iter().filter(|item| item.is_err()).count(),
                    usize::from(from <= hit)
                );
                assert_eq!(items.len() as u64, ENTRIES + 1 - from);
            }
        }
    }
}

#[test]
fn a_flipped_bit_in_the_last_frame_once_it_was_applied() {
    let whole = log_of(ONE_SEGMENT);
    for at in 0..frame_bytes(ENTRIES) as usize {
        let folder = copy_of(whole.path());
        edit(&segments(folder.path())[0], |bytes| bytes[start_of(ENTRIES) + at] ^= 0x80);
        let (log, damage) = expect_damage(folder.path(), ENTRIES);
        assert_eq!(damage.position, ENTRIES);
        assert_eq!(good(&log, 1), positions(1..=ENTRIES - 1));
    }
}

#[test]
fn the_message_tells_where_and_what_to_do() {
    let folder = log_of(1);
    let segment = segments(folder.path())[2].clone();
    edit(&segment, |bytes| bytes[115] ^= 1);
    let (mut log, _) = expect_damage(folder.path(), 0);
    let text = log.append(&[entry(b"new")]).unwrap_err().to_string();
    for part in [
        segment.to_str().unwrap(),
        "byte 0",
        "entry 3",
        "hash",
        "Stop",
        "backup",
        "deploy/",
        "writing is refused",
    ] {
        assert!(text.contains(part), "{part:?} is not in {text:?}");
    }
}

#[test]
fn segments_swapped() {
    let folder = tempfile::tempdir().unwrap();
    fill(&mut open(folder.path(), 400, 0).log, ENTRIES);
    let files = segments(folder.path());
    assert_eq!(files.len(), 3, "two entries each");
    let (first, second) = (fs::read(&files[0]).unwrap(), fs::read(&files[1]).unwrap());
    fs::write(&files[0], second).unwrap();
    fs::write(&files[1], first).unwrap();
    let (log, damage) = expect_damage(folder.path(), 0);
    assert_eq!((damage.position, damage.what), (1, Fault::Missing(2)));
    let read = good(&log, 1);
    assert!(read.is_sorted_by(|one, next| one < next), "never backwards: {read:?}");
    assert_eq!(read, [3, 4, 5, 6]);
}

#[test]
fn a_segment_deleted() {
    for (deleted, position) in [(0, 1), (2, 3), (4, 5)] {
        let folder = log_of(1);
        fs::remove_file(&segments(folder.path())[deleted]).unwrap();
        let (log, damage) = expect_damage(folder.path(), 0);
        assert_eq!((damage.position, damage.what), (position, Fault::Missing(position)));
        let mut expected: Vec<_> = (1..=ENTRIES).map(Ok).collect();
        expected[deleted] = Err((position, Fault::Missing(position)));
        assert_eq!(read(&log, 1), expected);
        assert_eq!(read(&log, position), expected[deleted..]);
        assert_eq!(read(&log, position + 1), expected[deleted + 1..]);
    }
}

#[test]
fn the_last_segments_or_all_deleted() {
    for keep in [0, 4] {
        let folder = log_of(1);
        for segment in &segments(folder.path())[keep..] {
            fs::remove_file(segment).unwrap();
        }
        let (log, damage) = expect_damage(folder.path(), ENTRIES);
        assert_eq!((damage.position, &damage.what), (keep as u64 + 1, &Fault::Missing(ENTRIES)));
        let mut expected: Vec<_> = (1..=keep as u64).map(Ok).collect();
        expected.push(Err((keep as u64 + 1, Fault::Missing(ENTRIES))));
        assert_eq!(read(&log, 1), expected);
        assert_eq!(read(&log, ENTRIES), [Err((keep as u64 + 1, Fault::Missing(ENTRIES)))]);
        assert_eq!(read(&log, ENTRIES + 1), []);
    }
}

/// Nothing but its name says that entries came before an empty segment.
#[test]
fn a_segment_deleted_in_front_of_an_empty_one() {
    let folder = log_of(1);
    edit(&segments(folder.path())[5], Vec::clear);
    fs::remove_file(&segments(folder.path())[4]).unwrap();
    let (log, damage) = expect_damage(folder.path(), 0);
    assert_eq!((damage.position, damage.what), (5, Fault::Missing(5)));
    assert_eq!(log.tail(), 4);
}

#[test]
fn a_frame_replayed() {
    for (again, behind) in [(2, ENTRIES), (2, 3), (ENTRIES, ENTRIES), (1, 1)] {
        let folder = log_of(ONE_SEGMENT);
        edit(&segments(folder.path())[0], |bytes| {
            let frame = bytes[start_of(again)..start_of(again + 1)].to_vec();
            bytes.splice(start_of(behind + 1)..start_of(behind + 1), frame);
        });
        let (log, damage) = expect_damage(folder.path(), 0);
        assert_eq!((damage.position, damage.what), (behind + 1, Fault::Repeated(again)));
        assert_eq!(good(&log, 1), positions(1..=ENTRIES), "each entry once");
    }
}

#[test]
fn frames_swapped_and_a_frame_taken_out() {
    let folder = log_of(ONE_SEGMENT);
    edit(&segments(folder.path())[0], |bytes| {
        bytes[start_of(2)..start_of(4)].rotate_left(frame_bytes(2) as usize);
    });
    let (log, damage) = expect_damage(folder.path(), 0);
    assert_eq!((damage.position, damage.what), (2, Fault::Missing(2)));
    assert_eq!(good(&log, 1), [1, 3, 4, 5, 6]);

    let folder = log_of(ONE_SEGMENT);
    edit(&segments(folder.path())[0], |bytes| drop(bytes.drain(start_of(2)..start_of(4))));
    let (log, damage) = expect_damage(folder.path(), 0);
    assert_eq!((damage.position, damage.what), (2, Fault::Missing(3)));
    assert_eq!(read(&log, 3), [Err((2, Fault::Missing(3))), Ok(4), Ok(5), Ok(6)]);
    assert_eq!(read(&log, 4), [Ok(4), Ok(5), Ok(6)]);
}

/// Everything right but the link: somebody wrote an entry of his own and took care of the checksums.
#[test]
fn an_entry_exchanged() {
    let folder = log_of(ONE_SEGMENT);
    edit(&segments(folder.path())[0], |bytes| {
        let frame = &mut bytes[start_of(3)..];
        let mut header = Header::decode(frame.first_chunk().unwrap(), None).unwrap();
        let length = header.payload_bytes as usize;
        header.payload_hash = hash(&vec![9; length]);
        frame[..HEADER_BYTES].copy_from_slice(&header.encode());
        frame[HEADER_BYTES..HEADER_BYTES + length].fill(9);
    });
    let (log, damage) = expect_damage(folder.path(), 0);
    assert_eq!((damage.position, damage.what), (3, Fault::Chain));
    assert_eq!(good(&log, 1), [1, 2, 4, 5, 6]);
}

#[test]
fn a_segment_of_another_log() {
    let (ours, theirs) = (log_of(1), tempfile::tempdir().unwrap());
    let mut log = open(theirs.path(), 1, 0).log;
    log.append(&[entry(b"another beginning")]).unwrap();
    fill(&mut log, ENTRIES);
    fs::copy(&segments(theirs.path())[2], &segments(ours.path())[2]).unwrap();
    let (log, damage) = expect_damage(ours.path(), 0);
    assert_eq!((damage.position, damage.what), (3, Fault::OtherLog));
    assert_eq!(good(&log, 1), [1, 2, 4, 5, 6]);
}

/// A frame that this program would not write, complete and correctly linked, at the very end.
fn with_last(
    change: impl FnOnce(&mut Header),
    finish: impl FnOnce(&mut [u8; HEADER_BYTES]),
) -> Fault {
    let folder = log_of(ONE_SEGMENT);
    edit(&segments(folder.path())[0], |bytes| {
        let last = Header::decode(bytes[start_of(ENTRIES)..].first_chunk().unwrap(), None).unwrap();
        let mut header = Header {
            position: ENTRIES + 1,
            acknowledged_before: ENTRIES,
            payload_bytes: 3,
            payload_hash: hash(b"abc"),
            ..last.clone()
        };
        change(&mut header);
        let mut frame = header.linked(&last.chain).encode();
        finish(&mut frame);
        bytes.extend(frame);
        bytes.extend(b"abc");
    });
    let (log, damage) = expect_damage(folder.path(), 0);
    assert_eq!(damage.position, ENTRIES + 1);
    assert_eq!(good(&log, 1), positions(1..=ENTRIES));
    damage.what
}

fn new_version(frame: &mut [u8; HEADER_BYTES]) {
    frame[3] = 2;
    let checksum = crc32fast::hash(&frame[..108]);
    frame[108..].copy_from_slice(&checksum.to_le_bytes());
}

#[test]
fn what_a_newer_program_wrote_is_kept() {
    assert_eq!(with_last(|header| header.kind = 9, |_| ()), Fault::Kind(9));
    assert_eq!(with_last(|header| header.kind = 0, |_| ()), Fault::Kind(0));
    assert_eq!(with_last(|_| (), new_version), Fault::Version(2));
}

#[test]
fn an_absurd_length_is_refused_before_memory_is_taken() {
    for (kind, length) in
        [(3, 256 * 1024 + 1), (4, 16 * 1024 * 1024 + 1), (9, 16 * 1024 * 1024 + 1), (4, u32::MAX)]
    {
        let fault =
            with_last(|header| (header.kind, header.payload_bytes) = (kind, length), |_| ());
        assert_eq!(fault, Fault::Length(length));
    }
}

#[test]
fn bytes_taken_out_or_put_in() {
    for hit in [1, 3, ENTRIES - 1] {
        for at in [2, 60, HEADER_BYTES, HEADER_BYTES + 5] {
            let folder = log_of(ONE_SEGMENT);
            let at = start_of(hit) + at;
            edit(&segments(folder.path())[0], |bytes| drop(bytes.drain(at..at + 20)));
            let (log, damage) = expect_damage(folder.path(), 0);
            assert_eq!(read(&log, hit + 1), (hit + 1..=ENTRIES).map(Ok).collect::<Vec<_>>());
            assert_eq!(damage.position, hit);
            assert_eq!(
                good(&log, 1),
                (1..=ENTRIES).filter(|position| *position != hit).collect::<Vec<_>>()
            );

            let folder = log_of(ONE_SEGMENT);
            edit(&segments(folder.path())[0], |bytes| drop(bytes.splice(at..at, [0x45; 5000])));
            let (log, damage) = expect_damage(folder.path(), 0);
            assert_eq!(damage.position, hit);
            assert_eq!(
                good(&log, 1),
                (1..=ENTRIES).filter(|position| *position != hit).collect::<Vec<_>>()
            );
        }
        // Between two entries: every entry is there.
        let folder = log_of(ONE_SEGMENT);
        edit(&segments(folder.path())[0], |bytes| {
            drop(bytes.splice(start_of(hit)..start_of(hit), [0; 200_000]));
        });
        let (log, _) = expect_damage(folder.path(), 0);
        assert_eq!(good(&log, 1), positions(1..=ENTRIES));
    }
}

/// Several entries lost in one hole: whoever reads from inside the hole is told.
#[test]
fn a_hole() {
    let folder = log_of(ONE_SEGMENT);
    edit(&segments(folder.path())[0], |bytes| bytes[start_of(2) + 7..start_of(5) - 3].fill(0xee));
    let (log, damage) = expect_damage(folder.path(), 0);
    assert_eq!((damage.position, damage.what), (2, Fault::Header));
    let hole = Err((2, Fault::Header));
    assert_eq!(read(&log, 1), [Ok(1), hole.clone(), Ok(5), Ok(6)]);
    for from in 2..=4 {
        assert_eq!(read(&log, from), [hole.clone(), Ok(5), Ok(6)], "from {from}");
    }
    assert_eq!(read(&log, 5), [Ok(5), Ok(6)]);
}

/// A payload may hold what looks like a frame, checksums and all. It must not come to light when the frame around it breaks.
#[test]
fn a_frame_inside_a_payload_is_no_frame() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = open(folder.path(), ONE_SEGMENT, 0).log;
    log.append(&[entry(b"the first entry, which a caller does not know")]).unwrap();
    let forged = Header {
        kind: EntryKind::Commit as u8,
        mark: [7; 8],
        position: 3,
        acknowledged_before: 1_000,
        time_millis: 0,
        payload_bytes: 0,
        payload_hash: hash(b""),
        chain: NO_CHAIN,
        erased: None,
    };
    log.append(&[entry(&forged.encode())]).unwrap();
    drop(log);
    edit(&segments(folder.path())[0], |bytes| {
        let second = HEADER_BYTES + 45;
        bytes[second + 20] ^= 1;
    });
    // Not damage made of forged evidence, but the torn append that it is.
    let opened = open(folder.path(), ONE_SEGMENT, 1);
    assert_eq!(opened.damage, None);
    assert_eq!(opened.cut.unwrap().position, 2);
    assert_eq!(opened.log.read_from(1).unwrap().count(), 1);
}

/// A file that the system cannot read: here a folder of that name.
#[test]
fn a_segment_that_cannot_be_read() {
    let folder = log_of(1);
    let segment = segments(folder.path())[2].clone();
    fs::remove_file(&segment).unwrap();
    fs::create_dir(&segment).unwrap();
    (0..50).for_each(|file| fs::write(segment.join(file.to_string()), b"").unwrap()); // some systems count them as length
    let (log, damage) = expect_damage(folder.path(), 0);
    assert_eq!(damage.position, 3);
    assert!(matches!(damage.what, Fault::Unreadable(_)), "{damage}");
    assert_eq!(good(&log, 1), [1, 2, 4, 5, 6]);
    assert_eq!(good(&log, 3), [4, 5, 6]);
}

#[test]
fn after_a_loss_that_was_accepted_the_log_goes_on() {
    for missing in 0..ENTRIES - 1 {
        let folder = log_of(1);
        fs::remove_file(&segments(folder.path())[missing as usize]).unwrap();
        let damage = expect_damage(folder.path(), 0).1;
        assert_eq!(damage.whole_until(), missing);
        let aside = tempfile::tempdir().unwrap();
        lose(folder.path(), &damage, &aside.path().join("lost")).unwrap();
        let Opened { mut log, damage, .. } = open(folder.path(), ONE_SEGMENT, 0);
        assert_eq!(damage, None, "without segment {missing}");
        fill(&mut log, ENTRIES);
        assert_eq!(good(&log, 1), positions(1..=ENTRIES));
    }
}
