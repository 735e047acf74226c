//! Writes the service's CSV.

use std::io::Write;

use prost::Message;

use super::super::error::shortened;
use super::super::submission_file::dataset_words;
use super::super::{IngestError, Records, SubmissionFile};
use super::columns::{CellKind, Column, Columns, MONTH, ORGANISATION};
use super::dataset::head;
use super::fields::{Value, Values};
use super::submission_columns::{stated, submission_columns};
use crate::domain::collection::Dataset;
use crate::proto::v1::EstimateKey;

/// Writes submissions of one dataset, one after the other. Reading the file gives the same submissions, with three exceptions:
/// a submission without records is lost; a person without characteristics is read as no person; two submissions of the same
/// organisation and month are read as one.
#[derive(Debug)]
pub struct Writer<W: Write> {
    out: csv::Writer<W>,
    /// What the file holds; `None` before the first submission.
    dataset: Option<Dataset>,
}

/// Writes all submissions to `out`: see [`Writer`].
///
/// # Errors
/// As [`Writer::write`] and [`Writer::finish`].
pub fn write<W: Write>(out: W, submissions: &[SubmissionFile]) -> Result<(), IngestError> {
    let mut writer = Writer::new(out);
    submissions.iter().try_for_each(|submission| writer.write(submission))?;
    writer.finish().map(drop)
}

impl<W: Write> Writer<W> {
    /// A writer to `out`, which need not be buffered.
    pub fn new(out: W) -> Self {
        Writer { out: csv::Writer::from_writer(out), dataset: None }
    }

    /// Writes the records of a submission. The first submission decides which dataset the file holds.
    ///
    /// # Errors
    /// The file holds another dataset; a value would be read back as another (a `;` within a code, blanks around it, a number
    /// that is not finite); the output cannot be written.
    pub fn write(&mut self, submission: &SubmissionFile) -> Result<(), IngestError> {
        let dataset = submission.rows.dataset();
        match self.dataset {
            None => {
                self.dataset = Some(dataset);
                let columns = Columns::of(dataset);
                let written = columns.written().chain(&columns.person).map(|column| column.name);
                let header = head(dataset).chain(written).collect::<csv::StringRecord>();
                self.out.write_record(&header).map_err(IngestError::from_csv_written)?;
            }
            Some(first) if first != dataset => {
                let (column, holds) = (dataset_words(dataset).to_owned(), dataset_words(first));
                let because = "the first submission";
                return Err(IngestError::MixedDatasets { column, holds, because });
            }
            Some(_) => {}
        }
        match &submission.rows {
            Records::Consultations(rows) => self.records(submission, rows),
            Records::Populations(rows) => self.records(submission, rows),
            Records::Access(rows) => self.records(submission, rows),
            Records::Estimates(_, rows) => self.records(submission, rows),
            Records::IndicatorCounts(rows) => self.records(submission, rows),
        }
    }

    /// Hands the output back, with everything written.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn finish(self) -> Result<W, IngestError> {
        self.out.into_inner().map_err(|error| IngestError::Write(error.into_error()))
    }

    fn records<M: Message>(
        &mut self,
        submission: &SubmissionFile,
        records: &[M],
    ) -> Result<(), IngestError> {
        let dataset = submission.rows.dataset();
        let columns = Columns::of(dataset);
        for (index, record) in records.iter().enumerate() {
            self.cell(ORGANISATION, &submission.organisation)?;
            self.cell(MONTH, &submission.month)?;
            // The first row says what holds for the whole submission.
            for (name, column) in submission_columns(dataset) {
                match index {
                    0 => self.cell(name, &stated(submission, *column))?,
                    _ => self.cell(name, "")?,
                }
            }
            self.record(&columns, record)?;
        }
        Ok(())
    }

    fn record<M: Message>(&mut self, columns: &Columns, record: &M) -> Result<(), IngestError> {
        let unreadable = || IngestError::Write(std::io::Error::other("a record is no message"));
        let bytes = record.encode_to_vec();
        let values = Values::of(&bytes).ok_or_else(unreadable)?;
        let is_suppressed = values.field(columns.suppressed_number).next().is_some();
        for column in columns.written() {
            let is_count = matches!(column.kind, CellKind::RecordCount | CellKind::Count);
            match is_count && is_suppressed {
                true => self.cell(column.name, "*")?,
                false => self.field(column, &values)?,
            }
        }
        let person = values.bytes(columns.person_number).next().unwrap_or_default();
        let person = Values::of(person).ok_or_else(unreadable)?;
        for column in &columns.person {
            self.field(column, &person)?;
        }
        self.out.write_record(None::<&[u8]>).map_err(IngestError::from_csv_written)
    }

    fn field(&mut self, column: &Column, values: &Values<'_>) -> Result<(), IngestError> {
        let (name, number) = (column.name, column.number);
        match column.kind {
            CellKind::Text => self.cell(name, values.texts(number).next().unwrap_or_default()),
            CellKind::Codes => self.set(name, &values.texts(number).collect::<Vec<_>>()),
            CellKind::Keys => self.keys(name, values.bytes(number)),
            CellKind::Flag => {
                let set = values.field(number).next().is_some();
                self.cell(name, if set { "Y" } else { "" })
            }
            CellKind::Int32
            | CellKind::Int64
            | CellKind::RecordCount
            | CellKind::Count
            | CellKind::Figure
            | CellKind::Double => {
                match values.field(number).next() {
                    Some(Value::Whole(number)) => self.cell(name, &number.to_string()),
                    Some(Value::Real(number)) => self.real(name, *number),
                    Some(Value::Bytes(_)) | None => {
                        // The bytes of a message leave a count of 0 out.
                        self.cell(name, if column.kind == CellKind::Count { "0" } else { "" })
                    }
                }
            }
        }
    }

    fn set(&mut self, name: &'static str, codes: &[&str]) -> Result<(), IngestError> {
        let lost = |code: &&&str| code.is_empty() || code.contains(';') || code.trim() != **code;
        match codes.iter().find(lost) {
            Some(code) => Err(IngestError::Unwritable { column: name, value: shortened(code) }),
            None => self.cell(name, &codes.join(";")),
        }
    }

    /// The shortest text that is read as the same number again.
    fn real(&mut self, name: &'static str, number: f64) -> Result<(), IngestError> {
        let text = number.to_string();
        match number.is_finite() {
            true => self.cell(name, &text),
            false => Err(IngestError::Unwritable { column: name, value: text }),
        }
    }

    fn keys<'a>(
        &mut self,
        name: &'static str,
        keys: impl Iterator<Item = &'a [u8]>,
    ) -> Result<(), IngestError> {
        let pair = |bytes| {
            let key = EstimateKey::decode(bytes).map_err(|e| IngestError::Write(e.into()))?;
            let EstimateKey { dimension, code } = key;
            let whole = |text: &str| !text.is_empty() && text.trim() == text && !text.contains(';');
            let pair = format!("{dimension}={code}");
            match whole(&dimension) && whole(&code) && !dimension.contains('=') {
                true => Ok(pair),
                false => Err(IngestError::Unwritable { column: name, value: shortened(&pair) }),
            }
        };
        let pairs: Vec<String> = keys.map(pair).collect::<Result<_, _>>()?;
        self.cell(name, &pairs.join(";"))
    }

    fn cell(&mut self, name: &'static str, cell: &str) -> Result<(), IngestError> {
        if cell.trim() != cell {
            return Err(IngestError::Unwritable { column: name, value: shortened(cell) });
        }
        self.out.write_field(cell).map_err(IngestError::from_csv_written)
    }
}
