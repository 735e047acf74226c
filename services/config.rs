//! Settings: one table of keys has the name of each setting, its accepted values and its place.
//!
//! A TOML file and the environment set them (`limits.drain` is `EQUITY_LIMITS_DRAIN`; the environment wins). OpenTelemetry's own variables
//! (`OTEL_…`) come before the defaults of `telemetry`. Everything is
//! checked before anything starts, and all problems are reported at once, each with the name of its key.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

mod keys;
mod otel;
mod read;
mod tokens;
mod values;

pub use crate::domain::disclosure::ProfileName;
use crate::server::{Address, ServerSettings, TlsFiles};
pub use crate::server::{PartnerClaim, TokenAlgorithm, TokenIssuer, TokenSettings};
pub use crate::telemetry::{LogFormat, Otlp, OtlpProtocol, TelemetrySettings};

/// Everything an operator can set. `deploy/equity.example.toml` documents each key.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Where to listen; port 0 takes any free one.
    pub address: Address,
    /// The files of TLS. All are set, but for that of revoked certificates, or none.
    pub tls: Tls,
    /// Bearer tokens: whose are taken.
    pub tokens: TokenSettings,
    /// File of the partners: who may send and read what. It goes with TLS or tokens. On a local address without both it is read for telemetry only.
    pub partners_file: Option<PathBuf>,
    /// Whether each call has to say what it is made for.
    pub purpose_required: bool,
    /// What each partner may ask at most.
    pub quotas: Quotas,
    /// Whether an address that is not loopback may be served without encryption and identity.
    pub allow_plaintext: bool,
    /// The disclosure profile of callers without an identity: without TLS, of all. None: INTERNAL on loopback, otherwise PARTNER.
    pub profile_without_identity: Option<ProfileName>,
    /// Folder of the log, the store and the secret.
    pub data_folder: PathBuf,
    /// Folder of reference data that replaces the embedded one. None: embedded.
    pub reference_folder: Option<PathBuf>,
    /// The area that the service is for: the default of `equity submit --area`. None: of no area more than of others.
    pub home_area: Option<String>,
    /// File of the disclosure secret. None: `secret.key` in the data folder.
    pub secret_file: Option<PathBuf>,
    /// File of the witness of the log. None: the name of the secret's file and `.witness`, beside it.
    pub witness_file: Option<PathBuf>,
    /// Position at which the log ends, where an operator has decided to go on without what was behind it. An option of the command
    /// line, and no setting: it is for one start.
    pub accept_loss: Option<u64>,
    /// Size at which a new segment of the log begins, in bytes. None: the usual one. No setting: only tests need small segments.
    pub segment_bytes: Option<u64>,
    /// Whether reflection is served. None: only on loopback.
    pub reflection: Option<bool>,
    /// Bounds of everything that could grow or wait.
    pub limits: Limits,
    /// Memory of caches.
    pub cache: Cache,
    /// Releases: when they are made, and what they keep to.
    pub releases: Releases,
    /// How long data is kept.
    pub retention: Retention,
    /// The audit log.
    pub audit: AuditLog,
    /// Telemetry of partners' own systems.
    pub delivery: Delivery,
    /// The service's own logs, traces and metrics.
    pub telemetry: TelemetrySettings,
}

/// The files of TLS, all PEM.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tls {
    /// The certificate of the service, then those between it and its authority.
    pub certificate_file: Option<PathBuf>,
    /// Its private key.
    pub key_file: Option<PathBuf>,
    /// The authorities whose certificates partners may show.
    pub client_authorities_file: Option<PathBuf>,
    /// Lists of revoked certificates.
    pub revocations_file: Option<PathBuf>,
}

/// What each partner may ask at most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quotas {
    /// Calls in a second, on average.
    pub requests_per_second: NonZeroU32,
    /// Calls at once.
    pub burst: NonZeroU32,
}

/// Bounds of everything that could grow or wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Connections open at once; the next one waits to be accepted.
    pub max_connections: usize,
    /// Calls at once on one connection.
    pub max_concurrent_streams: u32,
    /// Calls at once on all connections; the next one is refused.
    pub max_in_flight: usize,
    /// Watch streams open at once on all connections; the next one is refused.
    pub max_watches: usize,
    /// Longest a query may take; a caller's shorter deadline wins.
    pub request_deadline: Duration,
    /// Longest a submission may take from its first byte to its receipt, and an export to its last row.
    pub submission_deadline: Duration,
    /// Longest pause between two messages of a submission, and longest that a message of a stream waits for its reader.
    pub stream_idle: Duration,
    /// Largest request of a query, in bytes.
    pub query_message_bytes: usize,
    /// Largest message of a submission, in bytes.
    pub submission_message_bytes: usize,
    /// Most memory of questions that are being answered, all together, in bytes.
    pub question_memory_bytes: u64,
    /// Most rows of one submission.
    pub max_submission_rows: u64,
    /// Longest wait for running calls when the service stops.
    pub drain: Duration,
    /// Free disk space, in bytes, below which submissions are refused.
    pub min_free_disk_bytes: u64,
}

