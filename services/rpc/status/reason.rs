//! The reasons of the contract: the gRPC code of each, which `error_reason.proto` documents, and its name.

use tonic::Code;

use crate::proto::v1::ErrorReason;

/// The gRPC code of a reason.
pub(super) fn code(reason: ErrorReason) -> Code {
    match reason {
        ErrorReason::FieldInvalid
        | ErrorReason::RowsInvalid
        | ErrorReason::SubmissionEmpty
        | ErrorReason::RecordCountMismatch
        | ErrorReason::SubmissionTooLarge
        | ErrorReason::PageTokenInvalid
        | ErrorReason::CursorInvalid
        | ErrorReason::BreakdownTooLarge
        | ErrorReason::PurposeInvalid => Code::InvalidArgument,
        ErrorReason::NoIdentity | ErrorReason::TokenRefused => Code::Unauthenticated,
        ErrorReason::NoPartner | ErrorReason::OutOfScope => Code::PermissionDenied,
        ErrorReason::OrganisationNotFound
        | ErrorReason::CollectionNotFound
        | ErrorReason::AreaNotFound
        | ErrorReason::DimensionNotFound
        | ErrorReason::CategoryNotFound
        | ErrorReason::IndicatorNotFound
        | ErrorReason::SubmissionNotFound
        | ErrorReason::PersonNotFound
        | ErrorReason::ReleaseNotFound
        | ErrorReason::SubscriptionNotFound => Code::NotFound,
        ErrorReason::RequestIdReused | ErrorReason::ReleaseExists => Code::AlreadyExists,
        ErrorReason::MessageTooLarge => Code::OutOfRange,
        ErrorReason::SubmissionNotCurrent
        | ErrorReason::AlreadyErased
        | ErrorReason::QueryRefused
        | ErrorReason::ReplacementShrinks
        | ErrorReason::PositionNotReached
        | ErrorReason::NoRelease
        | ErrorReason::ReleaseRefused
        | ErrorReason::PublicationRefused => Code::FailedPrecondition,
        ErrorReason::StorageFull | ErrorReason::QuotaExceeded => Code::ResourceExhausted,
        ErrorReason::WritingStopped
        | ErrorReason::AuditStopped
        | ErrorReason::Overloaded
        | ErrorReason::PublicationUnderWay
        | ErrorReason::ChangeUnderWay
        | ErrorReason::PartnerChanged
        | ErrorReason::Stopping
        | ErrorReason::StorageFailed => Code::Unavailable,
        ErrorReason::DeadlineExceeded => Code::DeadlineExceeded,
        ErrorReason::DataDamaged => Code::DataLoss,
        ErrorReason::Internal | ErrorReason::Unspecified => Code::Internal,
    }
}

/// A reason as `ErrorInfo.reason` carries it: without the prefix of the enum.
pub(super) fn name(reason: ErrorReason) -> &'static str {
    let name = reason.as_str_name();
    name.strip_prefix("ERROR_REASON_").unwrap_or(name)
}
