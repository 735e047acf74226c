//! Reads `published.toml`, and checks it: everybody may read these tables.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::files::wrong;
use crate::domain::area::Areas;
use crate::domain::codes::{Content, ContentError, Dimension, Source};
use crate::domain::collection::{Collection, Dataset, Openness};
use crate::domain::disclosure::Lattice;
use crate::domain::field::Field;
use crate::domain::published::{PublishedTable, PublishedTables};

const FILE: &str = "published.toml";
/// Most dimensions of a table, and most periods.
const DIMENSIONS: usize = 2;
const PERIODS: usize = 60;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PublishedFile {
    version: String,
    #[serde(default)]
    table: Vec<PublishedTable>,
}

/// What the tables name.
pub(super) struct Names<'a> {
    pub(super) areas: &'a Areas,
    pub(super) collections: &'a BTreeMap<String, Collection>,
    pub(super) dimensions: &'a [Dimension],
    /// The hierarchy of areas, and sensitive characteristics.
    pub(super) lattice: &'a Lattice,
}

/// The tables, if each may be published.
pub(super) fn published(
    content: &Content,
    names: &Names<'_>,
) -> Result<PublishedTables, ContentError> {
    let text = content.file(FILE)?;
    let file: PublishedFile = toml::from_str(text).map_err(|error| wrong(FILE, error))?;
    let mut views: BTreeMap<(&str, Field), &str> = BTreeMap::new();
    for (place, table) in file.table.iter().enumerate() {
        let bad = |what: String| wrong(FILE, format!("table `{}`: {what}", table.id));
        if file.table[..place].iter().any(|before| before.id == table.id) {
            return Err(bad("is defined twice".into()));
        }
        names.check(table).map_err(bad)?;
        for id in &table.dimensions {
            let Some(field) = names.dimension(id).map_err(bad)?.field() else { continue };
            let view = views.entry((&table.collection, field)).or_insert(id);
            if view != id {
                return Err(bad(format!(
                    "`{id}` and `{view}` are views of the same field; use one of them in all tables of `{}`",
                    table.collection
                )));
            }
        }
    }
    let hash = blake3::hash(text.as_bytes()).to_hex();
    let version = format!("{}-{}", file.version, &hash[..8]);
    Ok(PublishedTables { version, tables: file.table })
}

impl Names<'_> {
    fn dimension(&self, id: &str) -> Result<&Dimension, String> {
        let found = self.dimensions.iter().find(|dimension| dimension.id == id);
        found.ok_or_else(|| format!("no dimension `{id}`"))
    }

    fn check(&self, table: &PublishedTable) -> Result<(), String> {
        let PublishedTable { id, collection, area, dimensions, periods, .. } = table;
        let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if id.is_empty() || id.len() > 63 || !id.bytes().all(is_name) {
            return Err("an id has 1 to 63 small letters, digits and `-`".into());
        }
        let collection = self.collections.get(collection);
        let collection =
            collection.ok_or_else(|| format!("no collection `{}`", table.collection))?;
        if collection.openness == Openness::Open {
            return Err(format!(
                "`{}` is open: everybody may read all of it already",
                collection.id
            ));
        }
        if !collection.datasets.contains(&Dataset::Consultations) {
            return Err(format!("`{}` has no consultations", collection.id));
        }
        let levels = &self.lattice.provider;
        let kind = self.areas.get(area).map_or("", |area| area.kind.as_str());
        let Some(level) = levels.iter().position(|level| level.area_type == kind) else {
            let types: Vec<_> = levels.iter().map(|level| level.area_type.as_str()).collect();
            return Err(format!("`{area}` has to be an area of type {}", types.join(", ")));
        };
        if !(1..=DIMENSIONS).contains(&dimensions.len()) || !(1..=PERIODS).contains(periods) {
            return Err(format!("has 1 to {DIMENSIONS} dimensions, and 1 to {PERIODS} periods"));
        }
        let mut deepest = level;
        for id in dimensions {
            deepest = deepest.max(self.level(id, level)?);
        }
        if dimensions.iter().skip(1).any(|id| *id == dimensions[0]) {
            return Err("has the same dimension twice".into());
        }
        self.sensitive(dimensions, deepest)
    }

    /// The level of areas that a dimension tells apart; that of the whole if it tells none apart.
    fn level(&self, id: &str, whole: usize) -> Result<usize, String> {
        let dimension = self.dimension(id)?;
        match &dimension.source {
            Source::Field(Field::ResidenceLsoa) => {}
            Source::Field(_) if dimension.overlapping() => {
                return Err(format!("`{id}` has several values a record, so it is not published"));
            }
            Source::Field(_) => return Ok(whole),
            Source::ProviderArea(kind) => {
                let levels = &self.lattice.provider;
                let level = levels.iter().position(|level| level.area_type == *kind);
                if let Some(level) = level.filter(|level| *level > whole) {
                    return Ok(level);
                }
            }
            Source::Month
            | Source::Quarter
            | Source::FinancialYear
            | Source::CalendarYear
            | Source::Organisation
            | Source::OrganisationAttribute(_)
            | Source::Computed => {}
        }
        Err(format!(
            "`{id}` is not published: use a characteristic with one value a record, or a type of areas within the area"
        ))
    }

    fn sensitive(&self, dimensions: &[String], level: usize) -> Result<(), String> {
        for sensitive in &self.lattice.sensitive {
            let levels = &self.lattice.provider;
            let least = levels.iter().position(|of| of.area_type == sensitive.least_area_type);
            let field = self.dimension(&sensitive.dimension)?.field();
            for id in dimensions {
                if self.dimension(id)?.field() == field && level > least.unwrap_or(0) {
                    return Err(format!(
                        "`{id}` is sensitive, and is published of a whole {} alone",
                        sensitive.least_area_type
                    ));
                }
            }
        }
        Ok(())
    }
}
