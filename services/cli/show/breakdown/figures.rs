//! The sections of an answer as tables.

use super::layout::{Counts, Layout, Section};
use super::pivot::Pivot;
use crate::cli::show::blocks::blocks;
use crate::cli::show::indicators::{Indicators, Reasons};
use crate::cli::show::keys::Legend;
use crate::cli::show::table::Column;
use crate::cli::show::{Look, numbers, wrap};
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

/// Every section of an answer that has figures, and the definitions of its indicators.
pub(super) fn sections(
    answer: &Breakdown,
    layout: &Layout,
    words: &Indicators,
    look: &Look,
) -> String {
    let mut why = Reasons::default();
    let mut parts = Vec::new();
    for section in layout.sections {
        let drawn = section_of(answer, layout, section, words, &mut why, look);
        if !drawn.is_empty() && !section.title.is_empty() {
            parts.push(look.paint(1, &wrap::text("", section.title, look)));
        }
        parts.push(drawn);
    }
    if layout.defined {
        let mut used: Vec<&str> = answer.columns.iter().map(|of| of.indicator.as_str()).collect();
        used.retain(|id| !words.label(id).is_empty());
        used.sort_unstable();
        used.dedup();
        parts.extend(used.into_iter().map(|id| words.definition(id, look)));
    }
    parts.push(why.lines(look));
    parts.retain(|part| !part.is_empty());
    parts.join("\n")
}

fn section_of(
    answer: &Breakdown,
    layout: &Layout,
    section: &Section,
    words: &Indicators,
    why: &mut Reasons,
    look: &Look,
) -> String {
    let pivot = Pivot::new(answer, layout, section, words);
    if pivot.across.is_empty() {
        return String::new();
    }
    let legend = Legend(&answer.dimensions);
    let mut head = legend.columns();
    if !pivot.down.is_empty() {
        head.push(Column::text(pivot.down.clone()));
    }
    let told = told(&pivot, section);
    let mut values = Vec::new();
    for words in &pivot.across {
        values.push(Column::number(words.clone()));
        values.extend(told.iter().map(|(words, _)| Column::number(*words)));
    }
    let mut lines = Vec::new();
    for row in pivot.rows {
        let mut begin = legend.words(&row.keys);
        for part in 0..pivot.parts.len() {
            let mut line = begin.clone();
            if !pivot.down.is_empty() {
                line.push(pivot.parts[part].clone());
            }
            for across in 0..pivot.across.len() {
                let cell = pivot.cell(row, part, across);
                line.push(cell.map_or_else(String::new, |(column, cell)| {
                    let with_count = section.counts == Counts::Numerator;
                    figure(column, cell, with_count, why)
                }));
                line.extend(told.iter().map(|(_, read)| {
                    let count = cell.filter(|(column, _)| column.unit() != Unit::Count);
                    count.and_then(|(_, cell)| read(cell)).map_or_else(String::new, numbers::count)
                }));
            }
            lines.push(line);
            begin.iter_mut().for_each(String::clear);
        }
    }
    if head.is_empty() {
        head.push(Column::text(""));
        lines.iter_mut().for_each(|line| line.insert(0, "total".to_owned()));
    }
    let table = blocks(&head, &values, &lines, look);
    let behind = behind(&pivot, section, &told, look);
    if behind.is_empty() { table } else { format!("{table}\n{behind}") }
}

/// The counts of the total's shares that the table has no room for, so that no count is lost. Shares with the same counts, such as
/// those of all channels, are one line.
fn behind(pivot: &Pivot<'_>, section: &Section, told: &[Told], look: &Look) -> String {
    let Some(total) = pivot.rows.iter().find(|row| row.keys.is_empty()) else {
        return String::new();
    };
    // A numerator that stands before its share is shown.
    let shown = usize::from(section.counts == Counts::Numerator);
    let hidden = ALL[shown..].iter().filter(|(words, _)| told.iter().all(|(own, _)| own != words));
    let hidden: Vec<_> = hidden.collect();
    let mut lines: Vec<(String, String, Vec<Option<i64>>)> = Vec::new();
    for (part, part_words) in pivot.parts.iter().enumerate() {
        for (across, words) in pivot.across.iter().enumerate() {
            let Some((column, cell)) = pivot.cell(total, part, across) else { continue };
            let counts: Vec<_> = hidden.iter().map(|(_, read)| read(cell)).collect();
            if column.unit() == Unit::Count || counts.iter().all(Option::is_none) {
                continue;
            }
            match lines.last_mut() {
                Some((label, of, same)) if *of == column.indicator && *same == counts => {
                    label.clone_from(&column.label);
                }
                _ => {
                    let parts = [part_words.as_str(), words].into_iter();
                    let parts: Vec<_> = parts.filter(|part| !part.is_empty()).collect();
                    lines.push((parts.join(", "), column.indicator.clone(), counts));
                }
            }
        }
    }
    let used: Vec<_> = (0..hidden.len())
        .filter(|at| lines.iter().any(|(_, _, counts)| counts[*at].is_some_and(|n| n > 0)))
        .collect();
    if used.is_empty() {
        return String::new();
    }
    let values: Vec<_> = used.iter().map(|at| Column::number(hidden[*at].0)).collect();
    let lines = lines.into_iter().map(|(label, _, counts)| {
        let counts = used.iter().map(|at| counts[*at].map_or_else(String::new, numbers::count));
        std::iter::once(label).chain(counts).collect()
    });
    blocks(
        &[Column::text("behind the shares, in total")],
        &values,
        &lines.collect::<Vec<_>>(),
        look,
    )
}

/// The counts that are shown behind each figure, without those that no figure has.
fn told(pivot: &Pivot<'_>, section: &Section) -> Vec<Told> {
    let wanted: &[Told] = match section.counts {
        Counts::Numerator => &[],
        Counts::Denominator => &[OF],
        Counts::All if pivot.across.len() == 1 => &ALL,
        Counts::All => &[],
    };
    let has = |(_, read): &&Told| {
        pivot.rows.iter().any(|row| {
            (0..pivot.parts.len()).any(|part| {
                let cells =
                    (0..pivot.across.len()).filter_map(|across| pivot.cell(row, part, across));
                let mut shares = cells.filter(|(column, _)| column.unit() != Unit::Count);
                shares.any(|(_, cell)| read(cell).is_some())
            })
        })
    };
    wanted.iter().filter(has).copied().collect()
}

/// A figure in its unit, its numerator before it where wanted; without one, why in short.
pub(super) fn figure(
    column: &v1::Column,
    cell: &v1::Cell,
    with_count: bool,
    why: &mut Reasons,
) -> String {
    let count = cell.numerator_count.filter(|_| with_count && column.unit() == Unit::Ratio);
    let text = match (cell.value, count) {
        (Some(value), _) => numbers::figure(column.unit(), value, cell.lower.zip(cell.upper)),
        // Its count says enough: the reason is below the table.
        (None, Some(_)) => {
            why.of(&column.id, cell.absence.as_ref());
            String::new()
        }
        (None, None) => why.of(&column.id, cell.absence.as_ref()),
    };
    match count {
        Some(count) => format!("{}  {text}", numbers::count(count)).trim_end().to_owned(),
        None => text,
    }
}
