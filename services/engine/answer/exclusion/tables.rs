//! The tables that the rows are made of, each counted once: one for every dimension and condition that indicators share.

use super::snapshot::keep_last;
use super::{ACCESS, EXCLUDED, ExclusionRow, REASON, ReasonCell};
use crate::domain::codes::{Dimension, State};
use crate::domain::indicator::{Condition, Count};
use crate::domain::measures::{Answer, Tally};
use crate::domain::statistics::{paired_difference, proportion};
use crate::engine::answer::context::{Absence, Reason};
use crate::engine::answer::indicators::{IndicatorCell, Share};
use crate::engine::answer::plan::Plan;
use crate::engine::answer::table::{Table, Unit};
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

/// An indicator that is a share.
struct OfShare {
    indicator: String,
    /// Its table.
    table: usize,
    /// What each place of the table's inner axis says.
    answers: Vec<Answer>,
}

/// An indicator that is a difference.
struct OfDifference {
    indicator: String,
    /// The two shares.
    shares: (usize, usize),
    /// Both answers of the people that both are asked of.
    joint: Counted,
}

/// Everything that a row is made of.
pub(super) struct Tables {
    query: Query,
    asked: Vec<String>,
    /// People by whether they can use remote care.
    pub(super) base: Counted,
    /// Why people cannot use remote care, or only with help.
    pub(super) reasons: Counted,
    counted: Vec<(String, Vec<Condition>, Counted)>,
    shares: Vec<OfShare>,
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
        let count = |plan: Plan, inner: usize| {
            let (reader, threads) = (engine.store().reader(), engine.settings.threads);
            let path = plan.path(Unit::Weights);
            let table = plan.table(reader, Unit::Weights, path, inner, threads)?;
            Ok::<_, QueryError>(Counted { plan, table })
        };
        let planned = |inner: &[&str], conditions: &[Condition]| {
            let mut plan = engine.access_plan(query, inner, conditions)?;
            keep_last(&mut plan, &query.by);
            count(plan, inner.len())
        };
        let reference = plan.reference.clone();
        let excluded =
            Condition { dimension: ACCESS.into(), codes: EXCLUDED.map(str::to_owned).to_vec() };
        let mut tables = Self {
            query: query.clone(),
            asked: indicators.to_vec(),
            base: count(plan, 1)?,
            reasons: planned(&[REASON], &[excluded])?,
            counted: Vec::new(),
            shares: Vec::new(),
            differences: Vec::new(),
        };
        for id in indicators {
            match reference.indicator(id).and_then(|indicator| indicator.count.as_ref()) {
                Some(Count::Share { .. }) => {
                    tables.share(&reference, id, &planned)?;
                }
                Some(Count::Difference { difference: (first, second) }) => {
                    let shares = tables
                        .share(&reference, first, &planned)?
                        .zip(tables.share(&reference, second, &planned)?);
                    let Some(shares) = shares else { continue };
                    let (first, second) = (tables.of(shares.0), tables.of(shares.1));
                    let conditions = [first.1.as_slice(), second.1.as_slice()].concat();
                    let joint = planned(&[&first.0, &second.0], &conditions)?;
                    tables.differences.push(OfDifference { indicator: id.clone(), shares, joint });
                }
                None => {}
            }
        }
        Ok(tables)
    }

    /// Dimension and conditions of a share.
    fn of(&self, share: usize) -> &(String, Vec<Condition>, Counted) {
        &self.counted[self.shares[share].table]
    }

    /// The share of an indicator: its place among the shares.
    fn share(
        &mut self,
        reference: &crate::domain::reference::Reference,
        id: &str,
        planned: &impl Fn(&[&str], &[Condition]) -> Result<Counted, QueryError>,
    ) -> Result<Option<usize>, QueryError> {
        if let Some(known) = self.shares.iter().position(|share| share.indicator == id) {
            return Ok(Some(known));
        }
        let Some(Count::Share { dimension, numerator, denominator, conditions }) =
            reference.indicator(id).and_then(|indicator| indicator.count.as_ref())
        else {
            return Ok(None);
        };
        let same = |known: &&(String, Vec<Condition>, Counted)| {
            known.0 == *dimension && known.1 == *conditions
        };
        let table = match self.counted.iter().position(|known| same(&known)) {
            Some(table) => table,
            None => {
                let counted = planned(&[dimension], conditions)?;
                self.counted.push((dimension.clone(), conditions.clone(), counted));
                self.counted.len() - 1
            }
        };
        let axes = &self.counted[table].2.plan.axes;
        let words = |codes: &[String]| codes.to_vec();
        let (yes, known) = (words(numerator), words(denominator));
        let answers = axes[axes.len() - 1].answers(
            &yes.iter().map(String::as_str).collect::<Vec<_>>(),
            &known.iter().map(String::as_str).collect::<Vec<_>>(),
        );
        self.shares.push(OfShare { indicator: id.to_owned(), table, answers });
        Ok(Some(self.shares.len() - 1))
    }

    /// A row; none: the total.
    pub(super) fn row(&self, row: Option<&Vec<usize>>) -> ExclusionRow {
        let people = self.base.counts(row).map_or(0, |counts| counts.iter().sum());
        let cell = |id: &String| {
            let share = self.shares.iter().position(|share| share.indicator == *id);
            let gap = self.differences.iter().find(|gap| gap.indicator == *id);
            match (gap, share) {
                (Some(gap), _) => Some(self.gap(gap, row)),
                (None, Some(share)) => Some(self.cell(share, row)),
                (None, None) => None,
            }
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

    fn tally(&self, share: usize, row: Option<&Vec<usize>>) -> Tally {
        let mut tally = Tally::default();
        let counts = self.of(share).2.counts(row);
        let answers = &self.shares[share].answers;
        for (answer, count) in answers.iter().zip(counts.into_iter().flatten()) {
            tally.count(*answer, *count);
        }
        tally
    }

    fn cell(&self, share: usize, row: Option<&Vec<usize>>) -> IndicatorCell {
        let tally = self.tally(share, row);
        let id = &self.shares[share].indicator;
        let mut cell = IndicatorCell::new(id, tally, "people", self.query.confidence);
        // Nobody that it applies to, because no source says to whom it does.
        let plan = &self.of(share).2.plan;
        let unsaid = |condition: &&Condition| {
            let field = plan.reference.dimension(&condition.dimension).and_then(Dimension::field);
            field.is_some_and(|field| plan.submissions.iter().all(|s| s.column(field).is_none()))
        };
        if tally == Tally::default()
            && let Some(condition) = self.of(share).1.iter().find(unsaid)
        {
            cell.share = Err(Absence {
                reason: Reason::NotCollected,
                detail: format!(
                    "no source collects `{}`, which says to whom it applies",
                    condition.dimension
                ),
            });
        }
        cell
    }

    fn gap(&self, gap: &OfDifference, row: Option<&Vec<usize>>) -> IndicatorCell {
        let (first, second) = (self.cell(gap.shares.0, row), self.cell(gap.shares.1, row));
        let share = match (first.share, second.share) {
            (Ok(of_first), Ok(of_second)) => {
                let both = self.both(gap, row);
                let same = [first.tally, second.tally]
                    .iter()
                    .all(|tally| tally.denominator == both.iter().sum::<u64>());
                let paired = paired_difference(both, self.query.confidence).filter(|_| same);
                let alone = Share { value: of_first.value - of_second.value, limits: None };
                Ok(paired.map_or(alone, Share::from))
            }
            (Err(why), _) | (_, Err(why)) => Err(why),
        };
        IndicatorCell { indicator: gap.indicator.clone(), tally: Tally::default(), share }
    }

    /// People of whom both answers are known: yes to both, to the first alone, to the second alone, to neither.
    fn both(&self, gap: &OfDifference, row: Option<&Vec<usize>>) -> [u64; 4] {
        let (first, second) =
            (&self.shares[gap.shares.0].answers, &self.shares[gap.shares.1].answers);
        let mut both = [0; 4];
        let counts = gap.joint.counts(row).into_iter().flatten();
        let cells = first.iter().flat_map(|a| second.iter().map(move |b| (*a, *b)));
        for (cell, count) in cells.zip(counts) {
            let place = match cell {
                (Answer::Yes, Answer::Yes) => 0,
                (Answer::Yes, Answer::No) => 1,
                (Answer::No, Answer::Yes) => 2,
                (Answer::No, Answer::No) => 3,
                _ => continue,
            };
            both[place] += count;
        }
        both
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
