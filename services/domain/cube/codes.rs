//! Columns as they are counted: one code for each record of a month, over all organisations, in as few bytes as the greatest code
//! needs.

use super::pack::Packed;

/// Codes of the records of a month, or numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Codes {
    /// The same for every record.
    Same(u32),
    /// Of one byte each.
    One(Vec<u8>),
    /// Of two bytes each.
    Two(Vec<u16>),
    /// Of four bytes each.
    Four(Vec<u32>),
}

impl Default for Codes {
    fn default() -> Self {
        Self::Same(0)
    }
}

#[allow(clippy::cast_possible_truncation, reason = "the width was chosen so that every code fits")]
impl Codes {
    /// Room for codes up to the greatest; nothing is in it yet.
    #[must_use]
    pub fn for_codes(greatest: u32, records: usize) -> Self {
        match greatest {
            0..=0xFF => Self::One(Vec::with_capacity(records)),
            0x100..=0xFFFF => Self::Two(Vec::with_capacity(records)),
            _ => Self::Four(Vec::with_capacity(records)),
        }
    }

    /// Adds what a packed column of so many records has; `code` is the code of each index.
    pub fn push(&mut self, packed: &Packed, records: usize, code: &[u32]) {
        match self {
            Self::Same(_) => {}
            Self::One(codes) => push(codes, packed, records, code, |code| code as u8),
            Self::Two(codes) => push(codes, packed, records, code, |code| code as u16),
            Self::Four(codes) => push(codes, packed, records, code, |code| code),
        }
    }

    /// Adds numbers.
    pub fn extend(&mut self, numbers: impl Iterator<Item = u32>) {
        match self {
            Self::Same(_) => {}
            Self::One(codes) => codes.extend(numbers.map(|number| number as u8)),
            Self::Two(codes) => codes.extend(numbers.map(|number| number as u16)),
            Self::Four(codes) => codes.extend(numbers),
        }
    }

    /// Adds a run of others of the same width; whether it could.
    pub fn copy(&mut self, of: &Self, range: std::ops::Range<usize>) -> bool {
        match (self, of) {
            (Self::One(codes), Self::One(of)) => codes.extend_from_slice(&of[range]),
            (Self::Two(codes), Self::Two(of)) => codes.extend_from_slice(&of[range]),
            (Self::Four(codes), Self::Four(of)) => codes.extend_from_slice(&of[range]),
            _ => return false,
        }
        true
    }

    /// The code of a record.
    #[must_use]
    pub fn at(&self, record: usize) -> u32 {
        match self {
            Self::Same(code) => *code,
            Self::One(codes) => u32::from(codes[record]),
            Self::Two(codes) => u32::from(codes[record]),
            Self::Four(codes) => codes[record],
        }
    }

    /// Bytes in memory.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match self {
            Self::Same(_) => 0,
            Self::One(codes) => codes.len(),
            Self::Two(codes) => codes.len() * 2,
            Self::Four(codes) => codes.len() * 4,
        }
    }
}

fn push<T: Copy>(
    codes: &mut Vec<T>,
    packed: &Packed,
    records: usize,
    code: &[u32],
    narrow: impl Fn(u32) -> T,
) {
    let code: Vec<T> = code.iter().map(|code| narrow(*code)).collect();
    let Some(first) = code.first() else { return };
    let meant = |index: usize| code.get(index).copied().unwrap_or(*first);
    match packed.width {
        0 => codes.extend(std::iter::repeat_n(*first, records)),
        16 => codes.extend(
            packed
                .data
                .chunks_exact(2)
                .take(records)
                .map(|two| meant(usize::from(u16::from_le_bytes([two[0], two[1]])))),
        ),
        8 => codes.extend(packed.data.iter().take(records).map(|index| meant(usize::from(*index)))),
        width => {
            let (width, per_byte) = (usize::from(width), 8 / usize::from(width));
            let mask = (1usize << width) - 1;
            let mut rest = records;
            for byte in packed.data.iter().map(|byte| usize::from(*byte)) {
                let places = 0..per_byte.min(rest);
                rest -= places.len();
                codes.extend(places.map(|place| meant((byte >> (place * width)) & mask)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn codes_are_those_of_the_packed_column(
            values in 1usize..400, records in 0usize..5000, seed in any::<u64>(), greatest in 1u32..100_000,
        ) {
            let at = |i: usize| u16::try_from((seed.wrapping_mul(i as u64 + 7) >> 20) % values as u64).unwrap();
            let packed = Packed::indices((0..records).map(at), values);
            let code: Vec<u32> = (0..values).map(|n| u32::try_from(n).unwrap() * 7919 % (greatest + 1)).collect();
            let mut codes = Codes::for_codes(greatest, records * 2);
            codes.push(&packed, records, &code);
            let mut copied = Codes::for_codes(greatest, records);
            prop_assert!(copied.copy(&codes, 0..records));
            prop_assert_eq!(&copied, &codes);
            codes.push(&packed, records, &code);
            for record in 0..records {
                let index = if values == 1 { 0 } else { usize::from(at(record)) };
                prop_assert_eq!(codes.at(record), code[index]);
                prop_assert_eq!(codes.at(records + record), code[index]);
            }
        }
    }
}
