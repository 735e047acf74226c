//! The only room that knows sled. What is acknowledged is in the log and fsynced; sled is what is made of it, and comes back
//! from it.
//!
//! - [`log`] the ordered log: what is durable
//! - `state` apply: what an entry makes of the state
//! - `tree`, [`keys`] sled, its batches and its keys
//! - [`catalog`] what there is, in memory
//! - [`assessment`] what organisations say themselves
//! - `prepare`, `writer` how a submission gets in
//! - `read` columns, roll-ups and estimates, out of a bounded cache; `estimates` what those are on disk
//! - `lock`, `open`, `verify` starting alone, and starting again from the log
//! - `recover`, `reserve` when sled has failed, and room on the disk that nobody else can take

pub mod assessment;
pub mod catalog;
mod estimates;
pub mod keys;
mod lock;
pub mod log;
mod open;
mod prepare;
mod read;
mod recover;
mod reserve;
mod state;
mod tree;
mod verify;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, TrySendError};
use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;

pub use assessment::{About, Assessment};
pub use catalog::{Catalog, Submission};
pub use keys::Slot;
pub use open::{Settings, make_folder};
pub use prepare::Prepared;
pub use read::Reader;
pub use verify::{Report, rebuild, verify};
pub use writer::Written;

use crate::domain::codes::ContentError;
use crate::domain::period::Month;
use writer::{Busy, Change, Job};

/// What a change bears on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touched {
    /// No data: reference content.
    Nothing,
    /// A slot that was submitted or withdrawn.
    Slot(Slot),
    /// What an organisation says of some months.
    Assessment {
        /// Number of the organisation; none while it has submitted nothing.
        organisation: Option<u32>,
        /// First month.
        first: Month,
        /// Last month.
        last: Month,
    },
}

/// Told of every change after it was applied and before it is acknowledged: what it bears on, and its position.
pub type Observer = Arc<dyn Fn(Touched, u64) + Send + Sync>;

/// Why the store cannot be opened or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has the folder.
    #[error("{0} is in use by another process: stop that one first")]
    Locked(PathBuf),
    /// The rows are not what was written.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// sled did not take a batch, or is closed.
    #[error("the store could not be written: {0}")]
    Apply(String),
    /// The log.
    #[error(transparent)]
    Log(#[from] log::LogError),
    /// The reference content cannot be used.
    #[error(transparent)]
    Content(#[from] ContentError),
    /// The reference content in the log is of another version, and nothing took its place.
    #[error(
        "the reference content that was stored cannot be used by this version ({0}), and none could be put in its place: start \
         with a whole log and without options that keep the stored content"
    )]
    OldContent(ContentError),
    /// The secret is not the one that the data was written with.
    #[error(
        "the secret is not the one that this data was written with: give the secret file that belongs to the data folder, or \
         start with another data folder"
    )]
    WrongSecret,
    /// A file or folder.
    #[error("cannot {doing} {path}: {source}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// With which file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Why a change was not made.
#[derive(Clone, Debug, thiserror::Error)]
pub enum WriteError {
    /// The request id was used for other content.
    #[error("the request id was used for other content")]
    RequestIdReused,
    /// Only the current version can be withdrawn.
    #[error("only the current version can be withdrawn")]
    NotCurrent,
    /// The disk is too full.
    #[error("the disk is too full: {0}")]
    Full(String),
    /// Nothing is written until somebody has looked.
    #[error("{0}")]
    Stopped(String),
    /// It is in the log, or may be, and the answer is not known: the service failed in between. Sending it again tells.
    #[error("it may have been kept: {0}")]
    Unsure(Box<Self>),
    /// Too many changes are waiting.
    #[error("too many changes are waiting")]
    Busy,
    /// Something else went wrong.
    #[error("{0}")]
    Store(String),
}

impl From<StoreError> for WriteError {
    fn from(error: StoreError) -> Self {
        Self::Store(error.to_string())
    }
}

/// The store of a running service.
pub struct Store {
    catalog: Arc<RwLock<Catalog>>,
    reader: Reader,
    jobs: Option<SyncSender<Job>>,
    writer: Option<JoinHandle<()>>,
    stopped: Arc<OnceLock<String>>,
    busy: Arc<Busy>,
    folder: PathBuf,
}

impl Store {
    /// What there is, in memory. Hold it briefly: the writer waits for it.
    pub fn catalog(&self) -> RwLockReadGuard<'_, Catalog> {
        self.catalog.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads columns and roll-ups.
    #[must_use]
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Why nothing is written any more, if so.
    #[must_use]
    pub fn stopped(&self) -> Option<&str> {
        self.stopped.get().map(String::as_str)
    }

    /// How long the writer has been at the changes that it took last; none while it waits for some.
    #[must_use]
    pub fn writing_for(&self) -> Option<Duration> {
        self.busy.since()
    }

    /// Makes a submission durable and readable.
    ///
    /// # Errors
    /// See [`WriteError`]; nothing was stored then, except that after [`WriteError::Unsure`] and [`WriteError::Store`] it is not
    /// known.
    pub async fn submit(&self, prepared: Prepared) -> Result<Written, WriteError> {
        self.change(Change::Submit(Box::new(prepared))).await
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

    async fn change(&self, change: Change) -> Result<Written, WriteError> {
        let gone = || WriteError::Stopped("the service is stopping".into());
        let (reply, answer) = oneshot::channel();
        let jobs = self.jobs.as_ref().ok_or_else(gone)?;
        jobs.try_send(Job { change, reply }).map_err(|error| match error {
            TrySendError::Full(_) => WriteError::Busy,
            TrySendError::Disconnected(_) => gone(),
        })?;
        // Everything that was taken is answered, unless the writer failed over it.
        let failed = || WriteError::Stopped(writer::FAILED.into());
        answer.await.map_err(|_| WriteError::Unsure(Box::new(failed())))?
    }

    /// Bytes of the log, of sled, and free on the disk.
    #[must_use]
    pub fn sizes(&self) -> (u64, u64, u64) {
        let log = folder_bytes(&self.folder.join("log"));
        (log, self.reader.bytes(), free_bytes(&self.folder).unwrap_or(0))
    }
}

impl Drop for Store {
    /// Ends the writer: what is waiting is written, and everything handed to the disk.
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!("the writer panicked; what it had acknowledged is in the log");
        }
    }
}

fn free_bytes(folder: &Path) -> Result<u64, StoreError> {
    let stat = rustix::fs::statvfs(folder).map_err(|error| StoreError::Io {
        doing: "ask for the free space of",
        path: folder.to_owned(),
        source: error.into(),
    })?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

fn folder_bytes(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    files.filter_map(|file| file.metadata().ok()).map(|meta| meta.len()).sum()
}
