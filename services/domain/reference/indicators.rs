//! Reads `indicators.toml` and checks it against the dimensions.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::domain::codes::{Content, ContentError, Dimension};
use crate::domain::indicator::{Count, Indicator};

const FILE: &str = "indicators.toml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IndicatorFile {
    indicator: Vec<Indicator>,
}

/// The indicators by id.
pub(super) fn indicators(
    content: &Content,
    dimensions: &[Dimension],
) -> Result<BTreeMap<String, Indicator>, ContentError> {
    let wrong = |what: String| ContentError { file: FILE.into(), what };
    let parsed: IndicatorFile =
        toml::from_str(content.file(FILE)?).map_err(|error| wrong(error.to_string()))?;
    let mut indicators = BTreeMap::new();
    for indicator in parsed.indicator {
        if let Some(twice) = indicators.insert(indicator.id.clone(), indicator) {
            return Err(wrong(format!("`{}` is defined twice", twice.id)));
        }
    }
    for indicator in indicators.values() {
        let named = indicator.components.iter().chain(match &indicator.count {
            Some(Count::Difference { difference: (first, second) }) => vec![first, second],
            Some(Count::Share { .. }) | None => Vec::new(),
        });
        for id in named {
            if !indicators.contains_key(id) {
                return Err(wrong(format!("`{}` names `{id}`, which is missing", indicator.id)));
            }
        }
        if let Some(count) = &indicator.count {
            check(count, dimensions)
                .map_err(|what| wrong(format!("`{}`: {what}", indicator.id)))?;
        }
    }
    Ok(indicators)
}

fn check(count: &Count, dimensions: &[Dimension]) -> Result<(), String> {
    let Count::Share { dimension, numerator, denominator, late, conditions, .. } = count else {
        return Ok(());
    };
    let known = |id: &str, codes: &[String]| {
        let dimension = dimensions.iter().find(|dimension| dimension.id == id);
        let dimension = dimension
            .filter(|dimension| dimension.field().is_some_and(|field| !field.is_multiple()))
            .ok_or_else(|| format!("`{id}` is no dimension of a single-valued field"))?;
        match codes.iter().find(|code| dimension.place_of(code).is_none()) {
            Some(code) => Err(format!("`{code}` is no category or state of `{id}`")),
            None => Ok(()),
        }
    };
    known(dimension, numerator)?;
    known(dimension, denominator)?;
    known(dimension, late)?;
    if let Some(code) = numerator.iter().find(|code| !denominator.contains(code)) {
        return Err(format!("`{code}` is in the numerator and not in the denominator"));
    }
    conditions.iter().try_for_each(|condition| known(&condition.dimension, &condition.codes))
}
