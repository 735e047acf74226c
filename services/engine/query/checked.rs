//! A question that has been checked against the reference content.

use super::asked::{AsOf, Asked, Filter, TableKind, Where};
use super::comparison::{self, Comparison};
use super::dimensions::{dimensions, has_rows};
use super::errors::{Wrong, field};
use super::reader::Reader;
use super::{collection, place};
use crate::domain::disclosure::Protection;
use crate::domain::period::{Month, months_of};
use crate::domain::reference::Reference;
use crate::domain::statistics::Confidence;
use crate::engine::error::QueryError;

/// A question: place, months, dimensions and conditions.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// What the table counts, and whether channels are columns.
    pub table: TableKind,
    /// Id of the collection that answers.
    pub collection: String,
    /// Care setting that narrows the records; none: all of the collection.
    pub care_setting: Option<String>,
    /// Organisations or area.
    pub place: Where,
    /// The area's code or name as it was asked for; empty: organisations were.
    pub given_area: String,
    /// First and last month.
    pub months: (Month, Month),
    /// Dimension ids of the rows, including those added by several organisations or by conditions with several codes.
    pub by: Vec<String>,
    /// Conditions; all must hold.
    pub filters: Vec<Filter>,
    /// What the groups of a dimension are compared with; none: nothing.
    pub comparison: Option<Comparison>,
    /// State of the data.
    pub as_of: AsOf,
    /// How figures are shown.
    pub showing: Showing,
    /// Who reads the answer.
    pub reader: Reader,
    /// Whether only what is listed is told, and no total of it: all of it together is no whole that the reader may ask for.
    pub only_listed: bool,
    /// Whether it is about the suppressed counts alone, each as one: what an answer leaves out. Nobody asks for it.
    pub suppressed: bool,
}

/// How figures are shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Showing {
    /// Confidence level of the limits: 0.95 or 0.998.
    pub confidence: Confidence,
    /// What the reader may see.
    pub protection: Protection,
}

impl Query {
    /// Checks a question against the reference content.
    ///
    /// # Errors
    /// Every field that cannot be used.
    pub fn new(
        reference: &Reference,
        reader: &Reader,
        asked: &Asked,
        as_of: AsOf,
    ) -> Result<Self, QueryError> {
        let mut wrong = Wrong::default();
        let months = wrong.take(months(asked));
        let place = wrong.take(place::place(reference, asked));
        let collection = wrong.take(collection::collection(reference, asked, place.as_ref()));
        let confidence = wrong.take(confidence(asked));
        let dimensions = wrong.take(dimensions(reference, asked, place.as_ref()));
        let by = dimensions.as_ref().map(|(by, _)| by.as_slice());
        let comparison = by.and_then(|by| {
            wrong.take(comparison::comparison(reference, asked.comparison.as_ref(), by))
        });
        let table = asked.table;
        let query = || {
            let (collection, care_setting) = collection?;
            let (by, filters) = dimensions?;
            Some(Self {
                table,
                collection,
                care_setting,
                place: place?,
                given_area: asked.area.clone(),
                months: months?,
                by,
                filters,
                comparison: comparison?,
                as_of,
                showing: Showing { confidence: confidence?, protection: reader.sees(reference) },
                reader: reader.clone(),
                only_listed: false,
                suppressed: false,
            })
        };
        wrong.unless(query())?.permitted(reference)
    }

    /// The position that is asked for, if one is.
    #[must_use]
    pub fn position(&self) -> Option<u64> {
        match self.as_of {
            AsOf::Position(position) => Some(position),
            AsOf::Head | AsOf::Time(_) | AsOf::Release(_) => None,
        }
    }

    /// The release that is asked for; empty: none is.
    #[must_use]
    pub fn release(&self) -> &str {
        if let AsOf::Release(id) = &self.as_of { id } else { "" }
    }

    /// The conditions with several codes, each of which gets its own rows. Channels that are columns are not counted here.
    pub fn several(&self) -> impl Iterator<Item = &Filter> {
        self.filters.iter().filter(|filter| has_rows(self.table, filter))
    }
}

fn confidence(asked: &Asked) -> Result<Confidence, QueryError> {
    let Some(level) = asked.confidence_level else { return Ok(Confidence::default()) };
    let wrong = || field("confidence_level", "give 0.95 or 0.998");
    Confidence::from_level(level).ok_or_else(wrong)
}

fn months(asked: &Asked) -> Result<(Month, Month), QueryError> {
    if asked.first.is_empty() {
        return Err(field(
            "period.first",
            "is required: a month `2020-04`, quarter `2020-Q2`, financial year `2020/21` or year `2020`",
        ));
    }
    let mut wrong = Wrong::default();
    let mut months = |name: &str, text: &str| {
        wrong.take(months_of(text).map_err(|error| field(name, error.to_string())))
    };
    let first = months("period.first", &asked.first);
    let last = match asked.last.as_str() {
        "" => first.clone(),
        last => months("period.last", last),
    };
    let (first, last) = wrong.unless(first.zip(last))?;
    if last.end() < first.start() {
        return Err(field("period.last", format!("{} is before {}", asked.last, asked.first)));
    }
    Ok((*first.start(), *last.end()))
}
