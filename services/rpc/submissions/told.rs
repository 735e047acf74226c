//! What a partner's own systems are told of a submission that was refused.

use std::sync::Arc;

use tonic::Status;
use tonic_types::StatusExt as _;

use crate::domain::submission::Header;
use crate::engine::delivery::RefusedSubmission;
use crate::engine::intake::Refused;
use crate::rpc::Service;
use crate::rpc::telemetry::projector;

/// What the header of a submission says.
pub(super) fn about(header: &Header) -> RefusedSubmission {
    RefusedSubmission {
        request_id: header.request_id.clone(),
        collection: header.collection.clone(),
        organisation: header.organisation.clone(),
        month: header.month.to_string(),
        is_check: header.validate_only,
        ..RefusedSubmission::default()
    }
}

/// Notes every problem of the rows that were refused.
pub(super) fn note(about: &mut RefusedSubmission, refused: &Refused) {
    if let Refused::Rows(rows) | Refused::StoredBefore(_, rows) = refused {
        for (field, codes) in &rows.by_code {
            for (code, count) in codes {
                about.problems.insert((field.clone(), code.name().to_owned()), *count);
            }
        }
    }
}

/// Adds the event of a refusal to the outbox, if its sender gets telemetry. The refusal is sent whatever comes of that.
pub(super) async fn refused(service: &Service, mut about: RefusedSubmission, status: &Status) {
    let engine = Arc::clone(&service.engine);
    let gets_telemetry = || {
        let reference = engine.reference();
        reference.partners().named(&about.partner).is_some_and(|of| of.telemetry.is_some())
    };
    if about.is_check || engine.delivery().is_none() || !gets_telemetry() {
        return;
    }
    let details = status.get_error_details();
    if let Some(info) = details.error_info() {
        about.reason.clone_from(&info.reason);
        let count = info.metadata.get("problem_count").and_then(|count| count.parse().ok());
        about.problem_count = count.unwrap_or(0);
    }
    // A status names the first problems of rows alone: those have been counted already.
    if about.problems.is_empty() {
        for violation in details.bad_request().iter().flat_map(|bad| &bad.field_violations) {
            let problem = (violation.field.clone(), about.reason.clone());
            *about.problems.entry(problem).or_default() += 1;
        }
    }
    let added = tokio::task::spawn_blocking(move || {
        let Some(delivery) = engine.delivery() else { return Ok(()) };
        projector(delivery).refused(&engine, &delivery.outbox, &about)
    });
    match added.await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            tracing::error!(%error, "a partner's telemetry is not told of a refused submission");
        }
        Err(error) => {
            tracing::error!(%error, "a partner's telemetry is not told of a refused submission");
        }
    }
}
