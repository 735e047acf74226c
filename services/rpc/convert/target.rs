//! Targets: to the messages of the contract, and questions about their status.

use std::sync::Arc;

use super::inequality::{Checked, Other};
use super::query::query;
use super::{int, query_error};
use crate::domain::codes::nearest;
use crate::domain::indicator::Condition;
use crate::domain::period::months_of;
use crate::domain::reference::Reference;
use crate::domain::target::{Baseline, StatedBaseline, Target};
use crate::engine::answer::TargetQuestion;
use crate::engine::query::{Reader, TableKind, hint, is_period};
use crate::proto::v1::breakdown_question::Table;
use crate::proto::v1::{self, as_of::At};
use crate::rpc::status;

/// A target as the contract has it.
pub(in crate::rpc) fn target(target: &Target) -> v1::Target {
    let Target { id, label, indicator, value, owner_role, tags, .. } = target.clone();
    v1::Target {
        id,
        label,
        indicator,
        value,
        polarity: target.polarity.name().into(),
        deadline: target.deadline.map_or(String::new(), |month| month.to_string()),
        population: conditions(&target.population),
        baseline: target.baseline.as_ref().map(|of| v1::TargetBaseline {
            period: of.period.clone(),
            position: int(of.position.unwrap_or_default()),
            release: of.release.clone(),
        }),
        owner_role,
        tags,
        note: target.note.clone(),
        not_measurable: target.not_measurable.clone(),
        source: target.source.clone(),
        baseline_values: target.baseline_values.iter().map(stated).collect(),
    }
}

fn conditions(all: &[Condition]) -> Vec<v1::Filter> {
    let all = all.iter().cloned();
    all.map(|of| v1::Filter { dimension: of.dimension, codes: of.codes }).collect()
}

fn stated(of: &StatedBaseline) -> v1::StatedBaseline {
    v1::StatedBaseline {
        value: of.value,
        unit: of.unit.name().into(),
        period: of.period.clone(),
        group: conditions(&of.group),
        source: of.source.clone(),
    }
}

/// Asks for the status of a target.
pub(super) fn target_status(
    reference: &Reference,
    reader: &Reader,
    asked: &v1::GetTargetStatusRequest,
    other: Other<'_>,
) -> Checked {
    let id = asked.target.as_str();
    let target = reference.target(id).ok_or_else(|| {
        let names =
            reference.targets().flat_map(|of| [&of.id, &of.label].map(|name| (&*of.id, &**name)));
        let near = hint(nearest(id, names));
        status::field_invalid("target", format!("no target `{id}`{near}; ListTargets lists them"))
    })?;
    let mut base = asked.query.clone().unwrap_or_default();
    if base.comparison.is_some() {
        let why = "must be absent: the value is compared with the target";
        return Err(status::field_invalid("query.comparison", why));
    }
    for condition in conditions(&target.population) {
        if base.r#where.iter().any(|of| of.dimension == condition.dimension) {
            let why =
                format!("`{}` is the population of the target: leave it out", condition.dimension);
            return Err(status::field_invalid("query.where", why));
        }
        base.r#where.push(condition);
    }
    let checked =
        query(reference, reader, TableKind::Indicators, Some(&base)).map_err(query_error)?;
    let of = |query: v1::BreakdownQuery| {
        let indicator = target.indicator.clone();
        other(&Table::Indicators(v1::GetIndicatorBreakdownRequest {
            query: Some(query),
            indicator,
        }))
    };
    let target = target.clone();
    let mut question =
        TargetQuestion { query: checked, target, now: None, baseline: None, notes: Vec::new() };
    let indicator = reference.indicator(&question.target.indicator);
    if indicator.is_none_or(|of| of.submitted.is_none()) {
        return Ok(Arc::new(question));
    }
    question.now = Some(of(base.clone())?);
    if let Some(baseline) = question.target.baseline.clone() {
        let months = months_of(&baseline.period);
        let found =
            months.ok().map(|months| (of(before(reference, base, &baseline)), *months.end()));
        match found {
            Some((Ok(asked), month)) => question.baseline = Some((asked, month)),
            Some((Err(why), _)) => {
                question.notes.push(format!("The baseline is not read: {}.", why.message()));
            }
            None => {}
        }
    }
    Ok(Arc::new(question))
}

/// The same query about the baseline's period, at the state that it is frozen at.
fn before(
    reference: &Reference,
    mut query: v1::BreakdownQuery,
    baseline: &Baseline,
) -> v1::BreakdownQuery {
    let frozen = match (&baseline.position, baseline.release.as_str()) {
        (Some(position), _) => Some(At::Position(int(*position))),
        (None, "") => None,
        (None, release) => Some(At::Release(release.to_owned())),
    };
    if let Some(at) = frozen {
        query.as_of = Some(v1::AsOf { at: Some(at) });
    }
    query.period = Some(v1::PeriodRange { first: baseline.period.clone(), last: String::new() });
    query.by.retain(|id| !reference.dimension(id).is_some_and(is_period));
    query
}
