//! A map from the columns and words of an extract to the columns and codes of the service, in a TOML file.
//!
//! ```toml
//! [columns]                  # column of the file = column of the service; "" leaves it out
//! "Contact type" = "channel"
//! "NHS number" = ""
//!
//! [codes.channel]            # word of the file = code; "" is not recorded
//! "F2F" = "FACE_TO_FACE"
//!
//! [constants]                # columns that every row has
//! organisation = "C82001"
//! ```

mod guess;
mod known_names;
mod sketch;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::IngestError;
use super::equity_csv::{all_names, holds_several, known};
use super::row_map::{Origin, RowMap};
use crate::domain::codes::nearest_code;

pub use sketch::sketch;

/// A map of columns, as its file says it.
#[derive(Clone, Debug)]
pub struct ColumnMap {
    path: PathBuf,
    tables: Tables,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tables {
    #[serde(default)]
    columns: BTreeMap<String, String>,
    #[serde(default)]
    codes: BTreeMap<String, BTreeMap<String, String>>,
    #[serde(default)]
    constants: BTreeMap<String, String>,
}

impl ColumnMap {
    /// Reads a map.
    ///
    /// # Errors
    /// The file cannot be read or is no such map.
    pub fn read(path: &Path) -> Result<Self, IngestError> {
        let failed = |source| IngestError::Open { path: path.to_owned(), source };
        let text = std::fs::read_to_string(path).map_err(failed)?;
        let wrong = |error: toml::de::Error| IngestError::ColumnMap {
            path: path.to_owned(),
            what: vec![error.to_string().trim_end().to_owned()],
        };
        Ok(Self { path: path.to_owned(), tables: toml::from_str(&text).map_err(wrong)? })
    }

    /// The header of a file as the service's columns, and the map of its rows.
    ///
    /// # Errors
    /// The map and the header do not fit: everything that is wrong is named.
    pub(super) fn over(
        &self,
        header: &csv::StringRecord,
    ) -> Result<(csv::StringRecord, RowMap), IngestError> {
        let Tables { columns, codes, constants } = &self.tables;
        let mut what = self.unknown(header);
        let (mut names, mut origins) = (csv::StringRecord::new(), Vec::new());
        for (place, column) in header.iter().enumerate() {
            let own = || known(column);
            match columns.get(column).map(String::as_str).or_else(own) {
                None => what.push(format!(
                    "column {column:?} of the file is not under [columns]: add it, with \"\" if it is to be left out"
                )),
                Some("") => {}
                Some(name) if names.iter().any(|other| other == name) => {
                    what.push(format!("two columns of the file are {name:?}; one is {column:?}"));
                }
                Some(name) => {
                    let (codes, several) = (codes.get(name).cloned().unwrap_or_default(), holds_several(name));
                    names.push_field(name);
                    origins.push(Origin::Column { place, codes, several });
                }
            }
        }
        for name in codes.keys().filter(|name| !names.iter().any(|other| other == *name)) {
            what.push(format!("[codes.{name}]: no column of the file is {name:?} under [columns]"));
        }
        for (name, constant) in constants {
            if names.iter().any(|other| other == name) {
                what.push(format!(
                    "{name:?} is under [constants], and a column of the file has it too"
                ));
            }
            names.push_field(name);
            origins.push(Origin::Constant(constant.clone()));
        }
        match what.is_empty() {
            true => Ok((names, RowMap(origins))),
            false => Err(IngestError::ColumnMap { path: self.path.clone(), what }),
        }
    }

    /// Names in the map that neither the file nor the service has.
    fn unknown(&self, header: &csv::StringRecord) -> Vec<String> {
        let Tables { columns, constants, .. } = &self.tables;
        let maybe = |near: Option<&str>| {
            near.map_or(String::new(), |near| format!("; did you mean {near:?}?"))
        };
        let ours = columns.values().filter(|name| !name.is_empty()).chain(constants.keys());
        let unknown = ours.filter(|name| !all_names().any(|known| known == *name));
        let unknown = unknown.map(|name| {
            format!(
                "{name:?} is not a column of the service{}",
                maybe(nearest_code(name, all_names()))
            )
        });
        let missing = columns.keys().filter(|column| !header.iter().any(|other| other == *column));
        let missing = missing.map(|column| {
            format!(
                "the file has no column {column:?}{}",
                maybe(nearest_code(column, header.iter()))
            )
        });
        missing.chain(unknown).collect()
    }
}
