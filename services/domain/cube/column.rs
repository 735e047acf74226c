//! A column as a pack keeps it: its indices or numbers as one run of numbers. A column of the same value has no bytes.

use super::numbers::{put_numbers, take_numbers};
use super::pack::Packed;

/// The column of this many records as a run.
#[must_use]
pub fn encode_column(packed: &Packed, records: usize) -> Vec<u8> {
    let mut out = Vec::new();
    match packed.width {
        0 => {}
        1..=16 => put_numbers(
            &mut out,
            &packed.unpacked(records).into_iter().map(u64::from).collect::<Vec<_>>(),
        ),
        _ => put_numbers(
            &mut out,
            &(0..records).map(|record| packed.number(record)).collect::<Vec<_>>(),
        ),
    }
    out
}

/// The column of a run, with values of this many bits; `None` if the bytes are no column of so many records.
#[must_use]
pub fn decode_column(mut bytes: &[u8], width: u8, records: usize) -> Option<Packed> {
    if width == 0 {
        return bytes.is_empty().then_some(Packed { width, data: Vec::new() });
    }
    if width > 64 || !width.is_power_of_two() {
        return None;
    }
    // The reservation is bounded by what so few bytes can be meant for; a run of a rule alone is longer and grows.
    let mut data = Vec::with_capacity(Packed::bytes_for(records.min(bytes.len() * 8), width));
    let (mut fits, mut byte, mut filled) = (true, 0u8, 0u8);
    take_numbers(&mut bytes, records, |number| {
        fits &= width == 64 || number >> width == 0;
        let low = number.to_le_bytes();
        if width >= 8 {
            data.extend_from_slice(&low[..usize::from(width / 8)]);
            return;
        }
        byte |= low[0] << filled;
        filled += width;
        if filled == 8 {
            data.push(byte);
            (byte, filled) = (0, 0);
        }
    })?;
    if filled > 0 {
        data.push(byte);
    }
    (fits && bytes.is_empty()).then_some(Packed { width, data })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn columns_come_back(values in 1usize..400, seed in any::<u64>(), records in 0usize..3000) {
            let at = |i: usize| {
                u16::try_from((seed.wrapping_mul(i as u64 + 7) >> 20) % values as u64).unwrap()
            };
            let packed = Packed::indices((0..records).map(at), values);
            let run = encode_column(&packed, records);
            prop_assert_eq!(decode_column(&run, packed.width, records), Some(packed));
        }

        #[test]
        fn weights_come_back(weights in proptest::collection::vec(1u32..100_000, 1..300)) {
            let packed = Packed::weights(&weights);
            let run = encode_column(&packed, weights.len());
            prop_assert_eq!(decode_column(&run, packed.width, weights.len()), Some(packed));
        }

        #[test]
        fn hostile_columns_do_not_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..60), width in any::<u8>(), records in 0usize..200,
        ) {
            if let Some(packed) = decode_column(&bytes, width, records) {
                prop_assert_eq!(packed.data.len(), Packed::bytes_for(records, width));
            }
        }
    }

    #[test]
    fn a_value_that_occurs_nearly_always_takes_next_to_nothing() {
        let packed = Packed::indices((0..2000).map(|i| if i % 100 == 0 { 3 } else { 2 }), 5);
        assert!(encode_column(&packed, 2000).len() < 60);
    }
}
