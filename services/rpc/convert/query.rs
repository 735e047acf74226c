//! Questions: the contract's messages to the engine's.

use crate::domain::reference::Reference;
use crate::engine::QueryError;
use crate::engine::query::{
    Against, AsOf, Asked, Basis, Comparison, Filter, Measure, Query, Reader, TableKind, Wrong,
    invalid,
};
use crate::proto::v1;

/// Enumerations: a number that is no value of this version of the contract is refused, naming the field.
pub(in crate::rpc) fn value<T: TryFrom<i32>>(field: &str, number: i32) -> Result<T, QueryError> {
    T::try_from(number)
        .map_err(|_| invalid(field, format!("{number} is not a value of this enumeration")))
}

/// What is counted.
pub(super) fn measure(number: i32) -> Result<Measure, QueryError> {
    Ok(match value("measure", number)? {
        v1::Measure::Unspecified | v1::Measure::Contacts => Measure::Contacts,
        v1::Measure::AttendedContacts => Measure::AttendedContacts,
        v1::Measure::Persons => Measure::Persons,
    })
}

/// The query of a question, checked.
pub(super) fn query(
    reference: &Reference,
    reader: &Reader,
    table: TableKind,
    query: Option<&v1::BreakdownQuery>,
) -> Result<Query, QueryError> {
    let mut wrong = Wrong::default();
    let (asked, as_of) = asked(table, query, &mut wrong)?;
    let checked = wrong.take(Query::new(reference, reader, &asked, as_of.unwrap_or(AsOf::Head)));
    wrong.unless(checked)
}

/// The fields of a query as received, and the requested state of the data; what is wrong with them goes to `wrong`.
///
/// # Errors
/// There is no query.
pub(super) fn asked(
    table: TableKind,
    query: Option<&v1::BreakdownQuery>,
    wrong: &mut Wrong,
) -> Result<(Asked, Option<AsOf>), QueryError> {
    let query = query.ok_or_else(|| invalid("query", "is required"))?;
    let basis = wrong.take(value("query.area_basis", query.area_basis));
    let basis = match basis.unwrap_or_default() {
        v1::AreaBasis::Unspecified => None,
        v1::AreaBasis::Provider => Some(Basis::Provider),
        v1::AreaBasis::Residence => Some(Basis::Residence),
    };
    wrong.take(value::<v1::BreakdownView>("query.view", query.view));
    let comparison = query.comparison.as_ref().map(comparison);
    let comparison = comparison.and_then(|found| wrong.take(found));
    let period = query.period.clone().unwrap_or_default();
    let filter = |v1::Filter { dimension, codes }| Filter { dimension, codes };
    let asked = Asked {
        table,
        collection: query.collection.clone(),
        care_setting: query.care_setting.clone(),
        area: query.area.clone(),
        organisations: query.organisations.clone(),
        basis,
        first: period.first,
        last: period.last,
        by: query.by.clone(),
        filters: query.r#where.iter().cloned().map(filter).collect(),
        confidence_level: query.confidence_level,
        comparison,
    };
    Ok((asked, wrong.take(as_of(query.as_of.as_ref()))))
}

/// What is compared.
fn comparison(asked: &v1::Comparison) -> Result<Comparison, QueryError> {
    use v1::ComparisonReference as Of;
    let at = "query.comparison.reference";
    let against = match value(at, asked.reference)? {
        Of::Unspecified => {
            let all = "is required: NAMED, LARGEST, LEAST_DEPRIVED, BEST, WHOLE or COMPLEMENT";
            return Err(invalid(at, all));
        }
        Of::Named => Against::Named(asked.code.clone()),
        Of::Largest => Against::Largest,
        Of::LeastDeprived => Against::LeastDeprived,
        Of::Best => Against::Best,
        Of::Whole => Against::Whole,
        Of::Complement => Against::Complement,
    };
    if !asked.code.is_empty() && !matches!(against, Against::Named(_)) {
        let why = "needs the reference NAMED: set it, or leave `code` empty";
        return Err(invalid("query.comparison.code", why));
    }
    Ok(Comparison { dimension: asked.dimension.clone(), against })
}

/// The requested state of the data.
pub(in crate::rpc) fn as_of(as_of: Option<&v1::AsOf>) -> Result<AsOf, QueryError> {
    use v1::as_of::At;
    match as_of.and_then(|as_of| as_of.at.as_ref()) {
        None => Ok(AsOf::Head),
        Some(At::Position(position)) => u64::try_from(*position)
            .map(AsOf::Position)
            .map_err(|_| invalid("query.as_of.position", "must be 0 or more")),
        Some(At::Time(time)) => {
            let seconds = u64::try_from(time.seconds);
            let millis = u64::try_from(time.nanos / 1_000_000);
            match (seconds, millis) {
                (Ok(seconds), Ok(millis)) if time.nanos < 1_000_000_000 => {
                    Ok(AsOf::Time(seconds.saturating_mul(1000).saturating_add(millis)))
                }
                _ => Err(invalid(
                    "query.as_of.time",
                    "must be a time since 1970, with nanos from 0 to 999999999",
                )),
            }
        }
        Some(At::Release(id)) => Ok(AsOf::Release(id.as_str().into())),
    }
}
