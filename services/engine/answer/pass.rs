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
use crate::engine::answer::shape::Path;
use crate::engine::{Engine, QueryError};

/// Most combinations of the axes of one column.
const COMBINED: usize = 1 << 21;
/// A table of so many cells fits the nearest caches. A larger one has no more cells than those of its plans have together. Few in tests, so that
/// there are both.
const NEAR: usize = if cfg!(test) { 1 << 9 } else { 1 << 18 };

/// Plans that are counted when they are asked for, several of them in one pass.
pub(super) struct Pass<'a> {
    engine: &'a Engine,
    outer: usize,
    listed: Listed,
    plans: Vec<Shaped<'a>>,
    groups: Vec<Group>,
    /// What was counted together with a plan that was asked for.
    counted: BTreeMap<usize, Dense>,
    /// Bytes in memory of the rows that were made.
    kept: usize,
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

/// A plan with the cells of its table, the codes of its axes, and the bytes of what is made of its counts.
struct Shaped<'a> {
    plan: &'a Plan,
    size: usize,
    coded: Vec<Coded>,
    rows: usize,
}

impl Engine {
    /// Prepares plans of the same records under the same conditions, whose first `outer` axes are the same. Each is counted when it is asked for.
    /// `listed`: what is known of the table.
    pub(super) fn pass<'a>(
        &'a self,
        wanted: &[Wanted<'a>],
        outer: usize,
        listed: Listed,
    ) -> Result<Pass<'a>, QueryError> {
        let shaped = |(plan, folded): &Wanted<'a>| {
            plan.fits(outer, listed)?;
            let (_, size, coded) = plan.shape()?;
            let of_row = folded.unwrap_or_else(|| InnerCounts::memory(combined(&coded[outer..])));
            let rows = plan.rows_within(&coded[..outer], Some(listed));
            Ok(Shaped { plan, size, coded, rows: rows * 2 * (of_a_row(outer) + of_row) })
        };
        let plans: Vec<_> = wanted.iter().map(shaped).collect::<Result<_, QueryError>>()?;
        let (groups, counted) = (groups(&plans, outer), BTreeMap::new());
        Ok(Pass { engine: self, outer, listed, plans, groups, counted, kept: 0 })
    }
}

impl Pass<'_> {
    /// What a plan counts. Those that were counted with it are kept until they are asked for.
    fn counts(&mut self, number: usize) -> Result<Dense, QueryError> {
        if let Some(counts) = self.counted.remove(&number) {
            return Ok(counts);
        }
        // It is tried once. Where there is no such column, each of its plans is counted on its own.
        let group = self.groups.iter().position(|group| group.plans.contains(&number));
        let group = group.map(|place| self.groups.swap_remove(place));
        let several = group.filter(|group| group.plans.len() > 1);
        let plans = several.as_ref().map_or(std::slice::from_ref(&number), |group| &group.plans);
        // Of the plans of the group, and of those that wait for their rows.
        let rows = plans.iter().chain(self.counted.keys()).map(|of| self.plans[*of].rows);
        let held = self.counted.values().map(Dense::bytes);
        let kept = rows.chain(held).sum::<usize>() + self.kept;
        let all = several.map(|group| self.together(&group, kept)).transpose()?;
        match all.flatten() {
            Some(all) => {
                self.counted.extend(all);
                self.counts(number)
            }
            None => self.alone(number, kept),
        }
    }

    /// Counts a plan on its own. `kept`: bytes that the question needs besides.
    fn alone(&self, number: usize, kept: usize) -> Result<Dense, QueryError> {
        let mut group = Group::default();
        group.take(&self.plans, number, self.outer);
        let mut as_column = self.together(&group, kept)?.into_iter().flatten();
        if let Some((_, counts)) = as_column.next() {
            return Ok(counts);
        }
        let Shaped { plan, size, coded, .. } = &self.plans[number];
        let cube = Cube::new(coded.iter().map(|axis| axis.spread.len()).collect());
        let counts = Scan::new(self.engine, plan, (&cube, *size, coded), kept);
        Ok(Dense::new(counts.counts(plan.path())?, combined(&coded[self.outer..])))
    }

    /// Counts the plans of a group in one pass; none: there is no such column, or its table would be too large, or the only plan is counted as
    /// fast as it is.
    fn together(
        &self,
        group: &Group,
        kept: usize,
    ) -> Result<Option<Vec<(usize, Dense)>>, QueryError> {
        let (plans, outer) = (&self.plans, self.outer);
        let first = &plans[group.plans[0]];
        let mut plan = first.plan.clone();
        plan.axes.truncate(outer);
        plan.axes.extend(group.axes.iter().map(|(of, axis)| plans[*of].plan.axes[*axis].clone()));
        let is_together = plan.axes.iter().any(|axis| matches!(axis.on, On::Together(_)));
        if group.plans.len() == 1 && !is_together {
            return Ok(None);
        }
        let inner: Vec<_> =
            group.axes.iter().map(|(of, axis)| plans[*of].coded[*axis].clone()).collect();
        let Some(column) = self.engine.inner_column(&plan, outer, &inner, kept)? else {
            return Ok(None);
        };
        let InnerColumn { plan, cells: combinations, bytes } = column;
        let of_column = (0u32..).take(combinations.len()).collect();
        let mut coded = first.coded[..outer].to_vec();
        let places = coded.iter().map(|axis| axis.spread.len()).chain([combinations.len()]);
        let cube = Cube::new(places.collect());
        coded.push(Coded { of_value: of_column, spread: Vec::new() });
        let alone = group.plans.iter().map(|of| plans[*of].size).sum::<usize>();
        let most = alone.clamp(NEAR, Cube::LIMIT);
        let Some(size) = cube.size().filter(|size| *size <= most) else { return Ok(None) };
        // Of each plan too: where each combination falls among its cells.
        let kept = kept + bytes + group.plans.len() * combinations.len() * size_of::<u32>();
        let counts = Scan::new(self.engine, &plan, (&cube, size, &coded), kept);
        let counts = Arc::new(counts.counts(Path::Columns)?);
        let whole = Cube::new(inner.iter().map(|axis| axis.spread.len()).collect());
        let of_plan = |number: &usize| {
            let Shaped { plan, coded, .. } = &plans[*number];
            let own = Cube::new(coded[outer..].iter().map(|axis| axis.spread.len()).collect());
            // Of each of its axes: the step in the combinations, how many codes it has, and the step in its own cells.
            let steps = (outer..plan.axes.len()).map(|axis| {
                let at = group.place(plans, (*number, axis)).unwrap_or_default();
                let codes = u32::try_from(inner[at].spread.len().max(1)).unwrap_or(u32::MAX);
                (whole.stride(at), codes, own.stride(axis - outer))
            });
            let steps: Vec<_> = steps.collect();
            let cell = |combination: &u32| {
                let own = steps.iter().map(|(step, codes, own)| combination / step % codes * own);
                own.sum()
            };
            let (counts, cells) = (Arc::clone(&counts), combinations.iter().map(cell).collect());
            (*number, Dense::by_column(counts, cells, combined(&coded[outer..])))
        };
        Ok(Some(group.plans.iter().map(of_plan).collect()))
    }
}

