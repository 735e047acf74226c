//! Data that was kept for as long as the settings say is erased.

use std::sync::Weak;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::engine::Engine;
use crate::engine::erasures::Retention;

/// Between two looks. Months are what is counted, so a day more is nothing.
const PAUSE: Duration = Duration::from_secs(24 * 60 * 60);

/// How long data is kept, from the settings; none: for ever.
fn retention(config: &Config) -> Option<Retention> {
    let months = |months: u32| Some(months).filter(|months| *months > 0);
    let (records_months, replaced_months) =
        (months(config.retention.records_months), months(config.retention.replaced_months));
    let keep = Retention { records_months, replaced_months };
    (keep != Retention::default()).then_some(keep)
}

/// Erases what is old enough, at the start and once a day, until the service stops.
pub(super) async fn erase(engine: Weak<Engine>, config: Config, shutdown: CancellationToken) {
    let Some(keep) = retention(&config) else { return };
    loop {
        let Some(engine) = engine.upgrade() else { return };
        match engine.erase_old(keep).await {
            Ok(None) => {}
            Ok(Some(made)) => {
                tracing::info!(
                    submissions = made.erasure.versions.len(),
                    position = made.erasure.position,
                    "what was kept for as long as the settings say was erased"
                );
                // One erasure takes so much and no more.
                if !shutdown.is_cancelled() {
                    continue;
                }
            }
            Err(error) => {
                tracing::error!(%error, "old data was not erased; it is tried again in a day");
            }
        }
        drop(engine);
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = shutdown.cancelled() => return,
        }
    }
}
