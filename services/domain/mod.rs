//! The terms of the field and the computation of figures. Pure: no I/O, no async, no protobuf, no clock.

pub mod area;
pub mod codes;
pub mod collection;
pub mod cube;
pub mod date;
pub mod delivery;
pub mod disclosure;
pub mod estimate;
pub mod field;
pub mod identity;
pub mod indicator;
pub mod measures;
pub mod partner;
pub mod period;
pub mod published;
pub mod record;
pub mod reference;
pub mod small_area;
pub mod statistics;
pub mod submission;
pub mod target;
pub mod text;
