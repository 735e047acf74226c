//! Small areas of both editions: district and sub-ICB location from the look-up of 2021, deciles from File 7, and the look-up between the
//! editions. Residents of mid-2020 stay those of the content in force: no file of these has them.

use std::collections::{BTreeMap, BTreeSet};

use super::change::What;
use super::finding::At;
use super::merge::Merge;
use super::source::Ranked;
use crate::domain::reference::{LookUpRow, SmallAreaRow};

/// Edition of the small areas, edition of the indices, and the small areas of England.
const EDITIONS: [(&str, &str, u32); 2] =
    [("lsoa_2011", "imd_2019", 32_844), ("lsoa_2021", "imd_2025", 33_755)];
/// Deciles are tenths of England's small areas, in the order of their ranks.
const DECILES: u32 = 10;

impl Merge<'_> {
    /// Takes over districts, locations, the look-up and deciles.
    pub(super) fn small_areas(&mut self) {
        self.located();
        self.look_up();
        self.located_2011();
        for (ranks, edition) in self.files.ranks.iter().zip(EDITIONS) {
            if let Some(source) = ranks {
                self.deciles(&source.file, &source.rows, edition);
            }
        }
        for row in &self.rows.small_areas {
            if row.imd_decile.is_empty() {
                let what = format!(
                    "is new and has no decile: add File 7 of {}",
                    row.imd_edition.trim_start_matches("imd_")
                );
                self.found.error("decile", At::default(), &row.lsoa, what);
            }
        }
    }

    /// Small areas of 2021 by the look-up.
    fn located(&mut self) {
        let Some(source) = &self.files.small_areas else { return };
        let at = |line: u64| At(&source.file, line);
        let mut known: BTreeMap<String, usize> = BTreeMap::new();
        for (place, row) in self.rows.small_areas.iter().enumerate() {
            if row.edition == "lsoa_2021" {
                known.insert(row.lsoa.clone(), place);
            }
        }
        let (mut kept, mut seen) = (BTreeMap::<&str, (u64, u64)>::new(), BTreeSet::new());
        for row in source.rows.iter().filter(|row| row.code.starts_with('E')) {
            seen.insert(row.code.as_str());
            let district = self.canonical(&row.district.code);
            let place = known.get(&row.code).copied();
            let before = place.and_then(|place| self.rows.small_areas.get(place)).cloned();
            let mut sub_icb = row.sub_icb.code.clone();
            if self.current(&sub_icb).is_none() {
                match &before {
                    Some(before) if self.current(&before.sub_icb).is_some() => {
                        kept.entry(&row.sub_icb.code).or_insert((row.line, 0)).1 += 1;
                        sub_icb.clone_from(&before.sub_icb);
                    }
                    _ => {
                        let what = format!(
                            "lies in the sub-ICB location {sub_icb}, which does not exist: use a look-up of the date of the practice mapping"
                        );
                        self.found.error("sub_icb", at(row.line), &row.code, what);
                        continue;
                    }
                }
            }
            if self.place_of(&district).is_none() {
                let what = format!(
                    "lies in the district {district}, which lies in no place: add the ONS look-up of districts to upper-tier authorities"
                );
                self.found.error("district", at(row.line), &row.code, what);
                continue;
            }
            let mut now = before.clone().unwrap_or_else(|| SmallAreaRow {
                lsoa: row.code.clone(),
                edition: "lsoa_2021".into(),
                imd_edition: "imd_2025".into(),
                ..SmallAreaRow::default()
            });
            self.put(&mut now, district, sub_icb);
            match place.and_then(|place| self.rows.small_areas.get_mut(place)) {
                Some(row) => *row = now,
                None => {
                    self.change("small_area_2021", What::New, (&row.code, ""), ("", &within(&now)));
                    self.rows.small_areas.push(now);
                }
            }
        }
        for (code, (line, count)) in kept {
            let what = format!(
                "ended, or is not known: {count} small areas of the look-up stay where the content in force has them"
            );
            self.found.warn("older_look_up", at(line), code, what);
        }
        let lacks: Vec<_> = known.keys().filter(|code| !seen.contains(code.as_str())).collect();
        if let Some(first) = lacks.first() {
            let what = format!(
                "{} small areas of 2021 are not in the look-up, this one first: they stay as they are",
                lacks.len()
            );
            self.found.warn("not_in_file", At(&source.file, 0), first, what);
        }
    }

    /// Puts a small area into a district and a location. It keeps a location that ended as a former one, in front of those before it.
    fn put(&mut self, row: &mut SmallAreaRow, district: String, sub_icb: String) {
        if row.district == district && row.sub_icb == sub_icb {
            return;
        }
        let before = within(row);
        let ended = self.area(&row.sub_icb).is_some_and(|of| !of.last_month.is_empty());
        let left = std::mem::replace(&mut row.sub_icb, sub_icb);
        if ended && left != row.sub_icb {
            let before = std::mem::replace(&mut row.former_sub_icb, left);
            if !before.is_empty() {
                row.former_sub_icb += &format!(";{before}");
            }
        }
        row.district = district;
        // A new one is told as new.
        if before != "/" {
            let kind = row.edition.replace("lsoa", "small_area");
            self.change(&kind, What::Moved, (&row.lsoa, ""), (&before, &within(row)));
        }
    }

    /// Small areas of 2011 lie where those of 2021 lie that share their land.
    fn located_2011(&mut self) {
        if self.files.small_areas.is_none() {
            return;
        }
        let new: BTreeMap<_, _> = self
            .rows
            .small_areas
            .iter()
            .filter(|row| row.edition == "lsoa_2021")
            .map(|row| (row.lsoa.as_str(), (row.district.as_str(), row.sub_icb.as_str())))
            .collect();
        let mut parts = BTreeMap::<String, BTreeMap<(String, String), usize>>::new();
        for pair in &self.rows.look_up {
            if let Some((district, sub_icb)) = new.get(pair.lsoa_2021.as_str()) {
                let of = parts.entry(pair.lsoa_2011.clone()).or_default();
                *of.entry(((*district).to_owned(), (*sub_icb).to_owned())).or_default() += 1;
            }
        }
        for place in 0..self.rows.small_areas.len() {
            let row = &self.rows.small_areas[place];
            let Some(found) = parts.get(&row.lsoa).filter(|_| row.edition == "lsoa_2011") else {
                continue;
            };
            if found.contains_key(&(row.district.clone(), row.sub_icb.clone())) {
                continue;
            }
            // The first of those with most parts.
            let most = found.iter().rev().max_by_key(|(_, count)| **count);
            let Some(((district, sub_icb), _)) = most else { continue };
            let mut row = row.clone();
            if found.len() > 1 {
                let what = format!(
                    "its parts lie in {} districts or locations: {district} and {sub_icb}, which have most parts, were taken",
                    found.len()
                );
                self.found.warn("several", At::default(), &row.lsoa, what);
            }
            self.put(&mut row, district.clone(), sub_icb.clone());
            self.rows.small_areas[place] = row;
        }
    }

    /// The look-up between the editions. Lines of small areas of 2021 that the file does not have stay.
    fn look_up(&mut self) {
        let Some(source) = &self.files.look_up else { return };
        let codes = |edition: &str| -> BTreeMap<&str, bool> {
            let of = self.rows.small_areas.iter().filter(|row| row.edition == edition);
            of.map(|row| (row.lsoa.as_str(), !row.population.is_empty())).collect()
        };
        let [(first, ..), (second, ..)] = EDITIONS;
        let (old, new) = (codes(first), codes(second));
        let mut wrong = Vec::new();
        let rows = source.rows.iter().filter(|row| row.old.starts_with('E'));
        let mut of_new = BTreeMap::<&str, Vec<LookUpRow>>::new();
        for row in rows {
            let [was, is] = [&row.old, &row.new];
            let what = match (old.get(was.as_str()), new.contains_key(is.as_str())) {
                (None, _) => Some((
                    was,
                    "is no small area of 2011 in the content: its residents are not known",
                )),
                (_, false) => Some((
                    is,
                    "is no small area of 2021 in the content or in the look-up of small areas",
                )),
                (Some(false), _) => Some((was, "has no residents of mid-2020 in the content")),
                (Some(true), true) => ((row.change == "U") != (was == is)).then_some((
                    was,
                    "keeps its code if it is unchanged (U), and only then: correct the row",
                )),
            };
            match what {
                Some((code, what)) => wrong.push((row.line, code.clone(), what.to_owned())),
                None => of_new.entry(is).or_default().push(LookUpRow {
                    lsoa_2011: was.clone(),
                    lsoa_2021: is.clone(),
                    change: row.change.clone(),
                }),
            }
        }
        let mut before = BTreeMap::<String, Vec<LookUpRow>>::new();
        for row in &self.rows.look_up {
            before.entry(row.lsoa_2021.clone()).or_default().push(row.clone());
        }
        let words = |rows: &[LookUpRow]| {
            let mut words: Vec<_> =
                rows.iter().map(|row| format!("{}:{}", row.lsoa_2011, row.change)).collect();
            words.sort();
            words.join(" ")
        };
        let none = Vec::new();
        let mut changed = BTreeSet::new();
        for (code, now) in &of_new {
            let was = words(before.get(*code).unwrap_or(&none));
            let is = words(now);
            if was != is {
                changed.insert((*code).to_owned());
                self.changes.push(super::Change {
                    kind: "look_up".into(),
                    what: if was.is_empty() { What::New } else { What::Changed },
                    code: (*code).to_owned(),
                    name: String::new(),
                    before: was,
                    after: is,
                });
            }
        }
        let of_new: Vec<_> = of_new
            .into_iter()
            .filter(|(code, _)| changed.contains(*code))
            .flat_map(|(_, rows)| rows)
            .collect();
        self.rows.look_up.retain(|row| !changed.contains(&row.lsoa_2021));
        self.rows.look_up.extend(of_new);
        for (line, code, what) in wrong {
            self.found.error("look_up", At(&source.file, line), &code, what);
        }
    }

    /// Deciles of an edition. Each has to follow from its rank.
    fn deciles(&mut self, file: &str, rows: &[Ranked], (edition, imd, all): (&str, &str, u32)) {
        let mut of: BTreeMap<&str, &Ranked> = BTreeMap::new();
        for row in rows {
            let at = At(file, row.line);
            let follows = (u64::from(row.rank) * u64::from(DECILES)).div_ceil(u64::from(all));
            if !(1..=all).contains(&row.rank) {
                let what = format!("rank {} is not from 1 to {all}", row.rank);
                self.found.error("rank", at, &row.code, what);
            } else if follows != u64::from(row.decile) {
                let what = format!(
                    "decile {} does not follow from rank {} of {all}, which is in decile {follows}",
                    row.decile, row.rank
                );
                self.found.error("decile", at, &row.code, what);
            }
            of.insert(&row.code, row);
        }
        let (mut lacks, mut changed) = (Vec::new(), Vec::new());
        for row in self
            .rows
            .small_areas
            .iter_mut()
            .filter(|row| row.edition == edition && row.imd_edition == imd)
        {
            match of.remove(row.lsoa.as_str()) {
                None => lacks.push(row.lsoa.clone()),
                Some(ranked) => {
                    let decile = ranked.decile.to_string();
                    if row.imd_decile != decile {
                        let before = std::mem::replace(&mut row.imd_decile, decile.clone());
                        changed.push((row.lsoa.clone(), before, decile));
                    }
                }
            }
        }
        for (code, before, after) in changed.iter().filter(|(_, before, _)| !before.is_empty()) {
            self.change(&imd.replace("imd", "decile"), What::Changed, (code, ""), (before, after));
        }
        for row in of.into_values() {
            let what = "is no small area of the content or of the look-up of small areas: add that look-up".to_owned();
            self.found.error("small_area", At(file, row.line), &row.code, what);
        }
        if let Some(first) = lacks.first() {
            let what = format!(
                "{} small areas have no row in the file, this one first: their deciles stay",
                lacks.len()
            );
            self.found.warn("not_in_file", At(file, 0), first, what);
        }
    }

    /// What has to hold of the whole: no small area lies in what ended, and England is whole.
    pub(super) fn check(&mut self) {
        let mut ended = BTreeMap::<&str, usize>::new();
        for row in &self.rows.small_areas {
            for code in [&row.district, &row.sub_icb] {
                if !code.is_empty() && self.current(code).is_none() {
                    *ended.entry(code).or_default() += 1;
                }
            }
        }
        for (code, count) in ended {
            let what = format!(
                "ended, and {count} small areas lie in it: add the ONS look-up of small areas of the same date"
            );
            self.found.error("ended_in_use", At::default(), code, what);
        }
        for (edition, _, all) in EDITIONS {
            let count = self.rows.small_areas.iter().filter(|row| row.edition == edition).count();
            let year = edition.trim_start_matches("lsoa_");
            if u32::try_from(count) != Ok(all) {
                let what = format!(
                    "the content has {count} small areas of {year}, and England has {all}. That is right for a part of England only"
                );
                self.found.warn("count", At::default(), "", what);
            }
        }
    }
}

/// District and location of a small area.
fn within(row: &SmallAreaRow) -> String {
    format!("{}/{}", row.district, row.sub_icb)
}
