//! When the service makes a release by itself: after a month has closed, or on a schedule. The time is the log's, in UTC.

use std::fmt;

use super::making::{MadeRelease, NotReleased, WantedRelease};
use super::months::{DAY, day, last_closed};
use crate::engine::Engine;
use crate::store::{Release, ReleaseReason};

/// Caller of the releases that the service makes itself.
const CALLER: &str = "service";
/// Shortest time between two tries of the same release, milliseconds: comparing states takes work.
const PAUSE: u64 = 60_000;

/// When the service makes releases by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Automatic {
    /// Never.
    Off,
    /// After each month has closed.
    PeriodClosed,
    /// When so many days have passed since the last release.
    Schedule {
        /// Number of days.
        days: u32,
    },
}

/// A release that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Due {
    id: String,
    reason: ReleaseReason,
}

/// The last try, so that nothing is tried in vain.
#[derive(Debug, Default)]
pub struct Tried(Option<(Due, u64, u64)>);

/// What came of a try.
#[derive(Debug)]
pub enum Try {
    /// A release was made.
    Made(MadeRelease),
    /// It was not made. It is tried again after the data has changed.
    NotMade {
        /// Name of the release.
        id: String,
        /// Why it was not made.
        why: NotReleased,
    },
}

impl fmt::Display for Due {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)
    }
}

impl Automatic {
    /// The release that is due at a time, after some releases. `began`: when the log began. What was due before that is nobody's release.
    fn due(
        self,
        (began, now): (u64, u64),
        closing_days: u32,
        all: &[impl AsRef<Release>],
    ) -> Option<Due> {
        let last = all.last().map(AsRef::as_ref);
        let (name, reason) = match self {
            Self::Off => return None,
            Self::PeriodClosed => {
                let closed = last_closed(now, closing_days);
                let done =
                    last.map_or_else(|| last_closed(began, closing_days), |last| last.closed);
                (done < closed).then_some((closed.to_string(), ReleaseReason::PeriodClosed))?
            }
            Self::Schedule { days } => {
                let since = last.map_or(began, |last| last.time_millis);
                let next = since.saturating_add(u64::from(days) * DAY);
                (next <= now).then_some((day(now).to_string(), ReleaseReason::Schedule))?
            }
        };
        // An operator may have used the name.
        let is_free = |id: &String| all.iter().all(|release| *release.as_ref().id != **id);
        let others = (2u32..).map(|number| format!("{name}.{number}"));
        let id = std::iter::once(name.clone()).chain(others).find(is_free)?;
        Some(Due { id, reason })
    }
}

impl Engine {
    /// Makes the release that is due now, if one is; tries one that was refused again after the data has changed. None: nothing to do.
    pub async fn release_if_due(&self, when: Automatic, tried: &mut Tried) -> Option<Try> {
        self.release_if_due_at(when, tried, self.store.now()).await
    }

    /// The same at a time, milliseconds since 1970.
    pub(in crate::engine) async fn release_if_due_at(
        &self,
        when: Automatic,
        tried: &mut Tried,
        now: u64,
    ) -> Option<Try> {
        let (due, position) = {
            let catalog = self.store.catalog();
            let times = (catalog.began()?, now);
            let due = when.due(times, self.release_settings.closing_days, catalog.releases())?;
            (due, catalog.position)
        };
        if let Some((of, at, position_then)) = &tried.0
            && *of == due
            && (*position_then == position || now < at.saturating_add(PAUSE))
        {
            return None;
        }
        tried.0 = Some((due.clone(), now, position));
        let wanted = WantedRelease { id: due.id, reason: due.reason, now };
        // A name is used once, so it is the id of the request as well.
        let request_id = format!("release {}", wanted.id);
        Some(match self.make_release(&wanted, CALLER, &request_id).await {
            Ok(made) => Try::Made(made),
            Err(NotReleased::Empty) => return None,
            Err(why) => {
                // The disk may have room again, whatever the data.
                let is_of_data = matches!(why, NotReleased::HeldUp { .. });
                tried.0.iter_mut().filter(|_| !is_of_data).for_each(|tried| tried.2 = u64::MAX);
                Try::NotMade { id: wanted.id, why }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn millis(time: &str) -> u64 {
        u64::try_from(time.parse::<Timestamp>().unwrap().as_millisecond()).unwrap()
    }

    fn made(id: &str, time: &str, closed: &str) -> std::sync::Arc<Release> {
        Release {
            id: id.into(),
            position: 9,
            time_millis: millis(time),
            shown: 8,
            reason: ReleaseReason::Operator,
            closed: closed.parse().unwrap(),
            least: 3,
        }
        .into()
    }

    #[test]
    fn a_closed_month_is_released_once() {
        let began = millis("2026-11-01T00:00:00Z");
        let due =
            |time: &str, all: &[_]| Automatic::PeriodClosed.due((began, millis(time)), 14, all);
        let id = |due: Option<Due>| due.map(|due| due.id);
        // The log began after September had closed.
        assert_eq!(due("2026-11-14T23:59:59Z", &[]), None);
        let first = due("2026-11-15T00:00:00Z", &[]).unwrap();
        assert_eq!((first.id.as_str(), first.reason), ("2026-10", ReleaseReason::PeriodClosed));
        let all = vec![made("2026-10", "2026-11-15T00:00:01Z", "2026-10")];
        assert_eq!(due("2026-11-20T00:00:00Z", &all), None);
        assert_eq!(due("2026-12-14T23:59:59Z", &all), None);
        assert_eq!(id(due("2026-12-15T00:00:00Z", &all)).unwrap(), "2026-11");
        // The service was away for three months: they are released with the last of them.
        assert_eq!(id(due("2027-03-20T00:00:00Z", &all)).unwrap(), "2027-02");
        // An operator's release before a month closed does not close it; one afterwards does.
        let before = vec![made("2026-10", "2026-11-10T00:00:00Z", "2026-09")];
        assert_eq!(id(due("2026-11-15T00:00:00Z", &before)).unwrap(), "2026-10.2");
        let after = vec![made("extra", "2026-11-16T00:00:00Z", "2026-10")];
        assert_eq!(due("2026-11-20T00:00:00Z", &after), None);
        assert_eq!(Automatic::Off.due((0, millis("2026-11-20T00:00:00Z")), 14, &after[..0]), None);
    }

    #[test]
    fn a_schedule_counts_from_the_last_release() {
        let due = |time: &str, all: &[_]| {
            let began = millis("2026-11-13T08:00:00Z");
            let due = Automatic::Schedule { days: 7 }.due((began, millis(time)), 14, all);
            due.map(|due| (due.id, due.reason))
        };
        let named = |id: &str| Some((id.to_owned(), ReleaseReason::Schedule));
        assert_eq!(due("2026-11-20T07:59:59Z", &[]), None);
        assert_eq!(due("2026-11-20T08:00:00Z", &[]), named("2026-11-20"));
        let all = vec![made("2026-11-20", "2026-11-20T08:00:00Z", "2026-10")];
        assert_eq!(due("2026-11-27T07:59:59Z", &all), None);
        assert_eq!(due("2026-11-27T08:00:00Z", &all), named("2026-11-27"));
        let taken = vec![made("2026-11-27", "2026-11-20T08:00:00Z", "2026-10")];
        assert_eq!(due("2026-11-27T08:00:00Z", &taken), named("2026-11-27.2"));
    }
}
