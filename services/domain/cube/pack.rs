//! Bit-packed columns in memory.
//!
//! A value takes 0, 1, 2, 4, 8, 16, 32 or 64 bits; values of less than a byte are packed from the low bits up, wider ones
//! are little-endian. A column with the same value in every record takes 0 bits. On disk columns are runs, see
//! [`super::encode_column`].

/// A packed column of indices or numbers, without the values that indices refer to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed {
    /// Bits of a value.
    pub width: u8,
    /// The packed values in order.
    pub data: Vec<u8>,
}

/// Bits of an index into this number of values.
#[must_use]
pub fn width_for(values: usize) -> u8 {
    match values {
        0 | 1 => 0,
        2 => 1,
        3..=4 => 2,
        5..=16 => 4,
        17..=256 => 8,
        _ => 16,
    }
}

impl Packed {
    /// Packs indices with the width for this number of values.
    #[must_use]
    #[allow(clippy::cast_possible_truncation)] // the width was chosen so that every index fits
    pub fn indices(indices: impl ExactSizeIterator<Item = u16>, values: usize) -> Self {
        let width = width_for(values);
        let mut data = Vec::with_capacity(indices.len() * usize::from(width) / 8 + 1);
        match width {
            0 => {}
            8 => data.extend(indices.map(|index| index as u8)),
            16 => indices.for_each(|index| data.extend(index.to_le_bytes())),
            _ => {
                let per_byte = usize::from(8 / width);
                let (mut byte, mut filled) = (0u8, 0);
                for index in indices {
                    byte |= (index as u8) << (filled * usize::from(width));
                    filled += 1;
                    if filled == per_byte {
                        data.push(byte);
                        (byte, filled) = (0, 0);
                    }
                }
                if filled > 0 {
                    data.push(byte);
                }
            }
        }
        Self { width, data }
    }

    /// Packs counts with the least width of 8, 16 or 32 bits; with 0 bits if every count is 1.
    #[must_use]
    #[allow(clippy::cast_possible_truncation)] // the width was chosen so that every weight fits
    pub fn weights(weights: &[u32]) -> Self {
        let greatest = weights.iter().copied().max().unwrap_or(1);
        if weights.iter().all(|weight| *weight == 1) {
            return Self { width: 0, data: Vec::new() };
        }
        let (width, data) = match greatest {
            0..=0xFF => (8, weights.iter().map(|w| *w as u8).collect()),
            0x100..=0xFFFF => {
                (16, weights.iter().flat_map(|w| (*w as u16).to_le_bytes()).collect())
            }
            _ => (32, weights.iter().flat_map(|w| w.to_le_bytes()).collect()),
        };
        Self { width, data }
    }

    /// Packs keyed hashes, 64 bits each.
    #[must_use]
    pub fn keys(keys: &[u64]) -> Self {
        Self { width: 64, data: keys.iter().flat_map(|key| key.to_le_bytes()).collect() }
    }

    /// Bytes of this number of records of this width.
    #[must_use]
    pub fn bytes_for(records: usize, width: u8) -> usize {
        (records * usize::from(width)).div_ceil(8)
    }

    /// The number at `record`, of a column of 8 to 64 bits; 1 of a column of none (a weight).
    #[must_use]
    pub fn number(&self, record: usize) -> u64 {
        let bytes = usize::from(self.width / 8);
        if bytes == 0 {
            return 1;
        }
        let mut value = [0u8; 8];
        value[..bytes].copy_from_slice(&self.data[record * bytes..(record + 1) * bytes]);
        u64::from_le_bytes(value)
    }

    /// All indices of a column of at most 16 bits.
    #[must_use]
    pub fn unpacked(&self, records: usize) -> Vec<u16> {
        let spread = |width: usize| {
            let (per_byte, mask) = (8 / width, (1u16 << width) - 1);
            let mut indices = Vec::with_capacity(records + per_byte);
            for byte in &self.data {
                indices.extend(
                    (0..per_byte).map(|place| (u16::from(*byte) >> (place * width)) & mask),
                );
            }
            indices.truncate(records);
            indices
        };
        match self.width {
            0 => vec![0; records],
            16 => self
                .data
                .chunks_exact(2)
                .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
                .collect(),
            width => spread(usize::from(width)),
        }
    }

    /// The index at `record`, of a column of at most 16 bits.
    #[must_use]
    pub fn index(&self, record: usize) -> u16 {
        match self.width {
            0 => 0,
            16 => u16::from_le_bytes([self.data[record * 2], self.data[record * 2 + 1]]),
            width => {
                let width = usize::from(width);
                let bit = record * width;
                let mask = if width == 8 { 0xFF } else { (1u8 << width) - 1 };
                u16::from((self.data[bit / 8] >> (bit % 8)) & mask)
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
        fn indices_come_back(values in 1usize..400, seed in any::<u64>(), records in 0usize..9000) {
            let at = |i: usize| u16::try_from((seed.wrapping_mul(i as u64 + 7) >> 20) % values as u64).unwrap();
            let packed = Packed::indices((0..records).map(at), values);
            prop_assert_eq!(packed.data.len(), Packed::bytes_for(records, packed.width));
            for record in 0..records {
                prop_assert_eq!(packed.index(record), at(record));
            }
            prop_assert_eq!(packed.unpacked(records), (0..records).map(at).collect::<Vec<_>>());
        }

        #[test]
        fn weights_come_back(weights in proptest::collection::vec(1u32..100_000, 1..3000)) {
            let packed = Packed::weights(&weights);
            for (record, weight) in weights.iter().enumerate() {
                prop_assert_eq!(packed.number(record), u64::from(*weight));
            }
        }
    }

    #[test]
    fn ones_take_no_space() {
        assert!(Packed::weights(&[1; 5000]).data.is_empty());
        assert!(Packed::indices([0u16; 10].into_iter(), 1).data.is_empty());
    }
}
