//! The table of one indicator whose numerator and denominator partners submit as counts.
//!
//! An answer is about one indicator: which organisations are behind a figure, and whom a figure leaves out, is decided for each
//! indicator alone.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::axis_answers::answers;
use super::crosstab::Folded;
use super::definition::{ColumnDefinition, TableDefinition};
use super::model::{Absence, Cell, Column};
use super::plan::{On, Plan};
use super::provenance::QuestionSettings;
use super::question::{Counted, Question, asks_its_query};
use super::snapshot::{self, keep_last};
use crate::domain::collection::Dataset;
use crate::domain::disclosure::TrueCount;
use crate::domain::field::Field;
use crate::domain::indicator::{Indicator, Submitted};
use crate::domain::measures::Tally;
use crate::domain::reference::Reference;
use crate::engine::query::{Filter, Measure, Query, Showing, no_indicator};
use crate::engine::{Engine, QueryError};
use crate::store::{Submission, occurring};

/// Asks for a submitted indicator.
#[derive(Clone, Debug, PartialEq)]
pub struct IndicatorQuestion {
    /// What is asked about.
    pub query: Query,
    /// The indicator: one that [`submitted_indicator`] knows.
    pub indicator: String,
}

const VALUE: ColumnDefinition = ColumnDefinition {
    definition: "Share of the people of the row: numerator over denominator, with Wilson limits. `ReferenceService.ListIndicators` says who is \
                 counted, and of whom.",
    ..ColumnDefinition::indicator("", &[], "")
};
const NUMERATOR: ColumnDefinition = ColumnDefinition::count(
    "NUMERATOR",
    &[],
    "People in the numerator",
    "Sum of the submitted numerators of the row.",
);
const DENOMINATOR: ColumnDefinition = ColumnDefinition::count(
    "DENOMINATOR",
    &[],
    "People in the denominator",
    "Sum of the submitted denominators of the row.",
);

/// What a column shows.
#[derive(Clone, Copy)]
pub(super) enum Shows {
    Value,
    Numerator,
    Denominator,
}

/// The indicator of this id, if its counts are submitted. `at` is the field that names it.
///
/// # Errors
/// There is no such indicator, or its counts are not submitted.
pub fn submitted_indicator<'a>(
    reference: &'a Reference,
    at: &str,
    id: &str,
) -> Result<&'a Indicator, QueryError> {
    let indicator = reference.indicator(id).ok_or_else(|| no_indicator(reference, at, id))?;
    if indicator.submitted.is_none() {
        return Err(QueryError::Refused(format!(
            "{id} ({}) is not submitted as counts: ListTables says which table has it, and ListCodeLists lists in `indicator` those that are",
            indicator.label
        )));
    }
    Ok(indicator)
}

impl IndicatorQuestion {
    /// The same question about each indicator that was submitted for its place and months and that its reader may read, and the plan that
    /// told which.
    pub(super) fn of_each(&self, engine: &Engine) -> Result<(Vec<Self>, Plan), QueryError> {
        let field = Field::Indicator;
        let query = Query { by: Vec::new(), ..self.query.clone() };
        let plan = engine.plan_by(&query, Dataset::IndicatorCounts, &[field.name()], [])?;
        let scope = &self.query.reader.scope.indicators;
        let mut ids = BTreeSet::new();
        if let Some(axis) = plan.axes.first()
            && let On::Field(_, placed) = &axis.on
        {
            let codes = plan.occurring(field);
            let places = codes.iter().flat_map(|code| plan.places_of(field, placed, *code));
            let known = places.filter_map(|place| axis.categories.get(*place));
            ids.extend(known.map(|(id, _)| id.clone()));
        }
        ids.retain(|id| {
            let submitted = plan.reference.indicator(id).is_some_and(|of| of.submitted.is_some());
            submitted && (plan.is_open() || scope.has(id))
        });
        let of = |indicator| Self { indicator, ..self.clone() };
        Ok((ids.into_iter().map(of).collect(), plan))
    }

    /// Refuses an indicator out of the reader's scope: the counts of this table are the indicator.
    fn in_scope(&self, plan: &Plan, query: &Query) -> Result<(), QueryError> {
        let indicators = &query.reader.scope.indicators;
        if plan.is_open() || indicators.has(&self.indicator) {
            return Ok(());
        }
        let (id, codes) = (&self.indicator, indicators.codes().take(20).collect::<Vec<_>>());
        let why = format!("indicator `{id}` is outside of what you may read: {}", codes.join(", "));
        Err(QueryError::OutOfScope(why))
    }

    /// A plan of the submissions that have the indicator; of snapshots, each organisation's last one. And how many were left out.
    fn plan(
        &self,
        engine: &Engine,
        query: &Query,
        inner: &[&str],
    ) -> Result<(Plan, Vec<String>), QueryError> {
        let only = Filter::only(Field::Indicator.name(), &self.indicator);
        let mut plan = engine.plan_by(query, Dataset::IndicatorCounts, inner, [only])?;
        self.in_scope(&plan, query)?;
        let kept: Vec<_> = plan.submissions().map(|of| has_indicator(&plan, of)).collect();
        plan.keep(&kept);
        let indicator = plan.reference.indicator(&self.indicator);
        if indicator.and_then(|of| of.submitted) != Some(Submitted::Snapshot) {
            return Ok((plan, Vec::new()));
        }
        let before = plan.submissions().count();
        let merged = keep_last(&mut plan, &query.by);
        let left_out = plan.submissions().count() < before;
        let note = left_out.then(|| snapshot::note(&query.by));
        Ok((plan, note.into_iter().chain(merged).collect()))
    }
}

