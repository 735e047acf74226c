//! Reads the files of a folder. A file is recognised by its columns, under any name.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::finding::{At, Finding, Findings};
use super::layout::{Kind, place};
use super::source::{Bad, Listed, Located, Mapped, Pair, Ranked, Source, Within};
use crate::domain::text::forbidden;
use crate::ingest::text::Text;
use crate::ingest::{IngestError, unpack};

/// Most bytes of a file, unpacked: several times the largest of the publishers.
const MOST_BYTES: u64 = 64 << 20;
/// What is said of text that has no one encoding.
const NO_TEXT: &str = "the text is neither UTF-8 nor Windows-1252 throughout";
/// Most bad rows of a file that are told.
const MOST_BAD: usize = 1_000;

/// The files of a folder, each read to its end.
#[derive(Debug, Default)]
pub struct Files {
    pub(super) practices: Option<Source<Listed>>,
    pub(super) trusts: Option<Source<Listed>>,
    pub(super) mapping: Option<Source<Mapped>>,
    pub(super) small_areas: Option<Source<Located>>,
    pub(super) look_up: Option<Source<Pair>>,
    pub(super) upper_tier: Option<Source<Within>>,
    pub(super) regions: Option<Source<Within>>,
    /// Of 2019 and of 2025.
    pub(super) ranks: [Option<Source<Ranked>>; 2],
    pub(super) found: Findings,
    /// File, what it is, and its rows.
    read: Vec<(String, Kind, usize)>,
    left_out: Vec<(String, String)>,
}

impl Files {
    /// Reads the files of a folder, not those of folders in it. What is wrong with a file is a finding.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn read(folder: &Path) -> std::io::Result<Self> {
        let mut files = Self::default();
        let entries = std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path()));
        let mut paths = entries.collect::<Result<Vec<PathBuf>, _>>()?;
        paths.sort();
        for path in paths {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            let name = name.unwrap_or_default();
            if name.starts_with('.') {
                continue;
            }
            match std::fs::metadata(&path) {
                Ok(found) if found.is_file() => files.file(&path, &name),
                Ok(_) => files.left_out.push((name, "is no file".into())),
                Err(error) => files.left_out.push((name, error.to_string())),
            }
        }
        Ok(files)
    }

    /// The files that were read: name, publisher and title, number of rows.
    pub fn taken(&self) -> impl Iterator<Item = (&str, &'static str, usize)> {
        self.read.iter().map(|(file, kind, rows)| (file.as_str(), kind.title(), *rows))
    }

    /// The files that were not read, and why.
    pub fn left_out(&self) -> impl Iterator<Item = (&str, &str)> {
        self.left_out.iter().map(|(file, why)| (file.as_str(), why.as_str()))
    }

    /// What no file has, and what stays of the content in force for that reason.
    pub fn missing(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let is_read = |kind: &Kind| self.read.iter().any(|(_, of, _)| of == kind);
        let missing = Kind::ALL.into_iter().filter(move |kind| !is_read(kind));
        missing.map(|kind| (kind.title(), kind.keeps()))
    }

    /// What is wrong with the files themselves.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.found.0
    }

    fn file(&mut self, path: &Path, name: &str) {
        let mut rows = match Rows::open(path) {
            Ok(rows) => rows,
            Err(error) => return self.left_out.push((name.to_owned(), why(&error))),
        };
        let first = match rows.next() {
            Ok(Some(_)) => rows.row.clone(),
            Ok(None) => return self.left_out.push((name.to_owned(), "is empty".into())),
            Err(what) => return self.left_out.push((name.to_owned(), what)),
        };
        let Some(kind) = Kind::of(&first) else {
            let why = "has the columns of no file that is read; `equity reference build --help` lists them";
            return self.left_out.push((name.to_owned(), why.into()));
        };
        if let Some((other, ..)) = self.read.iter().find(|(_, of, _)| *of == kind) {
            let what = format!("{other} is of this kind too ({}): keep one of them", kind.title());
            return self.found.error("two_files", At(name, 0), "", what);
        }
        let lacks: Vec<_> = kind
            .columns()
            .iter()
            .filter(|column| place(&first, column).is_none())
            .copied()
            .collect();
        if !lacks.is_empty() {
            let what =
                format!("seems to be {}, and lacks the columns {}", kind.title(), lacks.join(", "));
            return self.found.error("columns", At(name, 1), "", what);
        }
        let places: Vec<_> =
            kind.columns().iter().filter_map(|column| place(&first, column)).collect();
        let width = first.len();
        let taken = &mut Taken { rows, places, width, name, found: &mut self.found };
        let read = match kind {
            Kind::Practices => taken.into(&mut self.practices, Listed::new),
            Kind::Trusts => taken.into(&mut self.trusts, Listed::new),
            Kind::Mapping => taken.into(&mut self.mapping, fixed(Mapped::new)),
            Kind::SmallAreas => taken.into(&mut self.small_areas, fixed(Located::new)),
            Kind::LookUp => taken.into(&mut self.look_up, fixed(Pair::new)),
            Kind::UpperTier => taken.into(&mut self.upper_tier, Within::new),
            Kind::Regions => taken.into(&mut self.regions, Within::new),
            Kind::Deprivation2019 => taken.into(&mut self.ranks[0], fixed(Ranked::new)),
            Kind::Deprivation2025 => taken.into(&mut self.ranks[1], fixed(Ranked::new)),
        };
        self.read.push((name.to_owned(), kind, read));
    }
}

