//! A table of face-to-face provision, for people.

use super::bars::{self, Bar};
use super::blocks::blocks;
use super::exclusion::{bar, counted, row_label};
use super::indicators::{Indicators, Reasons};
use super::table::Column;
use super::words::Legend;
use super::{Look, context, keys, numbers, wrap};
use crate::proto::v1::{
    AccessStatusSources, FaceToFaceProvision, IndicatorCell, NeedSources, ProvisionGroup,
};

/// Columns of the figures: the words above, and the indicators that stand there, of which a group has one.
const FIGURES: [(&str, &[&str]); 5] = [
    ("in person or offered", &["CH-07", "CH-05"]),
    ("request met", &["CH-06"]),
    ("remote against preference", &["CH-08"]),
    ("interpreter present", &["CH-13"]),
    ("accessible need met", &["CH-14"]),
];

/// The groups of the chart, which make everybody.
const CHARTED: [&str; 3] = ["ANY_NEED", "NO_NEED", "NEED_NOT_KNOWN"];

/// What it was made of, a line for each group of each row, how to read it.
pub fn table(
    answer: &FaceToFaceProvision,
    position: i64,
    words: &Indicators,
    look: &Look,
) -> String {
    let asked = answer.context.clone().unwrap_or_default();
    let mut parts = vec![context::header_of(
        &asked,
        "Face-to-face provision",
        &counted(
            &asked,
            "consultations; shares of those to which an indicator applies and of which it is known",
        ),
        position,
        look,
    )];
    if asked.empty.is_none() && !answer.rows.is_empty() {
        parts.push(figures(answer, words, look));
    }
    for line in answer.sources.iter().flat_map(need_sources) {
        parts.push(wrap::text("  ", &line, look));
    }
    parts.push(context::footer(&asked, look));
    parts.retain(|part| !part.is_empty());
    parts.join("\n")
}

fn figures(answer: &FaceToFaceProvision, words: &Indicators, look: &Look) -> String {
    let asked = answer.context.clone().unwrap_or_default();
    let legend = Legend(&asked.legend);
    let mut why = Reasons::default();
    let mut columns = keys::columns(&answer.dimensions, legend);
    columns.push(Column::text("people"));
    let values: Vec<_> = ["contacts", "in person", "remote", "need not known"]
        .into_iter()
        .chain(FIGURES.map(|(title, _)| title))
        .chain(["not known"])
        .map(Column::number)
        .collect();
    let mut lines = Vec::new();
    for row in &answer.rows {
        let mut head = keys::words(&answer.dimensions, &row.keys, legend);
        for group in &row.groups {
            let mut line = head.clone();
            line.push(group_label(group));
            line.extend(contacts(group, &mut why));
            line.push(numbers::count(group.unknown_count + group.not_collected_count));
            line.extend(FIGURES.iter().map(|(_, ids)| match cell(group, ids) {
                Some(cell) => words.figure(cell, &mut why),
                None => "not asked".to_owned(),
            }));
            let first =
                cell(group, FIGURES[0].1).map(|cell| cell.unknown_count + cell.not_collected_count);
            line.push(first.map_or_else(|| "not asked".to_owned(), numbers::count));
            lines.push(line);
            head.iter_mut().for_each(String::clear);
        }
    }
    let mut parts = vec![blocks(&columns, &values, &lines, look)];
    for read in [
        "need not known: consultations of which it is not known whether their person is of the group, or nobody asks".to_owned(),
        "not known: of the group or perhaps of it, and not known whether they were in person or offered so".to_owned(),
        format!("request met: within {} days of booking", answer.request_met_days),
    ] {
        parts.push(wrap::text("  ", &read, look));
    }
    let groups = answer.rows.iter().flat_map(|row| &row.groups);
    let mut used: Vec<&str> = Vec::new();
    for cell in groups.flat_map(|group| &group.indicators) {
        if !used.contains(&cell.indicator.as_str()) {
            used.push(&cell.indicator);
        }
    }
    used.sort_unstable();
    parts.extend(used.iter().map(|id| words.definition(id, look)));
    parts.push(why.lines(look));
    parts.retain(|part| !part.is_empty());
    parts.join("\n")
}

/// Consultations of a group, in person, remote; where nobody can tell, that instead of a 0 that would read as nobody.
fn contacts(group: &ProvisionGroup, why: &mut Reasons) -> [String; 3] {
    match &group.absence {
        Some(absence) => {
            let short = why.of(&group_label(group), Some(absence));
            [short.clone(), short.clone(), short]
        }
        None => {
            [group.contact_count, group.in_person_count, group.remote_count].map(numbers::count)
        }
    }
}

/// Words for a group; its code's own where the answer has none.
pub(super) fn group_label(group: &ProvisionGroup) -> String {
    if group.label.is_empty() { super::words::plain(&group.group) } else { group.label.clone() }
}

fn cell<'a>(group: &'a ProvisionGroup, ids: &[&str]) -> Option<&'a IndicatorCell> {
    group.indicators.iter().find(|cell| ids.contains(&cell.indicator.as_str()))
}

/// Where each need is known from.
fn need_sources(sources: &AccessStatusSources) -> Vec<String> {
    let from = match sources.access_collection.as_str() {
        "" => "no collection of access snapshots".to_owned(),
        id => format!("the person's latest access snapshot in {id}"),
    };
    let access = NeedSources {
        dimension: "digital_access".to_owned(),
        record_count: sources.record_count,
        snapshot_count: sources.snapshot_count,
        unknown_count: sources.unknown_count,
    };
    let line = |need: &NeedSources| {
        let what = match need.dimension.as_str() {
            "digital_access" => "whether people can use remote care",
            "interpreter_needed" => "whether they need an interpreter",
            "accessible_need" => "whether they have an accessible-information need",
            other => other,
        };
        format!(
            "{what}: {} consultations say so themselves, {} have it from {from}, of {} it is not known",
            numbers::count(need.record_count),
            numbers::count(need.snapshot_count),
            numbers::count(need.unknown_count),
        )
    };
    std::iter::once(&access).chain(&sources.other_needs).map(line).collect()
}

/// For each row three bars: people with a need, without, and those of whom it is not known.
pub fn chart(answer: &FaceToFaceProvision, words: &Indicators, look: &Look) -> String {
    let asked = answer.context.clone().unwrap_or_default();
    let legend = Legend(&asked.legend);
    let mut drawn = Vec::new();
    for row in &answer.rows {
        let of = row_label(&answer.dimensions, &row.keys, legend);
        for group in row.groups.iter().filter(|group| CHARTED.contains(&group.group.as_str())) {
            drawn.push(Bar {
                label: format!("{of}: {}", group_label(group)),
                ..bar(cell(group, FIGURES[0].1), words)
            });
        }
    }
    if drawn.is_empty() {
        return String::new();
    }
    bars::chart("Seen in person or offered it: with a need, without, and not known", &drawn, look)
}
