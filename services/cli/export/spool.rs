//! Rows on disk until all have arrived, because some files need to know all of them before the first line: which columns are empty,
//! and which rows go to which file of a folder.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use prost::Message as _;

use super::about::About;
use super::columns::{COLUMNS, FileColumn};
use super::sink::{Sink, Style};
use crate::proto::v1::ExportRow;

/// Rows that are handed on together.
const BATCH: usize = 1_000;
/// Bytes of the length before a row.
const LENGTH: usize = 4;

/// Rows that were kept, and what is known of all of them.
pub(super) struct Spool {
    file: BufWriter<File>,
    place: PathBuf,
    /// The next row's place in the file.
    end: u64,
    /// The columns that divide rows into parts, and the places of the rows of each part.
    by: Vec<FileColumn>,
    parts: BTreeMap<Vec<String>, Vec<u64>>,
    /// For each column, whether a row has had a value in it.
    filled: Vec<bool>,
    count: usize,
}

impl Spool {
    /// A file next to this place.
    pub(super) fn beside(place: &Path, by: Vec<FileColumn>) -> io::Result<Self> {
        let place = place.with_file_name(format!(".equity-export.{}.rows", std::process::id()));
        let file = File::options().read(true).write(true).create_new(true).open(&place)?;
        Ok(Self {
            file: BufWriter::new(file),
            place,
            end: 0,
            by,
            parts: BTreeMap::new(),
            filled: vec![false; COLUMNS.len()],
            count: 0,
        })
    }

    /// Keeps rows.
    pub(super) fn write(&mut self, rows: &[ExportRow]) -> io::Result<()> {
        for row in rows {
            for (filled, column) in self.filled.iter_mut().zip(COLUMNS.iter()) {
                *filled = *filled || column.is_filled(row);
            }
            let part = self.by.iter().map(|column| column.text(row)).collect();
            self.parts.entry(part).or_default().push(self.end);
            let bytes = row.encode_to_vec();
            let length = u32::try_from(bytes.len()).map_err(io::Error::other)?.to_le_bytes();
            self.file.write_all(&length)?;
            self.file.write_all(&bytes)?;
            self.end += (LENGTH + bytes.len()) as u64;
            self.count += 1;
        }
        Ok(())
    }

    /// Number of rows.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The columns that have a value in some row.
    pub(super) fn filled(&self) -> Vec<FileColumn> {
        let filled = COLUMNS.iter().zip(&self.filled).filter(|(_, filled)| **filled);
        filled.map(|(column, _)| *column).collect()
    }

    /// The values that each part has in the dividing columns, in order.
    pub(super) fn parts(&self) -> Vec<Vec<String>> {
        self.parts.keys().cloned().collect()
    }

    /// Writes the rows of a part to a file.
    pub(super) fn write_to<W: io::Write + Send>(
        &mut self,
        part: &[String],
        to: W,
        style: Style,
        about: &About,
    ) -> anyhow::Result<W> {
        let mut sink = Sink::new(to, style)?;
        self.read(part, |rows| sink.write(rows))?;
        sink.finish(about)
    }

    /// Passes the rows of a part on, in the order in which they came.
    fn read(
        &mut self,
        part: &[String],
        mut take: impl FnMut(&[ExportRow]) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        self.file.flush()?;
        let mut file = BufReader::new(self.file.get_ref());
        let mut at: u64 = file.seek(SeekFrom::Start(0))?;
        let none = Vec::new();
        for places in self.parts.get(part).unwrap_or(&none).chunks(BATCH) {
            let mut rows = Vec::with_capacity(places.len());
            for place in places {
                file.seek_relative(i64::try_from(*place)? - i64::try_from(at)?)?;
                let mut length = [0; LENGTH];
                file.read_exact(&mut length)?;
                let mut bytes = vec![0; u32::from_le_bytes(length) as usize];
                file.read_exact(&mut bytes)?;
                rows.push(ExportRow::decode(bytes.as_slice())?);
                at = *place + (LENGTH + bytes.len()) as u64;
            }
            take(&rows)?;
        }
        Ok(())
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.place));
    }
}

#[cfg(test)]
mod tests {
    use super::super::columns::named;
    use super::*;

    fn row(area: &str, number: i64) -> ExportRow {
        ExportRow { area: area.into(), numerator_count: Some(number), ..Default::default() }
    }

    #[test]
    fn rows_come_back_by_part_in_their_order_and_the_file_goes() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("a.csv");
        let mut spool = Spool::beside(&place, named(&["area".to_owned()])).unwrap();
        for number in 0..2_500 {
            let area = if number % 2 == 0 { "QK1" } else { "04C" };
            spool.write(&[row(area, number)]).unwrap();
        }
        assert_eq!(spool.count(), 2_500);
        assert_eq!(spool.parts(), [["04C"], ["QK1"]]);
        for (part, rest) in [("QK1", 0), ("04C", 1)] {
            let mut found = Vec::new();
            let take = |rows: &[ExportRow]| {
                found.extend(rows.iter().filter_map(|row| row.numerator_count));
                Ok(())
            };
            spool.read(&[part.to_owned()], take).unwrap();
            assert_eq!(found, (0..2_500).filter(|n| n % 2 == rest).collect::<Vec<_>>());
        }
        let filled = spool.filled();
        let names: Vec<_> = filled.iter().map(|column| column.name).collect();
        assert!(names.contains(&"area") && names.contains(&"numerator_count"), "{names:?}");
        assert!(!names.contains(&"notes") && !names.contains(&"ecological"), "{names:?}");
        drop(spool);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