/// Whether a submission has any row of the plan's indicator.
fn has_indicator(plan: &Plan, submission: &Arc<Submission>) -> bool {
    let of = plan.filters.iter().find(|filter| filter.field == Field::Indicator);
    let codes = occurring(std::iter::once(submission.as_ref()), Field::Indicator);
    of.is_some_and(|filter| codes.iter().any(|code| plan.passes(filter, *code)))
}

/// Sentences on breaks of the series within the months of a question.
fn breaks(reference: &Reference, id: &str, query: &Query) -> Vec<String> {
    let (first, last) = query.months;
    let breaks = reference.indicator(id).into_iter().flat_map(|of| &of.series_breaks);
    let within = breaks.filter(|of| first < of.month && of.month <= last);
    let note = |of: &crate::domain::indicator::SeriesBreak| {
        format!("Values from {} on cannot be compared with those before: {}.", of.month, of.reason)
    };
    within.map(note).collect()
}

impl Question for IndicatorQuestion {
    const TABLE: TableDefinition = TableDefinition {
        name: "INDICATORS",
        title: "Submitted indicator",
        rpc: "IndicatorService.GetIndicatorBreakdown",
        columns: &[VALUE, NUMERATOR, DENOMINATOR],
    };
    type Figures = Folded<Tally>;
    type Shows = Shows;

    asks_its_query!();

    fn settings(&self) -> QuestionSettings {
        QuestionSettings::of(Measure::Persons).with("indicator", &self.indicator)
    }

    fn indicators(&self) -> Vec<&str> {
        vec![self.indicator.as_str(), NUMERATOR.indicator, DENOMINATOR.indicator]
    }

    fn count(&self, engine: &Engine, query: &Query) -> Result<Counted<Folded<Tally>>, QueryError> {
        let (mut plan, notes) = self.plan(engine, query, &[Field::InNumerator.name()])?;
        let mut provenance = engine.provenance(&mut plan, query)?;
        provenance.notes.extend(notes);
        provenance.notes.extend(breaks(&plan.reference, &self.indicator, query));
        if let Some(empty) = provenance.empty.as_mut().filter(|_| plan.erased.is_empty()) {
            let detail = format!("there are no counts of {}: {}", self.indicator, empty.detail);
            *empty = Absence::no_data(detail);
        }
        let tabulated = engine.tabulated(plan, 1, 1)?;
        let says = answers(tabulated.inner(), &["Y"], &["Y", "N"]);
        let figures = tabulated.crosstab.map(|_, counts| {
            let mut tally = Tally::default();
            says.iter().zip(&counts.inner).for_each(|(says, count)| tally.count(*says, *count));
            tally
        });
        let mut sums = tabulated.sums();
        sums.remove(&query.by.len());
        let quality = engine.quality(&[(&tabulated.plan, sums)])?;
        tabulated.counted(provenance, quality, "person", figures)
    }

    fn volume(&self, engine: &Engine, query: &Query) -> Result<Option<Plan>, QueryError> {
        self.plan(engine, query, &[]).map(|(plan, _)| Some(plan))
    }

    fn all(&self, figures: &Folded<Tally>, row: &[usize]) -> Option<TrueCount> {
        Some(figures.row(row).map(|of| of.denominator).unwrap_or_default())
    }

    fn parts(&self, figures: &Folded<Tally>, row: &[usize], shows: &Shows) -> Vec<TrueCount> {
        match shows {
            Shows::Denominator => Vec::new(),
            Shows::Value | Shows::Numerator => {
                vec![figures.row(row).map(|of| of.numerator).unwrap_or_default()]
            }
        }
    }

    fn columns(&self, reference: &Reference, _: &[&Folded<Tally>]) -> Vec<(Column, Shows)> {
        let value = VALUE.column_of(&self.indicator, reference, Vec::new());
        let count = |kind: ColumnDefinition| kind.column(reference, Vec::new());
        vec![
            (value, Shows::Value),
            (count(NUMERATOR), Shows::Numerator),
            (count(DENOMINATOR), Shows::Denominator),
        ]
    }

    fn cell(
        &self,
        figures: &Folded<Tally>,
        row: &[usize],
        shows: &Shows,
        showing: &Showing,
    ) -> Cell {
        let of = figures.row(row).copied().unwrap_or_default();
        match shows {
            Shows::Value => Cell::share(of, "people", showing),
            Shows::Numerator => Cell::count(of.numerator, showing),
            Shows::Denominator => Cell::count(of.denominator, showing),
        }
    }

    /// Snapshots are never added up over time: the total is of the last ones.
    fn total_is_apart(&self, plan: &Plan) -> bool {
        let indicator = plan.reference.indicator(&self.indicator);
        let snapshots = indicator.and_then(|of| of.submitted) == Some(Submitted::Snapshot);
        snapshots && snapshot::tells_apart(plan, &self.query.by)
    }
}
