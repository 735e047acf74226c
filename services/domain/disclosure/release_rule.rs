//! The rule of releases: the same table in two releases must not differ by the data of too few organisations.
//!
//! The rule compares what both releases show. An area is shown in a release if enough of its organisations have data in it. An area with
//! fewer is not shown, so it cannot be compared, and does not hold a release up: there, enough organisations could never change.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::area::Organisation;
use crate::domain::collection::Dataset;
use crate::domain::period::Month;
use crate::domain::reference::Reference;

/// Codes of areas.
pub type Codes = BTreeSet<String>;

/// Organisations by code, with months of their data. An area has the organisations that belong to it in the month.
pub type Data = BTreeMap<String, BTreeSet<Month>>;

/// The data of one collection and dataset in two releases. No answer adds collections, so each has to keep the rule alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// The organisations with data in the release before, and the months of it.
    pub before: Data,
    /// The organisations with data in the new release, and the months of it.
    pub now: Data,
    /// The organisations of either with months whose content differs, and these months.
    pub changed: Data,
}

/// An area that holds a release up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldUp {
    /// Code of the area.
    pub area: String,
    /// Name of the area.
    pub name: String,
    /// Collection whose table would show the change.
    pub collection: String,
    /// Dataset of the data.
    pub dataset: Dataset,
    /// Number of organisations of the area that changed.
    pub changed: usize,
    /// Number of organisations of the area with data.
    pub with_data: usize,
}

/// The reference content of a release, and how many organisations an area that it shows has at least.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    /// Areas and organisations.
    pub reference: &'a Reference,
    /// Least number of organisations.
    pub least: usize,
}

impl Side<'_> {
    /// The organisations of an area with data, and the months of data in which they belong to it.
    fn within<'d>(&self, area: &str, data: &'d Data) -> BTreeMap<&'d str, BTreeSet<Month>> {
        let (members, area) = (self.reference.members(area), self.reference.areas().get(area));
        let of = |area, (code, one): (&String, &Organisation)| {
            let (code, months) = data.get_key_value(code)?;
            let months = months.iter().copied().filter(|month| one.belongs(area, *month));
            let months: BTreeSet<Month> = months.collect();
            (!months.is_empty()).then_some((code.as_str(), months))
        };
        let members = members.iter().map(|(code, one)| (code, one.as_ref()));
        area.map(|area| members.filter_map(|one| of(area, one)).collect()).unwrap_or_default()
    }

    /// The areas that are shown: enough of their organisations have data.
    #[must_use]
    pub fn shown(&self, with_data: &Data) -> Codes {
        let areas = self.reference.areas().iter();
        let is_shown = |code: &&String| self.within(code, with_data).len() >= self.least;
        areas.map(|area| &area.code).filter(is_shown).cloned().collect()
    }
}

