//! Reads the files of the reference content into a checked [`Reference`].

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use super::files::wrong;
use super::members::Members;
use super::places::Places;
use super::{Reference, indicators, partners, profiles, published, targets};
use crate::domain::codes::{CodeList, Content, ContentError, Dimension, Source};
use crate::domain::collection::{Collection, Dataset, Openness, SubmissionDeadline};
use crate::domain::field::Field;
use crate::domain::partner::Partners;

/// Dimensions that are not views of a field: id, name, source.
fn built_in() -> [(&'static str, &'static str, Source); 8] {
    [
        ("month", "Calendar month", Source::Month),
        ("quarter", "Calendar quarter", Source::Quarter),
        ("financial_year", "Financial year, April to March", Source::FinancialYear),
        ("calendar_year", "Calendar year", Source::CalendarYear),
        ("organisation", "Submitting organisation", Source::Organisation),
        ("pcn", "Primary care network", Source::ProviderArea("pcn".into())),
        ("sub_icb", "Sub-ICB location", Source::ProviderArea("sub_icb".into())),
        ("place", "Place (upper-tier local authority)", Source::ProviderArea("place".into())),
    ]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DimensionEntry {
    id: String,
    /// Empty for an attribute of the organisation.
    #[serde(default)]
    field: String,
    #[serde(default)]
    organisation_attribute: bool,
    label: String,
    categories: Vec<String>,
    #[serde(default)]
    ordered: bool,
    #[serde(default)]
    direction: String,
    #[serde(default)]
    protected: String,
    #[serde(default)]
    map: BTreeMap<String, String>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DimensionFile {
    dimension: Vec<DimensionEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CollectionFile {
    collection: Vec<Collection>,
}

impl Reference {
    /// Reads and checks content.
    ///
    /// # Errors
    /// The first file that cannot be used, and what is wrong with it.
    pub fn new(content: &Content) -> Result<Self, ContentError> {
        let mut lists = BTreeMap::new();
        for (name, text) in content.files().filter(|(name, _)| name.starts_with("codes/")) {
            let list = CodeList::from_toml(text).map_err(|error| wrong(name, error))?;
            if lists.insert(list.id.clone(), list).is_some() {
                return Err(wrong(name, "its id is that of another code list"));
            }
        }
        let deprivation = lists.get("deprivation");
        let deprivation =
            deprivation.ok_or_else(|| wrong("codes/deprivation.toml", "is missing"))?;
        let places = Places::read(content, deprivation)?;
        lists.insert(places.residence.id.clone(), places.residence.clone());
        let indicators = indicators::indicators(content)?;
        let submitted = indicators.list().map_err(|error| wrong("indicators.toml", error))?;
        lists.insert(submitted.id.clone(), submitted);
        for list in Field::all().filter_map(Field::list) {
            if !lists.contains_key(list) {
                return Err(wrong(&format!("codes/{list}.toml"), "is missing"));
            }
        }
        let (collections, defaults) = collections(content, &lists)?;
        let mut dimensions = dimensions(content, &lists)?;
        dimensions.extend(places.dimensions.iter().cloned());
        dimensions.extend(built_in().map(|(id, label, source)| plain(id, label, source)));
        for (place, dimension) in dimensions.iter().enumerate() {
            if dimensions[..place].iter().any(|earlier| earlier.id == dimension.id) {
                return Err(wrong(
                    "dimensions.toml",
                    format!("`{}` is defined twice", dimension.id),
                ));
            }
        }
        attributes_known(&places.organisations, &dimensions)?;
        indicators.check_counts(&dimensions)?;
        let of_counts = of_counts(&lists);
        let targets = targets::targets(content, &indicators, &dimensions)?;
        let (profiles, lattice) = profiles::profiles(content, &places.areas, &dimensions)?;
        let names = published::Names {
            areas: &places.areas,
            collections: &collections,
            dimensions: &dimensions,
            lattice: &lattice,
        };
        let published = published::published(content, &names)?;
        let mut reference = Self {
            lists,
            dimensions,
            of_counts,
            places,
            collections,
            defaults,
            indicators: indicators.all,
            tags: indicators.tags,
            targets,
            profiles,
            published,
            partners: Partners::default(),
        };
        reference.partners = partners::partners(content, &reference)?;
        Ok(reference)
    }
}

/// Whether every attribute of an organisation is a category of a dimension.
fn attributes_known(organisations: &Members, dimensions: &[Dimension]) -> Result<(), ContentError> {
    for organisation in organisations.all.values() {
        for (id, code) in &organisation.attributes {
            let dimension = dimensions.iter().find(|of| of.id == *id && of.is_ecological());
            let has = |of: &Dimension| of.categories.iter().any(|(known, _)| known == code);
            if !dimension.is_some_and(has) {
                let what = format!(
                    "attribute `{id}={code}` of `{}` is no category of a dimension with `organisation_attribute`",
                    organisation.code
                );
                return Err(wrong("organisations.csv", what));
            }
        }
    }
    Ok(())
}

/// The collections by id, and the ids of the default collections of each care setting, in the order of the file.
type Collections = (BTreeMap<String, Collection>, BTreeMap<String, Vec<String>>);

fn collections(
    content: &Content,
    lists: &BTreeMap<String, CodeList>,
) -> Result<Collections, ContentError> {
    let file = "collections.toml";
    let parsed: CollectionFile =
        toml::from_str(content.file(file)?).map_err(|error| wrong(file, error))?;
    let (mut collections, mut defaults) = (BTreeMap::new(), BTreeMap::<_, Vec<_>>::new());
    for collection in parsed.collection {
        let (id, is_open) = (&collection.id, collection.openness == Openness::Open);
        if collection.datasets.contains(&Dataset::Estimates) && !is_open {
            return Err(wrong(
                file,
                format!(
                    "`{id}` has ESTIMATES, which others have published: its openness has to be OPEN"
                ),
            ));
        }
        let settings = collection.care_settings.iter().chain(&collection.default_for);
        for setting in settings {
            if lists.get("care_setting").and_then(|list| list.category(setting)).is_none() {
                return Err(wrong(file, format!("`{setting}` is no care setting")));
            }
        }
        if collection.due_days() > SubmissionDeadline::MOST_DAYS {
            let most = SubmissionDeadline::MOST_DAYS;
            let why = format!("`{id}`: the days of its deadline are 0 to {most}");
            return Err(wrong(file, why));
        }
        if collection.datasets.contains(&Dataset::Consultations) {
            for setting in &collection.default_for {
                defaults.entry(setting.clone()).or_default().push(collection.id.clone());
            }
        }
        if let Some(twice) = collections.insert(collection.id.clone(), collection) {
            return Err(wrong(file, format!("`{}` is defined twice", twice.id)));
        }
    }
    for collection in collections.values() {
        let named = [
            ("population", &collection.population_collection),
            ("population", &collection.published_population_collection),
            ("access", &collection.access_collection),
        ];
        for (kind, id) in named {
            if !id.is_empty() && !collections.contains_key(id) {
                return Err(wrong(file, format!("{kind} collection `{id}` is missing")));
            }
        }
        let access = collections.get(&collection.access_collection);
        if let Some(Err(why)) = access.map(|access| collection.may_ask(access)) {
            let named = &collection.access_collection;
            return Err(wrong(file, format!("access collection `{named}` {why}")));
        }
    }
    Ok((collections, defaults))
}

fn dimensions(
    content: &Content,
    lists: &BTreeMap<String, CodeList>,
) -> Result<Vec<Dimension>, ContentError> {
    let file = "dimensions.toml";
    let parsed: DimensionFile =
        toml::from_str(content.file(file)?).map_err(|error| wrong(file, error))?;
    parsed
        .dimension
        .into_iter()
        .map(|entry| dimension(entry, lists).map_err(|e| wrong(file, e)))
        .collect()
}

fn dimension(
    entry: DimensionEntry,
    lists: &BTreeMap<String, CodeList>,
) -> Result<Dimension, String> {
    let id = &entry.id;
    let (source, list) = match (entry.organisation_attribute, entry.field.as_str()) {
        (true, "") => (Source::OrganisationAttribute(id.clone()), None),
        (true, _) => {
            return Err(format!("dimension `{id}`: an attribute of organisations has no field"));
        }
        (false, name) => {
            let field = Field::from_name(name)
                .ok_or_else(|| format!("dimension `{id}`: `{name}` is no field"))?;
            let list = field.list().and_then(|list| lists.get(list));
            let list =
                list.ok_or_else(|| format!("dimension `{id}`: field `{name}` has no code list"))?;
            (Source::Field(field), Some(list))
        }
    };
    let category = |code: &str| list.and_then(|list| list.category(code));
    let mut categories = Vec::new();
    for code in &entry.categories {
        let label = entry
            .labels
            .get(code)
            .or_else(|| category(code).map(|category| &category.label))
            .ok_or_else(|| format!("dimension `{id}`: `{code}` is in no list and has no label"))?;
        categories.push((code.clone(), label.clone()));
    }
    let categories = categories.into();
    let mut map = BTreeMap::new();
    for (from, to) in &entry.map {
        let place = entry.categories.iter().position(|code| code == to);
        let place =
            place.ok_or_else(|| format!("dimension `{id}`: `{to}` is no category of it"))?;
        category(from).ok_or_else(|| format!("dimension `{id}`: `{from}` is in no list"))?;
        map.insert(from.clone(), place);
    }
    let DimensionEntry { id, label, ordered, direction, protected, .. } = entry;
    let in_order_of_codes = false;
    Ok(Dimension {
        id,
        label,
        source,
        categories,
        in_order_of_codes,
        ordered,
        direction,
        protected,
        map,
    })
}

/// The views of what only counts of indicators have. Questions name an indicator in another way, so these are in no list of dimensions.
fn of_counts(lists: &BTreeMap<String, CodeList>) -> Vec<Dimension> {
    let view = |field: Field| {
        let list = field.list().and_then(|list| lists.get(list));
        let categories = list.into_iter().flat_map(|list| &list.categories);
        let categories = categories.map(|of| (of.code.clone(), of.label.clone())).collect();
        Dimension { categories, ..plain(field.name(), "", Source::Field(field)) }
    };
    [Field::Indicator, Field::InNumerator].map(view).to_vec()
}

/// A dimension whose categories come from the data.
fn plain(id: &str, label: &str, source: Source) -> Dimension {
    let ordered = matches!(
        source,
        Source::Month | Source::Quarter | Source::FinancialYear | Source::CalendarYear
    );
    Dimension {
        id: id.into(),
        label: label.into(),
        source,
        categories: Arc::new([]),
        in_order_of_codes: false,
        ordered,
        direction: if ordered { "early to late".into() } else { String::new() },
        protected: String::new(),
        map: BTreeMap::new(),
    }
}
