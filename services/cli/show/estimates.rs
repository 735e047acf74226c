//! Published figures with their sources, in tables of their own.

use super::indicators::Indicators;
use super::numbers::{self, Interval};
use super::table::{self, Column};
use super::words::Legend;
use super::{Look, keys, wrap};
use crate::proto::v1::{EstimateRecord, EstimateSource, PublishedEstimate};

/// Published figures, one table for each source and set of dimensions. What is the same for all figures of a table is in its heading.
pub fn table(
    estimates: &[PublishedEstimate],
    legend: Legend<'_>,
    indicators: &Indicators,
    look: &Look,
) -> String {
    let mut parts = vec![look.paint(
        1,
        "Published estimates, not merged with the counts: other people, other questions",
    )];
    let mut groups: Vec<Vec<&PublishedEstimate>> = Vec::new();
    for estimate in estimates {
        match groups.iter_mut().find(|group| same_table(group[0], estimate)) {
            Some(group) => group.push(estimate),
            None => groups.push(vec![estimate]),
        }
    }
    for group in &mut groups {
        group.sort_by_cached_key(|estimate| -> Vec<usize> {
            let keys = record(estimate).keys;
            keys.iter().map(|key| place(&key.dimension, &key.code, indicators)).collect()
        });
        parts.push(one(group, legend, indicators, look));
    }
    parts.join("\n")
}

fn record(estimate: &PublishedEstimate) -> EstimateRecord {
    estimate.record.clone().unwrap_or_default()
}

/// Whether two figures can share a table: the same source, indicator and dimensions.
fn same_table(one: &PublishedEstimate, other: &PublishedEstimate) -> bool {
    let dimensions = |estimate: &PublishedEstimate| -> Vec<String> {
        record(estimate).keys.into_iter().map(|key| key.dimension).collect()
    };
    one.source == other.source
        && record(one).indicator == record(other).indicator
        && dimensions(one) == dimensions(other)
}

/// The order of a category in its dimension. Unknown categories come last, in the order received.
fn place(dimension: &str, code: &str, indicators: &Indicators) -> usize {
    indicators.category(dimension, code).map_or(usize::MAX, |(place, _)| place)
}

/// A property of every figure: in the heading if it is the same for all, otherwise a column.
struct Said {
    title: &'static str,
    of: fn(&PublishedEstimate) -> String,
}

const SAID: [Said; 3] = [
    Said { title: "area", of: area },
    Said { title: "period", of: |estimate| record(estimate).period },
    Said { title: "base", of: |estimate| record(estimate).base },
];

fn area(estimate: &PublishedEstimate) -> String {
    let code = record(estimate).area;
    match estimate.area_name.as_str() {
        "" => code.trim_start_matches("NAME:").to_owned(),
        name => format!("{name} ({code})"),
    }
}

fn one(
    group: &[&PublishedEstimate],
    legend: Legend<'_>,
    indicators: &Indicators,
    look: &Look,
) -> String {
    let first = group[0];
    let source = first.source.clone().unwrap_or_default();
    let mut heading = vec![indicators.titled(&record(first).indicator)];
    let mut varying = Vec::new();
    let mut base = String::new();
    for said in SAID {
        let value = (said.of)(first);
        if group.iter().any(|estimate| (said.of)(estimate) != value) {
            varying.push(said);
        } else if said.title == "base" {
            base = value;
        } else if !value.is_empty() {
            heading.push(value);
        }
    }
    let mut lines = vec![look.paint(1, &heading.join(", "))];
    lines.push(wrap::text("  source    ", &source_line(&source), look));
    if !base.is_empty() {
        lines.push(wrap::text("  base      ", &base, look));
    }
    lines.push(figures(group, &varying, legend, indicators, look));
    if group.iter().any(|estimate| estimate.series_break) {
        let text = "* another series than the period before: the two are not to be compared";
        lines.push(wrap::text("  ", text, look));
    }
    if source.not_for_targets {
        lines.push("  not for setting targets or judging performance".to_owned());
    }
    lines.join("\n")
}

/// Publisher, title, edition, series, licence, address.
pub fn source_line(source: &EstimateSource) -> String {
    let mut text = format!("{}, {}, edition {}", source.publisher, source.title, source.edition);
    for (before, part) in
        [(", series ", &source.series), ("; ", &source.licence), ("; ", &source.uri)]
    {
        if !part.is_empty() {
            text.push_str(before);
            text.push_str(part);
        }
    }
    text
}

