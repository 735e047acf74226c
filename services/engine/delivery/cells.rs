//! A cell of an answer as attributes and as a metric point: the one mapping, for every table.

use crate::domain::collection::DataClass;
use crate::domain::delivery::{Attribute, Point, Value};
use crate::domain::indicator::Unit;
use crate::domain::period::Month;
use crate::engine::answer::{Cell, Column, Key, Protected, Reason, Row};

/// The first and last day of a month.
pub(super) fn month_days(month: Month) -> (String, String) {
    (format!("{month}-01"), format!("{month}-{:02}", month.days()))
}

/// The name of a unit's metrics, and its UCUM code.
fn metric(unit: Unit) -> (&'static str, &'static str) {
    match unit {
        Unit::Ratio => ("indicator.ratio", "1"),
        Unit::Per1000Month => ("indicator.rate", "10*-3/mo"),
        Unit::Score => ("indicator.score", "{score}"),
        Unit::Difference => ("indicator.difference", "1"),
        Unit::Days => ("indicator.duration", "d"),
        Unit::Times => ("indicator.times", "1"),
        Unit::Index => ("indicator.index", "{index}"),
        Unit::Percent => ("indicator.percentage", "%"),
        Unit::Count => ("indicator.count", "{count}"),
    }
}

/// The state of a cell without data.
pub(super) const NO_DATA: &str = "NO_DATA";
/// The state of a cell that an answer had and has no more.
const WITHDRAWN: &str = "WITHDRAWN";

/// What a cell says, in a word.
pub(super) fn state(cell: &Cell) -> &'static str {
    match &cell.figure {
        Ok(_) => "PUBLISHED",
        Err(why) => match why.reason {
            Reason::NoData => NO_DATA,
            Reason::NotCollected => "NOT_COLLECTED",
            Reason::NotComputable => "NOT_COMPUTABLE",
            Reason::Suppressed => "SUPPRESSED",
            Reason::Withheld => "WITHHELD",
            Reason::Erased => "ERASED",
        },
    }
}

/// The figure of a cell and the counts behind it.
fn figure(cell: &Cell) -> Vec<Attribute> {
    let mut attributes = vec![("state", Value::Text(state(cell).to_owned()))];
    if let Ok(figure) = &cell.figure {
        attributes.push(("value", Value::Number(figure.value)));
        if let Some((lower, upper)) = figure.limits {
            attributes.push(("lower", Value::Number(lower)));
            attributes.push(("upper", Value::Number(upper)));
        }
    }
    let counts = [
        ("numerator", cell.counts.numerator),
        ("denominator", cell.counts.denominator),
        ("unknown_count", cell.counts.unknown),
        ("not_collected_count", cell.counts.not_collected),
        ("outside_count", cell.counts.outside),
    ];
    for (name, count) in counts {
        let whole = count.map(|count| Value::Whole(i64::try_from(count).unwrap_or(i64::MAX)));
        attributes.extend(whole.map(|whole| (name, whole)));
    }
    if let Some(verdict) = cell.verdict {
        attributes.push(("verdict", Value::Text(verdict.name().to_owned())));
    }
    attributes
}

/// `channel=TELEPHONE`, of each key.
fn codes(keys: &[Key]) -> Vec<String> {
    keys.iter().map(|key| format!("{}={}", key.dimension, key.code)).collect()
}

/// The month that a row is of; none: it is of no one month.
pub(super) fn month(row: &Row) -> Option<Month> {
    let key = row.keys.iter().find(|key| &*key.dimension == "month" && key.state.is_none())?;
    key.code.parse().ok()
}

