//! What is asked: the same words for every breakdown, checked against the reference content.

mod collection;

use std::collections::BTreeSet;

use crate::domain::area::Area;
use crate::domain::codes::{Dimension, Source, State, nearest};
use crate::domain::collection::Dataset;
use crate::domain::field::Field;
use crate::domain::period::{Month, months_of};
use crate::domain::reference::Reference;
use crate::domain::statistics::Confidence;

use super::{Missing, QueryError};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Measure {
    /// All consultations.
    #[default]
    Contacts,
    /// Consultations attended.
    AttendedContacts,
    /// Distinct persons.
    Persons,
}

/// What shares are shares of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Denominator {
    /// Those whose channel is known.
    #[default]
    KnownOnly,
    /// All.
    All,
}

/// What a table counts, and whether the channels are its columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum TableKind {
    /// Consultations, with the channels as columns.
    #[default]
    Channels,
    /// Consultations, with the channel as a dimension like others.
    Consultations,
    /// People of access snapshots.
    Access,
    /// People of a population.
    Population,
}

impl TableKind {
    /// The shape of the data that it counts.
    #[must_use]
    pub fn dataset(self) -> Dataset {
        match self {
            Self::Channels | Self::Consultations => Dataset::Consultations,
            Self::Access => Dataset::DigitalAccess,
            Self::Population => Dataset::Populations,
        }
    }

    /// What it counts, in words.
    fn records(self) -> &'static str {
        match self {
            Self::Channels | Self::Consultations => "consultations",
            Self::Access => "access records",
            Self::Population => "populations",
        }
    }
}

/// Where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Where {
    /// Organisations that belong to an area.
    Provider(String),
    /// People who live in an area.
    Residence(String),
    /// Organisations by name.
    Organisations(Vec<String>),
}

impl Where {
    /// The organisations that a question is about: all of them by residence.
    #[must_use]
    pub fn organisations(&self, reference: &Reference) -> BTreeSet<String> {
        match self {
            Self::Organisations(codes) => codes.iter().cloned().collect(),
            Self::Residence(_) => reference.organisations().map(|o| o.code.clone()).collect(),
            Self::Provider(area) => reference
                .organisations()
                .filter(|organisation| organisation.areas.contains(area))
                .map(|organisation| organisation.code.clone())
                .collect(),
        }
    }
}

/// Whether an area means where care is given or where people live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// Organisations that belong to the area.
    Provider,
    /// People who live in it.
    Residence,
}

/// When the data was as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AsOf {
    /// Now.
    Head,
    /// After this position.
    Position(u64),
    /// At this time, milliseconds since 1970.
    Time(u64),
}

/// A condition: dimension id and codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Dimension id.
    pub dimension: String,
    /// Codes of categories or names of states.
    pub codes: Vec<String>,
}

/// What is asked about.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// What is counted in which columns.
    pub table: TableKind,
    /// Collection id.
    pub collection: String,
    /// Care setting, where one was named.
    pub care_setting: Option<String>,
    /// Where.
    pub place: Where,
    /// First and last month.
    pub months: (Month, Month),
    /// Dimension ids, those that several filter values or organisations add included.
    pub by: Vec<String>,
    /// Conditions.
    pub filters: Vec<Filter>,
    /// State of the data.
    pub as_of: AsOf,
    /// Confidence level.
    pub confidence: Confidence,
    /// Whether limits and words are wanted.
    pub full: bool,
}

/// The fields of a question as they came.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)] // the contract's message of the same name describes each
pub struct Asked {
    /// The table that is asked for.
    pub table: TableKind,
    pub collection: String,
    pub care_setting: String,
    pub area: String,
    pub organisations: Vec<String>,
    pub basis: Option<Basis>,
    pub first: String,
    pub last: String,
    pub by: Vec<String>,
    pub filters: Vec<Filter>,
    pub confidence_level: Option<f64>,
    pub basic: bool,
}

/// Dimensions of one table, at most, conditions, and codes of one condition.
const DIMENSIONS: usize = 3;
const FILTERS: usize = 8;
const CODES: usize = 1000;
const ORGANISATIONS: usize = 1000;
/// The dimension that some tables have as columns.
const CHANNEL: &str = "channel";

fn field(name: &str, description: impl Into<String>) -> QueryError {
    QueryError::Field { field: format!("query.{name}"), description: description.into() }
}

