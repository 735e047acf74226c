//! Mid-2020 population estimates by single year of age (Office for National Statistics), by small area of Census 2011.
//!
//! A row for each area, a column for each year of age; the last column is 90 and over. The ages add up to the total of the area,
//! unless one of them is suppressed. Then the total is left: what is suppressed is never worked out of it.

use std::borrow::Cow;

use super::cells::UniqueRows;
use super::defaults::Defaults;
use super::grouping::{FileFormat, OrganisationMonth};
use super::header::{columns, each, has_all};
use super::published::{OGL, Published, Source};
use super::{IngestError, Records, SubmissionFile};
use crate::proto::v1::{PersonCharacteristics, PopulationRecord};

/// Collection, unless the caller names another.
pub const COLLECTION: &str = "ons-mid-2020";
/// The publisher.
pub const ORGANISATION: &str = "ONS";
const MONTH: &str = "2020-06";
/// The last column: everybody of 90 or older.
const OLDEST: &str = "90+";
/// The columns of ages: 0 to 89, then 90 and over.
const AGES: [&str; 91] = [
    "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16",
    "17", "18", "19", "20", "21", "22", "23", "24", "25", "26", "27", "28", "29", "30", "31", "32",
    "33", "34", "35", "36", "37", "38", "39", "40", "41", "42", "43", "44", "45", "46", "47", "48",
    "49", "50", "51", "52", "53", "54", "55", "56", "57", "58", "59", "60", "61", "62", "63", "64",
    "65", "66", "67", "68", "69", "70", "71", "72", "73", "74", "75", "76", "77", "78", "79", "80",
    "81", "82", "83", "84", "85", "86", "87", "88", "89", OLDEST,
];

/// The format of the file.
pub(super) struct Mid2020 {
    file: Published,
    area: usize,
    total: usize,
    /// In the order of [`AGES`].
    ages: [usize; AGES.len()],
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
        let mut wanted: [&[&str]; AGES.len() + 2] = [&["lsoa11_code"]; AGES.len() + 2];
        wanted[1] = &["total_population"];
        wanted[2..].copy_from_slice(&each(&AGES));
        let taken = "taken are single years of age by small area of 2011 (LSOA)";
        let [area, total, ages @ ..] = columns(
            header,
            wanted,
            |name| name == "lsoa11_name",
            ("the mid-2020 population estimates", taken),
        )?;
        let (file, unique) = (Published::new(header, defaults, COLLECTION), UniqueRows::default());
        Ok(Mid2020 { file, area, total, ages, unique })
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
        let source = Source {
            publisher: "Office for National Statistics",
            title: "Population estimates by single year of age and small area",
            edition: "mid-2020",
            licence: OGL,
            uri: "https://www.ons.gov.uk/peoplepopulationandcommunity/populationandmigration/populationestimates",
            series: "",
        };
        let (rows, systems) =
            ((Records::Populations(Vec::new()), source), [("residence_lsoa", "lsoa_2011")]);
        self.file.start_records(submission, rows, &systems, &["age_band"]);
    }

    fn add(
        &mut self,
        submission: &mut SubmissionFile,
        row: &csv::StringRecord,
    ) -> Result<(), IngestError> {
        let area = self.file.cell(row, self.area).area("E01", "E01013600")?.to_owned();
        self.unique.take(row, &[&area], "small area")?;
        let mut people = Vec::with_capacity(self.ages.len());
        for column in &self.ages {
            people.push(self.file.cell(row, *column).counted_from(0)?);
        }
        let total = self.file.cell(row, self.total);
        let sum = people.iter().map(|(people, _)| *people).fold(0, i64::saturating_add);
        let (residents, unknown) = total.counted_from(0)?;
        let whole = !unknown && people.iter().all(|(_, suppressed)| !suppressed);
        if whole && residents != sum {
            return Err(total.wrong(format!("{sum}, the sum of the ages")));
        }
        for (age, (person_count, suppressed)) in (0..).zip(people) {
            let person = match age {
                0..90 => PersonCharacteristics { age_years: Some(age), ..Default::default() },
                _ => PersonCharacteristics { age_band: OLDEST.to_owned(), ..Default::default() },
            };
            submission.rows.add_people(PopulationRecord {
                person_count,
                suppressed,
                residence_lsoa: area.clone(),
                person: Some(person),
            });
        }
        Ok(())
    }
}
