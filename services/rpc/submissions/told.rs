//! What a partner's own systems are told of a submission that was refused.

use std::sync::Arc;

use tonic::Status;
use tonic_types::StatusExt as _;

use crate::domain::submission::Header;
use crate::engine::delivery::RefusedSubmission;
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
    for violation in details.bad_request().iter().flat_map(|bad| &bad.field_violations) {
        *about.problems.entry(of_any_row(&violation.field)).or_default() += 1;
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

/// The path of a field without the number of its row: `records[17].person.sex` is `person.sex`.
fn of_any_row(path: &str) -> String {
    let field = path.strip_prefix("records[").and_then(|rest| rest.split_once("]."));
    field.map_or(path, |(_, field)| field).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_of_its_field_in_any_row() {
        for (path, field) in [
            ("records[17].person.sex", "person.sex"),
            ("records[17]", "records[17]"),
            ("header.month", "header.month"),
        ] {
            assert_eq!(of_any_row(path), field);
        }
    }
}
