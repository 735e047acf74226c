//! Organisations that merged: another one took their place, and has their people since.

use std::collections::BTreeMap;

use super::Reference;
use crate::domain::area::Organisation;
use crate::domain::period::Month;

impl Reference {
    /// Whether any organisation has a successor.
    #[must_use]
    pub fn has_mergers(&self) -> bool {
        self.places.organisations.has_mergers
    }

    /// Organisations whose people are in later data of another one, which took their place: code, and both in words. `last` has the month
    /// of the last data of each organisation.
    #[must_use]
    pub fn taken_over(&self, last: &BTreeMap<&str, Month>) -> BTreeMap<String, String> {
        let words = |of: &Organisation| format!("{} ({})", of.code, of.name);
        let found = last.keys().filter_map(|code| {
            let (merged, into) = (self.organisation(code)?, self.later(code, last)?);
            Some((merged.code.clone(), format!("{} in {}", words(merged), words(into))))
        });
        found.collect()
    }

    /// What took the place of an organisation, in words; none: nothing is known to. A sub-ICB location is an area too, and may have been divided.
    #[must_use]
    pub fn what_followed(&self, of: &Organisation) -> Option<String> {
        let of_area = self.areas().get(&of.code).map_or(&[][..], |area| &area.successors);
        let successor = Some(of.successor.clone()).filter(|code| !code.is_empty());
        match (successor, of_area) {
            (Some(one), _) => Some(format!("{one} took its place")),
            (None, []) => None,
            (None, [one]) => Some(format!("{one} took its place")),
            (None, [several @ .., last]) => {
                Some(format!("it was divided between {} and {last}", several.join(", ")))
            }
        }
    }

    /// The first of the successors of an organisation that has data of a month after it took over.
    fn later(&self, code: &str, last: &BTreeMap<&str, Month>) -> Option<&Organisation> {
        let mut one = self.organisation(code)?;
        loop {
            let next = self.organisation(&one.successor)?;
            if last.get(next.code.as_str()).copied() > one.last_month {
                return Some(next);
            }
            one = next;
        }
    }
}
