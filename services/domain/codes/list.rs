//! A code list: categories, which may contain others, and the code systems that partners use.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::words::Words;
use super::{State, Value, expected_of, nearest, says_nothing};

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
        })
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
        State::said(source).map(Value::State)
    }

    /// The value of a source code, or of a word or label that has one meaning in the code system.
    #[must_use]
    pub fn value(&self, system: usize, source: &str) -> Option<Value> {
        let word = || self.words.target(system, source).map(|target| Value::from_text(&target));
        // A column of numbers with gaps becomes `1.0` in spreadsheets and pandas.
        let is_number = |text: &&str| text.bytes().all(|byte| byte.is_ascii_digit());
        let number = || self.code(system, source.strip_suffix(".0").filter(is_number)?);
        self.code(system, source).or_else(word).or_else(number)
    }

    /// The value of a source code, or what would have been valid and the nearest code.
    #[must_use]
    pub fn map(&self, system: usize, source: &str) -> Mapped {
        if let Some(value) = self.value(system, source) {
            return Mapped::Value(value);
        }
        let of_system = &self.systems[system];
        let codes = || of_system.codes.iter().map(|(code, _, _)| code.as_str());
        // A spreadsheet takes `01` for the number 1.
        let zero = format!("0{source}");
        let lost_zero = codes().find(|code| *code == zero);
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
                    && other.codes.iter().any(|(known, _, target)| {
                        known == code || (target == code && self.category(code).is_some())
                    })
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
mod tests {
    use super::*;

    const LIST: &str = r#"
        id = "attendance"
        label = "Attendance"
        version = "1"
        source = "test"
        categories = [
          { code = "ATTENDED", label = "Attended" },
          { code = "ON_TIME", label = "On time", parent = "ATTENDED" },
        ]
        [[system]]
        id = "nhs"
        label = "NHS"
        codes = [["5", "Attended on time", "ON_TIME"], ["0", "Future", "!NOT_APPLICABLE"]]
    "#;

    #[test]
    fn codes_map_and_categories_hold() {
        let list = CodeList::from_toml(LIST).unwrap();
        assert_eq!(list.map(0, "5"), Mapped::Value(Value::Codes(vec!["ON_TIME".into()])));
        assert_eq!(list.map(0, "0"), Mapped::Value(Value::State(State::NotApplicable)));
        assert_eq!(list.map(0, "NOT_KNOWN"), Mapped::Value(Value::State(State::NotKnown)));
        let Mapped::Unknown { expected, .. } = list.map(0, "05") else { panic!("05 is no code") };
        assert!(expected.contains("`nhs`: 5, 0"), "{expected}");
        assert!(list.holds("ATTENDED", "ON_TIME"));
        assert!(!list.holds("ON_TIME", "ATTENDED"));
        for state in ["NOT_COLLECTED", "ANY", "NONE", "COARSER"] {
            assert!(matches!(list.map(0, state), Mapped::Unknown { .. }), "{state} is no code");
        }
    }

    #[test]
    fn a_label_is_taken_where_it_has_one_meaning() {
        let text = LIST.replace(
            "[\"0\", \"Future\", \"!NOT_APPLICABLE\"]",
            "[\"0\", \"Future\", \"!NOT_APPLICABLE\"], [\"6\", \"On  time\", \"ON_TIME\"], [\"7\", \"on time\", \"ATTENDED\"], \
             [\"8\", \"None\", \"ATTENDED\"], [\"LATE\", \"Late\", \"ATTENDED\"]",
        );
        let list = CodeList::from_toml(&text).unwrap();
        let code = |code: &str| Some(Value::Codes(vec![code.into()]));
        for (given, value) in [
            (" attended ON-TIME", code("ON_TIME")),
            ("future", Some(Value::State(State::NotApplicable))),
            ("Late", code("ATTENDED")),
            ("on time", None),
            ("None", None),
            ("Attended", None),
            ("", None),
        ] {
            assert_eq!(list.value(0, given), value, "{given:?}");
        }
    }

    #[test]
    fn the_nearest_category_that_holds_all_is_found_by_parents_and_by_ranges() {
        let category = |code: &str, parent: Option<&str>, range| Category {
            code: code.into(),
            label: String::new(),
            parent: parent.map(Into::into),
            range,
            is_other: false,
        };
        let codes = Vec::new();
        let system =
            CodeSystem { id: "s".into(), label: String::new(), local_second: false, codes };
        let list = CodeList::new(
            "l".into(),
            String::new(),
            vec![
                category("all", None, None),
                category("some", Some("all"), None),
                category("a", Some("some"), None),
                category("b", Some("some"), None),
                category("c", Some("all"), None),
                category("alone", None, None),
                category("0-2", None, Some((0, 2))),
                category("3-4", None, Some((3, 4))),
                category("5-9", None, Some((5, 9))),
                category("0-15", None, Some((0, 15))),
                category("0-9", None, Some((0, 9))),
                category("3-15", None, Some((3, 15))),
            ],
            vec![system],
        )
        .unwrap();
        let of = |codes: &[&str]| {
            let codes: Vec<_> = codes.iter().map(|code| (*code).to_owned()).collect();
            list.holding(&codes).map(|category| category.code.as_str())
        };
        assert_eq!(of(&["a", "b"]), Some("some"));
        assert_eq!(of(&["a", "c"]), Some("all"));
        assert_eq!(of(&["a", "some"]), Some("all"), "a category does not hold itself");
        assert_eq!(of(&["a", "alone"]), None);
        assert_eq!(of(&["a", "NOT_STATED"]), None);
        assert_eq!(of(&["0-2", "3-4"]), Some("0-9"));
        assert_eq!(of(&["3-4", "5-9"]), None, "0-9 and 3-15 both hold them, and neither the other");
    }

    #[test]
    fn contradictions_are_refused() {
        for (from, to) in [
            ("parent = \"ATTENDED\"", "parent = \"NOWHERE\""),
            ("parent = \"ATTENDED\"", "parent = \"ON_TIME\""),
            ("\"ON_TIME\"]", "\"NOWHERE\"]"),
            ("\"!NOT_APPLICABLE\"", "\"!NOWHERE\""),
            ("[\"0\"", "[\"5\""),
            ("code = \"ON_TIME\"", "code = \"ATTENDED\""),
        ] {
            assert!(LIST.contains(from));
            assert!(CodeList::from_toml(&LIST.replace(from, to)).is_err(), "{from} -> {to}");
        }
    }
}
