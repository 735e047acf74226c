//! Groups the rows of a file by organisation and month. The rows may be in any order.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::cells::whole;
use super::defaults::Defaults;
use super::open::{CsvFile, line_of};
use super::problems::Problems;
use super::row_map::RowMap;
use super::symbols::symbol;
use super::total_row::TotalRow;
use super::{IngestError, SubmissionFile, counted};

/// A format of files: which submission a row belongs to, and which records it gives.
pub(super) trait FileFormat: Send {
    /// What a row is, if it is none of those that are taken. Such rows are left out and counted.
    fn leaves_out(&self, _row: &csv::StringRecord) -> Option<&'static str> {
        None
    }

    /// Organisation and month (`2020-04`) of a row.
    fn group<'a>(
        &'a self,
        row: &'a csv::StringRecord,
    ) -> Result<OrganisationMonth<'a>, IngestError>;

    /// Fills a new submission before its first row. Organisation and month are set already.
    fn start(&self, submission: &mut SubmissionFile);

    /// Adds the records of a row to its submission.
    fn add(
        &mut self,
        submission: &mut SubmissionFile,
        row: &csv::StringRecord,
    ) -> Result<(), IngestError>;

    /// Whether it is a publication whose rows are of many organisations, of which some can be taken.
    fn is_of_many(&self) -> bool {
        false
    }

    /// Columns of whole numbers.
    fn whole_numbers(&self) -> Vec<usize> {
        Vec::new()
    }

    /// Columns of figures that their publisher may not give.
    fn figures(&self) -> Vec<usize> {
        self.whole_numbers()
    }

    /// What was read in another form than that of the format so far, in words.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }

    /// Completes a submission after its last row: checks sums and missing rows, adds records that come from several rows.
    fn complete(&mut self, _submission: &mut SubmissionFile) -> Result<(), IngestError> {
        Ok(())
    }
}

/// Most bytes of rows that are kept between the two passes, about: a file of this size is read once.
const KEPT_BYTES: usize = 8 << 20;

/// Organisation and month of a row.
pub(super) type OrganisationMonth<'a> = (&'a str, Cow<'a, str>);

/// The submissions of a file, one at a time. After an error there are no more.
pub struct SubmissionFiles {
    format: Box<dyn FileFormat>,
    rows: Rows,
    places: Places,
    /// By place: the submission, if it has rows yet, and the number of its rows that are still to come.
    groups: Vec<(Option<SubmissionFile>, u64)>,
    row_count: u64,
    notes: Vec<String>,
    defaults: Defaults,
    /// Errors of rows so far: after the first one the rest of the file is only checked.
    wrong: Problems,
    ended: bool,
}

/// The rows for the second pass.
enum Rows {
    /// Of a small file: kept from the first pass.
    Kept(std::vec::IntoIter<csv::StringRecord>),
    /// Of a large file, opened again.
    Again(Box<MappedFile>),
}

/// A file whose rows are mapped, if there is a map.
struct MappedFile {
    file: CsvFile,
    map: Option<RowMap>,
}

impl MappedFile {
    /// Opens the file and skips its header.
    fn open(path: &Path, map: Option<RowMap>) -> Result<Self, IngestError> {
        let mut file = CsvFile::open(path)?;
        file.header()?;
        Ok(Self { file, map })
    }

    /// Reads the next row. False after the last.
    fn next(&mut self, row: &mut csv::StringRecord) -> Result<bool, IngestError> {
        let more = self.file.next(row)?;
        if let Some(map) = self.map.as_ref().filter(|_| more) {
            *row = map.apply(row);
        }
        Ok(more)
    }
}

impl Rows {
    /// Reads the next row. False after the last.
    fn next(&mut self, row: &mut csv::StringRecord) -> Result<bool, IngestError> {
        match self {
            Rows::Again(file) => file.next(row),
            Rows::Kept(rows) => Ok(rows.next().map(|kept| *row = kept).is_some()),
        }
    }
}

/// A number for each organisation and month, in the order of the file.
#[derive(Default)]
struct Places {
    by_name: BTreeMap<(String, String), usize>,
    /// Rows of one submission are mostly neighbours: remembering the last one saves a search.
    last: Option<(String, String, usize)>,
}

