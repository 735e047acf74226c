//! Districts and places: from the look-up of small areas, and the look-up of districts to upper-tier authorities. What places and systems
//! lie in is counted from the small areas.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::At;
use super::merge::Merge;
use super::source::Named;
use crate::domain::reference::split;

/// Beginning of the codes of districts that lie in a county.
const OF_COUNTY: &str = "E07";
/// Beginning of the codes of regions that are no regions of the NHS.
const REGION: &str = "E12";

impl Merge<'_> {
    /// Takes over districts and places, and ends those that are in no file any more.
    pub(super) fn places(&mut self) {
        let upper = self.upper_tier();
        let Some(source) = &self.files.small_areas else {
            return self.places_without_look_up(&upper);
        };
        let mut districts: BTreeMap<String, (Named, u64)> = BTreeMap::new();
        for row in source.rows.iter().filter(|row| row.district.code.starts_with('E')) {
            let code = self.canonical(&row.district.code);
            let (of, _) = districts
                .entry(code.clone())
                .or_insert_with(|| (Named { code, ..Named::default() }, row.line));
            if of.name.is_empty() {
                of.name.clone_from(&row.district.name);
            }
        }
        // The other look-up has the names of authorities that are their own upper tier.
        for (code, (of, _)) in districts.iter_mut().filter(|(_, (of, _))| of.name.is_empty()) {
            let own = upper.get(code).filter(|(area, _)| area.code == *code);
            own.into_iter().for_each(|(area, _)| of.name.clone_from(&area.name));
        }
        let mut covered = BTreeSet::new();
        let in_files: BTreeSet<&str> = source.rows.iter().map(|row| row.code.as_str()).collect();
        for row in self.rows.small_areas.iter().filter(|row| in_files.contains(row.lsoa.as_str())) {
            covered.insert(row.district.clone());
        }
        for (code, (of, line)) in &districts {
            self.district(code, of, upper.get(code), At(&source.file, *line));
        }
        let is_gone = |code: &String| covered.contains(code) && !districts.contains_key(code);
        let gone: Vec<_> =
            ["district", "place"].into_iter().flat_map(|kind| self.current_of(kind)).collect();
        for of in gone.iter().filter(|of| is_gone(&of.code)) {
            self.end(&of.code);
            self.same_name(of);
        }
        // A county goes with the last of its districts.
        let counties: BTreeSet<_> =
            gone.iter().flat_map(|of| split(&of.parents)).map(str::to_owned).collect();
        let districts = self.current_of("district");
        for county in self.current_of("place").iter().filter(|of| counties.contains(&of.code)) {
            let is_within = |of: &&crate::domain::reference::AreaRow| {
                split(&of.parents).any(|code| code == county.code)
            };
            let had = gone.iter().filter(is_within).count();
            if had > 0 && !districts.iter().any(|of| is_within(&of)) {
                self.end(&county.code);
                self.same_name(county);
            }
        }
    }

    /// District to the area of its upper tier, by the codes of the content.
    fn upper_tier(&self) -> BTreeMap<String, (Named, u64)> {
        let rows = self.files.upper_tier.iter().flat_map(|of| &of.rows);
        let rows =
            rows.filter(|row| row.district.starts_with('E') && row.area.code.starts_with('E'));
        let mut names = BTreeMap::<String, &str>::new();
        for row in rows.clone().filter(|row| !row.area.name.is_empty()) {
            names.entry(self.canonical(&row.area.code)).or_insert(&row.area.name);
        }
        let named = rows.map(|row| {
            let code = self.canonical(&row.area.code);
            let name = names.get(&code).copied().unwrap_or_default().to_owned();
            (self.canonical(&row.district), (Named { code, ons: String::new(), name }, row.line))
        });
        named.collect()
    }

    /// Without the look-up of small areas it is not known which districts there are: those of the content get their place.
    fn places_without_look_up(&mut self, upper: &BTreeMap<String, (Named, u64)>) {
        let file = self.files.upper_tier.as_ref().map_or("", |of| of.file.as_str());
        for (code, (area, line)) in upper {
            if self.current(code).is_some_and(|of| of.kind == "district") {
                self.district(
                    code,
                    &Named::default(),
                    Some(&(area.clone(), *line)),
                    At(file, *line),
                );
            }
        }
    }

    fn district(&mut self, code: &str, of: &Named, upper: Option<&(Named, u64)>, at: At<'_>) {
        let upper = upper.filter(|(area, _)| area.code != code);
        let file = self.files.upper_tier.as_ref().map_or("", |of| of.file.as_str());
        if let Some((area, line)) = upper {
            match self.area(&area.code).map(|of| (of.kind == "place", of.last_month.is_empty())) {
                None => {
                    let name = (area.name.clone(), At(file, *line));
                    self.add("place", area, name, String::new());
                }
                Some((true, true)) => self.rename(&area.code, &area.name),
                Some(_) => {
                    let what = format!(
                        "lies in {}, which is no place that exists: use look-ups of the same date",
                        area.code
                    );
                    return self.found.error("place", at, code, what);
                }
            }
        }
        let parent = upper.map(|(area, _)| area.code.clone());
        let Some(known) = self.area(code) else {
            return match parent {
                Some(parent) => self.add("district", of, (of.name.clone(), at), parent),
                None if !code.starts_with(OF_COUNTY) => {
                    self.add("place", of, (of.name.clone(), at), String::new());
                }
                None => {
                    let what = format!(
                        "{} is new and lies in a county: add the ONS look-up of districts to upper-tier authorities",
                        of.name
                    );
                    self.found.error("place", at, code, what);
                }
            };
        };
        let (kind, ended) = (known.kind.clone(), known.last_month.clone());
        if !ended.is_empty() {
            let what = format!(
                "ended in {ended} in the content in force: use a look-up that is newer than the content"
            );
            return self.found.error("ended", at, code, what);
        }
        match (kind.as_str(), parent) {
            ("district", Some(parent)) => self.move_to(code, &parent),
            ("district", None) | ("place", None) => {}
            (kind, parent) => {
                let what = format!(
                    "is a {kind} in the content in force, and lies in {} in the file",
                    parent.unwrap_or_default()
                );
                return self.found.error("type", at, code, what);
            }
        }
        self.rename(code, &of.name);
    }

    /// An authority that is gone, while a new one has its name, may be the same under another code.
    fn same_name(&mut self, gone: &crate::domain::reference::AreaRow) {
        let now = self.current_of(&gone.kind);
        let Some(new) = now.iter().find(|of| of.name == gone.name && of.first_month == self.from())
        else {
            return;
        };
        let what = format!(
            "has the name of {}, which is gone. If it is the same authority: in areas.csv of the content in force, give that row the code {} and the other_code {}, then build again",
            gone.code, new.code, gone.code
        );
        self.found.warn("same_name", At::default(), &new.code, what);
    }

    /// Works out in which systems each place lies, the one with most small areas first; and in which region each system lies.
    pub(super) fn parents_of_places(&mut self) {
        let (files, mut shares) = (self.files, BTreeMap::<String, BTreeMap<String, usize>>::new());
        let mut regions = BTreeMap::<String, BTreeSet<&str>>::new();
        let region_of: BTreeMap<String, &str> = files
            .regions
            .iter()
            .flat_map(|of| &of.rows)
            .map(|row| (self.canonical(&row.district), row.area.code.as_str()))
            .collect();
        for row in self.rows.small_areas.iter().filter(|row| row.edition == "lsoa_2021") {
            let systems = self.around(&row.sub_icb, "system");
            let (Some(system), Some(place)) = (systems.first(), self.place_of(&row.district))
            else {
                continue;
            };
            // A system of whose districts one is not in the file has a region that is not known: empty.
            let region = region_of.get(&row.district).copied().unwrap_or_default();
            regions.entry(system.clone()).or_default().insert(region);
            *shares.entry(place).or_default().entry(system.clone()).or_default() += 1;
        }
        if files.mapping.is_some() || files.small_areas.is_some() {
            for (place, systems) in shares {
                let mut ranked: Vec<_> = systems.into_iter().collect();
                ranked.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
                let parents: Vec<_> = ranked.into_iter().map(|(system, _)| system).collect();
                self.move_to(&place, &parents.join(";"));
            }
        }
        if files.regions.is_some() {
            self.regions_of_systems(&regions);
        }
    }

    /// A system lies in a region if all of its small areas do.
    fn regions_of_systems(&mut self, regions: &BTreeMap<String, BTreeSet<&str>>) {
        for (system, within) in regions.iter().filter(|(_, within)| !within.contains("")) {
            let Some(area) = self.area(system) else { continue };
            let kept =
                split(&area.parents).filter(|code| !code.starts_with(REGION)).map(str::to_owned);
            let one = within
                .iter()
                .next()
                .filter(|region| within.len() == 1 && self.current(region).is_some());
            let parents: Vec<_> = kept.chain(one.map(|region| (*region).to_owned())).collect();
            self.move_to(system, &parents.join(";"));
        }
    }

    /// The place that a district is, or lies in.
    pub(super) fn place_of(&self, district: &str) -> Option<String> {
        let area = self.current(district)?;
        match area.kind.as_str() {
            "place" => Some(area.code.clone()),
            _ => split(&area.parents)
                .find(|code| self.current(code).is_some_and(|of| of.kind == "place"))
                .map(str::to_owned),
        }
    }
}
