//! Applies entries of the log to the state. Applying depends on state and entry alone: no file, no clock, no environment. So
//! replaying the log gives the same rows, byte for byte.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use prost::Message;

use super::assessment;
use super::catalog::Catalog;
use super::change::withdrawal_hash;
use super::content::{Kept, configuration_at, content_of};
use super::described::inflated;
use super::erasure::Erasure;
use super::error::{StoreError, damaged};
use super::keys::{self, IdKind, Slot};
use super::load::{Contents, Load};
use super::log::{Damage, Entry, EntryKind, Log, LogError};
use super::pack::{self, Pack};
use super::persons::{Numbered, PersonKeys};
use super::prepare::chunks_hash;
use super::release::{self, Release};
use super::runs;
use super::stored::Submission;
use super::touched::Touched;
use super::tree::{Row, Tree, VALUE_BYTES};
use crate::domain::codes::{Content, ContentError};
use crate::domain::collection::Dataset;
use crate::domain::period::Month;
use crate::domain::reference::Reference;
use crate::proto::store::{
    Assessment, AssessmentRow, Commit, Configuration, ConfigurationRow, ErasureRow, Genesis,
    ProblemsRow, Release as ReleasePayload, ReleaseRow, RequestRow, SubmissionMeta, VersionRow,
    Withdraw, WithdrawalRow,
};

/// Format of the payloads of the log, in its first entry. Rows have a number of their own.
///
/// 2: columns are runs, descriptions are deflated, record ids of the source are not there. 3: submissions have a seed of record keys.
pub(super) const LOG_FORMAT: u32 = 3;

/// What an entry did.
#[derive(Clone, Debug)]
pub(super) enum Applied {
    /// Nothing that an answer shows: the genesis entry, or a chunk.
    Nothing,
    /// This submission is now the current version of its slot.
    Submitted(Arc<Submission>),
    /// This version, which was the current one of this slot, was withdrawn.
    Withdrawn(Slot, u32),
    /// An assessment was recorded.
    Assessed(Touched),
    /// A release was made.
    Released,
    /// An erasure was noted.
    Erased,
    /// Other reference content is in force.
    Configured,
}

impl Applied {
    /// Which answers the change affects.
    pub(super) fn touched(&self) -> Touched {
        match self {
            Self::Submitted(submission) => Touched::Slot(submission.slot),
            Self::Withdrawn(slot, _) => Touched::Slot(*slot),
            Self::Assessed(touched) => *touched,
            Self::Released => Touched::Releases,
            Self::Erased => Touched::Erased,
            Self::Configured | Self::Nothing => Touched::Nothing,
        }
    }
}

/// The rows in sled, and the catalogue in memory that belongs to them.
pub(super) struct State {
    pub(super) tree: Tree,
    pub(super) catalog: Arc<RwLock<Catalog>>,
    pub(super) persons: Arc<RwLock<PersonKeys>>,
    pub(super) content: Content,
    pub(super) kept: Kept,
    /// Why this version of the service cannot use that content; none if it can. Rows do not depend on the content.
    pub(super) unusable: Option<ContentError>,
    pub(super) genesis: Option<Genesis>,
    /// Number of the next value of a pack.
    pub(super) next_value: u64,
    /// Payload hash and payload of chunks that wait for their commit.
    pending: Vec<([u8; 32], Vec<u8>)>,
}

/// The first entry of a log that this version reads.
fn read_genesis(payload: &[u8]) -> Result<Genesis, StoreError> {
    let genesis = Genesis::decode(payload).map_err(damaged)?;
    let format = genesis.format_version;
    let known = (format == LOG_FORMAT).then_some(genesis);
    known.ok_or(StoreError::LogFormat { format, known: LOG_FORMAT })
}

/// The first entry of a log; none if the log is empty or damaged there. Asked before anything is done because of what the log says.
///
/// # Errors
/// Another version wrote the log.
pub(super) fn genesis_of(log: &dyn Log) -> Result<Option<Genesis>, StoreError> {
    match log.read_from(1)?.next() {
        Some(Ok(Entry { kind: EntryKind::Genesis, payload, .. })) => {
            read_genesis(&payload).map(Some)
        }
        // Damage is for others to tell.
        _ => Ok(None),
    }
}

