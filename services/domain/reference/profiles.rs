//! Reads `profiles.toml`, and `ptable.csv` if there is one, and checks both: a mistake in them would show what must not be seen.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;

use super::files::wrong;
use crate::domain::area::Areas;
use crate::domain::codes::{Content, ContentError, Dimension, Source};
use crate::domain::disclosure::ptable::{Noise, PTable};
use crate::domain::disclosure::{
    Asks, Lattice, Level, Profile, ProfileName, Protection, Rules, Sensitive,
};
use crate::domain::field::Field;

const FILE: &str = "profiles.toml";
const TABLE: &str = "ptable.csv";

/// What no content may weaken.
const LEAST_THRESHOLD: u64 = 10;
const LEAST_ORGANISATIONS: usize = 3;
const MOST_OF_SYSTEM: usize = 3;
const MOST_BELOW: usize = 2;

/// The level of organisations, and the widest: areas of the types between them are in the content.
const ORGANISATION: &str = "organisation";
const SYSTEM: &str = "system";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProfileFile {
    version: String,
    ptable: String,
    profile: Vec<Entry>,
    lattice: Lattice,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: ProfileName,
    counts: Counts,
    #[serde(default)]
    threshold: Option<u64>,
    asks: EntryAsks,
    #[serde(default)]
    reads_releases: bool,
    #[serde(default = "least_organisations")]
    least_organisations: usize,
}

#[derive(Clone, Copy, Deserialize, PartialEq)]
#[serde(rename_all = "UPPERCASE")]
enum Counts {
    Exact,
    Perturbed,
    Rounded,
}

#[derive(Clone, Copy, Deserialize, PartialEq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum EntryAsks {
    Everything,
    Lattice,
    PublishedTables,
}

fn least_organisations() -> usize {
    LEAST_ORGANISATIONS
}

/// The profiles by name.
pub(super) type Profiles = BTreeMap<ProfileName, Arc<Profile>>;

/// Every profile, of which none is missing, and the lattice.
pub(super) fn profiles(
    content: &Content,
    areas: &Areas,
    dimensions: &[Dimension],
) -> Result<(Profiles, Arc<Lattice>), ContentError> {
    let (text, bad) = (content.file(FILE)?, |what: String| wrong(FILE, what));
    let file: ProfileFile = toml::from_str(text).map_err(|error| wrong(FILE, error))?;
    let table = table(content.file(TABLE).ok(), &file.ptable)?;
    check(&file.lattice, areas, dimensions).map_err(bad)?;
    let of_content = blake3::hash([text, table.version()].join("\n").as_bytes()).to_hex();
    let version = format!("{}-{}", file.version, &of_content[..8]);
    let (lattice, mut profiles) = (Arc::new(file.lattice), Profiles::new());
    for entry in file.profile {
        let name = entry.name;
        let profile = profile(entry, &version, &table, &lattice);
        let profile = profile.map_err(|what| bad(format!("profile {}: {what}", name.name())))?;
        if profiles.insert(name, Arc::new(profile)).is_some() {
            return Err(bad(format!("profile {} is defined twice", name.name())));
        }
    }
    match ProfileName::ALL.into_iter().find(|name| !profiles.contains_key(name)) {
        Some(missing) => Err(bad(format!("profile {} is missing", missing.name()))),
        None => Ok((profiles, lattice)),
    }
}

/// The table of changes with this name: that of the file, if there is one and it breaks no rule. A service and its tests read the same
/// table again and again, so the last is kept.
fn table(text: Option<&str>, name: &str) -> Result<PTable, ContentError> {
    static LAST: Mutex<Option<(Option<blake3::Hash>, PTable)>> = Mutex::new(None);
    let hash = text.map(|text| blake3::hash(text.as_bytes()));
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    let known = last.as_ref().filter(|(of, _)| *of == hash).map(|(_, table)| table.clone());
    let table = match (known, text) {
        (Some(table), _) => table,
        (None, None) => PTable::generate(Noise::default()),
        (None, Some(text)) => {
            let table = PTable::from_csv(text.as_bytes()).map_err(|error| wrong(TABLE, error))?;
            let broken = table.behaviour().broken;
            if !broken.is_empty() {
                return Err(wrong(TABLE, broken.join("; ")));
            }
            table
        }
    };
    *last = Some((hash, table.clone()));
    if table.version() != name {
        let (is, place) = (table.version(), text.map_or("built in", |_| TABLE));
        let why = format!(
            "ptable: `{name}` is not the table that is there ({place}: `{is}`): write `{is}`, or put the table that you mean into {TABLE}"
        );
        return Err(wrong(FILE, why));
    }
    Ok(table)
}

