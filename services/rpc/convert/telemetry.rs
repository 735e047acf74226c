//! Telemetry of partners: streams, events and subscriptions to messages of the contract.

use prost_types::Timestamp;
use tonic::Status;

use super::int;
use super::submission::timestamp;
use crate::domain::delivery::{EventId, EventKind, Signal};
use crate::domain::partner::Partner;
use crate::engine::delivery::Shown;
use crate::engine::outbox::{DeadLetter, Listed, State, StreamStatus, Which};
use crate::proto::v1;
use crate::proto::v1::replay_events_request::Which as Asked;
use crate::rpc::status;

/// The stream that a field names; none: it names none.
pub(in crate::rpc) fn signal(number: i32) -> Result<Option<Signal>, Status> {
    match v1::TelemetrySignal::try_from(number) {
        Ok(v1::TelemetrySignal::Unspecified) => Ok(None),
        Ok(v1::TelemetrySignal::Logs) => Ok(Some(Signal::Logs)),
        Ok(v1::TelemetrySignal::Metrics) => Ok(Some(Signal::Metrics)),
        Err(_) => Err(status::field_invalid("signal", "must be LOGS or METRICS")),
    }
}

fn signal_of(signal: Signal) -> i32 {
    match signal {
        Signal::Logs => v1::TelemetrySignal::Logs.into(),
        Signal::Metrics => v1::TelemetrySignal::Metrics.into(),
    }
}

/// A time; absent: 0.
fn time(millis: u64) -> Option<Timestamp> {
    (millis > 0).then(|| timestamp(millis))
}

/// What a partner is sent; none: nothing.
pub(in crate::rpc) fn subscription(partner: &Partner) -> Option<v1::TelemetrySubscription> {
    let of = partner.telemetry.as_ref()?;
    Some(v1::TelemetrySubscription {
        partner: partner.id.clone(),
        endpoint: of.endpoint.url(),
        protocol: of.protocol.name().to_owned(),
        gzip: of.gzip,
        metrics: of.metrics,
        events: of.events.iter().map(|kind| kind.name().to_owned()).collect(),
        areas: of.areas.clone(),
        collections: of.collections.clone(),
        indicators: match &of.indicators {
            None => vec!["*".to_owned()],
            Some(codes) => codes.iter().cloned().collect(),
        },
        characteristics: of.characteristics.clone(),
    })
}

/// How far a stream has come.
pub(in crate::rpc) fn delivery(of: StreamStatus) -> v1::DeliveryStatus {
    let state = match of.state {
        State::Sends => v1::DeliveryState::Sending,
        State::Waits => v1::DeliveryState::Waiting,
        State::Paused => v1::DeliveryState::Paused,
        State::Held => v1::DeliveryState::Held,
    };
    v1::DeliveryStatus {
        partner: of.id.partner,
        signal: signal_of(of.id.signal),
        state: state.into(),
        newest_sequence: int(of.newest),
        settled_sequence: int(of.settled),
        waiting_count: int(of.newest.saturating_sub(of.settled)),
        oldest_waiting_time: time(of.oldest_millis),
        last_error: of.error,
        last_message: of.message,
        failure_count: i32::try_from(of.failures).unwrap_or(i32::MAX),
        next_attempt_time: time(of.until_millis),
        last_success_time: time(of.sent_millis),
        rejected_count: int(of.rejected_count),
        dead_letter_count: int(of.dead_letter_count),
        kept_bytes: int(of.bytes),
    }
}

/// An event of a stream that is settled up to a sequence number.
pub(in crate::rpc) fn event(of: &Listed, settled: u64) -> v1::TelemetryEvent {
    v1::TelemetryEvent {
        sequence: int(of.sequence),
        event_id: of.id.to_string(),
        kind: EventKind::name(of.kind).to_owned(),
        position: int(of.position),
        time: time(of.time_millis),
        settled: of.sequence <= settled,
        replay: of.replay,
    }
}

/// An event that is not sent any more, and what it says.
pub(in crate::rpc) fn dead_letter(of: DeadLetter, content: Option<Shown>) -> v1::DeadLetter {
    let (body, attributes) = content.map(|of| (of.body, of.attributes)).unwrap_or_default();
    v1::DeadLetter {
        event: Some(event(&of.event, u64::MAX)),
        reason: of.reason,
        message: of.message,
        dead_time: time(of.time_millis),
        body,
        attributes: attributes.into_iter().collect(),
    }
}

/// Which events are to be sent again.
pub(in crate::rpc) fn which(asked: Option<Asked>) -> Result<Which, Status> {
    let number = |field: &str, number: i64| {
        let wrong = || status::field_invalid(field, "must be 0 or more");
        u64::try_from(number).map_err(|_| wrong())
    };
    match asked {
        None => {
            let what = "is required: one of sequences, times and ids";
            Err(status::field_invalid("which", what))
        }
        Some(Asked::Sequences(v1::SequenceRange { first, last })) => {
            let first = number("sequences.first", first)?;
            let last = number("sequences.last", last)?;
            if first == 0 || (last > 0 && last < first) {
                let what = "must be 1 or more, and not more than `last`";
                return Err(status::field_invalid("sequences.first", what));
            }
            Ok(Which::Sequences(first, if last == 0 { u64::MAX - 1 } else { last }))
        }
        Some(Asked::Times(v1::EventTimeRange { from_time, to_time, after_sequence })) => {
            let from = from_time.ok_or_else(|| {
                status::field_invalid("times.from_time", "is required: the time of the first event")
            })?;
            let from = millis("times.from_time", &from)?;
            let to = to_time.map(|to| millis("times.to_time", &to)).transpose()?;
            let after = number("times.after_sequence", after_sequence)?;
            Ok(Which::Times { from, until: to.unwrap_or(u64::MAX), after })
        }
        Some(Asked::Ids(v1::EventIds { event_ids })) => {
            if event_ids.is_empty() {
                return Err(status::field_invalid("ids.event_ids", "must name at least one event"));
            }
            let read = |(place, id): (usize, &String)| {
                EventId::parse(id.trim()).ok_or_else(|| {
                    let field = format!("ids.event_ids[{place}]");
                    status::field_invalid(field, "must be a UUID, as nhs.equity.event.id has it")
                })
            };
            Ok(Which::Ids(event_ids.iter().enumerate().map(read).collect::<Result<_, _>>()?))
        }
    }
}

fn millis(field: &str, time: &Timestamp) -> Result<u64, Status> {
    let seconds = u64::try_from(time.seconds).ok().and_then(|seconds| seconds.checked_mul(1_000));
    let more = u64::try_from(time.nanos / 1_000_000).ok();
    let millis = seconds.zip(more).and_then(|(seconds, more)| seconds.checked_add(more));
    millis.ok_or_else(|| status::field_invalid(field, "must be a time since 1970"))
}
