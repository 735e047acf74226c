//! Rows of a file with other columns and words, as rows with the columns and codes of the service.

use std::collections::BTreeMap;

/// Where the cell of a column of the service comes from.
#[derive(Clone, Debug)]
pub(super) enum Origin {
    /// From a column of the file, by its place.
    Column {
        place: usize,
        /// Word of the file to code; a word that is missing here stays as it is.
        codes: BTreeMap<String, String>,
        /// Whether a cell holds several words, joined with `;`.
        several: bool,
    },
    /// The same in every row.
    Constant(String),
}

/// For each column of the service that the file has, where its cells come from.
#[derive(Clone, Debug)]
pub(super) struct RowMap(pub(super) Vec<Origin>);

impl RowMap {
    /// The row as the service's columns have it.
    pub(super) fn apply(&self, row: &csv::StringRecord) -> csv::StringRecord {
        let mut mapped = csv::StringRecord::new();
        for origin in &self.0 {
            match origin {
                Origin::Constant(constant) => mapped.push_field(constant),
                Origin::Column { place, codes, several: true } => {
                    let words = row[*place].split(';').map(|word| code(codes, word.trim()));
                    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
                    mapped.push_field(&words.join(";"));
                }
                Origin::Column { place, codes, several: false } => {
                    mapped.push_field(code(codes, row[*place].trim()));
                }
            }
        }
        mapped.set_position(row.position().cloned());
        mapped
    }
}

fn code<'a>(codes: &'a BTreeMap<String, String>, word: &'a str) -> &'a str {
    codes.get(word).map_or(word, String::as_str)
}
