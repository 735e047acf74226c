//! Why an entry was not written.

/// Why an entry was not written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAudited {
    /// The disk is full. It is tried again.
    #[error("the disk is full: {0}")]
    Full(String),
    /// The disk or the system failed. It is tried again.
    #[error("{0}")]
    Failed(String),
    /// Nothing is written any more until an operator has looked and the service is started again.
    #[error("{0}")]
    Broken(String),
}
