//! The rows in sled: checked when opened, written in small batches, with a digest over every row.
//!
//! The digest is the sum of the rows' hashes and is written in the same batch as the rows. So one pass over the store finds
//! every row that was lost, changed or invented, even if sled reports no error.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use prost::Message;

use super::error::StoreError;
use super::keys;
use crate::proto::store::AppliedRow;

/// Most rows of a batch. Batches are small because sled blocks readers while it applies one.
const BATCH_ROWS: usize = 64;
const BATCH_BYTES: usize = 128 << 10;
/// Longest value, in bytes. sled stores longer values in files of their own, which it does not sync.
pub(super) const VALUE_BYTES: usize = 4096;
const LOCK_TRIES: u32 = 50;
/// With the pause: a reader waits at most ten seconds for sled to be opened again.
const REOPEN_TRIES: u32 = 500;
const REOPEN_PAUSE: Duration = Duration::from_millis(20);
/// How often a flush is checked. sled may wait for ever for another write that failed, so the wait has to end by itself.
const FLUSH_LOOK: Duration = Duration::from_millis(100);
const FLUSH_LONGEST: Duration = Duration::from_secs(30);

/// A key and its value.
pub(super) type Row = (Vec<u8>, Vec<u8>);

/// The writer's access to the rows; also knows the digest.
pub(super) struct Tree {
    rows: Rows,
    /// Reports whether sled has failed.
    config: sled::Config,
    digest: u128,
    position: u64,
}

/// Reads rows. Cheap to clone; all clones follow when sled is closed and opened again.
#[derive(Clone)]
pub(super) struct Rows(Arc<RwLock<Database>>);

/// Whether there is a sled to read from.
enum Database {
    Open(sled::Db),
    /// It has failed and is being opened again.
    Closed,
    /// It could not be opened again, for this reason. A restart is needed.
    Lost(String),
}

/// Name of the file in sled's folder that grows with the data.
pub(super) const DATA_FILE: &str = "db";

impl Tree {
    /// Opens a folder. If sled fails or panics over its files, the error is [`StoreError::Damaged`].
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

    /// Writes rows that are not visible yet, in small batches.
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

    /// Writes, in one batch, the rows that make an entry visible and the new applied position.
    pub(super) fn commit(&mut self, rows: &[Row], position: u64) -> Result<(), StoreError> {
        self.position = position;
        self.apply(&rows.iter().collect::<Vec<_>>(), &[])
    }

    /// Removes rows of an interrupted application.
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

    /// Makes sled write its memory to disk. Rows lost without a flush come back from the log.
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

    /// Why sled has failed; none if it works. A background write of sled's can fail without any call.
    pub(super) fn failed(&self) -> Option<StoreError> {
        self.config.global_error().err().map(|error| StoreError::Apply(error.to_string()))
    }

    /// The value of a key, for the writer. Does not wait for sled to be opened again, because the writer does that itself.
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

    /// Closes sled after it failed. Reading waits until sled is opened again.
    pub(super) fn close(&self) {
        if let Some(db) = self.rows.take() {
            // What still waits in sled for a write that failed is woken by another one that does.
            let same = db.get(keys::APPLIED).ok().flatten();
            drop(same.map(|same| db.insert(keys::APPLIED, same)));
        }
    }

    /// Takes over the rows of another tree, which is closed by that.
    pub(super) fn adopt(&mut self, other: &Self) {
        if let Some(db) = other.rows.take() {
            self.rows.set(Database::Open(db));
        }
        self.config = other.config.clone();
        (self.digest, self.position) = (other.digest, other.position);
    }

    /// Access for readers.
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

    /// Closes it, and returns sled if it was open.
    fn take(&self) -> Option<sled::Db> {
        match self.set(Database::Closed) {
            Database::Open(db) => Some(db),
            Database::Closed | Database::Lost(_) => None,
        }
    }

    /// Runs a read. If sled has failed, tries again for up to ten seconds, until the writer has opened it again.
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

    /// The values of all keys with this prefix, in order, joined.
    pub(super) fn joined(&self, prefix: &[u8]) -> Result<Vec<u8>, StoreError> {
        self.read(|db| {
            let mut joined = Vec::new();
            for row in db.scan_prefix(prefix) {
                joined.extend_from_slice(&row?.1);
            }
            Ok(joined)
        })
    }

    /// The values of all keys with this prefix, in order.
    pub(super) fn values(&self, prefix: &[u8]) -> Result<Vec<Vec<u8>>, StoreError> {
        self.read(|db| {
            db.scan_prefix(prefix).values().map(|value| value.map(|v| v.to_vec())).collect()
        })
    }

    /// Every row, in order of key.
    pub(super) fn all(
        &self,
    ) -> Result<impl Iterator<Item = Result<Row, StoreError>> + use<>, StoreError> {
        Ok(self.now()?.iter().map(|row| match row {
            Ok((key, value)) => Ok((key.to_vec(), value.to_vec())),
            Err(error) => Err(unreadable(&error)),
        }))
    }

    /// Size of sled on disk, in bytes; 0 while it is closed.
    pub(super) fn bytes(&self) -> u64 {
        self.now().ok().and_then(|db| db.size_on_disk().ok()).unwrap_or(0)
    }
}

fn being_opened() -> StoreError {
    StoreError::Apply("it is being opened again".into())
}

/// The error of a failed read. After a failed write all reads of sled's fail with the write's error, which is no damage.
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

/// Whether the disk answered with an error (EIO). Then the data may be intact or not.
pub(super) fn is_of_the_disk(error: &std::io::Error) -> bool {
    error.raw_os_error() == Some(5)
}

/// Whether the system keeps sled from opening: no space, no permission, too many open files.
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