impl Group {
    /// The place of an axis, or of the same one of another plan, among those of the group.
    fn place(&self, plans: &[Shaped<'_>], (of, axis): (usize, usize)) -> Option<usize> {
        let at =
            |(of, axis): (usize, usize)| (&plans[of].plan.axes[axis].on, &plans[of].coded[axis]);
        let (on, coded) = at((of, axis));
        let is_same = |known: &(usize, usize)| {
            let (other, codes) = at(*known);
            *known == (of, axis) || on.is_field_of(other) && codes == coded
        };
        self.axes.iter().position(is_same)
    }

    /// Takes a plan, if its axes leave the combinations few enough, or if it is the first.
    fn take(&mut self, plans: &[Shaped<'_>], number: usize, outer: usize) -> bool {
        let axes = (outer..plans[number].plan.axes.len()).map(|axis| (number, axis));
        let new: Vec<_> = axes.filter(|axis| self.place(plans, *axis).is_none()).collect();
        let more = new.iter().map(|(of, axis)| plans[*of].coded[*axis].spread.len());
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
fn groups(plans: &[Shaped<'_>], outer: usize) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for number in 0..plans.len() {
        if !groups.iter_mut().any(|group| group.take(plans, number, outer)) {
            let mut group = Group::default();
            group.take(plans, number, outer);
            groups.push(group);
        }
    }
    groups
}

impl Pass<'_> {
    /// The cross-tabulation of a plan.
    pub(super) fn crosstab(&mut self, number: usize) -> Result<Crosstab, QueryError> {
        let counts = self.counts(number)?;
        let Shaped { plan, coded, .. } = &self.plans[number];
        let begins = begins(plan, Some(self.listed), 0);
        let crosstab = count_crosstab(&counts, coded, &plan.places(), self.outer, begins)?;
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
        let counts = self.counts(number)?;
        let Shaped { plan, coded, .. } = &self.plans[number];
        let before = folded.rows.len();
        let begins = begins(plan, Some(self.listed), before);
        folded.add_by_place(&counts, coded, self.outer, begins, add)?;
        let rows = folded.rows.len().saturating_sub(before);
        self.kept += rows * (of_a_row(self.outer) + 2 * size_of::<T>());
        Ok(())
    }

    /// Gives back the memory of the counts, and keeps that of the rows to the end of the question.
    pub(super) fn end(self) -> Result<(), QueryError> {
        self.engine.settings.threads.keep(self.kept)
    }
}
