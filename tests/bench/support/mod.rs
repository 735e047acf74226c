//! What the benches share: the service in this process, generated rows, a client that costs little.
pub mod raw;
pub mod rows;
pub mod serve;
pub mod tls;

use std::ffi::OsStr;
use std::path::Path;
use std::time::Duration;

use equity_indicators::app::Service;
use equity_indicators::config::{Config, ProfileName};
use equity_indicators::server::Address;
use hdrhistogram::Histogram;
use tonic::transport::{Channel, Endpoint};

/// Any error ends a bench: a figure after an error is no figure.
pub type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The service, on an empty folder that goes with it.
pub struct Running {
    pub service: Service,
    folder: tempfile::TempDir,
    /// Whether it knows its callers by certificates.
    pub is_secured: bool,
}

impl Running {
    /// Starts it on a free port of this machine, in plain text, for callers who see everything.
    pub async fn start() -> Outcome<Self> {
        Self::start_as(false).await
    }

    /// The same, perhaps with TLS, for a partner.
    pub async fn start_as(is_secured: bool) -> Outcome<Self> {
        Self::start_with(is_secured, |_| ()).await
    }

    /// The same with other settings.
    pub async fn start_with(is_secured: bool, set: impl FnOnce(&mut Config)) -> Outcome<Self> {
        let folder = tempfile::tempdir()?;
        let mut config = Config { data_folder: folder.path().join("data"), ..Config::default() };
        config.address = Address::Port(([127, 0, 0, 1], 0).into());
        if is_secured {
            tls::secure(&mut config)?;
        } else {
            config.profile_without_identity = Some(ProfileName::Internal);
        }
        // Several benches load far more than a partner would in the time.
        config.limits.request_deadline = Duration::from_secs(600);
        config.limits.submission_deadline = Duration::from_secs(3_600);
        set(&mut config);
        let service = Service::start(&config).await.map_err(|error| error.to_string())?;
        Ok(Self { service, folder, is_secured })
    }

    /// Its address.
    pub fn uri(&self) -> String {
        let scheme = if self.is_secured { "https" } else { "http" };
        format!("{scheme}://{}", self.service.address())
    }

    /// Bytes of its log and its store on disk. The audit log grows with calls, not with records.
    pub fn bytes_on_disk(&self) -> Outcome<u64> {
        let data = self.folder.path().join("data");
        Ok(size(&data.join("log"))? + size(&data.join("sled"))?)
    }

    /// Stops it and removes its data.
    pub async fn stop(self) -> Outcome {
        Ok(self.service.stop().await.map_err(|error| error.to_string())?)
    }
}

fn size(folder: &Path) -> Outcome<u64> {
    let mut sum = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let about = entry.metadata()?;
        sum += if about.is_dir() { size(&entry.path())? } else { about.len() };
    }
    Ok(sum)
}

/// Asks peers.py for something; what it prints.
pub fn peers(what: &str, arguments: &[&OsStr]) -> Outcome<serde_json::Value> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bench/peers.py");
    let output = std::process::Command::new("python3")
        .args([script, what])
        .args(arguments)
        .stderr(std::process::Stdio::inherit())
        .output()?;
    let text = String::from_utf8(output.stdout)?;
    let found: serde_json::Value = serde_json::from_str(text.trim())?;
    for line in found["lines"].as_array().into_iter().flatten() {
        println!("    {}", line.as_str().unwrap_or_default());
    }
    Ok(found)
}

/// One connection of its own.
pub async fn connect(uri: &str) -> Outcome<Channel> {
    let mut endpoint = Endpoint::from_shared(uri.to_owned())?.tcp_nodelay(true);
    if uri.starts_with("https:") {
        endpoint = endpoint.tls_config(tls::client()?)?;
    }
    Ok(endpoint.connect().await?)
}

/// Microseconds up to a minute, three digits.
pub fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000, 3).expect("constant bounds are good")
}

/// Adds a time to a histogram.
pub fn record(times: &mut Histogram<u64>, time: Duration) {
    times.saturating_record(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
}

/// A quantile in milliseconds.
pub fn ms(times: &Histogram<u64>, quantile: f64) -> f64 {
    times.value_at_quantile(quantile) as f64 / 1_000.0
}

/// One line of a result, with the number to hold: `P1  throughput …  0.93 × (must ≥ 0.9 ×, aim ≥ 1.1 ×)`.
pub fn verdict(what: &str, ratio: f64, must: f64, aim: f64) {
    let higher_is_better = aim >= must;
    let holds = |number| if higher_is_better { ratio >= number } else { ratio <= number };
    let word = match (holds(aim), holds(must)) {
        (true, _) => "aim reached",
        (_, true) => "held",
        _ => "BELOW: to be explained",
    };
    let sign = if higher_is_better { "≥" } else { "≤" };
    println!("{what:<64} {ratio:>7.2}   must {sign} {must}, aim {sign} {aim}: {word}");
}