/// Why a file could not be opened, in words about this folder.
fn why(error: &IngestError) -> String {
    if let IngestError::Archive { files } = error {
        let count = files.len();
        return format!("is a ZIP archive with {count} files, not one: unpack it into the folder");
    }
    if let IngestError::Open { source, .. } = error {
        return source.to_string();
    }
    error.to_string()
}

/// A maker of rows with so many cells.
fn fixed<T, const N: usize>(
    make: fn(u64, &[&str; N]) -> Result<T, Bad>,
) -> impl Fn(u64, &[&str]) -> Result<T, Bad> {
    move |line, cells| match cells.try_into() {
        Ok(cells) => make(line, cells),
        Err(_) => Err((String::new(), format!("has {} of {N} cells", cells.len()))),
    }
}

/// The file that is being read.
struct Taken<'a> {
    rows: Rows,
    /// Where the columns are; none: the file has no header.
    places: Vec<usize>,
    /// Number of cells of the first row.
    width: usize,
    name: &'a str,
    found: &'a mut Findings,
}

impl Taken<'_> {
    /// Reads every row. Returns the number of rows.
    fn into<T>(
        &mut self,
        to: &mut Option<Source<T>>,
        make: impl Fn(u64, &[&str]) -> Result<T, Bad>,
    ) -> usize {
        let (mut rows, mut bad) = (Vec::new(), 0);
        let mut again = self.places.is_empty();
        loop {
            // Without a header, the first row is one of the rows.
            let line = match std::mem::take(&mut again) {
                true => Some(self.rows.line),
                false => match self.rows.next() {
                    Ok(line) => line,
                    Err(what) => {
                        self.found.error("text", At(self.name, self.rows.line), "", what);
                        break;
                    }
                },
            };
            let Some(line) = line else { break };
            let row = &self.rows.row;
            let cells: Vec<&str> = match self.places.is_empty() {
                true => row.iter().map(str::trim).collect(),
                false => self
                    .places
                    .iter()
                    .map(|place| row.get(*place).unwrap_or_default().trim())
                    .collect(),
            };
            if cells.iter().all(|cell| cell.is_empty()) {
                continue;
            }
            let forbidden = cells.iter().find_map(|cell| forbidden(cell));
            let made = match forbidden {
                Some(c) => Err((
                    String::new(),
                    format!("has the character U+{:04X}, which no text may have", u32::from(c)),
                )),
                None if !self.places.is_empty() && row.len() != self.width => {
                    Err((String::new(), format!("has {} of {} cells", row.len(), self.width)))
                }
                None => make(line, &cells),
            };
            match made {
                Ok(row) => rows.push(row),
                Err((code, what)) => {
                    bad += 1;
                    self.found.error("row", At(self.name, line), &code, what);
                }
            }
            if bad >= MOST_BAD {
                let what = format!("{MOST_BAD} rows are wrong: the rest was not read");
                self.found.error("text", At(self.name, line), "", what);
                break;
            }
        }
        if let Some(encoding) = self.rows.reader.get_ref().get_ref().foreign() {
            let what = format!("the text was read as {encoding}; check names with accents");
            self.found.warn("encoding", At(self.name, 0), "", what);
        }
        let count = rows.len();
        if count == 0 && bad == 0 {
            self.found.error("text", At(self.name, 0), "", "has no rows".into());
        }
        *to = Some(Source { file: self.name.to_owned(), rows });
        count
    }
}

/// The rows of a text, one after another.
struct Rows {
    reader: csv::Reader<std::io::Take<Text>>,
    row: csv::StringRecord,
    line: u64,
}

impl Rows {
    fn open(path: &Path) -> Result<Self, IngestError> {
        let failed = |source| IngestError::Open { path: path.to_owned(), source };
        let text = Text::new(unpack::open(path)?).map_err(failed)?;
        let mut reader = csv::ReaderBuilder::new();
        let reader = reader.has_headers(false).flexible(true).from_reader(text.take(MOST_BYTES));
        Ok(Self { reader, row: csv::StringRecord::new(), line: 0 })
    }

    /// Reads the next row. Returns its line, none at the end; or what is wrong.
    fn next(&mut self) -> Result<Option<u64>, String> {
        let read = self.reader.read_record(&mut self.row);
        // The reader has counted the line end of the row.
        self.line = self.reader.position().line().saturating_sub(1).max(1);
        if self.reader.get_ref().limit() == 0 {
            return Err(format!(
                "is larger than {} MB unpacked, and no publisher's file is",
                MOST_BYTES >> 20
            ));
        }
        match read {
            Ok(false) => Ok(None),
            Ok(true) if self.row.iter().any(|cell| cell.contains('\n')) => {
                Err("a quotation mark opens in this row and closes in another line".into())
            }
            Ok(true) => Ok(Some(self.line)),
            // Rows may have any number of cells, so nothing else fails but the text.
            Err(error) => {
                let kind = error.into_kind();
                let failed = if let csv::ErrorKind::Io(error) = &kind { Some(error) } else { None };
                Err(failed.map_or(NO_TEXT.to_owned(), |error| format!("reading failed: {error}")))
            }
        }
    }
}
