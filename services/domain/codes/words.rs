//! Words that are no code of a system and have one meaning in it: `telephone` for `TELEPHONE`, `F` for `2`.

use std::collections::BTreeMap;

use super::State;

/// The words of a code list.
#[derive(Clone, Debug, Default)]
pub(super) struct Words {
    /// For each system, its codes in plain form and their targets; `None`: two codes of different meaning are alike.
    of_systems: Vec<BTreeMap<String, Option<String>>>,
    /// Words of the list, for every system, and their targets.
    of_list: BTreeMap<String, String>,
}

impl Words {
    /// The codes of systems, each with its label and target: in capitals or not, with `_`, `-` or a blank.
    pub(super) fn of<'a>(systems: impl Iterator<Item = &'a [(String, String, String)]>) -> Self {
        let of_system = |codes: &[(String, String, String)]| {
            let mut words: BTreeMap<String, Option<String>> = BTreeMap::new();
            for (code, _, target) in codes {
                let known = words.entry(plain(code)).or_insert_with(|| Some(target.clone()));
                if known.as_ref() != Some(target) {
                    *known = None;
                }
            }
            words
        };
        Self { of_systems: systems.map(of_system).collect(), of_list: BTreeMap::new() }
    }

    /// Adds words of the list: each word and its target.
    pub(super) fn add(&mut self, words: &[(String, String)]) {
        self.of_list.extend(words.iter().map(|(word, target)| (plain(word), target.clone())));
    }

    /// The target of a word in a system: the text form of a value.
    pub(super) fn target(&self, system: usize, word: &str) -> Option<String> {
        let word = plain(word);
        if let Some(target) = self.of_systems.get(system)?.get(&word) {
            return target.clone();
        }
        let state = || State::said(&word.to_uppercase()).map(|state| format!("!{}", state.name()));
        self.of_list.get(&word).cloned().or_else(state)
    }
}

fn plain(word: &str) -> String {
    word.to_lowercase().replace([' ', '-'], "_")
}
