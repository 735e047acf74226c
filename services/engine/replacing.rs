//! Whether a submission may replace what stands: half a file, or the file of another region, is found before it is stored.

use std::sync::Arc;

use super::Engine;
use super::intake::Refused;
use super::query::Reader;
use crate::domain::field::Field;
use crate::domain::submission::{Header, Outline, area_of, covers_areas};
use crate::store::{StoreError, Submission};

/// Who submits: the owner of the request id, and what it may be told of what stands.
#[derive(Clone, Copy)]
pub(super) struct By<'a> {
    pub(super) caller: &'a str,
    pub(super) reader: &'a Reader,
}

impl Engine {
    /// Position of the submission that a submission of this header and outline may replace, 0 if nothing stands in its month; `None`:
    /// it may replace any.
    pub(super) async fn may_replace(
        &self,
        by: By<'_>,
        header: &Header,
        outline: &Outline,
    ) -> Result<Option<u64>, Refused> {
        if header.allow_shrinking {
            return Ok(None);
        }
        let Some(stands) = self.stands(header) else { return Ok(Some(0)) };
        let position = stands.position;
        let (caller, id) = (by.caller.to_owned(), header.request_id.clone());
        let (stored, next) = (Arc::clone(&stands), outline.clone());
        let reads = self.reads(by, header);
        let refused = self.read_store(move |engine| {
            let refused = match reads {
                true => engine.outline(&stored)?.loss(&next).map(|loss| (stored, Some(loss))),
                // Compared with what stands, each try would tell a little of it.
                false => Some((stored, None)),
            };
            // A request that was accepted before gets its first receipt again, whatever has come since.
            let used = refused.is_some() && engine.store.reader().used(&caller, &id)?.is_some();
            Ok((refused, used))
        });
        match refused.await? {
            (_, true) => Ok(None),
            (Some((stands, Some(loss))), false) => Err(Refused::Shrinks(stands, loss)),
            (Some((stands, None)), false) => Err(Refused::Stands(stands)),
            (None, false) => Ok(Some(position)),
        }
    }

    /// Whether who submits may read what the organisation has submitted before.
    fn reads(&self, by: By<'_>, header: &Header) -> bool {
        let of = (&*header.collection, header.dataset);
        by.reader.reads(&self.reference(), of, &header.organisation)
    }

    /// The submission that stands and has the same content, read with the same reference content. `None` also if the request id was
    /// used before, and then that submission is the answer; and for who may not know the content.
    pub(super) async fn unchanged(
        &self,
        by: By<'_>,
        header: &Header,
        content_hash: &[u8],
    ) -> Result<Option<Arc<Submission>>, Refused> {
        let stands = self.stands(header).filter(|stands| stands.content_hash == *content_hash);
        let stands = stands.filter(|_| self.reads(by, header));
        // Other reference content may read the same codes otherwise.
        let same = |stands: &Arc<Submission>| self.store.catalog().is_of_today(stands.position);
        let Some(stands) = stands.filter(same) else { return Ok(None) };
        let (caller, id) = (by.caller.to_owned(), header.request_id.clone());
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
