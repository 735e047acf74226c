//! From a plan to cells: by roll-ups where at most one field besides channel and attendance is asked about, by columns
//! otherwise. Both give the same cells; a test holds them to that.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::persons::{key_ranges, persons};
use super::plan::{On, Plan, PlanFilter};
use super::threads::on_threads;
use crate::domain::codes::State;
use crate::domain::cube::{Axis, Cells, Cube, Part, Rollup, count, without_person};
use crate::domain::field::{Field, number};
use crate::engine::{QueryError, Threads};
use crate::store::{Reader, StoreError, Submission};

/// Counts by combination of places. The last axes of the plan are the inner ones: their combinations stand in each row's counts.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    /// Places on the outer axes, and the counts of the inner cells.
    pub(super) rows: BTreeMap<Vec<usize>, Vec<u64>>,
    /// The same over all combinations, each record once.
    pub(super) all: Vec<u64>,
}

/// What was added up in each row, and over all records, each once.
#[derive(Clone, Debug, Default)]
pub(super) struct Folded<T> {
    pub(super) rows: BTreeMap<Vec<usize>, T>,
    pub(super) all: T,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// What records stand for.
    Weights,
    /// Distinct persons.
    Persons,
}

/// How cells are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Path {
    Rollups,
    Columns,
}

/// What one field contributes: axes by stride, conditions.
struct Use<'a> {
    field: Field,
    axes: Vec<(u32, &'a [u32], u32)>,
    filters: Vec<&'a PlanFilter>,
}

/// The codes of an axis: one for each different list of places that its values have.
struct Coded {
    /// Code by number of the value; empty for axes that the submission decides.
    of_word: Vec<u32>,
    not_collected: u32,
    /// Places of each code.
    spread: Vec<Vec<usize>>,
}

impl Plan {
    /// The fields besides channel and attendance.
    fn fields(&self) -> Vec<Field> {
        let of_axes = self.axes.iter().filter_map(|axis| match &axis.on {
            On::Field(field, _) => Some(*field),
            On::Submission(_) => None,
        });
        let mut fields: Vec<_> =
            of_axes.chain(self.filters.iter().map(|filter| filter.field)).collect();
        fields.sort_unstable();
        fields.dedup();
        fields
    }

    /// The path that this plan goes.
    pub(super) fn path(&self, unit: Unit) -> Path {
        let inner = [Field::Channel, Field::Attendance];
        if self.made.keys().any(|(_, field)| self.fields().contains(field)) {
            return Path::Columns; // roll-ups know only what is stored
        }
        let others = self.fields().into_iter().filter(|field| !inner.contains(field)).count();
        if unit == Unit::Weights && others <= 1 { Path::Rollups } else { Path::Columns }
    }

    /// Counts. `inner` is how many of the last axes stand inside a row.
    pub(super) fn table(
        &self,
        reader: &Reader,
        unit: Unit,
        path: Path,
        inner: usize,
        threads: Threads,
    ) -> Result<Table, QueryError> {
        let (cube, coded) = self.shape()?;
        let outer = self.axes.len() - inner;
        let places: Vec<_> = self.axes.iter().map(super::plan::PlanAxis::places).collect();
        if unit == Unit::Persons {
            let uses = self.uses(&cube, &coded);
            let parts = self.person_parts(reader, &cube, &coded, &uses, threads)?;
            let mut table: Option<Table> = None;
            for among in key_ranges(parts.iter().map(|(part, _)| part.records).sum()) {
                let found = persons(reader, &parts, &among, threads)?;
                let counted = person_table(&found, &coded, &places, outer);
                match &mut table {
                    Some(table) => table.add(counted),
                    None => table = Some(counted),
                }
            }
            return Ok(table.unwrap_or_default());
        }
        let cells = self.cells(reader, path, &cube, &coded, threads)?;
        Ok(count_table(&cells, &coded, &places, outer))
    }

    /// Consultations without a person key in submissions that carry keys: they count no person.
    pub(super) fn without_person(
        &self,
        reader: &Reader,
        threads: Threads,
    ) -> Result<u64, QueryError> {
        let (cube, coded) = self.shape()?;
        let uses = self.uses(&cube, &coded);
        let parts = self.person_parts(reader, &cube, &coded, &uses, threads)?;
        let run = |run: &[(Part, Arc<Submission>)]| -> Result<u64, StoreError> {
            let wanted = run.iter().take_while(|_| !threads.are_late());
            wanted.map(|(part, of)| Ok(without_person(part, &*reader.persons(of)?))).sum()
        };
        let mut sum = 0;
        for counted in on_threads(&parts, |(part, _)| part.records, threads, run) {
            sum += counted?;
        }
        threads.in_time()?;
        Ok(sum)
    }

