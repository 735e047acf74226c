//! The one rule for every text that somebody sends: no character that changes how a line is shown or where it ends. Such a character
//! would forge lines of a log, and show a name as another one. And how a sentence says a number of things.

/// What a refusal says that was expected.
pub const EXPECTED: &str =
    "text without control characters, line ends and marks of writing direction";

/// The first character that no text may have.
#[must_use]
pub fn forbidden(text: &str) -> Option<char> {
    // Nearly all texts are printable ASCII.
    let is_plain = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if is_plain { None } else { text.chars().find(|c| is_forbidden(*c)) }
}

/// The first character that a text of several lines may not have.
#[must_use]
pub fn forbidden_in_lines(text: &str) -> Option<char> {
    text.chars().find(|c| is_forbidden(*c) && *c != '\n' && *c != '\t')
}

/// Whether no line of text may have this character.
#[must_use]
pub fn is_forbidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            // marks, embeddings, overrides and isolates of writing direction
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            // line and paragraph ends; a byte-order mark
            | '\u{2028}' | '\u{2029}' | '\u{feff}')
}

/// A number of things, as a sentence says it: `1 row`, `2 rows`. `one` is the word for one of them; an `s` makes several.
#[must_use]
pub fn counted(count: u64, one: &str) -> String {
    format!("{count} {one}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thing_is_no_several() {
        let of = |count| counted(count, "row");
        assert_eq!([of(0), of(1), of(2)], ["0 rows", "1 row", "2 rows"]);
    }

    #[test]
    fn what_changes_a_line_is_forbidden_and_words_are_not() {
        for c in [
            '\0', '\u{1b}', '\r', '\u{7f}', '\u{85}', '\u{9b}', '\u{61c}', '\u{200e}', '\u{202e}',
            '\u{2028}', '\u{2029}', '\u{2066}', '\u{2069}', '\u{feff}',
        ] {
            let text = format!("a{c}b");
            assert_eq!(forbidden(&text), Some(c), "{c:?}");
            assert_eq!(forbidden_in_lines(&text), Some(c), "{c:?}");
        }
        for c in ['\n', '\t'] {
            assert_eq!(forbidden(&format!("a{c}b")), Some(c));
            assert_eq!(forbidden_in_lines(&format!("a{c}b")), None);
        }
        // Persian joins words with U+200C; a family is joined with U+200D.
        for text in [
            "",
            "llr-pseudo-v2",
            "Français – niño",
            "می\u{200c}خواهم",
            "👨\u{200d}👩\u{200d}👧",
            "עברית",
        ] {
            assert_eq!(forbidden(text), None, "{text}");
        }
    }
}
