//! The counting kernel: columns of codes into cells, 4,096 records at a time.

use std::ops::Range;

use super::axis::Cube;
use super::codes::Codes;

const CHUNK: usize = 4096;
/// Number of tables counted side by side. In a single table equal cells in a row wait for each other's store; more than two take more of the
/// nearest cache than they gain.
const LANES: usize = 2;
/// Most cells for counting in lanes. With more cells the lanes do not fit the cache, and equal neighbours are rare. Few in tests, so that
/// there are both.
const LANED: usize = if cfg!(test) { 1 << 10 } else { 1 << 14 };

/// What each code of a column adds to the number of a cell ([`Cube::REJECT`]: the record is not counted).
#[derive(Clone, Debug)]
pub struct Adds {
    /// By code, so long that every byte finds one.
    of: Vec<u32>,
    /// What every code behind the last one adds.
    behind: u32,
}

impl Adds {
    /// What each code adds. A record with a code behind the last one is not counted.
    #[must_use]
    pub fn new(mut of: Vec<u32>) -> Self {
        of.resize(of.len().max(256), Cube::REJECT);
        Self { of, behind: Cube::REJECT }
    }

    /// Every code adds nothing.
    #[must_use]
    pub fn nothing() -> Self {
        Self { of: vec![0; 256], behind: 0 }
    }

    /// What each code adds, by code. A code behind the last one is not counted, unless nothing is added at all.
    #[must_use]
    pub fn numbers(&self) -> &[u32] {
        &self.of
    }

    /// Whether every code adds nothing.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.behind == 0 && self.of.iter().all(|adds| *adds == 0)
    }

    /// What a code adds.
    #[must_use]
    pub fn of(&self, code: u32) -> u32 {
        self.of.get(code as usize).copied().unwrap_or(self.behind)
    }
}

/// What some columns of a record add to the number of its cell.
#[derive(Clone, Debug)]
pub enum Term<'a> {
    /// One column.
    Alone(&'a Codes, &'a Adds),
    /// Several columns that say something together only: the sum of what they add is looked up.
    Together(Vec<(&'a Codes, &'a Adds)>, &'a Adds),
}

impl<'a> Term<'a> {
    /// The column and what its codes add, if it is alone and of bytes.
    fn bytes(&self) -> Option<(&'a [u8], &'a [u32; 256])> {
        match self {
            Self::Alone(Codes::One(codes), adds) => Some((codes, adds.of.first_chunk()?)),
            Self::Alone(..) | Self::Together(..) => None,
        }
    }

    /// The same if it is of two bytes.
    fn words(&self) -> Option<(&'a [u16], &'a Adds)> {
        match self {
            Self::Alone(Codes::Two(codes), adds) => Some((codes, adds)),
            Self::Alone(..) | Self::Together(..) => None,
        }
    }
}

/// Records in a row that start from the same cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// The records, by their number in the month.
    pub records: Range<usize>,
    /// Number of the cell where they start.
    pub base: u32,
}

/// The records of a month that are counted.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    /// What decides the cell of a record.
    pub terms: Vec<Term<'a>>,
    /// How many consultations or people each record stands for.
    pub weights: &'a Codes,
    /// Which records.
    pub stretches: Vec<Stretch>,
}

impl Records<'_> {
    /// Calls `then` with the cell numbers of each chunk of records and the number of its first record.
    pub fn chunks(&self, mut then: impl FnMut(usize, &[u32])) {
        let mut cells = [0u32; CHUNK];
        let mut sums = [0u32; CHUNK];
        for Stretch { records, base } in &self.stretches {
            for start in records.clone().step_by(CHUNK) {
                let length = CHUNK.min(records.end - start);
                let cells = &mut cells[..length];
                cells.fill(*base);
                for term in &self.terms {
                    match term {
                        Term::Alone(codes, adds) => add(codes, adds, start, cells),
                        Term::Together(columns, adds) => {
                            let sums = &mut sums[..length];
                            sums.fill(0);
                            columns.iter().for_each(|(codes, of)| add(codes, of, start, sums));
                            for (cell, sum) in cells.iter_mut().zip(&*sums) {
                                *cell += adds.of(*sum);
                            }
                        }
                    }
                }
                then(start, cells);
            }
        }
    }
}

