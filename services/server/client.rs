//! The client of one connection: its calls, what it has not read yet, and how its connection is cut.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::room::{LEAST, Room, SLOTS};
use super::socket::Peer;
use crate::rpc::audit::Who;
use crate::telemetry::metrics;

/// The client of one connection.
#[derive(Debug)]
pub(super) struct Client {
    /// Where it calls from, for the log.
    address: String,
    /// Who its certificate says that it is; nothing without TLS.
    peer: OnceLock<Peer>,
    /// The partner whose call was its first; nothing before it, and of who has no identity.
    partner: OnceLock<Arc<str>>,
    /// What the audit log has of it: as its last call was.
    audited: Mutex<Arc<Who>>,
    room: Arc<Room>,
    /// How many messages are due in each step.
    due: [AtomicU32; SLOTS],
    state: Mutex<State>,
    cut: CancellationToken,
    is_cut_off: AtomicBool,
    /// Calls that were refused because a quota is used up, since that was last asked; and messages that became too large.
    refused: AtomicU32,
    too_large: AtomicU32,
}

/// A connection is cut when so many of its messages became too large: each costs the service far more than its sender.
const TOO_LARGE: u32 = 2;

#[derive(Debug)]
struct State {
    /// Bytes and number of the messages that it has not read, and since when it has taken nothing of them.
    bytes: usize,
    messages: usize,
    unread_since: Instant,
    /// Its bytes were given back to the others before they are gone.
    is_written_off: bool,
    calls: usize,
    has_called: bool,
    /// When its last call of data ended, or the connection began.
    quiet_since: Instant,
}