/// Key of the genesis row. It uses position 0 of the reference content, which no reference content has.
fn genesis_key() -> Vec<u8> {
    keys::content(0, 0)
}

impl State {
    /// Opens sled, checks every row against the digest, and loads the catalogue.
    pub(super) fn open(folder: &Path, cache_bytes: u64) -> Result<Self, StoreError> {
        let mut tree = Tree::open(folder, cache_bytes)?;
        let mut load = Load::default();
        tree.check(|applied, key, value| load.row(applied, key, value))?;
        let Contents { times: contents, newest: content, kept } = load.contents(tree.position())?;
        let (reference, unusable) = match Reference::new(&content) {
            Ok(reference) => (reference, None),
            Err(error) => (Reference::new(&Content::embedded())?, Some(error)),
        };
        let mut catalog = Catalog::new(Arc::new(reference));
        catalog.position = tree.position();
        contents.iter().for_each(|(position, time)| catalog.configure(*position, *time));
        let (mut persons, mut next_value) = (PersonKeys::default(), 0);
        for (kind, code, number) in &load.ids {
            match kind {
                IdKind::Scheme => {
                    persons.set_scheme(code, u16::try_from(*number).map_err(damaged)?);
                }
                IdKind::Collection | IdKind::Organisation => {
                    catalog.set_number(*kind, code, *number);
                }
            }
        }
        load.number(&mut persons, catalog.words_mut())?;
        for (slot, version, bytes) in &load.versions {
            let row = VersionRow::decode(bytes.as_slice()).map_err(damaged)?;
            let submission = catalog.add(*slot, *version, &row)?;
            load.has_pack(&submission)?;
            let values = pack::value_count(submission.directory.bytes());
            next_value = next_value.max(submission.first_value.saturating_add(values));
        }
        for key in load.values_from(next_value) {
            let value = tree.get(&key)?.map(|value| value.to_vec());
            load.left_over.push((key, value.unwrap_or_default()));
        }
        tree.remove(&load.left_over)?;
        for (slot, version, row) in &load.withdrawals {
            catalog.withdraw(slot, *version, row.position, row.time_millis);
        }
        for (position, row) in &load.assessments {
            catalog.assess(*position, row)?;
        }
        for (position, row) in &load.releases {
            catalog.released(Release::of_row(*position, row)?);
        }
        for (position, bytes) in &load.erasures {
            let row = ErasureRow::decode(bytes.as_slice()).map_err(damaged)?;
            let erasure = Erasure::of_row(*position, &row, &catalog)?;
            catalog.erased(erasure);
        }
        catalog.in_order();
        let (catalog, persons) = (Arc::new(RwLock::new(catalog)), Arc::new(RwLock::new(persons)));
        let (genesis, pending) = (load.genesis, Vec::new());
        Ok(Self { tree, catalog, persons, content, kept, unusable, genesis, next_value, pending })
    }

    /// Becomes another state, whose tree is closed by that.
    pub(super) fn adopt(&mut self, other: Self) {
        self.tree.adopt(&other.tree);
        let swap = |a: &RwLock<Catalog>, b: &RwLock<Catalog>| {
            let mut a = a.write().unwrap_or_else(PoisonError::into_inner);
            let mut b = b.write().unwrap_or_else(PoisonError::into_inner);
            std::mem::swap(&mut *a, &mut *b);
        };
        swap(&self.catalog, &other.catalog);
        let mut persons = other.persons.write().unwrap_or_else(PoisonError::into_inner);
        *self.persons.write().unwrap_or_else(PoisonError::into_inner) =
            std::mem::take(&mut *persons);
        drop(persons);
        (self.content, self.kept) = (other.content, other.kept);
        (self.unusable, self.genesis) = (other.unusable, other.genesis);
        (self.next_value, self.pending) = (other.next_value, other.pending);
    }

