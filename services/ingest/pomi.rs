//! Patient Online Management Information, POMI (NHS England): people enabled for online services, by practice and month.
//!
//! A row for each practice, month and field. A count of people enabled becomes the share of the practice's patients: DX-01 to DX-04.
//! The publisher counts more people enabled than registered at some practices: their share is 1, and `base` says both counts. Rows
//! of other fields (transactions, what the practice's system can do) are left out, because no indicator is about them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::cells::{Cell, UniqueRows};
use super::defaults::Defaults;
use super::gpad::AREAS;
use super::grouping::{FileFormat, OrganisationMonth};
use super::header::{columns, has_all, is_one_of};
use super::published::{OGL, Published, Source};
use super::{IngestError, Records, SubmissionFile, month};
use crate::proto::v1::EstimateRecord;

/// Collection, unless the caller names another.
pub const COLLECTION: &str = "pomi";
/// The publisher.
pub const ORGANISATION: &str = "NHSE";

const PERIOD: &str = "report_period_end";
const PRACTICE: &str = "practice_code";
const FIELD: &str = "field";
const VALUE: &str = "value";
/// Other columns: the practice, its system and the areas around it.
const NAMES: [&str; 2] = ["practice_name", "supplier"];
const LIST_SIZE: &str = "patient_list_size";
/// Fields and their indicators.
const ENABLED: [(&str, &str); 4] = [
    ("Total_Pat_Enbld", "DX-01"),
    ("Pat_Appts_Enbld", "DX-02"),
    ("Pat_Presc_Enbld", "DX-03"),
    ("Pat_DetCodeRec_Enbld", "DX-04"),
];

/// The format of the file.
pub(super) struct Pomi {
    file: Published,
    /// Columns of period, practice, field and value.
    places: [usize; 4],
    unique: UniqueRows,
    /// By month and practice: list size, and people enabled by indicator.
    practices: BTreeMap<(String, String), Practice>,
}

#[derive(Default)]
struct Practice {
    line: u64,
    /// Patients of the practice; none if the publisher suppressed the number.
    registered: Option<Option<i64>>,
    enabled: BTreeMap<&'static str, Option<i64>>,
}

impl Pomi {
    pub(super) fn recognises(header: &csv::StringRecord) -> bool {
        has_all(header, &[PERIOD, FIELD, VALUE])
    }

    pub(super) fn new(
        header: &csv::StringRecord,
        defaults: &Defaults,
    ) -> Result<Self, IngestError> {
        let passed_over = |name: &str| {
            [AREAS, super::gpad::LOCATION, &NAMES].iter().any(|names| is_one_of(name, names))
        };
        let taken = "taken is the file by practice, month and field";
        let publication = ("Patient Online Management Information", taken);
        Ok(Pomi {
            places: columns(
                header,
                [&[PERIOD], &[PRACTICE], &[FIELD], &[VALUE]],
                passed_over,
                publication,
            )?,
            file: Published::new(header, defaults, COLLECTION),
            unique: UniqueRows::default(),
            practices: BTreeMap::new(),
        })
    }

    fn month(&self, row: &csv::StringRecord) -> Result<String, IngestError> {
        let period = self.file.cell(row, self.places[0]);
        let month = month::day(period.text).map(|(month, _)| month.to_string());
        month.ok_or_else(|| period.wrong("the last day of a month in the form 30APR2021"))
    }
}

/// What a field counts.
enum Counts {
    Registered,
    Enabled(&'static str),
}

fn counts(field: &str) -> Option<Counts> {
    if field.eq_ignore_ascii_case(LIST_SIZE) {
        return Some(Counts::Registered);
    }
    let found = ENABLED.iter().find(|(known, _)| known.eq_ignore_ascii_case(field));
    found.map(|(_, indicator)| Counts::Enabled(indicator))
}

impl FileFormat for Pomi {
    fn leaves_out(&self, row: &csv::StringRecord) -> Option<&'static str> {
        match counts(&row[self.places[2]]) {
            Some(_) => None,
            None => Some("rows of fields that no indicator is about"),
        }
    }

    fn group<'a>(
        &'a self,
        row: &'a csv::StringRecord,
    ) -> Result<OrganisationMonth<'a>, IngestError> {
        Ok((ORGANISATION, Cow::Owned(self.month(row)?)))
    }

    fn start(&self, submission: &mut SubmissionFile) {
        let source = Source {
            publisher: "NHS England (formerly NHS Digital)",
            title: "Patient Online Management Information (POMI), management information from the suppliers of practice systems",
            edition: &submission.month,
            licence: OGL,
            uri: "https://digital.nhs.uk/data-and-information/publications/statistical/mi-patient-online-pomi",
            series: "pomi",
        };
        let source = source.into();
        self.file.start_figures(submission, source);
    }

    fn whole_numbers(&self) -> Vec<usize> {
        vec![self.places[3]]
    }

    fn add(
        &mut self,
        _submission: &mut SubmissionFile,
        row: &csv::StringRecord,
    ) -> Result<(), IngestError> {
        let month = self.month(row)?;
        let practice = self.file.cell(row, self.places[1]);
        let (line, practice) =
            (practice.line, practice.filled("the code of a practice")?.to_owned());
        let (field, value) = (&row[self.places[2]], self.file.cell(row, self.places[3]));
        let people = value.unless_suppressed(Cell::count)?;
        self.unique.take(row, &[&month, &practice, field], "month, practice and field")?;
        let of = self.practices.entry((month, practice)).or_default();
        of.line = line;
        match counts(field) {
            Some(Counts::Registered) => of.registered = Some(people),
            Some(Counts::Enabled(indicator)) => drop(of.enabled.insert(indicator, people)),
            None => {}
        }
        Ok(())
    }

    fn complete(&mut self, submission: &mut SubmissionFile) -> Result<(), IngestError> {
        let Records::Estimates(_, rows) = &mut submission.rows else { return Ok(()) };
        for ((month, practice), of) in &self.practices {
            if *month != submission.month {
                continue;
            }
            let registered =
                of.registered.filter(|registered| *registered != Some(0)).ok_or_else(|| {
                    let expected = format!("a row of {LIST_SIZE} for the same month, above 0");
                    IngestError::value(of.line, PRACTICE, practice, expected)
                })?;
            for (indicator, enabled) in &of.enabled {
                rows.push(estimate(indicator, practice, month, *enabled, registered));
                submission.lines.fill(rows.len(), of.line);
            }
        }
        Ok(())
    }
}

/// The share of a practice's patients who are enabled.
#[allow(clippy::cast_precision_loss, reason = "counts of people")]
fn estimate(
    indicator: &str,
    practice: &str,
    month: &str,
    enabled: Option<i64>,
    registered: Option<i64>,
) -> EstimateRecord {
    let both = enabled.zip(registered);
    let more = match both.filter(|(enabled, registered)| enabled > registered) {
        Some((enabled, registered)) => format!(
            "; the publisher counts more people enabled ({enabled}) than registered ({registered}), so all are taken as enabled"
        ),
        None => String::new(),
    };
    EstimateRecord {
        indicator: indicator.to_owned(),
        area: practice.to_owned(),
        period: month.to_owned(),
        value: both.map(|(enabled, registered)| (enabled as f64 / registered as f64).min(1.0)),
        suppressed: both.is_none(),
        base_count: registered,
        base: format!("patients registered at the practice{more}"),
        ..EstimateRecord::default()
    }
}
