//! Runs of numbers of few kinds: a number takes the fewer bits, the more often it occurs (rANS, a range coder).
//!
//! A run is: one byte with the bits of the scale, the number of kinds, the kinds' numbers and their shares of the scale as runs
//! of windows, the coder's state, and words of 16 bits. Half of a column's records often have one value: it takes one bit, and a
//! value of nine tenths takes a seventh of one, which no run of equal width can do.

use super::varint::{put, take};
use super::windows::{put_windows, take_windows};

/// Runs with a number of this or more, of more kinds or of fewer numbers are not for this form: tables would eat the gain.
const LIMIT: u64 = 1 << 12;
const MOST_KINDS: usize = 1 << 10;
const FEWEST_NUMBERS: usize = 32;
/// Most bits of the scale: a table of so many places fits the nearest cache.
const WIDEST: u32 = 12;
/// A state is never less than this between two numbers, so a word of 16 bits refills it.
const LEAST: u32 = 1 << 16;
/// From this many numbers on two states take turns, so that neither waits for the other.
const TWO_STATES: usize = 1 << 12;

/// The kinds of numbers of a run, and how much of the scale each has.
pub(super) struct Shares {
    scale: u32,
    kinds: Vec<u64>,
    shares: Vec<u32>,
    /// Approximate bytes of the run.
    pub(super) bytes: usize,
}

/// What a place of the scale stands for.
#[derive(Clone, Copy, Default)]
struct Place {
    kind: u16,
    share: u16,
    /// Distance from the first place of its kind.
    within: u16,
}

impl Shares {
    /// Counts the kinds of a run; `None` if it is not for this form.
    pub(super) fn of(numbers: &[u64]) -> Option<Self> {
        let greatest = numbers.iter().copied().max().filter(|greatest| *greatest < LIMIT)?;
        if numbers.len() < FEWEST_NUMBERS {
            return None;
        }
        let mut counts = vec![0u32; place_of(greatest) + 1];
        for number in numbers {
            counts[place_of(*number)] += 1;
        }
        let kinds: Vec<u64> =
            (0u64..).zip(&counts).filter(|(_, count)| **count > 0).map(|(kind, _)| kind).collect();
        if !(2..=MOST_KINDS).contains(&kinds.len()) {
            return None;
        }
        counts.retain(|count| *count > 0);
        let scale = (usize::BITS - numbers.len().leading_zeros()).min(WIDEST);
        let shares = shared(&counts, numbers.len(), 1 << scale);
        let sixteenths: u64 = counts
            .iter()
            .zip(&shares)
            .map(|(count, share)| u64::from(*count) * u64::from(16 * scale - sixteenths_of(*share)))
            .sum();
        let bytes = usize::try_from(sixteenths / 128).ok()? + kinds.len() * 3 / 2 + 12;
        Some(Self { scale, kinds, shares, bytes })
    }

    /// Appends the run that was counted.
    pub(super) fn put(&self, out: &mut Vec<u8>, numbers: &[u64]) {
        out.push(u8::try_from(self.scale).unwrap_or(0));
        put(out, self.kinds.len() as u64);
        put_windows(out, &self.kinds);
        put_windows(out, &self.shares.iter().copied().map(u64::from).collect::<Vec<_>>());
        let mut ranges = vec![(0, 1); self.kinds.last().map_or(0, |last| place_of(*last) + 1)];
        let mut start = 0;
        for (kind, share) in self.kinds.iter().zip(&self.shares) {
            ranges[place_of(*kind)] = (start, *share);
            start += share;
        }
        // The last number goes first: the reader takes apart what was put together last.
        let (mut states, turns) = ([LEAST; 2], turns(numbers.len()));
        let mut words = Vec::with_capacity(self.bytes / 2);
        for (place, number) in numbers.iter().enumerate().rev() {
            let (start, share) = ranges[place_of(*number)];
            let state = &mut states[place & turns];
            if u64::from(*state) >= u64::from(share) << (32 - self.scale) {
                words.push((*state & 0xFFFF) as u16);
                *state >>= 16;
            }
            *state = ((*state / share) << self.scale) + start + *state % share;
        }
        states[..=turns].iter().for_each(|state| out.extend(state.to_le_bytes()));
        out.extend(words.iter().rev().flat_map(|word| word.to_le_bytes()));
    }
}

