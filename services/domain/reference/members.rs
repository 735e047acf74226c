//! Which organisations belong to which areas: worked out once, asked by every question.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::domain::area::{Areas, Organisation};
use crate::domain::period::Month;

/// Organisations by code.
pub type Organisations = BTreeMap<String, Arc<Organisation>>;

/// The organisations of each area, and those that belong to no area of a type.
#[derive(Debug)]
pub(super) struct Members {
    pub(super) all: Arc<Organisations>,
    pub(super) of_area: BTreeMap<String, Arc<Organisations>>,
    /// By type of area.
    pub(super) without: BTreeMap<String, Vec<Arc<Organisation>>>,
    /// Whether any has a successor.
    pub(super) has_mergers: bool,
    /// The months in which any comes to another area, in order.
    pub(super) changes: Vec<Month>,
}

impl Members {
    pub(super) fn new(areas: &Areas, all: Organisations) -> Self {
        let mut of_area: BTreeMap<String, Organisations> = BTreeMap::new();
        for (code, organisation) in &all {
            for area in &organisation.areas {
                let of = of_area.entry(area.clone()).or_default();
                of.insert(code.clone(), Arc::clone(organisation));
            }
        }
        let began = all.values().flat_map(|of| of.since.values().copied());
        let member_of = areas.iter().filter(|area| of_area.contains_key(&area.code));
        let ended = member_of.filter_map(|area| area.last_month?.next());
        let changes: BTreeSet<Month> = began.chain(ended).collect();
        let kinds: BTreeSet<&str> = areas.iter().map(|area| area.kind.as_str()).collect();
        let mut without: BTreeMap<String, Vec<Arc<Organisation>>> =
            kinds.iter().map(|kind| ((*kind).to_owned(), Vec::new())).collect();
        for organisation in all.values() {
            let of = organisation.areas.iter().filter_map(|code| areas.get(code));
            let has: BTreeSet<&str> = of.map(|area| area.kind.as_str()).collect();
            for kind in kinds.difference(&has) {
                without.entry((*kind).to_owned()).or_default().push(Arc::clone(organisation));
            }
        }
        Self {
            without,
            of_area: of_area.into_iter().map(|(area, of)| (area, Arc::new(of))).collect(),
            changes: changes.into_iter().collect(),
            has_mergers: all.values().any(|of| !of.successor.is_empty()),
            all: Arc::new(all),
        }
    }
}
