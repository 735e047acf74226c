//! What an answer about an area tells one of its own organisations. The organisation knows its part of every count, and so the rest: a
//! figure is withheld unless enough organisations are behind it, and unless what the others have in it may be seen.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{Absence, Cell, Key, KeyId};
use super::plan::{On, Plan};
use super::question::{Counted, Question, RowPlaces};
use crate::engine::query::{Filter, Query, Showing, Where};
use crate::engine::{Engine, QueryError};

const ORGANISATION: &str = "organisation";

/// The same question about all organisations but the reader's.
pub(super) struct Others<F> {
    counted: Counted<F>,
    rows: BTreeMap<Vec<KeyId>, RowPlaces>,
    /// The reader's.
    organisation: String,
    /// Least number of organisations behind a figure.
    least: usize,
}

impl<F> Others<F> {
    /// What the others have; none: the reader has no part in the answer, or may see all of it.
    pub(super) fn count<Q: Question<Figures = F>>(
        question: &Q,
        engine: &Engine,
        query: &Query,
        plan: Option<&Plan>,
    ) -> Result<Option<Self>, QueryError> {
        let area = !matches!(query.place, Where::Organisations(_));
        let plan = plan.filter(|plan| area && !plan.protection.is_exact());
        let (Some(plan), Some(own)) = (plan, &query.reader.organisation) else { return Ok(None) };
        if !plan.organisations().contains(own.as_str()) {
            return Ok(None);
        }
        let mut of_others = plan.pinned(query);
        // Everybody who has sent anything, because a figure may also be of what organisations sent that are not in this plan: populations,
        // or snapshots of people. Of those who have sent nothing there is nothing to count.
        let codes = engine.look(|catalog| {
            let others = plan.reference.organisations().filter(|of| of.code != *own);
            let others = others.filter(|of| catalog.organisation(&of.code).is_some());
            Ok(others.map(|of| of.code.clone()).collect())
        })?;
        of_others.filters.push(Filter { dimension: ORGANISATION.into(), codes });
        let counted = question.count(engine, &of_others)?;
        let rows = counted.rows.iter().map(|(keys, places)| (ids(keys), places.clone())).collect();
        let least = plan.reference.profile(query.reader.profile).least_organisations;
        Ok(Some(Self { counted, rows, organisation: own.clone(), least }))
    }

    /// A cell of the answer as its reader may see it.
    pub(super) fn allow<Q: Question<Figures = F>>(
        &self,
        question: &Q,
        (plan, keys, places): (Option<&Plan>, &[Key], &RowPlaces),
        cell: Cell,
        shows: &Q::Shows,
        showing: &Showing,
    ) -> Cell {
        let of_one = keys.iter().any(|key| &*key.dimension == ORGANISATION && key.state.is_none());
        let Some(plan) = plan.filter(|_| !of_one) else { return cell };
        let behind = plan.behind(places);
        if !behind.contains(self.organisation.as_str()) {
            return cell;
        }
        let total = RowPlaces::new();
        let of_others = if keys.is_empty() { Some(&total) } else { self.rows.get(&ids(keys)) };
        let of_others = of_others.filter(|_| behind.len() >= self.least);
        let Some(places) = of_others else { return Cell::absent(Absence::withheld()) };
        both(cell, &question.cell(&self.counted.figures, places, shows, showing))
    }
}

/// A cell, without what is withheld of the others' part of it.
fn both(cell: Cell, others: &Cell) -> Cell {
    let counts = cell.counts.only(|count| count(&others.counts).is_some());
    let figure = if others.is_withheld() { Err(Absence::withheld()) } else { cell.figure };
    Cell { figure, counts, ..cell }
}

fn ids(keys: &[Key]) -> Vec<KeyId> {
    keys.iter().map(Key::id).collect()
}

impl Plan {
    /// The organisations with a submission in a row; in the total, all.
    fn behind(&self, row: &[usize]) -> BTreeSet<&str> {
        let is_in = |number: usize| {
            self.axes.iter().zip(row).all(|(axis, place)| match &axis.on {
                On::Submission(places) => places[number] == *place,
                On::Field(..) | On::Derived(_) | On::Together(_) => true,
            })
        };
        let submissions = self.submissions().enumerate().filter(|(number, _)| is_in(*number));
        submissions.map(|(_, submission)| &*submission.organisation).collect()
    }
}
