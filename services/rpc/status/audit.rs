//! Refusals because a call cannot be recorded in the audit log.

use tonic::Status;

use super::storage::{
    Fate, RETRY_STORAGE_FAILED, RETRY_STORAGE_FULL, storage_failed, storage_full,
};
use super::{refused, retry};
use crate::engine::audit::NotAudited;
use crate::proto::v1::ErrorReason;

/// No call can be recorded until an operator has looked.
#[must_use]
pub fn audit_stopped() -> Status {
    let message = "the service cannot record calls in its audit log, so it answers none and changes nothing; the operator has to look at the log \
                   of the service; send the request again when the operator says so";
    refused(ErrorReason::AuditStopped, message, [])
}

/// A change is not made, or its outcome is not told, because that cannot be recorded.
#[must_use]
pub fn change_not_audited(why: &NotAudited, fate: Fate) -> Status {
    match (why, fate) {
        (NotAudited::Full(_), _) => storage_full(fate),
        (NotAudited::Failed(_), _) => storage_failed(fate),
        (NotAudited::Broken(_), Fate::NotStored) => audit_stopped(),
        (NotAudited::Broken(_), Fate::NotKnown) => super::writing_stopped(fate),
    }
}

/// An answer is not given, because it cannot be recorded in time.
#[must_use]
pub fn answer_not_audited(why: &NotAudited) -> Status {
    match why {
        NotAudited::Full(_) => {
            let message = "the answer is not given: the disk is full, so the call cannot be recorded in the audit log; the operator has to make \
                           space; ask again after the delay in RetryInfo";
            retry(ErrorReason::StorageFull, message, RETRY_STORAGE_FULL)
        }
        NotAudited::Failed(_) => {
            let message = "the answer is not given: the disk or the system of the service failed, so the call cannot be recorded in the audit \
                           log; ask again after the delay in RetryInfo";
            retry(ErrorReason::StorageFailed, message, RETRY_STORAGE_FAILED)
        }
        NotAudited::Broken(_) => audit_stopped(),
    }
}
