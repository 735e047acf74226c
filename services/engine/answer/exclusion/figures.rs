//! What the cells of the table are made of, each counted once: a cross-tabulation for every dimension and conditions that indicators
//! share.

use std::collections::{BTreeMap, BTreeSet};

use super::shares::{Counting, Shares, grouped};
use crate::domain::codes::State;
use crate::domain::collection::Dataset;
use crate::domain::disclosure::TrueCount;
use crate::domain::indicator::{Condition, Count};
use crate::domain::measures::{Response, Tally};
use crate::domain::statistics::paired_difference;
use crate::engine::answer::axis_answers::{answers, merge};
use crate::engine::answer::crosstab::{Crosstab, Folded, InnerCounts};
use crate::engine::answer::model::{Absence, Cell, Figure};
use crate::engine::answer::outcome_shares::says;
use crate::engine::answer::plan::{Plan, PlanAxis};
use crate::engine::answer::snapshot::keep_last;
use crate::engine::query::{Query, Showing};
use crate::engine::{Engine, QueryError};

pub(super) const REASON: &str = "exclusion_reason";
/// Whether people can use remote care.
pub(super) const ACCESS: &str = "digital_access";
/// Those who are asked for reasons.
const EXCLUDED: [&str; 2] = ["WITH_HELP", "UNABLE"];

/// An indicator that is a difference of two shares.
struct Difference {
    shares: (String, String),
    /// People of whom both answers are known: yes to both, to the first alone, to the second alone, to neither.
    both: Folded<[TrueCount; 4]>,
}

/// Why people cannot use remote care, or only with help.
#[derive(Default)]
struct Reasons {
    /// Those who cannot, or only with help, by place of the reason.
    excluded: Vec<TrueCount>,
    /// Of the others: whether they can is not known, or not collected.
    missing: Tally,
}

/// Everything that a cell is made of.
pub(in crate::engine::answer) struct ExclusionFigures {
    pub(super) people: Crosstab,
    reasons: Folded<Reasons>,
    /// Axis of the reasons, and which of its places occur.
    pub(super) reason: PlanAxis,
    pub(super) occurring: BTreeSet<usize>,
    shares: Vec<Shares>,
    /// By indicator.
    differences: BTreeMap<String, Difference>,
}

