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
        /// Path of the field in the request that names it.
        field: String,
        /// Kind of the missing thing.
        kind: Missing,
        /// The name in the question.
        name: String,
        /// What is missing, and what the caller can name instead.
        message: String,
    },
    /// Several fields cannot be used: the error of each.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Several(Vec<QueryError>),
    /// The table would have too many cells.
    #[error("{cells} cells are above the limit of {limit}")]
    TooLarge {
        /// Number of cells of the table.
        cells: u64,
        /// Most cells that a table may have.
        limit: u64,
        /// What the nearest question that is answered asks by, in words; none: it is not known.
        nearest: Option<String>,
    },
    /// The answer would be longer than its reader takes.
    #[error("{bytes} bytes or more are above the limit of {limit}")]
    TooLong {
        /// Bytes that it would have at least.
        bytes: usize,
        /// Most bytes that are taken.
        limit: usize,
    },
    /// The question alone would take more memory than all questions may.
    #[error("{bytes} bytes of memory are above the limit of {limit}")]
    TooHeavy {
        /// Bytes that its largest work takes.
        bytes: u64,
        /// Most bytes of one question.
        limit: u64,
    },
    /// The service does not answer this question. The text names the nearest question that it answers.
    #[error("{0}")]
    Refused(String),
    /// The reader may not read this. The text says what it may.
    #[error("{0}")]
    OutOfScope(String),
    /// A change of the requested time is not applied yet.
    #[error("a change of the requested time is not applied yet")]
    UnderWay,
    /// The log has not reached the requested position.
    #[error("position {asked} has not been reached: the newest is {reached}")]
    NotReached {
        /// Requested position.
        asked: u64,
        /// Position of the newest change.
        reached: u64,
    },
    /// The caller reads releases, and there is none.
    #[error("no release has been made yet")]
    NoRelease,
    /// The requested time has not come.
    #[error("the time has not come")]
    Future {
        /// Requested time, milliseconds since 1970.
        asked: u64,
        /// The service's time.
        now: u64,
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
    pub fn within(mut self, path: &str) -> Self {
        match &mut self {
            Self::Field { field, .. } | Self::NotFound { field, .. } => {
                *field = format!("{path}.{field}");
            }
            Self::Several(all) => {
                *all = std::mem::take(all).into_iter().map(|one| one.within(path)).collect();
            }
            Self::TooLarge { .. }
            | Self::TooLong { .. }
            | Self::TooHeavy { .. }
            | Self::Refused(_)
            | Self::OutOfScope(_)
            | Self::NotReached { .. }
            | Self::NoRelease
            | Self::Future { .. }
            | Self::Late
            | Self::UnderWay
            | Self::Store(_) => {}
        }
        self
    }

    /// The field that cannot be used, and why; an error about no single field is about the whole `query`.
    #[must_use]
    pub fn violation(self) -> (String, String) {
        match self {
            Self::Field { field, description } => (field, description),
            Self::NotFound { field, message, .. } => (field, message),
            Self::Several(_)
            | Self::TooLarge { .. }
            | Self::TooLong { .. }
            | Self::TooHeavy { .. }
            | Self::Refused(_)
            | Self::OutOfScope(_)
            | Self::NotReached { .. }
            | Self::NoRelease
            | Self::Future { .. }
            | Self::Late
            | Self::UnderWay
            | Self::Store(_) => ("query".into(), self.to_string()),
        }
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
