//! Appointments in General Practice (NHS England): counts by location, month or day, status, staff, mode and wait. The editions
//! Regional CSV (by month) and Daily CSV (by day).
//!
//! Labels stay as published, with double spaces (`15  to 21 Days`): the code system `gpad` of each code list has them in this
//! form. `Unknown` is a published category. Months are text (`MAR2019`). When CCGs became sub-ICB locations, the column got
//! another name and the codes stayed: both names are read. A column that no edition has is refused: a finer edition, by practice
//! or by category, repeats the key of a location in many rows.

use std::borrow::Cow;

use super::cells::UniqueRows;
use super::defaults::Defaults;
use super::grouping::{FileFormat, OrganisationMonth};
use super::header::{columns, find, is_one_of};
use super::published::{OGL, Published, Source};
use super::{IngestError, Records, SubmissionFile, month};
use crate::proto::v1::ConsultationRecord;

/// Collection, unless the caller names another.
pub const COLLECTION: &str = "gpad-regional";
/// Code system of the published labels.
pub const CODE_SYSTEM: &str = "gpad";
/// Care setting of every row.
pub const CARE_SETTING: &str = "PRIMARY_CARE";

pub(super) const LOCATION: &[&str] =
    &["SUB_ICB_LOCATION_CODE", "CCG_CODE", "COMMISSIONER_ORGANISATION_CODE"];
pub(super) const MONTH: &[&str] = &["Appointment_Month"];
const DAY: &[&str] = &["Appointment_Date"];
/// Other columns of the editions of all years: names and codes of the location and of the areas around it.
pub(super) const AREAS: &[&str] = &[
    "CCG_NAME",
    "CCG_ONS_CODE",
    "COMMISSIONER_ORGANISATION_NAME",
    "ICB_CODE",
    "ICB_NAME",
    "ICB_ONS_CODE",
    "REGIONAL_LOCAL_OFFICE_NAME",
    "REGIONAL_LOCAL_OFFICE_ONS_CODE",
    "REGION_CODE",
    "REGION_NAME",
    "REGION_ONS_CODE",
    "STPNM",
    "STP_CODE",
    "STP_NAME",
    "STP_ONS",
    "STP_ONS_CODE",
    "SUBREGION_ONS_CODE",
    "SUB_ICB_LOCATION",
    "SUB_ICB_LOCATION_NAME",
    "SUB_ICB_LOCATION_ONS_CODE",
];
const STATUS: &[&str] = &["APPT_STATUS"];
const STAFF: &[&str] = &["HCP_TYPE"];
const MODE: &[&str] = &["APPT_MODE"];
const WAIT: &[&str] = &["TIME_BETWEEN_BOOK_AND_APPT"];
const COUNT: &[&str] = &["COUNT_OF_APPOINTMENTS"];
/// Fields with published labels: the publication collects these.
const LABELLED: [&str; 4] = ["attendance", "channel", "lead_time_band", "staff_type"];

/// The format of the regional CSV.
pub(super) struct Gpad {
    file: Published,
    location: usize,
    time: usize,
    /// Whether the rows are of days.
    daily: bool,
    status: usize,
    staff: usize,
    mode: usize,
    wait: usize,
    count: usize,
    /// Rows by their six key columns.
    unique: UniqueRows,
}

impl Gpad {
    /// Four of its columns are no accident: what is missing of the others is said.
    pub(super) fn recognises(header: &csv::StringRecord) -> bool {
        let known = [LOCATION, STATUS, STAFF, MODE, WAIT, COUNT];
        known.iter().filter(|of| find(header, of).is_some()).count() >= 4
            || (find(header, MODE).is_some() && find(header, COUNT).is_some())
    }

