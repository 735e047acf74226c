//! CH-05 to CH-08, CH-13 and CH-14: of each group of people of each row.

use super::{Base, Rows};
use crate::proto::v1;

pub(super) fn rows<'a>(base: Base<'a>, table: &'a v1::FaceToFaceProvision) -> Rows<'a> {
    Box::new(table.rows.iter().flat_map(move |row| {
        let groups = row.groups.iter().flat_map(|group| {
            let named = (group.group.as_str(), v1::CategoryState::Known);
            group.indicators.iter().map(move |cell| (named, cell))
        });
        groups.map(|(group, cell)| base.cell(&row.keys, group, cell)).collect::<Vec<_>>()
    }))
}
