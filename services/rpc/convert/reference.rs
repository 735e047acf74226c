//! Reference content to the messages of the contract.

use super::breakdown::{data_class, openness, state, unit};
use super::submission::dataset;
use crate::domain::area::{Area, Organisation};
use crate::domain::codes::{CodeList, Dimension, Value};
use crate::domain::collection::Collection;
use crate::domain::field::Field;
use crate::domain::indicator::{Indicator, Kind, Named, SeriesBreak, Submitted, Unit};
use crate::domain::reference::{Reference, SuccessorShare};
use crate::engine::answer::{ColumnDefinition, TableDefinition};
use crate::proto::v1;

pub(in crate::rpc) fn code_list(list: &CodeList) -> v1::CodeList {
    let category = |category: &crate::domain::codes::Category| v1::Category {
        code: category.code.clone(),
        label: category.label.clone(),
        parent: category.parent.clone().unwrap_or_default(),
    };
    let mapping = |(source_code, source_label, target): &(String, String, String)| {
        let (code, of_state) = match Value::from_text(target) {
            Value::State(state) => (String::new(), Some(state)),
            Value::Number(_) | Value::Codes(_) => (target.clone(), None),
        };
        v1::CodeMapping {
            source_code: source_code.clone(),
            source_label: source_label.clone(),
            code,
            state: state(of_state).into(),
        }
    };
    v1::CodeList {
        id: list.id.clone(),
        label: list.label.clone(),
        version: list.version.clone(),
        source: list.source.clone(),
        categories: list.categories.iter().map(category).collect(),
        code_systems: list
            .systems
            .iter()
            .map(|system| v1::CodeSystem {
                id: system.id.clone(),
                label: system.label.clone(),
                mappings: system.codes.iter().map(mapping).collect(),
            })
            .collect(),
    }
}

pub(in crate::rpc) fn dimension(dimension: &Dimension) -> v1::Dimension {
    let category = |(code, label): &(String, String)| v1::Category {
        code: code.clone(),
        label: label.clone(),
        parent: String::new(),
    };
    let field = dimension.field();
    // Those of small areas are tens of thousands, and say nothing that their codes do not say.
    let is_of_small_areas = dimension.id == Field::ResidenceLsoa.name();
    let categories = dimension.categories.iter().filter(|_| !is_of_small_areas);
    v1::Dimension {
        id: dimension.id.clone(),
        label: dimension.label.clone(),
        field: field.map_or_else(|| dimension.id.clone(), |field| field.name().to_owned()),
        code_list: field.and_then(Field::list).unwrap_or_default().to_owned(),
        overlapping: dimension.overlapping(),
        ordered: dimension.ordered,
        direction: dimension.direction.clone(),
        categories: categories.map(category).collect(),
        protected_characteristic: dimension.protected.clone(),
        organisation_attribute: dimension.is_ecological(),
    }
}

/// A table and its kinds of columns.
pub(in crate::rpc) fn table(reference: &Reference, table: &TableDefinition) -> v1::Table {
    let column = |kind: &ColumnDefinition| {
        let known = reference.indicator(kind.indicator);
        let of_indicator = |known: &Indicator| {
            let of = if known.unit == Unit::Difference { "" } else { "of: " };
            format!("{}, {of}{}.", known.numerator, known.denominator)
        };
        let label = known.map(|known| known.label.clone()).unwrap_or_default();
        let definition = known.map(of_indicator).unwrap_or_default();
        let or = |own: &str, other: String| if own.is_empty() { other } else { own.to_owned() };
        v1::TableColumn {
            id: kind.pattern(),
            indicator: kind.indicator.to_owned(),
            label: or(kind.label, label),
            unit: kind
                .unit
                .or(known.map(|known| known.unit))
                .map_or(v1::Unit::Unspecified, unit)
                .into(),
            definition: or(kind.definition, definition),
        }
    };
    v1::Table {
        name: table.name.to_owned(),
        title: table.title.to_owned(),
        rpc: table.rpc.to_owned(),
        columns: table.columns.iter().map(column).collect(),
    }
}

