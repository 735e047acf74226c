//! Internet users (Office for National Statistics, UK SDG indicator 17.8.1): adults who used the internet in the last three months,
//! by age, sex, disability, ethnic group, employment and place.
//!
//! An empty cell means everybody: a row with only a year is about the United Kingdom. The file has the five groups of
//! `Asian/Asian British`, but no total of them; the service does not calculate one. Places without a code
//! (`Leicestershire CC and Rutland`) keep their name. Each year becomes one submission, for its December.

use std::borrow::Cow;

use super::cells::{Cell, UniqueRows, not_shares};
use super::defaults::Defaults;
use super::grouping::{FileFormat, OrganisationMonth};
use super::header::{columns, each, has_all};
use super::published::{OGL, Published, Source, figure};
use super::{IngestError, SubmissionFile};
use crate::proto::v1::{EstimateKey, EstimateRecord};

/// Collection, unless the caller names another.
pub const COLLECTION: &str = "ons-internet-users";
/// The publisher.
pub const ORGANISATION: &str = "ONS";
const INDICATOR: &str = "DX-12-USED";
const UNITED_KINGDOM: &str = "K02000001";
/// Figures of all years are comparable: same question, same base.
const SERIES: &str = "ons-internet-users: used in the last three months";

const COLUMNS: [&str; 14] = [
    "Year",
    "Age",
    "Sex",
    "Disability status",
    "Ethnicity",
    "Ethnic group",
    "Employment status",
    "Region",
    "Local Authority",
    "Unit measure",
    "Observation status",
    "Unit multiplier",
    "GeoCode",
    "Value",
];
// Places in [`COLUMNS`].
const YEAR: usize = 0;
const AGE: usize = 1;
const SEX: usize = 2;
const DISABILITY: usize = 3;
const ETHNICITY: usize = 4;
const GROUP: usize = 5;
const EMPLOYMENT: usize = 6;
const REGION: usize = 7;
const AUTHORITY: usize = 8;
const UNIT: usize = 9;
const STATUS: usize = 10;
const MULTIPLIER: usize = 11;
const CODE: usize = 12;
const VALUE: usize = 13;

const AGES: [(&str, &str); 7] = [
    ("16 to 24", "16-24"),
    ("25 to 34", "25-34"),
    ("35 to 44", "35-44"),
    ("45 to 54", "45-54"),
    ("55 to 64", "55-64"),
    ("65 to 74", "65-74"),
    ("75 and over", "75+"),
];
const SEXES: [(&str, &str); 2] = [("Male", "1"), ("Female", "2")];
const DISABILITIES: [(&str, &str); 2] =
    [("Disabled (GSS harmonised)", "ANY"), ("Not disabled (GSS harmonised)", "NONE")];
const ASIAN: &str = "Asian/Asian British";
/// `asian` includes Chinese, as in `ethnic_group_broad`.
const BROAD: [(&str, &str); 5] = [
    ("White", "white"),
    ("Mixed/Multiple ethnic background", "mixed"),
    (ASIAN, "asian"),
    ("Black/African/Caribbean/Black British", "black"),
    ("Other ethnic group", "other"),
];
const ASIAN_GROUPS: [(&str, &str); 5] = [
    ("Bangladeshi", "E1"),
    ("Chinese", "E2"),
    ("Indian", "E3"),
    ("Pakistani", "E4"),
    ("Any other Asian background", "E5"),
];

/// The format of the file.
pub(super) struct InternetUsers {
    file: Published,
    places: [usize; 14],
    unique: UniqueRows,
}

impl InternetUsers {
    pub(super) fn recognises(header: &csv::StringRecord) -> bool {
        has_all(header, &["Ethnic group", "Employment status", "Value"])
    }

    pub(super) fn new(
        header: &csv::StringRecord,
        defaults: &Defaults,
    ) -> Result<Self, IngestError> {
        let publication = ("internet users (ONS)", "taken is UK SDG indicator 17.8.1");
        Ok(InternetUsers {
            file: Published::new(header, defaults, COLLECTION),
            places: columns(header, each(&COLUMNS), |_| false, publication)?,
            unique: UniqueRows::default(),
        })
    }

    fn cell<'a>(&'a self, row: &'a csv::StringRecord, column: usize) -> Cell<'a> {
        self.file.cell(row, self.places[column])
    }

