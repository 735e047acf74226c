//! From a plan to a cross-tabulation: by roll-ups where at most one field besides channel and attendance is asked about, by columns
//! otherwise. Both give the same counts; a test holds them to that.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::crosstab::{Coded, Crosstab, Folded, count_crosstab, person_crosstab};
use super::persons::{key_ranges, persons};
use super::plan::{On, Plan, PlanAxis, PlanFilter};
use crate::domain::cube::{Axis, Cells, Cube, Packed, Part, count, without_person};
use crate::domain::field::{Field, number};
use crate::engine::threads::on_threads;
use crate::engine::{Engine, QueryError, Threads};
use crate::store::{Reader, StoreError, Submission};

/// How cells are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Path {
    Rollups,
    Columns,
}

/// What a column of records is read from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Input<'a> {
    /// A field of the submissions.
    Field(Field),
    /// What was worked out for the question: a column for each submission.
    Derived(&'a [Arc<Packed>]),
}

/// What one input contributes: axes by stride, conditions.
struct Use<'a> {
    input: Input<'a>,
    axes: Vec<(u32, &'a [u32], u32)>,
    filters: Vec<&'a PlanFilter>,
}

impl Plan {
    /// The fields besides channel and attendance.
    fn fields(&self) -> Vec<Field> {
        let of_axes = self.axes.iter().filter_map(PlanAxis::field);
        let mut fields: Vec<_> =
            of_axes.chain(self.filters.iter().map(|filter| filter.field)).collect();
        fields.sort_unstable();
        fields.dedup();
        fields
    }

    /// The path that this plan goes where the records are counted, or what they stand for.
    pub(super) fn path(&self) -> Path {
        let inner = [Field::Channel, Field::Attendance];
        let derived = self.axes.iter().any(|axis| matches!(axis.on, On::Derived(_)));
        if derived || self.made.keys().any(|(_, field)| self.fields().contains(field)) {
            return Path::Columns; // roll-ups know only what is stored
        }
        let others = self.fields().into_iter().filter(|field| !inner.contains(field)).count();
        if others <= 1 { Path::Rollups } else { Path::Columns }
    }

    /// Number of places on each axis.
    fn places(&self) -> Vec<usize> {
        self.axes.iter().map(PlanAxis::places).collect()
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
            On::Derived(_) => {
                let places = 0..self.axes[axis].places();
                let of_word = places.map(|place| code(&vec![place])).collect();
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
}

/// A plan that is being counted, by the axes of its dense table.
struct Scan<'a> {
    plan: &'a Plan,
    reader: &'a Reader,
    threads: Threads,
    cube: &'a Cube,
    coded: &'a [Coded],
    uses: Vec<Use<'a>>,
}

impl<'a> Scan<'a> {
    fn new(engine: &'a Engine, plan: &'a Plan, cube: &'a Cube, coded: &'a [Coded]) -> Self {
        let (reader, threads) = (engine.store().reader(), engine.settings.threads);
        let axis = |n: usize| (cube.stride(n), coded[n].of_word.as_slice(), coded[n].not_collected);
        let of_field = |field: Field| {
            let axes = (0..coded.len()).filter(|n| plan.axes[*n].field() == Some(field)).map(axis);
            let filters = plan.filters.iter().filter(|filter| filter.field == field);
            Use { input: Input::Field(field), axes: axes.collect(), filters: filters.collect() }
        };
        let derived = plan.axes.iter().enumerate().filter_map(|(n, of)| match &of.on {
            On::Derived(columns) => {
                let (input, axes) = (Input::Derived(columns), vec![axis(n)]);
                Some(Use { input, axes, filters: Vec::new() })
            }
            On::Field(..) | On::Submission(_) => None,
        });
        let uses = plan.fields().into_iter().map(of_field).chain(derived).collect();
        Self { plan, reader, threads, cube, coded, uses }
    }

