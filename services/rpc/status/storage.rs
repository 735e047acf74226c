//! Statuses of disks and stored data that fail.

use std::time::Duration;

use tonic::Status;

use super::details::{TEXT_BYTES, cut, info};
use super::{finish, refused, retry};
use crate::proto::v1::ErrorReason;

/// How long a caller is asked to wait when the disk is full.
pub(super) const RETRY_STORAGE_FULL: Duration = Duration::from_secs(60);
/// How long a caller is asked to wait when the disk or the system has failed.
pub(super) const RETRY_STORAGE_FAILED: Duration = Duration::from_secs(5);

/// Whether a refused change was stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The change was not stored.
    NotStored,
    /// It may have been stored: the service failed in between.
    NotKnown,
}

impl Fate {
    fn words(self) -> &'static str {
        match self {
            Self::NotStored => "nothing was stored",
            Self::NotKnown => "the service cannot tell whether this was stored",
        }
    }
}

/// The disk is too full to accept submissions.
#[must_use]
pub fn storage_full(fate: Fate) -> Status {
    let message = format!(
        "{}: the disk is full, and the operator has to make space; send the request again later with the same request_id; \
         reading still works",
        fate.words()
    );
    retry(ErrorReason::StorageFull, &message, RETRY_STORAGE_FULL)
}

/// The disk or the system failed over a change, and not because the disk is full.
#[must_use]
pub fn storage_failed(fate: Fate) -> Status {
    let message = format!(
        "{}: the disk or the system of the service failed, and the operator has to look at its log; send the request again later with \
         the same request_id",
        fate.words()
    );
    retry(ErrorReason::StorageFailed, &message, RETRY_STORAGE_FAILED)
}

/// The stored data cannot be read for now: the disk is full, or the disk or the system failed.
#[must_use]
pub fn reading_failed() -> Status {
    let message = "the stored data cannot be read for now, and the operator has to look at the disk; ask again after the delay in \
                   RetryInfo; nothing is lost";
    retry(ErrorReason::StorageFailed, message, RETRY_STORAGE_FAILED)
}

/// The service does not accept changes until an operator has looked.
#[must_use]
pub fn writing_stopped(fate: Fate) -> Status {
    let message = format!(
        "{}: the service accepts no changes until the operator has looked at its log; send the request again with the same \
         request_id when the operator says so; reading still works",
        fate.words()
    );
    refused(ErrorReason::WritingStopped, message, [])
}

/// Stored data is damaged; the log has the rest under `correlation`.
#[must_use]
pub fn data_damaged(correlation: &str) -> Status {
    let correlation = cut(correlation, TEXT_BYTES);
    let message = format!("stored data is damaged; give the operator this id: {correlation}");
    let mut details = info(ErrorReason::DataDamaged, []);
    details.set_request_info(correlation, "");
    finish(ErrorReason::DataDamaged, &message, details, None)
}
