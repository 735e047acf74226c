//! An answer for people: its context, its figures, how to read them, estimates and assessments. No table has code of its own: a few
//! lines of `layout` say how it is arranged.
//!
//! - `page` all of it; `context` above and below the figures
//! - `layout` each table's arrangement; `pivot` cells arranged in lines, `figures` drawn as tables
//! - `brief` what a terminal shows of a long answer
//! - `charts` bars; `stacked` bars of channels; `forest` figures between their limits

mod brief;
mod charts;
mod context;
mod figures;
mod forest;
mod layout;
mod page;
mod pivot;
mod stacked;

pub use charts::chart;
pub use page::text;

#[cfg(test)]
#[allow(clippy::cast_precision_loss, reason = "small counts")]
mod tests;
