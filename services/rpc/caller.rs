//! Who calls, and so what holds: the partner, its profile, what it may send and read. This is the only place that decides it, and no
//! field of a request is looked at.

use std::sync::Arc;

use tonic::{Request, Status};

use super::{Service, status};
use crate::domain::collection::Dataset;
use crate::domain::disclosure::ProfileName;
pub use crate::domain::identity::Identity;
use crate::domain::partner::{Named, Partner, Scope};
use crate::domain::period::Month;
use crate::domain::reference::Reference;
use crate::engine::Engine;
use crate::engine::query::Reader;

/// Who calls. [`Access`](super::access::Access) puts it into each request of a service that knows its callers.
#[derive(Clone, Debug)]
pub enum Caller {
    /// Whoever can connect: callers have no identity, and all have this profile.
    Anybody(ProfileName),
    /// A partner.
    Partner(Arc<Partner>),
}

/// The name of callers without an identity. Request ids are unique within a caller.
const ANYBODY: &str = "local";

impl Caller {
    /// The name under which its request ids are kept.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Anybody(_) => ANYBODY,
            Self::Partner(partner) => &partner.id,
        }
    }

    /// The name of the partner that it is.
    #[must_use]
    pub fn partner(&self) -> Option<&str> {
        match self {
            Self::Anybody(_) => None,
            Self::Partner(partner) => Some(&partner.id),
        }
    }

    /// The reader that answers are made for. Who reads no data sees what everybody sees.
    #[must_use]
    pub fn reader(&self) -> Reader {
        match self {
            Self::Anybody(profile) => Reader::of(*profile),
            Self::Partner(partner) => Reader {
                profile: partner.profile.unwrap_or(ProfileName::Public),
                organisation: Some(partner.organisation.clone()),
                scope: Arc::clone(&partner.scope),
            },
        }
    }

    /// Whether it is still what it was when it was let in: the entry of a partner may have been changed.
    #[must_use]
    pub fn is_current(&self, reference: &Reference) -> bool {
        let Self::Partner(partner) = self else { return true };
        let now = reference.partners().named(&partner.id);
        now.is_some_and(|now| Arc::ptr_eq(now, partner) || now == partner)
    }

    /// The position that months and organisations of a collection are listed at: for readers of releases that of the newest one, if there is one.
    pub(super) fn listed_position(&self, engine: &Engine, collection: &str) -> Option<u64> {
        if !self.reader().reads_releases(&engine.reference(), collection) {
            return Some(engine.position());
        }
        engine.newest_release().map(|release| release.shown)
    }

    fn scope(&self) -> Option<&Scope> {
        match self {
            Self::Anybody(_) => None,
            Self::Partner(partner) => Some(&partner.scope),
        }
    }
}

impl Service {
    /// Who makes a call.
    pub(super) fn caller<T>(&self, request: &Request<T>) -> Result<Caller, Status> {
        let anybody = || self.profile_without_identity.map(Caller::Anybody);
        let known = request.extensions().get::<Caller>().cloned().or_else(anybody);
        known.ok_or_else(|| status::no_identity("it came without one"))
    }

    /// Refuses to go on with a call that takes long when its caller may not do any more what it might.
    pub(super) fn goes_on(&self, caller: &Caller) -> Result<(), Status> {
        let is_current = caller.is_current(&self.engine.reference());
        if is_current { Ok(()) } else { Err(status::partner_changed()) }
    }

    /// Releases are made by who sees the newest state: others would choose what they compare.
    pub(super) fn may_release(&self, caller: &Caller) -> Result<(), Status> {
        let reader = caller.reader();
        if reader.reads_all(&self.engine.reference()) || matches!(caller, Caller::Partner(_)) {
            return Ok(());
        }
        Err(status::query_refused(format!(
            "the disclosure profile {} reads releases and makes none; ListReleases lists them",
            reader.profile.name()
        )))
    }

