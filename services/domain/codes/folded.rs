//! Words as people type them: upper and lower case, blanks and punctuation make no difference.

use super::says_nothing;

/// The words of a text in small letters, one blank between two of them: `White - British` is `white british`. A sign that
/// changes a number stays: `85+`.
#[must_use]
pub fn folded(text: &str) -> String {
    let mut words = String::with_capacity(text.len());
    for c in text.chars().filter(|c| !matches!(c, '\'' | '’')) {
        if c.is_alphanumeric() || matches!(c, '+' | '<' | '>') {
            words.extend(c.to_lowercase());
        } else if !words.is_empty() && !words.ends_with(' ') {
            words.push(' ');
        }
    }
    words.truncate(words.trim_end().len());
    words
}

/// Whether folded words say that a value is missing.
pub(super) fn is_missing(words: &str) -> bool {
    // `N/A` is two words.
    says_nothing(words) || words == "n a"
}

/// What a text is as a label: its folded words, unless it is a number or says that a value is missing.
pub(super) fn label(text: &str) -> Option<String> {
    let words = folded(text);
    let is_number = words.bytes().all(|byte| byte.is_ascii_digit());
    let is_sign = text.starts_with(['#', '!']);
    (!is_number && !is_sign && !is_missing(&words)).then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_blanks_and_punctuation_make_no_difference() {
        for text in ["White - British", " white british", "WHITE_BRITISH", "White–British "] {
            assert_eq!(folded(text), "white british", "{text}");
        }
        assert_eq!(folded("Baha'i"), "bahai");
        assert_ne!(folded("85+"), folded("85"));
        assert_ne!(folded("1-0"), folded("10"));
        assert_eq!(folded(" - "), "");
    }

    #[test]
    fn a_missing_value_is_no_label() {
        for text in ["None", "NULL", "n/a", "NaN", "", "-", "(5)", "#77", "!NOT_KNOWN"] {
            assert_eq!(label(text), None, "{text}");
        }
    }
}
