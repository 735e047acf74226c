//! A look at the catalogue. Of versions that stand no more the catalogue has a few numbers: a look at an earlier state notes which it
//! needs, and is repeated once they were read. They are read without the catalogue's lock, so nobody waits for the disk.

use std::cell::RefCell;
use std::ops::Deref;
use std::sync::{Arc, RwLockReadGuard};

use rustc_hash::FxHashMap;

use super::catalog::Catalog;
use super::error::StoreError;
use super::handle::Store;
use super::keys::Slot;
use super::standing::{Kept, Standing};
use super::stored::{Submission, Version};
use crate::domain::collection::Dataset;
use crate::domain::period::Month;

/// The catalogue, for as long as it is looked at.
pub struct Look<'a> {
    catalog: RwLockReadGuard<'a, Catalog>,
    /// Submissions that stand no more, by position.
    read: &'a FxHashMap<u64, Arc<Submission>>,
    /// Versions whose submissions have to be read.
    missing: RefCell<Vec<(Slot, u32, u64)>>,
}

impl Deref for Look<'_> {
    type Target = Catalog;

    fn deref(&self) -> &Catalog {
        &self.catalog
    }
}

impl Look<'_> {
    /// The submission of a version of a slot; none if it has to be read: then the result of this look is not used.
    pub fn submission(&self, slot: Slot, version: &Version) -> Kept {
        let found = version.stands.as_ref().or_else(|| self.read.get(&version.position));
        if found.is_none() {
            self.missing.borrow_mut().push((slot, version.version, version.position));
        }
        found.cloned()
    }

    /// What stands at a position in each month of a collection and dataset, from one month to another, in order.
    pub fn months(
        &self,
        collection: u16,
        dataset: Dataset,
        months: (Month, Month),
        position: u64,
    ) -> impl Iterator<Item = Arc<Standing>> {
        let find = |slot, version: &Version| self.submission(slot, version);
        self.catalog.months(collection, dataset, months, position, find)
    }
}

impl Store {
    /// Looks at the catalogue under its lock, so briefly. Once more after each look that lacked a submission.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn look<T>(&self, look: impl Fn(&Look<'_>) -> T) -> Result<T, StoreError> {
        let mut read = FxHashMap::default();
        loop {
            let at = Look { catalog: self.catalog(), read: &read, missing: RefCell::default() };
            let seen = look(&at);
            let missing = at.missing.take();
            drop(at);
            if missing.is_empty() {
                return Ok(seen);
            }
            for (slot, version, position) in missing {
                let submission = self.reader().recalled.submission(slot, version, position)?;
                read.insert(position, submission);
            }
        }
    }
}

#[cfg(test)]
#[path = "look_tests.rs"]
mod tests;
