//! Which areas contained a small area in a month. Sub-ICB locations came to other systems, and some were divided.

use std::collections::{BTreeMap, BTreeSet};

use super::Reference;
use super::residence::SYSTEM;
use crate::domain::area::{Area, Areas};
use crate::domain::codes::{Dimension, Value};
use crate::domain::period::Month;
use crate::domain::small_area::{Edition, Location, SmallAreas};

/// Types of areas that small areas came to others of.
const KINDS: [&str; 2] = ["sub_icb", "system"];

/// When the areas that contain small areas changed.
#[derive(Debug)]
pub(super) struct InForce {
    /// The months from which on some small areas are in other areas, in order.
    changes: Vec<Month>,
    /// The same for each area that existed before and after the month.
    of_area: BTreeMap<String, BTreeSet<Month>>,
    /// The parts of each area that ended, in the order of its successors.
    shares: BTreeMap<String, Vec<SuccessorShare>>,
}

/// The part of an area that ended, which a successor has since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuccessorShare {
    /// Code of the successor.
    pub successor: String,
    /// Number of small areas of 2021 that were in the area in its last month, and are in the successor in the month after it.
    pub small_areas: usize,
    /// Number of all small areas of 2021 that were in the area in its last month, at least 1.
    pub of: usize,
}

impl SuccessorShare {
    /// The part, 0 to 1.
    #[must_use]
    pub fn share(&self) -> f64 {
        let number = |of: usize| f64::from(u32::try_from(of).unwrap_or(u32::MAX));
        number(self.small_areas) / number(self.of)
    }
}

/// The parts of an area that ended; none if no small area is known to have been in it.
fn shares(areas: &Areas, locations: &[Location<'_>], ended: &Area) -> Vec<SuccessorShare> {
    let Some((last, after)) = ended.last_month.and_then(|last| Some((last, last.next()?))) else {
        return Vec::new();
    };
    let lies_in = |of: &&Location<'_>, area: &str, month| {
        in_force(areas, &of.around, month).iter().any(|found| found.code == area)
    };
    let were: Vec<_> = locations.iter().filter(|of| lies_in(of, &ended.code, last)).collect();
    let of: usize = were.iter().map(|location| location.count).sum();
    let part = |successor: &String| {
        let are = were.iter().filter(|of| lies_in(of, successor, after));
        let small_areas = are.map(|location| location.count).sum();
        SuccessorShare { successor: successor.clone(), small_areas, of }
    };
    let parts = ended.successors.iter().map(part);
    if of == 0 { Vec::new() } else { parts.collect() }
}

impl InForce {
    /// What areas and small areas tell: the months in which an area that contains small areas began, or the month after it ended.
    pub(super) fn new(areas: &Areas, small: &SmallAreas) -> Self {
        let of_kind = areas.iter().filter(|area| KINDS.contains(&area.kind.as_str()));
        let months = of_kind.flat_map(|area| {
            area.first_month.into_iter().chain(area.last_month.and_then(Month::next))
        });
        let months: BTreeSet<Month> = months.collect();
        let locations: Vec<_> =
            Edition::ALL.into_iter().flat_map(|edition| small.locations(edition)).collect();
        let today = small.locations(Edition::Lsoa2021);
        let ended = areas.iter().filter(|area| !area.successors.is_empty());
        let shares = ended.map(|area| (area.code.clone(), shares(areas, &today, area)));
        let mut found =
            Self { changes: Vec::new(), of_area: BTreeMap::new(), shares: shares.collect() };
        for month in months {
            let Some(before) = month.previous() else { continue };
            let mut changed = false;
            for location in &locations {
                let [was, is] =
                    [before, month].map(|month| in_force(areas, &location.around, month));
                let others = was.iter().filter(|area| !is.contains(area));
                for area in others.chain(is.iter().filter(|area| !was.contains(area))) {
                    changed = true;
                    if area.exists_in(before) && area.exists_in(month) {
                        found.of_area.entry(area.code.clone()).or_default().insert(month);
                    }
                }
            }
            found.changes.extend(changed.then_some(month));
        }
        found
    }
}

