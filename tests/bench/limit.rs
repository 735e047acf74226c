//! What P3 stands against: a plain loop over columns of one byte that lie in memory.

use std::time::Instant;

use crate::load::Chance;

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
    let count = |from: usize, to: usize| {
        let mut counts = vec![0u32; CODES.pow(4)];
        let [a, b, c] =
            three.each_ref().map(|column| column[from..to].iter().copied().map(usize::from));
        let cells = a.zip(b).zip(c).map(|((a, b), c)| (a * CODES + b) * CODES + c);
        match &fourth {
            None => cells.for_each(|cell| counts[cell] += 1),
            Some(d) => cells
                .zip(&d[from..to])
                .for_each(|(cell, d)| counts[cell * CODES + usize::from(*d)] += 1),
        }
        std::hint::black_box(counts);
    };
    let round = || {
        let begin = Instant::now();
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                let count = &count;
                let at = move |part: usize| rows * part / THREADS;
                scope.spawn(move || count(at(thread), at(thread + 1)));
            }
        });
        begin.elapsed().as_secs_f64()
    };
    (0..ROUNDS).map(|_| round()).fold(f64::INFINITY, f64::min)
}
