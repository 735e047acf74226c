//! Words that are no code of a system and have one meaning in it: `telephone` for `TELEPHONE`, `F` or `Female` for `2`.

use std::collections::BTreeMap;

use super::State;
use super::folded::label;

/// Names and their targets; `None`: two codes of different meaning have the name.
type Names = BTreeMap<String, Option<String>>;

/// The words of a code list.
#[derive(Clone, Debug, Default)]
pub(super) struct Words {
    /// For each system, its codes in plain form, and its labels.
    of_systems: Vec<(Names, Names)>,
    /// Words of the list, for every system, and their targets.
    of_list: BTreeMap<String, String>,
}

impl Words {
    /// The codes of systems, each with its label and target: in capitals or not, with `_`, `-` or a blank.
    pub(super) fn of<'a>(systems: impl Iterator<Item = &'a [(String, String, String)]>) -> Self {
        let of_system = |codes: &[(String, String, String)]| {
            let (mut plain_codes, mut labels) = (Names::new(), Names::new());
            for (code, of_code, target) in codes {
                add(&mut plain_codes, plain(code), target);
                if let Some(label) = label(of_code) {
                    add(&mut labels, label, target);
                }
            }
            (plain_codes, labels)
        };
        Self { of_systems: systems.map(of_system).collect(), of_list: BTreeMap::new() }
    }

    /// Adds words of the list: each word and its target.
    pub(super) fn add(&mut self, words: &[(String, String)]) {
        self.of_list.extend(words.iter().map(|(word, target)| (plain(word), target.clone())));
    }

    /// The target of a word in a system, which is the text form of a value: by its code, by a word of the list, by its label.
    pub(super) fn target(&self, system: usize, given: &str) -> Option<String> {
        let word = plain(given);
        let (codes, labels) = self.of_systems.get(system)?;
        if let Some(target) = codes.get(&word) {
            return target.clone();
        }
        let state = || State::said(&word.to_uppercase()).map(|state| format!("!{}", state.name()));
        let labelled = || labels.get(&label(given)?)?.clone();
        // Many sources write this word; a list that has it as a label says what it means.
        let unknown = || (word == "unknown").then(|| format!("!{}", State::NotKnown.name()));
        self.of_list.get(&word).cloned().or_else(state).or_else(labelled).or_else(unknown)
    }
}

fn add(names: &mut Names, name: String, target: &str) {
    let known = names.entry(name).or_insert_with(|| Some(target.to_owned()));
    if known.as_deref() != Some(target) {
        *known = None;
    }
}

/// In small letters, with one `_` for blanks and dashes: `18 – 24` is `18_24`.
fn plain(word: &str) -> String {
    let mut plain = String::with_capacity(word.len());
    for c in word.to_lowercase().chars() {
        let c = if matches!(c, ' ' | '-' | '–') { '_' } else { c };
        if c != '_' || !plain.ends_with('_') {
            plain.push(c);
        }
    }
    plain
}
