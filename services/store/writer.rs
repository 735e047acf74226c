//! The writer, the only thread that changes the store: takes waiting changes, appends them with one fsync, applies them and
//! acknowledges them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use prost::Message;
use tokio::sync::oneshot;

use super::assessment;
use super::busy::{Busy, Waiting};
use super::change::{Change, Written};
use super::clock::LogClock;
use super::content::configuration;
use super::described::MOST_BYTES;
use super::error::{StoreError, WriteError};
use super::keys;
use super::lock::Lock;
use super::log::{Entry, EntryKind, Log, LogError, NewEntry, Place};
use super::pack::Pack;
use super::prepare::chunks_hash;
use super::read::Reader;
use super::recover::LiveState;
use super::release;
use super::state::Applied;
use super::witness::{Seen, Witness};
use crate::domain::collection::Dataset;
use crate::domain::period::Month;
use crate::proto::store::{Commit, RequestRow, SubmissionMeta, Withdraw};

/// Most changes that share an fsync.
const GROUP: usize = 32;
/// sled is flushed after this many bytes, or when no change comes for `QUIET`.
pub(super) const FLUSH_BYTES: u64 = 16 << 20;
const QUIET: Duration = Duration::from_secs(1);
/// How often the writer checks whether sled has failed.
const LOOK: Duration = Duration::from_millis(50);

/// Reason given after a change made this thread panic.
pub(super) const FAILED: &str =
    "the writer failed over a change; what was acknowledged is in the log, start the service again";

pub(super) struct Job {
    pub(super) change: Change,
    pub(super) reply: oneshot::Sender<Result<Written, WriteError>>,
    /// Until the writer takes it up.
    pub(super) waiting: Waiting,
}

/// State of the writer's thread.
pub(super) struct Writer<L: Log> {
    pub(super) log: L,
    pub(super) live: LiveState,
    pub(super) _lock: Lock,
    pub(super) clock: Arc<LogClock>,
    /// Position of the last entry that was appended. The clock waits until it is applied.
    pub(super) appended: u64,
    /// Whether entries may be in the log that nobody has applied: the log has to be opened again.
    pub(super) in_doubt: bool,
    /// None: nothing is written, or there is no witness.
    pub(super) witness: Option<Witness>,
    /// Since when it works on its current changes.
    pub(super) busy: Arc<Busy>,
    /// Forgets what it has read when data is erased.
    pub(super) reader: Arc<Reader>,
    pub(super) era: Arc<RwLock<()>>,
}

/// A change that goes into the log, and the payloads of its entries. The chunks of a submission stay in the job.
struct Planned {
    job: Job,
    payloads: Vec<(EntryKind, Vec<u8>)>,
}

