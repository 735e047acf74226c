//! The numbers of tables, as sums of base cells. Numbers of the same cells are one number, in however many tables they are.

use std::collections::BTreeMap;

use super::PublishError;
use super::reading::Read;
use crate::domain::codes::{Dimension, Source, State};
use crate::domain::collection::Dataset;
use crate::domain::disclosure::publication::{Draft, Number};
use crate::domain::period::{Month, months_of};
use crate::domain::published::PublishedTable;
use crate::domain::reference::Reference;
use crate::engine::answer::Key;
use crate::engine::{Engine, Release};

/// Draft and lines of the tables of a collection.
pub(super) struct Drafted {
    pub(super) draft: Draft,
    /// The lines of each table.
    pub(super) tables: Vec<Vec<Line>>,
}

/// A line of a table.
pub(super) struct Line {
    pub(super) period: String,
    pub(super) months: (Month, Month),
    pub(super) keys: Vec<Key>,
    /// The number; none: too few organisations are behind it.
    pub(super) number: Option<usize>,
    /// The line that it is a share of; none: it is a total.
    pub(super) whole: Option<usize>,
}

/// What tells parts of a table apart: a dimension, with a key for each part.
struct Axis<'a> {
    dimension: &'a Dimension,
    keys: Vec<Key>,
    /// Place among the dimensions of a combination; none: it is told by the organisation.
    place: Option<usize>,
}

impl Engine {
    /// Drafts the tables of a collection.
    pub(super) fn drafted(
        &self,
        tables: &[&PublishedTable],
        read: &Read,
        release: &Release,
    ) -> Result<Drafted, PublishError> {
        let (reference, all) = (self.reference(), self.shown_areas(release)?);
        let mut numbers = Numbers::default();
        let mut lines = Vec::new();
        for (table, periods) in tables.iter().zip(&read.periods) {
            let shown = all.get(&(table.collection.clone(), Dataset::Consultations));
            let is_shown = |area: &str| shown.is_some_and(|shown| shown.contains(area));
            let mut of_table = Vec::new();
            for period in periods.iter().filter(|_| is_shown(&table.area)) {
                let ids = table.dimensions.iter();
                let axes: Vec<_> =
                    ids.filter_map(|id| Axis::new(&reference, (table, period), id, read)).collect();
                let drafting = Drafting { reference: &reference, table, read, period, axes: &axes };
                drafting.lines(&mut numbers, &mut of_table, &is_shown);
            }
            lines.push(of_table);
        }
        let width = read.combinations.len();
        let draft = Draft {
            cells: read.parcels.values().flatten().copied().collect(),
            known: (0..read.parcels.len())
                .map(|of| (of * width..(of + 1) * width).collect())
                .collect(),
            numbers: numbers.all,
        };
        Ok(Drafted { draft, tables: lines })
    }
}

/// The numbers so far.
#[derive(Default)]
struct Numbers {
    all: Vec<Number>,
    by_cells: BTreeMap<Vec<usize>, usize>,
}

impl Numbers {
    fn of(&mut self, cells: Vec<usize>) -> usize {
        let next = self.all.len();
        let number = *self.by_cells.entry(cells.clone()).or_insert(next);
        if number == next {
            self.all.push(Number { cells, siblings: Vec::new() });
        }
        number
    }
}

impl<'a> Axis<'a> {
    fn new(
        reference: &'a Reference,
        (table, period): (&PublishedTable, &str),
        id: &str,
        read: &Read,
    ) -> Option<Self> {
        let dimension = reference.dimension(id)?;
        let place = read.dimensions.iter().position(|of| of == id);
        let key = |code: &str, label: &str, state| Key {
            dimension: id.into(),
            code: code.to_owned(),
            label: label.to_owned(),
            state,
        };
        let keys = if let Source::ProviderArea(kind) = &dimension.source {
            // The areas of the members that are there in the months of the period, whoever submitted.
            let months = months_of(period).ok()?;
            let months = months.start().number()..=months.end().number();
            let months: Vec<_> =
                months.filter_map(|number| Month::from_number(number.into())).collect();
            let members = reference.members(&table.area);
            let within = members.keys().flat_map(|code| {
                let is_member = |month: &&Month| {
                    reference.belongs(code, &table.area, **month)
                        && members[code].is_there((**month, **month))
                };
                months
                    .iter()
                    .filter(is_member)
                    .filter_map(|month| reference.area_in(code, kind, *month))
            });
            let within: BTreeMap<&str, &str> =
                within.map(|area| (area.code.as_str(), area.name.as_str())).collect();
            within.into_iter().map(|(code, name)| key(code, name, None)).collect()
        } else {
            let not_known = key(State::NotKnown.name(), "not known", Some(State::NotKnown));
            let categories = dimension.categories.iter();
            let known = categories.map(|(code, label)| key(code, label, None));
            known.chain([not_known]).collect()
        };
        Some(Self { dimension, keys, place })
    }
}

