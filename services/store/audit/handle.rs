//! The audit log of a running service.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::futures::Notified;
use tokio::sync::{Notify, oneshot};

use super::call::{Call, Event, Trace};
use super::entry::Render;
use super::keeper::Keeper;
use super::list::{Filter, Page, list};
use super::not_audited::NotAudited;
use super::shared::Shared;
use super::{FOLDER, SEGMENT_BYTES, witness_file};
use crate::store::Store;
use crate::store::error::StoreError;
use crate::store::log::{Fault, Known, Opened, Place, SegmentLog, Shape};
use crate::store::witness::{self, Seen};

/// How to open the audit log.
#[derive(Clone, Copy)]
pub struct AuditSettings<'a> {
    /// File of the witness of the log of changes. That of the audit log is beside it. None: the service does not notice when the end of the
    /// audit log is lost.
    pub witness: Option<&'a Path>,
    /// Makes texts of requests.
    pub render: Render,
    /// Size at which a new segment begins, in bytes. None: the usual one.
    pub segment_bytes: Option<u64>,
}

/// The audit log. Dropping it writes everything that waits.
pub struct Audit {
    pub(super) shared: Arc<Shared>,
    keeper: Mutex<Option<JoinHandle<()>>>,
}

impl Store {
    /// Opens the audit log of the data folder, and writes that the service has started. Of a damaged log it is told, and nothing is written.
    ///
    /// # Errors
    /// The folder cannot be made or read, or there is no thread.
    pub fn audit(&self, settings: AuditSettings<'_>) -> Result<Audit, StoreError> {
        let file = settings.witness.map(witness_file);
        let seen = file.as_deref().and_then(witness::read);
        let (folder, bytes) = (self.folder.join(FOLDER), settings.segment_bytes);
        let lost = seen.filter(|seen| is_lost(&folder, seen.last));
        let known: Vec<Known> = seen.iter().map(|seen| seen.last.into()).collect();
        let known = if lost.is_some() { &[] } else { &known[..] };
        let bytes = bytes.unwrap_or(SEGMENT_BYTES);
        let opened = SegmentLog::open_as(Shape::AUDIT, &folder, bytes, known)?;
        let Opened { log, damage, denied: _, cut: _ } = opened;
        // A file that the system does not read now is no damage: the next start may read it.
        if let Some(damage) = damage.as_ref().filter(|damage| damage.is_unreadable()) {
            return Err(StoreError::AuditUnreadable(damage.clone()));
        }
        let (broken, log_bytes) = (OnceLock::new(), log.bytes());
        if let Some(why) = damage.map(|damage| damage.to_string()) {
            tracing::error!(
                why,
                "the audit log cannot be written: every call is refused; see the runbook"
            );
            // Set once, here, before anybody else can.
            let _ = broken.set(why);
        }
        let witness = file.filter(|_| broken.get().is_none());
        let witness = witness.map(|file| witness::Witness::keep(file, seen)).transpose()?;
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            changed: Condvar::new(),
            room: Notify::new(),
            log: Mutex::new(log),
            clock: Arc::clone(&self.clock),
            broken,
            bytes: AtomicU64::new(log_bytes),
            written: AtomicU64::new(0),
            lost: AtomicU64::new(0),
        });
        let mut keeper = Keeper::new(Arc::clone(&shared), settings.render, witness);
        if let Some(Seen { last, time_millis, .. }) = lost {
            keeper.lost(last, time_millis);
        }
        keeper.event(Event::Started);
        let keeper = std::thread::Builder::new()
            .name("audit".into())
            .spawn(move || keeper.run())
            .map_err(|error| StoreError::NoThread(error.to_string()))?;
        Ok(Audit { shared, keeper: Mutex::new(Some(keeper)) })
    }
}

/// Whether the end of the log is missing that the witness has seen, or the log is another one; what is there is whole. Then the service goes on
/// recording, and the log says for ever what was lost.
fn is_lost(folder: &Path, seen: Place) -> bool {
    if matches!(folder.try_exists(), Ok(false)) {
        return true;
    }
    // What cannot be read is told when the log is opened.
    let Ok(there) = SegmentLog::read_only_as(Shape::AUDIT, folder, &[seen.into()]) else {
        return false;
    };
    let is_missing = |what: &Fault| matches!(what, Fault::Missing(last) if *last == seen.position);
    there.damage.map_or(!there.denied.is_empty(), |damage| is_missing(&damage.what))
}

