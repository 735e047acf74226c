//! Figures that a release shows and the release before did not show, or showed otherwise; and those that it shows no more.

use std::collections::{BTreeMap, BTreeSet};

use super::cells;
use super::projector::Told;
use super::released::{Compared, Place, Released};
use super::{Projector, Recipient};
use crate::domain::collection::Dataset;
use crate::domain::delivery::{Event, EventKind};
use crate::domain::period::Month;
use crate::domain::reference::Reference;
use crate::engine::Engine;
use crate::engine::answer::{Cell, Column, Protected, Row};
use crate::proto::v1;
use crate::proto::v1::breakdown_question::Table;
use crate::store::Release;

/// Asks for no published estimates.
const NO_ESTIMATES: &str = "-";

impl Recipient {
    /// Whether it wants figures of an indicator and may read them.
    fn is_told(&self, indicator: &str) -> bool {
        let wanted = &self.subscription.indicators;
        wanted.as_ref().is_none_or(|codes| codes.contains(indicator))
            && self.partner.scope.indicators.has(indicator)
    }
}

impl Projector {
    /// The figures of a place that a release changes: in each of its months, of the whole and by each characteristic.
    pub(super) fn revised(
        &self,
        engine: &Engine,
        recipient: &Recipient,
        (released, place, dataset): (&Released<'_>, &Place, Dataset),
        months: &BTreeSet<Month>,
    ) -> Told {
        let mut events = Vec::new();
        for table in tables(&engine.reference(), recipient, dataset) {
            let each = recipient.subscription.characteristics.iter().map(Some);
            let mut is_shown = true;
            for by in std::iter::once(None).chain(each) {
                let is_whole = by.is_none();
                let by: Vec<_> = ["month".to_owned()].into_iter().chain(by.cloned()).collect();
                let ask = |release: &Release| table.about(place.query(release, by.clone()));
                let Some(compared) = self.compared(engine, recipient, released, ask)? else {
                    continue;
                };
                if is_whole {
                    is_shown = compared.now.is_some();
                }
                // A sensitive characteristic is answered from one release alone: the figures of that one hold in every later one.
                if compared.now.is_some() || !is_shown {
                    events.extend(changed(recipient, released, &compared, (months, &by)));
                }
            }
        }
        Ok(events)
    }
}

/// A table that is asked about a dataset.
enum Asked {
    Channels,
    Outcomes,
    Exclusion,
    Submitted(String),
}

/// The tables that are asked about a dataset. Of submitted indicators each is a table of its own.
fn tables(reference: &Reference, recipient: &Recipient, dataset: Dataset) -> Vec<Asked> {
    match dataset {
        Dataset::Consultations => vec![Asked::Channels, Asked::Outcomes],
        Dataset::DigitalAccess => vec![Asked::Exclusion],
        Dataset::IndicatorCounts => {
            let submitted = reference.indicators().filter(|of| of.submitted.is_some());
            let told = submitted.filter(|of| recipient.is_told(&of.id));
            told.map(|of| Asked::Submitted(of.id.clone())).collect()
        }
        Dataset::Populations | Dataset::Estimates => Vec::new(),
    }
}

impl Asked {
    fn about(&self, query: v1::BreakdownQuery) -> Table {
        let query = Some(query);
        match self {
            Self::Channels => Table::Channels(v1::GetChannelBreakdownRequest {
                query,
                measure: v1::Measure::AttendedContacts.into(),
                ..Default::default()
            }),
            Self::Outcomes => {
                Table::Outcomes(v1::GetAccessOutcomesRequest { query, ..Default::default() })
            }
            Self::Exclusion => Table::Exclusion(v1::GetDigitalExclusionBreakdownRequest {
                query,
                estimate_collections: vec![NO_ESTIMATES.to_owned()],
                ..Default::default()
            }),
            Self::Submitted(indicator) => {
                let indicator = indicator.clone();
                Table::Indicators(v1::GetIndicatorBreakdownRequest { query, indicator })
            }
        }
    }
}

/// A cell with its column and row.
type Placed<'a> = ((&'a Column, &'a Row), &'a Cell);

/// The cells of an answer in some months, by what tells them from each other, and in the order of the answer.
fn cells_of<'a>(
    answer: Option<&'a Protected>,
    (months, by): (&BTreeSet<Month>, &[String]),
) -> Vec<(String, Placed<'a>)> {
    let is_meant = |row: &&Row| {
        row.keys.len() == by.len() && cells::month(row).is_some_and(|of| months.contains(&of))
    };
    let each = |answer: &'a Protected| {
        let rows = answer.rows().iter().filter(is_meant);
        rows.flat_map(move |row| {
            let cells = answer.columns().iter().zip(&row.cells);
            cells.map(move |(column, cell)| (key(column, row), ((column, row), cell)))
        })
    };
    answer.into_iter().flat_map(each).collect()
}

fn key(column: &Column, row: &Row) -> String {
    let keys = row.keys.iter().map(|key| format!("{}={}\n", key.dimension, key.code));
    format!("{}\n{}", column.id, keys.collect::<String>())
}

fn changed(
    recipient: &Recipient,
    released: &Released<'_>,
    Compared { now, then }: &Compared,
    of: (&BTreeSet<Month>, &[String]),
) -> Vec<Event> {
    // Counts of everybody are context of every indicator.
    let is_wanted = |column: &Column| {
        let is_count = column.indicator.chars().all(|c| c.is_ascii_uppercase() || c == '_');
        is_count || recipient.is_told(&column.indicator)
    };
    let mut before: BTreeMap<_, _> = cells_of(then.as_ref(), of).into_iter().collect();
    let mut events = Vec::new();
    let mut add = |answer: &Protected, of, cell: Option<&Cell>, had: Option<&Cell>| {
        let body = cells::sentence(answer, of, cell);
        let attributes = cells::attributes(answer, of, cell);
        let mut event = released.event(EventKind::IndicatorRevised, body, attributes);
        let had_figure = had.is_some_and(|had| had.figure.is_ok());
        event.point = cells::point(answer, of, (cell, had_figure));
        events.push(event);
    };
    if let Some(now) = now {
        let is_empty = now.provenance().empty.is_some();
        for (key, (of, cell)) in cells_of(Some(now), of) {
            let had = before.remove(&key).map(|(_, had)| had);
            let is_same = had.map_or(is_empty, |had| same(had, cell));
            if !is_same && is_wanted(of.0) {
                add(now, of, Some(cell), had);
            }
        }
    }
    // What is left has no cell any more: its month was withdrawn, or its place is shown no more.
    if let Some(then) = then {
        let said_something = |had: &Cell| cells::state(had) != cells::NO_DATA;
        let gone = before.into_values().filter(|(_, had)| said_something(had));
        for (of, had) in gone.filter(|((column, _), _)| is_wanted(column)) {
            add(then, of, None, Some(had));
        }
    }
    events
}

/// Whether two cells show the same.
fn same(one: &Cell, other: &Cell) -> bool {
    one.counts == other.counts
        && match (&one.figure, &other.figure) {
            (Ok(one), Ok(other)) => one == other,
            (Err(one), Err(other)) => one.reason == other.reason,
            _ => false,
        }
}
