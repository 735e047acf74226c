//! What an endpoint's answer means. The table is that of the OTLP specification 1.x ("Failures", "OTLP/HTTP Response"), with two deviations that
//! the partner guide names: what is wrong with the connection pauses delivery instead of dropping the data, and a batch that was too large is
//! halved once.

use std::time::Duration;

/// Why there was no answer that could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// No connection was made.
    NotConnected,
    /// The name or the address is one that may not be called.
    AddressRefused,
    /// TLS failed: a certificate, a name, an authority.
    Tls,
    /// There was no answer in time.
    TimedOut,
    /// The connection ended before an answer.
    Disconnected,
    /// The answer was larger than is read.
    TooLarge,
    /// The answer is not one of OTLP.
    Unreadable,
    /// A file of the partner's settings cannot be used.
    Settings,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The batch was taken, except for so many records, and with this remark.
    Taken {
        /// How many records were rejected.
        rejected: i64,
        /// What the endpoint said.
        message: String,
    },
    /// A gRPC status.
    Grpc {
        /// Number of the gRPC code.
        code: i32,
        /// The delay of `RetryInfo`.
        retry: Option<Duration>,
        /// What the endpoint said.
        message: String,
    },
    /// An HTTP status other than 200.
    Http {
        /// The status.
        status: u16,
        /// The delay of `Retry-After`.
        retry: Option<Duration>,
        /// What the endpoint said.
        message: String,
    },
    /// Nothing that could be read.
    None(Trouble, String),
}

/// What to do now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Sent. Some records may have been rejected: they are never sent again.
    Sent,
    /// The same batch again, after this delay if the endpoint asked for one.
    Again(Option<Duration>),
    /// The same records in two halves, if that was not tried; otherwise never again.
    Halve,
    /// Never again: the batch is a dead letter.
    Never,
    /// Stop until somebody mends it: the data is kept.
    Pause,
}

/// Names of the gRPC codes, by number.
const CODES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

impl Reply {
    /// What to do.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Taken { .. } => Verdict::Sent,
            Self::Grpc { code, retry, message } => of_grpc(*code, *retry, message),
            Self::Http { status, retry, .. } => of_http(*status, *retry),
            Self::None(trouble, _) => of_trouble(*trouble),
        }
    }

    /// What came back, in a few words that name a code: `UNAVAILABLE`, `HTTP 503`, `TIMED_OUT`.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Taken { rejected: 0, .. } => "OK".to_owned(),
            Self::Taken { .. } => "PARTIAL_SUCCESS".to_owned(),
            Self::Grpc { code: 8, retry: None, .. } => {
                "RESOURCE_EXHAUSTED_WITHOUT_RETRY_INFO".to_owned()
            }
            Self::Grpc { code, .. } => {
                let known = usize::try_from(*code).ok().and_then(|code| CODES.get(code));
                known.map_or_else(|| format!("GRPC {code}"), |name| (*name).to_owned())
            }
            Self::Http { status, .. } => format!("HTTP {status}"),
            Self::None(trouble, _) => trouble.name().to_owned(),
        }
    }

    /// What the endpoint or the system said about it.
    #[must_use]
    pub fn message(&self) -> &str {
        match self {
            Self::Taken { message, .. }
            | Self::Grpc { message, .. }
            | Self::Http { message, .. }
            | Self::None(_, message) => message,
        }
    }
}

impl Trouble {
    fn name(self) -> &'static str {
        match self {
            Self::NotConnected => "NOT_CONNECTED",
            Self::AddressRefused => "ADDRESS_REFUSED",
            Self::Tls => "TLS_FAILED",
            Self::TimedOut => "TIMED_OUT",
            Self::Disconnected => "DISCONNECTED",
            Self::TooLarge => "ANSWER_TOO_LARGE",
            Self::Unreadable => "ANSWER_UNREADABLE",
            Self::Settings => "SETTINGS_UNUSABLE",
        }
    }
}

fn of_trouble(trouble: Trouble) -> Verdict {
    match trouble {
        // An answer that cannot be read says nothing about the data: it may not have been taken.
        Trouble::NotConnected
        | Trouble::TimedOut
        | Trouble::Disconnected
        | Trouble::TooLarge
        | Trouble::Unreadable => Verdict::Again(None),
        Trouble::AddressRefused | Trouble::Tls | Trouble::Settings => Verdict::Pause,
    }
}

