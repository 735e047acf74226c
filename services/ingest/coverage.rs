//! `APPOINTMENTS_GP_COVERAGE.csv` (NHS England): the patients registered at the practices whose appointments are counted.
//!
//! Each location and month has two figures. The service takes *patients registered at included practices*: the denominator of
//! the published appointments. *Patients registered at open practices* must not be smaller.

use super::cells::UniqueRows;
use super::defaults::Defaults;
use super::gpad::{AREAS, LOCATION, MONTH, published_group, source};
use super::grouping::{FileFormat, OrganisationMonth};
use super::header::{columns, find, is_one_of};
use super::published::Published;
use super::{IngestError, Records, SubmissionFile};
use crate::proto::v1::PopulationRecord;

/// Collection, unless the caller names another.
pub const COLLECTION: &str = "gpad-coverage";

const INCLUDED: &[&str] = &["Patients registered at included practices"];
const OPEN: &[&str] = &["Patients registered at open practices"];
/// Numbers of practices, which no record has.
const PRACTICES: &[&str] = &["Included Practices", "Open Practices"];

/// The format of the coverage file.
pub(super) struct Coverage {
    file: Published,
    location: usize,
    month: usize,
    included: usize,
    open: usize,
    /// Rows by location and month.
    unique: UniqueRows,
}

impl Coverage {
    pub(super) fn recognises(header: &csv::StringRecord) -> bool {
        find(header, INCLUDED).is_some()
    }

    pub(super) fn new(
        header: &csv::StringRecord,
        defaults: &Defaults,
    ) -> Result<Self, IngestError> {
        let taken = "taken is the coverage by location and month (APPOINTMENTS_GP_COVERAGE.csv)";
        let passed_over = |name: &str| is_one_of(name, AREAS) || is_one_of(name, PRACTICES);
        let [location, month, included, open] = columns(
            header,
            [LOCATION, MONTH, INCLUDED, OPEN],
            passed_over,
            ("the coverage of GP appointments", taken),
        )?;
        let (file, unique) = (Published::new(header, defaults, COLLECTION), UniqueRows::default());
        Ok(Coverage { file, location, month, included, open, unique })
    }
}

impl FileFormat for Coverage {
    fn group<'a>(
        &'a self,
        row: &'a csv::StringRecord,
    ) -> Result<OrganisationMonth<'a>, IngestError> {
        published_group(row, &self.file, self.location, (self.month, false))
    }

    fn is_of_many(&self) -> bool {
        true
    }

    fn whole_numbers(&self) -> Vec<usize> {
        vec![self.included, self.open]
    }

    fn start(&self, submission: &mut SubmissionFile) {
        let rows = (Records::Populations(Vec::new()), source("practice coverage"));
        self.file.start_records(submission, rows, &[], &[]);
    }

    fn add(
        &mut self,
        submission: &mut SubmissionFile,
        row: &csv::StringRecord,
    ) -> Result<(), IngestError> {
        let key = [submission.organisation.as_str(), submission.month.as_str()];
        self.unique.take(row, &key, "location and month")?;
        let [included, open] = [self.included, self.open].map(|of| self.file.cell(row, of));
        let ((person_count, suppressed), open) = (included.counted_from(0)?, open.counted_from(0)?);
        if let (open, false) = open
            && person_count > open
        {
            return Err(included
                .wrong(format!("at most {open}, the patients registered at open practices")));
        }
        let record = PopulationRecord { person_count, suppressed, ..PopulationRecord::default() };
        submission.rows.add_people(record);
        Ok(())
    }
}
