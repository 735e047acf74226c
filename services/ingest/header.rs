//! The header row of a file: finds columns by name.

use super::IngestError;
use super::error::shortened;
use super::problems::Problems;
use crate::domain::codes;

/// The place of a column in the header, by any of its spellings, in upper or lower case.
pub(super) fn find(header: &csv::StringRecord, spellings: &[&'static str]) -> Option<usize> {
    header.iter().position(|name| spellings.iter().any(|known| known.eq_ignore_ascii_case(name)))
}

/// The place of a required column. An error if the column is missing or appears twice.
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

/// The places of these columns. An error unless the header has each of them once, and no others.
pub(super) fn exactly<const N: usize>(
    header: &csv::StringRecord,
    names: [&'static str; N],
) -> Result<[usize; N], IngestError> {
    let mut places = [0; N];
    let mut wrong = Problems::default();
    for (place, name) in places.iter_mut().zip(names) {
        *place = wrong.take(require(header, &[name])).unwrap_or(usize::MAX);
    }
    let extra = (0..header.len()).filter(|column| !places.contains(column));
    wrong.take(no_others(header, extra, &names));
    wrong.verdict().map(|()| places)
}

/// An error that names these columns of the header, if there are any, each with the nearest of the known `names`.
pub(super) fn no_others(
    header: &csv::StringRecord,
    others: impl Iterator<Item = usize>,
    names: &[&'static str],
) -> Result<(), IngestError> {
    let near = |name: &str| codes::nearest_code(name, names.iter().copied());
    let columns: Vec<_> =
        others.map(|place| (shortened(&header[place]), near(&header[place]))).collect();
    if columns.is_empty() {
        Ok(())
    } else {
        Err(IngestError::UnknownColumns { columns, advice: "" })
    }
}

/// An error if the header has a column that is neither at one of these places nor one of these names.
pub(super) fn nothing_else(
    header: &csv::StringRecord,
    places: &[usize],
    names: &[&str],
    (what, taken): (&'static str, &'static str),
) -> Result<(), IngestError> {
    let known = |column: &usize| {
        places.contains(column)
            || names.iter().any(|name| name.eq_ignore_ascii_case(&header[*column]))
    };
    let others = (0..header.len()).filter(|column| !known(column));
    let columns: Vec<_> = others.map(|place| format!("{:?}", shortened(&header[place]))).collect();
    match columns.is_empty() {
        true => Ok(()),
        false => Err(IngestError::OtherColumns { what, columns, taken }),
    }
}

/// Whether the header has all of these columns.
pub(super) fn has_all(header: &csv::StringRecord, names: &[&'static str]) -> bool {
    names.iter().all(|name| find(header, &[*name]).is_some())
}
