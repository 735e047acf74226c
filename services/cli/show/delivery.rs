//! Telemetry of partners as lists: subscriptions, streams, events, dead letters.

use super::receipts::time;
use super::sheet::Sheet;
use super::words;
use crate::proto::v1::{
    DeadLetter, DeliveryState, DeliveryStatus, TelemetryEvent, TelemetrySignal,
    TelemetrySubscription,
};

/// One line for each partner with telemetry.
pub fn subscriptions(all: &[TelemetrySubscription]) -> Sheet {
    let mut sheet = Sheet::new([
        "partner",
        "endpoint",
        "protocol",
        "gzip",
        "metrics",
        "areas",
        "events",
        "collections",
        "indicators",
        "characteristics",
    ]);
    sheet.for_programs = 6;
    for one in all {
        sheet.push(vec![
            (&one.partner).into(),
            (&one.endpoint).into(),
            (&one.protocol).into(),
            one.gzip.to_string().into(),
            one.metrics.to_string().into(),
            one.areas.join(", ").into(),
            one.events.join(", ").into(),
            one.collections.join(", ").into(),
            one.indicators.join(", ").into(),
            one.characteristics.join(", ").into(),
        ]);
    }
    sheet
}

/// One line for each stream.
pub fn statuses(all: &[DeliveryStatus]) -> Sheet {
    let mut sheet = Sheet::new([
        "partner",
        "signal",
        "state",
        "newest_sequence",
        "settled_sequence",
        "waiting_count",
        "oldest_waiting_time",
        "last_error",
        "last_message",
        "dead_letter_count",
        "failure_count",
        "next_attempt_time",
        "last_success_time",
        "rejected_count",
        "kept_bytes",
    ]);
    sheet.for_programs = 10;
    for one in all {
        sheet.push(vec![
            (&one.partner).into(),
            words::name(one.signal, TelemetrySignal::as_str_name).into(),
            words::name(one.state, DeliveryState::as_str_name).into(),
            one.newest_sequence.into(),
            one.settled_sequence.into(),
            one.waiting_count.into(),
            time(one.oldest_waiting_time.as_ref()),
            (&one.last_error).into(),
            (&one.last_message).into(),
            one.dead_letter_count.into(),
            i64::from(one.failure_count).into(),
            time(one.next_attempt_time.as_ref()),
            time(one.last_success_time.as_ref()),
            one.rejected_count.into(),
            one.kept_bytes.into(),
        ]);
    }
    sheet
}

/// One line for each event.
pub fn events(all: &[TelemetryEvent]) -> Sheet {
    let mut sheet =
        Sheet::new(["sequence", "time", "kind", "settled", "event_id", "position", "replay"]);
    for one in all {
        sheet.push(vec![
            one.sequence.into(),
            time(one.time.as_ref()),
            (&one.kind).into(),
            one.settled.to_string().into(),
            (&one.event_id).into(),
            one.position.into(),
            one.replay.to_string().into(),
        ]);
    }
    sheet
}

/// One line for each dead letter, with what it says if that was asked for.
pub fn dead_letters(all: &[DeadLetter], with_content: bool) -> Sheet {
    let names = ["sequence", "dead_time", "reason", "message", "kind", "time", "event_id"];
    let content = ["body", "attributes"].into_iter().filter(|_| with_content);
    let mut sheet = Sheet::new(names.into_iter().chain(content));
    for one in all {
        let event = one.event.clone().unwrap_or_default();
        let mut row = vec![
            event.sequence.into(),
            time(one.dead_time.as_ref()),
            (&one.reason).into(),
            (&one.message).into(),
            event.kind.into(),
            time(event.time.as_ref()),
            event.event_id.into(),
        ];
        if with_content {
            let mut attributes: Vec<_> = one.attributes.iter().collect();
            attributes.sort();
            let texts = attributes.iter().map(|(name, value)| format!("{name}={value}"));
            row.push((&one.body).into());
            row.push(texts.collect::<Vec<_>>().join("; ").into());
        }
        sheet.push(row);
    }
    sheet
}