impl Places {
    fn of(&mut self, organisation: &str, month: &str) -> usize {
        match &self.last {
            Some((o, m, place)) if o == organisation && m == month => *place,
            _ => {
                let name = (organisation.to_owned(), month.to_owned());
                let next = self.by_name.len();
                let place = *self.by_name.entry(name.clone()).or_insert(next);
                self.last = Some((name.0, name.1, place));
                place
            }
        }
    }
}

impl SubmissionFiles {
    /// Reads the file once and counts the rows of each submission. With a map, the format sees the mapped rows.
    pub(super) fn new(
        path: &Path,
        format: Box<dyn FileFormat>,
        defaults: &Defaults,
        map: Option<RowMap>,
    ) -> Result<Self, IngestError> {
        Self::keeping(KEPT_BYTES, path, format, defaults, map)
    }

    fn keeping(
        most: usize,
        path: &Path,
        format: Box<dyn FileFormat>,
        defaults: &Defaults,
        map: Option<RowMap>,
    ) -> Result<Self, IngestError> {
        let (mut places, mut groups, mut row_count) = (Places::default(), Vec::new(), 0);
        let mut file = MappedFile::open(path, map)?;
        let (mut row, mut wrong, mut agreed) =
            (csv::StringRecord::new(), Problems::default(), Ok(()));
        let mut left_out: BTreeMap<&str, u64> = BTreeMap::new();
        let (whole_numbers, mut with_decimals) = (format.whole_numbers(), 0_usize);
        let (figures, mut not_given) = (format.figures(), BTreeMap::<String, u64>::new());
        let mut total_row = TotalRow::new(&figures);
        let (is_of_many, mut not_asked) = (format.is_of_many(), (0_u64, BTreeSet::new()));
        let (mut kept, mut kept_bytes) = (Vec::new(), 0);
        loop {
            match file.next(&mut row) {
                Err(error @ IngestError::Cells { .. }) => {
                    wrong.add(error);
                    continue;
                }
                Ok(false) => break,
                read => read?,
            };
            if let Some(what) = format.leaves_out(&row) {
                *left_out.entry(what).or_default() += 1;
                continue;
            }
            total_row.see(&row);
            let Some((organisation, month)) = wrong.take(format.group(&row)) else { continue };
            if is_of_many && !defaults.wants(organisation) {
                not_asked.0 += 1;
                if !not_asked.1.contains(organisation) {
                    not_asked.1.insert(organisation.to_owned());
                }
                continue;
            }
            let place = places.of(organisation, &month);
            if place == groups.len() {
                // The first contradiction says enough.
                agreed = agreed.and_then(|()| defaults.agree(&row, organisation, &month));
                groups.push((None, 0));
            }
            groups[place].1 += 1;
            row_count += 1;
            let cells = whole_numbers.iter().map(|column| &row[*column]);
            with_decimals += cells.filter(|cell| whole(cell).len() < cell.len()).count();
            for symbol in figures.iter().filter_map(|column| symbol(&row[*column])) {
                match not_given.get_mut(symbol) {
                    Some(count) => *count += 1,
                    None => drop(not_given.insert(symbol.to_owned(), 1)),
                }
            }
            // A cell takes its text, and where it ends.
            kept_bytes += row.as_slice().len() + row.len() * size_of::<usize>();
            if kept_bytes <= most {
                kept.push(row.clone());
            } else {
                kept = Vec::new();
            }
        }
        wrong.take(agreed);
        wrong.take(total_row.verdict());
        wrong.verdict()?;
        let not_asked = told_of(not_asked.0, not_asked.1.len(), row_count, defaults)?;
        if let (0, false) = (row_count, left_out.is_empty()) {
            let what: Vec<_> = left_out.keys().copied().collect();
            let (rows, what) = (left_out.values().sum(), what.join("; "));
            return Err(IngestError::NothingTaken { rows, what });
        }
        let left_out =
            left_out.iter().map(|(what, rows)| format!("{what}, which were left out: {rows}"));
        let decimals = (with_decimals > 0).then(|| {
            format!("whole numbers with decimals, `77.0`, which were read as `77`: {with_decimals}")
        });
        let own = file.file.notes().into_iter().chain(format.notes());
        let each: Vec<_> = not_given
            .iter()
            .take(10)
            .map(|(symbol, count)| format!("{count} `{symbol}`"))
            .collect();
        let not_given = (!each.is_empty()).then(|| {
            format!(
                "symbols of numbers that the publisher does not give, which are never 0: {}",
                each.join(", ")
            )
        });
        let notes = own.chain(decimals).chain(not_given).chain(left_out).chain(not_asked);
        let notes = notes.collect();
        let rows = if kept_bytes <= most {
            Rows::Kept(kept.into_iter())
        } else {
            Rows::Again(Box::new(MappedFile::open(path, file.map)?))
        };
        Ok(SubmissionFiles {
            format,
            rows,
            places,
            groups,
            row_count,
            notes,
            defaults: defaults.clone(),
            wrong,
            ended: false,
        })
    }