fn missing(kind: Missing, name: &str, message: String) -> QueryError {
    QueryError::NotFound { kind, name: name.to_owned(), message }
}

impl Query {
    /// Checks a question.
    ///
    /// # Errors
    /// The first field that cannot be used.
    pub fn new(reference: &Reference, asked: &Asked, as_of: AsOf) -> Result<Self, QueryError> {
        let months = months(asked)?;
        let place = place(reference, asked)?;
        let (collection, care_setting) = collection::collection(reference, asked, &place)?;
        let confidence = match asked.confidence_level {
            None => Confidence::default(),
            Some(level) => Confidence::from_level(level)
                .ok_or_else(|| field("confidence_level", "give 0.95 or 0.998"))?,
        };
        let (by, filters) = dimensions(reference, asked, &place)?;
        let (table, full) = (asked.table, !asked.basic);
        Ok(Self {
            table,
            collection,
            care_setting,
            place,
            months,
            by,
            filters,
            as_of,
            confidence,
            full,
        })
    }

    /// The position that is asked for, if one is.
    #[must_use]
    pub fn position(&self) -> Option<u64> {
        match self.as_of {
            AsOf::Position(position) => Some(position),
            AsOf::Head | AsOf::Time(_) => None,
        }
    }

    /// The conditions with several values, each of which gets rows of its own. Channels that are columns are not added up.
    pub fn several(&self) -> impl Iterator<Item = &Filter> {
        self.filters.iter().filter(|filter| has_rows(self.table, filter))
    }
}

/// Whether the values of a condition get rows of their own.
fn has_rows(table: TableKind, filter: &Filter) -> bool {
    let columns = table == TableKind::Channels && filter.dimension == CHANNEL;
    filter.codes.len() > 1 && !columns
}

fn months(asked: &Asked) -> Result<(Month, Month), QueryError> {
    if asked.first.is_empty() {
        return Err(field(
            "period.first",
            "give a month `2020-04`, quarter, financial year or year",
        ));
    }
    let first = months_of(&asked.first).map_err(|e| field("period.first", e.to_string()))?;
    let last = match asked.last.as_str() {
        "" => first.clone(),
        last => months_of(last).map_err(|e| field("period.last", e.to_string()))?,
    };
    if last.end() < first.start() {
        return Err(field("period.last", format!("{} is before {}", asked.last, asked.first)));
    }
    Ok((*first.start(), *last.end()))
}

/// The error for a collection that is not there.
#[must_use]
pub fn no_collection(reference: &Reference, id: &str) -> QueryError {
    let ids: Vec<_> = reference.collections().map(|c| c.id.as_str()).collect();
    missing(Missing::Collection, id, format!("no collection `{id}`; there are {}", ids.join(", ")))
}

/// The error for an area that is not there.
#[must_use]
pub fn no_area(reference: &Reference, code: &str) -> QueryError {
    let codes = reference.areas().iter().map(|area| area.code.as_str());
    let near = nearest(code, codes);
    let hint = near.map_or(String::new(), |near| format!(", the nearest code is `{near}`"));
    missing(
        Missing::Area,
        code,
        format!("no area `{code}`{hint}; ReferenceService.ListAreas lists them"),
    )
}

/// The error for an area of which more people and care than are known here are part.
#[must_use]
pub fn too_wide(reference: &Reference, area: &Area) -> QueryError {
    let areas = reference.areas();
    let inside = areas.iter().filter(|inside| {
        inside.parents.iter().any(|parent| areas.get(parent).is_some_and(Area::is_wider))
            && !inside.is_wider()
            && areas.ancestors(&inside.code).contains(area.code.as_str())
    });
    let inside: Vec<_> = inside.map(|inside| format!("`{}`", inside.code)).collect();
    QueryError::Refused(format!(
        "{} ({}) is a {}, and only part of it is known here: ask for {}; DigitalExclusionService.ListEstimates lists what others published of all of it",
        area.name,
        area.code,
        area.kind,
        inside.join(" or ")
    ))
}

/// The error for an indicator that is not there.
#[must_use]
pub fn no_indicator(reference: &Reference, id: &str) -> QueryError {
    let near = nearest(id, reference.indicators().map(|indicator| indicator.id.as_str()));
    let hint = near.map_or(String::new(), |near| format!("; the nearest is `{near}`"));
    let message = format!("no indicator `{id}`{hint}; ReferenceService.ListIndicators lists them");
    missing(Missing::Indicator, id, message)
}

