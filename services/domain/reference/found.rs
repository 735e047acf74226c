//! Areas as people name them: by any of their codes, or by their name.

use super::Reference;
use crate::domain::area::{Area, Organisation};
use crate::domain::codes::folded;

/// Areas with the name or code that somebody gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// No area has it.
    None,
    /// One area has it.
    One(&'a Area),
    /// Several areas have the name: a system, a place and a sub-ICB location are often named alike.
    Several(Vec<&'a Area>),
}

impl Reference {
    /// The area with this code, of ODS or ONS; if no area has it, the areas with this name. Upper and lower case, blanks and
    /// punctuation make no difference in a name.
    #[must_use]
    pub fn find_area(&self, given: &str) -> Found<'_> {
        if let Some(area) = self.areas().get(given) {
            return Found::One(area);
        }
        let name = folded(given);
        let is_named = |area: &&Area| !name.is_empty() && folded(&area.name) == name;
        let mut found: Vec<_> = self.areas().iter().filter(is_named).collect();
        // Areas of today have the name before those that ended.
        if found.iter().any(|area| area.last_month.is_none()) {
            found.retain(|area| area.last_month.is_none());
        }
        match found[..] {
            [] => Found::None,
            [one] => Found::One(one),
            _ => Found::Several(found),
        }
    }
}

/// What a list is searched for: every word has to begin a code, or a word of a name.
#[derive(Debug)]
pub struct Search(Vec<String>);

impl Search {
    /// A search for words. An empty text finds everything.
    #[must_use]
    pub fn new(words: &str) -> Self {
        Self(folded(words).split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect())
    }

    /// Whether an area is found, by its codes and its name.
    #[must_use]
    pub fn finds_area(&self, area: &Area) -> bool {
        let former = area.former_codes.iter().map(String::as_str);
        let names: Vec<_> = former.chain([&*area.code, &*area.other_code, &*area.name]).collect();
        self.finds(&names)
    }

    /// Whether an organisation is found, by its code and its name.
    #[must_use]
    pub fn finds_organisation(&self, organisation: &Organisation) -> bool {
        self.finds(&[organisation.code.as_str(), organisation.name.as_str()])
    }

    fn finds(&self, names: &[&str]) -> bool {
        if self.0.is_empty() {
            return true;
        }
        let names: Vec<_> = names.iter().map(|name| folded(name)).collect();
        let begins = |word: &String| {
            names.iter().any(|name| name.split(' ').any(|part| part.starts_with(word.as_str())))
        };
        self.0.iter().all(begins)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::codes::Content;

    #[test]
    fn an_area_is_found_by_any_code_and_by_a_name_that_one_area_has() {
        let reference = Reference::new(&Content::embedded()).unwrap();
        for (given, code) in [
            ("QK1", "QK1"),
            ("E54000015", "QK1"),
            ("S1Y5D", "S1Y5D"),
            ("E54000065", "S1Y5D"),
            ("04C", "04C"),
            ("E38000097", "04C"),
            ("Leicester", "E06000016"),
            ("leicester leicestershire and rutland", "QK1"),
            ("E08000016", "E08000038"),
        ] {
            let Found::One(area) = reference.find_area(given) else { panic!("{given}") };
            assert_eq!(area.code, code, "{given}");
        }
        let Found::Several(several) = reference.find_area("Lincolnshire") else { panic!() };
        let found: Vec<_> = several.iter().map(|area| (&*area.code, &*area.kind)).collect();
        assert!(found.contains(&("QJM", "system")), "{found:?}");
        assert!(found.contains(&("E10000019", "place")), "{found:?}");
        for given in ["", " ", "Atlantis", "QK", "qk1"] {
            assert_eq!(reference.find_area(given), Found::None, "{given:?}");
        }
    }

    #[test]
    fn a_search_finds_beginnings_of_words_and_of_codes() {
        let reference = Reference::new(&Content::embedded()).unwrap();
        let found = |words: &str| {
            let search = Search::new(words);
            let areas = reference.areas().iter().filter(|area| search.finds_area(area));
            areas.map(|area| area.code.clone()).collect::<Vec<_>>()
        };
        assert!(found("leic rut").contains(&"QK1".to_owned()));
        assert!(found("e54000015") == ["QK1"]);
        assert_eq!(found("").len(), reference.areas().iter().count());
        assert!(found("zzz").is_empty());
        let search = Search::new("south leic medical");
        let mut organisations = reference.organisations();
        assert!(organisations.any(|of| of.code == "C82001" && search.finds_organisation(of)));
    }
}
