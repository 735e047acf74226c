//! Output for people and programs: every line that a command writes goes through [`Out`].

pub mod assessments;
pub mod audit;
pub mod bars;
pub mod blocks;
pub mod breakdown;
pub mod csv;
pub mod delivery;
pub mod erasures;
pub mod errors;
pub mod estimates;
pub mod estimates_sheet;
pub mod fit;
pub mod indicators;
pub mod json;
pub mod keys;
pub mod lists;
pub mod numbers;
pub mod progress;
pub mod receipts;
pub mod releases;
pub mod sent;
pub mod sheet;
pub mod table;
pub mod words;
pub mod wrap;

use std::io::{self, Write};

/// How answers are written: the values of `--format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people: aligned columns, thousands separators, notes.
    Table,
    /// For programs: the contract's messages with their field names. Absent fields are left out.
    Json,
    /// For spreadsheets: RFC 4180, one line for each figure, codes and states in columns of their own.
    Csv,
}

/// What a terminal or file can show: width, colours, Unicode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Whether characters beyond ASCII may be used.
    pub unicode: bool,
    /// Whether colours may be used.
    pub colour: bool,
    /// Width in columns; `None` where lines may be of any length.
    pub width: Option<usize>,
}

impl Look {
    /// No colours, ASCII, any width: what every place can show.
    pub const PLAIN: Self = Self { unicode: false, colour: false, width: None };

    /// Colours only on a terminal and without `NO_COLOR`, Unicode where the locale says UTF-8.
    fn of(place: &console::Term) -> Self {
        let terminal = place.is_term();
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set).unwrap_or_default();
        let locale = locale.to_string_lossy().to_ascii_lowercase();
        Self {
            unicode: locale.contains("utf-8") || locale.contains("utf8"),
            colour: terminal && set("NO_COLOR").is_none() && set("TERM") != Some("dumb".into()),
            width: terminal.then(|| place.size().1.into()),
        }
    }

    /// The text in a colour, where colours may be used. `code` is the number of an ANSI colour (`31` red).
    pub fn paint(&self, code: u8, text: &str) -> String {
        if self.colour && !text.is_empty() {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}

/// Where a command writes: answers to one place, remarks and errors to another.
pub struct Out {
    answers: Box<dyn Write + Send>,
    remarks: Box<dyn Write + Send>,
    /// How answers are written.
    pub format: Format,
    /// What the output of answers can show.
    pub look: Look,
    /// What the output of remarks can show.
    pub remark_look: Look,
}

impl Out {
    /// Standard output and standard error.
    pub fn standard(format: Format) -> Self {
        let (answers, remarks) = (Box::new(io::stdout()), Box::new(io::stderr()));
        let remark_look = Look::of(&console::Term::stderr());
        let look = Look::of(&console::Term::stdout());
        Self { remark_look, ..Self::new(answers, remarks, format, look) }
    }

    /// Writes answers and remarks to these two places.
    pub fn new(
        answers: Box<dyn Write + Send>,
        remarks: Box<dyn Write + Send>,
        format: Format,
        look: Look,
    ) -> Self {
        Self { answers, remarks, format, look, remark_look: look }
    }

    /// Writes an answer, and a line end if it has none.
    ///
    /// # Errors
    /// When the place does not take it.
    pub fn answer(&mut self, text: &str) -> io::Result<()> {
        if self.format != Format::Table {
            return write_text(&mut self.answers, text);
        }
        let text = fit::fitted(text, self.look.width);
        if self.look.unicode {
            return write_text(&mut self.answers, &text);
        }
        // What the service says in sentences; names keep their letters.
        write_text(&mut self.answers, &text.replace('…', "...").replace(['–', '—'], "-"))
    }

    /// Writes a remark: what a person should know and a program should not have to skip.
    ///
    /// # Errors
    /// When the place does not take it.
    pub fn remark(&mut self, text: &str) -> io::Result<()> {
        write_text(&mut self.remarks, &fit::fitted(text, self.remark_look.width))
    }

    /// Where answers go, for commands that write much.
    pub fn answers(&mut self) -> &mut (dyn Write + Send) {
        &mut *self.answers
    }
}

fn write_text(to: &mut dyn Write, text: &str) -> io::Result<()> {
    to.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        to.write_all(b"\n")?;
    }
    to.flush()
}

/// An output that keeps the written text.
#[cfg(test)]
pub(crate) mod captured {
    use super::{Format, Look, Out};
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    pub(crate) struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Kept {
        pub(crate) fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// An output without colours, and its answers and remarks.
    pub(crate) fn out(format: Format) -> (Out, Kept, Kept) {
        let (answers, remarks) = (Kept::default(), Kept::default());
        let out =
            Out::new(Box::new(answers.clone()), Box::new(remarks.clone()), format, Look::PLAIN);
        (out, answers, remarks)
    }
}
