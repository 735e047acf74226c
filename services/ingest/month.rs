//! Calendar months as files write them.

use crate::domain::date::{Written, month_of};
use crate::domain::period::Month;

/// Reads a month of a publication: `APR2020`, `Apr-20`, `2020-04`; or its first day, `01APR2020`, `2020-04-01`. Another day is no month:
/// the file has days.
pub(super) fn published(text: &str) -> Option<Month> {
    // No publication writes a day and a month so.
    let short = || {
        let (name, year) = text.split_once('-').filter(|(_, year)| year.len() == 2)?;
        joined(&format!("{name}20{year}"))
    };
    match day(text) {
        Some((month, day)) => (day == 1).then_some(month),
        None => {
            let month = Written::read(text).map(|written| written.month);
            month.or_else(|| joined(text)).or_else(short)
        }
    }
}

/// Reads a day of a publication: `01APR2020`, or as records have it.
pub(super) fn day(text: &str) -> Option<(Month, u8)> {
    let named = || {
        let (day, month) = text.split_at_checked(2)?;
        let month = joined(month)?;
        let digits = day.bytes().all(|byte| byte.is_ascii_digit());
        let day = digits.then(|| day.parse().ok())??;
        (1..=month.days()).contains(&day).then_some((month, day))
    };
    Written::read(text).and_then(|written| Some((written.month, written.day?))).or_else(named)
}

/// Reads the month of a record: also `Apr 2020`, `April-2020`, `04/2020`, and the month of any day.
pub(super) fn of_record(text: &str) -> Option<Month> {
    let parts = || {
        let (month, year) = text.split_once(['-', '/', ' ', '.'])?;
        of(year, month)
    };
    let written = Written::read(text).map(|written| written.month);
    written.or_else(|| day(text).map(|(month, _)| month)).or_else(|| joined(text)).or_else(parts)
}

/// `APR2020`.
fn joined(text: &str) -> Option<Month> {
    let (name, year) = text.split_at_checked(3)?;
    name.bytes().all(|byte| byte.is_ascii_alphabetic()).then(|| of(year, name))?
}

fn of(year: &str, month: &str) -> Option<Month> {
    let digits = year.len() == 4 && year.bytes().all(|byte| byte.is_ascii_digit());
    Month::new(digits.then(|| year.parse().ok())??, month_of(month)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling() {
        for text in [
            "APR2020",
            "01APR2020",
            "01Apr2020",
            "apr2020",
            "Apr-20",
            "01-Apr-2020",
            "2020-04",
            "2020-04-01",
            "2020-04-01 00:00:00",
            "2020-04-01T00:00:00",
            "01/04/2020",
        ] {
            assert_eq!(published(text), Month::new(2020, 4), "{text}");
        }
    }

    #[test]
    fn days() {
        let april = |day| Month::new(2020, 4).map(|month| (month, day));
        for text in ["30APR2020", "2020-04-30", "30/04/2020", "30-Apr-2020", "2020-04-30 00:00"] {
            assert_eq!(day(text), april(30), "{text}");
            assert_eq!(published(text), None, "{text} is no month");
        }
        for text in [
            "31APR2020",
            "00APR2020",
            "2020-04-31",
            "04/30/2020",
            "2020-4-1",
            "1APR2020",
            "+1APR2020",
        ] {
            assert_eq!(day(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_no_month() {
        for text in [
            "",
            "01",
            "APR",
            "APR20",
            "02APR2020",
            "0101APR2020",
            "ÄPR2020",
            "APRI2020",
            "2020APR",
            "APR+020",
            "APR1020",
            "2020-04-02",
            "02/04/2020",
            "04/2020",
        ] {
            assert_eq!(published(text), None, "{text}");
        }
    }

    #[test]
    fn the_spellings_of_records() {
        for text in [
            "2020-04",
            "2020-04-17",
            "17/04/2020",
            "2020-04-17 00:00",
            "APR2020",
            "Apr 2020",
            "April-2020",
            "04/2020",
        ] {
            assert_eq!(of_record(text), Month::new(2020, 4), "{text}");
        }
        for text in [
            "",
            "2020",
            "Apr-20",
            "20/04",
            "2020/21",
            "2020-Q2",
            "13/2020",
            "2020-04-17 09:30",
            "April",
        ] {
            assert_eq!(of_record(text), None, "{text}");
        }
    }
}
