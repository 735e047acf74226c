//! The audit log of a running service: what it reports, and what is removed of it.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::retention::Doubt;
use crate::domain::period::Month;
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
/// a clock that jumps; but a start believes the clock that it finds, so one that is far ahead of the data is doubted first.
pub(super) async fn remove(
    (engine, audit): (Weak<Engine>, Arc<Audit>),
    keep_days: u32,
    shutdown: CancellationToken,
) {
    let mut doubt = Doubt::default();
    loop {
        let Some(engine) = engine.upgrade() else { return };
        let (now, months) = (engine.store().now(), engine.newest_month());
        drop(engine);
        let pause = match limit((now, months), keep_days, &mut doubt, Instant::now()) {
            Ok(before) => {
                audit.retire(before);
                PAUSE
            }
            Err(left) => {
                tracing::warn!(
                    hours = left.as_secs() / 3_600,
                    "the newest data is much older than the service's clock says: no entry of the audit log is removed yet. Set the clock right \
                     if it is wrong. If it is right, old entries are removed after so many hours without a restart"
                );
                left.min(PAUSE)
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = shutdown.cancelled() => return,
        }
    }
}

/// Entries that were written before this time may go, milliseconds since 1970; or for how long none may, because the clock is doubted. `now`: by the
/// service's clock, and with it the newest month of the data and the last that has ended.
fn limit(
    (now, months): (u64, Option<(Month, Month)>),
    keep_days: u32,
    doubt: &mut Doubt,
    at: Instant,
) -> Result<u64, Duration> {
    let before = now.saturating_sub(u64::from(keep_days) * DAY_MILLIS);
    doubt.left(months, at).map_or(Ok(before), Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_with_a_clock_far_ahead_removes_nothing_for_a_week() {
        let month = |text: &str| text.parse::<Month>().unwrap();
        let (begin, week, mut doubt) = (Instant::now(), 7 * PAUSE, Doubt::default());
        let days = |days: u64| days * DAY_MILLIS;
        let usual = (days(20_000), Some((month("2024-09"), month("2024-09"))));
        assert_eq!(limit(usual, 2_190, &mut doubt, begin), Ok(days(20_000 - 2_190)));
        let empty = (days(20_000), None);
        assert_eq!(limit(empty, 2_190, &mut doubt, begin), Ok(days(20_000 - 2_190)));
        let ahead = (days(47_000), Some((month("2024-09"), month("2098-08"))));
        assert_eq!(limit(ahead, 2_190, &mut doubt, begin), Err(week));
        assert_eq!(limit(ahead, 2_190, &mut doubt, begin + week), Ok(days(47_000 - 2_190)));
        // A clock that runs behind keeps everything.
        assert_eq!(limit((0, usual.1), 2_190, &mut doubt, begin), Ok(0));
    }
}
