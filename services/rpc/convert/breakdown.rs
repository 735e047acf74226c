//! An answer as a message of the contract: one shape for every table.

use super::assessment::assessment;
use super::{estimate, int};
use crate::domain::codes::State;
use crate::domain::collection::{DataClass, Openness};
use crate::domain::disclosure::{ProfileName, Protection};
use crate::domain::indicator::Unit;
use crate::domain::period::Month;
use crate::domain::statistics::Verdict;
use crate::engine::answer::{
    Absence, Cell, Column, Condition, CountedSource, DataQuality, Key, Legend, Protected,
    Provenance, Reason, Row,
};
use crate::engine::query::{Denominator, Measure};
use crate::proto::v1;

/// The message of an answer, in parts that together are the message: context, dimensions and columns; each row; what is beside them.
pub(in crate::rpc) fn parts(answer: &Protected) -> impl Iterator<Item = v1::Breakdown> {
    let beside = answer.beside();
    let assessments = beside.assessments.iter().cloned();
    let first = v1::Breakdown {
        context: Some(context(answer.provenance())),
        dimensions: answer.provenance().dimensions.iter().map(legend).collect(),
        columns: answer.columns().iter().map(column).collect(),
        ..v1::Breakdown::default()
    };
    let of_row = |of: &Row| v1::Breakdown { rows: vec![row(of)], ..v1::Breakdown::default() };
    let last = v1::Breakdown {
        estimates: beside.estimates.iter().cloned().map(estimate::published).collect(),
        assessments: assessments.map(|(about, said)| assessment(&about, said)).collect(),
        assessment_count: int(beside.assessment_count as u64),
        ..v1::Breakdown::default()
    };
    std::iter::once(first).chain(answer.rows().iter().map(of_row)).chain([last])
}

/// What the figures of a column are.
pub(in crate::rpc) fn column(column: &Column) -> v1::Column {
    v1::Column {
        id: column.id.clone(),
        indicator: column.indicator.clone(),
        label: column.label.clone(),
        unit: unit(column.unit).into(),
        group: keys(&column.group),
        group_labels: labels(&column.group),
        not_for_targets: column.not_for_targets,
    }
}

/// Labels of a group; none in the basic view.
fn labels(group: &[Key]) -> Vec<String> {
    let named = group.iter().any(|key| !key.label.is_empty());
    group.iter().filter(|_| named).map(|key| key.label.clone()).collect()
}

fn row(row: &Row) -> v1::Row {
    v1::Row {
        keys: keys(&row.keys),
        cells: row.cells.iter().map(cell).collect(),
        sentence: Some(row.sentence.clone()).filter(|sentence| !sentence.is_empty()),
        source_table: Some(row.source_table.to_owned()).filter(|table| !table.is_empty()),
    }
}

