//! Assessments: what organisations say about their own channels. They are recorded, listed, and returned with tables.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{About, Assessment, Engine, StoreError, WriteError, Written};
use crate::domain::period::Month;
use crate::domain::reference::Organisations;

/// Most assessments in one answer.
const BESIDE: usize = 100;

impl Engine {
    /// Records an assessment: when this returns, it is durable and answers return it.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub async fn assess(
        &self,
        assessment: Assessment,
        caller: &str,
        request_id: &str,
    ) -> Result<Written, WriteError> {
        self.store.assess(assessment, caller, request_id).await
    }

    /// The assessments of some organisations about some months, as of a position; and how many there are in all. At most 100 are
    /// returned: first the newest of each organisation, so that no organisation crowds out another. The first assessment is the
    /// newest of all.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn assessments(
        &self,
        organisations: &Organisations,
        months: (Month, Month),
        position: u64,
    ) -> Result<(Vec<(About, Assessment)>, usize), StoreError> {
        let all = self.newest(usize::MAX, |about| {
            about.position <= position
                && about.covers(months)
                && organisations.contains_key(&*about.organisation)
        });
        let (count, mut told) = (all.len(), BTreeSet::new());
        let is_newest = |about: &About| told.insert(Arc::clone(&about.organisation));
        let (mut first, others): (Vec<_>, Vec<_>) = all.into_iter().partition(is_newest);
        first.extend(others);
        first.truncate(BESIDE);
        Ok((self.texts(first)?, count))
    }

    /// At most `most` assessments of one organisation, or of all, newest first. They are older than the position `before`, if it is
    /// not 0.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn list_assessments(
        &self,
        wanted: impl Fn(&str) -> bool,
        before: u64,
        most: usize,
    ) -> Result<Vec<(About, Assessment)>, StoreError> {
        self.texts(self.newest(most, |about| {
            (before == 0 || about.position < before) && wanted(&about.organisation)
        }))
    }

    /// The assessment that was recorded at a position.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn assessment(&self, position: u64) -> Result<Option<(About, Assessment)>, StoreError> {
        let found = self.texts(self.newest(1, |about| about.position == position))?;
        Ok(found.into_iter().next())
    }

    fn newest(&self, most: usize, wanted: impl Fn(&About) -> bool) -> Vec<About> {
        let catalog = self.store.catalog();
        let newest_first = catalog.assessments().iter().rev();
        newest_first.filter(|about| wanted(about)).take(most).cloned().collect()
    }

    /// Reads the texts. The catalog is no longer locked then: reading takes a while.
    fn texts(&self, found: Vec<About>) -> Result<Vec<(About, Assessment)>, StoreError> {
        let read = |about: About| self.store.reader().assessment(&about).map(|read| (about, read));
        found.into_iter().map(read).collect()
    }
}
