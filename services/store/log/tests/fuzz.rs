//! Frames that somebody has forged: their checksums are right, and everything else may be wrong.

use super::*;
use crate::store::log::frame::Header;

/// Makes the checksum of a header right.
fn seal(header: &mut [u8]) {
    let checksum = crc32fast::hash(&header[..HEADER_BYTES - 4]).to_le_bytes();
    header[HEADER_BYTES - 4..HEADER_BYTES].copy_from_slice(&checksum);
}

fn segment() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let mut opened = open(folder.path(), ONE_SEGMENT, 0);
    fill(&mut opened.log, 4);
    fs::read(&segments(folder.path())[0]).unwrap()
}

#[test]
fn fuzz_headers_of_frames() {
    let good = segment()[..HEADER_BYTES].to_vec();
    crate::fuzz::fuzz("headers of frames", &[good], |bytes| {
        let Some(mut header) = bytes.first_chunk::<HEADER_BYTES>().copied() else { return };
        seal(&mut header);
        if let Ok(read) = Header::decode(&header, None) {
            // What the three bytes hold that have a meaning for an erased payload alone is not kept.
            if read.erased.is_none() {
                header[5..8].fill(0);
            }
            seal(&mut header);
            assert_eq!(read.encode(), header);
        }
    });
}

#[test]
fn fuzz_segments() {
    let good = segment();
    let starts: Vec<usize> =
        (1..=4).map(|p| (1..p).map(frame_bytes).sum::<u64>() as usize).collect();
    crate::fuzz::fuzz("segments", &[good], |bytes| {
        let mut forged = bytes.to_vec();
        for start in &starts {
            if let Some(header) = forged.get_mut(*start..start + HEADER_BYTES) {
                seal(header);
            }
        }
        for bytes in [bytes, &forged] {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join(format!("{:020}.seg", 1)), bytes).unwrap();
            for acknowledged in [0, 4] {
                let opened = SegmentLog::read_only(folder.path(), &[acknowledged.into()]).unwrap();
                let entries = opened.log.read_from(1).unwrap().flatten();
                let positions: Vec<_> = entries.map(|entry| entry.place.position).collect();
                assert!(positions.is_sorted_by(|one, next| one < next), "{positions:?}");
            }
        }
    });
}
