//! From a plan to a cross-tabulation: by roll-ups where at most one field besides channel and attendance is asked about, by columns
//! otherwise. Both give the same counts; a test holds them to that.
//!
//! What a code means for the question is worked out once. A month is then counted without a look at its submissions, unless they
//! fall into different cells.

use std::sync::Arc;

use super::crosstab::{
    Coded, Crosstab, Folded, InnerCounts, add_persons, combined, count_crosstab,
};
use super::dense::{Counts, Dense};
use super::listed::{Listed, begins};
use super::plan::{Derived, On, Plan, PlanMonth};
use super::shape::Path;
use crate::domain::collection::Dataset;
use crate::domain::cube::{
    Adds, Codes, Counter, Cube, KeyedCounter, PersonSets, Present, Records, Stretch, Term,
};
use crate::domain::disclosure::TrueCount;
use crate::domain::field::Field;
use crate::engine::threads::on_threads;
use crate::engine::{Engine, QueryError};
use crate::store::{StoreError, Submission};

/// Bits of the sets of persons that are made at once. Few in tests, so that there are several turns.
const PERSON_BITS: usize = if cfg!(test) { 1 << 10 } else { 1 << 28 };

/// With more persons than so many times the records, those who occur are numbered anew.
const FEW: usize = 2;

