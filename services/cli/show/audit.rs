//! Entries of the audit log as a list.

use super::receipts::time;
use super::sheet::Sheet;
use super::words;
use crate::proto::v1::{AuditEntry, AuditEvent};

/// One line for each entry.
pub fn sheet<'a>(all: impl IntoIterator<Item = &'a AuditEntry>) -> Sheet {
    let mut sheet = Sheet::new([
        "position",
        "write_time",
        "event",
        "organisation",
        "rpc",
        "status",
        "reason",
        "call_count",
        "about",
        "purpose",
        "released_cell_count",
        "withheld_cell_count",
        "partner",
        "system",
        "address",
        "profile",
        "release",
        "data_position",
        "first_time",
        "last_time",
        "trace_id",
        "token_id",
        "certificate",
        "question_hash",
        "question",
        "version",
        "removed_count",
        "removed_position",
        "removed_chain",
    ]);
    sheet.for_programs = 17;
    for entry in all {
        let caller = entry.caller.clone().unwrap_or_default();
        sheet.push(vec![
            entry.position.into(),
            time(entry.write_time.as_ref()),
            words::name(entry.event, AuditEvent::as_str_name).into(),
            caller.organisation.into(),
            (&entry.rpc).into(),
            (&entry.status).into(),
            (&entry.reason).into(),
            entry.call_count.into(),
            entry.about.join(" ").into(),
            (&entry.purpose).into(),
            entry.released_cell_count.into(),
            entry.withheld_cell_count.into(),
            caller.partner.into(),
            caller.system.into(),
            caller.address.into(),
            (&entry.profile).into(),
            (&entry.release).into(),
            entry.data_position.into(),
            time(entry.first_time.as_ref()),
            time(entry.last_time.as_ref()),
            (&entry.trace_id).into(),
            caller.token_id.into(),
            caller.certificate.into(),
            (&entry.question_hash).into(),
            (&entry.question).into(),
            (&entry.version).into(),
            entry.removed_count.into(),
            entry.removed_position.into(),
            (&entry.removed_chain).into(),
        ]);
    }
    sheet
}