/// The areas among some that contained what they are around in a month: one of each type. An area that ended later is behind that of
/// today, and stands in its place.
fn in_force<'a>(areas: &'a Areas, around: &[&str], month: Month) -> Vec<&'a Area> {
    let then = around.iter().filter_map(|code| areas.get(code));
    let then = then.filter(|area| area.exists_in(month) && KINDS.contains(&area.kind.as_str()));
    let of_kind: BTreeMap<&str, &Area> = then.map(|area| (area.kind.as_str(), area)).collect();
    of_kind.into_values().collect()
}

impl Reference {
    /// The months from which on some small areas are in other systems or sub-ICB locations, in order.
    #[must_use]
    pub fn residence_changes(&self) -> &[Month] {
        &self.places.in_force.changes
    }

    /// The months from which on an area under the same code has other small areas, in order.
    pub fn residence_changes_of(&self, area: &str) -> impl Iterator<Item = Month> {
        self.places.in_force.of_area.get(area).into_iter().flatten().copied()
    }

    /// The part of each successor of an area that ended, counted by small areas; none if no small area is known to have been in it.
    #[must_use]
    pub fn successor_shares(&self, area: &Area) -> &[SuccessorShare] {
        self.places.in_force.shares.get(&area.code).map_or(&[], Vec::as_slice)
    }

    /// Whether it depends on the month where a home falls in a dimension.
    #[must_use]
    pub fn is_by_month(&self, dimension: &Dimension) -> bool {
        dimension.id == SYSTEM && !self.residence_changes().is_empty()
    }

