//! Erasures: what is asked for, and what stays known of it. An erasure is an entry of the log. It says whose payloads are gone, when and
//! why, and nothing of what they were.

use std::sync::Arc;

use prost::Message;

use super::keys::{self, Slot};
use crate::domain::period::Month;
use crate::proto::store::{Erase, SubmissionMeta};

/// Why data was erased. The number is on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ErasureKind {
    /// Somebody asked for a submission to be erased.
    Submission = 1,
    /// Somebody asked for a person to be erased.
    Person = 2,
    /// It was kept for as long as the configuration says.
    Retention = 3,
    /// The entry of the erasure was lost, and an operator has accepted that.
    Lost = 4,
}

impl ErasureKind {
    /// The kind of a number on disk.
    pub(super) fn of(number: u32) -> Option<Self> {
        let kinds = [Self::Submission, Self::Person, Self::Retention, Self::Lost];
        kinds.into_iter().find(|kind| *kind as u32 == number)
    }
}

/// Data to erase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToErase {
    /// A version of a slot, with or without all its other versions.
    Submission {
        /// The slot.
        slot: Slot,
        /// The version.
        version: u32,
        /// Whether the slot's other versions are erased too.
        all_versions: bool,
    },
    /// All records of a person.
    Person {
        /// Scheme of the person's key.
        scheme: String,
        /// The keyed hash of the key.
        key: u64,
    },
    /// What is older than this.
    Retention {
        /// Versions of earlier months, whether they stand or not; none: they are kept.
        before: Option<Month>,
        /// Versions that stood no more at this time, milliseconds since 1970; none: they are kept.
        replaced_before: Option<u64>,
    },
}

/// An erasure that is to be made.
#[derive(Clone, Debug)]
pub struct NewErasure {
    /// What to erase.
    pub what: ToErase,
    /// Why, in the words of whoever orders it.
    pub reason: String,
    /// Caller.
    pub caller: String,
    /// Caller's id of the change.
    pub request_id: String,
}

/// An erasure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// Log position of its entry.
    pub position: u64,
    /// Time of its entry, milliseconds since 1970.
    pub time_millis: u64,
    /// Why.
    pub kind: ErasureKind,
    /// Why, in words.
    pub reason: String,
    /// Caller's id of the change.
    pub request_id: String,
    /// Number of records that nobody can read any more.
    pub record_count: u64,
    /// The versions that were erased, in order of position.
    pub versions: Vec<Erased>,
}

/// A version that was erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erased {
    /// Its slot.
    pub slot: Slot,
    /// Version within the slot.
    pub version: u32,
    /// Collection id.
    pub collection: Arc<str>,
    /// Code of the organisation.
    pub organisation: Arc<str>,
    /// Version of the slot that has the other records; none: there is none.
    pub replaced_by: Option<u32>,
}

impl NewErasure {
    /// Hash that tells whether two requests ask for the same. Of a person's key it has nothing: it would tell whether somebody was erased.
    pub(super) fn hash(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        let text = |hasher: &mut blake3::Hasher, text: &str| {
            hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
        };
        text(&mut hasher, "erase");
        match &self.what {
            ToErase::Submission { slot, version, all_versions } => {
                hasher.update(&[ErasureKind::Submission as u8, u8::from(*all_versions)]);
                hasher.update(&keys::version(slot, *version));
            }
            ToErase::Person { scheme, .. } => {
                hasher.update(&[ErasureKind::Person as u8]);
                text(&mut hasher, scheme);
            }
            ToErase::Retention { .. } => {
                hasher.update(&[ErasureKind::Retention as u8]);
            }
        }
        *hasher.finalize().as_bytes()
    }

    pub(super) fn kind(&self) -> ErasureKind {
        match self.what {
            ToErase::Submission { .. } => ErasureKind::Submission,
            ToErase::Person { .. } => ErasureKind::Person,
            ToErase::Retention { .. } => ErasureKind::Retention,
        }
    }
}

/// What stays of a description when the payload is erased.
pub(super) fn left_of(meta: &SubmissionMeta) -> SubmissionMeta {
    SubmissionMeta {
        collection: meta.collection.clone(),
        dataset: meta.dataset,
        organisation: meta.organisation.clone(),
        month: meta.month,
        caller: meta.caller.clone(),
        request_id: meta.request_id.clone(),
        content_hash: meta.content_hash.clone(),
        accepted_count: meta.accepted_count,
        rejected_count: meta.rejected_count,
        blank_count: meta.blank_count,
        ..SubmissionMeta::default()
    }
}

/// What stands in the place of each payload that an erasure destroys, by position: of a commit what is left of its description, of
/// a chunk nothing.
pub(super) fn left_by(erase: &Erase) -> impl Iterator<Item = (u64, Vec<u8>)> + '_ {
    let of_versions = erase.versions.iter().flat_map(|of| {
        let first = of.position.saturating_sub(of.chunk_count.into());
        let chunks = (first..of.position).map(|position| (position, Vec::new()));
        let left = of.left.as_ref().map(Message::encode_to_vec).unwrap_or_default();
        chunks.chain([(of.position, left)])
    });
    of_versions.chain(erase.stray_chunks.iter().map(|position| (*position, Vec::new())))
}
