//! What organisations say of their channels themselves: recorded, listed, and put beside the numbers.

use std::collections::BTreeSet;

use super::{About, Assessment, Engine, StoreError, WriteError, Written};
use crate::domain::period::Month;

/// Assessments that stand beside one answer, at most.
const BESIDE: usize = 100;

impl Engine {
    /// Records an assessment: when this returns, it is durable and answers show it.
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

    /// The assessments of some organisations about some months, as of a position: newest first, at most 100. The first one's
    /// position is that of the last change of what is returned.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn assessments(
        &self,
        organisations: &BTreeSet<String>,
        months: (Month, Month),
        position: u64,
    ) -> Result<Vec<(About, Assessment)>, StoreError> {
        let wanted = |about: &About| {
            about.position <= position
                && about.covers(months)
                && organisations.contains(&*about.organisation)
        };
        self.newest(BESIDE, wanted)
    }

    /// Assessments of one organisation, or of all, before a position (0: from the newest on): newest first, at most `most`.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn list_assessments(
        &self,
        organisation: Option<&str>,
        before: u64,
        most: usize,
    ) -> Result<Vec<(About, Assessment)>, StoreError> {
        self.newest(most, |about| {
            (before == 0 || about.position < before)
                && organisation.is_none_or(|code| *about.organisation == *code)
        })
    }

    /// The assessment that was recorded at a position.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn assessment(&self, position: u64) -> Result<Option<(About, Assessment)>, StoreError> {
        let found = self.newest(1, |about| about.position == position)?;
        Ok(found.into_iter().next())
    }

    fn newest(
        &self,
        most: usize,
        wanted: impl Fn(&About) -> bool,
    ) -> Result<Vec<(About, Assessment)>, StoreError> {
        // The catalog is held while it is looked through, not while texts are read.
        let found: Vec<About> = {
            let catalog = self.store.catalog();
            let newest_first = catalog.assessments().iter().rev();
            newest_first.filter(|about| wanted(about)).take(most).cloned().collect()
        };
        let read = |about: About| self.store.reader().assessment(&about).map(|read| (about, read));
        found.into_iter().map(read).collect()
    }
}
