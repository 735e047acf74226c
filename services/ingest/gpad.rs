//! Appointments in General Practice (NHS England): counts by location, month or day, status, staff, mode and wait. The editions
//! Regional CSV (by month), Daily CSV (by day; the days are added up to months) and Practice Level Crosstab (by practice and month, with
//! national categories; a collection of its own).
//!
//! Labels stay as published, with double spaces (`15  to 21 Days`): the code system `gpad` of each code list has them in this
//! form. `Unknown` is a published category. Months are text (`MAR2019`). When CCGs became sub-ICB locations, the column got
//! another name and the codes stayed: both names are read. A column that no edition has is refused: a finer edition, by category or
//! by network, repeats the key of a location in many rows.

use std::borrow::Cow;
use std::collections::HashMap;

use super::cells::UniqueRows;
use super::defaults::Defaults;
use super::grouping::{FileFormat, OrganisationMonth};
use super::header::{columns, find, is_one_of};
use super::published::{OGL, Published, Source};
use super::{IngestError, Records, SubmissionFile, month};
use crate::proto::v1::ConsultationRecord;

/// Collection, unless the caller names another.
pub const COLLECTION: &str = "gpad-regional";
/// Collection of the edition by practice, unless the caller names another.
pub const PRACTICE_COLLECTION: &str = "gpad-practice";
/// Code system of the published labels.
pub const CODE_SYSTEM: &str = "gpad";
/// Care setting of every row.
pub const CARE_SETTING: &str = "PRIMARY_CARE";

pub(super) const LOCATION: &[&str] =
    &["SUB_ICB_LOCATION_CODE", "CCG_CODE", "COMMISSIONER_ORGANISATION_CODE"];
/// The practice, in the edition by practice.
const PRACTICE: &[&str] = &["GP_CODE"];
pub(super) const MONTH: &[&str] = &["Appointment_Month", "APPOINTMENT_MONTH_START_DATE"];
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
const CATEGORY: &[&str] = &["NATIONAL_CATEGORY"];
/// Other columns of the edition by practice.
const OF_PRACTICES: &[&str] = &["GP_NAME", "PCN_CODE", "PCN_NAME", "SUPPLIER"];
const WAIT: &[&str] = &["TIME_BETWEEN_BOOK_AND_APPT"];
const COUNT: &[&str] = &["COUNT_OF_APPOINTMENTS"];
/// Fields with published labels: the publication collects these, and the last one only by practice.
const LABELLED: [&str; 5] =
    ["attendance", "channel", "lead_time_band", "staff_type", "national_category"];

/// The format of all editions.
pub(super) struct Gpad {
    file: Published,
    /// The column of the location or practice.
    location: usize,
    by_practice: bool,
    time: usize,
    /// Whether the rows are of days.
    daily: bool,
    status: usize,
    staff: usize,
    mode: usize,
    wait: usize,
    category: Option<usize>,
    count: usize,
    /// Rows by their key columns.
    unique: UniqueRows,
    /// Of days: the place of the record of a month that a row is added to, by all but the day.
    months: HashMap<String, usize>,
}

impl Gpad {
    /// Four of its columns are no accident: what is missing of the others is said.
    pub(super) fn recognises(header: &csv::StringRecord) -> bool {
        let known = [LOCATION, STATUS, STAFF, MODE, WAIT, COUNT];
        known.iter().filter(|of| find(header, of).is_some()).count() >= 4
            || (find(header, MODE).is_some() && find(header, COUNT).is_some())
    }

    /// Whether it is the edition by practice.
    pub(super) fn is_by_practice(header: &csv::StringRecord) -> bool {
        find(header, PRACTICE).is_some() && find(header, COUNT).is_some()
    }