fn profile(
    entry: Entry,
    version: &str,
    table: &PTable,
    lattice: &Arc<Lattice>,
) -> Result<Profile, String> {
    let Entry { name, counts, threshold, asks, reads_releases, least_organisations } = entry;
    let allowed: (&[Counts], &[EntryAsks], &str) = match name {
        ProfileName::Internal => (
            &[Counts::Exact, Counts::Perturbed],
            &[EntryAsks::Everything, EntryAsks::Lattice],
            "EXACT or PERTURBED, and EVERYTHING or LATTICE",
        ),
        ProfileName::Partner => {
            (&[Counts::Perturbed], &[EntryAsks::Lattice], "PERTURBED, and LATTICE")
        }
        ProfileName::Public => {
            (&[Counts::Rounded], &[EntryAsks::PublishedTables], "ROUNDED, and PUBLISHED_TABLES")
        }
    };
    if !allowed.0.contains(&counts) || !allowed.1.contains(&asks) {
        return Err(format!("counts and asks have to be {}", allowed.2));
    }
    let protection = match (counts, threshold) {
        (Counts::Perturbed, Some(threshold)) if threshold >= LEAST_THRESHOLD => {
            Protection::Perturbed(Arc::new(Rules { table: table.clone(), threshold }))
        }
        (Counts::Perturbed, _) => {
            return Err(format!("PERTURBED needs a threshold of {LEAST_THRESHOLD} or more"));
        }
        (_, Some(_)) => return Err("only PERTURBED has a threshold: leave it out".into()),
        (Counts::Exact, None) => Protection::Exact,
        (Counts::Rounded, None) => Protection::Rounded,
    };
    if name != ProfileName::Internal && !reads_releases {
        return Err("reads_releases has to be true".into());
    }
    if least_organisations < LEAST_ORGANISATIONS {
        return Err(format!("least_organisations has to be {LEAST_ORGANISATIONS} or more"));
    }
    let asks = match asks {
        EntryAsks::Everything => Asks::Everything,
        EntryAsks::Lattice => Asks::Within(Arc::clone(lattice)),
        EntryAsks::PublishedTables => Asks::Nothing,
    };
    let version = version.to_owned();
    Ok(Profile { name, version, protection, asks, reads_releases, least_organisations })
}

/// Whether a lattice is no wider than any may be, and names only what there is.
fn check(of: &Lattice, areas: &Areas, dimensions: &[Dimension]) -> Result<(), String> {
    if of.most_of_system > MOST_OF_SYSTEM || of.most_below > MOST_BELOW {
        return Err(format!(
            "lattice: most_of_system is at most {MOST_OF_SYSTEM}, most_below at most {MOST_BELOW}"
        ));
    }
    let known = |id: &String| {
        let found = dimensions.iter().find(|dimension| dimension.id == *id);
        found.ok_or_else(|| format!("lattice: no dimension `{id}`"))
    };
    for id in &of.uncounted {
        let dimension = known(id)?;
        let is_of_channel = dimension.field() == Some(Field::Channel);
        if !is_of_channel && !dimension.is_of_time() {
            return Err(format!("lattice: `{id}` has to count: only channel and periods do not"));
        }
    }
    let of_provider = |dimension: &Dimension, kind: &str| match &dimension.source {
        Source::ProviderArea(of) => of == kind,
        Source::Organisation => kind == ORGANISATION,
        Source::Field(_)
        | Source::Month
        | Source::Quarter
        | Source::FinancialYear
        | Source::CalendarYear
        | Source::OrganisationAttribute(_)
        | Source::Computed => false,
    };
    let of_residence = |dimension: &Dimension, kind: &str| {
        let mut codes = dimension.categories.iter().filter_map(|(code, _)| areas.get(code));
        dimension.field() == Some(Field::ResidenceLsoa) && codes.any(|area| area.kind == kind)
    };
    hierarchy("provider", &of.provider, areas, |level| {
        Ok(level.dimension.is_empty() || of_provider(known(&level.dimension)?, &level.area_type))
    })?;
    hierarchy("residence", &of.residence, areas, |level| {
        Ok(level.dimension.is_empty() || of_residence(known(&level.dimension)?, &level.area_type))
    })?;
    for Sensitive { dimension, codes, least_area_type } in &of.sensitive {
        let dimension = known(dimension)?;
        if let Some(code) = codes.iter().find(|code| dimension.place_of(code).is_none()) {
            return Err(format!("lattice: `{}` has no category `{code}`", dimension.id));
        }
        let mut levels = of.provider.iter().chain(&of.residence);
        if !levels.any(|level| level.area_type == *least_area_type) {
            return Err(format!("lattice: `{least_area_type}` is no level of a hierarchy"));
        }
    }
    Ok(())
}

/// Whether levels begin with the system, and each holds the next.
fn hierarchy(
    name: &str,
    levels: &[Level],
    areas: &Areas,
    is_of: impl Fn(&Level) -> Result<bool, String>,
) -> Result<(), String> {
    if levels.first().is_none_or(|level| level.area_type != SYSTEM) {
        return Err(format!("lattice: the first level of `{name}` has to be `{SYSTEM}`"));
    }
    for (number, level) in levels.iter().enumerate() {
        let Level { area_type, dimension } = level;
        if levels[..number].iter().any(|before| before.area_type == *area_type) {
            return Err(format!("lattice: `{name}` has `{area_type}` twice"));
        }
        if !is_of(level)? {
            return Err(format!("lattice: `{dimension}` does not tell `{area_type}` apart"));
        }
    }
    for (number, level) in levels.iter().enumerate() {
        let area_type = &level.area_type;
        let of_type = areas.iter().filter(|area| area.kind == *area_type);
        for area in of_type {
            let around = areas.ancestors(&area.code);
            let holds = |kind: &str| {
                around
                    .iter()
                    .filter(|code| **code != area.code)
                    .any(|code| areas.get(code).is_some_and(|around| around.kind == kind))
            };
            if let Some(level) = levels[number..].iter().find(|level| holds(&level.area_type)) {
                return Err(format!(
                    "lattice: `{}` lies in a `{}`, which has to be a level before `{area_type}`",
                    area.code, level.area_type
                ));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "profiles_tests.rs"]
mod tests;
