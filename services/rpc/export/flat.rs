//! Answers as flat rows: one cell a row, with its column, its row and its context.

use crate::domain::codes::State;
use crate::domain::estimate::{Estimate, EstimateSource};
use crate::domain::period::months_of;
use crate::domain::reference::Reference;
use crate::engine::answer::{Cell, Column, Key, Protected, Provenance, PublishedEstimate, Row};
use crate::engine::{About, Assessment};
use crate::proto::v1;
use crate::rpc::convert::breakdown as convert;
use crate::rpc::convert::int;

/// Every cell of an answer, row by row, then its estimates and assessments. An answer without rows gives one row with the reason.
pub(in crate::rpc) fn rows<'a>(
    answer: &'a Protected,
    reference: &'a Reference,
) -> impl Iterator<Item = v1::ExportRow> + Send + 'a {
    let base = base(answer.provenance(), int(answer.position()));
    let (published, assessed) = (base.position, base.clone());
    let nothing = answer.rows().is_empty().then(|| nothing(answer, &base));
    let cells = answer.rows().iter().flat_map(move |row| {
        let of_row = of_row(&base, answer.provenance(), row);
        let cells = answer.columns().iter().zip(&row.cells);
        cells.map(move |(column, cell)| of_cell(of_row.clone(), column, cell))
    });
    let beside = answer.beside();
    let estimates = beside.estimates.iter().map(move |one| estimate(reference, one, published));
    let assessments = beside.assessments.iter();
    let assessments = assessments.map(move |one| assessment(reference, &assessed, one));
    nothing.into_iter().chain(cells).chain(estimates).chain(assessments)
}

/// The fields that all rows of an answer share.
fn base(of: &Provenance, position: i64) -> v1::ExportRow {
    let month = |of: Option<crate::domain::period::Month>| of.map(|month| month.to_string());
    let conditions = of.conditions.iter().map(|one| {
        let codes: Vec<_> = one.codes.iter().map(|(code, _)| code.as_str()).collect();
        format!("{}={}", one.dimension, codes.join(","))
    });
    let parameters = of.parameters.iter().map(|(name, value)| format!("{name}={value}"));
    let sources = of.sources.iter().map(provenance);
    let provenance: Vec<_> = std::iter::once(of.provenance.clone()).chain(sources).collect();
    let provenance = provenance.into_iter().filter(|part| !part.is_empty());
    let unattributed = of.unattributed.clone();
    v1::ExportRow {
        table: of.table.to_owned(),
        collection: of.collection.clone(),
        data_class: convert::data_class(of.data_class).into(),
        area: of.area.clone(),
        area_name: of.area_name.clone(),
        area_type: of.area_type.clone(),
        area_basis: convert::area_basis(of.residence).into(),
        first_month: month(of.months.map(|(first, _)| first)).unwrap_or_default(),
        last_month: month(of.months.map(|(_, last)| last)).unwrap_or_default(),
        organisation_count: convert::small(of.organisation_count),
        expected_organisation_count: convert::small(of.expected_organisation_count),
        submission_count: convert::small(of.submission_count),
        month_count: convert::small(of.month_count),
        expected_month_count: convert::small(of.expected_month_count),
        position,
        data_position: int(of.data_position),
        provenance: provenance.collect::<Vec<_>>().join("; "),
        ecological: of.settings.ecological,
        statement: of.settings.statements.join(" "),
        measure: convert::measure(of.settings.measure).into(),
        denominator: convert::denominator(of.settings.denominator).into(),
        confidence_level: convert::confidence_level(of),
        conditions: conditions.collect::<Vec<_>>().join(";"),
        parameters: parameters.collect::<Vec<_>>().join(";"),
        unattributed_count: unattributed.as_ref().map(|(count, _)| int(*count)),
        unattributed_detail: unattributed.map(|(_, detail)| detail).unwrap_or_default(),
        notes: of.notes.clone(),
        ..Default::default()
    }
}

/// The same with the keys of a row, and the organisation that it is about.
fn of_row(base: &v1::ExportRow, of: &Provenance, row: &Row) -> v1::ExportRow {
    let of_key = row.keys.iter().find(|key| &*key.dimension == "organisation");
    let (organisation, organisation_name) = match (of_key, of.organisations.as_slice()) {
        (Some(Key { state: None, code, label, .. }), _) => (code.clone(), label.clone()),
        (None, [only]) => only.clone(),
        _ => Default::default(),
    };
    v1::ExportRow {
        keys: convert::keys(&row.keys),
        key_labels: row.keys.iter().map(|key| key.label.clone()).collect(),
        organisation,
        organisation_name,
        ..base.clone()
    }
}

