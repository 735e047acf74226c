//! Reading the audit log, newest first.

use std::collections::VecDeque;

use super::entry;
use crate::proto::store::AuditEntry;
use crate::store::error::{StoreError, damaged};
use crate::store::log::{LogError, Snapshot};

/// Most segments that are read for one page. A page may be short, or empty, and others follow.
const SEGMENTS: usize = 4;

/// Which entries are wanted. Empty texts and none: all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Written at or after this time, and before that one, milliseconds since 1970.
    pub from: Option<u64>,
    /// See before.
    pub to: Option<u64>,
    /// Organisation of the caller.
    pub organisation: String,
    /// The RPC, `SubmissionService/GetSubmission`.
    pub method: String,
    /// Status of gRPC, `OK`.
    pub status: String,
}

impl Filter {
    fn has(&self, time: u64, entry: &AuditEntry) -> bool {
        let is = |wanted: &str, there: &str| wanted.is_empty() || wanted == there;
        let caller = entry.caller.as_ref().map_or("", |caller| &caller.organisation);
        self.from.is_none_or(|from| time >= from)
            && self.to.is_none_or(|to| time < to)
            && is(&self.organisation, caller)
            && is(&self.method, &entry.method)
            && is(&self.status, &entry.status)
    }
}

/// An entry and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// Position in the audit log.
    pub position: u64,
    /// When it was written, milliseconds since 1970.
    pub time_millis: u64,
    /// The entry.
    pub entry: AuditEntry,
}

/// A page of entries.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// Newest first.
    pub entries: Vec<Listed>,
    /// The next page has entries below this position; none: there are no more.
    pub next: Option<u64>,
}

/// A page of the entries below a position, or up to the end if it is 0.
pub(super) fn list(
    log: &Snapshot,
    filter: &Filter,
    below: u64,
    size: usize,
) -> Result<Page, StoreError> {
    let mut end = if below == 0 { log.tail() } else { log.tail().min(below - 1) };
    let firsts: Vec<u64> = log.firsts().take_while(|first| *first <= end).collect();
    let firsts = &firsts[..not_after(log, &firsts, filter.to)?];
    let mut page = Page::default();
    for (read, first) in firsts.iter().rev().enumerate() {
        if read == SEGMENTS {
            page.next = Some(end + 1);
            break;
        }
        let wanted = size + 1 - page.entries.len();
        let (found, begins) = of_segment(log, filter, (*first, end), wanted)?;
        page.entries.extend(found.into_iter().rev());
        if page.entries.len() > size {
            page.entries.truncate(size);
            page.next = page.entries.last().map(|last| last.position);
            break;
        }
        if filter.from.is_some_and(|from| begins < from) {
            break;
        }
        end = first - 1;
    }
    Ok(page)
}

/// How many of the segments begin before a time. Times never run backwards, so half of them need no look.
fn not_after(log: &Snapshot, firsts: &[u64], to: Option<u64>) -> Result<usize, LogError> {
    let Some(to) = to else { return Ok(firsts.len()) };
    let (mut low, mut high) = (0, firsts.len());
    while low < high {
        let middle = low.midpoint(high);
        match log.read_from(firsts[middle]).next().transpose()? {
            Some(entry) if entry.time_millis < to => low = middle + 1,
            _ => high = middle,
        }
    }
    Ok(low)
}

/// The last entries of a segment that are wanted, oldest first, and the time of the segment's first entry.
fn of_segment(
    log: &Snapshot,
    filter: &Filter,
    (first, end): (u64, u64),
    wanted: usize,
) -> Result<(VecDeque<Listed>, u64), StoreError> {
    let (mut found, mut begins) = (VecDeque::new(), u64::MAX);
    for item in log.read_from(first) {
        let item = item?;
        if item.place.position > end {
            break;
        }
        begins = begins.min(item.time_millis);
        let entry = entry::read(&item.payload).map_err(damaged)?;
        if filter.has(item.time_millis, &entry) {
            if found.len() == wanted {
                found.pop_front();
            }
            let (position, time_millis) = (item.place.position, item.time_millis);
            found.push_back(Listed { position, time_millis, entry });
        }
    }
    Ok((found, begins))
}
