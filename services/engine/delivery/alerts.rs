//! Gaps that a release shows and the release before did not show, and targets whose status is another.

use std::collections::BTreeSet;

use super::cells;
use super::projector::Told;
use super::released::{Place, Released};
use super::{Projector, Recipient};
use crate::domain::delivery::{Event, EventKind, Source, Value};
use crate::engine::Engine;
use crate::engine::answer::{Cell, Protected, Row};
use crate::proto::v1;
use crate::proto::v1::breakdown_question::Table;
use crate::store::Release;

/// Gaps that are looked at, the largest first.
const GAPS: i32 = 100;
/// The column of a gap: the difference from all people.
const DIFFERENCE: &str = "D";
/// The column of a target's status.
const VALUE: &str = "VALUE";

impl Projector {
    /// Gaps of a place that are new in a release.
    pub(super) fn gaps(
        &self,
        engine: &Engine,
        recipient: &Recipient,
        released: &Released<'_>,
        place: &Place,
    ) -> Told {
        let ask = |release: &Release| {
            let query = Some(place.query(release, Vec::new()));
            Table::Gaps(v1::ListGapsRequest { query, page_size: GAPS, ..Default::default() })
        };
        let Some((now, then)) = self.compared(engine, recipient, released, ask)? else {
            return Ok(Vec::new());
        };
        let key = |row: &Row| row.keys.iter().map(|key| key.code.clone()).collect::<Vec<_>>();
        let rows = then.iter().flat_map(Protected::rows);
        let before: BTreeSet<_> = rows.map(key).collect();
        let new =
            now.rows().iter().filter(|row| !row.keys.is_empty() && !before.contains(&key(row)));
        let told = new.filter_map(|row| {
            let (column, cell) = found(&now, row, DIFFERENCE)?;
            let mut attributes = cells::attributes(&now, (column, row), cell);
            // The three keys of a gap have names of their own.
            attributes.retain(|(name, _)| *name != "categories");
            let names = ["characteristic", "category", "figure"];
            let keys = names.into_iter().zip(&row.keys);
            attributes.extend(keys.map(|(name, key)| (name, Value::Text(key.code.clone()))));
            attributes.push(("source_table", Value::Text(row.source_table.to_owned())));
            let body = row.sentence.clone();
            Some(event(EventKind::GapAlert, released, body, attributes))
        });
        Ok(told.collect())
    }

    /// Targets whose status in a place is another than in the release before, or is known for the first time.
    pub(super) fn targets(
        &self,
        engine: &Engine,
        recipient: &Recipient,
        released: &Released<'_>,
        place: &Place,
    ) -> Told {
        let reference = engine.reference();
        let mut events = Vec::new();
        for target in reference.targets().filter(|target| !target.indicator.is_empty()) {
            let ask = |release: &Release| {
                let (query, target) = (Some(place.query(release, Vec::new())), target.id.clone());
                Table::TargetStatus(v1::GetTargetStatusRequest { query, target })
            };
            let Some((now, then)) = self.compared(engine, recipient, released, ask)? else {
                continue;
            };
            let status = |answer: &Protected| {
                let (_, cell) = found(answer, answer.rows().first()?, VALUE)?;
                cell.verdict
            };
            let Some(is) = status(&now) else { continue };
            if then.as_ref().and_then(status) == Some(is) {
                continue;
            }
            let Some(row) = now.rows().first() else { continue };
            let Some((column, cell)) = found(&now, row, VALUE) else { continue };
            let mut attributes = cells::attributes(&now, (column, row), cell);
            attributes.push(("target", Value::Text(target.id.clone())));
            let body = format!("{} in {}: {}", target.label, place.area, is.name());
            events.push(event(EventKind::TargetStatus, released, body, attributes));
        }
        Ok(events)
    }
}

/// A column of an answer with the cell of a row.
fn found<'a>(
    answer: &'a Protected,
    row: &'a Row,
    id: &str,
) -> Option<(&'a crate::engine::answer::Column, &'a Cell)> {
    answer.columns().iter().zip(&row.cells).find(|(column, _)| column.id == id)
}

fn event(
    kind: EventKind,
    released: &Released<'_>,
    body: String,
    mut attributes: Vec<(&'static str, Value)>,
) -> Event {
    let release = released.release;
    attributes.push(("release", Value::Text(release.id.to_string())));
    let source = Source::Position(release.position);
    Event {
        kind,
        source,
        index: 0,
        time_millis: release.time_millis,
        body,
        attributes,
        point: None,
    }
}
