//! CH-05 to CH-08, CH-13 and CH-14, and what they were counted of: of each group of people of each row. Then where it was known
//! from whether people can use remote care.

use super::{Base, Group, Rows};
use crate::proto::v1;

pub(super) fn rows<'a>(base: Base<'a>, table: &'a v1::FaceToFaceProvision) -> Rows<'a> {
    let whole = base.clone();
    let groups = table.rows.iter().flat_map(move |row| {
        let of_row = row.groups.iter().flat_map(|of| group(&base, row, of));
        of_row.collect::<Vec<_>>()
    });
    Box::new(groups.chain(table.sources.iter().flat_map(move |of| sources(&whole, of))))
}

fn group(base: &Base<'_>, row: &v1::ProvisionRow, of: &v1::ProvisionGroup) -> Vec<v1::ExportRow> {
    let named = || match of.group.as_str() {
        "ALL" => Group::all(),
        code => Group::known(code, &of.label),
    };
    let counts = [
        (("CONTACTS", "Consultations"), of.contact_count),
        (("IN_PERSON", "Consultations face to face or at home"), of.in_person_count),
        (("REMOTE", "Consultations by telephone, video or online"), of.remote_count),
    ];
    let counts = counts.map(|(name, count)| base.count(&row.keys, named(), name, count));
    let shares = of.indicators.iter().map(|cell| base.cell(&row.keys, named(), cell));
    counts.into_iter().chain(shares).collect()
}

fn sources(base: &Base<'_>, of: &v1::AccessStatusSources) -> [v1::ExportRow; 3] {
    let name = ("ACCESS_STATUS", "Consultations by where it is known from who can use remote care");
    let snapshot = match of.access_collection.as_str() {
        "" => "no collection of access snapshots".to_owned(),
        id => format!("latest access snapshot in {id}"),
    };
    let unknown = base.group("digital_access", "NOT_KNOWN", v1::CategoryState::NotKnown);
    [
        (Group::known("RECORD", "the consultation's own record"), of.record_count),
        (Group::known("SNAPSHOT", &snapshot), of.snapshot_count),
        (unknown, of.unknown_count),
    ]
    .map(|(group, count)| base.count(&[], group, name, count))
}
