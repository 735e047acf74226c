//! Removing what was kept for long enough. An entry says first what goes, and with which hash it ends, so that the first entry that stays can
//! still be checked.

use std::sync::atomic::Ordering::Relaxed;

use super::entry::of_removal;
use super::keeper::Keeper;
use crate::store::log::{LogError, Snapshot};

impl Keeper {
    /// Removes the segments whose last entry was written before a time, milliseconds since 1970.
    pub(super) fn retire(&mut self, before: u64) {
        let snapshot = self.shared.log().snapshot();
        match last_before(&snapshot, before) {
            Ok(None) => {}
            Ok(Some(until)) => {
                if let Err(why) = self.remove(&snapshot, until) {
                    tracing::error!(
                        why,
                        "old entries of the audit log were not removed; it is tried again in a day"
                    );
                }
            }
            Err(error) => {
                tracing::error!(%error, "old entries of the audit log were not removed: it cannot be read");
            }
        }
    }

    fn remove(&mut self, snapshot: &Snapshot, until: u64) -> Result<(), String> {
        let first = snapshot.firsts().next().unwrap_or(until);
        let last = snapshot.read_from(until).next();
        let last = last.ok_or("an entry is missing")?.map_err(|error| error.to_string())?;
        let count = until + 1 - first;
        let removal = of_removal(last.place, count, last.time_millis);
        self.append(&[removal]).map_err(|why| why.to_string())?;
        let mut log = self.shared.log();
        let forgotten = log.forget(until);
        self.shared.bytes.store(log.bytes(), Relaxed);
        drop(log);
        let segments = forgotten.map_err(|error| error.to_string())?;
        tracing::info!(
            count,
            segments,
            "entries of the audit log were kept for long enough and are removed"
        );
        Ok(())
    }
}

/// Position of the last entry of the segments that have only entries from before a time; none: there are no such segments.
fn last_before(snapshot: &Snapshot, before: u64) -> Result<Option<u64>, LogError> {
    let mut until = None;
    for next in snapshot.firsts().skip(1) {
        // Every entry before this one is no younger.
        match snapshot.read_from(next - 1).next().transpose()? {
            Some(last) if last.time_millis < before => until = Some(next - 1),
            _ => break,
        }
    }
    Ok(until)
}
