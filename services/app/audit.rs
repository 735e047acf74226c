//! The audit log of a running service: what it reports, and what is removed of it.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::engine::Engine;
use crate::rpc::audit::Audit;
use crate::telemetry::metrics;

/// Between two looks at what was kept for long enough.
const PAUSE: Duration = Duration::from_secs(24 * 60 * 60);
const DAY_MILLIS: u64 = 24 * 60 * 60 * 1_000;

/// Reports the audit log as metrics.
pub(super) fn report(audit: &Audit) {
    let (written, waiting, lost) = audit.counts();
    metrics::audit((written, waiting, lost), audit.bytes(), audit.trouble().is_some());
}

/// Removes what was kept for so many days, at the start and once a day, until the service stops. The time is that of the log, which does not follow
/// a clock that jumps.
pub(super) async fn remove(
    (engine, audit): (Weak<Engine>, Arc<Audit>),
    keep_days: u32,
    shutdown: CancellationToken,
) {
    loop {
        let Some(now) = engine.upgrade().map(|engine| engine.store().now()) else { return };
        audit.retire(now.saturating_sub(u64::from(keep_days) * DAY_MILLIS));
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = shutdown.cancelled() => return,
        }
    }
}