    /// What was passed over or read in another form in the file, in words.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Number of rows in the file that have a value, without the header.
    pub fn row_count(&self) -> u64 {
        self.row_count
    }

    /// Number of submissions in the file.
    pub fn submission_count(&self) -> usize {
        self.groups.len()
    }

    /// Reads rows until a submission is complete.
    fn read_on(&mut self) -> Result<Option<SubmissionFile>, IngestError> {
        let mut row = csv::StringRecord::new();
        while self.rows.next(&mut row)? {
            if self.format.leaves_out(&row).is_some() {
                continue;
            }
            let (organisation, month) = self.format.group(&row)?;
            if self.format.is_of_many() && !self.defaults.wants(organisation) {
                continue;
            }
            let place = self.places.of(organisation, &month);
            let Some((submission, left)) = self.groups.get_mut(place).filter(|(_, left)| *left > 0)
            else {
                return Err(changed(line_of(&row)));
            };
            let filling = submission.get_or_insert_with(|| {
                let mut submission = SubmissionFile::new(organisation, &month);
                self.format.start(&mut submission);
                submission
            });
            self.wrong.take(self.format.add(filling, &row));
            filling.lines.fill(filling.rows.len(), line_of(&row));
            *left -= 1;
            if *left == 0 {
                if self.wrong.is_empty() {
                    self.wrong.take(self.format.complete(filling));
                    self.wrong.take(self.defaults.of_collection(filling));
                }
                let complete = submission.take();
                if self.wrong.is_empty() {
                    return Ok(complete);
                }
            }
        }
        self.wrong.verdict()?;
        self.all_came()
    }

    /// At the end of the file: an error unless every row of the first pass came again.
    fn all_came(&self) -> Result<Option<SubmissionFile>, IngestError> {
        match &self.rows {
            Rows::Again(file) if self.groups.iter().any(|(_, left)| *left > 0) => {
                Err(changed(file.file.line()))
            }
            Rows::Again(_) | Rows::Kept(_) => Ok(None),
        }
    }
}

impl Iterator for SubmissionFiles {
    type Item = Result<SubmissionFile, IngestError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.read_on();
        self.ended = !matches!(next, Ok(Some(_)));
        next.transpose()
    }
}

impl std::fmt::Debug for SubmissionFiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (rows, submissions) = (self.row_count, self.groups.len());
        f.debug_struct("SubmissionFiles")
            .field("rows", &rows)
            .field("submissions", &submissions)
            .finish()
    }
}

/// What is said of rows of other organisations than those that were asked for. An error if there are no more rows.
fn told_of(
    rows: u64,
    others: usize,
    row_count: u64,
    defaults: &Defaults,
) -> Result<Option<String>, IngestError> {
    let ((one, whom), others) = (defaults.whom(), counted(others as u64, "other organisation"));
    if rows > 0 && row_count == 0 {
        return Err(IngestError::NoneOf { whom: one, others });
    }
    Ok((rows > 0).then(|| format!("rows of {others} than {whom}, which were left out: {rows}")))
}

/// The error that the file is not as in the first pass.
fn changed(line: u64) -> IngestError {
    let source =
        std::io::Error::other("the file changed while it was being read; run the command again");
    IngestError::Read { line, source }
}

#[cfg(test)]
#[path = "grouping_tests.rs"]
mod tests;