/// Takes a run of `count` numbers off the bytes and gives each to `each`. `None`: the bytes are no such run.
pub(super) fn take_shares(
    bytes: &mut &[u8],
    count: usize,
    mut each: impl FnMut(u64),
) -> Option<()> {
    let (scale, rest) = bytes.split_first()?;
    *bytes = rest;
    let scale = u32::from(*scale);
    let number = usize::try_from(take(bytes)?).ok()?;
    if scale > WIDEST || number > MOST_KINDS {
        return None;
    }
    let mut kinds = Vec::with_capacity(number);
    take_windows(bytes, number, |kind| kinds.push(kind))?;
    let mut places: Vec<Place> = Vec::with_capacity(1 << scale);
    let (mut kind, mut fit) = (0u16, true);
    take_windows(bytes, number, |share| {
        fit &= share <= (1 << scale) - places.len() as u64;
        let share = if fit { u16::try_from(share).unwrap_or(0) } else { 0 };
        places.extend((0..share).map(|within| Place { kind, share, within }));
        kind += 1;
    })?;
    if !fit || places.len() != 1 << scale {
        return None;
    }
    let (mut states, turns) = ([LEAST; 2], turns(count));
    for state in &mut states[..=turns] {
        let (first, rest) = bytes.split_first_chunk::<4>()?;
        (*state, *bytes) = (u32::from_le_bytes(*first), rest);
    }
    let mut rest = *bytes;
    let mask = (1u32 << scale) - 1;
    for number in 0..count {
        let state = &mut states[number & turns];
        let place = places[(*state & mask) as usize];
        *state = u32::from(place.share) * (*state >> scale) + u32::from(place.within);
        if *state < LEAST {
            let (word, after) = rest.split_first_chunk::<2>()?;
            *state = *state << 16 | u32::from(u16::from_le_bytes(*word));
            rest = after;
        }
        each(kinds[usize::from(place.kind)]);
    }
    *bytes = rest;
    // The writer began with the least states.
    (states == [LEAST; 2]).then_some(())
}

/// A number below the limit as a place in a table.
#[allow(clippy::cast_possible_truncation)] // it is below the limit
fn place_of(number: u64) -> usize {
    number as usize
}

/// The number of the last state.
fn turns(numbers: usize) -> usize {
    usize::from(numbers >= TWO_STATES)
}

/// Shares of the whole in proportion to the counts, none of them 0.
fn shared(counts: &[u32], sum: usize, whole: u32) -> Vec<u32> {
    let share = |count: &u32| {
        let exact = u64::from(*count) * u64::from(whole) / sum as u64;
        u32::try_from(exact).unwrap_or(whole).max(1)
    };
    let mut shares: Vec<u32> = counts.iter().map(share).collect();
    // What rounding left over or took too much of goes to and comes from the greatest.
    loop {
        let given: u32 = shares.iter().sum();
        let Some(greatest) = shares.iter_mut().max() else { return shares };
        if given <= whole {
            *greatest += whole - given;
            return shares;
        }
        *greatest -= (given - whole).min((*greatest / 2).max(1));
    }
}

/// Sixteen times the logarithm to base 2, rounded down. In whole numbers, so that every machine chooses alike.
fn sixteenths_of(share: u32) -> u32 {
    let whole = share.checked_ilog2().unwrap_or(0);
    let behind = u64::from(share) << 4 >> whole;
    16 * whole + u32::try_from(behind & 15).unwrap_or(0)
}
