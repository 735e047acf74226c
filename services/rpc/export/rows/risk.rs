//! Means of the score, the share in high-risk areas (DX-11), the components. All of it ecological.

use super::exclusion::provenance;
use super::{Base, Group, Rows, valued};
use crate::proto::v1;

/// What every row has to carry, that of an answer without figures too: the sentence, both sources, what they forbid.
pub(super) fn marked<'a>(mut base: Base<'a>, table: &v1::AreaRisk) -> Base<'a> {
    let source = table.score_source.clone().unwrap_or_default();
    let sources = [("people", base.row.provenance.clone()), ("score", provenance(&source))];
    let given = sources.iter().filter(|(_, words)| !words.is_empty());
    let given: Vec<_> = given.map(|(of, words)| format!("{of}: {words}")).collect();
    base.row = v1::ExportRow {
        ecological: true,
        not_for_targets: source.not_for_targets,
        provenance: given.join("; "),
        statement: table.ecological_statement.clone(),
        ..base.row
    };
    base
}

pub(super) fn rows<'a>(base: Base<'a>, table: &'a v1::AreaRisk) -> Rows<'a> {
    Box::new(table.rows.iter().flat_map(move |row| figures(&base, table, row)))
}

fn figures(base: &Base<'_>, table: &v1::AreaRisk, row: &v1::AreaRiskRow) -> Vec<v1::ExportRow> {
    let exact = |value| v1::Interval { value, lower: None, upper: None };
    let people = |indicator: &str, group, value: Option<f64>| v1::ExportRow {
        denominator_count: Some(row.person_count),
        unknown_count: Some(row.unmatched_person_count),
        ..valued(base.row(&row.keys, indicator), group, value.map(exact).as_ref(), &row.absence)
    };
    let unweighted = Group {
        code: "UNWEIGHTED",
        label: "all areas, each counting once".into(),
        state: v1::CategoryState::Any,
    };
    let areas = v1::ExportRow {
        denominator_count: Some(row.area_count.into()),
        unknown_count: None,
        ..people(&table.indicator, unweighted, row.unweighted_mean_score)
    };
    let high = v1::ExportRow {
        numerator_count: Some(row.high_risk_person_count),
        // Of nobody there is no value that it would explain.
        threshold: row.high_risk_share.and(table.high_risk_score),
        ..people("DX-11", Group::all(), row.high_risk_share)
    };
    let mut rows = vec![people(&table.indicator, Group::all(), row.mean_score), areas, high];
    let components = row.components.iter();
    rows.extend(
        components.map(|part| people(&part.indicator, Group::all(), Some(part.mean_score))),
    );
    rows
}
