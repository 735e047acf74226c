//! A table of what channels do to access, for spreadsheets.

use super::channels_sheet::interval;
use super::context_sheet::Answered;
use super::exclusion_sheet::{FIGURE, figure};
use super::indicators::Indicators;
use super::keys;
use super::sheet::{Cell, Sheet};
use super::words::Legend;
use crate::proto::v1::{
    Absence, ChannelAssessment, ChannelImpact, Conversion, Interval, MedianWait, ModeDifference,
    WaitCell,
};

/// A kind of line, its figures, and why there are none.
type Line<'a> = (&'static str, Vec<Cell>, Option<&'a Absence>);

const REST: [&str; 8] = [
    "not_computable_count",
    "same_day_count",
    "assessment",
    "organisation",
    "assessed_first_month",
    "assessed_last_month",
    "assess_date",
    "owner_role",
];

/// One line a figure: each outcome and the median wait in person (`IN_PERSON`), remotely (REMOTE) and the DIFFERENCE, then what
/// followed; one for each ASSESSMENT. An answer without rows begins with a line that has the reason.
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
        let waits = row.wait.iter().flat_map(|found| waits(found, words));
        let followed = row.conversion.iter().flat_map(|found| conversion(found, words));
        for (kind, figures, why) in waits.chain(followed) {
            lines.push(head.clone(), line(kind, figures), why);
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

/// The medians in person and remotely, and their difference.
fn waits<'a>(found: &'a MedianWait, words: &Indicators) -> Vec<Line<'a>> {
    let days = |days: Option<f64>, counts: [Cell; 4]| {
        let mut line: Vec<Cell> =
            vec![(&found.indicator).into(), words.label(&found.indicator).into(), "DAYS".into()];
        line.extend([days.into(), Cell::Empty, Cell::Empty]);
        line.extend(counts);
        line
    };
    let mode = |kind, cell: &'a Option<WaitCell>| {
        let cell = cell.as_ref()?;
        let counts = [
            Cell::Empty,
            cell.known_count.into(),
            cell.unknown_count.into(),
            cell.not_collected_count.into(),
        ];
        Some((kind, days(cell.median_days, counts), cell.absence.as_ref()))
    };
    let none = [Cell::Empty, Cell::Empty, Cell::Empty, Cell::Empty];
    let difference = ("DIFFERENCE", days(found.difference_days, none), found.absence.as_ref());
    let modes = [mode("IN_PERSON", &found.in_person), mode("REMOTE", &found.remote)];
    modes.into_iter().flatten().chain([difference]).collect()
}

/// What followed consultations in person (`CONVERSION_IN_PERSON`) and remote ones (CONVERSION), and the difference.
fn conversion<'a>(found: &'a Conversion, words: &Indicators) -> Vec<Line<'a>> {
    let line = |unit: &str, share: &Option<Interval>, counts: [Cell; 2], more: [Cell; 2]| {
        let mut line = vec!["CH-12".into(), words.label("CH-12").into(), unit.into()];
        line.extend(interval(share.as_ref()));
        line.extend(counts);
        line.extend([Cell::Empty, Cell::Empty]);
        line.extend(more);
        line
    };
    let in_person = line(
        "RATIO",
        &found.in_person_share,
        [found.in_person_followed_count.into(), found.in_person_count.into()],
        [found.in_person_not_computable_count.into(), found.in_person_same_day_count.into()],
    );
    let remote = line(
        "RATIO",
        &found.share,
        [found.followed_count.into(), found.remote_count.into()],
        [found.not_computable_count.into(), found.same_day_count.into()],
    );
    let none = || [Cell::Empty, Cell::Empty];
    let difference = line("DIFFERENCE", &found.difference, none(), none());
    vec![
        ("CONVERSION_IN_PERSON", in_person, found.in_person_absence.as_ref()),
        ("CONVERSION", remote, found.absence.as_ref()),
        ("DIFFERENCE", difference, found.difference_absence.as_ref()),
    ]
}

fn written(one: &ChannelAssessment) -> [Cell; REST.len()] {
    let last = if one.last_month.is_empty() { &one.first_month } else { &one.last_month };
    [
        Cell::Empty,
        Cell::Empty,
        (&one.text).into(),
        (&one.organisation).into(),
        (&one.first_month).into(),
        last.into(),
        (&one.assess_date).into(),
        (&one.owner_role).into(),
    ]
}
