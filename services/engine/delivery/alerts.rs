//! Gaps that a release shows and the release before did not show, and targets whose status is another.

use std::collections::BTreeSet;

use super::cells;
use super::projector::Told;
use super::released::{Compared, Place, Released};
use super::{Projector, Recipient};
use crate::domain::delivery::{EventKind, Value};
use crate::engine::Engine;
use crate::engine::answer::{Cell, Protected, Row};
use crate::proto::v1;
use crate::proto::v1::breakdown_question::Table;
use crate::store::Release;

/// Gaps of a question, the most that one may have.
const GAPS: i32 = 1_000;
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
        // All of both are compared: otherwise a gap that only rises in the list would be new.
        let mut pages = Vec::new();
        for page in 0.. {
            let skip = GAPS.saturating_mul(page);
            let ask = |release: &Release| {
                let query = Some(place.query(release, Vec::new()));
                Table::Gaps(v1::ListGapsRequest {
                    query,
                    page_size: GAPS,
                    skip,
                    ..Default::default()
                })
            };
            let Some(compared) = self.compared(engine, recipient, released, ask)? else { break };
            let most = usize::try_from(GAPS).unwrap_or(usize::MAX);
            let both = [&compared.now, &compared.then].into_iter().flatten();
            let goes_on = both.into_iter().any(|answer| answer.rows().len() >= most);
            pages.push(compared);
            if !goes_on {
                break;
            }
        }
        let key = |row: &Row| row.keys.iter().map(|key| key.code.clone()).collect::<Vec<_>>();
        let then = pages.iter().filter_map(|page| page.then.as_ref()).flat_map(Protected::rows);
        let before: BTreeSet<_> = then.map(key).collect();
        let now = pages.iter().filter_map(|page| page.now.as_ref());
        let rows = now.flat_map(|answer| answer.rows().iter().map(move |row| (answer, row)));
        let new = rows.filter(|(_, row)| !row.keys.is_empty() && !before.contains(&key(row)));
        let told = new.filter_map(|(answer, row)| {
            let (column, cell) = found(answer, row, DIFFERENCE)?;
            let mut attributes = cells::attributes(answer, (column, row), Some(cell));
            // The three keys of a gap have names of their own.
            attributes.retain(|(name, _)| *name != "categories");
            let names = ["characteristic", "category", "figure"];
            let keys = names.into_iter().zip(&row.keys);
            attributes.extend(keys.map(|(name, key)| (name, Value::Text(key.code.clone()))));
            attributes.push(("source_table", Value::Text(row.source_table.to_owned())));
            Some(released.event(EventKind::GapAlert, row.sentence.clone(), attributes))
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
            let compared = self.compared(engine, recipient, released, ask)?;
            let Some(Compared { now: Some(now), then }) = compared else { continue };
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
            let mut attributes = cells::attributes(&now, (column, row), Some(cell));
            attributes.push(("target", Value::Text(target.id.clone())));
            let body = format!("{} in {}: {}", target.label, place.name(), is.name());
            events.push(released.event(EventKind::TargetStatus, body, attributes));
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
