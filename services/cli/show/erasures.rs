//! Erasures as a list.

use super::receipts::time;
use super::sheet::Sheet;
use super::words;
use crate::proto::v1::{Erasure, ErasureKind};

/// One line for each submission that was erased.
pub fn sheet<'a>(all: impl IntoIterator<Item = &'a Erasure>) -> Sheet {
    let mut sheet = Sheet::new([
        "position",
        "create_time",
        "kind",
        "record_count",
        "reason",
        "submission",
        "replaced_by",
    ]);
    sheet.for_programs = 2;
    for erasure in all {
        for of in &erasure.submissions {
            sheet.push(vec![
                erasure.position.into(),
                time(erasure.create_time.as_ref()),
                words::name(erasure.kind, ErasureKind::as_str_name).into(),
                erasure.record_count.into(),
                (&erasure.reason).into(),
                (&of.submission).into(),
                (&of.replaced_by).into(),
            ]);
        }
    }
    sheet
}
