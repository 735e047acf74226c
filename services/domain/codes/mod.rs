//! Code lists, missing states, crosswalks and the views that questions are asked in. The content is data: see `data/`.

mod content;
mod dimension;
mod list;
mod value;

pub use content::{Content, ContentError};
pub use dimension::{Dimension, Source};
pub use list::{Category, CodeList, CodeListError, CodeSystem, Mapped};
pub use value::{State, Value};

/// Id of a code list.
pub type ListId<'a> = &'a str;

/// The candidate nearest to what was given, if any is near enough to be worth naming.
#[must_use]
pub fn nearest<'a>(given: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let given = given.to_lowercase();
    candidates
        .map(|candidate| (strsim::jaro_winkler(&given, &candidate.to_lowercase()), candidate))
        .filter(|(similarity, _)| *similarity > 0.6)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}