/// A plan that is being counted, by the axes of its dense table.
pub(super) struct Scan<'a> {
    engine: &'a Engine,
    plan: &'a Plan,
    size: usize,
    /// Bytes of what is made of the counts.
    kept: usize,
    /// Each field, and what its codes add: in each span of months, if that depends on the month.
    fields: Vec<(Field, Vec<Adds>)>,
    /// Each axis that was worked out, and what its places add.
    computed: Vec<(&'a On, Adds)>,
    /// Of each month: its base cells, one for each submission.
    months: Vec<(&'a PlanMonth, Vec<u32>)>,
}

impl<'a> Scan<'a> {
    pub(super) fn new(
        engine: &'a Engine,
        plan: &'a Plan,
        (cube, size, coded): (&Cube, usize, &[Coded]),
        kept: usize,
    ) -> Self {
        let adds = |axis: usize| {
            let stride = cube.stride(axis);
            coded[axis].of_value.iter().map(move |code| stride * code)
        };
        let of_field = |field: Field| {
            let axes = (0..plan.axes.len()).filter(|n| plan.axes[*n].field() == Some(field));
            let axes: Vec<Vec<u32>> = axes.map(|n| adds(n).collect()).collect();
            let filters: Vec<_> = plan.filters.iter().filter(|of| of.field == field).collect();
            let mut lists: Vec<Vec<u32>> = vec![Vec::new(); plan.spans.lists(field)];
            for number in plan.occurring(field) {
                let (span, code) = plan.spans.split(field, number);
                let of_code = &mut lists[span];
                of_code.resize(code as usize + 1, Cube::REJECT);
                if filters.iter().all(|filter| plan.passes(filter, number)) {
                    of_code[code as usize] = axes.iter().map(|adds| adds[number as usize]).sum();
                }
            }
            (field, lists.into_iter().map(Adds::new).collect())
        };
        let computed = plan.axes.iter().enumerate().filter_map(|(n, axis)| match axis.on {
            On::Derived(_) | On::Together(_) => Some((&axis.on, Adds::new(adds(n).collect()))),
            On::Field(..) | On::Submission(_) => None,
        });
        let mut bases = plan.bases(cube, coded).into_iter();
        let of_month = |month: &'a PlanMonth| {
            (month, bases.by_ref().take(month.places().count()).collect::<Vec<_>>())
        };
        Self {
            engine,
            plan,
            size,
            kept: kept + Counts::memory(size, plan.protection.is_exact()),
            fields: plan.fields().into_iter().map(of_field).collect(),
            computed: computed.collect(),
            months: plan.months.iter().map(of_month).collect(),
        }
    }

    /// Does something with the records of each month, on several threads, each of which makes something of so many `bytes`. Only
    /// submissions that hold are looked at.
    fn each<R: Send>(
        &self,
        holds: impl Fn(&Submission) -> bool + Sync,
        (bytes, new): (usize, impl Fn() -> R + Sync),
        then: impl Fn(&mut R, &PlanMonth, &Records<'_>) -> Result<(), StoreError> + Sync,
    ) -> Result<Vec<R>, QueryError> {
        let threads = &self.engine.settings.threads;
        let of_month = self.months.iter().map(|(month, _)| month.records());
        let (records, largest): (usize, _) = (of_month.clone().sum(), of_month.max().unwrap_or(0));
        let columns = self.fields.len() + self.computed.len() + 1;
        // The columns of a month may have to be made.
        let of_thread = bytes + largest * columns * size_of::<u32>();
        let values = records.saturating_mul(columns).saturating_add(self.size * 4);
        let bytes = self.kept + threads.over(records) * of_thread;
        let (turn, _scan) = threads.begin(bytes, values)?;
        let run = |some: &[(&PlanMonth, Vec<u32>)]| -> Result<R, StoreError> {
            let mut made = new();
            for (month, bases) in some.iter().take_while(|_| !threads.are_late()) {
                let stretches = stretches(month, bases, &holds);
                if !stretches.is_empty() {
                    self.records(month, stretches, |records| then(&mut made, month, &records))?;
                }
            }
            Ok(made)
        };
        let threads = turn.as_ref().map_or_else(|| threads.clone(), |_| threads.beside_others());
        let made = on_threads(&self.months, |(month, _)| month.records(), &threads, run);
        threads.in_time()?;
        Ok(made.into_iter().collect::<Result<_, _>>()?)
    }

    /// The records of a month as they are counted.
    fn records(
        &self,
        month: &PlanMonth,
        stretches: Vec<Stretch>,
        then: impl FnOnce(Records<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let column = |field: &Field| self.engine.codes(self.plan, month, *field);
        let alone: Result<Vec<_>, StoreError> =
            self.fields.iter().map(|(f, _)| column(f)).collect();
        let (alone, mut computed) = (alone?, Vec::new());
        for (on, adds) in &self.computed {
            let of = match on {
                On::Together(of) => {
                    let columns = of.fields.iter().map(|(f, _)| column(f));
                    (columns.collect::<Result<_, StoreError>>()?, None)
                }
                // Of a month without records nothing was worked out.
                On::Derived(columns) => match columns.get(&month.standing.slot.month) {
                    Some(Derived { codes, places }) => {
                        let of_code = |places: &Vec<u32>| {
                            Adds::new(places.iter().map(|place| adds.of(*place)).collect())
                        };
                        (vec![Arc::clone(codes)], places.as_ref().map(of_code))
                    }
                    None => return Ok(()),
                },
                On::Field(..) | On::Submission(_) => (Vec::new(), None),
            };
            computed.push(of);
        }
        let span = self.plan.spans.of(month.standing.slot.month);
        let fields = alone.iter().zip(&self.fields);
        let mut terms: Vec<_> =
            fields.map(|(codes, (_, adds))| Term::Alone(codes, in_span(adds, span))).collect();
        for ((columns, of_month), (on, adds)) in computed.iter().zip(&self.computed) {
            let adds = of_month.as_ref().unwrap_or(adds);
            let columns = columns.iter().map(AsRef::as_ref);
            match on {
                On::Together(of) => {
                    let of = columns.zip(of.fields.iter().map(|(_, adds)| adds));
                    terms.push(Term::Together(of.collect(), adds));
                }
                On::Derived(_) | On::Field(..) | On::Submission(_) => {
                    terms.extend(columns.map(|codes| Term::Alone(codes, adds)));
                }
            }
        }
        let (slabs, reader) = (&self.engine.slabs, self.engine.store().reader());
        let weights = match self.plan.suppressed {
            true => slabs.suppressed(reader, &month.standing)?,
            false => slabs.weights(reader, &month.standing)?,
        };
        then(Records { terms, weights: &weights, stretches })
    }

    pub(super) fn counts(&self, path: Path) -> Result<Counts, QueryError> {
        #[cfg(test)]
        self.engine.counts.pass(self.months.len());
        if !self.plan.protection.is_exact() {
            return Ok(Counts::Keyed(self.with_keys()?));
        }
        Ok(Counts::Open(match path {
            Path::Rollups => self.by_rollups()?,
            Path::Columns => self.by_columns()?,
        }))
    }

    /// True counts with their keys. Roll-ups have none.
    fn with_keys(&self) -> Result<Vec<TrueCount>, QueryError> {
        // Snapshots and populations have one record a person.
        let several = self.plan.dataset == Dataset::Consultations;
        let (slabs, reader) = (&self.engine.slabs, self.engine.store().reader());
        let new = || KeyedCounter::new(self.size);
        let counted = self.each(
            |_| true,
            (KeyedCounter::memory(self.size), new),
            |counter: &mut KeyedCounter, month, records| {
                counter.add(records, &*slabs.keys(reader, &month.standing)?, several);
                Ok(())
            },
        )?;
        let mut all = new();
        counted.iter().for_each(|counter| all.join(counter));
        Ok(all.counts())
    }

    fn by_columns(&self) -> Result<Vec<u64>, QueryError> {
        let new = || Counter::new(self.size);
        let counted = self.each(
            |submission| !self.plan.suppressed || submission.suppressed_count > 0,
            (Counter::memory(self.size), new),
            |counter, _, records| {
                counter.add(records);
                Ok(())
            },
        )?;
        let mut counts = vec![0; self.size];
        counted.iter().for_each(|counter| counter.add_to(&mut counts));
        Ok(counts)
    }

    fn by_rollups(&self) -> Result<Vec<u64>, QueryError> {
        let _scan = self.engine.settings.threads.begin(self.kept, 0)?;
        let mut counts = vec![0; self.size];
        // A field that is not asked about adds nothing, whatever its code.
        let none = Adds::nothing();
        let of = |wanted: Field| self.fields.iter().find(|(field, _)| *field == wanted);
        let inner = [Field::Channel, Field::Attendance];
        let other = self.fields.iter().find(|(field, _)| !inner.contains(field));
        let reader = self.engine.store().reader();
        for (month, bases) in &self.months {
            self.engine.settings.threads.in_time()?;
            let field = other.map(|(field, _)| *field);
            let rows = self.engine.slabs.rollup(reader, &month.standing, field)?;
            let span = self.plan.spans.of(month.standing.slot.month);
            let [channel, attendance] = inner.map(of);
            let adds = [other, channel, attendance]
                .map(|of| of.map_or(&none, |(_, adds)| in_span(adds, span)));
            match bases.as_slice() {
                [first, rest @ ..]
                    if month.some.is_none() && rest.iter().all(|base| base == first) =>
                {
                    rows.add_up(None, adds, *first, &mut counts);
                }
                _ => {
                    for (place, base) in month.places().zip(bases) {
                        rows.add_up(Some(place), adds, *base, &mut counts);
                    }
                }
            }
        }
        Ok(counts)
    }
}

/// Bytes in memory of a row besides what was counted in it: its places, and what holds them.
pub(super) fn of_a_row(places: usize) -> usize {
    64 + places * size_of::<usize>()
}

/// Bytes in memory of a row as it is counted and as its table has it.
fn of_a_counted_row(places: usize, width: usize) -> usize {
    2 * (InnerCounts::memory(width) + of_a_row(places))
}

/// What the codes of a field add in a span of months.
fn in_span(lists: &[Adds], span: usize) -> &Adds {
    &lists[span.min(lists.len() - 1)]
}

/// The stretches of records of a month that start from the same cell, of the submissions that hold.
fn stretches(
    month: &PlanMonth,
    bases: &[u32],
    holds: impl Fn(&Submission) -> bool,
) -> Vec<Stretch> {
    let mut stretches: Vec<Stretch> = Vec::new();
    for (place, base) in month.places().zip(bases) {
        if !holds(&month.standing.submissions[place]) {
            continue;
        }
        let (start, end) = (month.standing.starts[place], month.standing.starts[place + 1]);
        match stretches.last_mut() {
            Some(last) if last.base == *base && last.records.end == start => last.records.end = end,
            _ if start < end => stretches.push(Stretch { records: start..end, base: *base }),
            _ => {}
        }
    }
    stretches
}

impl Engine {
    /// The codes of a field in a month of a plan.
    pub(super) fn codes(
        &self,
        plan: &Plan,
        month: &PlanMonth,
        field: Field,
    ) -> Result<Arc<Codes>, StoreError> {
        match plan.made.get(&(month.standing.slot.month, field)) {
            Some(made) => Ok(Arc::clone(&made.codes)),
            None => self.slabs.field(self.store().reader(), &month.standing, field),
        }
    }

    /// Counts what the records of a plan stand for, the quickest way. `inner` is how many of its last axes make the counts of a row.
    pub(super) fn count(&self, plan: &Plan, inner: usize) -> Result<Crosstab, QueryError> {
        self.crosstab(plan, plan.path(), inner, None)
    }

    /// The same on a path. `listed`: what is known of a table whose rows these are.
    pub(super) fn crosstab(
        &self,
        plan: &Plan,
        path: Path,
        inner: usize,
        listed: Option<Listed>,
    ) -> Result<Crosstab, QueryError> {
        let (outer, (cube, size, coded)) = (plan.axes.len() - inner, plan.shape()?);
        listed.map_or(Ok(()), |listed| plan.fits(outer, listed))?;
        let row = of_a_counted_row(outer, plan.places()[outer..].iter().product());
        let kept = plan.rows_within(&coded[..outer], listed) * row;
        let counts = Scan::new(self, plan, (&cube, size, &coded), kept).counts(path)?;
        let counts = Dense::new(counts, combined(&coded[outer..]));
        let begins = begins(plan, listed, 0);
        let made = count_crosstab(&counts, &coded, &plan.places(), outer, begins)?;
        self.settings.threads.keep(made.rows.len() * row)?;
        Ok(made)
    }

    /// Counts the distinct persons of a plan, whose last axis makes the counts of a row; and the consultations without a person key
    /// in submissions that carry keys, which count no person. What the words say of the rows ([`Plan::fits`]) is not enough to refuse a
    /// table here: a word may occur only in records without a key. So too many rows are refused when they are known, before their persons
    /// are counted.
    pub(super) fn count_persons(
        &self,
        plan: &Plan,
        listed: Listed,
    ) -> Result<(Crosstab, u64), QueryError> {
        let (cube, size, coded) = plan.shape()?;
        let outer = plan.axes.len() - 1;
        let row = of_a_counted_row(outer, plan.places()[outer]);
        let numbers = self.slabs.persons_for_more();
        let kept = plan.rows_within(&coded[..outer], Some(listed)) * row;
        let mut scan = Scan::new(self, plan, (&cube, size, &coded), kept);
        let persons = |month: &PlanMonth| {
            self.slabs.of_persons(self.store().reader(), &month.standing, &numbers)
        };
        let keyed = |submission: &Submission| submission.has_persons;
        // Brings the persons into memory, so that everybody has a number.
        let records = scan.each(keyed, (0, usize::default), |sum, month, of| {
            *sum += of.stretches.iter().map(|stretch| stretch.records.len()).sum::<usize>();
            persons(month).map(drop)
        })?;
        let (end, records) = (numbers.end(), records.into_iter().sum::<usize>());
        let (present, end) = if (end as usize) < (records * FEW).min(PERSON_BITS / size.max(1)) {
            (Present::everybody(), end)
        } else {
            let of_persons = end as usize * size_of::<u32>();
            scan.kept += of_persons;
            let seen =
                scan.each(keyed, (of_persons, Present::default), |seen, month, records| {
                    seen.see(records, &*persons(month)?);
                    Ok(())
                })?;
            Present::number(seen)
        };
        let protected = !plan.protection.is_exact();
        let mut crosstab = Crosstab::default();
        let mut without = 0;
        let at_once = u32::try_from(PERSON_BITS / size.max(1)).unwrap_or(u32::MAX).max(64);
        for (turn, first) in (1..end.max(2)).step_by(at_once as usize).enumerate() {
            let among = first..end.min(first.saturating_add(at_once)).max(first);
            let found = scan.each(
                keyed,
                (size * among.len() / 8, || PersonSets::new(size, among.clone(), protected)),
                |sets, month, records| {
                    let persons = persons(month)?;
                    if protected {
                        let keys = self.slabs.keys(self.store().reader(), &month.standing)?;
                        sets.take_keys(records, (&persons, &keys), &present);
                    }
                    sets.add(records, &persons, &present);
                    Ok(())
                },
            )?;
            let mut found = found.into_iter();
            let Some(mut sets) = found.next() else { continue };
            found.for_each(|others| sets.join(&others));
            if turn == 0 {
                without = sets.without;
            }
            let begins = begins(plan, Some(listed), crosstab.rows.len());
            add_persons(&mut crosstab, &sets, (&coded, &plan.places(), outer), begins)?;
        }
        self.settings.threads.keep(crosstab.rows.len() * row)?;
        Ok((crosstab, without))
    }

    /// Adds every cell of a plan that counts something to the rows it falls into: `outer` axes make the rows, and `add` is told the
    /// places on the others, none of which may be multi-valued.
    pub(super) fn fold<T: Default>(
        &self,
        plan: &Plan,
        outer: usize,
        folded: &mut Folded<T>,
        add: impl Fn(&mut T, &[usize], TrueCount),
    ) -> Result<(), QueryError> {
        // Each row has a cell at least.
        let mut pass = self.pass(&[(plan, Some(size_of::<T>()))], outer, self.listed(outer, 1))?;
        pass.fold(0, folded, add)?;
        pass.end()
    }
}