/// The error for a dimension that is not there.
#[must_use]
pub fn no_dimension(reference: &Reference, id: &str) -> QueryError {
    let near = reference.nearest_dimension(id);
    let hint = near.map_or(String::new(), |near| format!("; the nearest is `{near}`"));
    let message = format!("no dimension `{id}`{hint}; ReferenceService.ListDimensions lists them");
    missing(Missing::Dimension, id, message)
}

/// The error for an organisation that is not there.
#[must_use]
pub fn no_organisation(reference: &Reference, code: &str) -> QueryError {
    let codes = reference.organisations().map(|organisation| organisation.code.as_str());
    let near = nearest(code, codes);
    let hint = near.map_or(String::new(), |near| format!(", the nearest code is `{near}`"));
    let message =
        format!("no organisation `{code}`{hint}; ReferenceService.ListOrganisations lists them");
    missing(Missing::Organisation, code, message)
}

fn place(reference: &Reference, asked: &Asked) -> Result<Where, QueryError> {
    match (asked.area.as_str(), asked.organisations.as_slice()) {
        ("", []) => Err(field("area", "give an area or organisations")),
        ("", organisations) => {
            if asked.basis == Some(Basis::Residence) {
                return Err(field("area_basis", "RESIDENCE goes with `area`"));
            }
            if organisations.len() > ORGANISATIONS {
                return Err(field(
                    "organisations",
                    format!("at most {ORGANISATIONS}; or give an area"),
                ));
            }
            let mut codes = Vec::new();
            for code in organisations {
                reference.organisation(code).ok_or_else(|| no_organisation(reference, code))?;
                if codes.contains(code) {
                    return Err(field("organisations", format!("`{code}` stands there twice")));
                }
                codes.push(code.clone());
            }
            Ok(Where::Organisations(codes))
        }
        (area, []) => {
            let area = reference.areas().get(area).ok_or_else(|| no_area(reference, area))?;
            if area.is_wider() {
                return Err(too_wide(reference, area));
            }
            if asked.basis != Some(Basis::Residence) {
                provided_in(reference, area)?;
                return Ok(Where::Provider(area.code.clone()));
            }
            if reference.residence_dimension(area).is_none() {
                return Err(QueryError::Refused(format!(
                    "nobody lives in a {}: by residence ask for a district, place or system, or ask for {} by PROVIDER",
                    area.kind, area.code
                )));
            }
            Ok(Where::Residence(area.code.clone()))
        }
        _ => Err(field("organisations", "give an area or organisations, not both")),
    }
}

/// Whether organisations belong to areas of this kind at all.
///
/// # Errors
/// None does; says how the area is answered, and by what around it.
fn provided_in(reference: &Reference, area: &Area) -> Result<(), QueryError> {
    let areas = reference.areas();
    let belongs =
        |kind: &str| reference.organisations().any(|o| reference.area_of(&o.code, kind).is_some());
    if belongs(&area.kind) {
        return Ok(());
    }
    let lived_in = reference.residence_dimension(area).map(|_| "it by RESIDENCE".to_owned());
    let around = areas.ancestors(&area.code).into_iter().filter_map(|code| areas.get(code));
    let around = around.filter(|around| belongs(&around.kind));
    // The nearest of them is held by the others.
    let nearest = around.max_by_key(|around| areas.ancestors(&around.code).len());
    let around = nearest.map(|around| format!("{}, which holds it, by PROVIDER", around.code));
    let instead: Vec<_> = lived_in.into_iter().chain(around).collect();
    Err(QueryError::Refused(format!(
        "no organisation belongs to {}, as to no {}: ask for {}",
        area.code,
        area.kind,
        instead.join(", or for ")
    )))
}

/// Whether a dimension has a category or state of this code. Those of time, organisation and area are not listed in it.
fn has_category(reference: &Reference, dimension: &Dimension, code: &str) -> bool {
    let period = |name: fn(Month) -> String| {
        months_of(code).is_ok_and(|months| name(*months.start()) == code)
    };
    match &dimension.source {
        Source::Field(_) => dimension.place_of(code).is_some(),
        Source::Month => period(|month| month.to_string()),
        Source::Quarter => period(Month::quarter),
        Source::FinancialYear => period(Month::financial_year),
        Source::CalendarYear => period(|month| month.year().to_string()),
        Source::Organisation => reference.organisation(code).is_some(),
        Source::ProviderArea(kind) => {
            let area = reference.areas().get(code);
            area.is_some_and(|area| area.kind == *kind && area.code == code)
                || code == State::NotApplicable.name()
        }
        Source::Computed => false,
    }
}