/// What tells a cell from the others of all answers: table, place, column and row. It is what a partner groups and joins by.
pub(super) fn identity(answer: &Protected, column: &Column, row: &Row) -> Vec<Attribute> {
    let (of, text) = (answer.provenance(), |text: &str| Value::Text(text.to_owned()));
    let mut attributes = vec![
        ("table", text(of.table)),
        ("indicator", text(&column.indicator)),
        ("column", text(&column.id)),
        ("collection", text(&of.collection)),
    ];
    if of.area.is_empty() {
        let organisations = of.organisations.iter().map(|(code, _)| code.clone()).collect();
        attributes.push(("organisations", Value::List(organisations)));
    } else {
        attributes.push(("area.code", text(&of.area)));
        attributes.push(("area.basis", text(if of.residence { "RESIDENCE" } else { "PROVIDER" })));
    }
    if let Some((first, last)) = month(row).map(|month| (month, month)).or(of.months) {
        attributes.push(("period.start", Value::Text(month_days(first).0)));
        attributes.push(("period.end", Value::Text(month_days(last).1)));
    }
    if !column.group.is_empty() {
        attributes.push(("group", Value::List(codes(&column.group))));
    }
    let groups: Vec<_> = row.keys.iter().filter(|key| &*key.dimension != "month").collect();
    if let [key] = *groups {
        attributes.push(("characteristic", text(&key.dimension)));
        attributes.push(("category", text(&key.code)));
    } else if !groups.is_empty() {
        let groups: Vec<Key> = groups.into_iter().cloned().collect();
        attributes.push(("categories", Value::List(codes(&groups))));
    }
    attributes
}

/// Everything that is said of a cell; none: an earlier answer had it, and the newer one has not.
pub(super) fn attributes(
    answer: &Protected,
    (column, row): (&Column, &Row),
    cell: Option<&Cell>,
) -> Vec<Attribute> {
    let of = answer.provenance();
    let mut attributes = identity(answer, column, row);
    attributes.push(("unit", Value::Text(column.unit.name().to_owned())));
    match cell {
        Some(cell) => attributes.extend(figure(cell)),
        None => attributes.push(("state", Value::Text(WITHDRAWN.to_owned()))),
    }
    let profile = of.profile.as_ref().map(|profile| profile.name.name().to_owned());
    attributes.extend(profile.map(|name| ("disclosure.profile", Value::Text(name))));
    let class = match of.data_class {
        DataClass::Real => "REAL",
        DataClass::Synthetic => "SYNTHETIC",
    };
    attributes.push(("data_class", Value::Text(class.to_owned())));
    if cell.is_some() {
        let position = i64::try_from(of.data_position).unwrap_or(i64::MAX);
        attributes.push(("data_position", Value::Whole(position)));
    }
    attributes
}

/// The metric point of a cell; none: it has no figure, and had none. A point without a value ends the series of one that had.
pub(super) fn point(
    answer: &Protected,
    (column, row): (&Column, &Row),
    (cell, had_figure): (Option<&Cell>, bool),
) -> Option<Point> {
    let value = cell.and_then(|cell| cell.figure.as_ref().ok()).map(|figure| figure.value);
    if value.is_none() && !had_figure {
        return None;
    }
    let (name, unit) = metric(column.unit);
    Some(Point {
        name: name.to_owned(),
        description: "Figures of the service, as the recipient may see them.".to_owned(),
        unit,
        value,
        since_millis: None,
        attributes: identity(answer, column, row),
    })
}

/// A cell in words: `Share of consultations, group channel=TELEPHONE, QK1, 2020-04, sex=FEMALE: 0.412`.
pub(super) fn sentence(
    answer: &Protected,
    (column, row): (&Column, &Row),
    cell: Option<&Cell>,
) -> String {
    let of = answer.provenance();
    let mut parts = vec![column.id.clone()];
    parts.push(if of.area.is_empty() {
        of.organisations.iter().map(|(code, _)| code.as_str()).collect::<Vec<_>>().join(", ")
    } else {
        of.area.clone()
    });
    parts.extend(codes(&row.keys));
    let value = match cell.map(|cell| (cell, &cell.figure)) {
        Some((_, Ok(figure))) => figure.value.to_string(),
        Some((cell, Err(_))) => state(cell).to_owned(),
        None => WITHDRAWN.to_owned(),
    };
    format!("{}: {value}", parts.join(", "))
}
