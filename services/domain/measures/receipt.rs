//! When submissions were received: days from the end of their month, late ones, missing ones, and those that are not due yet.

use crate::domain::period::Month;
use crate::domain::statistics::median;

const DAY_MILLIS: u64 = 24 * 60 * 60 * 1000;

/// Days from the last day of a month to a time (milliseconds since 1970, UTC). The first day after the month is day 1. A time before the end of
/// the month: 0.
#[must_use]
pub fn days_after(month: Month, time_millis: u64) -> u32 {
    let of_month = |number| Month::from_number(number).map_or(0, |month| u64::from(month.days()));
    // Days since 1970 at the end of the month.
    let end: u64 = (0..=month.number()).map(|number| of_month(number.into())).sum();
    let today = time_millis / DAY_MILLIS + 1;
    u32::try_from(today.saturating_sub(end)).unwrap_or(u32::MAX)
}

/// When submissions are due, as seen at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// Days after the end of its month until which a submission is on time. The last of them is on time.
    pub due_days: u32,
    /// The time that is looked at, milliseconds since 1970 (UTC).
    pub now_millis: u64,
}

impl Calendar {
    /// Whether the deadline of a month's submission has passed.
    #[must_use]
    pub fn is_past(&self, month: Month) -> bool {
        days_after(month, self.now_millis) > self.due_days
    }
}

/// Submissions of organisations and months.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Receipts {
    /// Submissions that were expected.
    pub expected: u64,
    /// Of these, submissions without data whose deadline has not passed.
    pub not_due: u64,
    /// Of each submission that was expected and has data, the days until it was first received.
    pub days: Vec<u32>,
}

impl Receipts {
    /// Counts the submission of one organisation and month that was expected: the days until it was received (none: it has no data), and
    /// whether its deadline has passed.
    pub fn count(&mut self, days: Option<u32>, is_past: bool) {
        self.expected += 1;
        self.not_due += u64::from(days.is_none() && !is_past);
        self.days.extend(days);
    }

    /// Submissions that were expected and have data.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.days.len() as u64
    }

    /// Submissions that were expected and are due: they have data, or their deadline has passed.
    #[must_use]
    pub fn due(&self) -> u64 {
        self.expected - self.not_due
    }

    /// Submissions without data whose deadline has passed.
    #[must_use]
    pub fn missing(&self) -> u64 {
        self.due() - self.received()
    }

    /// Share of the submissions that are due which have data, 0 to 1. None: none is due.
    #[must_use]
    #[allow(clippy::cast_precision_loss)] // few
    pub fn coverage(&self) -> Option<f64> {
        (self.due() > 0).then(|| self.received() as f64 / self.due() as f64)
    }

    /// Of the received ones, those that were first received after more than so many days.
    #[must_use]
    pub fn late(&self, due_days: u32) -> u64 {
        self.days.iter().filter(|days| **days > due_days).count() as u64
    }

    /// The middle of the days; the mean of both middle ones. None: nothing was received.
    #[must_use]
    pub fn median(&self) -> Option<f64> {
        median(self.days.iter().map(|days| (*days, 1)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_from_the_last_day_of_the_month() {
        let april = "2020-04".parse().unwrap();
        // 2020-04-30T23:59:59.999Z and the millisecond after it.
        let end = 1_588_291_200_000;
        for (time, days) in [
            (0, 0),
            (end - 1, 0),
            (end, 1),
            (end + DAY_MILLIS - 1, 1),
            (end + DAY_MILLIS, 2),
            (end + 29 * DAY_MILLIS, 30),
        ] {
            assert_eq!(days_after(april, time), days, "{time}");
        }
        assert_eq!(days_after(Month::FIRST, 31 * DAY_MILLIS), 1);
    }

    #[test]
    fn late_and_missing_are_those_of_the_expected() {
        let mut receipts = Receipts::default();
        for days in [Some(1), None, Some(30), Some(31), Some(400)] {
            receipts.count(days, true);
        }
        assert_eq!((receipts.expected, receipts.received()), (5, 4));
        assert_eq!([0, 30, 400].map(|due| receipts.late(due)), [4, 2, 0]);
        assert_eq!(receipts.median(), Some(30.5));
        assert_eq!((receipts.coverage(), Receipts::default().coverage()), (Some(0.8), None));
        receipts.count(Some(0), false);
        assert_eq!(receipts.median(), Some(30.0));
        assert_eq!(Receipts::default().median(), None);
    }

    #[test]
    fn what_is_not_due_yet_is_not_missing_and_in_no_share() {
        let april: Month = "2020-04".parse().unwrap();
        // The last millisecond of 30 May is day 30, and the next one day 31.
        let end_of_day = 1_588_291_200_000 + 30 * DAY_MILLIS - 1;
        let calendar = |now_millis| Calendar { due_days: 30, now_millis };
        assert!(!calendar(end_of_day).is_past(april) && calendar(end_of_day + 1).is_past(april));
        let mut receipts = Receipts::default();
        for (days, is_past) in [(None, false), (Some(3), false), (None, true), (Some(40), true)] {
            receipts.count(days, is_past);
        }
        let found = (receipts.expected, receipts.due(), receipts.missing(), receipts.not_due);
        assert_eq!((found, receipts.received()), ((4, 3, 1, 1), 2));
        assert_eq!(receipts.coverage(), Some(2.0 / 3.0));
        let mut ahead = Receipts::default();
        ahead.count(None, false);
        assert_eq!((ahead.coverage(), ahead.missing()), (None, 0));
    }
}
