//! Resource names of submissions.

use tonic::Status;

use crate::domain::collection::Dataset;
use crate::engine::submissions::VersionName;
use crate::engine::{Slot, Submission};
use crate::rpc::status;

/// Reads the name of a submission, which `field` of the request gives.
pub(in crate::rpc) fn version_name<'a>(
    field: &str,
    name: &'a str,
) -> Result<VersionName<'a>, Status> {
    let parts: Vec<_> = name.trim().split('/').collect();
    let parsed = || match parts.as_slice() {
        [
            "collections",
            collection,
            "organisations",
            organisation,
            "datasets",
            dataset,
            "months",
            month,
            "versions",
            version,
        ] => Some(VersionName {
            collection,
            organisation,
            dataset: Dataset::ALL.into_iter().find(|d| d.slug() == *dataset)?,
            month: month.parse().ok()?,
            // One spelling of a number is the name: not `+1`, not `01`.
            version: version.parse().ok().filter(|n: &u32| n.to_string() == *version)?,
        }),
        _ => None,
    };
    let expected = "collections/{collection}/organisations/{organisation}/datasets/{consultations|populations|digital-access|estimates}/months/{2020-04}/versions/{1}";
    parsed().ok_or_else(|| {
        status::field_invalid(
            field,
            format!("must have the form {expected}; ListSubmissions gives names"),
        )
    })
}

/// The name of a submission.
pub(in crate::rpc) fn of(submission: &Submission) -> String {
    let Submission { collection, organisation, slot, version, .. } = submission;
    parts((collection, organisation), *slot, *version)
}

/// The name of a version of a slot.
pub(super) fn parts((collection, organisation): (&str, &str), slot: Slot, version: u32) -> String {
    let (dataset, month) = (slot.dataset.slug(), slot.month);
    format!(
        "collections/{collection}/organisations/{organisation}/datasets/{dataset}/months/{month}/versions/{version}"
    )
}
