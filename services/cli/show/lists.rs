//! Lists of reference content: code lists, dimensions, indicators, tables, collections, organisations, areas.

use super::sheet::{Cell, Sheet};
use super::words;
use crate::proto::v1;

fn joined<'a>(texts: impl IntoIterator<Item = &'a String>) -> Cell {
    texts.into_iter().map(String::as_str).collect::<Vec<_>>().join(" ").into()
}

fn number(length: usize) -> Cell {
    i64::try_from(length).unwrap_or(i64::MAX).into()
}

/// One line for each code list.
pub fn code_lists(all: &[v1::CodeList]) -> Sheet {
    let mut sheet =
        Sheet::new(["code_list", "label", "version", "categories", "code_systems", "source"]);
    for list in all {
        sheet.push(vec![
            (&list.id).into(),
            (&list.label).into(),
            (&list.version).into(),
            number(list.categories.len()),
            joined(list.code_systems.iter().map(|system| &system.id)),
            (&list.source).into(),
        ]);
    }
    sheet
}

/// One line for each category of a list, then one for each code of its code systems.
pub fn codes(list: &v1::CodeList) -> Sheet {
    let mut sheet = Sheet::new([
        "code_system",
        "source_code",
        "source_label",
        "state",
        "code",
        "label",
        "parent",
    ]);
    let label = |code: &str| {
        let found = list.categories.iter().find(|category| category.code == code);
        found.map(|category| category.label.clone()).into()
    };
    for category in &list.categories {
        let code = &category.code;
        let parent = (!category.parent.is_empty()).then_some(&category.parent);
        sheet.push(vec![
            Cell::Empty,
            Cell::Empty,
            Cell::Empty,
            "KNOWN".into(),
            code.into(),
            (&category.label).into(),
            parent.map(String::as_str).into(),
        ]);
    }
    for system in &list.code_systems {
        for mapping in &system.mappings {
            sheet.push(vec![
                (&system.id).into(),
                (&mapping.source_code).into(),
                (&mapping.source_label).into(),
                words::name(mapping.state, v1::CategoryState::as_str_name).into(),
                (&mapping.code).into(),
                label(&mapping.code),
                Cell::Empty,
            ]);
        }
    }
    sheet
}

/// One line for each dimension. Only CSV and JSON say which field it groups.
pub fn dimensions(all: &[v1::Dimension]) -> Sheet {
    let mut sheet = Sheet::new([
        "dimension",
        "label",
        "categories",
        "direction",
        "protected_characteristic",
        "overlapping",
        "ordered",
        "field",
        "code_list",
    ]);
    sheet.for_programs = 4;
    for dimension in all {
        sheet.push(vec![
            (&dimension.id).into(),
            (&dimension.label).into(),
            number(dimension.categories.len()),
            (&dimension.direction).into(),
            (&dimension.protected_characteristic).into(),
            dimension.overlapping.into(),
            dimension.ordered.into(),
            (&dimension.field).into(),
            (&dimension.code_list).into(),
        ]);
    }
    sheet
}

/// One line for each category of a dimension.
pub fn categories(dimension: &v1::Dimension) -> Sheet {
    let mut sheet = Sheet::new(["code", "label", "parent"]);
    for category in &dimension.categories {
        sheet.push(vec![
            (&category.code).into(),
            (&category.label).into(),
            (&category.parent).into(),
        ]);
    }
    sheet
}

