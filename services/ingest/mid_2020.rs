//! Mid-2020 population estimates by single year of age (Office for National Statistics), by small area of Census 2011.
//!
//! A row for each area, a column for each year of age; the last column is 90 and over. The ages add up to the total of the area,
//! unless one of them is suppressed. Then the total is left: what is suppressed is never worked out of it.

use std::borrow::Cow;

use super::cells::{UniqueRows, cell};
use super::defaults::Defaults;
use super::grouping::{FileFormat, OrganisationMonth};
use super::header::{has_all, no_others, require};
use super::{IngestError, Records, SubmissionFile};
use crate::proto::v1::{PersonCharacteristics, PopulationRecord};

/// Collection, unless the caller names another.
pub const COLLECTION: &str = "ons-mid-2020";
/// The publisher.
pub const ORGANISATION: &str = "ONS";
const MONTH: &str = "2020-06";
/// The last column: everybody of 90 or older.
const OLDEST: &str = "90+";

/// The format of the file.
pub(super) struct Mid2020 {
    collection: String,
    header: csv::StringRecord,
    area: usize,
    total: usize,
    /// Columns of ages 0 to 89, then of 90 and over.
    ages: Vec<usize>,
    unique: UniqueRows,
}

impl Mid2020 {
    pub(super) fn recognises(header: &csv::StringRecord) -> bool {
        has_all(header, &["lsoa11_code", "total_population", OLDEST])
    }

    pub(super) fn new(
        header: &csv::StringRecord,
        defaults: &Defaults,
    ) -> Result<Self, IngestError> {
        let age = |age: usize| {
            let name = age.to_string();
            header.iter().position(|column| column == name)
        };
        let years: Option<Vec<usize>> = (0..90).map(age).collect();
        let mut ages =
            years.ok_or(IngestError::MissingColumn { column: "0 to 89, a column for each age" })?;
        ages.push(require(header, &[OLDEST])?);
        let (area, total) =
            (require(header, &["lsoa11_code"])?, require(header, &["total_population"])?);
        let known = |column: &usize| {
            ages.contains(column)
                || [area, total].contains(column)
                || &header[*column] == "lsoa11_name"
        };
        no_others(header, (0..header.len()).filter(|column| !known(column)), &[])?;
        Ok(Mid2020 {
            collection: defaults.collection.clone().unwrap_or_else(|| COLLECTION.to_owned()),
            area,
            total,
            ages,
            header: header.clone(),
            unique: UniqueRows::default(),
        })
    }
}

impl FileFormat for Mid2020 {
    fn group<'a>(
        &'a self,
        _row: &'a csv::StringRecord,
    ) -> Result<OrganisationMonth<'a>, IngestError> {
        Ok((ORGANISATION, Cow::Borrowed(MONTH)))
    }

    fn whole_numbers(&self) -> Vec<usize> {
        self.ages.iter().copied().chain([self.total]).collect()
    }

    fn start(&self, submission: &mut SubmissionFile) {
        submission.collection.clone_from(&self.collection);
        submission.code_systems = [("residence_lsoa".to_owned(), "lsoa_2011".to_owned())].into();
        submission.collected = vec!["age_band".to_owned()];
        submission.rows = Records::Populations(Vec::new());
    }

    fn add(
        &mut self,
        submission: &mut SubmissionFile,
        row: &csv::StringRecord,
    ) -> Result<(), IngestError> {
        let area = cell(row, &self.header, self.area).area("E01", "E01013600")?.to_owned();
        self.unique.take(row, &[&area], "small area")?;
        let mut people = Vec::with_capacity(self.ages.len());
        for column in &self.ages {
            people.push(cell(row, &self.header, *column).counted_from(0)?);
        }
        let total = cell(row, &self.header, self.total);
        let sum = people.iter().map(|(people, _)| *people).fold(0, i64::saturating_add);
        let (residents, unknown) = total.counted_from(0)?;
        let whole = !unknown && people.iter().all(|(_, suppressed)| !suppressed);
        if whole && residents != sum {
            return Err(total.wrong(format!("{sum}, the sum of the ages")));
        }
        let Records::Populations(rows) = &mut submission.rows else { return Ok(()) };
        for (age, (person_count, suppressed)) in (0..).zip(people) {
            let person = match age {
                0..90 => PersonCharacteristics { age_years: Some(age), ..Default::default() },
                _ => PersonCharacteristics { age_band: OLDEST.to_owned(), ..Default::default() },
            };
            rows.push(PopulationRecord {
                person_count,
                suppressed,
                residence_lsoa: area.clone(),
                person: Some(person),
            });
        }
        Ok(())
    }
}