impl Client {
    /// A client, whose connection `cut` ends as well.
    pub(super) fn new(address: String, room: Arc<Room>, cut: &CancellationToken) -> Arc<Self> {
        let now = Instant::now();
        Arc::new(Self {
            address,
            peer: OnceLock::new(),
            partner: OnceLock::new(),
            audited: Mutex::default(),
            room,
            due: [const { AtomicU32::new(0) }; SLOTS],
            state: Mutex::new(State {
                bytes: 0,
                messages: 0,
                unread_since: now,
                is_written_off: false,
                calls: 0,
                has_called: false,
                quiet_since: now,
            }),
            // A child token: connections do not contend for one lock at every read.
            cut: cut.child_token(),
            is_cut_off: AtomicBool::new(false),
            refused: AtomicU32::new(0),
            too_large: AtomicU32::new(0),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where it calls from.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Its handshake has ended, and this is who it is.
    pub(super) fn is(&self, peer: Peer) {
        // There is one handshake.
        let _second = self.peer.set(peer);
    }

    /// Who it is; none without TLS.
    pub(super) fn peer(&self) -> Option<&Peer> {
        self.peer.get()
    }

    /// What the audit log has of a call of it: of this partner with its organisation and the id of its token; nothing: it is of no partner. It is
    /// the same value for as long as that does not change.
    pub(super) fn audited(
        &self,
        (partner, organisation, token_id): (&str, &str, &str),
    ) -> Arc<Who> {
        let identity = self.peer().and_then(|peer| peer.identity.as_ref().ok());
        let of_certificate = identity.map_or("", |identity| &identity.organisation);
        let organisation = if partner.is_empty() { of_certificate } else { organisation };
        let mut last = self.audited.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same = last.address == self.address
            && (&*last.partner, &*last.organisation, &*last.token_id)
                == (partner, organisation, token_id);
        if !is_same {
            *last = Arc::new(Who {
                partner: partner.to_owned(),
                organisation: organisation.to_owned(),
                system: identity.map(|identity| identity.system.clone()).unwrap_or_default(),
                certificate: self.peer().map(|peer| peer.fingerprint.clone()).unwrap_or_default(),
                token_id: token_id.to_owned(),
                address: self.address.clone(),
            });
        }
        Arc::clone(&last)
    }

    /// It makes a call of this partner.
    pub(super) fn is_of(&self, partner: &str) {
        self.partner.get_or_init(|| partner.into());
    }

    /// The partner whose call was its first: a connection is cut as a whole.
    pub(super) fn partner(&self) -> Option<&str> {
        self.partner.get().map(|partner| &**partner)
    }

    /// Its handshake has failed.
    pub(super) fn not_let_in(&self, why: &std::io::Error) {
        metrics::handshake_refused();
        tracing::warn!(peer = self.address, %why, "refused a client before its first call");
    }

    fn who(&self) -> String {
        let identity = self.peer().and_then(|peer| peer.identity.as_ref().ok());
        identity.map(ToString::to_string).unwrap_or_default()
    }

    /// The same message, which counts as unread until its last byte is gone, and is due at an instant. Room for [`cost`] was taken.
    pub(super) fn count(self: &Arc<Self>, message: Bytes, due: Instant) -> Bytes {
        let cost = cost(&message);
        Bytes::from_owner(self.unread(message, cost, due))
    }

    /// Drop the result when the client takes a byte. If that has not happened at `due`, the client is overdue.
    pub(super) fn expect_by(self: &Arc<Self>, due: Instant) -> Unread {
        self.unread(Bytes::new(), 0, due)
    }

    fn unread(self: &Arc<Self>, message: Bytes, cost: usize, due: Instant) -> Unread {
        let slot = self.room.step_of(due) % SLOTS;
        self.due[slot].fetch_add(1, Relaxed);
        let mut state = self.state();
        if state.messages == 0 {
            state.unread_since = Instant::now();
        }
        state.messages += 1;
        if state.is_written_off {
            self.room.give_back(cost);
        } else {
            state.bytes += cost;
        }
        drop(state);
        Unread { message, cost, slot, client: Arc::clone(self) }
    }

    /// Bytes that it has not read.
    pub(super) fn unread_bytes(&self) -> usize {
        self.state().bytes
    }

    /// It has taken a part of a message: it reads, if slowly.
    pub(super) fn took(&self) {
        self.state().unread_since = Instant::now();
    }

    /// For how long it has had something to read and has taken no whole message, and no large part of one.
    pub(super) fn takes_nothing_for(&self, now: Instant) -> Option<Duration> {
        let state = self.state();
        (state.messages > 0).then(|| now.saturating_duration_since(state.unread_since))
    }

    /// For how long it has had no call, and whether it ever had one. None: it has calls.
    pub(super) fn quiet_for(&self, now: Instant) -> Option<(bool, Duration)> {
        let state = self.state();
        let quiet = now.saturating_duration_since(state.quiet_since);
        (state.calls == 0).then_some((state.has_called, quiet))
    }

    /// A call of it begins.
    pub(super) fn call_begins(&self) {
        self.state().calls += 1;
    }

    /// A call of it has ended. `of_data`: it was not about the service itself, which anybody may ask as often as it likes.
    pub(super) fn call_ends(&self, of_data: bool) {
        let mut state = self.state();
        state.calls -= 1;
        if of_data {
            (state.has_called, state.quiet_since) = (true, Instant::now());
        }
    }

    /// A call of it was refused because a quota is used up.
    pub(super) fn is_refused(&self) {
        self.refused.fetch_add(1, Relaxed);
    }

    /// How many were since this was last asked.
    pub(super) fn take_refused(&self) -> u32 {
        self.refused.swap(0, Relaxed)
    }

    /// A message of it became larger than it may be when it was unpacked.
    pub(super) fn overfills(&self) {
        if self.too_large.fetch_add(1, Relaxed) + 1 >= TOO_LARGE {
            self.cut_off("many of its messages became too large when they were unpacked");
        }
    }

    /// Completes when the connection has to end.
    pub(super) fn cut(&self) -> WaitForCancellationFutureOwned {
        self.cut.clone().cancelled_owned()
    }

    /// Whether the connection was cut because of what its client does.
    pub(super) fn is_cut_off(&self) -> bool {
        self.is_cut_off.load(Relaxed)
    }

    /// Cuts the connection, and frees what its client has not read for others.
    pub(super) fn cut_off(&self, why: &str) {
        if self.is_cut_off.swap(true, Relaxed) {
            return;
        }
        let who = self.who();
        tracing::warn!(peer = self.address, who, why, "cut a connection");
        let mut state = self.state();
        state.is_written_off = true;
        let bytes = std::mem::take(&mut state.bytes);
        drop(state);
        self.room.give_back(bytes);
        self.cut.cancel();
    }

    /// Cuts the connection if a message was due in one of these steps. Returns whether one was.
    pub(super) fn cut_if_due(&self, mut steps: std::ops::Range<usize>) -> bool {
        let overdue = steps.any(|step| self.due[step % SLOTS].load(Relaxed) > 0);
        if overdue {
            self.cut_off("its client did not read an answer in time");
        }
        overdue
    }
}

/// Bytes that a message counts as.
pub(super) fn cost(message: &Bytes) -> usize {
    message.len().max(LEAST)
}

/// A message that counts as unread until it is dropped.
#[derive(Debug)]
pub(super) struct Unread {
    message: Bytes,
    cost: usize,
    slot: usize,
    client: Arc<Client>,
}

impl AsRef<[u8]> for Unread {
    fn as_ref(&self) -> &[u8] {
        &self.message
    }
}

impl Drop for Unread {
    fn drop(&mut self) {
        self.client.due[self.slot].fetch_sub(1, Relaxed);
        let mut state = self.client.state();
        state.messages -= 1;
        state.unread_since = Instant::now();
        if !state.is_written_off {
            state.bytes -= self.cost;
            drop(state);
            self.client.room.give_back(self.cost);
        }
    }
}

#[cfg(test)]
impl Client {
    /// Whether nothing counts as unread.
    pub(super) fn has_read_all(&self) -> bool {
        self.due.iter().all(|due| due.load(Relaxed) == 0) && self.state().messages == 0
    }
}
