//! What P3 and P14 stand against: plain loops over columns that lie in memory.

use std::ops::Range;
use std::time::Instant;

use crate::load::Chance;

/// A number of PERFORMANCE.md: answers a second and p99, to those of an echo; what they must be, and the aim.
pub struct Held {
    pub name: &'static str,
    pub rate: (f64, f64),
    pub p99: (f64, f64),
}

/// Codes of a column, and of the channel; a characteristic that is crossed has about so many.
const CODES: usize = 8;
/// The loop has as many threads as the service.
const THREADS: usize = 2;
/// Of so many rounds the best counts.
const ROUNDS: usize = 3;

/// Seconds that it takes to count so many rows by some characteristics and the channel.
pub fn plain_loop(rows: usize, characteristics: usize) -> f64 {
    let mut chance = Chance(characteristics as u64);
    let mut column = || (0..rows).map(|_| (chance.next() as usize % CODES) as u8).collect();
    let three: [Vec<u8>; 3] = std::array::from_fn(|_| column());
    let fourth = (characteristics == 3).then(column);
    seconds(rows, |part| {
        let mut counts = vec![0u32; CODES.pow(4)];
        let [a, b, c] =
            three.each_ref().map(|column| column[part.clone()].iter().copied().map(usize::from));
        let cells = a.zip(b).zip(c).map(|((a, b), c)| (a * CODES + b) * CODES + c);
        match &fourth {
            None => cells.for_each(|cell| counts[cell] += 1),
            Some(d) => cells
                .zip(&d[part])
                .for_each(|(cell, d)| counts[cell * CODES + usize::from(*d)] += 1),
        }
        std::hint::black_box(counts);
    })
}

/// Seconds that it takes to mark the persons of so many rows by a characteristic and the channel, and to count the marks.
pub fn plain_persons(rows: usize, persons: usize) -> f64 {
    let mut chance = Chance(1);
    let mut drawn = |of: usize| (0..rows).map(|_| chance.next() as usize % of).collect::<Vec<_>>();
    let person: Vec<u32> = drawn(persons).into_iter().map(|of| of as u32).collect();
    let [a, b] = [(); 2].map(|()| drawn(CODES).into_iter().map(|of| of as u8).collect::<Vec<_>>());
    let words = persons.div_ceil(64);
    seconds(rows, |part| {
        let mut bits = vec![0u64; CODES * CODES * words];
        let cells = a[part.clone()].iter().zip(&b[part.clone()]);
        for ((a, b), person) in cells.zip(&person[part]) {
            let cell = usize::from(*a) * CODES + usize::from(*b);
            bits[cell * words + *person as usize / 64] |= 1 << (person % 64);
        }
        let of_cell =
            bits.chunks(words).map(|of| of.iter().map(|bits| bits.count_ones()).sum::<u32>());
        std::hint::black_box(of_cell.collect::<Vec<_>>());
    })
}

/// Seconds of the best of some rounds on several threads.
fn seconds(rows: usize, count: impl Fn(Range<usize>) + Sync) -> f64 {
    let round = || {
        let begin = Instant::now();
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                let count = &count;
                let at = move |part: usize| rows * part / THREADS;
                scope.spawn(move || count(at(thread)..at(thread + 1)));
            }
        });
        begin.elapsed().as_secs_f64()
    };
    (0..ROUNDS).map(|_| round()).fold(f64::INFINITY, f64::min)
}
