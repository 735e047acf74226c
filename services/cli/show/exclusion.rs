//! A table of digital exclusion, for people.

use super::bars::{self, Bar};
use super::blocks::blocks;
use super::indicators::{Indicators, Reasons};
use super::table::{self, Column};
use super::words::Legend;
use super::{Look, context, estimates, keys, numbers};
use crate::proto::v1::{
    BreakdownContext, CategoryState, DigitalExclusionBreakdown, ExclusionRow, IndicatorCell,
    ReasonCell,
};

/// The indicator of the chart, where several were asked for and it is one of them: cannot use remote care, or only with help.
const CHARTED: &str = "DX-21";

/// What it was made of, the figures, the reasons, and what others published, apart.
pub fn table(
    answer: &DigitalExclusionBreakdown,
    position: i64,
    words: &Indicators,
    look: &Look,
) -> String {
    let asked = answer.context.clone().unwrap_or_default();
    let mut parts = vec![context::header_of(
        &asked,
        "Digital exclusion",
        &counted(
            &asked,
            "people; shares of those to whom an indicator applies and of whom it is known",
        ),
        position,
        look,
    )];
    if asked.empty.is_none() && !answer.rows.is_empty() {
        parts.push(figures(answer, words, look));
        parts.push(reasons(answer, look));
    }
    parts.push(context::footer_of(&asked, "people", look));
    parts.push(if answer.estimates.is_empty() {
        "  published estimates: none asked for, or none with these dimensions up to this period"
            .to_owned()
    } else {
        estimates::table(&answer.estimates, Legend(&asked.legend), words, look)
    });
    parts.retain(|part| !part.is_empty());
    parts.join("\n")
}

/// What is counted, and what the limits are.
pub(super) fn counted(asked: &BreakdownContext, what: &str) -> String {
    let limits = context::limits(asked);
    if limits.is_empty() { what.to_owned() } else { format!("{what}; {limits}") }
}

/// Words for a row: its categories, or `total`.
pub(super) fn row_label(
    dimensions: &[String],
    row: &[crate::proto::v1::CategoryKey],
    legend: Legend<'_>,
) -> String {
    keys::label(dimensions, row, legend)
}

fn figures(answer: &DigitalExclusionBreakdown, words: &Indicators, look: &Look) -> String {
    let asked = answer.context.clone().unwrap_or_default();
    let legend = Legend(&asked.legend);
    let mut why = Reasons::default();
    let ids: Vec<String> =
        answer.rows[0].indicators.iter().map(|cell| cell.indicator.clone()).collect();
    let text = if answer.rows.len() == 1 {
        let row = &answer.rows[0];
        let columns = counted_columns(vec![Column::text("indicator")]);
        let lines = row.indicators.iter().map(|cell| {
            let mut line = vec![words.titled(&cell.indicator)];
            line.extend(counted_cells(cell, row.person_count, words, &mut why));
            line
        });
        let people = format!("{} people in the snapshot", numbers::count(row.person_count));
        format!("{people}\n{}", table::fitted(&columns, lines.collect(), look))
    } else if let [id] = ids.as_slice() {
        let mut columns = keys::columns(&answer.dimensions, legend);
        columns.push(Column::number("people"));
        let columns = counted_columns(columns);
        let lines = answer.rows.iter().map(|row| {
            let mut line = head(answer, row, legend);
            match row.indicators.first() {
                Some(cell) => line.extend(counted_cells(cell, row.person_count, words, &mut why)),
                None => line.resize(columns.len(), "no figure".to_owned()),
            }
            line
        });
        let lines = lines.collect();
        format!("{}\n{}", look.paint(1, &words.titled(id)), table::fitted(&columns, lines, look))
    } else {
        wide(answer, &ids, words, &mut why, look)
    };
    [text, why.lines(look)]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("\n")
}

/// A column for each indicator, and below it what each counts, and of whom it is not known.
fn wide(
    answer: &DigitalExclusionBreakdown,
    ids: &[String],
    words: &Indicators,
    why: &mut Reasons,
    look: &Look,
) -> String {
    let asked = answer.context.clone().unwrap_or_default();
    let legend = Legend(&asked.legend);
    let mut head_columns = keys::columns(&answer.dimensions, legend);
    head_columns.push(Column::number("people"));
    let values: Vec<_> = ids.iter().map(Column::number).collect();
    let lines: Vec<Vec<String>> = answer
        .rows
        .iter()
        .map(|row| {
            let mut line = head(answer, row, legend);
            line.extend(ids.iter().map(|id| {
                let cell = row.indicators.iter().find(|cell| cell.indicator == *id);
                cell.map_or_else(|| "no figure".to_owned(), |cell| words.figure(cell, why))
            }));
            line
        })
        .collect();
    let mut parts = vec![blocks(&head_columns, &values, &lines, look)];
    for cell in &answer.rows[0].indicators {
        parts.push(words.definition(&cell.indicator, look));
        if words.unit(&cell.indicator) == "RATIO" {
            parts.push(format!(
                "    of {}: {} not known, {} not collected",
                row_label(&answer.dimensions, &answer.rows[0].keys, legend),
                numbers::count(cell.unknown_count),
                numbers::count(cell.not_collected_count)
            ));
        }
    }
    parts.join("\n")
}

