//! Statuses of releases.

use tonic::Status;

use super::details::{TEXT_BYTES, cut, info};
use super::{RETRY_OVERLOADED, finish, refused, retry};
use crate::proto::v1::ErrorReason;

/// The caller reads releases, and there is none.
#[must_use]
pub fn no_release() -> Status {
    let message = "no release has been made yet, and you read releases: ask again when ReleaseService.ListReleases lists one; the operator \
                   makes one with CreateRelease";
    refused(ErrorReason::NoRelease, message, [])
}

/// A release was not made: too few organisations have changed in so many areas.
#[must_use]
pub fn release_refused(why: &str, areas: usize, least: usize) -> Status {
    let metadata = [("areas", areas.to_string()), ("least", least.to_string())];
    refused(ErrorReason::ReleaseRefused, format!("nothing was released: {why}"), metadata)
}

/// The name belongs to another release.
#[must_use]
pub fn release_exists(name: &str) -> Status {
    let reason = ErrorReason::ReleaseExists;
    let message = format!(
        "{} was made before, and names of releases are unique for ever: choose another name; ListReleases lists them",
        cut(name, TEXT_BYTES)
    );
    let mut details = info(reason, []);
    details.set_resource_info("release", cut(name, TEXT_BYTES), "", "");
    finish(reason, &message, details, None)
}

/// No publication of a release is safe.
#[must_use]
pub fn publication_refused(why: &str) -> Status {
    refused(ErrorReason::PublicationRefused, format!("nothing is published: {why}"), [])
}

/// The tables of a release are still being proven.
#[must_use]
pub fn publication_under_way(release: &str) -> Status {
    let message = format!(
        "the service still proves that the tables of release `{}` are safe, which may take minutes; ask again after the delay in RetryInfo",
        cut(release, TEXT_BYTES)
    );
    retry(ErrorReason::PublicationUnderWay, &message, RETRY_OVERLOADED)
}
