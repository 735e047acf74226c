//! What an answer was made of, and what has to be known to read it.

use std::collections::BTreeSet;

use super::plan::{On, Plan, PlanAxis};
use super::table::Table;
use crate::domain::codes::{Dimension, Source, State};
use crate::domain::collection::{DataClass, Openness};
use crate::domain::field::Field;
use crate::domain::period::Month;
use crate::engine::query::{Query, Where};

/// Dimension that a care setting is a condition on.
const CARE_SETTING: &str = "care_setting";

/// One part of the key of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Dimension id.
    pub dimension: String,
    /// Code, or the name of the state.
    pub code: String,
    /// The state; none for a category.
    pub state: Option<State>,
}

/// Why there is no figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Nobody has submitted anything that the question covers.
    NoData,
    /// The sources do not collect it.
    NotCollected,
    /// It cannot be computed.
    NotComputable,
}

/// Why there is no figure, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Absence {
    /// The reason.
    pub reason: Reason,
    /// In a sentence.
    pub detail: String,
}

/// Why there is nothing to answer at all.
pub type Empty = Absence;

/// Quality of one dimension.
#[derive(Clone, Debug, PartialEq)]
pub struct DimensionQuality {
    /// Dimension id.
    pub dimension: String,
    /// Share of consultations, or people, whose source collects the characteristic.
    pub coverage: Option<f64>,
    /// Share of those whose category is unknown.
    pub unknown: Option<f64>,
}

/// The words of a dimension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Legend {
    /// Dimension id.
    pub dimension: String,
    /// Words for people.
    pub label: String,
    /// Which way the order runs.
    pub direction: String,
    /// Whether a record can be in several categories.
    pub overlapping: bool,
    /// Categories that occur: code and words.
    pub categories: Vec<(String, String)>,
}

/// A condition that everything in an answer meets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Dimension id.
    pub dimension: String,
    /// Words for it.
    pub label: String,
    /// Codes and words of its categories or states, one of which holds.
    pub codes: Vec<(String, String)>,
}

/// What an answer was made of.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)] // the contract's message of the same name describes each
pub struct Context {
    pub collection: String,
    pub data_class: DataClass,
    pub openness: Openness,
    pub provenance: String,
    pub area: String,
    pub area_name: String,
    pub residence: bool,
    pub first: Month,
    pub last: Month,
    pub data_position: u64,
    pub submission_count: usize,
    pub organisation_count: usize,
    pub expected_organisation_count: usize,
    pub quality: Vec<DimensionQuality>,
    pub unattributed: Option<(u64, String)>,
    pub legend: Vec<Legend>,
    pub notes: Vec<String>,
    pub empty: Option<Empty>,
    pub conditions: Vec<Condition>,
    /// Code and name.
    pub organisations: Vec<(String, String)>,
    pub month_count: usize,
    pub expected_month_count: usize,
}

impl Plan {
    /// The context of an answer over this plan, without what needs figures.
    pub(super) fn context(&self, query: &Query) -> Context {
        let (area, residence) = match &query.place {
            Where::Provider(area) => (area.clone(), false),
            Where::Residence(area) => (area.clone(), true),
            Where::Organisations(_) => (String::new(), false),
        };
        let organisations: BTreeSet<_> = self.submissions.iter().map(|s| &s.organisation).collect();
        let mut notes = Vec::new();
        if self.collection.data_class == DataClass::Synthetic {
            notes.push("SYNTHETIC: made by a program; says nothing about real people.".into());
        }
        let missing: Vec<_> = self
            .expected
            .iter()
            .filter(|code| !organisations.iter().any(|found| found.as_ref() == code.as_str()))
            .collect();
        if !missing.is_empty() && !organisations.is_empty() {
            let some: Vec<_> = missing.iter().take(5).map(|code| code.as_str()).collect();
            let more = if missing.len() > 5 { ", …" } else { "" };
            notes.push(format!(
                "{} of {} expected organisations have submitted nothing for these months: {}{more}.",
                missing.len(),
                self.expected.len(),
                some.join(", ")
            ));
        }
        let months = self.months(query);
        let with = months.iter().filter(|(_, has)| *has).count();
        notes.extend(months_without(&months, with));
        for axis in self.axes.iter().filter(|axis| axis.dimension.overlapping()) {
            notes.push(format!(
                "{}: a record can be in several categories, so rows add to more than the total.",
                axis.dimension.id
            ));
        }
        let empty = self.submissions.is_empty().then(|| Absence {
            reason: Reason::NoData,
            detail: format!(
                "collection `{}` has no submission for {} to {} here; ReferenceService.ListAvailability lists what there is",
                self.collection.id, query.months.0, query.months.1
            ),
        });
        Context {
            collection: self.collection.id.clone(),
            data_class: self.collection.data_class,
            openness: self.collection.openness,
            provenance: self.collection.provenance.clone(),
            area_name: self
                .reference
                .areas()
                .get(&area)
                .map_or(String::new(), |area| area.name.clone()),
            area,
            residence,
            first: query.months.0,
            last: query.months.1,
            data_position: self.data_position,
            submission_count: self.submissions.len(),
            organisation_count: organisations.len(),
            expected_organisation_count: self.expected.len(),
            quality: Vec::new(),
            unattributed: None,
            legend: Vec::new(),
            notes,
            empty,
            conditions: self.conditions(query),
            organisations: self.asked_organisations(query),
            month_count: with,
            expected_month_count: months.len(),
        }
    }