impl Audit {
    /// Why every call is refused; none: calls are recorded.
    #[must_use]
    pub fn broken(&self) -> Option<&str> {
        self.shared.broken.get().map(String::as_str)
    }

    /// Why entries are not on disk, though it may be tried again; none: all is well.
    #[must_use]
    pub fn trouble(&self) -> Option<NotAudited> {
        let broken = self.broken().map(|why| NotAudited::Broken(why.to_owned()));
        broken.or_else(|| self.shared.state().trouble.clone())
    }

    /// Records a call. Gives it back if there is no room: see [`Audit::room`].
    ///
    /// # Errors
    /// There is no room.
    pub fn note(&self, call: Call, trace: Trace) -> Result<(), Call> {
        let now = self.shared.clock.now();
        let mut state = self.shared.state();
        if state.is_over {
            self.shared.lost.fetch_add(1, Relaxed);
            return Ok(());
        }
        state.pending.note(call, trace, now)
    }

    /// Records a call that nobody waits for any more.
    pub fn force(&self, call: Call, trace: Trace) {
        let now = self.shared.clock.now();
        let mut state = self.shared.state();
        if state.is_over || !state.pending.force(call, trace, now) {
            self.shared.lost.fetch_add(1, Relaxed);
        }
    }

    /// Waits until entries were written. Take it before [`Audit::note`] is tried.
    pub fn room(&self) -> Notified<'_> {
        self.shared.room.notified()
    }

    /// Records a call and waits until that is on disk.
    ///
    /// # Errors
    /// It is not on disk. If it may be tried again, it will be.
    pub async fn durable(&self, call: Call, trace: Trace) -> Result<(), NotAudited> {
        if let Some(why) = self.broken() {
            return Err(NotAudited::Broken(why.to_owned()));
        }
        let written = self.hurry(call, trace);
        let gone =
            || NotAudited::Broken("the thread that writes the audit log has ended".to_owned());
        written.await.map_err(|_| gone())?
    }

    pub(super) fn hurry(
        &self,
        call: Call,
        trace: Trace,
    ) -> oneshot::Receiver<Result<(), NotAudited>> {
        let (told, written) = oneshot::channel();
        let now = self.shared.clock.now();
        let mut state = self.shared.state();
        // Afterwards nobody would tell.
        if !state.is_over {
            state.pending.with(call, trace, now, told);
            state.hurries = true;
            self.shared.changed.notify_one();
        }
        written
    }

    /// A page of entries, newest first: those below a position, or from the end if it is 0. Reads files.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn list(&self, filter: &Filter, below: u64, size: usize) -> Result<Page, StoreError> {
        let snapshot = self.shared.log().snapshot();
        list(&snapshot, filter, below, size)
    }

    /// Removes segments whose last entry was written before a time, milliseconds since 1970. It is done soon.
    pub fn retire(&self, before: u64) {
        self.shared.state().retire = Some(before);
        self.shared.changed.notify_one();
    }

    /// Bytes of the log.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.shared.bytes.load(Relaxed)
    }

    /// Entries written since the start, calls that wait to be written, and calls that were lost.
    #[must_use]
    pub fn counts(&self) -> (u64, u64, u64) {
        let waiting = self.shared.state().pending.waiting.len() as u64;
        (self.shared.written.load(Relaxed), waiting, self.shared.lost.load(Relaxed))
    }

    /// Writes everything that waits, and that the service has stopped. Later calls are not recorded.
    pub fn close(&self) {
        self.shared.state().is_over = true;
        self.shared.changed.notify_one();
        let keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner).take();
        if keeper.is_some_and(|keeper| keeper.join().is_err()) {
            tracing::error!("the thread that writes the audit log panicked");
        }
    }
}

impl Drop for Audit {
    fn drop(&mut self) {
        self.close();
    }
}
