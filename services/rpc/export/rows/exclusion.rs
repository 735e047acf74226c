//! The people, the DX indicators and the reasons, counted; then, as a table of their own, what others published.

use super::{Base, Group, Rows, valued};
use crate::domain::codes::State;
use crate::domain::period::months_of;
use crate::proto::v1;
use crate::rpc::convert::context::{data_class, state};

const REASON: &str = "exclusion_reason";

pub(super) fn rows<'a>(base: Base<'a>, table: &'a v1::DigitalExclusionBreakdown) -> Rows<'a> {
    let published = base.clone();
    // Estimates may be there where nothing was counted: they are no answer to what was to be counted.
    let uncounted = table.rows.is_empty() && base.empty().is_some();
    let nothing = uncounted.then(|| base.nothing("DX-21"));
    let counted = table.rows.iter().flat_map(move |row| {
        let all = Group::all();
        let people = ("PEOPLE", "People in the snapshot");
        let people = base.count(&row.keys, all.clone(), people, row.person_count);
        let indicators = row.indicators.iter().map(|of| base.cell(&row.keys, all.clone(), of));
        let reasons = row.reasons.iter().map(|cell| reason(&base, row, cell));
        std::iter::once(people).chain(indicators).chain(reasons).collect::<Vec<_>>()
    });
    let counted = nothing.into_iter().chain(counted);
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
        ..valued(of, base.group(REASON, &cell.reason, cell.state()), cell.share.as_ref(), &None)
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
    let class = collection.and_then(|id| base.reference.collection(id));
    let class = class.map_or(v1::DataClass::Unspecified, |found| data_class(found.data_class));
    // Of the counts beside it nothing stays: their question and their quality say nothing of somebody else's survey.
    v1::ExportRow {
        table: "ESTIMATES".into(),
        collection: collection.unwrap_or_default().to_owned(),
        // Publishers' data can be synthetic too.
        data_class: class.into(),
        area_name: published.area_name.clone(),
        area_type: area.map(|area| area.kind.clone()).unwrap_or_default(),
        // Publishers say of people where they live or where they are registered, and the message does not tell.
        area_basis: v1::AreaBasis::Unspecified.into(),
        area: record.area,
        first_month: months.as_ref().map(|m| m.start().to_string()).unwrap_or_default(),
        last_month: months.as_ref().map(|m| m.end().to_string()).unwrap_or_default(),
        group_label: Group::all().label,
        group_state: Group::all().state.into(),
        value: record.value,
        lower: record.lower,
        upper: record.upper,
        denominator_count: record.base_count,
        position: row.position,
        data_position: published.position,
        provenance: provenance(&source),
        ecological: row.unit == "SCORE",
        not_for_targets: row.not_for_targets || source.not_for_targets,
        series: source.series,
        series_break: published.series_break,
        base: record.base,
        weight: record.weight,
        keys,
        key_labels: row.key_labels,
        indicator: row.indicator,
        indicator_label: row.indicator_label,
        unit: row.unit,
        ..Default::default()
    }
}

fn key(key: &v1::EstimateKey) -> v1::CategoryKey {
    let state = state(State::from_name(&key.code));
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
