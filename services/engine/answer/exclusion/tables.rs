//! The tables that the rows are made of, each counted once: one for every dimension and conditions that indicators share.

use super::shares::Shares;
use super::snapshot::keep_last;
use super::{ACCESS, EXCLUDED, ExclusionRow, REASON, ReasonCell};
use crate::domain::codes::State;
use crate::domain::indicator::{Condition, Count};
use crate::domain::measures::{Answer, Tally};
use crate::domain::statistics::{paired_difference, proportion};
use crate::engine::answer::indicators::{IndicatorCell, Share};
use crate::engine::answer::plan::Plan;
use crate::engine::answer::table::{Folded, Table, Unit};
use crate::engine::query::Query;
use crate::engine::{Engine, QueryError};

/// A plan and what was counted by it.
pub(super) struct Counted {
    pub(super) plan: Plan,
    pub(super) table: Table,
}

impl Counted {
    /// Counts of the inner cells of a row; none for the total.
    fn counts(&self, row: Option<&Vec<usize>>) -> Option<&Vec<u64>> {
        row.map_or(Some(&self.table.all), |row| self.table.rows.get(row))
    }
}

/// An indicator that is a difference.
struct OfDifference {
    indicator: String,
    /// The two shares.
    shares: (String, String),
    /// People of whom both answers are known: yes to both, to the first alone, to the second alone, to neither.
    both: Folded<[u64; 4]>,
}

/// Everything that a row is made of.
pub(super) struct Tables {
    query: Query,
    asked: Vec<String>,
    /// People by whether they can use remote care.
    pub(super) base: Counted,
    /// Why people cannot use remote care, or only with help.
    pub(super) reasons: Counted,
    shares: Vec<Shares>,
    differences: Vec<OfDifference>,
}

impl Tables {
    /// Counts what the indicators need. `plan` is the base's, its last snapshots left.
    pub(super) fn new(
        engine: &Engine,
        query: &Query,
        plan: Plan,
        indicators: &[String],
    ) -> Result<Self, QueryError> {
        let (reader, threads) = (engine.store().reader(), engine.settings.threads);
        let count = |plan: Plan| {
            let path = plan.path(Unit::Weights);
            let table = plan.table(reader, Unit::Weights, path, 1, threads)?;
            Ok::<_, QueryError>(Counted { plan, table })
        };
        let planned = |inner: &[&str], conditions: &[Condition]| {
            let mut plan = engine.access_plan(query, inner, conditions)?;
            keep_last(&mut plan, &query.by);
            Ok::<_, QueryError>(plan)
        };
        let reference = plan.reference.clone();
        let excluded =
            Condition { dimension: ACCESS.into(), codes: EXCLUDED.map(str::to_owned).to_vec() };
        let mut tables = Self {
            query: query.clone(),
            asked: indicators.to_vec(),
            base: count(plan)?,
            reasons: count(planned(&[REASON], &[excluded])?)?,
            shares: Shares::of(&reference, indicators),
            differences: Vec::new(),
        };
        for shares in &mut tables.shares {
            let plan = planned(&shares.dimensions(), &[])?;
            shares.count(engine, plan)?;
        }
        for id in indicators {
            let Some(Count::Difference { difference }) =
                reference.indicator(id).and_then(|indicator| indicator.count.as_ref())
            else {
                continue;
            };
            let of = tables.says(&difference.0).zip(tables.says(&difference.1));
            let Some(((first, first_says), (second, second_says))) = of else { continue };
            // Only people of whom the conditions of both are known to hold.
            let conditions = [first.conditions.as_slice(), &second.conditions].concat();
            let plan = planned(&[&first.dimension, &second.dimension], &conditions)?;
            let mut both = Folded::default();
            plan.fold(reader, query.by.len(), threads, &mut both, |both: &mut [u64; 4], at, n| {
                match (first_says[at[0]], second_says[at[1]]) {
                    (Answer::Yes, Answer::Yes) => both[0] += n,
                    (Answer::Yes, Answer::No) => both[1] += n,
                    (Answer::No, Answer::Yes) => both[2] += n,
                    (Answer::No, Answer::No) => both[3] += n,
                    _ => {}
                }
            })?;
            let (indicator, shares) = (id.clone(), difference.clone());
            tables.differences.push(OfDifference { indicator, shares, both });
        }
        Ok(tables)
    }

    /// The shares that an indicator is among, and what each place of their dimension says to it.
    fn says(&self, id: &str) -> Option<(&Shares, &[Answer])> {
        self.shares.iter().find_map(|shares| Some((shares, shares.says(id)?)))
    }

    /// A row; none: the total.
    pub(super) fn row(&self, row: Option<&Vec<usize>>) -> ExclusionRow {
        let people = self.base.counts(row).map_or(0, |counts| counts.iter().sum());
        let cell = |id: &String| match self.differences.iter().find(|gap| gap.indicator == *id) {
            Some(gap) => self.gap(gap, row),
            None => self.cell(id, row),
        };
        let (reasons, reason_base) = self.reasons(row);
        ExclusionRow {
            keys: row.map_or(Vec::new(), |row| self.base.plan.keys(row)),
            people,
            indicators: self.asked.iter().filter_map(cell).collect(),
            reasons,
            reason_base,
        }
    }

    fn cell(&self, id: &str, row: Option<&Vec<usize>>) -> Option<IndicatorCell> {
        let tally = self.shares.iter().find_map(|shares| shares.tally(id, row))?;
        Some(IndicatorCell::new(id, tally, "people", self.query.confidence))
    }

    fn gap(&self, gap: &OfDifference, row: Option<&Vec<usize>>) -> Option<IndicatorCell> {
        let (first, second) = (self.cell(&gap.shares.0, row)?, self.cell(&gap.shares.1, row)?);
        let share = match (first.share, second.share) {
            (Ok(of_first), Ok(of_second)) => {
                let both = row.map_or(Some(&gap.both.all), |row| gap.both.rows.get(row));
                let both = both.copied().unwrap_or_default();
                let same = [first.tally, second.tally]
                    .iter()
                    .all(|tally| tally.denominator == both.iter().sum::<u64>());
                let paired = paired_difference(both, self.query.confidence).filter(|_| same);
                let alone = Share { value: of_first.value - of_second.value, limits: None };
                Ok(paired.map_or(alone, Share::from))
            }
            (Err(why), _) | (_, Err(why)) => Err(why),
        };
        Some(IndicatorCell { indicator: gap.indicator.clone(), tally: Tally::default(), share })
    }

    /// Reasons, and how many people's are known.
    fn reasons(&self, row: Option<&Vec<usize>>) -> (Vec<ReasonCell>, u64) {
        let axes = &self.reasons.plan.axes;
        let axis = &axes[axes.len() - 1];
        let none = vec![0; axis.places()];
        let counts = self.reasons.counts(row).unwrap_or(&none);
        let of_state = |state: State| counts[axis.categories.len() + state as usize];
        let base = of_state(State::Any) + of_state(State::None);
        let told = |place: &usize| {
            self.reasons.table.all[*place] > 0
                && !matches!(axis.state(*place), Some(State::Any | State::Coarser))
        };
        let cell = |place: usize| {
            let known = axis.state(place).is_none_or(|state| state == State::None);
            let share = proportion(counts[place], base, self.query.confidence);
            ReasonCell {
                key: axis.key(place),
                count: counts[place],
                share: share.filter(|_| known).map(Share::from),
            }
        };
        ((0..axis.places()).filter(told).map(cell).collect(), base)
    }
}
