//! Why the server cannot start, or ends by itself.

/// Why the server does not start, or ends by itself.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The connection layer failed; the error says why.
    #[error("the gRPC server failed: {0}")]
    Transport(#[from] tonic::transport::Error),
    /// Reflection cannot describe the contract.
    #[error("the contract's descriptors cannot be read: {0}")]
    Reflection(#[from] prost_reflect::DescriptorError),
    /// The process may have too few files open.
    #[error(
        "the process may have {allowed} files open, and the service needs at least {least}: raise LimitNOFILE of the unit, or `ulimit -n`"
    )]
    Descriptors {
        /// Files that it may have open.
        allowed: u64,
        /// Files that it needs.
        least: u64,
    },
    /// The server ended, and nothing had told it to stop.
    #[error("the gRPC server ended by itself: see the log, and start the service again")]
    Ended,
}
