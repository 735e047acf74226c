//! Reads our own CSV.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::super::cells::Cell;
use super::super::defaults::Defaults;
use super::super::grouping::{FileFormat, OrganisationMonth};
use super::super::open::line_of;
use super::super::{IngestError, Records, SubmissionFile};
use super::columns::{
    ACCESS, Access, CONSULTATION, ESTIMATE, Field, MONTH, ORGANISATION, PERSON, PERSON_COUNT,
    POPULATION, collected,
};
use super::kind::{Kind, names};
use super::submission_columns::{Remark, Remarks, set};
use crate::domain::period::Month;
use crate::proto::v1::{
    AccessRecord, ConsultationRecord, EstimateKey, EstimateRecord, PersonCharacteristics,
    PopulationRecord,
};

/// The layout of our own CSV.
pub(in crate::ingest) struct EquityCsv {
    defaults: Defaults,
    kind: Kind,
    /// Fields with a column, which the source collects.
    collected: Vec<String>,
    organisation: Option<usize>,
    month: Option<usize>,
    date: Option<usize>,
    person_count: Option<usize>,
    consultation: Vec<(usize, &'static Field<ConsultationRecord>)>,
    population: Vec<(usize, &'static Field<PopulationRecord>)>,
    access: Vec<(usize, &'static Field<AccessRecord>)>,
    estimate: Vec<(usize, &'static Field<EstimateRecord>)>,
    person: Vec<(usize, &'static Field<PersonCharacteristics>)>,
    remarks: Vec<(usize, (&'static str, Remark))>,
    remarked: Remarks,
}

impl EquityCsv {
    /// Whether any column is one of ours.
    pub(in crate::ingest) fn recognises(header: &csv::StringRecord) -> bool {
        header.iter().any(|name| names().any(|known| known == name))
    }

    pub(in crate::ingest) fn new(
        header: &csv::StringRecord,
        defaults: &Defaults,
    ) -> Result<Self, IngestError> {
        let place = |name: &str| header.iter().position(|column| column == name);
        let kind = Kind::of(header)?;
        let columns = header.iter().filter_map(|column| collected(kind.dataset(), column));
        let collected: BTreeSet<&str> = columns.collect();
        Ok(EquityCsv {
            defaults: defaults.clone(),
            kind,
            collected: collected.into_iter().map(str::to_owned).collect(),
            organisation: place(ORGANISATION),
            month: place(MONTH),
            date: place("date"),
            person_count: place(PERSON_COUNT),
            consultation: present(header, CONSULTATION),
            population: present(header, POPULATION),
            access: present(header, ACCESS),
            estimate: present(header, ESTIMATE),
            person: present(header, PERSON),
            remarks: kind
                .remarks()
                .iter()
                .filter_map(|remark| Some((place(remark.0)?, *remark)))
                .collect(),
            remarked: Remarks::default(),
        })
    }

    fn organisation<'a>(&'a self, row: &'a csv::StringRecord) -> Result<&'a str, IngestError> {
        let given = self.organisation.map(|column| &row[column]).filter(|cell| !cell.is_empty());
        given.or(self.defaults.organisation.as_deref()).ok_or_else(|| {
            let expected = "the code of an organisation here, or one for the whole file";
            IngestError::value(line_of(row), ORGANISATION, "", expected)
        })
    }

    /// The month as it is given, else the default, else that of the date.
    fn month<'a>(&'a self, row: &'a csv::StringRecord) -> Result<&'a str, IngestError> {
        let given = self.month.map(|column| &row[column]).filter(|cell| !cell.is_empty());
        let dated = || self.date.and_then(|column| row[column].get(..7));
        let text = given.or(self.defaults.month.as_deref()).or_else(dated).unwrap_or_default();
        match text.parse::<Month>() {
            Ok(_) => Ok(text),
            Err(_) => Err(IngestError::value(line_of(row), MONTH, text, "a month: 2020-04")),
        }
    }

    fn person(
        &self,
        row: &csv::StringRecord,
    ) -> Result<Option<PersonCharacteristics>, IngestError> {
        let mut person = PersonCharacteristics::default();
        let filled = fill(&mut person, &self.person, row)?;
        Ok(filled.then_some(person))
    }
}

impl FileFormat for EquityCsv {
    fn trim(&self) -> csv::Trim {
        csv::Trim::All
    }

    fn group<'a>(
        &'a self,
        row: &'a csv::StringRecord,
    ) -> Result<OrganisationMonth<'a>, IngestError> {
        Ok((self.organisation(row)?, Cow::Borrowed(self.month(row)?)))
    }

    fn start(&self, organisation: &str, month: &str) -> SubmissionFile {
        let Defaults { collection, code_systems, collected, person_key_scheme, .. } =
            &self.defaults;
        SubmissionFile {
            organisation: organisation.to_owned(),
            collection: collection.clone().unwrap_or_default(),
            month: month.to_owned(),
            code_systems: code_systems.clone(),
            collected: collected.clone().unwrap_or_else(|| self.collected.clone()),
            person_key_scheme: person_key_scheme.clone().unwrap_or_default(),
            rows: self.kind.rows(),
        }
    }

    fn add(
        &mut self,
        submission: &mut SubmissionFile,
        row: &csv::StringRecord,
    ) -> Result<(), IngestError> {
        for (column, remark) in &self.remarks {
            if !row[*column].is_empty() {
                self.remarked.settle(*remark, &row[*column], row, submission)?;
            }
        }
        let person = self.person(row)?;
        match &mut submission.rows {
            Records::Consultations(rows) => {
                let mut record = ConsultationRecord { person, ..ConsultationRecord::default() };
                fill(&mut record, &self.consultation, row)?;
                rows.push(record);
            }
            Records::Populations(rows) => {
                let person_count = match self.person_count {
                    Some(column) => Cell::new(row, PERSON_COUNT, column).count()?,
                    None => 0,
                };
                let mut record =
                    PopulationRecord { person_count, person, ..PopulationRecord::default() };
                fill(&mut record, &self.population, row)?;
                rows.push(record);
            }
            Records::Access(rows) => {
                let mut record = AccessRecord { person, ..AccessRecord::default() };
                fill(&mut record, &self.access, row)?;
                rows.push(record);
            }
            Records::Estimates(_, rows) => {
                let mut record = EstimateRecord::default();
                fill(&mut record, &self.estimate, row)?;
                rows.push(record);
            }
        }
        Ok(())
    }
}

/// The fields that have a column, and where it stands.
fn present<R>(
    header: &csv::StringRecord,
    fields: &'static [Field<R>],
) -> Vec<(usize, &'static Field<R>)> {
    let place = |field: &Field<R>| header.iter().position(|name| name == field.name);
    fields.iter().filter_map(|field| Some((place(field)?, field))).collect()
}

/// Reads the cells of a row into a record; whether any was filled.
fn fill<R>(
    record: &mut R,
    fields: &[(usize, &'static Field<R>)],
    row: &csv::StringRecord,
) -> Result<bool, IngestError> {
    let mut filled = false;
    for (column, field) in fields {
        let cell = &row[*column];
        if cell.is_empty() {
            continue;
        }
        filled = true;
        match field.access {
            Access::Text(_, text) => text(record).push_str(cell),
            Access::Set(_, codes) => *codes(record) = set(cell),
            Access::Small(_, number) => *number(record) = Some(whole(cell, field.name, row)?),
            Access::Large(_, number) => *number(record) = Some(whole(cell, field.name, row)?),
            Access::Real(_, number) => *number(record) = Some(real(cell, field.name, row)?),
            Access::Keys(_, pairs) => *pairs(record) = keys(cell, field.name, row)?,
        }
    }
    Ok(filled)
}

/// A finite number with a decimal point.
fn real(cell: &str, name: &str, row: &csv::StringRecord) -> Result<f64, IngestError> {
    let number = cell.parse().ok().filter(|number: &f64| number.is_finite());
    number.ok_or_else(|| IngestError::value(line_of(row), name, cell, "a number: 0.436"))
}

fn keys(cell: &str, name: &str, row: &csv::StringRecord) -> Result<Vec<EstimateKey>, IngestError> {
    let pair = |text: String| {
        let (dimension, code) = text.split_once('=')?;
        let (dimension, code) = (dimension.trim().to_owned(), code.trim().to_owned());
        let good = !dimension.is_empty() && !code.is_empty();
        good.then_some(EstimateKey { dimension, code })
    };
    let pairs = set(cell).into_iter().map(pair).collect::<Option<_>>();
    pairs.ok_or_else(|| {
        let expected = "dimensions and codes: age_band=75+;sex=2";
        IngestError::value(line_of(row), name, cell, expected)
    })
}

/// A whole number that may be negative: that a count must not be is for the service to say, with every other rule of the field.
fn whole<N: std::str::FromStr>(
    cell: &str,
    name: &str,
    row: &csv::StringRecord,
) -> Result<N, IngestError> {
    cell.parse().map_err(|_| {
        let expected = "a whole number, digits alone and not too large";
        IngestError::value(line_of(row), name, cell, expected)
    })
}