    /// Adds every cell that counts something to the rows it falls into: `outer` axes make the rows, and `add` is told the places
    /// on the others, none of which may be multi-valued.
    pub(super) fn fold<T: Default>(
        &self,
        reader: &Reader,
        outer: usize,
        threads: Threads,
        folded: &mut Folded<T>,
        add: impl Fn(&mut T, &[usize], u64),
    ) -> Result<(), QueryError> {
        let (cube, coded) = self.shape()?;
        let cells = self.cells(reader, self.path(Unit::Weights), &cube, &coded, threads)?;
        for (cell, count) in cells.counts().iter().enumerate().filter(|(_, count)| **count > 0) {
            let codes = codes_of(cell, &coded);
            let lists: Vec<_> =
                codes.iter().zip(&coded).map(|(code, axis)| &axis.spread[*code]).collect();
            let inner: Vec<_> =
                lists[outer..].iter().filter_map(|list| list.first().copied()).collect();
            add(&mut folded.all, &inner, *count);
            for row in combinations(&lists[..outer]).into_iter().filter(|row| !row.is_empty()) {
                add(folded.rows.entry(row).or_default(), &inner, *count);
            }
        }
        Ok(())
    }

    /// The dense table's axes; refused where it would be too large.
    fn shape(&self) -> Result<(Cube, Vec<Coded>), QueryError> {
        let coded: Vec<_> = (0..self.axes.len()).map(|axis| self.coded(axis)).collect();
        let axes = coded.iter().map(|axis| Axis { places: axis.spread.len() });
        let cube = Cube::new(axes.collect());
        let limit = Cube::LIMIT;
        match cube.size() {
            Some(size) if size <= limit => Ok((cube, coded)),
            size => {
                let cells = size.map_or(u64::MAX, |size| size as u64);
                Err(QueryError::TooLarge { cells, limit: limit as u64 })
            }
        }
    }

    fn cells(
        &self,
        reader: &Reader,
        path: Path,
        cube: &Cube,
        coded: &[Coded],
        threads: Threads,
    ) -> Result<Cells, QueryError> {
        let uses = self.uses(cube, coded);
        match path {
            Path::Rollups => self.by_rollups(reader, cube, coded, &uses, threads),
            Path::Columns => {
                let parts: Result<Vec<_>, StoreError> = (0..self.submissions.len())
                    .take_while(|_| !threads.are_late())
                    .filter_map(|n| self.part(reader, n, cube, coded, &uses).transpose())
                    .collect();
                let count =
                    |run: &[Part]| count(cube, run.iter().take_while(|_| !threads.are_late()));
                let mut cells = cube.empty();
                for run in on_threads(&parts?, |part| part.records, threads, count) {
                    cells.add(&run);
                }
                threads.in_time()?;
                Ok(cells)
            }
        }
    }

    fn coded(&self, axis: usize) -> Coded {
        let mut spread: Vec<Vec<usize>> = Vec::new();
        let mut known: BTreeMap<Vec<usize>, u32> = BTreeMap::new();
        let mut code = |places: &Vec<usize>| {
            *known.entry(places.clone()).or_insert_with(|| {
                spread.push(places.clone());
                u32::try_from(spread.len() - 1).unwrap_or(u32::MAX)
            })
        };
        match &self.axes[axis].on {
            On::Submission(places) => {
                let of_word = places.iter().map(|place| code(&vec![*place])).collect();
                Coded { of_word, not_collected: 0, spread }
            }
            On::Field(field, places) => {
                // Only values that occur in the plan get a code, so that the table is no larger than it must be.
                let mut occurs = vec![false; places.of_word.len()];
                for column in self.submissions.iter().filter_map(|s| s.column(*field)) {
                    column.words.iter().for_each(|word| occurs[*word as usize] = true);
                }
                let not_collected = code(&places.not_collected);
                let of_word = places
                    .of_word
                    .iter()
                    .zip(occurs)
                    .map(|(places, occurs)| if occurs { code(places) } else { not_collected })
                    .collect();
                Coded { of_word, not_collected, spread }
            }
        }
    }

    fn uses<'a>(&'a self, cube: &Cube, coded: &'a [Coded]) -> Vec<Use<'a>> {
        let one = |field: Field| {
            let axes =
                self.axes.iter().zip(coded).enumerate().filter_map(
                    |(n, (axis, coded))| match &axis.on {
                        On::Field(on, _) if *on == field => {
                            Some((cube.stride(n), coded.of_word.as_slice(), coded.not_collected))
                        }
                        On::Field(..) | On::Submission(_) => None,
                    },
                );
            let filters = self.filters.iter().filter(|filter| filter.field == field);
            Use { field, axes: axes.collect(), filters: filters.collect() }
        };
        self.fields().into_iter().map(one).collect()
    }

