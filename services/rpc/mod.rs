//! The rpc room.

pub mod deadline;
pub mod status;

/// Placeholder.
pub type ChannelAnswer = crate::proto::v1::GetChannelBreakdownResponse;
/// Placeholder.
pub type OutcomesAnswer = crate::proto::v1::GetAccessOutcomesResponse;
/// Placeholder.
pub type WatchAnswer = crate::proto::v1::WatchChannelBreakdownResponse;
