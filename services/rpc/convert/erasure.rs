//! Erasures: the engine's to the contract's messages.

use super::{int, name, submission};
use crate::engine::{Erased, Erasure, ErasureKind};
use crate::proto::v1;

/// An erasure.
pub(in crate::rpc) fn erasure(of: &Erasure) -> v1::Erasure {
    let kind = match of.kind {
        ErasureKind::Submission => v1::ErasureKind::Submission,
        ErasureKind::Person => v1::ErasureKind::Person,
        ErasureKind::Retention => v1::ErasureKind::Retention,
        ErasureKind::Lost => v1::ErasureKind::Lost,
    };
    let submissions = of.versions.iter().map(|version| {
        let Erased { collection, organisation, slot, version, replaced_by } = version;
        let name = |version| name::parts((collection, organisation), *slot, version);
        let replaced_by = replaced_by.map(name).unwrap_or_default();
        v1::ErasedSubmission { submission: name(*version), replaced_by }
    });
    v1::Erasure {
        name: format!("erasures/{}", of.position),
        position: int(of.position),
        create_time: Some(submission::timestamp(of.time_millis)),
        kind: kind.into(),
        reason: of.reason.clone(),
        request_id: of.request_id.clone(),
        record_count: int(of.record_count),
        submissions: submissions.collect(),
    }
}
