//! Statuses of erasures.

use tonic::Status;

use super::details::{TEXT_BYTES, cut};
use super::refused;
use crate::proto::v1::ErrorReason;

/// Nothing is left of it to erase.
#[must_use]
pub fn already_erased(submission: &str) -> Status {
    let message = format!(
        "{} was erased before, so nothing is left to erase; ListErasures says when and why",
        cut(submission, TEXT_BYTES)
    );
    refused(ErrorReason::AlreadyErased, message, [("submission", submission.to_owned())])
}

/// No submission has records of the person. The key is not repeated.
#[must_use]
pub fn person_not_found() -> Status {
    let message = "no submission has records with this person_key in this person_key_scheme; check both: the key is the one that was sent, \
                   and the scheme is spelled as in the header of the submissions";
    refused(ErrorReason::PersonNotFound, message, [])
}
