//! A code list: categories, which may contain others, and the code systems that partners use.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{State, Value, nearest, words};

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

/// The labels of a code system and its codes spelt out, each with its place in `codes` if all that have it mean the same.
fn labels(system: &CodeSystem) -> BTreeMap<String, Option<usize>> {
    let mut places: BTreeMap<String, Option<usize>> = BTreeMap::new();
    for (place, (code, label, target)) in system.codes.iter().enumerate() {
        for name in words::label(label).into_iter().chain(words::spelt_out(code)) {
            let known = places.entry(name).or_insert(Some(place));
            *known = known.filter(|other| system.codes[*other].2 == *target);
        }
    }
    places
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
    /// For each system, folded labels and spelt-out codes to a place in `codes`; none where they have several meanings.
    by_label: Vec<BTreeMap<String, Option<usize>>>,
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
                let known = target.strip_prefix('!').map_or_else(
                    || by_code.contains_key(target),
                    |name| State::from_name(name).is_some_and(State::is_of_a_record),
                );
                if !known {
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
        let by_label = systems.iter().map(labels).collect();
        let (version, source, none) = (String::new(), String::new(), None);
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
            by_label,
        })
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

    /// Whether the given system has a source code.
    #[must_use]
    pub fn has(&self, system: usize, source: &str) -> bool {
        self.by_source[system].contains_key(source)
    }

    /// The value of a source code in a code system, or of its label, case and blanks aside, if the label has one meaning there.
    /// Every system also accepts the names of the missing states.
    #[must_use]
    pub fn value(&self, system: usize, source: &str) -> Option<Value> {
        let codes = &self.by_source[system];
        let national = || self.systems[system].national(source).and_then(|code| codes.get(code));
        let labelled = || self.by_label[system].get(&words::label(source)?)?.as_ref();
        if let Some(place) = codes.get(source).or_else(national).or_else(labelled) {
            return Some(Value::from_text(&self.systems[system].codes[*place].2));
        }
        let state = State::from_name(source)?;
        let is_said = state.is_of_a_record() && !matches!(state, State::None | State::NotCollected);
        is_said.then_some(Value::State(state))
    }

    /// The value of a source code, or what would have been valid and the nearest code.
    #[must_use]
    pub fn map(&self, system: usize, source: &str) -> Mapped {
        if let Some(value) = self.value(system, source) {
            return Mapped::Value(value);
        }
        let elsewhere = self.elsewhere(source);
        let system = &self.systems[system];
        let codes = || system.codes.iter().map(|(code, _, _)| code.as_str());
        let some: Vec<_> = codes().take(12).collect();
        let more = if codes().nth(12).is_some() { ", …" } else { "" };
        Mapped::Unknown {
            expected: format!("a code of `{}`: {}{more}{elsewhere}", system.id, some.join(", ")),
            nearest: nearest(source, system.names()).map(str::to_owned),
        }
    }

    /// Which code systems have a code, as it is or with a zero that spreadsheets drop, in words; nothing if none has.
    fn elsewhere(&self, source: &str) -> String {
        let with_zero = format!("0{source}");
        let is_number = !source.is_empty() && source.bytes().all(|byte| byte.is_ascii_digit());
        let mut text = String::new();
        for code in std::iter::once(source).chain(is_number.then_some(with_zero.as_str())) {
            let has = |place: &usize| self.has(*place, code);
            let ids = (0..self.systems.len()).filter(has).map(|place| &*self.systems[place].id);
            let ids: Vec<_> = ids.collect();
            if !ids.is_empty() {
                text += &format!("; `{code}` is a code of {}", ids.join(", "));
            }
        }
        if text.is_empty() { text } else { text + " (name the right one in `code_systems`)" }
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
