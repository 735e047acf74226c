//! Cells of published files: known labels, figures within a range; and rows that must not repeat.

use std::collections::HashMap;

use super::open::line_of;
use super::{IngestError, Records, SubmissionFile, symbols};
use crate::domain::codes;

/// A cell, with its line and column for error messages.
#[derive(Clone, Copy)]
pub(super) struct Cell<'a> {
    /// Line of its row.
    pub(super) line: u64,
    column: &'a str,
    pub(super) text: &'a str,
}

/// The cell of a row in a column.
pub(super) fn cell<'a>(
    row: &'a csv::StringRecord,
    header: &'a csv::StringRecord,
    column: usize,
) -> Cell<'a> {
    Cell::new(row, &header[column], column)
}

impl<'a> Cell<'a> {
    /// The cell of a row in a column of this name.
    pub(super) fn new(row: &'a csv::StringRecord, name: &'a str, column: usize) -> Self {
        Cell { line: line_of(row), column: name, text: &row[column] }
    }

    /// The error that this cell has a wrong value.
    pub(super) fn wrong(&self, expected: impl Into<String>) -> IngestError {
        IngestError::value(self.line, self.column, self.text, expected)
    }

    /// Whether the publisher does not give the figure.
    pub(super) fn is_suppressed(&self) -> bool {
        symbols::symbol(self.text).is_some()
    }

    /// A figure; `None` if the publisher does not give it.
    pub(super) fn unless_suppressed<T>(
        &self,
        read: impl FnOnce(&Self) -> Result<T, IngestError>,
    ) -> Result<Option<T>, IngestError> {
        if self.is_suppressed() { Ok(None) } else { read(self).map(Some) }
    }

    /// A whole number of `least` or more, which its publisher may not give: 0 then, and true.
    pub(super) fn counted_from(&self, least: i64) -> Result<(i64, bool), IngestError> {
        let count = self.unless_suppressed(|cell| cell.count_from(least))?;
        Ok((count.unwrap_or_default(), count.is_none()))
    }

    /// The text of a cell that must not be empty.
    pub(super) fn filled(&self, expected: &str) -> Result<&'a str, IngestError> {
        match self.text.trim().is_empty() {
            true => Err(self.wrong(expected)),
            false => Ok(self.text),
        }
    }

    /// The meaning of a published label. The error for an unknown label names the most similar one.
    pub(super) fn label<T: Copy>(&self, labels: &[(&'static str, T)]) -> Result<T, IngestError> {
        let known = labels.iter().find(|(label, _)| *label == self.text);
        known.map(|(_, meaning)| *meaning).ok_or_else(|| {
            let names = labels.iter().map(|(label, _)| *label);
            self.wrong(match codes::nearest_code(self.text, names.clone()) {
                Some(nearest) => format!("a label of this publication; did you mean {nearest:?}?"),
                None => {
                    let all: Vec<String> =
                        names.take(12).map(|label| format!("{label:?}")).collect();
                    format!("a label of this publication: {}", all.join(", "))
                }
            })
        })
    }

    /// As [`Cell::label`]; an empty cell means everybody and gives `None`.
    pub(super) fn label_or_all<T: Copy>(
        &self,
        labels: &[(&'static str, T)],
    ) -> Result<Option<T>, IngestError> {
        if self.text.is_empty() { Ok(None) } else { self.label(labels).map(Some) }
    }

    /// A number from `least` to `most`, with at most one decimal point.
    pub(super) fn number(&self, least: f64, most: f64) -> Result<f64, IngestError> {
        self.scaled("", least, most)
    }

    /// A number from `-most` to `most`.
    pub(super) fn signed(&self, most: f64) -> Result<f64, IngestError> {
        let size = Cell { text: self.text.strip_prefix('-').unwrap_or(self.text), ..*self };
        match size.number(0.0, most) {
            Ok(size) if self.text.starts_with('-') => Ok(-size),
            Ok(size) => Ok(size),
            Err(_) => Err(self.wrong(format!(
                "a number from -{most} to {most}, with digits and a decimal point only"
            ))),
        }
    }

    /// A percentage as a share. The decimal point moves by two places, so 43.6 is exactly 0.436.
    pub(super) fn percentage(&self) -> Result<f64, IngestError> {
        match self.scaled("e-2", 0.0, 1.0) {
            Err(_) => Err(self
                .wrong("a percentage from 0 to 100, with digits and a decimal point only: 43.6")),
            share => share,
        }
    }

    fn scaled(&self, exponent: &str, least: f64, most: f64) -> Result<f64, IngestError> {
        let plain = self.text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let digits = self.text.bytes().any(|byte| byte.is_ascii_digit());
        let parsed = format!("{}{exponent}", self.text).parse::<f64>();
        let inside =
            parsed.ok().filter(|number| plain && digits && (least..=most).contains(number));
        inside.ok_or_else(|| {
            self.wrong(format!(
                "a number from {least} to {most}, with digits and a decimal point only"
            ))
        })
    }

    /// A whole number of 0 or more.
    pub(super) fn count(&self) -> Result<i64, IngestError> {
        self.count_from(0)
    }

    /// A whole number of `least` or more, without a sign; it may end in `.0`.
    pub(super) fn count_from(&self, least: i64) -> Result<i64, IngestError> {
        let text = whole(self.text);
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|number| digits && *number >= least);
        number.ok_or_else(|| {
            let expected = format!(
                "a whole number of {least} or more, with digits only; or, if the publisher does not give it, {}",
                symbols::TAKEN
            );
            self.wrong(codes::expected_of(self.text, expected))
        })
    }

    /// A calendar year.
    pub(super) fn year(&self) -> Result<&'a str, IngestError> {
        let text = whole(self.text);
        let digits = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
        let known = digits && ("1970"..="2199").contains(&text);
        if known { Ok(text) } else { Err(self.wrong("a calendar year, for example 2018")) }
    }

    /// An ONS area code: a letter and eight digits, with this `start`.
    pub(super) fn area(&self, start: &str, example: &str) -> Result<&'a str, IngestError> {
        let form = self.text.len() == 9
            && self.text.starts_with(start)
            && self.text.bytes().next().is_some_and(|byte| byte.is_ascii_uppercase())
            && self.text.bytes().skip(1).all(|byte| byte.is_ascii_digit());
        if form {
            Ok(self.text)
        } else {
            Err(self.wrong(format!("an area code, for example {example}")))
        }
    }
}

