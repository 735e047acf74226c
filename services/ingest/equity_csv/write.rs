//! Writes our own CSV.

use std::io::Write;

use super::super::error::shortened;
use super::super::{IngestError, Records, SubmissionFile};
use super::columns::{
    ACCESS, Access, CONSULTATION, ESTIMATE, Field, MONTH, ORGANISATION, PERSON, PERSON_COUNT,
    POPULATION,
};
use super::kind::Kind;
use super::submission_columns::remark_of;
use crate::proto::v1::{EstimateKey, PersonCharacteristics};

/// Writes submissions of one dataset, one after the other; reading the file gives the same submissions again. Three things are lost:
/// a submission without rows, the difference between a person of whom nothing is said and no person, and that two submissions were
/// two if they have the same organisation and month.
#[derive(Debug)]
pub struct Writer<W: Write> {
    out: csv::Writer<W>,
    /// What the file holds; nothing before the first submission.
    kind: Option<Kind>,
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
        Writer { out: csv::Writer::from_writer(out), kind: None }
    }

    /// Writes the rows of a submission. The first submission decides which dataset the file holds.
    ///
    /// # Errors
    /// Two datasets in one file; a value that would be read back as another (a `;` within a code, blanks around it, a number
    /// that is none); the output cannot be written.
    pub fn write(&mut self, submission: &SubmissionFile) -> Result<(), IngestError> {
        let kind = Kind::of_rows(&submission.rows);
        match self.kind {
            None => {
                self.kind = Some(kind);
                self.out.write_record(kind.names()).map_err(IngestError::from_csv_written)?;
            }
            Some(first) if first != kind => {
                let (column, holds) =
                    (submission.rows.dataset().to_owned(), first.rows().dataset());
                let because = "the first submission";
                return Err(IngestError::MixedDatasets { column, holds, because });
            }
            Some(_) => {}
        }
        match &submission.rows {
            Records::Consultations(rows) => {
                for (index, row) in rows.iter().enumerate() {
                    self.about(submission, index)?;
                    self.fields(CONSULTATION, row)?;
                    self.person(row.person.as_ref())?;
                }
            }
            Records::Populations(rows) => {
                for (index, row) in rows.iter().enumerate() {
                    self.about(submission, index)?;
                    self.cell(PERSON_COUNT, &row.person_count.to_string())?;
                    self.fields(POPULATION, row)?;
                    self.person(row.person.as_ref())?;
                }
            }
            Records::Access(rows) => {
                for (index, row) in rows.iter().enumerate() {
                    self.about(submission, index)?;
                    self.fields(ACCESS, row)?;
                    self.person(row.person.as_ref())?;
                }
            }
            Records::Estimates(_, rows) => {
                for (index, row) in rows.iter().enumerate() {
                    self.about(submission, index)?;
                    self.fields(ESTIMATE, row)?;
                    self.end()?;
                }
            }
        }
        Ok(())
    }

    /// Hands the output back, with everything written.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn finish(self) -> Result<W, IngestError> {
        self.out.into_inner().map_err(|error| IngestError::Write(error.into_error()))
    }

    /// Organisation, month, and with the first row what concerns the whole submission.
    fn about(&mut self, submission: &SubmissionFile, index: usize) -> Result<(), IngestError> {
        self.cell(ORGANISATION, &submission.organisation)?;
        self.cell(MONTH, &submission.month)?;
        for (name, remark) in Kind::of_rows(&submission.rows).remarks() {
            match index {
                0 => self.cell(name, &remark_of(submission, *remark))?,
                _ => self.cell(name, "")?,
            }
        }
        Ok(())
    }

    /// The characteristics, which end the row.
    fn person(&mut self, person: Option<&PersonCharacteristics>) -> Result<(), IngestError> {
        match person {
            Some(person) => self.fields(PERSON, person)?,
            None => PERSON.iter().try_for_each(|field| self.cell(field.name, ""))?,
        }
        self.end()
    }

    fn end(&mut self) -> Result<(), IngestError> {
        self.out.write_record(None::<&[u8]>).map_err(IngestError::from_csv_written)
    }

    fn fields<R>(&mut self, fields: &'static [Field<R>], row: &R) -> Result<(), IngestError> {
        for field in fields {
            match field.access {
                Access::Text(text, _) => self.cell(field.name, text(row))?,
                Access::Set(codes, _) => self.set(field.name, codes(row))?,
                Access::Small(number, _) => self.number(field.name, number(row).map(i64::from))?,
                Access::Large(number, _) => self.number(field.name, number(row))?,
                Access::Real(number, _) => self.real(field.name, number(row))?,
                Access::Keys(pairs, _) => self.keys(field.name, pairs(row))?,
            }
        }
        Ok(())
    }

    fn set(&mut self, name: &'static str, codes: &[String]) -> Result<(), IngestError> {
        let lost =
            |code: &&String| code.is_empty() || code.contains(';') || code.trim() != code.as_str();
        match codes.iter().find(lost) {
            Some(code) => Err(IngestError::Unwritable { column: name, value: shortened(code) }),
            None => self.cell(name, &codes.join(";")),
        }
    }

    /// The shortest text that is read as the same number again.
    fn real(&mut self, name: &'static str, number: Option<f64>) -> Result<(), IngestError> {
        match number {
            Some(number) if !number.is_finite() => {
                Err(IngestError::Unwritable { column: name, value: number.to_string() })
            }
            Some(number) => self.cell(name, &number.to_string()),
            None => self.cell(name, ""),
        }
    }

    fn keys(&mut self, name: &'static str, keys: &[EstimateKey]) -> Result<(), IngestError> {
        let pair = |EstimateKey { dimension, code }: &EstimateKey| {
            let whole = |text: &str| !text.is_empty() && text.trim() == text && !text.contains(';');
            let pair = format!("{dimension}={code}");
            match whole(dimension) && whole(code) && !dimension.contains('=') {
                true => Ok(pair),
                false => Err(IngestError::Unwritable { column: name, value: shortened(&pair) }),
            }
        };
        let pairs: Vec<String> = keys.iter().map(pair).collect::<Result<_, _>>()?;
        self.cell(name, &pairs.join(";"))
    }

    fn number(&mut self, name: &'static str, number: Option<i64>) -> Result<(), IngestError> {
        match number {
            Some(number) => self.cell(name, &number.to_string()),
            None => self.cell(name, ""),
        }
    }

    fn cell(&mut self, name: &'static str, cell: &str) -> Result<(), IngestError> {
        if cell.trim() != cell {
            return Err(IngestError::Unwritable { column: name, value: shortened(cell) });
        }
        self.out.write_field(cell).map_err(IngestError::from_csv_written)
    }
}
