//! Questions to tables: the contract's messages to the engine's.

use std::sync::Arc;

use tonic::Status;

use super::inequality::{self, NO_ESTIMATES};
use super::people::{indicator, without_setting};
use super::quality;
use super::query::{asked, measure, query as checked, value};
use super::{query_error, target};
use crate::domain::collection::Dataset;
use crate::domain::reference::Reference;
use crate::engine::QueryError;
use crate::engine::answer::{
    AnyQuestion, BasicQuestion, ChannelQuestion, EstimatesWanted, ExclusionQuestion, HighRisk,
    ImpactQuestion, OutcomeQuestion, ProvisionQuestion, RiskQuestion, counted_indicators,
    snapshots_beside,
};
use crate::engine::query::{AsOf, Denominator, Reader, TableKind, Wrong, invalid, taking};
use crate::proto::v1;
use crate::proto::v1::breakdown_question::Table;
use crate::rpc::status;

/// Default days within which a request is met: the published bands up to two weeks.
const REQUEST_MET_DAYS: u32 = 14;
/// Most days between booking and appointment.
const MOST_DAYS: u32 = 3650;

/// The status of a request without a question.
pub(in crate::rpc) fn missing(field: &str) -> Status {
    status::field_invalid(
        field,
        "is required: one of channels, outcomes, exclusion, provision, impact, risk, indicators, inequality, gap_trend, gaps, target_status, recording, \
         timeliness, representativeness, consistency, restoration and standardised_rates",
    )
}

/// Path of the table's question in a request that takes a question to any table.
pub(in crate::rpc) fn path(name: &str) -> String {
    format!("question.{name}")
}

/// Checks a question against the reference content. A refusal names every field that is wrong.
pub(in crate::rpc) fn question(
    reference: &Reference,
    reader: &Reader,
    table: &Table,
) -> Result<Arc<dyn AnyQuestion>, Status> {
    let question = full_question(reference, reader, table)?;
    let is_basic = |query: &v1::BreakdownQuery| query.view() == v1::BreakdownView::Basic;
    Ok(if table.query().is_some_and(is_basic) {
        Arc::new(BasicQuestion(question))
    } else {
        question
    })
}

/// The question, answered with everything: tables that are made of others need the limits of these.
fn full_question(
    reference: &Reference,
    reader: &Reader,
    table: &Table,
) -> Result<Arc<dyn AnyQuestion>, Status> {
    fn any<Q: AnyQuestion + 'static>(
        question: Result<Q, QueryError>,
    ) -> Result<Arc<dyn AnyQuestion>, Status> {
        Ok(Arc::new(question.map_err(query_error)?))
    }
    let other = |table: &Table| full_question(reference, reader, table);
    match table {
        Table::Channels(asked) => any(channels(reference, reader, asked)),
        Table::Outcomes(asked) => {
            any(checked(reference, reader, TableKind::Channels, asked.query.as_ref()).map(
                |query| OutcomeQuestion {
                    query,
                    late_counts_as_missed: asked.late_counts_as_missed,
                },
            ))
        }
        Table::Exclusion(asked) => any(exclusion(reference, reader, asked)),
        Table::Provision(asked) => any(provision(reference, reader, asked)),
        Table::Impact(asked) => any(checked(
            reference,
            reader,
            TableKind::Consultations,
            asked.query.as_ref(),
        )
        .map(|query| ImpactQuestion { query, late_counts_as_missed: asked.late_counts_as_missed })),
        Table::Risk(asked) => any(risk(reference, reader, asked)),
        Table::Indicators(asked) => any(indicator(reference, reader, asked)),
        Table::Inequality(asked) => inequality::summary(reference, asked, &other),
        Table::GapTrend(asked) => inequality::trend(reference, asked, &other),
        Table::Gaps(asked) => inequality::gaps(reference, reader, asked, &other),
        Table::TargetStatus(asked) => target::target_status(reference, reader, asked, &other),
        Table::Recording(asked) => any(quality::recording(reference, reader, asked)),
        Table::Timeliness(asked) => any(quality::timeliness(reference, reader, asked)),
        Table::Representativeness(asked) => {
            any(quality::representativeness(reference, reader, asked))
        }
        Table::Consistency(asked) => any(quality::consistency(reference, reader, asked)),
        Table::Restoration(asked) => inequality::restoration(reference, asked, &other),
        Table::StandardisedRates(asked) => inequality::standardised(reference, asked, &other),
    }
}

