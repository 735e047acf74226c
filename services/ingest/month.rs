//! Calendar months as NHS publications write them.

use crate::domain::period::Month;

const NAMES: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

/// Reads a month or its first day: `APR2020`, `Apr-20`, `01APR2020`, `2020-04`, `2020-04-01`, `01/04/2020`.
pub(super) fn published(text: &str) -> Option<Month> {
    match day(text) {
        Some((month, 1)) => Some(month),
        Some(_) => None,
        None => text.parse().ok().or_else(|| named(text)),
    }
}

/// Reads a day: `01APR2020`, `2020-04-01`, `01/04/2020`; a time of midnight after it says nothing more.
pub(super) fn day(text: &str) -> Option<(Month, u8)> {
    let text = ["T00:00:00", " 00:00:00", " 00:00"]
        .iter()
        .find_map(|time| text.strip_suffix(time))
        .unwrap_or(text);
    let (month, day) = match text.split(['-', '/']).collect::<Vec<_>>()[..] {
        [year, month, day] if year.len() == 4 => (number(year, month)?, day),
        [day, month, year] if month.len() == 2 => (number(year, month)?, day),
        [day, month, year] => (named(&format!("{month}{year}"))?, day),
        [day] => (named(day.get(2..)?)?, day.get(..2)?),
        _ => return None,
    };
    let digits = day.len() == 2 && day.bytes().all(|byte| byte.is_ascii_digit());
    let day = digits.then(|| day.parse().ok())??;
    (1..=month.days()).contains(&day).then_some((month, day))
}

fn number(year: &str, month: &str) -> Option<Month> {
    format!("{year}-{month}").parse().ok()
}

/// Reads `APR2020` or `Apr-20`.
fn named(text: &str) -> Option<Month> {
    let (name, year) = text.split_at_checked(3)?;
    let month = NAMES.iter().position(|known| known.eq_ignore_ascii_case(name))? + 1;
    let year = match year.strip_prefix('-') {
        Some(short) if short.len() == 2 => format!("20{short}"),
        _ => year.to_owned(),
    };
    let digits = year.len() == 4 && year.bytes().all(|byte| byte.is_ascii_digit());
    Month::new(digits.then(|| year.parse().ok())??, u32::try_from(month).ok()?)
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
        ] {
            assert_eq!(published(text), None, "{text}");
        }
    }
}
