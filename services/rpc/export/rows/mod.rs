//! Answers as flat rows: one figure a row, with everything it takes to read it alone. Made from the contract's own messages, so
//! that a row cannot say more than the unary call does.

mod base;
mod channels;
mod exclusion;
mod impact;
mod outcomes;
mod provision;
mod risk;
#[cfg(test)]
mod tests;

use super::answer::Answered;
use crate::domain::reference::Reference;
use crate::proto::v1;
use base::{Base, Group};

type Rows<'a> = Box<dyn Iterator<Item = v1::ExportRow> + Send + 'a>;

/// The rows of an answer, made one by one. An answer that has none is one row which says why.
pub(super) fn of<'a>(answered: &'a Answered, reference: &'a Reference, position: i64) -> Rows<'a> {
    let base = |table, context: &'a Option<v1::BreakdownContext>| {
        Base::new(table, context.as_ref(), reference, position)
    };
    let (base, main, rows): (Base<'a>, &str, Rows<'a>) = match answered {
        Answered::Channels(table) => {
            let base = base("CHANNELS", &table.context);
            (base.clone(), base.channel_indicator(), channels::rows(base, table))
        }
        Answered::Outcomes(table) => {
            let base = base("OUTCOMES", &table.context);
            (base.clone(), "CH-09", outcomes::rows(base, table))
        }
        Answered::Exclusion(table) => {
            let base = base("EXCLUSION", &table.context);
            (base.clone(), "DX-21", exclusion::rows(base, table))
        }
        Answered::Provision(table) => {
            let base = base("PROVISION", &table.context);
            (base.clone(), "CH-07", provision::rows(base, table))
        }
        Answered::Impact(table) => {
            let base = base("IMPACT", &table.context);
            (base.clone(), "CH-10", impact::rows(base, table))
        }
        Answered::Risk(table) => {
            let base = base("RISK", &table.context);
            let base = risk::marked(base, table);
            (base.clone(), "DX-11", risk::rows(base, table))
        }
    };
    let mut rows = rows.peekable();
    if rows.peek().is_some() {
        return Box::new(rows.map(move |row| base.of_empty(with_quality(row))));
    }
    Box::new(std::iter::once(base.nothing(main)))
}

/// The row with its group and its figure, or why it has none.
fn valued(
    row: v1::ExportRow,
    group: Group<'_>,
    value: Option<&v1::Interval>,
    why: &Option<v1::Absence>,
) -> v1::ExportRow {
    let none = || absence(v1::AbsenceReason::NotComputable, "nothing to take it of");
    v1::ExportRow {
        group: group.code.to_owned(),
        group_label: group.label,
        group_state: group.state.into(),
        value: value.map(|value| value.value),
        lower: value.and_then(|value| value.lower),
        upper: value.and_then(|value| value.upper),
        absence: value.is_none().then(|| why.clone().unwrap_or_else(none)),
        ..row
    }
}

/// The row of a total with the quality of what its value is of, where the answer tells no other: it stands in its counts.
#[allow(clippy::cast_precision_loss)] // counts are below 2^53
fn with_quality(row: v1::ExportRow) -> v1::ExportRow {
    let told = row.coverage_ratio.or(row.unknown_ratio).is_some();
    let (Some(known), Some(unknown)) = (row.denominator_count, row.unknown_count) else {
        return row;
    };
    if told || !row.keys.is_empty() || row.table == "ESTIMATES" {
        return row;
    }
    let share = |part: i64, whole: i64| (whole > 0).then(|| part as f64 / whole as f64);
    let covered = known + unknown;
    v1::ExportRow {
        coverage_ratio: row.not_collected_count.and_then(|none| share(covered, covered + none)),
        unknown_ratio: share(unknown, covered),
        ..row
    }
}

fn absence(reason: v1::AbsenceReason, detail: &str) -> v1::Absence {
    v1::Absence { reason: reason.into(), detail: detail.to_owned() }
}
