//! Calendar months, as our files and as NHS publications write them.

use std::fmt;

/// A calendar month; orders by time. Written `2020-04`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    /// 1900 to 2199.
    year: u16,
    /// 1 to 12.
    month: u8,
}

const NAMES: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

impl Month {
    /// The month, or nothing where `year` is outside 1900 to 2199 or `month` outside 1 to 12.
    pub fn new(year: u16, month: u8) -> Option<Self> {
        ((1900..2200).contains(&year) && (1..=12).contains(&month)).then_some(Month { year, month })
    }

    /// Reads `2020-04`.
    pub fn parse(text: &str) -> Option<Self> {
        let (year, month) = text.split_once('-')?;
        Self::from_digits(year, month)
    }

    /// Reads the month of NHS publications: `APR2020`, or `01APR2020` for the month that begins that day.
    pub fn parse_published(text: &str) -> Option<Self> {
        let text = text.strip_prefix("01").unwrap_or(text);
        let (name, year) = text.split_at_checked(3)?;
        let month = NAMES.iter().position(|known| known.eq_ignore_ascii_case(name))?;
        Self::from_digits(year, &format!("{:02}", month + 1))
    }

    /// Exactly four and two ASCII digits: `str::parse` alone would take `+020`.
    fn from_digits(year: &str, month: &str) -> Option<Self> {
        let digits =
            |text: &str, len| text.len() == len && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(year, 4) || !digits(month, 2) {
            return None;
        }
        Self::new(year.parse().ok()?, month.parse().ok()?)
    }

    /// Year, 1900 to 2199.
    pub fn year(self) -> u16 {
        self.year
    }

    /// Month of the year, 1 to 12.
    pub fn month(self) -> u8 {
        self.month
    }

    /// Months since January of the year 0: for distances.
    pub fn index(self) -> u32 {
        u32::from(self.year) * 12 + u32::from(self.month) - 1
    }

    /// The month `index` months after January of the year 0; nothing outside 1900 to 2199.
    pub fn from_index(index: u32) -> Option<Self> {
        Self::new(u16::try_from(index / 12).ok()?, u8::try_from(index % 12 + 1).ok()?)
    }

    /// The month after; nothing after December 2199.
    pub fn next(self) -> Option<Self> {
        Self::from_index(self.index() + 1)
    }

    /// Days of the month, 28 to 31.
    pub fn days(self) -> u8 {
        let by = |divisor| self.year.is_multiple_of(divisor);
        match self.month {
            2 if by(4) && (!by(100) || by(400)) => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        }
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings() {
        let april = Month::new(2020, 4).unwrap();
        assert_eq!(Month::parse("2020-04"), Some(april));
        assert_eq!(Month::parse_published("APR2020"), Some(april));
        assert_eq!(Month::parse_published("01Apr2020"), Some(april));
        assert_eq!(april.to_string(), "2020-04");
    }

    #[test]
    fn what_is_no_month() {
        for text in [
            "",
            "2020",
            "2020-4",
            "2020-13",
            "2020-00",
            "+020-04",
            "2020-04-01",
            "202O-04",
            "1020-04",
            "２０２０-04",
        ] {
            assert_eq!(Month::parse(text), None, "{text}");
        }
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
        ] {
            assert_eq!(Month::parse_published(text), None, "{text}");
        }
    }

    #[test]
    fn months_follow_each_other() {
        let december = Month::new(2019, 12).unwrap();
        assert_eq!(december.next(), Month::new(2020, 1));
        assert_eq!(Month::from_index(december.index()), Some(december));
        assert_eq!(Month::new(2199, 12).unwrap().next(), None);
        assert_eq!(
            [2019, 2020, 2000, 1900].map(|year| Month::new(year, 2).unwrap().days()),
            [28, 29, 29, 28]
        );
    }
}