/// A table in a period.
struct Drafting<'a> {
    reference: &'a Reference,
    table: &'a PublishedTable,
    read: &'a Read,
    period: &'a str,
    axes: &'a [Axis<'a>],
}

impl Drafting<'_> {
    /// Every line: of all, of each part of the first dimension, of each of the second, and of both.
    fn lines(&self, numbers: &mut Numbers, lines: &mut Vec<Line>, is_shown: &dyn Fn(&str) -> bool) {
        let Ok(months) = months_of(self.period) else { return };
        let months = (*months.start(), *months.end());
        let second = self.axes.get(1).map_or(0, |axis| axis.keys.len());
        for other in std::iter::once(None).chain((0..second).map(Some)) {
            let whole = lines.len();
            let first = self.axes[0].keys.len();
            for one in std::iter::once(None).chain((0..first).map(Some)) {
                let at: Vec<_> = [one, other].into_iter().enumerate().collect();
                let at: Vec<_> =
                    at.into_iter().filter_map(|(axis, of)| Some((axis, of?))).collect();
                let keys: Vec<Key> =
                    at.iter().map(|(axis, of)| self.axes[*axis].keys[*of].clone()).collect();
                let hidden = at.iter().any(|(axis, of)| {
                    let axis = &self.axes[*axis];
                    axis.place.is_none() && !is_shown(&axis.keys[*of].code)
                });
                let number = (!hidden).then(|| numbers.of(self.cells(&at)));
                let whole = one.map(|_| whole);
                lines.push(Line { period: self.period.to_owned(), months, keys, number, whole });
            }
            self.siblings(numbers, &lines[whole + 1..]);
        }
    }

    /// Lines that may become one: the known parts of the first dimension, the nearest first.
    fn siblings(&self, numbers: &mut Numbers, lines: &[Line]) {
        let known = |line: &&Line| line.keys.first().is_some_and(|key| key.state.is_none());
        let all: Vec<_> = lines.iter().filter(known).map(|line| line.number).collect();
        for (place, number) in all.iter().enumerate() {
            let Some(number) = *number else { continue };
            let mut others: Vec<usize> = (0..all.len()).filter(|other| *other != place).collect();
            others.sort_by_key(|other| other.abs_diff(place));
            let siblings = others.into_iter().filter_map(|other| all[other]);
            // Parts without any base cell, of which there is nothing to merge, are one number.
            let siblings = siblings.filter(|sibling| *sibling != number);
            numbers.all[number].siblings = siblings.collect();
        }
    }

    /// The base cells of a line, by the places of its keys.
    fn cells(&self, at: &[(usize, usize)]) -> Vec<usize> {
        let width = self.read.combinations.len();
        let is_of = |combination: &Vec<usize>| {
            at.iter().all(|(axis, of)| {
                self.axes[*axis].place.is_none_or(|place| combination[place] == *of)
            })
        };
        let of_parcel: Vec<usize> =
            (0..width).filter(|one| is_of(&self.read.combinations[*one])).collect();
        let mut cells = Vec::new();
        for (number, (organisation, month)) in self.read.parcels.keys().enumerate() {
            let is_in = at.iter().all(|(axis, of)| {
                let axis = &self.axes[*axis];
                let Source::ProviderArea(kind) = &axis.dimension.source else { return true };
                let area = self.reference.area_in(organisation, kind, *month);
                area.is_some_and(|area| area.code == axis.keys[*of].code)
            });
            let is_of_period = self.table.period.of(*month) == self.period;
            let is_member = || self.reference.belongs(organisation, &self.table.area, *month);
            if is_in && is_of_period && is_member() {
                cells.extend(of_parcel.iter().map(|one| number * width + one));
            }
        }
        cells
    }
}
