//! A table of what channels do to access, for spreadsheets.

use super::channels_sheet::interval;
use super::exclusion_sheet::{FIGURE, figure};
use super::indicators::Indicators;
use super::sheet::{Cell, Sheet};
use super::words::Legend;
use super::{context, keys};
use crate::proto::v1::{
    Absence, ChannelAssessment, ChannelImpact, Conversion, ImpactRow, Interval, MedianWait,
    ModeDifference, WaitCell,
};

const REST: [&str; 10] = [
    "not_computable_count",
    "same_day_count",
    "assessment",
    "organisation",
    "assessed_first_month",
    "assessed_last_month",
    "assess_date",
    "owner_role",
    "absence_reason",
    "absence_detail",
];
/// Columns of `REST` before the absence.
const BEFORE_ABSENCE: usize = REST.len() - 2;

/// One line a figure: each outcome and the median wait in person (`IN_PERSON`), remotely (REMOTE) and the DIFFERENCE, then what
/// followed; one for each ASSESSMENT. An answer without rows begins with a line that has the reason.
pub fn sheet(answer: &ChannelImpact, position: i64, words: &Indicators) -> Sheet {
    let asked = answer.context.clone().unwrap_or_default();
    let legend = Legend(&asked.legend);
    let mut sheet = Sheet::new(
        (context::NAMES.into_iter().map(str::to_owned))
            .chain(keys::names(&answer.dimensions))
            .chain(["kind".to_owned()])
            .chain(FIGURE.into_iter().chain(REST).map(str::to_owned)),
    );
    for row in &answer.rows {
        let mut head = context::cells(&asked, position);
        head.extend(keys::cells(&answer.dimensions, &row.keys, legend));
        for (kind, figures) in row_lines(row, words) {
            let mut line = head.clone();
            line.push(kind.into());
            line.extend(figures);
            sheet.push(line);
        }
    }
    for assessment in &answer.assessments {
        let mut line = context::cells(&asked, position);
        line.resize(line.len() + 3 * answer.dimensions.len(), Cell::Empty);
        line.push("ASSESSMENT".into());
        line.extend(std::iter::repeat_n(Cell::Empty, FIGURE.len()));
        line.extend(written(assessment));
        sheet.push(line);
    }
    if let (true, Some(empty)) = (answer.rows.is_empty(), &asked.empty) {
        let line = context::empty_line(&asked, position, empty, sheet.columns.len());
        sheet.lines.insert(0, line);
    }
    sheet
}

fn row_lines(row: &ImpactRow, words: &Indicators) -> Vec<(&'static str, Vec<Cell>)> {
    let mut lines = Vec::new();
    for outcome in &row.outcomes {
        for (kind, cell) in [("IN_PERSON", &outcome.in_person), ("REMOTE", &outcome.remote)] {
            let Some(cell) = cell else { continue };
            let mut line = figure(cell, words);
            line.extend(std::iter::repeat_n(Cell::Empty, BEFORE_ABSENCE));
            line.extend(context::absence(cell.absence.as_ref()));
            lines.push((kind, line));
        }
        lines.push(("DIFFERENCE", difference(outcome, words)));
    }
    if let Some(found) = &row.wait {
        lines.extend(waits(found, words));
    }
    if let Some(found) = &row.conversion {
        lines.extend(conversion(found, words));
    }
    lines
}

/// Of CH-09 it is CH-10, as the contract has it.
fn difference(outcome: &ModeDifference, words: &Indicators) -> Vec<Cell> {
    let id = if outcome.indicator == "CH-09" { "CH-10" } else { &outcome.indicator };
    let mut line = vec![id.into(), words.label(id).into(), "DIFFERENCE".into()];
    line.extend(interval(outcome.difference.as_ref()));
    line.extend(std::iter::repeat_n(Cell::Empty, 4 + BEFORE_ABSENCE));
    line.extend(context::absence(outcome.absence.as_ref()));
    line
}

/// The medians in person and remotely, and their difference.
fn waits(found: &MedianWait, words: &Indicators) -> Vec<(&'static str, Vec<Cell>)> {
    let days = |days: Option<f64>, counts: [Cell; 4], absence: Option<&Absence>| {
        let mut line: Vec<Cell> =
            vec![(&found.indicator).into(), words.label(&found.indicator).into(), "DAYS".into()];
        line.extend([days.into(), Cell::Empty, Cell::Empty]);
        line.extend(counts);
        line.extend(std::iter::repeat_n(Cell::Empty, BEFORE_ABSENCE));
        line.extend(context::absence(absence));
        line
    };
    let mode = |kind, cell: &Option<WaitCell>| {
        let cell = cell.as_ref()?;
        let counts = [
            Cell::Empty,
            cell.known_count.into(),
            cell.unknown_count.into(),
            cell.not_collected_count.into(),
        ];
        Some((kind, days(cell.median_days, counts, cell.absence.as_ref())))
    };
    let none = [Cell::Empty, Cell::Empty, Cell::Empty, Cell::Empty];
    let difference = days(found.difference_days, none, found.absence.as_ref());
    let modes = [mode("IN_PERSON", &found.in_person), mode("REMOTE", &found.remote)];
    modes.into_iter().flatten().chain([("DIFFERENCE", difference)]).collect()
}

/// What followed consultations in person (`CONVERSION_IN_PERSON`) and remote ones (CONVERSION), and the difference.
fn conversion(found: &Conversion, words: &Indicators) -> Vec<(&'static str, Vec<Cell>)> {
    let line = |unit: &str,
                share: &Option<Interval>,
                counts: [Cell; 2],
                more: [Cell; 2],
                why: &Option<Absence>| {
        let mut line = vec!["CH-12".into(), words.label("CH-12").into(), unit.into()];
        line.extend(interval(share.as_ref()));
        line.extend(counts);
        line.extend([Cell::Empty, Cell::Empty]);
        line.extend(more);
        line.extend(std::iter::repeat_n(Cell::Empty, BEFORE_ABSENCE - 2));
        line.extend(context::absence(why.as_ref()));
        line
    };
    let in_person = line(
        "RATIO",
        &found.in_person_share,
        [found.in_person_followed_count.into(), found.in_person_count.into()],
        [found.in_person_not_computable_count.into(), found.in_person_same_day_count.into()],
        &found.in_person_absence,
    );
    let remote = line(
        "RATIO",
        &found.share,
        [found.followed_count.into(), found.remote_count.into()],
        [found.not_computable_count.into(), found.same_day_count.into()],
        &found.absence,
    );
    let none = || [Cell::Empty, Cell::Empty];
    let absence = &found.difference_absence;
    let difference = line("DIFFERENCE", &found.difference, none(), none(), absence);
    vec![("CONVERSION_IN_PERSON", in_person), ("CONVERSION", remote), ("DIFFERENCE", difference)]
}

fn written(one: &ChannelAssessment) -> Vec<Cell> {
    let last = if one.last_month.is_empty() { &one.first_month } else { &one.last_month };
    vec![
        Cell::Empty,
        Cell::Empty,
        (&one.text).into(),
        (&one.organisation).into(),
        (&one.first_month).into(),
        last.into(),
        (&one.assess_date).into(),
        (&one.owner_role).into(),
        Cell::Empty,
        Cell::Empty,
    ]
}
