//! Area risk: the contract's question to the engine's, and its table back.

use tonic::Status;

use super::context::{absence, context, key};
use super::query::as_of_at;
use super::{estimate, int, query_error};
use crate::domain::reference::Reference;
use crate::domain::statistics::Confidence;
use crate::engine::answer::{HighRisk, RiskAsked, RiskQuestion, RiskRow, RiskTable};
use crate::engine::query::{AsOf, Denominator, Measure, Query, TableKind, Where};
use crate::proto::v1;

/// A question about area risk.
pub(in crate::rpc) fn question(
    reference: &Reference,
    request: &v1::GetAreaRiskRequest,
) -> Result<RiskQuestion, Status> {
    use v1::get_area_risk_request::HighRisk as Asked;
    let high_risk = request.high_risk.map(|high| match high {
        Asked::HighRiskScore(score) => HighRisk::Score(score),
        Asked::HighRiskTopShare(share) => HighRisk::TopShare(share),
    });
    let asked = RiskAsked {
        area: request.area.clone(),
        indicator: request.indicator.clone(),
        score_collection: request.score_collection.clone(),
        by: request.by.clone(),
        population_collection: request.population_collection.clone(),
        high_risk,
    };
    let as_of = as_of_at("as_of", request.as_of.as_ref())?;
    RiskQuestion::new(reference, &asked, as_of).map_err(query_error)
}

/// A table of area risk.
pub(in crate::rpc) fn table(question: &RiskQuestion, table: RiskTable) -> v1::AreaRisk {
    let has_population = table.query.is_some();
    let query = table.query.unwrap_or_else(|| unanswered(&table.context));
    let mut made = context(table.context, &query, Measure::Persons, Denominator::All);
    if !has_population {
        // No month was found to speak of.
        made.first_month.clear();
        made.last_month.clear();
    }
    v1::AreaRisk {
        context: Some(made),
        dimension: question.by.clone().unwrap_or_default(),
        rows: table.rows.into_iter().map(|found| row(found, &table.components)).collect(),
        indicator: question.indicator.clone(),
        score_source: table.source.as_ref().map(estimate::source),
        high_risk_score: table.high_risk_score,
        ecological: true,
        ecological_statement: table.statement.to_owned(),
        joins: table.joins,
    }
}

fn row(found: RiskRow, components: &[String]) -> v1::AreaRiskRow {
    let figures = found.figures;
    let means = components.iter().zip(&figures.components).filter_map(|(indicator, mean)| {
        Some(v1::ComponentMean { indicator: indicator.clone(), mean_score: (*mean)? })
    });
    #[allow(clippy::cast_precision_loss)] // people are below 2^53
    let share = |part: u64, whole: u64| (whole > 0).then(|| part as f64 / whole as f64);
    v1::AreaRiskRow {
        keys: found.keys.into_iter().map(key).collect(),
        person_count: int(figures.people),
        unmatched_person_count: int(figures.unmatched),
        area_count: i32::try_from(figures.areas).unwrap_or(i32::MAX),
        mean_score: figures.mean,
        unweighted_mean_score: figures.unweighted_mean,
        high_risk_person_count: int(figures.high_risk),
        high_risk_share: share(figures.high_risk, figures.people),
        components: means.collect(),
        absence: found.absence.map(absence),
    }
}

/// The words that every context shares, where nothing was found to ask.
fn unanswered(context: &crate::engine::answer::Context) -> Query {
    Query {
        table: TableKind::default(),
        collection: context.collection.clone(),
        care_setting: None,
        place: Where::Residence(context.area.clone()),
        months: (context.first, context.last),
        by: Vec::new(),
        filters: Vec::new(),
        as_of: AsOf::Head,
        confidence: Confidence::default(),
        full: true,
    }
}
