//! The rows of each kind of file, each with its line.

use super::layout::{is_day, ods};
use crate::domain::period::Month;
use crate::ingest::month;

/// The rows of one file.
#[derive(Debug)]
pub(super) struct Source<T> {
    pub(super) file: String,
    pub(super) rows: Vec<T>,
}

/// Why a row cannot be used: its code, and what is wrong.
pub(super) type Bad = (String, String);

/// A row of ODS's `epraccur` or `etr`.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) line: u64,
    pub(super) code: String,
    pub(super) name: String,
    /// The system of its address.
    pub(super) system: String,
    pub(super) opened: Option<Month>,
    pub(super) closed: Option<Month>,
    /// Of practices: whether it is a GP practice (role RO76), and not a clinic or a service that prescribes.
    pub(super) is_practice: bool,
    /// Of practices: who commissions it, today a sub-ICB location.
    pub(super) commissioner: String,
}

/// Role of a GP practice. A practice can have several, joined with `|`.
const PRACTICE: &str = "RO76";

impl Listed {
    pub(super) fn new(line: u64, cells: &[&str]) -> Result<Self, Bad> {
        let text = |place: usize| cells.get(place).copied().unwrap_or_default();
        let code = code(text(ods::CODE))?;
        if cells.len() != ods::WIDTH {
            let what =
                format!("the row has {} cells, and the file has {}", cells.len(), ods::WIDTH);
            return Err((code, what));
        }
        let month = |place: usize| match text(place) {
            "" => Ok(None),
            day => {
                let found = is_day(day).then(|| month::day(&dashed(day))).flatten();
                let what = || (code.clone(), format!("`{day}` is no day, such as 20260401"));
                found.map(|(month, _)| Some(month)).ok_or_else(what)
            }
        };
        Ok(Self {
            line,
            name: filled(&code, "a name", text(ods::NAME))?,
            system: text(ods::SYSTEM).to_owned(),
            opened: month(ods::OPENED)?,
            closed: month(ods::CLOSED)?,
            is_practice: text(ods::SETTING).split('|').any(|role| role == PRACTICE),
            commissioner: text(ods::COMMISSIONER).to_owned(),
            code,
        })
    }
}

fn dashed(day: &str) -> String {
    format!("{}-{}-{}", &day[..4], &day[4..6], &day[6..])
}

/// An area as a file has it: code, ONS code and name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) code: String,
    pub(super) ons: String,
    pub(super) name: String,
}

/// A row of the practice mapping.
#[derive(Debug)]
pub(super) struct Mapped {
    pub(super) line: u64,
    pub(super) month: Month,
    pub(super) code: String,
    pub(super) name: String,
    /// Its network; without a code if it belongs to none.
    pub(super) pcn: Named,
    pub(super) sub_icb: Named,
    pub(super) system: Named,
    pub(super) region: Named,
}

/// The network of practices that belong to none, as the publisher writes it.
const UNALLOCATED: [&str; 3] = ["", "U", "UNALLOCATED"];

impl Mapped {
    pub(super) fn new(line: u64, cells: &[&str; 13]) -> Result<Self, Bad> {
        let [
            date,
            practice,
            name,
            pcn,
            pcn_name,
            ons_sub_icb,
            sub_icb,
            ons_icb,
            icb,
            icb_name,
            ons_region,
            region,
            region_name,
        ] = *cells;
        let own = code(practice)?;
        let month = month::day(date).map(|(month, _)| month);
        let month = month.ok_or_else(|| {
            (own.clone(), format!("EXTRACT_DATE `{date}` is no day, such as 01AUG2026"))
        })?;
        let area = |ons: &str, of: &str, name: &str| -> Result<Named, Bad> {
            let bad = |(_, what): Bad| (own.clone(), what);
            let ons = if ons.is_empty() { String::new() } else { code(ons).map_err(bad)? };
            Ok(Named { code: code(of).map_err(bad)?, ons, name: name.to_owned() })
        };
        let is_unallocated = UNALLOCATED.contains(&pcn.to_ascii_uppercase().as_str());
        Ok(Self {
            line,
            month,
            name: filled(&own, "a name", name)?,
            pcn: if is_unallocated {
                Named::default()
            } else {
                area("", pcn, &filled(&own, "a name of its network", pcn_name)?)?
            },
            sub_icb: area(ons_sub_icb, sub_icb, "")?,
            system: area(ons_icb, icb, &filled(&own, "a name of its ICB", icb_name)?)?,
            region: area(ons_region, region, region_name)?,
            code: own,
        })
    }
}