/// Memory of caches, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cache {
    /// The store's page cache.
    pub sled_bytes: u64,
    /// What questions read, and encoded answers, kept in memory.
    pub memory_bytes: u64,
}

/// Releases: when they are made, and what they keep to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Releases {
    /// When the service makes releases by itself.
    pub automatic: AutomaticReleases,
    /// Days after the end of a month when the month closes.
    pub closing_days: u32,
    /// Days between two releases of the schedule.
    pub every_days: u32,
    /// Least number of organisations with data, and with a change, of an area that a release shows.
    pub least_changed_organisations: usize,
}

/// How long data is kept, in months; 0: for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retention {
    /// Data of a month, after the month.
    pub records_months: u32,
    /// Submissions that were replaced or withdrawn, after that.
    pub replaced_months: u32,
}

/// The audit log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditLog {
    /// Days that an entry is kept. A file of about 8 MiB goes when its newest entry is older.
    pub keep_days: u32,
}

/// What is kept of telemetry for partners' own systems. Where it goes, the file of partners says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Longest time that an event is kept, sent or not, in days.
    pub keep_days: u32,
    /// Most bytes that are kept of one partner's stream of log records or of metrics.
    pub keep_bytes: u64,
}

/// When the service makes releases by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AutomaticReleases {
    /// After each month has closed.
    Period,
    /// When so many days have passed since the last release.
    Schedule,
    /// Never.
    Off,
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration {path}: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: std::io::Error,
    },
    /// Settings are wrong: every problem, each with the name of its key.
    #[error("the configuration cannot be used:\n  {}", .0.join("\n  "))]
    Invalid(Vec<String>),
}

impl Default for Config {
    fn default() -> Self {
        Self {
            address: Address::Port(([127, 0, 0, 1], 7443).into()),
            tls: Tls::default(),
            tokens: TokenSettings::default(),
            partners_file: None,
            purpose_required: false,
            quotas: Quotas {
                requests_per_second: NonZeroU32::MIN.saturating_add(49),
                burst: NonZeroU32::MIN.saturating_add(99),
            },
            allow_plaintext: false,
            profile_without_identity: None,
            data_folder: PathBuf::from("./equity-data"),
            reference_folder: None,
            home_area: None,
            secret_file: None,
            witness_file: None,
            accept_loss: None,
            segment_bytes: None,
            reflection: None,
            limits: Limits {
                max_connections: 1024,
                max_concurrent_streams: 64,
                max_in_flight: 256,
                max_watches: 1024,
                request_deadline: Duration::from_secs(30),
                submission_deadline: Duration::from_secs(600),
                stream_idle: Duration::from_secs(30),
                query_message_bytes: 1 << 20,
                submission_message_bytes: 4 << 20,
                question_memory_bytes: 512 << 20,
                max_submission_rows: 5_000_000,
                drain: Duration::from_secs(10),
                min_free_disk_bytes: 256 << 20,
            },
            cache: Cache { sled_bytes: 48 << 20, memory_bytes: 256 << 20 },
            releases: Releases {
                automatic: AutomaticReleases::Period,
                closing_days: 14,
                every_days: 7,
                least_changed_organisations: 3,
            },
            retention: Retention::default(),
            audit: AuditLog { keep_days: 2_190 },
            delivery: Delivery { keep_days: 14, keep_bytes: 1 << 30 },
            telemetry: TelemetrySettings::default(),
        }
    }
}

impl Config {
    /// File of the disclosure secret.
    #[must_use]
    pub fn secret_file(&self) -> PathBuf {
        self.secret_file.clone().unwrap_or_else(|| self.data_folder.join("secret.key"))
    }

    /// File of the witness of the log. Beside the secret, because that has to be kept for ever, and should be apart from the data.
    #[must_use]
    pub fn witness_file(&self) -> PathBuf {
        self.witness_file.clone().unwrap_or_else(|| {
            let mut beside = self.secret_file().into_os_string();
            beside.push(".witness");
            beside.into()
        })
    }

    /// Whether reflection is served: unless said otherwise, only where this machine alone can ask.
    #[must_use]
    pub fn reflection(&self) -> bool {
        self.reflection.unwrap_or_else(|| self.address.is_local())
    }

