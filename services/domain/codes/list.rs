//! A code list: categories, which may contain others, and the code systems that partners use.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use super::words::Words;
use super::{State, Value, expected_of, nearest, says_nothing};
use crate::domain::small_area::{Edition, SmallAreas};

/// A category of a code list.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Category {
    /// Code in questions and answers.
    pub code: String,
    /// Name for people.
    pub label: String,
    /// Code of the category that contains it.
    #[serde(default)]
    pub parent: Option<String>,
    /// Least and greatest number in the category, both included: years or days.
    #[serde(default)]
    pub range: Option<(u32, u32)>,
    /// Whether it says no more than "another one": `Any other mixed background`. Data quality counts how often it is used.
    #[serde(default)]
    pub is_other: bool,
}

/// A code system that partners may use for the values.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeSystem {
    /// Stable id in the contract.
    pub id: String,
    /// Name for people.
    pub label: String,
    /// Whether a one-character code may have a second character for local use, which is ignored.
    #[serde(default)]
    pub local_second: bool,
    /// Source code, source label, target: a category's code or `!STATE`.
    pub codes: Vec<(String, String, String)>,
    /// The edition of the small areas that are codes of the system too, each of which is its own target.
    #[serde(skip)]
    pub edition: Option<Edition>,
}

impl CodeSystem {
    /// Every code with each of its names: itself and its label.
    pub fn names(&self) -> impl Iterator<Item = (&str, &str)> {
        let names = |code, label| [(code, code), (code, label)];
        self.codes.iter().flat_map(move |(code, label, _)| names(code.as_str(), label.as_str()))
    }

    /// The first character of a two-character code, if the second is for local use.
    fn national<'a>(&self, source: &'a str) -> Option<&'a str> {
        let is_local =
            |second: &str| second.len() == 1 && second.as_bytes()[0].is_ascii_alphanumeric();
        let (first, second) = source.split_at_checked(1)?;
        (self.local_second && is_local(second)).then_some(first)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListFile {
    id: String,
    label: String,
    version: String,
    source: String,
    #[serde(default)]
    none: Option<String>,
    #[serde(default)]
    words: Vec<(String, String)>,
    categories: Vec<Category>,
    #[serde(rename = "system")]
    systems: Vec<CodeSystem>,
}

/// Why a code list cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CodeListError {
    /// The file is no code list.
    #[error("{0}")]
    Toml(#[from] toml::de::Error),
    /// A code is used and not defined, or defined twice.
    #[error("{0}")]
    Content(String),
}

/// The value of a source code, or what would have been valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mapped {
    /// The code is valid.
    Value(Value),
    /// The code is not in the code system.
    Unknown {
        /// What would have been valid, in a sentence.
        expected: String,
        /// The nearest valid code.
        nearest: Option<String>,
    },
}

/// A code list, checked.
#[derive(Clone, Debug)]
pub struct CodeList {
    /// Stable id in the contract.
    pub id: String,
    /// Name for people.
    pub label: String,
    /// Version of the content.
    pub version: String,
    /// Publisher or standard that the list comes from.
    pub source: String,
    /// Source code for "in none of the categories".
    pub none: Option<String>,
    /// Categories in order of display.
    pub categories: Vec<Category>,
    /// Code systems, the default first.
    pub systems: Vec<CodeSystem>,
    by_code: BTreeMap<String, usize>,
    /// For each system, source code to place in `codes`.
    by_source: Vec<BTreeMap<String, usize>>,
    words: Words,
    /// Categories below those of the list. They are too many to be held as texts.
    small: Option<Arc<SmallAreas>>,
}

impl CodeList {
    /// Reads and checks a list.
    ///
    /// # Errors
    /// The TOML is invalid, a code is defined twice, or a used code is not defined.
    pub fn from_toml(text: &str) -> Result<Self, CodeListError> {
        let file: ListFile = toml::from_str(text)?;
        let mut list = Self::new(file.id, file.label, file.categories, file.systems)?;
        (list.version, list.source, list.none) = (file.version, file.source, file.none);
        if let Some((word, target)) = file.words.iter().find(|(_, target)| !list.is_target(target))
        {
            let what = format!(
                "code list `{}`: target `{target}` of word `{word}` is not defined",
                list.id
            );
            return Err(CodeListError::Content(what));
        }
        list.words.add(&file.words);
        Ok(list)
    }

