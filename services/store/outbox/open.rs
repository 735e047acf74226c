//! Opening the outbox. A damaged one is set aside, never deleted, and begun anew where every stream was settled.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

use prost::Message;
use tokio::sync::watch;

use super::stream::{StreamId, empty};
use super::{Now, Outbox, keys, safe};
use crate::proto::store::{OutboxHead, OutboxStream};
use crate::store::aside::free_name;
use crate::store::error::{StoreError, damaged};
use crate::store::half_made::remove_half_made;
use crate::store::sled_error::unreadable;
use crate::store::sled_thread;

/// Memory of sled for the outbox.
const CACHE_BYTES: u64 = 16 << 20;
const NAME: &str = "outbox";

impl Outbox {
    /// Opens the outbox of a data folder, or makes one that begins at a log position. `newest` is the last position of the log: an outbox that has
    /// come further is of data that was lost.
    ///
    /// # Errors
    /// The folder cannot be used.
    pub fn open(data_folder: &Path, newest: u64, now_millis: u64) -> Result<Self, StoreError> {
        let folder = data_folder.join(NAME);
        let opened = Self::open_in(&folder);
        let outbox = match opened {
            Err(StoreError::Damaged(why)) => {
                let failed =
                    |source| StoreError::Io { doing: "set aside", path: folder.clone(), source };
                let aside = free_name(&folder, "outbox-damaged").map_err(failed)?;
                std::fs::rename(&folder, &aside).map_err(failed)?;
                tracing::error!(
                    why,
                    aside = %aside.display(),
                    "the outbox of telemetry is damaged: begun anew; partners get again what they may not have taken"
                );
                Self::open_in(&folder)?
            }
            opened => opened?,
        };
        outbox.begin(newest, now_millis)?;
        // From now on a sled that has less than the file says was lost.
        outbox.keep_safe()?;
        Ok(outbox)
    }

    /// Whether a data folder has an outbox.
    #[must_use]
    pub fn is_in(data_folder: &Path) -> bool {
        data_folder.join(NAME).try_exists().unwrap_or(false)
    }

    /// Opens the sled of a folder. sled takes a file of other bytes for a new one, and begins it without an error; an older copy it cannot tell
    /// either. The file `outbox.safe` knows how far the outbox had come: a sled that has less is damaged.
    fn open_in(folder: &Path) -> Result<Self, StoreError> {
        let had = folder.try_exists().unwrap_or(false);
        if had {
            remove_half_made(folder)?;
        }
        let config = sled::Config::new()
            .path(folder)
            .cache_capacity(CACHE_BYTES)
            .flush_every_ms(None)
            .mode(sled::Mode::HighThroughput);
        let db = sled_thread::open(&config)?.map_err(|error| unreadable(&error))?;
        let read = || -> Result<Now, StoreError> {
            let head = db.get(keys::HEAD).map_err(|error| unreadable(&error))?;
            let wrong = || damaged("the head of the outbox cannot be read".to_owned());
            let head =
                head.map(|row| OutboxHead::decode(&*row).map_err(|_| wrong())).transpose()?;
            let mut streams = BTreeMap::new();
            for row in db.scan_prefix(keys::STREAMS) {
                let (key, value) = row.map_err(|error| unreadable(&error))?;
                let stream = OutboxStream::decode(&*value).map_err(|_| wrong())?;
                streams.insert(keys::stream_of(&key).ok_or_else(wrong)?, stream);
            }
            Ok(Now { head: head.unwrap_or_default(), streams, safe: String::new(), used: None })
        };
        let now = sled_thread::read(read)??;
        if let Some(safe) = safe::read(folder).filter(|safe| had && safe.is_further(&now)) {
            let position = safe.position;
            return Err(damaged(format!(
                "it ends at log position {}, and had come to {position}",
                now.head.position
            )));
        }
        let (folder, state) = (folder.to_owned(), Mutex::new(now));
        let (sweeping, changed) = (Mutex::new(()), watch::Sender::new(0));
        Ok(Self { db, config, folder, state, sweeping, changed })
    }

    /// Where a new outbox begins, and one that is further than the log.
    fn begin(&self, newest: u64, now_millis: u64) -> Result<(), StoreError> {
        let mut now = self.now();
        if now.head.since_millis == 0 {
            let told = safe::read(&self.folder).map(safe::Safe::begin);
            if told.is_some() {
                tracing::warn!("the outbox of telemetry was lost: made anew from the log");
            }
            let new =
                || (OutboxHead { position: newest, since_millis: now_millis }, BTreeMap::new());
            (now.head, now.streams) = told.unwrap_or_else(new);
            // Counts of what was sent are lost: sums begin anew, and say since when.
            now.head.since_millis = now_millis;
        }
        // One that was made anew begins at its slowest stream: the others may be further than the log all the same.
        let settled = now.streams.values().map(|of| of.settled_position);
        let had = settled.fold(now.head.position, u64::max);
        if had > newest {
            tracing::error!(
                had,
                newest,
                "the log ends before the outbox of telemetry: entries were lost"
            );
            now.head.position = now.head.position.min(newest);
            for stream in now.streams.values_mut() {
                stream.settled_position = stream.settled_position.min(newest);
            }
        }
        self.write_streams(&now.streams, &now.head, &[])
    }

    /// Begins the streams of a partner that has none yet.
    pub(super) fn stream_or_new(now: &Now, id: &StreamId) -> OutboxStream {
        let new = || OutboxStream { settled_position: now.head.position, ..empty() };
        now.streams.get(id).cloned().unwrap_or_else(new)
    }
}
