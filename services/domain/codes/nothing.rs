//! Words that programs write where nothing is recorded: `NA`, `NULL`, `nan`, `#N/A`, `-`.

use crate::domain::text;

const WORDS: [&str; 27] = [
    "-",
    "--",
    ".",
    "?",
    "#DIV/0!",
    "#N/A",
    "#NAME?",
    "#NULL!",
    "#NUM!",
    "#REF!",
    "#VALUE!",
    "(blank)",
    "<NA>",
    "<null>",
    "[null]",
    "blank",
    "missing",
    "N/A",
    "NA",
    "NaN",
    "NaT",
    "nil",
    "None",
    "NULL",
    "(null)",
    "\\N",
    "undefined",
];

/// Words that a code list may have as a category, and that name nobody.
const NOBODY: [&str; 4] = ["not known", "not recorded", "not stated", "unknown"];

/// What to do in place of writing such a word.
pub const LEAVE_EMPTY: &str = "leave the cell empty where nothing is recorded";

/// No longer text is such a word, and most texts are longer.
const LONGEST: usize = 16;

/// Whether a text is a word for nothing. A code list may have such a code: ask the list first.
#[must_use]
pub fn says_nothing(text: &str) -> bool {
    let text = text.trim();
    text.len() <= LONGEST && WORDS.iter().any(|word| word.eq_ignore_ascii_case(text))
}

/// Whether a text in the place of a key is no key: as one, it would make one person of many.
#[must_use]
pub fn names_nobody(key: &str) -> bool {
    let key = key.trim();
    let as_word = |byte: u8| if byte == b'_' { b' ' } else { byte.to_ascii_lowercase() };
    let names = |word: &&str| word.bytes().eq(key.bytes().map(as_word));
    says_nothing(key) || key.len() <= LONGEST && NOBODY.iter().any(names)
}

/// What was expected of a value, and the advice if the value says nothing. If the value has a character that no text
/// may have, only this is said: the character is not shown, so a reader could not see it.
#[must_use]
pub fn expected_of(value: &str, expected: String) -> String {
    if text::forbidden(value.trim()).is_some() {
        return text::EXPECTED.to_owned();
    }
    if says_nothing(value) { format!("{expected}; {LEAVE_EMPTY}") } else { expected }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_spreadsheets_and_of_statistics_say_nothing() {
        for word in
            ["NA", "na", "NULL", "nan", "#N/A", "None", "-", " n/a ", "<NA>", "NaT", "(blank)"]
        {
            assert!(says_nothing(word) && names_nobody(word), "{word}");
        }
        for word in ["UNKNOWN", "Not known", "NOT_RECORDED", " unknown "] {
            assert!(names_nobody(word) && !says_nothing(word), "{word}");
        }
        // However many blanks are around it.
        for word in [" NA", "unknown"].map(|word| format!("{word:>40}")) {
            assert!(names_nobody(&word), "{word}");
        }
        for key in ["0", "p1", "unknown-7", "Nathan", "N"] {
            assert!(!names_nobody(key), "{key}");
        }
        for word in ["", "NAN1", "N", "A", "Nathan", "0", "--1", "NN"] {
            assert!(!says_nothing(word), "{word}");
        }
    }
    #[test]
    fn of_a_value_that_cannot_be_shown_the_character_alone_is_told() {
        let of = |value| expected_of(value, "a day".to_owned());
        assert_eq!(of("2020-04-31"), "a day");
        assert_eq!(of("NaN"), format!("a day; {LEAVE_EMPTY}"));
        assert_eq!(of("2020\u{202e}-04"), text::EXPECTED);
        assert_eq!(of("2020-04-31\n"), "a day", "a line end behind it is no part of it");
    }
}
