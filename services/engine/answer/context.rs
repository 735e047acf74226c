//! What an answer was made of, and what has to be known to read it.

use std::collections::BTreeSet;

use super::plan::{On, Plan, PlanAxis};
use super::table::Table;
use crate::domain::codes::State;
use crate::domain::collection::{DataClass, Openness};
use crate::domain::field::Field;
use crate::domain::period::Month;
use crate::engine::query::{Query, Where};

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
        notes.extend(self.months_without(query));
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
        }
    }

    /// Says which of the months asked for nobody has submitted anything for: a total over them is not whole.
    fn months_without(&self, query: &Query) -> Option<String> {
        let (first, last) = query.months;
        let has: BTreeSet<_> = self.submissions.iter().map(|s| s.slot.month).collect();
        // Those that a condition leaves out were not asked for.
        let meant = |month: &Month| {
            query.filters.iter().all(|filter| {
                let dimension = self.reference.dimension(&filter.dimension);
                let period = dimension.and_then(|dimension| dimension.source.period(*month));
                period.is_none_or(|code| filter.codes.contains(&code))
            })
        };
        let asked = (first.number()..=last.number())
            .filter_map(|n| Month::from_number(n.into()))
            .filter(meant);
        let (all, without): (usize, Vec<_>) =
            asked.fold((0, Vec::new()), |(all, mut without), month| {
                if !has.contains(&month) {
                    without.push(month.to_string());
                }
                (all + 1, without)
            });
        if has.is_empty() || without.is_empty() {
            return None;
        }
        let more = if without.len() > 6 { ", …" } else { "" };
        let some = without[..without.len().min(6)].join(", ");
        Some(format!("{} of {all} months have no submission: {some}{more}.", without.len()))
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