fn head(answer: &DigitalExclusionBreakdown, row: &ExclusionRow, legend: Legend<'_>) -> Vec<String> {
    let mut line = keys::words(&answer.dimensions, &row.keys, legend);
    line.push(numbers::count(row.person_count));
    line
}

/// Columns that [`counted_cells`] fills.
pub(super) fn counted_columns(mut before: Vec<Column>) -> Vec<Column> {
    let counts = ["share", "have it", "of", "not known", "not collected", "not asked of"];
    before.extend(counts.map(Column::number));
    before
}

/// Share, numerator, denominator, unknown, not collected, and the rest of the people: to whom it does not apply, or who were not
/// assessed. A difference has no counts of its own.
pub(super) fn counted_cells(
    cell: &IndicatorCell,
    people: i64,
    words: &Indicators,
    why: &mut Reasons,
) -> [String; 6] {
    let told = [cell.denominator_count, cell.unknown_count, cell.not_collected_count];
    let rest = people.saturating_sub(told.iter().sum()).max(0);
    let [of, unknown, not_collected] = told;
    let counted = words.unit(&cell.indicator) != "DIFFERENCE";
    let [have, of, unknown, not_collected, rest] =
        [cell.numerator_count, of, unknown, not_collected, rest]
            .map(|count| if counted { numbers::count(count) } else { "-".to_owned() });
    [words.figure(cell, why), have, of, unknown, not_collected, rest]
}

/// Why people cannot use remote care, or only with help.
fn reasons(answer: &DigitalExclusionBreakdown, look: &Look) -> String {
    let asked = answer.context.clone().unwrap_or_default();
    let legend = Legend(&asked.legend);
    let title = look.paint(1, "Reasons of people who cannot use remote care, or only with help");
    let mut known: Vec<&ReasonCell> = Vec::new();
    for cell in answer.rows.iter().flat_map(|row| &row.reasons) {
        if !known.iter().any(|other| other.reason == cell.reason) {
            known.push(cell);
        }
    }
    if known.is_empty() {
        return format!("{title}: none told");
    }
    let label = |cell: &ReasonCell| legend.category("exclusion_reason", &cell.reason);
    let share = |cell: &ReasonCell| match (&cell.share, cell.state()) {
        (Some(share), _) => numbers::share(share),
        (None, CategoryState::Known | CategoryState::None) => "no share".to_owned(),
        // Those whose reasons are not known are in no denominator.
        (None, _) => "in no share".to_owned(),
    };
    let table = if let [row] = answer.rows.as_slice() {
        let of = numbers::count(row.reason_base_count);
        let columns = [
            Column::text("reason"),
            Column::number("people"),
            Column::number(format!("share of {of}")),
        ];
        let lines = row
            .reasons
            .iter()
            .map(|cell| vec![label(cell), numbers::count(cell.count), share(cell)]);
        table::fitted(&columns, lines.collect(), look)
    } else {
        let mut columns = keys::columns(&answer.dimensions, legend);
        columns.push(Column::number("reasons known of"));
        let values: Vec<_> = known.iter().map(|cell| Column::number(label(cell))).collect();
        let lines = answer.rows.iter().map(|row| {
            let mut line = keys::words(&answer.dimensions, &row.keys, legend);
            line.push(numbers::count(row.reason_base_count));
            line.extend(known.iter().map(|reason| {
                let cell = row.reasons.iter().find(|cell| cell.reason == reason.reason);
                cell.map_or_else(
                    || "0".to_owned(),
                    |cell| match &cell.share {
                        Some(interval) => {
                            format!(
                                "{}  {}",
                                numbers::count(cell.count),
                                numbers::percent(interval.value)
                            )
                        }
                        None => numbers::count(cell.count),
                    },
                )
            }));
            line
        });
        blocks(&columns, &values, &lines.collect::<Vec<_>>(), look)
    };
    format!(
        "{title}\n{table}\n  a person can have several reasons: they add to more than the people"
    )
}

/// A bar for each row: the indicator asked for, or [`CHARTED`], or the first.
pub fn chart(answer: &DigitalExclusionBreakdown, words: &Indicators, look: &Look) -> String {
    let asked = answer.context.clone().unwrap_or_default();
    let legend = Legend(&asked.legend);
    let cells = answer.rows.first().map(|row| row.indicators.as_slice()).unwrap_or_default();
    let chosen = cells.iter().find(|cell| cell.indicator == CHARTED).or(cells.first());
    let Some(chosen) = chosen else { return String::new() };
    let rows = answer.rows.iter().map(|row| {
        let cell = row.indicators.iter().find(|cell| cell.indicator == chosen.indicator);
        Bar { label: row_label(&answer.dimensions, &row.keys, legend), ..bar(cell, words) }
    });
    bars::chart(&words.titled(&chosen.indicator), &rows.collect::<Vec<_>>(), look)
}

/// The bar of a cell, without its label.
pub(super) fn bar(cell: Option<&IndicatorCell>, words: &Indicators) -> Bar {
    let share = cell.and_then(|cell| cell.share.as_ref());
    let text = cell
        .map_or_else(|| "no figure".to_owned(), |cell| words.figure(cell, &mut Reasons::default()));
    let value = share.map(|share| share.value).ok_or_else(|| text.clone());
    Bar { label: String::new(), value, text }
}
