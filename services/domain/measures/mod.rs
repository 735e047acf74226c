//! How figures are made of counts and scores, one file each.

pub mod risk;