    /// Makes a list of categories and systems.
    ///
    /// # Errors
    /// As [`CodeList::from_toml`].
    pub fn new(
        id: String,
        label: String,
        categories: Vec<Category>,
        systems: Vec<CodeSystem>,
    ) -> Result<Self, CodeListError> {
        let wrong = |what: String| Err(CodeListError::Content(format!("code list `{id}`: {what}")));
        let mut by_code = BTreeMap::new();
        for (place, category) in categories.iter().enumerate() {
            if category.code.is_empty() || category.code.contains([';', '!', '#']) {
                return wrong(format!("`{}` is no code: not empty, without ; ! #", category.code));
            }
            if by_code.insert(category.code.clone(), place).is_some() {
                return wrong(format!("category `{}` is defined twice", category.code));
            }
        }
        for category in &categories {
            // A chain of parents as long as the list must have met itself.
            let mut next = category.parent.as_ref();
            let mut steps = 0;
            while let Some(parent) = next {
                let Some(place) = by_code.get(parent) else {
                    return wrong(format!(
                        "parent `{parent}` of `{}` is not defined",
                        category.code
                    ));
                };
                steps += 1;
                if steps > categories.len() {
                    return wrong(format!("`{}` is its own ancestor", category.code));
                }
                next = categories[*place].parent.as_ref();
            }
        }
        if systems.is_empty() {
            return wrong("it has no code system".into());
        }
        let mut by_source = Vec::with_capacity(systems.len());
        for system in &systems {
            let mut codes = BTreeMap::new();
            for (place, (source, _, target)) in system.codes.iter().enumerate() {
                if !is_target(&by_code, target) {
                    return wrong(format!(
                        "system `{}`: target `{target}` is not defined",
                        system.id
                    ));
                }
                if codes.insert(source.clone(), place).is_some() {
                    return wrong(format!("system `{}`: `{source}` is mapped twice", system.id));
                }
            }
            by_source.push(codes);
        }
        let (version, source, none) = (String::new(), String::new(), None);
        let words = Words::of(systems.iter().map(|system| system.codes.as_slice()));
        Ok(Self {
            id,
            label,
            version,
            source,
            none,
            categories,
            systems,
            by_code,
            by_source,
            words,
            small: None,
        })
    }

    /// The list, with every small area as a category below those around it.
    #[must_use]
    pub fn with_small_areas(self, small: Arc<SmallAreas>) -> Self {
        Self { small: Some(small), ..self }
    }

    /// The small areas that are categories of the list; none if it has no small areas.
    #[must_use]
    pub fn small_areas(&self) -> Option<&Arc<SmallAreas>> {
        self.small.as_ref()
    }

    /// Whether a text is a code of a system as one of its small areas.
    fn is_small_area(&self, system: usize, code: &str) -> bool {
        let of = self.small.as_ref().zip(self.systems[system].edition);
        of.is_some_and(|(small, edition)| small.number(edition, code).is_some())
    }

    fn is_target(&self, text: &str) -> bool {
        is_target(&self.by_code, text)
    }

    /// The category of this code.
    #[must_use]
    pub fn category(&self, code: &str) -> Option<&Category> {
        self.by_code.get(code).map(|place| &self.categories[*place])
    }

    /// Place of a code system among [`CodeList::systems`].
    #[must_use]
    pub fn system(&self, id: &str) -> Option<usize> {
        self.systems.iter().position(|system| system.id == id)
    }

    /// Whether any system has a source code.
    #[must_use]
    pub fn has(&self, source: &str) -> bool {
        self.by_source.iter().any(|codes| codes.contains_key(source))
            || self.small.as_ref().is_some_and(|small| small.has(source))
    }

    /// The value of a source code in a code system. Every system also accepts the names of the missing states.
    #[must_use]
    pub fn code(&self, system: usize, source: &str) -> Option<Value> {
        let codes = &self.by_source[system];
        let national = || {
            // The category `E1` of 2021 is not the code `E` of 2001 with a local second character.
            let code = self.systems[system].national(source)?;
            if self.category(source).is_some() { None } else { codes.get(code) }
        };
        if let Some(place) = codes.get(source).or_else(national) {
            return Some(Value::from_text(&self.systems[system].codes[*place].2));
        }
        if self.is_small_area(system, source) {
            return Some(Value::Codes(vec![source.to_owned()]));
        }
        State::said(source).map(Value::State)
    }

    /// The value of a source code, or of a word or label that has one meaning in the code system.
    #[must_use]
    pub fn value(&self, system: usize, source: &str) -> Option<Value> {
        let word = || self.words.target(system, source).map(|target| Value::from_text(&target));
        // A column of numbers with gaps becomes `1.0` in spreadsheets and pandas.
        let is_number = |text: &&str| text.bytes().all(|byte| byte.is_ascii_digit());
        let number = || self.code(system, source.strip_suffix(".0").filter(is_number)?);
        let in_capitals = || {
            let capitals = source.trim().to_ascii_uppercase();
            self.is_small_area(system, &capitals).then(|| Value::Codes(vec![capitals]))
        };
        self.code(system, source).or_else(word).or_else(number).or_else(in_capitals)
    }

