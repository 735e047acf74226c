//! English indices of deprivation, File 7 (Ministry of Housing, Communities and Local Government): all scores, ranks and deciles, by
//! small area. The editions 2025 (small areas of 2021) and 2019 (small areas of 2011).
//!
//! The scores become estimates: the Index of Multiple Deprivation and its seven domains. Deciles of the areas that the service knows are
//! reference content already, and a rank is no amount of anything. Sub-domains and denominators are left out too.

use std::borrow::Cow;

use super::cells::{UniqueRows, cell};
use super::defaults::Defaults;
use super::grouping::{FileFormat, OrganisationMonth};
use super::header::{has_all, require};
use super::{IngestError, Records, SubmissionFile};
use crate::proto::v1::{EstimateRecord, EstimateSource};

/// Collection, unless the caller names another.
pub const COLLECTION: &str = "iod";
/// The publisher.
pub const ORGANISATION: &str = "MHCLG";

const SCORE: &str = "Index of Multiple Deprivation (IMD) Score";
/// Columns of scores and their indicators.
const SCORES: [(&str, &str); 8] = [
    (SCORE, "IMD"),
    ("Income Score (rate)", "IMD-INCOME"),
    ("Employment Score (rate)", "IMD-EMPLOYMENT"),
    ("Education, Skills and Training Score", "IMD-EDUCATION"),
    ("Health Deprivation and Disability Score", "IMD-HEALTH"),
    ("Crime Score", "IMD-CRIME"),
    ("Barriers to Housing and Services Score", "IMD-BARRIERS"),
    ("Living Environment Score", "IMD-ENVIRONMENT"),
];
/// Starts of the names of columns that are left out: names of areas.
const NAMES: [&str; 2] = ["LSOA name (", "Local Authority District "];
/// What else is left out: parts of the names of its columns. One name is cut off in the file.
const OTHERS: [&str; 4] = [
    " Rank (where 1 is most deprived)",
    " Decile (where 1 is most deprived 10% of LSO",
    "Sub-domain Score",
    ": mid 20",
];
/// Two scores of people of some ages only, which are part of the income domain.
const SUPPLEMENTARY: [&str; 2] = [
    "Income Deprivation Affecting Children Index (IDACI) Score (rate)",
    "Income Deprivation Affecting Older People (IDAOPI) Score (rate)",
];

/// An edition: column of the small area, year, month of publication, edition of the small areas, address.
struct Edition(&'static str, &'static str, &'static str, &'static str, &'static str);

const EDITIONS: [Edition; 2] = [
    Edition(
        "LSOA code (2021)",
        "2025",
        "2025-10",
        "lsoa_2021",
        "https://www.gov.uk/government/statistics/english-indices-of-deprivation-2025",
    ),
    Edition(
        "LSOA code (2011)",
        "2019",
        "2019-09",
        "lsoa_2011",
        "https://www.gov.uk/government/statistics/english-indices-of-deprivation-2019",
    ),
];

/// The format of the file.
pub(super) struct Iod {
    collection: String,
    edition: &'static Edition,
    header: csv::StringRecord,
    area: usize,
    /// Columns of the scores, in the order of [`SCORES`].
    scores: Vec<usize>,
    unique: UniqueRows,
}

fn edition(header: &csv::StringRecord) -> Option<&'static Edition> {
    EDITIONS.iter().find(|Edition(area, ..)| has_all(header, &[*area]))
}

impl Iod {
    pub(super) fn recognises(header: &csv::StringRecord) -> bool {
        edition(header).is_some() && has_all(header, &[SCORE])
    }

    pub(super) fn new(
        header: &csv::StringRecord,
        defaults: &Defaults,
    ) -> Result<Self, IngestError> {
        let edition =
            edition(header).ok_or(IngestError::MissingColumn { column: EDITIONS[0].0 })?;
        let area = require(header, &[edition.0])?;
        let scores = SCORES.iter().map(|(name, _)| require(header, &[*name]));
        let scores: Vec<usize> = scores.collect::<Result<_, _>>()?;
        let left_out = |name: &str| {
            NAMES.iter().any(|start| name.starts_with(start))
                || OTHERS.iter().any(|part| name.contains(part))
                || SUPPLEMENTARY.contains(&name)
        };
        let others = (0..header.len()).filter(|place| {
            *place != area && !scores.contains(place) && !left_out(&header[*place])
        });
        super::header::no_others(header, others, &[])?;
        Ok(Iod {
            collection: defaults.collection.clone().unwrap_or_else(|| COLLECTION.to_owned()),
            edition,
            header: header.clone(),
            area,
            scores,
            unique: UniqueRows::default(),
        })
    }
}

impl FileFormat for Iod {
    fn group<'a>(
        &'a self,
        _row: &'a csv::StringRecord,
    ) -> Result<OrganisationMonth<'a>, IngestError> {
        Ok((ORGANISATION, Cow::Borrowed(self.edition.2)))
    }

    fn start(&self, submission: &mut SubmissionFile) {
        let Edition(_, year, _, _, uri) = self.edition;
        let source = EstimateSource {
            publisher: "Ministry of Housing, Communities and Local Government".to_owned(),
            title: format!("English indices of deprivation {year}, File 7"),
            edition: (*year).to_owned(),
            licence: "Open Government Licence v3.0".to_owned(),
            uri: (*uri).to_owned(),
            // Scores of two editions are not comparable: method, data and small areas differ.
            series: format!("iod-{year}"),
            not_for_targets: false,
        };
        submission.collection.clone_from(&self.collection);
        submission.rows = Records::Estimates(source, Vec::new());
    }

    fn add(
        &mut self,
        submission: &mut SubmissionFile,
        row: &csv::StringRecord,
    ) -> Result<(), IngestError> {
        let area = cell(row, &self.header, self.area).area("E01", "E01013600")?;
        self.unique.take(row, &[area], "small area")?;
        let Records::Estimates(_, rows) = &mut submission.rows else { return Ok(()) };
        for ((_, indicator), column) in SCORES.iter().zip(&self.scores) {
            let score = cell(row, &self.header, *column);
            rows.push(EstimateRecord {
                indicator: (*indicator).to_owned(),
                area: area.to_owned(),
                period: self.edition.1.to_owned(),
                value: score.unless_suppressed(|cell| cell.signed(100.0))?,
                suppressed: score.is_suppressed(),
                base: self.edition.3.to_owned(),
                ..EstimateRecord::default()
            });
        }
        Ok(())
    }
}
