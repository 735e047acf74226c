//! The limits of the server.

use std::time::Duration;

/// How long a client may make no progress while others wait: then its call or its connection makes room for them.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// The limits of the server. The defaults are those of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerSettings {
    /// Connections open at once; the next one waits to be accepted.
    pub max_connections: usize,
    /// Calls at once on one connection.
    pub max_concurrent_streams: u32,
    /// Calls at once on all connections; the next one is refused.
    pub max_in_flight: usize,
    /// Watch streams at once on all connections; the next one is refused.
    pub max_watches: usize,
    /// Submissions at once on all connections; the next one is refused.
    pub max_submissions: usize,
    /// Largest message of a query, in bytes.
    pub query_message_bytes: usize,
    /// Largest message of a submission, in bytes.
    pub submission_message_bytes: usize,
    /// Longest time for a query. A caller's shorter deadline wins.
    pub request_deadline: Duration,
    /// Longest time for a submission or an export. A caller's shorter deadline wins.
    pub submission_deadline: Duration,
    /// Longest pause between two messages of a submission. Also the longest time that a streamed message may stay unread.
    pub stream_idle: Duration,
    /// Time after the request deadline until which the answer to a query may stay unread.
    pub grace: Duration,
    /// Bytes of unread answers on all connections; an answer above that is refused.
    pub unread_bytes: usize,
    /// Longest wait for running calls when the service stops.
    pub drain: Duration,
    /// Longest time that a new connection may take for the handshake of TLS and the 24 bytes that open HTTP/2.
    pub preface: Duration,
    /// Time between two pings on a quiet connection.
    pub keepalive_interval: Duration,
    /// Longest time for the answer to a ping.
    pub keepalive_timeout: Duration,
    /// Age at which a connection is asked to end, so that clients spread over replicas again.
    pub max_connection_age: Duration,
    /// Calls that take longer are logged. Watches are not.
    pub slow_call: Duration,
    /// Time between two looks at the files of TLS.
    pub renewal: Duration,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            max_connections: 1024,
            max_concurrent_streams: 64,
            max_in_flight: 256,
            max_watches: 1024,
            max_submissions: 8,
            query_message_bytes: 1 << 20,
            submission_message_bytes: 4 << 20,
            request_deadline: Duration::from_secs(30),
            submission_deadline: Duration::from_secs(600),
            stream_idle: Duration::from_secs(30),
            grace: Duration::from_secs(5),
            unread_bytes: 512 << 20,
            drain: Duration::from_secs(10),
            preface: Duration::from_secs(5),
            keepalive_interval: Duration::from_secs(60),
            keepalive_timeout: Duration::from_secs(20),
            max_connection_age: Duration::from_secs(15 * 60),
            slow_call: Duration::from_secs(1),
            renewal: Duration::from_secs(10),
        }
    }
}
