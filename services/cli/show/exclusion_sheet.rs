//! A table of digital exclusion, for spreadsheets.

use super::channels_sheet::interval;
use super::context_sheet::Answered;
use super::indicators::Indicators;
use super::keys;
use super::sheet::{Cell, Sheet};
use super::words::{self, Legend};
use crate::proto::v1::{
    DigitalExclusionBreakdown, EstimateRecord, ExclusionRow, IndicatorCell, Interval,
    PublishedEstimate, ReasonCell,
};

/// Columns of an indicator's figure, in every sheet that has them. [`figure`] fills them.
pub(super) const FIGURE: [&str; 10] = [
    "indicator",
    "indicator_label",
    "unit",
    "value",
    "lower",
    "upper",
    "numerator_count",
    "denominator_count",
    "unknown_count",
    "not_collected_count",
];
const REASON: [&str; 4] = ["reason", "reason_label", "reason_state", "person_count"];
const PUBLISHED: [&str; 15] = [
    "publisher",
    "title",
    "edition",
    "series",
    "series_break",
    "licence",
    "uri",
    "not_for_targets",
    "estimate_area_name",
    "estimate_period",
    "estimate_keys",
    "base",
    "base_count",
    "weight",
    "submission",
];

/// One line a figure: indicators of each row (COUNTED), its reasons (REASON), then what others published (PUBLISHED), which says
/// nothing of the collection that was counted. An answer without either is one line with the reason.
pub fn sheet(answer: &DigitalExclusionBreakdown, position: i64, words: &Indicators) -> Sheet {
    let asked = answer.context.clone().unwrap_or_default();
    let legend = Legend(&asked.legend);
    let columns = ["kind"].into_iter().chain(FIGURE).chain(REASON).chain(PUBLISHED);
    let mut lines = Answered::new(&asked, position, &answer.dimensions, columns);
    for row in &answer.rows {
        let keys = keys::cells(&answer.dimensions, &row.keys, legend);
        for cell in &row.indicators {
            lines.push(keys.clone(), counted(row, cell, words), cell.absence.as_ref());
        }
        for cell in &row.reasons {
            lines.push(keys.clone(), reason(row, cell, legend), None);
        }
    }
    if answer.rows.is_empty() {
        lines.push_nothing([]);
    }
    for estimate in &answer.estimates {
        let keys = published_keys(&answer.dimensions, estimate, legend, words);
        let cells = published(estimate, words).into_iter().chain([("position", position.into())]);
        lines.push_other(cells.map(|(name, cell)| (name.to_owned(), cell)).chain(keys));
    }
    lines.sheet()
}

/// Id, words, unit, figure with its limits, counts. Counts of a difference are those of neither share, and left out.
pub(super) fn figure(cell: &IndicatorCell, words: &Indicators) -> Vec<Cell> {
    let unit = words.unit(&cell.indicator);
    let mut line = vec![(&cell.indicator).into(), words.label(&cell.indicator).into(), unit.into()];
    line.extend(interval(cell.share.as_ref()));
    let counts = [
        cell.numerator_count,
        cell.denominator_count,
        cell.unknown_count,
        cell.not_collected_count,
    ];
    line.extend(counts.map(|count| Cell::from((unit != "DIFFERENCE").then_some(count))));
    line
}

fn counted(row: &ExclusionRow, cell: &IndicatorCell, words: &Indicators) -> Vec<Cell> {
    let mut line = vec!["COUNTED".into()];
    line.extend(figure(cell, words));
    line.extend([Cell::Empty, Cell::Empty, Cell::Empty, row.person_count.into()]);
    line.resize(line.len() + PUBLISHED.len(), Cell::Empty);
    line
}

fn reason(row: &ExclusionRow, cell: &ReasonCell, legend: Legend<'_>) -> Vec<Cell> {
    let mut line = vec!["REASON".into(), Cell::Empty, Cell::Empty, "RATIO".into()];
    line.extend(interval(cell.share.as_ref()));
    // Missing states are in no denominator.
    let base = cell.share.as_ref().map(|_| row.reason_base_count);
    line.extend([cell.count.into(), base.into(), Cell::Empty, Cell::Empty]);
    line.extend([
        (&cell.reason).into(),
        legend.category("exclusion_reason", &cell.reason).into(),
        words::state(cell.state).into(),
        row.person_count.into(),
    ]);
    line.resize(line.len() + PUBLISHED.len(), Cell::Empty);
    line
}

/// Its categories, under the dimensions asked for that it has.
fn published_keys(
    dimensions: &[String],
    estimate: &PublishedEstimate,
    legend: Legend<'_>,
    words: &Indicators,
) -> Vec<(String, Cell)> {
    let keys = estimate.record.as_ref().map(|record| record.keys.as_slice()).unwrap_or_default();
    let asked = dimensions.iter().filter_map(|id| keys.iter().find(|key| key.dimension == *id));
    let named = asked.flat_map(|key| {
        let label = match words.category(&key.dimension, &key.code) {
            Some((_, category)) => category.label.clone(),
            None => legend.category(&key.dimension, &key.code),
        };
        let id = &key.dimension;
        [(id.clone(), (&key.code).into()), (format!("{id}_label"), label.into())]
    });
    named.collect()
}

/// A published figure with its own collection, area and position, and nothing of what was counted.
fn published(estimate: &PublishedEstimate, words: &Indicators) -> Vec<(&'static str, Cell)> {
    let record: EstimateRecord = estimate.record.clone().unwrap_or_default();
    let source = estimate.source.clone().unwrap_or_default();
    let value =
        record.value.map(|value| Interval { value, lower: record.lower, upper: record.upper });
    let [value, lower, upper] = interval(value.as_ref());
    let keys: Vec<_> =
        record.keys.iter().map(|key| format!("{}={}", key.dimension, key.code)).collect();
    vec![
        ("kind", "PUBLISHED".into()),
        ("collection", estimate.submission.split('/').nth(1).unwrap_or_default().into()),
        ("area", record.area.into()),
        ("data_position", estimate.position.into()),
        ("indicator", (&record.indicator).into()),
        ("indicator_label", words.label(&record.indicator).into()),
        ("unit", words.unit(&record.indicator).into()),
        ("value", value),
        ("lower", lower),
        ("upper", upper),
        ("publisher", source.publisher.into()),
        ("title", source.title.into()),
        ("edition", source.edition.into()),
        ("series", source.series.into()),
        ("series_break", estimate.series_break.into()),
        ("licence", source.licence.into()),
        ("uri", source.uri.into()),
        ("not_for_targets", source.not_for_targets.into()),
        ("estimate_area_name", (&estimate.area_name).into()),
        ("estimate_period", record.period.into()),
        ("estimate_keys", keys.join(";").into()),
        ("base", record.base.into()),
        ("base_count", record.base_count.into()),
        ("weight", record.weight.into()),
        ("submission", (&estimate.submission).into()),
    ]
}
