//! The clock of the service's checks.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;

/// Today in the United Kingdom, whose clocks are at most one hour ahead of UTC.
pub(super) fn today() -> Date {
    Timestamp::now().to_zoned(Offset::constant(1).to_time_zone()).date()
}