    /// Applies the next entry. `ready`: pack of a commit, if it was prepared; otherwise it is made from the chunks.
    pub(super) fn apply(
        &mut self,
        entry: &Entry,
        ready: Option<&Pack>,
    ) -> Result<Applied, StoreError> {
        let applied = match entry.kind {
            EntryKind::Genesis => {
                self.genesis = Some(read_genesis(&entry.payload)?);
                self.tree.commit(&[(genesis_key(), entry.payload.clone())], entry.place)?;
                Applied::Nothing
            }
            EntryKind::Configuration => self.configure(entry)?,
            EntryKind::Chunk if entry.erased => return Ok(Applied::Nothing),
            EntryKind::Commit if entry.erased => self.erased(entry)?,
            EntryKind::Chunk => {
                self.pending.push((entry.payload_hash, entry.payload.clone()));
                // Not yet applied as far as a restart is concerned: its commit would not find it.
                return Ok(Applied::Nothing);
            }
            EntryKind::Commit => self.commit(entry, ready)?,
            EntryKind::Withdraw => self.withdraw(entry)?,
            EntryKind::Assess => self.assess(entry)?,
            EntryKind::Release => self.release(entry)?,
            EntryKind::Erase => self.erase(entry)?,
            EntryKind::Audit => {
                return Err(damaged("the log of changes has an entry of the audit log"));
            }
        };
        self.pending.clear();
        self.lock().position = entry.place.position;
        Ok(applied)
    }

