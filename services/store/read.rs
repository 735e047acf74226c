//! Reads columns, roll-ups and estimates of submissions. They never change, so the reader caches them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use rustc_hash::FxHashMap;

use super::assessment::{About, Assessment};
use super::catalog::Submission;
use super::error::{StoreError, damaged};
use super::pack_read::PackPart;
use super::persons::PersonKeys;
use super::tree::Rows;
use super::{estimates, keys};
use crate::domain::cube::{Packed, Run};
use crate::domain::estimate::Estimate;
use crate::domain::field::{Field, number};
use crate::proto::store::{AssessmentRow, ProblemsRow, RequestRow, RowProblem};

/// Log position of the submission, number of the field.
type CacheKey = (u64, u8);

struct CacheEntry {
    cached: Cached,
    used: AtomicU64,
}

/// A cached column, or the estimates of a submission.
#[derive(Clone)]
enum Cached {
    Column(Arc<Packed>),
    Estimates(Arc<[Estimate]>),
}

impl Cached {
    /// Approximate bytes in memory, the cache's own included.
    fn cost(&self) -> u64 {
        96 + match self {
            Self::Column(packed) => packed.data.len() as u64,
            Self::Estimates(rows) => rows.iter().map(estimates::cost).sum(),
        }
    }
}

/// The cache of columns and estimates, and access to every other row. One for all threads.
pub struct Reader {
    rows: Rows,
    persons: Arc<RwLock<PersonKeys>>,
    cache: RwLock<FxHashMap<CacheKey, CacheEntry>>,
    bytes: AtomicU64,
    clock: AtomicU64,
    capacity: u64,
}

impl Reader {
    pub(super) fn new(rows: Rows, persons: Arc<RwLock<PersonKeys>>, capacity: u64) -> Self {
        Self {
            rows,
            persons,
            cache: RwLock::default(),
            bytes: AtomicU64::new(0),
            clock: AtomicU64::new(0),
            capacity,
        }
    }

    /// The column of a field.
    ///
    /// # Errors
    /// The store is damaged.
    pub fn column(&self, submission: &Submission, field: Field) -> Result<Arc<Packed>, StoreError> {
        let width = submission.column(field).map_or(0, |column| column.width);
        self.get(submission, field.number(), width)
    }

    /// How many consultations or people each record stands for.
    ///
    /// # Errors
    /// The store is damaged.
    pub fn weights(&self, submission: &Submission) -> Result<Arc<Packed>, StoreError> {
        self.get(submission, number::WEIGHT, submission.weight_width)
    }

    /// Keyed hashes of the person keys; 0 where there is none.
    ///
    /// # Errors
    /// The store is damaged.
    pub fn persons(&self, submission: &Submission) -> Result<Arc<Packed>, StoreError> {
        self.get(submission, number::PERSON, 64)
    }

    /// The cells of a field's roll-up and their counts, in order. For [`number::TOTAL`]: the roll-up without a field. None where
    /// the field has no roll-up.
    ///
    /// # Errors
    /// The store is damaged.
    pub fn rollup(
        &self,
        submission: &Submission,
        field: u8,
    ) -> Result<Vec<(u32, u64)>, StoreError> {
        self.part(submission, &[Run::Rollup(field)])?.rollup(field)
    }

