//! The rows in sled: checked when opened, written in small batches, with a digest over every row.
//!
//! The digest is the sum of the rows' hashes and is written in the same batch as the rows. So one pass over the store finds
//! every row that was lost, changed or invented, even if sled reports no error.
//!
//! # Places
//! sled keeps 9 to 17 rows in a leaf and writes all of them again when it splits the leaf. Rows that are added at the end are
//! written three times by that, and two thirds of sled's file are waste until it is cleaned. So rows without a value are added
//! ahead, at the places of the values of packs to come: the leaves split while they are small, and each value is written once.
//! sled writes a leaf as a whole again at its eleventh change. Places are made one after the other, which leaves nine in a leaf:
//! nine values are nine changes. (A batch is applied in any order, which left up to 16 in a leaf: the file was half as large
//! again.) Places count for nothing: they are in no digest, and nobody sees them.
//!
//! # The size of a value
//! A leaf of more than 131,052 bytes becomes a file in `blobs/`, which sled does not sync. A leaf has at most 17 rows when it is
//! written, so values of 7 KiB never do that; of 8 KiB they might, and larger ones do: with 16 and 32 KiB the file was smaller and
//! some leaves were in `blobs/`. With 4 KiB it was as large as with 7, and batches took longer.
//!
//! `EQUITY_LOG=equity_indicators::store::tree=trace` prints rows, bytes and microseconds of each batch of a running service.

use std::cmp::Ordering;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use prost::Message;

use super::error::StoreError;
use super::half_made::remove_half_made;
use super::keys;
use super::log::{Known, Place};
use super::sled_error::{is_no_damage, is_of_the_disk, unreadable, unwritten};
use super::sled_thread;
use crate::proto::store::AppliedRow;

/// Most rows of a batch. Batches are small because sled blocks readers while it applies one.
const BATCH_ROWS: usize = 64;
const BATCH_BYTES: usize = 128 << 10;
/// Longest value, in bytes. sled stores longer values in files of their own, which it does not sync.
pub(super) const VALUE_BYTES: usize = 7 << 10;
/// Format of the rows. A version of the service that writes other rows for the same log has the next number.
const FORMAT: u32 = 5;
/// Places made at once, and the least number of them behind the last value: a leaf that has values must not split.
const PLACES: u64 = 256;
const PLACES_AHEAD: u64 = 17;
/// With the pause: a reader waits at most ten seconds for sled to be opened again.
const REOPEN_TRIES: u32 = 500;
const REOPEN_PAUSE: Duration = Duration::from_millis(20);

/// A key and its value.
pub(super) type Row = (Vec<u8>, Vec<u8>);

/// The writer's access to the rows; also knows the digest.
pub(super) struct Tree {
    rows: Rows,
    /// Reports whether sled has failed.
    config: sled::Config,
    digest: u128,
    at: At,
    /// Number of the first value of a pack without a place.
    places: u64,
}

/// How far the log was applied: the place of the last entry, and the chain of the first, which tells logs apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct At {
    last: Option<Place>,
    root: Option<[u8; 32]>,
}

impl At {
    /// Behind an entry.
    pub(super) fn behind(self, last: Place) -> Self {
        let root = if last.position == 1 { Some(last.chain) } else { self.root };
        Self { last: Some(last), root }
    }

    /// Position of the last entry; 0: nothing was applied.
    pub(super) fn position(self) -> u64 {
        self.last.map_or(0, |last| last.position)
    }

    /// The last entry; none: nothing was applied.
    pub(super) fn last(self) -> Option<Place> {
        self.last
    }

    /// Chain of the first entry; none: nothing was applied.
    pub(super) fn root(self) -> Option<[u8; 32]> {
        self.root
    }

    /// What it says of the log.
    pub(super) fn known(self) -> Vec<Known> {
        let root = self.root.map(|chain| Known::from(Place { position: 1, chain }));
        let last = self.last.map(|last| Known { root: self.root, ..last.into() });
        root.into_iter().chain(last).collect()
    }

