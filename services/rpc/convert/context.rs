//! Contexts, keys, intervals, absences as the contract has them.

use super::int;
use crate::domain::codes::State;
use crate::domain::collection::{DataClass, Openness};
use crate::domain::statistics::Interval;
use crate::engine::answer::{
    Absence, Condition, Context, DimensionQuality, IndicatorCell, Key, Legend, Reason, Share,
};
use crate::engine::query::{Denominator, Measure, Query};
use crate::proto::v1;

/// A state; none is a category.
pub(in crate::rpc) fn state(state: Option<State>) -> v1::CategoryState {
    match state {
        None => v1::CategoryState::Known,
        Some(State::Any) => v1::CategoryState::Any,
        Some(State::None) => v1::CategoryState::None,
        Some(State::Coarser) => v1::CategoryState::Coarser,
        Some(State::NotStated) => v1::CategoryState::NotStated,
        Some(State::AskedUnsure) => v1::CategoryState::AskedUnsure,
        Some(State::NotKnown) => v1::CategoryState::NotKnown,
        Some(State::NotRecorded) => v1::CategoryState::NotRecorded,
        Some(State::NotApplicable) => v1::CategoryState::NotApplicable,
        Some(State::NotCollected) => v1::CategoryState::NotCollected,
        Some(State::Invalid) => v1::CategoryState::Invalid,
    }
}

pub(super) fn key(key: Key) -> v1::CategoryKey {
    v1::CategoryKey { dimension: key.dimension, code: key.code, state: state(key.state).into() }
}

pub(super) fn absence(absence: Absence) -> v1::Absence {
    let reason = match absence.reason {
        Reason::NoData => v1::AbsenceReason::NoData,
        Reason::NotCollected => v1::AbsenceReason::NotCollected,
        Reason::NotComputable => v1::AbsenceReason::NotComputable,
    };
    v1::Absence { reason: reason.into(), detail: absence.detail }
}

pub(super) fn interval(interval: Interval, full: bool) -> v1::Interval {
    v1::Interval {
        value: interval.value,
        lower: full.then_some(interval.lower),
        upper: full.then_some(interval.upper),
    }
}

/// A share, with the limits it has.
pub(super) fn share(share: Share, full: bool) -> v1::Interval {
    let limits = share.limits.filter(|_| full);
    v1::Interval {
        value: share.value,
        lower: limits.map(|(lower, _)| lower),
        upper: limits.map(|(_, upper)| upper),
    }
}

/// The cell of an indicator.
pub(super) fn indicator(cell: IndicatorCell, full: bool) -> v1::IndicatorCell {
    let (found, why) = match cell.share {
        Ok(found) => (Some(share(found, full)), None),
        Err(why) => (None, Some(absence(why))),
    };
    v1::IndicatorCell {
        indicator: cell.indicator,
        numerator_count: int(cell.tally.numerator),
        denominator_count: int(cell.tally.denominator),
        unknown_count: int(cell.tally.unknown),
        not_collected_count: int(cell.tally.not_collected),
        share: found,
        absence: why,
    }
}

/// Whether the data is about real people.
pub(in crate::rpc) fn data_class(class: DataClass) -> v1::DataClass {
    match class {
        DataClass::Real => v1::DataClass::Real,
        DataClass::Synthetic => v1::DataClass::Synthetic,
    }
}

/// Who may see exact figures.
pub(in crate::rpc) fn openness(openness: Openness) -> v1::Openness {
    match openness {
        Openness::Controlled => v1::Openness::Controlled,
        Openness::Open => v1::Openness::Open,
    }
}

pub(super) fn context(
    context: Context,
    query: &Query,
    measure: Measure,
    denominator: Denominator,
) -> v1::BreakdownContext {
    let basis = if context.residence { v1::AreaBasis::Residence } else { v1::AreaBasis::Provider };
    let small = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
    v1::BreakdownContext {
        collection: context.collection,
        data_class: data_class(context.data_class).into(),
        openness: openness(context.openness).into(),
        provenance: context.provenance,
        area: context.area,
        area_name: context.area_name,
        area_basis: basis.into(),
        first_month: context.first.to_string(),
        last_month: context.last.to_string(),
        measure: match measure {
            Measure::Contacts => v1::Measure::Contacts,
            Measure::AttendedContacts => v1::Measure::AttendedContacts,
            Measure::Persons => v1::Measure::Persons,
        }
        .into(),
        denominator: match denominator {
            Denominator::KnownOnly => v1::Denominator::KnownOnly,
            Denominator::All => v1::Denominator::All,
        }
        .into(),
        confidence_level: query.confidence.level(),
        limits_unit: if measure == Measure::Persons { "persons" } else { "consultations" }.into(),
        data_position: int(context.data_position),
        submission_count: small(context.submission_count),
        organisation_count: small(context.organisation_count),
        expected_organisation_count: small(context.expected_organisation_count),
        quality: context.quality.into_iter().map(quality).collect(),
        unattributed: context
            .unattributed
            .map(|(count, detail)| v1::Unattributed { count: int(count), detail }),
        legend: context.legend.into_iter().map(legend).collect(),
        notes: context.notes,
        empty: context.empty.map(absence),
        conditions: context.conditions.into_iter().map(condition).collect(),
        organisations: context
            .organisations
            .into_iter()
            .map(|(code, name)| v1::AskedOrganisation { code, name })
            .collect(),
        month_count: small(context.month_count),
        expected_month_count: small(context.expected_month_count),
        late_counts_as_missed: false,
    }
}

fn condition(condition: Condition) -> v1::AskedCondition {
    let (codes, code_labels) = condition.codes.into_iter().unzip();
    let Condition { dimension, label, .. } = condition;
    v1::AskedCondition { dimension, codes, label, code_labels }
}

fn quality(quality: DimensionQuality) -> v1::DimensionQuality {
    v1::DimensionQuality {
        dimension: quality.dimension,
        coverage_ratio: quality.coverage,
        unknown_ratio: quality.unknown,
    }
}

fn legend(legend: Legend) -> v1::LegendDimension {
    let category = |(code, label)| v1::LegendCategory { code, label };
    v1::LegendDimension {
        dimension: legend.dimension,
        label: legend.label,
        direction: legend.direction,
        overlapping: legend.overlapping,
        categories: legend.categories.into_iter().map(category).collect(),
    }
}
