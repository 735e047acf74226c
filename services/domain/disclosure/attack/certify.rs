//! Shows that sensitive cells may still have many values.

use std::collections::{BTreeMap, BTreeSet};

use super::near::near;
use super::nudge::nudged;
use super::part::Part;
use super::published::{Contradiction, Published};
use super::range::{Attack, best};
use super::solve::{Goal, Limits, Open, Solved, solve};

/// Values between the least and the greatest one of a cell that are tried, at most.
const TRIES: usize = 100;
/// From how many known values a search begins, and how many cells near one may change: the cheap attempts first.
const ATTEMPTS: [(usize, usize); 3] = [(1, 64), (16, 64), (4, 256)];

/// What the attack leaves of sensitive cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Each sensitive cell once, in ascending order.
    pub cells: BTreeMap<usize, Verdict>,
    /// Values of all cells, each of which fits everything published.
    pub witnesses: Vec<Vec<u64>>,
}

/// What the attack leaves of one cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The cell may have at least as many values as were asked for: each with the number of a witness.
    Keeps(BTreeMap<u64, usize>),
    /// The cell has fewer values: these.
    Confined(BTreeSet<u64>),
    /// Not known, so not safe.
    NotProven(Open),
}

impl Certificate {
    /// Whether every sensitive cell is proven to keep enough values.
    #[must_use]
    pub fn is_safe(&self) -> bool {
        self.failures().next().is_none()
    }

    /// The cells that are not proven to keep enough values.
    pub fn failures(&self) -> impl Iterator<Item = (usize, &Verdict)> {
        let failures = self.cells.iter().filter(|(_, one)| !matches!(one, Verdict::Keeps(_)));
        failures.map(|(cell, verdict)| (*cell, verdict))
    }
}

/// Looks for at least `width` values of each sensitive cell. The limits are those of one question to the solver; a cell needs a few.
///
/// # Errors
/// No values of the cells fit everything published.
///
/// # Panics
/// A sensitive cell does not exist.
pub fn certify(
    published: &Published,
    sensitive: &[usize],
    width: usize,
    limits: Limits,
) -> Result<Certificate, Contradiction> {
    Ok(certify_attack(&Attack::new(published, limits)?, sensitive, width))
}

/// The same of an attack that is prepared.
///
/// # Panics
/// A sensitive cell does not exist.
#[must_use]
pub fn certify_attack(attack: &Attack<'_>, sensitive: &[usize], width: usize) -> Certificate {
    let limits = attack.limits;
    let sensitive: BTreeSet<usize> = sensitive.iter().copied().collect();
    let known: Result<Vec<_>, Open> = attack.some.iter().cloned().collect();
    let all_open = |open| Certificate {
        cells: sensitive.iter().map(|cell| (*cell, Verdict::NotProven(open))).collect(),
        witnesses: Vec::new(),
    };
    let known = match known {
        Ok(known) => known,
        Err(open) => return all_open(open),
    };
    let pools =
        attack.parts.iter().zip(known).map(|(part, some)| Pool { part, found: vec![some], limits });
    let mut pools: Vec<_> = pools.collect();
    // Who knows values that fit begins with these.
    for (number, pool) in pools.iter_mut().enumerate().filter(|_| !attack.knows) {
        let of_part = |cell: &usize| attack.places[*cell].filter(|(part, _)| *part == number);
        pool.widen(&sensitive.iter().filter_map(of_part).map(|place| place.1).collect::<Vec<_>>());
    }
    let mut cells = BTreeMap::new();
    for cell in sensitive.iter().copied() {
        let low = attack.bounds.low[cell];
        let verdict = match attack.places[cell] {
            Some((part, position)) => pools[part].verdict(position, width),
            None if width <= 1 => Verdict::Keeps([(0, 0)].into()),
            None => Verdict::Confined([0].into()),
        };
        cells.insert(cell, above(low, verdict));
    }
    // The witness of a number: of each part what it found with this number, or its first.
    let most = pools.iter().map(|pool| pool.found.len()).max().unwrap_or(1);
    let of_parts = |number| -> Vec<_> {
        pools.iter().map(|pool| pool.found.get(number).unwrap_or(&pool.found[0])).collect()
    };
    let witnesses = (0..most).map(|number| attack.whole(&of_parts(number))).collect();
    let Some(witnesses) = witnesses else { return all_open(Open::SolverFailed) };
    Certificate { cells, witnesses }
}

