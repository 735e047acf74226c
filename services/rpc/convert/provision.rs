//! Questions about face-to-face provision and about the impact of channels, and their tables.

use tonic::Status;

use super::assessment::assessment;
use super::context::{absence, context, indicator, interval, key, share};
use super::int;
use super::query::query;
use crate::domain::reference::Reference;
use crate::engine::answer::{
    Absence, Conversion, ImpactQuestion, ImpactRow, ImpactTable, MedianWait, ModeDifference,
    NeedSources, ProvisionGroup, ProvisionQuestion, ProvisionRow, ProvisionTable, Sources,
    WaitCell,
};
use crate::engine::query::{Denominator, Measure, TableKind};
use crate::proto::v1;
use crate::rpc::status;

/// A question about face-to-face provision.
pub(in crate::rpc) fn provision(
    reference: &Reference,
    request: &v1::GetFaceToFaceProvisionRequest,
) -> Result<ProvisionQuestion, Status> {
    let query = query(reference, TableKind::Consultations, request.query.as_ref())?;
    let access_collection = request.access_collection.clone();
    let request_met_days = match u32::try_from(request.request_met_days) {
        Ok(0) => REQUEST_MET_DAYS,
        Ok(days) if days <= MOST_DAYS => days,
        Ok(_) | Err(_) => {
            let why = format!("has to be 0 (which means {REQUEST_MET_DAYS}) to {MOST_DAYS} days");
            return Err(status::field_invalid("request_met_days", &why));
        }
    };
    Ok(ProvisionQuestion { query, access_collection, request_met_days })
}

/// Days within which a request is met where none are asked for: those of the published bands up to two weeks.
const REQUEST_MET_DAYS: u32 = 14;
/// The most days that can be between booking and appointment.
const MOST_DAYS: u32 = 3650;

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
        request_met_days: question.request_met_days.cast_signed(),
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
        contact_count: int(of.counts.members.numerator),
        in_person_count: int(of.counts.in_person),
        remote_count: int(of.counts.remote),
        indicators: of.indicators.into_iter().map(|cell| indicator(cell, full)).collect(),
        absence: of.absence.map(absence),
        unknown_count: int(of.counts.members.unknown),
        not_collected_count: int(of.counts.members.not_collected),
    }
}

/// Access status has fields of its own, as the first of the needs.
fn sources(sources: Sources) -> v1::AccessStatusSources {
    let mut needs = sources.needs.into_iter();
    let access = needs.next().unwrap_or_default();
    let need = |of: NeedSources| v1::NeedSources {
        dimension: of.dimension.into(),
        record_count: int(of.record),
        snapshot_count: int(of.snapshot),
        unknown_count: int(of.unknown),
    };
    v1::AccessStatusSources {
        record_count: int(access.record),
        snapshot_count: int(access.snapshot),
        unknown_count: int(access.unknown),
        access_collection: sources.collection,
        other_needs: needs.map(need).collect(),
    }
}

/// A question about the impact of channels.
pub(in crate::rpc) fn impact(
    reference: &Reference,
    request: &v1::GetChannelImpactRequest,
) -> Result<ImpactQuestion, Status> {
    let query = query(reference, TableKind::Consultations, request.query.as_ref())?;
    Ok(ImpactQuestion { query, late_counts_as_missed: request.late_counts_as_missed })
}

/// A table of the impact of channels.
pub(in crate::rpc) fn impact_table(
    question: &ImpactQuestion,
    table: ImpactTable,
) -> v1::ChannelImpact {
    let (query, full) = (&question.query, question.query.full);
    let (assessments, count) = table.assessments;
    v1::ChannelImpact {
        context: Some(v1::BreakdownContext {
            late_counts_as_missed: question.late_counts_as_missed,
            ..context(table.context, query, Measure::Contacts, Denominator::KnownOnly)
        }),
        dimensions: table.dimensions,
        rows: table.rows.into_iter().map(|row| impact_row(row, full)).collect(),
        assessments: assessments
            .into_iter()
            .map(|(about, said)| assessment(&about, said))
            .collect(),
        assessment_count: int(count as u64),
    }
}

fn impact_row(row: ImpactRow, full: bool) -> v1::ImpactRow {
    v1::ImpactRow {
        keys: row.keys.into_iter().map(key).collect(),
        outcomes: row.outcomes.into_iter().map(|outcome| difference(outcome, full)).collect(),
        conversion: Some(conversion(row.conversion, full)),
        wait: Some(wait(row.wait)),
    }
}

fn difference(outcome: ModeDifference, full: bool) -> v1::ModeDifference {
    let (found, why) = either(outcome.difference);
    v1::ModeDifference {
        indicator: outcome.indicator.into(),
        in_person: Some(indicator(outcome.in_person, full)),
        remote: Some(indicator(outcome.remote, full)),
        difference: found.map(|found| interval(found, full)),
        absence: why,
    }
}

fn wait(of: MedianWait) -> v1::MedianWait {
    let (difference_days, absence) = either(of.difference);
    v1::MedianWait {
        indicator: "CH-11-MEDIAN".into(),
        in_person: Some(wait_cell(of.in_person)),
        remote: Some(wait_cell(of.remote)),
        difference_days,
        absence,
    }
}

fn wait_cell(of: WaitCell) -> v1::WaitCell {
    let (median_days, absence) = either(of.median);
    v1::WaitCell {
        known_count: int(of.known),
        unknown_count: int(of.unknown),
        not_collected_count: int(of.not_collected),
        median_days,
        absence,
    }
}

fn conversion(of: Conversion, full: bool) -> v1::Conversion {
    let Conversion { in_person, remote, difference } = of;
    let (share_of_remote, why) = either(remote.share);
    let (share_in_person, in_person_absence) = either(in_person.share);
    let (difference, difference_absence) = either(difference);
    v1::Conversion {
        remote_count: int(remote.all),
        followed_count: int(remote.followed),
        not_computable_count: int(remote.not_computable),
        share: share_of_remote.map(|found| share(found, full)),
        absence: why,
        in_person_count: int(in_person.all),
        in_person_followed_count: int(in_person.followed),
        in_person_not_computable_count: int(in_person.not_computable),
        in_person_share: share_in_person.map(|found| share(found, full)),
        in_person_absence,
        difference: difference.map(|found| interval(found, full)),
        difference_absence,
        same_day_count: int(remote.same_day),
        in_person_same_day_count: int(in_person.same_day),
    }
}

/// A figure, or why there is none.
fn either<T>(figure: Result<T, Absence>) -> (Option<T>, Option<v1::Absence>) {
    match figure {
        Ok(found) => (Some(found), None),
        Err(why) => (None, Some(absence(why))),
    }
}
