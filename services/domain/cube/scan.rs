//! The counting kernels: columns into cells, 4,096 records at a time.

use std::ops::RangeInclusive;

use super::axis::{Cells, Cube, Part};
use super::pack::Packed;

const CHUNK: usize = 4096;
/// Number of tables counted side by side. In a single table equal cells in a row wait for each other's store.
const LANES: usize = 4;
/// Most cells for counting in lanes. With more cells the lanes do not fit the cache, and equal neighbours are rare.
const LANED: usize = 1 << 14;
/// Least number of persons collected before duplicates are removed.
const ROOM: usize = 1 << 21;

/// A person key and the cell that a record of the person falls into.
pub type Person = (u64, u32);

/// Counts the records of every part into a table of this shape.
#[must_use]
pub fn count<'a>(cube: &Cube, parts: impl IntoIterator<Item = &'a Part>) -> Cells {
    let mut cells = cube.empty();
    let mut table = ThreadCounts::new(cells.counts().len());
    for part in parts {
        table.add(part);
    }
    cells.counts_mut().copy_from_slice(&table.sums());
    cells
}

/// The distinct persons of every cell.
pub struct Persons {
    among: RangeInclusive<u64>,
    found: Vec<Person>,
    /// Number of persons collected before duplicates are removed.
    room: usize,
}

impl Persons {
    /// Starts empty, and accepts only person keys within this range.
    #[must_use]
    pub fn new(among: RangeInclusive<u64>) -> Self {
        Self { among, found: Vec::new(), room: ROOM }
    }

    /// Adds the persons of a part by its column of person keys; records without one do not count.
    pub fn add(&mut self, part: &Part, keys: &Packed) {
        chunks(part, |start, cells| {
            for (offset, cell) in cells.iter().enumerate().filter(|(_, c)| **c < Part::REJECT) {
                let key = keys.number(start + offset);
                if key != 0 && self.among.contains(&key) {
                    self.found.push((key, *cell));
                }
            }
            if self.found.len() > self.room {
                self.settle();
                self.room = ROOM.max(self.found.len() * 2);
            }
        });
    }

    /// Every person and cell once, in order of person.
    #[must_use]
    pub fn sorted(mut self) -> Vec<Person> {
        self.settle();
        self.found
    }

    fn settle(&mut self) {
        self.found.sort_unstable();
        self.found.dedup();
    }
}

/// Sum of the weights of the records without a person key, by the part's column of person keys. Records outside every cell do
/// not count.
#[must_use]
pub fn without_person(part: &Part, keys: &Packed) -> u64 {
    let mut sum = 0;
    chunks(part, |start, cells| {
        for (offset, _) in cells.iter().enumerate().filter(|(_, c)| **c < Part::REJECT) {
            if keys.number(start + offset) == 0 {
                sum += part.weights.number(start + offset);
            }
        }
    });
    sum
}

/// Calls `then` with the cell numbers of each chunk of records and the number of its first record.
fn chunks(part: &Part, mut then: impl FnMut(usize, &[u32])) {
    let luts: Vec<_> =
        part.columns.iter().map(|(packed, adds)| (packed.as_ref(), table_of(adds))).collect();
    let mut cells = [0u32; CHUNK];
    for start in (0..part.records).step_by(CHUNK) {
        let cells = &mut cells[..CHUNK.min(part.records - start)];
        cells.fill(part.base);
        for (packed, lut) in &luts {
            add(packed, lut, start, cells);
        }
        then(start, cells);
    }
}

/// Adds of an index, long enough that any byte (or any 16-bit index, for wide columns) finds one.
fn table_of(adds: &[u32]) -> Vec<u32> {
    let mut lut = adds.to_vec();
    lut.resize(lut.len().max(256), Part::REJECT);
    lut
}

fn add(packed: &Packed, lut: &[u32], start: usize, cells: &mut [u32]) {
    let data = &packed.data[Packed::bytes_for(start, packed.width)..];
    let Some(bytes) = lut.first_chunk::<256>() else { return };
    let bytes: &[u32; 256] = bytes;
    match packed.width {
        1 => spread::<1, 8>(data, bytes, cells),
        2 => spread::<2, 4>(data, bytes, cells),
        4 => spread::<4, 2>(data, bytes, cells),
        8 => {
            for (cell, byte) in cells.iter_mut().zip(data) {
                *cell += bytes[usize::from(*byte)];
            }
        }
        16 => {
            for (cell, pair) in cells.iter_mut().zip(data.chunks_exact(2)) {
                let index = usize::from(u16::from_le_bytes([pair[0], pair[1]]));
                *cell += lut.get(index).copied().unwrap_or(Part::REJECT);
            }
        }
        _ => {}
    }
}

#[inline]
fn spread<const WIDTH: usize, const PER_BYTE: usize>(
    data: &[u8],
    lut: &[u32; 256],
    cells: &mut [u32],
) {
    let mask = (1u8 << WIDTH) - 1;
    let whole = cells.len() / PER_BYTE;
    let (full, rest) = cells.split_at_mut(whole * PER_BYTE);
    let decode = |group: &mut [u32], byte: u8| {
        for (place, cell) in group.iter_mut().enumerate() {
            *cell += lut[usize::from((byte >> (place * WIDTH)) & mask)];
        }
    };
    for (group, byte) in full.chunks_exact_mut(PER_BYTE).zip(data) {
        decode(group, *byte);
    }
    if let Some(byte) = data.get(whole) {
        decode(rest, *byte);
    }
}

/// Counts of one thread. Records of weight 1 are counted in small numbers, in lanes.
struct ThreadCounts {
    size: usize,
    lanes: usize,
    ones: Vec<u32>,
    sums: Vec<u64>,
}

