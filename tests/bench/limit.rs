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
    let columns: Vec<Vec<u8>> = (0..=characteristics).map(|_| column()).collect();
    let count = |from: usize, to: usize| {
        let mut counts = vec![0u32; CODES.pow(characteristics as u32 + 1)];
        let add = |counts: &mut [u32], cell: usize| counts[cell] += 1;
        match columns.iter().map(|column| &column[from..to]).collect::<Vec<_>>().as_slice() {
            [a, b, c] => a.iter().zip(*b).zip(*c).for_each(|((a, b), c)| {
                add(
                    &mut counts,
                    (usize::from(*a) * CODES + usize::from(*b)) * CODES + usize::from(*c),
                );
            }),
            [a, b, c, d] => a.iter().zip(*b).zip(c.iter().zip(*d)).for_each(|((a, b), (c, d))| {
                let [a, b, c, d] = [a, b, c, d].map(|code| usize::from(*code));
                add(&mut counts, ((a * CODES + b) * CODES + c) * CODES + d);
            }),
            others => panic!("{} columns are not counted here", others.len()),
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
