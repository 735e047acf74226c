//! Calendar months, and the whole periods made of them.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// A calendar month, counted in months since January 1970. From 1970-01 to 2199-12.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(u16);

const LAST: u16 = (2199 - 1970) * 12 + 11;

impl<'de> Deserialize<'de> for Month {
    fn deserialize<D: Deserializer<'de>>(text: D) -> Result<Self, D::Error> {
        String::deserialize(text)?.parse().map_err(D::Error::custom)
    }
}

impl Month {
    /// January 1970, number 0.
    pub const FIRST: Self = Self(0);
    /// December 2199, the last month that the store can number.
    pub const LAST: Self = Self(LAST);

    /// The month of a year, `month` 1 to 12. `None` outside 1970 to 2199.
    #[must_use]
    pub fn new(year: i32, month: u32) -> Option<Self> {
        let months = (i64::from(year) - 1970) * 12 + i64::from(month) - 1;
        let in_range = (1..=12).contains(&month) && (0..=i64::from(LAST)).contains(&months);
        in_range.then(|| u16::try_from(months).ok().map(Self)).flatten()
    }

    /// The month with this number, as [`Month::number`] gives it.
    #[must_use]
    pub fn from_number(number: u32) -> Option<Self> {
        u16::try_from(number).ok().filter(|n| *n <= LAST).map(Self)
    }

    /// Months since January 1970.
    #[must_use]
    pub fn number(self) -> u16 {
        self.0
    }

    /// The month after it; none after the last.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        Self::from_number(u32::from(self.0) + 1)
    }

    /// The month before it; none before the first.
    #[must_use]
    pub fn previous(self) -> Option<Self> {
        self.0.checked_sub(1).map(Self)
    }

    /// Calendar year, 1970 to 2199.
    #[must_use]
    pub fn year(self) -> i32 {
        1970 + i32::from(self.0 / 12)
    }

    /// Month of the year, 1 to 12.
    #[must_use]
    pub fn month(self) -> u8 {
        u8::try_from(self.0 % 12 + 1).expect("a remainder of 12 fits a byte")
    }

    /// Number of days, 28 to 31.
    #[must_use]
    pub fn days(self) -> u8 {
        let year = self.year();
        match self.month() {
            4 | 6 | 9 | 11 => 30,
            2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
            2 => 28,
            _ => 31,
        }
    }

    /// Calendar quarter that the month is in: `2020-Q2`.
    #[must_use]
    pub fn quarter(self) -> String {
        format!("{}-Q{}", self.year(), self.month().div_ceil(3))
    }

    /// Financial year that the month is in, April to March: `2020/21`.
    #[must_use]
    pub fn financial_year(self) -> String {
        let start = if self.month() >= 4 { self.year() } else { self.year() - 1 };
        format!("{start}/{:02}", (start + 1) % 100)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:02}", self.year(), self.month())
    }
}

/// Text that is no period.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no period: give a month `2020-04`, a quarter `2020-Q2`, a financial year `2020/21` or a year `2020`"
)]
pub struct PeriodError(String);

impl FromStr for Month {
    type Err = PeriodError;

    fn from_str(text: &str) -> Result<Self, PeriodError> {
        let parsed = || {
            let (year, month) = text.split_once('-')?;
            (year.len() == 4 && month.len() == 2).then_some(())?;
            Self::new(digits(year)?, u32::try_from(digits(month)?).ok()?)
        };
        parsed().ok_or_else(|| PeriodError(text.to_owned()))
    }
}

