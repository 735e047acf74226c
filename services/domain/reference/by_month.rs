//! Where homes are in each month: a system of today, or one that ended since.

use std::collections::BTreeSet;

use super::Reference;
use super::in_force::{SuccessorShare, lay_in, stay_in};
use super::residence::SYSTEM;
use crate::domain::area::Area;
use crate::domain::codes::{Dimension, Value};
use crate::domain::period::Month;
use crate::domain::small_area::{Edition, Stay};

impl Reference {
    /// The months from which on some small areas are in other systems, in order.
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

    /// The systems of today that have homes of which no system is known in a month.
    #[must_use]
    pub fn stand_ins(&self, month: Month) -> &BTreeSet<String> {
        static NONE: BTreeSet<String> = BTreeSet::new();
        let changes = self.residence_changes().partition_point(|change| *change <= month);
        self.places.in_force.stand_ins.get(changes).unwrap_or(&NONE)
    }

    /// Whether each small area of an edition, by number, lies in an area. If the area ended: whether it lay in it in its last month.
    #[must_use]
    pub fn lie_in(&self, edition: Edition, area: &str) -> Vec<bool> {
        let ended = self.areas().get(area).and_then(|area| area.last_month);
        self.small_areas().which(edition, |district, stays| match ended {
            _ if district.iter().any(|code| code == area) => true,
            Some(last) => lay_in(self.areas(), stays, area, last),
            None => stays.last().is_some_and(|today| today.is_within(area)),
        })
    }

