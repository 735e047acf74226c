//! The rows of the files of areas, organisations and small areas, as the files have them: read to be checked, changed by
//! `equity reference build`, and written again.

use serde::{Deserialize, Serialize};

use super::files::{rows, wrong};
use crate::domain::codes::{Content, ContentError};

/// Names of the files, in the order of [`PlaceRows::files`].
pub const PLACE_FILES: [&str; 4] =
    ["areas.csv", "organisations.csv", "lsoa.csv", "lsoa_lookup.csv"];

/// Columns of the rows, in their order.
const AREA_COLUMNS: &[&str] = &[
    "code",
    "other_code",
    "name",
    "type",
    "parents",
    "published_in",
    "former_codes",
    "first_month",
    "last_month",
    "successors",
    "breaks",
    "former_parents",
];
const SMALL_AREA_COLUMNS: &[&str] = &[
    "lsoa",
    "edition",
    "district",
    "imd_edition",
    "imd_decile",
    "sub_icb",
    "population",
    "former_sub_icb",
];
const LOOK_UP_COLUMNS: [&str; 3] = ["lsoa_2011", "lsoa_2021", "change"];

/// A row of `areas.csv`. [`crate::domain::area::Area`] says what each column means; lists are joined with `;`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[allow(missing_docs, reason = "the columns are described where they are checked")]
pub struct AreaRow {
    pub code: String,
    pub other_code: String,
    pub name: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub parents: String,
    #[serde(default)]
    pub published_in: String,
    #[serde(default)]
    pub former_codes: String,
    #[serde(default)]
    pub first_month: String,
    #[serde(default)]
    pub last_month: String,
    #[serde(default)]
    pub successors: String,
    #[serde(default)]
    pub breaks: String,
    #[serde(default)]
    pub former_parents: String,
}

/// A row of `organisations.csv`. [`crate::domain::area::Organisation`] says what each column means; lists are joined with `;`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[allow(missing_docs, reason = "the columns are described where they are checked")]
pub struct OrganisationRow {
    pub code: String,
    pub name: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub areas: String,
    #[serde(default)]
    pub first_month: String,
    #[serde(default)]
    pub last_month: String,
    #[serde(default)]
    pub successor: String,
    #[serde(default)]
    pub attributes: String,
}

/// A row of `lsoa.csv`. [`crate::domain::small_area::SmallArea`] says what each column means.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[allow(missing_docs, reason = "the columns are described where they are checked")]
pub struct SmallAreaRow {
    pub lsoa: String,
    pub edition: String,
    pub district: String,
    pub imd_edition: String,
    pub imd_decile: String,
    #[serde(default)]
    pub sub_icb: String,
    #[serde(default)]
    pub population: String,
    #[serde(default)]
    pub former_sub_icb: String,
}

/// A row of `lsoa_lookup.csv`: small areas of both editions that share land, and the letter of the change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[allow(missing_docs, reason = "the columns are described where they are checked")]
pub struct LookUpRow {
    pub lsoa_2011: String,
    pub lsoa_2021: String,
    pub change: String,
}

/// The codes of a list in one cell.
pub fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split(';').filter(|part| !part.is_empty())
}

/// The rows of all four files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlaceRows {
    /// Rows of `areas.csv`.
    pub areas: Vec<AreaRow>,
    /// Rows of `organisations.csv`.
    pub organisations: Vec<OrganisationRow>,
    /// Rows of `lsoa.csv`.
    pub small_areas: Vec<SmallAreaRow>,
    /// Rows of `lsoa_lookup.csv`; none if the content has no such file.
    pub look_up: Vec<LookUpRow>,
}

impl PlaceRows {
    /// The rows of some content, in the order of its files. Nothing is checked but the columns.
    ///
    /// # Errors
    /// A file is missing or lacks a column.
    pub fn read(content: &Content) -> Result<Self, ContentError> {
        let [areas, organisations, small, look_up] = PLACE_FILES;
        Ok(Self {
            areas: rows(content, areas)?,
            organisations: rows(content, organisations)?,
            small_areas: rows(content, small)?,
            look_up: if content.file(look_up).is_ok() {
                rows(content, look_up)?
            } else {
                Vec::new()
            },
        })
    }

    /// The four files, by name: what [`PlaceRows::read`] reads again. A column `attributes` is written only if any organisation has some.
    ///
    /// # Errors
    /// A row cannot be written as CSV.
    pub fn files(&self) -> Result<[(String, String); 4], ContentError> {
        let [areas, organisations, small, look_up] = PLACE_FILES;
        Ok([
            (areas.to_owned(), written(areas, AREA_COLUMNS, &self.areas)?),
            (organisations.to_owned(), self.organisations_file()?),
            (small.to_owned(), written(small, SMALL_AREA_COLUMNS, &self.small_areas)?),
            (look_up.to_owned(), written(look_up, &LOOK_UP_COLUMNS, &self.look_up)?),
        ])
    }

    fn organisations_file(&self) -> Result<String, ContentError> {
        let file = PLACE_FILES[1];
        let columns = [
            "code",
            "name",
            "type",
            "areas",
            "first_month",
            "last_month",
            "successor",
            "attributes",
        ];
        let has_attributes = self.organisations.iter().any(|of| !of.attributes.is_empty());
        let width = columns.len() - usize::from(!has_attributes);
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(&columns[..width]).map_err(|error| wrong(file, error))?;
        for of in &self.organisations {
            let cells = [
                &of.code,
                &of.name,
                &of.kind,
                &of.areas,
                &of.first_month,
                &of.last_month,
                &of.successor,
                &of.attributes,
            ];
            writer.write_record(&cells[..width]).map_err(|error| wrong(file, error))?;
        }
        text(file, writer)
    }
}

/// A file without rows has its header: the reader looks for the columns.
fn written<T: Serialize>(file: &str, columns: &[&str], rows: &[T]) -> Result<String, ContentError> {
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    writer.write_record(columns).map_err(|error| wrong(file, error))?;
    for row in rows {
        writer.serialize(row).map_err(|error| wrong(file, error))?;
    }
    text(file, writer)
}

fn text(file: &str, writer: csv::Writer<Vec<u8>>) -> Result<String, ContentError> {
    let bytes = writer.into_inner().map_err(|error| wrong(file, error))?;
    String::from_utf8(bytes).map_err(|error| wrong(file, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_files_are_written_as_they_were_read() {
        let content = Content::embedded();
        for (name, text) in PlaceRows::read(&content).unwrap().files().unwrap() {
            let was = content.file(&name).unwrap();
            let differs = was.lines().zip(text.lines()).find(|(was, is)| was != is);
            assert_eq!(differs, None, "{name}");
            assert_eq!(was.lines().count(), text.lines().count(), "{name}");
        }
    }

    #[test]
    fn a_name_with_every_character_of_csv_comes_back() {
        let name = "St \"Anne\", the; 1,5\t'x'";
        let organisation = |attributes: &str| OrganisationRow {
            code: "A1".into(),
            name: name.into(),
            attributes: attributes.into(),
            ..OrganisationRow::default()
        };
        let mut rows = PlaceRows::read(&Content::embedded()).unwrap();
        rows.organisations = vec![organisation("practice_minority_quintile=q1"), organisation("")];
        rows.areas[0].name = name.into();
        let content = Content::with(rows.files().unwrap());
        assert_eq!(PlaceRows::read(&content).unwrap(), rows);
    }
}
