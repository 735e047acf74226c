//! sled, and nothing else: opened without trust, written in small batches, with a digest over every row.
//!
//! The digest is the sum of the rows' hashes. It is kept in the same batch as the rows, so one pass over the store tells
//! whether any row was lost, changed or invented, whatever sled says of itself.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use prost::Message;

use super::error::StoreError;
use super::keys;
use crate::proto::store::AppliedRow;

/// sled blocks readers while a batch is applied: batches are small.
const BATCH_ROWS: usize = 64;
const BATCH_BYTES: usize = 128 << 10;
/// Larger values would leave their page for a file of their own, which sled does not sync.
pub(super) const VALUE_BYTES: usize = 4096;
const LOCK_TRIES: u32 = 50;
/// How long a reader waits for sled to be opened again: ten seconds.
const REOPEN_TRIES: u32 = 500;
const REOPEN_PAUSE: Duration = Duration::from_millis(20);
/// sled may wait for ever for a write that failed beside it: it is looked at now and then, and not waited for any longer.
const FLUSH_LOOK: Duration = Duration::from_millis(100);
const FLUSH_LONGEST: Duration = Duration::from_secs(30);

/// A key and its value.
pub(super) type Row = (Vec<u8>, Vec<u8>);

/// The store's rows.
pub(super) struct Tree {
    rows: Rows,
    /// Knows whether sled has failed.
    config: sled::Config,
    digest: u128,
    position: u64,
}

/// Reads rows; cheap to clone. Every clone sees when sled is closed and opened again.
#[derive(Clone)]
pub(super) struct Rows(Arc<RwLock<Database>>);

/// Whether there is a sled to read from.
enum Database {
    Open(sled::Db),
    /// It has failed and is being opened again.
    Closed,
    /// It could not be, for this reason: nobody opens it any more.
    Lost(String),
}

/// Name of the file in sled's folder that grows with the data.
pub(super) const DATA_FILE: &str = "db";

impl Tree {
    /// Opens a folder. A store that sled cannot open, or panics over, is [`StoreError::Damaged`].
    pub(super) fn open(folder: &Path, cache_bytes: u64) -> Result<Self, StoreError> {
        for attempt in 0.. {
            let config = sled::Config::new()
                .path(folder)
                .cache_capacity(cache_bytes)
                .flush_every_ms(None)
                .mode(sled::Mode::HighThroughput);
            // sled 0.34 is known to panic on damaged files.
            let opened = catch_unwind(AssertUnwindSafe(|| config.open()));
            let db = match opened {
                Ok(Ok(db)) => db,
                Ok(Err(error)) if is_locked(&error) && attempt < LOCK_TRIES => {
                    std::thread::sleep(Duration::from_millis(100));
                    continue;
                }
                Ok(Err(error)) if is_locked(&error) => {
                    return Err(StoreError::Locked(folder.to_owned()));
                }
                Ok(Err(sled::Error::Io(source)))
                    if is_no_damage(&source) || is_of_the_disk(&source) =>
                {
                    return Err(StoreError::Io { doing: "open", path: folder.to_owned(), source });
                }
                Ok(Err(error)) => return Err(StoreError::Damaged(error.to_string())),
                Err(_) => return Err(StoreError::Damaged("sled panicked while opening".into())),
            };
            let rows = Rows(Arc::new(RwLock::new(Database::Open(db))));
            return Ok(Self { rows, config, digest: 0, position: 0 });
        }
        Err(StoreError::Locked(folder.to_owned()))
    }

    /// Reads every row once, gives each to `visit`, and checks them against the digest.
    pub(super) fn check(&mut self, mut visit: impl FnMut(&[u8], &[u8])) -> Result<(), StoreError> {
        let db = self.db()?;
        let scan = catch_unwind(AssertUnwindSafe(|| {
            let (mut digest, mut applied) = (0u128, AppliedRow::default());
            for row in db.iter() {
                let (key, value) = row?;
                if &*key == keys::APPLIED {
                    applied = AppliedRow::decode(&*value).map_err(|_| {
                        sled::Error::ReportableBug("the applied row is none".into())
                    })?;
                    continue;
                }
                digest = digest.wrapping_add(hash(&key, &value));
                visit(&key, &value);
            }
            Ok::<_, sled::Error>((digest, applied))
        }));
        let (digest, applied) = match scan {
            Ok(Ok(found)) => found,
            Ok(Err(sled::Error::Io(source))) if is_of_the_disk(&source) => {
                return Err(StoreError::Io { doing: "read", path: self.config.get_path(), source });
            }
            Ok(Err(error)) => return Err(StoreError::Damaged(error.to_string())),
            Err(_) => return Err(StoreError::Damaged("sled panicked while reading".into())),
        };
        let expected = applied.digest.as_ref().try_into().map_or(0, u128::from_be_bytes);
        if digest != expected {
            return Err(StoreError::Damaged("the rows do not match their digest".into()));
        }
        (self.digest, self.position) = (digest, applied.position);
        Ok(())
    }

