//! A change: what is asked for, and what became of it.

use std::sync::Arc;

use super::assessment;
use super::catalog::Submission;
use super::keys::{self, Slot};
use super::prepare::Prepared;
use crate::proto::store::Assessment;

/// Bytes of a change that are not its content: its description, its keys, the pages that sled writes again for it.
pub(super) const CHANGE_BYTES: u64 = 16 << 10;

/// A wish to change something.
pub(super) enum Change {
    /// A submission.
    Submit(Box<Prepared>),
    /// A withdrawal of a version.
    Withdraw { slot: Slot, version: u32, caller: String, request_id: String },
    /// An assessment.
    Assess(Box<Assessment>),
}

/// What became of it.
#[derive(Clone, Debug)]
pub struct Written {
    /// The submission made or withdrawn; none for reference content and assessments.
    pub submission: Option<Arc<Submission>>,
    /// Position of the change.
    pub position: u64,
    /// Whether an earlier call with the same request id had made it.
    pub replayed: bool,
}

impl Change {
    /// Caller and request id.
    pub(super) fn request(&self) -> (&str, &str) {
        match self {
            Self::Submit(prepared) => (&prepared.meta.caller, &prepared.meta.request_id),
            Self::Withdraw { caller, request_id, .. } => (caller, request_id),
            Self::Assess(assessment) => (&assessment.caller, &assessment.request_id),
        }
    }

    /// What requests with the same id are compared by.
    pub(super) fn content_hash(&self) -> Vec<u8> {
        match self {
            Self::Submit(prepared) => prepared.meta.content_hash.to_vec(),
            Self::Withdraw { slot, version, .. } => {
                withdrawal_hash(&keys::version(slot, *version)).to_vec()
            }
            Self::Assess(assessment) => assessment::hash(assessment).to_vec(),
        }
    }

    /// Bytes that it makes the log and sled take, roughly.
    pub(super) fn cost(&self) -> u64 {
        CHANGE_BYTES
            + match self {
                Self::Submit(prepared) => prepared.bytes(),
                Self::Assess(_) => assessment::ROW_BYTES as u64,
                Self::Withdraw { .. } => 0,
            }
    }
}

/// What a request to withdraw is compared by.
pub(super) fn withdrawal_hash(version_key: &[u8]) -> [u8; 32] {
    *blake3::Hasher::new().update(b"withdraw").update(version_key).finalize().as_bytes()
}
