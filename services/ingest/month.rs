//! Calendar months as NHS publications write them.

use crate::domain::period::Month;

const NAMES: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

/// Reads `APR2020`, or `01APR2020`: the first day of the month.
pub(super) fn published(text: &str) -> Option<Month> {
    let text = text.strip_prefix("01").unwrap_or(text);
    let (name, year) = text.split_at_checked(3)?;
    let month = NAMES.iter().position(|known| known.eq_ignore_ascii_case(name))? + 1;
    let digits = year.len() == 4 && year.bytes().all(|byte| byte.is_ascii_digit());
    Month::new(digits.then(|| year.parse().ok())??, u32::try_from(month).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings() {
        for text in ["APR2020", "01APR2020", "01Apr2020", "apr2020"] {
            assert_eq!(published(text), Month::new(2020, 4), "{text}");
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
