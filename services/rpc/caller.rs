//! Who calls, and so which profile holds. This is the only place that decides it, and no field of a request is looked at.

use tonic::Status;

use super::{Service, status};
use crate::engine::query::Reader;

impl Service {
    /// The reader that answers are made for. Callers have no identity yet, so the configuration names one profile for everybody
    /// (`profile_without_identity`), and nobody is of an organisation.
    pub(super) fn reader(&self) -> Reader {
        Reader::of(self.profile_without_identity)
    }

    /// Releases are made by who sees the newest state: others would choose what they compare.
    pub(super) fn may_release(&self) -> Result<(), Status> {
        let reader = self.reader();
        if reader.reads_all(&self.engine.reference()) {
            return Ok(());
        }
        Err(status::query_refused(format!(
            "the disclosure profile {} reads releases and makes none; ListReleases lists them",
            reader.profile.name()
        )))
    }

    /// Receipts have exact counts, and rows as they were sent: of a controlled collection they are for the organisation that submitted.
    pub(super) fn may_read(&self, collection: &str, organisation: &str) -> Result<(), Status> {
        let (reader, reference) = (self.reader(), self.engine.reference());
        if reader.reads(&reference, collection, organisation) {
            return Ok(());
        }
        let name = reader.profile.name();
        Err(status::query_refused(format!(
            "the disclosure profile {name} does not answer this: `{collection}` is controlled, and its submissions are for the organisations \
             that sent them; ReferenceService.ListAvailability lists its months and organisations"
        )))
    }

    /// The position that months and organisations of a collection are listed at: for readers of releases that of the newest one.
    pub(super) fn listed_position(&self, collection: &str) -> Result<u64, Status> {
        if !self.reader().reads_releases(&self.engine.reference(), collection) {
            return Ok(self.engine.position());
        }
        let newest = self.engine.newest_release();
        newest.map(|release| release.shown).ok_or_else(status::no_release)
    }

    /// The same of a list of submissions to a collection, which has those that the caller may read.
    pub(super) fn may_list(&self, collection: &str) -> Result<(), Status> {
        let own = self.reader().organisation.unwrap_or_default();
        self.may_read(collection, &own)
    }
}
