//! Which release answers a question of a reader of releases, and what a release does not show.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::disclosure::release_rule::Codes;
use crate::domain::period::Month;
use crate::engine::query::{AsOf, Query, Where, no_release};
use crate::engine::{Engine, QueryError};
use crate::store::{Release, StoreError};

/// The releases that answer for the months of a question about a sensitive characteristic.
#[derive(Default)]
struct Answering {
    /// Each month with data that has closed in a release, and the release.
    answers: Vec<(Month, Arc<Release>)>,
    /// The months with data that have closed in no release.
    open: Vec<Month>,
}

impl Engine {
    /// Whether the reader of a question gets releases.
    #[must_use]
    pub fn reads_releases(&self, query: &Query) -> bool {
        query.reader.reads_releases(&self.reference(), &query.collection)
    }

    /// The release that answers a reader of releases: the one asked for, otherwise the newest; about a sensitive characteristic the only
    /// one that answers for the months asked about. None: the reader does not get releases.
    ///
    /// # Errors
    /// There is no release, or the release does not show what the question asks about.
    pub fn release_for(&self, query: &Query) -> Result<Option<Arc<Release>>, QueryError> {
        if !self.reads_releases(query) {
            return Ok(None);
        }
        let newest = self.newest_release().ok_or(QueryError::NoRelease)?;
        let asked = match &query.as_of {
            AsOf::Release(id) => Some(self.release_named(id)?),
            // The profile has refused other states already.
            AsOf::Head | AsOf::Position(_) | AsOf::Time(_) => None,
        };
        let release = match (query.sensitive(&self.reference()), asked) {
            (Some(sensitive), asked) => {
                self.only_release(query, &sensitive, asked)?.unwrap_or(newest)
            }
            (None, asked) => asked.unwrap_or(newest),
        };
        self.is_shown(query, &release)?;
        Ok(Some(release))
    }

    fn release_named(&self, id: &str) -> Result<Arc<Release>, QueryError> {
        let catalog = self.store.catalog();
        let missing = || no_release(&catalog, "query.as_of.release", id);
        catalog.release(id).cloned().ok_or_else(missing)
    }

    /// The only release that answers for the months of a question about a sensitive characteristic; none: there is no data.
    fn only_release(
        &self,
        query: &Query,
        sensitive: &str,
        asked: Option<Arc<Release>>,
    ) -> Result<Option<Arc<Release>>, QueryError> {
        let Answering { answers, open } = self.answering(query)?;
        if let Some(month) = open.first() {
            return Err(QueryError::Refused(format!(
                "{month} has not closed in any release, and `{sensitive}` is answered from the first release after a month has closed: \
                 ask about earlier months, or without `{sensitive}`"
            )));
        }
        let mut by_release: BTreeMap<u64, (Arc<Release>, Vec<Month>)> = BTreeMap::new();
        for (month, release) in answers {
            let (_, months) = by_release.entry(release.position).or_insert((release, Vec::new()));
            months.push(month);
        }
        let wrong = asked.is_some_and(|asked| !by_release.contains_key(&asked.position));
        if by_release.len() > 1 || (wrong && !by_release.is_empty()) {
            let one = |(release, months): &(Arc<Release>, Vec<Month>)| {
                let months: Vec<_> = months.iter().map(ToString::to_string).collect();
                format!("{} in `{}`", months.join(", "), release.id)
            };
            let all: Vec<_> = by_release.values().map(one).collect();
            return Err(QueryError::Refused(format!(
                "each month has one release that answers for `{sensitive}`, and these months have {}: ask about the months of one release \
                 at a time, with this release in `as_of`",
                all.join("; ")
            )));
        }
        Ok(by_release.into_values().next().map(|(release, _)| release))
    }

    /// The release that answers for each month with data; and the months with data that have closed in no release.
    fn answering(&self, query: &Query) -> Result<Answering, StoreError> {
        self.store.look(|catalog| {
            let mut found = Answering::default();
            let Some(collection) = catalog.collection(&query.collection) else {
                return found;
            };
            let (first, last) = (query.months.0.number(), query.months.1.number());
            for month in (first..=last).filter_map(|number| Month::from_number(number.into())) {
                let has_data = |release: &&Arc<Release>| {
                    let dataset = query.table.dataset();
                    let mut standing =
                        catalog.months(collection, dataset, (month, month), release.shown);
                    standing.any(|standing| !standing.submissions.is_empty())
                };
                let closed = |release: &&Arc<Release>| release.closed >= month;
                let mut all = catalog.releases().iter();
                match all.clone().find(|release| closed(release) && has_data(release)) {
                    Some(release) => found.answers.push((month, Arc::clone(release))),
                    None if all.next_back().is_some_and(|last| has_data(&last)) => {
                        found.open.push(month);
                    }
                    None => {}
                }
            }
            found
        })
    }

    /// The areas that the answer to a question may show; none: all.
    ///
    /// # Errors
    /// The release does not exist, or the store cannot be read.
    pub fn areas_shown(&self, query: &Query) -> Result<Option<Codes>, QueryError> {
        let AsOf::Release(id) = &query.as_of else { return Ok(None) };
        if !self.reads_releases(query) {
            return Ok(None);
        }
        let release = self.release_named(id)?;
        let about = (query.collection.clone(), query.table.dataset());
        Ok(self.shown_areas(&release)?.get(&about).cloned())
    }

    /// Refuses a question about an area that a release does not show: too few of its organisations have data there.
    fn is_shown(&self, query: &Query, release: &Release) -> Result<(), QueryError> {
        let Where::Provider(area) = &query.place else { return Ok(()) };
        let about = (query.collection.clone(), query.table.dataset());
        let all = self.shown_areas(release)?;
        // Without any data the answer says so.
        let Some(shown) = all.get(&about) else { return Ok(()) };
        if shown.contains(area) {
            return Ok(());
        }
        let around = self.nearest_shown(area, shown, release)?;
        let next = around.map_or_else(
            || "no area around it has more".to_owned(),
            |around| format!("ask about `{around}`, which contains it"),
        );
        Err(QueryError::Refused(format!(
            "release `{}` does not show `{area}`: fewer than {} of its organisations have data of {} there; {next}",
            release.id, release.least, query.collection
        )))
    }

    /// The smallest area around another one that is shown.
    fn nearest_shown(
        &self,
        area: &str,
        shown: &Codes,
        release: &Release,
    ) -> Result<Option<String>, QueryError> {
        let reference = self.at(&AsOf::Position(release.shown))?.reference();
        let members = reference.members(area);
        let around = shown.iter().filter(|code| !reference.has_ended(code)).filter(|code| {
            let others = reference.members(code);
            let holds_all = members.keys().all(|member| others.contains_key(member));
            holds_all || reference.areas().ancestors(area).contains(code.as_str())
        });
        Ok(around.min_by_key(|code| reference.members(code).len()).cloned())
    }
}
