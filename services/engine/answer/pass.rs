//! Several plans of the same records counted in as few passes as possible: the inner axes of several plans become one column, see
//! [`super::inner_column`]. A pass counts this column by the rows' dimensions, and its counts are then added up for each plan. So a table that needs many
//! cross-tabulations of one dimension reads each month a few times, not once for each of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::crosstab::{Coded, Crosstab, Folded, InnerCounts, combined, count_crosstab};
use super::dense::Dense;
use super::inner_column::InnerColumn;
use super::listed::{Listed, begins};
use super::plan::{On, Plan};
use crate::domain::cube::Cube;
use crate::domain::disclosure::TrueCount;
use crate::engine::answer::counting::{Scan, of_a_row};
use crate::engine::{Engine, QueryError};

/// Most combinations of the axes of one column: its codes have at most two bytes.
const COMBINED: usize = (1 << 16) - 1;

/// What some plans count, each in a dense table of its own.
pub(super) struct Pass<'a> {
    engine: &'a Engine,
    outer: usize,
    listed: Listed,
    counted: Vec<Counted<'a>>,
    /// Bytes in memory of the rows that were made.
    kept: usize,
}

/// A plan, and what it counts.
struct Counted<'a> {
    plan: &'a Plan,
    coded: Vec<Coded>,
    counts: Dense,
}

/// Plans whose inner axes are one column.
#[derive(Default)]
struct Group {
    plans: Vec<usize>,
    /// Each axis that is different from all others: the number of its plan, and its own number there.
    axes: Vec<(usize, usize)>,
    /// How many combinations they have.
    size: usize,
}

/// A plan, and the bytes of what a row of it is added up in; none: it is cross-tabulated, and a row has all its counts.
pub(super) type Wanted<'a> = (&'a Plan, Option<usize>);

/// A plan with the codes of its axes and the cells of its table.
type Shaped<'a> = (&'a Plan, usize, Vec<Coded>);

impl Engine {
    /// Counts plans of the same records under the same conditions, whose first `outer` axes are the same. `listed`: what is known of the table.
    pub(super) fn pass<'a>(
        &'a self,
        plans: &[Wanted<'a>],
        outer: usize,
        listed: Listed,
    ) -> Result<Pass<'a>, QueryError> {
        let shaped = |(plan, _): &Wanted<'a>| {
            plan.fits(outer, listed)?;
            let (_, size, coded) = plan.shape()?;
            Ok((*plan, size, coded))
        };
        let shaped: Vec<Shaped<'a>> =
            plans.iter().map(shaped).collect::<Result<_, QueryError>>()?;
        // What is made of the counts.
        let bytes = |((plan, _, coded), (_, folded)): (&Shaped<'a>, &Wanted<'a>)| {
            let of_row = folded.unwrap_or_else(|| InnerCounts::memory(combined(&coded[outer..])));
            plan.rows_within(&coded[..outer], Some(listed)) * 2 * (of_a_row(outer) + of_row)
        };
        let mut kept = shaped.iter().zip(plans).map(bytes).sum();
        let mut together = BTreeMap::new();
        for group in groups(&shaped, outer) {
            self.together(&shaped, &group, outer, (&mut kept, &mut together))?;
        }
        let mut counted = Vec::with_capacity(shaped.len());
        for (number, (plan, size, coded)) in shaped.into_iter().enumerate() {
            let counts = match together.remove(&number) {
                Some(counts) => counts,
                None => {
                    let cube = Cube::new(coded.iter().map(|axis| axis.spread.len()).collect());
                    let found = Scan::new(self, plan, (&cube, size, &coded), kept);
                    let found = found.counts(plan.path())?;
                    kept += found.bytes();
                    Dense::new(found, combined(&coded[outer..]))
                }
            };
            counted.push(Counted { plan, coded, counts });
        }
        Ok(Pass { engine: self, outer, listed, counted, kept: 0 })
    }

    /// Counts the plans of a group in one pass, if there is such a column and none is counted as fast on its own. `kept`: bytes that the question
    /// needs besides.
    fn together(
        &self,
        shaped: &[Shaped<'_>],
        group: &Group,
        outer: usize,
        (kept, together): (&mut usize, &mut BTreeMap<usize, Dense>),
    ) -> Result<(), QueryError> {
        let mut plan = shaped[group.plans[0]].0.clone();
        plan.axes.truncate(outer);
        plan.axes.extend(group.axes.iter().map(|(of, axis)| shaped[*of].0.axes[*axis].clone()));
        let is_together = plan.axes.iter().any(|axis| matches!(axis.on, On::Together(_)));
        if group.plans.len() == 1 && !is_together {
            return Ok(());
        }
        let inner: Vec<_> =
            group.axes.iter().map(|(of, axis)| shaped[*of].2[*axis].clone()).collect();
        let Some(InnerColumn { plan, coded: column, codes, bytes }) =
            self.inner_column(&plan, outer, &inner, *kept)?
        else {
            return Ok(());
        };
        let mut coded = shaped[group.plans[0]].2[..outer].to_vec();
        coded.push(column);
        let cube = Cube::new(coded.iter().map(|axis| axis.spread.len()).collect());
        let Some(size) = cube.size().filter(|size| *size <= Cube::LIMIT) else {
            return Ok(());
        };
        let found = Scan::new(self, &plan, (&cube, size, &coded), *kept + bytes);
        let found = Arc::new(found.counts(super::shape::Path::Columns)?);
        *kept += found.bytes();
        for number in &group.plans {
            let (of, _, coded) = &shaped[*number];
            let cube = Cube::new(coded[outer..].iter().map(|axis| axis.spread.len()).collect());
            let places: Vec<_> = (outer..of.axes.len())
                .map(|axis| group.place(shaped, (*number, axis)).unwrap_or_default())
                .collect();
            // The cell of each code of the column among the plan's own inner cells.
            let cell = |codes: &Vec<u32>| {
                let cells = places.iter().enumerate().map(|(n, at)| cube.stride(n) * codes[*at]);
                cells.sum::<u32>() as usize
            };
            let cells = codes.iter().map(cell).collect();
            let found = Dense::by_column(Arc::clone(&found), cells, combined(&coded[outer..]));
            together.insert(*number, found);
        }
        Ok(())
    }
}

