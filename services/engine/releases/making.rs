//! Making a release: whether the rule holds is decided here, at one position, while other changes go on. The release shows this position.

use std::fmt;
use std::sync::Arc;

use super::months::last_closed;
use crate::domain::collection::Openness;
use crate::domain::disclosure::release_rule::{HeldUp, Side, held_up};
use crate::engine::query::AsOf;
use crate::engine::{Engine, QueryError};
use crate::store::{NewRelease, Release, ReleaseReason, WriteError};

/// How often a release is compared again because another one was made in between.
const TRIES: usize = 3;
/// Most characters of a name.
const LONGEST: usize = 63;
/// Most areas that a refusal names.
const NAMED: usize = 4;

/// A release that is asked for.
#[derive(Clone, Debug)]
pub struct WantedRelease {
    /// Name, checked by [`release_id`].
    pub id: String,
    /// Why it is made.
    pub reason: ReleaseReason,
    /// The log's time, milliseconds since 1970: which months have closed.
    pub now: u64,
}

/// A release that is made.
#[derive(Clone, Debug)]
pub struct MadeRelease {
    /// The release.
    pub release: Arc<Release>,
    /// Whether an earlier call with the same request id made it.
    pub replayed: bool,
}

/// Why a release was not made.
#[derive(Debug)]
pub enum NotReleased {
    /// Areas would show the change of too few organisations.
    HeldUp {
        /// Name of the release before.
        since: Arc<str>,
        /// Least number of organisations that have to change.
        least: usize,
        /// The areas.
        areas: Vec<HeldUp>,
    },
    /// There is no data to release.
    Empty,
    /// Another release has the name.
    Exists,
    /// The states cannot be compared.
    Query(QueryError),
    /// The change was not made.
    Write(WriteError),
}

impl fmt::Display for NotReleased {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (since, least, areas) = match self {
            Self::HeldUp { since, least, areas } => (since, least, areas),
            Self::Empty => return f.write_str("there is no data to release: submit some first"),
            Self::Exists => return f.write_str("another release has this name: choose another"),
            Self::Query(error) => return error.fmt(f),
            Self::Write(error) => return error.fmt(f),
        };
        let area = |of: &HeldUp| {
            let (changed, with_data, dataset) = (of.changed, of.with_data, of.dataset.words());
            let (area, name, collection) = (&of.area, &of.name, &of.collection);
            format!(
                "{area} ({name}): {changed} of {with_data} organisations, {dataset} of {collection}"
            )
        };
        let mut named: Vec<_> = areas.iter().take(NAMED).map(area).collect();
        match areas.len().saturating_sub(NAMED) {
            0 => {}
            1 => named.push("and 1 more area".to_owned()),
            more => named.push(format!("and {more} more areas")),
        }
        write!(
            f,
            "readers could tell the data of single organisations: release when at least {least} organisations have changed since release \
             `{since}` in each area that shows a change; so far {}",
            named.join("; ")
        )
    }
}

/// A name of a release, checked.
///
/// # Errors
/// What a name has to be.
pub fn release_id(id: &str) -> Result<&str, String> {
    let is_end = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let is_inner = |c: char| is_end(c) || c == '-' || c == '.';
    let is_name = id.starts_with(is_end) && id.ends_with(is_end) && id.chars().all(is_inner);
    (is_name && id.len() <= LONGEST).then_some(id).ok_or_else(|| {
        format!("must be 1 to {LONGEST} small letters, digits, `.` and `-`, with a letter or digit at both ends, such as `2026-11`")
    })
}

