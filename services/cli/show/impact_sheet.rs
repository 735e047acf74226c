//! A table of what channels do to access, for spreadsheets.

use super::channels_sheet::interval;
use super::context_sheet::Answered;
use super::exclusion_sheet::{FIGURE, figure};
use super::indicators::Indicators;
use super::keys;
use super::sheet::{Cell, Sheet};
use super::words::Legend;
use crate::proto::v1::{ChannelAssessment, ChannelImpact, Conversion, ModeDifference};

const REST: [&str; 7] = [
    "not_computable_count",
    "assessment",
    "organisation",
    "assessed_first_month",
    "assessed_last_month",
    "assess_date",
    "owner_role",
];

/// One line a figure: each outcome in person (`IN_PERSON`), remotely (REMOTE) and the DIFFERENCE, then CONVERSION; one for each
/// ASSESSMENT. An answer without rows begins with a line that has the reason.
pub fn sheet(answer: &ChannelImpact, position: i64, words: &Indicators) -> Sheet {
    let asked = answer.context.clone().unwrap_or_default();
    let legend = Legend(&asked.legend);
    let columns = ["kind"].into_iter().chain(FIGURE).chain(REST);
    let mut lines = Answered::new(&asked, position, &answer.dimensions, columns);
    for row in &answer.rows {
        let head = keys::cells(&answer.dimensions, &row.keys, legend);
        for outcome in &row.outcomes {
            for (kind, cell) in [("IN_PERSON", &outcome.in_person), ("REMOTE", &outcome.remote)] {
                let Some(cell) = cell else { continue };
                lines.push(head.clone(), line(kind, figure(cell, words)), cell.absence.as_ref());
            }
            let less = line("DIFFERENCE", difference(outcome, words));
            lines.push(head.clone(), less, outcome.absence.as_ref());
        }
        if let Some(found) = &row.conversion {
            let figures = line("CONVERSION", conversion(found, words));
            lines.push(head, figures, found.absence.as_ref());
        }
    }
    if answer.rows.is_empty() {
        lines.push_nothing([]);
    }
    for assessment in &answer.assessments {
        let keys = vec![Cell::Empty; 3 * answer.dimensions.len()];
        let mut figures = vec!["ASSESSMENT".into()];
        figures.extend(std::iter::repeat_n(Cell::Empty, FIGURE.len()));
        figures.extend(written(assessment));
        lines.push(keys, figures, None);
    }
    lines.sheet()
}

/// A line of a kind: its figures, and nothing in the columns that they leave.
fn line(kind: &str, figures: Vec<Cell>) -> Vec<Cell> {
    let mut line = vec![kind.into()];
    line.extend(figures);
    line.resize(1 + FIGURE.len() + REST.len(), Cell::Empty);
    line
}

/// Of CH-09 it is CH-10, as the contract has it.
fn difference(outcome: &ModeDifference, words: &Indicators) -> Vec<Cell> {
    let id = if outcome.indicator == "CH-09" { "CH-10" } else { &outcome.indicator };
    let mut line = vec![id.into(), words.label(id).into(), "DIFFERENCE".into()];
    line.extend(interval(outcome.difference.as_ref()));
    line
}

fn conversion(found: &Conversion, words: &Indicators) -> Vec<Cell> {
    let mut line = vec!["CH-12".into(), words.label("CH-12").into(), "RATIO".into()];
    line.extend(interval(found.share.as_ref()));
    line.extend([
        found.followed_count.into(),
        found.remote_count.into(),
        Cell::Empty,
        Cell::Empty,
        found.not_computable_count.into(),
    ]);
    line
}

fn written(one: &ChannelAssessment) -> [Cell; REST.len()] {
    let last = if one.last_month.is_empty() { &one.first_month } else { &one.last_month };
    [
        Cell::Empty,
        (&one.text).into(),
        (&one.organisation).into(),
        (&one.first_month).into(),
        last.into(),
        (&one.assess_date).into(),
        (&one.owner_role).into(),
    ]
}