    /// Applies the entries of a log that it does not have, up to the end of the log or its first damage. Returns the number of
    /// entries, and the damage. `progress` gets the position and the tail.
    pub(super) fn replay(
        &mut self,
        log: &dyn Log,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<(u64, Option<Damage>), StoreError> {
        let (mut entries, tail) = (0, log.tail());
        for entry in log.read_from(self.tree.position() + 1)? {
            let entry = match entry {
                Ok(entry) => entry,
                // What comes after a damaged entry must not be applied: the state would not be the one it was made for.
                Err(LogError::Damaged(found)) => return Ok((entries, Some(found))),
                Err(error) => return Err(error.into()),
            };
            self.apply(&entry, None)?;
            entries += 1;
            progress(entry.place.position, tail);
        }
        Ok((entries, None))
    }

    fn configure(&mut self, entry: &Entry) -> Result<Applied, StoreError> {
        let configuration = Configuration::decode(entry.payload.as_slice()).map_err(damaged)?;
        let (rows, named) = (self.tree.rows(), configuration.clone());
        let content = content_of(named, |position| configuration_at(&rows, position))?;
        self.kept.now(entry.place.position, &configuration);
        let (time_millis, configuration) = (entry.time_millis, Some(configuration));
        let row = ConfigurationRow { time_millis, configuration }.encode_to_vec();
        let parts = row.chunks(VALUE_BYTES).zip(0u32..);
        let rows: Vec<Row> = parts
            .map(|(part, n)| (keys::content(entry.place.position, n), part.to_vec()))
            .collect();
        let (last, hidden) =
            rows.split_last().map_or((None, &[][..]), |(last, rest)| (Some(last), rest));
        self.tree.write(hidden)?;
        self.tree.commit(last.map_or(&[], std::slice::from_ref), entry.place)?;
        // What an earlier version wrote may lack what this one needs: it is kept, and replaced before anybody asks.
        match Reference::new(&content) {
            Ok(reference) => {
                self.unusable = None;
                self.lock().reference = Arc::new(reference);
            }
            Err(error) => self.unusable = Some(error),
        }
        self.lock().configure(entry.place.position, time_millis);
        self.content = content;
        Ok(Applied::Configured)
    }

    fn commit(&mut self, entry: &Entry, ready: Option<&Pack>) -> Result<Applied, StoreError> {
        let commit = Commit::decode(entry.payload.as_slice()).map_err(damaged)?;
        let mut meta = inflated(&commit.meta)?;
        let made;
        let pack = if let Some(ready) = ready {
            ready
        } else {
            let chunks = usize::try_from(commit.chunk_count).unwrap_or(usize::MAX);
            let start = self.pending.len().checked_sub(chunks).ok_or_else(|| {
                StoreError::Damaged(format!(
                    "entry {} names chunks that are not there",
                    entry.place.position
                ))
            })?;
            made = self.pack(&meta, &commit.chunks_hash, start)?;
            &made
        };
        let mut new_ids = Vec::new();
        let slot = self.slot(&meta, &mut new_ids)?;
        let version = self.lock().versions(&slot).last().map_or(0, |last| last.version) + 1;
        let version_key = keys::version(&slot, version);
        let problems = std::mem::take(&mut meta.problems);
        meta.columns.clear();
        meta.record_seed.clear();
        let (caller, request_id) = (meta.caller.clone(), meta.request_id.clone());
        let request = RequestRow {
            content_hash: meta.content_hash.clone(),
            position: entry.place.position,
            version_key: version_key.clone().into(),
        };
        let persons = self.number_persons(&meta, pack, &mut new_ids)?;
        let numbers = persons.as_ref().map(|numbered| numbered.numbers.as_slice());
        let (directory, bytes) = pack.with_persons(numbers)?;
        let words = self.lock().words().numbered(&pack.words);
        let row = VersionRow {
            position: entry.place.position,
            time_millis: entry.time_millis,
            meta: Some(meta),
            directory: directory.encode(&words.numbers).into(),
            first_value: self.next_value,
            erased: false,
        };

        let next_value = self.next_value + pack::value_count(bytes.len());
        self.tree.make_places(next_value)?;
        let mut hidden: Vec<Row> = pack::values(self.next_value, &bytes).collect();
        hidden.extend(words.rows(entry.place.position));
        if let Some(numbered) = &persons {
            hidden.extend(self.persons().rows(numbered, entry.place.position));
        }
        if !problems.is_empty() {
            let bytes = ProblemsRow { problems }.encode_to_vec();
            hidden.extend(parts(keys::PROBLEMS, &version_key, &bytes));
        }
        let bytes = row.encode_to_vec();
        let mut version_rows = parts(keys::VERSION, &version_key, &bytes);
        // The first part makes the version visible: it goes last.
        let first = version_rows.remove(0);
        hidden.extend(version_rows);
        let mut visible =
            vec![first, (keys::request(&caller, &request_id), request.encode_to_vec())];
        for (kind, code, number) in &new_ids {
            visible.push((keys::id(*kind, code), number.to_be_bytes().to_vec()));
        }
        // What fits into one batch with what makes it count costs one batch.
        if Tree::is_one_batch(hidden.iter().chain(&visible)) {
            visible.append(&mut hidden);
        }
        self.tree.write(&hidden)?;
        self.tree.commit(&visible, entry.place)?;

        self.next_value = next_value;
        if let Some(numbered) = &persons {
            let mut known = self.persons.write().unwrap_or_else(PoisonError::into_inner);
            for (_, code, number) in new_ids.iter().filter(|(kind, ..)| *kind == IdKind::Scheme) {
                known.set_scheme(code, u16::try_from(*number).map_err(damaged)?);
            }
            known.add(numbered.scheme, &numbered.new);
        }
        let mut catalog = self.lock();
        for (kind, code, number) in new_ids {
            catalog.set_number(kind, &code, number);
        }
        catalog.words_mut().add(&words);
        Ok(Applied::Submitted(catalog.add(slot, version, &row)?))
    }

    /// The numbers of a submission's persons; none if it has no person keys.
    fn number_persons(
        &self,
        meta: &SubmissionMeta,
        pack: &Pack,
        new_ids: &mut Vec<(IdKind, String, u32)>,
    ) -> Result<Option<Numbered>, StoreError> {
        let Some(keys) = &pack.persons else { return Ok(None) };
        let known = self.persons();
        let scheme = if let Some(scheme) = known.scheme(&meta.person_key_scheme) {
            scheme
        } else {
            let next = known.next_scheme();
            new_ids.push((IdKind::Scheme, meta.person_key_scheme.clone(), next));
            u16::try_from(next).map_err(damaged)?
        };
        Ok(Some(known.number(scheme, keys)))
    }

    /// The pack of a commit out of the chunks before it.
    fn pack(&self, meta: &SubmissionMeta, hash: &[u8], start: usize) -> Result<Pack, StoreError> {
        let chunks = &self.pending[start..];
        if chunks_hash(chunks.iter().map(|(hash, _)| hash)) != *hash {
            return Err(StoreError::Damaged("the chunks before a commit are not its own".into()));
        }
        let runs = runs::joined(chunks.iter().map(|(_, payload)| payload.as_slice()))?;
        Pack::new(meta, &runs)
    }

    pub(super) fn slot(
        &self,
        meta: &SubmissionMeta,
        new_ids: &mut Vec<(IdKind, String, u32)>,
    ) -> Result<Slot, StoreError> {
        let catalog = self.lock();
        let mut number = |kind, code: &String| {
            catalog.number(kind, code).unwrap_or_else(|| {
                let next = catalog.next_number(kind);
                new_ids.push((kind, code.clone(), next));
                next
            })
        };
        let collection = number(IdKind::Collection, &meta.collection);
        let organisation = number(IdKind::Organisation, &meta.organisation);
        let wrong = || StoreError::Damaged("a commit has no dataset or month".into());
        Ok(Slot {
            collection: u16::try_from(collection).map_err(damaged)?,
            dataset: Dataset::from_number(meta.dataset).ok_or_else(wrong)?,
            organisation,
            month: Month::from_number(meta.month).ok_or_else(wrong)?,
        })
    }

    fn withdraw(&mut self, entry: &Entry) -> Result<Applied, StoreError> {
        let withdraw = Withdraw::decode(entry.payload.as_slice()).map_err(damaged)?;
        let found = {
            let catalog = self.lock();
            let dataset = Dataset::from_number(withdraw.dataset);
            let month = Month::from_number(withdraw.month);
            let (collection, organisation) = (&withdraw.collection, &withdraw.organisation);
            dataset.zip(month).and_then(|(dataset, month)| {
                catalog.find(collection, organisation, dataset, month, withdraw.version)
            })
        };
        let slot = found.ok_or_else(|| {
            StoreError::Damaged(format!(
                "entry {} withdraws what is not there",
                entry.place.position
            ))
        })?;
        let version_key = keys::version(&slot, withdraw.version);
        let row = WithdrawalRow { position: entry.place.position, time_millis: entry.time_millis };
        let request = RequestRow {
            content_hash: withdrawal_hash(&version_key).to_vec().into(),
            position: entry.place.position,
            version_key: version_key.clone().into(),
        };
        let rows = [
            (keys::of_version(keys::WITHDRAWAL, &version_key, None), row.encode_to_vec()),
            (keys::request(&withdraw.caller, &withdraw.request_id), request.encode_to_vec()),
        ];
        self.tree.commit(&rows, entry.place)?;
        self.lock().withdraw(&slot, withdraw.version, entry.place.position, entry.time_millis);
        Ok(Applied::Withdrawn(slot, withdraw.version))
    }

    fn assess(&mut self, entry: &Entry) -> Result<Applied, StoreError> {
        let payload = Assessment::decode(entry.payload.as_slice()).map_err(damaged)?;
        let request = RequestRow {
            content_hash: assessment::hash(&payload).to_vec().into(),
            position: entry.place.position,
            version_key: Vec::new().into(),
        };
        let request_key = keys::request(&payload.caller, &payload.request_id);
        let row = AssessmentRow { time_millis: entry.time_millis, assessment: Some(payload) };
        let rows = [
            (keys::assessment(entry.place.position), row.encode_to_vec()),
            (request_key, request.encode_to_vec()),
        ];
        self.tree.commit(&rows, entry.place)?;
        self.lock().assess(entry.place.position, &row).map(Applied::Assessed)
    }

    fn release(&mut self, entry: &Entry) -> Result<Applied, StoreError> {
        let payload = ReleasePayload::decode(entry.payload.as_slice()).map_err(damaged)?;
        let request = RequestRow {
            content_hash: release::hash(&payload).to_vec().into(),
            position: entry.place.position,
            version_key: Vec::new().into(),
        };
        let request_key = keys::request(&payload.caller, &payload.request_id);
        let row = ReleaseRow { time_millis: entry.time_millis, release: Some(payload) };
        let made = Release::of_row(entry.place.position, &row)?;
        let rows = [
            (keys::release(entry.place.position), row.encode_to_vec()),
            (request_key, request.encode_to_vec()),
        ];
        self.tree.commit(&rows, entry.place)?;
        self.lock().released(made);
        Ok(Applied::Released)
    }

    fn persons(&self) -> std::sync::RwLockReadGuard<'_, PersonKeys> {
        self.persons.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn lock(&self) -> std::sync::RwLockWriteGuard<'_, Catalog> {
        self.catalog.write().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn parts(prefix: u8, version_key: &[u8], bytes: &[u8]) -> Vec<Row> {
    let numbered = bytes.chunks(VALUE_BYTES).zip(0u32..);
    let key = |n| keys::of_version(prefix, version_key, Some(n));
    numbered.map(|(part, n)| (key(n), part.to_vec())).collect()
}