    fn of_row(row: &AppliedRow) -> Self {
        let chain = |bytes: &[u8]| bytes.try_into().ok();
        let last = chain(&row.chain).map(|chain| Place { position: row.position, chain });
        Self { last, root: chain(&row.root_chain) }
    }

    /// The digest of rows as it is stored: with the format and with this. A version that knows no formats takes the rows for damaged and
    /// makes them anew, instead of reading them in its own way.
    fn seal(self, digest: u128) -> u128 {
        let mut bytes = self.position().to_be_bytes().to_vec();
        for chain in self.root.into_iter().chain(self.last.map(|last| last.chain)) {
            bytes.extend(chain);
        }
        digest.wrapping_add(FORMAT.into()).wrapping_add(hash(keys::APPLIED, &bytes))
    }
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
        remove_half_made(folder)?;
        let config = sled::Config::new()
            .path(folder)
            .cache_capacity(cache_bytes)
            .flush_every_ms(None)
            .mode(sled::Mode::HighThroughput);
        let db = sled_thread::open(&config)?.map_err(|error| not_read("open", folder, error))?;
        let rows = Rows(Arc::new(RwLock::new(Database::Open(db))));
        Ok(Self { rows, config, digest: 0, at: At::default(), places: 0 })
    }

    /// Reads every row once and checks them against the digest. `visit` gets the applied position and each row.
    ///
    /// Rows of another format are not read: [`StoreError::OldFormat`] or [`StoreError::NewFormat`].
    pub(super) fn check(
        &mut self,
        mut visit: impl FnMut(u64, &[u8], &[u8]) + Send,
    ) -> Result<(), StoreError> {
        let (db, path) = (self.db()?, self.config.get_path());
        has_our_format(&db, &path)?;
        let scan = sled_thread::read(|| {
            let (mut digest, mut applied, mut places) = (0u128, AppliedRow::default(), 0);
            for row in db.iter() {
                let (key, value) = row?;
                if &*key == keys::APPLIED {
                    applied = AppliedRow::decode(&*value).map_err(|_| {
                        sled::Error::ReportableBug("the applied row is none".into())
                    })?;
                    continue;
                }
                places = keys::read_pack(&key).map_or(places, |number| number.saturating_add(1));
                if is_place(&key, &value) {
                    continue;
                }
                digest = digest.wrapping_add(hash(&key, &value));
                visit(applied.position, &key, &value);
            }
            Ok::<_, sled::Error>((digest, applied, places))
        })?;
        let (digest, applied, places) = scan.map_err(|error| not_read("read", &path, error))?;
        let (expected, at) = (applied.digest.as_ref().try_into().ok(), At::of_row(&applied));
        // Before the first batch there is neither a row nor a digest.
        let is_empty = digest == 0 && applied == AppliedRow::default();
        if Some(at.seal(digest)) != expected.map(u128::from_be_bytes) && !is_empty {
            return Err(StoreError::Damaged("the rows do not match their digest".into()));
        }
        (self.digest, self.at, self.places) = (digest, at, places);
        Ok(())
    }

    /// Position of the last entry applied.
    pub(super) fn position(&self) -> u64 {
        self.at.position()
    }

    /// How far the log was applied.
    pub(super) fn at(&self) -> At {
        self.at
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

    /// Makes places for the values of packs up to this number, and for some more.
    pub(super) fn make_places(&mut self, until: u64) -> Result<(), StoreError> {
        if self.places >= until + PLACES_AHEAD {
            return Ok(());
        }
        let end = (until + PLACES_AHEAD).next_multiple_of(PLACES);
        let db = self.db()?;
        for number in self.places..end {
            let made = db.insert(keys::pack(number), &[]);
            made.map_err(|error| unwritten(&error))?;
        }
        self.places = end;
        Ok(())
    }

    /// Writes, in one batch, the rows that make an entry visible and its place.
    pub(super) fn commit(&mut self, rows: &[Row], place: Place) -> Result<(), StoreError> {
        self.at = self.at.behind(place);
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
            if !is_place(key, value) {
                digest = digest.wrapping_add(hash(key, value));
            }
            batch.insert(key.as_slice(), value.as_slice());
        }
        for (key, value) in remove {
            digest = digest.wrapping_sub(hash(key, value));
            batch.remove(key.as_slice());
        }
        let At { last, root } = self.at;
        let bytes =
            |chain: Option<[u8; 32]>| chain.map_or_else(Default::default, |c| c.to_vec().into());
        let applied = AppliedRow {
            position: self.position(),
            digest: self.at.seal(digest).to_be_bytes().to_vec().into(),
            format: FORMAT,
            chain: bytes(last.map(|last| last.chain)),
            root_chain: bytes(root),
        };
        batch.insert(keys::APPLIED, applied.encode_to_vec());
        let db = self.db()?;
        let begin = Instant::now();
        db.apply_batch(batch).map_err(|error| unwritten(&error))?;
        let bytes: usize = put.iter().map(|(_, value)| value.len()).sum();
        let micros = u64::try_from(begin.elapsed().as_micros()).unwrap_or(u64::MAX);
        tracing::trace!(rows = put.len(), bytes, micros, "batch applied");
        self.digest = digest;
        Ok(())
    }

    /// Makes sled write its memory to disk. Rows lost without a flush come back from the log.
    pub(super) fn flush(&self) -> Result<(), StoreError> {
        sled_thread::flush(self.db()?, || self.failed())
    }

    /// Why sled has failed; none if it works. A background write of sled's can fail without any call.
    pub(super) fn failed(&self) -> Option<StoreError> {
        self.config.global_error().err().map(|error| unwritten(&error))
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
        (self.digest, self.at) = (other.digest, other.at);
        self.places = other.places;
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
                Err(error) if error.is_passing() => failure = error,
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

    /// The values of the keys from `first` to `last`, both included, in order, joined.
    pub(super) fn joined_range(&self, first: &[u8], last: &[u8]) -> Result<Vec<u8>, StoreError> {
        self.read(|db| {
            let mut joined = Vec::new();
            for row in db.range(first..=last) {
                joined.extend_from_slice(&row?.1);
            }
            Ok(joined)
        })
    }

    /// Every row, in order of key, without places.
    pub(super) fn all(
        &self,
    ) -> Result<impl Iterator<Item = Result<Row, StoreError>> + use<>, StoreError> {
        let rows = self.now()?.iter().map(|row| match row {
            Ok((key, value)) => Ok((key.to_vec(), value.to_vec())),
            Err(error) => Err(unreadable(&error)),
        });
        Ok(rows.filter(|row| row.as_ref().map_or(true, |(key, value)| !is_place(key, value))))
    }

    /// Size of sled on disk, in bytes; 0 while it is closed.
    pub(super) fn bytes(&self) -> u64 {
        self.now().ok().and_then(|db| db.size_on_disk().ok()).unwrap_or(0)
    }
}

