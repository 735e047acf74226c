//! Opens a CSV file and reads its rows: what stands between the cells, which rows and columns are empty, and the lines of rows.

use std::path::Path;

use super::IngestError;
use super::error::shortened;
use super::text::Text;
use super::unpack;

/// What may stand between cells.
const SEPARATORS: [(u8, &str); 4] = [(b',', "`,`"), (b';', "`;`"), (b'\t', "a tab"), (b'|', "`|`")];

/// Most lines of title above a table of Nomis.
const MOST_TITLES: usize = 30;
/// A column that every table of Nomis has by area.
const NOMIS_COLUMN: &str = "mnemonic";

/// A CSV file, read row by row. Blanks around cells are cut off; rows without any value are passed over.
pub(super) struct CsvFile {
    reader: csv::Reader<Text>,
    separator: &'static str,
    /// Lines before the header that are no part of the table.
    lines_before: u64,
    /// Number of columns, and the places of those without a name.
    columns: usize,
    unnamed: Vec<usize>,
    blank_rows: u64,
    trimmed_cells: u64,
    /// Whether it is a table of Nomis with a title: lines of one cell below the table are footnotes.
    titled: bool,
    footnotes: u64,
}

impl CsvFile {
    /// Opens `path`.
    pub(super) fn open(path: &Path) -> Result<Self, IngestError> {
        let failed = |source| IngestError::Open { path: path.to_owned(), source };
        let mut text = Text::new(unpack::open(path)?).map_err(failed)?;
        let mut line = text.first_line().map_err(failed)?;
        let mut lines_before = 0;
        let mut separator = stated_separator(&line);
        if separator.is_some() {
            text.skip_line();
            lines_before = 1;
            line = text.first_line().map_err(failed)?;
        }
        let titled = is_title(&line);
        for _ in (0..MOST_TITLES).take_while(|_| titled) {
            if line.contains(NOMIS_COLUMN) {
                break;
            }
            text.skip_line();
            lines_before += 1;
            line = text.first_line().map_err(failed)?;
        }
        let (byte, separator) = *separator.get_or_insert_with(|| separator_of(&line));
        let reader = csv::ReaderBuilder::new().delimiter(byte).flexible(true).from_reader(text);
        let (unnamed, columns) = (Vec::new(), 0);
        let (blank_rows, trimmed_cells, footnotes) = (0, 0, 0);
        Ok(CsvFile {
            reader,
            separator,
            lines_before,
            columns,
            unnamed,
            blank_rows,
            trimmed_cells,
            titled,
            footnotes,
        })
    }

    /// The names of the columns, trimmed. Columns without a name are left out.
    pub(super) fn header(&mut self) -> Result<csv::StringRecord, IngestError> {
        let first = 1 + self.lines_before;
        let header = self.reader.headers().map_err(|error| IngestError::from_csv(error, first))?;
        self.columns = header.len();
        self.unnamed = (0..header.len()).filter(|place| is_unnamed(&header[*place])).collect();
        if self.unnamed.len() == header.len() {
            return Err(IngestError::Empty);
        }
        Ok(header.iter().filter(|name| !is_unnamed(name)).map(str::trim).collect())
    }

    /// Reads the next row with a value after the header, with its line for [`line_of`]. False at the end of the file.
    pub(super) fn next(&mut self, row: &mut csv::StringRecord) -> Result<bool, IngestError> {
        loop {
            let begin = self.line() + 1;
            let read = self.reader.read_record(row);
            let last_line = self.line();
            if !read.map_err(|error| IngestError::from_csv(error, last_line))? {
                return Ok(false);
            }
            // The position of the CSV reader is before empty lines, so the line is counted from the end.
            let within = row.iter().flat_map(str::bytes).filter(|byte| *byte == b'\n').count();
            // No column may hold a line break. An unclosed quote would swallow the rows after it.
            if within > 0 {
                return Err(IngestError::LineBreak { line: begin });
            }
            let padded = row.iter().filter(|cell| is_padded(cell)).count();
            if padded > 0 {
                row.trim();
            }
            if row.iter().all(str::is_empty) {
                self.blank_rows += 1;
                continue;
            }
            if self.titled && row.len() == 1 {
                self.footnotes += 1;
                continue;
            }
            self.fit(row, last_line)?;
            if row.iter().all(str::is_empty) {
                // It has nothing but its number.
                self.blank_rows += 1;
                continue;
            }
            self.trimmed_cells += padded as u64;
            let mut position = csv::Position::new();
            position.set_line(last_line);
            row.set_position(Some(position));
            return Ok(true);
        }
    }

