//! The forms in which census tables are published: which columns hold what.

use std::ops::RangeInclusive;

use super::IngestError;
use super::census_topic::{TOPICS, Topic};
use super::error::shortened;
use super::header::{columns, each, find, has_all, require};

/// What a custom data set calls its columns.
const AREA_CODE: &str = "Lower layer Super Output Areas Code";
const AREA_NAME: &str = "Lower layer Super Output Areas";
const PEOPLE: &str = "Observation";
/// What a bulk table calls its columns.
const DATE: &str = "date";
const GEOGRAPHY: &str = "geography";
const GEOGRAPHY_CODE: &str = "geography code";
/// What a query calls its columns.
const QUERY_AREA: &str = "2021 super output area - lower layer";
const MNEMONIC: &str = "mnemonic";
const TOTAL: &str = "Total: All usual residents";
/// What bulk tables may have behind the name of a column.
const MEASURE: &str = "; measures: Value";

const TAKEN: &str = "taken are ethnic group (TS021), disability (TS038) and religion (TS030) by lower layer super output area (LSOA)";

/// The columns of a table.
pub(super) enum Form {
    /// A row for each area and category.
    Long {
        area: usize,
        category: usize,
        people: usize,
        residents: Option<usize>,
        /// How many categories an area has.
        of: RangeInclusive<usize>,
    },
    /// A row for each area, with a column for each category, in the order of the topic's labels.
    Wide { area: usize, date: Option<usize>, total: usize, categories: Vec<usize> },
}

impl Form {
    /// The topic and form of a header; `None` if it is no census table.
    pub(super) fn of(
        header: &csv::StringRecord,
    ) -> Result<Option<(&'static Topic, Self)>, IngestError> {
        if has_all(header, &["lsoa21_code", "total_residents"]) {
            let topic = TOPICS.iter().find(|topic| has_all(header, &[topic.column]));
            return topic.map(|topic| Ok((topic, package(header, topic)?))).transpose();
        }
        let other = IngestError::NotImported {
            what: "a table of Census 2021",
            why: "it is of another topic or edition",
            taken: TAKEN,
        };
        let found = if has_all(header, &[AREA_CODE, PEOPLE]) {
            TOPICS
                .iter()
                .find_map(|topic| Some((topic, category_of(header, topic)?)))
                .map(|(topic, category)| Ok((topic, custom(header, category)?)))
        } else if has_all(header, &[DATE, GEOGRAPHY, GEOGRAPHY_CODE]) {
            let is_of =
                |topic: &&Topic| place(header, &format!("{}: {TOTAL}", topic.title)).is_some();
            let topic = TOPICS.iter().find(is_of);
            topic.map(|topic| {
                Ok((topic, wide(header, topic, Some(DATE), &format!("{}: ", topic.title))?))
            })
        } else if has_all(header, &[MNEMONIC, TOTAL]) {
            let is_of = |topic: &&Topic| {
                topic.labels.iter().any(|(label, _)| place(header, label).is_some())
            };
            let topic = TOPICS.iter().find(is_of);
            topic.map(|topic| Ok((topic, wide(header, topic, None, "")?)))
        } else {
            return Ok(None);
        };
        found.unwrap_or(Err(other)).map(Some)
    }

    pub(super) fn area(&self) -> usize {
        match self {
            Form::Long { area, .. } | Form::Wide { area, .. } => *area,
        }
    }

    pub(super) fn category(&self) -> Option<usize> {
        match self {
            Form::Long { category, .. } => Some(*category),
            Form::Wide { .. } => None,
        }
    }

    /// The column of the year.
    pub(super) fn date(&self) -> Option<usize> {
        match self {
            Form::Long { .. } => None,
            Form::Wide { date, .. } => *date,
        }
    }

    /// The column of an area's residents.
    pub(super) fn total(&self) -> Option<usize> {
        match self {
            Form::Long { residents, .. } => *residents,
            Form::Wide { total, .. } => Some(*total),
        }
    }

