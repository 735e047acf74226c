//! A submission that is to be sent.

use super::encoded::Encoded;
use super::exit::Failure;
use super::sending::Sending;
use super::sent::Slot;
use crate::ingest::{Lines, SubmissionFile};

/// A submission that is to be sent.
#[derive(Debug)]
pub enum Outgoing {
    /// As it was read. It is encoded when its turn comes.
    Read(Box<SubmissionFile>),
    /// As it is sent.
    Encoded(Box<Encoded>),
}

impl Outgoing {
    /// What it replaces.
    pub(super) fn slot(&self) -> Slot {
        match self {
            Self::Read(submission) => Slot::of(submission),
            Self::Encoded(encoded) => encoded.slot.clone(),
        }
    }

    /// Takes the lines of its rows.
    pub(super) fn take_lines(&mut self) -> Lines {
        std::mem::take(match self {
            Self::Read(submission) => &mut submission.lines,
            Self::Encoded(encoded) => &mut encoded.lines,
        })
    }

    /// Number of its rows.
    pub(super) fn rows(&self) -> u64 {
        match self {
            Self::Read(submission) => submission.rows.len() as u64,
            Self::Encoded(encoded) => encoded.rows,
        }
    }

    /// Its bytes.
    ///
    /// # Errors
    /// The encoding failed.
    pub(super) async fn encode(self, how: &Sending) -> Result<Encoded, Failure> {
        match self {
            Self::Encoded(encoded) => Ok(*encoded),
            // A large submission takes a while to encode, and the connection must be served meanwhile.
            Self::Read(submission) => {
                let how = how.clone();
                let encoded = tokio::task::spawn_blocking(move || Encoded::of(*submission, &how));
                encoded.await.map_err(|error| Failure::Other(error.into()))
            }
        }
    }
}
