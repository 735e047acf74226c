//! Disclosure control: how a true count becomes a number that may leave the service.

pub mod ptable;
