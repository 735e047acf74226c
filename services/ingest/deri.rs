//! Digital Exclusion Risk Index v1.6 (Greater Manchester Combined Authority) with DEPAHRI (British Red Cross), by small area.
//!
//! Scores go from 0 to 10; a higher score is a higher risk. They are not for setting targets. The areas are small areas of 2011:
//! `base` of every record states the edition ([`BASE`]), because a code such as `E01013600` exists in both editions. The file has
//! no date: unless the caller gives a month, the records are of December 2022.

use std::borrow::Cow;

use super::cells::{UniqueRows, cell};
use super::defaults::Defaults;
use super::grouping::{FileFormat, OrganisationMonth};
use super::header::{exactly, has_all};
use super::{IngestError, Records, SubmissionFile};
use crate::domain::period::Month;
use crate::proto::v1::{EstimateRecord, EstimateSource};

/// Collection, unless the caller names another.
pub const COLLECTION: &str = "deri";
/// The publisher.
pub const ORGANISATION: &str = "GMCA";
/// `base` of every record: the edition of the small areas.
pub const BASE: &str = "lsoa_2011";
const MONTH: &str = "2022-12";

const COLUMNS: [&str; 7] = [
    "lsoa11_code",
    "deri_score_national",
    "broadband_comp_national",
    "demography_comp_national",
    "deprivation_comp_national",
    "health_access_comp_national",
    "depahri_score_national",
];
/// Indicators, in the order of the columns after the area.
const INDICATORS: [&str; 6] = [
    "DX-10",
    "DX-10-BROADBAND",
    "DX-10-DEMOGRAPHY",
    "DX-10-DEPRIVATION",
    "DX-10-HEALTH-ACCESS",
    "DX-10-DEPAHRI",
];

/// The format of the file.
pub(super) struct Deri {
    collection: String,
    month: String,
    header: csv::StringRecord,
    places: [usize; 7],
    unique: UniqueRows,
}

impl Deri {
    pub(super) fn recognises(header: &csv::StringRecord) -> bool {
        has_all(header, &["deri_score_national"])
    }

    pub(super) fn new(
        header: &csv::StringRecord,
        defaults: &Defaults,
    ) -> Result<Self, IngestError> {
        let month = defaults.month.clone().unwrap_or_else(|| MONTH.to_owned());
        if month.parse::<Month>().is_err() {
            return Err(IngestError::value(1, "month", &month, "a month in the form 2022-12"));
        }
        Ok(Deri {
            collection: defaults.collection.clone().unwrap_or_else(|| COLLECTION.to_owned()),
            month,
            places: exactly(header, COLUMNS)?,
            header: header.clone(),
            unique: UniqueRows::default(),
        })
    }
}

impl FileFormat for Deri {
    fn group<'a>(
        &'a self,
        _row: &'a csv::StringRecord,
    ) -> Result<OrganisationMonth<'a>, IngestError> {
        Ok((ORGANISATION, Cow::Borrowed(&self.month)))
    }

    fn start(&self, submission: &mut SubmissionFile) {
        let source = EstimateSource {
            publisher: "Greater Manchester Combined Authority".to_owned(),
            title: "Digital Exclusion Risk Index, compared nationally, with DEPAHRI (British Red Cross)"
                .to_owned(),
            edition: "v1.6".to_owned(),
            licence: "Open Government Licence v3.0; the package of DEPAHRI states its licence as to be decided"
                .to_owned(),
            uri: "https://github.com/humaniverse/DEPAHRI/tree/87459858693a051761b2a64de31a5d7c70d0dc5b".to_owned(),
            series: "deri: v1.6, compared nationally".to_owned(),
            not_for_targets: true,
        };
        submission.collection.clone_from(&self.collection);
        submission.rows = Records::Estimates(source, Vec::new());
    }

    fn add(
        &mut self,
        submission: &mut SubmissionFile,
        row: &csv::StringRecord,
    ) -> Result<(), IngestError> {
        let [area, scores @ ..] = self.places;
        let area = cell(row, &self.header, area).area("E01", "E01013600")?;
        self.unique.take(row, &[area], "small area")?;
        let period = self.month.split('-').next().unwrap_or_default();
        for (column, indicator) in scores.into_iter().zip(INDICATORS) {
            let record = EstimateRecord {
                indicator: indicator.to_owned(),
                area: area.to_owned(),
                period: period.to_owned(),
                value: Some(cell(row, &self.header, column).number(0.0, 10.0)?),
                base: BASE.to_owned(),
                ..EstimateRecord::default()
            };
            if let Records::Estimates(_, rows) = &mut submission.rows {
                rows.push(record);
            }
        }
        Ok(())
    }
}
