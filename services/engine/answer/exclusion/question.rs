//! The table of digital exclusion.

use std::collections::BTreeSet;

use super::figures::{ACCESS, ExclusionFigures, REASON};
use crate::domain::collection::Dataset;
use crate::domain::disclosure::TrueCount;
use crate::domain::indicator::Unit;
use crate::domain::reference::Reference;
use crate::engine::answer::consultations::Tabulated;
use crate::engine::answer::definition::{ColumnDefinition, TableDefinition};
use crate::engine::answer::estimates::EstimatesWanted;
use crate::engine::answer::model::{Cell, Column};
use crate::engine::answer::plan::Plan;
use crate::engine::answer::protected::Beside;
use crate::engine::answer::provenance::{Provenance, QuestionSettings};
use crate::engine::answer::question::{Counted, Question, asks_its_query};
use crate::engine::answer::snapshot::{self, keep_last};
use crate::engine::query::{Measure, Query, Showing, Wrong, no_indicator};
use crate::engine::{Engine, QueryError};

/// Asks who is digitally excluded.
#[derive(Clone, Debug, PartialEq)]
pub struct ExclusionQuestion {
    /// What is asked about.
    pub query: Query,
    /// Indicator ids, as [`counted_indicators`] gives them.
    pub indicators: Vec<String>,
    /// Whether the reasons are wanted, as [`counted_indicators`] says.
    pub reasons: bool,
    /// Published estimates beside the table; none: they are not wanted.
    pub estimates: Option<EstimatesWanted>,
}

const PEOPLE: ColumnDefinition = ColumnDefinition::count(
    "PEOPLE",
    &[],
    "People in the snapshot",
    "People of the last access snapshot of each organisation.",
);
const INDICATOR: ColumnDefinition = ColumnDefinition {
    definition: "Share of the people of the row; `ReferenceService.ListIndicators` has numerator and denominator. `outside_count`: people to whom the indicator does not apply.",
    ..ColumnDefinition::indicator("", &[], "")
};
const REASONS: ColumnDefinition = ColumnDefinition {
    indicator: "DX-21-REASON",
    groups: &[REASON],
    label: "Reason among people who cannot use remote care, or only with help",
    unit: Some(Unit::Ratio),
    measures: "",
    definition: "People with this reason, of the people who cannot use remote care, or only with help, and whose reasons are known. A \
                 person can have several reasons, so the shares add up to more than 100 %. `unknown_count`: also people of whom it is not known whether they can. `outside_count`: all other people.",
};
const GAPS: &str = "A difference of shares has limits only if both are shares of the same people.";

/// What a column shows.
pub(in crate::engine::answer) enum Shows {
    People,
    Indicator(String),
    /// The reason at this place.
    Reason(usize),
}

/// The indicators that access records give, in order of their ids, and whether the reasons are wanted: those asked for, or all.
///
/// # Errors
/// An id that does not exist, or that access records do not give.
pub fn counted_indicators(
    reference: &Reference,
    asked: &[String],
) -> Result<(Vec<String>, bool), QueryError> {
    if asked.is_empty() {
        let counted = reference.indicators().filter(|indicator| indicator.is_of_access_records());
        return Ok((counted.map(|indicator| indicator.id.clone()).collect(), true));
    }
    let is_reason = |id: &&String| *id == REASONS.indicator;
    let mut wrong = Wrong::default();
    for (place, id) in asked.iter().enumerate().filter(|(_, id)| !is_reason(id)) {
        if !wrong.is_full() {
            wrong.take(counted(reference, place, id));
        }
    }
    let ids: BTreeSet<_> = asked.iter().filter(|id| !is_reason(id)).cloned().collect();
    wrong.unless(Some((ids.into_iter().collect(), asked.iter().any(|id| is_reason(&id)))))
}

/// Whether access records give an indicator.
fn counted(reference: &Reference, place: usize, id: &str) -> Result<(), QueryError> {
    let unknown = || no_indicator(reference, &format!("indicators[{place}]"), id);
    let indicator = reference.indicator(id).ok_or_else(unknown)?;
    let label = &indicator.label;
    if !indicator.unavailable.is_empty() {
        let why = format!("{id} ({label}) is not counted here: {}", indicator.unavailable);
        return Err(QueryError::Refused(why));
    }
    if !indicator.is_of_access_records() {
        return Err(QueryError::Refused(format!(
            "{id} ({label}) is not counted from access records: leave it out. Published figures appear beside the table if there are any, and ListEstimates has all of them; CH- indicators are in outcomes, provision and impact, DX-10 and DX-11 in area risk"
        )));
    }
    Ok(())
}