/// A verdict about values above the least one as a verdict about values.
fn above(low: u64, verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Keeps(values) => {
            Verdict::Keeps(values.into_iter().map(|(v, w)| (low + v, w)).collect())
        }
        Verdict::Confined(values) => {
            Verdict::Confined(values.into_iter().map(|v| low + v).collect())
        }
        open @ Verdict::NotProven(_) => open,
    }
}

/// Values of a part that fit: what was found for one cell serves the others.
struct Pool<'a> {
    part: &'a Part,
    found: Vec<Vec<u64>>,
    limits: Limits,
}

impl Pool<'_> {
    /// Begins with small and with great values of all sensitive cells.
    fn widen(&mut self, positions: &[usize]) {
        if positions.is_empty() {
            return;
        }
        for goal in [Goal::Least(positions), Goal::Greatest(positions)] {
            // Without an answer each cell is asked alone.
            self.found.extend(best(self.part, goal, self.limits));
        }
    }

    /// The values of a cell that were found, each with the number of what was found.
    fn values(&self, position: usize) -> BTreeMap<u64, usize> {
        self.found.iter().enumerate().map(|(number, values)| (values[position], number)).collect()
    }

    fn verdict(&mut self, position: usize, width: usize) -> Verdict {
        match self.search(position, width) {
            Ok(()) => {
                let values = self.values(position);
                if values.len() >= width {
                    Verdict::Keeps(values)
                } else {
                    Verdict::Confined(values.into_keys().collect())
                }
            }
            // The sums one by one leave no more than these, whatever the solver would find.
            Err(_) if self.part.widths[position].saturating_add(1) < width as u64 => {
                Verdict::Confined((0..=self.part.widths[position]).collect())
            }
            Err(open) => Verdict::NotProven(open),
        }
    }

    /// Goes on from the greatest and the least known value of a cell, one by one, each step as told. It begins at some of what was found
    /// with this value, because one may be a dead end where another is none.
    fn go_on(
        &mut self,
        position: usize,
        width: usize,
        starts: usize,
        step: impl Fn(&Part, &[u64], u64) -> Option<Vec<u64>>,
    ) {
        for up in [true, false] {
            while self.values(position).len() < width {
                let of = |values: &Vec<u64>| values[position];
                let all = self.found.iter().map(of);
                let Some(end) = (if up { all.max() } else { all.min() }) else { break };
                let Some(next) = (if up { Some(end + 1) } else { end.checked_sub(1) }) else {
                    break;
                };
                let with_end: Vec<_> = self.found.iter().filter(|one| of(one) == end).collect();
                let apart = with_end.len().div_ceil(starts);
                let mut from = with_end.into_iter().rev().step_by(apart.max(1));
                let Some(found) = from.find_map(|known| step(self.part, known, next)) else {
                    break;
                };
                self.found.push(found);
            }
        }
    }

    /// Looks for values of a cell until there are enough or all are found.
    fn search(&mut self, position: usize, width: usize) -> Result<(), Open> {
        let limits = self.limits;
        let t = std::time::Instant::now();
        let n0 = |s: &Self| s.values(position).len();
        let mut v = vec![];
        for (starts, free) in ATTEMPTS {
            self.go_on(position, width, starts, |part, known, value| {
                nudged(part, known, position, value)
            });
            v.push((n0(self), t.elapsed()));
            self.go_on(position, width, starts, |part, known, value| {
                near(part, known, position, value, free, limits)
            });
            v.push((n0(self), t.elapsed()));
        }
        if v[0].0 < width {
            eprintln!(
                "cell {position} of {} cells {} sums: {v:?}",
                self.part.cells.len(),
                self.part.sums.len()
            );
        }
        for goal in [Goal::Least(&[position]), Goal::Greatest(&[position])] {
            if self.values(position).len() >= width {
                return Ok(());
            }
            self.found.push(best(self.part, goal, self.limits)?);
        }
        let known = self.values(position);
        let (least, greatest) = known
            .first_key_value()
            .zip(known.last_key_value())
            .map_or((0, 0), |(a, b)| (*a.0, *b.0));
        let mut open = None;
        let between = (least..=greatest).filter(|value| !known.contains_key(value));
        for (tries, value) in between.enumerate() {
            if self.values(position).len() >= width {
                return Ok(());
            }
            if tries == TRIES {
                open = Some(Open::LimitReached);
                break;
            }
            match solve(self.part, Goal::With(position, value), self.limits) {
                Solved::Best(values) => self.found.push(values),
                // The value is a gap: smaller and greater ones fit.
                Solved::Nothing => {}
                Solved::Open(reason) => open = Some(reason),
            }
        }
        if self.values(position).len() >= width { Ok(()) } else { open.map_or(Ok(()), Err) }
    }
}
