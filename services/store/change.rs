//! A change of the store, as it is requested and as it was written.

use std::sync::Arc;

use super::assessment;
use super::erasure::NewErasure;
use super::keys::{self, Slot};
use super::prepare::Prepared;
use super::release;
use crate::domain::codes::Content;
use crate::proto::store::{Assessment, Release};

/// Bytes of a change that are not its content: its description, its keys, the pages that sled writes again for it.
pub(super) const CHANGE_BYTES: u64 = 16 << 10;

/// A requested change.
pub(super) enum Change {
    Submit {
        prepared: Arc<Prepared>,
        /// Log position of the submission that it may replace, 0 for none; absent: it may replace any.
        over: Option<u64>,
    },
    Withdraw {
        slot: Slot,
        version: u32,
        caller: String,
        request_id: String,
    },
    Assess(Box<Assessment>),
    Release {
        release: Box<Release>,
        /// Position of the release that has to be the last one before it; 0: none.
        after: u64,
    },
    Erase(Box<NewErasure>),
    /// The whole reference content.
    Configure(Content),
}

/// A change that is in the log and applied.
#[derive(Clone, Debug)]
pub struct Written {
    /// The version made or withdrawn; none for reference content, assessments and releases.
    pub version: Option<(Slot, u32)>,
    /// Log position of the change.
    pub position: u64,
    /// Whether an earlier call with the same request id made the change.
    pub replayed: bool,
}

impl Change {
    /// Caller and request id: together they name one change for ever.
    pub(super) fn request(&self) -> (&str, &str) {
        match self {
            Self::Submit { prepared, .. } => (&prepared.meta.caller, &prepared.meta.request_id),
            Self::Withdraw { caller, request_id, .. } => (caller, request_id),
            Self::Assess(assessment) => (&assessment.caller, &assessment.request_id),
            Self::Release { release, .. } => (&release.caller, &release.request_id),
            Self::Erase(erasure) => (&erasure.caller, &erasure.request_id),
            // It is no call: the same content may come again after another one.
            Self::Configure(_) => ("service", "reference content"),
        }
    }

    /// Hash of the content. A second request with the same id has to have the same hash.
    pub(super) fn content_hash(&self) -> Vec<u8> {
        match self {
            Self::Submit { prepared, .. } => prepared.meta.content_hash.to_vec(),
            Self::Withdraw { slot, version, .. } => {
                withdrawal_hash(&keys::version(slot, *version)).to_vec()
            }
            Self::Assess(assessment) => assessment::hash(assessment).to_vec(),
            Self::Release { release, .. } => release::hash(release).to_vec(),
            Self::Erase(erasure) => erasure.hash().to_vec(),
            Self::Configure(_) => Vec::new(),
        }
    }

    /// Approximate bytes that the change adds to the log and to sled.
    pub(super) fn cost(&self) -> u64 {
        CHANGE_BYTES
            + match self {
                Self::Submit { prepared, .. } => prepared.bytes(),
                Self::Assess(_) => assessment::ROW_BYTES as u64,
                Self::Configure(content) => {
                    2 * content.files().map(|(_, text)| text.len() as u64).sum::<u64>()
                }
                Self::Withdraw { .. } | Self::Release { .. } | Self::Erase(_) => 0,
            }
    }
}

/// Content hash of a request to withdraw a version.
pub(super) fn withdrawal_hash(version_key: &[u8]) -> [u8; 32] {
    *blake3::Hasher::new().update(b"withdraw").update(version_key).finalize().as_bytes()
}
