//! Published figures with their sources, in tables of their own.

use std::collections::BTreeMap;

use super::indicators::Indicators;
use super::keys::{self, Legend};
use super::table::{self, Column};
use super::{Look, numbers, words, wrap};
use crate::proto::v1::{EstimateKey, EstimateRecord, EstimateSource, PublishedEstimate};

/// A published figure and its record.
type Figure<'a> = (&'a PublishedEstimate, EstimateRecord);

/// Published figures, one table for each source, indicator and set of dimensions. What is the same for all figures of a table is in
/// its heading.
pub fn table(
    estimates: &[PublishedEstimate],
    legend: Legend<'_>,
    indicators: &Indicators,
    notes: bool,
    look: &Look,
) -> String {
    let words = Words { legend, indicators, notes };
    let heading = "Published estimates, not merged with the counts: other people, other questions";
    let mut parts = vec![look.paint(1, &wrap::text("", heading, look))];
    let mut groups: Vec<Vec<Figure<'_>>> = Vec::new();
    for estimate in estimates {
        let figure = (estimate, estimate.record.clone().unwrap_or_default());
        match groups.iter_mut().find(|group| of_table(&group[0]) == of_table(&figure)) {
            Some(group) => group.push(figure),
            None => groups.push(vec![figure]),
        }
    }
    for group in &mut groups {
        group.sort_by_cached_key(|(_, record)| -> Vec<usize> {
            record.keys.iter().map(|key| words.place(key)).collect()
        });
        parts.push(words.section(group, look));
    }
    parts.join("\n")
}

/// What the figures of a table share: source, indicator and dimensions.
fn of_table<'a>(
    (estimate, record): &'a Figure<'_>,
) -> (Option<&'a EstimateSource>, &'a str, Vec<&'a str>) {
    let dimensions = record.keys.iter().map(|key| key.dimension.as_str());
    (estimate.source.as_ref(), &record.indicator, dimensions.collect())
}

/// Publisher, title, edition, series, licence, and the address where it is wanted: addresses are wider than most screens.
pub fn source_line(source: &EstimateSource, with_address: bool) -> String {
    let EstimateSource { publisher, title, edition, series, licence, uri, .. } = source;
    let series = if series.is_empty() { String::new() } else { format!("series {series}") };
    let work = format!("{publisher}, {title}, edition {edition}");
    let work = words::joined([work, series], ", ");
    let uri = if with_address { uri.as_str() } else { "" };
    words::joined([&work, licence.as_str(), uri], "; ")
}

/// A property of every figure: in the heading if it is the same for all, otherwise a column.
type Said = (&'static str, fn(&Figure<'_>) -> String);

const BASE: &str = "base";
const SAID: [Said; 3] = [
    ("area", area),
    ("period", |(_, record)| record.period.clone()),
    (BASE, |(_, record)| record.base.clone()),
];

fn area((estimate, record): &Figure<'_>) -> String {
    match estimate.area_name.as_str() {
        "" => record.area.trim_start_matches("NAME:").to_owned(),
        name => format!("{name} ({})", record.area),
    }
}

/// Words for figures and what they are about: of the answer's legend and of the reference.
struct Words<'a> {
    legend: Legend<'a>,
    indicators: &'a Indicators,
    /// Whether sources are shown with their addresses.
    notes: bool,
}

