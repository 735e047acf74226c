//! Accepted values of settings. Every refusal says what would be accepted.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use toml::Value;

use crate::telemetry::OtlpProtocol;

/// The protocols, as variables and settings name them.
pub(super) const PROTOCOLS: [(&str, OtlpProtocol); 2] =
    [("grpc", OtlpProtocol::Grpc), ("http/protobuf", OtlpProtocol::Http)];

/// The longest duration that makes sense anywhere here.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// The value of an environment variable: an integer, a number, true or false; otherwise a text.
pub(super) fn from_environment(text: &str) -> Value {
    if let Ok(whole) = text.parse() {
        Value::Integer(whole)
    } else if let Ok(flag) = text.parse() {
        Value::Boolean(flag)
    } else if let Ok(number) = text.parse() {
        Value::Float(number)
    } else {
        Value::String(text.to_owned())
    }
}

pub(super) fn text(value: &Value) -> Result<&str, String> {
    match value.as_str() {
        Some(text) if !text.trim().is_empty() => Ok(text),
        _ => Err("has to be a text in quotes that is not empty".to_owned()),
    }
}

pub(super) fn folder(value: &Value) -> Result<PathBuf, String> {
    text(value).map(PathBuf::from)
}

pub(super) fn flag(value: &Value) -> Result<bool, String> {
    value.as_bool().ok_or_else(|| "has to be true or false".to_owned())
}

pub(super) fn integer<T: TryFrom<i64>>(value: &Value, least: i64, most: i64) -> Result<T, String> {
    let problem = || format!("has to be a whole number from {least} to {most}");
    let whole = value.as_integer().filter(|whole| (least..=most).contains(whole));
    whole.and_then(|whole| T::try_from(whole).ok()).ok_or_else(problem)
}

pub(super) fn bytes<T: TryFrom<i64>>(value: &Value, least: i64, most: i64) -> Result<T, String> {
    integer(value, least, most).map_err(|problem| format!("{problem}, in bytes"))
}

pub(super) fn duration(value: &Value) -> Result<Duration, String> {
    let problem =
        || "has to be a duration of 1ms to 24h in quotes, \"30s\" or \"2m 30s\"".to_owned();
    let signed: jiff::SignedDuration =
        value.as_str().and_then(|text| text.parse().ok()).ok_or_else(problem)?;
    let duration = Duration::try_from(signed).map_err(|_| problem())?;
    let sensible = (Duration::from_millis(1)..=LONGEST).contains(&duration);
    if sensible { Ok(duration) } else { Err(problem()) }
}

pub(super) fn ratio(value: &Value) -> Result<f64, String> {
    #[allow(clippy::cast_precision_loss, reason = "0 and 1 are the only whole numbers accepted")]
    let number = value.as_float().or_else(|| value.as_integer().map(|whole| whole as f64));
    let number = number.filter(|number| (0.0..=1.0).contains(number));
    number.ok_or_else(|| "has to be a number from 0 to 1".to_owned())
}

pub(super) fn choice<T: Copy>(value: &Value, choices: &[(&str, T)]) -> Result<T, String> {
    let chosen = choices.iter().find(|(name, _)| value.as_str() == Some(*name));
    chosen.map(|(_, choice)| *choice).ok_or_else(|| {
        let names: Vec<String> = choices.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        format!("has to be {}", names.join(" or "))
    })
}

pub(super) fn endpoint(value: &Value) -> Result<String, String> {
    let text = text(value)?;
    let uri: Option<http::Uri> = text.parse().ok();
    match uri {
        Some(uri)
            if matches!(uri.scheme_str(), Some("http" | "https"))
                && uri.authority().is_some()
                && uri.query().is_none() =>
        {
            Ok(text.to_owned())
        }
        _ => Err("has to be the address of a collector, \"http://127.0.0.1:4317\" or \"https://collector.example:4317\""
            .to_owned()),
    }
}

pub(super) fn socket(value: &Value) -> Result<SocketAddr, String> {
    let problem = || "has to be an IP address and a port, \"127.0.0.1:9464\"".to_owned();
    value.as_str().and_then(|text| text.parse().ok()).ok_or_else(problem)
}

/// Keeps a problem with the name it belongs to.
pub(super) fn note(problems: &mut Vec<String>, name: &str, result: Result<(), String>) {
    if let Err(problem) = result {
        problems.push(format!("{name}: {problem}"));
    }
}