    /// The columns of people, and of the year.
    pub(super) fn whole_numbers(&self) -> Vec<usize> {
        match self {
            Form::Long { people, residents, .. } => {
                [*people].into_iter().chain(*residents).collect()
            }
            Form::Wide { total, date, categories, .. } => {
                [*total].into_iter().chain(*date).chain(categories.iter().copied()).collect()
            }
        }
    }

    /// How many categories an area has.
    pub(super) fn categories(&self, topic: &Topic) -> RangeInclusive<usize> {
        match self {
            Form::Long { of, .. } => of.clone(),
            Form::Wide { .. } => topic.labels.len()..=topic.labels.len(),
        }
    }
}

/// The columns of the package `demographr`.
fn package(header: &csv::StringRecord, topic: &Topic) -> Result<Form, IngestError> {
    let names = ["lsoa21_code", topic.column, "n", "total_residents", "prop"];
    let [area, category, people, residents, _] =
        columns(header, each(&names), |_| false, ("a table of Census 2021", TAKEN))?;
    let of = topic.labels.len()..=topic.labels.len();
    Ok(Form::Long { area, category, people, residents: Some(residents), of })
}

/// The column `Ethnic group (6 categories)` of a custom data set.
fn category_of(header: &csv::StringRecord, topic: &Topic) -> Option<usize> {
    let is_of = |name: &str| name.starts_with(topic.title) && name.ends_with(" categories)");
    header.iter().position(is_of)
}

/// The columns of a custom data set.
fn custom(header: &csv::StringRecord, category: usize) -> Result<Form, IngestError> {
    let code = format!("{} Code", &header[category]);
    let passed_over = |name: &str| [AREA_NAME, &code, &header[category]].contains(&name);
    let what = "a custom data set of Census 2021";
    let [area, people] = columns(header, [&[AREA_CODE], &[PEOPLE]], passed_over, (what, TAKEN))?;
    let number = header[category].rsplit(['(', ' ']).find_map(|word| word.parse::<usize>().ok());
    let number = number.ok_or(IngestError::MissingColumn { column: "… (n categories)" })?;
    // One of the categories is of people to whom the question does not apply; they may be missing.
    Ok(Form::Long { area, category, people, residents: None, of: number - 1..=number })
}

/// The columns of a table with a row for each area. `prefix` is what its columns of people begin with.
fn wide(
    header: &csv::StringRecord,
    topic: &Topic,
    date: Option<&'static str>,
    prefix: &str,
) -> Result<Form, IngestError> {
    let (area, names): (usize, &[&str]) = match date {
        Some(_) => (require(header, &[GEOGRAPHY_CODE])?, &[GEOGRAPHY]),
        None => (require(header, &[MNEMONIC])?, &[QUERY_AREA]),
    };
    let date = date.and_then(|name| find(header, &[name]));
    let total = place(header, &format!("{prefix}{TOTAL}"));
    let total = total.ok_or(IngestError::MissingColumn { column: TOTAL })?;
    let labels = || topic.labels.iter().map(|(label, _)| *label);
    let category = |label: &&str| place(header, &format!("{prefix}{label}"));
    let lacks: Vec<_> = labels().filter(|label| category(label).is_none()).collect();
    let categories: Vec<usize> = labels().filter_map(|label| category(&label)).collect();
    let subdivides = |name: &str| {
        let label = name.strip_prefix(prefix).unwrap_or_default();
        topic.labels.iter().any(|(known, _)| label.starts_with(&format!("{known}: ")))
    };
    let known = |place: &usize| {
        [area, total].contains(place)
            || categories.contains(place)
            || date == Some(*place)
            || names.contains(&&header[*place])
            || subdivides(&header[*place])
    };
    let others = (0..header.len()).filter(|place| !known(place));
    let others: Vec<_> = others.map(|place| (shortened(&header[place]), None)).collect();
    if !(lacks.is_empty() && others.is_empty()) {
        let what = "a table of Census 2021 with a column for each category";
        return Err(IngestError::OtherColumns { what, lacks, others, taken: TAKEN });
    }
    Ok(Form::Wide { area, date, total, categories })
}

/// The place of a column whose name may say its measure.
fn place(header: &csv::StringRecord, name: &str) -> Option<usize> {
    header.iter().position(|column| column.strip_suffix(MEASURE).unwrap_or(column) == name)
}
