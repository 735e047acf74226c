//! Where a partner's telemetry goes, and what it has: the table `telemetry` of a partner in `partners.toml`. Only the operator writes it: no call
//! can name an address.

use std::collections::BTreeSet;

use super::event::{EventKind, Signal};
use super::network::Network;

/// How telemetry is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// OTLP over gRPC.
    Grpc,
    /// OTLP over HTTP with protobuf.
    Http,
}

impl Protocol {
    /// Its name in `partners.toml`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Grpc => "grpc",
            Self::Http => "http",
        }
    }
}

/// An address: `https://collector.alpha.example:4317`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Whether the connection is encrypted.
    pub secure: bool,
    /// Name or address of the machine, without brackets.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Path before `/v1/logs` and `/v1/metrics`; empty: none. HTTP only.
    pub path: String,
}

impl Endpoint {
    /// Reads an address.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = |what: &str| format!("endpoint: `{text}` {what}");
        let (secure, rest) = match text.split_once("://") {
            Some(("https", rest)) => (true, rest),
            Some(("http", rest)) => (false, rest),
            _ => return Err(wrong("has to begin with https:// or http://")),
        };
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._:/[]".contains(c);
        if !rest.chars().all(is_plain) {
            return Err(wrong("has a character that no address has: no user name, no query"));
        }
        let (place, path) = rest.split_once('/').map_or((rest, ""), |(place, path)| (place, path));
        let (host, port) = match place.strip_prefix('[').and_then(|in_it| in_it.split_once(']')) {
            Some((host, port)) => (host, port.strip_prefix(':')),
            None => place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port))),
        };
        let port =
            port.ok_or_else(|| wrong("has no port: 4317 is usual for grpc, 4318 for http"))?;
        let port = port.parse().ok().filter(|port| *port > 0);
        let port = port.ok_or_else(|| wrong("has a port that is none"))?;
        if host.is_empty() {
            return Err(wrong("names no machine"));
        }
        let path = path.trim_end_matches('/');
        let path = if path.is_empty() { String::new() } else { format!("/{path}") };
        Ok(Self { secure, host: host.to_owned(), port, path })
    }

    /// Machine and port, as a URI has them.
    #[must_use]
    pub fn authority(&self) -> String {
        let Self { host, port, .. } = self;
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }

    /// The address.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        format!("{scheme}://{}{}", self.authority(), self.path)
    }
}

/// What a partner is sent, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// Where.
    pub endpoint: Endpoint,
    /// How.
    pub protocol: Protocol,
    /// Whether requests are packed.
    pub gzip: bool,
    /// File of the authorities that may have issued the endpoint's certificate (PEM).
    pub authorities_file: Option<String>,
    /// File of the certificate that the service shows there (PEM), and of its key.
    pub certificate: Option<(String, String)>,
    /// File of headers that every request has, a line `name: value` each. It holds secrets: nothing of it is logged or stored.
    pub headers_file: Option<String>,
    /// Ranges of addresses that are not public and may be called all the same.
    pub allow_addresses: Vec<Network>,
    /// Which events it gets.
    pub events: BTreeSet<EventKind>,
    /// Whether it gets metrics beside the log records.
    pub metrics: bool,
    /// Areas that figures, gaps and targets are of.
    pub areas: Vec<String>,
    /// Collections that figures are of; empty: the default of the area.
    pub collections: Vec<String>,
    /// Indicators that figures are of; none: all.
    pub indicators: Option<BTreeSet<String>>,
    /// Characteristics that figures are broken down by, one at a time, besides the whole.
    pub characteristics: Vec<String>,
}

impl Subscription {
    /// The streams that it gets.
    pub fn signals(&self) -> impl Iterator<Item = Signal> {
        let metrics = self.metrics;
        Signal::ALL.into_iter().filter(move |of| metrics || *of != Signal::Metrics)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_they_are_written() {
        let of =
            |text: &str| Endpoint::parse(text).map(|of| (of.secure, of.host, of.port, of.path));
        let host = |host: &str| host.to_owned();
        assert_eq!(of("https://a.example:4317"), Ok((true, host("a.example"), 4317, host(""))));
        assert_eq!(of("http://[::1]:1/x/y/"), Ok((false, host("::1"), 1, host("/x/y"))));
        for text in ["https://a.example:4317", "http://[fd00::1]:4318/otlp"] {
            assert_eq!(Endpoint::parse(text).unwrap().url(), text);
        }
        for (bad, why) in [
            ("a.example:4317", "begin with https://"),
            ("ftp://a:1", "begin with https://"),
            ("https://a", "no port"),
            ("https://a:0", "port that is none"),
            ("https://a:65536", "port that is none"),
            ("https://:4317", "names no machine"),
            ("https://user:secret@a:1", "no user name"),
            ("https://a:1/?q=1", "no query"),
            ("https://a:1/ b", "character"),
            ("https://é:1", "character"),
        ] {
            let error = Endpoint::parse(bad).unwrap_err();
            assert!(error.contains(why), "{bad}: {error}");
        }
    }
}
