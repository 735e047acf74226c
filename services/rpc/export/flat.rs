//! Answers as flat rows: one cell a row, with its column, its row and its context.

use crate::domain::codes::State;
use crate::domain::estimate::Estimate;
use crate::domain::period::months_of;
use crate::domain::reference::Reference;
use crate::engine::answer::{Cell, Column, Key, Protected, Provenance, PublishedEstimate, Row};
use crate::engine::{About, Assessment};
use crate::proto::v1;
use crate::rpc::convert::estimate::{source, suppressed};
use crate::rpc::convert::{breakdown as convert, int};

/// Every cell of an answer, row by row, then its estimates and assessments. An answer without rows gives one row with the reason.
pub(in crate::rpc) fn rows<'a>(
    answer: &'a Protected,
    reference: &'a Reference,
) -> impl Iterator<Item = v1::ExportRow> + Send + 'a {
    let base = base(convert::context(answer.provenance()), int(answer.position()));
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
fn base(of: v1::BreakdownContext, position: i64) -> v1::ExportRow {
    let conditions = of.conditions.iter();
    let conditions = conditions.map(|one| format!("{}={}", one.dimension, one.codes.join(",")));
    let parameters = of.parameters.iter().map(|one| format!("{}={}", one.name, one.value));
    let sources = of.sources.iter().map(provenance);
    let provenance = std::iter::once(of.provenance).chain(sources).filter(|part| !part.is_empty());
    let (unattributed_count, unattributed_detail) =
        of.unattributed.map(|of| (of.count, of.detail)).unzip();
    v1::ExportRow {
        table: of.table,
        collection: of.collection,
        data_class: of.data_class,
        area: of.area,
        area_name: of.area_name,
        area_type: of.area_type,
        area_basis: of.area_basis,
        first_month: of.first_month,
        last_month: of.last_month,
        organisation_count: of.organisation_count,
        expected_organisation_count: of.expected_organisation_count,
        submission_count: of.submission_count,
        month_count: of.month_count,
        expected_month_count: of.expected_month_count,
        position,
        data_position: of.data_position,
        provenance: provenance.collect::<Vec<_>>().join("; "),
        ecological: of.ecological,
        statement: of.statements.join(" "),
        measure: of.measure,
        denominator: of.denominator,
        confidence_level: of.confidence_level,
        conditions: conditions.collect::<Vec<_>>().join(";"),
        parameters: parameters.collect::<Vec<_>>().join(";"),
        unattributed_count,
        unattributed_detail: unattributed_detail.unwrap_or_default(),
        notes: of.notes,
        disclosure: of.disclosure,
        release: of.release,
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
        sentence: row.sentence.clone(),
        source_table: row.source_table.to_owned(),
        ..base.clone()
    }
}

/// The row of a cell.
fn of_cell(of_row: v1::ExportRow, column: &Column, cell: &Cell) -> v1::ExportRow {
    let group_labels = column.group.iter().map(|key| key.label.clone()).collect();
    let (column, quality, cell) = (convert::column(column), &cell.quality, convert::cell(cell));
    v1::ExportRow {
        column: column.id,
        group: column.group,
        group_labels,
        indicator: column.indicator,
        indicator_label: column.label,
        unit: column.unit,
        value: cell.value,
        lower: cell.lower,
        upper: cell.upper,
        numerator_count: cell.numerator_count,
        denominator_count: cell.denominator_count,
        unknown_count: cell.unknown_count,
        not_collected_count: cell.not_collected_count,
        outside_count: cell.outside_count,
        absence: cell.absence,
        verdict: cell.verdict.unwrap_or_default(),
        coverage_ratio: quality.coverage,
        unknown_ratio: quality.unknown,
        not_for_targets: column.not_for_targets,
        ..of_row
    }
}

/// The one row of an answer without rows: its first column, and why it is empty.
fn nothing(answer: &Protected, base: &v1::ExportRow) -> v1::ExportRow {
    let none = v1::Absence { reason: v1::AbsenceReason::NoData.into(), ..Default::default() };
    let why = answer.provenance().empty.as_ref().map_or(none, convert::absence);
    let first = answer.columns().first().map(convert::column).unwrap_or_default();
    v1::ExportRow {
        absence: Some(why),
        column: first.id,
        indicator: first.indicator,
        indicator_label: first.label,
        unit: first.unit,
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
        value: of.estimate.value,
        absence: of.estimate.value.is_none().then(suppressed),
        lower: of.estimate.lower,
        upper: of.estimate.upper,
        denominator_count: of.estimate.base_count.map(int),
        position,
        data_position: int(of.submission.position),
        provenance: provenance(&source(&of.source)),
        ecological: of.ecological,
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
fn provenance(source: &v1::EstimateSource) -> String {
    let parts = [&source.publisher, &source.title, &source.edition, &source.licence, &source.uri];
    let given: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).cloned().collect();
    given.join(", ")
}
