//! Writes our own CSV.

use std::io::Write;

use super::super::error::shortened;
use super::super::{IngestError, Parcel, Rows};
use super::columns::{
    Access, CONSULTATION, Field, MONTH, ORGANISATION, PERSON, PERSON_COUNT, POPULATION,
};
use super::remarks::{REMARKS, remark_of};
use crate::proto::v1::PersonCharacteristics;

/// Writes parcels of one dataset, one after the other; reading the file gives the same parcels again. Three things are lost:
/// a parcel without rows, the difference between a person of whom nothing is said and no person, and that two parcels were
/// two if they have the same organisation and month.
#[derive(Debug)]
pub struct Writer<W: Write> {
    out: csv::Writer<W>,
    /// Whether the file holds populations; nothing before the first parcel.
    populations: Option<bool>,
}

/// Writes all parcels to `out`: see [`Writer`].
///
/// # Errors
/// As [`Writer::write`] and [`Writer::finish`].
pub fn write<W: Write>(out: W, parcels: &[Parcel]) -> Result<(), IngestError> {
    let mut writer = Writer::new(out);
    parcels.iter().try_for_each(|parcel| writer.write(parcel))?;
    writer.finish().map(drop)
}

impl<W: Write> Writer<W> {
    /// A writer to `out`, which need not be buffered.
    pub fn new(out: W) -> Self {
        Writer { out: csv::Writer::from_writer(out), populations: None }
    }

    /// Writes the rows of a parcel. The first parcel decides whether the file holds consultations or populations.
    ///
    /// # Errors
    /// Consultations and populations in one file; a value that would be read back as another (a `;` within a code, blanks
    /// around it); the output cannot be written.
    pub fn write(&mut self, parcel: &Parcel) -> Result<(), IngestError> {
        let populations = matches!(parcel.rows, Rows::Populations(_));
        match self.populations {
            None => self.header(populations)?,
            Some(first) if first != populations => {
                let column = PERSON_COUNT.to_owned();
                return Err(IngestError::MixedDatasets { column });
            }
            Some(_) => {}
        }
        match &parcel.rows {
            Rows::Consultations(rows) => {
                for (index, row) in rows.iter().enumerate() {
                    self.about(parcel, index)?;
                    self.fields(CONSULTATION, row)?;
                    self.person(row.person.as_ref())?;
                }
            }
            Rows::Populations(rows) => {
                for (index, row) in rows.iter().enumerate() {
                    self.about(parcel, index)?;
                    self.cell(PERSON_COUNT, &row.person_count.to_string())?;
                    self.fields(POPULATION, row)?;
                    self.person(row.person.as_ref())?;
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

    fn header(&mut self, populations: bool) -> Result<(), IngestError> {
        self.populations = Some(populations);
        let mut names = vec![ORGANISATION, MONTH];
        names.extend(REMARKS.iter().map(|remark| remark.0));
        match populations {
            true => {
                names.push(PERSON_COUNT);
                names.extend(POPULATION.iter().map(|field| field.name));
            }
            false => names.extend(CONSULTATION.iter().map(|field| field.name)),
        }
        names.extend(PERSON.iter().map(|field| field.name));
        self.out.write_record(names).map_err(IngestError::from_csv_written)
    }

    /// Organisation, month, and with the first row what concerns the whole parcel.
    fn about(&mut self, parcel: &Parcel, index: usize) -> Result<(), IngestError> {
        self.cell(ORGANISATION, &parcel.organisation)?;
        self.cell(MONTH, &parcel.month)?;
        for (name, remark) in REMARKS {
            match index {
                0 => self.cell(name, &remark_of(parcel, *remark))?,
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
        self.out.write_record(None::<&[u8]>).map_err(IngestError::from_csv_written)
    }

    fn fields<R>(&mut self, fields: &'static [Field<R>], row: &R) -> Result<(), IngestError> {
        for field in fields {
            match field.access {
                Access::Text(text, _) => self.cell(field.name, text(row))?,
                Access::Set(codes, _) => self.set(field.name, codes(row))?,
                Access::Small(number, _) => self.number(field.name, number(row).map(i64::from))?,
                Access::Large(number, _) => self.number(field.name, number(row))?,
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