    /// Where a submission stands on the axes that it decides.
    fn base(&self, submission: usize, cube: &Cube, coded: &[Coded]) -> u32 {
        let axes = self.axes.iter().zip(coded).enumerate();
        axes.map(|(n, (axis, coded))| match &axis.on {
            On::Submission(_) => cube.stride(n) * coded.of_word[submission],
            On::Field(..) => 0,
        })
        .sum()
    }

    /// A submission's part; none if a condition leaves nothing of it.
    fn part(
        &self,
        reader: &Reader,
        number: usize,
        cube: &Cube,
        coded: &[Coded],
        uses: &[Use<'_>],
    ) -> Result<Option<Part>, StoreError> {
        let submission = &self.submissions[number];
        let (mut base, mut columns) = (self.base(number, cube, coded), Vec::new());
        for one in uses {
            let adds = one.adds(submission);
            match adds.as_slice() {
                [only] if *only >= Part::REJECT => return Ok(None),
                [only] => base += only,
                _ if adds.iter().all(|add| *add >= Part::REJECT) => return Ok(None),
                _ => {
                    let made = self.made.get(&(submission.position, one.field)).cloned();
                    let column = match made {
                        Some(column) => column,
                        None => reader.column(submission, one.field)?,
                    };
                    columns.push((column, adds));
                }
            }
        }
        let weights = reader.weights(submission)?;
        Ok(Some(Part { records: submission.records(), base, columns, weights }))
    }

    /// The parts of submissions that carry person keys. The keys are read when they are counted: they are most of what is read.
    fn person_parts(
        &self,
        reader: &Reader,
        cube: &Cube,
        coded: &[Coded],
        uses: &[Use<'_>],
        threads: Threads,
    ) -> Result<Vec<(Part, Arc<Submission>)>, QueryError> {
        let mut parts = Vec::new();
        for (number, submission) in
            self.submissions.iter().enumerate().filter(|(_, s)| s.has_persons)
        {
            threads.in_time()?;
            if let Some(part) = self.part(reader, number, cube, coded, uses)? {
                parts.push((part, Arc::clone(submission)));
            }
        }
        Ok(parts)
    }

    fn by_rollups(
        &self,
        reader: &Reader,
        cube: &Cube,
        coded: &[Coded],
        uses: &[Use<'_>],
        threads: Threads,
    ) -> Result<Cells, QueryError> {
        let mut cells = cube.empty();
        let counts = cells.counts_mut();
        for (number, submission) in self.submissions.iter().enumerate() {
            threads.in_time()?;
            let mut base = self.base(number, cube, coded);
            let (mut of_field, mut of_channel, mut of_attendance) = (vec![0], vec![0], vec![0]);
            let mut rolled = number::TOTAL;
            for one in uses {
                let adds = one.adds(submission);
                if one.field == Field::Channel {
                    of_channel = adds;
                } else if one.field == Field::Attendance {
                    of_attendance = adds;
                } else if let [only] = adds.as_slice() {
                    base = base.saturating_add(*only);
                } else {
                    (rolled, of_field) = (one.field.number(), adds);
                }
            }
            if base >= Part::REJECT {
                continue;
            }
            // Without a use of its own, a field of the roll-up is summed over: every index adds nothing.
            let widen = |adds: Vec<u32>, field: Field| {
                let values = submission.column(field).map_or(1, |column| column.words.len().max(1));
                if adds.len() == values { adds } else { vec![adds[0]; values] }
            };
            let of_channel = widen(of_channel, Field::Channel);
            let of_attendance = widen(of_attendance, Field::Attendance);
            for part in reader.rollup(submission, rolled)? {
                for (cell, count) in Rollup::decode(&part) {
                    let cell = cell as usize;
                    let (attendance, rest) =
                        (cell % of_attendance.len(), cell / of_attendance.len());
                    let (channel, value) = (rest % of_channel.len(), rest / of_channel.len());
                    let Some(add) = of_field.get(value) else { continue };
                    let place = base
                        .saturating_add(*add)
                        .saturating_add(of_channel[channel])
                        .saturating_add(of_attendance[attendance]);
                    if let Some(sum) = counts.get_mut(place as usize) {
                        *sum += count;
                    }
                }
            }
        }
        Ok(cells)
    }
}

impl Use<'_> {
    /// What each index of a submission's column adds to the number of a cell; one add where all are alike.
    fn adds(&self, submission: &Submission) -> Vec<u32> {
        let passes = |places: &[usize], filter: &PlanFilter| {
            places.iter().any(|p| filter.wanted.contains(p))
        };
        let Some(column) = submission.column(self.field) else {
            let passes = self.filters.iter().all(|f| passes(&f.places.not_collected, f));
            let add: u32 = self.axes.iter().map(|(stride, _, absent)| stride * absent).sum();
            return vec![if passes { add } else { Part::REJECT }];
        };
        column
            .words
            .iter()
            .map(|word| {
                let word = *word as usize;
                if !self.filters.iter().all(|f| passes(&f.places.of_word[word], f)) {
                    return Part::REJECT;
                }
                self.axes.iter().map(|(stride, codes, _)| stride * codes[word]).sum()
            })
            .collect()
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
fn codes_of(mut cell: usize, coded: &[Coded]) -> Vec<usize> {
    let mut codes = vec![0; coded.len()];
    for (axis, code) in codes.iter_mut().enumerate().rev() {
        let size = coded[axis].spread.len().max(1);
        (*code, cell) = (cell % size, cell / size);
    }
    codes
}

/// Where a cell falls: its rows, and its places among the inner cells.
fn falls(
    cell: usize,
    coded: &[Coded],
    places: &[usize],
    outer: usize,
) -> (Vec<Vec<usize>>, Vec<usize>) {
    let codes = codes_of(cell, coded);
    let lists: Vec<_> = codes.iter().zip(coded).map(|(code, axis)| &axis.spread[*code]).collect();
    let inner = combinations(&lists[outer..]).into_iter().map(|combination| {
        combination
            .iter()
            .zip(&places[outer..])
            .fold(0, |number, (place, size)| number * size + place)
    });
    (combinations(&lists[..outer]), inner.collect())
}

fn count_table(cells: &Cells, coded: &[Coded], places: &[usize], outer: usize) -> Table {
    let width: usize = places[outer..].iter().product();
    let mut table = Table { rows: BTreeMap::new(), all: vec![0; width] };
    for (cell, count) in cells.counts().iter().enumerate().filter(|(_, count)| **count > 0) {
        let (rows, inner) = falls(cell, coded, places, outer);
        for place in &inner {
            table.all[*place] += count;
        }
        for row in rows {
            let counts = table.rows.entry(row).or_insert_with(|| vec![0; width]);
            for place in &inner {
                counts[*place] += count;
            }
        }
    }
    table
}

/// The same for persons: in each row, each inner cell counts a person once. Behind the inner cells stand three more: persons in
/// any of them, in any that the source collects, and in any that is known.
fn person_table(found: &[(u64, u32)], coded: &[Coded], places: &[usize], outer: usize) -> Table {
    let width: usize = places[outer..].iter().product();
    let categories = places[outer] - State::ALL.len();
    let is = |place: usize, state: State| place == categories + state as usize;
    let known = |place: &usize| *place < categories || is(*place, State::Coarser);
    let collected = |place: &usize| !is(*place, State::NotCollected);
    let mut table = Table { rows: BTreeMap::new(), all: vec![0; width + 3] };
    let mut fallen: BTreeMap<u32, (Vec<Vec<usize>>, Vec<usize>)> = BTreeMap::new();
    for of_person in found.chunk_by(|a, b| a.0 == b.0) {
        let mut rows: BTreeMap<&[usize], Vec<usize>> = BTreeMap::new();
        let mut all = Vec::new();
        for (_, cell) in of_person {
            fallen.entry(*cell).or_insert_with(|| falls(*cell as usize, coded, places, outer));
        }
        for (_, cell) in of_person {
            let (in_rows, inner) = &fallen[cell];
            all.extend_from_slice(inner);
            for row in in_rows {
                rows.entry(row).or_default().extend_from_slice(inner);
            }
        }
        let add = |counts: &mut Vec<u64>, mut cells: Vec<usize>| {
            cells.sort_unstable();
            cells.dedup();
            counts[width] += 1;
            counts[width + 1] += u64::from(cells.iter().any(collected));
            counts[width + 2] += u64::from(cells.iter().any(known));
            cells.iter().for_each(|cell| counts[*cell] += 1);
        };
        add(&mut table.all, all);
        for (row, cells) in rows {
            let counts = table.rows.entry(row.to_vec()).or_insert_with(|| vec![0; width + 3]);
            add(counts, cells);
        }
    }
    table
}
