//! English indices of deprivation, File 7 (Ministry of Housing, Communities and Local Government): all scores, ranks and deciles, by
//! small area. The editions 2025 (small areas of 2021) and 2019 (small areas of 2011).
//!
//! The scores become estimates: the Index of Multiple Deprivation and its seven domains. Deciles of the areas that the service knows are
//! reference content already, and a rank is no amount of anything. Sub-domains and denominators are left out too.

use std::borrow::Cow;

use super::cells::UniqueRows;
use super::defaults::Defaults;
use super::grouping::{FileFormat, OrganisationMonth};
use super::header::{columns, has_all};
use super::published::{OGL, Published, Source, figure};
use super::{IngestError, SubmissionFile};
use crate::proto::v1::EstimateRecord;

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
    file: Published,
    edition: &'static Edition,
    area: usize,
    /// Columns of the scores, in the order of [`SCORES`].
    scores: [usize; SCORES.len()],
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
        let edition = edition(header).unwrap_or(&EDITIONS[0]);
        let left_out = |name: &str| {
            NAMES.iter().any(|start| name.starts_with(start))
                || OTHERS.iter().any(|part| name.contains(part))
                || SUPPLEMENTARY.contains(&name)
        };
        let mut wanted: [&[&str]; SCORES.len() + 1] =
            [std::slice::from_ref(&edition.0); SCORES.len() + 1];
        for (wanted, (name, _)) in wanted[1..].iter_mut().zip(&SCORES) {
            *wanted = std::slice::from_ref(name);
        }
        let taken = "taken is File 7 (all scores, ranks and deciles), by LSOA";
        let [area, scores @ ..] =
            columns(header, wanted, left_out, ("the Indices of Deprivation", taken))?;
        let (file, unique) = (Published::new(header, defaults, COLLECTION), UniqueRows::default());
        Ok(Iod { file, edition, area, scores, unique })
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
        let source = Source {
            publisher: "Ministry of Housing, Communities and Local Government",
            title: &format!("English indices of deprivation {year}, File 7"),
            edition: year,
            licence: OGL,
            uri,
            // Scores of two editions are not comparable: method, data and small areas differ.
            series: &format!("iod-{year}"),
        };
        self.file.start_figures(submission, source.into());
    }

    fn figures(&self) -> Vec<usize> {
        self.scores.to_vec()
    }

    fn add(
        &mut self,
        submission: &mut SubmissionFile,
        row: &csv::StringRecord,
    ) -> Result<(), IngestError> {
        let area = self.file.cell(row, self.area).area("E01", "E01013600")?;
        self.unique.take(row, &[area], "small area")?;
        for ((_, indicator), column) in SCORES.iter().zip(self.scores) {
            submission.rows.add_figure(EstimateRecord {
                indicator: (*indicator).to_owned(),
                area: area.to_owned(),
                period: self.edition.1.to_owned(),
                base: self.edition.3.to_owned(),
                ..figure(&self.file.cell(row, column), |score| score.signed(100.0))?
            });
        }
        Ok(())
    }
}
