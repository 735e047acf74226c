//! The table of channel impact.

use super::follow_ups::FollowUps;
use super::followed::NOTE;
use super::modes::{MODE, MODES, Part, REMOTE, WHOM, median_cell, mode_of};
use crate::domain::disclosure::TrueCount;
use crate::domain::indicator::Unit;
use crate::domain::measures::Waits;
use crate::domain::reference::Reference;
use crate::engine::answer::access::{Access, needs_asked};
use crate::engine::answer::axis_answers::{answers, merge};
use crate::engine::answer::crosstab::Folded;
use crate::engine::answer::definition::{ColumnDefinition, TableDefinition};
use crate::engine::answer::model::{Cell, Column};
use crate::engine::answer::outcome_shares::{
    ATTENDANCE, GroupOutcomes, LEAD_TIME, MISSED, OutcomeShares, WAITS,
};
use crate::engine::answer::plan::Plan;
use crate::engine::answer::protected::Beside;
use crate::engine::answer::provenance::{Provenance, QuestionSettings};
use crate::engine::answer::question::{Counted, Question, asks_its_query};
use crate::engine::query::{Measure, Query, Showing};
use crate::engine::{Engine, QueryError};

/// Asks what channels do to access.
#[derive(Clone, Debug, PartialEq)]
pub struct ImpactQuestion {
    /// What is asked about.
    pub query: Query,
    /// Whether arriving too late to be seen counts as missing too.
    pub late_counts_as_missed: bool,
}

const fn of_mode(indicator: &'static str) -> ColumnDefinition {
    ColumnDefinition::indicator(indicator, &[MODE], "")
}

const SHARES: [ColumnDefinition; 3] = [of_mode(MISSED), of_mode(WAITS[0]), of_mode(WAITS[1])];
const PENALTY: ColumnDefinition = of_mode("CH-10");
const MEDIAN: ColumnDefinition = of_mode("CH-11-MEDIAN");
pub(super) const FOLLOWED: ColumnDefinition = of_mode("CH-12");
const SAME_DAY: ColumnDefinition = ColumnDefinition::count(
    "CH-12-SAME-DAY",
    &[MODE],
    "Followed on the same day only",
    "Consultations of CH-12 that were not followed, whose person attended another in person on the same day, before or after. They are in \
     the denominator of CH-12 and not in its numerator.",
);

/// What a column shows of a part of the row.
#[derive(Clone, Copy)]
pub(in crate::engine::answer) enum Shows {
    Share(&'static str),
    Median,
    Followed,
    SameDay,
}

/// What was counted of impact.
pub(in crate::engine::answer) struct ImpactFigures {
    outcomes: OutcomeShares,
    /// Places of the modes on their axis.
    modes: [Option<usize>; MODES.len()],
    /// Days that people waited; none: there were too many rows to count days in.
    waits: Option<Folded<[Waits; MODES.len()]>>,
    followed: Folded<FollowUps>,
}

impl Question for ImpactQuestion {
    const TABLE: TableDefinition = TableDefinition {
        name: "IMPACT",
        title: "Channel impact",
        rpc: "DigitalExclusionService.GetChannelImpact",
        columns: &[SHARES[0], PENALTY, SHARES[1], SHARES[2], MEDIAN, FOLLOWED, SAME_DAY],
    };
    type Figures = ImpactFigures;
    type Shows = (Part, Shows);

    asks_its_query!();

    fn settings(&self) -> QuestionSettings {
        QuestionSettings::of(Measure::Contacts)
            .with("late_counts_as_missed", &self.late_counts_as_missed)
    }

