//! Where rows go: CSV as they come, Excel, or Parquet.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::about::About;
use super::args::{FileFormat, MISSING};
use super::columns::{FileColumn, GROUPS, KEYS, Kind};
use super::excel_safe;
#[cfg(feature = "parquet")]
use super::parquet::ParquetFile;
#[cfg(feature = "xlsx")]
use super::xlsx::Workbook;
use crate::proto::v1::ExportRow;

/// How rows are written to a file.
#[derive(Debug, Clone)]
pub(super) struct Style {
    pub(super) format: FileFormat,
    pub(super) columns: Vec<FileColumn>,
    /// CSV: whether text that Excel would change is written as a formula.
    pub(super) excel_safe: bool,
    /// CSV: whether the first line names the columns. If not, the lines follow other lines.
    pub(super) header: bool,
}

/// A place that takes rows.
pub(super) struct Sink<W: Write + Send> {
    style: Style,
    to: To<W>,
}

enum To<W: Write + Send> {
    /// `headed`: the header was written. A request that is refused leaves nothing behind, not even a header.
    Csv { writer: Box<csv::Writer<Bytes<W>>>, headed: bool },
    #[cfg(feature = "xlsx")]
    Xlsx(Box<Workbook>, W),
    #[cfg(feature = "parquet")]
    Parquet(Box<ParquetFile<W>>),
}

/// Bytes as they are, or gzipped.
enum Bytes<W: Write> {
    Plain(W),
    Gzip(Box<GzEncoder<W>>),
}

impl<W: Write + Send> Sink<W> {
    /// CSV is as RFC 4180 has it, with lines that end in CR LF.
    pub(super) fn new(mut to: W, style: Style) -> anyhow::Result<Self> {
        let to = match style.format {
            FileFormat::Csv | FileFormat::CsvGz => {
                let bytes = if style.format == FileFormat::CsvGz {
                    Bytes::Gzip(Box::new(GzEncoder::new(to, Compression::default())))
                } else {
                    if style.excel_safe && style.header {
                        to.write_all(excel_safe::MARK)?;
                    }
                    Bytes::Plain(to)
                };
                let terminator = csv::Terminator::CRLF;
                let writer = csv::WriterBuilder::new().terminator(terminator).from_writer(bytes);
                To::Csv { writer: Box::new(writer), headed: !style.header }
            }
            #[cfg(feature = "xlsx")]
            FileFormat::Xlsx => To::Xlsx(Box::new(Workbook::new(&style.columns)?), to),
            #[cfg(feature = "parquet")]
            FileFormat::Parquet => {
                To::Parquet(Box::new(ParquetFile::new(to, style.columns.clone())?))
            }
            #[allow(unreachable_patterns, reason = "depends on the features")]
            FileFormat::Xlsx | FileFormat::Parquet => anyhow::bail!(MISSING),
        };
        Ok(Self { style, to })
    }

    /// Writes rows to the file, in their order.
    pub(super) fn write(&mut self, rows: &[ExportRow]) -> anyhow::Result<()> {
        self.head()?;
        let Style { columns, excel_safe, .. } = &self.style;
        for row in rows {
            let (keys, group) = (row.keys.len(), row.group.len());
            anyhow::ensure!(keys <= KEYS, "a row has {keys} keys, this version writes {KEYS}");
            anyhow::ensure!(
                group <= GROUPS,
                "a group has {group} keys, this version writes {GROUPS}"
            );
            match &mut self.to {
                To::Csv { writer, .. } => {
                    writer.write_record(columns.iter().map(|column| {
                        let text = column.text(row);
                        let is_text = matches!(column.kind, Kind::Text(_));
                        if is_text && *excel_safe { excel_safe::text(text) } else { text }
                    }))?;
                }
                #[cfg(feature = "xlsx")]
                To::Xlsx(book, _) => book.write(columns, row)?,
                #[cfg(feature = "parquet")]
                To::Parquet(file) => file.write(row)?,
            }
        }
        Ok(())
    }

    /// Writes the header, if it is still to come.
    fn head(&mut self) -> anyhow::Result<()> {
        if let To::Csv { writer, headed } = &mut self.to
            && !std::mem::replace(headed, true)
        {
            writer.write_record(self.style.columns.iter().map(|column| column.name))?;
        }
        Ok(())
    }

    /// Ends the file; `about` goes with it where the format has a place for it.
    pub(super) fn finish(mut self, about: &About) -> anyhow::Result<W> {
        self.head()?;
        match self.to {
            To::Csv { writer, .. } => {
                match writer.into_inner().map_err(csv::IntoInnerError::into_error)? {
                    Bytes::Plain(to) => Ok(to),
                    Bytes::Gzip(to) => Ok(to.finish()?),
                }
            }
            #[cfg(feature = "xlsx")]
            To::Xlsx(book, mut to) => {
                to.write_all(&book.finish(&self.style.columns, about)?)?;
                Ok(to)
            }
            #[cfg(feature = "parquet")]
            To::Parquet(file) => file.finish(about.metadata()?),
        }
    }
}

impl<W: Write> Write for Bytes<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(to) => to.write(bytes),
            Self::Gzip(to) => to.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(to) => to.flush(),
            // Flushing would end a block of the compression each time.
            Self::Gzip(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::super::columns::{COLUMNS, named};
    use super::*;
    use crate::proto::v1;

    fn style(format: FileFormat) -> Style {
        Style { format, columns: COLUMNS.clone(), excel_safe: false, header: true }
    }

    fn written(style: Style, rows: &[ExportRow]) -> Vec<u8> {
        let mut sink = Sink::new(Vec::new(), style).unwrap();
        sink.write(rows).unwrap();
        sink.finish(&About::default()).unwrap()
    }

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
        let bytes = written(style(FileFormat::Csv), &[row, none]);
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
    fn chosen_columns_come_in_their_order_gzipped_or_safe_for_excel() {
        let row = ExportRow {
            area: "05-10".into(),
            first_month: "2020-04".into(),
            value: Some(0.5),
            ..Default::default()
        };
        let columns = named(&["value", "area", "period_start"].map(str::to_owned));
        let plain = "value,area,period_start\r\n0.5,05-10,2020-04-01\r\n";
        let of = |format, excel_safe| {
            let style = Style { columns: columns.clone(), excel_safe, ..style(format) };
            written(style, std::slice::from_ref(&row))
        };
        assert_eq!(String::from_utf8(of(FileFormat::Csv, false)).unwrap(), plain);
        let mut unpacked = String::new();
        let packed = of(FileFormat::CsvGz, false);
        flate2::read::GzDecoder::new(packed.as_slice()).read_to_string(&mut unpacked).unwrap();
        assert_eq!(unpacked, plain);
        let safe = "\u{feff}value,area,period_start\r\n0.5,\"=\"\"05-10\"\"\",2020-04-01\r\n";
        assert_eq!(String::from_utf8(of(FileFormat::Csv, true)).unwrap(), safe);
    }

    #[test]
    fn a_row_with_more_keys_than_columns_is_an_error() {
        let row = ExportRow { keys: vec![v1::CategoryKey::default(); 5], ..Default::default() };
        assert!(Sink::new(Vec::new(), style(FileFormat::Csv)).unwrap().write(&[row]).is_err());
    }
}
