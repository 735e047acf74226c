//! Recognises a file by its header row.

use std::collections::BTreeMap;
use std::path::Path;

use super::grouping::{Layout, Parcels};
use super::open::Table;
use super::{
    IngestError, Parcel, census, coverage, deri, gpad, gpps_answers, gpps_charts, internet_users,
    mid_2020, own, refused,
};

/// What holds where a file does not say it itself. Publications say organisation and month in every row.
#[derive(Debug, Clone, Default)]
pub struct Defaults {
    /// Code of the organisation.
    pub organisation: Option<String>,
    /// Calendar month, `2020-04`.
    pub month: Option<String>,
    /// Id of the collection.
    pub collection: Option<String>,
    /// Field name to code system, where it is not the default of the field.
    pub code_systems: BTreeMap<String, String>,
    /// Names of the characteristics that the source collects. Nothing: those that have a column.
    pub collected: Option<Vec<String>>,
    /// How the person keys were made.
    pub person_key_scheme: Option<String>,
}

/// Opens a file and yields one parcel for each organisation and month in it, in the order in which they end in the file.
///
/// The file is read twice: once to see which rows belong together, once to read them. Rows of one parcel that stand together
/// are in memory alone; rows in any other order cost memory, not correctness.
///
/// # Errors
/// The file cannot be opened or read, its format is unknown, or it lacks a column. Errors of single rows come with the parcels,
/// except where organisation or month cannot be read.
pub fn read(path: &Path, defaults: &Defaults) -> Result<Parcels, IngestError> {
    let header = Table::open(path, csv::Trim::None)?.header()?;
    let layout: Box<dyn Layout> = if gpad::Gpad::recognises(&header) {
        Box::new(gpad::Gpad::new(&header, defaults)?)
    } else if coverage::Coverage::recognises(&header) {
        Box::new(coverage::Coverage::new(&header, defaults)?)
    } else if internet_users::InternetUsers::recognises(&header) {
        Box::new(internet_users::InternetUsers::new(&header, defaults)?)
    } else if gpps_charts::Charts::recognises(&header) {
        Box::new(gpps_charts::Charts::new(&header, defaults)?)
    } else if gpps_answers::Answers::recognises(&header) {
        Box::new(gpps_answers::Answers::new(&header, defaults)?)
    } else if deri::Deri::recognises(&header) {
        Box::new(deri::Deri::new(&header, defaults)?)
    } else if mid_2020::Mid2020::recognises(&header) {
        Box::new(mid_2020::Mid2020::new(&header, defaults)?)
    } else if let Some(census) = census::Census::new(&header, defaults)? {
        Box::new(census)
    } else if let Some(refusal) = refused::refused(&header) {
        return Err(refusal);
    } else if own::Own::recognises(&header) {
        Box::new(own::Own::new(&header, defaults)?)
    } else {
        return Err(IngestError::UnknownFormat {
            found: super::error::shortened(header.get(0).unwrap_or_default()),
        });
    };
    Parcels::new(path, layout)
}

/// [`read`], all at once: for whoever wants to know that the whole file is good before doing anything with it.
///
/// # Errors
/// As [`read`], and the first error of a row.
pub fn read_all(path: &Path, defaults: &Defaults) -> Result<Vec<Parcel>, IngestError> {
    read(path, defaults)?.collect()
}

/// Where a column stands in the header, by any of its spellings, in upper or lower case.
pub(super) fn find(header: &csv::StringRecord, spellings: &[&'static str]) -> Option<usize> {
    header.iter().position(|name| spellings.iter().any(|known| known.eq_ignore_ascii_case(name)))
}

/// [`find`], where the format cannot do without the column; it must not stand twice.
pub(super) fn require(
    header: &csv::StringRecord,
    spellings: &[&'static str],
) -> Result<usize, IngestError> {
    let found =
        find(header, spellings).ok_or(IngestError::MissingColumn { column: spellings[0] })?;
    let alike = header.iter().filter(|name| name.eq_ignore_ascii_case(&header[found])).count();
    match alike {
        1 => Ok(found),
        _ => Err(IngestError::RepeatedColumn { column: header[found].to_owned() }),
    }
}
