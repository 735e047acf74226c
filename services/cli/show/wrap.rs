//! Sentences that are longer than a line.

use console::measure_text_width;

use super::Look;
use super::fit::words;
use super::table::printable;

/// Width of text where the place does not say its own.
pub const WIDTH: usize = 100;

/// The text in lines of the place's width, `first` before the first and as many blanks before the others. Words longer than a
/// line stay whole; paragraphs stay apart; control characters become blanks.
pub fn text(first: &str, text: &str, look: &Look) -> String {
    let indent = measure_text_width(first);
    let width = look.width.unwrap_or(WIDTH).saturating_sub(indent).max(20);
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in words(&printable(paragraph)) {
            let longer = measure_text_width(&line) + 1 + measure_text_width(&word);
            if !line.is_empty() && longer > width {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(&word);
        }
        lines.push(line);
    }
    format!("{first}{}", lines.join(&format!("\n{}", " ".repeat(indent))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_within_the_place() {
        let look = Look { width: Some(40), ..Look::PLAIN };
        let wrapped = text("  note: ", &"some words ".repeat(20), &look);
        assert!(wrapped.lines().all(|line| line.len() <= 40), "{wrapped}");
        assert!(wrapped.lines().skip(1).all(|line| line.starts_with("        some")), "{wrapped}");
        assert_eq!(wrapped.split_whitespace().count(), 41);
    }

    #[test]
    fn a_number_keeps_its_percent_sign() {
        let look = Look { width: Some(20), ..Look::PLAIN };
        assert_eq!(
            text("", "with limits of 95.0 %, of all", &look),
            "with limits of\n95.0 %, of all"
        );
    }

    #[test]
    fn what_others_wrote_keeps_its_paragraphs_and_does_not_steer_the_terminal() {
        assert_eq!(text("> ", "a\u{1b}[2Jb\nc", &Look::PLAIN), "> a [2Jb\n  c");
        let long = "x".repeat(200);
        assert_eq!(text("", &long, &Look::PLAIN), long);
        assert_eq!(text("a ", "", &Look::PLAIN), "a ");
    }
}