    fn cells(&self, path: Path) -> Result<Cells, QueryError> {
        if path == Path::Rollups {
            return self.by_rollups();
        }
        let parts: Result<Vec<_>, StoreError> = (0..self.plan.submissions.len())
            .take_while(|_| !self.threads.are_late())
            .filter_map(|n| self.part(n).transpose())
            .collect();
        let count =
            |run: &[Part]| count(self.cube, run.iter().take_while(|_| !self.threads.are_late()));
        let mut cells = self.cube.empty();
        for run in on_threads(&parts?, |part| part.records, self.threads, count) {
            cells.add(&run);
        }
        self.threads.in_time()?;
        Ok(cells)
    }

    /// Where a submission stands on the axes that it decides.
    fn base(&self, submission: usize) -> u32 {
        let axes = self.plan.axes.iter().zip(self.coded).enumerate();
        axes.map(|(n, (axis, coded))| match &axis.on {
            On::Submission(_) => self.cube.stride(n) * coded.of_word[submission],
            On::Field(..) | On::Derived(_) => 0,
        })
        .sum()
    }

    /// A submission's part; none if a condition leaves nothing of it.
    fn part(&self, number: usize) -> Result<Option<Part>, StoreError> {
        let submission = &self.plan.submissions[number];
        let (mut base, mut columns) = (self.base(number), Vec::new());
        for one in &self.uses {
            let adds = one.adds(submission);
            match adds.as_slice() {
                [only] if *only >= Part::REJECT => return Ok(None),
                [only] => base += only,
                _ if adds.iter().all(|add| *add >= Part::REJECT) => return Ok(None),
                _ => {
                    let made = match one.input {
                        Input::Field(field) => self.plan.made.get(&(submission.position, field)),
                        // Behind the last submission with records nothing was worked out.
                        Input::Derived(columns) => columns.get(number),
                    };
                    let column = match (made, one.input) {
                        (Some(column), _) => Arc::clone(column),
                        (None, Input::Field(field)) => self.reader.column(submission, field)?,
                        (None, Input::Derived(_)) => return Ok(None),
                    };
                    columns.push((column, adds));
                }
            }
        }
        let weights = self.reader.weights(submission)?;
        Ok(Some(Part { records: submission.records(), base, columns, weights }))
    }

    /// The parts of submissions that carry person keys. The keys are read when they are counted: they are most of what is read.
    fn person_parts(&self) -> Result<Vec<(Part, Arc<Submission>)>, QueryError> {
        let mut parts = Vec::new();
        let submissions = self.plan.submissions.iter().enumerate();
        for (number, submission) in submissions.filter(|(_, s)| s.has_persons) {
            self.threads.in_time()?;
            if let Some(part) = self.part(number)? {
                parts.push((part, Arc::clone(submission)));
            }
        }
        Ok(parts)
    }