fn add(codes: &Codes, adds: &Adds, start: usize, cells: &mut [u32]) {
    match codes {
        Codes::Same(code) => {
            let add = adds.of(*code);
            cells.iter_mut().for_each(|cell| *cell += add);
        }
        Codes::One(codes) => {
            let Some(adds) = adds.of.first_chunk::<256>() else { return };
            for (cell, code) in cells.iter_mut().zip(&codes[start..]) {
                *cell += adds[usize::from(*code)];
            }
        }
        Codes::Two(codes) => {
            for (cell, code) in cells.iter_mut().zip(&codes[start..]) {
                *cell += adds.of(u32::from(*code));
            }
        }
        Codes::Four(codes) => {
            for (cell, code) in cells.iter_mut().zip(&codes[start..]) {
                *cell += adds.of(*code);
            }
        }
    }
}

/// Counts of one thread. Records of weight 1 are counted in small numbers, in lanes.
pub struct Counter {
    size: usize,
    lanes: usize,
    ones: Vec<u32>,
    /// Records of other weights; empty until there is one.
    sums: Vec<u64>,
}

impl Counter {
    fn lanes(size: usize) -> usize {
        if size <= LANED { LANES } else { 1 }
    }

    /// Bytes in memory of the counts of a table of so many cells.
    #[must_use]
    pub fn memory(size: usize) -> usize {
        (size + 1) * (Self::lanes(size) * size_of::<u32>() + size_of::<u64>())
    }

    /// Counts nothing yet, of a table of so many cells.
    #[must_use]
    pub fn new(size: usize) -> Self {
        let lanes = Self::lanes(size);
        // One place more: where rejected records go.
        Self { size, lanes, ones: vec![0; (size + 1) * lanes], sums: Vec::new() }
    }

    /// Counts some records.
    pub fn add(&mut self, records: &Records<'_>) {
        if *records.weights == Codes::Same(1) {
            return self.add_ones(records);
        }
        let (size, sums) = (self.size, &mut self.sums);
        sums.resize(size + 1, 0);
        records.chunks(|start, cells| {
            for (offset, cell) in cells.iter().enumerate() {
                let weight = records.weights.at(start + offset);
                sums[(*cell as usize).min(size)] += u64::from(weight);
            }
        });
    }

    fn add_ones(&mut self, records: &Records<'_>) {
        let columns: Option<Vec<_>> = records.terms.iter().map(Term::bytes).collect();
        match columns.as_deref() {
            Some([a]) => return self.add_bytes([*a], &records.stretches),
            Some([a, b]) => return self.add_bytes([*a, *b], &records.stretches),
            Some([a, b, c]) => return self.add_bytes([*a, *b, *c], &records.stretches),
            Some([a, b, c, d]) => return self.add_bytes([*a, *b, *c, *d], &records.stretches),
            _ => {}
        }
        let (words, others): (Vec<_>, Vec<_>) =
            records.terms.iter().partition(|term| term.words().is_some());
        let words: Vec<_> = words.into_iter().filter_map(Term::words).collect();
        let bytes: Option<Vec<_>> = others.into_iter().map(Term::bytes).collect();
        match (words.as_slice(), bytes.as_deref()) {
            ([words], Some([])) => return self.add_words(*words, [], &records.stretches),
            ([words], Some([a])) => return self.add_words(*words, [*a], &records.stretches),
            ([words], Some([a, b])) => {
                return self.add_words(*words, [*a, *b], &records.stretches);
            }
            _ => {}
        }
        let (size, last, ones) = (self.size, self.lanes - 1, &mut self.ones);
        records.chunks(|_, cells| {
            for (number, cell) in cells.iter().enumerate() {
                let lane = (number & last) * (size + 1);
                ones[lane + (*cell as usize).min(size)] += 1;
            }
        });
    }

    /// The same for a column of two bytes and others of one, in one pass.
    fn add_words<const N: usize>(
        &mut self,
        (words, of_word): (&[u16], &Adds),
        columns: [(&[u8], &[u32; 256]); N],
        stretches: &[Stretch],
    ) {
        let behind = of_word.behind;
        for Stretch { records, base } in stretches {
            let words = &words[records.clone()];
            let columns =
                columns.map(|(codes, adds)| (&codes[records.clone()][..words.len()], adds));
            self.count(words.len(), |record| {
                let of_word = of_word.of.get(usize::from(words[record])).copied();
                let adds = columns.iter().map(|(codes, adds)| adds[usize::from(codes[record])]);
                adds.fold(base.wrapping_add(of_word.unwrap_or(behind)), u32::wrapping_add)
            });
        }
    }

