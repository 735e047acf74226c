//! One stream: one request at a time, in order. What may succeed later is tried again, for as long as it is kept; what never will is a dead letter;
//! what is wrong with the connection stops the stream and keeps everything.

use std::time::{Duration, Instant};

use super::super::metrics;
use super::request;
use super::send::Client;
use super::task::Task;
use crate::domain::delivery::backoff::{PAUSED, wait};
use crate::domain::delivery::{Reply, Trouble, Verdict};
use crate::engine::StoreError;
use crate::engine::outbox::{Fault, Outbox, Settled, State, Waiting};

/// Most events of a request, and most bytes before packing.
const BATCH: usize = 512;
const BATCH_BYTES: usize = 512 << 10;
/// Between two attempts to use an outbox that cannot be used.
const OUTBOX: Duration = Duration::from_secs(5);

/// Sends a stream for ever.
pub(super) async fn run(task: Task) {
    let (mut client, mut changes) = (Client::new(), task.outbox.changes());
    let mut most = BATCH;
    loop {
        // Marked before the look, so that nothing that comes after it is missed.
        changes.borrow_and_update();
        match next(&task, most).await {
            Ok(Next::Wait(None)) => {
                if changes.changed().await.is_err() {
                    return;
                }
            }
            Ok(Next::Wait(Some(time))) => {
                tokio::select! {
                    () = tokio::time::sleep(time) => {}
                    changed = changes.changed() => if changed.is_err() { return },
                }
            }
            Ok(Next::Send(events)) => match attempt(&task, &mut client, &events, most).await {
                Ok(now) => most = now,
                Err(error) => unusable(&task, &error).await,
            },
            Err(error) => unusable(&task, &error).await,
        }
    }
}

async fn unusable(task: &Task, error: &StoreError) {
    let (partner, signal) = (&task.id.partner, task.id.signal.name());
    tracing::error!(partner, signal, %error, "the outbox of telemetry cannot be used");
    tokio::time::sleep(OUTBOX).await;
}

enum Next {
    /// Until something changes, or for this long.
    Wait(Option<Duration>),
    Send(Vec<Waiting>),
}

/// Uses the outbox on a thread that may block: whoever writes it holds its lock until the disk has it.
async fn aside<T: Send + 'static>(
    task: &Task,
    work: impl FnOnce(&Outbox, &Task) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let task = task.clone();
    let worked = tokio::task::spawn_blocking(move || work(&task.outbox, &task));
    worked.await.map_err(|error| StoreError::Apply(error.to_string()))?
}

async fn next(task: &Task, most: usize) -> Result<Next, StoreError> {
    aside(task, move |outbox, task| {
        let (state, until, _) = outbox.state(&task.id, task.settings);
        let left = until.saturating_sub((task.now)());
        match state {
            State::Held => return Ok(Next::Wait(None)),
            State::Waits | State::Paused if left > 0 => {
                return Ok(Next::Wait(Some(Duration::from_millis(left))));
            }
            State::Sends | State::Waits | State::Paused => {}
        }
        let Some(scope) = (task.scope_of)(&task.id.partner) else { return Ok(Next::Wait(None)) };
        let events = outbox.next((&task.id, scope), most, BATCH_BYTES)?;
        Ok(if events.is_empty() { Next::Wait(None) } else { Next::Send(events) })
    })
    .await
}

/// Sends events once, and notes what came of it. Returns how many the next request has at most.
async fn attempt(
    task: &Task,
    client: &mut Client,
    events: &[Waiting],
    most: usize,
) -> Result<usize, StoreError> {
    let Some(last) = events.last().map(|waiting| waiting.event.sequence) else { return Ok(most) };
    let recipient = (task.id.partner.as_str(), task.organisation.as_str());
    let reply = match request::encode(task.id.signal, &task.identity, recipient, events) {
        Ok(body) => {
            let begin = Instant::now();
            let reply = client.send(&task.subscription, task.id.signal, &body).await;
            let of = (task.id.partner.as_str(), task.id.signal.name());
            metrics::delivery_attempt(of, outcome(&reply.verdict()), begin.elapsed());
            reply
        }
        Err(error) => Reply::None(Trouble::Settings, error.to_string()),
    };
    let (name, message) = (reply.name(), reply.message().to_owned());
    let (partner, signal) = (task.id.partner.as_str(), task.id.signal.name());
    let halved = most < BATCH || events.len() == 1;
    match reply.verdict() {
        Verdict::Sent => {
            let rejected = match reply {
                Reply::Taken { rejected, .. } => u64::try_from(rejected).unwrap_or(0),
                Reply::Grpc { .. } | Reply::Http { .. } | Reply::None(..) => 0,
            };
            if rejected > 0 {
                tracing::warn!(
                    partner,
                    signal,
                    rejected,
                    message,
                    "a partner's endpoint has rejected records; they are not sent again"
                );
            }
            settle(task, last, Settled::Sent { rejected, message }).await?;
            Ok(BATCH)
        }
        Verdict::Halve if !halved => Ok(events.len().div_ceil(2)),
        Verdict::Never | Verdict::Halve => {
            let events = events.len();
            tracing::warn!(
                partner,
                signal,
                events,
                reason = name,
                message,
                "events are not sent to a partner any more: dead letters"
            );
            settle(task, last, Settled::Dead { reason: name, message }).await?;
            // The second half of a halved batch is as large.
            Ok(if most < BATCH { most } else { BATCH })
        }
        Verdict::Again(asked) => {
            fault(task, false, asked, (name, message)).await?;
            Ok(most)
        }
        Verdict::Pause => {
            fault(task, true, None, (name, message)).await?;
            Ok(most)
        }
    }
}

/// The word for it in metrics.
fn outcome(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Sent => "sent",
        Verdict::Again(_) => "again",
        Verdict::Halve => "too_large",
        Verdict::Never => "never",
        Verdict::Pause => "paused",
    }
}

async fn settle(task: &Task, last: u64, settled: Settled) -> Result<(), StoreError> {
    aside(task, move |outbox, task| outbox.settle(&task.id, last, settled, (task.now)())).await
}

async fn fault(
    task: &Task,
    paused: bool,
    asked: Option<Duration>,
    (error, message): (String, String),
) -> Result<(), StoreError> {
    aside(task, move |outbox, task| {
        let (_, _, failures) = outbox.state(&task.id, task.settings);
        let time = if paused { PAUSED } else { wait(failures.saturating_add(1), asked, chance()) };
        let (partner, signal) = (&task.id.partner, task.id.signal.name());
        // The first is told, and every tenth after it.
        if failures % 10 == 0 {
            let state = if paused { "stopped until the connection is mended" } else { "waits" };
            tracing::warn!(
                partner,
                signal,
                error,
                message,
                failures,
                seconds = time.as_secs(),
                "a partner's endpoint takes nothing: delivery {state}; everything is kept"
            );
        }
        let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let until_millis = (task.now)().saturating_add(millis);
        let settings = task.settings;
        outbox.fault(&task.id, Fault { paused, error, message, until_millis, settings })
    })
    .await
}

/// A number from 0 to 1.
fn chance() -> f64 {
    f64::from(uuid::Uuid::new_v4().as_fields().0) / f64::from(u32::MAX)
}
