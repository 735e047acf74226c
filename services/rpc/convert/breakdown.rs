//! An answer as the contract has it: one shape for every table.

use super::assessment::assessment;
use super::{estimate, int};
use crate::domain::codes::State;
use crate::domain::collection::{DataClass, Openness};
use crate::domain::indicator::Unit;
use crate::engine::answer::{
    Absence, Cell, Column, Condition, DimensionQuality, Key, Legend, Protected, Provenance, Reason,
    Row,
};
use crate::engine::query::{Denominator, Measure};
use crate::proto::v1;

/// An answer.
pub(in crate::rpc) fn breakdown(answer: &Protected) -> v1::Breakdown {
    let beside = answer.beside();
    let assessments = beside.assessments.iter().cloned();
    v1::Breakdown {
        context: Some(context(answer.provenance())),
        dimensions: answer.provenance().dimensions.iter().map(legend).collect(),
        columns: answer.columns().iter().map(column).collect(),
        rows: answer.rows().iter().map(row).collect(),
        estimates: beside.estimates.iter().cloned().map(estimate::published).collect(),
        assessments: assessments.map(|(about, said)| assessment(&about, said)).collect(),
        assessment_count: int(beside.assessment_count as u64),
    }
}

fn column(column: &Column) -> v1::Column {
    v1::Column {
        id: column.id.clone(),
        indicator: column.indicator.clone(),
        label: column.label.clone(),
        unit: unit(column.unit).into(),
        group: keys(&column.group),
        group_labels: words(&column.group),
        not_for_targets: column.not_for_targets,
    }
}

fn row(row: &Row) -> v1::Row {
    v1::Row { keys: keys(&row.keys), cells: row.cells.iter().map(cell).collect() }
}

fn cell(cell: &Cell) -> v1::Cell {
    let (figure, counts) = (cell.figure.as_ref().ok(), cell.counts);
    let limits = figure.and_then(|figure| figure.limits);
    v1::Cell {
        value: figure.map(|figure| figure.value),
        lower: limits.map(|(lower, _)| lower),
        upper: limits.map(|(_, upper)| upper),
        numerator_count: counts.numerator.map(int),
        denominator_count: counts.denominator.map(int),
        unknown_count: counts.unknown.map(int),
        not_collected_count: counts.not_collected.map(int),
        outside_count: counts.outside.map(int),
        absence: cell.figure.as_ref().err().map(absence),
    }
}

/// Keys of a row, or the group of a column.
pub(in crate::rpc) fn keys(keys: &[Key]) -> Vec<v1::CategoryKey> {
    let key = |key: &Key| v1::CategoryKey {
        dimension: key.dimension.to_string(),
        code: key.code.clone(),
        state: state(key.state).into(),
    };
    keys.iter().map(key).collect()
}

/// Words for each key; none at all where the answer is without words.
fn words(keys: &[Key]) -> Vec<String> {
    let is_worded = keys.iter().any(|key| !key.label.is_empty());
    keys.iter().filter(|_| is_worded).map(|key| key.label.clone()).collect()
}

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

/// A unit.
pub(in crate::rpc) fn unit(unit: Unit) -> v1::Unit {
    match unit {
        Unit::Count => v1::Unit::Count,
        Unit::Ratio => v1::Unit::Ratio,
        Unit::Per1000Month => v1::Unit::Per1000Month,
        Unit::Score => v1::Unit::Score,
        Unit::Difference => v1::Unit::Difference,
        Unit::Days => v1::Unit::Days,
    }
}

