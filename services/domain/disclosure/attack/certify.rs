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

/// How one value more is looked for.
#[derive(Debug, Clone, Copy)]
enum Attempt {
    /// Without the solver: so many changes of single cells, in so many ways.
    Nudge { steps: usize, ways: usize },
    /// By the solver, with so many cells that may change.
    Near(usize),
}

/// The attempts, the cheap ones first.
const ATTEMPTS: [Attempt; 5] = [
    Attempt::Nudge { steps: 1_500, ways: 1 },
    Attempt::Near(64),
    Attempt::Near(96),
    Attempt::Nudge { steps: 6_000, ways: 8 },
    Attempt::Near(160),
];

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

    /// One value more of a cell, next to one of those that some of what was found have.
    fn next(&self, position: usize, from: &[usize], attempt: Attempt) -> Option<Vec<u64>> {
        let known = self.values(position);
        let of = |value: u64, number: usize| {
            let (known, at) = (&*self.found[number], (position, value));
            match attempt {
                Attempt::Nudge { steps, ways } => {
                    (0..ways).find_map(|way| nudged(self.part, known, at, (steps, way)))
                }
                Attempt::Near(cells) => near(self.part, known, at, cells, self.limits),
            }
        };
        let beside = from.iter().flat_map(|number| {
            let value = self.found[*number][position];
            [value.checked_sub(1), Some(value + 1)].map(|next| (next, *number))
        });
        let new = beside.filter_map(|(value, number)| Some((value?, number)));
        new.filter(|(value, _)| !known.contains_key(value))
            .find_map(|(value, number)| of(value, number))
    }

    /// Goes on from what was found for this cell, which is near the truth and has room; then from what was found for all.
    fn go_on(&mut self, position: usize, width: usize) {
        let mut own = vec![0];
        for of_all in [false, true] {
            for attempt in ATTEMPTS {
                loop {
                    let known = self.values(position);
                    let from = if of_all { known.values().copied().collect() } else { own.clone() };
                    if known.len() >= width {
                        return;
                    }
                    let Some(found) = self.next(position, &from, attempt) else { break };
                    own.push(self.found.len());
                    self.found.push(found);
                }
            }
        }
    }

    /// Looks for values of a cell until there are enough or all are found.
    fn search(&mut self, position: usize, width: usize) -> Result<(), Open> {
        self.go_on(position, width);
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