pub(in crate::rpc) fn collection(collection: &Collection) -> v1::Collection {
    v1::Collection {
        id: collection.id.clone(),
        label: collection.label.clone(),
        datasets: collection.datasets.iter().map(|d| dataset(*d).into()).collect(),
        care_settings: collection.care_settings.clone(),
        data_class: data_class(collection.data_class).into(),
        openness: openness(collection.openness).into(),
        provenance: collection.provenance.clone(),
        population_collection: collection.population_collection.clone(),
        published_population_collection: collection.published_population_collection.clone(),
        access_collection: collection.access_collection.clone(),
        deadline: collection.deadline.as_ref().map(|of| v1::SubmissionDeadline {
            days: i32::try_from(of.days).unwrap_or(i32::MAX),
            first_month: of.first_month.map_or(String::new(), |month| month.to_string()),
            source: of.source.clone(),
        }),
    }
}

pub(in crate::rpc) fn organisation(organisation: &Organisation) -> v1::Organisation {
    v1::Organisation {
        code: organisation.code.clone(),
        name: organisation.name.clone(),
        r#type: organisation.kind.clone(),
        areas: organisation.areas.clone(),
        first_month: organisation.first_month.map_or(String::new(), |month| month.to_string()),
        last_month: organisation.last_month.map_or(String::new(), |month| month.to_string()),
        successor: organisation.successor.clone(),
        attributes: organisation.attributes.clone().into_iter().collect(),
        area_first_months: organisation
            .since
            .iter()
            .map(|(area, month)| (area.clone(), month.to_string()))
            .collect(),
    }
}

pub(in crate::rpc) fn area(reference: &Reference, area: &Area) -> v1::Area {
    v1::Area {
        code: area.code.clone(),
        other_code: area.other_code.clone(),
        name: area.name.clone(),
        r#type: area.kind.clone(),
        parents: area.parents.clone(),
        published_in: area.published_in.clone(),
        former_parents: area.former_parents.clone(),
        former_codes: area.former_codes.clone(),
        first_month: area.first_month.map_or(String::new(), |month| month.to_string()),
        last_month: area.last_month.map_or(String::new(), |month| month.to_string()),
        successors: area.successors.clone(),
        boundary_changes: area.breaks.iter().map(ToString::to_string).collect(),
        successor_shares: reference.successor_shares(area).iter().map(successor_share).collect(),
    }
}

fn successor_share(of: &SuccessorShare) -> v1::SuccessorShare {
    v1::SuccessorShare {
        area: of.successor.clone(),
        small_area_count: i64::try_from(of.small_areas).unwrap_or(i64::MAX),
        share: of.share(),
    }
}

pub(in crate::rpc) fn indicator(indicator: &Indicator) -> v1::Indicator {
    v1::Indicator {
        id: indicator.id.clone(),
        label: indicator.label.clone(),
        numerator: indicator.numerator.clone(),
        denominator: indicator.denominator.clone(),
        unit: unit(indicator.unit).into(),
        minimum: indicator.minimum,
        maximum: indicator.maximum,
        high_risk: indicator.high_risk,
        polarity: indicator.polarity.name().into(),
        tags: indicator.tags.clone(),
        components: indicator.components.clone(),
        source: indicator.source.clone(),
        not_for_targets: indicator.not_for_targets,
        unavailable: indicator.unavailable.clone(),
        only_when_named: indicator.only_when_named,
        kind: indicator.kind.map_or("", Kind::name).into(),
        theme: indicator.theme.clone(),
        series_breaks: indicator.series_breaks.iter().map(series_break).collect(),
        submitted: indicator.submitted.map_or("", Submitted::name).into(),
    }
}

fn series_break(of: &SeriesBreak) -> v1::SeriesBreak {
    v1::SeriesBreak { month: of.month.to_string(), reason: of.reason.clone() }
}

pub(in crate::rpc) fn tag(tag: &Named) -> v1::IndicatorTag {
    let Named { id, label, source } = tag.clone();
    v1::IndicatorTag { id, label, source }
}
