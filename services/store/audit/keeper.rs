//! The one thread that writes the audit log.

use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::atomic::Ordering::Relaxed;

use prost::Message as _;

use super::GROUP;
use super::call::Event;
use super::entry::{Render, of_call, of_event, of_loss};
use super::not_audited::NotAudited;
use super::pending::Waiting;
use super::shared::{Shared, State};
use crate::proto::store::AuditEntry;
use crate::store::log::{EntryKind, Log, LogError, NewEntry, Place, SegmentLog};
use crate::store::witness::{Seen, Witness};

/// Most entries of one append.
const AT_ONCE: usize = 512;

/// The thread.
pub(super) struct Keeper {
    pub(super) shared: Arc<Shared>,
    render: Render,
    witness: Option<Witness>,
}

/// What the thread has to do.
struct Orders {
    waiting: Vec<Waiting>,
    retire: Option<u64>,
    is_over: bool,
}

/// If the thread panics, nothing can be recorded any more, and calls must not go on as if it could.
struct Panics(Arc<Shared>);

impl Drop for Panics {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let why = "the thread that writes the audit log panicked";
            tracing::error!(
                why,
                "the audit log cannot be written: every call is refused; see the runbook"
            );
            let _first = self.0.broken.set(why.to_owned());
            let mut state = self.0.state();
            state.is_over = true;
            state.pending.waiting.clear();
            drop(state);
            self.0.room.notify_waiters();
        }
    }
}

impl Keeper {
    pub(super) fn new(shared: Arc<Shared>, render: Render, witness: Option<Witness>) -> Self {
        Self { shared, render, witness }
    }

    /// Writes until it is over, and then all that is left.
    pub(super) fn run(mut self) {
        let _panics = Panics(Arc::clone(&self.shared));
        loop {
            let Orders { waiting, retire, is_over } = self.orders();
            self.write(waiting);
            if let Some(before) = retire.filter(|_| self.shared.broken.get().is_none()) {
                self.retire(before);
            }
            if is_over {
                break;
            }
        }
        let left = std::mem::take(&mut self.shared.state().pending.waiting);
        self.lose(&left);
        self.event(Event::Stopped);
    }