    fn count(&self, engine: &Engine, query: &Query) -> Result<Counted<ImpactFigures>, QueryError> {
        let outer = query.by.len();
        let Asked { plan, access, mut provenance, pinned } =
            Asked::new(engine, query, &[MODE, ATTENDANCE])?;
        provenance.notes.push(NOTE.into());
        // Every plan of these consultations, with what snapshots say of their people.
        let planned = |inner: &[&str]| {
            let mut plan = engine.consultations(&pinned, Measure::Contacts, inner)?;
            access.join(&mut plan);
            Ok::<_, QueryError>(plan)
        };
        let late = self.late_counts_as_missed;
        let plans = [plan, planned(&[MODE, LEAD_TIME])?];
        let outcomes = OutcomeShares::count(engine, late, 1, plans)?;
        let tabulated = outcomes.by_group();
        let quality = engine.quality(&[(&tabulated.plan, tabulated.sums())])?;
        let waits = engine.days_by_mode(planned(&[MODE])?, outer)?;
        let mut plan = planned(&[])?;
        engine.follow_ups(&mut plan, &pinned, &mut provenance)?;
        let mut followed = Folded::default();
        engine.fold(&plan, outer, &mut followed, |of: &mut FollowUps, at, count| {
            at.iter().for_each(|place| of.add(*place, count));
        })?;
        let modes = MODES.map(|code| tabulated.inner().dimension.place_of(code));
        let figures = ImpactFigures { outcomes, modes, waits, followed };
        tabulated.counted(provenance, quality, "consultation", figures)
    }

    fn volume(&self, engine: &Engine, query: &Query) -> Result<Option<Plan>, QueryError> {
        volume(engine, query).map(Some)
    }

    fn all(&self, figures: &ImpactFigures, row: &[usize]) -> Option<TrueCount> {
        Some(figures.outcomes.of(row, None).map(|of| of.all).unwrap_or_default())
    }

    fn parts(
        &self,
        figures: &ImpactFigures,
        row: &[usize],
        (part, shows): &Self::Shows,
    ) -> Vec<TrueCount> {
        let followed = figures.followed.row(row).copied().unwrap_or_default();
        let of_mode = |mode: usize| {
            let none = GroupOutcomes::default();
            let of = figures.modes[mode].and_then(|place| figures.outcomes.of(row, Some(place)));
            let of = of.unwrap_or(&none);
            let part = match shows {
                Shows::Share(indicator) => Some(of.tally(indicator).numerator),
                Shows::Median => None,
                Shows::Followed => Some(followed.followed(mode)),
                Shows::SameDay => Some(followed.on_same_day(mode)),
            };
            std::iter::once(of.all).chain(part).collect::<Vec<_>>()
        };
        part.modes().flat_map(of_mode).collect()
    }

    fn columns(&self, reference: &Reference, _: &[&ImpactFigures]) -> Vec<(Column, Self::Shows)> {
        let column = |kind: ColumnDefinition, part: Part, shows: Shows| {
            let kind = match part {
                Part::Difference if kind.indicator == MISSED => PENALTY,
                Part::Difference if kind.indicator == MEDIAN.indicator => kind,
                Part::Difference => ColumnDefinition { unit: Some(Unit::Difference), ..kind },
                Part::Mode(_) => kind,
            };
            (kind.column(reference, vec![part.key()]), (part, shows))
        };
        let shares = SHARES.map(|kind| (kind, Shows::Share(kind.indicator)));
        let others = [(MEDIAN, Shows::Median), (FOLLOWED, Shows::Followed)];
        let parts = |(kind, shows)| Part::ALL.map(|part| column(kind, part, shows));
        let mut columns: Vec<_> = shares.into_iter().chain(others).flat_map(parts).collect();
        let modes = Part::ALL.into_iter().filter(|part| *part != Part::Difference);
        columns.extend(modes.map(|part| column(SAME_DAY, part, Shows::SameDay)));
        columns
    }