impl Question for ExclusionQuestion {
    const TABLE: TableDefinition = TableDefinition {
        name: "EXCLUSION",
        title: "Digital exclusion",
        rpc: "DigitalExclusionService.GetDigitalExclusionBreakdown",
        columns: &[PEOPLE, INDICATOR, REASONS],
    };
    type Figures = ExclusionFigures;
    type Shows = Shows;

    asks_its_query!();

    fn settings(&self) -> QuestionSettings {
        QuestionSettings::of(Measure::Persons)
    }

    fn indicators(&self) -> Vec<&str> {
        let reasons = self.reasons.then_some(REASONS.indicator);
        let counted = self.indicators.iter().map(String::as_str);
        [PEOPLE.indicator].into_iter().chain(counted).chain(reasons).collect()
    }

    fn count(
        &self,
        engine: &Engine,
        query: &Query,
    ) -> Result<Counted<ExclusionFigures>, QueryError> {
        let mut plan = engine.plan_by(query, Dataset::DigitalAccess, &[ACCESS], [])?;
        let mut provenance = engine.provenance(&mut plan, query)?;
        let all = plan.submissions().count();
        let merged = keep_last(&mut plan, &query.by);
        provenance.submission_count = plan.submissions().count();
        if plan.submissions().count() < all {
            provenance.notes.push(snapshot::note(&query.by));
        }
        provenance.notes.extend(merged);
        let pinned = plan.pinned(query);
        let tells_all = plan.tells_all();
        let figures = ExclusionFigures::new(engine, &pinned, &plan, &self.indicators)?;
        let tabulated = Tabulated { plan, crosstab: figures.people.clone() };
        if tells_all || figures.has_difference_without_limits(&query.showing) {
            provenance.notes.push(GAPS.into());
        }
        let quality = engine.quality(&[(&tabulated.plan, tabulated.sums())])?;
        tabulated.counted(provenance, quality, "person", figures)
    }

    fn volume(&self, engine: &Engine, query: &Query) -> Result<Option<Plan>, QueryError> {
        let mut plan = engine.plan_by(query, Dataset::DigitalAccess, &[], [])?;
        keep_last(&mut plan, &[]);
        Ok(Some(plan))
    }

    fn all(&self, figures: &ExclusionFigures, row: &[usize]) -> Option<TrueCount> {
        Some(figures.people(row))
    }

    fn parts(&self, figures: &ExclusionFigures, row: &[usize], shows: &Shows) -> Vec<TrueCount> {
        match shows {
            Shows::People => Vec::new(),
            Shows::Indicator(id) => figures.parts(id, row),
            Shows::Reason(place) => figures.parts_of_reason(*place, row),
        }
    }

    fn columns(
        &self,
        reference: &Reference,
        figures: &[&ExclusionFigures],
    ) -> Vec<(Column, Shows)> {
        let mut columns = vec![(PEOPLE.column(reference, Vec::new()), Shows::People)];
        columns.extend(self.indicators.iter().map(|id| {
            (INDICATOR.column_of(id, reference, Vec::new()), Shows::Indicator(id.clone()))
        }));
        let occurring = figures.iter().filter(|_| self.reasons);
        let reasons: BTreeSet<usize> = occurring.flat_map(|of| of.occurring.clone()).collect();
        columns.extend(reasons.into_iter().map(|place| {
            let group = vec![figures[0].reason.key(place)];
            (REASONS.column(reference, group), Shows::Reason(place))
        }));
        columns
    }

    fn cell(
        &self,
        figures: &ExclusionFigures,
        row: &[usize],
        shows: &Shows,
        showing: &Showing,
    ) -> Cell {
        match shows {
            Shows::People => Cell::count(figures.people(row), showing),
            Shows::Indicator(id) => figures.indicator(id, row, showing),
            Shows::Reason(place) => figures.reason(*place, row, showing),
        }
    }

    /// Snapshots are never added up over time: the total is of the last ones.
    fn total_is_apart(&self, plan: &Plan) -> bool {
        snapshot::tells_apart(plan, &self.query.by)
    }

    fn beside(
        &self,
        engine: &Engine,
        pinned: &Query,
        provenance: &mut Provenance,
    ) -> Result<Beside, QueryError> {
        let Some(wanted) = &self.estimates else { return Ok(Beside::default()) };
        let found = engine.estimates(pinned, wanted)?;
        provenance.looked_at(found.data_position, Some(found.scope));
        Ok(Beside { estimates: found.found, ..Beside::default() })
    }
}
