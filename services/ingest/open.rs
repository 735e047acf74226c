//! Opens a file as CSV, compressed or not, and knows on which line each row stands.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use super::IngestError;

const GZIP: &[u8] = &[0x1f, 0x8b];
const UTF_16: [&[u8]; 2] = [&[0xff, 0xfe], &[0xfe, 0xff]];
const BUFFER: usize = 64 * 1024;

/// The rows of a CSV file.
pub(super) struct CsvFile {
    reader: csv::Reader<Box<dyn Read + Send>>,
    /// Lines end with `\r\n`.
    windows: bool,
}

impl CsvFile {
    /// Opens `path`; gzip is recognised by its first bytes, whatever the file is called. `trim` concerns the cells: what
    /// publications print has to stay as it is printed.
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
        // A last line without an end gets one: an empty line more is no row.
        let end: &[u8] = if windows { b"\r\n" } else { b"\n" };
        let text: Box<dyn Read + Send> = Box::new(text.chain(end));
        let reader = csv::ReaderBuilder::new().trim(trim).from_reader(text);
        Ok(CsvFile { reader, windows })
    }

    /// The header row, trimmed; the byte-order mark that spreadsheets write is not part of it.
    pub(super) fn header(&mut self) -> Result<csv::StringRecord, IngestError> {
        let header = self.reader.headers().map_err(|error| IngestError::from_csv(error, 1))?;
        if header.iter().all(|name| name.trim().is_empty()) {
            return Err(IngestError::Empty);
        }
        Ok(header.iter().map(str::trim).collect())
    }

    /// Reads the next row after the header; false at the end of the file. [`line_of`] then knows the row's line.
    pub(super) fn next(&mut self, row: &mut csv::StringRecord) -> Result<bool, IngestError> {
        let begin = self.reader.position().line() + u64::from(self.windows);
        let read = self.reader.read_record(row);
        let last_line = self.line();
        let more = read.map_err(|error| IngestError::from_csv(error, last_line))?;
        // The reader's own position is where it began to look for the row: before empty lines, and before the `\n` of `\r\n`.
        let within = row.iter().flat_map(str::bytes).filter(|byte| *byte == b'\n').count();
        let mut position = csv::Position::new();
        position.set_line(last_line.saturating_sub(within as u64).max(1));
        row.set_position(Some(position));
        // No publication and none of our columns has a line break in a cell: whatever stands behind a stray quote would be lost.
        if more && within > 0 {
            return Err(IngestError::LineBreak { line: begin });
        }
        Ok(more)
    }

    /// The line on which the row that was read last ends.
    pub(super) fn line(&self) -> u64 {
        // The `\n` that ends the row has been counted; that of `\r\n` is still to come.
        let reached = self.reader.position().line();
        if self.windows { reached } else { reached.saturating_sub(1) }
    }
}

/// The line on which a row starts.
pub(super) fn line_of(row: &csv::StringRecord) -> u64 {
    row.position().map_or(0, csv::Position::line)
}
