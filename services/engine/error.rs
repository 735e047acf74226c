//! Why a question is not answered.

use crate::store::StoreError;

/// Why a question is not answered.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// A field of the question.
    #[error("{field}: {description}")]
    Field {
        /// Path of the field in the request: `query.period.first`.
        field: String,
        /// What is wrong and what was expected.
        description: String,
    },
    /// Something named is not there.
    #[error("{message}")]
    NotFound {
        /// What kind of thing.
        kind: Missing,
        /// What it was called.
        name: String,
        /// What is missing, and what the caller can name instead.
        message: String,
    },
    /// The table would have too many cells.
    #[error("{cells} cells are above the limit of {limit}")]
    TooLarge {
        /// Number of cells of the table.
        cells: u64,
        /// Most cells that a table may have.
        limit: u64,
    },
    /// The question is none that is answered; says which nearest one is.
    #[error("{0}")]
    Refused(String),
    /// A position that is still to come.
    #[error("position {asked} has not been reached: the newest is {reached}")]
    NotReached {
        /// Requested position.
        asked: u64,
        /// Position of the newest change.
        reached: u64,
    },
    /// The answer was not ready when it was wanted.
    #[error("the answer was not ready when it was wanted")]
    Late,
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl QueryError {
    /// The same of a question that is a field of a request: its path begins with that of the field.
    #[must_use]
    pub fn within(self, path: &str) -> Self {
        match self {
            Self::Field { field, description } => {
                Self::Field { field: format!("{path}.{field}"), description }
            }
            other => other,
        }
    }
}

/// Kinds of things that can be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // the names say it
pub enum Missing {
    Area,
    Organisation,
    Collection,
    Dimension,
    Category,
    Indicator,
    Release,
    Submission,
}
