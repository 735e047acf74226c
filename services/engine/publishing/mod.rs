//! Publications: the tables that everybody may read, all of one release, proven together before anybody reads one.
//!
//! - `reading` the counts of a release that the tables are made of; `drafting` the numbers of the tables, as sums of these; `rows` the tables
//!   as they are published
//! - `publication` what is made, or why not; `kept` publications that were made

mod drafting;
mod kept;
mod publication;
mod reading;
mod rows;

use std::sync::Arc;

use super::{Engine, QueryError, Release};
use crate::domain::disclosure::ProfileName;
use crate::domain::disclosure::publication::{NotProven, settle};
use crate::domain::published::PublishedTable;
use crate::engine::query::AsOf;

pub(super) use kept::Kept;
pub use publication::{NotPublished, Publication, PublishedRow, RowShown, TableOf};

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
        let era = self.published.era();
        let made = self.at(&AsOf::Position(release.shown))?.made_publication(release);
        // What was erased meanwhile may be in it.
        let keep = |ended| {
            let is_kept = self.published.keep(era, release.position, ended);
            is_kept.then_some(()).ok_or(QueryError::Late)
        };
        match made {
            Ok(publication) => {
                let made = Arc::new(publication);
                keep(Ok(Arc::clone(&made)))?;
                Ok(made)
            }
            Err(PublishError::NotPublished(NotPublished::NotProven(NotProven::Stopped))) => {
                Err(QueryError::Late.into())
            }
            Err(PublishError::NotPublished(why)) => {
                keep(Err(why.clone()))?;
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
            let read = {
                let _held = self.store.hold();
                self.read_for(collection, &some, release)?
            };
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
