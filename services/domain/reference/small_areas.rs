//! Reads `lsoa.csv` and the look-up `lsoa_lookup.csv`, and checks them against each other.

use std::collections::BTreeSet;

use super::files::{Columns, wrong};
use super::rows::split;
use crate::domain::area::Areas;
use crate::domain::codes::{CodeList, Content, ContentError};
use crate::domain::small_area::{Around, Change, Edition, Shares, SmallArea, SmallAreas};

const AREAS: &str = "lsoa.csv";
const LOOK_UP: &str = "lsoa_lookup.csv";

/// The small areas. Older content has no look-up; then no figures are converted between editions.
pub(super) fn small_areas(
    content: &Content,
    areas: &Areas,
    deprivation: &CodeList,
) -> Result<SmallAreas, ContentError> {
    let mut made = SmallAreas::default();
    // What was checked for the row before, and is the same in most rows.
    let (mut known, mut decile, mut deprivation_of) = (["", ""], None, String::new());
    let columns = ["lsoa", "edition", "district", "imd_edition", "imd_decile"];
    let file = Columns::of(
        content.file(AREAS)?,
        AREAS,
        &columns,
        &["sub_icb", "population", "former_sub_icb"],
    )?;
    for row in file.rows() {
        let [code, edition, district, imd_edition, imd_decile, sub_icb, population, former] = row?;
        let edition = Edition::from_id(edition)
            .ok_or_else(|| wrong(AREAS, format!("`{edition}` is no edition of small areas")))?;
        if known != [sub_icb, former] {
            if !sub_icb.is_empty() && areas.get(sub_icb).is_none() {
                return Err(wrong(AREAS, format!("sub-ICB location `{sub_icb}` is missing")));
            }
            former_locations(areas, code, former).map_err(|what| wrong(AREAS, what))?;
            known = [sub_icb, former];
        }
        if decile != Some((imd_edition, imd_decile)) {
            decile = Some((imd_edition, imd_decile));
            deprivation_of = format!("{imd_edition}:{imd_decile}");
            if deprivation.category(&deprivation_of).is_none() {
                let what = format!("`{deprivation_of}` is in no category of deprivation");
                return Err(wrong(AREAS, what));
            }
        }
        let people = |text: &str| {
            text.parse().map_err(|_| wrong(AREAS, format!("population `{text}` of `{code}`")))
        };
        let population =
            Some(population).filter(|text| !text.is_empty()).map(people).transpose()?;
        let deprivation = deprivation_of.as_str();
        let former_sub_icb = former;
        let area = SmallArea { code, district, sub_icb, former_sub_icb, population, deprivation };
        made.add(edition, &area).map_err(|what| wrong(AREAS, what))?;
    }
    made.sort(|of| around(areas, of)).map_err(|what| wrong(AREAS, what))?;
    if content.files().any(|(name, _)| name == LOOK_UP) {
        let columns = ["lsoa_2011", "lsoa_2021", "change"];
        for row in Columns::of(content.file(LOOK_UP)?, LOOK_UP, &columns, &[])?.rows() {
            let [from, to, change] = row?;
            let change = Change::from_letter(change)
                .ok_or_else(|| wrong(LOOK_UP, format!("`{change}` is no change: U, S, M or X")))?;
            made.join(from, to, change).map_err(|what| wrong(LOOK_UP, what))?;
        }
        made.joined();
    }
    Ok(made)
}

/// Former locations have ended, the newest of them last.
///
/// # Errors
/// One is missing, exists, or is in the wrong place.
fn former_locations(areas: &Areas, small_area: &str, former: &str) -> Result<(), String> {
    let mut later = None;
    for code in split(former) {
        let last = areas.get(code).and_then(|location| location.last_month);
        let Some(last) = last else {
            return Err(format!(
                "former sub-ICB location `{code}` of `{small_area}` is no area that ended"
            ));
        };
        if later.is_some_and(|later| later < last) {
            return Err(format!(
                "former sub-ICB locations of `{small_area}`: `{code}` ended after the one in front of it: put the newest first"
            ));
        }
        later = Some(last);
    }
    Ok(())
}

/// The areas around a district or a sub-ICB location.
fn around(areas: &Areas, of: Shares<'_>) -> Around {
    let owned = |codes: BTreeSet<&str>| codes.into_iter().map(str::to_owned).collect();
    match of {
        Shares::SubIcb(code) => {
            let ended = areas.get(code).into_iter().flat_map(|area| &area.former_parents);
            let mut ended: Vec<_> = ended.filter_map(|code| areas.get(code)).collect();
            // A month belongs to the one that ended first after it.
            ended.sort_by_key(|area| std::cmp::Reverse(area.last_month));
            let beyond = ended.iter().flat_map(|area| areas.ancestors(&area.code));
            let beyond = beyond.map(str::to_owned).collect();
            Around { within: owned(areas.ancestors(code)), beyond }
        }
        Shares::District(code) => {
            let (mut within, mut beyond) = (BTreeSet::new(), BTreeSet::new());
            let mut open = vec![code];
            while let Some(area) = open.pop().and_then(|code| areas.get(code)) {
                if area.kind == "system" {
                    beyond.extend(areas.ancestors(&area.code));
                } else if within.insert(area.code.as_str()) {
                    open.extend(area.parents.iter().map(String::as_str));
                }
            }
            Around { within: owned(within), beyond: owned(beyond) }
        }
    }
}
