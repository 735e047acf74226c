//! What is kept of a call.

use std::sync::Arc;

use bytes::Bytes;

/// Longest question that is kept, in bytes as it was sent. Of a longer one its hash is kept.
const QUESTION_BYTES: usize = 8 << 10;

/// A call. Two calls that are equal are one entry with a count, if they come within a minute.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Call {
    /// What it is about.
    pub event: Event,
    /// Who called.
    pub who: Arc<Who>,
    /// Purpose that the caller gave; empty: none.
    pub purpose: String,
    /// The RPC, `equity.v1.SubmissionService/GetSubmission`.
    pub method: &'static str,
    /// The request.
    pub asked: Asked,
    /// Disclosure profile of the caller; empty: it was not found out.
    pub profile: &'static str,
    /// Release that answered; none: the newest state.
    pub release: Option<Arc<str>>,
    /// Log position of the answer or of the change; 0: none.
    pub position: u64,
    /// What the answer shows.
    pub cells: Cells,
    /// How it ended.
    pub outcome: Outcome,
}

/// What an entry is about. The number is on disk: never renumber.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Event {
    /// A call has ended.
    #[default]
    Ended = 1,
    /// A stream of answers has begun.
    Begun = 2,
    /// A change is about to be made.
    Intended = 3,
    /// The service has started.
    Started = 4,
    /// The service has stopped.
    Stopped = 5,
    /// The oldest entries were removed.
    Removed = 6,
    /// Entries that were there are not there any more.
    Lost = 7,
}

impl Event {
    /// The event of a number on disk.
    #[must_use]
    pub fn of(number: u32) -> Option<Self> {
        use Event::{Begun, Ended, Intended, Lost, Removed, Started, Stopped};
        let all = [Ended, Begun, Intended, Started, Stopped, Removed, Lost];
        all.into_iter().find(|event| u32::from(*event as u8) == number)
    }
}

/// Who called, as far as the service found out. Empty: it is not known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Who {
    /// Name of the partner.
    pub partner: String,
    /// ODS code of the organisation: the partner's, or the certificate's if it is of no partner.
    pub organisation: String,
    /// System of the organisation, as the certificate says.
    pub system: String,
    /// SHA-256 of the certificate, in hexadecimal digits.
    pub certificate: String,
    /// Id of the bearer token.
    pub token_id: String,
    /// Address of the connection, without the port.
    pub address: String,
}

/// A request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Asked {
    /// None came, or none that could be read.
    #[default]
    Nothing,
    /// As it was sent.
    Message(Bytes),
    /// The BLAKE3 hash of one that is too long.
    Long([u8; 32]),
}

impl Asked {
    /// A request, encoded as its message.
    #[must_use]
    pub fn of(message: &Bytes) -> Self {
        if message.len() > QUESTION_BYTES {
            Self::Long(*blake3::hash(message).as_bytes())
        } else {
            Self::Message(message.clone())
        }
    }
}

/// Cells of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Cells {
    /// With a figure.
    pub released: u64,
    /// Whose figure the reader may not see.
    pub withheld: u64,
}

impl std::ops::AddAssign for Cells {
    fn add_assign(&mut self, more: Self) {
        self.released += more.released;
        self.withheld += more.withheld;
    }
}

/// How a call ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Outcome {
    /// Status of gRPC, `OK`.
    pub status: &'static str,
    /// Reason of a refusal, as in `ErrorInfo.reason`; empty: none.
    pub reason: String,
}

/// Trace id that the caller has sent; zeros: none.
pub type Trace = [u8; 16];
