//! Questions about inequality: what is asked of other tables, and of which.

use std::collections::BTreeSet;
use std::sync::Arc;

use tonic::{Code, Status};

use super::people::any_indicator;
use super::query::query;
use super::query_error;
use crate::domain::codes::Dimension;
use crate::domain::field::Field;
use crate::domain::period::{Month, months_of};
use crate::domain::reference::Reference;
use crate::engine::answer::{
    AGES, AnyQuestion, Between, FollowedQuestion, GapsQuestion, RestorationQuestion,
    StandardisedQuestion, SummaryQuestion, TrendQuestion, usual_baseline,
};
use crate::engine::query::{Reader, TableKind, hint, is_period, no_dimension};
use crate::proto::v1;
use crate::proto::v1::breakdown_question::Table;
use crate::rpc::{page, status};

pub(super) type Checked = Result<Arc<dyn AnyQuestion>, Status>;
/// Checks a question to another table.
pub(super) type Other<'a> = &'a dyn Fn(&Table) -> Checked;

/// Asks for no published estimates.
pub(super) const NO_ESTIMATES: &str = "-";

/// The usual false discovery rate.
const RATE: f64 = 0.05;
/// Dimensions with more categories than this are scanned only if they are named.
const CATEGORIES: usize = 40;

/// Asks how unequal groups are.
pub(super) fn summary(
    reference: &Reference,
    asked: &v1::GetInequalitySummaryRequest,
    other: Other<'_>,
) -> Checked {
    let (of, path) = inner(asked.question.as_ref(), other)?;
    let (periods, groups) = dimensions(reference, of.as_ref());
    let ([] | [_], [dimension]) = (periods.as_slice(), groups.as_slice()) else {
        let why = "must have one dimension, the groups, and may have one period: for example `sex`, or `month` and `sex`";
        return Err(status::field_invalid(path, why));
    };
    let (period, dimension, columns) =
        (periods.first().cloned(), dimension.clone(), asked.columns.clone());
    let reference = category(reference, &dimension, ("reference_code", &asked.reference_code))?;
    Ok(Arc::new(SummaryQuestion { of, period, dimension, columns, reference }))
}

/// The category of a dimension that a field names; none: it is empty.
fn category(
    reference: &Reference,
    dimension: &str,
    (field, code): (&str, &str),
) -> Result<Option<String>, Status> {
    if code.is_empty() {
        return Ok(None);
    }
    let known = reference.dimension(dimension);
    if known.is_some_and(|of| of.categories.iter().any(|(known, _)| known == code)) {
        return Ok(Some(code.to_owned()));
    }
    let near = known.map_or_else(String::new, |of| hint(of.nearest(code)));
    let why = format!("no category `{code}` in dimension `{dimension}`{near}");
    Err(status::field_invalid(field, why))
}

/// Asks how a gap moves.
pub(super) fn trend(
    reference: &Reference,
    asked: &v1::GetGapTrendRequest,
    other: Other<'_>,
) -> Checked {
    let (of, path) = inner(asked.question.as_ref(), other)?;
    let (periods, groups) = dimensions(reference, of.as_ref());
    let ([period], [dimension]) = (periods.as_slice(), groups.as_slice()) else {
        let why = "must have a period and the groups: for example `month` and `sex`";
        return Err(status::field_invalid(path, why));
    };
    let (period, dimension) = (period.clone(), dimension.clone());
    let category = |named| category(reference, &dimension, named);
    let group = category(("group_code", &asked.group_code))?;
    let against = category(("reference_code", &asked.reference_code))?;
    let between = match (group, against) {
        (None, None) => Between::Furthest,
        (None, Some(_)) => {
            let why = "needs `group_code`: name the group that is followed, or leave both empty";
            return Err(status::field_invalid("reference_code", why));
        }
        (Some(group), Some(against)) if group == against => {
            let why = "must be another group than `group_code`";
            return Err(status::field_invalid("reference_code", why));
        }
        (Some(group), Some(against)) => Between::Groups([group, against]),
        (Some(group), None) => {
            let mut whole = asked.question.clone().and_then(|of| of.table).map(Table::from);
            if let Some(query) = whole.as_mut().and_then(Table::query_mut) {
                query.by = vec![period.clone()];
            }
            let whole = whole.ok_or_else(|| status::field_invalid("question", "is required"))?;
            Between::All(group, other(&whole).map_err(|refused| status::within(&path, refused))?)
        }
    };
    Ok(Arc::new(TrendQuestion { of, period, dimension, column: asked.column.clone(), between }))
}

