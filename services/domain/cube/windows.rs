//! Runs of numbers in few bits: a window of equal width for most of them, and a list of exceptions.
//!
//! A run is: one byte of width (bit 6: differences; bit 7: base 0 and no exceptions, which are then not written), the window's
//! base, the number of exceptions, the packed bits, the exceptions (gap to the place, number). A number within the window is
//! stored as its distance from the base. With differences, each number is stored as its zigzag difference from the one before.
//! So person numbers of one organisation and ascending lists take few bits, and 0 (none) costs two bytes where it is rare.

use super::varint::{put, take};

/// Most bits of a packed number: with a shift of up to seven bits it fits a word of 64.
const WIDEST: u32 = 56;
/// Bit of the first byte that says that differences are stored.
const DIFFERENCES: u8 = 1 << 6;
/// Bit of the first byte that says that the window begins at 0 and holds every number.
const PLAIN: u8 = 1 << 7;
/// Numbers that are looked at to choose a window. Longer runs are sampled, which is enough for a choice.
const SAMPLE: usize = 1 << 12;

/// Numbers below this are counted, and others sorted.
const COUNTED: u64 = 1 << 12;

/// A window of numbers, and the approximate bytes of the run with it.
#[derive(Clone, Copy)]
struct Window {
    base: u64,
    width: u32,
    bytes: usize,
}

/// How a run is put into a window: the numbers themselves, or their differences.
pub(super) struct Windowed {
    window: Window,
    /// The differences, if they take fewer bytes.
    differences: Option<Vec<u64>>,
}

impl Windowed {
    /// The window with which a run takes the fewest bytes; none: it takes as many as `limit` or more.
    pub(super) fn below(limit: usize, numbers: &[u64]) -> Option<Self> {
        let mut before = 0u64;
        let differences: Vec<u64> = numbers
            .iter()
            .map(|number| {
                let difference = zigzag(number.wrapping_sub(before));
                before = *number;
                difference
            })
            .collect();
        let plain = window(numbers, limit);
        let stepped = window(&differences, plain.map_or(limit, |plain| plain.bytes));
        match stepped {
            Some(window) => Some(Self { window, differences: Some(differences) }),
            None => plain.map(|window| Self { window, differences: None }),
        }
    }

    /// Appends the run.
    pub(super) fn put(&self, out: &mut Vec<u8>, numbers: &[u64]) {
        match &self.differences {
            Some(differences) => put_window(out, differences, self.window, DIFFERENCES),
            None => put_window(out, numbers, self.window, 0),
        }
    }
}

/// Appends a run.
pub(super) fn put_windows(out: &mut Vec<u8>, numbers: &[u64]) {
    if let Some(windowed) = Windowed::below(usize::MAX, numbers) {
        windowed.put(out, numbers);
    }
}

/// Takes a run of `count` numbers off the bytes and gives each to `each`. `None`: the bytes are no such run.
pub(super) fn take_windows(
    bytes: &mut &[u8],
    count: usize,
    mut each: impl FnMut(u64),
) -> Option<()> {
    let (first, rest) = bytes.split_first()?;
    *bytes = rest;
    let (width, differences) = (u32::from(first & (DIFFERENCES - 1)), first & DIFFERENCES != 0);
    if width > WIDEST {
        return None;
    }
    let plain = first & PLAIN != 0;
    let (base, exceptions) = if plain { (0, 0) } else { (take(bytes)?, take(bytes)?) };
    let packed_bytes = usize::try_from((count as u128 * u128::from(width)).div_ceil(8)).ok()?;
    let (packed, mut listed) = bytes.split_at_checked(packed_bytes)?;
    let mut left = exceptions;
    let mut next = |listed: &mut &[u8], from: u64| -> Option<(u64, u64)> {
        if left == 0 {
            return Some((u64::MAX, 0));
        }
        left -= 1;
        Some((from.checked_add(take(listed)?)?, take(listed)?))
    };
    let mask = (1u64 << width) - 1;
    let (mut place, mut exception) = next(&mut listed, 0)?;
    let mut before = 0u64;
    for number in 0..count {
        let mut value = base.wrapping_add(bits(packed, number * width as usize) & mask);
        if number as u64 == place {
            value = exception;
            (place, exception) = next(&mut listed, place + 1)?;
        }
        if differences {
            before = before.wrapping_add(unzigzag(value));
            value = before;
        }
        each(value);
    }
    *bytes = listed;
    // An exception behind the last number would never be reached.
    (place == u64::MAX && left == 0).then_some(())
}

