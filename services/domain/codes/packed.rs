//! Long texts of the reference content in the form of gzip, as they are embedded. Reading with `std::io` would be no part of the domain.

use flate2::{Decompress, FlushDecompress};

/// Bytes before the deflated text: magic number, method, no flags, time, level, system.
const HEADER: usize = 10;
/// Bytes behind it: checksum and length of the text.
const TRAILER: usize = 8;
/// Magic number of gzip, deflate, no flags: without a name in it the header has 10 bytes.
const BEGINS: [u8; 4] = [0x1f, 0x8b, 8, 0];

/// A text, and what it was made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unpacked<'a> {
    pub(super) text: String,
    pub(super) deflated: &'a [u8],
}

/// The text of a gzip of one member without a name; none if it is something else, or damaged.
pub(super) fn unpacked(gzip: &[u8]) -> Option<Unpacked<'_>> {
    let (deflated, trailer) = gzip.split_at_checked(gzip.len().checked_sub(TRAILER)?)?;
    let (header, deflated) = deflated.split_at_checked(HEADER)?;
    let length = u32::from_le_bytes(trailer.get(4..)?.try_into().ok()?);
    let mut text = Vec::with_capacity(usize::try_from(length).ok()?);
    let mut inflate = Decompress::new(false);
    inflate.decompress_vec(deflated, &mut text, FlushDecompress::Finish).ok()?;
    let mut checksum = crc32fast::Hasher::new();
    checksum.update(&text);
    let is_whole = trailer.starts_with(&checksum.finalize().to_le_bytes());
    let text = String::from_utf8(text).ok()?;
    (header.starts_with(&BEGINS) && is_whole).then_some(Unpacked { text, deflated })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::codes::Content;

    #[test]
    fn what_is_embedded_unpacks_and_what_is_damaged_does_not() {
        let bytes = include_bytes!("data/lsoa_lookup.csv.gz");
        let text = unpacked(bytes).unwrap().text;
        assert_eq!(text, Content::embedded().file("lsoa_lookup.csv").unwrap());
        assert_eq!(text.lines().count(), 33_856);
        for place in [0, 3, 5_000, bytes.len() - 6] {
            let mut damaged = bytes.to_vec();
            damaged[place] ^= 1;
            assert_eq!(unpacked(&damaged), None, "byte {place}");
        }
        assert_eq!(unpacked(&bytes[..bytes.len() - 1]), None);
        assert_eq!(unpacked(&bytes[..9]), None);
    }
}
