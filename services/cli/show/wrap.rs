//! Sentences that are longer than a line.

use console::measure_text_width;

use super::Look;
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

/// The same text with no line wider than the terminal: a longer line is broken between words and goes on a little to the right.
/// Tables stay as they are, and so does all text where there is no terminal.
pub fn fitted(text: &str, look: &Look) -> String {
    let Some(width) = look.width else { return text.to_owned() };
    let lines = text.lines().map(|line| {
        if measure_text_width(line) <= width || line.starts_with(BORDERS) {
            return line.to_owned();
        }
        let words = line.trim_start_matches(' ');
        let indent = line.len() - words.len();
        let mut lines = vec![String::from(&line[..indent])];
        for word in self::words(words) {
            let last = lines.last().map_or(0, |last| measure_text_width(last));
            let is_first = lines.last().is_none_or(|last| last.trim().is_empty());
            if !is_first && last + 1 + measure_text_width(&word) > width {
                lines.push(" ".repeat(indent + 2));
            }
            if let Some(last) = lines.last_mut() {
                let blank = if last.trim().is_empty() { "" } else { " " };
                last.extend([blank, &word]);
            }
        }
        lines.join("\n")
    });
    let end = if text.ends_with('\n') { "\n" } else { "" };
    lines.collect::<Vec<_>>().join("\n") + end
}

/// What lines of tables begin with.
const BORDERS: [char; 7] = ['│', '┌', '├', '└', '╞', '+', '|'];

/// The parts that a line break must not cut: words, and a number with its `%`.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match words.last_mut().filter(|_| word.starts_with('%')) {
            Some(number) => number.extend([" ", word]),
            None => words.push(word.to_owned()),
        }
    }
    words
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
    fn long_lines_fit_the_terminal_and_no_word_is_broken() {
        let look = Look { width: Some(30), ..Look::PLAIN };
        let text = "equity: the service refused: no period `2020-13`\n  reason FIELD_INVALID\nnext: correct the fields that are named\n";
        assert_eq!(
            fitted(text, &look),
            "\
equity: the service refused:
  no period `2020-13`
  reason FIELD_INVALID
next: correct the fields that
  are named
"
        );
        let table = "| a table that is wider than the place |";
        assert_eq!(fitted(table, &look), table);
        assert_eq!(fitted(&text.repeat(2), &Look::PLAIN), text.repeat(2));
        assert_eq!(fitted(&"x".repeat(40), &look), "x".repeat(40));
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
