//! Census 2021 by small area (Office for National Statistics): ethnic group (TS021), disability (TS038), religion (TS030).
//!
//! The forms in which they are published: the bulk table and the query of Nomis have a row for each area, the custom data set of ONS
//! and the package `demographr` one for each area and category. Subdivisions of a category are counted in it. Rows of Wales are left
//! out, because the service knows the areas of England.
//!
//! Each table has its own collection: the publisher perturbs counts, so the totals of tables differ (1,122,002 people by ethnic
//! group, 1,122,017 by disability in the same places). The service keeps both totals. Small areas are those of 2021. An area has
//! each category once, and the categories add up to the residents of the area, unless a count is suppressed. What is suppressed is
//! never worked out of the others.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::cells::{Cell, UniqueRows, whole};
use super::census_form::Form;
use super::census_topic::Topic;
use super::defaults::Defaults;
use super::grouping::{FileFormat, OrganisationMonth};
use super::open::line_of;
use super::published::{OGL, Published, Source};
use super::{IngestError, Records, SubmissionFile};
use crate::proto::v1::{PersonCharacteristics, PopulationRecord};

/// The publisher.
pub const ORGANISATION: &str = "ONS";
const MONTH: &str = "2021-03";

/// People to whom a question does not apply, in custom data sets: they are no usual residents.
const DOES_NOT_APPLY: &str = "Does not apply";

/// The format of the three tables.
pub(super) struct Census {
    topic: &'static Topic,
    file: Published,
    form: Form,
    unique: UniqueRows,
    /// For each area: line of its first row, residents if the file has them, people and categories so far.
    areas: BTreeMap<String, (u64, Option<i64>, Sums)>,
}

/// People and categories of an area.
#[derive(Clone, Copy, Default)]
struct Sums {
    people: i64,
    categories: usize,
    /// Whether a count is suppressed, so that the sum is not known.
    suppressed: bool,
}

/// People of a category, and whether the count is suppressed.
type People = (i64, bool);

impl Census {
    /// The format of a header; `None` if the file is none of the three.
    pub(super) fn new(
        header: &csv::StringRecord,
        defaults: &Defaults,
    ) -> Result<Option<Self>, IngestError> {
        let Some((topic, form)) = Form::of(header)? else { return Ok(None) };
        Ok(Some(Census {
            topic,
            file: Published::new(header, defaults, topic.collection),
            form,
            unique: UniqueRows::default(),
            areas: BTreeMap::new(),
        }))
    }

    /// The code of a category: of a label, or of the label that it subdivides.
    fn code(&self, category: &Cell<'_>) -> Result<&'static str, IngestError> {
        let within = |label: &str| {
            let rest = category.text.strip_prefix(label);
            rest.is_some_and(|rest| rest.starts_with(": "))
        };
        match self.topic.labels.iter().find(|(label, _)| within(label)) {
            Some((_, code)) => Ok(code),
            None => category.label(self.topic.labels),
        }
    }

    fn record(
        &self,
        area: &str,
        code: &str,
        (person_count, suppressed): People,
    ) -> PopulationRecord {
        let mut person = PersonCharacteristics::default();
        match self.topic.field {
            "ethnic_category" => code.clone_into(&mut person.ethnic_category),
            "religion" => code.clone_into(&mut person.religion),
            _ => person.disability.push(code.to_owned()),
        }
        let (residence_lsoa, person) = (area.to_owned(), Some(person));
        PopulationRecord { person_count, suppressed, residence_lsoa, person }
    }

    /// Counts people of categories in the sums of their area.
    fn sum(
        &mut self,
        row: &csv::StringRecord,
        area: &str,
        residents: Option<usize>,
        people: &[People],
    ) -> Result<(), IngestError> {
        let of = match residents {
            Some(column) => self.file.cell(row, column).unless_suppressed(Cell::count)?,
            None => None,
        };
        let (line, first, sums) =
            self.areas.entry(area.to_owned()).or_insert((line_of(row), of, Sums::default()));
        if let Some(column) = residents.filter(|_| *first != of) {
            let first = first.map_or("no number".to_owned(), |first| first.to_string());
            let expected = format!("{first}, as in line {line} for the same area");
            return Err(self.file.cell(row, column).wrong(expected));
        }
        for (people, suppressed) in people {
            sums.people = sums.people.saturating_add(*people);
            sums.suppressed |= suppressed;
        }
        sums.categories += people.len();
        Ok(())
    }
}

impl FileFormat for Census {
    fn leaves_out(&self, row: &csv::StringRecord) -> Option<&'static str> {
        if self.file.cell(row, self.form.area()).area("W01", "").is_ok() {
            return Some("rows of small areas of Wales");
        }
        let category = self.form.category().map(|column| &row[column]);
        (category == Some(DOES_NOT_APPLY))
            .then_some("rows of people to whom the question does not apply")
    }

