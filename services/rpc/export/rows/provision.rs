//! CH-05 to CH-08, CH-13 and CH-14, and what they were counted of: of each group of people of each row. Then where it was known
//! from what people need.

use super::{Base, Group, Rows, valued};
use crate::proto::v1;

pub(super) fn rows<'a>(base: Base<'a>, table: &'a v1::FaceToFaceProvision) -> Rows<'a> {
    let base = base.met_within(table.request_met_days);
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
    let counts = counts.map(|(name, count)| {
        let counted = base.count(&row.keys, named(), name, count);
        // A 0 would read as nobody where it is not known who belongs to the group.
        match &of.absence {
            Some(_) => v1::ExportRow {
                numerator_count: None,
                unknown_count: Some(of.unknown_count),
                not_collected_count: Some(of.not_collected_count),
                ..valued(counted, named(), None, &of.absence)
            },
            None => counted,
        }
    });
    let shares = of.indicators.iter().map(|cell| base.cell(&row.keys, named(), cell));
    counts.into_iter().chain(shares).collect()
}

fn sources(base: &Base<'_>, of: &v1::AccessStatusSources) -> Vec<v1::ExportRow> {
    const ACCESS: (&str, &str) =
        ("ACCESS_STATUS", "Consultations by where it is known from who can use remote care");
    let access = [of.record_count, of.snapshot_count, of.unknown_count];
    let mut rows = Vec::from(from(base, of, "digital_access", ACCESS, access));
    for need in &of.other_needs {
        let (id, label) =
            (need.dimension.to_uppercase(), "Consultations by where the need is known from");
        let counts = [need.record_count, need.snapshot_count, need.unknown_count];
        rows.extend(from(base, of, &need.dimension, (&id, label), counts));
    }
    rows
}

/// Counts of what records say, of what snapshots say, and of what neither does.
fn from(
    base: &Base<'_>,
    of: &v1::AccessStatusSources,
    dimension: &str,
    name: (&str, &str),
    [record, told, unknown]: [i64; 3],
) -> [v1::ExportRow; 3] {
    let snapshot = match of.access_collection.as_str() {
        "" => "no collection of access snapshots".to_owned(),
        id => format!("latest access snapshot in {id}"),
    };
    [
        (Group::known("RECORD", "the consultation's own record"), record),
        (Group::known("SNAPSHOT", &snapshot), told),
        (base.group(dimension, "NOT_KNOWN", v1::CategoryState::NotKnown), unknown),
    ]
    .map(|(group, count)| base.count(&[], group, name, count))
}
