//! Questions about digital exclusion, and their tables.

use tonic::Status;

use super::context::{context, indicator, key, share, state};
use super::query::query;
use super::{estimate, int, query_error};
use crate::domain::collection::Dataset;
use crate::domain::reference::Reference;
use crate::engine::answer::{
    Beside, ExclusionQuestion, ExclusionRow, ExclusionTable, ReasonCell, counted_indicators,
};
use crate::engine::query::{Denominator, Measure, TableKind, no_collection};
use crate::proto::v1;
use crate::rpc::status;

/// Says that no published estimates are wanted.
const NO_ESTIMATES: &str = "-";

/// A question about digital exclusion.
pub(in crate::rpc) fn question(
    reference: &Reference,
    request: &v1::GetDigitalExclusionBreakdownRequest,
) -> Result<ExclusionQuestion, Status> {
    let asked = request.query.as_ref();
    if asked.is_some_and(|asked| !asked.care_setting.is_empty()) {
        let why = "access records are of people, not of care: leave it empty";
        return Err(status::field_invalid("query.care_setting", why));
    }
    Ok(ExclusionQuestion {
        query: query(reference, TableKind::Access, asked)?,
        indicators: counted_indicators(reference, &request.indicators).map_err(query_error)?,
        estimates: estimates(reference, &request.estimate_collections)?
            .map(|collections| Beside { collections, indicators: request.indicators.clone() }),
    })
}

/// The collections of estimates to look in; none: no estimates are wanted.
fn estimates(reference: &Reference, asked: &[String]) -> Result<Option<Vec<String>>, Status> {
    let field = "estimate_collections";
    if asked == [NO_ESTIMATES] {
        return Ok(None);
    }
    let mut ids: Vec<String> = Vec::new();
    for id in asked {
        if id == NO_ESTIMATES {
            return Err(status::field_invalid(field, "`-` stands alone: no estimates are wanted"));
        }
        let found =
            reference.collection(id).ok_or_else(|| query_error(no_collection(reference, id)))?;
        if !found.datasets.contains(&Dataset::Estimates) {
            let why = format!("collection `{id}` holds no published estimates");
            return Err(status::field_invalid(field, why));
        }
        if !ids.contains(id) {
            ids.push(id.clone());
        }
    }
    Ok(Some(ids))
}

/// A table of digital exclusion.
pub(in crate::rpc) fn table(
    question: &ExclusionQuestion,
    table: ExclusionTable,
) -> v1::DigitalExclusionBreakdown {
    let (query, full) = (&question.query, question.query.full);
    v1::DigitalExclusionBreakdown {
        context: Some(context(table.context, query, Measure::Persons, Denominator::KnownOnly)),
        dimensions: table.dimensions,
        rows: table.rows.into_iter().map(|each| row(each, full)).collect(),
        estimates: table.estimates.into_iter().map(estimate::published).collect(),
    }
}

fn row(row: ExclusionRow, full: bool) -> v1::ExclusionRow {
    v1::ExclusionRow {
        keys: row.keys.into_iter().map(key).collect(),
        person_count: int(row.people),
        indicators: row.indicators.into_iter().map(|cell| indicator(cell, full)).collect(),
        reasons: row.reasons.into_iter().map(|cell| reason(cell, full)).collect(),
        reason_base_count: int(row.reason_base),
    }
}

fn reason(cell: ReasonCell, full: bool) -> v1::ReasonCell {
    v1::ReasonCell {
        reason: cell.key.code,
        state: state(cell.key.state).into(),
        count: int(cell.count),
        share: cell.share.map(|found| share(found, full)),
    }
}
