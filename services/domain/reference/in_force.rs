//! Which areas contained a small area in a month. Sub-ICB locations came to other systems, and some were divided.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::area::{Area, Areas};
use crate::domain::period::Month;
use crate::domain::small_area::{Edition, Location, SmallAreas, Stay};

const SYSTEM: &str = "system";
/// Types of areas that small areas came to others of.
const KINDS: [&str; 2] = ["sub_icb", SYSTEM];

/// When the areas that contain small areas changed.
#[derive(Debug)]
pub(super) struct InForce {
    /// The months from which on some small areas are in other systems, in order.
    pub(super) changes: Vec<Month>,
    /// The months from which on some are in other sub-ICB locations, and all in the same systems as before.
    pub(super) changes_of_locations: BTreeSet<Month>,
    /// The months from which on an area that existed before has other small areas.
    pub(super) of_area: BTreeMap<String, BTreeSet<Month>>,
    /// The systems of today that have small areas of which no system is known in the months before the first change, between changes, and
    /// after the last one.
    pub(super) stand_ins: Vec<BTreeSet<String>>,
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
        in_force(areas, &of.stays, month).iter().any(|found| found.code == area)
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
        let mut found = Self {
            changes: Vec::new(),
            changes_of_locations: BTreeSet::new(),
            of_area: BTreeMap::new(),
            stand_ins: Vec::new(),
            shares: shares.collect(),
        };
        for month in months {
            let Some(before) = month.previous() else { continue };
            let mut changed = BTreeSet::new();
            for location in &locations {
                let [was, is] =
                    [before, month].map(|month| in_force(areas, &location.stays, month));
                let others = was.iter().filter(|area| !is.contains(area));
                for area in others.chain(is.iter().filter(|area| !was.contains(area))) {
                    changed.insert(area.kind.as_str());
                    if area.exists_in(before) && area.exists_in(month) {
                        found.of_area.entry(area.code.clone()).or_default().insert(month);
                    }
                }
            }
            if changed.contains(SYSTEM) {
                found.changes.push(month);
            } else if !changed.is_empty() {
                found.changes_of_locations.insert(month);
            }
        }
        // All months up to a change have the same areas.
        let first = found.changes.first().and_then(|month| month.previous());
        let months = first.into_iter().chain(found.changes.iter().copied());
        found.stand_ins = months.map(|month| stand_ins(areas, &locations, month)).collect();
        found
    }
}

/// The systems of today of those who were in no system in a month.
fn stand_ins(areas: &Areas, locations: &[Location<'_>], month: Month) -> BTreeSet<String> {
    let is_known =
        |of: &&Location<'_>| in_force(areas, &of.stays, month).iter().any(|a| a.kind == SYSTEM);
    let unknown = locations.iter().filter(|of| !is_known(of));
    let today = unknown.filter_map(|of| of.stays.last()).flat_map(|stay| stay.areas());
    let systems = today.filter_map(|code| areas.get(code)).filter(|area| area.kind == SYSTEM);
    systems.map(|area| area.code.clone()).collect()
}

/// The stay in a location in a month: the first in one that had not ended, or else that of today.
pub(super) fn stay_in<'a>(
    areas: &Areas,
    stays: impl Iterator<Item = Stay<'a>>,
    month: Month,
) -> Option<Stay<'a>> {
    let mut found = None;
    for stay in stays {
        let last = areas.get(stay.location).and_then(|location| location.last_month);
        found = Some(stay);
        if last.is_none_or(|last| month <= last) {
            break;
        }
    }
    found
}

/// Whether homes lay in an area in a month.
pub(super) fn lay_in(areas: &Areas, stays: &[Stay<'_>], area: &str, month: Month) -> bool {
    let is_one = areas.get(area).is_some_and(|area| KINDS.contains(&area.kind.as_str()));
    if is_one {
        // A home is in one area of such a type.
        return in_force(areas, stays, month).iter().any(|of| of.code == area);
    }
    let stay = stay_in(areas, stays.iter().copied(), month);
    stay.is_some_and(|stay| stay.areas().any(|code| code == area))
}

/// The areas that small areas were in in a month: one of each type. An area that ended later is behind that of today, and stands in its
/// place.
fn in_force<'a>(areas: &'a Areas, stays: &[Stay<'_>], month: Month) -> Vec<&'a Area> {
    let stay = stay_in(areas, stays.iter().copied(), month);
    let around = stay.into_iter().flat_map(Stay::areas);
    let then = around.filter_map(|code| areas.get(code));
    let then = then.filter(|area| area.exists_in(month) && KINDS.contains(&area.kind.as_str()));
    let of_kind: BTreeMap<&str, &Area> = then.map(|area| (area.kind.as_str(), area)).collect();
    of_kind.into_values().collect()
}
