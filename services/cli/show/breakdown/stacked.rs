//! Stacked horizontal bars: how the consultations of each row divide over the channels.

use crate::cli::show::Look;
use crate::cli::show::keys::Legend;
use crate::proto::v1::{Breakdown, CategoryState, Row};

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

/// A bar for each row and a legend. A row with a count that is withheld or missing has no bar: its parts would mislead.
pub(super) fn bars(answer: &Breakdown, look: &Look) -> String {
    let legend = Legend(&answer.dimensions);
    let of_row = |row: &Row| (legend.label(&row.keys), counts(answer, row));
    let rows: Vec<_> = answer.rows.iter().map(of_row).collect();
    let label_width = rows.iter().map(|(label, _)| console::measure_text_width(label)).max();
    let label_width = label_width.unwrap_or(0).min(40);
    let width = look.width.map_or(BAR, |all| all.saturating_sub(label_width + 2).clamp(10, BAR));
    let draw = |part: &BarPart, columns: usize| {
        let glyph = if look.unicode { part.unicode } else { part.ascii };
        look.paint(part.colour, &glyph.to_string().repeat(columns))
    };
    let line = |(label, counts): &(String, Option<[i64; PARTS.len()]>)| {
        let label = console::pad_str(label, label_width, console::Alignment::Left, Some("…"));
        let bar = match counts {
            Some(counts) if counts.iter().all(|count| *count == 0) => "no consultations".to_owned(),
            Some(counts) => {
                let parts = PARTS.iter().zip(apportion(*counts, width));
                parts.map(|(part, columns)| draw(part, columns)).collect()
            }
            None => "not shown: a figure of this row is withheld or missing".to_owned(),
        };
        format!("{label}  {bar}").trim_end().to_owned()
    };
    let mut lines: Vec<_> = rows.iter().map(line).collect();
    let drawn = |part: usize| rows.iter().any(|(_, of)| of.is_some_and(|of| of[part] > 0));
    let used = PARTS.iter().enumerate().filter(|(part, _)| drawn(*part));
    let used = used.map(|(_, part)| format!("{} {}", draw(part, 1), part.words));
    lines.push(used.collect::<Vec<_>>().join("  "));
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
