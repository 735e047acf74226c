//! Reads the areas, the organisations and the small areas. They are most of the reference content, and seldom change.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::files::{rows, wrong};
use super::in_force::InForce;
use super::members::{Members, Organisations};
use super::rows::{AreaRow, OrganisationRow};
use super::{residence, small_areas};
use crate::domain::area::{Area, Areas, Organisation};
use crate::domain::codes::{CodeList, Content, ContentError, Dimension};
use crate::domain::period::Month;
use crate::domain::small_area::SmallAreas;

/// The files that [`Places`] are read from.
const FILES: [&str; 5] =
    ["areas.csv", "organisations.csv", "lsoa.csv", "lsoa_lookup.csv", "codes/deprivation.toml"];

/// Areas, organisations and small areas, and the views of where people live.
#[derive(Debug)]
pub(super) struct Places {
    pub(super) areas: Areas,
    pub(super) organisations: Members,
    pub(super) small_areas: Arc<SmallAreas>,
    pub(super) in_force: InForce,
    pub(super) residence: CodeList,
    pub(super) dimensions: Vec<Dimension>,
}

/// The texts of the files that were read last, and what was read. A start reads the same files several times, and content that
/// changes partners or targets alone has the same places: they are held once.
type Last = Option<(Vec<Option<Arc<str>>>, Arc<Places>)>;
static LAST: Mutex<Last> = Mutex::new(None);

impl Places {
    /// The places of some content.
    pub(super) fn read(
        content: &Content,
        deprivation: &CodeList,
    ) -> Result<Arc<Self>, ContentError> {
        let texts = content.texts(&FILES);
        // Those who read the same at the same time wait, and it is read once.
        let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, places)) = last.as_ref().filter(|(read, _)| *read == texts) {
            return Ok(Arc::clone(places));
        }
        let areas = areas(content)?;
        let organisations = organisations(content, &areas)?;
        let small_areas = Arc::new(small_areas::small_areas(content, &areas, deprivation)?);
        let residence = residence::list(&areas, &small_areas);
        let residence = residence.map_err(|error| wrong("lsoa.csv", error))?;
        let dimensions = residence::dimensions(&areas, &small_areas);
        let in_force = InForce::new(&areas, &small_areas);
        let places = Self { areas, organisations, small_areas, in_force, residence, dimensions };
        let places = Arc::new(places);
        *last = Some((texts, Arc::clone(&places)));
        Ok(places)
    }
}

fn split(text: &str) -> Vec<String> {
    super::rows::split(text).map(str::to_owned).collect()
}

/// A month of a row; none: the column is empty.
fn month(code: &str, column: &str, text: &str) -> Result<Option<Month>, String> {
    match text {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|error| format!("{column} of `{code}`: {error}")),
    }
}

fn areas(content: &Content) -> Result<Areas, ContentError> {
    let mut areas = Areas::default();
    for row in rows::<AreaRow>(content, "areas.csv")? {
        let bad = |what: String| wrong("areas.csv", what);
        let code = row.code.clone();
        let month = |column: &str, text: &str| month(&code, column, text).map_err(bad);
        let area = Area {
            code: row.code,
            other_code: row.other_code,
            former_parents: split(&row.former_parents),
            former_codes: split(&row.former_codes),
            name: row.name,
            kind: row.kind,
            parents: split(&row.parents),
            published_in: split(&row.published_in),
            first_month: month("first_month", &row.first_month)?,
            last_month: month("last_month", &row.last_month)?,
            successors: split(&row.successors),
            breaks: split(&row.breaks)
                .iter()
                .filter_map(|text| month("breaks", text).transpose())
                .collect::<Result<_, _>>()?,
        };
        if area.first_month.zip(area.last_month).is_some_and(|(first, last)| first > last) {
            return Err(bad(format!("last_month of `{code}` is before its first_month")));
        }
        if !area.successors.is_empty() && area.last_month.is_none() {
            return Err(bad(format!("`{code}` has successors and no last_month")));
        }
        if !area.breaks.is_sorted() {
            return Err(bad(format!("breaks of `{code}` are not in order")));
        }
        if !areas.add(area) {
            return Err(bad(format!("`{code}` is defined twice")));
        }
    }
    for area in areas.iter() {
        if let Some(missing) = area.parents.iter().find(|code| areas.get(code).is_none()) {
            return Err(wrong(
                "areas.csv",
                format!("parent `{missing}` of `{}` is missing", area.code),
            ));
        }
        for code in &area.former_parents {
            if areas.get(code).is_none_or(|parent| parent.last_month.is_none()) {
                let what =
                    format!("former parent `{code}` of `{}` is no area that ended", area.code);
                return Err(wrong("areas.csv", what));
            }
        }
        if let Some(missing) = area.successors.iter().find(|code| areas.get(code).is_none()) {
            let what = format!("successor `{missing}` of `{}` is missing", area.code);
            return Err(wrong("areas.csv", what));
        }
    }
    Ok(areas)
}