fn figures(
    group: &[&PublishedEstimate],
    varying: &[Said],
    legend: Legend<'_>,
    indicators: &Indicators,
    look: &Look,
) -> String {
    let keys = record(group[0]).keys;
    let asked = group.iter().any(|estimate| record(estimate).base_count.is_some());
    let weighed = group.iter().any(|estimate| record(estimate).weight.is_some());
    if let ([down, across], true, false, false) =
        (keys.as_slice(), varying.is_empty(), asked, weighed)
    {
        return crossed(group, &down.dimension, &across.dimension, legend, indicators, look);
    }
    let mut columns: Vec<_> = varying.iter().map(|said| Column::text(said.title)).collect();
    columns
        .extend(keys.iter().map(|key| Column::text(dimension(&key.dimension, legend, indicators))));
    columns.push(Column::number("published"));
    if asked {
        columns.push(Column::number("asked or scored"));
    }
    if weighed {
        columns.push(Column::number("weight"));
    }
    let said = |present: Option<String>| present.unwrap_or_else(|| "not published".to_owned());
    let lines = group.iter().map(|estimate| {
        let record = record(estimate);
        let mut line: Vec<_> = varying.iter().map(|said| (said.of)(estimate)).collect();
        line.extend(
            record.keys.iter().map(|key| category(&key.dimension, &key.code, legend, indicators)),
        );
        line.push(value(estimate, indicators));
        if asked {
            line.push(said(record.base_count.map(numbers::count)));
        }
        if weighed {
            line.push(said(record.weight.map(|weight| weight.to_string())));
        }
        line
    });
    table::fitted(&columns, lines.collect(), look)
}

/// Two dimensions: one downwards, one across.
fn crossed(
    group: &[&PublishedEstimate],
    down: &str,
    across: &str,
    legend: Legend<'_>,
    indicators: &Indicators,
    look: &Look,
) -> String {
    let code = |estimate: &PublishedEstimate, dimension: &str| {
        let keys = record(estimate).keys;
        keys.into_iter()
            .find(|key| key.dimension == dimension)
            .map(|key| key.code)
            .unwrap_or_default()
    };
    let codes = |dimension: &str| {
        let mut codes: Vec<String> = Vec::new();
        for estimate in group {
            let code = code(estimate, dimension);
            if !codes.contains(&code) {
                codes.push(code);
            }
        }
        codes.sort_by_key(|code| place(dimension, code, indicators));
        codes
    };
    let (rows, values) = (codes(down), codes(across));
    let mut columns = vec![Column::text(dimension(down, legend, indicators))];
    columns.extend(
        values.iter().map(|code| Column::number(category(across, code, legend, indicators))),
    );
    let lines = rows.iter().map(|row| {
        let mut line = vec![category(down, row, legend, indicators)];
        line.extend(values.iter().map(|column| {
            let found = group
                .iter()
                .find(|estimate| code(estimate, down) == *row && code(estimate, across) == *column);
            found.map_or_else(|| "not published".to_owned(), |estimate| value(estimate, indicators))
        }));
        line
    });
    table::fitted(&columns, lines.collect(), look)
}

/// The value with its limits, and a star where its series begins.
fn value(estimate: &PublishedEstimate, indicators: &Indicators) -> String {
    let record = record(estimate);
    let Some(value) = record.value else { return "no figure".to_owned() };
    let interval = Interval { value, lower: record.lower, upper: record.upper };
    let text = numbers::figure(indicators.unit(&record.indicator), &interval);
    if estimate.series_break { format!("{text} *") } else { text }
}

/// Label of a dimension; for a publisher's own dimension, the publisher's words.
fn dimension(id: &str, legend: Legend<'_>, indicators: &Indicators) -> String {
    match (id.strip_prefix("publisher:"), indicators.dimension(id)) {
        (Some(own), _) => own.replace('_', " "),
        (None, Some(known)) => known.label.clone(),
        (None, None) => legend.dimension(id),
    }
}

fn category(dimension: &str, code: &str, legend: Legend<'_>, indicators: &Indicators) -> String {
    if dimension.starts_with("publisher:") {
        return code.to_owned();
    }
    let label = match indicators.category(dimension, code) {
        Some((_, category)) => category.label.clone(),
        None => legend.category(dimension, code),
    };
    keys::shown(code, &label)
}
