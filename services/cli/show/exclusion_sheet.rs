//! A table of digital exclusion, for spreadsheets.

use super::channels_sheet::interval;
use super::indicators::Indicators;
use super::sheet::{Cell, Sheet};
use super::words::{self, Legend};
use super::{context, keys};
use crate::proto::v1::{
    BreakdownContext, DigitalExclusionBreakdown, EstimateRecord, ExclusionRow, IndicatorCell,
    Interval, PublishedEstimate, ReasonCell,
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
const ABSENCE: [&str; 2] = ["absence_reason", "absence_detail"];

/// One line a figure: indicators of each row (COUNTED), its reasons (REASON), then what others published (PUBLISHED), which says
/// nothing of the collection that was counted. An answer without either is one line with the reason.
pub fn sheet(answer: &DigitalExclusionBreakdown, position: i64, words: &Indicators) -> Sheet {
    let asked = answer.context.clone().unwrap_or_default();
    let legend = Legend(&asked.legend);
    let mut sheet = Sheet::new(
        (context::NAMES.into_iter().map(str::to_owned))
            .chain(keys::names(&answer.dimensions))
            .chain(["kind".to_owned()])
            .chain(
                FIGURE.into_iter().chain(REASON).chain(PUBLISHED).chain(ABSENCE).map(str::to_owned),
            ),
    );
    for row in &answer.rows {
        let head = |kind: &str| {
            let mut line = context::cells(&asked, position);
            line.extend(keys::cells(&answer.dimensions, &row.keys, legend));
            line.push(kind.into());
            line
        };
        for cell in &row.indicators {
            let mut line = head("COUNTED");
            line.extend(counted(row, cell, words));
            sheet.push(line);
        }
        for cell in &row.reasons {
            let mut line = head("REASON");
            line.extend(reason(row, cell, legend));
            sheet.push(line);
        }
    }
    for estimate in &answer.estimates {
        let mut line = published_head(&asked, position, estimate);
        line.extend(published_keys(&answer.dimensions, estimate, legend, words));
        line.push("PUBLISHED".into());
        line.extend(published(estimate, words));
        sheet.push(line);
    }
    if let (true, Some(empty)) = (answer.rows.is_empty(), &asked.empty) {
        let line = context::empty_line(&asked, position, empty, sheet.columns.len());
        sheet.lines.insert(0, line);
    }
    sheet
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

fn empty(columns: usize) -> impl Iterator<Item = Cell> {
    std::iter::repeat_n(Cell::Empty, columns)
}

fn counted(row: &ExclusionRow, cell: &IndicatorCell, words: &Indicators) -> Vec<Cell> {
    let mut line = figure(cell, words);
    line.extend(empty(3));
    line.push(row.person_count.into());
    line.extend(empty(PUBLISHED.len()));
    line.extend(context::absence(cell.absence.as_ref()));
    line
}

fn reason(row: &ExclusionRow, cell: &ReasonCell, legend: Legend<'_>) -> Vec<Cell> {
    let mut line = vec![Cell::Empty, Cell::Empty, "RATIO".into()];
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
    line.extend(empty(PUBLISHED.len() + ABSENCE.len()));
    line
}

/// The context of a published figure: its own collection, area and position, and nothing of what was counted.
fn published_head(
    asked: &BreakdownContext,
    position: i64,
    estimate: &PublishedEstimate,
) -> Vec<Cell> {
    let collection = estimate.submission.split('/').nth(1).unwrap_or_default();
    let own = BreakdownContext::default();
    let mut line = context::cells(&own, position);
    for (cell, name) in line.iter_mut().zip(context::NAMES) {
        *cell = match name {
            "collection" => collection.into(),
            "area" => estimate.record.as_ref().map(|record| record.area.clone()).into(),
            "position" => position.into(),
            "data_position" => estimate.position.into(),
            _ => Cell::Empty,
        };
    }
    debug_assert_eq!(line.len(), context::cells(asked, position).len());
    line
}

/// Its categories, under the dimensions asked for that it has.
fn published_keys(
    dimensions: &[String],
    estimate: &PublishedEstimate,
    legend: Legend<'_>,
    words: &Indicators,
) -> Vec<Cell> {
    let keys = estimate.record.as_ref().map(|record| record.keys.as_slice()).unwrap_or_default();
    dimensions
        .iter()
        .flat_map(|id| match keys.iter().find(|key| key.dimension == *id) {
            Some(key) => {
                let label = match words.category(id, &key.code) {
                    Some((_, category)) => category.label.clone(),
                    None => legend.category(id, &key.code),
                };
                [(&key.code).into(), label.into(), Cell::Empty]
            }
            None => [Cell::Empty, Cell::Empty, Cell::Empty],
        })
        .collect()
}

fn published(estimate: &PublishedEstimate, words: &Indicators) -> Vec<Cell> {
    let record: EstimateRecord = estimate.record.clone().unwrap_or_default();
    let source = estimate.source.clone().unwrap_or_default();
    let value =
        record.value.map(|value| Interval { value, lower: record.lower, upper: record.upper });
    let mut line = vec![
        (&record.indicator).into(),
        words.label(&record.indicator).into(),
        words.unit(&record.indicator).into(),
    ];
    line.extend(interval(value.as_ref()));
    line.extend(empty(4 + REASON.len()));
    let keys: Vec<_> =
        record.keys.iter().map(|key| format!("{}={}", key.dimension, key.code)).collect();
    line.extend([
        source.publisher.into(),
        source.title.into(),
        source.edition.into(),
        source.series.into(),
        estimate.series_break.into(),
        source.licence.into(),
        source.uri.into(),
        source.not_for_targets.into(),
        (&estimate.area_name).into(),
        record.period.into(),
        keys.join(";").into(),
        record.base.into(),
        record.base_count.into(),
        record.weight.into(),
        (&estimate.submission).into(),
    ]);
    line.extend(empty(ABSENCE.len()));
    line
}
