//! Calls that are not on disk yet. A call that came before, within a minute, is only counted: that costs a look into a table.

use std::sync::Arc;

use bytes::Bytes;
use rustc_hash::FxHashMap;
use tokio::sync::oneshot;

use super::call::{Asked, Call, Event, Trace};
use super::entry::Times;
use super::not_audited::NotAudited;

/// For so long identical calls are counted into one entry, in milliseconds. The clock may be set back: then a minute is over, too.
const MINUTE: u64 = 60_000;
/// Between two looks at whose minute is over, in milliseconds.
const LOOK: u64 = 5_000;
/// Most calls that are remembered so that identical ones are counted.
const REMEMBERED: usize = 1 << 14;
/// Most calls that wait to be written. More wait until there is room.
pub(super) const CAPACITY: usize = 1 << 12;
/// Most calls that wait to be written, with those that have ended and cannot wait for room.
const MOST: usize = 2 * CAPACITY;

/// What is told to a change that waits for its entry.
pub(super) type Told = oneshot::Sender<Result<(), NotAudited>>;

/// A call that waits to be written.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) call: Arc<Call>,
    pub(super) times: Times,
    pub(super) told: Option<Told>,
}

impl Waiting {
    /// Whether it says that a change is about to be made.
    pub(super) fn is_intended(&self) -> bool {
        self.call.event == Event::Intended
    }
}

/// When a call came first, and what came after that was not written.
#[derive(Debug)]
struct Repeated {
    since: u64,
    more: Times,
}

/// Everything that is not on disk yet.
#[derive(Debug, Default)]
pub(super) struct Pending {
    pub(super) waiting: Vec<Waiting>,
    minute: FxHashMap<Arc<Call>, Repeated>,
    /// When it was last looked whose minute is over.
    looked: u64,
}

impl Pending {
    /// Takes a call. Gives it back if there is no room.
    pub(super) fn note(&mut self, call: Call, trace: Trace, now: u64) -> Result<(), Call> {
        if let Some(known) = self.minute.get_mut(&call)
            && now.abs_diff(known.since) < MINUTE
        {
            let more = &mut known.more;
            more.first = if more.count == 0 { now } else { more.first };
            (more.count, more.last, more.trace) = (more.count + 1, now, trace);
            return Ok(());
        }
        if self.waiting.len() >= CAPACITY {
            return Err(call);
        }
        self.first(call, trace, now);
        Ok(())
    }

    /// Takes a call that cannot wait: it has ended already. Says whether there was room: on a full disk, callers can break off calls without end.
    #[must_use]
    pub(super) fn force(&mut self, call: Call, trace: Trace, now: u64) -> bool {
        let Err(call) = self.note(call, trace, now) else { return true };
        let has_room = self.waiting.len() < MOST;
        if has_room {
            self.push(Arc::new(call), Times { count: 1, first: now, last: now, trace }, None);
        }
        has_room
    }

    /// Takes a call that waits for its entry.
    pub(super) fn with(&mut self, call: Call, trace: Trace, now: u64, told: Told) {
        self.push(Arc::new(call), Times { count: 1, first: now, last: now, trace }, Some(told));
    }

    fn first(&mut self, mut call: Call, trace: Trace, now: u64) {
        // What is kept for a minute must not keep the buffer that it came in.
        if let Asked::Message(message) = &mut call.asked {
            *message = Bytes::copy_from_slice(message);
        }
        let call = Arc::new(call);
        if self.minute.len() >= REMEMBERED {
            self.expire(u64::MAX);
        }
        let more = Times { count: 0, first: now, last: now, trace };
        let before = self.minute.insert(Arc::clone(&call), Repeated { since: now, more });
        if let Some(before) = before.filter(|before| before.more.count > 0) {
            self.push(Arc::clone(&call), before.more, None);
        }
        self.push(call, Times { count: 1, ..more }, None);
    }

    fn push(&mut self, call: Arc<Call>, times: Times, told: Option<Told>) {
        self.waiting.push(Waiting { call, times, told });
    }

    /// Writes down how often each call was repeated whose minute is over. It looks every few seconds, because calls wait while it looks.
    pub(super) fn expire(&mut self, now: u64) {
        if now.abs_diff(self.looked) < LOOK {
            return;
        }
        self.looked = if now == u64::MAX { 0 } else { now };
        let is_over = |_: &Arc<Call>, of: &mut Repeated| now.abs_diff(of.since) >= MINUTE;
        for (call, repeated) in self.minute.extract_if(is_over) {
            if repeated.more.count > 0 {
                self.waiting.push(Waiting { call, times: repeated.more, told: None });
            }
        }
    }

    /// Takes back what could not be written, before everything that came since. It waits for a later try; nobody is told of it again.
    pub(super) fn again(&mut self, mut before: Vec<Waiting>) {
        before.append(&mut self.waiting);
        self.waiting = before;
    }
}
