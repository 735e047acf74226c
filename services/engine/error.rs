//! Why a question is not answered.

use crate::store::StoreError;

/// Why a question is not answered.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// A field of the question cannot be used.
    #[error("{field}: {description}")]
    Field {
        /// Path of the field in the request: `query.period.first`.
        field: String,
        /// What is wrong and what was expected.
        description: String,
    },
    /// The question names something that does not exist.
    #[error("{message}")]
    NotFound {
        /// Kind of the missing thing.
        kind: Missing,
        /// The name in the question.
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
    /// The service does not answer this question. The text names the nearest question that it answers.
    #[error("{0}")]
    Refused(String),
    /// The log has not reached the requested position.
    #[error("position {asked} has not been reached: the newest is {reached}")]
    NotReached {
        /// Requested position.
        asked: u64,
        /// Position of the newest change.
        reached: u64,
    },
    /// The deadline passed before the answer was ready.
    #[error("the answer was not ready when it was wanted")]
    Late,
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl QueryError {
    /// The error of a question that is the field `path` of a request: the paths of its fields then begin with `path`.
    #[must_use]
    pub fn within(self, path: &str) -> Self {
        if let Self::Field { field, description } = self {
            return Self::Field { field: format!("{path}.{field}"), description };
        }
        self
    }
}

/// Kinds of things that a question can name.
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
