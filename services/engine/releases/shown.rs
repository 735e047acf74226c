//! What two releases show, compared; and the areas that one release shows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::kept::ByCollection;
use crate::domain::disclosure::release_rule::{Codes, Compared, Data, Side};
use crate::domain::period::Month;
use crate::engine::query::AsOf;
use crate::engine::{Engine, QueryError};
use crate::store::{Release, StoreError, standing};

impl Engine {
    /// The organisations and months with data at two positions, and those that changed between them. Reads the disk for months that were replaced.
    pub(super) fn compared(
        &self,
        before: u64,
        now: u64,
    ) -> Result<ByCollection<Compared>, StoreError> {
        self.store.look(|catalog| {
            let (ids, codes) = (catalog.collection_ids(), catalog.organisation_codes());
            let mut found: BTreeMap<_, [BTreeMap<u32, BTreeSet<Month>>; 3]> = BTreeMap::new();
            for (slot, versions) in catalog.slots() {
                let at = |position| standing(versions, position);
                let (then, present) = (at(before), at(now));
                let hash = |version| Some(catalog.submission(slot, version)?.content_hash);
                let differs = match (then, present) {
                    (Some(then), Some(present)) if then.version != present.version => {
                        hash(then) != hash(present)
                    }
                    (then, present) => then.is_some() != present.is_some(),
                };
                let [earlier, later, changed] =
                    found.entry((slot.collection, slot.dataset)).or_default();
                let sets =
                    [(earlier, then.is_some()), (later, present.is_some()), (changed, differs)];
                for (set, _) in sets.into_iter().filter(|(_, is_in)| *is_in) {
                    set.entry(slot.organisation).or_default().insert(slot.month);
                }
            }
            let named = |numbers: BTreeMap<u32, BTreeSet<Month>>| -> Data {
                let code = |number| codes.get(&number).map(|code| (*code).to_owned());
                let named = numbers.into_iter();
                named.filter_map(|(number, months)| Some((code(number)?, months))).collect()
            };
            let found = found.into_iter().filter_map(|((collection, dataset), sets)| {
                let [before, now, changed] = sets.map(named);
                let id = (*ids.get(&collection)?).to_owned();
                Some(((id, dataset), Compared { before, now, changed }))
            });
            found.collect()
        })
    }

    /// The areas that a release shows, of each collection and dataset.
    pub(in crate::engine) fn shown_areas(
        &self,
        release: &Release,
    ) -> Result<Arc<ByCollection<Codes>>, QueryError> {
        if let Some(shown) = self.shown_areas.get(release.position) {
            return Ok(shown);
        }
        let reference = self.at(&AsOf::Position(release.shown))?.reference();
        let side = Side { reference: &reference, least: release.least };
        let compared = self.compared(0, release.shown)?.into_iter();
        let shown: ByCollection<_> =
            compared.map(|(about, compared)| (about, side.shown(&compared.now))).collect();
        let shown = Arc::new(shown);
        self.shown_areas.keep(release.position, Arc::clone(&shown));
        Ok(shown)
    }
}
