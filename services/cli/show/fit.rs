//! Lines that fit a terminal.

use console::measure_text_width;

/// The same text with no line wider than the terminal: a longer line is broken between words and goes on a little to the right.
/// Tables stay as they are, and so does all text where there is no terminal.
pub fn fitted(text: &str, width: Option<usize>) -> String {
    let Some(width) = width else { return text.to_owned() };
    let lines = text.lines().map(|line| {
        if measure_text_width(line) <= width || line.starts_with(BORDERS) {
            return line.to_owned();
        }
        let rest = line.trim_start_matches(' ');
        let indent = line.len() - rest.len();
        let mut lines = vec![String::from(&line[..indent])];
        for word in self::words(rest) {
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
pub(super) fn words(text: &str) -> Vec<String> {
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
    #[test]
    fn long_lines_fit_the_terminal_and_no_word_is_broken() {
        let fitted = |text: &str| super::fitted(text, Some(30));
        let text = "equity: the service refused: no period `2020-13`\n  reason FIELD_INVALID\nnext: correct the fields that are named\n";
        assert_eq!(
            fitted(text),
            "\
equity: the service refused:
  no period `2020-13`
  reason FIELD_INVALID
next: correct the fields that
  are named
"
        );
        let table = "| a table that is wider than the place |";
        assert_eq!(fitted(table), table);
        assert_eq!(super::fitted(&text.repeat(2), None), text.repeat(2));
        assert_eq!(fitted(&"x".repeat(40)), "x".repeat(40));
    }
}
