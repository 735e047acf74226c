//! Confidence limits. The numbers agree with the field's own tools; see `tests/data/statistics`.

mod difference;
mod normal;
mod proportion;
mod rate;

pub use difference::{difference, paired_difference};
pub use normal::{Confidence, quantile};
pub use proportion::proportion;
pub use rate::rate;

/// A value with its limits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The value.
    pub value: f64,
    /// Lower limit.
    pub lower: f64,
    /// Upper limit.
    pub upper: f64,
}
