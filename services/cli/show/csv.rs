//! CSV as RFC 4180 has it: a header, quotes where needed, lines that end in CR LF.

/// A header and lines as one text.
pub fn text<L>(header: &[String], lines: L) -> String
where
    L: IntoIterator<Item = Vec<String>>,
{
    let mut writer =
        csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    let mut write = |line: &[String]| {
        writer
            .write_record(line)
            .expect("memory takes every line, and all lines are as long as the header");
    };
    write(header);
    for line in lines {
        write(&line);
    }
    let bytes = writer.into_inner().expect("memory can always be flushed");
    String::from_utf8(bytes).expect("text in, text out")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_line_ends_follow_rfc_4180() {
        let header = ["area".to_owned(), "note".to_owned()];
        let lines = vec![vec!["Leicester, Rutland".to_owned(), "he said \"no\"".to_owned()]];
        assert_eq!(
            text(&header, lines),
            "area,note\r\n\"Leicester, Rutland\",\"he said \"\"no\"\"\"\r\n"
        );
    }
}
