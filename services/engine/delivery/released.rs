//! What a release tells a recipient: which months it changes, and what is asked about them.

use std::collections::{BTreeMap, BTreeSet};

use super::projector::{NotProjected, Told};
use super::{Projector, Recipient};
use crate::domain::collection::Dataset;
use crate::domain::delivery::EventKind;
use crate::domain::period::Month;
use crate::engine::Engine;
use crate::engine::answer::Protected;
use crate::proto::v1;
use crate::proto::v1::breakdown_question::Table;
use crate::store::{Release, StoreError};

/// Most months of a collection that one release is compared in: the newest of those that it changes.
const MONTHS: usize = 24;

/// The months that changed, by collection and dataset.
type Changed = BTreeMap<(String, Dataset), BTreeSet<Month>>;

/// A release that is told of.
pub(super) struct Released<'a> {
    pub(super) release: &'a Release,
    pub(super) before: Option<&'a Release>,
}

/// What is asked in a release, without the table.
#[derive(Clone)]
pub(super) struct Place {
    /// Area; empty: the recipient's own organisation.
    pub(super) area: String,
    pub(super) organisations: Vec<String>,
    pub(super) collection: String,
    pub(super) first: Month,
    pub(super) last: Month,
}

impl Place {
    /// A query about it in a release.
    pub(super) fn query(&self, release: &Release, by: Vec<String>) -> v1::BreakdownQuery {
        let (first, last) = (self.first.to_string(), self.last.to_string());
        v1::BreakdownQuery {
            collection: self.collection.clone(),
            area: self.area.clone(),
            organisations: self.organisations.clone(),
            period: Some(v1::PeriodRange { first, last }),
            by,
            as_of: Some(v1::AsOf { at: Some(v1::as_of::At::Release(release.id.to_string())) }),
            ..Default::default()
        }
    }
}

impl Engine {
    /// The months whose data a release shows otherwise than the one before.
    fn changed_months(&self, released: &Released<'_>) -> Result<Changed, StoreError> {
        let shown = released.release.shown;
        let before = released.before.map_or(0, |before| before.shown);
        let is_between = |position: u64| position > before && position <= shown;
        self.store.look(|catalog| {
            let ids = catalog.collection_ids();
            let mut changed = Changed::new();
            for (slot, versions) in catalog.slots() {
                let touched = versions.iter().any(|version| {
                    let ended = version.withdrawn.map(|(position, _)| position);
                    is_between(version.position) || ended.is_some_and(is_between)
                });
                if let Some(id) = ids.get(&slot.collection).filter(|_| touched) {
                    let key = ((*id).to_owned(), slot.dataset);
                    changed.entry(key).or_default().insert(slot.month);
                }
            }
            changed
        })
    }
}

impl Projector {
    /// What a recipient is told of a release.
    pub(super) fn released(
        &self,
        engine: &Engine,
        recipient: &Recipient,
        release: &Release,
        before: Option<&Release>,
    ) -> Told {
        let released = Released { release, before };
        let changed = engine.changed_months(&released)?;
        let mut events = Vec::new();
        for ((collection, dataset), months) in changed {
            let wanted = &recipient.subscription.collections;
            if !wanted.is_empty() && !wanted.contains(&collection) {
                continue;
            }
            let newest: Vec<_> = months.iter().rev().take(MONTHS).collect();
            let (Some(last), Some(first)) = (newest.first(), newest.last()) else { continue };
            for mut place in places(recipient) {
                (place.collection, place.first, place.last) = (collection.clone(), **first, **last);
                if recipient.wants(EventKind::IndicatorRevised) {
                    let asked = (&released, &place, dataset);
                    events.extend(self.revised(engine, recipient, asked, &months)?);
                }
                if recipient.wants(EventKind::GapAlert) && dataset == Dataset::Consultations {
                    events.extend(self.gaps(engine, recipient, &released, &place)?);
                }
                if recipient.wants(EventKind::TargetStatus) {
                    events.extend(self.targets(engine, recipient, &released, &place)?);
                }
            }
        }
        Ok(events)
    }

    /// An answer in a release, and the same in the release before. None: the recipient gets no such answer.
    pub(super) fn compared(
        &self,
        engine: &Engine,
        recipient: &Recipient,
        released: &Released<'_>,
        table: impl Fn(&Release) -> Table,
    ) -> Result<Option<(Protected, Option<Protected>)>, NotProjected> {
        let asked_by = engine.asked_by(&recipient.reader);
        let ask = |release: &Release| {
            let answer = (self.ask)(&asked_by, &recipient.reader, &table(release));
            answer.map_err(NotProjected::Answer)
        };
        let Some(now) = ask(released.release)? else { return Ok(None) };
        let then = released.before.map(ask).transpose()?.flatten();
        Ok(Some((now, then)))
    }
}

/// The areas of a subscription.
fn places(recipient: &Recipient) -> Vec<Place> {
    let any = Month::from_number(0).into_iter();
    let areas = any.flat_map(|month| {
        recipient.subscription.areas.iter().map(move |area| Place {
            area: area.clone(),
            organisations: Vec::new(),
            collection: String::new(),
            first: month,
            last: month,
        })
    });
    areas.collect()
}