fn channels(
    reference: &Reference,
    reader: &Reader,
    request: &v1::GetChannelBreakdownRequest,
) -> Result<ChannelQuestion, QueryError> {
    let mut wrong = Wrong::default();
    let query = wrong.take(checked(reference, reader, TableKind::Channels, request.query.as_ref()));
    let measure = wrong.take(measure(request.measure));
    let denominator = wrong.take(value("denominator", request.denominator)).map(|of| match of {
        v1::Denominator::Unspecified | v1::Denominator::KnownOnly => Denominator::KnownOnly,
        v1::Denominator::All => Denominator::All,
    });
    let (field, population) = ("population_collection", &request.population_collection);
    if !population.is_empty() {
        wrong.take(taking(reference, field, population, Dataset::Populations));
        if !request.include_rates {
            let why =
                "needs `include_rates`: set it to true, or leave `population_collection` empty";
            wrong.take::<()>(Err(invalid(field, why)));
        }
    }
    let rates = request.include_rates.then(|| population.clone());
    let question = query.zip(measure).zip(denominator);
    let ((query, measure), denominator) = wrong.unless(question)?;
    Ok(ChannelQuestion { query, measure, denominator, rates })
}

fn exclusion(
    reference: &Reference,
    reader: &Reader,
    request: &v1::GetDigitalExclusionBreakdownRequest,
) -> Result<ExclusionQuestion, QueryError> {
    let mut wrong = Wrong::default();
    let asked = without_setting(request.query.clone(), "access records describe", &mut wrong);
    let indicators = wrong.take(counted_indicators(reference, &request.indicators));
    let query = wrong.take(checked(reference, reader, TableKind::Access, asked.as_ref()));
    let estimates = wrong.take(estimates(reference, &request.estimate_collections));
    let question = query.zip(indicators).zip(estimates);
    let ((query, (indicators, reasons)), estimates) = wrong.unless(question)?;
    let wanted =
        |collections| EstimatesWanted { collections, indicators: request.indicators.clone() };
    Ok(ExclusionQuestion { query, indicators, reasons, estimates: estimates.map(wanted) })
}

/// The requested collections of estimates; none: the caller wants no estimates.
fn estimates(reference: &Reference, asked: &[String]) -> Result<Option<Vec<String>>, QueryError> {
    let field = "estimate_collections";
    if asked == [NO_ESTIMATES] {
        return Ok(None);
    }
    let mut wrong = Wrong::default();
    for id in asked {
        if id == NO_ESTIMATES {
            let why = "`-` means no estimates: name either `-` alone or collections";
            wrong.take::<()>(Err(invalid(field, why)));
        } else {
            wrong.take(taking(reference, field, id, Dataset::Estimates));
        }
    }
    wrong.unless(Some(Some(asked.to_vec())))
}

fn provision(
    reference: &Reference,
    reader: &Reader,
    request: &v1::GetFaceToFaceProvisionRequest,
) -> Result<ProvisionQuestion, QueryError> {
    let mut wrong = Wrong::default();
    let query =
        wrong.take(checked(reference, reader, TableKind::Consultations, request.query.as_ref()));
    let access_collection = request.access_collection.clone();
    let (field, id) = ("access_collection", access_collection.as_str());
    let beside = query.as_ref().and_then(|query| reference.collection(&query.collection));
    wrong.take(match (beside, id) {
        (_, "") => Ok(()),
        (Some(beside), id) => snapshots_beside(reference, beside, id).map(drop),
        (None, id) => taking(reference, field, id, Dataset::DigitalAccess).map(drop),
    });
    let request_met_days = match u32::try_from(request.request_met_days) {
        Ok(0) => Some(REQUEST_MET_DAYS),
        Ok(days) if days <= MOST_DAYS => Some(days),
        Ok(_) | Err(_) => {
            let why = format!("must be from 0 to {MOST_DAYS} days; 0 means {REQUEST_MET_DAYS}");
            wrong.take(Err(invalid("request_met_days", why)))
        }
    };
    let (query, request_met_days) = wrong.unless(query.zip(request_met_days))?;
    Ok(ProvisionQuestion { query, access_collection, request_met_days })
}

fn risk(
    reference: &Reference,
    reader: &Reader,
    request: &v1::GetAreaRiskRequest,
) -> Result<RiskQuestion, QueryError> {
    use v1::get_area_risk_request::HighRisk as Asked;
    let high_risk = request.high_risk.map(|high| match high {
        Asked::HighRiskScore(score) => HighRisk::Score(score),
        Asked::HighRiskTopShare(share) => HighRisk::TopShare(share),
    });
    let mut wrong = Wrong::default();
    let (asked, as_of) = asked(TableKind::Population, request.query.as_ref(), &mut wrong)?;
    let (indicator, scores) = (&request.indicator, &request.score_collection);
    let about = (&asked, as_of.unwrap_or(AsOf::Head));
    let question =
        wrong.take(RiskQuestion::new(reference, reader, about, indicator, scores, high_risk));
    wrong.unless(question)
}
