//! Cross-tabulations: counts by combination of places, and how the cells of a dense table fall into them.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use super::dense::Dense;
use crate::domain::codes::State;
use crate::domain::cube::PersonSets;
use crate::domain::disclosure::TrueCount;
use crate::engine::QueryError;

/// What was added up in each row, and over all records, each once.
#[derive(Clone, Default, PartialEq)]
pub(super) struct Folded<T> {
    /// By places on the axes that make rows.
    pub(super) rows: BTreeMap<Vec<usize>, T>,
    pub(super) all: T,
}

impl<T> Folded<T> {
    /// What was added up in a row; the total's where it has no places.
    pub(super) fn row(&self, row: &[usize]) -> Option<&T> {
        if row.is_empty() { Some(&self.all) } else { self.rows.get(row) }
    }

    /// What is made of each row; the total has no places.
    pub(super) fn map<U>(&self, made: impl Fn(&[usize], &T) -> U) -> Folded<U> {
        let rows = self.rows.iter().map(|(row, of)| (row.clone(), made(row, of))).collect();
        Folded { rows, all: made(&[], &self.all) }
    }
}

/// Counts by combination of places. The outer axes of the plan make the rows, the inner ones, which are its last, the counts of a
/// row.
pub(super) type Crosstab = Folded<InnerCounts>;

/// What was counted in one row.
#[derive(Clone, Default, PartialEq)]
pub(super) struct InnerCounts {
    /// Counts by place on the inner axes, the last of which varies fastest.
    pub(super) inner: Vec<TrueCount>,
    /// Each record or person of the row once; of records zeros, until somebody adds them up.
    pub(super) totals: Totals,
}

/// Records or distinct persons of a row, each counted once, however many inner places they are in: in the first of these four that fits.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Totals {
    /// In a place that is known.
    pub(super) known: TrueCount,
    /// In no known place, and in one that applies and that the source collects.
    pub(super) unknown: TrueCount,
    /// In none of these, and in a place that applies.
    pub(super) not_collected: TrueCount,
    /// Only in places that do not apply: nothing is asked there.
    pub(super) outside: TrueCount,
    /// Of those in a place that is known: in more than one category. Of records zero.
    pub(super) several: TrueCount,
}

impl Totals {
    /// In any place.
    pub(super) fn any(self) -> TrueCount {
        self.known + self.unknown + self.not_collected + self.outside
    }
}

impl InnerCounts {
    fn of(width: usize) -> Self {
        Self { inner: vec![TrueCount::default(); width], totals: Totals::default() }
    }

    /// Bytes in memory of so many counts.
    pub(super) fn memory(width: usize) -> usize {
        size_of::<Self>() + width * size_of::<TrueCount>()
    }

    /// All counts together.
    pub(super) fn sum(&self) -> TrueCount {
        self.inner.iter().copied().sum()
    }

    /// Adds counts of others.
    fn add(&mut self, others: &Self) {
        for (count, other) in self.inner.iter_mut().zip(&others.inner) {
            *count += *other;
        }
        self.totals.known += others.totals.known;
        self.totals.unknown += others.totals.unknown;
        self.totals.not_collected += others.totals.not_collected;
        self.totals.outside += others.totals.outside;
        self.totals.several += others.totals.several;
    }
}

impl Crosstab {
    /// Adds counts of others.
    pub(super) fn add(&mut self, others: Self) {
        self.all.add(&others.all);
        for (row, counts) in others.rows {
            match self.rows.entry(row) {
                Entry::Occupied(mut known) => known.get_mut().add(&counts),
                Entry::Vacant(new) => _ = new.insert(counts),
            }
        }
    }
}

/// The codes of an axis: one for each different list of places that its values have.
#[derive(Clone, PartialEq)]
pub(super) struct Coded {
    /// Code of each value; of a value that does not occur, any.
    pub(super) of_value: Vec<u32>,
    /// Places of each code.
    pub(super) spread: Vec<Vec<usize>>,
}

impl Coded {
    /// Codes of values with these places.
    pub(super) fn new(places: impl Iterator<Item = Vec<usize>>) -> Self {
        let (mut spread, mut known) = (Vec::new(), FxHashMap::default());
        let code = |places: Vec<usize>| {
            *known.entry(places.clone()).or_insert_with(|| {
                spread.push(places);
                u32::try_from(spread.len() - 1).unwrap_or(u32::MAX)
            })
        };
        let of_value = places.map(code).collect();
        Self { of_value, spread }
    }

