//! What is noted of a call while it runs.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tonic::{Request, Status};

use super::{Asked, Audit, Call, Cells, Event, Outcome, Trace, Who};
use crate::proto::v1;
use crate::rpc::status::{self, Fate};

/// What is noted of a call. Every copy is of the same call. Without an audit log, as in tests of handlers, nothing is noted.
#[derive(Clone, Default)]
pub struct Record(Option<Arc<Inner>>);

struct Inner {
    audit: Arc<Audit>,
    trace: Trace,
    noted: Mutex<Noted>,
}

#[derive(Default)]
struct Noted {
    call: Call,
    /// Whether an entry says that the call is about to change data.
    changes: bool,
}

impl Inner {
    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Record {
    /// The record of a call that begins.
    #[must_use]
    pub fn new(audit: Arc<Audit>, call: Call, trace: Trace) -> Self {
        let noted = Mutex::new(Noted { call, changes: false });
        Self(Some(Arc::new(Inner { audit, trace, noted })))
    }

    /// The record of the call that a request came with.
    #[must_use]
    pub fn of<T>(request: &Request<T>) -> Self {
        request.extensions().get::<Self>().cloned().unwrap_or_default()
    }

    fn note(&self, what: impl FnOnce(&mut Call)) {
        if let Some(inner) = &self.0 {
            what(&mut inner.noted().call);
        }
    }

    /// What the call is made for; empty: it does not say it.
    pub fn is_for(&self, purpose: &str) {
        self.note(|call| call.purpose = purpose.to_owned());
    }

    /// Who calls, the disclosure profile and the purpose; empty: none was found.
    pub fn is_of(&self, who: Arc<Who>, profile: &'static str, purpose: &str) {
        self.note(|call| {
            (call.who, call.profile, call.purpose) = (who, profile, purpose.to_owned());
        });
    }

    /// What is asked: the encoded request. Of a stream of rows, its header.
    pub fn asks(&self, message: &Bytes) {
        self.note(|call| call.asked = Asked::of(message));
    }

    /// An answer: what it shows, and which state. A watch and an export have several.
    pub fn shows(&self, cells: Cells, release: Option<&Arc<str>>, position: u64) {
        self.note(|call| {
            call.cells += cells;
            (call.release, call.position) = (release.cloned(), position);
        });
    }

    /// Log position of the change that was made.
    pub fn made(&self, position: u64) {
        self.note(|call| call.position = position);
    }

    /// The call is about to change data: returns when that is on disk.
    ///
    /// # Errors
    /// It is not on disk, so nothing may be changed.
    pub async fn intends(&self) -> Result<(), Status> {
        let Some(inner) = &self.0 else { return Ok(()) };
        let call = Call { event: Event::Intended, ..inner.noted().call.clone() };
        let written = inner.audit.durable(call, inner.trace).await;
        written.map_err(|why| status::change_not_audited(&why, Fate::NotStored))?;
        inner.noted().changes = true;
        Ok(())
    }

    /// The call as it has come so far.
    #[must_use]
    pub fn begun(&self) -> Option<(Arc<Audit>, Call, Trace)> {
        let inner = self.0.as_ref()?;
        let call = Call { event: Event::Begun, ..inner.noted().call.clone() };
        Some((Arc::clone(&inner.audit), call, inner.trace))
    }

    /// The call and how it has ended, and whether it has changed data; none if that was taken already.
    #[must_use]
    pub fn ended(&self, outcome: Outcome) -> Option<(Arc<Audit>, Call, Trace, bool)> {
        let inner = self.0.as_ref()?;
        let mut noted = inner.noted();
        if noted.call.method.is_empty() {
            return None;
        }
        let call = Call { outcome, ..std::mem::take(&mut noted.call) };
        Some((Arc::clone(&inner.audit), call, inner.trace, noted.changes))
    }
}

/// A text that a caller sent, as far as it is kept.
#[must_use]
pub fn cut_off(text: &str) -> String {
    let is_plain = |c: &char| c.is_ascii_graphic() || *c == ' ';
    text.chars().filter(is_plain).take(64).collect()
}

/// Cells of rows of an export. Published estimates and assessments are no cells of the answer.
pub(in crate::rpc) fn cells_of(rows: &[v1::ExportRow]) -> Cells {
    let mut cells = Cells::default();
    for row in rows.iter().filter(|row| !["ESTIMATES", "ASSESSMENTS"].contains(&&*row.table)) {
        let why = row.absence.as_ref().map(v1::Absence::reason);
        cells.withheld += u64::from(why == Some(v1::AbsenceReason::Withheld));
        cells.released += u64::from(row.value.is_some());
    }
    cells
}
