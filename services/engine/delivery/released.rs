//! What a release tells a recipient: which months it changes, and what is asked about them.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::cells::month_days;
use super::projector::{NotAnswered, NotProjected, Told};
use super::{DAMAGED, Projector, Recipient};
use crate::domain::collection::Dataset;
use crate::domain::delivery::{Event, EventKind, Source, Value};
use crate::domain::period::Month;
use crate::engine::Engine;
use crate::engine::answer::Protected;
use crate::proto::v1;
use crate::proto::v1::breakdown_question::Table;
use crate::store::{Release, StoreError};

/// Most months of a collection that one release is compared in: the newest of those that it changes.
const MONTHS: usize = 24;

/// The months of a dataset that a release shows otherwise than the one before.
#[derive(Default)]
struct Months {
    /// Of any organisation.
    all: BTreeSet<Month>,
    /// Of the recipient's own organisation.
    own: BTreeSet<Month>,
}

/// The months that changed, by collection and dataset.
type Changed = BTreeMap<String, BTreeMap<Dataset, Months>>;

/// A release that is told of.
pub(super) struct Released<'a> {
    pub(super) release: &'a Release,
    pub(super) before: Option<&'a Release>,
    /// What cannot be told, because data cannot be read.
    unread: RefCell<Vec<Event>>,
}

impl Released<'_> {
    /// Where its events come from.
    pub(super) fn source(&self) -> Source {
        let Release { id, position, time_millis, .. } = self.release;
        let says = *blake3::hash(id.as_bytes()).as_bytes();
        Source::Entry { position: *position, time_millis: *time_millis, says }
    }

    /// An event of it.
    pub(super) fn event(
        &self,
        kind: EventKind,
        body: String,
        mut attributes: Vec<(&'static str, Value)>,
    ) -> Event {
        let release = self.release;
        attributes.push(("release", Value::Text(release.id.to_string())));
        let (source, time_millis) = (self.source(), release.time_millis);
        Event { kind, source, index: 0, time_millis, body, attributes, point: None }
    }
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
    /// A place in the newest of the months that changed; none: none did.
    fn new(
        (area, organisations, collection): (&str, &[String], &str),
        months: BTreeSet<Month>,
    ) -> Option<(Self, BTreeSet<Month>)> {
        let newest: Vec<_> = months.iter().rev().take(MONTHS).copied().collect();
        let place = Self {
            area: area.to_owned(),
            organisations: organisations.to_vec(),
            collection: collection.to_owned(),
            first: *newest.last()?,
            last: *newest.first()?,
        };
        Some((place, months))
    }

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

    /// Its code for people.
    pub(super) fn name(&self) -> String {
        if self.area.is_empty() { self.organisations.join(", ") } else { self.area.clone() }
    }
}

impl Engine {
    /// The months whose data a release shows otherwise than the one before.
    fn changed_months(
        &self,
        released: &Released<'_>,
        organisation: &str,
    ) -> Result<Changed, StoreError> {
        let shown = released.release.shown;
        let before = released.before.map_or(0, |before| before.shown);
        let is_between = |position: u64| position > before && position <= shown;
        self.store.look(|catalog| {
            let (ids, own) = (catalog.collection_ids(), catalog.organisation(organisation));
            let mut changed = Changed::new();
            for (slot, versions) in catalog.slots() {
                let touched = versions.iter().any(|version| {
                    let ended = version.withdrawn.map(|(position, _)| position);
                    is_between(version.position) || ended.is_some_and(is_between)
                });
                if let Some(id) = ids.get(&slot.collection).filter(|_| touched) {
                    let datasets = changed.entry((*id).to_owned()).or_default();
                    let months = datasets.entry(slot.dataset).or_default();
                    months.all.insert(slot.month);
                    if own == Some(slot.organisation) {
                        months.own.insert(slot.month);
                    }
                }
            }
            changed
        })
    }
}