    /// Places of a value in a dimension of where people live, by the areas of a month. A home that was in no area then is in the one of
    /// today.
    #[must_use]
    pub fn places_in(&self, dimension: &Dimension, value: &Value, month: Month) -> Vec<usize> {
        let home = match value {
            Value::Codes(codes) => codes.first().and_then(|code| self.small_areas().around(code)),
            Value::State(_) | Value::Number(_) => None,
        };
        let then = home
            .into_iter()
            .flatten()
            .filter(|code| self.areas().get(code).is_some_and(|area| area.exists_in(month)));
        // The areas that ended are behind those of today.
        let place = then.filter_map(|code| dimension.place_of(code)).last();
        place.map_or_else(|| self.places(dimension, value), |place| vec![place])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::codes::Content;
    use crate::domain::reference::Counted;

    fn month(text: &str) -> Month {
        text.parse().unwrap()
    }

    /// How many small areas of 2021 each system had in a month.
    fn systems(reference: &Reference, month: Month) -> BTreeMap<String, usize> {
        let dimension = reference.dimension(SYSTEM).unwrap();
        let mut found = BTreeMap::new();
        for area in reference.small_areas().of(Edition::Lsoa2021) {
            let home = Value::Codes(vec![area.code.to_owned()]);
            let places = reference.places_in(dimension, &home, month);
            let [place] = places.as_slice() else { panic!("{places:?}") };
            *found.entry(dimension.categories[*place].0.clone()).or_default() += 1;
        }
        found
    }

    #[test]
    fn small_areas_are_in_the_systems_of_the_month() {
        let reference = Reference::new(&Content::embedded()).unwrap();
        assert_eq!(reference.residence_changes(), [month("2026-04")]);
        let (march, april) =
            (systems(&reference, month("2026-03")), systems(&reference, month("2026-04")));
        assert_eq!((march.len(), april.len()), (42, 36));
        assert_eq!([&march, &april].map(|of| of.values().sum::<usize>()), [33_755; 2]);
        // Counts of the publishers' look-ups, by sub-ICB location added up.
        for (system, before, after) in [
            ("QNQ", 455, 0),
            ("QRL", 1126, 1231),
            ("QXU", 624, 0),
            ("QU9", 419 + 335 + 302, 0),
            ("S0E4D", 0, 419 + 335 + 302 + 255),
            ("S9B9J", 0, 165 + 532 + 332 + 624 + 95),
            ("QM7", 342 + 360 + 185, 0),
            ("D7T5G", 0, 242 + 100 + 160 + 110 + 108 + 206 + 185),
            ("QK1", 634, 634),
        ] {
            let of = |systems: &BTreeMap<String, usize>| systems.get(system).copied().unwrap_or(0);
            assert_eq!((of(&march), of(&april)), (before, after), "{system}");
        }
    }

    #[test]
    fn only_areas_that_kept_their_code_have_another_boundary_under_it() {
        let reference = Reference::new(&Content::embedded()).unwrap();
        let changed = &reference.places.in_force.of_area;
        assert_eq!(changed.keys().collect::<Vec<_>>(), ["92A", "D9Y0V", "QRL"]);
        // What areas.csv declares is what the small areas tell.
        for area in reference.areas().iter() {
            let told: Vec<_> = reference.residence_changes_of(&area.code).collect();
            assert_eq!(told, area.breaks, "{}", area.code);
        }
    }

    #[test]
    fn each_successor_has_its_part_of_the_small_areas() {
        let reference = Reference::new(&Content::embedded()).unwrap();
        let parts = |code: &str| {
            let shares = reference.successor_shares(reference.areas().get(code).unwrap()).iter();
            shares.map(|of| (of.successor.clone(), of.small_areas, of.of)).collect::<Vec<_>>()
        };
        let of = |all: usize, parts: &[(&str, usize)]| {
            parts.iter().map(|(code, part)| ((*code).to_owned(), *part, all)).collect::<Vec<_>>()
        };
        assert_eq!(parts("QNQ"), of(455, &[("QRL", 105), ("S0E4D", 255), ("S9B9J", 95)]));
        assert_eq!(parts("D4U1Y"), of(455, &[("92A", 95), ("D9Y0V", 105), ("U2G6B", 255)]));
        assert_eq!(parts("QM7"), of(887, &[("D7T5G", 185), ("S1Y5D", 702)]));
        assert_eq!(parts("QJG"), of(583, &[("D7T5G", 206), ("T6Y0W", 377)]));
        assert_eq!(parts("QU9"), of(1056, &[("S0E4D", 1056)]));
        assert_eq!(parts("QRL"), []);
        for area in reference.areas().iter().filter(|area| !area.successors.is_empty()) {
            let shares = reference.successor_shares(area);
            let sum: f64 = shares.iter().map(SuccessorShare::share).sum();
            assert!((sum - 1.0).abs() < 1e-9, "{}: {shares:?}", area.code);
        }
    }

    #[test]
    fn what_small_areas_do_not_tell_is_said() {
        let files = Content::embedded();
        let files = files.files().map(|(name, text)| {
            let without = |line: &str| line.rsplit_once(',').unwrap().0.to_owned();
            let text = match name {
                // The last column has the former locations.
                "lsoa.csv" => text.lines().map(without).collect::<Vec<_>>().join("\n"),
                _ => text.to_owned(),
            };
            (name.to_owned(), text)
        });
        let reference = Reference::new(&Content::exactly(files)).unwrap();
        assert_eq!(reference.residence_changes_of("QRL").next(), None);
        let said = |code| {
            let months = (month("2026-01"), month("2026-06"));
            reference.boundary_changes(code, months, Counted::Residents).join(" ")
        };
        assert!(said("QRL").contains("has its boundary from 2026-04 on"), "{}", said("QRL"));
        assert!(!said("QRL").contains("SERIES BREAK"));
        // Other systems are known by the systems of their locations.
        assert_eq!(systems(&reference, month("2026-03"))["QU9"], 419 + 335 + 302);
        assert_eq!(systems(&reference, month("2026-03")).get("QNQ"), None);
        let ended = reference.areas().get("QNQ").unwrap();
        assert!(reference.successor_shares(ended).is_empty());
    }
}
