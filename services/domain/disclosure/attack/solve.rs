//! One part as a linear program in whole numbers.

use std::time::Duration;

use microlp::{
    ComparisonOp, Error, OptimizationDirection, Problem, SolutionStatus, SolveOptions, SolveOutcome,
};

use super::part::Part;

/// How much work one question may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Nodes of branch and bound.
    pub nodes: u64,
    /// Time.
    pub time: Duration,
    /// Cells that depend on each other.
    pub cells: usize,
}

impl Default for Limits {
    /// 20,000 nodes, 10 seconds, 20,000 cells.
    fn default() -> Self {
        Self { nodes: 20_000, time: Duration::from_secs(10), cells: 20_000 }
    }
}

/// Why something is not proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Open {
    /// More cells depend on each other than the limit allows.
    TooLarge,
    /// The limit of nodes or time was reached.
    LimitReached,
    /// The solver failed, or its values do not fit what was published.
    SolverFailed,
}

/// How a question to a part ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Solved {
    /// Values above the least ones, none of which is better.
    Best(Vec<u64>),
    /// No values fit.
    Nothing,
    /// Not known.
    Open(Open),
}

/// What is looked for in a part.
#[derive(Debug, Clone, Copy)]
pub(super) enum Goal<'a> {
    /// The least sum of the cells at these positions.
    Least(&'a [usize]),
    /// The greatest sum of the cells at these positions.
    Greatest(&'a [usize]),
    /// Any values in which the cell at the position has this value.
    With(usize, u64),
}

/// Solves a part. Values that are returned were checked in whole numbers.
pub(super) fn solve(part: &Part, goal: Goal<'_>, limits: Limits) -> Solved {
    if part.cells.len() > limits.cells {
        return Solved::Open(Open::TooLarge);
    }
    let (direction, target) = match goal {
        Goal::Least(target) => (OptimizationDirection::Minimize, target),
        Goal::Greatest(target) => (OptimizationDirection::Maximize, target),
        Goal::With(..) => (OptimizationDirection::Minimize, &[] as &[usize]),
    };
    if part.sums.is_empty() {
        return Solved::Best(without_sums(part, goal));
    }
    let mut problem = Problem::new(direction);
    let mut costs = vec![0.0; part.cells.len()];
    for position in target {
        costs[*position] = 1.0;
    }
    let limit = |value: u64| i32::try_from(value).unwrap_or(i32::MAX);
    let variables = part.widths.iter().zip(costs).enumerate().map(|(at, (width, cost))| {
        let range = match goal {
            Goal::With(position, value) if position == at => (limit(value), limit(value)),
            Goal::With(..) | Goal::Least(_) | Goal::Greatest(_) => (0, limit(*width)),
        };
        problem.add_integer_var(cost, range)
    });
    let variables: Vec<_> = variables.collect();
    for (positions, low, high) in &part.sums {
        let sum: Vec<_> = positions.iter().map(|position| (variables[*position], 1.0)).collect();
        if low == high {
            problem.add_constraint(sum, ComparisonOp::Eq, as_f64(*low));
            continue;
        }
        problem.add_constraint(&sum, ComparisonOp::Ge, as_f64(*low));
        problem.add_constraint(&sum, ComparisonOp::Le, as_f64(*high));
    }
    let mut options = SolveOptions::default();
    (options.node_limit, options.time_limit) = (Some(limits.nodes), Some(limits.time));
    let solution = match problem.solve_with(options) {
        Ok(SolveOutcome::Solution(solution)) if solution.status() == SolutionStatus::Optimal => {
            solution
        }
        Ok(_) => return Solved::Open(Open::LimitReached),
        Err(Error::Infeasible) => return Solved::Nothing,
        Err(_) => return Solved::Open(Open::SolverFailed),
    };
    let values: Vec<u64> =
        variables.iter().map(|variable| as_count(solution.var_value(*variable))).collect();
    if part.fits(&values) { Solved::Best(values) } else { Solved::Open(Open::SolverFailed) }
}

/// Cells that no sum restricts have all values up to their widths.
fn without_sums(part: &Part, goal: Goal<'_>) -> Vec<u64> {
    let mut values = vec![0; part.cells.len()];
    match goal {
        Goal::Least(_) => {}
        Goal::Greatest(target) => {
            target.iter().for_each(|position| values[*position] = part.widths[*position]);
        }
        Goal::With(position, value) => values[position] = value,
    }
    values
}

/// Sums of widths are far below 2^53 unless millions of cells have no limit; values are checked in whole numbers afterwards.
#[allow(clippy::cast_precision_loss)]
fn as_f64(value: u64) -> f64 {
    value as f64
}

/// The nearest count: the solver's numbers are within 1e-6 of it.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn as_count(value: f64) -> u64 {
    value.round().max(0.0) as u64
}
