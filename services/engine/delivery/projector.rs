//! The log, entry by entry, into events of the outbox.

use super::happened::Happened;
use super::outlet::Encode;
use super::{Recipient, numbered, scope_key};
use crate::domain::delivery::{Event, EventKind, Point, Signal, Value};
use crate::engine::Engine;
use crate::engine::answer::Protected;
use crate::engine::query::Reader;
use crate::proto::v1::breakdown_question::Table;
use crate::store::StoreError;
use crate::store::outbox::{NewEvent, Outbox, StreamId};

/// Answers a question as a reader would get it; none: the reader gets no such answer.
pub type Ask = fn(&Engine, &Reader, &Table) -> Result<Option<Protected>, NotAnswered>;

/// Why a question was not answered although its reader may ask it.
#[derive(Debug, PartialEq, Eq)]
pub enum NotAnswered {
    /// The service failed. The question has to be asked again: otherwise the partner would never learn what it was about.
    ForNow(String),
    /// Data that it reads is damaged. Asking again changes nothing, and everything else has to go on: the partner is told that it is not told.
    Damaged(String),
}

/// Why entries were not read.
#[derive(Debug, thiserror::Error)]
pub enum NotProjected {
    /// The store or the outbox cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A question was not answered although its reader may ask it.
    #[error("a question was not answered: {0}")]
    Answer(String),
}

/// Events, or why they could not be made.
pub(super) type Told = Result<Vec<Event>, NotProjected>;

/// Submissions that are read before their events are written: a release is always written alone.
const AT_ONCE: usize = 64;

/// Makes events out of log entries.
#[derive(Clone, Copy)]
pub struct Projector {
    /// Answers questions.
    pub ask: Ask,
    /// Encodes events.
    pub encode: Encode,
}

impl Projector {
    /// Reads the next entries and adds their events. Returns whether there may be more. Works for as long as the questions of one release take: call it on a
    /// thread that may block.
    ///
    /// # Errors
    /// The store or the outbox cannot be read or written, or a question failed. Nothing was added then: step again.
    pub fn step(&self, engine: &Engine, outbox: &Outbox) -> Result<bool, NotProjected> {
        let (after, until) = (outbox.position(), engine.told());
        let recipients = Recipient::all(&engine.reference());
        self.withdraw(engine, outbox, &recipients)?;
        if after >= until {
            return Ok(false);
        }
        let happened = engine.happened(after, until)?;
        let mut events = Vec::new();
        for (place, (position, entry)) in happened.iter().enumerate() {
            let is_large = !matches!(entry, Happened::Submitted(_));
            if (is_large && place > 0) || place == AT_ONCE {
                // What came before is written first.
                let before = happened[place - 1].0;
                outbox.commit(Some(before), &events)?;
                return Ok(true);
            }
            match entry {
                Happened::Submitted(submission) => {
                    for recipient in &recipients {
                        let told = self.submitted(engine, recipient, submission)?;
                        self.add(outbox, recipient, (Some(*position), told), &mut events);
                    }
                }
                Happened::Released(release, before) => {
                    for recipient in &recipients {
                        let told = self.released(engine, recipient, release, before.as_deref())?;
                        self.add(outbox, recipient, (Some(*position), told), &mut events);
                    }
                }
                Happened::Erased => self.erased(engine, outbox, &recipients)?,
            }
            if is_large {
                outbox.commit(Some(*position), &events)?;
                return Ok(true);
            }
        }
        outbox.commit(Some(until), &events)?;
        Ok(false)
    }

    /// The events of one recipient and source, for each stream of it.
    pub(super) fn add(
        &self,
        outbox: &Outbox,
        recipient: &Recipient,
        (position, told): (Option<u64>, Vec<Event>),
        events: &mut Vec<NewEvent>,
    ) {
        let (partner, scope_key) = (&recipient.partner.id, scope_key(&recipient.partner));
        for mut event in numbered(told) {
            if !recipient.wants(event.kind) {
                continue;
            }
            let stream = |signal| StreamId { partner: partner.clone(), signal };
            if recipient.subscription.metrics {
                counted(outbox, &stream(Signal::Logs), &mut event, events);
            }
            for signal in recipient.subscription.signals() {
                let Some(payload) = (self.encode)(&event, signal) else { continue };
                let (id, kind, time_millis) = (event.id(partner), event.kind, event.time_millis);
                let stream = stream(signal);
                events.push(NewEvent {
                    stream,
                    id,
                    kind,
                    position,
                    time_millis,
                    payload,
                    scope_key,
                });
            }
        }
    }
}

/// Gives an event of a submission its point: how many of its kind there have been.
fn counted(outbox: &Outbox, logs: &StreamId, event: &mut Event, waiting: &[NewEvent]) {
    let outcome = match event.kind {
        EventKind::SubmissionAccepted => "accepted",
        EventKind::SubmissionRejected => "rejected",
        EventKind::IndicatorRevised
        | EventKind::DataQualityFinding
        | EventKind::GapAlert
        | EventKind::TargetStatus
        | EventKind::DeliveryGap => return,
    };
    let kind = event.kind;
    let now = waiting.iter().filter(|of| of.stream == *logs && of.kind == kind).count() as u64;
    let count = outbox.count(logs, kind) + now + 1;
    event.point = Some(Point {
        name: "submission.count".to_owned(),
        description: "Submissions of this organisation since the service began to count."
            .to_owned(),
        unit: "{submission}",
        value: Some(number(count)),
        since_millis: Some(outbox.since_millis()),
        attributes: vec![("submission.outcome", Value::Text(outcome.to_owned()))],
    });
}

#[allow(clippy::cast_precision_loss)] // counts are below 2^53
fn number(count: u64) -> f64 {
    count as f64
}