/// At least 57 bits from this bit on, as far as there are bytes.
fn bits(packed: &[u8], bit: usize) -> u64 {
    let from = bit / 8;
    let word = match packed.get(from..from + 8) {
        Some(eight) => eight.try_into().map_or(0, u64::from_le_bytes),
        None => {
            let mut last = [0u8; 8];
            let tail = packed.get(from..).unwrap_or(&[]);
            last[..tail.len()].copy_from_slice(tail);
            u64::from_le_bytes(last)
        }
    };
    word >> (bit % 8)
}

fn put_window(out: &mut Vec<u8>, numbers: &[u64], window: Window, flag: u8) {
    let Window { base, width, .. } = window;
    let is_within = |number: u64| number >= base && (number - base) >> width == 0;
    let exceptions = numbers.iter().filter(|number| !is_within(**number)).count();
    let plain = base == 0 && exceptions == 0;
    out.push(u8::try_from(width).unwrap_or(0) | flag | if plain { PLAIN } else { 0 });
    if !plain {
        put(out, base);
        put(out, exceptions as u64);
    }
    let (mut word, mut filled) = (0u64, 0);
    for number in numbers {
        let distance = if is_within(*number) { number - base } else { 0 };
        word |= distance << filled;
        filled += width;
        while filled >= 8 {
            out.push((word & 0xFF) as u8);
            word >>= 8;
            filled -= 8;
        }
    }
    if filled > 0 {
        out.push((word & 0xFF) as u8);
    }
    let mut next = 0;
    for (place, number) in (0u64..).zip(numbers).filter(|(_, number)| !is_within(**number)) {
        put(out, place - next);
        put(out, *number);
        next = place + 1;
    }
}

/// The window with which a run takes the fewest bytes; none: it takes as many as `limit` or more.
fn window(numbers: &[u64], limit: usize) -> Option<Window> {
    let step = numbers.len() / SAMPLE + 1;
    let (kinds, all) = kinds(numbers.iter().copied().step_by(step));
    let (Some((least, _)), Some((greatest, _))) = (kinds.first(), kinds.last()) else {
        return (limit > 0).then_some(Window { base: 0, width: 0, bytes: 0 });
    };
    let whole = u64::BITS - (greatest - least).leading_zeros();
    let exception = 1 + (u64::BITS - greatest.leading_zeros()).div_ceil(7).max(1) as usize;
    let packed = |width: u32| (numbers.len() * width as usize).div_ceil(8);
    let mut best = Window { base: 0, width: 0, bytes: limit };
    for width in 0..=whole.min(WIDEST) {
        // A wider one takes more, whatever it holds.
        if packed(width) >= best.bytes {
            break;
        }
        let (base, within) = fullest(&kinds, all, width);
        let bytes = packed(width) + (all - within) * step * exception;
        if bytes < best.bytes {
            best = Window { base, width, bytes };
        }
    }
    (best.bytes < limit).then_some(best)
}

/// Each number once, in order, with how many are less; and how many there are.
fn kinds(numbers: impl Iterator<Item = u64> + Clone) -> (Vec<(u64, usize)>, usize) {
    let place = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let greatest = numbers.clone().max().unwrap_or(0);
    if greatest >= COUNTED {
        let mut sorted: Vec<u64> = numbers.collect();
        sorted.sort_unstable();
        let all = sorted.len();
        let mut kinds: Vec<(u64, usize)> = sorted.into_iter().zip(0..).collect();
        kinds.dedup_by_key(|(number, _)| *number);
        return (kinds, all);
    }
    let mut counts = vec![0; place(greatest) + 1];
    numbers.for_each(|number| counts[place(number)] += 1);
    let (mut kinds, mut all) = (Vec::new(), 0);
    for (number, count) in (0..).zip(counts).filter(|(_, count)| *count > 0) {
        kinds.push((number, all));
        all += count;
    }
    (kinds, all)
}

/// Where a window of this width holds the most of `all` sorted numbers, and how many. Each kind of number has the count of those in front of it.
fn fullest(kinds: &[(u64, usize)], all: usize, width: u32) -> (u64, usize) {
    let (mut best, mut end) = ((0, 0), 0);
    for (base, before) in kinds {
        while end < kinds.len() && (kinds[end].0 - base) >> width == 0 {
            end += 1;
        }
        let within = kinds.get(end).map_or(all, |(_, before)| *before) - before;
        if within > best.1 {
            best = (*base, within);
        }
    }
    best
}

/// A signed difference as an unsigned number that is small where the difference is.
fn zigzag(difference: u64) -> u64 {
    (difference << 1) ^ 0u64.wrapping_sub(difference >> 63)
}

fn unzigzag(number: u64) -> u64 {
    (number >> 1) ^ 0u64.wrapping_sub(number & 1)
}