impl ExclusionFigures {
    /// Counts what the indicators need. `people` is the plan of the base.
    pub(super) fn new(
        engine: &Engine,
        query: &Query,
        people: &Plan,
        indicators: &[String],
    ) -> Result<Self, QueryError> {
        let planned = |inner: &[&str], conditions: Vec<Condition>| {
            let mut plan = engine.plan_by(query, Dataset::DigitalAccess, inner, conditions)?;
            keep_last(&mut plan, &query.by);
            Ok::<_, QueryError>(plan)
        };
        let reference = engine.reference();
        let mut plan = planned(&[ACCESS, REASON], Vec::new())?;
        let access = &mut plan.axes[query.by.len()];
        let known: Vec<_> = access.categories.iter().map(|(code, _)| code.as_str()).collect();
        let is_excluded = answers(access, &EXCLUDED, &known);
        merge(access, &is_excluded);
        let mut countings = Vec::new();
        for ((dimension, conditions), ids) in grouped(&reference, indicators) {
            let held = conditions.iter().map(|condition| condition.dimension.as_str());
            let inner: Vec<_> = std::iter::once(dimension.as_str()).chain(held).collect();
            countings.push(Counting::new(conditions, ids, planned(&inner, Vec::new())?));
        }
        let outer = query.by.len();
        let plans = [(people, None), (&plan, None)].into_iter();
        let plans = plans.chain(countings.iter().map(|of| (&of.plan, Some(of.bytes_of_a_row()))));
        let mut pass = engine.pass(&Vec::from_iter(plans), outer, engine.listed(outer, 1))?;
        let (people, counted) = (pass.crosstab(0)?, pass.crosstab(1)?);
        let mut shares = Vec::with_capacity(countings.len());
        for (number, counting) in countings.iter().enumerate() {
            let mut tallies = Folded::default();
            pass.fold(2 + number, &mut tallies, &counting.add)?;
            shares.push(counting.counted(tallies));
        }
        pass.end()?;
        let reason = plan.axes.remove(query.by.len() + 1);
        let reasons = counted.map(|_, counts| {
            let mut reasons = Reasons::default();
            let of_access = counts.inner.chunks(reason.places());
            for (is_excluded, counts) in is_excluded.iter().zip(of_access) {
                if *is_excluded == Response::Yes {
                    reasons.excluded.resize(counts.len(), TrueCount::default());
                    reasons.excluded.iter_mut().zip(counts).for_each(|(sum, n)| *sum += *n);
                    continue;
                }
                // Each person is in one state, those with reasons in ANY.
                for state in State::ALL.into_iter().filter(|state| *state != State::Coarser) {
                    let said = match state {
                        State::Any | State::None | State::Coarser => Response::Yes,
                        State::NotApplicable => Response::NotApplicable,
                        State::NotCollected => Response::NotCollected,
                        State::NotStated
                        | State::AskedUnsure
                        | State::NotKnown
                        | State::NotRecorded
                        | State::Invalid => Response::Unknown,
                    };
                    let count = counts[reason.categories.len() + state as usize];
                    reasons.missing.count(said.given(*is_excluded), count);
                }
            }
            reasons
        });
        // A set that is told by ANY, and a set known only more coarsely, is no reason.
        let is_reason = |place: &usize| {
            let state = reason.state(*place);
            let count = reasons.all.excluded.get(*place).copied().unwrap_or_default();
            plan.tells(count) && !matches!(state, Some(State::Any | State::Coarser))
        };
        let mut figures = Self {
            occurring: (0..reason.places()).filter(is_reason).collect(),
            people,
            reasons,
            reason,
            shares,
            differences: BTreeMap::new(),
        };
        let count = |id: &String| reference.indicator(id)?.count.as_ref();
        for id in indicators {
            let Some(Count::Difference { difference }) = count(id) else { continue };
            let (
                Some(Count::Share { dimension: first, conditions, .. }),
                Some(Count::Share { dimension: second, conditions: more, .. }),
            ) = (count(&difference.0), count(&difference.1))
            else {
                continue;
            };
            // Only people of whom the conditions of both are known to hold.
            let plan = planned(&[first, second], [conditions.as_slice(), more].concat())?;
            let (axes, mut both) = (&plan.axes[query.by.len()..], Folded::default());
            let first = says(&reference, &difference.0, &axes[0], false);
            let second = says(&reference, &difference.1, &axes[1], false);
            let place = |says| [Response::Yes, Response::No].iter().position(|one| *one == says);
            engine.fold(&plan, query.by.len(), &mut both, |both: &mut [TrueCount; 4], at, n| {
                if let (Some(of), Some(less)) = (place(first[at[0]]), place(second[at[1]])) {
                    both[2 * of + less] += n;
                }
            })?;
            let of = Difference { shares: difference.clone(), both };
            figures.differences.insert(id.clone(), of);
        }
        Ok(figures)
    }

    /// People of a row.
    pub(super) fn people(&self, row: &[usize]) -> TrueCount {
        self.people.row(row).map_or_else(TrueCount::default, InnerCounts::sum)
    }

    /// An indicator in a row.
    pub(super) fn indicator(&self, id: &str, row: &[usize], showing: &Showing) -> Cell {
        match self.differences.get(id) {
            Some(difference) => self.difference(difference, row, showing),
            None => Cell::share(self.tally(id, row), "people", showing),
        }
    }

    /// The people of a row that an indicator tells of: those whom it is about, unless that is everybody, and those of whom it is true.
    pub(super) fn parts(&self, id: &str, row: &[usize]) -> Vec<TrueCount> {
        if let Some(Difference { shares: (first, second), .. }) = self.differences.get(id) {
            return [self.parts(first, row), self.parts(second, row)].concat();
        }
        let found = self.shares.iter().find_map(|of| Some((of.tally(id, row)?, of.of_all)));
        let (tally, of_all) = found.unwrap_or_default();
        let whom = (!of_all).then_some(tally.denominator);
        whom.into_iter().chain([tally.numerator]).collect()
    }

