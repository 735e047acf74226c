//! Releases: the engine's to the contract's messages.

use std::sync::Arc;

use tonic::Status;

use super::{int, query_error, submission};
use crate::engine::query::no_release;
use crate::engine::{Engine, NewRelease, Release, ReleaseReason};
use crate::proto::v1;
use crate::rpc::status;

/// How the resource names of releases begin.
const RELEASES: &str = "releases/";

/// Resource name of a release.
pub(in crate::rpc) fn name(id: &str) -> String {
    format!("{RELEASES}{id}")
}

/// The release of a resource name, which is a field of a request.
pub(in crate::rpc) fn named(
    engine: &Engine,
    name: &str,
    field: &str,
) -> Result<Arc<Release>, Status> {
    let id = name.strip_prefix(RELEASES).filter(|id| !id.is_empty());
    let wrong = || {
        status::field_invalid(field, "must be `releases/{release_id}`, such as `releases/2026-11`")
    };
    let id = id.ok_or_else(wrong)?;
    let missing = || query_error(no_release(&engine.store().catalog(), field, id));
    engine.release(id).ok_or_else(missing)
}

/// A release.
pub(in crate::rpc) fn release(of: &Release) -> v1::Release {
    v1::Release {
        name: name(&of.id),
        release_id: of.id.to_string(),
        shown_position: int(of.shown),
        reason: reason(of.reason).into(),
        create_time: Some(submission::timestamp(of.time_millis)),
        position: int(of.position),
        closed_month: of.closed.to_string(),
        least_changed_organisation_count: i32::try_from(of.least).unwrap_or(i32::MAX),
    }
}

/// A release as it would be made: it has no place and no time yet.
pub(in crate::rpc) fn foreseen(of: &NewRelease) -> v1::Release {
    v1::Release {
        name: name(&of.id),
        release_id: of.id.clone(),
        shown_position: int(of.shown),
        reason: reason(of.reason).into(),
        create_time: None,
        position: 0,
        closed_month: of.closed.to_string(),
        least_changed_organisation_count: i32::try_from(of.least).unwrap_or(i32::MAX),
    }
}

fn reason(of: ReleaseReason) -> v1::ReleaseReason {
    match of {
        ReleaseReason::PeriodClosed => v1::ReleaseReason::PeriodClosed,
        ReleaseReason::Schedule => v1::ReleaseReason::Schedule,
        ReleaseReason::Operator => v1::ReleaseReason::Operator,
    }
}