/// One line for each indicator. Only CSV and JSON have range, polarity, kind, theme, tags, series breaks, components, source and the reason why there are no
/// figures: they would make the table too wide.
pub fn indicators(all: &[v1::Indicator]) -> Sheet {
    let mut sheet = Sheet::new([
        "indicator",
        "label",
        "unit",
        "numerator",
        "denominator",
        "not_for_targets",
        "unavailable",
        "minimum",
        "maximum",
        "high_risk",
        "polarity",
        "kind",
        "theme",
        "tags",
        "submitted",
        "series_breaks",
        "components",
        "source",
    ]);
    sheet.for_programs = 12;
    for indicator in all {
        let broken = |of: &v1::SeriesBreak| format!("{}: {}", of.month, of.reason);
        let breaks: Vec<_> = indicator.series_breaks.iter().map(broken).collect();
        sheet.push(vec![
            (&indicator.id).into(),
            (&indicator.label).into(),
            words::name(indicator.unit, v1::Unit::as_str_name).into(),
            (&indicator.numerator).into(),
            (&indicator.denominator).into(),
            indicator.not_for_targets.into(),
            (&indicator.unavailable).into(),
            indicator.minimum.into(),
            indicator.maximum.into(),
            indicator.high_risk.into(),
            (&indicator.polarity).into(),
            (&indicator.kind).into(),
            (&indicator.theme).into(),
            joined(&indicator.tags),
            (&indicator.submitted).into(),
            breaks.join("; ").into(),
            joined(&indicator.components),
            (&indicator.source).into(),
        ]);
    }
    sheet
}

/// One line for each target. Only CSV and JSON have polarity, baseline, owner, tags, note and source.
pub fn targets(all: &[v1::Target], indicators: &[v1::Indicator]) -> Sheet {
    let mut sheet = Sheet::new([
        "target",
        "label",
        "indicator",
        "indicator_label",
        "value",
        "deadline",
        "population",
        "not_measurable",
        "polarity",
        "baseline_period",
        "baseline_values",
        "owner_role",
        "tags",
        "note",
        "source",
    ]);
    sheet.for_programs = 6;
    let words = |of: &v1::Filter| format!("{}={}", of.dimension, of.codes.join(";"));
    let stated = |of: &v1::StatedBaseline| {
        let group = of.group.iter().map(words);
        let about = [format!("{} {}", of.value, of.unit)].into_iter().chain(group);
        let period = if of.period.is_empty() { "no period given" } else { of.period.as_str() };
        let about = about.collect::<Vec<_>>().join(" ");
        format!("{about} ({period}; {})", of.source)
    };
    for target in all {
        let named = indicators.iter().find(|of| of.id == target.indicator);
        let population: Vec<_> = target.population.iter().map(words).collect();
        let baseline = target.baseline.as_ref().map(|of| of.period.clone()).unwrap_or_default();
        sheet.push(vec![
            (&target.id).into(),
            (&target.label).into(),
            (&target.indicator).into(),
            named.map(|of| of.label.clone()).unwrap_or_default().into(),
            target.value.into(),
            (&target.deadline).into(),
            joined(&population),
            (&target.not_measurable).into(),
            (&target.polarity).into(),
            baseline.into(),
            target.baseline_values.iter().map(stated).collect::<Vec<_>>().join("; ").into(),
            (&target.owner_role).into(),
            joined(&target.tags),
            (&target.note).into(),
            (&target.source).into(),
        ]);
    }
    sheet
}

/// One line for each collection.
pub fn collections(all: &[v1::Collection]) -> Sheet {
    let mut sheet = Sheet::new([
        "collection",
        "label",
        "data_class",
        "openness",
        "datasets",
        "care_settings",
        "population_collection",
        "access_collection",
        "provenance",
    ]);
    for collection in all {
        let datasets: Vec<_> = collection
            .datasets
            .iter()
            .map(|value| words::name(*value, v1::Dataset::as_str_name))
            .collect();
        sheet.push(vec![
            (&collection.id).into(),
            (&collection.label).into(),
            words::name(collection.data_class, v1::DataClass::as_str_name).into(),
            words::name(collection.openness, v1::Openness::as_str_name).into(),
            joined(&datasets),
            joined(&collection.care_settings),
            (&collection.population_collection).into(),
            (&collection.access_collection).into(),
            (&collection.provenance).into(),
        ]);
    }
    sheet
}

