//! Text that Excel would change when it opens a CSV file: `01` to 1, `05-10` to a date, `=…` to a formula. Such text is written as the
//! formula `="05-10"`, whose result is the text.

/// What a file begins with, so that Excel reads it as UTF-8.
pub(super) const MARK: &[u8] = "\u{feff}".as_bytes();

/// Most characters of a text in a formula of Excel.
const LONGEST: usize = 255;
const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// The text as Excel keeps it. Text that Excel leaves alone stays as it is.
pub(super) fn text(text: String) -> String {
    if !would_change(&text) {
        text
    } else if text.chars().count() <= LONGEST && !text.contains(['\n', '\r']) {
        format!("=\"{}\"", text.replace('"', "\"\""))
    } else if text.starts_with(|first: char| first.is_ascii_digit()) {
        // Too long for a number or a date.
        text
    } else {
        format!(" {text}")
    }
}

/// Whether Excel could take the text for a number, a date, a truth value or a formula. Text that begins with a letter is safe,
/// unless a month (`MAR-20`, `SEPT2`) or a truth value does.
fn would_change(text: &str) -> bool {
    let begins_with_letter = text.starts_with(char::is_alphabetic);
    let low = text.to_lowercase();
    let is_month = MONTHS.iter().any(|month| low.starts_with(month))
        && low.contains(|letter: char| letter.is_ascii_digit());
    !text.is_empty()
        && (!begins_with_letter || is_month || ["true", "false"].contains(&low.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_that_excel_changes_become_formulas_and_others_stay() {
        for code in ["01", "05-10", "2020-04", "1E5", "75+", "=1+1", "-", "@x", "MAR-20", "TRUE"] {
            assert_eq!(text(code.into()), format!("=\"{code}\""));
        }
        for code in ["", "A", "E06000016", "C82001", "QK1", "CH-01/TELEPHONE", "March", "Marble 2a"]
        {
            let expected = if code == "Marble 2a" { "=\"Marble 2a\"" } else { code };
            assert_eq!(text(code.into()), expected);
        }
        assert_eq!(text("1\"".into()), "=\"1\"\"\"");
    }

    #[test]
    fn long_text_is_no_formula() {
        let long = format!("={}", "x".repeat(300));
        assert_eq!(text(long.clone()), format!(" {long}"));
        assert_eq!(text("=a\nb".into()), " =a\nb");
        let number = "7".repeat(300);
        assert_eq!(text(number.clone()), number);
    }
}
