//! A submission that was refused because of its content. It is in no log: the event is made when the call ends.

use std::collections::BTreeMap;

use super::{Projector, Recipient};
use crate::domain::delivery::{Event, EventKind, Source, Value};
use crate::engine::Engine;
use crate::store::StoreError;
use crate::store::outbox::Outbox;

/// A submission that was refused.
#[derive(Clone, Debug, Default)]
pub struct RefusedSubmission {
    /// Name of the partner that sent it.
    pub partner: String,
    /// Its request id; empty: none could be read.
    pub request_id: String,
    /// Collection, organisation and month of its header; empty: not known.
    pub collection: String,
    /// Organisation code.
    pub organisation: String,
    /// Month.
    pub month: String,
    /// Reason of the error, `ROWS_INVALID`.
    pub reason: String,
    /// How many problems there are, by path of the field and by code. They name no value.
    pub problems: BTreeMap<(String, String), u64>,
    /// How many rows have problems; 0: not known.
    pub problem_count: u64,
    /// Whether it was to be checked only: then nothing is told.
    pub is_check: bool,
}

impl Projector {
    /// Adds the event of a refused submission.
    ///
    /// # Errors
    /// The outbox cannot be written.
    pub fn refused(
        &self,
        engine: &Engine,
        outbox: &Outbox,
        refused: &RefusedSubmission,
    ) -> Result<(), StoreError> {
        let recipients = Recipient::all(&engine.reference());
        let Some(recipient) = recipients.iter().find(|of| of.partner.id == refused.partner) else {
            return Ok(());
        };
        let event = event(refused, engine.store.now());
        let mut events = Vec::new();
        self.add(outbox, recipient, (None, vec![event]), &mut events);
        outbox.commit(None, &events)
    }
}

fn event(refused: &RefusedSubmission, now: u64) -> Event {
    let RefusedSubmission { request_id, collection, organisation, month, reason, .. } = refused;
    let text = |text: &str| Value::Text(text.to_owned());
    let whole = |count: u64| Value::Whole(i64::try_from(count).unwrap_or(i64::MAX));
    let given = [
        ("collection", collection),
        ("organisation", organisation),
        ("period.month", month),
        ("submission.request_id", request_id),
    ];
    let given = given.into_iter().filter(|(_, value)| !value.is_empty());
    let mut attributes: Vec<_> = given.map(|(name, value)| (name, text(value))).collect();
    attributes.push(("error.reason", text(reason)));
    if refused.problem_count > 0 {
        attributes.push(("problem.count", whole(refused.problem_count)));
    }
    if !refused.problems.is_empty() {
        let counted = refused.problems.iter();
        let counts = counted.map(|((field, code), count)| format!("{field}/{code}={count}"));
        attributes.push(("problem.by_code", Value::List(counts.collect())));
        let mut fields: Vec<_> = refused.problems.keys().map(|(field, _)| field.clone()).collect();
        fields.dedup();
        attributes.push(("problem.fields", Value::List(fields)));
    }
    let of = if organisation.is_empty() { String::new() } else { format!(" of {organisation}") };
    let body = format!("a submission{of} was refused with {reason}; nothing was stored");
    Event {
        kind: EventKind::SubmissionRejected,
        source: Source::Call(format!("{request_id} {now}")),
        index: 0,
        time_millis: now,
        body,
        attributes,
        point: None,
    }
}