    fn group<'a>(
        &'a self,
        row: &'a csv::StringRecord,
    ) -> Result<OrganisationMonth<'a>, IngestError> {
        if let Some(date) = self.form.date().filter(|column| whole(&row[*column]) != "2021") {
            return Err(self
                .file
                .cell(row, date)
                .wrong("2021, the year of the census that is taken"));
        }
        Ok((ORGANISATION, Cow::Borrowed(MONTH)))
    }

    fn whole_numbers(&self) -> Vec<usize> {
        self.form.whole_numbers()
    }

    fn start(&self, submission: &mut SubmissionFile) {
        let systems = [(self.topic.field, self.topic.system), ("residence_lsoa", "lsoa_2021")];
        let source = Source {
            publisher: "Office for National Statistics",
            title: "Census 2021",
            edition: self.topic.edition,
            licence: OGL,
            uri: "https://www.ons.gov.uk/census",
            series: "",
        };
        let rows = (Records::Populations(Vec::new()), source);
        self.file.start_records(submission, rows, &systems, &[self.topic.field]);
    }

    fn add(
        &mut self,
        submission: &mut SubmissionFile,
        row: &csv::StringRecord,
    ) -> Result<(), IngestError> {
        let area = self.file.cell(row, self.form.area());
        let area = area.area("E01", "").map_err(|_| {
            area.wrong(
                "a small area (LSOA) of 2021, for example E01013600; download the table by LSOA",
            )
        })?;
        let (area, mut records) = (area.to_owned(), Vec::new());
        match &self.form {
            Form::Long { category, people, residents, .. } => {
                let (category, people) =
                    (self.file.cell(row, *category), self.file.cell(row, *people).counted_from(0)?);
                let residents = *residents;
                records.push(self.record(&area, self.code(&category)?, people));
                let said = &row[self.form.category().unwrap_or_default()];
                self.unique.take(row, &[&area, said], "area and category")?;
                self.sum(row, &area, residents, &[people])?;
            }
            Form::Wide { total, categories, .. } => {
                let (total, mut people) = (*total, Vec::new());
                for ((_, code), column) in self.topic.labels.iter().zip(categories) {
                    let of = self.file.cell(row, *column).counted_from(0)?;
                    records.push(self.record(&area, code, of));
                    people.push(of);
                }
                self.unique.take(row, &[&area], "area")?;
                self.sum(row, &area, Some(total), &people)?;
            }
        }
        records.into_iter().for_each(|record| submission.rows.add_people(record));
        Ok(())
    }

    fn complete(&mut self, _submission: &mut SubmissionFile) -> Result<(), IngestError> {
        let expected = self.form.categories(self.topic);
        let wrong = self.areas.iter().find(|(_, (_, residents, of))| {
            let differs = residents.is_some_and(|residents| match of.suppressed {
                true => residents < of.people,
                false => residents != of.people,
            });
            differs || !expected.contains(&of.categories)
        });
        let Some((area, (line, residents, of))) = wrong else { return Ok(()) };
        let (people, found) = (of.people, of.categories);
        let expected = expected.start();
        Err(match residents {
            Some(residents) => {
                let column = &self.file.header[self.form.total().unwrap_or_default()];
                let expected = format!(
                    "the sum of the {expected} categories of the area; the file has {found} of them, with {people} people"
                );
                IngestError::value(*line, column, &residents.to_string(), expected)
            }
            None => {
                let expected =
                    format!("an area with {expected} categories; the file has {found} of them");
                IngestError::value(*line, &self.file.header[self.form.area()], area, expected)
            }
        })
    }
}
