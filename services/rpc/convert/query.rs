//! Questions: the contract's messages to the engine's.

use tonic::Status;

use super::query_error;
use crate::domain::reference::Reference;
use crate::engine::answer::{ChannelQuestion, OutcomeQuestion};
use crate::engine::query::{AsOf, Asked, Denominator, Filter, Measure, Query, TableKind};
use crate::engine::{Missing, QueryError};
use crate::proto::v1;
use crate::rpc::status;

/// Enumerations: a number that is no value of this version of the contract is refused, naming the field.
pub(in crate::rpc) fn value<T: TryFrom<i32>>(field: &str, number: i32) -> Result<T, Status> {
    T::try_from(number).map_err(|_| {
        status::field_invalid(field, format!("{number} is no value of this enumeration"))
    })
}

/// A question about channels.
pub(in crate::rpc) fn channels(
    reference: &Reference,
    request: &v1::GetChannelBreakdownRequest,
) -> Result<ChannelQuestion, Status> {
    let query = query(reference, TableKind::Channels, request.query.as_ref())?;
    let measure = match value("measure", request.measure)? {
        v1::Measure::Unspecified | v1::Measure::Contacts => Measure::Contacts,
        v1::Measure::AttendedContacts => Measure::AttendedContacts,
        v1::Measure::Persons => Measure::Persons,
    };
    let denominator = match value("denominator", request.denominator)? {
        v1::Denominator::Unspecified | v1::Denominator::KnownOnly => Denominator::KnownOnly,
        v1::Denominator::All => Denominator::All,
    };
    if !request.include_rates && !request.population_collection.is_empty() {
        return Err(status::field_invalid("population_collection", "goes with `include_rates`"));
    }
    let rates = request.include_rates.then(|| request.population_collection.clone());
    Ok(ChannelQuestion { query, measure, denominator, rates })
}

/// A question about outcomes.
pub(in crate::rpc) fn outcomes(
    reference: &Reference,
    request: &v1::GetAccessOutcomesRequest,
) -> Result<OutcomeQuestion, Status> {
    let query = query(reference, TableKind::Channels, request.query.as_ref())?;
    Ok(OutcomeQuestion { query, late_counts_as_missed: request.late_counts_as_missed })
}

/// The words that every question shares.
pub(in crate::rpc) fn query(
    reference: &Reference,
    table: TableKind,
    query: Option<&v1::BreakdownQuery>,
) -> Result<Query, Status> {
    let query = query.ok_or_else(|| status::field_invalid("query", "is required"))?;
    let residence = match value("query.area_basis", query.area_basis)? {
        v1::AreaBasis::Unspecified | v1::AreaBasis::Provider => false,
        v1::AreaBasis::Residence => true,
    };
    let basic = match value("query.view", query.view)? {
        v1::BreakdownView::Basic => true,
        v1::BreakdownView::Unspecified | v1::BreakdownView::Full => false,
    };
    let period = query.period.clone().unwrap_or_default();
    let filters = query.r#where.iter();
    let asked = Asked {
        table,
        collection: query.collection.clone(),
        care_setting: query.care_setting.clone(),
        area: query.area.clone(),
        organisations: query.organisations.clone(),
        residence,
        first: period.first,
        last: period.last,
        by: query.by.clone(),
        filters: filters
            .map(|f| Filter { dimension: f.dimension.clone(), codes: f.codes.clone() })
            .collect(),
        confidence_level: query.confidence_level,
        basic,
    };
    let as_of = as_of(query.as_of.as_ref())?;
    Query::new(reference, &asked, as_of).map_err(query_error)
}

/// The state of the data that is asked for.
pub(in crate::rpc) fn as_of(as_of: Option<&v1::AsOf>) -> Result<AsOf, Status> {
    as_of_at("query.as_of", as_of)
}

/// The same where it stands at this path.
pub(super) fn as_of_at(path: &str, as_of: Option<&v1::AsOf>) -> Result<AsOf, Status> {
    use v1::as_of::At;
    match as_of.and_then(|as_of| as_of.at.as_ref()) {
        None => Ok(AsOf::Head),
        Some(At::Position(position)) => u64::try_from(*position)
            .map(AsOf::Position)
            .map_err(|_| status::field_invalid(format!("{path}.position"), "0 or more")),
        Some(At::Time(time)) => {
            let seconds = u64::try_from(time.seconds);
            let millis = u64::try_from(time.nanos / 1_000_000);
            match (seconds, millis) {
                (Ok(seconds), Ok(millis)) if time.nanos < 1_000_000_000 => {
                    Ok(AsOf::Time(seconds.saturating_mul(1000).saturating_add(millis)))
                }
                _ => Err(status::field_invalid(
                    format!("{path}.time"),
                    "an instant since 1970, nanos 0 to 999999999",
                )),
            }
        }
        Some(At::Release(name)) => Err(query_error(QueryError::NotFound {
            kind: Missing::Release,
            name: name.clone(),
            message: format!(
                "no release `{name}`: this service has made none; ask by position or time"
            ),
        })),
    }
}