    /// Several runs of a submission's pack, read at once and not cached: what a builder of arrays over many submissions needs.
    /// Only the values that hold the runs are read.
    ///
    /// # Errors
    /// The store is damaged.
    pub fn part<'a>(
        &'a self,
        submission: &'a Submission,
        runs: &[Run],
    ) -> Result<PackPart<'a>, StoreError> {
        PackPart::read(&self.rows, &self.persons, submission, runs)
    }

    /// The estimates of a submission, in the order in which they came; none if it has records instead.
    ///
    /// # Errors
    /// The store is damaged.
    pub fn estimates(&self, submission: &Submission) -> Result<Arc<[Estimate]>, StoreError> {
        if submission.source.is_none() {
            return Ok(Arc::default());
        }
        let key = (submission.position, number::ESTIMATES);
        let now = self.clock.fetch_add(1, Ordering::Relaxed);
        if let Some(Cached::Estimates(rows)) = self.cached(&key, now) {
            return Ok(rows);
        }
        let part = self.part(submission, &[Run::Column(number::ESTIMATES)])?;
        let rows = estimates::rows(part.bytes(Run::Column(number::ESTIMATES))?)?;
        if rows.len() != submission.records() {
            let place = format!("the submission at {}", submission.position);
            return Err(StoreError::Damaged(format!("estimates of {place} are not whole")));
        }
        let rows: Arc<[Estimate]> = rows.into();
        self.keep(key, Cached::Estimates(Arc::clone(&rows)), now);
        Ok(rows)
    }

    /// Problems of the rows that were refused.
    ///
    /// # Errors
    /// The store is damaged.
    pub fn problems(&self, submission: &Submission) -> Result<Vec<RowProblem>, StoreError> {
        let version = keys::version(&submission.slot, submission.version);
        let bytes = self.rows.joined(&keys::of_version(keys::PROBLEMS, &version, None))?;
        let row: ProblemsRow = prost::Message::decode(bytes.as_slice())
            .map_err(|error: prost::DecodeError| StoreError::Damaged(error.to_string()))?;
        Ok(row.problems)
    }

    /// An assessment with its text.
    ///
    /// # Errors
    /// The store is damaged.
    pub fn assessment(&self, about: &About) -> Result<Assessment, StoreError> {
        let row = self.row(&keys::assessment(about.position))?;
        let row = row
            .map(|bytes| <AssessmentRow as prost::Message>::decode(&*bytes).map_err(damaged))
            .transpose()?;
        let said = row.and_then(|row| row.assessment);
        let said = said
            .ok_or_else(|| damaged(format!("the assessment at {} is not there", about.position)))?;
        Ok(Assessment {
            organisation: said.organisation,
            first: about.first,
            last: about.last,
            text: said.text,
            assess_date: said.assess_date,
            owner_role: said.owner_role,
        })
    }

    /// Log position of the change that was made with a caller's request id; none if the id is unused.
    ///
    /// # Errors
    /// The store is damaged.
    pub fn used(&self, caller: &str, request_id: &str) -> Result<Option<u64>, StoreError> {
        let row = self.row(&keys::request(caller, request_id))?;
        let row = row.map(|bytes| <RequestRow as prost::Message>::decode(&*bytes)).transpose();
        let row = row.map_err(|error| StoreError::Damaged(error.to_string()))?;
        Ok(row.map(|row| row.position))
    }

    /// Size of sled on disk, in bytes; 0 while sled is being opened again.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.rows.bytes()
    }

    fn row(&self, key: &[u8]) -> Result<Option<sled::IVec>, StoreError> {
        self.rows.get(key)
    }

    fn get(
        &self,
        submission: &Submission,
        field: u8,
        width: u8,
    ) -> Result<Arc<Packed>, StoreError> {
        if width == 0 {
            return Ok(Arc::new(Packed { width: 0, data: Vec::new() }));
        }
        let key = (submission.position, field);
        let now = self.clock.fetch_add(1, Ordering::Relaxed);
        if let Some(Cached::Column(packed)) = self.cached(&key, now) {
            return Ok(packed);
        }
        let part = self.part(submission, &[Run::Column(field)])?;
        let packed = Arc::new(part.packed(field, width)?);
        self.keep(key, Cached::Column(Arc::clone(&packed)), now);
        Ok(packed)
    }

    fn cached(&self, key: &CacheKey, now: u64) -> Option<Cached> {
        let cache = self.cache.read().unwrap_or_else(PoisonError::into_inner);
        let found = cache.get(key)?;
        found.used.store(now, Ordering::Relaxed);
        Some(found.cached.clone())
    }

    fn keep(&self, key: CacheKey, cached: Cached, now: u64) {
        let mut cache = self.cache.write().unwrap_or_else(PoisonError::into_inner);
        let cost = cached.cost();
        if cache.insert(key, CacheEntry { cached, used: AtomicU64::new(now) }).is_some() {
            return;
        }
        let mut bytes = self.bytes.fetch_add(cost, Ordering::Relaxed) + cost;
        if bytes <= self.capacity {
            return;
        }
        // Let go of what was used longest ago, a quarter at once, so that this is rare.
        let mut ages: Vec<_> =
            cache.iter().map(|(k, v)| (v.used.load(Ordering::Relaxed), *k)).collect();
        ages.sort_unstable();
        for (_, key) in ages {
            if bytes <= self.capacity - self.capacity / 4 {
                break;
            }
            if let Some(gone) = cache.remove(&key) {
                bytes = bytes.saturating_sub(gone.cached.cost());
            }
        }
        self.bytes.store(bytes, Ordering::Relaxed);
    }
}
