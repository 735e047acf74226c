//! Reads `indicators.toml` and checks it against the dimensions.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::domain::codes::{
    Category, CodeList, CodeListError, CodeSystem, Content, ContentError, Dimension,
};
use crate::domain::field::Field;
use crate::domain::indicator::{Count, Indicator, Named, Unit};

const FILE: &str = "indicators.toml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IndicatorFile {
    #[serde(default)]
    tag: Vec<Named>,
    #[serde(default)]
    theme: Vec<Named>,
    indicator: Vec<Indicator>,
}

/// The indicators by id, and the words for their tags and themes.
#[derive(Debug)]
pub(super) struct Indicators {
    pub(super) all: BTreeMap<String, Indicator>,
    pub(super) tags: Vec<Named>,
}

fn wrong(what: String) -> ContentError {
    ContentError { file: FILE.into(), what }
}

/// Reads the indicators.
pub(super) fn indicators(content: &Content) -> Result<Indicators, ContentError> {
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
        names_known(indicator, &parsed.tag, &parsed.theme)
            .and_then(|()| countable(indicator))
            .map_err(|what| wrong(format!("`{}`: {what}", indicator.id)))?;
    }
    Ok(Indicators { all: indicators, tags: parsed.tag })
}

impl Indicators {
    /// Whether what is counted from records names dimensions and categories that exist.
    pub(super) fn check_counts(&self, dimensions: &[Dimension]) -> Result<(), ContentError> {
        self.all.values().try_for_each(|indicator| {
            let checked = indicator.count.as_ref().map_or(Ok(()), |count| check(count, dimensions));
            checked.map_err(|what| wrong(format!("`{}`: {what}", indicator.id)))
        })
    }

    /// The code list of the indicators whose counts are submitted.
    pub(super) fn list(&self) -> Result<CodeList, CodeListError> {
        let submitted = || self.all.values().filter(|indicator| indicator.submitted.is_some());
        let category = |of: &Indicator| Category {
            code: of.id.clone(),
            label: of.label.clone(),
            parent: None,
            range: None,
            is_other: false,
        };
        let id = Field::Indicator.name();
        let code = |of: &Indicator| (of.id.clone(), of.label.clone(), of.id.clone());
        let system = CodeSystem {
            id: id.into(),
            label: "Ids of indicators".into(),
            local_second: false,
            edition: None,
            codes: submitted().map(code).collect(),
        };
        let label = "Indicators whose counts are submitted".into();
        let categories = submitted().map(category).collect();
        let mut list = CodeList::new(id.into(), label, categories, vec![system])?;
        (list.version, list.source) = ("1".into(), FILE.into());
        Ok(list)
    }
}

/// Whether the tags and the theme of an indicator have words.
fn names_known(indicator: &Indicator, tags: &[Named], themes: &[Named]) -> Result<(), String> {
    let has = |all: &[Named], id: &String| all.iter().any(|known| known.id == *id);
    if let Some(tag) = indicator.tags.iter().find(|tag| !has(tags, tag)) {
        return Err(format!("tag `{tag}` is no [[tag]] of the file"));
    }
    let theme = &indicator.theme;
    if !theme.is_empty() && !has(themes, theme) {
        return Err(format!("theme `{theme}` is no [[theme]] of the file"));
    }
    Ok(())
}

/// Whether counts of an indicator can be submitted, if it says so: it has to be a share that is not counted from records.
fn countable(indicator: &Indicator) -> Result<(), String> {
    if indicator.submitted.is_none() {
        return Ok(());
    }
    if indicator.unit != Unit::Ratio {
        return Err("its counts are submitted, so its unit has to be RATIO".into());
    }
    if indicator.count.is_some() || !indicator.unavailable.is_empty() {
        return Err("its counts are submitted, so it has neither `count` nor `unavailable`".into());
    }
    Ok(())
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
