//! The outbox: what partners' own systems are still to be sent, and what they were sent lately.
//!
//! It has a sled of its own, `outbox` in the data folder: it is no function of the log alone (what an endpoint has taken is not in the log), and a
//! rebuilt store must not send everything again. It is not lost with it either. A small file beside it, `outbox.safe`, says up to which log
//! position each stream was settled. It shows that the outbox itself was lost or damaged, and says where a new one begins. Events after that are made again from the log, with the same ids: partners
//! get some of them twice and none not at all. Refused submissions are not in the log, so events of them that were not sent are lost with the
//! outbox; their callers got the refusal itself.
//!
//! - `keys` the keys of its rows; `stream` one partner's stream of one signal
//! - `open`, `safe` opening it, and what it says of itself outside
//! - `commit` new events: rows first, which nobody sees, then one small batch with every stream and the position
//! - `kept` the rows of a stream in order; `read` what is to be sent, what was sent, dead letters
//! - `settle` what came of sending; `replay` sending again
//! - `remove` what is kept no longer; `sweep` payloads that nothing names any more

mod commit;
mod kept;
mod keys;
mod open;
mod read;
mod remove;
mod replay;
mod safe;
mod settle;
mod stream;
mod sweep;

pub use commit::NewEvent;
pub use read::{DeadLetter, Listed, Waiting};
pub use remove::{Expired, Figures, Keep, TooMuch};
pub use replay::{Replayed, Which};
pub use settle::{Fault, Settled};
pub use stream::{State, StreamId, StreamStatus};

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use prost::Message;
use tokio::sync::watch;

use super::error::StoreError;
use super::sled_error::unwritten;
use super::sled_thread;
use crate::proto::store::{OutboxHead, OutboxStream};

/// What partners are sent. One per data folder.
pub struct Outbox {
    db: sled::Db,
    config: sled::Config,
    folder: PathBuf,
    state: Mutex<Now>,
    /// Held while payloads are looked for that nothing names any more.
    sweeping: Mutex<()>,
    /// A number that changes whenever there may be something to send.
    changed: watch::Sender<u64>,
}

/// What changes. Whoever changes rows holds its lock.
struct Now {
    head: OutboxHead,
    streams: BTreeMap<StreamId, OutboxStream>,
    /// What the file `outbox.safe` says.
    safe: String,
    /// Hashes of the payloads that new rows name since a sweep began; none: there is no sweep.
    used: Option<BTreeSet<Vec<u8>>>,
}

impl Now {
    /// Notes that a new row names a payload.
    fn uses(&mut self, hash: &[u8]) {
        if let Some(used) = &mut self.used {
            used.insert(hash.to_vec());
        }
    }
}

/// A key and its value.
type Row = (Vec<u8>, Vec<u8>);

impl Outbox {
    fn now(&self) -> MutexGuard<'_, Now> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Position of the last log entry whose events are in it.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.now().head.position
    }

    /// Since when sums count, milliseconds since 1970.
    #[must_use]
    pub fn since_millis(&self) -> u64 {
        self.now().head.since_millis
    }

    /// A channel that changes when there may be something to send.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    fn tell(&self) {
        self.changed.send_modify(|number| *number = number.wrapping_add(1));
    }

    fn failed(&self) -> Option<StoreError> {
        self.config.global_error().err().map(|error| unwritten(&error))
    }

    /// Writes rows in small batches, because sled blocks every reader of the process while it applies one.
    fn write(&self, rows: &[Row]) -> Result<(), StoreError> {
        for rows in rows.chunks(BATCH_ROWS) {
            let mut batch = sled::Batch::default();
            for (key, value) in rows {
                batch.insert(key.as_slice(), value.as_slice());
            }
            self.db.apply_batch(batch).map_err(|error| unwritten(&error))?;
        }
        Ok(())
    }

    fn remove_keys(&self, keys: &[Vec<u8>]) -> Result<(), StoreError> {
        for keys in keys.chunks(BATCH_ROWS) {
            let mut batch = sled::Batch::default();
            for key in keys {
                batch.remove(key.as_slice());
            }
            self.db.apply_batch(batch).map_err(|error| unwritten(&error))?;
        }
        Ok(())
    }

    /// Writes streams, and rows with them, in one batch, and makes it durable.
    fn write_streams<'a>(
        &self,
        streams: impl IntoIterator<Item = (&'a StreamId, &'a OutboxStream)>,
        head: &OutboxHead,
        rows: &[Row],
    ) -> Result<(), StoreError> {
        let mut batch = sled::Batch::default();
        for (id, stream) in streams {
            batch.insert(keys::stream(id), stream.encode_to_vec());
        }
        for (key, value) in rows {
            batch.insert(key.as_slice(), value.as_slice());
        }
        batch.insert(keys::HEAD, head.encode_to_vec());
        self.db.apply_batch(batch).map_err(|error| unwritten(&error))?;
        self.flush()
    }

    /// Makes what was written durable: sled's flush alone is not enough when the power fails.
    fn flush(&self) -> Result<(), StoreError> {
        sled_thread::flush(self.db.clone(), || self.failed())?;
        let file = self.folder.join(super::tree::DATA_FILE);
        let synced = std::fs::File::open(&file).and_then(|file| file.sync_data());
        synced.map_err(|source| StoreError::Io { doing: "sync", path: file, source })
    }
}

/// Most rows of a batch.
const BATCH_ROWS: usize = 64;