/// A small area of 2021, and where it lies.
#[derive(Debug)]
pub(super) struct Located {
    pub(super) line: u64,
    pub(super) code: String,
    pub(super) sub_icb: Named,
    pub(super) system: Named,
    pub(super) district: Named,
}

impl Located {
    pub(super) fn new(line: u64, cells: &[&str; 8]) -> Result<Self, Bad> {
        let [lsoa, ons_sub_icb, sub_icb, ons_icb, icb, icb_name, district, district_name] = *cells;
        let own = small_area(lsoa)?;
        let area = |ons: &str, of: &str, name: &str| -> Result<Named, Bad> {
            let bad = |(_, what): Bad| (own.clone(), what);
            Ok(Named { code: code(of).map_err(bad)?, ons: ons.to_owned(), name: name.to_owned() })
        };
        Ok(Self {
            line,
            sub_icb: area(ons_sub_icb, sub_icb, "")?,
            system: area(ons_icb, icb, icb_name)?,
            district: area("", district, district_name)?,
            code: own,
        })
    }
}

/// A line of the look-up between small areas of both editions.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) line: u64,
    pub(super) old: String,
    pub(super) new: String,
    pub(super) change: String,
}

impl Pair {
    pub(super) fn new(line: u64, [old, new, change]: &[&str; 3]) -> Result<Self, Bad> {
        let old = small_area(old)?;
        let new = small_area(new).map_err(|(_, what)| (old.clone(), what))?;
        if !["U", "S", "M", "X"].contains(change) {
            return Err((old, format!("`{change}` is no change: U, S, M or X")));
        }
        Ok(Self { line, old, new, change: (*change).to_owned() })
    }
}

/// A district, and an area that contains it.
#[derive(Debug)]
pub(super) struct Within {
    pub(super) line: u64,
    pub(super) district: String,
    pub(super) area: Named,
}

impl Within {
    pub(super) fn new(line: u64, cells: &[&str]) -> Result<Self, Bad> {
        let text = |place: usize| cells.get(place).copied().unwrap_or_default();
        let district = code(text(0))?;
        let area = code(text(1)).map_err(|(_, what)| (district.clone(), what))?;
        let area = Named { code: area, ons: String::new(), name: text(2).to_owned() };
        Ok(Self { line, district, area })
    }
}

/// Rank and decile of a small area.
#[derive(Debug)]
pub(super) struct Ranked {
    pub(super) line: u64,
    pub(super) code: String,
    pub(super) rank: u32,
    pub(super) decile: u32,
}

impl Ranked {
    pub(super) fn new(line: u64, [lsoa, rank, decile]: &[&str; 3]) -> Result<Self, Bad> {
        let code = small_area(lsoa)?;
        let number = |what: &str, text: &str| {
            // Spreadsheets write thousands separators.
            let plain = text.replace(',', "");
            plain.parse().map_err(|_| (code.clone(), format!("{what} `{text}` is no whole number")))
        };
        Ok(Self { line, rank: number("rank", rank)?, decile: number("decile", decile)?, code })
    }
}

/// A code: capital letters and digits, which is what the files of the content can join with `;` and `@`.
fn code(text: &str) -> Result<String, Bad> {
    let is_code = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    if (1..=12).contains(&text.len()) && text.bytes().all(is_code) {
        return Ok(text.to_owned());
    }
    Err((shown(text), format!("`{}` is no code: 1 to 12 capital letters and digits", shown(text))))
}

fn small_area(text: &str) -> Result<String, Bad> {
    let is_code = text.len() == 9 && text[..].bytes().skip(1).all(|byte| byte.is_ascii_digit());
    if is_code && text.starts_with(['E', 'W']) {
        return Ok(text.to_owned());
    }
    Err((shown(text), format!("`{}` is no code of a small area, such as E01013600", shown(text))))
}

fn filled(code: &str, what: &str, text: &str) -> Result<String, Bad> {
    match text {
        "" => Err((code.to_owned(), format!("the row lacks {what}"))),
        text => Ok(text.to_owned()),
    }
}

/// The beginning of a cell, for a message.
fn shown(text: &str) -> String {
    text.chars().take(32).map(|c| if c.is_control() { '?' } else { c }).collect()
}