    /// Makes a row as long as the header, without the columns that have no name.
    fn fit(&self, row: &mut csv::StringRecord, line: u64) -> Result<(), IngestError> {
        let surplus = row.len() > self.columns && row.iter().skip(self.columns).all(str::is_empty);
        if row.len() != self.columns && !surplus {
            let (found, expected) = (row.len() as u64, self.columns as u64);
            return Err(IngestError::Cells { line, found, expected });
        }
        row.truncate(self.columns);
        if self.unnamed.is_empty() {
            return Ok(());
        }
        for place in &self.unnamed {
            let cell = &row[*place];
            let is_row_number = *place == 0 && cell.bytes().all(|byte| byte.is_ascii_digit());
            if !cell.is_empty() && !is_row_number {
                let (column, value) = (*place + 1, shortened(cell));
                return Err(IngestError::UnnamedColumn { line, column, value });
            }
        }
        let named = (0..row.len()).filter(|place| !self.unnamed.contains(place));
        *row = named.map(|place| &row[place]).collect();
        Ok(())
    }

    /// Last line of the last row.
    pub(super) fn line(&self) -> u64 {
        // The reader has counted the `\n` that ends the row.
        (self.reader.position().line() + self.lines_before).saturating_sub(1)
    }

    /// What was passed over or read in another form so far, in words.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some(encoding) = self.reader.get_ref().foreign() {
            notes.push(format!("the text was read as {encoding}"));
        }
        if self.separator != SEPARATORS[0].1 {
            notes.push(format!("the cells were read as separated by {}", self.separator));
        }
        if self.unnamed.first() == Some(&0) {
            notes.push(
                "the first column has no name: it was taken for row numbers and left out".into(),
            );
        }
        if self.titled {
            let (above, below) = (self.lines_before, self.footnotes);
            notes.push(format!(
                "lines of title and notes, which were left out: {above} above the header, {below} below the table"
            ));
        }
        if self.blank_rows > 0 {
            notes.push(format!(
                "rows without any value, which were passed over: {}",
                self.blank_rows
            ));
        }
        if self.trimmed_cells > 0 {
            notes.push(format!(
                "cells with blanks at their ends, which were cut off: {}",
                self.trimmed_cells
            ));
        }
        notes
    }
}

/// Whether the first line is the title of a census table as Nomis writes it: `"TS021 - Ethnic group"`.
fn is_title(line: &str) -> bool {
    let number = line.trim_matches('"').strip_prefix("TS").unwrap_or_default();
    number.split_once(" - ").is_some_and(|(number, _)| number.len() == 3)
}

/// First line of a row.
pub(super) fn line_of(row: &csv::StringRecord) -> u64 {
    row.position().map_or(0, csv::Position::line)
}

/// The separator that a spreadsheet states in a line before the header: `sep=;`.
fn stated_separator(line: &str) -> Option<(u8, &'static str)> {
    let stated = line.trim_matches('"').strip_prefix("sep=").or(line.strip_prefix("SEP="))?;
    // The line is trimmed: nothing is left of a tab.
    let stated = if stated.is_empty() { "\t" } else { stated };
    SEPARATORS.into_iter().find(|(byte, _)| stated.as_bytes() == [*byte])
}

/// What separates the names of the header: what occurs most often outside quotes.
fn separator_of(header: &str) -> (u8, &'static str) {
    let outside = header.split('"').step_by(2);
    let count =
        |byte: u8| outside.clone().flat_map(str::bytes).filter(|found| *found == byte).count();
    // The first of several that are as frequent: a comma.
    SEPARATORS.into_iter().rev().max_by_key(|(byte, _)| count(*byte)).unwrap_or(SEPARATORS[0])
}

/// Whether a column has no name: row numbers of R and pandas, empty columns of spreadsheets.
fn is_unnamed(name: &str) -> bool {
    let name = name.trim();
    let numbered = ["Unnamed: ", "..."].iter().find_map(|start| name.strip_prefix(start));
    name.is_empty()
        || numbered.is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

/// Whether a cell has blanks at its ends.
fn is_padded(cell: &str) -> bool {
    let ends = [cell.as_bytes().first(), cell.as_bytes().last()];
    ends.into_iter().flatten().any(|byte| !byte.is_ascii_graphic())
        && cell.trim().len() != cell.len()
}