/// Asks how much of its earlier activity each group has again.
pub(super) fn restoration(
    reference: &Reference,
    asked: &v1::GetRestorationRequest,
    other: Other<'_>,
) -> Checked {
    let base = asked.query.clone().unwrap_or_default();
    if base.comparison.is_some() {
        let why = "must be absent: each group is compared with all others";
        return Err(status::field_invalid("query.comparison", why));
    }
    let of = |query: v1::BreakdownQuery| {
        other(&Table::Channels(v1::GetChannelBreakdownRequest {
            query: Some(query),
            measure: v1::Measure::AttendedContacts.into(),
            ..Default::default()
        }))
    };
    let now = of(base.clone())?;
    if !dimensions(reference, now.as_ref()).0.is_empty() {
        let why = "may have no period: one period is compared with another";
        return Err(status::field_invalid("query.by", why));
    }
    let (first, last) = baseline(asked.baseline.as_ref(), now.query().months)?;
    let period = v1::PeriodRange { first: first.to_string(), last: last.to_string() };
    let before = of(v1::BreakdownQuery { period: Some(period), ..base })?;
    Ok(Arc::new(RestorationQuestion { now, before }))
}

/// The months of the baseline.
fn baseline(
    asked: Option<&v1::PeriodRange>,
    months: (Month, Month),
) -> Result<(Month, Month), Status> {
    let Some(asked) = asked else {
        let why = "is required: there are no months before the pandemic as long as the period";
        return usual_baseline(months).ok_or_else(|| status::field_invalid("baseline", why));
    };
    let of = |field: &str, text: &str| {
        months_of(text).map_err(|why| status::field_invalid(field, why.to_string()))
    };
    let first = of("baseline.first", &asked.first)?;
    let last =
        if asked.last.is_empty() { first.clone() } else { of("baseline.last", &asked.last)? };
    if last.end() < first.start() {
        return Err(status::field_invalid("baseline.last", "must not be before the first"));
    }
    Ok((*first.start(), *last.end()))
}

/// Asks for rates that do not depend on how old the groups are.
pub(super) fn standardised(
    reference: &Reference,
    asked: &v1::GetStandardisedRatesRequest,
    other: Other<'_>,
) -> Checked {
    let base = asked.query.clone().unwrap_or_default();
    let refused = |field: &str, why: &str| Err(status::field_invalid(field, why));
    if base.comparison.is_some() {
        return refused("query.comparison", "must be absent: standardised rates are not compared");
    }
    if asked.measure() == v1::Measure::Persons {
        return refused(
            "measure",
            "must be CONTACTS or ATTENDED_CONTACTS: rates are of consultations",
        );
    }
    let is_age = |id: &str| {
        let field = reference.dimension(id).and_then(Dimension::field);
        field == Some(Field::Age)
    };
    if base.by.iter().any(|id| is_age(id)) {
        return refused(
            "query.by",
            "may have no dimension of age: the rates are standardised by it",
        );
    }
    if base.r#where.iter().any(|filter| is_age(&filter.dimension)) {
        return refused(
            "query.where",
            "may have no dimension of age: a standardised rate is of all ages",
        );
    }
    let of = |by: Vec<String>| {
        other(&Table::Channels(v1::GetChannelBreakdownRequest {
            query: Some(v1::BreakdownQuery { by, ..base.clone() }),
            measure: asked.measure,
            include_rates: true,
            population_collection: asked.population_collection.clone(),
            ..Default::default()
        }))
    };
    let crude = of(base.by.clone())?;
    let by_age = of(base.by.iter().cloned().chain([AGES.to_owned()]).collect())?;
    let whole = (!base.by.is_empty()).then(|| of(vec![AGES.to_owned()])).transpose()?;
    Ok(Arc::new(StandardisedQuestion { crude, by_age, whole }))
}

/// Asks for the largest gaps.
pub(super) fn gaps(
    reference: &Reference,
    reader: &Reader,
    asked: &v1::ListGapsRequest,
    other: Other<'_>,
) -> Checked {
    let rate = asked.false_discovery_rate.unwrap_or(RATE);
    if !(rate > 0.0 && rate <= 1.0) {
        let why = "must be above 0 and at most 1; absent means 0.05";
        return Err(status::field_invalid("false_discovery_rate", why));
    }
    if !asked.page_token.is_empty() {
        return Err(status::field_invalid(
            "page_token",
            "must be empty here: only ListGaps has pages",
        ));
    }
    let most = page::size(asked.page_size)?;
    let skip = usize::try_from(asked.skip)
        .map_err(|_| status::field_invalid("skip", "must be 0 or more"))?;
    let base = asked.query.clone().unwrap_or_default();
    if !base.by.is_empty() {
        let why = "must be empty: `dimensions` names what is scanned";
        return Err(status::field_invalid("query.by", why));
    }
    if base.comparison.is_some() {
        let why = "must be absent: groups are compared with all people";
        return Err(status::field_invalid("query.comparison", why));
    }
    let kind =
        if asked.indicators.is_empty() { TableKind::Channels } else { TableKind::Indicators };
    let checked = query(reference, reader, kind, asked.query.as_ref());
    let checked = checked.map_err(query_error)?;
    let named = !asked.dimensions.is_empty();
    let scanned = if named { asked.dimensions.clone() } else { characteristics(reference) };
    let (mut parts, mut refused) = (Vec::new(), Vec::new());
    let mut scan = |dimension: &String, of: &str, asked: Checked| {
        let found = asked.and_then(|part| {
            GapsQuestion::finds(reference, part.as_ref()).map_err(query_error)?;
            Ok(part)
        });
        match found {
            Ok(part) => parts.push((dimension.clone(), part)),
            Err(why) => refused.push((format!("`{dimension}` of {of}"), why)),
        }
    };
    for dimension in &scanned {
        if reference.dimension(dimension).is_none() {
            let unknown = no_dimension(reference, "dimensions", dimension);
            return Err(query_error(unknown));
        }
        for table in tables(&base, dimension, &asked.indicators) {
            scan(dimension, table.name(), other(&table));
        }
        if asked.indicators.is_empty() {
            let by = vec![dimension.clone()];
            let followed = v1::BreakdownQuery { by, ..base.clone() };
            let query = query(reference, reader, TableKind::Consultations, Some(&followed));
            let question =
                query.map(|query| Arc::new(FollowedQuestion { query }) as Arc<dyn AnyQuestion>);
            scan(dimension, "impact", question.map_err(query_error));
        }
    }
    // Submitted indicators too, where the collection takes them.
    let by = |dimension: &String| {
        let query = Some(of_people(&base, dimension));
        let request = v1::GetIndicatorBreakdownRequest { query, ..Default::default() };
        let question = any_indicator(reference, reader, &request).ok()?;
        Some((dimension.clone(), question))
    };
    let all = scanned.iter().filter(|_| asked.indicators.is_empty());
    let submitted: Vec<_> = all.filter_map(by).collect();
    // What a reader may not ask at all says the least.
    refused.sort_by_key(|(_, why)| why.code() == Code::PermissionDenied);
    let notes = match refused.as_slice() {
        [] => Vec::new(),
        [(what, why), ..] => {
            if parts.is_empty() && submitted.is_empty() {
                return Err(why.clone());
            }
            vec![format!(
                "Not scanned: {} questions, first {what}: {}",
                refused.len(),
                why.message()
            )]
        }
    };
    Ok(Arc::new(GapsQuestion { query: checked, parts, submitted, rate, skip, most, notes }))
}

