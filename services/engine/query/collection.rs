//! Which collection answers a question: the one it names, or the default of the place for the care setting.

use super::asked::{Asked, TableKind, Where};
use super::errors::{Wrong, field, hint, invalid, missing, no_collection};
use crate::domain::codes::nearest;
use crate::domain::collection::{Collection, Dataset};
use crate::domain::reference::Reference;
use crate::engine::error::{Missing, QueryError};

/// Care setting of a question that names neither a care setting nor a collection.
const DEFAULT_SETTING: &str = "PRIMARY_CARE";

/// The collection that answers, and the care setting if the collection covers several.
pub(super) fn collection(
    reference: &Reference,
    asked: &Asked,
    place: Option<&Where>,
) -> Result<(String, Option<String>), QueryError> {
    let mut wrong = Wrong::default();
    let setting = wrong.take(setting(reference, asked));
    let found = match (asked.collection.as_str(), setting) {
        ("", Some(setting)) => wrong.take(default(reference, asked, setting, place)),
        ("", None) => None,
        (id, setting) => wrong
            .take(taking(reference, "query.collection", id, asked.table.dataset()))
            .zip(setting),
    };
    let (found, setting) = wrong.unless(found)?;
    if let Some(setting) = setting
        && !found.care_settings.iter().any(|covered| covered == setting)
    {
        let what = format!("collection `{}` does not cover {setting}", found.id);
        return Err(field("care_setting", what));
    }
    let only = found.care_settings.len() == 1;
    Ok((found.id.clone(), setting.filter(|_| !only).map(str::to_owned)))
}

/// The care setting of a question, if it names one.
fn setting<'a>(reference: &Reference, asked: &'a Asked) -> Result<Option<&'a str>, QueryError> {
    let code = asked.care_setting.as_str();
    let list = reference.list("care_setting");
    if code.is_empty() || list.is_some_and(|list| list.category(code).is_some()) {
        return Ok((!code.is_empty()).then_some(code));
    }
    let categories = list.into_iter().flat_map(|list| &list.categories);
    let names = categories.flat_map(|category| {
        [&category.code, &category.label].map(|name| (category.code.as_str(), name.as_str()))
    });
    let what = format!(
        "`{code}` is not a code of the list `care_setting`{}; ReferenceService.ListCodeLists has the codes",
        hint(nearest(code, names))
    );
    Err(field("care_setting", what))
}

/// The collection that answers a question without one, and the care setting.
fn default<'a>(
    reference: &'a Reference,
    asked: &Asked,
    setting: Option<&'a str>,
    place: Option<&Where>,
) -> Result<(&'a Collection, Option<&'a str>), QueryError> {
    match asked.table {
        TableKind::Channels | TableKind::Consultations => {
            let setting = setting.unwrap_or(DEFAULT_SETTING);
            let asked = place.map(|place| place.organisations(reference)).unwrap_or_default();
            let found = reference.default_collection(setting, &asked);
            let none = || {
                let message = format!(
                    "no collection answers for {setting} by default: name one in `collection`"
                );
                missing("query.collection", Missing::Collection, setting, message)
            };
            Ok((found.ok_or_else(none)?, Some(setting)))
        }
        TableKind::Indicators => {
            let why = "no collection takes counts of indicators by default: name one";
            let found = reference.default_indicator_collection();
            Ok((found.ok_or_else(|| field("collection", why))?, None))
        }
        TableKind::Access | TableKind::Population => {
            let why = "no collection takes access records by default: name one";
            let found = reference.default_access_collection();
            Ok((found.ok_or_else(|| field("collection", why))?, None))
        }
    }
}

/// The collection that a field names, which takes a dataset.
///
/// # Errors
/// There is none, or it does not; the error lists those that do.
pub fn taking<'a>(
    reference: &'a Reference,
    field: &str,
    id: &str,
    dataset: Dataset,
) -> Result<&'a Collection, QueryError> {
    let found = reference.collection(id).ok_or_else(|| no_collection(reference, field, id))?;
    let takes = |found: &&Collection| found.datasets.contains(&dataset);
    if takes(&found) {
        return Ok(found);
    }
    let those: Vec<_> = reference.collections().filter(takes).map(|c| c.id.as_str()).collect();
    let (words, those) = (dataset.words(), those.join(", "));
    let why = format!("collection `{id}` takes no {words}: name one that does, {those}");
    Err(invalid(field, why))
}