impl<L: Log> Writer<L> {
    /// Works until every sender is dropped, then flushes sled.
    pub(super) fn run(mut self, jobs: &Receiver<Job>) {
        let mut busy = Instant::now();
        loop {
            match jobs.recv_timeout(LOOK) {
                Ok(first) => {
                    let mut group = vec![first];
                    while group.len() < GROUP
                        && let Ok(job) = jobs.try_recv()
                    {
                        group.push(job);
                    }
                    self.busy.begin();
                    group.iter_mut().for_each(|job| job.waiting.end());
                    self.guarded(|writer| writer.write(group));
                    self.tell_clock();
                    self.busy.end();
                    if self.live.unflushed >= FLUSH_BYTES {
                        self.guarded(|writer| writer.live.flush());
                    }
                    busy = Instant::now();
                }
                Err(RecvTimeoutError::Timeout) => self.guarded(|writer| {
                    // Refusals are for those who ask; this is only for those who read, and to be ready for the next.
                    drop(writer.live.catch_up(&writer.log));
                    writer.tell_clock();
                    writer.clock.look();
                    if let (Some(witness), Some(now)) = (&writer.witness, writer.clock.at_boot()) {
                        witness.tell_clock(now);
                    }
                    if writer.live.unflushed > 0 && busy.elapsed() >= QUIET {
                        writer.live.flush();
                        busy = Instant::now();
                    }
                }),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.guarded(|writer| writer.live.flush());
    }

    /// Tells the clock when everything in the log is applied: then questions about its time can be answered.
    fn tell_clock(&self) {
        if !self.in_doubt && self.live.applied() >= self.appended {
            self.clock.done();
        }
    }

    /// Runs `work`. If it panics, writing ends and the thread goes on, so that every caller gets an answer.
    fn guarded(&mut self, work: impl FnOnce(&mut Self)) {
        if catch_unwind(AssertUnwindSafe(|| work(self))).is_err() {
            self.live.stop(FAILED);
        }
    }

    fn write(&mut self, jobs: Vec<Job>) {
        let mut bytes = 0;
        // A change whose request id is used earlier in the same group is decided after that one is written.
        let (mut planned, mut later) = (Vec::<Planned>::new(), Vec::new());
        let mut jobs = jobs.into_iter();
        let mut erasure = None;
        for job in jobs.by_ref() {
            if let Change::Erase(_) = &job.change {
                erasure = Some(job);
                break;
            }
            let id = job.change.request();
            let used = planned.iter().any(|earlier| earlier.job.change.request() == id);
            if used || has_to_wait(&job.change, &planned) {
                later.push(job);
                continue;
            }
            let cost = bytes + job.change.cost();
            match self.plan(&job.change, cost) {
                Ok(Decision::Done(written)) => reply(job, Ok(written)),
                Ok(Decision::Append(payloads)) => {
                    bytes = cost;
                    planned.push(Planned { job, payloads });
                }
                Err(error) => reply(job, Err(error)),
            }
        }
        if !planned.is_empty() {
            self.append(planned);
        }
        if !later.is_empty() {
            self.write(later);
        }
        // Alone: everything that came before it is applied, and nothing that came after it has begun.
        if let Some(job) = erasure {
            let outcome = self.erase(&job.change);
            reply(job, outcome);
            let rest: Vec<_> = jobs.collect();
            if !rest.is_empty() {
                self.write(rest);
            }
        }
    }

    /// Decides on a change. `cost`: bytes of this change and of the changes planned before it.
    fn plan(&mut self, change: &Change, cost: u64) -> Result<Decision, WriteError> {
        if let Some(why) = self.live.stopped.get() {
            return Err(WriteError::Stopped(why.clone()));
        }
        self.live.catch_up(&self.log)?;
        if let Some(done) = self.earlier(change)? {
            return Ok(Decision::Done(done));
        }
        let append = |payloads| Ok(Decision::Append(payloads));
        match change {
            Change::Submit { prepared, over } => {
                if over.is_some_and(|position| position != self.standing_before(&prepared.meta)) {
                    return Err(WriteError::Overtaken);
                }
                if let Err(error) = &prepared.pack {
                    // Found before it is in the log: there it would be found at every start.
                    return Err(WriteError::Store(error.to_string()));
                }
                self.live.take_room(cost)?;
                self.live.has_room(cost)?;
                let hashes: Vec<_> =
                    prepared.chunks.iter().map(|chunk| *blake3::hash(chunk).as_bytes()).collect();
                let commit = Commit {
                    meta: prepared.described.clone().into(),
                    chunk_count: u32::try_from(prepared.chunks.len()).unwrap_or(u32::MAX),
                    chunks_hash: chunks_hash(hashes.iter()).to_vec().into(),
                };
                let payload = commit.encode_to_vec();
                let described = prepared.meta.encoded_len().max(payload.len());
                if described > MOST_BYTES {
                    // Alone: the log would refuse the whole group that it is in.
                    let what = format!("a description of {described} bytes is too large");
                    return Err(WriteError::Store(what));
                }
                // The chunks are borrowed from the change when it is written.
                append(vec![(EntryKind::Commit, payload)])
            }
            Change::Withdraw { slot, version, caller, request_id } => {
                self.live.take_room(cost)?;
                let catalog =
                    self.live.state.catalog.read().unwrap_or_else(PoisonError::into_inner);
                let current = catalog.stands(slot).filter(|stands| stands.version == *version);
                let current = current.ok_or(WriteError::NotCurrent)?;
                let withdraw = Withdraw {
                    collection: current.collection.to_string(),
                    dataset: u32::from(slot.dataset.number()),
                    organisation: current.organisation.to_string(),
                    month: u32::from(slot.month.number()),
                    version: *version,
                    caller: caller.clone(),
                    request_id: request_id.clone(),
                };
                append(vec![(EntryKind::Withdraw, withdraw.encode_to_vec())])
            }
            Change::Assess(assessment) => {
                assessment::fits(assessment)?;
                self.live.take_room(cost)?;
                self.live.has_room(cost)?;
                append(vec![(EntryKind::Assess, assessment.encode_to_vec())])
            }
            Change::Release { release, after } => {
                release::fits(release)?;
                self.live.take_room(cost)?;
                self.live.has_room(cost)?;
                let catalog =
                    self.live.state.catalog.read().unwrap_or_else(PoisonError::into_inner);
                if catalog.release(&release.id).is_some() {
                    return Err(WriteError::ReleaseExists);
                }
                let is_last = catalog.releases().last().map_or(0, |last| last.position) == *after;
                // What it shows was there before an erasure.
                let erased = catalog.erasures().last().map_or(0, |erasure| erasure.position);
                if !is_last || erased > release.shown_position {
                    return Err(WriteError::Overtaken);
                }
                append(vec![(EntryKind::Release, release.encode_to_vec())])
            }
            Change::Configure(content) => {
                self.live.take_room(cost)?;
                self.live.has_room(cost)?;
                let content = configuration(content, &self.live.state.kept);
                append(vec![(EntryKind::Configuration, content.encode_to_vec())])
            }
            // It is never planned together with others.
            Change::Erase(_) => {
                Err(WriteError::Store("an erasure is no change among others".into()))
            }
        }
    }

    /// Log position of what a submission would replace; 0 if nothing stands in its month.
    fn standing_before(&self, meta: &SubmissionMeta) -> u64 {
        let catalog = self.live.state.catalog.read().unwrap_or_else(PoisonError::into_inner);
        let (dataset, month) = (Dataset::from_number(meta.dataset), Month::from_number(meta.month));
        let slot = dataset.zip(month).and_then(|(dataset, month)| {
            catalog.slot(&meta.collection, &meta.organisation, dataset, month)
        });
        let current = slot.and_then(|slot| catalog.stands(&slot));
        current.map_or(0, |submission| submission.position)
    }

    /// The result of an earlier call with the same request id; none if there was no such call.
    pub(super) fn earlier(&mut self, change: &Change) -> Result<Option<Written>, WriteError> {
        let (caller, request_id) = change.request();
        let key = keys::request(caller, request_id);
        let value = match self.live.state.tree.get(&key) {
            Err(error) if error.is_passing() => {
                self.live.fall_behind(&error);
                self.live.catch_up(&self.log)?;
                self.live.state.tree.get(&key)?
            }
            found => found?,
        };
        let Some(value) = value else { return Ok(None) };
        let row = RequestRow::decode(&*value).map_err(|e| StoreError::Damaged(e.to_string()))?;
        if row.content_hash != change.content_hash() {
            return Err(WriteError::RequestIdReused);
        }
        let version = match &*row.version_key {
            [] => None,
            key => Some(keys::read_version(key).ok_or_else(|| {
                StoreError::Damaged("a request names a version that is not there".into())
            })?),
        };
        let version = version.map(|(slot, number, _)| (slot, number));
        Ok(Some(Written { version, position: row.position, replayed: true }))
    }

    fn append(&mut self, planned: Vec<Planned>) {
        let time_millis = self.clock.begin();
        let segments = self.log.segments();
        let mut entries = Vec::new();
        for change in &planned {
            if let Change::Submit { prepared, .. } = &change.job.change {
                entries.extend(prepared.chunks.iter().map(|payload| (EntryKind::Chunk, payload)));
            }
            entries.extend(change.payloads.iter().map(|(kind, payload)| (*kind, payload)));
        }
        let new: Vec<_> = entries
            .iter()
            .map(|(kind, payload)| NewEntry {
                kind: *kind,
                time_millis,
                payload: payload.as_slice(),
            })
            .collect();
        // One write and one fsync, of which every change has a span.
        let calls = planned.iter().map(|change| &change.job.waiting);
        let syncing: Vec<_> = calls.map(|of| of.during(|| tracing::debug_span!("fsync"))).collect();
        let appended = self.log.append(&new);
        drop(syncing);
        let places = match appended {
            Ok(places) => places,
            Err(error) => {
                let error = self.refusal(&error);
                planned.into_iter().for_each(|change| reply(change.job, Err(error.clone())));
                return;
            }
        };
        self.tell_witness(&places, time_millis, self.log.segments() > segments);
        let mut places = places.into_iter();
        for Planned { job, mut payloads } in planned {
            let (chunks, ready) = match &job.change {
                Change::Submit { prepared, .. } => {
                    (prepared.chunks.len(), prepared.pack.as_ref().ok())
                }
                Change::Withdraw { .. }
                | Change::Assess(_)
                | Change::Release { .. }
                | Change::Configure(_)
                | Change::Erase(_) => (0, None),
            };
            let (kind, payload) = payloads.remove(0);
            // The log gives every entry its place.
            let Some(place) = places.nth(chunks) else { return };
            let (payload_hash, erased) = ([0; 32], false);
            let entry = Entry { place, kind, time_millis, payload_hash, payload, erased };
            self.live.unflushed += job.change.cost();
            // Who reads must not wait for all of this at once.
            std::thread::yield_now();
            let outcome = job.waiting.during(|| {
                let _span = tracing::debug_span!("apply").entered();
                self.settle(&job.change, &entry, ready)
            });
            reply(job, outcome.map_err(unsure));
        }
    }

    /// Tells the witness of entries that are in the log.
    pub(super) fn tell_witness(&mut self, places: &[Place], time_millis: u64, new_segment: bool) {
        let Some(last) = places.last() else { return };
        self.appended = last.position;
        if let (Some(witness), Some(root)) = (&self.witness, self.live.state.tree.at().root()) {
            let at_boot = self.clock.at_boot();
            let seen = Seen { last: *last, root, time_millis, at_boot };
            witness.tell(seen, new_segment);
        }
    }

    /// Applies a change that is in the log. If sled fails, sled is opened again and gets the change from the log. If that fails
    /// too, the change stays in the log; a caller who sends the request again learns when it is applied.
    fn settle(
        &mut self,
        change: &Change,
        entry: &Entry,
        ready: Option<&Pack>,
    ) -> Result<Written, WriteError> {
        if let Some(why) = self.live.stopped.get() {
            return Err(WriteError::Stopped(why.clone()));
        }
        if self.live.behind.is_none() && self.live.applied() < entry.place.position {
            match self.live.state.apply(entry, ready) {
                Ok(applied) => return Ok(self.written(entry, applied)),
                Err(error) if error.is_passing() => self.live.fall_behind(&error),
                Err(error) => {
                    // The entry is durable and not applied: nothing may be applied after it before a restart has.
                    self.live.stop(&format!("an entry could not be applied: {error}"));
                    return Err(WriteError::Store(error.to_string()));
                }
            }
        }
        self.live.catch_up(&self.log)?;
        if matches!(change, Change::Configure(_)) && self.live.applied() >= entry.place.position {
            return Ok(Written { version: None, position: entry.place.position, replayed: false });
        }
        let written = self.earlier(change)?;
        written.map(|written| Written { replayed: false, ..written }).ok_or_else(|| {
            WriteError::Store(format!("entry {} was not applied", entry.place.position))
        })
    }

    fn written(&self, entry: &Entry, applied: Applied) -> Written {
        let touched = applied.touched();
        let version = match applied {
            Applied::Submitted(submission) => Some((submission.slot, submission.version)),
            Applied::Withdrawn(slot, version) => Some((slot, version)),
            Applied::Assessed(_)
            | Applied::Released
            | Applied::Erased
            | Applied::Configured
            | Applied::Nothing => None,
        };
        (self.live.observer)(touched, entry.place.position);
        Written { version, position: entry.place.position, replayed: false }
    }

    pub(super) fn refusal(&mut self, error: &LogError) -> WriteError {
        match error {
            LogError::Full(_) => WriteError::Full(error.to_string()),
            LogError::Stopped { .. } => {
                self.in_doubt = true;
                self.live.stop(&error.to_string());
                unsure(WriteError::Stopped(error.to_string()))
            }
            LogError::Damaged(_) => {
                self.live.stop(&error.to_string());
                WriteError::Stopped(error.to_string())
            }
            LogError::Io { .. } => WriteError::Disk(error.to_string()),
            LogError::TooLarge { .. } => WriteError::Store(error.to_string()),
        }
    }
}

enum Decision {
    Done(Written),
    Append(Vec<(EntryKind, Vec<u8>)>),
}

/// Whether a change has to wait: what stands in its month matters to it, and a change planned before it may change that.
fn has_to_wait(change: &Change, planned: &[Planned]) -> bool {
    match change {
        Change::Withdraw { .. } => !planned.is_empty(),
        Change::Release { .. } => {
            planned.iter().any(|earlier| matches!(earlier.job.change, Change::Release { .. }))
        }
        Change::Submit { prepared, over: Some(_) } => {
            planned.iter().any(|earlier| match &earlier.job.change {
                Change::Submit { prepared: other, .. } => of_one_slot(&prepared.meta, &other.meta),
                Change::Withdraw { .. } => true,
                Change::Assess(_)
                | Change::Release { .. }
                | Change::Configure(_)
                | Change::Erase(_) => false,
            })
        }
        Change::Submit { over: None, .. }
        | Change::Assess(_)
        | Change::Configure(_)
        | Change::Erase(_) => false,
    }
}

fn of_one_slot(a: &SubmissionMeta, b: &SubmissionMeta) -> bool {
    let slot = |of: &SubmissionMeta| (of.dataset, of.month);
    slot(a) == slot(b) && a.collection == b.collection && a.organisation == b.organisation
}

/// The error for a change that is, or may be, in the log.
pub(super) fn unsure(error: WriteError) -> WriteError {
    if matches!(error, WriteError::Full(_) | WriteError::Disk(_) | WriteError::Stopped(_)) {
        return WriteError::Unsure(Box::new(error));
    }
    error
}

fn reply(job: Job, outcome: Result<Written, WriteError>) {
    // A caller that has gone away does not undo what was written.
    drop(job.reply.send(outcome));
}
