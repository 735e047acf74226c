//! Assessments as a list.

use super::receipts::time;
use super::sheet::Sheet;
use crate::proto::v1::ChannelAssessment;

/// One line for each assessment.
pub fn sheet<'a>(all: impl IntoIterator<Item = &'a ChannelAssessment>) -> Sheet {
    let mut sheet = Sheet::new([
        "organisation",
        "first_month",
        "last_month",
        "assess_date",
        "owner_role",
        "text",
        "position",
        "record_time",
        "name",
    ]);
    sheet.for_programs = 3;
    for assessment in all {
        sheet.push(vec![
            (&assessment.organisation).into(),
            (&assessment.first_month).into(),
            (&assessment.last_month).into(),
            (&assessment.assess_date).into(),
            (&assessment.owner_role).into(),
            (&assessment.text).into(),
            assessment.position.into(),
            time(assessment.record_time.as_ref()),
            (&assessment.name).into(),
        ]);
    }
    sheet
}
