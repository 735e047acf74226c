//! A service that runs inside this program: settings, start, stop.

use std::time::Duration;

use super::exit::Failure;
use crate::app::Service;
use crate::config::Config;

/// Longest that stopping may take. The service's own bound is the drain time and a moment more; this one is for a service that is stuck.
fn longest(drain: Duration) -> Duration {
    drain + Duration::from_secs(60)
}

/// Settings from a file (none: the defaults) and the environment. `overrides` override both: name of the environment
/// variable (`EQUITY_ADDRESS`) and value.
///
/// # Errors
/// The file cannot be read or the settings are wrong.
pub fn settings(
    file: Option<&std::path::Path>,
    overrides: &[(&str, Option<String>)],
) -> Result<Config, Failure> {
    let text = match file {
        Some(path) => std::fs::read_to_string(path).map_err(|error| Failure::data(path, error))?,
        None => String::new(),
    };
    let config = Config::parse(&text, |name| {
        let over = overrides.iter().find(|(known, _)| *known == name);
        over.and_then(|(_, value)| value.clone()).or_else(|| std::env::var(name).ok())
    });
    config.map_err(|error| {
        // What came from an option is called by the option's name.
        let given = overrides.iter().filter(|(_, value)| value.is_some());
        let text = given.fold(error.to_string(), |text, (name, _)| {
            let option = name.trim_start_matches("EQUITY_").to_lowercase().replace('_', "-");
            text.replace(&format!("{name}:"), &format!("--{option}:"))
        });
        Failure::Other(anyhow::anyhow!(text))
    })
}

/// Starts a service in this process.
///
/// # Errors
/// The address is taken, the folder cannot be used, or stored data is damaged.
pub async fn start(config: &Config) -> Result<Service, Failure> {
    Service::start(config).await.map_err(|error| {
        let folder = config.data_folder.display();
        Failure::Other(
            error.context(format!("cannot serve at {} with data in {folder}", config.address)),
        )
    })
}

/// Resolves at the first Ctrl-C or SIGTERM.
///
/// # Errors
/// The system does not let this program listen to signals.
pub async fn until_told_to_stop() -> Result<(), Failure> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate()).map_err(|error| {
            Failure::Other(anyhow::Error::new(error).context("cannot listen to SIGTERM"))
        })?;
        tokio::select! {
            result = tokio::signal::ctrl_c() => result.map_err(|error| Failure::Other(error.into())),
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await.map_err(|error| Failure::Other(error.into()))
}

/// Stops the service: running calls may end within its drain time. A second Ctrl-C or SIGTERM does not wait for them.
///
/// # Errors
/// Stopping failed, took too long, or was not waited for.
pub async fn stop(service: Service, drain: Duration) -> Result<(), Failure> {
    tokio::select! {
        stopped = within(longest(drain), service.stop()) => stopped,
        told = until_told_to_stop() => {
            told?;
            Err(Failure::Other(anyhow::anyhow!("stopped at once; nothing that was acknowledged is lost")))
        }
    }
}

async fn within(
    longest: Duration,
    stopping: impl Future<Output = anyhow::Result<()>>,
) -> Result<(), Failure> {
    match tokio::time::timeout(longest, stopping).await {
        Ok(result) => result.map_err(Failure::Other),
        Err(_) => Err(Failure::Other(anyhow::anyhow!(
            "the service did not stop within {} s",
            longest.as_secs()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stop_has_its_drain_time_and_a_minute_more() {
        let day = Duration::from_secs(24 * 60 * 60);
        assert_eq!(longest(day), day + Duration::from_secs(60), "the longest that settings allow");
        let stopping = async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            Ok(())
        };
        assert!(within(longest(Duration::from_millis(20)), stopping).await.is_ok());
        let stuck = within(Duration::from_millis(20), std::future::pending()).await;
        assert!(format!("{:?}", stuck.unwrap_err()).contains("did not stop within"));
    }
}