/// A query of people, who have no care setting, by one dimension.
fn of_people(base: &v1::BreakdownQuery, dimension: &str) -> v1::BreakdownQuery {
    let by = vec![dimension.to_owned()];
    v1::BreakdownQuery { by, care_setting: String::new(), ..base.clone() }
}

/// The tables that are scanned, by one dimension.
fn tables(base: &v1::BreakdownQuery, dimension: &str, indicators: &[String]) -> Vec<Table> {
    let by = vec![dimension.to_owned()];
    let query = || Some(v1::BreakdownQuery { by: by.clone(), ..base.clone() });
    if !indicators.is_empty() {
        let of = |indicator: &String| v1::GetIndicatorBreakdownRequest {
            query: query(),
            indicator: indicator.clone(),
        };
        return indicators.iter().map(of).map(Table::Indicators).collect();
    }
    let outcomes = v1::GetAccessOutcomesRequest { query: query(), ..Default::default() };
    let provision = v1::GetFaceToFaceProvisionRequest { query: query(), ..Default::default() };
    let exclusion = v1::GetDigitalExclusionBreakdownRequest {
        query: Some(of_people(base, dimension)),
        estimate_collections: vec![NO_ESTIMATES.to_owned()],
        ..Default::default()
    };
    vec![Table::Outcomes(outcomes), Table::Provision(provision), Table::Exclusion(exclusion)]
}

/// The dimensions of characteristics of people that are scanned unless others are named: the first of each field, and every edition of deprivation.
/// What a person can use is no characteristic here, because the indicators of digital exclusion say the same.
fn characteristics(reference: &Reference) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let is_one = |dimension: &&Dimension| {
        let field = dimension.field().filter(|field| field.is_characteristic());
        let Some(field) = field.filter(|field| *field != Field::DigitalAccess) else {
            return false;
        };
        let few = (2..=CATEGORIES).contains(&dimension.categories.len());
        few && (seen.insert(field) || field == Field::Deprivation)
    };
    reference.dimensions().iter().filter(is_one).map(|dimension| dimension.id.clone()).collect()
}

/// The question to the table that has the shares, and the path of its dimensions.
fn inner(
    asked: Option<&v1::ShareQuestion>,
    other: Other<'_>,
) -> Result<(Arc<dyn AnyQuestion>, String), Status> {
    let table = asked.and_then(|asked| asked.table.clone()).map(Table::from);
    let table = table.ok_or_else(|| {
        let why =
            "is required: one of channels, outcomes, exclusion, provision, impact and indicators";
        status::field_invalid("question", why)
    })?;
    let path = format!("question.{}", table.name());
    let compares = table.query().is_some_and(|query| query.comparison.is_some());
    if compares {
        let why = "must be absent: the groups are compared with each other";
        return Err(status::field_invalid(format!("{path}.query.comparison"), why));
    }
    let checked = other(&table).map_err(|refused| status::within(&path, refused))?;
    Ok((checked, format!("{path}.query.by")))
}

/// The periods of a question, and its other dimensions.
fn dimensions(reference: &Reference, of: &dyn AnyQuestion) -> (Vec<String>, Vec<String>) {
    let period = |id: &String| reference.dimension(id).is_some_and(is_period);
    of.query().by.iter().cloned().partition(period)
}