    /// Position of the last entry applied.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// Whether rows are few and small enough to be written at once.
    pub(super) fn is_one_batch<'a>(rows: impl Iterator<Item = &'a Row>) -> bool {
        let add = |(count, bytes), row: &Row| (count + 1, bytes + row.1.len());
        let (count, bytes): (usize, usize) = rows.fold((0, 0), add);
        count <= BATCH_ROWS && bytes <= BATCH_BYTES
    }

    /// Writes rows that nobody looks at yet, in small batches.
    pub(super) fn write(&mut self, rows: &[Row]) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut batch = Vec::new();
        let mut bytes = 0;
        for row in rows {
            if batch.len() == BATCH_ROWS || bytes + row.1.len() > BATCH_BYTES {
                self.apply(&batch, &[])?;
                batch.clear();
                bytes = 0;
            }
            bytes += row.1.len();
            batch.push(row);
        }
        self.apply(&batch, &[])
    }

    /// Writes the rows that make an entry count, and that it was applied, at once.
    pub(super) fn commit(&mut self, rows: &[Row], position: u64) -> Result<(), StoreError> {
        self.position = position;
        self.apply(&rows.iter().collect::<Vec<_>>(), &[])
    }

    /// Removes rows that were left over.
    pub(super) fn remove(&mut self, rows: &[Row]) -> Result<(), StoreError> {
        rows.chunks(BATCH_ROWS)
            .try_for_each(|rows| self.apply(&[], &rows.iter().collect::<Vec<_>>()))
    }

    fn apply(&mut self, put: &[&Row], remove: &[&Row]) -> Result<(), StoreError> {
        let mut batch = sled::Batch::default();
        let mut digest = self.digest;
        for (key, value) in put {
            if value.len() > VALUE_BYTES {
                return Err(StoreError::Damaged(format!("a row of {} bytes", value.len())));
            }
            digest = digest.wrapping_add(hash(key, value));
            batch.insert(key.as_slice(), value.as_slice());
        }
        for (key, value) in remove {
            digest = digest.wrapping_sub(hash(key, value));
            batch.remove(key.as_slice());
        }
        let applied =
            AppliedRow { position: self.position, digest: digest.to_be_bytes().to_vec().into() };
        batch.insert(keys::APPLIED, applied.encode_to_vec());
        let db = self.db()?;
        db.apply_batch(batch).map_err(|error| StoreError::Apply(error.to_string()))?;
        self.digest = digest;
        Ok(())
    }

    /// Hands what sled holds in memory to the disk. What is lost without it comes back from the log.
    pub(super) fn flush(&self) -> Result<(), StoreError> {
        let db = self.db()?;
        let (done, told) = sync_channel(1);
        let flush = move || {
            // Nobody listens any more if it took too long.
            let _ = done.send(db.flush());
        };
        let failed = |error: String| StoreError::Apply(error);
        std::thread::Builder::new()
            .name("flush".into())
            .spawn(flush)
            .map_err(|error| failed(error.to_string()))?;
        let begin = Instant::now();
        loop {
            match told.recv_timeout(FLUSH_LOOK) {
                Ok(flushed) => return flushed.map(drop).map_err(|error| failed(error.to_string())),
                Err(RecvTimeoutError::Timeout) if begin.elapsed() < FLUSH_LONGEST => {
                    if let Some(error) = self.failed() {
                        return Err(error);
                    }
                }
                Err(_) => {
                    return Err(failed(format!("sled did not flush within {FLUSH_LONGEST:?}")));
                }
            }
        }
    }

    /// Why sled has failed, if it has: a write of its own accord may have, beside everybody.
    pub(super) fn failed(&self) -> Option<StoreError> {
        self.config.global_error().err().map(|error| StoreError::Apply(error.to_string()))
    }

    /// The value of a key, for the writer: it does not wait for sled to be opened again, for that is its own task.
    pub(super) fn get(&self, key: &[u8]) -> Result<Option<sled::IVec>, StoreError> {
        self.db()?.get(key).map_err(|error| unreadable(&error))
    }

    fn db(&self) -> Result<sled::Db, StoreError> {
        self.rows.now()
    }

    /// Tells readers that sled will not be opened again before a restart, and why.
    pub(super) fn give_up(&self, why: &str) {
        self.rows.set(Database::Lost(why.to_owned()));
    }

    /// Closes sled after it failed: it accepts nothing more until it is opened again. Reading fails until then.
    pub(super) fn close(&self) {
        if let Some(db) = self.rows.take() {
            // What still waits in sled for a write that failed is woken by another one that does.
            let same = db.get(keys::APPLIED).ok().flatten();
            drop(same.map(|same| db.insert(keys::APPLIED, same)));
        }
    }

    /// Goes on with the rows of another tree, which is spent.
    pub(super) fn adopt(&mut self, other: &Self) {
        if let Some(db) = other.rows.take() {
            self.rows.set(Database::Open(db));
        }
        self.config = other.config.clone();
        (self.digest, self.position) = (other.digest, other.position);
    }

    /// For reading beside.
    pub(super) fn rows(&self) -> Rows {
        self.rows.clone()
    }
}

