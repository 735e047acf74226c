//! The files of a table.

use serde_json::json;

use crate::cli::export::args::FileFormat;
use crate::cli::export::bytes_of;
use crate::cli::export::columns::{FileColumn, Kind};
use crate::cli::show::words;
use crate::proto::v1::{
    CategoryKey, ExportRow, GetPublishedTableResponse, PublishedRow, PublishedState, PublishedTable,
};

/// A table, and its files by name.
pub(super) struct Written {
    pub(super) table: PublishedTable,
    pub(super) rows: Vec<PublishedRow>,
    pub(super) files: Vec<(String, Vec<u8>)>,
}

impl Written {
    pub(super) fn new(
        answer: GetPublishedTableResponse,
        formats: &[FileFormat],
    ) -> anyhow::Result<Self> {
        let GetPublishedTableResponse { publication, table, rows } = answer;
        let (publication, table) = (publication.unwrap_or_default(), table.unwrap_or_default());
        let exported: Vec<_> =
            rows.iter().map(|row| exported(&publication.release, &table, row)).collect();
        let mut files = Vec::new();
        for format in formats {
            let asked = json!({ "release": publication.release, "table_id": table.table_id });
            let notes = [publication.method.clone(), publication.certificate.clone()];
            let notes = notes.into_iter().chain(table.notes.clone());
            let bytes = bytes_of(*format, COLUMNS.to_vec(), &exported, asked, notes)?;
            files.push((format!("{}.{}", table.table_id, format.name()), bytes));
        }
        Ok(Self { table, rows, files })
    }
}

/// A published row in the fields of an exported row, which is what files are written of. The columns below read them back.
fn exported(release: &str, table: &PublishedTable, row: &PublishedRow) -> ExportRow {
    ExportRow {
        release: release.trim_start_matches("releases/").to_owned(),
        table: table.table_id.clone(),
        collection: table.collection.clone(),
        area: table.area.clone(),
        area_name: table.area_name.clone(),
        conditions: row.period.clone(),
        first_month: row.first_month.clone(),
        last_month: row.last_month.clone(),
        keys: row.keys.clone(),
        key_labels: row.key_labels.clone(),
        indicator: state(row),
        numerator_count: row.count,
        denominator_count: row.whole_count,
        value: row.percentage,
        column: row.merged_into.clone(),
        ..ExportRow::default()
    }
}

fn key(row: &ExportRow, number: usize, read: fn(&CategoryKey) -> &str) -> String {
    row.keys.get(number).map(|key| read(key).to_owned()).unwrap_or_default()
}

fn label(row: &ExportRow, number: usize) -> String {
    row.key_labels.get(number).cloned().unwrap_or_default()
}

/// The columns of published files.
const COLUMNS: &[FileColumn] = &[
    text("release", "Release that the table is of", |row| row.release.clone()),
    text("table", "Id of the table", |row| row.table.clone()),
    text("collection", "Collection of the consultations", |row| row.collection.clone()),
    text("area", "Code of the area", |row| row.area.clone()),
    text("area_name", "Name of the area", |row| row.area_name.clone()),
    text("period", "Period: 2020-04, 2020-Q2, 2020/21 or 2020", |row| row.conditions.clone()),
    text("first_month", "First month of the period", |row| row.first_month.clone()),
    text("last_month", "Last month of the period", |row| row.last_month.clone()),
    text("dimension_1", "First dimension that the row is of; empty: the total of all", |row| {
        key(row, 0, |key| &key.dimension)
    }),
    text(
        "code_1",
        "Code of the category; several codes joined by + if the row is several others together",
        |row| key(row, 0, |key| &key.code),
    ),
    text("label_1", "Label of the category", |row| label(row, 0)),
    text("dimension_2", "Second dimension that the row is of; empty: there is none", |row| {
        key(row, 1, |key| &key.dimension)
    }),
    text("code_2", "Code of its category", |row| key(row, 1, |key| &key.code)),
    text("label_2", "Label of its category", |row| label(row, 1)),
    text(
        "state",
        "SHOWN; FEW: withheld, from 0 to 7; COARSENED: withheld, others could be found out; MERGED: see merged_into; FEW_ORGANISATIONS: withheld",
        |row| row.indicator.clone(),
    ),
    FileColumn {
        name: "count",
        about: "Consultations, rounded to the nearest 5; empty: withheld",
        kind: Kind::Count(|row| row.numerator_count),
    },
    FileColumn {
        name: "whole_count",
        about: "Rounded count that percentage is a share of",
        kind: Kind::Count(|row| row.denominator_count),
    },
    FileColumn {
        name: "percentage",
        about: "0 to 100, of rounded counts",
        kind: Kind::Real(|row| row.value),
    },
    text("merged_into", "code_1 of the row that has this number together with others", |row| {
        row.column.clone()
    }),
];

const fn text(
    name: &'static str,
    about: &'static str,
    read: fn(&ExportRow) -> String,
) -> FileColumn {
    FileColumn { name, about, kind: Kind::Text(read) }
}

/// The name of a state, without the prefix of the enum.
pub(super) fn state(of: &PublishedRow) -> String {
    words::name(of.state, PublishedState::as_str_name)
}
