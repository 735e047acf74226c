//! Indicator CH-12 of remote consultations alone, for whom all of the table of channel impact would be too much to count: the search for the largest gaps.

use super::ImpactQuestion;
use super::follow_ups::FollowUps;
use super::modes::{Part, REMOTE};
use super::question::{Asked, FOLLOWED, volume};
use crate::domain::disclosure::TrueCount;
use crate::domain::reference::Reference;
use crate::engine::answer::crosstab::Folded;
use crate::engine::answer::definition::TableDefinition;
use crate::engine::answer::model::{Cell, Column};
use crate::engine::answer::plan::Plan;
use crate::engine::answer::provenance::QuestionSettings;
use crate::engine::answer::question::{Counted, Question, asks_its_query};
use crate::engine::query::{Measure, Query, Showing};
use crate::engine::{Engine, QueryError};

/// Asks how often a remote consultation was followed by another in person. The figure is that of the table of channel impact.
#[derive(Clone, Debug, PartialEq)]
pub struct FollowedQuestion {
    /// What is asked about.
    pub query: Query,
}

/// What followed, and all consultations.
#[derive(Clone, Copy, Default)]
pub(in crate::engine::answer) struct OfRow {
    followed: FollowUps,
    all: TrueCount,
}

impl Question for FollowedQuestion {
    const TABLE: TableDefinition = ImpactQuestion::TABLE;
    type Figures = Folded<OfRow>;
    type Shows = ();

    asks_its_query!();

    fn settings(&self) -> QuestionSettings {
        QuestionSettings::of(Measure::Contacts)
    }

    fn indicators(&self) -> Vec<&str> {
        vec![FOLLOWED.indicator]
    }

    fn count(&self, engine: &Engine, query: &Query) -> Result<Counted<Folded<OfRow>>, QueryError> {
        let Asked { mut plan, mut provenance, pinned, .. } = Asked::new(engine, query, &[])?;
        engine.follow_ups(&mut plan, &pinned, &mut provenance)?;
        let tabulated = engine.tabulated(plan, 1, 1)?;
        let figures = tabulated.crosstab.map(|_, counts| {
            let mut of = OfRow { all: counts.sum(), ..OfRow::default() };
            let places = counts.inner.iter().enumerate();
            places.for_each(|(place, count)| of.followed.add(place, *count));
            of
        });
        let mut sums = tabulated.sums();
        sums.remove(&query.by.len());
        let quality = engine.quality(&[(&tabulated.plan, sums)])?;
        tabulated.counted(provenance, quality, "consultation", figures)
    }

    fn volume(&self, engine: &Engine, query: &Query) -> Result<Option<Plan>, QueryError> {
        volume(engine, query).map(Some)
    }

    fn all(&self, figures: &Folded<OfRow>, row: &[usize]) -> Option<TrueCount> {
        Some(figures.row(row).map(|of| of.all).unwrap_or_default())
    }

    fn parts(&self, figures: &Folded<OfRow>, row: &[usize], (): &()) -> Vec<TrueCount> {
        // As in the table of channel impact: the mode is a part of the row too.
        let of = figures.row(row).map(|of| of.followed).unwrap_or_default();
        vec![of.all(REMOTE), of.followed(REMOTE)]
    }

    fn columns(&self, reference: &Reference, _: &[&Folded<OfRow>]) -> Vec<(Column, ())> {
        vec![(FOLLOWED.column(reference, vec![Part::Mode(REMOTE).key()]), ())]
    }

    fn cell(&self, figures: &Folded<OfRow>, row: &[usize], (): &(), showing: &Showing) -> Cell {
        let of = figures.row(row).copied().unwrap_or_default();
        of.followed.share(REMOTE, showing)
    }
}