    /// Data is erased by administrators; without identities, by who sees all of it.
    pub(super) fn may_erase(&self, caller: &Caller) -> Result<(), Status> {
        let reader = caller.reader();
        if reader.reads_all(&self.engine.reference()) || matches!(caller, Caller::Partner(_)) {
            return Ok(());
        }
        Err(status::query_refused(format!(
            "the disclosure profile {} neither erases data nor reads what was erased; ask the operator of the service",
            reader.profile.name()
        )))
    }

    /// The audit log is read by partners with the role for it; without identities, by who sees all of the data.
    pub(super) fn may_audit(&self, caller: &Caller) -> Result<(), Status> {
        let reader = caller.reader();
        if reader.reads_all(&self.engine.reference()) || matches!(caller, Caller::Partner(_)) {
            return Ok(());
        }
        Err(status::query_refused(format!(
            "the disclosure profile {} does not read the audit log; ask the operator of the service",
            reader.profile.name()
        )))
    }

    /// Data of an organisation about some months is sent, and withdrawn, by who may do so for it.
    pub(super) fn may_submit(
        &self,
        caller: &Caller,
        organisation: &str,
        (first, last): (Month, Month),
    ) -> Result<(), Status> {
        let Some(scope) = caller.scope() else { return Ok(()) };
        if scope.submits_for(&self.engine.reference(), organisation, Some((first, last))) {
            return Ok(());
        }
        let about = if first == last { first.to_string() } else { format!("{first} to {last}") };
        let words = |named: &Named| named.codes().take(20).collect::<Vec<_>>().join(", ");
        Err(status::out_of_scope(format!(
            "partner {} may not send data for `{organisation}` about {about}; it may for these organisations: [{}], and for those that \
             belong to these areas in the month: [{}]; the operator of the service can change that in partners.toml",
            caller.name(),
            words(&scope.submit_for),
            words(&scope.submit_for_areas)
        )))
    }

    /// Receipts have exact counts, and rows as they were sent: of a controlled collection they are for the organisation that submitted.
    pub(super) fn may_read(
        &self,
        caller: &Caller,
        of: (&str, Dataset),
        organisation: &str,
    ) -> Result<(), Status> {
        let reader = caller.reader();
        if reader.reads(&self.engine.reference(), of, organisation) {
            return Ok(());
        }
        Err(not_read(&reader, of.0))
    }

    /// The same; refused to readers of releases before the first.
    pub(super) fn listed_position(&self, caller: &Caller, collection: &str) -> Result<u64, Status> {
        caller.listed_position(&self.engine, collection).ok_or_else(status::no_release)
    }

    /// The same of a list of submissions to a collection, which has those that the caller may read.
    pub(super) fn may_list(&self, caller: &Caller, collection: &str) -> Result<(), Status> {
        let (reader, reference) = (caller.reader(), self.engine.reference());
        let own = reader.organisation.clone().unwrap_or_default();
        let reads = |of: Dataset| reader.reads(&reference, (collection, of), &own);
        if Dataset::ALL.into_iter().any(reads) {
            Ok(())
        } else {
            Err(not_read(&reader, collection))
        }
    }
}

/// The refusal of what was submitted to a controlled collection. It is the same whether there is such a submission or not.
fn not_read(reader: &Reader, collection: &str) -> Status {
    let name = reader.profile.name();
    status::query_refused(format!(
        "the disclosure profile {name} does not answer this: `{collection}` is controlled, and its submissions are for the organisations \
         that sent them; ReferenceService.ListAvailability lists its months and organisations"
    ))
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// A partner of this name that may read everything.
    pub(crate) fn partner(id: &str) -> Caller {
        Caller::Partner(Arc::new(Partner {
            id: id.to_owned(),
            organisation: "QK1".to_owned(),
            systems: Named::All,
            profile: Some(ProfileName::Internal),
            scope: Arc::new(Scope::everything()),
            roles: BTreeSet::new(),
            telemetry: None,
        }))
    }
}
