//! `APPOINTMENTS_GP_COVERAGE.csv` (NHS England): the patients registered at the practices whose appointments are counted.
//!
//! Of the two figures of each location and month, *patients registered at included practices* is taken: it is the denominator
//! of the published appointments. The patients of open practices that sent nothing are in neither.

use std::collections::{BTreeMap, HashMap};

use super::gpad::{LOCATION, MONTH, count, published_group};
use super::grouping::{Group, Layout};
use super::open::line_of;
use super::read::{Defaults, find, require};
use super::{IngestError, Parcel, Rows};
use crate::proto::v1::PopulationRecord;

/// Collection where none is given.
pub const COLLECTION: &str = "gpad-coverage";

const INCLUDED: &[&str] = &["Patients registered at included practices"];
const OPEN: &[&str] = &["Patients registered at open practices"];

/// The layout of the coverage file.
pub(super) struct Coverage {
    collection: String,
    location: usize,
    month: usize,
    included: usize,
    open: usize,
    header: csv::StringRecord,
    /// Location and month of each row, and its line.
    seen: HashMap<(String, String), u64>,
}

impl Coverage {
    pub(super) fn recognises(header: &csv::StringRecord) -> bool {
        find(header, INCLUDED).is_some()
    }

    pub(super) fn new(
        header: &csv::StringRecord,
        defaults: &Defaults,
    ) -> Result<Self, IngestError> {
        Ok(Coverage {
            collection: defaults.collection.clone().unwrap_or_else(|| COLLECTION.to_owned()),
            location: require(header, LOCATION)?,
            month: require(header, MONTH)?,
            included: require(header, INCLUDED)?,
            open: require(header, OPEN)?,
            header: header.clone(),
            seen: HashMap::new(),
        })
    }
}

impl Layout for Coverage {
    fn trim(&self) -> csv::Trim {
        csv::Trim::None
    }

    fn group<'a>(&'a self, row: &'a csv::StringRecord) -> Result<Group<'a>, IngestError> {
        published_group(row, &self.header, self.location, self.month)
    }

    fn start(&self, organisation: &str, month: &str) -> Parcel {
        Parcel {
            organisation: organisation.to_owned(),
            collection: self.collection.clone(),
            month: month.to_owned(),
            code_systems: BTreeMap::new(),
            collected: Vec::new(),
            person_key_scheme: String::new(),
            rows: Rows::Populations(Vec::new()),
        }
    }

    fn add(&mut self, parcel: &mut Parcel, row: &csv::StringRecord) -> Result<(), IngestError> {
        let line = line_of(row);
        let key = (parcel.organisation.clone(), parcel.month.clone());
        if let Some(first_line) = self.seen.insert(key, line) {
            return Err(IngestError::DuplicateRow { line, first_line, key: "location and month" });
        }
        let person_count = count(row, self.included, &self.header[self.included], 0)?;
        let open = count(row, self.open, &self.header[self.open], 0)?;
        if person_count > open {
            let expected = format!("at most the {open} patients of the open practices");
            let (name, cell) = (&self.header[self.included], &row[self.included]);
            return Err(IngestError::value(line, name, cell, expected));
        }
        let record = PopulationRecord { person_count, ..PopulationRecord::default() };
        if let Rows::Populations(rows) = &mut parcel.rows {
            rows.push(record);
        }
        Ok(())
    }
}
