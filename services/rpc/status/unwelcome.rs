//! Refusals because of who calls.

use std::time::Duration;

use tonic::Status;

use super::{RETRY_OVERLOADED, refused, retry};
use crate::domain::identity::Identity;
use crate::proto::v1::ErrorReason;

/// The caller's certificate names nobody, for this reason.
#[must_use]
pub fn no_identity(why: &str) -> Status {
    let message = format!(
        "the service does not know who calls: {why}; ask the operator for a certificate, and show it (--cert and --key on the command line)"
    );
    refused(ErrorReason::NoIdentity, message, [])
}

/// No partner has this identity.
#[must_use]
pub fn no_partner(identity: &Identity) -> Status {
    let message = format!(
        "no partner has the certificate of {identity}; the operator of the service names partners in partners.toml, and \
         `equity partners check` says what a certificate may do"
    );
    refused(ErrorReason::NoPartner, message, [("identity", identity.to_string())])
}

/// What the partner may do was changed during its call.
#[must_use]
pub fn partner_changed() -> Status {
    let message = "the operator of the service has changed what this partner may do, so this call has ended; call again after the delay \
                   in RetryInfo, and GetServiceInfo says what the partner may do now";
    retry(ErrorReason::PartnerChanged, message, RETRY_OVERLOADED)
}

/// The partner may not do this. `why` says what it may, and who can change it.
#[must_use]
pub fn out_of_scope(why: impl Into<String>) -> Status {
    refused(ErrorReason::OutOfScope, why, [])
}

/// The metadata that says for what a call is made is missing or no code of the list.
#[must_use]
pub fn no_purpose(key: &str, given: Option<&str>, codes: &[&str]) -> Status {
    let is = given.map_or("is missing".to_owned(), |given| {
        format!("is `{}`, which is no purpose", given.chars().take(60).collect::<String>())
    });
    let message = format!("the metadata `{key}` {is}: send one of {}", codes.join(", "));
    refused(ErrorReason::PurposeInvalid, message, [])
}

/// The partner has made more calls than its quota has.
#[must_use]
pub fn quota_exceeded(partner: &str, per_second: u32, wait: Duration) -> Status {
    let message = format!(
        "partner {partner} has made more calls than its quota of {per_second} a second; try again after the delay in RetryInfo"
    );
    retry(ErrorReason::QuotaExceeded, &message, wait)
}