fn organisations(content: &Content, areas: &Areas) -> Result<Members, ContentError> {
    let bad = |what: String| wrong("organisations.csv", what);
    let mut organisations = Organisations::new();
    for row in rows::<OrganisationRow>(content, "organisations.csv")? {
        let OrganisationRow { code, name, kind, areas: codes, successor, .. } = &row;
        let (code, name, kind, successor) =
            (code.clone(), name.clone(), kind.clone(), successor.clone());
        // `92A@2026-04`: it belongs to this area from that month on.
        let (mut codes, mut since) = (split(codes), BTreeMap::new());
        for area in &mut codes {
            if let Some((of, first)) = area.split_once('@') {
                let first = month(code.as_str(), "areas", first).map_err(bad)?;
                since.extend(first.map(|first| (of.to_owned(), first)));
                *area = of.to_owned();
            }
        }
        if let Some(missing) = codes.iter().find(|area| areas.get(area).is_none()) {
            return Err(bad(format!("area `{missing}` of `{code}` is missing")));
        }
        let month = |column: &str, text: &str| month(&code, column, text).map_err(bad);
        let first_month = month("first_month", &row.first_month)?;
        let last_month = month("last_month", &row.last_month)?;
        let pair = |text: String| {
            let (id, value) = text.split_once('=')?;
            Some((id.to_owned(), value.to_owned()))
        };
        let attributes: Option<_> = split(&row.attributes).into_iter().map(pair).collect();
        let attributes = attributes
            .ok_or_else(|| bad(format!("attributes of `{code}` are no pairs `dimension=code`")))?;
        if first_month.zip(last_month).is_some_and(|(first, last)| first > last) {
            return Err(bad(format!("last_month of `{code}` is before its first_month")));
        }
        if !successor.is_empty() && last_month.is_none() {
            return Err(bad(format!("`{code}` has a successor and no last_month")));
        }
        let organisation = Organisation {
            code: code.clone(),
            name,
            kind,
            areas: codes,
            since,
            first_month,
            last_month,
            successor,
            attributes,
        };
        if organisations.insert(code.clone(), Arc::new(organisation)).is_some() {
            return Err(bad(format!("`{code}` is defined twice")));
        }
    }
    for one in organisations.values().filter(|one| !one.successor.is_empty()) {
        let (code, successor) = (&one.code, &one.successor);
        let next = organisations.get(successor);
        let next =
            next.ok_or_else(|| bad(format!("successor `{successor}` of `{code}` is missing")))?;
        // Whoever follows the successors comes to an end.
        if let Some(ends) = next.last_month.filter(|ends| one.last_month >= Some(*ends)) {
            return Err(bad(format!(
                "successor `{successor}` of `{code}` ends in {ends}: it must be there after the last month of `{code}`"
            )));
        }
    }
    Ok(Members::new(areas, organisations))
}