    /// Places of a value in a dimension of where people live, by the areas of a month. A home that was in no area then is in the one of
    /// today.
    #[must_use]
    pub fn places_in(&self, dimension: &Dimension, value: &Value, month: Month) -> Vec<usize> {
        let home = match value {
            Value::Codes(codes) => codes.first().and_then(|code| self.small_areas().stays(code)),
            Value::State(_) | Value::Number(_) => None,
        };
        let stay = home.and_then(|stays| stay_in(self.areas(), stays, month));
        let exists = |code: &&str| self.areas().get(code).is_some_and(|area| area.exists_in(month));
        let then = stay.into_iter().flat_map(Stay::areas).filter(exists);
        // The areas that ended are behind those of today.
        let place = then.filter_map(|code| dimension.place_of(code)).last();
        place.map_or_else(|| self.places(dimension, value), |place| vec![place])
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

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

    /// The embedded content with other lines of its files: each line of a file by name.
    fn with(change: impl Fn(&str, &str) -> String) -> Result<Reference, String> {
        let files = Content::embedded();
        let files = files.files().map(|(name, text)| {
            let changed = match name {
                "areas.csv" | "lsoa.csv" => {
                    text.lines().map(|line| change(name, line)).collect::<Vec<_>>().join("\n")
                }
                _ => text.to_owned(),
            };
            (name.to_owned(), changed)
        });
        Reference::new(&Content::exactly(files)).map_err(|error| error.to_string())
    }

    /// The embedded content, in which a small area of Leicester was in locations that ended.
    fn with_former(former: &str) -> Result<Reference, String> {
        let ended = [
            "X1,,First,sub_icb,QPM,,,,2022-03,,,",
            "X2,,Second,sub_icb,QJ2,,,,2024-03,,,",
            "X3,,Third,sub_icb,QK1,,,,2023-03,,,",
        ];
        with(|name, line| match name {
            "areas.csv" if line.starts_with("QK1,") => format!("{line}\n{}", ended.join("\n")),
            "lsoa.csv" if line.starts_with("E01013600,lsoa_2021") => format!("{line}{former}"),
            _ => line.to_owned(),
        })
    }

    #[test]
    fn a_location_that_ended_was_in_the_systems_of_its_months() {
        // Before Frimley's location was in QNQ, it was in QU9, which ended earlier here.
        let reference = with(|name, line| match name {
            "areas.csv" if line.starts_with("D4U1Y,") => format!("{line}QU9"),
            "areas.csv" if line.starts_with("QU9,") => line.replace("2026-03", "2022-06"),
            _ => line.to_owned(),
        })
        .unwrap();
        let frimley = |at: &str| systems(&reference, month(at)).get("QNQ").copied();
        assert_eq!(frimley("2022-06"), None);
        assert_eq!(frimley("2022-07"), Some(455));
        assert_eq!(frimley("2026-03"), Some(455));
        assert_eq!(frimley("2026-04"), None);
        assert_eq!(systems(&reference, month("2022-06"))["QU9"], 419 + 335 + 302 + 455);
        assert_eq!(reference.residence_changes(), [month("2022-07"), month("2026-04")]);
        for (ended, homes) in [("QNQ", 455), ("QU9", 419 + 335 + 302 + 455), ("D4U1Y", 455)] {
            let lie = reference.lie_in(Edition::Lsoa2021, ended);
            assert_eq!(lie.iter().filter(|lies| **lies).count(), homes, "{ended}");
        }
    }

    #[test]
    fn a_small_area_was_in_several_locations_one_after_another() {
        // In Northamptonshire until March 2022, in Derby until March 2024. Both systems exist today.
        let reference = with_former("X2;X1").unwrap();
        let of = |at: &str| {
            let found = systems(&reference, month(at));
            ["QK1", "QPM", "QJ2"].map(|system| found[system])
        };
        let [leicester, northampton, derby] = of("2024-04");
        assert_eq!(leicester, 634);
        for (at, more) in [("2024-03", [0, 1]), ("2022-04", [0, 1]), ("2022-03", [1, 0])] {
            assert_eq!(of(at), [leicester - 1, northampton + more[0], derby + more[1]], "{at}");
        }
        assert_eq!(of("2019-12"), of("2022-03"));
        assert_eq!(of("2026-04"), [leicester, northampton, derby]);
        // It lies in the system of today alone, and lay in the locations that ended.
        let home = reference.small_areas().number(Edition::Lsoa2021, "E01013600").unwrap();
        let lies = |area: &&str| reference.lie_in(Edition::Lsoa2021, area)[home];
        let areas = ["QK1", "E06000016", "X1", "X2", "QPM", "QJ2", "X3", "QNQ", "no area"];
        let found: Vec<_> = areas.into_iter().filter(lies).collect();
        assert_eq!(found, ["QK1", "E06000016", "X1", "X2"]);
        for (former, says) in [
            ("X1;X2", "`X2` ended after the one in front of it: put the newest first"),
            ("X9", "former sub-ICB location `X9` of `E01013600` is no area that ended"),
            ("04C", "former sub-ICB location `04C` of `E01013600` is no area that ended"),
        ] {
            let refused = with_former(former).unwrap_err();
            assert!(refused.contains(says), "{refused}");
        }
    }

    #[test]
    fn a_location_that_was_divided_within_its_system_changes_no_system() {
        let reference = with_former("X3").unwrap();
        assert_eq!(reference.residence_changes(), [month("2026-04")]);
        let said = |first, last| {
            reference.residence_changes_within((month(first), month(last))).unwrap_or_default()
        };
        let only = "Sub-ICB locations changed in 2023-04. Their people stayed in the same systems.";
        assert_eq!(said("2023-01", "2023-12"), only);
        assert_eq!(said("2023-04", "2023-12"), "");
        let both = said("2023-01", "2026-06");
        assert!(both.starts_with("Systems changed in 2026-04. A month") && both.ends_with(only));
        let system = with_former("X1").unwrap();
        assert_eq!(system.residence_changes(), [month("2022-04"), month("2026-04")]);
    }

    #[test]
    fn what_small_areas_do_not_tell_is_said() {
        // The last column has the former locations.
        let without = |name: &str, line: &str| match name {
            "lsoa.csv" => line.rsplit_once(',').unwrap().0.to_owned(),
            _ => line.to_owned(),
        };
        let reference = with(without).unwrap();
        assert_eq!(reference.residence_changes_of("QRL").next(), None);
        let said = |code| {
            let months = (month("2026-01"), month("2026-06"));
            reference.boundary_changes(code, months, Counted::Residents).join(" ")
        };
        assert!(said("QRL").contains("has its boundary from 2026-04 on"), "{}", said("QRL"));
        assert!(!said("QRL").contains("SERIES BREAK"));
        // Other systems are known by the systems of their locations.
        assert_eq!(systems(&reference, month("2026-03"))["QU9"], 419 + 335 + 302);
        let march = systems(&reference, month("2026-03"));
        assert_eq!(march.get("QNQ"), None);
        // Those of whom no system is known are counted in that of today, and these systems are told.
        assert_eq!(march["S0E4D"], 255);
        let told: Vec<_> = reference.stand_ins(month("2026-03")).iter().collect();
        assert_eq!(told, ["S0E4D"]);
        assert!(reference.stand_ins(month("2026-04")).is_empty());
        let ended = reference.areas().get("QNQ").unwrap();
        assert!(reference.successor_shares(ended).is_empty());
    }
}
