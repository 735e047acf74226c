//! Releases that the service makes by itself, when one is due and the rule holds.

use std::sync::Weak;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::config::{AutomaticReleases, Config};
use crate::engine::releases::WantedRelease;
use crate::engine::releases::closing::{Automatic, Tried, Try};
use crate::engine::{Engine, ReleaseReason, ReleaseSettings};
use crate::telemetry::metrics;

/// What releases keep to, from the settings.
pub(super) fn settings(config: &Config) -> ReleaseSettings {
    let releases = &config.releases;
    ReleaseSettings {
        least: releases.least_changed_organisations,
        closing_days: releases.closing_days,
    }
}

/// A release that whoever runs the service asks for.
pub(super) fn by_operator(engine: &Engine, id: &str) -> WantedRelease {
    WantedRelease { id: id.to_owned(), reason: ReleaseReason::Operator, now: engine.store().now() }
}

/// When the service makes releases by itself, from the settings.
fn automatic(config: &Config) -> Automatic {
    match config.releases.automatic {
        AutomaticReleases::Period => Automatic::PeriodClosed,
        AutomaticReleases::Schedule => Automatic::Schedule { days: config.releases.every_days },
        AutomaticReleases::Off => Automatic::Off,
    }
}

/// Makes the releases that are due, until the service stops. Looks after each pause.
pub(super) async fn make(
    engine: Weak<Engine>,
    config: Config,
    pause: Duration,
    shutdown: CancellationToken,
) {
    let (when, mut tried) = (automatic(&config), Tried::default());
    loop {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = shutdown.cancelled() => return,
        }
        let Some(engine) = engine.upgrade() else { return };
        if engine.writing_stopped().is_some() {
            continue;
        }
        match engine.release_if_due(when, &mut tried).await {
            None => {}
            Some(Try::Made(made)) => {
                metrics::automatic_release(true);
                let (release, shown) = (&*made.release.id, made.release.shown);
                tracing::info!(
                    release,
                    shown,
                    "a release was made: readers of releases see it from now on"
                );
            }
            Some(Try::NotMade { id, why }) => {
                metrics::automatic_release(false);
                tracing::warn!(release = id, %why, "a release is due and was not made; it is tried again when the data has changed");
            }
        }
    }
}