    fn by_rollups(&self) -> Result<Cells, QueryError> {
        let mut cells = self.cube.empty();
        let counts = cells.counts_mut();
        for (number, submission) in self.plan.submissions.iter().enumerate() {
            self.threads.in_time()?;
            let mut base = self.base(number);
            let (mut of_field, mut of_channel, mut of_attendance) = (vec![0], vec![0], vec![0]);
            let mut rolled = number::TOTAL;
            for one in &self.uses {
                let adds = one.adds(submission);
                match one.input {
                    Input::Field(Field::Channel) => of_channel = adds,
                    Input::Field(Field::Attendance) => of_attendance = adds,
                    Input::Field(field) => match adds.as_slice() {
                        [only] => base = base.saturating_add(*only),
                        _ => (rolled, of_field) = (field.number(), adds),
                    },
                    // Answered from columns: see `path`.
                    Input::Derived(_) => {}
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
            for (cell, count) in self.reader.rollup(submission, rolled)? {
                let cell = cell as usize;
                let (attendance, rest) = (cell % of_attendance.len(), cell / of_attendance.len());
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
        Ok(cells)
    }
}

impl Use<'_> {
    /// What each index of a submission's column adds to the number of a cell; one add where all are alike.
    fn adds(&self, submission: &Submission) -> Vec<u32> {
        let at =
            |word: usize| self.axes.iter().map(|(stride, codes, _)| stride * codes[word]).sum();
        let field = match self.input {
            Input::Field(field) => field,
            Input::Derived(_) => {
                let places = self.axes.first().map_or(0, |(_, codes, _)| codes.len());
                return (0..places).map(at).collect();
            }
        };
        let passes = |places: &[usize], filter: &PlanFilter| {
            places.iter().any(|p| filter.wanted.contains(p))
        };
        let Some(column) = submission.column(field) else {
            let passes = self.filters.iter().all(|f| passes(&f.places.not_collected, f));
            let add: u32 = self.axes.iter().map(|(stride, _, absent)| stride * absent).sum();
            return vec![if passes { add } else { Part::REJECT }];
        };
        let add = |word: &u32| {
            let word = *word as usize;
            let passes = self.filters.iter().all(|f| passes(&f.places.of_word[word], f));
            if passes { at(word) } else { Part::REJECT }
        };
        column.words.iter().map(add).collect()
    }
}

impl Engine {
    /// Counts what the records of a plan stand for, the quickest way. `inner` is how many of its last axes make the counts of a row.
    pub(super) fn count(&self, plan: &Plan, inner: usize) -> Result<Crosstab, QueryError> {
        self.crosstab(plan, plan.path(), inner)
    }

    /// The same on a path.
    pub(super) fn crosstab(
        &self,
        plan: &Plan,
        path: Path,
        inner: usize,
    ) -> Result<Crosstab, QueryError> {
        let (cube, coded) = plan.shape()?;
        let cells = Scan::new(self, plan, &cube, &coded).cells(path)?;
        Ok(count_crosstab(&cells, &coded, &plan.places(), plan.axes.len() - inner))
    }

    /// Counts the distinct persons of a plan, whose last axis makes the counts of a row; and the consultations without a person key
    /// in submissions that carry keys, which count no person.
    pub(super) fn count_persons(&self, plan: &Plan) -> Result<(Crosstab, u64), QueryError> {
        let (cube, coded) = plan.shape()?;
        let scan = Scan::new(self, plan, &cube, &coded);
        let (parts, reader, threads) = (scan.person_parts()?, scan.reader, scan.threads);
        let run = |run: &[(Part, Arc<Submission>)]| -> Result<u64, StoreError> {
            let wanted = run.iter().take_while(|_| !threads.are_late());
            wanted.map(|(part, of)| Ok(without_person(part, &*reader.persons(of)?))).sum()
        };
        let mut without = 0;
        for counted in on_threads(&parts, |(part, _)| part.records, threads, run) {
            without += counted?;
        }
        threads.in_time()?;
        let mut crosstab: Option<Crosstab> = None;
        for among in key_ranges(parts.iter().map(|(part, _)| part.records).sum()) {
            let found = persons(reader, &parts, &among, threads)?;
            let counted = person_crosstab(&found, &coded, &plan.places(), plan.axes.len() - 1);
            match &mut crosstab {
                Some(crosstab) => crosstab.add(counted),
                None => crosstab = Some(counted),
            }
        }
        Ok((crosstab.unwrap_or_default(), without))
    }

    /// Adds every cell of a plan that counts something to the rows it falls into: `outer` axes make the rows, and `add` is told the
    /// places on the others, none of which may be multi-valued.
    pub(super) fn fold<T: Default>(
        &self,
        plan: &Plan,
        outer: usize,
        folded: &mut Folded<T>,
        add: impl Fn(&mut T, &[usize], u64),
    ) -> Result<(), QueryError> {
        let (cube, coded) = plan.shape()?;
        let cells = Scan::new(self, plan, &cube, &coded).cells(plan.path())?;
        folded.add_by_place(&cells, &coded, outer, add);
        Ok(())
    }
}
