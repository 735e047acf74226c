//! Calls and events as they are on disk.

use prost::Message as _;

use super::call::{Asked, Call, Event, Trace, Who};
use crate::proto::store::{AuditCaller, AuditEntry, AuditRemoval};
use crate::store::log::Place;

/// Longest JSON of a question, in bytes; of a longer one only the hash is kept.
const JSON_BYTES: usize = 16 << 10;
/// Most areas and organisations of a question.
const ABOUT: usize = 20;

/// Makes a text of a request. The store knows no message of the contract.
pub type Render = fn(&str, &[u8]) -> Rendered;

/// A request in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendered {
    /// The request as JSON, without keys of persons.
    pub json: String,
    /// Areas and organisations that it names.
    pub about: Vec<String>,
}

/// How often a call came, and when: milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Times {
    pub(super) count: u64,
    pub(super) first: u64,
    pub(super) last: u64,
    pub(super) trace: Trace,
}

/// The entry of calls.
pub(super) fn of_call(call: &Call, times: &Times, render: Render) -> AuditEntry {
    let (mut rendered, mut hash) = (Rendered::default(), Vec::new());
    match &call.asked {
        Asked::Nothing => {}
        Asked::Long(of) => hash = of.to_vec(),
        Asked::Message(message) => {
            rendered = render(call.method, message);
            if rendered.json.len() > JSON_BYTES {
                rendered.json.clear();
                hash = blake3::hash(message).as_bytes().to_vec();
            }
        }
    }
    rendered.about.truncate(ABOUT);
    let trace_id = (times.trace != Trace::default()).then(|| hex(&times.trace));
    AuditEntry {
        event: (call.event as u8).into(),
        caller: Some(caller(&call.who)),
        purpose: call.purpose.clone(),
        method: call.method.strip_prefix("equity.v1.").unwrap_or(call.method).to_owned(),
        question: rendered.json,
        question_hash: hash.into(),
        about: rendered.about,
        profile: call.profile.to_owned(),
        release: call.release.as_deref().unwrap_or_default().to_owned(),
        position: call.position,
        released_cells: call.cells.released,
        withheld_cells: call.cells.withheld,
        status: call.outcome.status.to_owned(),
        reason: call.outcome.reason.clone(),
        trace_id: trace_id.unwrap_or_default(),
        count: times.count,
        first_millis: times.first,
        last_millis: times.last,
        ..AuditEntry::default()
    }
}

fn caller(who: &Who) -> AuditCaller {
    let Who { partner, organisation, system, certificate, token_id, address } = who.clone();
    AuditCaller { partner, organisation, system, certificate, token_id, address }
}

/// The entry of an event of the service.
pub(super) fn of_event(event: Event) -> AuditEntry {
    let version = env!("CARGO_PKG_VERSION").to_owned();
    AuditEntry { event: (event as u8).into(), version, ..AuditEntry::default() }
}

/// The entry of a removal: the last entry that goes, how many go, and when the last was written.
pub(super) fn of_removal(last: Place, count: u64, last_millis: u64) -> AuditEntry {
    gone(Event::Removed, last, count, last_millis)
}

/// The entry of a loss: the last entry that the witness has seen, how many are missing at the end, and when the last was written.
pub(super) fn of_loss(last: Place, count: u64, last_millis: u64) -> AuditEntry {
    gone(Event::Lost, last, count, last_millis)
}

fn gone(
    event: Event,
    Place { position, chain }: Place,
    count: u64,
    last_millis: u64,
) -> AuditEntry {
    let removal = AuditRemoval { position, chain: chain.to_vec().into(), count, last_millis };
    AuditEntry { removal: Some(removal), ..of_event(event) }
}

/// Reads an entry. Damage is found before: what cannot be read here was written by a later version.
pub(super) fn read(payload: &[u8]) -> Result<AuditEntry, prost::DecodeError> {
    AuditEntry::decode(payload)
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