    pub(super) fn new(
        header: &csv::StringRecord,
        defaults: &Defaults,
    ) -> Result<Self, IngestError> {
        let daily = find(header, DAY).is_some();
        let taken = "taken are the editions by location (Regional CSV, Daily CSV)";
        let wanted = [LOCATION, if daily { DAY } else { MONTH }, STATUS, STAFF, MODE, WAIT, COUNT];
        let is_area = |name: &str| is_one_of(name, AREAS);
        let what = "GP appointments by location";
        let [location, time, status, staff, mode, wait, count] =
            columns(header, wanted, is_area, (what, taken))?;
        let (file, unique) = (Published::new(header, defaults, COLLECTION), UniqueRows::default());
        Ok(Gpad { file, location, time, daily, status, staff, mode, wait, count, unique })
    }

    /// The columns that together differ in every row.
    fn key(&self) -> [usize; 6] {
        [self.location, self.time, self.status, self.staff, self.mode, self.wait]
    }

    /// A label exactly as published. No published label is empty.
    fn label(&self, row: &csv::StringRecord, column: usize) -> Result<String, IngestError> {
        self.file.cell(row, column).filled("a published label").map(str::to_owned)
    }
}

impl FileFormat for Gpad {
    fn group<'a>(
        &'a self,
        row: &'a csv::StringRecord,
    ) -> Result<OrganisationMonth<'a>, IngestError> {
        published_group(row, &self.file, self.location, (self.time, self.daily))
    }

    fn whole_numbers(&self) -> Vec<usize> {
        vec![self.count]
    }

    fn start(&self, submission: &mut SubmissionFile) {
        let systems = LABELLED.map(|field| (field, CODE_SYSTEM));
        let rows = Records::Consultations(Vec::new());
        let edition = if self.daily { "Daily CSV" } else { "Regional CSV" };
        self.file.start_records(submission, (rows, source(edition)), &systems, &LABELLED);
    }

    fn add(
        &mut self,
        submission: &mut SubmissionFile,
        row: &csv::StringRecord,
    ) -> Result<(), IngestError> {
        let key = self.key().map(|column| &row[column]);
        self.unique.take(row, &key, "location, time, status, staff type, mode and wait")?;
        let (count, suppressed) = self.file.cell(row, self.count).counted_from(1)?;
        let day = if self.daily { month::day(&row[self.time]) } else { None };
        let record = ConsultationRecord {
            date: day.map(|(month, day)| format!("{month}-{day:02}")).unwrap_or_default(),
            care_setting: CARE_SETTING.to_owned(),
            attendance: self.label(row, self.status)?,
            staff_type: self.label(row, self.staff)?,
            channel: self.label(row, self.mode)?,
            lead_time_band: self.label(row, self.wait)?,
            record_count: (!suppressed).then_some(count),
            suppressed,
            ..ConsultationRecord::default()
        };
        if let Records::Consultations(rows) = &mut submission.rows {
            rows.push(record);
        }
        Ok(())
    }
}

/// The publication, in one of its editions.
pub(super) fn source(edition: &str) -> Source<'_> {
    Source {
        publisher: "NHS England (formerly NHS Digital)",
        title: "Appointments in General Practice",
        edition,
        licence: OGL,
        uri: "https://digital.nhs.uk/data-and-information/publications/statistical/appointments-in-general-practice",
        series: "",
    }
}

/// Location and month of a row of an NHS publication, whose time is the column of a month or of a day.
pub(super) fn published_group<'a>(
    row: &'a csv::StringRecord,
    file: &'a Published,
    location: usize,
    (column, daily): (usize, bool),
) -> Result<OrganisationMonth<'a>, IngestError> {
    let organisation =
        file.cell(row, location).filled("the code of a location, for example 04C")?;
    let time = file.cell(row, column);
    let month = match daily {
        true => month::day(time.text).map(|(month, _)| month),
        false => month::published(time.text),
    };
    let expected = match daily {
        true => "a day in the form 01APR2020 or 2020-04-01",
        false => "a month in the form APR2020, 01APR2020 or 2020-04",
    };
    let month = month.ok_or_else(|| time.wrong(expected))?;
    Ok((organisation, Cow::Owned(month.to_string())))
}
