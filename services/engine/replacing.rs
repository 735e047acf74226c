//! Whether a submission may replace what stands: half a file, or the file of another region, is found before it is stored.

use std::sync::Arc;

use super::Engine;
use super::intake::Refused;
use crate::domain::field::Field;
use crate::domain::submission::{Header, Outline, area_of, covers_areas};
use crate::store::{StoreError, Submission};

impl Engine {
    /// Position of the submission that a submission of this header and outline may replace, 0 if nothing stands in its month; `None`:
    /// it may replace any.
    pub(super) async fn may_replace(
        &self,
        caller: &str,
        header: &Header,
        outline: &Outline,
    ) -> Result<Option<u64>, Refused> {
        if header.allow_shrinking {
            return Ok(None);
        }
        let Some(stands) = self.stands(header) else { return Ok(Some(0)) };
        let position = stands.position;
        let (caller, id) = (caller.to_owned(), header.request_id.clone());
        let (stored, next) = (Arc::clone(&stands), outline.clone());
        let loss = self.read_store(move |engine| {
            let loss = engine.outline(&stored)?.loss(&next);
            // A request that was accepted before gets its first receipt again, whatever has come since.
            let used = loss.is_some() && engine.store.reader().used(&caller, &id)?.is_some();
            Ok((loss, used))
        });
        match loss.await? {
            (_, true) => Ok(None),
            (Some(loss), false) => Err(Refused::Shrinks(stands, loss)),
            (None, false) => Ok(Some(position)),
        }
    }

    /// The submission that stands and has the same content, read with the same reference content. `None` also if the request id was
    /// used before: then that submission is the answer.
    pub(super) async fn unchanged(
        &self,
        caller: &str,
        header: &Header,
        content_hash: &[u8],
    ) -> Result<Option<Arc<Submission>>, Refused> {
        let stands = self.stands(header).filter(|stands| stands.content_hash == *content_hash);
        // Other reference content may read the same codes otherwise.
        let same = |stands: &Arc<Submission>| self.store.catalog().is_of_today(stands.position);
        let Some(stands) = stands.filter(same) else { return Ok(None) };
        let (caller, id) = (caller.to_owned(), header.request_id.clone());
        let used = self.read_store(move |engine| engine.store.reader().used(&caller, &id)).await?;
        Ok(used.is_none().then_some(stands))
    }

    fn stands(&self, header: &Header) -> Option<Arc<Submission>> {
        let catalog = self.store.catalog();
        let Header { collection, organisation, dataset, month, .. } = header;
        let slot = catalog.slot(collection, organisation, *dataset, *month)?;
        catalog.stands(&slot).cloned()
    }

    /// The outline of a stored submission. Reads the disk for estimates, whose areas are in no column.
    fn outline(&self, stored: &Submission) -> Result<Outline, StoreError> {
        let estimates = self.store.reader().estimates(stored)?;
        let mut areas: std::collections::BTreeSet<_> =
            estimates.iter().map(|row| row.area.clone()).collect();
        let homes = stored.column(Field::ResidenceLsoa);
        if let Some(homes) = homes.filter(|_| covers_areas(stored.slot.dataset)) {
            let catalog = self.store.catalog();
            let known = catalog.words().of(Field::ResidenceLsoa);
            let words = homes.words.iter().filter_map(|word| known.get(*word as usize));
            areas.extend(words.filter_map(area_of));
        }
        Ok(Outline { total: stored.total_count, areas })
    }
}