    fn cell(
        &self,
        figures: &ImpactFigures,
        row: &[usize],
        (part, shows): &Self::Shows,
        showing: &Showing,
    ) -> Cell {
        let followed = || figures.followed.row(row).copied().unwrap_or_default();
        match shows {
            Shows::Share(indicator) => part.cell(showing, |mode| {
                let place = figures.modes[mode];
                let of = place.and_then(|place| figures.outcomes.of(row, Some(place)));
                let tally = of.map(|of| of.tally(indicator)).unwrap_or_default();
                Cell::share(tally, WHOM[mode], showing)
            }),
            Shows::Median => {
                let none = Default::default();
                let waits = figures.waits.as_ref().map(|of| of.row(row).unwrap_or(&none));
                median_cell(waits, *part, showing)
            }
            Shows::Followed => part.cell(showing, |mode| followed().share(mode, showing)),
            Shows::SameDay => part.cell(showing, |mode| followed().same_day(mode, showing)),
        }
    }

    fn beside(
        &self,
        engine: &Engine,
        pinned: &Query,
        provenance: &mut Provenance,
    ) -> Result<Beside, QueryError> {
        let asked = pinned.place.organisations(&engine.reference());
        let position = pinned.position().unwrap_or_else(|| engine.position());
        let (assessments, assessment_count) =
            engine.assessments(&asked, pinned.months, position)?;
        let newest = assessments.first().map_or(0, |(newest, _)| newest.position);
        provenance.data_position = provenance.data_position.max(newest);
        Ok(Beside { assessments, assessment_count, ..Beside::default() })
    }
}

/// The consultations of a question, planned by some inner axes, with what snapshots say of their people.
pub(super) struct Asked {
    pub(super) plan: Plan,
    pub(super) access: Access,
    pub(super) provenance: Provenance,
    /// The question at the position that they are read at.
    pub(super) pinned: Query,
}

impl Asked {
    pub(super) fn new(engine: &Engine, query: &Query, inner: &[&str]) -> Result<Self, QueryError> {
        let mut plan = engine.consultations(query, Measure::Contacts, inner)?;
        let (mut provenance, pinned) = (engine.provenance(&mut plan, query)?, plan.pinned(query));
        let access = snapshots(engine, &mut plan, query)?;
        access.told(&mut provenance);
        Ok(Self { plan, access, provenance, pinned })
    }
}

/// A plan, without axes, of the consultations that could not be attributed to the area.
pub(super) fn volume(engine: &Engine, query: &Query) -> Result<Plan, QueryError> {
    let mut plan = engine.consultations(query, Measure::Contacts, &[])?;
    snapshots(engine, &mut plan, query)?;
    Ok(plan)
}

/// Lets access snapshots speak of the needs that the question asks about, if it asks about any.
fn snapshots(engine: &Engine, plan: &mut Plan, query: &Query) -> Result<Access, QueryError> {
    let asked = needs_asked(plan);
    let named = plan.collection.access_collection.clone();
    let of = if asked.is_empty() { String::new() } else { named };
    engine.access((plan, &query.reader), &of, &asked, query.months.1)
}

impl Engine {
    /// How many days people waited, by mode. Days are many: none if there was no room to count them.
    fn days_by_mode(
        &self,
        mut plan: Plan,
        outer: usize,
    ) -> Result<Option<Folded<[Waits; MODES.len()]>>, QueryError> {
        let (axis, means) = self.waits_axis(&plan.reference);
        plan.axes.push(axis);
        let is_remote = answers(&plan.axes[outer], &MODES[REMOTE..], &MODES);
        merge(&mut plan.axes[outer], &is_remote);
        let mut folded = Folded::default();
        let counted = self.fold(&plan, outer, &mut folded, |waits: &mut [Waits; 2], at, count| {
            let Some(mode) = mode_of(is_remote[at[0]]) else { return };
            match means[at[1]] {
                Ok(days) => waits[mode].known(days, count),
                Err(why) => waits[mode].missing(why, count),
            }
        });
        match counted {
            Err(QueryError::TooLarge { .. }) => Ok(None),
            counted => counted.map(|()| Some(folded)),
        }
    }
}
