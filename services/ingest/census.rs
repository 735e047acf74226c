//! Census 2021 by small area (Office for National Statistics): ethnic group (TS021), disability (TS038), religion (TS030).
//!
//! Each table has its own collection: the publisher perturbs counts, so the totals of tables differ (1,122,002 people by ethnic
//! group, 1,122,017 by disability in the same places). The service keeps both totals. Small areas are those of 2021. An area has
//! each category once, and the categories add up to the residents of the area.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::cells::{Cell, UniqueRows, cell};
use super::defaults::Defaults;
use super::grouping::{FileFormat, OrganisationMonth};
use super::header::{exactly, has_all};
use super::open::line_of;
use super::{IngestError, Records, SubmissionFile};
use crate::proto::v1::{PersonCharacteristics, PopulationRecord};

/// The publisher.
pub const ORGANISATION: &str = "ONS";
const MONTH: &str = "2021-03";

/// One table of the census.
struct Topic {
    collection: &'static str,
    column: &'static str,
    field: &'static str,
    system: &'static str,
    /// Published labels, and their codes in a record.
    labels: &'static [(&'static str, &'static str)],
}

/// `asian` includes Chinese, as in the dimension `ethnic_group_broad`.
const TOPICS: [Topic; 3] = [
    Topic {
        collection: "census-2021-ethnic-group",
        column: "ethnic_group",
        field: "ethnic_category",
        system: "equity_ethnicity",
        labels: &[
            ("Asian, Asian British or Asian Welsh", "asian"),
            ("Black, Black British, Black Welsh, Caribbean or African", "black"),
            ("Mixed or Multiple ethnic groups", "mixed"),
            ("White", "white"),
            ("Other ethnic group", "other"),
        ],
    },
    Topic {
        collection: "census-2021-disability",
        column: "disability",
        field: "disability",
        system: "census_2021",
        labels: &[
            ("Disabled under the Equality Act", "Disabled under the Equality Act"),
            ("Not disabled under the Equality Act", "Not disabled under the Equality Act"),
        ],
    },
    Topic {
        collection: "census-2021-religion",
        column: "religion",
        field: "religion",
        system: "census_2021",
        labels: &[
            ("No religion", "No religion"),
            ("Christian", "Christian"),
            ("Buddhist", "Buddhist"),
            ("Hindu", "Hindu"),
            ("Jewish", "Jewish"),
            ("Muslim", "Muslim"),
            ("Sikh", "Sikh"),
            ("Other religion", "Other religion"),
            ("Not answered", "Not answered"),
        ],
    },
];

/// The format of the three files.
pub(super) struct Census {
    topic: &'static Topic,
    collection: String,
    header: csv::StringRecord,
    /// Columns of area, category, people, residents, share.
    places: [usize; 5],
    unique: UniqueRows,
    /// For each area: line of its first row, residents, people so far, categories so far.
    areas: BTreeMap<String, (u64, i64, i64, usize)>,
}

impl Census {
    fn topic(header: &csv::StringRecord) -> Option<&'static Topic> {
        let areas = has_all(header, &["lsoa21_code", "total_residents"]);
        TOPICS.iter().find(|topic| areas && has_all(header, &[topic.column]))
    }

    /// The format of a header; `None` if the file is none of the three.
    pub(super) fn new(
        header: &csv::StringRecord,
        defaults: &Defaults,
    ) -> Result<Option<Self>, IngestError> {
        let Some(topic) = Census::topic(header) else { return Ok(None) };
        let columns = ["lsoa21_code", topic.column, "n", "total_residents", "prop"];
        let collection = defaults.collection.as_deref().unwrap_or(topic.collection);
        Ok(Some(Census {
            topic,
            collection: collection.to_owned(),
            places: exactly(header, columns)?,
            header: header.clone(),
            unique: UniqueRows::default(),
            areas: BTreeMap::new(),
        }))
    }

    fn cell<'a>(&'a self, row: &'a csv::StringRecord, column: usize) -> Cell<'a> {
        cell(row, &self.header, self.places[column])
    }

    fn person(&self, code: &str) -> PersonCharacteristics {
        let mut person = PersonCharacteristics::default();
        match self.topic.field {
            "ethnic_category" => code.clone_into(&mut person.ethnic_category),
            "religion" => code.clone_into(&mut person.religion),
            _ => person.disability.push(code.to_owned()),
        }
        person
    }
}

impl FileFormat for Census {
    fn group<'a>(
        &'a self,
        _row: &'a csv::StringRecord,
    ) -> Result<OrganisationMonth<'a>, IngestError> {
        Ok((ORGANISATION, Cow::Borrowed(MONTH)))
    }

    fn start(&self, submission: &mut SubmissionFile) {
        let systems = [(self.topic.field, self.topic.system), ("residence_lsoa", "lsoa_2021")];
        submission.collection.clone_from(&self.collection);
        submission.code_systems =
            systems.map(|(field, system)| (field.into(), system.into())).into();
        submission.collected = vec![self.topic.field.to_owned()];
        submission.rows = Records::Populations(Vec::new());
    }

    fn add(
        &mut self,
        submission: &mut SubmissionFile,
        row: &csv::StringRecord,
    ) -> Result<(), IngestError> {
        let area = self.cell(row, 0).area("E01", "E01013600")?.to_owned();
        let category = self.cell(row, 1);
        let code = category.label(self.topic.labels)?;
        let (people, residents) = (self.cell(row, 2).count()?, self.cell(row, 3).count()?);
        self.unique.take(row, &[&area, &row[self.places[1]]], "area and category")?;
        let sums = self.areas.entry(area.clone()).or_insert((line_of(row), residents, 0, 0));
        if sums.1 != residents {
            let expected = format!("{}, as in line {} for the same area", sums.1, sums.0);
            return Err(self.cell(row, 3).wrong(expected));
        }
        sums.2 = sums.2.saturating_add(people);
        sums.3 += 1;
        let person = Some(self.person(code));
        if let Records::Populations(rows) = &mut submission.rows {
            rows.push(PopulationRecord { person_count: people, residence_lsoa: area, person });
        }
        Ok(())
    }

    fn complete(&mut self, _submission: &SubmissionFile) -> Result<(), IngestError> {
        let categories = self.topic.labels.len();
        let wrong = self
            .areas
            .values()
            .find(|(_, residents, people, found)| residents != people || *found != categories);
        let Some((line, residents, people, found)) = wrong else { return Ok(()) };
        let expected = format!(
            "the sum of the {categories} categories of the area; the file has {found} of them, with {people} people"
        );
        Err(IngestError::value(*line, "total_residents", &residents.to_string(), expected))
    }
}
