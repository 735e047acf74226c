//! Submissions and receipts as the contract has them.

use prost_types::Timestamp;

use super::{int, name};
use crate::domain::collection::Dataset;
use crate::domain::submission::{Draft, Header, RowProblem};
use crate::engine::Version;
use crate::proto::store;
use crate::proto::v1;

/// Problems that a receipt carries, at most.
pub(in crate::rpc) const IN_RECEIPT: usize = 100;

/// A dataset as the contract has it.
pub(in crate::rpc) fn dataset(dataset: Dataset) -> v1::Dataset {
    match dataset {
        Dataset::Consultations => v1::Dataset::Consultations,
        Dataset::Populations => v1::Dataset::Populations,
        Dataset::DigitalAccess => v1::Dataset::DigitalAccess,
        Dataset::Estimates => v1::Dataset::Estimates,
    }
}

/// A submission, and what stands of it.
pub(in crate::rpc) fn submission(version: &Version, is_last: bool) -> v1::Submission {
    let submission = &version.submission;
    let state = match (version.withdrawn, is_last) {
        (Some(_), _) => v1::SubmissionState::Withdrawn,
        (None, true) => v1::SubmissionState::Current,
        (None, false) => v1::SubmissionState::Replaced,
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
        accepted_count: int(submission.accepted_count),
        rejected_count: int(submission.rejected_count),
        total_count: int(submission.total_count),
        state: state.into(),
        request_id: submission.request_id.clone(),
        collected_characteristics: submission.collected.clone(),
    }
}

/// What a submission would be that was only checked.
pub(in crate::rpc) fn checked(header: &Header, draft: &Draft) -> v1::Receipt {
    let submission = v1::Submission {
        organisation: header.organisation.clone(),
        collection: header.collection.clone(),
        dataset: dataset(header.dataset).into(),
        month: header.month.to_string(),
        content_hash: hex(&draft.content_hash),
        accepted_count: int(draft.accepted_count),
        rejected_count: int(draft.rejected_count),
        total_count: int(draft.total_count),
        request_id: header.request_id.clone(),
        collected_characteristics: header.collected.iter().map(|f| f.name().to_owned()).collect(),
        ..v1::Submission::default()
    };
    v1::Receipt {
        submission: Some(submission),
        problems: draft.problems.iter().take(IN_RECEIPT).map(problem).collect(),
        validated_only: true,
        ..v1::Receipt::default()
    }
}

/// A row problem.
pub(in crate::rpc) fn problem(problem: &RowProblem) -> v1::RowProblem {
    v1::RowProblem {
        row_index: int(problem.row_index),
        field: problem.field.clone(),
        value: problem.value.clone(),
        expected: problem.expected.clone(),
        nearest: problem.nearest.clone(),
    }
}

/// A row problem that was stored.
pub(in crate::rpc) fn stored_problem(problem: store::RowProblem) -> v1::RowProblem {
    v1::RowProblem {
        row_index: int(problem.row_index),
        field: problem.field,
        value: problem.value,
        expected: problem.expected,
        nearest: problem.nearest,
    }
}

/// An instant.
pub(in crate::rpc) fn timestamp(millis: u64) -> Timestamp {
    Timestamp {
        seconds: int(millis / 1000),
        nanos: i32::try_from(millis % 1000).unwrap_or(0) * 1_000_000,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
