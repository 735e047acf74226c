//! Keeps reading possible when the disk is full. Before the writer accepts a change, it reserves disk space for sled. If sled
//! has failed, the writer opens it again and applies the missing entries from the log.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock, PoisonError};

use super::aside::{OF_ANOTHER_LOG, made_anew, open_state};
use super::error::{StoreError, WriteError};
use super::folder::free_bytes;
use super::log::Log;
use super::reserve::Reserve;
use super::sled_error::refused;
use super::state::State;
use super::touched::Observer;

/// Upper bound of the bytes by which sled's file grows for each byte that a change costs; 0.3 to 0.7 were measured.
const GROWTH: u64 = 2;
/// Bytes that sled may write in addition: two new segments, and pages moved out of other segments.
pub(super) const AHEAD_BYTES: u64 = 4 << 20;

/// The state of a running service, and what brings it back when sled or the disk fails.
pub(super) struct LiveState {
    pub(super) state: State,
    pub(super) folder: PathBuf,
    pub(super) sled_bytes: u64,
    /// Why sled has to be opened again; none while sled has every entry that was applied.
    pub(super) behind: Option<String>,
    pub(super) min_free_bytes: u64,
    pub(super) observer: Observer,
    /// Why writing has ended; not set while changes are accepted.
    pub(super) stopped: Arc<OnceLock<String>>,
    /// Bytes written to sled since the last flush, as [`Change::cost`](super::change::Change::cost) counts them.
    pub(super) unflushed: u64,
    pub(super) reserve: Reserve,
}

impl LiveState {
    /// Log position of the last applied entry.
    pub(super) fn applied(&self) -> u64 {
        self.state.catalog.read().unwrap_or_else(PoisonError::into_inner).position
    }

    /// Ends writing until the service is restarted.
    pub(super) fn stop(&self, why: &str) {
        if self.stopped.set(why.to_owned()).is_ok() {
            tracing::error!(why, "the service accepts no more changes; reading goes on");
        }
    }

    /// Flushes sled if the disk has room; otherwise does nothing. The log has every change, and a failed write would stop sled.
    pub(super) fn flush(&mut self) {
        if self.behind.is_some() || self.reserve.ahead(self.ahead(0)).is_err() {
            return;
        }
        match self.state.tree.flush() {
            Ok(()) => self.unflushed = 0,
            // The log has everything: it is tried again with the next change.
            Err(error @ StoreError::NoThread(_)) => tracing::error!(%error, "sled is not flushed"),
            Err(error) => self.fall_behind(&error),
        }
    }

    /// Records that sled has failed. sled does not recover by itself; no change is lost, because the log has all of them.
    pub(super) fn fall_behind(&mut self, error: &StoreError) {
        tracing::warn!(%error, "sled failed; it is opened again and catches up with the log before anything else is written");
        self.behind = Some(error.to_string());
    }

    /// If sled has failed, opens it again and applies what it does not have.
    pub(super) fn catch_up(&mut self, log: &impl Log) -> Result<(), WriteError> {
        if self.behind.is_none()
            && let Some(error) = self.state.tree.failed()
        {
            self.fall_behind(&error);
        }
        let Some(why) = self.behind.clone() else { return Ok(()) };
        if let Some(why) = self.stopped.get() {
            return Err(WriteError::Stopped(why.clone()));
        }
        // Readers wait for this: it has the reserve's room, whatever else the disk has.
        self.reserve.release();
        match self.reopen(log) {
            Ok(()) => {
                tracing::info!(why, "sled was opened again and has caught up with the log");
                self.behind = None;
                Ok(())
            }
            // Not for good: it is tried again, and goes on when the disk or the system lets it.
            Err(error) if error.is_passing() || is_of_the_system(&error) => {
                let text = error.to_string();
                if text != why {
                    tracing::error!(
                        error = text,
                        "sled could not be opened again; it is tried again"
                    );
                    self.behind = Some(text);
                }
                if let StoreError::Io { doing, source, .. } = &error {
                    return Err(refused(doing, source));
                }
                let is_full = matches!(error, StoreError::Full(_));
                let why = error.to_string();
                Err(if is_full { WriteError::Full(why) } else { WriteError::Disk(why) })
            }
            Err(error) => {
                let why = format!("the store cannot catch up with the log: {error}");
                self.state.tree.give_up(&why);
                self.stop(&why);
                Err(error.into())
            }
        }
    }

    fn reopen(&mut self, log: &impl Log) -> Result<(), StoreError> {
        self.state.tree.close();
        let mut fresh = open_state(&self.folder, self.sled_bytes)?;
        if let Some(last) = fresh.tree.at().last()
            && let Some(Ok(there)) = log.read_from(last.position)?.next()
            && there.place != last
        {
            fresh = made_anew(fresh, &self.folder, self.sled_bytes, OF_ANOTHER_LOG)?;
        }
        if let Err(error) = self.reserve.ahead(self.ahead(0)) {
            tracing::warn!(%error, "sled catches up with the log without room of its own");
        }
        let known = self.applied();
        // First what the catalog knows already, on the quiet; then what it does not, as if it came just now.
        for entry in log.read_from(fresh.tree.position() + 1)? {
            let entry = entry?;
            if entry.place.position > known {
                break;
            }
            fresh.apply(&entry, None)?;
        }
        if fresh.tree.position() > known {
            return Err(StoreError::Damaged("sled kept a change that it had refused".into()));
        }
        self.state.tree.adopt(&fresh.tree);
        for entry in log.read_from(known + 1)? {
            let entry = entry?;
            let touched = self.state.apply(&entry, None)?.touched();
            (self.observer)(touched, entry.place.position);
        }
        Ok(())
    }

    /// Reserves the disk space that sled may need for a change. Without it sled could fail on a full disk, and reading would
    /// stop.
    pub(super) fn take_room(&mut self, cost: u64) -> Result<(), WriteError> {
        let bytes = self.ahead(cost);
        let took = self.reserve.hold().and_then(|()| self.reserve.ahead(bytes));
        took.map_err(|error| refused("set room aside for sled", &error))
    }

    /// Bytes by which sled's file may grow: for unflushed changes, and for a change of this cost.
    fn ahead(&self, cost: u64) -> u64 {
        self.unflushed.saturating_add(cost).saturating_mul(GROWTH).saturating_add(AHEAD_BYTES)
    }

    pub(super) fn has_room(&self, bytes: u64) -> Result<(), WriteError> {
        let free = free_bytes(&self.folder).map_err(|error| WriteError::Disk(error.to_string()))?;
        if free < self.min_free_bytes.saturating_add(bytes) {
            let kept = self.min_free_bytes;
            return Err(WriteError::Full(format!(
                "{free} bytes are free, {bytes} are needed and {kept} have to stay free"
            )));
        }
        Ok(())
    }
}

/// Whether the system, or another process, has kept sled from being opened.
fn is_of_the_system(error: &StoreError) -> bool {
    matches!(error, StoreError::Io { .. } | StoreError::Locked(_) | StoreError::NoThread(_))
}

#[cfg(test)]
#[path = "recover_tests.rs"]
mod tests;