    /// The conditions of a question in one order, however they were asked: by dimension, codes as it orders them. The care setting is
    /// one where records were chosen by it.
    fn conditions(&self, query: &Query) -> Vec<Condition> {
        let mut asked: Vec<(&str, Vec<&str>)> = query
            .filters
            .iter()
            .map(|filter| {
                (filter.dimension.as_str(), filter.codes.iter().map(String::as_str).collect())
            })
            .collect();
        let by_setting = self.filters.iter().any(|filter| filter.field == Field::CareSetting);
        if let Some(setting) = query.care_setting.as_deref().filter(|_| by_setting) {
            asked.push((CARE_SETTING, vec![setting]));
        }
        let condition = |(id, mut codes): (&str, Vec<&str>)| {
            let dimension = self.reference.dimension(id)?;
            codes.sort_unstable_by_key(|code| (dimension.place_of(code), *code));
            let words = |code: &str| (code.to_owned(), self.words(dimension, code));
            let codes = codes.into_iter().map(words).collect();
            Some(Condition { dimension: id.to_owned(), label: dimension.label.clone(), codes })
        };
        let mut conditions: Vec<_> = asked.into_iter().filter_map(condition).collect();
        conditions.sort_by(|a, b| (&a.dimension, &a.codes).cmp(&(&b.dimension, &b.codes)));
        conditions.dedup();
        conditions
    }

    /// Words for a code of a dimension; the code where it has none.
    fn words(&self, dimension: &Dimension, code: &str) -> String {
        let known = match &dimension.source {
            Source::Organisation => self.reference.organisation(code).map(|found| &found.name),
            Source::ProviderArea(_) => self.reference.areas().get(code).map(|area| &area.name),
            Source::Field(_)
            | Source::Month
            | Source::Quarter
            | Source::FinancialYear
            | Source::CalendarYear => {
                let mut categories = dimension.categories.iter();
                categories.find(|(category, _)| category == code).map(|(_, words)| words)
            }
        };
        let state = || State::from_name(code).map(|_| code.replace('_', " ").to_lowercase());
        known.cloned().or_else(state).unwrap_or_else(|| code.to_owned())
    }

    /// The organisations that were asked for by their codes.
    fn asked_organisations(&self, query: &Query) -> Vec<(String, String)> {
        let Where::Organisations(codes) = &query.place else { return Vec::new() };
        let named = |code: &String| {
            let known = self.reference.organisation(code);
            (code.clone(), known.map_or_else(|| code.clone(), |found| found.name.clone()))
        };
        codes.iter().map(named).collect()
    }

    /// The months asked for that conditions on time leave, and whether anybody has submitted anything for each.
    fn months(&self, query: &Query) -> Vec<(Month, bool)> {
        let (first, last) = query.months;
        let has: BTreeSet<_> = self.submissions.iter().map(|s| s.slot.month).collect();
        let meant = |month: &Month| {
            query.filters.iter().all(|filter| {
                let dimension = self.reference.dimension(&filter.dimension);
                let period = dimension.and_then(|dimension| dimension.source.period(*month));
                period.is_none_or(|code| filter.codes.contains(&code))
            })
        };
        let asked = (first.number()..=last.number()).filter_map(|n| Month::from_number(n.into()));
        asked.filter(meant).map(|month| (month, has.contains(&month))).collect()
    }

    /// The key of a row.
    pub(super) fn keys(&self, row: &[usize]) -> Vec<Key> {
        row.iter().zip(&self.axes).map(|(place, axis)| axis.key(*place)).collect()
    }

    /// Whether a row is wanted.
    pub(super) fn wants(&self, row: &[usize]) -> bool {
        row.iter()
            .zip(&self.axes)
            .all(|(place, axis)| axis.only.as_ref().is_none_or(|only| only.contains(place)))
    }

    /// The words of the outer axes, and of the channel, for the categories that occur.
    pub(super) fn legend(&self, table: &Table, outer: usize, channels: &[usize]) -> Vec<Legend> {
        let mut legend = Vec::new();
        for (number, axis) in self.axes.iter().enumerate().take(outer + 1) {
            let occurs: BTreeSet<usize> = if number == outer {
                channels.iter().copied().collect()
            } else {
                table.rows.keys().map(|row| row[number]).collect()
            };
            let categories =
                occurs.into_iter().filter_map(|place| axis.categories.get(place).cloned());
            legend.push(Legend {
                dimension: axis.dimension.id.clone(),
                label: axis.dimension.label.clone(),
                direction: axis.dimension.direction.clone(),
                overlapping: axis.dimension.overlapping(),
                categories: categories.collect(),
            });
        }
        legend
    }
}

impl PlanAxis {
    /// The key of a place.
    pub(super) fn key(&self, place: usize) -> Key {
        let state = self.state(place);
        let code = match (state, self.categories.get(place)) {
            (Some(state), _) => state.name().to_owned(),
            (None, Some((code, _))) => code.clone(),
            (None, None) => String::new(),
        };
        Key { dimension: self.dimension.id.clone(), code, state }
    }

    /// Whether it is a view of a field.
    pub(super) fn field(&self) -> Option<Field> {
        match &self.on {
            On::Field(field, _) => Some(*field),
            On::Submission(_) => None,
        }
    }
}

/// Says which of the months asked for nobody has submitted anything for: a total over them is not whole.
fn months_without(months: &[(Month, bool)], with: usize) -> Option<String> {
    let mut without = months.iter().filter(|(_, has)| !has).map(|(month, _)| month.to_string());
    let some: Vec<_> = without.by_ref().take(6).collect();
    let more = if without.next().is_some() { ", …" } else { "" };
    (with > 0 && !some.is_empty()).then(|| {
        let missing = months.len() - with;
        let (all, some) = (months.len(), some.join(", "));
        format!("{missing} of {all} months have no submission: {some}{more}.")
    })
}