impl Words<'_> {
    /// A table under what all its figures share.
    fn section(&self, group: &[Figure<'_>], look: &Look) -> String {
        let (first, record) = &group[0];
        let source = first.source.clone().unwrap_or_default();
        let mut heading = self.indicators.titled(&record.indicator);
        let mut lines = vec![wrap::text("  source    ", &source_line(&source, self.notes), look)];
        let mut varying = Vec::new();
        for (title, said) in SAID {
            let value = said(&group[0]);
            if group.iter().any(|figure| said(figure) != value) {
                varying.push((title, said));
            } else if title == BASE && !value.is_empty() {
                lines.push(wrap::text("  base      ", &value, look));
            } else if !value.is_empty() {
                heading.extend([", ", &value]);
            }
        }
        let alone = varying.is_empty() && group.len() == 1 && record.keys.is_empty();
        if alone && record.base_count.is_none() && record.weight.is_none() {
            heading.extend([": ", &self.value(&group[0])]);
        } else {
            lines.push(self.figures(group, &varying, look));
        }
        lines.insert(0, look.paint(1, &wrap::text("", &heading, look)));
        if group.iter().any(|(estimate, _)| estimate.series_break) {
            let text = "* another series than the period before: the two are not to be compared";
            lines.push(wrap::text("  ", text, look));
        }
        if source.not_for_targets {
            lines.push("  not for setting targets or judging performance".to_owned());
        }
        lines.join("\n")
    }

    /// A line for each figure; if a value is all that it has, the second of two dimensions goes across.
    fn figures(&self, group: &[Figure<'_>], varying: &[Said], look: &Look) -> String {
        let keys = &group[0].1.keys;
        let alone =
            |(_, record): &Figure<'_>| record.base_count.is_none() && record.weight.is_none();
        let crossed = keys.len() == 2 && varying.is_empty() && group.iter().all(alone);
        let down = if crossed { 1 } else { keys.len() };
        let mut across: Vec<(usize, String)> = Vec::new();
        let mut lines: Vec<(Vec<String>, BTreeMap<String, String>)> = Vec::new();
        for figure in group {
            let record = &figure.1;
            let mut head: Vec<_> = varying.iter().map(|(_, said)| said(figure)).collect();
            head.extend(record.keys[..down].iter().map(|key| self.category(key)));
            let cells = match record.keys.get(down) {
                Some(key) => vec![(self.place(key), self.category(key), Some(self.value(figure)))],
                None => vec![
                    (0, "published".to_owned(), Some(self.value(figure))),
                    (1, "asked or scored".to_owned(), record.base_count.map(numbers::count)),
                    (2, "weight".to_owned(), record.weight.map(|weight| weight.to_string())),
                ],
            };
            // Two figures of the same place stand in two lines.
            let free = |(known, filled): &(_, BTreeMap<_, _>)| {
                *known == head && !filled.contains_key(&cells[0].1)
            };
            let at = lines.iter().position(free).unwrap_or(lines.len());
            if at == lines.len() {
                lines.push((head, BTreeMap::new()));
            }
            for (place, title, text) in cells {
                let Some(text) = text else { continue };
                if across.iter().all(|(_, known)| *known != title) {
                    across.push((place, title.clone()));
                }
                lines[at].1.insert(title, text);
            }
        }
        across.sort_by_key(|(place, _)| *place);
        let mut columns: Vec<_> = varying.iter().map(|(title, _)| Column::text(*title)).collect();
        columns.extend(keys[..down].iter().map(|key| Column::text(self.dimension(&key.dimension))));
        columns.extend(across.iter().map(|(_, title)| Column::number(title.as_str())));
        let lines = lines.into_iter().map(|(mut line, mut filled)| {
            let cell = |title| filled.remove(title).unwrap_or_else(|| "not published".to_owned());
            line.extend(across.iter().map(|(_, title)| title).map(cell));
            line
        });
        table::fitted(&columns, lines.collect(), look)
    }

    /// The value with its limits, and a star where its series begins.
    fn value(&self, (estimate, record): &Figure<'_>) -> String {
        let Some(value) = record.value else { return "suppressed".to_owned() };
        let unit = self.indicators.unit(&record.indicator);
        let text = numbers::figure(unit, value, record.lower.zip(record.upper));
        if estimate.series_break { format!("{text} *") } else { text }
    }

    /// The order of a category in its dimension. Unknown categories come last, in the order received.
    fn place(&self, key: &EstimateKey) -> usize {
        self.indicators.category(&key.dimension, &key.code).map_or(usize::MAX, |(place, _)| place)
    }

    /// Label of a dimension; for a publisher's own dimension, the publisher's words.
    fn dimension(&self, id: &str) -> String {
        match (id.strip_prefix("publisher:"), self.indicators.dimension(id)) {
            (Some(own), _) => own.replace('_', " "),
            (None, Some(known)) => known.label.clone(),
            (None, None) => self.legend.dimension(id),
        }
    }

    fn category(&self, EstimateKey { dimension, code }: &EstimateKey) -> String {
        if dimension.starts_with("publisher:") {
            return code.clone();
        }
        let label = match self.indicators.category(dimension, code) {
            Some((_, category)) => category.label.clone(),
            None => self.legend.category(dimension, code),
        };
        keys::shown(code, &label)
    }
}
