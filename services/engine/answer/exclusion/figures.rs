//! What the cells of the table are made of, each counted once: a cross-tabulation for every dimension and conditions that indicators
//! share.

use std::collections::BTreeSet;

use super::shares::{Shares, grouped};
use super::snapshot::keep_last;
use crate::domain::codes::State;
use crate::domain::collection::Dataset;
use crate::domain::indicator::{Condition, Count};
use crate::domain::measures::{Response, Tally};
use crate::domain::statistics::{Confidence, paired_difference};
use crate::engine::answer::crosstab::{Crosstab, Folded, InnerCounts};
use crate::engine::answer::model::{Absence, Cell, Figure};
use crate::engine::answer::plan::PlanAxis;
use crate::engine::query::Query;
use crate::engine::{Engine, QueryError};

pub(super) const REASON: &str = "exclusion_reason";
/// Whether people can use remote care.
pub(super) const ACCESS: &str = "digital_access";
/// Those who are asked for reasons.
const EXCLUDED: [&str; 2] = ["WITH_HELP", "UNABLE"];

/// An indicator that is a difference of two shares.
struct Difference {
    indicator: String,
    shares: (String, String),
    /// People of whom both answers are known: yes to both, to the first alone, to the second alone, to neither.
    both: Folded<[u64; 4]>,
}

/// Everything that a cell is made of.
pub(in crate::engine::answer) struct ExclusionFigures {
    people: Crosstab,
    /// Why people cannot use remote care, or only with help.
    reasons: Crosstab,
    /// Axis of the reasons, and which of its places occur.
    pub(super) reason: PlanAxis,
    pub(super) occurring: BTreeSet<usize>,
    shares: Vec<Shares>,
    differences: Vec<Difference>,
}

impl ExclusionFigures {
    /// Counts what the indicators need. `people` are those of the base.
    pub(super) fn new(
        engine: &Engine,
        query: &Query,
        people: Crosstab,
        indicators: &[String],
    ) -> Result<Self, QueryError> {
        let planned = |inner: &[&str], conditions: Vec<Condition>| {
            let mut plan = engine.plan_by(query, Dataset::DigitalAccess, inner, conditions)?;
            keep_last(&mut plan, &query.by);
            Ok::<_, QueryError>(plan)
        };
        let reference = engine.reference();
        let excluded =
            Condition { dimension: ACCESS.into(), codes: EXCLUDED.map(str::to_owned).to_vec() };
        let mut plan = planned(&[REASON], vec![excluded])?;
        let reasons = engine.count(&plan, 1)?;
        let reason = plan.axes.remove(query.by.len());
        // A set that is told by ANY, and a set known only more coarsely, is no reason.
        let is_reason = |place: &usize| {
            let state = reason.state(*place);
            reasons.all.inner[*place] > 0 && !matches!(state, Some(State::Any | State::Coarser))
        };
        let mut figures = Self {
            occurring: (0..reason.places()).filter(is_reason).collect(),
            people,
            reasons,
            reason,
            shares: Vec::new(),
            differences: Vec::new(),
        };
        for (of, ids) in grouped(&reference, indicators) {
            let conditions = of.1.iter().map(|condition| condition.dimension.as_str());
            let inner: Vec<_> = std::iter::once(of.0.as_str()).chain(conditions).collect();
            let plan = planned(&inner, Vec::new())?;
            figures.shares.push(Shares::count(engine, of, ids, plan)?);
        }
        for id in indicators {
            let count = reference.indicator(id).and_then(|indicator| indicator.count.as_ref());
            let Some(Count::Difference { difference }) = count else { continue };
            let of = figures.says(&difference.0).zip(figures.says(&difference.1));
            let Some(((first, first_says), (second, second_says))) = of else { continue };
            // Only people of whom the conditions of both are known to hold.
            let conditions = [first.conditions.as_slice(), &second.conditions].concat();
            let plan = planned(&[&first.dimension, &second.dimension], conditions)?;
            let mut both = Folded::default();
            engine.fold(&plan, query.by.len(), &mut both, |both: &mut [u64; 4], at, n| {
                match (first_says[at[0]], second_says[at[1]]) {
                    (Response::Yes, Response::Yes) => both[0] += n,
                    (Response::Yes, Response::No) => both[1] += n,
                    (Response::No, Response::Yes) => both[2] += n,
                    (Response::No, Response::No) => both[3] += n,
                    _ => {}
                }
            })?;
            let (indicator, shares) = (id.clone(), difference.clone());
            figures.differences.push(Difference { indicator, shares, both });
        }
        Ok(figures)
    }