    /// The disclosure profile of callers without an identity: unless said otherwise, who is on this machine sees all.
    #[must_use]
    pub fn profile_without_identity(&self) -> ProfileName {
        let of_address =
            if self.address.is_local() { ProfileName::Internal } else { ProfileName::Partner };
        self.profile_without_identity.unwrap_or(of_address)
    }

    /// Whether whoever can connect may call. Otherwise every caller shows a certificate or a bearer token.
    #[must_use]
    pub fn lets_anybody_in(&self) -> bool {
        self.tls_files().is_none() && self.tokens.issuers.is_empty()
    }

    /// The files of TLS; none: plain text.
    #[must_use]
    pub fn tls_files(&self) -> Option<TlsFiles> {
        let tls = self.tls.clone();
        Some(TlsFiles {
            certificate: tls.certificate_file?,
            key: tls.key_file?,
            client_authorities: tls.client_authorities_file?,
            revocations: tls.revocations_file,
            without_certificate: self.tokens.without_certificate,
        })
    }

    /// The settings of the server.
    #[must_use]
    pub fn server_settings(&self) -> ServerSettings {
        let limits = &self.limits;
        ServerSettings {
            max_connections: limits.max_connections,
            max_concurrent_streams: limits.max_concurrent_streams,
            max_in_flight: limits.max_in_flight,
            max_watches: limits.max_watches,
            query_message_bytes: limits.query_message_bytes,
            submission_message_bytes: limits.submission_message_bytes,
            request_deadline: limits.request_deadline,
            submission_deadline: limits.submission_deadline,
            stream_idle: limits.stream_idle,
            drain: limits.drain,
            slow_call: self.telemetry.slow_call,
            ..ServerSettings::default()
        }
    }

    /// TLS and partners come together: encryption alone would let everybody in. On a local address partners may be there for their telemetry alone.
    fn check_tls(&self, problems: &mut Vec<String>) {
        let together = [
            ("tls.certificate_file", &self.tls.certificate_file),
            ("tls.key_file", &self.tls.key_file),
            ("tls.client_authorities_file", &self.tls.client_authorities_file),
            ("partners_file", &self.partners_file),
        ];
        let has_files = together[..3].iter().any(|(_, file)| file.is_some());
        if self.tokens.without_certificate && !has_files && self.tls.revocations_file.is_none() {
            // Tokens alone say who calls.
            return;
        }
        let has_tls = has_files || self.tls.revocations_file.is_some();
        // On this machine partners may be there for their telemetry alone: callers are not asked who they are.
        let is_for_telemetry =
            !has_tls && self.address.is_local() && self.tokens.issuers.is_empty();
        let has_any = has_tls || (self.partners_file.is_some() && !is_for_telemetry);
        for (name, file) in together {
            match file {
                None if has_any => problems.push(format!(
                    "{name}: is missing: TLS needs the certificate and key of the service, the authorities of its partners, and the partners"
                )),
                Some(file) if !file.is_file() => {
                    problems.push(format!("{name}: {} is not a file", file.display()));
                }
                None | Some(_) => {}
            }
        }
        if has_any && self.address.port().is_none() {
            problems.push(
                "address: a Unix socket has no TLS: who may connect is a matter of its file; leave TLS out, or listen on a port"
                    .to_owned(),
            );
        }
        if has_any && self.profile_without_identity.is_some() {
            problems.push(
                "profile_without_identity: with TLS every caller has an identity, and partners.toml gives its profile: leave one of both out"
                    .to_owned(),
            );
        }
    }

    /// Checks that involve several settings.
    fn check(&self, problems: &mut Vec<String>) {
        self.check_tls(problems);
        self.check_tokens(problems);
        if !self.address.is_local() && !self.allow_plaintext && self.lets_anybody_in() {
            problems.push(format!(
                "address: {} can be reached from other machines, and there is neither encryption nor a check of who calls; set \
                 tls.certificate_file, tls.key_file, tls.client_authorities_file and partners_file, or a loopback address, or \
                 allow_plaintext = true if the network is trusted",
                self.address
            ));
        }
        if let Some(file) =
            self.telemetry.otlp.authorities_file.as_ref().filter(|file| !file.is_file())
        {
            problems
                .push(format!("telemetry.otlp_authorities_file: {} is not a file", file.display()));
        }
        if let Some(folder) = &self.reference_folder
            && !folder.is_dir()
        {
            problems.push(format!("reference_folder: {} is not a folder", folder.display()));
        }
        if self.limits.stream_idle > self.limits.submission_deadline {
            problems.push(
                "limits.stream_idle: is longer than limits.submission_deadline, so it would never count".to_owned(),
            );
        }
    }
}

#[cfg(test)]
mod tests;
