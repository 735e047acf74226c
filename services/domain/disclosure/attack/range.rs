//! The least and the greatest value of a hidden sum.

use super::bounds::Bounds;
use super::part::{Part, parts};
use super::published::{Contradiction, Published};
use super::solve::{Goal, Limits, Open, Solved, solve};

/// An attack on everything that was published.
#[derive(Debug)]
pub struct Attack<'a> {
    published: &'a Published,
    pub(super) bounds: Bounds,
    pub(super) parts: Vec<Part>,
    pub(super) places: Vec<Option<(usize, usize)>>,
    pub(super) limits: Limits,
    /// Whether the values that fit are known beforehand.
    pub(super) knows: bool,
    /// For each part, values that fit, or why none are known.
    pub(super) some: Vec<Result<Vec<u64>, Open>>,
}

/// The values that a hidden sum may have, as far as the attack knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// The least value.
    pub low: End,
    /// The greatest value.
    pub high: End,
}

/// One end of a range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The sum may have this value, and none beyond.
    Proven {
        /// The value.
        value: u64,
        /// Values of all cells that fit everything published and add up to the value.
        witness: Vec<u64>,
    },
    /// Not known: the value may lie farther out.
    NotProven(Open),
}

impl End {
    /// The value if it is proven.
    #[must_use]
    pub fn value(&self) -> Option<u64> {
        match self {
            Self::Proven { value, .. } => Some(*value),
            Self::NotProven(_) => None,
        }
    }
}

impl<'a> Attack<'a> {
    /// Prepares an attack: limits of single cells, and the parts that depend on each other.
    ///
    /// # Errors
    /// No values of the cells fit everything published.
    pub fn new(published: &'a Published, limits: Limits) -> Result<Self, Contradiction> {
        let bounds = Bounds::of(published)?;
        let (parts, places) = parts(published, &bounds)?;
        let some = parts.iter().map(|part| match solve(part, Goal::Least(&[]), limits) {
            Solved::Best(values) => Ok(Ok(values)),
            Solved::Nothing => Err(Contradiction),
            Solved::Open(open) => Ok(Err(open)),
        });
        let some = some.collect::<Result<_, _>>()?;
        Ok(Self { published, bounds, parts, places, limits, knows: false, some })
    }

    /// The same by who knows values that fit: whoever publishes does. Nothing is solved for them.
    ///
    /// # Errors
    /// These values do not fit.
    pub fn knowing(
        published: &'a Published,
        values: &[u64],
        limits: Limits,
    ) -> Result<Self, Contradiction> {
        if !published.fits(values) {
            return Err(Contradiction);
        }
        let bounds = Bounds::of(published)?;
        let (parts, places) = parts(published, &bounds)?;
        let above = |cell: &usize| values[*cell] - bounds.low[*cell];
        let some = parts.iter().map(|part| Ok(part.cells.iter().map(above).collect())).collect();
        Ok(Self { published, bounds, parts, places, limits, knows: true, some })
    }

    /// The least and the greatest value of the sum of some cells, each named once.
    ///
    /// # Panics
    /// A cell does not exist.
    #[must_use]
    pub fn range(&self, cells: &[usize]) -> Range {
        let end = |greatest| self.end(cells, greatest).unwrap_or_else(End::NotProven);
        Range { low: end(false), high: end(true) }
    }

    /// Parts share no sum, so the best of all is the best of each part.
    fn end(&self, cells: &[usize], greatest: bool) -> Result<End, Open> {
        let mut targets = vec![Vec::new(); self.parts.len()];
        for (part, position) in cells.iter().filter_map(|cell| self.places[*cell]) {
            targets[part].push(position);
        }
        let mut of_parts = Vec::new();
        for ((part, target), some) in self.parts.iter().zip(&targets).zip(&self.some) {
            of_parts.push(match target[..] {
                [] => some.clone()?,
                _ if greatest => best(part, Goal::Greatest(target), self.limits)?,
                _ => best(part, Goal::Least(target), self.limits)?,
            });
        }
        let witness = self.whole(&of_parts).ok_or(Open::SolverFailed)?;
        Ok(End::Proven { value: cells.iter().map(|cell| witness[*cell]).sum(), witness })
    }

    /// Values of all cells from values of the parts. None if they do not fit.
    pub(super) fn whole(&self, of_parts: &[impl AsRef<[u64]>]) -> Option<Vec<u64>> {
        let mut values = self.bounds.low.clone();
        for (part, above) in self.parts.iter().zip(of_parts) {
            for (cell, above) in part.cells.iter().zip(above.as_ref()) {
                values[*cell] += above;
            }
        }
        self.published.fits(&values).then_some(values)
    }
}

/// The best values of a part that has values.
pub(super) fn best(part: &Part, goal: Goal<'_>, limits: Limits) -> Result<Vec<u64>, Open> {
    match solve(part, goal, limits) {
        Solved::Best(values) => Ok(values),
        Solved::Nothing => Err(Open::SolverFailed),
        Solved::Open(open) => Err(open),
    }
}