impl Rows {
    /// sled, unless it is being opened again, or lost.
    fn now(&self) -> Result<sled::Db, StoreError> {
        match &*self.0.read().unwrap_or_else(PoisonError::into_inner) {
            Database::Open(db) => Ok(db.clone()),
            Database::Closed => Err(being_opened()),
            Database::Lost(why) => Err(StoreError::Damaged(why.clone())),
        }
    }

    fn set(&self, database: Database) -> Database {
        let mut now = self.0.write().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut now, database)
    }

    /// Closes it; sled, if it was open.
    fn take(&self) -> Option<sled::Db> {
        match self.set(Database::Closed) {
            Database::Open(db) => Some(db),
            Database::Closed | Database::Lost(_) => None,
        }
    }

    /// Reads. If sled has failed, waits a little while for the writer to open it again.
    fn read<T>(&self, read: impl Fn(&sled::Db) -> sled::Result<T>) -> Result<T, StoreError> {
        let mut failure = being_opened();
        for _ in 0..REOPEN_TRIES {
            match self.now().and_then(|db| read(&db).map_err(|error| unreadable(&error))) {
                Err(error @ StoreError::Apply(_)) => failure = error,
                done => return done,
            }
            std::thread::sleep(REOPEN_PAUSE);
        }
        Err(failure)
    }

    /// The value of a key.
    pub(super) fn get(&self, key: &[u8]) -> Result<Option<sled::IVec>, StoreError> {
        self.read(|db| db.get(key))
    }

    /// Joins the values of all keys that start like this, in order.
    pub(super) fn joined(&self, prefix: &[u8]) -> Result<Vec<u8>, StoreError> {
        self.read(|db| {
            let mut joined = Vec::new();
            for row in db.scan_prefix(prefix) {
                joined.extend_from_slice(&row?.1);
            }
            Ok(joined)
        })
    }

    /// The values of all keys that start like this, in order.
    pub(super) fn values(&self, prefix: &[u8]) -> Result<Vec<Vec<u8>>, StoreError> {
        self.read(|db| {
            db.scan_prefix(prefix).values().map(|value| value.map(|v| v.to_vec())).collect()
        })
    }

    /// Every row.
    pub(super) fn all(
        &self,
    ) -> Result<impl Iterator<Item = Result<Row, StoreError>> + use<>, StoreError> {
        Ok(self.now()?.iter().map(|row| match row {
            Ok((key, value)) => Ok((key.to_vec(), value.to_vec())),
            Err(error) => Err(unreadable(&error)),
        }))
    }

    /// Bytes on disk.
    pub(super) fn bytes(&self) -> u64 {
        self.now().ok().and_then(|db| db.size_on_disk().ok()).unwrap_or(0)
    }
}

fn being_opened() -> StoreError {
    StoreError::Apply("it is being opened again".into())
}

/// Once a write of sled's has failed, its reads fail with the same error: that is no damage.
fn unreadable(error: &sled::Error) -> StoreError {
    if let sled::Error::Io(io) = error
        && (is_no_damage(io) || is_of_the_disk(io))
    {
        return StoreError::Apply(error.to_string());
    }
    StoreError::Damaged(error.to_string())
}

fn is_locked(error: &sled::Error) -> bool {
    matches!(error, sled::Error::Io(io) if io.to_string().contains("could not acquire lock"))
}

/// Whether the disk answered with an error (EIO): while it lasts, nothing can be said of what is on it.
pub(super) fn is_of_the_disk(error: &std::io::Error) -> bool {
    error.raw_os_error() == Some(5)
}

/// Whether the system, not the file, keeps sled from opening.
fn is_no_damage(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{
        FileTooLarge, OutOfMemory, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull,
    };
    // Too many open files, in this process or in the system.
    let too_many = matches!(error.raw_os_error(), Some(23 | 24));
    too_many
        || matches!(
            error.kind(),
            StorageFull
                | QuotaExceeded
                | FileTooLarge
                | PermissionDenied
                | ReadOnlyFilesystem
                | OutOfMemory
        )
}

fn hash(key: &[u8], value: &[u8]) -> u128 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&(key.len() as u64).to_be_bytes());
    hasher.update(key);
    hasher.update(value);
    let mut first = [0; 16];
    first.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    u128::from_be_bytes(first)
}
