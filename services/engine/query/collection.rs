//! Which collection answers a question: the one it names, or the default of the place for the care setting.

use super::asked::{Asked, TableKind, Where};
use super::errors::{field, invalid, missing, no_collection};
use crate::domain::collection::{Collection, Dataset};
use crate::domain::reference::Reference;
use crate::engine::error::{Missing, QueryError};

/// Care setting of a question that names neither a care setting nor a collection.
const DEFAULT_SETTING: &str = "PRIMARY_CARE";

/// The collection that answers, and the care setting if the collection covers several.
pub(super) fn collection(
    reference: &Reference,
    asked: &Asked,
    place: &Where,
) -> Result<(String, Option<String>), QueryError> {
    let setting = (!asked.care_setting.is_empty()).then_some(asked.care_setting.as_str());
    if let Some(setting) = setting
        && reference.list("care_setting").and_then(|list| list.category(setting)).is_none()
    {
        let what = format!(
            "`{setting}` is not a code of the list `care_setting`; ReferenceService.ListCodeLists has the codes"
        );
        return Err(field("care_setting", what));
    }
    let (found, setting) = match asked.collection.as_str() {
        "" => default(reference, asked, setting, place)?,
        id => (taking(reference, "query.collection", id, asked.table.dataset())?, setting),
    };
    if let Some(setting) = setting
        && !found.care_settings.iter().any(|covered| covered == setting)
    {
        let what = format!("collection `{}` does not cover {setting}", found.id);
        return Err(field("care_setting", what));
    }
    let only = found.care_settings.len() == 1;
    Ok((found.id.clone(), setting.filter(|_| !only).map(str::to_owned)))
}

/// The collection that answers a question without one, and the care setting.
fn default<'a>(
    reference: &'a Reference,
    asked: &Asked,
    setting: Option<&'a str>,
    place: &Where,
) -> Result<(&'a Collection, Option<&'a str>), QueryError> {
    match asked.table {
        TableKind::Channels | TableKind::Consultations => {
            let setting = setting.unwrap_or(DEFAULT_SETTING);
            let found = reference.default_collection(setting, &place.organisations(reference));
            let none = || {
                let message = format!(
                    "no collection answers for {setting} by default: name one in `collection`"
                );
                missing(Missing::Collection, setting, message)
            };
            Ok((found.ok_or_else(none)?, Some(setting)))
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
    let found = reference.collection(id).ok_or_else(|| no_collection(reference, id))?;
    let takes = |found: &&Collection| found.datasets.contains(&dataset);
    if takes(&found) {
        return Ok(found);
    }
    let those: Vec<_> = reference.collections().filter(takes).map(|c| c.id.as_str()).collect();
    let (words, those) = (dataset.words(), those.join(", "));
    let why = format!("collection `{id}` takes no {words}: name one that does, {those}");
    Err(invalid(field, why))
}
