//! Code generated from `proto/`: the contract ([`v1`]) and the format on disk ([`store`]).
#![allow(clippy::all, clippy::pedantic, missing_docs, unreachable_pub)]

/// The contract: messages and clients.
pub mod v1 {
    tonic::include_proto!("equity.v1");
}

/// The servers of the contract.
pub mod server {
    include!(concat!(env!("OUT_DIR"), "/server/equity.v1.rs"));
}

/// The format on disk.
pub mod store {
    tonic::include_proto!("equity.store.v1");
}

/// The contract's descriptors with comments: for reflection and for the contract tests.
pub const FILE_DESCRIPTOR_SET: &[u8] =
    include_bytes!(concat!(env!("OUT_DIR"), "/equity_descriptor.bin"));