    /// The value of a source code, or what would have been valid and the nearest code.
    #[must_use]
    pub fn map(&self, system: usize, source: &str) -> Mapped {
        if let Some(value) = self.value(system, source) {
            return Mapped::Value(value);
        }
        let of_system = &self.systems[system];
        let small = || self.small.iter().zip(of_system.edition);
        let small = || small().flat_map(|(small, edition)| small.of(edition).map(|of| of.code));
        let codes = || of_system.codes.iter().map(|(code, _, _)| code.as_str()).chain(small());
        // A spreadsheet takes `01` for the number 1.
        let zero = format!("0{source}");
        let mut own = of_system.codes.iter().map(|(code, _, _)| code.as_str());
        let lost_zero = own.find(|code| *code == zero);
        let expected = format!("a code of `{}`", of_system.id);
        if let Some(elsewhere) = self.elsewhere(system, source) {
            let expected = format!("{expected}, and {elsewhere}");
            return Mapped::Unknown { expected, nearest: lost_zero.map(str::to_owned) };
        }
        if says_nothing(source) {
            let expected = expected_of(source, expected);
            return Mapped::Unknown { expected, nearest: None };
        }
        let some: Vec<_> = codes().take(12).collect();
        let more = if codes().nth(12).is_some() { ", …" } else { "" };
        Mapped::Unknown {
            expected: format!("{expected}: {}{more}", some.join(", ")),
            nearest: lost_zero.or_else(|| nearest(source, of_system.names())).map(str::to_owned),
        }
    }

    /// Names the other code systems that have a code, as it is or with a zero that a spreadsheet lost, or that have the category that
    /// it is the code of.
    fn elsewhere(&self, system: usize, source: &str) -> Option<String> {
        let zero = format!("0{source}");
        let codes = [source, zero.as_str()].into_iter();
        // Where this system has the code with the zero, that is the answer.
        let codes = codes.filter(|code| !self.by_source[system].contains_key(*code));
        let known = codes.filter_map(|code| {
            let has = |(place, other): &(usize, &CodeSystem)| {
                *place != system
                    && (self.is_small_area(*place, code)
                        || other.codes.iter().any(|(known, _, target)| {
                            known == code || (target == code && self.category(code).is_some())
                        }))
            };
            let names = match self.systems.iter().enumerate().filter(has).collect::<Vec<_>>()[..] {
                [] => return None,
                [(_, one)] => format!("`{}` ({})", one.id, one.label),
                ref several => {
                    let ids = several.iter().map(|(_, one)| format!("`{}`", one.id));
                    ids.collect::<Vec<_>>().join(", ")
                }
            };
            Some(format!("`{code}` is one of {names}"))
        });
        let known: Vec<_> = known.collect();
        let what = "name its code system for the field, or correct the code";
        (!known.is_empty()).then(|| format!("{}: {what}", known.join(", and ")))
    }

    /// Whether category `outer` contains category `inner`, or is the same.
    #[must_use]
    pub fn holds(&self, outer: &str, inner: &str) -> bool {
        if let Some(mut around) = self.small.as_ref().and_then(|small| small.around(inner)) {
            return outer == inner || around.any(|code| code == outer);
        }
        let (Some(outer), Some(inner)) = (self.category(outer), self.category(inner)) else {
            return false;
        };
        if let (Some(outer), Some(inner)) = (outer.range, inner.range) {
            return outer.0 <= inner.0 && inner.1 <= outer.1;
        }
        let mut at = Some(inner);
        while let Some(category) = at {
            if category.code == outer.code {
                return true;
            }
            at = category.parent.as_deref().and_then(|parent| self.category(parent));
        }
        false
    }

    /// The smallest category that contains all of several others; none if there is none.
    #[must_use]
    pub fn holding(&self, codes: &[String]) -> Option<&Category> {
        let holds = |category: &&Category| {
            codes.iter().all(|code| category.code != *code && self.holds(&category.code, code))
        };
        let found: Vec<_> = self.categories.iter().filter(holds).collect();
        let all_hold =
            |near: &&&Category| found.iter().all(|other| self.holds(&other.code, &near.code));
        found.iter().find(all_hold).copied()
    }

    /// Whether a number is in the category.
    #[must_use]
    pub fn holds_number(&self, code: &str, number: u32) -> bool {
        let range = self.category(code).and_then(|category| category.range);
        range.is_some_and(|(first, last)| (first..=last).contains(&number))
    }
}

/// Whether a text is the code of a category, or `!` and the name of a state that a record can have.
fn is_target(by_code: &BTreeMap<String, usize>, text: &str) -> bool {
    text.strip_prefix('!').map_or_else(
        || by_code.contains_key(text),
        |name| State::from_name(name).is_some_and(State::is_of_a_record),
    )
}

#[cfg(test)]
#[path = "list_tests.rs"]
mod tests;
