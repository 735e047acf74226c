//! A dimension: a view of a field, of time, of organisations or of areas that questions break down by.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{CodeList, State, Value, nearest};
use crate::domain::field::Field;
use crate::domain::period::Month;

/// What a dimension is a view of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// A field of the record.
    Field(Field),
    /// Calendar month of the submission.
    Month,
    /// Calendar quarter of the submission's month.
    Quarter,
    /// Financial year, April to March, of the submission's month.
    FinancialYear,
    /// Calendar year of the submission's month.
    CalendarYear,
    /// Organisation that submitted.
    Organisation,
    /// Area of this type that the submitting organisation belongs to.
    ProviderArea(String),
    /// Attribute of the organisation that submitted, by the dimension's id: what is told apart are organisations, not people.
    OrganisationAttribute(String),
    /// A column that was worked out for one question: no reference content has it, and nobody can ask by it.
    Computed,
}

impl Source {
    /// Code of the period that contains a month; none if the dimension is no view of time.
    #[must_use]
    pub fn period(&self, month: Month) -> Option<String> {
        match self {
            Self::Month => Some(month.to_string()),
            Self::Quarter => Some(month.quarter()),
            Self::FinancialYear => Some(month.financial_year()),
            Self::CalendarYear => Some(month.year().to_string()),
            Self::Field(_)
            | Self::Organisation
            | Self::ProviderArea(_)
            | Self::OrganisationAttribute(_)
            | Self::Computed => None,
        }
    }
}

/// Codes of categories and their names. Those of small areas are tens of thousands, so they are shared.
pub type Categories = Arc<[(String, String)]>;

/// A dimension. `categories` is empty where they come from the data (time, organisations, areas).
#[derive(Clone, Debug)]
pub struct Dimension {
    /// Id in questions and answers: `age_band`.
    pub id: String,
    /// Name for people.
    pub label: String,
    /// What it is a view of.
    pub source: Source,
    /// Category codes and their names, in order of display.
    pub categories: Categories,
    /// Whether the categories have an order.
    pub ordered: bool,
    /// Direction of the order: `youngest first`; empty without an order.
    pub direction: String,
    /// Protected characteristic of the Equality Act 2010; empty if it is none.
    pub protected: String,
    /// From a category of the code list to a place in `categories`, in addition to containment.
    pub map: BTreeMap<String, usize>,
    /// Whether the categories are in the order of their codes, so that one of many is found quickly.
    pub in_order_of_codes: bool,
}

impl Dimension {
    /// This dimension with one category of the code list only.
    #[must_use]
    pub fn narrowed_to(&self, code: &str) -> Self {
        Self {
            id: format!("{}:{code}", self.id),
            categories: [(code.to_owned(), String::new())].into(),
            map: BTreeMap::new(),
            ..self.clone()
        }
    }

    /// The field that it is a view of; none for time, organisations and areas.
    #[must_use]
    pub fn field(&self) -> Option<Field> {
        match &self.source {
            Source::Field(field) => Some(*field),
            Source::Month
            | Source::Quarter
            | Source::FinancialYear
            | Source::CalendarYear
            | Source::Organisation
            | Source::ProviderArea(_)
            | Source::OrganisationAttribute(_)
            | Source::Computed => None,
        }
    }

    /// Whether it is an attribute of the organisation: figures by it are ecological.
    #[must_use]
    pub fn is_ecological(&self) -> bool {
        matches!(self.source, Source::OrganisationAttribute(_))
    }

    /// Whether it is a view of time.
    #[must_use]
    pub fn is_of_time(&self) -> bool {
        self.source.period(Month::FIRST).is_some()
    }

    /// Whether a record can be in several categories.
    #[must_use]
    pub fn overlapping(&self) -> bool {
        self.field().is_some_and(Field::is_multiple)
    }

    /// Place of a category or state: `categories` first, then the states.
    #[must_use]
    pub fn place_of_state(&self, state: State) -> usize {
        self.categories.len() + state as usize
    }

    /// Number of categories and states together.
    #[must_use]
    pub fn places(&self) -> usize {
        self.categories.len() + State::ALL.len()
    }

    /// The place that a category or state has by its code.
    #[must_use]
    pub fn place_of(&self, code: &str) -> Option<usize> {
        self.place_of_category(code)
            .or_else(|| State::from_name(code).map(|state| self.place_of_state(state)))
    }

    fn place_of_category(&self, code: &str) -> Option<usize> {
        if !self.in_order_of_codes {
            return self.categories.iter().position(|(category, _)| category == code);
        }
        self.categories.binary_search_by(|(category, _)| category.as_str().cmp(code)).ok()
    }

    /// The category nearest to a wrong code, by code or name.
    #[must_use]
    pub fn nearest(&self, code: &str) -> Option<&str> {
        let categories = self.categories.iter();
        nearest(
            code,
            categories.flat_map(|(code, label)| [(&**code, &**code), (&**code, &**label)]),
        )
    }

    /// Places of a value. A single-valued field has exactly one; a multi-valued one has each category's and `ANY`'s.
    #[must_use]
    pub fn places_of_value(&self, list: &CodeList, value: &Value) -> Vec<usize> {
        match value {
            Value::State(state) => vec![self.place_of_state(*state)],
            Value::Number(number) => {
                let place = (0..self.categories.len())
                    .find(|place| list.holds_number(&self.categories[*place].0, *number));
                vec![place.unwrap_or_else(|| self.place_of_state(State::Coarser))]
            }
            Value::Codes(codes) => {
                let mut places: Vec<_> =
                    codes.iter().map(|code| self.place_of_code(list, code)).collect();
                if self.overlapping() {
                    places.push(self.place_of_state(State::Any));
                }
                places.sort_unstable();
                places.dedup();
                places
            }
        }
    }

    fn place_of_code(&self, list: &CodeList, code: &str) -> usize {
        if let Some(small) = list.small_areas() {
            // A walk upwards: what holds a small area is known, and asking each of many categories takes long.
            let around = small.around(code).into_iter().flatten();
            let above = std::iter::successors(Some(code), |code| {
                list.category(code).and_then(|category| category.parent.as_deref())
            });
            let place = above.chain(around).find_map(|code| self.place_of_category(code));
            return place.unwrap_or_else(|| self.place_of_state(State::Coarser));
        }
        self.map
            .get(code)
            .copied()
            .or_else(|| self.categories.iter().position(|(outer, _)| list.holds(outer, code)))
            .unwrap_or_else(|| self.place_of_state(State::Coarser))
    }
}
