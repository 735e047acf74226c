//! The store of a running service: questions read from it, changes are sent to its writer.

use std::path::PathBuf;
use std::sync::mpsc::{SyncSender, TrySendError};
use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;
use tracing::Span;

use super::assessment::Assessment;
use super::busy::Busy;
use super::catalog::Catalog;
use super::change::{Change, Written};
use super::clock::{LogClock, Unsettled};
use super::erasure::NewErasure;
use super::error::WriteError;
use super::folder::{folder_bytes, free_bytes};
use super::keys::Slot;
use super::log::SyncTimes;
use super::prepare::Prepared;
use super::read::Reader;
use super::release::NewRelease;
use super::writer::{FAILED, Job};
use crate::domain::codes::Content;

/// One per data folder. Dropping it ends the writer.
pub struct Store {
    pub(super) catalog: Arc<RwLock<Catalog>>,
    pub(super) reader: Arc<Reader>,
    /// Written to while an erasure puts new rows in the place of the old ones.
    pub(super) era: Arc<RwLock<()>>,
    pub(super) jobs: Option<SyncSender<Job>>,
    pub(super) writer: Option<JoinHandle<()>>,
    pub(super) stopped: Arc<OnceLock<String>>,
    pub(super) busy: Arc<Busy>,
    pub(super) syncs: Arc<SyncTimes>,
    pub(super) clock: Arc<LogClock>,
    pub(super) folder: PathBuf,
}

impl Store {
    /// The catalogue. Hold the lock briefly: the writer waits for it.
    pub fn catalog(&self) -> RwLockReadGuard<'_, Catalog> {
        self.catalog.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads columns, roll-ups, estimates and assessments.
    #[must_use]
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Why writing has ended; none while changes are accepted.
    #[must_use]
    pub fn stopped(&self) -> Option<&str> {
        self.stopped.get().map(String::as_str)
    }

    /// Position of the last change accepted at or before a time, milliseconds since 1970; for ever the same. Waits for changes that are
    /// being written while the answer `is_wanted`.
    ///
    /// # Errors
    /// The time has not come, or a change up to it is not applied yet.
    pub fn position_at(
        &self,
        time_millis: u64,
        is_wanted: impl Fn() -> bool,
    ) -> Result<u64, Unsettled> {
        self.clock.settle(time_millis, is_wanted)?;
        Ok(self.catalog().position_at(time_millis))
    }

    /// How long the writer has been working on its current changes; none while it waits.
    #[must_use]
    pub fn writing_for(&self) -> Option<Duration> {
        self.busy.since()
    }

    /// Changes that wait for the writer.
    #[must_use]
    pub fn writer_queue(&self) -> u64 {
        self.busy.waiting()
    }

    /// How long each fsync of the log took since the last call of this function.
    #[must_use]
    pub fn take_sync_times(&self) -> Vec<Duration> {
        self.syncs.take()
    }

    /// Makes a submission durable and readable. `over` is the log position of the submission that it may replace, 0 if there is
    /// none to be replaced; absent: it replaces whatever stands.
    ///
    /// # Errors
    /// See [`WriteError`]. Nothing was stored, but after [`WriteError::Unsure`] and [`WriteError::Store`] the change may be.
    pub async fn submit(
        &self,
        prepared: Arc<Prepared>,
        over: Option<u64>,
    ) -> Result<Written, WriteError> {
        self.change(Change::Submit { prepared, over }).await
    }

    /// Withdraws the current version of a slot.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub async fn withdraw(
        &self,
        slot: Slot,
        version: u32,
        caller: &str,
        request_id: &str,
    ) -> Result<Written, WriteError> {
        let (caller, request_id) = (caller.to_owned(), request_id.to_owned());
        self.change(Change::Withdraw { slot, version, caller, request_id }).await
    }

    /// Makes an assessment durable and readable. The result has a position and no submission.
    ///
    /// # Errors
    /// See [`WriteError`]. Nothing was stored, but after [`WriteError::Unsure`] and [`WriteError::Store`] the change may be.
    pub async fn assess(
        &self,
        assessment: Assessment,
        caller: &str,
        request_id: &str,
    ) -> Result<Written, WriteError> {
        let payload = assessment.payload(caller, request_id);
        self.change(Change::Assess(Box::new(payload))).await
    }

    /// Makes a release. The result has its position and no submission. [`WriteError::Overtaken`]: the release that it was compared with
    /// is not the last one any more.
    ///
    /// # Errors
    /// See [`WriteError`]. Nothing was stored, but after [`WriteError::Unsure`] and [`WriteError::Store`] the change may be.
    pub async fn release(
        &self,
        release: NewRelease,
        caller: &str,
        request_id: &str,
    ) -> Result<Written, WriteError> {
        let after = release.after;
        let release = Box::new(release.payload(caller, request_id));
        self.change(Change::Release { release, after }).await
    }

    /// Erases data for ever. Returns when it is gone from the log, from sled and from everything that was made of them.
    ///
    /// # Errors
    /// See [`WriteError`]. After [`WriteError::Unsure`] the erasure is finished by the next start.
    pub async fn erase(&self, erasure: NewErasure) -> Result<Written, WriteError> {
        self.change(Change::Erase(Box::new(erasure))).await
    }

    /// Puts reference content in use. It has to be one that [`Reference::new`](crate::domain::reference::Reference::new) takes.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub async fn configure(&self, content: &Content) -> Result<Written, WriteError> {
        self.change(Change::Configure(content.clone())).await
    }

    /// Keeps an erasure from changing what a question reads, for as long as this is held: the numbers of words and persons, and the places
    /// of packs, are others after it. Hold it once a thread, at the beginning.
    pub fn hold(&self) -> RwLockReadGuard<'_, ()> {
        self.era.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The log's time now, milliseconds since 1970.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.clock.now()
    }

    /// Lets so many milliseconds pass on the log's clock.
    #[cfg(test)]
    pub(crate) fn pass(&self, millis: i64) {
        self.clock.pass(millis);
    }

    async fn change(&self, change: Change) -> Result<Written, WriteError> {
        let gone = || WriteError::Stopped("the service is stopping".into());
        let (reply, answer) = oneshot::channel();
        let jobs = self.jobs.as_ref().ok_or_else(gone)?;
        let waiting = self.busy.wait(Span::current());
        jobs.try_send(Job { change, reply, waiting }).map_err(|error| match error {
            TrySendError::Full(_) => WriteError::Busy,
            TrySendError::Disconnected(_) => gone(),
        })?;
        // Everything that was taken is answered, unless the writer failed over it.
        let failed = || WriteError::Stopped(FAILED.into());
        answer.await.map_err(|_| WriteError::Unsure(Box::new(failed())))?
    }

    /// Bytes of the log, bytes of sled, and free bytes of the disk; none: the system does not say it.
    #[must_use]
    pub fn sizes(&self) -> (u64, u64, Option<u64>) {
        let log = folder_bytes(&self.folder.join("log"));
        (log, self.reader.bytes(), free_bytes(&self.folder).ok())
    }
}

impl Drop for Store {
    /// Waits until the writer has written every waiting change and flushed sled.
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!("the writer panicked; what it had acknowledged is in the log");
        }
    }
}
