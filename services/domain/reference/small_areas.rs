//! Reads `lsoa.csv` and the look-up `lsoa_lookup.csv`, and checks them against each other.

use serde::Deserialize;

use super::files::{LsoaRow, rows, wrong};
use crate::domain::area::Areas;
use crate::domain::codes::{CodeList, Content, ContentError};
use crate::domain::small_area::{Change, Edition, SmallArea, SmallAreas};

const AREAS: &str = "lsoa.csv";
const LOOK_UP: &str = "lsoa_lookup.csv";

#[derive(Deserialize)]
struct JoinRow {
    lsoa_2011: String,
    lsoa_2021: String,
    change: String,
}

/// The small areas. Older content has no look-up; then no figures are converted between editions.
pub(super) fn small_areas(
    content: &Content,
    areas: &Areas,
    deprivation: &CodeList,
    small: &[LsoaRow],
) -> Result<SmallAreas, ContentError> {
    let mut read = Vec::new();
    for row in small {
        let edition = Edition::from_id(&row.edition).ok_or_else(|| {
            wrong(AREAS, format!("`{}` is no edition of small areas", row.edition))
        })?;
        if !row.sub_icb.is_empty() && areas.get(&row.sub_icb).is_none() {
            return Err(wrong(AREAS, format!("sub-ICB location `{}` is missing", row.sub_icb)));
        }
        let code = format!("{}:{}", row.imd_edition, row.imd_decile);
        if deprivation.category(&code).is_none() {
            return Err(wrong(AREAS, format!("`{code}` is in no category of deprivation")));
        }
        let area = SmallArea {
            code: row.lsoa.clone(),
            district: row.district.clone(),
            sub_icb: row.sub_icb.clone(),
            population: row.population,
            deprivation: code,
        };
        read.push((edition, area));
    }
    let mut made = SmallAreas::new(read).map_err(|what| wrong(AREAS, what))?;
    if !content.files().any(|(name, _)| name == LOOK_UP) {
        return Ok(made);
    }
    for JoinRow { lsoa_2011, lsoa_2021, change } in rows::<JoinRow>(content, LOOK_UP)? {
        let change = Change::from_letter(&change)
            .ok_or_else(|| wrong(LOOK_UP, format!("`{change}` is no change: U, S, M or X")))?;
        made.join(&lsoa_2011, &lsoa_2021, change).map_err(|what| wrong(LOOK_UP, what))?;
    }
    Ok(made)
}
