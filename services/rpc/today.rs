//! The clock of the service's checks.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;

/// Now, milliseconds since 1970.
pub(super) fn now_millis() -> u64 {
    u64::try_from(Timestamp::now().as_millisecond()).unwrap_or_default()
}

/// Today in the United Kingdom, whose clocks are at most one hour ahead of UTC.
pub(super) fn today() -> Date {
    Timestamp::now().to_zoned(Offset::constant(1).to_time_zone()).date()
}