    pub(super) fn new(
        header: &csv::StringRecord,
        defaults: &Defaults,
    ) -> Result<Self, IngestError> {
        let (daily, by_practice) = (find(header, DAY).is_some(), Self::is_by_practice(header));
        let taken = "taken are the editions by location (Regional CSV, Daily CSV) and by practice (Practice Level Crosstab)";
        let (place, what, collection) = match by_practice {
            true => (PRACTICE, "GP appointments by practice", PRACTICE_COLLECTION),
            false => (LOCATION, "GP appointments by location", COLLECTION),
        };
        let wanted = [place, if daily { DAY } else { MONTH }, STATUS, STAFF, MODE, WAIT, COUNT];
        let passed_over = |name: &str| {
            let of_practices = [OF_PRACTICES, CATEGORY, LOCATION];
            is_one_of(name, AREAS)
                || by_practice && of_practices.iter().any(|names| is_one_of(name, names))
        };
        let [location, time, status, staff, mode, wait, count] =
            columns(header, wanted, passed_over, (what, taken))?;
        let category = find(header, CATEGORY).filter(|_| by_practice);
        let (file, unique) = (Published::new(header, defaults, collection), UniqueRows::default());
        Ok(Gpad {
            file,
            location,
            by_practice,
            time,
            daily,
            status,
            staff,
            mode,
            wait,
            category,
            count,
            unique,
            months: HashMap::new(),
        })
    }

    /// The columns that together differ in every row, but for the time.
    fn key(&self) -> impl Iterator<Item = usize> {
        let of_all = [self.location, self.status, self.staff, self.mode, self.wait];
        of_all.into_iter().chain(self.category)
    }

    /// The record of a month that a row of a day is added to.
    fn month_of<'a>(
        &mut self,
        submission: &'a mut SubmissionFile,
        row: &csv::StringRecord,
    ) -> Option<&'a mut ConsultationRecord> {
        let Records::Consultations(rows) = &mut submission.rows else { return None };
        let labels = self.key().map(|column| &row[column]).collect::<Vec<_>>();
        let key = format!("{}\u{1f}{}", submission.month, labels.join("\u{1f}"));
        let place = *self.months.entry(key).or_insert(rows.len());
        rows.get_mut(place)
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

    fn is_of_many(&self) -> bool {
        true
    }

    fn start(&self, submission: &mut SubmissionFile) {
        let labelled = &LABELLED[..LABELLED.len() - usize::from(self.category.is_none())];
        let systems: Vec<_> = labelled.iter().map(|field| (*field, CODE_SYSTEM)).collect();
        let rows = Records::Consultations(Vec::new());
        let edition = match (self.by_practice, self.daily) {
            (true, _) => "Practice Level Crosstab",
            (false, true) => "Daily CSV",
            (false, false) => "Regional CSV",
        };
        self.file.start_records(submission, (rows, source(edition)), &systems, labelled);
    }

    fn add(
        &mut self,
        submission: &mut SubmissionFile,
        row: &csv::StringRecord,
    ) -> Result<(), IngestError> {
        let key: Vec<_> = self.key().chain([self.time]).map(|column| &row[column]).collect();
        self.unique.take(
            row,
            &key,
            match self.by_practice {
                true => "practice, time, status, staff type, mode, category and wait",
                false => "location, time, status, staff type, mode and wait",
            },
        )?;
        let (count, suppressed) = self.file.cell(row, self.count).counted_from(1)?;
        // A suppressed count of a day stays one: the sum of the other days is not that of the month.
        if self.daily
            && !suppressed
            && let Some(ConsultationRecord { record_count: Some(sum), .. }) =
                self.month_of(submission, row)
        {
            *sum = sum.saturating_add(count);
            return Ok(());
        }
        let category = self.category.map(|column| self.label(row, column)).transpose()?;
        let record = ConsultationRecord {
            care_setting: CARE_SETTING.to_owned(),
            attendance: self.label(row, self.status)?,
            staff_type: self.label(row, self.staff)?,
            channel: self.label(row, self.mode)?,
            lead_time_band: self.label(row, self.wait)?,
            record_count: (!suppressed).then_some(count),
            suppressed,
            national_category: category.unwrap_or_default(),
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
