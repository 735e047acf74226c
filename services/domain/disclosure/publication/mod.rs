//! What may be published of counts that belong together: every number at once, since a reader has all of them.
//!
//! The counts are of base cells: the crossing of everything that any table tells apart. A number is a sum of base cells. Numbers are rounded,
//! and small ones withheld ([`public`](super::public)). That alone is not enough: two numbers and their total may leave one value for a
//! third. So the publication is attacked before it is made. Where a cell of few people keeps too few values, numbers become coarser, until the
//! attack leaves enough.
//!
//! - `settle` the loop, and what becomes coarser; `proof` the attack, and the cells that it must not find out; `parts` the numbers as they are shown

mod parts;
mod proof;
mod settle;
#[cfg(test)]
mod tests;

use super::TrueCount;

pub use settle::settle;

/// Least number of values that a cell of few people has to keep.
pub const LEAST_VALUES: usize = 5;
/// Counts from 1 to this are of few people.
pub const FEW: u64 = 9;

/// Counts, and the numbers that are to be published of them.
#[derive(Default)]
pub struct Draft {
    /// The base cells.
    pub cells: Vec<TrueCount>,
    /// Base cells whose sum everybody knows: exact totals that others publish. No cell is in two of them.
    pub known: Vec<Vec<usize>>,
    /// The numbers.
    pub numbers: Vec<Number>,
}

/// One number: a sum of base cells.
#[derive(Clone, Debug, Default)]
pub struct Number {
    /// The base cells, each once, in ascending order.
    pub cells: Vec<usize>,
    /// Numbers that it may become one with, the nearest first. They share no base cell with it.
    pub siblings: Vec<usize>,
}

/// What is published of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// A rounded count.
    Count(u64),
    /// Nothing: it is of few, or of nobody.
    Few,
    /// Nothing: with it, the others would tell a small count. How large it is, nobody learns.
    Coarsened,
    /// One count for several numbers: the place in [`Settled::merged`].
    Merged(usize),
}

/// Several numbers that are published as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// Its numbers, in ascending order.
    pub numbers: Vec<usize>,
    /// [`Shown::Count`], [`Shown::Few`] or [`Shown::Coarsened`].
    pub shown: Shown,
}

/// A publication that the attack found nothing in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// Each number.
    pub shown: Vec<Shown>,
    /// Numbers that are one.
    pub merged: Vec<Merged>,
}

/// Why nothing may be published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotProven {
    /// So many cells of few people keep too few values, whatever is withheld; or it was not found out within the limits.
    #[error("for {0} cells of few people it is not proven that enough values are possible")]
    Confined(usize),
    /// Whoever wanted it does not wait any more.
    #[error("nobody waits for it any more")]
    Stopped,
    /// The numbers do not fit the counts: a fault of whoever made the draft.
    #[error("the numbers do not fit what was counted")]
    Contradiction,
}
