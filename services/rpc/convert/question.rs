//! Questions to tables: the contract's messages to the engine's.

use std::sync::Arc;

use tonic::Status;

use super::query::{asked, query as checked, value};
use super::query_error;
use crate::domain::collection::Dataset;
use crate::domain::reference::Reference;
use crate::engine::answer::{
    AnyQuestion, ChannelQuestion, EstimatesWanted, ExclusionQuestion, HighRisk, ImpactQuestion,
    OutcomeQuestion, ProvisionQuestion, RiskQuestion, counted_indicators,
};
use crate::engine::query::{Denominator, Measure, TableKind, taking};
use crate::proto::v1;
use crate::proto::v1::breakdown_question::Table;
use crate::rpc::status;

/// Asks for no published estimates.
const NO_ESTIMATES: &str = "-";
/// Default days within which a request is met: the published bands up to two weeks.
const REQUEST_MET_DAYS: u32 = 14;
/// Most days between booking and appointment.
const MOST_DAYS: u32 = 3650;

/// The status of a request without a question.
pub(in crate::rpc) fn missing(field: &str) -> Status {
    status::field_invalid(
        field,
        "is required: one of channels, outcomes, exclusion, provision, impact and risk",
    )
}

/// Name of the table's field in `BreakdownQuestion`.
pub(in crate::rpc) fn name(table: &Table) -> &'static str {
    match table {
        Table::Channels(_) => "channels",
        Table::Outcomes(_) => "outcomes",
        Table::Exclusion(_) => "exclusion",
        Table::Provision(_) => "provision",
        Table::Impact(_) => "impact",
        Table::Risk(_) => "risk",
    }
}

/// Path of the table's question in a request that takes a question to any table.
pub(in crate::rpc) fn path(name: &str) -> String {
    format!("question.{name}")
}

/// Checks a question against the reference content.
pub(in crate::rpc) fn question(
    reference: &Reference,
    table: &Table,
) -> Result<Arc<dyn AnyQuestion>, Status> {
    Ok(match table {
        Table::Channels(asked) => Arc::new(channels(reference, asked)?),
        Table::Outcomes(asked) => Arc::new(OutcomeQuestion {
            query: checked(reference, TableKind::Channels, asked.query.as_ref())?,
            late_counts_as_missed: asked.late_counts_as_missed,
        }),
        Table::Exclusion(asked) => Arc::new(exclusion(reference, asked)?),
        Table::Provision(asked) => Arc::new(provision(reference, asked)?),
        Table::Impact(asked) => Arc::new(ImpactQuestion {
            query: checked(reference, TableKind::Consultations, asked.query.as_ref())?,
            late_counts_as_missed: asked.late_counts_as_missed,
        }),
        Table::Risk(asked) => Arc::new(risk(reference, asked)?),
    })
}

fn channels(
    reference: &Reference,
    request: &v1::GetChannelBreakdownRequest,
) -> Result<ChannelQuestion, Status> {
    let query = checked(reference, TableKind::Channels, request.query.as_ref())?;
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
        return Err(status::field_invalid(
            "population_collection",
            "needs `include_rates`: set it to true, or leave `population_collection` empty",
        ));
    }
    let rates = request.include_rates.then(|| request.population_collection.clone());
    Ok(ChannelQuestion { query, measure, denominator, rates })
}

fn exclusion(
    reference: &Reference,
    request: &v1::GetDigitalExclusionBreakdownRequest,
) -> Result<ExclusionQuestion, Status> {
    let asked = request.query.as_ref();
    if asked.is_some_and(|asked| !asked.care_setting.is_empty()) {
        let why = "must be empty: access records describe people, not care";
        return Err(status::field_invalid("query.care_setting", why));
    }
    let (indicators, reasons) =
        counted_indicators(reference, &request.indicators).map_err(query_error)?;
    Ok(ExclusionQuestion {
        query: checked(reference, TableKind::Access, asked)?,
        indicators,
        reasons,
        estimates: estimates(reference, &request.estimate_collections)?.map(|collections| {
            EstimatesWanted { collections, indicators: request.indicators.clone() }
        }),
    })
}

/// The requested collections of estimates; none: the caller wants no estimates.
fn estimates(reference: &Reference, asked: &[String]) -> Result<Option<Vec<String>>, Status> {
    let field = "estimate_collections";
    if asked == [NO_ESTIMATES] {
        return Ok(None);
    }
    for id in asked {
        if id == NO_ESTIMATES {
            let why = "`-` means no estimates: name either `-` alone or collections";
            return Err(status::field_invalid(field, why));
        }
        taking(reference, field, id, Dataset::Estimates).map_err(query_error)?;
    }
    Ok(Some(asked.to_vec()))
}

fn provision(
    reference: &Reference,
    request: &v1::GetFaceToFaceProvisionRequest,
) -> Result<ProvisionQuestion, Status> {
    let query = checked(reference, TableKind::Consultations, request.query.as_ref())?;
    let access_collection = request.access_collection.clone();
    let request_met_days = match u32::try_from(request.request_met_days) {
        Ok(0) => REQUEST_MET_DAYS,
        Ok(days) if days <= MOST_DAYS => days,
        Ok(_) | Err(_) => {
            let why = format!("must be from 0 to {MOST_DAYS} days; 0 means {REQUEST_MET_DAYS}");
            return Err(status::field_invalid("request_met_days", &why));
        }
    };
    Ok(ProvisionQuestion { query, access_collection, request_met_days })
}

fn risk(reference: &Reference, request: &v1::GetAreaRiskRequest) -> Result<RiskQuestion, Status> {
    use v1::get_area_risk_request::HighRisk as Asked;
    let high_risk = request.high_risk.map(|high| match high {
        Asked::HighRiskScore(score) => HighRisk::Score(score),
        Asked::HighRiskTopShare(share) => HighRisk::TopShare(share),
    });
    let (asked, as_of) = asked(TableKind::Population, request.query.as_ref())?;
    let (indicator, scores) = (&request.indicator, &request.score_collection);
    RiskQuestion::new(reference, (&asked, as_of), indicator, scores, high_risk).map_err(query_error)
}
