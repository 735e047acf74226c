//! Questions about face-to-face provision and about the impact of channels, and their tables.

use tonic::Status;

use super::assessment::assessment;
use super::context::{absence, context, indicator, interval, key, share};
use super::int;
use super::query::query;
use crate::domain::reference::Reference;
use crate::engine::answer::{
    Conversion, ImpactQuestion, ImpactRow, ImpactTable, ModeDifference, ProvisionGroup,
    ProvisionQuestion, ProvisionRow, ProvisionTable, Sources,
};
use crate::engine::query::{Denominator, Measure};
use crate::proto::v1;

/// A question about face-to-face provision.
pub(in crate::rpc) fn provision(
    reference: &Reference,
    request: &v1::GetFaceToFaceProvisionRequest,
) -> Result<ProvisionQuestion, Status> {
    let query = query(reference, request.query.as_ref())?;
    Ok(ProvisionQuestion { query, access_collection: request.access_collection.clone() })
}

/// A table of face-to-face provision.
pub(in crate::rpc) fn provision_table(
    question: &ProvisionQuestion,
    table: ProvisionTable,
) -> v1::FaceToFaceProvision {
    let (query, full) = (&question.query, question.query.full);
    v1::FaceToFaceProvision {
        context: Some(context(table.context, query, Measure::Contacts, Denominator::KnownOnly)),
        dimensions: table.dimensions,
        rows: table.rows.into_iter().map(|row| provision_row(row, full)).collect(),
        sources: Some(sources(table.sources)),
    }
}

fn provision_row(row: ProvisionRow, full: bool) -> v1::ProvisionRow {
    v1::ProvisionRow {
        keys: row.keys.into_iter().map(key).collect(),
        groups: row.groups.into_iter().map(|of| group(of, full)).collect(),
    }
}

fn group(of: ProvisionGroup, full: bool) -> v1::ProvisionGroup {
    v1::ProvisionGroup {
        group: of.group.name().into(),
        label: of.group.label().into(),
        contact_count: int(of.counts.contacts),
        in_person_count: int(of.counts.in_person),
        remote_count: int(of.counts.remote),
        indicators: of.indicators.into_iter().map(|cell| indicator(cell, full)).collect(),
    }
}

fn sources(sources: Sources) -> v1::AccessStatusSources {
    v1::AccessStatusSources {
        record_count: int(sources.record),
        snapshot_count: int(sources.snapshot),
        unknown_count: int(sources.unknown),
        access_collection: sources.collection,
    }
}

/// A question about the impact of channels.
pub(in crate::rpc) fn impact(
    reference: &Reference,
    request: &v1::GetChannelImpactRequest,
) -> Result<ImpactQuestion, Status> {
    let query = query(reference, request.query.as_ref())?;
    Ok(ImpactQuestion { query, late_counts_as_missed: request.late_counts_as_missed })
}

/// A table of the impact of channels.
pub(in crate::rpc) fn impact_table(
    question: &ImpactQuestion,
    table: ImpactTable,
) -> v1::ChannelImpact {
    let (query, full) = (&question.query, question.query.full);
    v1::ChannelImpact {
        context: Some(v1::BreakdownContext {
            late_counts_as_missed: question.late_counts_as_missed,
            ..context(table.context, query, Measure::Contacts, Denominator::KnownOnly)
        }),
        dimensions: table.dimensions,
        rows: table.rows.into_iter().map(|row| impact_row(row, full)).collect(),
        assessments: table
            .assessments
            .into_iter()
            .map(|(about, said)| assessment(&about, said))
            .collect(),
    }
}

fn impact_row(row: ImpactRow, full: bool) -> v1::ImpactRow {
    v1::ImpactRow {
        keys: row.keys.into_iter().map(key).collect(),
        outcomes: row.outcomes.into_iter().map(|outcome| difference(outcome, full)).collect(),
        conversion: Some(conversion(row.conversion, full)),
    }
}

fn difference(outcome: ModeDifference, full: bool) -> v1::ModeDifference {
    let (found, why) = match outcome.difference {
        Ok(found) => (Some(interval(found, full)), None),
        Err(why) => (None, Some(absence(why))),
    };
    v1::ModeDifference {
        indicator: outcome.indicator.into(),
        in_person: Some(indicator(outcome.in_person, full)),
        remote: Some(indicator(outcome.remote, full)),
        difference: found,
        absence: why,
    }
}

fn conversion(of: Conversion, full: bool) -> v1::Conversion {
    let (found, why) = match of.share {
        Ok(found) => (Some(share(found, full)), None),
        Err(why) => (None, Some(absence(why))),
    };
    v1::Conversion {
        remote_count: int(of.remote),
        followed_count: int(of.followed),
        not_computable_count: int(of.not_computable),
        share: found,
        absence: why,
    }
}
