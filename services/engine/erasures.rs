//! Destroying data: a submission, a person, or what was kept for long enough.

use std::sync::Arc;

use super::releases::{begin, last_closed};
use super::{Engine, Submission};
use crate::domain::period::Month;
use crate::store::{Erasure, NewErasure, ToErase, WriteError};

/// Caller of the erasures that the service makes itself.
const CALLER: &str = "service";

/// How long data is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Records: so many months after their own; none: for ever.
    pub records_months: Option<u32>,
    /// Versions that stand no more: so many months after they stopped; none: for ever.
    pub replaced_months: Option<u32>,
}

/// An erasure, and whether an earlier call made it.
#[derive(Clone, Debug)]
pub struct MadeErasure {
    /// The erasure.
    pub erasure: Arc<Erasure>,
    /// Whether an earlier call with the same request id made it.
    pub replayed: bool,
}

impl Engine {
    /// At most `most` erasures, newest first. They are older than the position `before`, if it is not 0.
    #[must_use]
    pub fn erasures(&self, before: u64, most: usize) -> Vec<Arc<Erasure>> {
        let catalog = self.store.catalog();
        let older = |of: &&Arc<Erasure>| before == 0 || of.position < before;
        catalog.erasures().iter().rev().filter(older).take(most).cloned().collect()
    }

    /// Erases a submission.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub async fn erase_submission(
        &self,
        submission: &Submission,
        all_versions: bool,
        (reason, caller, request_id): (&str, &str, &str),
    ) -> Result<MadeErasure, WriteError> {
        let Submission { slot, version, .. } = *submission;
        self.erase(ToErase::Submission { slot, version, all_versions }, reason, caller, request_id)
            .await
    }

    /// Erases a person, whose key is of a scheme.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub async fn erase_person(
        &self,
        (scheme, key): (&str, &str),
        (reason, caller, request_id): (&str, &str, &str),
    ) -> Result<MadeErasure, WriteError> {
        let key = self.keyer.hash(scheme, key);
        let scheme = scheme.to_owned();
        self.erase(ToErase::Person { scheme, key }, reason, caller, request_id).await
    }

    /// The newest month that there is data of, and the last month that has ended by the service's clock; none: there is no data.
    #[must_use]
    pub fn newest_month(&self) -> Option<(Month, Month)> {
        let catalog = self.store.catalog();
        let slots = catalog.slots().filter(|(_, versions)| versions.iter().any(|of| !of.is_erased));
        let newest = slots.map(|(slot, _)| slot.month).max()?;
        Some((newest, last_closed(self.store.now(), 0)))
    }

    /// Erases what was kept for long enough; none: there is nothing.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub async fn erase_old(&self, keep: Retention) -> Result<Option<MadeErasure>, WriteError> {
        let now = self.store.now();
        // The month that closed last is one back.
        let last = u32::from(last_closed(now, 0).number());
        let before = |months: u32| Month::from_number((last + 1).checked_sub(months)?);
        let what = ToErase::Retention {
            before: keep.records_months.and_then(before),
            replaced_before: keep.replaced_months.and_then(before).map(begin),
        };
        let id = format!("retention at {now}");
        match self.erase(what, "kept for as long as the settings say", CALLER, &id).await {
            Err(WriteError::AlreadyErased) => Ok(None),
            made => made.map(Some),
        }
    }

    async fn erase(
        &self,
        what: ToErase,
        reason: &str,
        caller: &str,
        request_id: &str,
    ) -> Result<MadeErasure, WriteError> {
        let (reason, caller) = (reason.to_owned(), caller.to_owned());
        let erasure = NewErasure { what, reason, caller, request_id: request_id.to_owned() };
        let written = self.store.erase(erasure).await?;
        let catalog = self.store.catalog();
        let mut all = catalog.erasures().iter().rev();
        let made = all.find(|made| made.position == written.position).cloned();
        let erasure = made.ok_or_else(|| WriteError::Store("an erasure is not there".into()))?;
        Ok(MadeErasure { erasure, replayed: written.replayed })
    }
}
