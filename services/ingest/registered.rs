//! Patients Registered at a GP Practice (NHS England): people by practice, on the first day of a month. Three editions: single years of
//! age (a file of males and one of females, which have to be read as one), five-year age groups, and all persons.
//!
//! Rows of totals (`ALL`) are no records: a total has to be the sum of its parts. The five-year edition also has rows of networks,
//! sub-ICB locations and regions, which are left out: they would count their practices' people again.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::cells::{Cell, UniqueRows};
use super::defaults::Defaults;
use super::grouping::{FileFormat, OrganisationMonth};
use super::header::{columns, find, is_one_of};
use super::open::line_of;
use super::published::{OGL, Published, Source};
use super::{IngestError, Records, SubmissionFile, gpad, month};
use crate::proto::v1::{PersonCharacteristics, PopulationRecord};

/// Collection, unless the caller names another.
pub const COLLECTION: &str = "gp-registered-patients";

const DATE: &[&str] = &["EXTRACT_DATE"];
const COUNT: &[&str] = &["NUMBER_OF_PATIENTS"];
const PRACTICE: &[&str] = &["ORG_CODE", "CODE"];
const SEX: &[&str] = &["SEX"];
const AGE: &[&str] = &["AGE", "AGE_GROUP_5"];
const FIVE_YEARS: &[&str] = &["AGE_GROUP_5"];
/// What an organisation is, where not all are practices.
const KIND: &[&str] = &["ORG_TYPE", "TYPE"];
const PRACTICES: &str = "GP";
/// Other columns: the publication, and where a practice is.
const OTHERS: &[&str] =
    &["PUBLICATION", "POSTCODE", "ONS_CODE", "ONS_CCG_CODE", "ONS_SUB_ICB_LOCATION_CODE"];
/// Everybody, as a sex or as an age.
const ALL: &str = "ALL";
/// Published sexes, and their codes in a record.
const SEXES: [(&str, &str); 6] = [
    ("MALE", "1"),
    ("MALES", "1"),
    ("FEMALE", "2"),
    ("FEMALES", "2"),
    ("INDETERMINATE", "9"),
    ("UNKNOWN", "NOT_KNOWN"),
];
const MALE: &str = "1";
const FEMALE: &str = "2";
/// The last single year of age is 94; the last group of all editions is `95+`.
const OLDEST: &str = "95+";
const OLDEST_YEARS: i32 = 95;

/// The edition, by its columns.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Edition {
    SingleYears,
    FiveYears,
    AllPersons,
}

/// The format of the files.
pub(super) struct Registered {
    file: Published,
    edition: Edition,
    kind: Option<usize>,
    /// Columns of date, practice, sex, age and people.
    places: [usize; 5],
    unique: UniqueRows,
    /// Sums and totals of each practice and month.
    practices: BTreeMap<(String, String), Practice>,
}

/// What the rows of a practice add up to, and what the publisher says that they add up to.
#[derive(Default)]
struct Practice {
    line: u64,
    /// By the code of a sex; everybody: [`ALL`].
    sums: BTreeMap<&'static str, i64>,
    totals: BTreeMap<&'static str, (u64, i64)>,
    /// Whether a count of the practice is not given.
    suppressed: bool,
}

impl Registered {
    pub(super) fn recognises(header: &csv::StringRecord) -> bool {
        let all = [DATE, COUNT, PRACTICE, SEX, AGE].iter().all(|of| find(header, of).is_some());
        // Of regions, networks and locations alone, by single year of age: it has no practices.
        let without_practices =
            find(header, &["ORG_TYPE"]).is_some() && find(header, FIVE_YEARS).is_none();
        all && !without_practices
    }

    /// Whether a file is one of those that have to be read together: single years of age.
    pub(super) fn is_part(header: &csv::StringRecord) -> bool {
        Self::recognises(header) && Edition::of(header) == Edition::SingleYears
    }