    /// The same for columns of bytes, in one pass.
    fn add_bytes<const N: usize>(
        &mut self,
        columns: [(&[u8], &[u32; 256]); N],
        stretches: &[Stretch],
    ) {
        for Stretch { records, base } in stretches {
            let columns = columns.map(|(codes, adds)| (&codes[records.clone()], adds));
            self.count(records.len(), |record| {
                let adds = columns.iter().map(|(codes, adds)| adds[usize::from(codes[record])]);
                adds.fold(*base, u32::wrapping_add)
            });
        }
    }

    /// Counts the cell of each of so many records.
    fn count(&mut self, records: usize, cell: impl Fn(usize) -> u32) {
        let size = self.size;
        let cell = |record: usize| (cell(record) as usize).min(size);
        if self.lanes < LANES {
            let ones = &mut self.ones[..=size];
            (0..records).for_each(|record| ones[cell(record)] += 1);
            return;
        }
        let (lane0, lane1) = self.ones.split_at_mut(size + 1);
        let lane1 = &mut lane1[..=size];
        let pairs = records / LANES;
        for pair in 0..pairs {
            let first = pair * LANES;
            lane0[cell(first)] += 1;
            lane1[cell(first + 1)] += 1;
        }
        for record in pairs * LANES..records {
            lane0[cell(record)] += 1;
        }
    }

    /// Adds what was counted in each cell.
    pub fn add_to(&self, counts: &mut [u64]) {
        counts.iter_mut().zip(&self.sums).for_each(|(count, sum)| *count += sum);
        for lane in self.ones.chunks_exact(self.size + 1) {
            counts.iter_mut().zip(lane).for_each(|(count, ones)| *count += u64::from(*ones));
        }
    }
}

#[cfg(test)]
#[allow(clippy::cast_possible_truncation, reason = "small numbers")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn codes(greatest: u32, of: impl Iterator<Item = u32>) -> Codes {
        let mut codes = Codes::for_codes(greatest, 0);
        codes.extend(of);
        codes
    }

    proptest! {
        #[test]
        fn counts_are_those_of_a_plain_loop(
            values_a in 1usize..300, values_b in 1usize..20, records in 0usize..20_000,
            seed in any::<u64>(), weighted in any::<bool>(), reject in any::<bool>(),
        ) {
            let at = |i: usize, salt: u64, n: usize| {
                let mixed = (seed ^ salt).wrapping_add(i as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
                ((mixed >> 33) % n as u64) as u32
            };
            let column = |salt, n| codes(n as u32 - 1, (0..records).map(|i| at(i, salt, n)));
            let (a, b) = (column(1, values_a), column(2, values_b));
            let weights = if weighted {
                codes(500, (0..records).map(|i| 1 + at(i, 9, 500)))
            } else {
                Codes::Same(1)
            };
            let cube = Cube::new(vec![values_a, values_b]);
            let mut adds_a: Vec<u32> = (0..values_a as u32).map(|v| v * cube.stride(0)).collect();
            if reject { adds_a[0] = Cube::REJECT; }
            let (adds_a, adds_b) = (Adds::new(adds_a), Adds::new((0..values_b as u32).collect()));
            // The same, where both say something together only.
            let pairs = values_a.max(values_b) as u32;
            let first = Adds::new((0..values_a as u32).map(|v| v * pairs).collect());
            let both = (0..(values_a as u32) * pairs).map(|pair| {
                let (a, b) = (pair / pairs, pair % pairs);
                if reject && a == 0 { Cube::REJECT } else { a * cube.stride(0) + b }
            });
            let both = Adds::new(both.collect());
            let mut expected = vec![0u64; values_a * values_b];
            for i in 0..records {
                if reject && a.at(i) == 0 { continue }
                let cell = a.at(i) as usize * values_b + b.at(i) as usize;
                expected[cell] += u64::from(weights.at(i));
            }
            let half = records / 3;
            let runs = vec![Stretch { records: 0..half, base: 0 }, Stretch { records: half..records, base: 0 }];
            let alone = vec![Term::Alone(&a, &adds_a), Term::Alone(&b, &adds_b)];
            let together = vec![Term::Together(vec![(&a, &first), (&b, &adds_b)], &both)];
            for terms in [alone, together] {
                let mut counter = Counter::new(values_a * values_b);
                counter.add(&Records { terms, weights: &weights, stretches: runs.clone() });
                let mut counts = vec![0; values_a * values_b];
                counter.add_to(&mut counts);
                prop_assert_eq!(&counts, &expected);
            }
        }
    }
}
