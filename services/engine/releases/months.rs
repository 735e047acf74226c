//! Which months have closed at a time, in UTC.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::domain::period::Month;

/// Milliseconds of a day.
pub(super) const DAY: u64 = 86_400_000;

/// The last month that has closed at a time, milliseconds since 1970: it ended so many days before.
#[must_use]
pub(in crate::engine) fn last_closed(now_millis: u64, closing_days: u32) -> Month {
    let day = day(now_millis.saturating_sub(u64::from(closing_days) * DAY));
    let month = Month::new(day.year().into(), day.month().unsigned_abs().into());
    let before = |month: Month| Month::from_number(u32::from(month.number()).checked_sub(1)?);
    month.and_then(before).unwrap_or(Month::FIRST)
}

/// The first moment of a month, milliseconds since 1970.
pub(in crate::engine) fn begin(month: Month) -> u64 {
    let first = Date::new(i16::try_from(month.year()).unwrap_or(0), month.month().cast_signed(), 1);
    let begin = first.ok().and_then(|first| first.to_zoned(TimeZone::UTC).ok());
    begin.and_then(|begin| begin.timestamp().as_millisecond().try_into().ok()).unwrap_or(0)
}

/// The day of a time.
pub(super) fn day(millis: u64) -> Date {
    let time =
        i64::try_from(millis).ok().and_then(|millis| Timestamp::from_millisecond(millis).ok());
    time.unwrap_or(Timestamp::MAX).to_zoned(TimeZone::UTC).date()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(time: &str) -> u64 {
        u64::try_from(time.parse::<Timestamp>().unwrap().as_millisecond()).unwrap()
    }

    #[test]
    fn a_month_closes_so_many_days_after_its_end() {
        for (time, days, closed) in [
            ("2026-11-15T00:00:00Z", 14, "2026-10"),
            ("2026-11-14T23:59:59.999Z", 14, "2026-09"),
            ("2026-12-01T00:00:00Z", 0, "2026-11"),
            ("2026-11-30T23:59:59Z", 0, "2026-10"),
            ("2027-01-10T00:00:00Z", 9, "2026-12"),
            ("2027-01-09T00:00:00Z", 9, "2026-11"),
            ("2028-03-31T12:00:00Z", 365, "2027-03"),
        ] {
            assert_eq!(last_closed(millis(time), days).to_string(), closed, "{time} {days}");
        }
        assert_eq!(last_closed(0, 0), Month::FIRST);
        assert_eq!(last_closed(0, 365), Month::FIRST);
        let _ = last_closed(u64::MAX, u32::MAX);
    }
}