/// The months of a period given as text: month, quarter, financial year or calendar year.
///
/// # Errors
/// Text of another form, or outside 1970 to 2199.
pub fn months_of(text: &str) -> Result<RangeInclusive<Month>, PeriodError> {
    let whole = || {
        if let Some((year, quarter)) = text.split_once("-Q") {
            let (year, quarter) = (year_of(year)?, u32::try_from(digits(quarter)?).ok()?);
            (1..=4).contains(&quarter).then_some(())?;
            return Some(Month::new(year, quarter * 3 - 2)?..=Month::new(year, quarter * 3)?);
        }
        if let Some((year, next)) = text.split_once('/') {
            let start = year_of(year)?;
            (next.len() == 2 && digits(next)? == (start + 1) % 100).then_some(())?;
            return Some(Month::new(start, 4)?..=Month::new(start + 1, 3)?);
        }
        if let Some(year) = year_of(text) {
            return Some(Month::new(year, 1)?..=Month::new(year, 12)?);
        }
        let month: Month = text.parse().ok()?;
        Some(month..=month)
    };
    whole().ok_or_else(|| PeriodError(text.to_owned()))
}

/// The quarter, financial year or calendar year that some months fill exactly.
#[must_use]
pub fn filled_by(months: &BTreeSet<Month>) -> Option<String> {
    let first = months.first()?;
    let periods = [first.quarter(), first.financial_year(), first.year().to_string()];
    periods.into_iter().find(|period| {
        months_of(period).is_ok_and(|whole| {
            let all = usize::from(whole.end().0 - whole.start().0) + 1;
            months.len() == all && months.iter().all(|month| whole.contains(month))
        })
    })
}

fn year_of(text: &str) -> Option<i32> {
    (text.len() == 4).then(|| digits(text)).flatten()
}

fn digits(text: &str) -> Option<i32> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_print_as_they_parse() {
        for text in ["1970-01", "2020-02", "2020-12", "2199-12"] {
            assert_eq!(text.parse::<Month>().unwrap().to_string(), text);
        }
        for text in ["2020-13", "2020-00", "2020-4", "1969-12", "2200-01", "20200-1", "", "2020-+1"]
        {
            assert!(text.parse::<Month>().is_err(), "{text}");
        }
    }

    #[test]
    fn periods_cover_whole_months() {
        let months = |text| months_of(text).map(|r| format!("{}..{}", r.start(), r.end()));
        assert_eq!(months("2020-Q2").unwrap(), "2020-04..2020-06");
        assert_eq!(months("2020/21").unwrap(), "2020-04..2021-03");
        assert_eq!(months("1999/00").unwrap(), "1999-04..2000-03");
        assert_eq!(months("2020").unwrap(), "2020-01..2020-12");
        assert_eq!(months("2020-04").unwrap(), "2020-04..2020-04");
        for text in ["2020/22", "2020-Q5", "2020-Q0", "20", "2020/1", "all"] {
            assert!(months(text).is_err(), "{text}");
        }
    }

    #[test]
    fn months_that_fill_a_period_are_that_period() {
        let filled = |texts: &[&str]| {
            let months = texts.iter().map(|text| months_of(text).unwrap());
            let numbers = months.flat_map(|m| m.start().number()..=m.end().number());
            filled_by(&numbers.filter_map(|n| Month::from_number(n.into())).collect())
        };
        assert_eq!(filled(&["2020-04", "2020-05", "2020-06"]).unwrap(), "2020-Q2");
        assert_eq!(filled(&["2020-Q1", "2020-Q2", "2020-Q3", "2020-Q4"]).unwrap(), "2020");
        assert_eq!(filled(&["2020-Q2", "2020-Q3", "2020-Q4", "2021-Q1"]).unwrap(), "2020/21");
        for texts in [
            &["2020-04", "2020-05"][..],
            &["2020-03", "2020-04", "2020-05"],
            &["2020-Q1", "2020-Q2"],
            &["2020", "2021"],
            &[],
        ] {
            assert_eq!(filled(texts), None, "{texts:?}");
        }
    }

    #[test]
    fn calendar_facts() {
        let month = |text: &str| text.parse::<Month>().unwrap();
        assert_eq!(month("2020-02").days(), 29);
        assert_eq!(month("2100-02").days(), 28);
        assert_eq!(month("2020-03").financial_year(), "2019/20");
        assert_eq!(month("2020-03").quarter(), "2020-Q1");
    }
}
