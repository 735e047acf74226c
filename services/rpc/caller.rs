//! Who calls, and so which profile holds. This is the only place that decides it, and no field of a request is looked at.

use tonic::Status;

use super::{Service, status};
use crate::domain::reference::Reference;
use crate::engine::query::Reader;
use crate::store::Submission;

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
    pub(super) fn may_read(&self, made: &Submission) -> Result<(), Status> {
        let (reader, reference) = (self.reader(), self.engine.reference());
        match reader.reads(&reference, &made.collection, &made.organisation) {
            true => Ok(()),
            false => Err(unread(&reader, &made.collection)),
        }
    }

    /// The same of all submissions to a collection.
    pub(super) fn may_list(&self, reference: &Reference, collection: &str) -> Result<(), Status> {
        let reader = self.reader();
        let own = reader.organisation.clone().unwrap_or_default();
        match reader.reads(reference, collection, &own) {
            true => Ok(()),
            false => Err(unread(&reader, collection)),
        }
    }
}

fn unread(reader: &Reader, collection: &str) -> Status {
    let name = reader.profile.name();
    status::query_refused(format!(
        "the disclosure profile {name} does not answer this: `{collection}` is controlled, and its submissions are for the organisations \
         that sent them; ReferenceService.ListAvailability lists its months and organisations"
    ))
}
