//! One partner's stream of one signal: how far it has come, and what hinders it.

use crate::domain::delivery::Signal;
use crate::proto::store::OutboxStream;

/// Which stream.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId {
    /// Name of the partner.
    pub partner: String,
    /// Which signal.
    pub signal: Signal,
}

/// What a stream does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum State {
    /// It sends whatever there is.
    Sends = 0,
    /// It waits before the next attempt.
    Waits = 1,
    /// It has stopped until the connection is mended, and looks whether it is from time to time.
    Paused = 2,
    /// Somebody has asked to stop.
    Held = 3,
}

/// How far a stream has come. Numbers of events and times in milliseconds since 1970; 0: none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamStatus {
    /// Which stream.
    pub id: StreamId,
    /// What it does.
    pub state: State,
    /// Sequence number of the newest event; 0: there was none.
    pub newest: u64,
    /// Last sequence number that needs no sending any more.
    pub settled: u64,
    /// When the oldest event that waits happened.
    pub oldest_millis: u64,
    /// Name of the last error; empty: the last attempt succeeded.
    pub error: String,
    /// What the endpoint or the system said about it.
    pub message: String,
    /// Failures in a row.
    pub failures: u32,
    /// When the next attempt is made, if it waits.
    pub until_millis: u64,
    /// When a batch was last taken.
    pub sent_millis: u64,
    /// Records that the endpoint rejected out of batches that it took.
    pub rejected_count: u64,
    /// Number of dead letters.
    pub dead_letter_count: u64,
    /// Bytes of the payloads of the events and dead letters that are kept.
    pub bytes: u64,
}

impl StreamStatus {
    /// A stream that has had no event yet.
    #[must_use]
    pub fn of_nothing(id: StreamId) -> Self {
        Self {
            id,
            state: State::Sends,
            newest: 0,
            settled: 0,
            oldest_millis: 0,
            error: String::new(),
            message: String::new(),
            failures: 0,
            until_millis: 0,
            sent_millis: 0,
            rejected_count: 0,
            dead_letter_count: 0,
            bytes: 0,
        }
    }
}

/// What a stream does.
pub(super) fn state(stream: &OutboxStream) -> State {
    match stream.state {
        _ if stream.held => State::Held,
        1 => State::Waits,
        2 => State::Paused,
        _ => State::Sends,
    }
}

/// A stream that has had nothing yet.
pub(super) fn empty() -> OutboxStream {
    OutboxStream { next: 1, ..OutboxStream::default() }
}
