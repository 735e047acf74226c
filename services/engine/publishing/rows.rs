//! Tables as they are published.

use std::collections::{BTreeMap, BTreeSet};

use super::drafting::Line;
use super::{PublishedRow, RowShown, TableOf};
use crate::domain::codes::Source;
use crate::domain::disclosure::publication::{Settled, Shown};
use crate::domain::published::PublishedTable;
use crate::domain::reference::{Counted, Reference};
use crate::engine::Engine;
use crate::engine::answer::Key;

impl Engine {
    /// The table, of what was settled about its numbers.
    pub(super) fn table_of(
        &self,
        definition: &PublishedTable,
        lines: &[Line],
        settled: &Settled,
    ) -> TableOf {
        let reference = self.reference();
        let mut notes = Vec::new();
        if lines.is_empty() {
            notes.push(format!(
                "This release has no closed period of `{}`, or too few of its organisations have data.",
                definition.area
            ));
        }
        notes.extend(boundaries(&reference, definition, lines));
        let area_name = reference.areas().get(&definition.area).map(|area| area.name.clone());
        let rows = rows(lines, settled);
        TableOf {
            definition: definition.clone(),
            area_name: area_name.unwrap_or_default(),
            rows,
            notes,
        }
    }
}

/// What changed about the area of a table, and about the areas among its rows, within its periods.
fn boundaries(reference: &Reference, definition: &PublishedTable, lines: &[Line]) -> Vec<String> {
    let first = lines.iter().map(|line| line.months.0).min();
    let last = lines.iter().map(|line| line.months.1).max();
    let Some(months) = first.zip(last) else { return Vec::new() };
    let counted = Counted::Organisations;
    let mut said = reference.boundary_changes(&definition.area, months, counted);
    let is_area = |key: &&Key| {
        let source = reference.dimension(&key.dimension).map(|dimension| &dimension.source);
        matches!(source, Some(Source::ProviderArea(_)))
    };
    let keys = lines.iter().flat_map(|line| &line.keys).filter(is_area);
    let codes: BTreeSet<&str> = keys.map(|key| key.code.as_str()).collect();
    for said_of in codes.into_iter().flat_map(|code| reference.series_breaks(code, months, counted))
    {
        if !said.contains(&said_of) {
            said.push(said_of);
        }
    }
    said
}

/// The lines, then the rows that several of them are part of.
fn rows(lines: &[Line], settled: &Settled) -> Vec<PublishedRow> {
    let shown = |line: &Line| line.number.map(|number| settled.shown[number]);
    let mut merged: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (place, line) in lines.iter().enumerate() {
        if let Some(Shown::Merged(of)) = shown(line) {
            merged.entry(of).or_default().push(place);
        }
    }
    let row = |line: &Line, keys: Vec<Key>, of: RowShown| {
        let whole = line.whole.and_then(|place| shown(&lines[place]));
        let whole = whole.and_then(|whole| alone(whole).count());
        PublishedRow { period: line.period.clone(), months: line.months, keys, shown: of, whole }
    };
    let of_lines = lines.iter().map(|line| {
        let of = match shown(line) {
            None => RowShown::NotShown,
            Some(Shown::Merged(of)) => RowShown::Merged(one_key(lines, &merged[&of]).code),
            Some(shown) => alone(shown),
        };
        row(line, line.keys.clone(), of)
    });
    let of_merged = merged.iter().map(|(of, places)| {
        let line = &lines[places[0]];
        let mut keys = line.keys.clone();
        keys[0] = one_key(lines, places);
        row(line, keys, alone(settled.merged[*of].shown))
    });
    of_lines.chain(of_merged).collect()
}

fn alone(shown: Shown) -> RowShown {
    match shown {
        Shown::Count(count) => RowShown::Count(count),
        Shown::Few => RowShown::Few,
        Shown::Coarsened | Shown::Merged(_) => RowShown::Coarsened,
    }
}

/// The key of several lines together: `TELEPHONE+VIDEO`.
fn one_key(lines: &[Line], places: &[usize]) -> Key {
    let keys: Vec<&Key> = places.iter().filter_map(|place| lines[*place].keys.first()).collect();
    let joined = |of: fn(&Key) -> &str, with: &str| {
        keys.iter().map(|key| of(key)).collect::<Vec<_>>().join(with)
    };
    Key {
        dimension: keys.first().map_or_else(|| "".into(), |key| key.dimension.clone()),
        code: joined(|key| &key.code, "+"),
        label: joined(|key| &key.label, " + "),
        state: None,
    }
}