/// The areas in which a reader could see the change of too few organisations.
#[must_use]
pub fn held_up(
    (collection, dataset): (&str, Dataset),
    compared: &Compared,
    before: Side<'_>,
    now: Side<'_>,
) -> Vec<HeldUp> {
    let held_up = |area: &crate::domain::area::Area| {
        let (earlier, present) =
            (before.within(&area.code, &compared.before), now.within(&area.code, &compared.now));
        if earlier.len() < before.least || present.len() < now.least {
            return None;
        }
        // An organisation that came, left or moved to another area has changed there as well.
        let is_changed = |code: &&&str| {
            let (earlier, present) = (earlier.get(**code), present.get(**code));
            let mut months = earlier.into_iter().chain(present).flatten();
            let changed = compared.changed.get(**code);
            earlier != present
                || months.any(|month| changed.is_some_and(|changed| changed.contains(month)))
        };
        let codes: BTreeSet<&str> = earlier.keys().chain(present.keys()).copied().collect();
        let changed = codes.iter().filter(is_changed).count();
        (1..now.least).contains(&changed).then(|| HeldUp {
            area: area.code.clone(),
            name: area.name.clone(),
            collection: collection.to_owned(),
            dataset,
            changed,
            with_data: present.len(),
        })
    };
    now.reference.areas().iter().filter_map(held_up).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::codes::Content;

    /// Practices of a PCN with many members, and of the PCN with two.
    fn practices(reference: &Reference) -> (String, Vec<String>, String, Vec<String>) {
        let of_kind = |wanted: fn(usize) -> bool| {
            let pcns = reference.areas().iter().filter(|area| area.kind == "pcn");
            let mut pcns =
                pcns.filter(|area| reference.areas().ancestors(&area.code).contains("QK1"));
            let found = pcns.find(|area| wanted(reference.members(&area.code).len())).unwrap();
            (found.code.clone(), reference.members(&found.code).keys().cloned().collect())
        };
        let (large, of_large) = of_kind(|members| members >= 5);
        let (small, of_small) = of_kind(|members| members == 2);
        (large, of_large, small, of_small)
    }

    /// Data of these organisations in one month.
    fn codes<'a>(codes: impl IntoIterator<Item = &'a String>) -> Data {
        in_months(codes, &["2026-05"])
    }

    fn in_months<'a>(codes: impl IntoIterator<Item = &'a String>, months: &[&str]) -> Data {
        let months: BTreeSet<Month> = months.iter().map(|month| month.parse().unwrap()).collect();
        codes.into_iter().map(|code| (code.clone(), months.clone())).collect()
    }

    fn areas(reference: &Reference, compared: &Compared, least: (usize, usize)) -> Vec<String> {
        let side = |least| Side { reference, least };
        let about = ("practice-feed", Dataset::Consultations);
        let found = held_up(about, compared, side(least.0), side(least.1));
        assert!(found.iter().all(|found| found.changed < least.1 && found.changed > 0));
        found.into_iter().map(|found| found.area).collect()
    }

    #[test]
    fn an_area_holds_a_release_up_if_too_few_of_its_organisations_changed() {
        let reference = Reference::new(&Content::embedded()).unwrap();
        let (large, of_large, ..) = practices(&reference);
        let all = codes(&of_large);
        let with = |changed: usize| Compared {
            before: all.clone(),
            now: all.clone(),
            changed: codes(of_large.iter().take(changed)),
        };
        assert_eq!(areas(&reference, &with(0), (3, 3)), Vec::<String>::new(), "nothing changed");
        for changed in [1, 2] {
            assert!(areas(&reference, &with(changed), (3, 3)).contains(&large), "{changed}");
        }
        assert!(areas(&reference, &with(3), (3, 3)).is_empty());
        assert!(areas(&reference, &with(3), (3, 4)).contains(&large), "the setting was raised");
        assert!(areas(&reference, &with(4), (3, 4)).is_empty());
    }

    #[test]
    fn organisations_that_come_and_go_have_changed() {
        let reference = Reference::new(&Content::embedded()).unwrap();
        let (large, of_large, ..) = practices(&reference);
        let (all, less) = (codes(&of_large), codes(&of_large[1..]));
        for (before, now) in [(&all, &less), (&less, &all)] {
            let compared =
                Compared { before: before.clone(), now: now.clone(), ..Compared::default() };
            assert!(areas(&reference, &compared, (3, 3)).contains(&large));
        }
    }

    #[test]
    fn an_area_that_one_of_the_releases_does_not_show_holds_nothing_up() {
        let reference = Reference::new(&Content::embedded()).unwrap();
        let (_, of_large, small, of_small) = practices(&reference);
        let both = codes(&of_small);
        // One of two changes: they could never be three. The areas around have others that changed.
        let others = codes(of_large.iter().chain(&of_small));
        let changed = codes(of_large.iter().chain(&of_small[..1]));
        let compared = Compared { before: others.clone(), now: others, changed };
        assert!(!areas(&reference, &compared, (3, 3)).contains(&small));
        let side = Side { reference: &reference, least: 3 };
        assert!(!side.shown(&both).contains(&small));
        // The first release of all, and the one in which an area first has three.
        for before in [Data::new(), codes(&of_large[..2])] {
            let now = codes(&of_large[..3]);
            let changed = now.clone();
            let compared = Compared { before, now: now.clone(), changed };
            assert_eq!(areas(&reference, &compared, (3, 3)), Vec::<String>::new());
            assert!(side.shown(&now).contains("QK1"));
        }
    }

    #[test]
    fn an_area_has_the_organisations_that_belong_to_it_in_the_month() {
        let reference = Reference::new(&Content::embedded()).unwrap();
        // Practices of Frimley that are in Surrey Heartlands since April 2026.
        let moved: Vec<_> = reference.members("D4U1Y").keys().cloned().collect();
        let surrey = reference.members("92A");
        let moved: Vec<_> = moved.into_iter().filter(|code| surrey.contains_key(code)).collect();
        assert!(moved.len() >= 5, "{moved:?}");
        let shown = |months: &[&str]| {
            let side = Side { reference: &reference, least: 5 };
            let shown = side.shown(&in_months(&moved, months));
            ["D4U1Y", "QNQ", "92A", "S9B9J"].map(|area| shown.contains(area))
        };
        assert_eq!(shown(&["2026-03"]), [true, true, false, true], "what belongs to S9B9J now");
        assert_eq!(shown(&["2026-04"]), [false, false, true, true]);
        assert_eq!(shown(&["2026-03", "2026-04"]), [true; 4]);
        // What changed in April has changed in the areas of April.
        let both = in_months(&moved, &["2026-03", "2026-04"]);
        let changed = in_months(&moved[..1], &["2026-04"]);
        let compared = Compared { before: both.clone(), now: both, changed };
        let held = areas(&reference, &compared, (3, 3));
        for (area, is_held) in [("92A", true), ("S9B9J", true), ("D4U1Y", false), ("QNQ", false)] {
            assert_eq!(held.contains(&area.to_owned()), is_held, "{area}");
        }
    }

    #[test]
    fn an_organisation_that_moves_has_changed_in_both_areas() {
        let content = Content::embedded();
        let reference = Reference::new(&content).unwrap();
        let (large, of_large, small, _) = practices(&reference);
        let files = content.files().map(|(name, text)| {
            let moved = |line: &str| match line.starts_with(&format!("{},", of_large[0])) {
                true => line.replace(&large, &small),
                false => line.to_owned(),
            };
            let text = match name {
                "organisations.csv" => text.lines().map(moved).collect::<Vec<_>>().join("\n"),
                _ => text.to_owned(),
            };
            (name.to_owned(), text)
        });
        let moved = Reference::new(&Content::exactly(files)).unwrap();
        assert!(!moved.members(&large).contains_key(&of_large[0]));
        let all = codes(&of_large);
        let compared = Compared { before: all.clone(), now: all, changed: Data::new() };
        let (before, now) =
            (Side { reference: &reference, least: 3 }, Side { reference: &moved, least: 3 });
        let found = held_up(("practice-feed", Dataset::Consultations), &compared, before, now);
        assert!(found.iter().any(|found| found.area == large && found.changed == 1), "{found:?}");
    }
}
