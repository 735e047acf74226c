//! Days and months as files write them.

use super::period::Month;

const NAMES: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// A day or a month, and how it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// The calendar month.
    pub month: Month,
    /// Day of the month; none if only the month was written.
    pub day: Option<u8>,
    /// Whether the day came first: `01/04/2026`.
    pub day_first: bool,
    /// Whether a time of midnight followed the day.
    pub midnight: bool,
}

impl Written {
    /// Reads `2026-04`, `2026-04-01`, `01/04/2026`, `1 April 2026`, and days with a time of midnight. `None`: any other text. A year
    /// of two digits has no one meaning.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let (day, time) = match text.rsplit_once([' ', 'T']) {
            Some((day, time)) if time.contains(':') => (day, Some(time)),
            _ => (text, None),
        };
        let midnight = time.is_some();
        if time.is_some_and(|time| !is_midnight(time)) {
            return None;
        }
        let parts: Vec<&str> = day.split(['-', '/', '.', ' ']).collect();
        let of = |year: &str, month: Month, day: Option<&str>| {
            let day = day.map(|text| number(text, 1, 2)).map(|day| u8::try_from(day?).ok());
            let in_month = |day: &u8| (1..=month.days()).contains(day);
            let day = match day {
                None => None,
                Some(day) => Some(day.filter(in_month)?),
            };
            let day_first = year.is_empty();
            Some(Self { month, day, day_first, midnight })
        };
        match parts[..] {
            [year, month] if !midnight && day.contains('-') => of(
                year,
                Month::new(number(year, 4, 4)?, u32::try_from(number(month, 2, 2)?).ok()?)?,
                None,
            ),
            [year, month, day_of] if is_iso(year, day_of, day) => {
                let month =
                    Month::new(number(year, 4, 4)?, u32::try_from(number(month, 2, 2)?).ok()?)?;
                of(year, month, Some(day_of))
            }
            [day_of, month, year] => {
                of("", Month::new(number(year, 4, 4)?, month_of(month)?)?, Some(day_of))
            }
            _ => None,
        }
    }

    /// Whether it was written as the contract writes it: `2026-04-01` or `2026-04`.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        !self.day_first && !self.midnight
    }
}

fn is_iso(year: &str, day: &str, whole: &str) -> bool {
    year.len() == 4 && day.len() == 2 && whole.matches('-').count() == 2
}

/// The month of a number or an English name: `04`, `Apr`, `April`.
#[must_use]
pub fn month_of(text: &str) -> Option<u32> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return u32::try_from(number(text, 1, 2)?).ok();
    }
    let text = text.to_lowercase();
    let is = |name: &&str| text == **name || text == name[..3];
    NAMES.iter().position(is).and_then(|place| u32::try_from(place + 1).ok())
}

fn number(text: &str, least: usize, most: usize) -> Option<i32> {
    let digits = (least..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

fn is_midnight(time: &str) -> bool {
    let time = time.strip_suffix('Z').unwrap_or(time);
    let zone = time.rfind(['+', '-']).unwrap_or(time.len());
    let digits = || time[..zone].bytes().all(|byte| matches!(byte, b'0' | b':' | b'.'));
    matches!(time.get(..zone), Some("00:00" | "00:00:00" | "0:00" | "0:00:00"))
        || (time.starts_with("00:00:00.") && digits())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_of_one_meaning_are_read() {
        let read = |text: &str| {
            let Written { month, day, day_first, midnight } = Written::read(text)?;
            Some((month.to_string(), day, day_first, midnight))
        };
        let april =
            |day, day_first, midnight| Some(("2026-04".to_owned(), day, day_first, midnight));
        assert_eq!(read("2026-04"), april(None, false, false));
        assert_eq!(read("2026-04-01"), april(Some(1), false, false));
        for text in
            ["01/04/2026", "1/4/2026", "01-04-2026", "01.04.2026", "01-APR-2026", "1 April 2026"]
        {
            assert_eq!(read(text), april(Some(1), true, false), "{text}");
        }
        for text in [
            "2026-04-01 00:00",
            "2026-04-01T00:00:00",
            "2026-04-01 00:00:00.000",
            "2026-04-01T00:00:00Z",
            "2026-04-01T00:00:00+01:00",
        ] {
            assert_eq!(read(text), april(Some(1), false, true), "{text}");
        }
        assert_eq!(read("01/04/2026 00:00:00"), april(Some(1), true, true));
    }

    #[test]
    fn other_text_is_no_day() {
        for text in [
            "",
            "2026",
            "01/04/26",
            "Apr-26",
            "04/2026",
            "31/04/2026",
            "04/13/2026",
            "2026-04-31",
            "2026/04",
            "2026-4-1",
            "2026-04-01 09:30",
            "2026-04 00:00",
            "46113",
            "1 Brumaire 2026",
            "2026-04-01T00:00:01",
            "+1/04/2026",
            "00/04/2026",
            "2026-04-01-01",
        ] {
            assert_eq!(Written::read(text), None, "{text}");
        }
    }
}
