//! The variables of OpenTelemetry (`OTEL_…`), as its specification defines them. They come before the defaults and after the file and `EQUITY_…`. What is
//! set wrongly is refused by name. An empty variable counts as not set.
//!
//! Headers, compression, temporality, intervals, queues and resource attributes are only checked here: the SDK reads them itself.

use std::path::PathBuf;
use std::time::Duration;

use toml::Value;

use super::values::{PROTOCOLS, choice, endpoint, note};
use crate::telemetry::{Otlp, Signal, TelemetrySettings};

/// Whole numbers above 0 that the SDK reads: milliseconds, or lengths of queues and batches.
const NUMBERS: [&str; 7] = [
    "OTEL_METRIC_EXPORT_INTERVAL",
    "OTEL_BSP_SCHEDULE_DELAY",
    "OTEL_BSP_MAX_QUEUE_SIZE",
    "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
    "OTEL_BLRP_SCHEDULE_DELAY",
    "OTEL_BLRP_MAX_QUEUE_SIZE",
    "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE",
];
const EXPORTERS: &str =
    "has to be otlp or none; the page for Prometheus is the setting telemetry.prometheus";

/// The environment, and the problems in it.
struct Variables<'a> {
    environment: &'a dyn Fn(&str) -> Option<String>,
    problems: &'a mut Vec<String>,
}

impl Variables<'_> {
    /// The value of a variable, if it is set and `read` takes it.
    fn read<T>(&mut self, name: &str, read: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let text = (self.environment)(name).filter(|text| !text.trim().is_empty())?;
        let read = read(text.trim());
        let (value, problem) = match read {
            Ok(value) => (Some(value), Ok(())),
            Err(problem) => (None, Err(problem)),
        };
        note(self.problems, name, problem);
        value
    }

    /// How a collector is reached: of one signal, or of all.
    fn otlp(&mut self, signal: &str) -> Otlp {
        let name = |what: &str| format!("OTEL_EXPORTER_OTLP_{signal}{what}");
        for what in ["CLIENT_KEY", "CLIENT_CERTIFICATE"] {
            let refuse = |_: &str| Err("a certificate of the service is not supported".to_owned());
            self.read::<()>(&name(what), refuse);
        }
        self.read(&name("HEADERS"), headers);
        self.read(&name("COMPRESSION"), |text| one_of(text, &[("gzip", ()), ("none", ())]));
        Otlp {
            endpoint: self.read(&name("ENDPOINT"), |text| endpoint(&text.into())),
            protocol: self.read(&name("PROTOCOL"), |text| one_of(text, &PROTOCOLS)),
            timeout: self.read(&name("TIMEOUT"), millis),
            authorities_file: self.read(&name("CERTIFICATE"), file),
        }
    }

    /// The SDK ignores the longest time for one export of a signal, which the specification has in `bound`.
    fn signal(&mut self, name: &str, bound: &str) -> Signal {
        let exporter = format!("OTEL_{name}_EXPORTER");
        let off = |text: &str| {
            let chosen = one_of(text, &[("none", true), ("otlp", false)]);
            chosen.map_err(|_| EXPORTERS.to_owned())
        };
        let is_off = self.read(&exporter, off).unwrap_or(false);
        let longest = self.read(bound, millis);
        Signal { is_off, longest, otlp: self.otlp(&format!("{name}_")) }
    }

    /// The share of calls that are traced. Every span of a call is a root, so a sampler that asks its parent first is the same as one that does not.
    fn sampler(&mut self) -> Option<f64> {
        let share = |text: &str| {
            let share: Option<f64> = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
            share.ok_or_else(|| "has to be a number from 0 to 1".to_owned())
        };
        let share = self.read("OTEL_TRACES_SAMPLER_ARG", share).unwrap_or(1.0);
        let samplers = [("always_on", 1.0), ("always_off", 0.0), ("traceidratio", share)];
        self.read("OTEL_TRACES_SAMPLER", |text| {
            let sampler = text.strip_prefix("parentbased_").unwrap_or(text);
            one_of(sampler, &samplers).map_err(|_| {
                "has to be always_on, always_off or traceidratio, with or without parentbased_ before it".to_owned()
            })
        })
    }
}

/// Reads the variables.
pub(super) fn read(
    telemetry: &mut TelemetrySettings,
    environment: &dyn Fn(&str) -> Option<String>,
    problems: &mut Vec<String>,
) {
    let mut variables = Variables { environment, problems };
    let flag = |text: &str| one_of(&text.to_lowercase(), &[("true", true), ("false", false)]);
    telemetry.is_disabled = variables.read("OTEL_SDK_DISABLED", flag).unwrap_or(false);
    telemetry.otlp = variables.otlp("");
    let signals = &mut telemetry.signals;
    for (name, bound, signal) in [
        ("TRACES", "OTEL_BSP_EXPORT_TIMEOUT", &mut signals.traces),
        ("METRICS", "OTEL_METRIC_EXPORT_TIMEOUT", &mut signals.metrics),
        ("LOGS", "OTEL_BLRP_EXPORT_TIMEOUT", &mut signals.logs),
    ] {
        *signal = variables.signal(name, bound);
    }
    if let Some(share) = variables.sampler() {
        telemetry.sample_ratio = share;
    }
    variables.read("OTEL_RESOURCE_ATTRIBUTES", |text| pairs(text).map(drop));
    let temporality = [("cumulative", ()), ("delta", ()), ("lowmemory", ())];
    let name = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE";
    variables.read(name, |text| one_of(&text.to_lowercase(), &temporality));
    for name in NUMBERS {
        variables.read(name, whole);
    }
}

fn one_of<T: Copy>(text: &str, choices: &[(&str, T)]) -> Result<T, String> {
    choice(&Value::String(text.to_owned()), choices)
}

fn whole(text: &str) -> Result<u64, String> {
    let number: Option<u64> = text.parse().ok().filter(|number| (1..=86_400_000).contains(number));
    number.ok_or_else(|| "has to be a whole number from 1 to 86400000".to_owned())
}

fn millis(text: &str) -> Result<Duration, String> {
    whole(text).map(Duration::from_millis)
}

fn file(text: &str) -> Result<PathBuf, String> {
    let file = PathBuf::from(text);
    if file.is_file() { Ok(file) } else { Err(format!("{text} is not a file")) }
}

/// `key=value,key=value`.
fn pairs(text: &str) -> Result<Vec<(&str, &str)>, String> {
    let pair = |pair: &'_ str| match pair.split_once('=') {
        Some((key, _)) if !key.trim().is_empty() => Ok(()),
        _ => Err("has to be key=value pairs with commas between them".to_owned()),
    };
    text.split_terminator(',').try_for_each(pair)?;
    Ok(text.split_terminator(',').filter_map(|pair| pair.split_once('=')).collect())
}

/// The same of names and values of HTTP. The refusal does not repeat a value: it may be a password.
fn headers(text: &str) -> Result<(), String> {
    for (name, value) in pairs(text)? {
        let (name, value) = (name.trim(), value.trim());
        let name_is_one = name.parse::<http::HeaderName>().is_ok();
        if !name_is_one || value.parse::<http::HeaderValue>().is_err() {
            return Err(format!("the header `{name}` is no header of HTTP, or its value is none"));
        }
    }
    Ok(())
}
