//! The metrics without attributes.

use super::metric::Value;

pub(super) static POSITION: Value =
    Value::gauge("nhs.equity.store.position", "{entry}", "Log position of the last applied change");
pub(super) static WRITING_STOPPED: Value = Value::gauge(
    "nhs.equity.store.writing.stopped",
    "1",
    "1 if every change is refused, because writing has stopped or the disk does not answer; otherwise 0",
);
pub(super) static WRITER_QUEUE: Value = Value::gauge(
    "nhs.equity.store.writer.queue",
    "{change}",
    "Changes that wait for the thread that writes the log. The 257th is refused",
);
pub(super) static LOG_BYTES: Value =
    Value::gauge("nhs.equity.store.log.size", "By", "Size of the log, measured every 30 s");
pub(super) static SLED_BYTES: Value =
    Value::gauge("nhs.equity.store.sled.size", "By", "Size of sled, measured every 30 s");
pub(super) static FREE_DISK_BYTES: Value = Value::gauge(
    "nhs.equity.store.disk.free",
    "By",
    "Free space of the disk of the data folder, measured every 30 s",
);
pub(super) static ROWS: Value = Value::counter(
    "nhs.equity.submissions.rows",
    "{row}",
    "Rows of the submissions that were stored",
);
pub(super) static AUDIT_BYTES: Value =
    Value::gauge("nhs.equity.audit.size", "By", "Size of the audit log");
pub(super) static AUDIT_WAITING: Value = Value::gauge(
    "nhs.equity.audit.waiting",
    "{call}",
    "Calls that wait to be written into the audit log",
);
pub(super) static AUDIT_UNWRITABLE: Value = Value::gauge(
    "nhs.equity.audit.unwritable",
    "1",
    "1 if the audit log cannot be written; otherwise 0",
);
pub(super) static AUDIT_ENTRIES: Value =
    Value::counter("nhs.equity.audit.entries", "{entry}", "Entries written into the audit log");
pub(super) static AUDIT_LOST: Value = Value::counter(
    "nhs.equity.audit.lost",
    "{call}",
    "Calls of which the audit log has no entry, because it could not be written",
);
pub(super) static WORKING: Value = Value::gauge(
    "nhs.equity.questions.active",
    "{question}",
    "Questions that have a place and are being answered, at most 64",
);
pub(super) static COLUMN_BYTES: Value = Value::gauge(
    "nhs.equity.memory.columns",
    "By",
    "Memory of the columns that questions read. With the answers it stays below cache.memory_bytes",
);
pub(super) static ANSWER_BYTES: Value =
    Value::gauge("nhs.equity.memory.answers", "By", "Memory of the encoded answers that are kept");
pub(super) static QUESTION_BYTES: Value = Value::gauge(
    "nhs.equity.memory.questions",
    "By",
    "Memory of questions while they are answered. It stays below limits.question_memory_bytes",
);
pub(super) static CACHE_HITS: Value =
    Value::counter("nhs.equity.cache.hits", "{answer}", "Answers taken from the cache");
pub(super) static CACHE_MISSES: Value =
    Value::counter("nhs.equity.cache.misses", "{answer}", "Answers computed");
pub(super) static CONNECTIONS: Value =
    Value::gauge("nhs.equity.server.connection.count", "{connection}", "Open connections");
pub(super) static CERTIFICATE_SECONDS: Value = Value::gauge(
    "nhs.equity.server.certificate.left",
    "s",
    "Time until the certificate of the service ends; 0 without TLS",
);
pub(super) static REVOCATIONS_OVERDUE: Value = Value::fault(
    "nhs.equity.server.revocations.overdue",
    "1 if a list of revoked certificates should have been replaced and was not; otherwise 0",
);
pub(super) static TLS_FILES_UNUSABLE: Value = Value::fault(
    "nhs.equity.server.certificate.unusable",
    "1 if there are new files of TLS that cannot be used; otherwise 0",
);
pub(super) static TOKEN_KEYS_UNUSABLE: Value = Value::fault(
    "nhs.equity.server.token_keys.unusable",
    "1 if there are new keys of a token issuer that cannot be used; otherwise 0",
);
pub(super) static PARTNERS_UNUSABLE: Value = Value::fault(
    "nhs.equity.server.partners.unusable",
    "1 if there is a new file of partners that cannot be used; otherwise 0",
);
pub(super) static REFUSED_TOKENS: Value = Value::counter(
    "nhs.equity.server.refused_tokens",
    "{call}",
    "Calls whose bearer token was refused",
);
pub(super) static REFUSED_HANDSHAKES: Value = Value::counter(
    "nhs.equity.server.refused_handshakes",
    "{handshake}",
    "Clients that were refused before their first call",
);
pub(super) static REFUSED_CALLS: Value = Value::counter(
    "nhs.equity.server.refused_calls",
    "{call}",
    "Calls refused because the service was full",
);
pub(super) static PANICS: Value =
    Value::counter("nhs.equity.server.panics", "{panic}", "Panics that were caught");

/// All of them.
pub(super) static VALUES: [&Value; 28] = [
    &POSITION,
    &WRITING_STOPPED,
    &WRITER_QUEUE,
    &LOG_BYTES,
    &SLED_BYTES,
    &FREE_DISK_BYTES,
    &ROWS,
    &AUDIT_BYTES,
    &AUDIT_WAITING,
    &AUDIT_UNWRITABLE,
    &AUDIT_ENTRIES,
    &AUDIT_LOST,
    &WORKING,
    &COLUMN_BYTES,
    &ANSWER_BYTES,
    &QUESTION_BYTES,
    &CACHE_HITS,
    &CACHE_MISSES,
    &CONNECTIONS,
    &CERTIFICATE_SECONDS,
    &REVOCATIONS_OVERDUE,
    &TLS_FILES_UNUSABLE,
    &TOKEN_KEYS_UNUSABLE,
    &PARTNERS_UNUSABLE,
    &REFUSED_TOKENS,
    &REFUSED_HANDSHAKES,
    &REFUSED_CALLS,
    &PANICS,
];
