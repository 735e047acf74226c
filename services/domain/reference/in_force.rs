//! Which areas contained a small area in a month. Sub-ICB locations came to other systems, and some were divided.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::area::{Area, Areas};
use crate::domain::period::Month;
use crate::domain::small_area::{Edition, Location, SmallAreas};

/// Types of areas that small areas came to others of.
const KINDS: [&str; 2] = ["sub_icb", "system"];

/// When the areas that contain small areas changed.
#[derive(Debug)]
pub(super) struct InForce {
    /// The months from which on some small areas are in other areas, in order.
    pub(super) changes: Vec<Month>,
    /// The same for each area that existed before and after the month.
    pub(super) of_area: BTreeMap<String, BTreeSet<Month>>,
    /// The parts of each area that ended, in the order of its successors.
    pub(super) shares: BTreeMap<String, Vec<SuccessorShare>>,
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
