//! The store room.

pub mod log;
