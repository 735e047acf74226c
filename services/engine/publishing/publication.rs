//! What is published of a release, or why nothing is.

use std::sync::Arc;

use crate::domain::disclosure::public;
use crate::domain::disclosure::publication::NotProven;
use crate::domain::period::Month;
use crate::domain::published::PublishedTable;
use crate::engine::answer::Key;
use crate::store::Release;

/// All tables of a release.
#[derive(Debug)]
pub struct Publication {
    /// The release.
    pub release: Arc<Release>,
    /// Version of the profile PUBLIC.
    pub profile_version: String,
    /// Version of the list of tables.
    pub tables_version: String,
    /// The tables, in the order of the list.
    pub tables: Vec<TableOf>,
}

/// A table of a release.
#[derive(Debug)]
pub struct TableOf {
    /// What the list says of it.
    pub definition: PublishedTable,
    /// Name of its area.
    pub area_name: String,
    /// Its rows.
    pub rows: Vec<PublishedRow>,
    /// Why there is no row, or less than a reader expects.
    pub notes: Vec<String>,
}

/// A number of a table.
#[derive(Clone, Debug)]
pub struct PublishedRow {
    /// The period: `2020-Q2`.
    pub period: String,
    /// Its first and last month.
    pub months: (Month, Month),
    /// What it is of, in the order of the dimensions; empty: all.
    pub keys: Vec<Key>,
    /// What everybody may see of it.
    pub shown: RowShown,
    /// The count that it is a share of: of the first dimension among the second; none: it is a total, or the count is not shown.
    pub whole: Option<u64>,
}

impl PublishedRow {
    /// Its share of the whole, of rounded counts.
    #[must_use]
    pub fn percentage(&self) -> Option<f64> {
        public::percentage(self.shown.count(), self.whole)
    }
}

impl RowShown {
    /// The count, if it is shown.
    pub(super) fn count(&self) -> Option<u64> {
        if let Self::Count(count) = self { Some(*count) } else { None }
    }
}

/// What everybody may see of a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowShown {
    /// A rounded count.
    Count(u64),
    /// Nothing: it is of few, or of nobody.
    Few,
    /// Nothing: with it, others would tell of few.
    Coarsened,
    /// It is part of the row whose key has this code.
    Merged(String),
    /// Nothing: too few organisations are behind it.
    NotShown,
}

/// Why nothing is published. The same release is refused for the same reason for ever.
#[derive(Clone, Debug, thiserror::Error)]
pub enum NotPublished {
    /// No publication of these tables is safe.
    #[error(
        "{0}, so nothing is published of this release; publish fewer tables, coarser dimensions, or longer periods (`published.toml` in the \
         reference folder), and make a release"
    )]
    NotProven(NotProven),
    /// The content lists no table.
    #[error("the reference content of this release lists no table in `published.toml`")]
    NoTables,
    /// More base cells than are proven.
    #[error(
        "the tables of `{0}` have more than {1} combinations of categories, organisations and months, which is too much to prove; publish fewer \
         dimensions or periods (`published.toml` in the reference folder), and make a release"
    )]
    TooLarge(String, usize),
    /// Data that they would count was erased.
    #[error(
        "data of the published tables of this release was erased since the release was made; make another release"
    )]
    Erased,
}