    fn tally(&self, id: &str, row: &[usize]) -> Tally {
        self.shares.iter().find_map(|shares| shares.tally(id, row)).unwrap_or_default()
    }

    /// The difference of two shares, with limits where both are shares of the same people.
    fn difference(&self, of: &Difference, row: &[usize], showing: &Showing) -> Cell {
        let tallies = [&of.shares.0, &of.shares.1].map(|id| self.tally(id, row));
        let [first, second] = tallies.map(|of| Cell::share(of, "people", showing).figure);
        let see = |count| showing.protection.see(count);
        // The shares may be of the same people.
        let behind = tallies.iter().filter_map(|tally| see(tally.denominator)).max();
        let figure = first.and_then(|first| {
            let second = second?;
            let both = of.both.row(row).copied().unwrap_or_default();
            let all: TrueCount = both.iter().copied().sum();
            let same = tallies.iter().all(|tally| tally.denominator == all);
            let both = both.map(see);
            // Changed counts of the four parts do not add up to those of the shares.
            let both = both.iter().copied().collect::<Option<Vec<_>>>();
            let both = both.filter(|_| same && showing.protection.is_exact());
            let both = both.and_then(|both| both.try_into().ok());
            let paired = both.and_then(|both| paired_difference(both, showing.confidence));
            let alone = Figure::exact(first.value - second.value);
            Ok(paired.map_or(alone, Figure::from))
        });
        Cell::without_counts(figure, behind.unwrap_or_default())
    }

    /// Whether a difference of any row is of shares of different people.
    pub(super) fn has_difference_without_limits(&self, showing: &Showing) -> bool {
        let mut rows = self.people.rows.keys().map(Vec::as_slice).chain([&[][..]]);
        rows.any(|row| {
            let mut cells = self.differences.values().map(|of| self.difference(of, row, showing));
            cells.any(|cell| cell.figure.is_ok_and(|figure| figure.limits.is_none()))
        })
    }

    /// The share of one reason, of the people whose reasons are known. A missing state has a count and no share.
    pub(super) fn reason(&self, place: usize, row: &[usize], showing: &Showing) -> Cell {
        let tally = self.tally_of_reason(place, row);
        let known = self.reason.state(place).is_none_or(|state| state == State::None);
        if known {
            return Cell::share(tally, "people", showing);
        }
        Cell::in_no_base(
            tally,
            Absence::not_computable("in no share: reasons are not known"),
            showing,
        )
    }

    /// The people of a row that a reason tells of: those with reasons, and those with this one.
    pub(super) fn parts_of_reason(&self, place: usize, row: &[usize]) -> Vec<TrueCount> {
        let tally = self.tally_of_reason(place, row);
        vec![tally.denominator, tally.numerator]
    }

    fn tally_of_reason(&self, place: usize, row: &[usize]) -> Tally {
        let reasons = self.reasons.row(row);
        let at = |place: usize| {
            reasons.and_then(|of| of.excluded.get(place)).copied().unwrap_or_default()
        };
        let missing = reasons.map_or(Tally::default(), |of| of.missing);
        let of_states = |wanted: &dyn Fn(State) -> bool| -> TrueCount {
            let states = State::ALL.into_iter().filter(|state| wanted(*state));
            states.map(|state| at(self.reason.categories.len() + state as usize)).sum()
        };
        let base = of_states(&|state| matches!(state, State::Any | State::None));
        let unknown = of_states(&State::is_unknown) + missing.unknown;
        let not_collected =
            of_states(&|state| state == State::NotCollected) + missing.not_collected;
        Tally {
            numerator: at(place),
            denominator: base,
            unknown,
            not_collected,
            // Everybody else, those included who are not asked for reasons.
            outside: self.people(row) - base - unknown - not_collected,
        }
    }
}
