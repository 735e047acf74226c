//! NHS App Management Information (NHS England): counts of accounts, for England and by integrated care board and month.
//!
//! A row for each month, organisation and metric. The publisher counts accounts and does not publish beside them of how many people:
//! the figures are counts, never shares. New accounts of each month are added to those so far and none is taken away, so accounts so
//! far are no number of people either. Rows of other metrics (logins, orders, tracked prescriptions) are left out, because no
//! indicator is about them.

use std::borrow::Cow;

use super::cells::{Cell, UniqueRows};
use super::defaults::Defaults;
use super::grouping::{FileFormat, OrganisationMonth};
use super::header::{columns, each, has_all};
use super::published::{OGL, Published, Source, figure};
use super::{IngestError, SubmissionFile, month};
use crate::proto::v1::EstimateRecord;

/// Collection, unless the caller names another.
pub const COLLECTION: &str = "nhs-app";
/// The publisher.
pub const ORGANISATION: &str = "NHSE";

const COLUMNS: [&str; 8] =
    ["month", "level", "org_code", "org_name", "region_code", "region_name", "metric", "value"];
const TAKEN: &str = "taken is the form with a row for each month, organisation and metric";
const ENGLAND: &str = "E92000001";

/// Metrics, their indicators, and which accounts are counted.
const METRICS: [(&str, &str, &str); 4] = [
    (
        "account_registrations",
        "DX-06-NEW",
        "NHS App accounts that completed registration in the month",
    ),
    (
        "cumulative_registrations",
        "DX-06-ACCOUNTS",
        "NHS App accounts that completed registration up to the end of the month; none is taken away",
    ),
    (
        "unique_user_logins_12m",
        "DX-07-ACCOUNTS",
        "NHS App accounts that logged in within the 12 months to the end of the month",
    ),
    (
        "unique_users_ordering_prescriptions",
        "DX-08-ACCOUNTS",
        "NHS App accounts that ordered a prescription in the month",
    ),
];
/// What the publisher says of all of them.
const CAVEAT: &str = "an account counts where its user's practice is; boards of editions before April 2026 are other areas";

/// The format of the file.
pub(super) struct NhsApp {
    file: Published,
    places: [usize; COLUMNS.len()],
    unique: UniqueRows,
}

impl NhsApp {
    pub(super) fn recognises(header: &csv::StringRecord) -> bool {
        has_all(header, &["level", "org_code", "metric", "value"])
    }

    pub(super) fn new(
        header: &csv::StringRecord,
        defaults: &Defaults,
    ) -> Result<Self, IngestError> {
        Ok(NhsApp {
            places: columns(
                header,
                each(&COLUMNS),
                |_| false,
                ("NHS App Management Information", TAKEN),
            )?,
            file: Published::new(header, defaults, COLLECTION),
            unique: UniqueRows::default(),
        })
    }

    fn cell<'a>(&'a self, row: &'a csv::StringRecord, column: &str) -> Cell<'a> {
        let place = COLUMNS.iter().position(|name| *name == column).unwrap_or_default();
        self.file.cell(row, self.places[place])
    }

    fn month(&self, row: &csv::StringRecord) -> Result<String, IngestError> {
        let given = self.cell(row, "month");
        let month = month::of_record(given.text).map(|month| month.to_string());
        month.ok_or_else(|| given.wrong("a month in the form 2026-04"))
    }
}

impl FileFormat for NhsApp {
    fn leaves_out(&self, row: &csv::StringRecord) -> Option<&'static str> {
        let of = |column| self.cell(row, column).text;
        if !METRICS.iter().any(|(metric, ..)| *metric == of("metric")) {
            return Some("rows of metrics that no indicator is about");
        }
        if of("org_code").is_empty() || of("org_name").eq_ignore_ascii_case("unknown") {
            return Some("rows of accounts that the publisher could assign to no area");
        }
        let level = of("level");
        let taken = ["England", "ICB"].iter().any(|known| known.eq_ignore_ascii_case(level));
        (!taken).then_some("rows of levels other than England and integrated care board (ICB)")
    }

    fn group<'a>(
        &'a self,
        row: &'a csv::StringRecord,
    ) -> Result<OrganisationMonth<'a>, IngestError> {
        Ok((ORGANISATION, Cow::Owned(self.month(row)?)))
    }

    fn start(&self, submission: &mut SubmissionFile) {
        let source = Source {
            publisher: "NHS England",
            title: "NHS App Management Information",
            edition: &submission.month,
            licence: OGL,
            uri: "https://digital.nhs.uk/data-and-information/publications/statistical/nhs-app-statistics",
            series: "nhs-app",
        };
        let source = source.into();
        self.file.start_figures(submission, source);
    }

    fn whole_numbers(&self) -> Vec<usize> {
        vec![self.places[COLUMNS.len() - 1]]
    }

    fn add(
        &mut self,
        submission: &mut SubmissionFile,
        row: &csv::StringRecord,
    ) -> Result<(), IngestError> {
        let metric = self.cell(row, "metric").text;
        let Some((_, indicator, what)) = METRICS.iter().find(|(known, ..)| *known == metric) else {
            return Ok(());
        };
        let (organisation, value) = (self.cell(row, "org_code").text, self.cell(row, "value"));
        let national = self.cell(row, "level").text.eq_ignore_ascii_case("England");
        let area = if national { ENGLAND } else { organisation };
        #[allow(clippy::cast_precision_loss, reason = "counts of accounts")]
        let accounts = |value: &Cell<'_>| value.count().map(|accounts| accounts as f64);
        let record = EstimateRecord {
            indicator: (*indicator).to_owned(),
            area: area.to_owned(),
            period: submission.month.clone(),
            base: format!("{what}; {CAVEAT}"),
            ..figure(&value, accounts)?
        };
        let key = [submission.month.as_str(), area, metric].map(str::to_owned);
        let key: Vec<_> = key.iter().map(String::as_str).collect();
        self.unique.take(row, &key, "month, organisation and metric")?;
        submission.rows.add_figure(record);
        Ok(())
    }
}
