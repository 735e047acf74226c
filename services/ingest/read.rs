//! Recognises a file by its header row.

use std::io::Write;
use std::path::Path;

use super::column_map::ColumnMap;
use super::defaults::Defaults;
use super::grouping::{FileFormat, SubmissionFiles};
use super::open::CsvFile;
use super::{
    IngestError, SubmissionFile, census, coverage, deri, equity_csv, gpad, gpps_answers,
    gpps_charts, internet_users, iod, mid_2020, nhs_app, pomi, refused, registered,
};

/// Opens a file and yields one submission for each organisation and month, in the order in which they end in the file.
///
/// The rows are taken twice: first to count those of each submission, then to make records of them. Those of a small file are kept
/// in between, a larger one is read again. A submission is in memory from its first row to its last, so a sorted file needs little
/// memory.
///
/// # Errors
/// The file cannot be opened or read, its format is unknown, a column is missing, or a row has no valid organisation or month.
/// The iterator returns the other errors of rows.
pub fn read(path: &Path, defaults: &Defaults) -> Result<SubmissionFiles, IngestError> {
    let header = CsvFile::open(path)?.header()?;
    let format = match published(&header, defaults)? {
        Some(format) => {
            defaults.fit_a_publication()?;
            format
        }
        None => {
            if let Err(known) = equity_csv::EquityCsv::recognises(&header) {
                let found = super::error::shortened(header.get(0).unwrap_or_default());
                return Err(IngestError::UnknownFormat { found, known, columns: header.len() });
            }
            Box::new(equity_csv::EquityCsv::new(&header, defaults)?)
        }
    };
    SubmissionFiles::new(path, format, defaults, None)
}

/// As [`read`], of a file of which a map says which columns and codes of the service its columns and words are.
///
/// # Errors
/// As [`read`], and if the map and the header do not fit.
pub fn read_with_map(
    path: &Path,
    defaults: &Defaults,
    map: &ColumnMap,
) -> Result<SubmissionFiles, IngestError> {
    let header = CsvFile::open(path)?.header()?;
    let (header, rows) = map.over(&header)?;
    let format = equity_csv::EquityCsv::new(&header, defaults)?;
    SubmissionFiles::new(path, Box::new(format), defaults, Some(rows))
}

type Made = Result<Box<dyn FileFormat>, IngestError>;

fn boxed<F: FileFormat + 'static>(format: Result<F, IngestError>) -> Made {
    format.map(|format| Box::new(format) as Box<dyn FileFormat>)
}

/// Whether a header is that of a publication, and the format of such a file.
type Publication = (fn(&csv::StringRecord) -> bool, fn(&csv::StringRecord, &Defaults) -> Made);

/// The publications that a header tells apart, the first that fits. Those of the census tell themselves.
const PUBLICATIONS: [Publication; 11] = [
    (gpad::Gpad::recognises, |header, given| boxed(gpad::Gpad::new(header, given))),
    (coverage::Coverage::recognises, |header, given| boxed(coverage::Coverage::new(header, given))),
    (registered::Registered::recognises, |header, given| {
        boxed(registered::Registered::new(header, given))
    }),
    (internet_users::InternetUsers::recognises, |header, given| {
        boxed(internet_users::InternetUsers::new(header, given))
    }),
    (gpps_charts::Charts::recognises, |header, given| {
        boxed(gpps_charts::Charts::new(header, given))
    }),
    (gpps_answers::Answers::recognises, |header, given| {
        boxed(gpps_answers::Answers::new(header, given))
    }),
    (deri::Deri::recognises, |header, given| boxed(deri::Deri::new(header, given))),
    (pomi::Pomi::recognises, |header, given| boxed(pomi::Pomi::new(header, given))),
    (nhs_app::NhsApp::recognises, |header, given| boxed(nhs_app::NhsApp::new(header, given))),
    (iod::Iod::recognises, |header, given| boxed(iod::Iod::new(header, given))),
    (mid_2020::Mid2020::recognises, |header, given| boxed(mid_2020::Mid2020::new(header, given))),
];

/// The format of a published file; `None` if no publication has this header.
fn published(
    header: &csv::StringRecord,
    defaults: &Defaults,
) -> Result<Option<Box<dyn FileFormat>>, IngestError> {
    if let Some(refusal) = refused::refused(header) {
        return Err(refusal);
    }
    let found = PUBLICATIONS.iter().find(|(recognises, _)| recognises(header));
    match found {
        Some((_, open)) => open(header, defaults).map(Some),
        None => census::Census::new(header, defaults)
            .map(|found| found.map(|census| Box::new(census) as Box<dyn FileFormat>)),
    }
}

/// Whether a file is a publication whose rows are of many organisations, of which some can be taken: see [`Defaults::only`].
pub fn is_of_many(path: &Path) -> bool {
    let header = CsvFile::open(path).and_then(|mut file| file.header());
    let format = header.and_then(|header| published(&header, &Defaults::default()));
    matches!(format, Ok(Some(format)) if format.is_of_many())
}

/// Whether a file is one of those that have to be read as one: see [`join`].
pub fn is_part(path: &Path) -> bool {
    let header = CsvFile::open(path).and_then(|mut file| file.header());
    header.is_ok_and(|header| registered::Registered::is_part(&header))
}

/// Writes files with the same columns as one, with one header: a publication may put a month into several files.
///
/// # Errors
/// A file cannot be read, or has other columns than the first.
pub fn join(paths: &[&Path], out: impl Write) -> Result<(), IngestError> {
    let (mut out, mut first) = (csv::Writer::from_writer(out), None);
    for path in paths {
        let mut file = CsvFile::open(path)?;
        let header = file.header()?;
        match &first {
            None => {
                out.write_record(&header).map_err(IngestError::from_csv_written)?;
                first = Some((header, path));
            }
            Some((known, first)) if *known != header => {
                let [first, second] = [first, path].map(|path| path.display().to_string());
                return Err(IngestError::UnlikeParts { first, second });
            }
            Some(_) => {}
        }
        let mut row = csv::StringRecord::new();
        while file.next(&mut row)? {
            out.write_record(&row).map_err(IngestError::from_csv_written)?;
        }
    }
    out.flush().map_err(IngestError::Write)
}

/// Reads all submissions of a file. An error of any row is an error of the whole.
///
/// # Errors
/// As [`read`], and the first error of a row.
pub fn read_all(path: &Path, defaults: &Defaults) -> Result<Vec<SubmissionFile>, IngestError> {
    read(path, defaults)?.collect()
}