    pub(super) fn new(
        header: &csv::StringRecord,
        defaults: &Defaults,
    ) -> Result<Self, IngestError> {
        let taken =
            "taken are single years of age, five-year age groups and all persons, by practice";
        let passed_over = |name: &str| {
            [OTHERS, KIND, gpad::LOCATION, gpad::AREAS].iter().any(|names| is_one_of(name, names))
        };
        Ok(Registered {
            edition: Edition::of(header),
            kind: find(header, KIND),
            places: columns(
                header,
                [DATE, PRACTICE, SEX, AGE, COUNT],
                passed_over,
                ("Patients Registered at a GP Practice", taken),
            )?,
            file: Published::new(header, defaults, COLLECTION),
            unique: UniqueRows::default(),
            practices: BTreeMap::new(),
        })
    }

    fn cell<'a>(&'a self, row: &'a csv::StringRecord, place: usize) -> Cell<'a> {
        self.file.cell(row, self.places[place])
    }

    /// The code of a row's sex; none: everybody.
    fn sex(&self, row: &csv::StringRecord) -> Result<Option<&'static str>, IngestError> {
        let cell = self.cell(row, 2);
        if cell.text.eq_ignore_ascii_case(ALL) {
            return Ok(None);
        }
        let known = SEXES.iter().find(|(label, _)| label.eq_ignore_ascii_case(cell.text));
        let code = known.map(|(_, code)| *code).filter(|_| self.edition != Edition::AllPersons);
        code.map(Some).ok_or_else(|| {
            cell.wrong(match self.edition {
                Edition::AllPersons => "ALL, in the edition of all persons",
                Edition::SingleYears | Edition::FiveYears => "MALE, FEMALE, UNKNOWN or ALL",
            })
        })
    }

    /// The age of a row; none: everybody.
    fn age(&self, row: &csv::StringRecord) -> Result<Option<PersonCharacteristics>, IngestError> {
        let cell = self.cell(row, 3);
        if cell.text.eq_ignore_ascii_case(ALL) {
            return Ok(None);
        }
        let band = |age_band: String| PersonCharacteristics { age_band, ..Default::default() };
        let years = |text: &str| -> Option<i32> {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| text.parse().ok())?.filter(|years| *years < OLDEST_YEARS)
        };
        let age = match self.edition {
            Edition::AllPersons => None,
            _ if cell.text == OLDEST => Some(band(OLDEST.to_owned())),
            Edition::SingleYears => years(cell.text).map(|years| PersonCharacteristics {
                age_years: Some(years),
                ..Default::default()
            }),
            // `0_4`.
            Edition::FiveYears => {
                let ends = cell.text.split_once(['_', '-']);
                let ends = ends.and_then(|(first, last)| years(first).zip(years(last)));
                let ends = ends.filter(|(first, last)| first % 5 == 0 && *last == first + 4);
                ends.map(|(first, last)| band(format!("{first}-{last}")))
            }
        };
        age.map(Some).ok_or_else(|| {
            cell.wrong(match self.edition {
                Edition::AllPersons => "ALL, in the edition of all persons",
                Edition::SingleYears => "a year of age from 0 to 94, 95+ or ALL",
                Edition::FiveYears => "a group of five years of age (0_4, 5_9, …), 95+ or ALL",
            })
        })
    }
}

impl Edition {
    fn of(header: &csv::StringRecord) -> Self {
        if find(header, FIVE_YEARS).is_some() {
            Edition::FiveYears
        } else if find(header, &["CODE"]).is_some() {
            Edition::AllPersons
        } else {
            Edition::SingleYears
        }
    }

    fn name(self) -> &'static str {
        match self {
            Edition::SingleYears => "single years of age",
            Edition::FiveYears => "five-year age groups",
            Edition::AllPersons => "all persons",
        }
    }
}

