//! Stacked horizontal bars: how the consultations of each row divide over the channels.

use super::context;
use crate::cli::show::keys::Legend;
use crate::cli::show::{Look, numbers, words, wrap};
use crate::proto::v1::{Breakdown, CategoryState, Denominator, Row};

const CHANNEL: &str = "channel";
/// Share of consultations by channel: each consultation has one. People can have several channels, so their shares add to more than all.
const SHARE: &str = "CH-01";

/// A part of a bar: words, how it is drawn with and without Unicode, its ANSI colour.
struct BarPart {
    words: &'static str,
    unicode: char,
    ascii: char,
    colour: u8,
}

const PARTS: [BarPart; 6] = [
    BarPart { words: "face to face", unicode: '█', ascii: '#', colour: 34 },
    BarPart { words: "home visit", unicode: '▓', ascii: 'H', colour: 35 },
    BarPart { words: "telephone", unicode: '▒', ascii: '=', colour: 33 },
    BarPart { words: "video or online", unicode: '░', ascii: 'o', colour: 32 },
    BarPart { words: "other", unicode: '▚', ascii: 'x', colour: 36 },
    BarPart { words: "unknown", unicode: '·', ascii: '.', colour: 90 },
];

const UNKNOWN: usize = PARTS.len() - 1;

/// Width of a bar, in columns, where the place has room for it.
const BAR: usize = 60;

/// Whether an answer divides consultations over channels.
pub(super) fn can_draw(answer: &Breakdown) -> bool {
    answer.columns.iter().any(|column| column.indicator == SHARE)
}

/// A title, a bar for each row, and a legend. The whole of a bar is what the shares of the table are shares of; how much is unknown is
/// then said behind it. A row with a count that is withheld or missing has no bar: its parts would mislead.
pub(super) fn bars(answer: &Breakdown, look: &Look) -> String {
    let asked = answer.context.clone().unwrap_or_default();
    let known_only = asked.denominator() == Denominator::KnownOnly;
    let legend = Legend(&answer.dimensions);
    let of_row = |row: &Row| (legend.label(&row.keys), counts(answer, row));
    let rows: Vec<_> = answer.rows.iter().map(of_row).collect();
    let label_width = rows.iter().map(|(label, _)| console::measure_text_width(label)).max();
    let label_width = label_width.unwrap_or(0).min(40);
    let has_unknown = rows.iter().any(|(_, of)| of.is_some_and(|of| of[UNKNOWN] > 0));
    let behind = if known_only && has_unknown { "  100.0 % not known".len() } else { 0 };
    let width = look.width.unwrap_or(wrap::WIDTH).saturating_sub(label_width + 2 + behind);
    let width = width.clamp(10, BAR);
    let draw = |part: &BarPart, columns: usize| {
        let glyph = if look.unicode { part.unicode } else { part.ascii };
        look.paint(part.colour, &glyph.to_string().repeat(columns))
    };
    let line = |(label, counts): &(String, Option<[i64; PARTS.len()]>)| {
        let label = console::pad_str(label, label_width, console::Alignment::Left, Some("…"));
        let bar = match counts {
            Some(counts) if counts.iter().all(|count| *count == 0) => "no consultations".to_owned(),
            Some(counts) => {
                let all: i64 = counts.iter().sum();
                let mut drawn = *counts;
                if known_only {
                    drawn[UNKNOWN] = 0;
                }
                let bar: String = if drawn.iter().all(|count| *count == 0) {
                    " ".repeat(width)
                } else {
                    let parts = PARTS.iter().zip(apportion(drawn, width));
                    parts.map(|(part, columns)| draw(part, columns)).collect()
                };
                let unknown = numbers::percent(counts[UNKNOWN] as f64 / all as f64);
                if behind > 0 { format!("{bar}  {unknown} not known") } else { bar }
            }
            None => "not shown: a figure of this row is withheld or missing".to_owned(),
        };
        format!("{label}  {bar}").trim_end().to_owned()
    };
    let mut lines: Vec<_> = rows.iter().map(line).collect();
    let drawn = |part: usize| {
        let has = rows.iter().any(|(_, of)| of.is_some_and(|of| of[part] > 0));
        has && !(known_only && part == UNKNOWN)
    };
    let used = PARTS.iter().enumerate().filter(|(part, _)| drawn(*part));
    let used = used.map(|(_, part)| format!("{} {}", draw(part, 1), part.words));
    lines.push(used.collect::<Vec<_>>().join("  "));
    let title = words::joined(["Channels", &context::base(&asked)], ", ");
    lines.insert(0, look.paint(1, &title));
    lines.join("\n")
}

/// Counts of the parts of a bar; none if one is not known.
fn counts(answer: &Breakdown, row: &Row) -> Option<[i64; PARTS.len()]> {
    let mut counts = [0; PARTS.len()];
    for (column, cell) in answer.columns.iter().zip(&row.cells) {
        let channel = column.group.iter().find(|key| key.dimension == CHANNEL);
        let Some(channel) = channel.filter(|_| column.indicator == SHARE) else {
            continue;
        };
        let known = channel.state() == CategoryState::Known;
        let part = if known { part_of(&channel.code) } else { UNKNOWN };
        counts[part] += cell.numerator_count?.max(0);
    }
    Some(counts)
}

fn part_of(channel: &str) -> usize {
    match channel {
        "FACE_TO_FACE" => 0,
        "HOME_VISIT" => 1,
        "TELEPHONE" | "TALK_TYPE" => 2,
        "VIDEO" | "EMAIL" | "TEXT_ASYNC" | "CHAT_SYNC" | "MESSAGE_BOARD" | "ONLINE_TRIAGE"
        | "ONLINE_UNSPECIFIED" => 3,
        _ => 4,
    }
}

/// Divides `width` columns by the counts so that they add up exactly: whole columns first, the rest to the largest remainders.
fn apportion(counts: [i64; PARTS.len()], width: usize) -> [usize; PARTS.len()] {
    let all: i128 = counts.iter().map(|count| i128::from(*count)).sum();
    let scaled = counts.map(|count| i128::from(count) * width as i128);
    let mut columns = scaled.map(|value| usize::try_from(value / all).unwrap_or(0));
    let mut order: Vec<usize> = (0..PARTS.len()).collect();
    order.sort_by_key(|index| std::cmp::Reverse(scaled[*index] % all));
    let left = width - columns.iter().sum::<usize>();
    for index in order.into_iter().take(left) {
        columns[index] += 1;
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_add_up_to_their_width() {
        for counts in [[1, 0, 0, 0, 0, 0], [1; 6], [212_251, 313, 130_728, 1_507, 0, 17_106]] {
            for width in [10, 59, 60] {
                assert_eq!(apportion(counts, width).iter().sum::<usize>(), width);
            }
        }
        assert_eq!(apportion([i64::MAX; 6], 60), [10; 6]);
    }
}
