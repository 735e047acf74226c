//! Where rows go: CSV as they come, or Parquet.

use std::io::Write;

use super::columns::{COLUMNS, GROUPS, KEYS, Kind};
#[cfg(feature = "parquet")]
use super::parquet::ParquetFile;
use crate::proto::v1::ExportRow;

/// A place that takes rows.
pub(super) enum Sink<W: Write + Send> {
    /// `headed`: the header was written. A request that is refused leaves nothing behind, not even a header.
    Csv { writer: Box<csv::Writer<W>>, headed: bool },
    #[cfg(feature = "parquet")]
    Parquet(Box<ParquetFile<W>>),
}

impl<W: Write + Send> Sink<W> {
    /// CSV as RFC 4180 has it. `header`: whether the first line names the columns; if not, the lines follow other lines.
    pub(super) fn csv(to: W, header: bool) -> Self {
        let terminator = csv::Terminator::CRLF;
        let writer = csv::WriterBuilder::new().terminator(terminator).from_writer(to);
        Self::Csv { writer: Box::new(writer), headed: !header }
    }

    /// Parquet with real types.
    #[cfg(feature = "parquet")]
    pub(super) fn parquet(to: W) -> anyhow::Result<Self> {
        Ok(Self::Parquet(Box::new(ParquetFile::new(to)?)))
    }

    /// Writes rows to the file, in their order.
    pub(super) fn write(&mut self, rows: &[ExportRow]) -> anyhow::Result<()> {
        self.head()?;
        for row in rows {
            let (keys, group) = (row.keys.len(), row.group.len());
            anyhow::ensure!(keys <= KEYS, "a row has {keys} keys, this version writes {KEYS}");
            anyhow::ensure!(
                group <= GROUPS,
                "a group has {group} keys, this version writes {GROUPS}"
            );
            match self {
                Self::Csv { writer, .. } => {
                    writer.write_record(COLUMNS.iter().map(|column| text(column.kind, row)))?;
                }
                #[cfg(feature = "parquet")]
                Self::Parquet(file) => file.write(row)?,
            }
        }
        Ok(())
    }

    /// Writes the header, if it is still to come.
    fn head(&mut self) -> anyhow::Result<()> {
        if let Self::Csv { writer, headed } = self
            && !std::mem::replace(headed, true)
        {
            writer.write_record(COLUMNS.iter().map(|column| column.name))?;
        }
        Ok(())
    }

    /// Ends the file; `metadata` goes with it where the format has a place for it.
    pub(super) fn finish(mut self, metadata: Vec<(String, String)>) -> anyhow::Result<W> {
        self.head()?;
        match self {
            Self::Csv { writer, .. } => {
                Ok(writer.into_inner().map_err(csv::IntoInnerError::into_error)?)
            }
            #[cfg(feature = "parquet")]
            Self::Parquet(file) => file.finish(metadata),
        }
    }
}

/// A value as CSV has it; nothing is empty.
fn text(kind: Kind, row: &ExportRow) -> String {
    match kind {
        Kind::Text(read) => read(row),
        Kind::Count(read) => read(row).map_or_else(String::new, |value| value.to_string()),
        Kind::Real(read) => read(row).map_or_else(String::new, |value| value.to_string()),
        Kind::Flag(read) => read(row).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::v1;

    #[test]
    fn nothing_is_empty_and_zero_is_zero() {
        let row = ExportRow {
            table: "CHANNELS".into(),
            area_name: "Leicester, Rutland".into(),
            value: Some(0.0),
            numerator_count: Some(0),
            absence: None,
            ..Default::default()
        };
        let none = ExportRow {
            absence: Some(v1::Absence {
                reason: v1::AbsenceReason::Withheld.into(),
                detail: String::new(),
            }),
            ..Default::default()
        };
        let mut sink = Sink::csv(Vec::new(), true);
        sink.write(&[row, none]).unwrap();
        let bytes = sink.finish(Vec::new()).unwrap();
        let mut reader = csv::Reader::from_reader(bytes.as_slice());
        let header = reader.headers().unwrap().clone();
        let lines: Vec<_> = reader.records().map(Result::unwrap).collect();
        let at = |line: usize, name: &str| {
            lines[line][header.iter().position(|column| column == name).unwrap()].to_owned()
        };
        assert_eq!(at(0, "area_name"), "Leicester, Rutland");
        assert_eq!((at(0, "value"), at(0, "numerator_count")), ("0".into(), "0".into()));
        assert_eq!((at(0, "lower"), at(0, "absence_reason")), (String::new(), String::new()));
        assert_eq!((at(1, "value"), at(1, "absence_reason")), (String::new(), "WITHHELD".into()));
        assert_eq!(at(0, "ecological"), "false");
    }

    #[test]
    fn a_row_with_more_keys_than_columns_is_an_error() {
        let row = ExportRow { keys: vec![v1::CategoryKey::default(); 5], ..Default::default() };
        assert!(Sink::csv(Vec::new(), true).write(&[row]).is_err());
    }
}
