//! What the callers and the thread that writes share.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::Notify;

use super::not_audited::NotAudited;
use super::pending::Pending;
use crate::store::clock::LogClock;
use crate::store::log::SegmentLog;

/// What the callers and the thread share.
pub(super) struct Shared {
    pub(super) state: Mutex<State>,
    pub(super) changed: Condvar,
    /// There is room again.
    pub(super) room: Notify,
    pub(super) log: Mutex<SegmentLog>,
    pub(super) clock: Arc<LogClock>,
    /// Why nothing is written any more.
    pub(super) broken: OnceLock<String>,
    /// Bytes of the log. Nobody who asks for them waits for the disk.
    pub(super) bytes: AtomicU64,
    /// Entries that were written, and calls of which nothing was.
    pub(super) written: AtomicU64,
    pub(super) lost: AtomicU64,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) pending: Pending,
    /// Somebody waits for an entry.
    pub(super) hurries: bool,
    pub(super) is_over: bool,
    /// Remove what was written before a time, milliseconds since 1970.
    pub(super) retire: Option<u64>,
    /// Why the last try failed.
    pub(super) trouble: Option<NotAudited>,
}

impl Shared {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn log(&self) -> MutexGuard<'_, SegmentLog> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
