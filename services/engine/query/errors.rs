//! Errors for a field that cannot be used, and for a name that does not exist.

use crate::domain::area::Area;
use crate::domain::codes::nearest;
use crate::domain::reference::Reference;
use crate::engine::error::{Missing, QueryError};

pub(super) fn field(name: &str, description: impl Into<String>) -> QueryError {
    invalid(&format!("query.{name}"), description)
}

/// The error for a field of a question that cannot be used; says what was expected.
pub fn invalid(name: &str, description: impl Into<String>) -> QueryError {
    QueryError::Field { field: name.to_owned(), description: description.into() }
}

pub(super) fn missing(kind: Missing, name: &str, message: String) -> QueryError {
    QueryError::NotFound { kind, name: name.to_owned(), message }
}

/// The error for a collection that does not exist. Lists those that do.
#[must_use]
pub fn no_collection(reference: &Reference, id: &str) -> QueryError {
    let ids: Vec<_> = reference.collections().map(|c| c.id.as_str()).collect();
    missing(Missing::Collection, id, format!("no collection `{id}`; there are {}", ids.join(", ")))
}

/// The error for an area that does not exist, with the nearest code.
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

/// The error for an area that is larger than the data: a region or country.
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
        "{} ({}) is a {}, and this service knows only a part of it: ask for {}; DigitalExclusionService.ListEstimates lists published figures about the whole",
        area.name,
        area.code,
        area.kind,
        inside.join(" or ")
    ))
}

/// The error for an indicator that does not exist, with the nearest id.
#[must_use]
pub fn no_indicator(reference: &Reference, id: &str) -> QueryError {
    let near = nearest(id, reference.indicators().map(|indicator| indicator.id.as_str()));
    let hint = near.map_or(String::new(), |near| format!("; the nearest is `{near}`"));
    let message = format!("no indicator `{id}`{hint}; ReferenceService.ListIndicators lists them");
    missing(Missing::Indicator, id, message)
}

/// The error for a dimension that does not exist, with the nearest id.
#[must_use]
pub fn no_dimension(reference: &Reference, id: &str) -> QueryError {
    let near = reference.nearest_dimension(id);
    let hint = near.map_or(String::new(), |near| format!("; the nearest is `{near}`"));
    let message = format!("no dimension `{id}`{hint}; ReferenceService.ListDimensions lists them");
    missing(Missing::Dimension, id, message)
}

/// The error for an organisation that does not exist, with the nearest code.
#[must_use]
pub fn no_organisation(reference: &Reference, code: &str) -> QueryError {
    let codes = reference.organisations().map(|organisation| organisation.code.as_str());
    let near = nearest(code, codes);
    let hint = near.map_or(String::new(), |near| format!(", the nearest code is `{near}`"));
    let message =
        format!("no organisation `{code}`{hint}; ReferenceService.ListOrganisations lists them");
    missing(Missing::Organisation, code, message)
}