/// Codes of a condition are few enough, and each stands there once.
fn codes(place: usize, filter: &Filter) -> Result<(), QueryError> {
    let refused = |what| field(&format!("where[{place}].codes"), what);
    if filter.codes.len() > CODES {
        return Err(refused(format!("{} codes, at most {CODES}", filter.codes.len())));
    }
    let mut seen = BTreeSet::new();
    match filter.codes.iter().find(|code| !seen.insert(code.as_str())) {
        Some(twice) => Err(refused(format!("`{twice}` stands there twice"))),
        None => Ok(()),
    }
}

/// Whether what a table counts can have a dimension at all.
fn counted(table: TableKind, dimension: &Dimension, name: &str) -> Result<(), QueryError> {
    if table == TableKind::Access && dimension.field() == Some(Field::Channel) {
        let why = format!(
            "access records are of people and have no channel: leave `{}` out, or ask for GetFaceToFaceProvision or GetChannelImpact",
            dimension.id
        );
        return Err(field(name, why));
    }
    Ok(())
}

fn dimensions(
    reference: &Reference,
    asked: &Asked,
    place: &Where,
) -> Result<(Vec<String>, Vec<Filter>), QueryError> {
    let mut by = Vec::new();
    let known = |id: &str| reference.dimension(id).ok_or_else(|| no_dimension(reference, id));
    for id in &asked.by {
        let dimension = known(id)?;
        if id == CHANNEL && asked.table == TableKind::Channels {
            return Err(field("by", "this table has the channels as columns: leave `channel` out"));
        }
        counted(asked.table, dimension, "by")?;
        if by.contains(id) {
            return Err(field("by", format!("`{id}` stands there twice")));
        }
        by.push(id.clone());
    }
    // Several organisations, or several values of a condition, are never silently added up.
    if let Where::Organisations(codes) = place
        && codes.len() > 1
        && !by.iter().any(|id| id == "organisation")
    {
        by.insert(0, "organisation".into());
    }
    if asked.filters.len() > FILTERS {
        return Err(field("where", format!("at most {FILTERS} conditions")));
    }
    let mut seen: Vec<&str> = Vec::new();
    for (place, filter) in asked.filters.iter().enumerate() {
        let dimension = known(&filter.dimension)?;
        if seen.contains(&dimension.id.as_str()) {
            return Err(field("where", format!("`{}` stands there twice", dimension.id)));
        }
        seen.push(&dimension.id);
        if filter.codes.is_empty() {
            return Err(field("where", format!("`{}` has no codes", dimension.id)));
        }
        counted(asked.table, dimension, &format!("where[{place}].dimension"))?;
        codes(place, filter)?;
        if let Some(code) =
            filter.codes.iter().find(|code| !has_category(reference, dimension, code))
        {
            let codes = dimension.categories.iter().map(|(code, _)| code.as_str());
            let near = nearest(code, codes);
            let hint = near.map_or(String::new(), |near| format!("; the nearest is `{near}`"));
            let message = format!("no category `{code}` in dimension `{}`{hint}", dimension.id);
            return Err(missing(Missing::Category, code, message));
        }
        if has_rows(asked.table, filter) && !by.contains(&filter.dimension) {
            by.push(filter.dimension.clone());
        }
    }
    if by.len() > DIMENSIONS {
        let what = "several organisations and conditions with several values count as dimensions";
        return Err(field("by", format!("{} dimensions, at most {DIMENSIONS}; {what}", by.len())));
    }
    let multiple: Vec<_> = by
        .iter()
        .filter(|id| reference.dimension(id).is_some_and(Dimension::overlapping))
        .collect();
    if multiple.len() > 1 {
        return Err(QueryError::Refused(format!(
            "`{}` and `{}` are both multi-valued: break down by one, and put the other into `where` with one code",
            multiple[0], multiple[1]
        )));
    }
    Ok((by, asked.filters.clone()))
}
