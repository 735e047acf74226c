//! The dimensions of a question, and its conditions.

use std::collections::BTreeSet;

use super::asked::{Asked, Filter, TableKind, Where};
use super::errors::{field, missing, no_dimension};
use crate::domain::codes::{Dimension, Source, State, nearest};
use crate::domain::field::Field;
use crate::domain::period::{Month, months_of};
use crate::domain::reference::Reference;
use crate::engine::error::{Missing, QueryError};

/// Most dimensions of one table, most conditions, and most codes of one condition.
const DIMENSIONS: usize = 3;
const FILTERS: usize = 8;
const CODES: usize = 1000;
/// The dimension that some tables have as columns.
const CHANNEL: &str = "channel";

/// Whether the values of a condition get rows of their own.
pub(super) fn has_rows(table: TableKind, filter: &Filter) -> bool {
    let columns = table == TableKind::Channels && filter.dimension == CHANNEL;
    filter.codes.len() > 1 && !columns
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

/// Refuses a condition with too many codes, or with a code that is listed twice.
fn codes(place: usize, filter: &Filter) -> Result<(), QueryError> {
    let refused = |what| field(&format!("where[{place}].codes"), what);
    if filter.codes.len() > CODES {
        return Err(refused(format!(
            "has {} codes, and at most {CODES} are allowed",
            filter.codes.len()
        )));
    }
    let mut seen = BTreeSet::new();
    match filter.codes.iter().find(|code| !seen.insert(code.as_str())) {
        Some(twice) => Err(refused(format!("`{twice}` is listed twice"))),
        None => Ok(()),
    }
}

/// Whether what a table counts can have a dimension at all.
fn counted(table: TableKind, dimension: &Dimension, name: &str) -> Result<(), QueryError> {
    if table == TableKind::Access && dimension.field() == Some(Field::Channel) {
        let why = format!(
            "access records describe people and have no channel: leave `{}` out, or ask for GetFaceToFaceProvision or GetChannelImpact",
            dimension.id
        );
        return Err(field(name, why));
    }
    Ok(())
}

/// The dimensions, those that several filter values or organisations add included, and the conditions.
pub(super) fn dimensions(
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
            return Err(field("by", format!("`{id}` is listed twice")));
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
        return Err(field("where", format!("must have at most {FILTERS} conditions")));
    }
    let mut seen: Vec<&str> = Vec::new();
    for (place, filter) in asked.filters.iter().enumerate() {
        let dimension = known(&filter.dimension)?;
        if seen.contains(&dimension.id.as_str()) {
            return Err(field("where", format!("`{}` is listed twice", dimension.id)));
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
        return Err(field(
            "by",
            format!("has {} dimensions, and at most {DIMENSIONS} are allowed; {what}", by.len()),
        ));
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
