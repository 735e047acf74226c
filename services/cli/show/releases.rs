//! Releases as a list.

use super::receipts::time;
use super::sheet::Sheet;
use super::words;
use crate::proto::v1::{Release, ReleaseReason};

/// One line for each release. What was only checked has neither position nor time.
pub fn sheet<'a>(all: impl IntoIterator<Item = &'a Release>) -> Sheet {
    let mut sheet = Sheet::new([
        "release",
        "create_time",
        "reason",
        "closed_month",
        "shown_position",
        "position",
        "least_changed_organisation_count",
        "name",
    ]);
    sheet.for_programs = 3;
    for release in all {
        let place = (release.position > 0).then_some(release.position);
        sheet.push(vec![
            (&release.release_id).into(),
            time(release.create_time.as_ref()),
            words::name(release.reason, ReleaseReason::as_str_name).into(),
            (&release.closed_month).into(),
            release.shown_position.into(),
            place.into(),
            i64::from(release.least_changed_organisation_count).into(),
            (&release.name).into(),
        ]);
    }
    sheet
}
