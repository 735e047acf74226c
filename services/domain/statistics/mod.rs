//! Confidence limits. The numbers agree with the field's own tools; see `tests/data/statistics`.

mod difference;
mod interval;
mod normal;
mod proportion;
mod rate;

pub use difference::{difference, paired_difference};
pub use interval::Interval;
pub use normal::{Confidence, quantile};
pub use proportion::proportion;
pub use rate::rate;
