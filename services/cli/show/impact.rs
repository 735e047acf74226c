//! A table of what channels do to access, for people.

use super::bars::{self, Bar};
use super::blocks::blocks;
use super::exclusion::{counted, row_label};
use super::indicators::{Indicators, Reasons};
use super::table::Column;
use super::words::Legend;
use super::{Look, context, keys, numbers, wrap};
use crate::proto::v1::{Absence, ChannelImpact, Conversion, Interval, MedianWait, ModeDifference};

/// The outcome of the chart, where there are several rows: did not attend.
const CHARTED: &str = "CH-09";
const MEDIAN: &str = "CH-11-MEDIAN";
const FOLLOWED: &str = "CH-12";

/// What it was made of, the outcomes by mode, counts of what followed, the providers' own assessments.
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
        parts.push(conversion(answer, look));
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
        let waited = row.wait.as_ref().map(|wait| waited(wait, why));
        let followed = row.conversion.as_ref().map(|found| followed(found, why));
        for figures in waited.into_iter().chain(followed) {
            let mut line = head.clone();
            line.extend(figures);
            lines.push(line);
        }
    }
    let read = "above zero: more of it remotely than in person; CH-10 is that difference of CH-09";
    let mut parts = vec![blocks(&columns, &values, &lines, look), wrap::text("  ", read, look)];
    let first = answer.rows.first().map(|row| row.outcomes.as_slice()).unwrap_or_default();
    let ids = first.iter().map(|outcome| outcome.indicator.as_str());
    parts.extend(ids.chain([MEDIAN, FOLLOWED]).map(|id| words.definition(id, look)));
    parts.join("\n")
}

fn difference(outcome: &ModeDifference, why: &mut Reasons) -> String {
    match &outcome.difference {
        Some(interval) => numbers::points(interval),
        None => why.of(&format!("difference of {}", outcome.indicator), outcome.absence.as_ref()),
    }
}

/// The medians, as a line of the table of outcomes.
fn waited(wait: &MedianWait, why: &mut Reasons) -> Vec<String> {
    let mut line = vec![MEDIAN.to_owned()];
    for cell in [&wait.in_person, &wait.remote] {
        match cell {
            Some(cell) => line.extend([
                match cell.median_days {
                    Some(days) => numbers::days(days),
                    None => why.of(MEDIAN, cell.absence.as_ref()),
                },
                numbers::count(cell.known_count),
            ]),
            None => line.extend(["no figure", "no figure"].map(str::to_owned)),
        }
    }
    line.push(match wait.difference_days {
        Some(days) => format!("{}{}", if days > 0.0 { "+" } else { "" }, numbers::days(days)),
        None => why.of(&format!("difference of {MEDIAN}"), wait.absence.as_ref()),
    });
    line
}

/// Whether another in person followed, as a line of the table of outcomes.
fn followed(of: &Conversion, why: &mut Reasons) -> Vec<String> {
    let mut share = |share: &Option<Interval>, absence: &Option<Absence>| match share {
        Some(share) => numbers::share(share),
        None => why.of(FOLLOWED, absence.as_ref()),
    };
    let in_person = share(&of.in_person_share, &of.in_person_absence);
    let remote = share(&of.share, &of.absence);
    let difference = match &of.difference {
        Some(interval) => numbers::points(interval),
        None => why.of(&format!("difference of {FOLLOWED}"), of.difference_absence.as_ref()),
    };
    let [in_persons, remotes] = [of.in_person_count, of.remote_count].map(numbers::count);
    vec![FOLLOWED.to_owned(), in_person, in_persons, remote, remotes, difference]
}

/// Counts behind what followed: a table of its own.
fn conversion(answer: &ChannelImpact, look: &Look) -> String {
    let asked = answer.context.clone().unwrap_or_default();
    let legend = Legend(&asked.legend);
    let keys = keys::columns(&answer.dimensions, legend);
    let values = [
        "remote, followed 7 days",
        "then in person",
        "only on the same day",
        "not to be followed",
        "in person, followed 7 days",
        "then another",
        "only on the same day",
        "not to be followed",
    ];
    let lines = answer.rows.iter().map(|row| {
        let mut line = keys::words(&answer.dimensions, &row.keys, legend);
        let counts = row.conversion.as_ref().map(|of| {
            [
                of.remote_count,
                of.followed_count,
                of.same_day_count,
                of.not_computable_count,
                of.in_person_count,
                of.in_person_followed_count,
                of.in_person_same_day_count,
                of.in_person_not_computable_count,
            ]
        });
        match counts {
            Some(counts) => line.extend(counts.map(numbers::count)),
            None => line.extend(std::iter::repeat_n("no figure".to_owned(), values.len())),
        }
        line
    });
    blocks(&keys, &values.map(Column::number), &lines.collect::<Vec<_>>(), look)
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
            .chain(row.conversion.as_ref().map(|of| {
                let label = words.label(FOLLOWED);
                let label = if label.is_empty() { FOLLOWED } else { label };
                let text = followed(of, &mut Reasons::default()).pop().unwrap_or_default();
                let value = of.difference.as_ref().map(|found| found.value);
                let value = value.ok_or_else(|| text.clone());
                Bar { label: label.to_owned(), value, text }
            }))
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
