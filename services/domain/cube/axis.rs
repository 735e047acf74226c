//! The shape of the dense table that records are counted into.

/// The shape of a table: the number of places on each axis, from the outermost to the innermost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cube {
    places: Vec<usize>,
}

impl Cube {
    /// Most cells of a table; a larger table is refused.
    pub const LIMIT: usize = 1 << 22;

    /// Added to the number of a cell, it takes a record out of the table. More than a hundred of them fit 32 bits.
    pub const REJECT: u32 = 1 << 24;

    /// A table with so many places on each axis.
    #[must_use]
    pub fn new(places: Vec<usize>) -> Self {
        Self { places }
    }

    /// Number of cells; `None` if the number overflows.
    #[must_use]
    pub fn size(&self) -> Option<usize> {
        self.places.iter().try_fold(1usize, |size, places| size.checked_mul(*places))
    }

    /// Number that a step on an axis adds to the cell number.
    #[must_use]
    pub fn stride(&self, axis: usize) -> u32 {
        let inner: usize = self.places[axis + 1..].iter().product();
        u32::try_from(inner).unwrap_or(Self::REJECT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_as_wide_as_what_lies_within_and_a_table_beyond_counting_has_no_size() {
        let cube = Cube::new(vec![2, 3]);
        assert_eq!((cube.size(), cube.stride(0), cube.stride(1)), (Some(6), 3, 1));
        assert_eq!(Cube::new(vec![usize::MAX, 2]).size(), None);
        assert!(Cube::REJECT as usize > Cube::LIMIT);
    }
}