    /// The categories of a row.
    fn keys(&self, row: &csv::StringRecord) -> Result<Vec<EstimateKey>, IngestError> {
        let mut keys = Vec::new();
        let mut add = |dimension: &str, code: Option<&str>| {
            if let Some(code) = code {
                keys.push(EstimateKey { dimension: dimension.to_owned(), code: code.to_owned() });
            }
        };
        add("age_band", self.cell(row, AGE).label_or_all(&AGES)?);
        add("sex", self.cell(row, SEX).label_or_all(&SEXES)?);
        add("disability", self.cell(row, DISABILITY).label_or_all(&DISABILITIES)?);
        let (broad, group) = (self.cell(row, ETHNICITY), self.cell(row, GROUP));
        match broad.label_or_all(&BROAD)? {
            _ if !group.text.is_empty() && broad.text != ASIAN => {
                return Err(group.wrong(format!("an empty cell: only {ASIAN:?} has groups")));
            }
            _ if !group.text.is_empty() => {
                add("ethnic_group_2021", Some(group.label(&ASIAN_GROUPS)?));
            }
            broad => add("ethnic_group_broad", broad),
        }
        let employment = self.cell(row, EMPLOYMENT).text;
        add("publisher:employment_status", Some(employment).filter(|words| !words.is_empty()));
        Ok(keys)
    }

    /// The area of a row: its code, else its name, else the United Kingdom.
    fn area(&self, row: &csv::StringRecord) -> Result<String, IngestError> {
        let code = self.cell(row, CODE);
        let (authority, region) = (self.cell(row, AUTHORITY).text, self.cell(row, REGION).text);
        let name = if authority.is_empty() { region } else { authority };
        match (code.text.is_empty(), name.is_empty()) {
            (false, true) => Err(code.wrong("an empty cell, because the row names no place")),
            (false, false) => code.area("", "E06000016").map(str::to_owned),
            (true, false) => Ok(format!("NAME:{name}")),
            (true, true) => Ok(UNITED_KINGDOM.to_owned()),
        }
    }

    /// The question and the people asked; for some rows also that the figure is local, and the status of the observation.
    fn base(&self, row: &csv::StringRecord) -> Result<String, IngestError> {
        let status = match self
            .cell(row, STATUS)
            .filled("the status of the observation, for example Undefined")?
        {
            // The publisher gives no status.
            "Undefined" => String::new(),
            status => format!(" Observation status: {status}."),
        };
        let local = match self.cell(row, AUTHORITY).text.is_empty() {
            true => "",
            false => " Local figure, from a small sample.",
        };
        Ok(format!(
            "Used the internet in the last three months; adults aged 16 and over, Labour Force Survey.{status}{local}"
        ))
    }
}

impl FileFormat for InternetUsers {
    fn group<'a>(
        &'a self,
        row: &'a csv::StringRecord,
    ) -> Result<OrganisationMonth<'a>, IngestError> {
        let year = self.cell(row, YEAR).year()?;
        Ok((ORGANISATION, Cow::Owned(format!("{year}-12"))))
    }

    fn start(&self, submission: &mut SubmissionFile) {
        let source = Source {
            publisher: "Office for National Statistics",
            title: "Internet users, as UK SDG indicator 17.8.1",
            edition: submission.month.split('-').next().unwrap_or_default(),
            licence: OGL,
            uri: "https://github.com/ONSdigital/sdg-data/blob/b68b9d92341d106c2ce1535d6efe7cc0a30b322c/data/indicator_17-8-1.csv",
            series: SERIES,
        };
        let source = source.into();
        self.file.start_figures(submission, source);
    }

    fn whole_numbers(&self) -> Vec<usize> {
        vec![self.places[YEAR]]
    }

    fn figures(&self) -> Vec<usize> {
        vec![self.places[VALUE]]
    }

    fn add(
        &mut self,
        submission: &mut SubmissionFile,
        row: &csv::StringRecord,
    ) -> Result<(), IngestError> {
        self.cell(row, UNIT).label(&[("Percentage (%)", ())])?;
        self.cell(row, MULTIPLIER).label(&[("Units", ())])?;
        let record = EstimateRecord {
            indicator: INDICATOR.to_owned(),
            area: self.area(row)?,
            period: self.cell(row, YEAR).year()?.to_owned(),
            keys: self.keys(row)?,
            base: self.base(row)?,
            ..figure(&self.cell(row, VALUE), Cell::percentage)?
        };
        let says = [YEAR, AGE, SEX, DISABILITY, ETHNICITY, GROUP, EMPLOYMENT, REGION, AUTHORITY];
        let says = says.map(|column| &row[self.places[column]]);
        self.unique.take(row, &says, "year, categories and place")?;
        submission.rows.add_figure(record);
        Ok(())
    }

    fn complete(&mut self, submission: &mut SubmissionFile) -> Result<(), IngestError> {
        not_shares(submission, COLUMNS[VALUE])
    }
}
