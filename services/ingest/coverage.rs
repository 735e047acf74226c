//! `APPOINTMENTS_GP_COVERAGE.csv` (NHS England): the patients registered at the practices whose appointments are counted.
//!
//! Of the two figures of each location and month, *patients registered at included practices* is taken: it is the denominator
//! of the published appointments. The patients of open practices that sent nothing are in neither.

use super::cells::{Once, cell};
use super::defaults::Defaults;
use super::gpad::{LOCATION, MONTH, published_group};
use super::grouping::{Group, Layout};
use super::header::{find, require};
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
    /// Location and month of each row.
    once: Once,
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
            once: Once::default(),
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
        Parcel::published(organisation, &self.collection, month, Rows::Populations(Vec::new()))
    }

    fn add(&mut self, parcel: &mut Parcel, row: &csv::StringRecord) -> Result<(), IngestError> {
        let key = [parcel.organisation.as_str(), parcel.month.as_str()];
        self.once.take(row, &key, "location and month")?;
        let (included, open) =
            (cell(row, &self.header, self.included), cell(row, &self.header, self.open).count()?);
        let person_count = included.count()?;
        if person_count > open {
            return Err(
                included.wrong(format!("at most the {open} patients of the open practices"))
            );
        }
        let record = PopulationRecord { person_count, ..PopulationRecord::default() };
        if let Rows::Populations(rows) = &mut parcel.rows {
            rows.push(record);
        }
        Ok(())
    }
}
