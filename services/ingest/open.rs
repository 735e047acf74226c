//! Opens a CSV file, plain or gzipped, and counts the lines of its rows.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use super::IngestError;

const GZIP: &[u8] = &[0x1f, 0x8b];
const UTF_16: [&[u8]; 2] = [&[0xff, 0xfe], &[0xfe, 0xff]];
const BUFFER: usize = 64 * 1024;

/// A CSV file, read row by row.
pub(super) struct CsvFile {
    reader: csv::Reader<Box<dyn Read + Send>>,
    /// Whether lines end with `\r\n`.
    windows: bool,
}

impl CsvFile {
    /// Opens `path`. Gzip is recognised by its first bytes, not by the name. `trim` says whether blanks around cells are cut off.
    pub(super) fn open(path: &Path, trim: csv::Trim) -> Result<Self, IngestError> {
        let failed = |source| IngestError::Open { path: path.to_owned(), source };
        let mut file = BufReader::with_capacity(BUFFER, File::open(path).map_err(failed)?);
        let compressed = file.fill_buf().map_err(failed)?.starts_with(GZIP);
        let mut text: Box<dyn BufRead + Send> = if compressed {
            Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(file)))
        } else {
            Box::new(file)
        };
        let start = text.fill_buf().map_err(failed)?;
        if UTF_16.iter().any(|mark| start.starts_with(mark)) {
            return Err(IngestError::Encoding { line: 1 });
        }
        let first_line = start.split(|byte| *byte == b'\n').next();
        let windows = first_line.is_some_and(|line| line.ends_with(b"\r"));
        // Ends a last line that has no line end. If it has one, this adds an empty line, which is no row.
        let end: &[u8] = if windows { b"\r\n" } else { b"\n" };
        let text: Box<dyn Read + Send> = Box::new(text.chain(end));
        let reader = csv::ReaderBuilder::new().trim(trim).from_reader(text);
        Ok(CsvFile { reader, windows })
    }

    /// The header row, trimmed, without the byte-order mark that spreadsheets write.
    pub(super) fn header(&mut self) -> Result<csv::StringRecord, IngestError> {
        let header = self.reader.headers().map_err(|error| IngestError::from_csv(error, 1))?;
        if header.iter().all(|name| name.trim().is_empty()) {
            return Err(IngestError::Empty);
        }
        Ok(header.iter().map(str::trim).collect())
    }

    /// Reads the next row after the header, with its line for [`line_of`]. False at the end of the file.
    pub(super) fn next(&mut self, row: &mut csv::StringRecord) -> Result<bool, IngestError> {
        let begin = self.reader.position().line() + u64::from(self.windows);
        let read = self.reader.read_record(row);
        let last_line = self.line();
        let more = read.map_err(|error| IngestError::from_csv(error, last_line))?;
        // The position of the CSV reader is before empty lines and before the `\n` of `\r\n`, so the line is counted from the end.
        let within = row.iter().flat_map(str::bytes).filter(|byte| *byte == b'\n').count();
        let mut position = csv::Position::new();
        position.set_line(last_line.saturating_sub(within as u64).max(1));
        row.set_position(Some(position));
        // No column may hold a line break. An unclosed quote would swallow the rows after it.
        if more && within > 0 {
            return Err(IngestError::LineBreak { line: begin });
        }
        Ok(more)
    }

    /// Last line of the last row.
    pub(super) fn line(&self) -> u64 {
        // The reader has counted the `\n` that ends the row, but not yet the `\n` of `\r\n`.
        let reached = self.reader.position().line();
        if self.windows { reached } else { reached.saturating_sub(1) }
    }
}

/// First line of a row.
pub(super) fn line_of(row: &csv::StringRecord) -> u64 {
    row.position().map_or(0, csv::Position::line)
}
