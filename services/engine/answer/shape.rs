//! How a plan is counted: by which path, in an array of which shape, and where each code falls in it.

use std::collections::BTreeSet;

use super::crosstab::Coded;
use super::plan::{On, Plan, PlanAxis};
use crate::domain::codes::{Dimension, State};
use crate::domain::cube::Cube;
use crate::domain::field::Field;
use crate::engine::QueryError;

/// How cells are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Path {
    Rollups,
    Columns,
}

impl Plan {
    /// The fields of its axes and conditions.
    pub(super) fn fields(&self) -> BTreeSet<Field> {
        let of_axes = self.axes.iter().filter_map(PlanAxis::field);
        of_axes.chain(self.filters.iter().map(|filter| filter.field)).collect()
    }

    /// The path that this plan goes where the records are counted, or what they stand for.
    pub(super) fn path(&self) -> Path {
        let inner = [Field::Channel, Field::Attendance];
        let computed = |axis: &PlanAxis| matches!(axis.on, On::Derived(_) | On::Together(_));
        let fields = self.fields();
        let made = self.made.keys().any(|(_, field)| fields.contains(field)) || self.suppressed;
        if made || self.axes.iter().any(computed) {
            return Path::Columns; // roll-ups know only what is stored
        }
        let others = fields.into_iter().filter(|field| !inner.contains(field)).count();
        if others <= 1 { Path::Rollups } else { Path::Columns }
    }

    /// Number of places on each axis.
    pub(super) fn places(&self) -> Vec<usize> {
        self.axes.iter().map(PlanAxis::places).collect()
    }

    /// The dense table's axes; refused where it would be too large.
    pub(super) fn shape(&self) -> Result<(Cube, usize, Vec<Coded>), QueryError> {
        let coded: Vec<_> = self.axes.iter().map(|axis| self.coded(axis)).collect();
        let cube = Cube::new(coded.iter().map(|axis| axis.spread.len()).collect());
        let limit = Cube::LIMIT;
        let size = cube.size().unwrap_or(usize::MAX);
        let too_large = |cells: usize, sizes: &[usize]| {
            let (cells, limit, nearest) = (cells as u64, limit as u64, self.nearest(sizes));
            Err(QueryError::TooLarge { cells, limit, nearest })
        };
        if self.protection.is_exact() {
            let sizes: Vec<_> = coded.iter().map(|axis| axis.spread.len()).collect();
            return if size <= limit { Ok((cube, size, coded)) } else { too_large(size, &sizes) };
        }
        // Whoever may not see all: what the plan's records have decides nothing, and the number is that of the code lists.
        if size.max(self.known_size()) <= limit {
            return Ok((cube, size, coded));
        }
        let places = self.places();
        let listed = places.iter().copied().fold(1, usize::saturating_mul).max(limit + 1);
        too_large(listed, &places)
    }

    /// The nearest question whose table is not too large, where its axes have these sizes: with a coarser dimension of the same field in
    /// the place of the largest one, or without that. None: neither is enough.
    fn nearest(&self, sizes: &[usize]) -> Option<String> {
        let largest = (0..sizes.len()).max_by_key(|n| sizes[*n])?;
        let dimension = &self.axes[largest].dimension;
        let others = sizes.iter().enumerate().filter(|(n, _)| *n != largest);
        let others = others.map(|(_, size)| *size).fold(1, usize::saturating_mul);
        let fits = |size: usize| others.saturating_mul(size) <= Cube::LIMIT;
        let size = |of: &Dimension| of.categories.len() + State::ALL.len();
        let coarser = self.reference.dimensions().iter().filter(|of| {
            of.source == dimension.source && size(of) < size(dimension) && fits(size(of))
        });
        let id = &dimension.id;
        let coarser = coarser
            .max_by_key(|of| size(of))
            .map(|of| format!("`{}` in the place of `{id}`", of.id));
        coarser
            .or_else(|| fits(1).then(|| format!("the same without `{id}`")))
            .filter(|_| !id.is_empty())
    }

    /// Cells of the table if every word occurred that any source has sent.
    pub(super) fn known_size(&self) -> usize {
        let codes = |axis: &PlanAxis| match &axis.on {
            On::Field(_, of) => Coded::new(of.all().cloned()).spread.len(),
            On::Submission(_) | On::Derived(_) | On::Together(_) => self.coded(axis).spread.len(),
        };
        self.axes.iter().map(codes).fold(1, usize::saturating_mul)
    }

    pub(super) fn coded(&self, axis: &PlanAxis) -> Coded {
        match &axis.on {
            On::Submission(places) => Coded::of_places(places),
            On::Derived(_) => Coded::new((0..axis.places()).map(|place| vec![place])),
            On::Together(of) => Coded::of_places(&of.places),
            // Only values that occur in the plan, and that its conditions let through, get a code, so that the table is no larger than it
            // must be: of the small areas of England, a question about a system needs those of the system.
            On::Field(field, places) => {
                let occurring = self.occurring(*field);
                let filters = self.filters.iter().filter(|filter| filter.field == *field);
                let passing = occurring.iter().copied();
                let passing: Vec<_> = passing
                    .filter(|code| filters.clone().all(|of| self.passes(of, *code)))
                    .collect();
                let mut coded =
                    Coded::of_some(&passing, |code| self.places_of(*field, places, code).clone());
                // Records with another value are in no cell, and are looked at all the same.
                coded.of_value.resize(occurring.last().map_or(0, |last| *last as usize + 1), 0);
                coded
            }
        }
    }

    /// Where each submission of the plan stands on the axes that it decides.
    pub(super) fn bases(&self, cube: &Cube, coded: &[Coded]) -> Vec<u32> {
        let mut bases = vec![0; self.submissions().count()];
        for (number, axis) in self.axes.iter().enumerate() {
            if let On::Submission(_) = &axis.on {
                let stride = cube.stride(number);
                let codes = coded[number].of_value.iter();
                bases.iter_mut().zip(codes).for_each(|(base, code)| *base += stride * code);
            }
        }
        bases
    }
}
