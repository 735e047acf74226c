//! Reads the service's CSV.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeSet;

use prost::Message;

use super::super::cells;
use super::super::defaults::Defaults;
use super::super::grouping::{FileFormat, OrganisationMonth};
use super::super::month::of_record;
use super::super::open::line_of;
use super::super::problems::Problems;
use super::super::{IngestError, Records, SubmissionFile};
use super::columns::{CellKind, Column, Columns, DATE, MONTH, ORGANISATION};
use super::dataset::{dataset_of, known, named};
use super::fields::{delimited, encode};
use super::submission_columns::{Stated, SubmissionColumn, submission_columns};
use crate::domain::codes::{expected_of, says_nothing};
use crate::domain::collection::Dataset;
use crate::domain::field::Field;
use crate::domain::period::Month;
use crate::domain::record::SUPPRESSED;

/// The service's CSV, with the places of the columns that a header has.
pub(in crate::ingest) struct EquityCsv {
    defaults: Defaults,
    dataset: Dataset,
    /// Coded fields with a column: the source collects them, and what the caller names, unless the file lists others.
    collected: Vec<String>,
    organisation: Option<usize>,
    month: Option<usize>,
    date: Option<usize>,
    own: Vec<(usize, Column)>,
    person: Vec<(usize, Column)>,
    person_number: u8,
    suppressed_number: u8,
    submission: Vec<(usize, (&'static str, SubmissionColumn))>,
    stated: Stated,
    /// What was read in another form: names of columns, months of rows.
    notes: Vec<String>,
    months: Cell<u64>,
    /// Room for the bytes of a record and of its person.
    record_bytes: Vec<u8>,
    person_bytes: Vec<u8>,
}

impl EquityCsv {
    /// Whether at least half of the columns are those of the service's CSV; if not, those that are. A file of another publisher may
    /// have a column that happens to have the same name.
    pub(in crate::ingest) fn recognises(
        header: &csv::StringRecord,
    ) -> Result<(), Vec<&'static str>> {
        let known: Vec<_> = header.iter().filter_map(known).collect();
        if 2 * known.len() >= header.len() { Ok(()) } else { Err(known) }
    }

    pub(in crate::ingest) fn new(
        header: &csv::StringRecord,
        defaults: &Defaults,
    ) -> Result<Self, IngestError> {
        let (header, notes) = &named(header);
        let place = |name: &str| header.iter().position(|column| column == name);
        let present = |columns: Vec<Column>| -> Vec<(usize, Column)> {
            columns.into_iter().filter_map(|column| Some((place(column.name)?, column))).collect()
        };
        let dataset = dataset_of(header)?;
        let notes = notes.clone();
        let columns = Columns::of(dataset);
        let coded = header.iter().filter_map(|column| Field::of_record(dataset, column));
        let collected: BTreeSet<&str> = coded.map(Field::name).collect();
        let submission = submission_columns(dataset).iter();
        Ok(EquityCsv {
            defaults: defaults.clone(),
            dataset,
            collected: collected.into_iter().map(str::to_owned).collect(),
            organisation: place(ORGANISATION),
            month: place(MONTH),
            date: place(DATE),
            own: present(columns.own),
            person: present(columns.person),
            person_number: columns.person_number,
            suppressed_number: columns.suppressed_number,
            submission: submission.filter_map(|column| Some((place(column.0)?, *column))).collect(),
            stated: Stated::default(),
            notes,
            months: Cell::new(0),
            record_bytes: Vec::new(),
            person_bytes: Vec::new(),
        })
    }

    /// The places of the columns of these kinds.
    fn of_kinds(&self, kinds: &[CellKind]) -> Vec<usize> {
        let columns = self.own.iter().chain(&self.person);
        let found = columns.filter(|(_, column)| kinds.contains(&column.kind));
        found.map(|(place, _)| *place).collect()
    }

    fn organisation<'a>(&'a self, row: &'a csv::StringRecord) -> Result<&'a str, IngestError> {
        let given = self.organisation.map(|column| &row[column]).filter(|cell| !cell.is_empty());
        let code = given.or(self.defaults.organisation.as_deref()).unwrap_or_default();
        if code.is_empty() || says_nothing(code) {
            let expected = "the code of an organisation in this column, or one for the whole file with --organisation";
            let expected = expected_of(code, expected.to_owned());
            return Err(IngestError::value(line_of(row), ORGANISATION, code, expected));
        }
        Ok(code)
    }

    /// The month of the row, else the default, else the month of the date.
    fn month<'a>(&'a self, row: &'a csv::StringRecord) -> Result<Cow<'a, str>, IngestError> {
        let cell = |place: Option<usize>| place.map(|p| &row[p]).filter(|cell| !cell.is_empty());
        let (column, text) = match (cell(self.month), &self.defaults.month, cell(self.date)) {
            (Some(text), ..) => (MONTH, text),
            (None, Some(text), _) => (MONTH, text.trim()),
            (None, None, date) => (DATE, date.unwrap_or_default()),
        };
        if text.parse::<Month>().is_ok() {
            return Ok(Cow::Borrowed(text));
        }
        let Some(month) = of_record(text) else {
            let (column, expected) = match (column, text) {
                (DATE, "") => (
                    MONTH,
                    "a month in the form 2020-04, in this column, in `date`, or for the whole file with --month",
                ),
                (DATE, _) => {
                    (DATE, "a day such as 2020-04-15, or the month for the whole file with --month")
                }
                _ => (MONTH, "a month in the form 2020-04"),
            };
            let expected = expected_of(text, expected.to_owned());
            return Err(IngestError::value(line_of(row), column, text, expected));
        };
        if column == MONTH {
            self.months.set(self.months.get() + 1);
        }
        Ok(Cow::Owned(month.to_string()))
    }

    /// The record of a row. A row without characteristics has no person.
    fn record<M: Message + Default>(&mut self, row: &csv::StringRecord) -> Result<M, IngestError> {
        let (record, person) = (&mut self.record_bytes, &mut self.person_bytes);
        record.clear();
        person.clear();
        let (mut wrong, suppressed) = (Problems::default(), self.suppressed_number);
        let has_person = fill(person, (&self.person, suppressed), row, &mut wrong);
        fill(record, (&self.own, suppressed), row, &mut wrong);
        wrong.verdict()?;
        if has_person {
            delimited(self.person_number.into(), person, record);
        }
        M::decode(record.as_slice()).map_err(|error| IngestError::Read {
            line: line_of(row),
            source: std::io::Error::other(error),
        })
    }
}

impl FileFormat for EquityCsv {
    fn group<'a>(
        &'a self,
        row: &'a csv::StringRecord,
    ) -> Result<OrganisationMonth<'a>, IngestError> {
        Ok((self.organisation(row)?, self.month(row)?))
    }

    fn start(&self, submission: &mut SubmissionFile) {
        let Defaults { collection, code_systems, collected, person_key_scheme, .. } =
            &self.defaults;
        submission.collection = collection.clone().unwrap_or_default();
        submission.code_systems = code_systems.clone();
        // What the caller names comes to what has a column.
        let all = self.collected.iter().chain(collected.iter().flatten());
        submission.collected = all.cloned().collect::<BTreeSet<_>>().into_iter().collect();
        submission.person_key_scheme = person_key_scheme.clone().unwrap_or_default();
        submission.rows = Records::none(self.dataset);
    }

    fn whole_numbers(&self) -> Vec<usize> {
        self.of_kinds(&[CellKind::Int32, CellKind::Int64, CellKind::RecordCount, CellKind::Count])
    }

    fn figures(&self) -> Vec<usize> {
        self.of_kinds(&[CellKind::RecordCount, CellKind::Count, CellKind::Figure])
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = self.notes.clone();
        if self.months.get() > 0 {
            let rows = self.months.get();
            notes.push(format!(
                "months in another form than 2020-04, which were read as that: {rows}"
            ));
        }
        notes
    }

    fn add(
        &mut self,
        submission: &mut SubmissionFile,
        row: &csv::StringRecord,
    ) -> Result<(), IngestError> {
        for (place, (name, column)) in &self.submission {
            let cell = cells::Cell::new(row, name, *place);
            if !cell.text.is_empty() {
                self.stated.take(name, *column, &cell, submission)?;
            }
        }
        match &mut submission.rows {
            Records::Consultations(rows) => rows.push(self.record(row)?),
            Records::Populations(rows) => rows.push(self.record(row)?),
            Records::Access(rows) => rows.push(self.record(row)?),
            Records::Estimates(_, rows) => rows.push(self.record(row)?),
            Records::IndicatorCounts(rows) => rows.push(self.record(row)?),
        }
        Ok(())
    }
}

/// Appends the fields of a row to a message. Returns whether any cell was filled.
fn fill(
    message: &mut Vec<u8>,
    (columns, suppressed): (&[(usize, Column)], u8),
    row: &csv::StringRecord,
    wrong: &mut Problems,
) -> bool {
    let mut filled = false;
    for (place, column) in columns {
        let cell = cells::Cell::new(row, column.name, *place);
        // A row has a number of people, unless it says that the number is suppressed.
        let is_flag = |(place, of): &(usize, Column)| of.name == SUPPRESSED && &row[*place] == "Y";
        let needed = || column.kind == CellKind::Count && !columns.iter().any(is_flag);
        if !cell.text.is_empty() || needed() {
            wrong.take(encode(column, suppressed, &cell, message));
            filled = true;
        }
    }
    filled
}
