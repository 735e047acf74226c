//! The DX indicators and their reasons, counted; then, as a table of their own, what others published.

use super::{ALL, Base, Rows, valued};
use crate::domain::period::months_of;
use crate::proto::v1;

pub(super) fn rows<'a>(base: Base<'a>, table: &'a v1::DigitalExclusionBreakdown) -> Rows<'a> {
    let published = base.clone();
    let counted = table.rows.iter().flat_map(move |row| {
        let indicators = row.indicators.iter().map(|cell| base.cell(&row.keys, ALL, cell));
        let reasons = row.reasons.iter().map(|cell| reason(&base, row, cell));
        indicators.chain(reasons).collect::<Vec<_>>()
    });
    Box::new(counted.chain(table.estimates.iter().map(move |one| estimate(&published, one))))
}

fn reason(base: &Base<'_>, row: &v1::ExclusionRow, cell: &v1::ReasonCell) -> v1::ExportRow {
    let of = v1::ExportRow {
        indicator_label: "Reason among people who cannot use remote care, or only with help".into(),
        ..base.row(&row.keys, "DX-21-REASON")
    };
    v1::ExportRow {
        numerator_count: Some(cell.count),
        // A missing state is not in the base.
        denominator_count: cell.share.is_some().then_some(row.reason_base_count),
        ..valued(of, (&cell.reason, cell.state()), cell.share.as_ref(), &None)
    }
}

fn estimate(base: &Base<'_>, published: &v1::PublishedEstimate) -> v1::ExportRow {
    let (record, source) = (
        published.record.clone().unwrap_or_default(),
        published.source.clone().unwrap_or_default(),
    );
    let keys: Vec<_> = record.keys.iter().map(key).collect();
    let row = base.row(&keys, &record.indicator);
    let months = months_of(&record.period).ok();
    let area = base.reference.areas().get(&record.area);
    let mut parts = published.submission.split('/');
    let collection = parts.by_ref().skip_while(|part| *part != "collections").nth(1);
    v1::ExportRow {
        table: "ESTIMATES".into(),
        collection: collection.unwrap_or_default().to_owned(),
        data_class: v1::DataClass::Real.into(),
        area_name: published.area_name.clone(),
        area_type: area.map(|area| area.kind.clone()).unwrap_or_default(),
        area_basis: v1::AreaBasis::Residence.into(),
        area: record.area,
        first_month: months.as_ref().map(|m| m.start().to_string()).unwrap_or_default(),
        last_month: months.as_ref().map(|m| m.end().to_string()).unwrap_or_default(),
        group: String::new(),
        group_state: ALL.1.into(),
        value: record.value,
        lower: record.lower,
        upper: record.upper,
        denominator_count: record.base_count,
        // Quality of the counts beside it says nothing of somebody else's survey.
        coverage_ratio: None,
        unknown_ratio: None,
        organisation_count: 0,
        expected_organisation_count: 0,
        data_position: published.position,
        provenance: provenance(&source),
        ecological: row.unit == "SCORE",
        not_for_targets: row.not_for_targets || source.not_for_targets,
        ..row
    }
}

fn key(key: &v1::EstimateKey) -> v1::CategoryKey {
    let state = match key.code.as_str() {
        "ANY" => v1::CategoryState::Any,
        "NONE" => v1::CategoryState::None,
        _ => v1::CategoryState::Known,
    };
    v1::CategoryKey {
        dimension: key.dimension.clone(),
        code: key.code.clone(),
        state: state.into(),
    }
}

/// Publisher, title, edition, licence, in one line.
pub(super) fn provenance(source: &v1::EstimateSource) -> String {
    let parts = [&source.publisher, &source.title, &source.edition, &source.licence, &source.uri];
    let given: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).cloned().collect();
    given.join(", ")
}