    /// Codes of values with one place each.
    pub(super) fn of_places(places: &[usize]) -> Self {
        let mut distinct = places.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        let code = |place| distinct.binary_search(place).unwrap_or(0);
        let of_value = places.iter().map(|place| u32::try_from(code(place)).unwrap_or(u32::MAX));
        Self { of_value: of_value.collect(), spread: distinct.iter().map(|p| vec![*p]).collect() }
    }

    /// The same for the values with some numbers, in order.
    pub(super) fn of_some(values: &[u32], places: impl Fn(u32) -> Vec<usize>) -> Self {
        let some = Self::new(values.iter().map(|value| places(*value)));
        let mut of_value = vec![0; values.last().map_or(0, |last| *last as usize + 1)];
        for (value, code) in values.iter().zip(some.of_value) {
            of_value[*value as usize] = code;
        }
        Self { of_value, ..some }
    }
}

/// Every combination of one place from each list.
fn combinations(lists: &[&Vec<usize>]) -> Vec<Vec<usize>> {
    lists.iter().fold(vec![Vec::new()], |made, list| {
        made.iter()
            .flat_map(|start| list.iter().map(move |place| [start.as_slice(), &[*place]].concat()))
            .collect()
    })
}

/// Codes of a cell on every axis.
pub(super) fn codes_of(mut cell: u32, coded: &[Coded]) -> Vec<u32> {
    let mut codes = vec![0; coded.len()];
    for (axis, code) in codes.iter_mut().enumerate().rev() {
        let size = u32::try_from(coded[axis].spread.len().max(1)).unwrap_or(u32::MAX);
        (*code, cell) = (cell % size, cell / size);
    }
    codes
}

/// The rows that a combination of codes on the outer axes falls into.
fn rows_of(cell: usize, outer: &[Coded]) -> Vec<Vec<usize>> {
    let codes = codes_of(u32::try_from(cell).unwrap_or(u32::MAX), outer);
    let lists = codes.iter().zip(outer).map(|(code, axis)| &axis.spread[*code as usize]);
    let lists: Vec<_> = lists.collect();
    combinations(&lists)
}

/// How many combinations of codes some axes have.
pub(super) fn combined(axes: &[Coded]) -> usize {
    axes.iter().map(|axis| axis.spread.len()).product()
}

/// Numbers among the inner counts, the last axis varying fastest.
fn numbers(inner: &[Coded], places: &[usize]) -> Vec<Vec<usize>> {
    if let [only] = inner {
        return only.spread.clone();
    }
    let number = |combination: &Vec<usize>| {
        combination.iter().zip(places).fold(0, |number, (place, size)| number * size + place)
    };
    (0..combined(inner)).map(|cell| rows_of(cell, inner).iter().map(number).collect()).collect()
}

impl<T> Folded<T> {
    /// Adds every cell that counts something to the rows it falls into. The cells of a row's combination of codes lie beside each
    /// other, so its rows are looked up once; `add` is told which of them a count is of. `begins` is told each new row, and may refuse it.
    fn add_cells(
        &mut self,
        counts: &Dense,
        coded: &[Coded],
        outer: usize,
        (new, mut begins): (impl Fn() -> T, impl FnMut(&[usize]) -> Result<(), QueryError>),
        add: impl Fn(&mut T, usize, TrueCount),
    ) -> Result<(), QueryError> {
        let (outer, inner) = coded.split_at(outer);
        let mut all = vec![TrueCount::default(); combined(inner)];
        counts.each_row(|number, counts| {
            let counted = || counts.iter().enumerate().filter(|(_, count)| !count.is_zero());
            counted().for_each(|(cell, count)| all[cell] += *count);
            for row in rows_of(number, outer) {
                let of_row = match self.rows.entry(row) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(place) => {
                        begins(place.key())?;
                        place.insert(new())
                    }
                };
                counted().for_each(|(cell, count)| add(of_row, cell, *count));
            }
            Ok(())
        })?;
        let counted = all.iter().enumerate().filter(|(_, count)| !count.is_zero());
        counted.for_each(|(cell, count)| add(&mut self.all, cell, *count));
        Ok(())
    }
}

