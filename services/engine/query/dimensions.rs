//! The dimensions of a question, and its conditions.

use std::collections::BTreeSet;

use super::asked::{Asked, Filter, TableKind, Where};
use super::errors::{Wrong, field, hint, missing, no_dimension};
use crate::domain::codes::{Dimension, Source, State};
use crate::domain::collection::Dataset;
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
        Source::Field(_) | Source::OrganisationAttribute(_) => dimension.place_of(code).is_some(),
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

/// Whether what a table counts can have a dimension at all.
fn counted(table: TableKind, dimension: &Dimension, name: &str) -> Result<(), QueryError> {
    if table == TableKind::Access && dimension.field() == Some(Field::Channel) {
        let why = format!(
            "access records describe people and have no channel: leave `{}` out, or ask for GetFaceToFaceProvision or GetChannelImpact",
            dimension.id
        );
        return Err(field(name, why));
    }
    let dataset = Dataset::IndicatorCounts;
    if table == TableKind::Indicators
        && dimension.field().is_some_and(|of| !of.is_collected_in(dataset))
    {
        let why = format!(
            "counts of indicators are by characteristics of people and have no `{}`: leave it out",
            dimension.id
        );
        return Err(field(name, why));
    }
    Ok(())
}

/// One dimension of the rows, after the ones before.
fn dimension(
    reference: &Reference,
    table: TableKind,
    before: &[String],
    id: &str,
) -> Result<(), QueryError> {
    let unknown = || no_dimension(reference, "query.by", id);
    let dimension = reference.dimension(id).ok_or_else(unknown)?;
    if id == CHANNEL && table == TableKind::Channels {
        return Err(field("by", "this table has the channels as columns: leave `channel` out"));
    }
    counted(table, dimension, "by")?;
    if before.iter().any(|other| other == id) {
        return Err(field("by", format!("`{id}` is listed twice")));
    }
    Ok(())
}

/// One condition, after the ones before.
fn condition(
    reference: &Reference,
    table: TableKind,
    before: &[Filter],
    filter: &Filter,
) -> Result<(), QueryError> {
    let (place, id) = (before.len(), filter.dimension.as_str());
    let unknown = || no_dimension(reference, &format!("query.where[{place}].dimension"), id);
    let dimension = reference.dimension(id).ok_or_else(unknown)?;
    if before.iter().any(|other| other.dimension == id) {
        return Err(field("where", format!("`{id}` is listed twice")));
    }
    if filter.codes.is_empty() {
        return Err(field("where", format!("`{id}` has no codes")));
    }
    counted(table, dimension, &format!("where[{place}].dimension"))?;
    let at = format!("where[{place}].codes");
    if filter.codes.len() > CODES {
        let what = format!("has {} codes, and at most {CODES} are allowed", filter.codes.len());
        return Err(field(&at, what));
    }
    let (mut wrong, mut seen) = (Wrong::default(), BTreeSet::new());
    for code in &filter.codes {
        if wrong.is_full() {
            break;
        } else if !seen.insert(code.as_str()) {
            wrong.take::<()>(Err(field(&at, format!("`{code}` is listed twice"))));
        } else if !has_category(reference, dimension, code) {
            wrong.take::<()>(Err(no_category(reference, dimension, &at, code)));
        }
    }
    wrong.unless(Some(()))
}

/// The error for a code that is no category of a dimension, with the nearest code.
fn no_category(reference: &Reference, dimension: &Dimension, at: &str, code: &str) -> QueryError {
    let near = match dimension.source {
        Source::Organisation => reference.nearest_organisation(code),
        Source::ProviderArea(_) => reference.nearest_area(code),
        Source::Field(_)
        | Source::Month
        | Source::Quarter
        | Source::FinancialYear
        | Source::CalendarYear
        | Source::OrganisationAttribute(_)
        | Source::Computed => dimension.nearest(code),
    };
    let message = format!("no category `{code}` in dimension `{}`{}", dimension.id, hint(near));
    missing(&format!("query.{at}"), Missing::Category, code, message)
}

/// The dimensions, those that several filter values or organisations add included, and the conditions.
pub(super) fn dimensions(
    reference: &Reference,
    asked: &Asked,
    place: Option<&Where>,
) -> Result<(Vec<String>, Vec<Filter>), QueryError> {
    let (mut by, mut wrong) = (Vec::new(), Wrong::default());
    for id in &asked.by {
        if wrong.is_full() {
            break;
        }
        wrong.take(dimension(reference, asked.table, &by, id));
        by.push(id.clone());
    }
    // Several organisations, or several values of a condition, are never silently added up.
    if let Some(Where::Organisations(codes)) = place
        && codes.len() > 1
        && !by.iter().any(|id| id == "organisation")
    {
        by.insert(0, "organisation".into());
    }
    if asked.filters.len() > FILTERS {
        wrong.take::<()>(Err(field("where", format!("must have at most {FILTERS} conditions"))));
    }
    for (place, filter) in asked.filters.iter().enumerate().take(FILTERS) {
        wrong.take(condition(reference, asked.table, &asked.filters[..place], filter));
        if has_rows(asked.table, filter) && !by.contains(&filter.dimension) {
            by.push(filter.dimension.clone());
        }
    }
    let (by, mut wrong) = (wrong.unless(Some(by))?, Wrong::default());
    if by.len() > DIMENSIONS {
        let what = "several organisations and conditions with several values count as dimensions";
        let many = by.len();
        wrong.take::<()>(Err(field(
            "by",
            format!("has {many} dimensions, and at most {DIMENSIONS} are allowed; {what}"),
        )));
    }
    let multiple: Vec<_> = by
        .iter()
        .filter(|id| reference.dimension(id).is_some_and(Dimension::overlapping))
        .collect();
    if multiple.len() > 1 {
        wrong.take::<()>(Err(QueryError::Refused(format!(
            "`{}` and `{}` are both multi-valued: break down by one, and put the other into `where` with one code",
            multiple[0], multiple[1]
        ))));
    }
    wrong.unless(Some((by, asked.filters.clone())))
}