fn of_grpc(code: i32, retry: Option<Duration>, message: &str) -> Verdict {
    match code {
        0 => Verdict::Sent,
        // CANCELLED, DEADLINE_EXCEEDED, ABORTED, OUT_OF_RANGE, UNAVAILABLE, DATA_LOSS
        1 | 4 | 10 | 11 | 14 | 15 => Verdict::Again(retry),
        // RESOURCE_EXHAUSTED: only if the endpoint says when.
        8 if retry.is_some() => Verdict::Again(retry),
        8 if is_about_size(message) => Verdict::Halve,
        // PERMISSION_DENIED, UNIMPLEMENTED, UNAUTHENTICATED: about the connection, not the data.
        7 | 12 | 16 => Verdict::Pause,
        // UNKNOWN, INVALID_ARGUMENT, NOT_FOUND, ALREADY_EXISTS, FAILED_PRECONDITION, INTERNAL, and what is no code
        _ => Verdict::Never,
    }
}

fn is_about_size(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    ["size", "large", "bytes", "limit", "max"].iter().any(|word| message.contains(word))
}

fn of_http(status: u16, retry: Option<Duration>) -> Verdict {
    match status {
        429 | 502 | 503 | 504 => Verdict::Again(retry),
        413 => Verdict::Halve,
        // Redirects are never followed: the operator names the right address. The others are about the connection, too.
        300..=399 | 401 | 403 | 404 | 405 | 407 | 421 => Verdict::Pause,
        _ => Verdict::Never,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LATER: Option<Duration> = Some(Duration::from_secs(3));

    #[test]
    fn every_grpc_code_means_what_the_specification_says() {
        let of = |code, retry, message: &str| {
            Reply::Grpc { code, retry, message: message.to_owned() }.verdict()
        };
        for (code, name) in CODES.iter().enumerate() {
            let code = i32::try_from(code).unwrap();
            let expected = match *name {
                "OK" => Verdict::Sent,
                "CANCELLED" | "DEADLINE_EXCEEDED" | "ABORTED" | "OUT_OF_RANGE" | "UNAVAILABLE"
                | "DATA_LOSS" => Verdict::Again(None),
                "PERMISSION_DENIED" | "UNIMPLEMENTED" | "UNAUTHENTICATED" => Verdict::Pause,
                _ => Verdict::Never,
            };
            assert_eq!(of(code, None, ""), expected.clone(), "{name}");
            let again = expected == Verdict::Again(None) || *name == "RESOURCE_EXHAUSTED";
            let with_info = if again { Verdict::Again(LATER) } else { expected };
            assert_eq!(of(code, LATER, ""), with_info, "{name} with RetryInfo");
        }
        assert_eq!(of(17, None, ""), Verdict::Never);
        assert_eq!(of(-1, LATER, ""), Verdict::Never);
        let large = "grpc: received message larger than max (5242880 vs. 4194304)";
        assert_eq!(of(8, None, large), Verdict::Halve);
        assert_eq!(of(8, LATER, large), Verdict::Again(LATER));
    }

    #[test]
    fn every_http_status_means_what_the_specification_says() {
        for status in 201..=599u16 {
            let expected = match status {
                429 | 502 | 503 | 504 => Verdict::Again(LATER),
                413 => Verdict::Halve,
                300..=399 | 401 | 403 | 404 | 405 | 407 | 421 => Verdict::Pause,
                _ => Verdict::Never,
            };
            let reply = Reply::Http { status, retry: LATER, message: String::new() };
            assert_eq!(reply.verdict(), expected, "{status}");
        }
    }

    #[test]
    fn what_is_no_answer_keeps_the_data() {
        for (trouble, expected) in [
            (Trouble::NotConnected, Verdict::Again(None)),
            (Trouble::TimedOut, Verdict::Again(None)),
            (Trouble::Disconnected, Verdict::Again(None)),
            (Trouble::TooLarge, Verdict::Again(None)),
            (Trouble::Unreadable, Verdict::Again(None)),
            (Trouble::AddressRefused, Verdict::Pause),
            (Trouble::Tls, Verdict::Pause),
            (Trouble::Settings, Verdict::Pause),
        ] {
            assert_eq!(Reply::None(trouble, String::new()).verdict(), expected, "{trouble:?}");
        }
    }

    #[test]
    fn a_partial_success_is_never_sent_again() {
        for rejected in [0, 1, i64::MAX, -1] {
            let reply = Reply::Taken { rejected, message: "3 were malformed".into() };
            assert_eq!(reply.verdict(), Verdict::Sent);
        }
        assert_eq!(Reply::Taken { rejected: 2, message: String::new() }.name(), "PARTIAL_SUCCESS");
        let exhausted = Reply::Grpc { code: 8, retry: None, message: String::new() };
        assert_eq!(exhausted.name(), "RESOURCE_EXHAUSTED_WITHOUT_RETRY_INFO");
    }
}
