//! Publications: the tables that everybody may read, all of one release, proven together before anybody reads one.
//!
//! - `reading` the counts of a release that the tables are made of; `drafting` the numbers of the tables, as sums of these; `rows` the tables
//!   as they are published
//! - `kept` publications that were made

mod drafting;
mod kept;
mod reading;
mod rows;

use std::sync::Arc;

use super::answer::Key;
use super::{Engine, QueryError, Release};
use crate::domain::disclosure::publication::{NotProven, settle};
use crate::domain::disclosure::{ProfileName, public};
use crate::domain::period::Month;
use crate::domain::published::PublishedTable;
use crate::engine::query::AsOf;

pub(super) use kept::Kept;

/// All tables of a release.
#[derive(Debug)]
pub struct Publication {
    /// The release.
    pub release: Arc<Release>,
    /// Version of the profile PUBLIC.
    pub profile_version: String,
    /// Version of the list of tables.
    pub tables_version: String,
    /// The tables, in the order of the list.
    pub tables: Vec<TableOf>,
}

/// A table of a release.
#[derive(Debug)]
pub struct TableOf {
    /// What the list says of it.
    pub definition: PublishedTable,
    /// Name of its area.
    pub area_name: String,
    /// Its rows.
    pub rows: Vec<PublishedRow>,
    /// Why there is no row, or less than a reader expects.
    pub notes: Vec<String>,
}

/// A number of a table.
#[derive(Clone, Debug)]
pub struct PublishedRow {
    /// The period: `2020-Q2`.
    pub period: String,
    /// Its first and last month.
    pub months: (Month, Month),
    /// What it is of, in the order of the dimensions; empty: all.
    pub keys: Vec<Key>,
    /// What everybody may see of it.
    pub shown: RowShown,
    /// The count that it is a share of: of the first dimension among the second; none: it is a total, or the count is not shown.
    pub whole: Option<u64>,
}

impl PublishedRow {
    /// Its share of the whole, of rounded counts.
    #[must_use]
    pub fn percentage(&self) -> Option<f64> {
        public::percentage(self.shown.count(), self.whole)
    }
}

impl RowShown {
    /// The count, if it is shown.
    pub(super) fn count(&self) -> Option<u64> {
        if let Self::Count(count) = self { Some(*count) } else { None }
    }
}

/// What everybody may see of a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowShown {
    /// A rounded count.
    Count(u64),
    /// Nothing: it is of few, or of nobody.
    Few,
    /// Nothing: with it, others would tell of few.
    Coarsened,
    /// It is part of the row whose key has this code.
    Merged(String),
    /// Nothing: too few organisations are behind it.
    NotShown,
}

/// Why nothing is published. The same release is refused for the same reason for ever.
#[derive(Clone, Debug, thiserror::Error)]
pub enum NotPublished {
    /// No publication of these tables is safe.
    #[error(
        "{0}, so nothing is published of this release; publish fewer tables, coarser dimensions, or longer periods (`published.toml` in the \
         reference folder), and make a release"
    )]
    NotProven(NotProven),
    /// The content lists no table.
    #[error("the reference content of this release lists no table in `published.toml`")]
    NoTables,
    /// More base cells than are proven.
    #[error(
        "the tables of `{0}` have more than {1} combinations of categories, organisations and months, which is too much to prove; publish fewer \
         dimensions or periods (`published.toml` in the reference folder), and make a release"
    )]
    TooLarge(String, usize),
}

/// Why there is no publication.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// It was looked for, and is not safe.
    #[error(transparent)]
    NotPublished(#[from] NotPublished),
    /// What is needed for it cannot be read.
    #[error(transparent)]
    Query(#[from] QueryError),
}

impl Engine {
    /// The publication of a release, if it was made already, or was refused.
    #[must_use]
    pub fn kept_publication(
        &self,
        release: &Release,
    ) -> Option<Result<Arc<Publication>, NotPublished>> {
        self.published.get(release.position)
    }

    /// Makes the publication of a release. The same release gives the same publication, with the reference content of then. Takes long: every
    /// small cell is attacked.
    ///
    /// # Errors
    /// No publication is safe, or the data cannot be read.
    pub fn publish(&self, release: &Arc<Release>) -> Result<Arc<Publication>, PublishError> {
        if let Some(kept) = self.kept_publication(release) {
            return Ok(kept?);
        }
        let made = self.at(&AsOf::Position(release.shown))?.made_publication(release);
        match made {
            Ok(publication) => {
                let made = Arc::new(publication);
                self.published.keep(release.position, Ok(Arc::clone(&made)));
                Ok(made)
            }
            Err(PublishError::NotPublished(NotPublished::NotProven(NotProven::Stopped))) => {
                Err(QueryError::Late.into())
            }
            Err(PublishError::NotPublished(why)) => {
                self.published.keep(release.position, Err(why.clone()));
                Err(why.into())
            }
            Err(error @ PublishError::Query(_)) => Err(error),
        }
    }

    fn made_publication(&self, release: &Arc<Release>) -> Result<Publication, PublishError> {
        let reference = self.reference();
        let listed = &reference.published().tables;
        if listed.is_empty() {
            return Err(NotPublished::NoTables.into());
        }
        let mut tables: Vec<Option<TableOf>> = listed.iter().map(|_| None).collect();
        let collections: std::collections::BTreeSet<_> =
            listed.iter().map(|table| table.collection.as_str()).collect();
        for collection in collections {
            let is_of = |(_, table): &(usize, &PublishedTable)| table.collection == collection;
            let of: Vec<_> = listed.iter().enumerate().filter(is_of).collect();
            let some: Vec<_> = of.iter().map(|(_, table)| *table).collect();
            let read = self.read_for(collection, &some, release)?;
            let drafted = self.drafted(&some, &read, release)?;
            let go_on = || self.settings.threads.in_time().is_ok();
            let settled = settle(&drafted.draft, &go_on).map_err(NotPublished::NotProven)?;
            for ((place, definition), lines) in of.into_iter().zip(drafted.tables) {
                tables[place] = Some(self.table_of(definition, &lines, &settled));
            }
        }
        Ok(Publication {
            release: Arc::clone(release),
            profile_version: reference.profile(ProfileName::Public).version.clone(),
            tables_version: reference.published().version.clone(),
            tables: tables.into_iter().flatten().collect(),
        })
    }
}