    /// Waits for something to do. What comes within a moment is written together.
    fn orders(&self) -> Orders {
        let is_idle =
            |state: &mut State| !state.hurries && !state.is_over && state.retire.is_none();
        let waited = self.shared.changed.wait_timeout_while(self.shared.state(), GROUP, is_idle);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner).0;
        let now = if state.is_over { u64::MAX } else { self.shared.clock.now() };
        state.pending.expire(now);
        state.hurries = false;
        Orders {
            waiting: std::mem::take(&mut state.pending.waiting),
            retire: state.retire.take(),
            is_over: state.is_over,
        }
    }

    /// Writes calls. Those that cannot be written now wait for the next time.
    fn write(&mut self, mut waiting: Vec<Waiting>) {
        while !waiting.is_empty() {
            let rest = waiting.split_off(waiting.len().min(AT_ONCE));
            let of = |one: &Waiting| of_call(&one.call, &one.times, self.render);
            let entries: Vec<AuditEntry> = waiting.iter().map(of).collect();
            let written = self.append(&entries);
            match written {
                Ok(()) => tell(&mut waiting, &written),
                Err(NotAudited::Broken(_)) => {
                    waiting.extend(rest);
                    tell(&mut waiting, &written);
                    self.lose(&waiting);
                    break;
                }
                Err(NotAudited::Full(_) | NotAudited::Failed(_)) => {
                    waiting.extend(rest);
                    // Who is told that it is not recorded does not make the change: nothing is left to record.
                    let is_given_up = |one: &Waiting| one.told.is_some() && one.is_intended();
                    let (mut given_up, mut again): (Vec<_>, Vec<_>) =
                        waiting.into_iter().partition(is_given_up);
                    tell(&mut given_up, &written);
                    tell(&mut again, &written);
                    self.shared.state().pending.again(again);
                    return;
                }
            }
            waiting = rest;
        }
        self.shared.room.notify_waiters();
    }

    /// Writes that entries are missing which the witness has seen.
    pub(super) fn lost(&mut self, last: Place, last_millis: u64) {
        let tail = self.shared.log().tail();
        tracing::error!(
            tail,
            seen = last.position,
            "the audit log has lost its end, or is another log than its witness has seen: an entry says so; look who had the disk"
        );
        let loss = of_loss(last, last.position.saturating_sub(tail), last_millis);
        if let Err(why) = self.append(&[loss]) {
            tracing::error!(%why, "the audit log has no entry of its loss");
        }
    }

    /// Writes an event of the service.
    pub(super) fn event(&mut self, event: Event) {
        if self.shared.broken.get().is_none()
            && let Err(why) = self.append(&[of_event(event)])
        {
            tracing::error!(%why, ?event, "the audit log has no entry of this");
        }
    }

    /// Appends entries and makes them durable.
    pub(super) fn append(&mut self, entries: &[AuditEntry]) -> Result<(), NotAudited> {
        if let Some(why) = self.shared.broken.get() {
            return Err(NotAudited::Broken(why.clone()));
        }
        let payloads: Vec<_> = entries.iter().map(AuditEntry::encode_to_vec).collect();
        let mut log = self.shared.log();
        let time_millis = self.shared.clock.now().max(log.time_millis());
        let entry = |payload| NewEntry { kind: EntryKind::Audit, time_millis, payload };
        let entries: Vec<_> = payloads.iter().map(|payload| entry(payload)).collect();
        let segments = log.segments();
        let appended = log.append(&entries).map(drop);
        let is_next = log.segments() != segments;
        let seen = seen(&log);
        self.shared.bytes.store(log.bytes(), Relaxed);
        drop(log);
        let failed = appended.err().map(|error| {
            let why = error.to_string();
            match error {
                LogError::Full(_) => NotAudited::Full(why),
                LogError::Io { .. } | LogError::TooLarge { .. } => NotAudited::Failed(why),
                LogError::Stopped { .. } | LogError::Damaged(_) => NotAudited::Broken(why),
            }
        });
        self.told(failed.as_ref());
        match failed {
            Some(NotAudited::Broken(why)) => {
                Err(NotAudited::Broken(self.shared.broken.get_or_init(|| why).clone()))
            }
            Some(why) => Err(why),
            None => {
                self.shared.written.fetch_add(payloads.len() as u64, Relaxed);
                if let (Some(witness), Some(seen)) = (&self.witness, seen) {
                    witness.tell(seen, is_next);
                }
                Ok(())
            }
        }
    }

    /// Notes whether the last try failed. The log says so once.
    fn told(&self, failed: Option<&NotAudited>) {
        let mut state = self.shared.state();
        let before = std::mem::replace(&mut state.trouble, failed.cloned());
        drop(state);
        match (before, failed) {
            (None, Some(why)) => tracing::error!(
                %why,
                "the audit log cannot be written: changes are refused, and reads when there is no room for their entries"
            ),
            (Some(_), None) => tracing::info!("the audit log is written again"),
            (None, None) | (Some(_), Some(_)) => {}
        }
    }

    /// Calls of which nothing will be written.
    fn lose(&self, calls: &[Waiting]) {
        let lost: u64 = calls.iter().map(|one| one.times.count).sum();
        if lost > 0 {
            self.shared.lost.fetch_add(lost, Relaxed);
            tracing::error!(lost, "the audit log has lost calls: they could not be written");
        }
    }
}

/// Tells those who wait how it went. Nobody waits where the caller has gone.
fn tell(waiting: &mut [Waiting], written: &Result<(), NotAudited>) {
    for told in waiting.iter_mut().filter_map(|one| one.told.take()) {
        let _gone = told.send(written.clone());
    }
}

/// How far the log has come. Logs of this kind lose their first entries, so nothing is said of the first.
fn seen(log: &SegmentLog) -> Option<Seen> {
    let time_millis = log.time_millis();
    log.end().map(|last| Seen { last, root: [0; 32], time_millis, at_boot: None })
}
