//! The header row of a file: finds columns by name.

use super::IngestError;
use super::error::shortened;
use crate::domain::codes;

/// The place of a column in the header, by any of its spellings, in upper or lower case.
pub(super) fn find(header: &csv::StringRecord, spellings: &[&'static str]) -> Option<usize> {
    header.iter().position(|name| is_one_of(name, spellings))
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

/// The places of the columns of a publication, each by any of its spellings. An error that names every column that is missing, or
/// neither one of these nor `passed_over`; or one that appears twice.
pub(super) fn columns<const N: usize>(
    header: &csv::StringRecord,
    wanted: [&[&'static str]; N],
    passed_over: impl Fn(&str) -> bool,
    (what, taken): (&'static str, &'static str),
) -> Result<[usize; N], IngestError> {
    let places = wanted.map(|spellings| find(header, spellings));
    let lacks = wanted.iter().zip(places).filter(|(_, place)| place.is_none());
    let lacks: Vec<_> = lacks.map(|(spellings, _)| spellings[0]).collect();
    let known = |column: &usize| places.contains(&Some(*column)) || passed_over(&header[*column]);
    let others = (0..header.len()).filter(|column| !known(column));
    // What is there already is meant by no other name.
    let near = |name: &str| codes::nearest_code(name, lacks.iter().copied());
    let others = others.map(|place| (shortened(&header[place]), near(&header[place])));
    let others: Vec<_> = others.collect();
    for spellings in wanted.iter().filter(|_| lacks.is_empty()) {
        require(header, spellings)?;
    }
    match (lacks.is_empty(), others.is_empty()) {
        (true, true) => Ok(places.map(Option::unwrap_or_default)),
        (..) => Err(IngestError::OtherColumns { what, lacks, others, taken }),
    }
}

/// Columns with one spelling each.
pub(super) fn each<'a, const N: usize>(names: &'a [&'static str; N]) -> [&'a [&'static str]; N] {
    names.each_ref().map(std::slice::from_ref)
}

/// Whether a name is one of these, in upper or lower case.
pub(super) fn is_one_of(name: &str, names: &[&str]) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// Whether the header has all of these columns.
pub(super) fn has_all(header: &csv::StringRecord, names: &[&'static str]) -> bool {
    names.iter().all(|name| find(header, &[*name]).is_some())
}
