//! Questions about people, who have no care setting: submitted indicators.

use super::query::query as checked;
use crate::domain::reference::Reference;
use crate::engine::QueryError;
use crate::engine::answer::{IndicatorQuestion, submitted_indicator};
use crate::engine::query::{Reader, TableKind, Wrong, invalid};
use crate::proto::v1;

/// A query of people. A care setting goes to `wrong`: `these` describe people.
pub(super) fn without_setting(
    mut asked: Option<v1::BreakdownQuery>,
    these: &str,
    wrong: &mut Wrong,
) -> Option<v1::BreakdownQuery> {
    if let Some(asked) = asked.as_mut().filter(|asked| !asked.care_setting.is_empty()) {
        let why = format!("must be empty: {these} people, not care");
        wrong.take::<()>(Err(invalid("query.care_setting", why)));
        asked.care_setting.clear();
    }
    asked
}

/// A question to a submitted indicator.
pub(super) fn indicator(
    reference: &Reference,
    reader: &Reader,
    request: &v1::GetIndicatorBreakdownRequest,
) -> Result<IndicatorQuestion, QueryError> {
    let mut wrong = Wrong::default();
    let id = request.indicator.as_str();
    let known = match id {
        "" => Err(invalid("indicator", "is required; ListIndicators lists the ids")),
        id => submitted_indicator(reference, "indicator", id).map(|of| of.id.clone()),
    };
    let known = wrong.take(known);
    let question = wrong.take(any_indicator(reference, reader, request));
    let (question, indicator) = wrong.unless(question.zip(known))?;
    Ok(IndicatorQuestion { indicator, ..question })
}

/// The question without its indicator.
pub(super) fn any_indicator(
    reference: &Reference,
    reader: &Reader,
    request: &v1::GetIndicatorBreakdownRequest,
) -> Result<IndicatorQuestion, QueryError> {
    let mut wrong = Wrong::default();
    let these = "counts of indicators describe";
    let asked = without_setting(request.query.clone(), these, &mut wrong);
    let query = wrong.take(checked(reference, reader, TableKind::Indicators, asked.as_ref()));
    let query = wrong.unless(query)?;
    Ok(IndicatorQuestion { query, indicator: String::new() })
}
