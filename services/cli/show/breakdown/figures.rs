//! The sections of an answer as tables.

use std::collections::BTreeSet;

use super::layout::{Counts, Layout, Section};
use super::pivot::Pivot;
use crate::cli::show::blocks::blocks;
use crate::cli::show::indicators::{Indicators, Reasons};
use crate::cli::show::keys::Legend;
use crate::cli::show::table::Column;
use crate::cli::show::{Look, numbers, words, wrap};
use crate::proto::v1::{self, Breakdown, Unit};

/// Counts behind a figure, with the words above them.
type Told = (&'static str, fn(&v1::Cell) -> Option<i64>);

const OF: Told = ("of", |cell| cell.denominator_count);
const ALL: [Told; 5] = [
    ("have it", |cell| cell.numerator_count),
    OF,
    ("not known", |cell| cell.unknown_count),
    ("not collected", |cell| cell.not_collected_count),
    ("does not apply", |cell| cell.outside_count),
];

/// Every section of an answer that has figures; with `notes` also the definitions of its indicators, and the counts behind shares.
pub(super) fn sections(
    answer: &Breakdown,
    layout: &Layout,
    indicators: &Indicators,
    notes: bool,
    look: &Look,
) -> String {
    let mut why = Reasons::default();
    let mut parts = Vec::new();
    for section in layout.sections {
        let pivot = Pivot::new(answer, layout, section, indicators);
        if !pivot.across.is_empty() {
            parts.push(look.paint(1, &wrap::text("", section.title, look)));
            parts.push(section_of(answer, &pivot, section, &mut why, notes, look));
        }
    }
    if layout.defined && notes {
        let used: BTreeSet<&str> = answer.columns.iter().map(|of| of.indicator.as_str()).collect();
        let known = used.into_iter().filter(|id| !indicators.label(id).is_empty());
        parts.extend(known.map(|id| indicators.definition(id, look)));
    }
    parts.push(why.lines(look));
    words::joined(parts, "\n")
}

fn section_of(
    answer: &Breakdown,
    pivot: &Pivot<'_>,
    section: &Section,
    why: &mut Reasons,
    notes: bool,
    look: &Look,
) -> String {
    let legend = Legend(&answer.dimensions);
    let mut head = legend.columns();
    if !pivot.down.is_empty() {
        head.push(Column::text(pivot.down.clone()));
    }
    let told = told(pivot, section);
    let mut values = Vec::new();
    for words in &pivot.across {
        values.push(Column::number(words.clone()));
        values.extend(told.iter().map(|(words, _)| Column::number(*words)));
    }
    let mut lines = Vec::new();
    for row in pivot.rows {
        let mut begin = legend.words(&row.keys);
        for (part, words) in pivot.parts.iter().enumerate() {
            let mut line = begin.clone();
            if !pivot.down.is_empty() {
                line.push(words.clone());
            }
            for across in 0..pivot.across.len() {
                let cell = pivot.cell(row, part, across);
                line.push(cell.map_or_else(String::new, |(column, cell)| {
                    let with_count = section.counts == Counts::Numerator;
                    figure(column, cell, with_count, why)
                }));
                let share = cell.filter(|(column, _)| column.unit() != Unit::Count);
                line.extend(told.iter().map(|(_, read)| counted(share.and_then(|of| read(of.1)))));
            }
            lines.push(line);
            begin.iter_mut().for_each(String::clear);
        }
    }
    if head.is_empty() {
        head.push(Column::text(""));
        lines.iter_mut().for_each(|line| line.insert(0, "total".to_owned()));
    }
    // A difference has no denominator.
    let is_empty = |at: usize| lines.iter().all(|line| line[at].is_empty());
    for at in (0..values.len()).rev().filter(|at| is_empty(head.len() + at)).collect::<Vec<_>>() {
        values.remove(at);
        lines.iter_mut().for_each(|line| drop(line.remove(head.len() + at)));
    }
    let table = blocks(&head, &values, &lines, look);
    let behind = if notes { behind(pivot, section, &told, look) } else { String::new() };
    words::joined([table, behind], "\n")
}

/// The counts of the total's shares that the table has no room for, so that no count is lost. Shares with the same counts, such as
/// those of all channels, are one line.
fn behind(pivot: &Pivot<'_>, section: &Section, told: &[Told], look: &Look) -> String {
    // A numerator that stands before its share is shown.
    let shown = usize::from(section.counts == Counts::Numerator);
    let mut hidden = ALL[shown..].to_vec();
    hidden.retain(|(words, _)| told.iter().all(|(own, _)| own != words));
    let mut lines: Vec<(String, &str, Vec<Option<i64>>)> = Vec::new();
    let total = pivot.rows.iter().find(|row| row.keys.is_empty());
    for (part, across, column, cell) in total.into_iter().flat_map(|row| pivot.shares(row)) {
        let counts: Vec<_> = hidden.iter().map(|(_, read)| read(cell)).collect();
        match lines.last_mut() {
            _ if counts.iter().all(Option::is_none) => {}
            Some((label, of, same)) if *of == column.indicator && *same == counts => {
                label.clone_from(&column.label);
            }
            _ => lines.push((words::joined([part, across], ", "), &column.indicator, counts)),
        }
    }
    let has = |at: &usize| lines.iter().any(|(.., counts)| counts[*at].is_some_and(|n| n > 0));
    let used: Vec<_> = (0..hidden.len()).filter(has).collect();
    if used.is_empty() {
        return String::new();
    }
    let values: Vec<_> = used.iter().map(|at| Column::number(hidden[*at].0)).collect();
    let lines = lines.into_iter().map(|(label, _, counts)| {
        std::iter::once(label).chain(used.iter().map(|at| counted(counts[*at]))).collect()
    });
    let lines: Vec<_> = lines.collect();
    blocks(&[Column::text("behind the shares, in total")], &values, &lines, look)
}

/// The counts that are shown behind each figure, without those that no figure has.
fn told(pivot: &Pivot<'_>, section: &Section) -> Vec<Told> {
    let wanted: &[Told] = match section.counts {
        Counts::Denominator => &[OF],
        Counts::All if pivot.across.len() == 1 => &ALL,
        Counts::Numerator | Counts::All => &[],
    };
    let shares = || pivot.rows.iter().flat_map(|row| pivot.shares(row));
    let has = |(_, read): &&Told| shares().any(|(.., cell)| read(cell).is_some());
    wanted.iter().filter(has).copied().collect()
}

/// A count; nothing where there is none.
fn counted(count: Option<i64>) -> String {
    count.map_or_else(String::new, numbers::count)
}

/// What a comparison comes to, in a word.
pub(super) fn verdict(cell: &v1::Cell) -> String {
    let of = cell.verdict.unwrap_or_default();
    if of == 0 { String::new() } else { words::plain(&words::name(of, v1::Verdict::as_str_name)) }
}

/// A figure in its unit, its numerator before it where wanted; without one, why in short.
pub(super) fn figure(
    column: &v1::Column,
    cell: &v1::Cell,
    with_count: bool,
    why: &mut Reasons,
) -> String {
    let text = match cell.value {
        Some(value) => {
            let figure = numbers::figure(column.unit(), value, cell.lower.zip(cell.upper));
            // Before the figure, as a numerator.
            words::joined([verdict(cell), figure], "  ")
        }
        None => why.of(&column.id, cell.absence.as_ref()),
    };
    match cell.numerator_count.filter(|_| with_count && column.unit() == Unit::Ratio) {
        Some(count) if cell.value.is_some() => format!("{}  {text}", numbers::count(count)),
        // It says enough: the reason is below the table.
        Some(count) => numbers::count(count),
        None => text,
    }
}