/// One line for each organisation.
pub fn organisations(all: &[v1::Organisation]) -> Sheet {
    let mut sheet = Sheet::new([
        "organisation",
        "name",
        "type",
        "areas",
        "first_month",
        "last_month",
        "successor",
        "attributes",
        "area_first_months",
    ]);
    let pairs = |map: &std::collections::HashMap<String, String>| {
        let sorted: std::collections::BTreeMap<_, _> = map.iter().collect();
        let pairs: Vec<_> = sorted.iter().map(|(key, value)| format!("{key}={value}")).collect();
        pairs.join(" ")
    };
    for organisation in all {
        sheet.push(vec![
            (&organisation.code).into(),
            (&organisation.name).into(),
            (&organisation.r#type).into(),
            joined(&organisation.areas),
            (&organisation.first_month).into(),
            (&organisation.last_month).into(),
            (&organisation.successor).into(),
            pairs(&organisation.attributes).into(),
            pairs(&organisation.area_first_months).into(),
        ]);
    }
    sheet
}

/// One line for each area.
pub fn areas(all: &[v1::Area]) -> Sheet {
    let mut sheet = Sheet::new([
        "area",
        "other_code",
        "name",
        "type",
        "parents",
        "published_in",
        "former_codes",
        "first_month",
        "last_month",
        "successors",
        "successor_shares",
        "boundary_changes",
        "former_parents",
    ]);
    let shares = |area: &v1::Area| {
        let shares = area
            .successor_shares
            .iter()
            .map(|of| format!("{}={} ({:.1}%)", of.area, of.small_area_count, 100.0 * of.share));
        shares.collect::<Vec<_>>().join(" ")
    };
    for area in all {
        sheet.push(vec![
            (&area.code).into(),
            (&area.other_code).into(),
            (&area.name).into(),
            (&area.r#type).into(),
            joined(&area.parents),
            joined(&area.published_in),
            joined(&area.former_codes),
            (&area.first_month).into(),
            (&area.last_month).into(),
            joined(&area.successors),
            shares(area).into(),
            joined(&area.boundary_changes),
            joined(&area.former_parents),
        ]);
    }
    sheet
}

/// One line for each organisation and month.
pub fn availability(all: &[v1::Availability]) -> Sheet {
    let mut sheet = Sheet::new([
        "organisation",
        "month",
        "dataset",
        "total_count",
        "version",
        "position",
        "collected_fields",
    ]);
    for available in all {
        sheet.push(vec![
            (&available.organisation).into(),
            (&available.month).into(),
            words::name(available.dataset, v1::Dataset::as_str_name).into(),
            Some(available.total_count).filter(|_| !available.total_withheld).into(),
            available.version.into(),
            available.position.into(),
            joined(&available.collected_fields),
        ]);
    }
    sheet
}

/// One line for each kind of column of each table.
pub fn tables(all: &[v1::Table]) -> Sheet {
    let mut sheet =
        Sheet::new(["table", "column", "unit", "definition", "label", "indicator", "rpc"]);
    sheet.for_programs = 4;
    for table in all {
        for column in &table.columns {
            sheet.push(vec![
                (&table.name).into(),
                (&column.id).into(),
                words::name(column.unit, v1::Unit::as_str_name).into(),
                (&column.definition).into(),
                (&column.label).into(),
                (&column.indicator).into(),
                (&table.rpc).into(),
            ]);
        }
    }
    sheet
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_shows_its_categories_and_every_vocabulary() {
        let list = v1::CodeList {
            id: "channel".into(),
            categories: vec![v1::Category {
                code: "TELEPHONE".into(),
                label: "Telephone".into(),
                parent: String::new(),
            }],
            code_systems: vec![v1::CodeSystem {
                id: "gpad".into(),
                label: "GP appointments".into(),
                mappings: vec![
                    v1::CodeMapping {
                        source_code: "Telephone".into(),
                        code: "TELEPHONE".into(),
                        state: v1::CategoryState::Known.into(),
                        ..Default::default()
                    },
                    v1::CodeMapping {
                        source_code: "Unknown".into(),
                        state: v1::CategoryState::NotKnown.into(),
                        ..Default::default()
                    },
                ],
            }],
            ..Default::default()
        };
        assert_eq!(
            codes(&list).csv(),
            "code_system,source_code,source_label,state,code,label,parent\r\n\
             ,,,KNOWN,TELEPHONE,Telephone,\r\n\
             gpad,Telephone,,KNOWN,TELEPHONE,Telephone,\r\n\
             gpad,Unknown,,NOT_KNOWN,,,\r\n"
        );
    }
}