/// Refuses rows of another format.
fn has_our_format(db: &sled::Db, path: &Path) -> Result<(), StoreError> {
    let row = sled_thread::read(|| db.get(keys::APPLIED))?;
    let row = row.map_err(|error| not_read("read", path, error))?;
    let Some(row) = row else { return Ok(()) };
    let AppliedRow { position, format, .. } = AppliedRow::decode(&*row)
        .map_err(|_| StoreError::Damaged("the applied row is none".into()))?;
    match format.cmp(&FORMAT) {
        Ordering::Less => Err(StoreError::OldFormat { format, position }),
        Ordering::Equal => Ok(()),
        Ordering::Greater => Err(StoreError::NewFormat { format, known: FORMAT }),
    }
}

/// The error of an opening or a first read: the system's, or damage.
fn not_read(doing: &'static str, path: &Path, error: sled::Error) -> StoreError {
    let path = path.to_owned();
    if let sled::Error::Io(source) = error {
        if is_no_damage(&source) || is_of_the_disk(&source) {
            return StoreError::Io { doing, path, source };
        }
        return StoreError::Damaged(source.to_string());
    }
    StoreError::Damaged(error.to_string())
}

fn being_opened() -> StoreError {
    StoreError::Apply("it is being opened again".into())
}

/// Whether the row is a place for a value to come.
fn is_place(key: &[u8], value: &[u8]) -> bool {
    value.is_empty() && keys::read_pack(key).is_some()
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