impl ThreadCounts {
    fn new(size: usize) -> Self {
        let lanes = if size <= LANED { LANES } else { 1 };
        // One place more: where rejected records go.
        Self { size, lanes, ones: vec![0; (size + 1) * lanes], sums: vec![0; size + 1] }
    }

    fn add(&mut self, part: &Part) {
        let size = self.size;
        let place = |cell: u32| (cell as usize).min(size);
        if part.weights.width == 0 {
            let (lanes, ones) = (self.lanes, &mut self.ones);
            chunks(part, |_, cells| {
                if lanes == LANES {
                    let (lane0, rest) = ones.split_at_mut(size + 1);
                    let (lane1, rest) = rest.split_at_mut(size + 1);
                    let (lane2, lane3) = rest.split_at_mut(size + 1);
                    let mut fours = cells.chunks_exact(4);
                    for four in &mut fours {
                        lane0[place(four[0])] += 1;
                        lane1[place(four[1])] += 1;
                        lane2[place(four[2])] += 1;
                        lane3[place(four[3])] += 1;
                    }
                    for cell in fours.remainder() {
                        lane0[place(*cell)] += 1;
                    }
                } else {
                    for cell in cells {
                        ones[place(*cell)] += 1;
                    }
                }
            });
        } else {
            let sums = &mut self.sums;
            chunks(part, |start, cells| {
                for (offset, cell) in cells.iter().enumerate() {
                    sums[place(*cell)] += part.weights.number(start + offset);
                }
            });
        }
    }

    fn sums(mut self) -> Vec<u64> {
        for lane in self.ones.chunks_exact(self.size + 1) {
            self.sums.iter_mut().zip(lane).for_each(|(sum, ones)| *sum += u64::from(*ones));
        }
        self.sums.truncate(self.size);
        self.sums
    }
}

#[cfg(test)]
#[allow(clippy::cast_possible_truncation, clippy::type_complexity, reason = "small numbers")]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::super::axis::Axis;
    use super::*;

    proptest! {
        #[test]
        fn counts_are_those_of_a_plain_loop(
            values_a in 1usize..300, values_b in 1usize..20, records in 0usize..20_000,
            seed in any::<u64>(), weighted in any::<bool>(), reject in any::<bool>(),
        ) {
            let at = |i: usize, salt: u64, n: usize| {
                let mixed = (seed ^ salt).wrapping_add(i as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
                usize::try_from((mixed >> 33) % n as u64).unwrap()
            };
            let column = |salt, n| {
                let indices = (0..records).map(|i| u16::try_from(at(i, salt, n)).unwrap());
                Arc::new(Packed::indices(indices, n))
            };
            let weights: Vec<u32> = (0..records).map(|i| if weighted { 1 + at(i, 9, 500) as u32 } else { 1 }).collect();
            let cube = Cube::new(vec![Axis { places: values_a }, Axis { places: values_b }]);
            let mut adds_a: Vec<u32> = (0..values_a as u32).map(|v| v * cube.stride(0)).collect();
            if reject { adds_a[0] = Part::REJECT; }
            let adds_b: Vec<u32> = (0..values_b as u32).collect();
            let part = Part {
                records, base: 0,
                columns: vec![(column(1, values_a), adds_a), (column(2, values_b), adds_b)],
                weights: Arc::new(Packed::weights(&weights)),
            };
            let mut expected = vec![0u64; values_a * values_b];
            for i in 0..records {
                let a = if values_a == 1 { 0 } else { at(i, 1, values_a) };
                // A column of one value has no bits: the caller puts its add into the base.
                if values_a > 1 && reject && a == 0 { continue }
                expected[a * values_b + at(i, 2, values_b)] += u64::from(weights[i]);
            }
            let parts = vec![part.clone(), Part { records: 0, ..part.clone() }, part];
            let counted = count(&cube, &parts);
            let twice: Vec<_> = expected.iter().map(|n| n * 2).collect();
            prop_assert_eq!(counted.counts(), &twice[..]);
        }
    }

    #[test]
    fn a_person_counts_once_in_each_cell() {
        let column = Packed::indices([0u16, 1, 0, 0, 1].into_iter(), 2);
        let keys = Arc::new(Packed::keys(&[7, 7, 7, 0, 9]));
        let weights = Arc::new(Packed { width: 0, data: vec![] });
        let part =
            Part { records: 5, base: 0, columns: vec![(Arc::new(column), vec![0, 1])], weights };
        let among = |keys_among| {
            let mut persons = Persons { room: 2, ..Persons::new(keys_among) };
            persons.add(&part, &keys);
            persons.add(&part, &keys);
            persons.sorted()
        };
        assert_eq!(among(0..=u64::MAX), [(7, 0), (7, 1), (9, 1)]);
        assert_eq!(among(0..=7), [(7, 0), (7, 1)]);
        assert_eq!(among(8..=u64::MAX), [(9, 1)]);
    }

    #[test]
    fn records_without_a_key_count_for_what_they_stand_for_unless_rejected() {
        let column = Arc::new(Packed::indices([0u16, 1, 0, 1].into_iter(), 2));
        let keys = Arc::new(Packed::keys(&[7, 0, 0, 0]));
        let part = |weights: Packed| Part {
            records: 4,
            base: 0,
            columns: vec![(Arc::clone(&column), vec![0, Part::REJECT])],
            weights: Arc::new(weights),
        };
        let one = part(Packed { width: 0, data: vec![] });
        let many = part(Packed::weights(&[1, 20, 300, 4000]));
        assert_eq!(without_person(&one, &keys), 1);
        assert_eq!(without_person(&many, &keys), 300);
    }
}