/// An answer in a release, and the same in the release before; none: the recipient gets no such answer. One of them is there.
pub(super) struct Compared {
    pub(super) now: Option<Protected>,
    pub(super) then: Option<Protected>,
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
        let released = Released { release, before, unread: RefCell::default() };
        let changed = engine.changed_months(&released, &recipient.partner.organisation)?;
        let mut events = Vec::new();
        for (collection, datasets) in changed {
            let wanted = &recipient.subscription.collections;
            if !wanted.is_empty() && !wanted.contains(&collection) {
                continue;
            }
            for (area, organisations) in places(recipient) {
                let about = |wanted: &[Dataset]| {
                    let of = datasets.iter().filter(|(dataset, _)| wanted.contains(dataset));
                    let months =
                        of.flat_map(|(_, of)| if area.is_empty() { &of.own } else { &of.all });
                    Place::new((&area, &organisations, &collection), months.copied().collect())
                };
                if recipient.wants(EventKind::IndicatorRevised) {
                    for dataset in datasets.keys() {
                        let Some((place, months)) = about(&[*dataset]) else { continue };
                        let asked = (&released, &place, *dataset);
                        events.extend(self.revised(engine, recipient, asked, &months)?);
                    }
                }
                if recipient.wants(EventKind::GapAlert)
                    && let Some((place, _)) = about(SCANNED)
                {
                    events.extend(self.gaps(engine, recipient, &released, &place)?);
                }
                if recipient.wants(EventKind::TargetStatus)
                    && let Some((place, _)) = about(&[Dataset::IndicatorCounts])
                {
                    events.extend(self.targets(engine, recipient, &released, &place)?);
                }
            }
        }
        events.extend(released.unread.into_inner());
        Ok(events)
    }

    /// An answer in a release, and the same in the release before. None: the recipient gets neither, or the data of one cannot be read, which is told.
    pub(super) fn compared(
        &self,
        engine: &Engine,
        recipient: &Recipient,
        released: &Released<'_>,
        table: impl Fn(&Release) -> Table,
    ) -> Result<Option<Compared>, NotProjected> {
        let asked_by = engine.asked_by(&recipient.reader);
        let ask = |release: &Release| (self.ask)(&asked_by, &recipient.reader, &table(release));
        let now = ask(released.release);
        let both = now.and_then(|now| Ok((now, released.before.map(ask).transpose()?.flatten())));
        match both {
            Ok((None, None)) => Ok(None),
            Ok((now, then)) => Ok(Some(Compared { now, then })),
            Err(NotAnswered::ForNow(why)) => Err(NotProjected::Answer(why)),
            Err(NotAnswered::Damaged(why)) => {
                let asked = table(released.release);
                tracing::error!(
                    partner = recipient.partner.id,
                    release = &*released.release.id,
                    table = asked.name(),
                    why,
                    "data cannot be read: a partner is not told what a release changes there, and is told that"
                );
                released.unread.borrow_mut().push(unread(released, &asked));
                Ok(None)
            }
        }
    }
}

/// The areas of a subscription, and the recipient's own organisation: a code, or a list of one.
fn places(recipient: &Recipient) -> Vec<(String, Vec<String>)> {
    let areas = recipient.subscription.areas.iter().map(|area| (area.clone(), Vec::new()));
    let own = (String::new(), vec![recipient.partner.organisation.clone()]);
    areas.chain([own]).collect()
}

/// Datasets whose tables are scanned for gaps.
const SCANNED: &[Dataset] =
    &[Dataset::Consultations, Dataset::DigitalAccess, Dataset::IndicatorCounts];

/// Says that a release may change an answer, and that it is not told what.
fn unread(released: &Released<'_>, asked: &Table) -> Event {
    let query = asked.query().cloned().unwrap_or_default();
    let (table, text) = (asked.name().to_uppercase(), Value::Text);
    let of =
        if query.area.is_empty() { query.organisations.join(", ") } else { query.area.clone() };
    let period = query.period.unwrap_or_default();
    let body = format!(
        "figures of {table} of {of} from {} to {} cannot be computed, because data of the service is damaged: what the release changes there is not \
         sent; ask for them when the service is mended",
        period.first, period.last
    );
    let mut attributes = vec![
        ("gap.reason", text(DAMAGED.to_owned())),
        ("table", text(table)),
        ("collection", text(query.collection)),
    ];
    if let (Ok(first), Ok(last)) = (period.first.parse(), period.last.parse()) {
        attributes.push(("period.start", text(month_days(first).0)));
        attributes.push(("period.end", text(month_days(last).1)));
    }
    attributes.push(if query.area.is_empty() {
        ("organisations", Value::List(query.organisations))
    } else {
        ("area.code", text(query.area))
    });
    released.event(EventKind::DeliveryGap, body, attributes)
}