/// A figure with its counts, or why there is none.
pub(in crate::rpc) fn cell(cell: &Cell) -> v1::Cell {
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
        verdict: cell.verdict.map(|of| verdict(of).into()),
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

/// Values that the contract names as the domain does.
macro_rules! alike {
    ($($(#[$doc:meta])* $name:ident: $of:ident => $to:ident { $($value:ident),* };)*) => {$(
        $(#[$doc])*
        pub(in crate::rpc) fn $name(value: $of) -> v1::$to {
            match value {
                $($of::$value => v1::$to::$value),*
            }
        }
    )*};
}

alike! {
    /// The unit of a column.
    unit: Unit => Unit {
        Count, Ratio, Per1000Month, Score, Difference, Days, Times, Index, Percent
    };
    /// Whether the data is about real people.
    data_class: DataClass => DataClass { Real, Synthetic };
    /// Who may see exact figures.
    openness: Openness => Openness { Controlled, Open };
    /// What is counted.
    measure: Measure => Measure { Contacts, AttendedContacts, Persons };
    /// What shares of channels are shares of.
    denominator: Denominator => Denominator { KnownOnly, All };
    /// Why there is no figure.
    reason: Reason => AbsenceReason { NoData, NotCollected, NotComputable, Suppressed, Withheld, Erased };
    /// What a comparison comes to.
    verdict: Verdict => Verdict {
        Better, Similar, Worse, Higher, Lower, Increasing, Decreasing, NoChange, LevelledUp, LevelledDown, Narrowed, Widened,
        Met, OnTrack, OffTrack, NotMeasurable
    };
    /// The profile of a reader.
    profile: ProfileName => Profile { Internal, Partner, Public };
    /// What the code of a key stands for if it is no category.
    no_category: State => CategoryState {
        Any, None, Coarser, NotStated, AskedUnsure, NotKnown, NotRecorded, NotApplicable, NotCollected, Invalid
    };
}

/// The state of a key; `None` is a category.
pub(in crate::rpc) fn state(state: Option<State>) -> v1::CategoryState {
    state.map_or(v1::CategoryState::Known, no_category)
}

/// Why there is no figure, with its sentence.
pub(in crate::rpc) fn absence(absence: &Absence) -> v1::Absence {
    v1::Absence { reason: reason(absence.reason).into(), detail: absence.detail.clone() }
}

/// A number of submissions, organisations or months.
fn small(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// What an answer is about, and which data it was computed from.
pub(in crate::rpc) fn context(of: &Provenance) -> v1::BreakdownContext {
    let (confidence_level, limits_unit) = of.limits().unwrap_or_default();
    let area_basis = if of.residence { v1::AreaBasis::Residence } else { v1::AreaBasis::Provider };
    let (first, last) = of.months.unzip();
    let month = |month: Option<Month>| month.map_or_else(String::new, |month| month.to_string());
    let organisation = |(code, name)| v1::AskedOrganisation { code, name };
    let parameter = |(name, value): (&str, _)| v1::Parameter { name: name.to_owned(), value };
    let unattributed = |(n, detail): (u64, _)| v1::Unattributed { count: int(n), detail };
    v1::BreakdownContext {
        table: of.table.to_owned(),
        title: of.title.to_owned(),
        collection: of.collection.clone(),
        data_class: data_class(of.data_class).into(),
        openness: openness(of.openness).into(),
        provenance: of.source_line(),
        counted: of.counted.iter().map(counted).collect(),
        area: of.area.clone(),
        area_name: of.area_name.clone(),
        area_type: of.area_type.clone(),
        area_basis: area_basis.into(),
        organisations: of.organisations.iter().cloned().map(organisation).collect(),
        first_month: month(first),
        last_month: month(last),
        conditions: of.conditions.iter().map(condition).collect(),
        measure: measure(of.settings.measure).into(),
        denominator: denominator(of.settings.denominator).into(),
        confidence_level,
        limits_unit: limits_unit.to_owned(),
        parameters: of.parameters.iter().cloned().map(parameter).collect(),
        statements: of.settings.statements.iter().map(|of| (*of).to_owned()).collect(),
        ecological: of.settings.ecological,
        sources: of.sources.iter().map(estimate::source).collect(),
        notes: of.notes.clone(),
        empty: of.empty.as_ref().map(absence),
        quality: of.quality.iter().map(quality).collect(),
        unattributed: of.unattributed.clone().map(unattributed),
        data_position: int(of.data_position),
        submission_count: small(of.submission_count),
        organisation_count: small(of.organisation_count),
        expected_organisation_count: small(of.expected_organisation_count),
        month_count: small(of.month_count),
        expected_month_count: small(of.expected_month_count),
        disclosure: disclosure(of),
        release: of.release.clone(),
    }
}

/// Where some of the counted submissions come from.
fn counted(of: &CountedSource) -> v1::CountedSource {
    v1::CountedSource {
        collection: of.collection.clone(),
        source: of.source.as_deref().map(estimate::source),
        first_month: of.months.0.to_string(),
        last_month: of.months.1.to_string(),
        submission_count: small(of.submission_count),
    }
}

/// What disclosure control did to an answer.
fn disclosure(of: &Provenance) -> Option<v1::Disclosure> {
    let (held_to, protection) = of.profile.as_ref().zip(of.protection.as_ref())?;
    let method = match protection {
        Protection::Exact => v1::ProtectionMethod::Exact,
        Protection::Perturbed(_) => v1::ProtectionMethod::Perturbed,
        Protection::Rounded => v1::ProtectionMethod::Rounded,
    };
    Some(v1::Disclosure {
        profile: profile(held_to.name).into(),
        profile_version: held_to.version.clone(),
        method: method.into(),
        withheld_cell_count: small(of.withheld_count),
    })
}

fn condition(condition: &Condition) -> v1::AskedCondition {
    let (codes, code_labels) = condition.codes.iter().cloned().unzip();
    let Condition { dimension, label, .. } = condition.clone();
    v1::AskedCondition { dimension, codes, label, code_labels }
}

fn quality((dimension, of): &(String, DataQuality)) -> v1::DimensionQuality {
    let (dimension, coverage_ratio, unknown_ratio) = (dimension.clone(), of.coverage, of.unknown);
    v1::DimensionQuality { dimension, coverage_ratio, unknown_ratio }
}

fn legend(legend: &Legend) -> v1::LegendDimension {
    let Legend { dimension, label, direction, overlapping, categories } = legend.clone();
    let category = |(code, label)| v1::LegendCategory { code, label };
    let categories = categories.into_iter().map(category).collect();
    v1::LegendDimension { dimension, label, direction, overlapping, categories }
}
