//! Words as people type them: upper and lower case, blanks and punctuation make no difference.

/// Words that stand for a missing value in other programs. None of them is a label, whatever a code list says.
const MISSING: [&str; 5] = ["na", "n a", "nan", "none", "null"];

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
    MISSING.contains(&words)
}

/// What a text is as a label: its folded words, unless it is a number or says that a value is missing.
pub(super) fn label(text: &str) -> Option<String> {
    let words = folded(text);
    let is_number = words.bytes().all(|byte| byte.is_ascii_digit());
    let is_sign = text.starts_with(['#', '!']);
    (!is_number && !is_sign && !is_missing(&words)).then_some(words)
}

/// What a code is as a label. Between digits a sign has a meaning, so a code with digits has to be given as it is.
pub(super) fn spelt_out(code: &str) -> Option<String> {
    if code.bytes().any(|byte| byte.is_ascii_digit()) { None } else { label(code) }
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
    fn a_missing_value_is_no_label_and_a_code_with_digits_is_not_spelt_out() {
        for text in ["None", "NULL", "n/a", "NaN", "", "-", "(5)", "#77", "!NOT_KNOWN"] {
            assert_eq!(label(text), None, "{text}");
        }
        assert_eq!(spelt_out("FACE_TO_FACE").as_deref(), Some("face to face"));
        assert_eq!(spelt_out("5-9"), None);
    }
}
