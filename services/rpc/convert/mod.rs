//! Messages of the contract to values of the domain and back: one file for each kind. All values behind this room are checked.

pub(super) mod assessment;
pub(super) mod breakdown;
pub(super) mod erasure;
pub(super) mod estimate;
#[cfg(test)]
mod fuzz_tests;
pub(super) mod header;
mod inequality;
pub(super) mod name;
mod people;
pub(super) mod publication;
mod quality;
pub(super) mod query;
pub(super) mod question;
pub(super) mod record;
pub(super) mod reference;
pub(super) mod release;
pub(super) mod submission;
pub(super) mod target;
pub(super) mod telemetry;
pub(super) mod trim;
mod wire;

use tonic::Status;
pub(super) use wire::Unreadable;

use super::status;
use crate::engine::{Missing, QueryError, StoreError};
use crate::proto::v1::ErrorReason;

/// The status of a question that is not answered.
pub(super) fn query_error(error: QueryError) -> Status {
    match error {
        QueryError::Field { field, description } => status::field_invalid(field, description),
        QueryError::NotFound { kind, name, message, .. } => {
            let (reason, word) = match kind {
                Missing::Area => (ErrorReason::AreaNotFound, "area"),
                Missing::Organisation => (ErrorReason::OrganisationNotFound, "organisation"),
                Missing::Collection => (ErrorReason::CollectionNotFound, "collection"),
                Missing::Dimension => (ErrorReason::DimensionNotFound, "dimension"),
                Missing::Category => (ErrorReason::CategoryNotFound, "category"),
                Missing::Indicator => (ErrorReason::IndicatorNotFound, "indicator"),
                Missing::Release => (ErrorReason::ReleaseNotFound, "release"),
                Missing::Submission => (ErrorReason::SubmissionNotFound, "submission"),
            };
            status::not_found(reason, word, &name, message)
        }
        QueryError::Several(all) => {
            status::fields_invalid(all.into_iter().map(QueryError::violation).collect())
        }
        QueryError::TooLarge { cells, limit, nearest } => {
            status::breakdown_too_large(cells, limit, nearest.as_deref())
        }
        QueryError::TooLong { bytes, limit } => status::answer_too_large(bytes, limit),
        QueryError::TooHeavy { bytes, limit } => status::question_too_heavy(bytes, limit),
        QueryError::Refused(nearest) => status::query_refused(nearest),
        QueryError::OutOfScope(why) => status::out_of_scope(why),
        QueryError::NotReached { asked, reached } => {
            status::position_not_reached(int(asked), int(reached))
        }
        QueryError::NoRelease => status::no_release(),
        QueryError::Future { asked, now } => status::time_not_reached(asked, now),
        QueryError::Late => status::deadline_exceeded(),
        QueryError::UnderWay => status::change_under_way(),
        QueryError::Store(error) => store_error(&error),
    }
}

/// The status of a store that cannot be read.
pub(super) fn store_error(error: &StoreError) -> Status {
    if error.is_of_the_system() {
        // Not damaged: the disk was full or failed, or the service may open no more files. sled is opened again when it answers.
        tracing::error!(%error, "the store cannot be read for now");
        return status::reading_failed();
    }
    let correlation = status::correlation_id();
    tracing::error!(%error, correlation, "the store could not be read");
    status::data_damaged(&correlation)
}

/// A count as the contract's `int64`.
pub(super) fn int(count: impl TryInto<i64>) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}