/// A whole number without its decimals if these are zeros, as spreadsheets and pandas write them: `77` of `77.0`. Any other text as it
/// is.
pub(super) fn whole(text: &str) -> &str {
    let zeros = |decimals: &str| !decimals.is_empty() && decimals.bytes().all(|byte| byte == b'0');
    text.split_once('.').filter(|(_, decimals)| zeros(decimals)).map_or(text, |(digits, _)| digits)
}

/// An error if a column of percentages seems to hold shares: every figure is 1 or less, and not all are 0 or 1.
pub(super) fn not_shares(
    submission: &SubmissionFile,
    column: &'static str,
) -> Result<(), IngestError> {
    let Records::Estimates(_, rows) = &submission.rows else { return Ok(()) };
    // A percentage of 1 is a share of 0.01.
    let figures = || rows.iter().filter_map(|row| row.value);
    let fractions = figures().any(|figure| figure > 0.0 && figure < 0.01);
    match fractions && figures().all(|figure| figure <= 0.01) {
        true => Err(IngestError::Shares { column }),
        false => Ok(()),
    }
}

/// Keys of the rows so far, each with its line: a key must not repeat.
#[derive(Default)]
pub(super) struct UniqueRows(HashMap<String, u64>);

impl UniqueRows {
    /// Takes a row with the key of these parts. `key` names the parts in the error.
    pub(super) fn take(
        &mut self,
        row: &csv::StringRecord,
        parts: &[&str],
        key: &'static str,
    ) -> Result<(), IngestError> {
        match self.0.insert(parts.join("\u{1f}"), line_of(row)) {
            Some(first_line) => {
                Err(IngestError::DuplicateRow { line: line_of(row), first_line, key })
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Cell<'_> {
        Cell { line: 2, column: "Value", text }
    }

    #[test]
    fn percentages_move_the_decimal_point_and_nothing_else() {
        for (text, share) in
            [("43.6", 0.436), ("37.6", 0.376), ("0", 0.0), ("100", 1.0), ("89.80", 0.898)]
        {
            assert_eq!(of(text).percentage().unwrap().to_bits(), f64::to_bits(share), "{text}");
        }
        for text in ["", ".", "-1", "+1", "1e1", "100.1", "NaN", "inf", "4 3", "43,6", "*"] {
            assert!(of(text).percentage().is_err(), "{text}");
        }
    }

    #[test]
    fn suppressed_figures_are_no_numbers() {
        for text in ["*", "[c]", "<5", "-", "[x]"] {
            assert!(of(text).is_suppressed(), "{text}");
            assert_eq!(of(text).counted_from(1).unwrap(), (0, true), "{text}");
        }
        let error = of("[z]").counted_from(1).unwrap_err().to_string();
        assert!(error.contains("if the publisher does not give it, `*`, `[c]`"), "{error}");
        assert_eq!(of("5").counted_from(1).unwrap(), (5, false));
        for (text, number) in [("-2.22", -2.22), ("0.5", 0.5), ("0", 0.0)] {
            assert_eq!(of(text).signed(3.0).unwrap().to_bits(), f64::to_bits(number), "{text}");
        }
        for text in ["", "-", "--1", "-3.1", "+1", "1e1", "3.1"] {
            assert!(of(text).signed(3.0).is_err(), "{text}");
        }
        let error = of("0").counted_from(1).unwrap_err().to_string();
        assert!(error.contains("1 or more"), "{error}");
    }

    #[test]
    fn decimals_of_zero_are_no_decimals() {
        for (text, expected) in [("77.0", Some(77)), ("77.00", Some(77)), ("0.0", Some(0))] {
            assert_eq!(of(text).count().ok(), expected, "{text}");
        }
        for text in ["77.5", "77.", ".0", "-77.0", "7 .0", "77.0.0", "1e2", "77,0"] {
            assert!(of(text).count().is_err(), "{text}");
        }
        assert_eq!(of("2018.0").year().unwrap(), "2018");
    }

    #[test]
    fn an_unknown_label_names_the_nearest() {
        let labels = [("White", 1), ("Mixed", 2)];
        let error = of("Whit").label(&labels).unwrap_err().to_string();
        assert!(error.contains("line 2") && error.contains("\"White\""), "{error}");
        let error = of("zzzzzz").label(&labels).unwrap_err().to_string();
        assert!(error.contains("\"White\", \"Mixed\""), "{error}");
        assert_eq!(of("").label_or_all(&labels).unwrap(), None);
        assert!(of("").label(&labels).is_err());
    }
}
