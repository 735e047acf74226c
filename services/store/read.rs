//! Reads columns, roll-ups and estimates of submissions. Estimates are read row by row for many questions, so they are cached.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use rustc_hash::FxHashMap;

use super::assessment::{About, Assessment};
use super::content::{configuration_at, content_of};
use super::error::{StoreError, damaged};
use super::pack_read::PackPart;
use super::persons::PersonKeys;
use super::recall::Recalled;
use super::stored::Submission;
use super::tree::Rows;
use super::{estimates, keys};
use crate::domain::codes::Content;
use crate::domain::collection::Dataset;
use crate::domain::cube::{Packed, Run};
use crate::domain::estimate::Estimate;
use crate::domain::field::{Field, number};
use crate::domain::submission::Reading;
use crate::proto::store::{AssessmentRow, ProblemsRow, RequestRow, RowProblem};

struct CacheEntry {
    rows: Arc<[Estimate]>,
    used: AtomicU64,
}

impl CacheEntry {
    /// Approximate bytes in memory, the cache's own included.
    fn cost(&self) -> u64 {
        96 + self.rows.iter().map(estimates::cost).sum::<u64>()
    }
}

/// Access to every row, and the cache of estimates, by log position of their submission. One for all threads.
pub struct Reader {
    rows: Rows,
    /// Submissions that stand no more.
    pub(super) recalled: Recalled,
    persons: Arc<RwLock<PersonKeys>>,
    cache: RwLock<FxHashMap<u64, CacheEntry>>,
    bytes: AtomicU64,
    clock: AtomicU64,
    capacity: u64,
}

impl Reader {
    pub(super) fn new(rows: Rows, persons: Arc<RwLock<PersonKeys>>, capacity: u64) -> Self {
        Self {
            recalled: Recalled::new(rows.clone()),
            rows,
            persons,
            cache: RwLock::default(),
            bytes: AtomicU64::new(0),
            clock: AtomicU64::new(0),
            capacity,
        }
    }

    /// Forgets what was read before an erasure.
    pub(super) fn forget(&self) {
        self.recalled.forget();
        self.cache.write().unwrap_or_else(PoisonError::into_inner).clear();
        self.bytes.store(0, Ordering::Relaxed);
    }

    /// The column of a field.
    ///
    /// # Errors
    /// The store is damaged.
    pub fn column(&self, submission: &Submission, field: Field) -> Result<Packed, StoreError> {
        let width = submission.column(field).map_or(0, |column| column.width);
        self.get(submission, field.number(), width)
    }

    /// How many consultations or people each record stands for.
    ///
    /// # Errors
    /// The store is damaged.
    pub fn weights(&self, submission: &Submission) -> Result<Packed, StoreError> {
        self.get(submission, number::WEIGHT, submission.weight_width)
    }

    /// Keyed hashes of the person keys; 0 where there is none.
    ///
    /// # Errors
    /// The store is damaged.
    pub fn persons(&self, submission: &Submission) -> Result<Packed, StoreError> {
        self.get(submission, number::PERSON, 64)
    }

    /// The key of each record, a byte each; of a row that stands for several, the sum of their keys. And the number of each record's
    /// person, as [`PackPart::person_numbers`] gives it.
    ///
    /// # Errors
    /// The store is damaged.
    pub fn record_keys(&self, submission: &Submission) -> Result<(Packed, Vec<u32>), StoreError> {
        let runs = [number::KEY, number::PERSON].map(Run::Column);
        let part = self.part(submission, &runs)?;
        Ok((part.packed(number::KEY, 8)?, part.person_numbers()?))
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

    /// Several runs of a submission's pack, read at once: what a builder of arrays over many submissions needs.
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
        if submission.slot.dataset != Dataset::Estimates {
            return Ok(Arc::default());
        }
        let key = submission.position;
        let now = self.clock.fetch_add(1, Ordering::Relaxed);
        if let Some(rows) = self.cached(key, now) {
            return Ok(rows);
        }
        let part = self.part(submission, &[Run::Column(number::ESTIMATES)])?;
        let rows = estimates::rows(part.bytes(Run::Column(number::ESTIMATES))?)?;
        if rows.len() != submission.records() {
            let place = format!("the submission at {}", submission.position);
            return Err(StoreError::Damaged(format!("estimates of {place} are not whole")));
        }
        let rows: Arc<[Estimate]> = rows.into();
        self.keep(key, Arc::clone(&rows), now);
        Ok(rows)
    }

    /// Values of a submission that were read in another form; of most submissions none.
    ///
    /// # Errors
    /// The store is damaged.
    pub fn readings(&self, submission: &Submission) -> Result<Vec<Reading>, StoreError> {
        if submission.has_readings { self.recalled.readings(submission) } else { Ok(Vec::new()) }
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

    /// The reference content that came at a log position.
    ///
    /// # Errors
    /// The store is damaged.
    pub fn content(&self, position: u64) -> Result<Content, StoreError> {
        let at = |position| configuration_at(&self.rows, position);
        content_of(at(position)?, at)
    }

    /// Size of sled on disk, in bytes; 0 while sled is being opened again.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.rows.bytes()
    }

    fn row(&self, key: &[u8]) -> Result<Option<sled::IVec>, StoreError> {
        self.rows.get(key)
    }

    fn get(&self, submission: &Submission, field: u8, width: u8) -> Result<Packed, StoreError> {
        if width == 0 {
            return Ok(Packed { width: 0, data: Vec::new() });
        }
        self.part(submission, &[Run::Column(field)])?.packed(field, width)
    }

    fn cached(&self, position: u64, now: u64) -> Option<Arc<[Estimate]>> {
        let cache = self.cache.read().unwrap_or_else(PoisonError::into_inner);
        let found = cache.get(&position)?;
        found.used.store(now, Ordering::Relaxed);
        Some(Arc::clone(&found.rows))
    }

    fn keep(&self, position: u64, rows: Arc<[Estimate]>, now: u64) {
        let mut cache = self.cache.write().unwrap_or_else(PoisonError::into_inner);
        let entry = CacheEntry { rows, used: AtomicU64::new(now) };
        let cost = entry.cost();
        if cache.insert(position, entry).is_some() {
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
                bytes = bytes.saturating_sub(gone.cost());
            }
        }
        self.bytes.store(bytes, Ordering::Relaxed);
    }
}
