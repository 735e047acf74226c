//! A table of area risk, for spreadsheets.

use super::context_sheet::Answered;
use super::indicators::Indicators;
use super::sheet::{Cell, Sheet};
use super::words::Legend;
use super::{keys, risk};
use crate::proto::v1::{AreaRisk, AreaRiskRow};

const FIGURES: [&str; 16] = [
    "kind",
    "indicator",
    "indicator_label",
    "unit",
    "value",
    "person_count",
    "unmatched_person_count",
    "area_count",
    "high_risk_score",
    "high_risk_person_count",
    "publisher",
    "edition",
    "licence",
    "not_for_targets",
    "ecological",
    "ecological_statement",
];

/// One line a figure: the mean weighted by people (MEAN), the mean of the areas (`MEAN_OF_AREAS`), the share of people in areas of
/// high risk (`HIGH_RISK_SHARE`), the mean of each component (`COMPONENT_MEAN`). The ecological sentence stands on every line. An
/// answer without rows is one line with the reason.
pub fn sheet(answer: &AreaRisk, position: i64, words: &Indicators) -> Sheet {
    let asked = answer.context.clone().unwrap_or_default();
    let legend = Legend(&asked.legend);
    let dimensions = risk::dimensions(answer);
    let mut lines = Answered::new(&asked, position, &dimensions, FIGURES);
    let source = answer.score_source.clone().unwrap_or_default();
    // Always, as the contract says.
    let ecological = [true.into(), Cell::from(risk::statement(answer))];
    for row in &answer.rows {
        let head = keys::cells(&dimensions, &row.keys, legend);
        for (kind, indicator, unit, value) in figures(answer, row) {
            let mut line = vec![
                kind.into(),
                indicator.into(),
                words.label(indicator).into(),
                unit.into(),
                value.into(),
                row.person_count.into(),
                row.unmatched_person_count.into(),
                row.area_count.into(),
                answer.high_risk_score.into(),
                row.high_risk_person_count.into(),
                (&source.publisher).into(),
                (&source.edition).into(),
                (&source.licence).into(),
                source.not_for_targets.into(),
            ];
            line.extend(ecological.clone());
            lines.push(head.clone(), line, row.absence.as_ref());
        }
    }
    if answer.rows.is_empty() {
        let [always, statement] = ecological;
        lines.push_nothing([("ecological", always), ("ecological_statement", statement)]);
    }
    lines.sheet()
}

/// Kind, indicator, unit and value of every figure of a row.
fn figures<'a>(
    answer: &'a AreaRisk,
    row: &'a AreaRiskRow,
) -> impl Iterator<Item = (&'static str, &'a str, &'static str, Option<f64>)> {
    let score = answer.indicator.as_str();
    // The share of people is an indicator of its own for the index that the contract names.
    let high = if score == "DX-10" { "DX-11" } else { score };
    [
        ("MEAN", score, "SCORE", row.mean_score),
        ("MEAN_OF_AREAS", score, "SCORE", row.unweighted_mean_score),
        ("HIGH_RISK_SHARE", high, "RATIO", row.high_risk_share),
    ]
    .into_iter()
    .chain(row.components.iter().map(|component| {
        ("COMPONENT_MEAN", component.indicator.as_str(), "SCORE", Some(component.mean_score))
    }))
}