/// A reason for an absence.
pub(in crate::rpc) fn absence(absence: &Absence) -> v1::Absence {
    let reason = match absence.reason {
        Reason::NoData => v1::AbsenceReason::NoData,
        Reason::NotCollected => v1::AbsenceReason::NotCollected,
        Reason::NotComputable => v1::AbsenceReason::NotComputable,
    };
    v1::Absence { reason: reason.into(), detail: absence.detail.clone() }
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

/// What is counted.
pub(in crate::rpc) fn measure(measure: Measure) -> v1::Measure {
    match measure {
        Measure::Contacts => v1::Measure::Contacts,
        Measure::AttendedContacts => v1::Measure::AttendedContacts,
        Measure::Persons => v1::Measure::Persons,
    }
}

/// What shares are shares of.
pub(in crate::rpc) fn denominator(denominator: Denominator) -> v1::Denominator {
    match denominator {
        Denominator::KnownOnly => v1::Denominator::KnownOnly,
        Denominator::All => v1::Denominator::All,
    }
}

/// Whether an area means where care is given or where people live.
pub(in crate::rpc) fn area_basis(residence: bool) -> v1::AreaBasis {
    if residence { v1::AreaBasis::Residence } else { v1::AreaBasis::Provider }
}

/// Confidence level of the limits; 0 if there are none.
pub(in crate::rpc) fn confidence_level(of: &Provenance) -> f64 {
    if of.settings.has_limits { of.confidence } else { 0.0 }
}

/// A number of submissions, organisations or months.
pub(in crate::rpc) fn small(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

fn context(of: &Provenance) -> v1::BreakdownContext {
    let persons = of.settings.measure == Measure::Persons;
    let limits_unit = if persons { "persons" } else { "consultations" };
    let month = |of: Option<crate::domain::period::Month>| of.map(|month| month.to_string());
    v1::BreakdownContext {
        table: of.table.to_owned(),
        title: of.title.to_owned(),
        collection: of.collection.clone(),
        data_class: data_class(of.data_class).into(),
        openness: openness(of.openness).into(),
        provenance: of.provenance.clone(),
        area: of.area.clone(),
        area_name: of.area_name.clone(),
        area_type: of.area_type.clone(),
        area_basis: area_basis(of.residence).into(),
        organisations: of
            .organisations
            .iter()
            .map(|(code, name)| v1::AskedOrganisation { code: code.clone(), name: name.clone() })
            .collect(),
        first_month: month(of.months.map(|(first, _)| first)).unwrap_or_default(),
        last_month: month(of.months.map(|(_, last)| last)).unwrap_or_default(),
        conditions: of.conditions.iter().map(condition).collect(),
        measure: measure(of.settings.measure).into(),
        denominator: denominator(of.settings.denominator).into(),
        confidence_level: confidence_level(of),
        limits_unit: if of.settings.has_limits { limits_unit } else { "" }.to_owned(),
        parameters: of
            .parameters
            .iter()
            .map(|(name, value)| v1::Parameter { name: (*name).to_owned(), value: value.clone() })
            .collect(),
        statements: of.settings.statements.iter().map(|of| (*of).to_owned()).collect(),
        ecological: of.settings.ecological,
        sources: of.sources.iter().map(estimate::source).collect(),
        notes: of.notes.clone(),
        empty: of.empty.as_ref().map(absence),
        quality: of.quality.iter().map(quality).collect(),
        unattributed: of
            .unattributed
            .as_ref()
            .map(|(count, detail)| v1::Unattributed { count: int(*count), detail: detail.clone() }),
        data_position: int(of.data_position),
        submission_count: small(of.submission_count),
        organisation_count: small(of.organisation_count),
        expected_organisation_count: small(of.expected_organisation_count),
        month_count: small(of.month_count),
        expected_month_count: small(of.expected_month_count),
    }
}

fn condition(condition: &Condition) -> v1::AskedCondition {
    let (codes, code_labels) = condition.codes.iter().cloned().unzip();
    let Condition { dimension, label, .. } = condition.clone();
    v1::AskedCondition { dimension, codes, label, code_labels }
}

fn quality(quality: &DimensionQuality) -> v1::DimensionQuality {
    v1::DimensionQuality {
        dimension: quality.dimension.clone(),
        coverage_ratio: quality.coverage,
        unknown_ratio: quality.unknown,
    }
}

fn legend(legend: &Legend) -> v1::LegendDimension {
    let categories = legend.categories.iter().cloned();
    v1::LegendDimension {
        dimension: legend.dimension.clone(),
        label: legend.label.clone(),
        direction: legend.direction.clone(),
        overlapping: legend.overlapping,
        categories: categories.map(|(code, label)| v1::LegendCategory { code, label }).collect(),
    }
}