impl Group {
    /// The place of an axis, or of the same one of another plan, among those of the group.
    fn place(&self, shaped: &[Shaped<'_>], (of, axis): (usize, usize)) -> Option<usize> {
        let at = |(of, axis): (usize, usize)| (&shaped[of].0.axes[axis].on, &shaped[of].2[axis]);
        let (on, coded) = at((of, axis));
        let is_same = |known: &(usize, usize)| {
            let (other, codes) = at(*known);
            *known == (of, axis) || on.is_field_of(other) && codes == coded
        };
        self.axes.iter().position(is_same)
    }

    /// Takes a plan, if its axes leave the combinations few enough, or if it is the first.
    fn take(&mut self, shaped: &[Shaped<'_>], number: usize, outer: usize) -> bool {
        let axes = (outer..shaped[number].0.axes.len()).map(|axis| (number, axis));
        let new: Vec<_> = axes.filter(|axis| self.place(shaped, *axis).is_none()).collect();
        let more = new.iter().map(|(of, axis)| shaped[*of].2[*axis].spread.len());
        let size = more.fold(self.size.max(1), usize::saturating_mul);
        let fits = self.plans.is_empty() || size <= COMBINED;
        if fits {
            self.plans.push(number);
            self.axes.extend(new);
            self.size = size;
        }
        fits
    }
}

/// The plans in groups: each goes to the first that it fits into.
fn groups(shaped: &[Shaped<'_>], outer: usize) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for number in 0..shaped.len() {
        if !groups.iter_mut().any(|group| group.take(shaped, number, outer)) {
            let mut group = Group::default();
            group.take(shaped, number, outer);
            groups.push(group);
        }
    }
    groups
}

impl Pass<'_> {
    /// The cross-tabulation of a plan.
    pub(super) fn crosstab(&mut self, number: usize) -> Result<Crosstab, QueryError> {
        let Counted { plan, coded, counts } = &self.counted[number];
        let begins = begins(plan, Some(self.listed), 0);
        let crosstab = count_crosstab(counts, coded, &plan.places(), self.outer, begins)?;
        let width = crosstab.all.inner.len();
        self.kept += crosstab.rows.len() * 2 * (InnerCounts::memory(width) + of_a_row(self.outer));
        Ok(crosstab)
    }

    /// Adds every cell of a plan that counts something to the rows it falls into: `add` is told the places on the inner axes, none of which
    /// may be multi-valued.
    pub(super) fn fold<T: Default>(
        &mut self,
        number: usize,
        folded: &mut Folded<T>,
        add: impl Fn(&mut T, &[usize], TrueCount),
    ) -> Result<(), QueryError> {
        let Counted { plan, coded, counts } = &self.counted[number];
        let before = folded.rows.len();
        let begins = begins(plan, Some(self.listed), before);
        folded.add_by_place(counts, coded, self.outer, begins, add)?;
        let rows = folded.rows.len().saturating_sub(before);
        self.kept += rows * (of_a_row(self.outer) + 2 * size_of::<T>());
        Ok(())
    }

    /// Gives back the memory of the counts, and keeps that of the rows to the end of the question.
    pub(super) fn end(self) -> Result<(), QueryError> {
        self.engine.settings.threads.keep(self.kept)
    }
}
