//! Parquet with real types: text, 64-bit integers, doubles, dates, booleans. What is absent is null.

use std::io::Write;
use std::sync::Arc;

use ::parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use ::parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int32Type, Int64Type,
};
use ::parquet::file::metadata::KeyValue;
use ::parquet::file::properties::WriterProperties;
use ::parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use ::parquet::schema::types::Type;
use jiff::civil::{Date, date};

use super::columns::{FileColumn, Kind};
use crate::proto::v1::ExportRow;

/// The day from which Parquet counts days.
const EPOCH: Date = date(1970, 1, 1);
/// Rows that are held until they are written together.
const GROUP: usize = 16_384;

/// A Parquet file that is being written.
pub(super) struct ParquetFile<W: Write + Send> {
    writer: SerializedFileWriter<W>,
    columns: Vec<FileColumn>,
    rows: Vec<ExportRow>,
}

impl<W: Write + Send> ParquetFile<W> {
    pub(super) fn new(to: W, columns: Vec<FileColumn>) -> anyhow::Result<Self> {
        let fields = columns.iter().map(field).collect::<anyhow::Result<_>>()?;
        let schema = Type::group_type_builder("export").with_fields(fields).build()?;
        let created = concat!("equity ", env!("CARGO_PKG_VERSION"));
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by(created.to_owned())
            .build();
        let writer = SerializedFileWriter::new(to, Arc::new(schema), Arc::new(properties))?;
        Ok(Self { writer, columns, rows: Vec::new() })
    }

    pub(super) fn write(&mut self, row: &ExportRow) -> anyhow::Result<()> {
        self.rows.push(row.clone());
        if self.rows.len() == GROUP { self.group() } else { Ok(()) }
    }

    /// Writes the collected rows as one row group.
    fn group(&mut self) -> anyhow::Result<()> {
        let rows = std::mem::take(&mut self.rows);
        let mut group = self.writer.next_row_group()?;
        for column in &self.columns {
            let mut writer = group
                .next_column()?
                .ok_or_else(|| anyhow::anyhow!("the schema has no column {}", column.name))?;
            values(column.kind, &rows, &mut writer)?;
            writer.close()?;
        }
        group.close()?;
        Ok(())
    }

    pub(super) fn finish(mut self, metadata: Vec<(String, String)>) -> anyhow::Result<W> {
        if !self.rows.is_empty() {
            self.group()?;
        }
        for (key, value) in metadata {
            self.writer.append_key_value_metadata(KeyValue::new(key, value));
        }
        Ok(self.writer.into_inner()?)
    }
}

fn field(column: &FileColumn) -> anyhow::Result<Arc<Type>> {
    let (physical, logical, repetition) = match column.kind {
        Kind::Text(_) => (Physical::BYTE_ARRAY, Some(LogicalType::String), Repetition::OPTIONAL),
        Kind::Count(_) => (Physical::INT64, None, Repetition::OPTIONAL),
        Kind::Real(_) => (Physical::DOUBLE, None, Repetition::OPTIONAL),
        Kind::Day(_) => (Physical::INT32, Some(LogicalType::Date), Repetition::OPTIONAL),
        Kind::Flag(_) => (Physical::BOOLEAN, None, Repetition::REQUIRED),
    };
    let field = Type::primitive_type_builder(column.name, physical)
        .with_logical_type(logical)
        .with_repetition(repetition)
        .build()?;
    Ok(Arc::new(field))
}

fn values(
    kind: Kind,
    rows: &[ExportRow],
    to: &mut SerializedColumnWriter<'_>,
) -> ::parquet::errors::Result<usize> {
    let rows = rows.iter();
    match kind {
        Kind::Text(read) => {
            let texts = rows
                .map(read)
                .map(|text| (!text.is_empty()).then(|| ByteArray::from(text.into_bytes())));
            present::<ByteArrayType>(texts, to)
        }
        Kind::Count(read) => present::<Int64Type>(rows.map(read), to),
        Kind::Real(read) => present::<DoubleType>(rows.map(read), to),
        Kind::Day(read) => {
            let days = |day: Date| (day - EPOCH).get_days();
            present::<Int32Type>(rows.map(read).map(|day| day.map(days)), to)
        }
        Kind::Flag(read) => {
            let values: Vec<_> = rows.map(read).collect();
            to.typed::<BoolType>().write_batch(&values, None, None)
        }
    }
}

/// Writes the values that are there, and for each row whether it has one.
fn present<T: DataType>(
    all: impl Iterator<Item = Option<T::T>>,
    to: &mut SerializedColumnWriter<'_>,
) -> ::parquet::errors::Result<usize> {
    let (mut values, mut levels) = (Vec::new(), Vec::new());
    for value in all {
        levels.push(i16::from(value.is_some()));
        values.extend(value);
    }
    to.typed::<T>().write_batch(&values, Some(&levels), None)
}

#[cfg(test)]
mod tests {
    use super::super::columns::COLUMNS;
    use super::*;
    use ::parquet::file::reader::{FileReader as _, SerializedFileReader};

    #[test]
    fn what_was_written_is_read_back_with_types_nulls_and_metadata() {
        let all = 2 * GROUP + 5;
        let mut file = ParquetFile::new(Vec::new(), COLUMNS.clone()).unwrap();
        for number in 0..all {
            let count = i64::try_from(number).unwrap();
            let value = (number % 3 != 0).then_some(0.25);
            let row = ExportRow {
                area_name: if number % 2 == 0 { "Å".into() } else { String::new() },
                numerator_count: Some(count),
                value,
                ecological: number % 2 == 1,
                first_month: "2020-04".into(),
                ..Default::default()
            };
            file.write(&row).unwrap();
        }
        let bytes = file.finish(vec![("equity.position".into(), "71".into())]).unwrap();
        let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).unwrap();
        let metadata = reader.metadata().file_metadata().clone();
        assert_eq!(metadata.num_rows(), i64::try_from(all).unwrap());
        let pairs = metadata.key_value_metadata().unwrap();
        assert_eq!(
            (pairs[0].key.as_str(), pairs[0].value.as_deref()),
            ("equity.position", Some("71"))
        );
        assert_eq!(metadata.schema().get_fields().len(), COLUMNS.len());
        for (number, row) in reader.get_row_iter(None).unwrap().enumerate() {
            let row = row.unwrap();
            let field = |name: &str| {
                let mut columns = row.get_column_iter();
                columns.find(|(column, _)| *column == name).unwrap().1.to_string()
            };
            assert_eq!(field("numerator_count"), number.to_string());
            assert_eq!(
                (field("period_start").as_str(), field("period_end").as_str()),
                ("2020-04-01", "null")
            );
            assert_eq!(field("value"), if number % 3 == 0 { "null" } else { "0.25" });
            assert_eq!(field("area_name"), if number % 2 == 0 { "\"Å\"" } else { "null" });
            assert_eq!(field("ecological"), (number % 2 == 1).to_string());
        }
    }

    #[test]
    fn an_export_without_rows_is_a_file_too() {
        let bytes =
            ParquetFile::new(Vec::new(), COLUMNS.clone()).unwrap().finish(Vec::new()).unwrap();
        let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).unwrap();
        assert_eq!(reader.metadata().file_metadata().num_rows(), 0);
    }
}