impl<T: Default> Folded<T> {
    /// The same, where `add` is told the places on the inner axes, none of which may be multi-valued.
    pub(super) fn add_by_place(
        &mut self,
        counts: &Dense,
        coded: &[Coded],
        outer: usize,
        begins: impl FnMut(&[usize]) -> Result<(), QueryError>,
        add: impl Fn(&mut T, &[usize], TrueCount),
    ) -> Result<(), QueryError> {
        let inner = &coded[outer..];
        // The places of one cell after the other.
        let mut places = Vec::with_capacity(combined(inner) * inner.len());
        for cell in 0..combined(inner) {
            let codes = codes_of(u32::try_from(cell).unwrap_or(u32::MAX), inner);
            let of = codes.iter().zip(inner).map(|(code, axis)| &axis.spread[*code as usize]);
            places.extend(of.map(|of| of.first().copied().unwrap_or_default()));
        }
        let add = |of: &mut T, cell: usize, n| {
            add(of, &places[cell * inner.len()..(cell + 1) * inner.len()], n);
        };
        self.add_cells(counts, coded, outer, (T::default, begins), add)?;
        self.rows.remove(&[][..]);
        Ok(())
    }
}

pub(super) fn count_crosstab(
    counts: &Dense,
    coded: &[Coded],
    places: &[usize],
    outer: usize,
    begins: impl FnMut(&[usize]) -> Result<(), QueryError>,
) -> Result<Crosstab, QueryError> {
    let width: usize = places[outer..].iter().product();
    let numbers = numbers(&coded[outer..], &places[outer..]);
    let mut crosstab = Crosstab { rows: BTreeMap::new(), all: InnerCounts::of(width) };
    let new = || InnerCounts::of(width);
    crosstab.add_cells(counts, coded, outer, (new, begins), |of, cell, count| {
        numbers[cell].iter().for_each(|place| of.inner[*place] += count);
    })?;
    Ok(crosstab)
}

/// Adds persons: in each row, each inner place counts a person once. `begins` is told each new row, and may refuse it.
pub(super) fn add_persons(
    crosstab: &mut Crosstab,
    persons: &PersonSets,
    (coded, places, outer): (&[Coded], &[usize], usize),
    mut begins: impl FnMut(&[usize]) -> Result<(), QueryError>,
) -> Result<(), QueryError> {
    let (of_rows, of_inner) = coded.split_at(outer);
    let (width, size) = (places[outer], combined(of_inner));
    let numbers = numbers(of_inner, &places[outer..]);
    let (mut all, mut rows) = (Vec::new(), BTreeMap::<Vec<usize>, Vec<usize>>::new());
    for combination in 0..combined(of_rows) {
        let mut cells = combination * size..(combination + 1) * size;
        if cells.any(|cell| !persons.is_empty(cell)) {
            all.push(combination);
            for row in rows_of(combination, of_rows) {
                if !rows.contains_key(&row) && !crosstab.rows.contains_key(&row) {
                    begins(&row)?;
                }
                rows.entry(row).or_default().push(combination);
            }
        }
    }
    let count = |combinations: &[usize]| {
        let mut counts = InnerCounts::of(width);
        let categories = width - State::ALL.len();
        let is = |place: usize, state: State| place == categories + state as usize;
        let known = |place: &usize| *place < categories || is(*place, State::Coarser);
        let asked = |place: &usize| !is(*place, State::NotApplicable);
        let collected = |place: &usize| asked(place) && !is(*place, State::NotCollected);
        let set = |wanted: &dyn Fn(&[usize]) -> bool| {
            let mut found = Vec::new();
            for (cell, _) in numbers.iter().enumerate().filter(|(_, of)| wanted(of)) {
                combinations.iter().for_each(|of| persons.put(of * size + cell, &mut found));
            }
            found
        };
        let whoever = |wanted: &dyn Fn(&[usize]) -> bool| persons.counted(&set(wanted));
        let occurring: BTreeSet<usize> = numbers.iter().flatten().copied().collect();
        let (mut once, mut several) = (Vec::new(), Vec::new());
        for place in occurring {
            let found = set(&|of| of.contains(&place));
            counts.inner[place] = persons.counted(&found);
            if place < categories {
                once.resize(found.len(), 0);
                several.resize(found.len(), 0);
                for ((once, several), of) in once.iter_mut().zip(&mut several).zip(found) {
                    *several |= *once & of;
                    *once |= of;
                }
            }
        }
        let is_known = whoever(&|of| of.iter().any(known));
        let is_collected = whoever(&|of| of.iter().any(collected));
        let is_asked = whoever(&|of| of.iter().any(asked));
        counts.totals = Totals {
            known: is_known,
            unknown: is_collected - is_known,
            not_collected: is_asked - is_collected,
            outside: whoever(&|_| true) - is_asked,
            several: persons.counted(&several),
        };
        counts
    };
    let rows = rows.into_iter().map(|(row, combinations)| (row, count(&combinations))).collect();
    if crosstab.all.inner.is_empty() {
        crosstab.all = InnerCounts::of(width);
    }
    crosstab.add(Crosstab { rows, all: count(&all) });
    Ok(())
}
