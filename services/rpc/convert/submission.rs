//! Submissions and receipts as messages of the contract.

use prost_types::Timestamp;

use super::estimate::source;
use super::{int, name};
use crate::domain::collection::Dataset;
use crate::domain::submission::{Draft, Header, Reading, RowProblem};
use crate::engine::receipt::Foreseen;
use crate::engine::submissions::{StoredVersion, VersionState};
use crate::proto::v1;

/// The contract's number of a dataset.
pub(in crate::rpc) fn dataset(dataset: Dataset) -> v1::Dataset {
    match dataset {
        Dataset::Consultations => v1::Dataset::Consultations,
        Dataset::Populations => v1::Dataset::Populations,
        Dataset::DigitalAccess => v1::Dataset::DigitalAccess,
        Dataset::Estimates => v1::Dataset::Estimates,
        Dataset::IndicatorCounts => v1::Dataset::IndicatorCounts,
    }
}

/// A version of a submission, with its present state.
pub(in crate::rpc) fn submission(version: &StoredVersion) -> v1::Submission {
    let submission = &version.submission;
    let state = match version.state {
        VersionState::Current => v1::SubmissionState::Current,
        VersionState::Replaced => v1::SubmissionState::Replaced,
        VersionState::Withdrawn => v1::SubmissionState::Withdrawn,
        VersionState::Erased => v1::SubmissionState::Erased,
    };
    v1::Submission {
        name: name::of(submission),
        organisation: submission.organisation.to_string(),
        collection: submission.collection.to_string(),
        dataset: dataset(submission.slot.dataset).into(),
        month: submission.slot.month.to_string(),
        version: i64::from(submission.version),
        position: int(submission.position),
        accept_time: Some(timestamp(submission.time_millis)),
        content_hash: hex(&submission.content_hash),
        accepted_count: int(submission.slot.dataset.rows(submission.accepted_count)),
        rejected_count: int(submission.rejected_count),
        total_count: int(submission.total_count),
        suppressed_count: int(submission.suppressed_count),
        state: state.into(),
        request_id: submission.request_id.to_string(),
        collected_characteristics: submission
            .collected
            .iter()
            .map(|f| f.name().to_owned())
            .collect(),
        blank_count: int(submission.blank_count),
        readings: version.readings.iter().map(reading).collect(),
        source: submission.source.as_deref().map(source),
    }
}

/// A submission that was only validated: it has no name, version or position.
pub(in crate::rpc) fn validated(
    header: &Header,
    draft: &Draft,
    foreseen: Foreseen,
) -> v1::Submission {
    let of_draft = draft.estimates.as_ref().map(|of| &of.source);
    let taken = |count| if foreseen == Foreseen::Refused { 0 } else { int(count) };
    v1::Submission {
        organisation: header.organisation.clone(),
        collection: header.collection.clone(),
        dataset: dataset(header.dataset).into(),
        month: header.month.to_string(),
        content_hash: hex(&draft.content_hash),
        accepted_count: taken(header.dataset.rows(draft.accepted_count)),
        rejected_count: int(draft.rejected_count),
        total_count: taken(draft.total_count),
        suppressed_count: taken(draft.suppressed_count),
        request_id: header.request_id.clone(),
        collected_characteristics: header.collected.iter().map(|f| f.name().to_owned()).collect(),
        blank_count: int(draft.blank_count),
        readings: draft.readings.iter().map(reading).collect(),
        source: of_draft.or(header.source.as_deref()).map(source),
        ..v1::Submission::default()
    }
}

fn reading(reading: &Reading) -> v1::Reading {
    let Reading { field, how, value, read_as, count } = reading.clone();
    v1::Reading { field, how, value, read_as, count: int(count) }
}

/// A row problem, of a stored or only validated submission.
pub(in crate::rpc) fn problem(problem: RowProblem) -> v1::RowProblem {
    v1::RowProblem {
        row_index: int(problem.row_index),
        field: problem.field,
        value: problem.value,
        expected: problem.expected,
        nearest: problem.nearest,
    }
}

/// Milliseconds since 1970, in UTC.
pub(in crate::rpc) fn timestamp(millis: u64) -> Timestamp {
    Timestamp {
        seconds: int(millis / 1000),
        nanos: i32::try_from(millis % 1000).unwrap_or(0) * 1_000_000,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
