//! Statuses of published tables.

use tonic::Status;

use super::details::{TEXT_BYTES, cut};
use super::{RETRY_OVERLOADED, refused, retry};
use crate::proto::v1::ErrorReason;

/// No publication of a release is safe.
#[must_use]
pub fn publication_refused(why: &str) -> Status {
    let message = format!("nothing is published: {}", cut(why, TEXT_BYTES));
    refused(ErrorReason::PublicationRefused, message, [])
}

/// The tables of a release are still being proven.
#[must_use]
pub fn publication_under_way(release: &str) -> Status {
    let message = format!(
        "the service still proves that the tables of release `{}` are safe, which may take minutes; ask again after the delay in RetryInfo",
        cut(release, TEXT_BYTES)
    );
    retry(ErrorReason::PublicationUnderWay, &message, RETRY_OVERLOADED)
}
