//! The table of keys.

use std::num::NonZeroU32;

use toml::Value;

use super::values::{
    PROTOCOLS, bytes, choice, duration, endpoint, flag, folder, integer, ratio, socket, text,
};
use super::{Config, ProfileName};
use crate::domain::codes::nearest_code;
use crate::server::NoAddress;

/// One setting.
pub(super) struct Key {
    /// Its dotted name in the file.
    pub(super) name: &'static str,
    /// Checks a value and puts it in its place; says what would be accepted otherwise.
    pub(super) set: fn(&mut Config, &Value) -> Result<(), String>,
}

/// A row of the table: the name, the place, what reads the value.
macro_rules! keys {
    ($($name:literal => $($place:ident).+ = $read:expr;)+) => {
        &[$(Key {
            name: $name,
            set: |config, value| {
                config.$($place).+ = $read(value)?;
                Ok(())
            },
        }),+]
    };
}

/// Every setting, in the order of the example file.
pub(super) const KEYS: &[Key] = keys! {
    "address" => address = |v| text(v)?.parse().map_err(|no: NoAddress| no.to_string());
    "allow_plaintext" => allow_plaintext = flag;
    "tls.certificate_file" => tls.certificate_file = |v| folder(v).map(Some);
    "tls.key_file" => tls.key_file = |v| folder(v).map(Some);
    "tls.client_authorities_file" => tls.client_authorities_file = |v| folder(v).map(Some);
    "tls.revocations_file" => tls.revocations_file = |v| folder(v).map(Some);
    "tokens.issuers" => tokens.issuers = super::tokens::issuers;
    "tokens.without_certificate" => tokens.without_certificate = flag;
    "tokens.required" => tokens.required = flag;
    "partners_file" => partners_file = |v| folder(v).map(Some);
    "purpose_required" => purpose_required = flag;
    "quotas.requests_per_second" => quotas.requests_per_second = |v| integer(v, 1, 1_000_000).and_then(at_least_one);
    "quotas.burst" => quotas.burst = |v| integer(v, 1, 1_000_000).and_then(at_least_one);
    "profile_without_identity" => profile_without_identity = |v| {
        choice(v, &ProfileName::ALL.map(|profile| (profile.name(), Some(profile))))
    };
    "data_folder" => data_folder = folder;
    "reference_folder" => reference_folder = |v| folder(v).map(Some);
    "home_area" => home_area = |v| text(v).map(|area| Some(area.to_owned()));
    "secret_file" => secret_file = |v| folder(v).map(Some);
    "witness_file" => witness_file = |v| folder(v).map(Some);
    "reflection" => reflection = |v| flag(v).map(Some);
    "limits.max_connections" => limits.max_connections = |v| integer(v, 1, 65_536);
    "limits.max_concurrent_streams" => limits.max_concurrent_streams = |v| integer(v, 1, 10_000);
    "limits.max_in_flight" => limits.max_in_flight = |v| integer(v, 1, 1_000_000);
    "limits.max_watches" => limits.max_watches = |v| integer(v, 1, 1_000_000);
    "limits.request_deadline" => limits.request_deadline = duration;
    "limits.submission_deadline" => limits.submission_deadline = duration;
    "limits.stream_idle" => limits.stream_idle = duration;
    "limits.query_message_bytes" => limits.query_message_bytes = |v| bytes(v, 1 << 10, 64 << 20);
    "limits.submission_message_bytes" => limits.submission_message_bytes = |v| bytes(v, 1 << 10, 64 << 20);
    "limits.question_memory_bytes" => limits.question_memory_bytes = |v| bytes(v, 16 << 20, 1 << 40);
    "limits.max_submission_rows" => limits.max_submission_rows = |v| integer(v, 1, 1_000_000_000);
    "limits.drain" => limits.drain = duration;
    "limits.min_free_disk_bytes" => limits.min_free_disk_bytes = |v| bytes(v, 0, 1 << 50);
    "cache.sled_bytes" => cache.sled_bytes = |v| bytes(v, 1 << 20, 1 << 40);
    "cache.memory_bytes" => cache.memory_bytes = |v| bytes(v, 0, 1 << 40);
    "releases.automatic" => releases.automatic = |v| choice(v, &[
        ("period", super::AutomaticReleases::Period),
        ("schedule", super::AutomaticReleases::Schedule),
        ("off", super::AutomaticReleases::Off),
    ]);
    "releases.closing_days" => releases.closing_days = |v| integer(v, 0, 365);
    "releases.every_days" => releases.every_days = |v| integer(v, 1, 366);
    "releases.least_changed_organisations" => releases.least_changed_organisations = |v| integer(v, 3, 1_000);
    "retention.records_months" => retention.records_months = |v| integer(v, 0, 1_200);
    "retention.replaced_months" => retention.replaced_months = |v| integer(v, 0, 1_200);
    "audit.keep_days" => audit.keep_days = |v| integer(v, 1, 36_500);
    "delivery.keep_days" => delivery.keep_days = |v| integer(v, 1, 366);
    "delivery.keep_bytes" => delivery.keep_bytes = |v| bytes(v, 1 << 20, 1 << 40);
    "telemetry.otlp_endpoint" => telemetry.otlp.endpoint = |v| endpoint(v).map(Some);
    "telemetry.otlp_protocol" => telemetry.otlp.protocol = |v| choice(v, &PROTOCOLS).map(Some);
    "telemetry.otlp_authorities_file" => telemetry.otlp.authorities_file = |v| folder(v).map(Some);
    "telemetry.prometheus" => telemetry.prometheus = |v| socket(v).map(Some);
    "telemetry.sample_ratio" => telemetry.sample_ratio = ratio;
    "telemetry.slow_call" => telemetry.slow_call = duration;
    "telemetry.log_format" => telemetry.log_format = |v| choice(v, &[
        ("text", super::LogFormat::Text),
        ("json", super::LogFormat::Json),
    ]);
    "telemetry.service_instance_id" => telemetry.service_instance_id = |v| text(v).map(|id| Some(id.to_owned()));
};

fn at_least_one(whole: u32) -> Result<NonZeroU32, String> {
    NonZeroU32::new(whole).ok_or_else(|| "has to be 1 or more".to_owned())
}

/// The setting of a name.
pub(super) fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// The environment variable of a setting.
pub(super) fn variable(name: &str) -> String {
    format!("EQUITY_{}", name.replace('.', "_").to_uppercase())
}

/// The message about an unknown name, with the nearest setting.
pub(super) fn unknown(name: &str) -> String {
    match nearest_code(name, KEYS.iter().map(|key| key.name)) {
        Some(nearest) => format!("{name}: is no setting; did you mean {nearest}?"),
        None => format!("{name}: is no setting; deploy/equity.example.toml lists them all"),
    }
}
