//! Reads `targets.toml` and checks it against the indicators and dimensions.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::indicators::Indicators;
use crate::domain::codes::{Content, ContentError, Dimension};
use crate::domain::indicator::Condition;
use crate::domain::period::months_of;
use crate::domain::target::{StatedUnit, Target};

const FILE: &str = "targets.toml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TargetFile {
    #[serde(default)]
    target: Vec<Target>,
}

/// The targets by id. Content without the file has none.
pub(super) fn targets(
    content: &Content,
    indicators: &Indicators,
    dimensions: &[Dimension],
) -> Result<BTreeMap<String, Target>, ContentError> {
    let wrong = |what: String| ContentError { file: FILE.into(), what };
    let Ok(text) = content.file(FILE) else { return Ok(BTreeMap::new()) };
    let parsed: TargetFile = toml::from_str(text).map_err(|error| wrong(error.to_string()))?;
    let mut targets = BTreeMap::new();
    for target in parsed.target {
        check(&target, indicators, dimensions)
            .map_err(|what| wrong(format!("`{}`: {what}", target.id)))?;
        if let Some(twice) = targets.insert(target.id.clone(), target) {
            return Err(wrong(format!("`{}` is defined twice", twice.id)));
        }
    }
    Ok(targets)
}

fn check(target: &Target, indicators: &Indicators, dimensions: &[Dimension]) -> Result<(), String> {
    let id = &target.indicator;
    let indicator = indicators.all.get(id);
    if let Some(tag) =
        target.tags.iter().find(|tag| indicators.tags.iter().all(|of| of.id != **tag))
    {
        return Err(format!("tag `{tag}` is no [[tag]] of indicators.toml"));
    }
    if indicator.is_none() && !id.is_empty() {
        return Err(format!("indicator `{id}` is missing"));
    }
    if indicator.is_some_and(|of| of.not_for_targets) {
        return Err(format!("indicator `{id}` must not be used for targets"));
    }
    if indicator.is_some_and(|of| of.polarity != target.polarity) {
        return Err(format!("its polarity is not that of indicator `{id}`"));
    }
    if target.value.is_some_and(|value| !(0.0..=1.0).contains(&value)) {
        return Err("its value is a share from 0 to 1".into());
    }
    let is_measured = indicator.is_some_and(|of| of.submitted.is_some()) && target.value.is_some();
    if is_measured != target.not_measurable.is_empty() {
        return Err(
            "give either a value and an indicator with submitted counts, or `not_measurable`"
                .into(),
        );
    }
    for stated in &target.baseline_values {
        let is_valid = match stated.unit {
            StatedUnit::Ratio => (0.0..=1.0).contains(&stated.value),
            StatedUnit::Years => stated.value.is_finite() && stated.value >= 0.0,
        };
        if !is_valid {
            let why = "a value of `baseline_values` is a share from 0 to 1, or years of 0 or more";
            return Err(why.into());
        }
        if !stated.period.is_empty() {
            months_of(&stated.period).map_err(|error| format!("baseline_values: {error}"))?;
        }
    }
    let groups = target.baseline_values.iter().flat_map(|stated| &stated.group);
    for Condition { dimension, codes } in target.population.iter().chain(groups) {
        let known = dimensions.iter().find(|of| of.id == *dimension);
        let known = known.ok_or_else(|| format!("`{dimension}` is no dimension"))?;
        if let Some(code) = codes.iter().find(|code| known.place_of(code).is_none()) {
            return Err(format!("`{code}` is no category or state of `{dimension}`"));
        }
        if codes.len() != 1 {
            return Err(format!(
                "its condition on `{dimension}` has one code: several make no declared group"
            ));
        }
    }
    if let Some(baseline) = &target.baseline {
        months_of(&baseline.period).map_err(|error| format!("baseline: {error}"))?;
        if baseline.position.is_some() && !baseline.release.is_empty() {
            return Err("its baseline has a position or a release, not both".into());
        }
    }
    Ok(())
}
