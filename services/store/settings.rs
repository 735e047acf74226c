//! How to open a store.

use std::path::Path;

use super::touched::Observer;
use crate::domain::codes::Content;

/// How to open a store.
pub struct Settings<'a> {
    /// Data folder, created if it is missing.
    pub folder: &'a Path,
    /// The deployment's secret. It has to be the one that the data was written with.
    pub secret: &'a [u8; 32],
    /// Reference content to put in force; none keeps the stored content.
    pub content: Option<Content>,
    /// Size of sled's page cache, in bytes.
    pub sled_bytes: u64,
    /// Size of the cache of estimates, in bytes.
    pub estimate_bytes: u64,
    /// Free disk space, in bytes, below which changes are refused.
    pub min_free_bytes: u64,
    /// File of the witness of the log; none: the service does not notice when log and sled are lost together.
    pub witness: Option<&'a Path>,
    /// Position at which the log ends, if an operator has decided to go on without what was behind it.
    pub accept_loss: Option<u64>,
    /// Size at which a new segment of the log begins, in bytes. None: the usual one.
    pub segment_bytes: Option<u64>,
    /// Called after every change.
    pub observer: Observer,
}
