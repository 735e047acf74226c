//! A table of what channels do to access, for people.

use super::bars::{self, Bar};
use super::blocks::blocks;
use super::exclusion::{counted, row_label};
use super::indicators::{Indicators, Reasons};
use super::table::{self, Column};
use super::words::Legend;
use super::{Look, context, keys, numbers, wrap};
use crate::proto::v1::{ChannelImpact, ModeDifference};

/// The outcome of the chart, where there are several rows: did not attend.
const CHARTED: &str = "CH-09";

/// What it was made of, the outcomes by mode, conversion, the providers' own assessments.
pub fn table(answer: &ChannelImpact, position: i64, words: &Indicators, look: &Look) -> String {
    let asked = answer.context.clone().unwrap_or_default();
    let mut parts = vec![context::header_of(
        &asked,
        "Channel impact",
        &counted(&asked, "consultations; remote against in person within each row"),
        position,
        look,
    )];
    if asked.empty.is_none() && !answer.rows.is_empty() {
        let mut why = Reasons::default();
        parts.push(outcomes(answer, words, &mut why, look));
        parts.push(conversion(answer, &mut why, look));
        parts.push(why.lines(look));
    }
    parts.push(context::footer(&asked, look));
    parts.push(assessments(answer, look));
    parts.retain(|part| !part.is_empty());
    parts.join("\n")
}

fn outcomes(answer: &ChannelImpact, words: &Indicators, why: &mut Reasons, look: &Look) -> String {
    let asked = answer.context.clone().unwrap_or_default();
    let legend = Legend(&asked.legend);
    let mut columns = keys::columns(&answer.dimensions, legend);
    columns.push(Column::text("outcome"));
    let values: Vec<_> =
        ["in person", "of", "remote", "of", "remote less in person"].map(Column::number).into();
    let mut lines = Vec::new();
    for row in &answer.rows {
        let mut head = keys::words(&answer.dimensions, &row.keys, legend);
        for outcome in &row.outcomes {
            let mut line = head.clone();
            line.push(outcome.indicator.clone());
            for cell in [&outcome.in_person, &outcome.remote] {
                match cell {
                    Some(cell) => line
                        .extend([words.figure(cell, why), numbers::count(cell.denominator_count)]),
                    None => line.extend(["no figure", "no figure"].map(str::to_owned)),
                }
            }
            line.push(difference(outcome, why));
            lines.push(line);
            head.iter_mut().for_each(String::clear);
        }
    }
    let read = "above zero: more of it remotely than in person; CH-10 is that difference of CH-09";
    let mut parts = vec![blocks(&columns, &values, &lines, look), wrap::text("  ", read, look)];
    let first = answer.rows.first().map(|row| row.outcomes.as_slice()).unwrap_or_default();
    parts.extend(first.iter().map(|outcome| words.definition(&outcome.indicator, look)));
    parts.join("\n")
}

fn difference(outcome: &ModeDifference, why: &mut Reasons) -> String {
    match &outcome.difference {
        Some(interval) => numbers::points(interval),
        None => why.of(&format!("difference of {}", outcome.indicator), outcome.absence.as_ref()),
    }
}

fn conversion(answer: &ChannelImpact, why: &mut Reasons, look: &Look) -> String {
    let asked = answer.context.clone().unwrap_or_default();
    let legend = Legend(&asked.legend);
    let mut columns = keys::columns(&answer.dimensions, legend);
    columns.extend(
        ["remote, followed 7 days", "then in person", "share (CH-12)", "not to be followed"]
            .map(Column::number),
    );
    let lines = answer.rows.iter().map(|row| {
        let mut line = keys::words(&answer.dimensions, &row.keys, legend);
        match &row.conversion {
            Some(conversion) => line.extend([
                numbers::count(conversion.remote_count),
                numbers::count(conversion.followed_count),
                match &conversion.share {
                    Some(share) => numbers::share(share),
                    None => why.of("CH-12", conversion.absence.as_ref()),
                },
                numbers::count(conversion.not_computable_count),
            ]),
            None => line.extend(std::iter::repeat_n("no figure".to_owned(), 4)),
        }
        line
    });
    table::fitted(&columns, lines.collect(), look)
}

fn assessments(answer: &ChannelImpact, look: &Look) -> String {
    let all = &answer.assessments;
    if all.is_empty() {
        return "  assessments of providers: none recorded for these organisations and months"
            .to_owned();
    }
    let mut heading = "Providers' own assessments, newest first".to_owned();
    if answer.assessment_count > all.len() as i64 {
        heading.push_str(&format!(
            ": {} of {}; `equity assessments list` has all",
            all.len(),
            numbers::count(answer.assessment_count)
        ));
    }
    let mut lines = vec![look.paint(1, &heading)];
    for one in all {
        let months = if one.last_month.is_empty() || one.last_month == one.first_month {
            one.first_month.clone()
        } else {
            format!("{} to {}", one.first_month, one.last_month)
        };
        let head =
            format!("{}, {months} ({}, {}):", one.organisation, one.assess_date, one.owner_role);
        lines.push(wrap::text("  ", &head, look));
        lines.push(wrap::text("    ", &one.text, look));
    }
    lines.join("\n")
}

/// Differences around zero: of not attending for each row, or of every outcome where there is one row.
pub fn chart(answer: &ChannelImpact, words: &Indicators, look: &Look) -> String {
    let asked = answer.context.clone().unwrap_or_default();
    let legend = Legend(&asked.legend);
    let drawn: Vec<Bar> = match answer.rows.as_slice() {
        [] => return String::new(),
        [row] => row
            .outcomes
            .iter()
            .map(|outcome| {
                let label = words.label(&outcome.indicator);
                let label = if label.is_empty() { &outcome.indicator } else { label };
                Bar { label: label.to_owned(), ..bar(Some(outcome)) }
            })
            .collect(),
        rows => rows
            .iter()
            .map(|row| Bar {
                label: row_label(&answer.dimensions, &row.keys, legend),
                ..bar(row.outcomes.iter().find(|outcome| outcome.indicator == CHARTED))
            })
            .collect(),
    };
    let of =
        if answer.rows.len() == 1 { String::new() } else { format!(", {}", words.titled(CHARTED)) };
    bars::chart(&format!("Remote less in person{of}"), &drawn, look)
}

fn bar(outcome: Option<&ModeDifference>) -> Bar {
    let text = outcome.map_or_else(
        || "no figure".to_owned(),
        |outcome| difference(outcome, &mut Reasons::default()),
    );
    let found = outcome.and_then(|outcome| outcome.difference.as_ref());
    let value = found.map(|interval| interval.value).ok_or_else(|| text.clone());
    Bar { label: String::new(), value, text }
}
