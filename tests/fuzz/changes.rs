//! Changes to bytes, as faults and attackers make them.

use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Longest input.
pub(super) const LONGEST: usize = 64 << 10;

#[derive(Clone, Debug)]
enum Change {
    Flip(Index, u8),
    Set(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, usize),
    Truncate(Index),
    /// So many bytes once more, so many times.
    Repeat(Index, usize, usize),
    /// A part of another good input.
    Splice(Index, Index, Vec<u8>),
}

/// Bytes that decoders care about: bounds of numbers, lengths that promise too much, signs of text formats.
fn telling() -> impl Strategy<Value = Vec<u8>> {
    let numbers: &[&[u8]] = &[
        &[0],
        &[0x7f],
        &[0x80],
        &[0xff],
        &[0xff; 4],
        &[0xff; 8],
        &[0, 0, 0, 0x80],
        &[0xff, 0xff, 0xff, 0xff, 0x0f],
        &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
        &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
        &[0x80, 0],
    ];
    let texts: &[&[u8]] = &[
        b"\"",
        b",",
        b"\n",
        b"\r\n",
        b";",
        b"\t",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\xc3",
        "é".as_bytes(),
        b"-",
        b"0",
        b"1e308",
        b"NaN",
        b"99999999999999999999",
        b"\0",
        b"=",
        b"\x1f\x8b\x08",
        b"PK\x03\x04",
    ];
    let telling: Vec<_> = numbers.iter().chain(texts).map(|bytes| bytes.to_vec()).collect();
    prop_oneof![3 => select(telling), 1 => prop::collection::vec(any::<u8>(), 1..9)]
}

fn change(good: &[Vec<u8>]) -> impl Strategy<Value = Change> + use<> {
    let at = any::<Index>;
    prop_oneof![
        (at(), 0..8_u8).prop_map(|(at, bit)| Change::Flip(at, bit)),
        (at(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        (at(), telling()).prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        (at(), 1..64_usize).prop_map(|(at, count)| Change::Remove(at, count)),
        at().prop_map(Change::Truncate),
        (at(), 1..64_usize, 1..40_usize)
            .prop_map(|(at, count, times)| Change::Repeat(at, count, times)),
        (at(), at(), select(good.to_vec()))
            .prop_map(|(at, from, other)| Change::Splice(at, from, other)),
    ]
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    let length = bytes.len();
    let place = |at: &Index| at.index(length + 1);
    match change {
        Change::Flip(at, bit) => {
            bytes.get_mut(place(at)).into_iter().for_each(|byte| *byte ^= 1 << bit);
        }
        Change::Set(at, new) => bytes.get_mut(place(at)).into_iter().for_each(|byte| *byte = *new),
        Change::Insert(at, new) => drop(bytes.splice(place(at)..place(at), new.iter().copied())),
        Change::Remove(at, count) => drop(bytes.drain(place(at)..length.min(place(at) + count))),
        Change::Truncate(at) => bytes.truncate(place(at)),
        Change::Repeat(at, count, times) => {
            let part = bytes[place(at)..length.min(place(at) + count)].repeat(*times);
            bytes.splice(place(at)..place(at), part);
        }
        Change::Splice(at, from, other) => {
            let part = other[from.index(other.len() + 1)..].to_vec();
            bytes.splice(place(at)..place(at), part);
        }
    }
    bytes.truncate(LONGEST);
}

/// Good inputs with a few changes.
pub(super) fn changed(good: &[Vec<u8>]) -> impl Strategy<Value = Vec<u8>> + use<> {
    (select(good.to_vec()), prop::collection::vec(change(good), 0..6)).prop_map(
        |(mut bytes, changes)| {
            changes.iter().for_each(|change| apply(&mut bytes, change));
            bytes
        },
    )
}