    /// The shares that an indicator is among, and what each place of their dimension says to it.
    fn says(&self, id: &str) -> Option<(&Shares, &[Response])> {
        self.shares.iter().find_map(|shares| Some((shares, shares.says(id)?)))
    }

    /// People of a row.
    pub(super) fn people(&self, row: &[usize]) -> u64 {
        self.people.row(row).map_or(0, InnerCounts::sum)
    }

    /// An indicator in a row.
    pub(super) fn indicator(&self, id: &str, row: &[usize], confidence: Confidence) -> Cell {
        match self.differences.iter().find(|difference| difference.indicator == id) {
            Some(difference) => self.difference(difference, row, confidence),
            None => Cell::share(self.tally(id, row), "people", confidence),
        }
    }

    fn tally(&self, id: &str, row: &[usize]) -> Tally {
        self.shares.iter().find_map(|shares| shares.tally(id, row)).unwrap_or_default()
    }

    /// The difference of two shares, with limits where both are shares of the same people.
    fn difference(&self, of: &Difference, row: &[usize], confidence: Confidence) -> Cell {
        let tallies = [&of.shares.0, &of.shares.1].map(|id| self.tally(id, row));
        let [first, second] = tallies.map(|of| Cell::share(of, "people", confidence).figure);
        Cell::without_counts(first.and_then(|first| {
            let second = second?;
            let both = of.both.row(row).copied().unwrap_or_default();
            let all: u64 = both.iter().sum();
            let same = tallies.iter().all(|tally| tally.denominator == all);
            let paired = paired_difference(both, confidence).filter(|_| same);
            let alone = Figure::exact(first.value - second.value);
            Ok(paired.map_or(alone, Figure::from))
        }))
    }

    /// Whether a difference of any row is of shares of different people.
    pub(super) fn has_difference_without_limits(&self, confidence: Confidence) -> bool {
        let mut rows = self.people.rows.keys().map(Vec::as_slice).chain([&[][..]]);
        rows.any(|row| {
            let mut cells = self.differences.iter().map(|of| self.difference(of, row, confidence));
            cells.any(|cell| cell.figure.is_ok_and(|figure| figure.limits.is_none()))
        })
    }

    /// The share of one reason, of the people whose reasons are known. A missing state has a count and no share.
    pub(super) fn reason(&self, place: usize, row: &[usize], confidence: Confidence) -> Cell {
        let counts = self.reasons.row(row);
        let at = |place: usize| counts.map_or(0, |counts| counts.inner[place]);
        let of_states = |wanted: &dyn Fn(State) -> bool| -> u64 {
            let states = State::ALL.into_iter().filter(|state| wanted(*state));
            states.map(|state| at(self.reason.categories.len() + state as usize)).sum()
        };
        let base = of_states(&|state| matches!(state, State::Any | State::None));
        let known = self.reason.state(place).is_none_or(|state| state == State::None);
        let unknown = of_states(&State::is_unknown);
        let not_collected = of_states(&|state| state == State::NotCollected);
        let tally = Tally {
            numerator: at(place),
            denominator: base,
            unknown,
            not_collected,
            // Everybody else, those included who are not asked for reasons.
            outside: self.people(row) - base - unknown - not_collected,
        };
        if known {
            return Cell::share(tally, "people", confidence);
        }
        Cell::in_no_base(tally, Absence::not_computable("in no share: reasons are not known"))
    }
}
