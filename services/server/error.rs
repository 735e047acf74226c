//! Why the server does not start, or does not go on.

/// Why the server cannot start or go on.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The transport failed.
    #[error("the gRPC server failed: {0}")]
    Transport(#[from] tonic::transport::Error),
    /// Reflection cannot describe the contract.
    #[error("the contract's descriptors cannot be read: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// The server ended although nobody told it to.
    #[error("the gRPC server ended by itself")]
    Ended,
}
