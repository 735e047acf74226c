//! `AuditService`: lists entries of the audit log.

use std::sync::Arc;

use prost::Message as _;
use prost_types::Timestamp;
use tonic::{Request, Response, Status};

use super::{Audit, Event};
use crate::engine::StoreError;
use crate::engine::audit::{AuditEntry, Filter, Listed};
use crate::proto::server::audit_service_server::AuditService;
use crate::proto::v1;
use crate::rpc::convert::submission::timestamp;
use crate::rpc::convert::trim::trim;
use crate::rpc::convert::{int, store_error};
use crate::rpc::page::Page;
use crate::rpc::{Service, status};

/// Answers `AuditService`.
pub struct Audits {
    service: Service,
    audit: Arc<Audit>,
}

impl Audits {
    /// The service of this audit log.
    #[must_use]
    pub fn new(service: Service, audit: Arc<Audit>) -> Self {
        Self { service, audit }
    }
}

/// Most bytes of a page: its message has to be shorter than clients take.
const BYTES: usize = 2 << 20;

/// A time of a request, milliseconds since 1970; none: it is not given.
fn millis(field: &str, time: Option<Timestamp>) -> Result<Option<u64>, Status> {
    let Some(Timestamp { seconds, nanos }) = time else { return Ok(None) };
    let seconds = u64::try_from(seconds).ok().and_then(|seconds| seconds.checked_mul(1_000));
    let millis = u64::try_from(nanos).ok().filter(|nanos| *nanos < 1_000_000_000);
    let both =
        seconds.zip(millis).map(|(seconds, nanos)| seconds.saturating_add(nanos / 1_000_000));
    let wrong = || status::field_invalid(field, "must be a time after 1970");
    both.map(Some).ok_or_else(wrong)
}

/// A page of entries, newest first: each page goes on below the position where the one before ended.
fn list(
    audit: &Audit,
    page_key: &[u8; 32],
    request: v1::ListAuditEntriesRequest,
) -> Result<v1::ListAuditEntriesResponse, Status> {
    let filter = Filter {
        from: millis("from_time", request.from_time)?,
        to: millis("to_time", request.to_time)?,
        organisation: request.organisation,
        method: request.rpc,
        status: request.status,
    };
    let time = |time: Option<u64>| time.map_or_else(String::new, |millis| millis.to_string());
    let (from, to) = (time(filter.from), time(filter.to));
    let query = ["audit", &from, &to, &filter.organisation, &filter.method, &filter.status];
    let page = Page::new(page_key, &query, request.page_size, &request.page_token)?;
    let found = audit.list(&filter, page.cursor, page.size);
    let found = found.map_err(|error| unreadable(&error))?;
    let (mut entries, mut next, mut bytes) = (Vec::new(), found.next, 0);
    for one in found.entries {
        let (position, one) = (one.position, entry(one));
        bytes += one.encoded_len();
        if bytes > BYTES && !entries.is_empty() {
            // The next page begins with this one.
            next = Some(position + 1);
            break;
        }
        entries.push(one);
    }
    let next_page_token = next.map(|below| page.token(below)).unwrap_or_default();
    Ok(v1::ListAuditEntriesResponse { entries, next_page_token })
}

fn unreadable(error: &StoreError) -> Status {
    tracing::error!(%error, "the audit log cannot be read: see the runbook");
    store_error(error)
}

/// An entry.
fn entry(Listed { position, time_millis, entry }: Listed) -> v1::AuditEntry {
    let AuditEntry { caller, removal, .. } = entry;
    let time = |millis: u64| (millis > 0).then(|| timestamp(millis));
    let removal = removal.unwrap_or_default();
    let caller = caller.map(|of| v1::AuditCaller {
        partner: of.partner,
        organisation: of.organisation,
        system: of.system,
        certificate: of.certificate,
        token_id: of.token_id,
        address: of.address,
    });
    v1::AuditEntry {
        position: int(position),
        write_time: time(time_millis),
        event: event(entry.event).into(),
        caller,
        purpose: entry.purpose,
        rpc: entry.method,
        question: entry.question,
        question_hash: hex(&entry.question_hash),
        about: entry.about,
        profile: entry.profile,
        release: entry.release,
        data_position: int(entry.position),
        released_cell_count: int(entry.released_cells),
        withheld_cell_count: int(entry.withheld_cells),
        status: entry.status,
        reason: entry.reason,
        trace_id: entry.trace_id,
        call_count: int(entry.count),
        first_time: time(entry.first_millis),
        last_time: time(entry.last_millis),
        version: entry.version,
        removed_count: int(removal.count),
        removed_position: int(removal.position),
        removed_chain: hex(&removal.chain),
    }
}

fn event(number: u32) -> v1::AuditEvent {
    match Event::of(number) {
        None => v1::AuditEvent::Unspecified,
        Some(Event::Ended) => v1::AuditEvent::Ended,
        Some(Event::Begun) => v1::AuditEvent::Begun,
        Some(Event::Intended) => v1::AuditEvent::Intended,
        Some(Event::Started) => v1::AuditEvent::Started,
        Some(Event::Stopped) => v1::AuditEvent::Stopped,
        Some(Event::Removed) => v1::AuditEvent::Removed,
        Some(Event::Lost) => v1::AuditEvent::Lost,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tonic::async_trait]
impl AuditService for Audits {
    async fn list_audit_entries(
        &self,
        request: Request<v1::ListAuditEntriesRequest>,
    ) -> Result<Response<v1::ListAuditEntriesResponse>, Status> {
        let caller = self.service.caller(&request)?;
        self.service.may_audit(&caller)?;
        let mut request = request.into_inner();
        trim([&mut request.organisation, &mut request.rpc, &mut request.status]);
        let (audit, page_key) = (Arc::clone(&self.audit), self.service.page_key);
        // Reads files: in its turn, and not for a thread that others wait for.
        let listed = self.service.work(&caller, move |_| list(&audit, &page_key, request)).await?;
        listed.map(Response::new)
    }
}
