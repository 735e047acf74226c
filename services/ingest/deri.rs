//! Digital Exclusion Risk Index v1.6 (Greater Manchester Combined Authority) with DEPAHRI (British Red Cross), by small area.
//!
//! Read as the authority publishes it (v1.6, compared nationally, England) and with DEPAHRI, as the package of that name has it.
//! The authority's file also has the figures behind the scores, which are passed over: its rows are small areas, each once.
//! Scores go from 0 to 10; a higher score is a higher risk. They are not for setting targets. The areas are small areas of 2011:
//! `base` of every record states the edition ([`BASE`]), because a code such as `E01013600` exists in both editions. The file has
//! no date: unless the caller gives a month, the records are of December 2022.

use std::borrow::Cow;

use super::cells::UniqueRows;
use super::defaults::Defaults;
use super::grouping::{FileFormat, OrganisationMonth};
use super::header::{columns, each, has_all};
use super::published::{OGL, Published, Source, figure};
use super::{IngestError, SubmissionFile};
use crate::proto::v1::{EstimateRecord, EstimateSource};

/// Collection, unless the caller names another.
pub const COLLECTION: &str = "deri";
/// The publisher.
pub const ORGANISATION: &str = "GMCA";
/// `base` of every record: the edition of the small areas.
pub const BASE: &str = "lsoa_2011";
const MONTH: &str = "2022-12";

/// Columns of the package with DEPAHRI: the area, then the scores in the order of [`INDICATORS`].
const COLUMNS: [&str; 7] = [
    "lsoa11_code",
    "deri_score_national",
    "broadband_comp_national",
    "demography_comp_national",
    "deprivation_comp_national",
    "health_access_comp_national",
    "depahri_score_national",
];
/// The same columns in the authority's file, which has neither health access nor DEPAHRI.
const PUBLISHED: [&str; 5] = [
    "LSOA code",
    "DERI score (national, England IMD)",
    "Broadband component (national)",
    "Demography component (national)",
    "Deprivation component (national, England IMD)",
];
const INDICATORS: [&str; 6] = [
    "DX-10",
    "DX-10-BROADBAND",
    "DX-10-DEMOGRAPHY",
    "DX-10-DEPRIVATION",
    "DX-10-HEALTH-ACCESS",
    "DX-10-DEPAHRI",
];

/// Title, licence and place of the authority's file, and of the package with DEPAHRI.
const OWN: [&str; 3] = [
    "Digital Exclusion Risk Index, compared nationally",
    OGL,
    "https://github.com/GreaterManchesterODA/Digital-Exclusion-Risk-Index",
];
const WITH_DEPAHRI: [&str; 3] = [
    "Digital Exclusion Risk Index, compared nationally, with DEPAHRI (British Red Cross)",
    "Open Government Licence v3.0; the package of DEPAHRI states its licence as to be decided",
    "https://github.com/humaniverse/DEPAHRI/tree/87459858693a051761b2a64de31a5d7c70d0dc5b",
];

/// The format of the file.
pub(super) struct Deri {
    file: Published,
    month: String,
    /// Columns of the area and of the scores.
    places: Vec<usize>,
    /// Whether the file is the authority's own.
    published: bool,
    unique: UniqueRows,
}

impl Deri {
    pub(super) fn recognises(header: &csv::StringRecord) -> bool {
        has_all(header, &["deri_score_national"])
            || header.iter().any(|name| name.starts_with("DERI score"))
    }

    pub(super) fn new(
        header: &csv::StringRecord,
        defaults: &Defaults,
    ) -> Result<Self, IngestError> {
        let published = !has_all(header, &["deri_score_national"]);
        if published && !has_all(header, &PUBLISHED) {
            return Err(IngestError::NotImported {
                what: "the Digital Exclusion Risk Index of another version or comparison",
                why: "its scores are not comparable with those of v1.6",
                taken: "taken is v1.6 at nation level, England (LSOA calculations and scores)",
            });
        }
        let taken = "taken is v1.6 at nation level, England, as published or with DEPAHRI";
        let publication = ("the Digital Exclusion Risk Index", taken);
        let places = match published {
            // The figures behind the scores are passed over.
            true => columns(header, each(&PUBLISHED), |_| true, publication)?.to_vec(),
            false => columns(header, each(&COLUMNS), |_| false, publication)?.to_vec(),
        };
        Ok(Deri {
            file: Published::new(header, defaults, COLLECTION),
            month: defaults.month_or(MONTH)?,
            places,
            published,
            unique: UniqueRows::default(),
        })
    }
}

impl FileFormat for Deri {
    fn leaves_out(&self, row: &csv::StringRecord) -> Option<&'static str> {
        let of = |start| self.file.cell(row, self.places[0]).area(start, "").is_ok();
        (self.published && (of("W01") || of("S01")))
            .then_some("rows of small areas of Wales and Scotland")
    }

    fn group<'a>(
        &'a self,
        _row: &'a csv::StringRecord,
    ) -> Result<OrganisationMonth<'a>, IngestError> {
        Ok((ORGANISATION, Cow::Borrowed(&self.month)))
    }

    fn start(&self, submission: &mut SubmissionFile) {
        let [title, licence, uri] = if self.published { OWN } else { WITH_DEPAHRI };
        let source = Source {
            publisher: "Greater Manchester Combined Authority",
            title,
            edition: "v1.6",
            licence,
            uri,
            series: "deri: v1.6, compared nationally",
        };
        let source = EstimateSource { not_for_targets: true, ..source.into() };
        self.file.start_figures(submission, source);
    }

    fn figures(&self) -> Vec<usize> {
        self.places[1..].to_vec()
    }

    fn add(
        &mut self,
        submission: &mut SubmissionFile,
        row: &csv::StringRecord,
    ) -> Result<(), IngestError> {
        let area = self.file.cell(row, self.places[0]).area("E01", "E01013600")?;
        self.unique.take(row, &[area], "small area")?;
        let period = self.month.split('-').next().unwrap_or_default();
        for (column, indicator) in self.places[1..].iter().zip(INDICATORS) {
            submission.rows.add_figure(EstimateRecord {
                indicator: indicator.to_owned(),
                area: area.to_owned(),
                period: period.to_owned(),
                base: BASE.to_owned(),
                ..figure(&self.file.cell(row, *column), |score| score.number(0.0, 10.0))?
            });
        }
        Ok(())
    }
}
