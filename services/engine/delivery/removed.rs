//! Events that are not sent: because a partner may read less than before, because data was erased, or because they are too old. The partner is told
//! which sequence numbers it will not get.

use super::{Projector, Recipient, scope_key};
use crate::domain::delivery::{Event, EventKind, Signal, Source, Value};
use crate::engine::Engine;
use crate::store::StoreError;
use crate::store::outbox::{Expired, Keep, Outbox, StreamId};

impl Projector {
    /// Removes the figures of partners that may read something else now than when the figures were computed.
    pub(super) fn withdraw(
        &self,
        engine: &Engine,
        outbox: &Outbox,
        recipients: &[Recipient],
    ) -> Result<(), StoreError> {
        for id in outbox.streams() {
            let recipient = recipients.iter().find(|of| of.partner.id == id.partner);
            let key = recipient.map_or([0; 16], |of| scope_key(&of.partner));
            let Some(had) = outbox.scope_key(&id).filter(|had| *had != key) else { continue };
            tracing::warn!(
                partner = id.partner,
                signal = id.signal.name(),
                ?had,
                "what a partner may read has changed: figures that were computed before are not sent"
            );
            self.remove_figures(engine, outbox, recipients, (&id, "SCOPE_CHANGED"))?;
            // Until here the stream sends nothing: its worker asks for events of the new scope.
            outbox.rescope(&id, key)?;
        }
        Ok(())
    }

    /// Removes every figure: data that it was computed from may have been erased.
    pub(super) fn erased(
        &self,
        engine: &Engine,
        outbox: &Outbox,
        recipients: &[Recipient],
    ) -> Result<(), StoreError> {
        for id in outbox.streams() {
            self.remove_figures(engine, outbox, recipients, (&id, "DATA_ERASED"))?;
        }
        Ok(())
    }

    fn remove_figures(
        &self,
        engine: &Engine,
        outbox: &Outbox,
        recipients: &[Recipient],
        (id, why): (&StreamId, &str),
    ) -> Result<(), StoreError> {
        let figures = outbox.figures(id)?;
        // Told first: after a crash between the two it is told again, with the same id.
        self.tell_gaps(engine, outbox, recipients, (&figures.unsent, why))?;
        outbox.remove_figures(id, &figures)
    }

    /// Removes what is kept no longer. What was not sent becomes a dead letter, and the partner is told.
    ///
    /// # Errors
    /// The outbox cannot be read or written.
    pub fn expire(&self, engine: &Engine, outbox: &Outbox, keep: Keep) -> Result<(), StoreError> {
        let now = engine.store.now();
        let recipients = Recipient::all(&engine.reference());
        for much in outbox.too_much(keep, now)? {
            // Told first: after a crash between the two it is told again, with the same id.
            self.tell_gaps(engine, outbox, &recipients, (much.unsent.as_slice(), "EXPIRED"))?;
            outbox.expire(&much, now)?;
        }
        outbox.forget(now.saturating_sub(keep.millis))
    }

    /// Gives up what waits in a stream, and its dead letters. The partner is told. Returns how many events were given up.
    ///
    /// # Errors
    /// The outbox cannot be written.
    pub fn purge(
        &self,
        engine: &Engine,
        outbox: &Outbox,
        id: &StreamId,
    ) -> Result<u64, StoreError> {
        let unsent = outbox.unsent(id);
        let through = unsent.as_ref().map_or_else(|| outbox.newest(id), |of| of.last);
        let recipients = Recipient::all(&engine.reference());
        self.tell_gaps(engine, outbox, &recipients, (unsent.as_slice(), "PURGED"))?;
        outbox.purge(id, through)
    }

    /// One gap for each run of sequence numbers: it names none that comes.
    fn tell_gaps(
        &self,
        engine: &Engine,
        outbox: &Outbox,
        recipients: &[Recipient],
        (gone, why): (&[Expired], &str),
    ) -> Result<(), StoreError> {
        let since_millis = outbox.since_millis();
        let mut events = Vec::new();
        for Expired { id, first, last } in gone {
            let Some(recipient) = recipients.iter().find(|of| of.partner.id == id.partner) else {
                continue;
            };
            let (first, last) = (*first, *last);
            let missing = Source::Missing { signal: id.signal, first, last, since_millis };
            let event = gap((id.signal, first, last), missing, why, engine.store.now());
            self.add(outbox, recipient, (None, vec![event]), &mut events);
        }
        if events.is_empty() { Ok(()) } else { outbox.commit(None, &events) }
    }
}

fn gap((signal, first, last): (Signal, u64, u64), source: Source, why: &str, now: u64) -> Event {
    let whole = |number: u64| Value::Whole(i64::try_from(number).unwrap_or(i64::MAX));
    let body = format!(
        "events with sequence numbers from {first} to {last} of your {} are not sent any more ({why})",
        signal.name()
    );
    Event {
        kind: EventKind::DeliveryGap,
        source,
        index: 0,
        time_millis: now,
        body,
        attributes: vec![
            ("gap.signal", Value::Text(signal.name().to_owned())),
            ("gap.first_sequence", whole(first)),
            ("gap.last_sequence", whole(last)),
            ("gap.reason", Value::Text(why.to_owned())),
        ],
        point: None,
    }
}