impl Engine {
    /// The release as it would be made now. Reads the disk.
    ///
    /// # Errors
    /// It would not be made.
    pub fn foreseen_release(&self, wanted: &WantedRelease) -> Result<NewRelease, NotReleased> {
        let WantedRelease { id, reason, now } = wanted;
        let (last, position) = {
            let catalog = self.store.catalog();
            if catalog.release(id).is_some() {
                return Err(NotReleased::Exists);
            }
            (catalog.releases().last().cloned(), catalog.position)
        };
        let least = self.release_settings.least;
        let shown_before = last.as_ref().map_or(0, |last| last.shown);
        let compared = self.compared(shown_before, position);
        let compared = compared.map_err(|error| NotReleased::Query(error.into()))?;
        if compared.values().all(|of| of.now.is_empty()) {
            return Err(NotReleased::Empty);
        }
        if let Some(last) = &last {
            let content = |position| self.at(&AsOf::Position(position));
            let (then, present) = (content(last.shown), content(position));
            let both = then.and_then(|then| Ok((then.reference(), present?.reference())));
            let (then, present) = both.map_err(NotReleased::Query)?;
            let is_open = |id: &str| {
                present
                    .collection(id)
                    .is_some_and(|collection| collection.openness == Openness::Open)
            };
            let before = Side { reference: &then, least: last.least };
            let side = Side { reference: &present, least };
            let areas = compared.iter().filter(|((collection, _), _)| !is_open(collection));
            let areas = areas.flat_map(|((collection, dataset), compared)| {
                held_up((collection, *dataset), compared, before, side)
            });
            let areas: Vec<_> = areas.collect();
            if !areas.is_empty() {
                return Err(NotReleased::HeldUp { since: Arc::clone(&last.id), least, areas });
            }
        }
        let closed = last_closed(*now, self.release_settings.closing_days);
        Ok(NewRelease {
            id: id.clone(),
            shown: position,
            after: last.as_ref().map_or(0, |last| last.position),
            reason: *reason,
            // The clock may have been set back: a month that has closed stays closed.
            closed: last.map_or(closed, |last| last.closed.max(closed)),
            least,
        })
    }

    /// Makes a release of the newest state. When this returns, it is durable, and readers of releases read it.
    ///
    /// # Errors
    /// It was not made.
    pub async fn make_release(
        &self,
        wanted: &WantedRelease,
        caller: &str,
        request_id: &str,
    ) -> Result<MadeRelease, NotReleased> {
        let mut tries = 0;
        loop {
            tries += 1;
            let (engine, wanted) = (self.clone(), wanted.clone());
            let (who, request) = (caller.to_owned(), request_id.to_owned());
            let foreseen = tokio::task::spawn_blocking(move || {
                let _held = engine.store.hold();
                let used = engine.store.reader().used(&who, &request);
                if used.map_err(|error| NotReleased::Query(error.into()))?.is_none() {
                    return engine.foreseen_release(&wanted);
                }
                // The writer says what the earlier call made, or that it was for something else.
                let (WantedRelease { id, reason, .. }, closed) = (wanted, last_closed(0, 0));
                Ok(NewRelease { id, shown: 0, after: 0, reason, closed, least: 0 })
            });
            let foreseen = foreseen.await.map_err(|error| {
                NotReleased::Write(WriteError::Store(format!("comparing failed: {error}")))
            })??;
            match self.store.release(foreseen, caller, request_id).await {
                Ok(written) => {
                    let catalog = self.store.catalog();
                    let mut all = catalog.releases().iter().rev();
                    let made = all.find(|release| release.position == written.position).cloned();
                    let gone = || WriteError::Store("the release is not in the catalogue".into());
                    let release = made.ok_or_else(|| NotReleased::Write(gone()))?;
                    return Ok(MadeRelease { release, replayed: written.replayed });
                }
                Err(WriteError::Overtaken) if tries < TRIES => {}
                Err(WriteError::ReleaseExists) => return Err(NotReleased::Exists),
                Err(error) => return Err(NotReleased::Write(error)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::collection::Dataset;

    #[test]
    fn names() {
        let longest = "a".repeat(LONGEST);
        for good in ["2026-11", "2026-q4.2", "a", "7", &longest] {
            assert_eq!(release_id(good), Ok(good));
        }
        let long = "a".repeat(LONGEST + 1);
        for bad in ["", "2026-Q4", "-a", "a-", ".", "a b", "a/b", "é", "2026_11", &long] {
            assert!(release_id(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_refusal_names_areas_and_numbers() {
        let area = |number: usize| HeldUp {
            area: format!("U{number}"),
            name: format!("PCN {number}"),
            collection: "practice-feed".into(),
            dataset: Dataset::Consultations,
            changed: 1,
            with_data: 5,
        };
        let told = |count| {
            let areas = (1..=count).map(area).collect();
            NotReleased::HeldUp { since: "2026-10".into(), least: 3, areas }.to_string()
        };
        assert_eq!(
            told(1),
            "readers could tell the data of single organisations: release when at least 3 organisations have changed since release `2026-10` in \
             each area that shows a change; so far U1 (PCN 1): 1 of 5 organisations, consultations of practice-feed"
        );
        assert!(told(5).contains("U4 (PCN 4)") && told(5).ends_with("and 1 more area"));
        assert!(told(9).ends_with("and 5 more areas"));
    }
}