/// The row of a cell.
fn of_cell(of_row: v1::ExportRow, column: &Column, cell: &Cell) -> v1::ExportRow {
    let (figure, counts) = (cell.figure.as_ref().ok(), cell.counts);
    let limits = figure.and_then(|figure| figure.limits);
    v1::ExportRow {
        column: column.id.clone(),
        group: convert::keys(&column.group),
        group_labels: column.group.iter().map(|key| key.label.clone()).collect(),
        indicator: column.indicator.clone(),
        indicator_label: column.label.clone(),
        unit: convert::unit(column.unit).into(),
        value: figure.map(|figure| figure.value),
        lower: limits.map(|(lower, _)| lower),
        upper: limits.map(|(_, upper)| upper),
        numerator_count: counts.numerator.map(int),
        denominator_count: counts.denominator.map(int),
        unknown_count: counts.unknown.map(int),
        not_collected_count: counts.not_collected.map(int),
        outside_count: counts.outside.map(int),
        absence: cell.figure.as_ref().err().map(convert::absence),
        coverage_ratio: cell.quality.coverage,
        unknown_ratio: cell.quality.unknown,
        not_for_targets: column.not_for_targets,
        ..of_row
    }
}

/// The one row of an answer without rows: its first column, and why it is empty.
fn nothing(answer: &Protected, base: &v1::ExportRow) -> v1::ExportRow {
    let empty = answer.provenance().empty.as_ref().map(convert::absence);
    let none = || v1::Absence { reason: v1::AbsenceReason::NoData.into(), ..Default::default() };
    let first = answer.columns().first();
    v1::ExportRow {
        absence: Some(empty.unwrap_or_else(none)),
        column: first.map(|column| column.id.clone()).unwrap_or_default(),
        indicator: first.map(|column| column.indicator.clone()).unwrap_or_default(),
        indicator_label: first.map(|column| column.label.clone()).unwrap_or_default(),
        unit: first.map_or(v1::Unit::Unspecified, |column| convert::unit(column.unit)).into(),
        ..base.clone()
    }
}

/// A published figure, without the question and data quality of the answer: these do not apply to another publisher's survey.
fn estimate(reference: &Reference, of: &PublishedEstimate, position: i64) -> v1::ExportRow {
    let Estimate { indicator, area, base, .. } = of.estimate.clone();
    let known = reference.indicator(&indicator);
    let months = months_of(&of.estimate.period).ok();
    let collection = reference.collection(&of.submission.collection);
    let key = |(dimension, code): (&str, &str)| v1::CategoryKey {
        dimension: dimension.to_owned(),
        code: code.to_owned(),
        state: convert::state(State::from_name(code)).into(),
    };
    let keys = || of.estimate.keys.iter().map(|key| (key.dimension.as_str(), key.code.as_str()));
    v1::ExportRow {
        table: "ESTIMATES".to_owned(),
        collection: of.submission.collection.to_string(),
        data_class: collection
            .map_or(v1::DataClass::Unspecified, |found| convert::data_class(found.data_class))
            .into(),
        area_name: of.area_name.clone(),
        area_type: reference.areas().get(&area).map(|area| area.kind.clone()).unwrap_or_default(),
        area,
        first_month: months.as_ref().map(|m| m.start().to_string()).unwrap_or_default(),
        last_month: months.as_ref().map(|m| m.end().to_string()).unwrap_or_default(),
        keys: keys().map(key).collect(),
        key_labels: keys().map(|(id, code)| label(reference, id, code)).collect(),
        column: indicator.clone(),
        indicator_label: known.map(|known| known.label.clone()).unwrap_or_default(),
        unit: known.map_or(v1::Unit::Ratio, |known| convert::unit(known.unit)).into(),
        value: Some(of.estimate.value),
        lower: of.estimate.lower,
        upper: of.estimate.upper,
        denominator_count: of.estimate.base_count.map(int),
        position,
        data_position: int(of.submission.position),
        provenance: provenance(&of.source),
        ecological: known.is_some_and(|known| convert::unit(known.unit) == v1::Unit::Score),
        not_for_targets: of.source.not_for_targets,
        series: of.source.series.clone(),
        series_break: of.series_break,
        base,
        weight: of.estimate.weight,
        indicator,
        ..Default::default()
    }
}

/// Label of a category of a published figure: of an area, of the dimension, of a missing state; otherwise the publisher's words.
fn label(reference: &Reference, dimension: &str, code: &str) -> String {
    let area = reference.areas().get(code).map(|area| area.name.clone());
    let category = || {
        let categories = &reference.dimension(dimension)?.categories;
        let found = categories.iter().find(|(known, _)| known == code);
        found.map(|(_, words)| words.clone())
    };
    let state = || State::from_name(code).map(|_| code.replace('_', " ").to_lowercase());
    area.or_else(category).or_else(state).unwrap_or_else(|| code.to_owned())
}

/// An assessment by a provider of its own channels.
fn assessment(
    reference: &Reference,
    base: &v1::ExportRow,
    (about, said): &(About, Assessment),
) -> v1::ExportRow {
    let name = reference.organisation(&said.organisation).map(|found| found.name.clone());
    v1::ExportRow {
        table: "ASSESSMENTS".to_owned(),
        first_month: said.first.to_string(),
        last_month: said.last.to_string(),
        organisation: said.organisation.clone(),
        organisation_name: name.unwrap_or_default(),
        statement: said.text.clone(),
        provenance: format!("{}, {}", said.owner_role, said.assess_date),
        position: base.position,
        data_position: int(about.position),
        ..Default::default()
    }
}

/// Publisher, title, edition, licence and address, in one line.
fn provenance(source: &EstimateSource) -> String {
    let parts = [&source.publisher, &source.title, &source.edition, &source.licence, &source.uri];
    let given: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).cloned().collect();
    given.join(", ")
}
