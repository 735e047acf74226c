//! Figures that a release shows and the release before did not show, or showed otherwise.

use std::collections::{BTreeMap, BTreeSet};

use super::cells;
use super::projector::Told;
use super::released::{Place, Released};
use super::{Projector, Recipient};
use crate::domain::collection::Dataset;
use crate::domain::delivery::{Event, EventKind, Source, Value};
use crate::domain::period::Month;
use crate::engine::Engine;
use crate::engine::answer::{Cell, Column, Protected};
use crate::proto::v1;
use crate::proto::v1::breakdown_question::Table;
use crate::store::Release;

/// Asks for no published estimates.
const NO_ESTIMATES: &str = "-";

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
        let whole = std::iter::once(None);
        let each = recipient.subscription.characteristics.iter().map(Some);
        for by in whole.chain(each) {
            let by: Vec<_> = ["month".to_owned()].into_iter().chain(by.cloned()).collect();
            for table in tables(dataset) {
                let ask = |release: &Release| table(place.query(release, by.clone()));
                let Some((now, then)) = self.compared(engine, recipient, released, ask)? else {
                    continue;
                };
                events.extend(changed(recipient, released, (&now, then.as_ref()), (months, &by)));
            }
        }
        Ok(events)
    }
}

type MakeTable = fn(v1::BreakdownQuery) -> Table;

/// The tables that are asked about a dataset.
fn tables(dataset: Dataset) -> &'static [MakeTable] {
    const OF_CONSULTATIONS: &[MakeTable] = &[
        |query| {
            Table::Channels(v1::GetChannelBreakdownRequest {
                query: Some(query),
                measure: v1::Measure::AttendedContacts.into(),
                ..Default::default()
            })
        },
        |query| {
            Table::Outcomes(v1::GetAccessOutcomesRequest {
                query: Some(query),
                ..Default::default()
            })
        },
    ];
    const OF_PEOPLE: &[MakeTable] = &[|query| {
        Table::Exclusion(v1::GetDigitalExclusionBreakdownRequest {
            query: Some(query),
            estimate_collections: vec![NO_ESTIMATES.to_owned()],
            ..Default::default()
        })
    }];
    match dataset {
        Dataset::Consultations => OF_CONSULTATIONS,
        Dataset::DigitalAccess => OF_PEOPLE,
        Dataset::Populations | Dataset::Estimates | Dataset::IndicatorCounts => &[],
    }
}

/// The cells of an answer by what tells them from each other.
fn by_identity(answer: &Protected) -> BTreeMap<String, &Cell> {
    let rows = answer.rows().iter().flat_map(|row| {
        let cells = answer.columns().iter().zip(&row.cells);
        cells.map(move |(column, cell)| (key(column, row), cell))
    });
    rows.collect()
}

fn key(column: &Column, row: &crate::engine::answer::Row) -> String {
    let keys = row.keys.iter().map(|key| format!("{}={}\n", key.dimension, key.code));
    format!("{}\n{}", column.id, keys.collect::<String>())
}

fn changed(
    recipient: &Recipient,
    released: &Released<'_>,
    (now, then): (&Protected, Option<&Protected>),
    (months, by): (&BTreeSet<Month>, &[String]),
) -> Vec<Event> {
    let before = then.map(by_identity).unwrap_or_default();
    let (wanted, may_read) =
        (&recipient.subscription.indicators, &recipient.partner.scope.indicators);
    // Counts of everybody are context of every indicator.
    let is_wanted = |column: &Column| {
        let is_count = column.indicator.chars().all(|c| c.is_ascii_uppercase() || c == '_');
        is_count
            || (wanted.as_ref().is_none_or(|codes| codes.contains(&column.indicator))
                && may_read.has(&column.indicator))
    };
    let mut events = Vec::new();
    for row in now.rows().iter().filter(|row| row.keys.len() == by.len()) {
        if !cells::month(row).is_some_and(|month| months.contains(&month)) {
            continue;
        }
        for (column, cell) in now.columns().iter().zip(&row.cells) {
            let is_same = before.get(&key(column, row)).is_some_and(|then| same(then, cell));
            if is_same || !is_wanted(column) {
                continue;
            }
            let of = (column, row);
            let mut attributes = cells::attributes(now, of, cell);
            attributes.push(("release", Value::Text(released.release.id.to_string())));
            events.push(Event {
                kind: EventKind::IndicatorRevised,
                source: Source::Position(released.release.position),
                index: 0,
                time_millis: released.release.time_millis,
                body: cells::sentence(now, of, cell),
                attributes,
                point: cells::point(now, of, cell),
            });
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
