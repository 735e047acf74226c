//! Which areas contained a small area in a month. Sub-ICB locations came to other systems, and some were divided.

use std::collections::{BTreeMap, BTreeSet};

use super::Reference;
use super::residence::SYSTEM;
use crate::domain::area::{Area, Areas};
use crate::domain::codes::{Dimension, Value};
use crate::domain::period::Month;
use crate::domain::small_area::{Edition, SmallAreas};

/// Types of areas that small areas came to others of.
const KINDS: [&str; 2] = ["sub_icb", "system"];

/// When the areas that contain small areas changed.
#[derive(Debug)]
pub(super) struct InForce {
    /// The months from which on some small areas are in other areas, in order.
    changes: Vec<Month>,
    /// The same for each area that existed before and after the month.
    of_area: BTreeMap<String, BTreeSet<Month>>,
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
        let mut found = Self { changes: Vec::new(), of_area: BTreeMap::new() };
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
    fn without_former_locations_and_months_nothing_changes() {
        let areas = "code,other_code,name,type,parents\nQ1,,One,system,\n01A,,A,sub_icb,Q1\nE07000001,,D,district,Q1\n";
        let small = "lsoa,edition,district,imd_edition,imd_decile,sub_icb\nE01000001,lsoa_2021,E07000001,imd_2025,1,01A\n";
        let files = Content::embedded();
        let files = files.files().filter(|(name, _)| *name != "lsoa_lookup.csv");
        let files = files.map(|(name, text)| {
            let text = match name {
                "areas.csv" => areas,
                "lsoa.csv" => small,
                "organisations.csv" => "code,name,type,areas\n",
                _ => text,
            };
            (name.to_owned(), text.to_owned())
        });
        let reference = Reference::new(&Content::exactly(files)).unwrap();
        assert!(reference.residence_changes().is_empty());
        assert!(!reference.is_by_month(reference.dimension(SYSTEM).unwrap()));
    }
}
