//! Data that was kept for as long as the settings say is erased.

use std::sync::Weak;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::domain::period::Month;
use crate::engine::Engine;
use crate::engine::erasures::Retention;

/// Between two looks. Months are what is counted, so a day more is nothing.
const PAUSE: Duration = Duration::from_secs(24 * 60 * 60);

/// So many months without data are usual. After more of them the clock may be wrong.
const QUIET_MONTHS: u16 = 6;
/// So long a clock that may be wrong has to stay before data is erased by it: an operator reads of it every day until then.
const DOUBT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Since when the clock has been too far ahead of the data.
#[derive(Default)]
pub(super) struct Doubt(Option<Instant>);

impl Doubt {
    /// How long nothing is erased yet, at an instant; none: the clock is believed. `months`: the newest month of the data, and the last
    /// that has ended by the clock.
    pub(super) fn left(
        &mut self,
        months: Option<(Month, Month)>,
        now: Instant,
    ) -> Option<Duration> {
        let is_far = |(newest, last): (Month, Month)| {
            last.number().saturating_sub(newest.number()) > QUIET_MONTHS
        };
        if !months.is_some_and(is_far) {
            self.0 = None;
            return None;
        }
        let since = *self.0.get_or_insert(now);
        Some(DOUBT.saturating_sub(now - since)).filter(|left| !left.is_zero())
    }
}

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
    let mut doubt = Doubt::default();
    loop {
        let Some(engine) = engine.upgrade() else { return };
        let months = engine.newest_month();
        if let (Some(left), Some((newest, last))) = (doubt.left(months, Instant::now()), months) {
            tracing::error!(
                %newest, %last, hours = left.as_secs() / 3_600,
                "the newest data is much older than the service's clock says: no old data is erased yet. Set the clock right if it is \
                 wrong. If it is right, old data is erased after so many hours without a restart"
            );
            drop(engine);
            tokio::select! {
                () = tokio::time::sleep(left.min(PAUSE)) => continue,
                () = shutdown.cancelled() => return,
            }
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_far_ahead_of_the_data_has_to_stay_for_a_week() {
        let month = |text: &str| text.parse::<Month>().unwrap();
        let (begin, day) = (Instant::now(), Duration::from_secs(24 * 60 * 60));
        let mut doubt = Doubt::default();
        let near = Some((month("2026-01"), month("2026-07")));
        let far = Some((month("2026-01"), month("2026-08")));
        assert_eq!(doubt.left(None, begin), None, "there is nothing to erase");
        assert_eq!(doubt.left(near, begin), None);
        assert_eq!(doubt.left(far, begin), Some(DOUBT));
        assert_eq!(doubt.left(far, begin + 6 * day), Some(day));
        assert_eq!(doubt.left(far, begin + 7 * day), None, "it was told for a week");
        // A clock that is set right is believed, and doubted anew when it jumps again.
        assert_eq!(doubt.left(near, begin + 8 * day), None);
        assert_eq!(doubt.left(far, begin + 9 * day), Some(DOUBT));
        // Data of the future: the clock is behind, and nothing is erased too early.
        assert_eq!(doubt.left(Some((month("2026-08"), month("2026-01"))), begin), None);
    }
}