impl FileFormat for Registered {
    fn leaves_out(&self, row: &csv::StringRecord) -> Option<&'static str> {
        let kind = self.kind.map(|column| &row[column])?;
        (kind != PRACTICES).then_some(
            "rows of networks, locations and regions, whose people are those of practices",
        )
    }

    fn group<'a>(
        &'a self,
        row: &'a csv::StringRecord,
    ) -> Result<OrganisationMonth<'a>, IngestError> {
        let practice = self.cell(row, 1).filled("the code of a practice, for example C82001")?;
        let date = self.cell(row, 0);
        // Extracts are of the first day of a month, or of the first working day.
        let month = month::day(date.text).map(|(month, _)| month);
        let month = month.ok_or_else(|| date.wrong("a day in the form 01JAN2021 or 2021-01-01"))?;
        Ok((practice, Cow::Owned(month.to_string())))
    }

    fn is_of_many(&self) -> bool {
        true
    }

    fn whole_numbers(&self) -> Vec<usize> {
        vec![self.places[4]]
    }

    fn start(&self, submission: &mut SubmissionFile) {
        let source = Source {
            publisher: "NHS England (formerly NHS Digital)",
            title: "Patients Registered at a GP Practice",
            edition: self.edition.name(),
            licence: OGL,
            uri: "https://digital.nhs.uk/data-and-information/publications/statistical/patients-registered-at-a-gp-practice",
            series: "",
        };
        let collected: &[&str] = match self.edition {
            Edition::AllPersons => &[],
            Edition::SingleYears | Edition::FiveYears => &["age_band", "sex"],
        };
        let rows = (Records::Populations(Vec::new()), source);
        self.file.start_records(submission, rows, &[], collected);
    }

    fn add(
        &mut self,
        submission: &mut SubmissionFile,
        row: &csv::StringRecord,
    ) -> Result<(), IngestError> {
        let (sex, age) = (self.sex(row)?, self.age(row)?);
        let (people, suppressed) = self.cell(row, 4).counted_from(0)?;
        let key = [
            submission.organisation.as_str(),
            &submission.month,
            &row[self.places[2]],
            &row[self.places[3]],
        ];
        self.unique.take(row, &key, "practice, month, sex and age")?;
        let line = line_of(row);
        let of_practice = (submission.organisation.clone(), submission.month.clone());
        let practice = self.practices.entry(of_practice).or_default();
        practice.line = line;
        practice.suppressed |= suppressed;
        let person = match (sex, age) {
            (Some(sex), Some(age)) => {
                for of in [sex, ALL] {
                    let sum = practice.sums.entry(of).or_default();
                    *sum = sum.saturating_add(people);
                }
                Some(PersonCharacteristics { sex: sex.to_owned(), ..age })
            }
            (sex, None) => {
                practice.totals.insert(sex.unwrap_or(ALL), (line, people));
                if self.edition != Edition::AllPersons {
                    return Ok(());
                }
                None
            }
            // Of one age, of every sex.
            (None, Some(_)) => return Ok(()),
        };
        submission.rows.add_people(PopulationRecord {
            person_count: people,
            suppressed,
            person,
            ..PopulationRecord::default()
        });
        Ok(())
    }

    fn complete(&mut self, submission: &mut SubmissionFile) -> Result<(), IngestError> {
        let key = (submission.organisation.clone(), submission.month.clone());
        let Some(of) = self.practices.remove(&key) else { return Ok(()) };
        if self.edition == Edition::AllPersons {
            return Ok(());
        }
        let has = |sex| of.sums.contains_key(sex);
        if self.edition == Edition::SingleYears && !(has(MALE) && has(FEMALE)) {
            return Err(IngestError::HalfOfPublication { line: of.line, organisation: key.0 });
        }
        let wrong = of.totals.iter().find(|(sex, (_, total))| {
            !of.suppressed && of.sums.get(*sex).copied().unwrap_or_default() != *total
        });
        match wrong {
            None => Ok(()),
            Some((sex, (line, total))) => {
                let sum = of.sums.get(sex).copied().unwrap_or_default();
                let expected = format!("{sum}, the sum of the ages of practice {}", key.0);
                Err(IngestError::value(*line, COUNT[0], &total.to_string(), expected))
            }
        }
    }
}
