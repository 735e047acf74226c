//! The counts of a release that tables are made of: of each organisation in each month, by everything that any of the tables tells apart.

use std::collections::{BTreeMap, BTreeSet};

use super::{NotPublished, PublishError};
use crate::domain::collection::Dataset;
use crate::domain::disclosure::{ProfileName, Protection, TrueCount};
use crate::domain::period::{Month, months_of};
use crate::domain::published::PublishedTable;
use crate::domain::statistics::Confidence;
use crate::engine::query::{AsOf, Query, Reader, Showing, TableKind, Where};
use crate::engine::{Engine, QueryError, Release};

/// Most base cells of a collection: what can be proven in some minutes.
const MOST: usize = 100_000;

/// One organisation in one month.
pub(super) type Parcel = (String, Month);

/// What was counted.
pub(super) struct Read {
    /// Ids of the fields' dimensions, one for each place of a combination.
    pub(super) dimensions: Vec<String>,
    /// Every combination of categories that occurs anywhere: all organisations may have it. The place behind the categories is what is not known.
    pub(super) combinations: Vec<Vec<usize>>,
    /// Each organisation and month, and its counts of the combinations.
    pub(super) parcels: BTreeMap<Parcel, Vec<TrueCount>>,
    /// The periods of each table, the newest first.
    pub(super) periods: Vec<Vec<String>>,
}

impl Engine {
    /// Reads what the tables of a collection need.
    pub(super) fn read_for(
        &self,
        collection: &str,
        tables: &[&PublishedTable],
        release: &Release,
    ) -> Result<Read, PublishError> {
        let reference = self.reference();
        let [standing, erased] = self.standing_in(collection, release)?;
        let (mut wanted, mut periods) = (BTreeSet::new(), Vec::new());
        for table in tables {
            let of_area = || {
                let all = standing.iter();
                all.filter(|(code, month)| reference.belongs(code, &table.area, *month))
            };
            let has_closed = |month: &Month| {
                let whole = months_of(&table.period.of(*month));
                whole.is_ok_and(|whole| *whole.end() <= release.closed)
            };
            let months = of_area().map(|(_, month)| *month).filter(has_closed).collect();
            let newest = table.newest(&months);
            let is_wanted = |(_, month): &&Parcel| newest.contains(&table.period.of(*month));
            wanted.extend(of_area().filter(is_wanted).cloned());
            periods.push(newest);
        }
        if !wanted.is_disjoint(&erased) {
            return Err(NotPublished::Erased.into());
        }
        let mut dimensions: Vec<String> = Vec::new();
        for id in tables.iter().flat_map(|table| &table.dimensions) {
            let is_of_field = reference.dimension(id).is_some_and(|of| of.field().is_some());
            if is_of_field && !dimensions.contains(id) {
                dimensions.push(id.clone());
            }
        }
        let mut counted = Vec::new();
        let mut occurring = BTreeSet::new();
        for parcel in wanted {
            let counts = self.counts_of(collection, &parcel, &dimensions, release)?;
            occurring.extend(counts.keys().cloned());
            counted.push((parcel, counts));
        }
        if occurring.len().saturating_mul(counted.len()) > MOST {
            return Err(NotPublished::TooLarge(collection.to_owned(), MOST).into());
        }
        let combinations: Vec<_> = occurring.into_iter().collect();
        let of_all = |counts: BTreeMap<Vec<usize>, TrueCount>| {
            combinations.iter().map(|one| counts.get(one).copied().unwrap_or_default()).collect()
        };
        let parcels = counted.into_iter().map(|(parcel, counts)| (parcel, of_all(counts)));
        let parcels = parcels.collect();
        Ok(Read { dimensions, combinations, parcels, periods })
    }

    /// The organisations and closed months that a release had consultations of when it was made, and which of them were erased since.
    fn standing_in(
        &self,
        collection: &str,
        release: &Release,
    ) -> Result<[BTreeSet<Parcel>; 2], QueryError> {
        let found = self.store().look(|catalog| {
            let (mut found, mut erased) = (BTreeSet::new(), BTreeSet::new());
            let Some(collection) = catalog.collection(collection) else { return [found, erased] };
            let (dataset, months) = (Dataset::Consultations, (Month::FIRST, release.closed));
            let codes = catalog.organisation_codes();
            for standing in catalog.months(collection, dataset, months, release.shown) {
                let month = standing.slot.month;
                let there = standing.submissions.iter();
                found.extend(there.map(|one| (one.organisation.to_string(), month)));
                let gone = standing.erased().iter().filter_map(|number| codes.get(&number));
                erased.extend(gone.map(|code| ((*code).to_owned(), month)));
            }
            found.extend(erased.iter().cloned());
            [found, erased]
        })?;
        Ok(found)
    }

    /// The counts of one organisation in one month. Whatever is not known is one.
    fn counts_of(
        &self,
        collection: &str,
        (organisation, month): &Parcel,
        dimensions: &[String],
        release: &Release,
    ) -> Result<BTreeMap<Vec<usize>, TrueCount>, QueryError> {
        let reference = self.reference();
        let known = |id: &String| reference.dimension(id).map_or(0, |of| of.categories.len());
        let known: Vec<usize> = dimensions.iter().map(known).collect();
        let by = match dimensions {
            // Tables by areas alone: anything with one place a record tells all.
            [] => vec!["channel".to_owned()],
            some => some.to_vec(),
        };
        let query = Query {
            table: TableKind::Consultations,
            collection: collection.to_owned(),
            care_setting: None,
            place: Where::Organisations(vec![organisation.clone()]),
            given_area: String::new(),
            months: (*month, *month),
            by,
            filters: Vec::new(),
            as_of: AsOf::Position(release.shown),
            showing: Showing { confidence: Confidence::default(), protection: Protection::Rounded },
            reader: Reader::of(ProfileName::Public),
            comparison: None,
            only_listed: false,
            suppressed: false,
        };
        let mut counts: BTreeMap<Vec<usize>, TrueCount> = BTreeMap::new();
        for (places, count) in self.base_counts(&query)? {
            let places = places.iter().zip(&known).map(|(place, known)| *place.min(known));
            *counts.entry(places.collect()).or_default() += count;
        }
        Ok(counts)
    }
}
