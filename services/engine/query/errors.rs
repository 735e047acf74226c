//! Errors for a field that cannot be used, and for a name that does not exist.

use crate::domain::area::Area;
use crate::domain::codes::nearest;
use crate::domain::reference::{Found, Reference};
use crate::engine::error::{Missing, QueryError};
use crate::store::Catalog;

/// Most errors of one question: looking for the nearest name takes time.
const MOST: usize = 20;
/// Most of them for which the nearest of thousands of names is looked for.
const MOST_NEAR: usize = 3;

/// Everything that is wrong with a question, so that nobody corrects one field a call.
#[derive(Default)]
pub struct Wrong(Vec<QueryError>);

impl Wrong {
    /// Whether the nearest of thousands of names is worth its time.
    #[must_use]
    pub fn looks_near(&self) -> bool {
        self.0.len() < MOST_NEAR
    }

    /// The value, or nothing and one more error.
    pub fn take<T>(&mut self, checked: Result<T, QueryError>) -> Option<T> {
        match checked {
            Ok(value) => return Some(value),
            Err(QueryError::Several(all)) => self.0.extend(all),
            Err(error) => self.0.push(error),
        }
        None
    }

    /// Whether no further errors are listed.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.0.len() >= MOST
    }

    /// The value, if nothing is wrong.
    ///
    /// # Errors
    /// Something is: the only error, or all of them.
    pub fn unless<T>(mut self, value: Option<T>) -> Result<T, QueryError> {
        match (value, self.0.len()) {
            (Some(value), 0) => Ok(value),
            (_, 1) => Err(self.0.remove(0)),
            _ => Err(QueryError::Several(self.0)),
        }
    }
}

pub(super) fn field(name: &str, description: impl Into<String>) -> QueryError {
    invalid(&format!("query.{name}"), description)
}

/// The error for a field of a question that cannot be used; says what was expected.
pub fn invalid(name: &str, description: impl Into<String>) -> QueryError {
    QueryError::Field { field: name.to_owned(), description: description.into() }
}

/// The error for a name in the field `at` that does not exist.
pub(super) fn missing(at: &str, kind: Missing, name: &str, message: String) -> QueryError {
    QueryError::NotFound { field: at.to_owned(), kind, name: name.to_owned(), message }
}

/// What a message says of the nearest name; nothing if no name is near.
#[must_use]
pub fn hint(near: Option<&str>) -> String {
    near.map_or(String::new(), |near| format!("; the nearest is `{near}`"))
}

/// The error for a collection that does not exist. Lists those that do.
#[must_use]
pub fn no_collection(reference: &Reference, at: &str, id: &str) -> QueryError {
    let ids: Vec<_> = reference.collections().map(|c| c.id.as_str()).collect();
    let message = format!("no collection `{id}`; there are {}", ids.join(", "));
    missing(at, Missing::Collection, id, message)
}

/// The area of a code or a name. `at` is the field that names it: as a refusal of the field says it, and as an error for what is
/// missing says it.
///
/// # Errors
/// No area has it, or several have the name: then these are listed with their types.
pub fn area_named<'a>(
    reference: &'a Reference,
    (at, missing_at): (&str, &str),
    given: &str,
) -> Result<&'a Area, QueryError> {
    match reference.find_area(given) {
        Found::One(area) => Ok(area),
        Found::None => Err(no_area(reference, missing_at, given)),
        Found::Several(areas) => {
            let listed = areas.iter().map(|area| format!("`{}` ({})", area.code, area.kind));
            let listed: Vec<_> = listed.collect();
            let what = format!(
                "`{given}` is the name of several areas: give the code of one of them, {}",
                listed.join(", ")
            );
            Err(field(at, what))
        }
    }
}

/// The error for an area that does not exist, with the code of the nearest by code or name.
#[must_use]
pub fn no_area(reference: &Reference, at: &str, code: &str) -> QueryError {
    let hint = hint(reference.nearest_area(code));
    let message = format!("no area `{code}`{hint}; ReferenceService.ListAreas lists them");
    missing(at, Missing::Area, code, message)
}

/// The error for a release that does not exist, with the nearest name.
#[must_use]
pub fn no_release(catalog: &Catalog, at: &str, id: &str) -> QueryError {
    let known = catalog.releases().iter().map(|release| &*release.id);
    let near = nearest(id, known.map(|id| (id, id)));
    let message = match catalog.releases().last() {
        Some(_) => format!(
            "no release `{id}`{}; `equity releases list` (ReleaseService.ListReleases) lists them",
            hint(near)
        ),
        None => format!(
            "no release `{id}`: none has been made yet; `equity releases create` (ReleaseService.CreateRelease) makes one"
        ),
    };
    missing(at, Missing::Release, id, message)
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
        "{} ({}) is a {}: tables are about systems and smaller areas: ask for {}; DigitalExclusionService.ListEstimates lists published figures about the whole",
        area.name,
        area.code,
        area.kind,
        inside.join(" or ")
    ))
}

/// The error for an indicator that does not exist, with the nearest id.
#[must_use]
pub fn no_indicator(reference: &Reference, at: &str, id: &str) -> QueryError {
    let hint = hint(reference.nearest_indicator(id));
    let message = format!("no indicator `{id}`{hint}; ReferenceService.ListIndicators lists them");
    missing(at, Missing::Indicator, id, message)
}

/// The error for a dimension that does not exist, with the nearest id.
#[must_use]
pub fn no_dimension(reference: &Reference, at: &str, id: &str) -> QueryError {
    let hint = hint(reference.nearest_dimension(id));
    let message = format!("no dimension `{id}`{hint}; ReferenceService.ListDimensions lists them");
    missing(at, Missing::Dimension, id, message)
}

/// The error for an organisation that does not exist, with the code of the nearest by code or name.
#[must_use]
pub fn no_organisation(reference: &Reference, at: &str, code: &str) -> QueryError {
    unknown_organisation(at, code, reference.nearest_organisation(code))
}

/// The same with the nearest organisation, if that was looked for.
pub(super) fn unknown_organisation(at: &str, code: &str, near: Option<&str>) -> QueryError {
    let message = format!(
        "no organisation `{code}`{}; ReferenceService.ListOrganisations lists them",
        hint(near)
    );
    missing(at, Missing::Organisation, code, message)
}
