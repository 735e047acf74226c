//! Organisations: practices from the mapping, with the months of `epraccur`; trusts from `etr`; sub-ICB locations, which submit data too.

use std::collections::{BTreeMap, BTreeSet};

use super::change::What;
use super::finding::At;
use super::merge::Merge;
use super::names;
use super::source::{Listed, Mapped};
use crate::domain::period::Month;
use crate::domain::reference::{OrganisationRow, split};

/// Types of areas that the files say an organisation belongs to. It may belong to others, which stay.
const FROM_FILES: [&str; 4] = ["pcn", "sub_icb", "place", "system"];
/// A system that loses more than one in so many of its practices at once was cut off.
const MOST_GONE: usize = 2;
/// Least number of practices of a system for that.
const FEW: usize = 10;

impl Merge<'_> {
    /// Takes over practices, trusts and sub-ICB locations.
    pub(super) fn organisations(&mut self) {
        let place = self.places_of_locations();
        let mut at: BTreeMap<String, usize> = BTreeMap::new();
        for (row, of) in self.rows.organisations.iter().enumerate() {
            at.insert(of.code.clone(), row);
        }
        let files = self.files;
        let listed: BTreeMap<&str, &Listed> = files
            .practices
            .iter()
            .flat_map(|of| &of.rows)
            .map(|row| (row.code.as_str(), row))
            .collect();
        if let Some(source) = &files.mapping {
            for row in &source.rows {
                let chain = [
                    Some(row.pcn.code.clone()).filter(|code| !code.is_empty()),
                    Some(row.sub_icb.code.clone()),
                    place.get(&row.sub_icb.code).cloned(),
                    Some(row.system.code.clone()),
                ];
                let chain: Vec<_> = chain.into_iter().flatten().collect();
                self.compare(row, listed.get(row.code.as_str()).copied(), &source.file);
                self.practice(
                    row,
                    &chain,
                    &at,
                    listed.get(row.code.as_str()).copied(),
                    &source.file,
                );
            }
            self.gone_practices(&source.file, &source.rows, &listed);
        } else if let Some(source) = &files.practices {
            self.closed(&source.rows, "practice");
        }
        self.locations(&place, &at);
        if let Some(source) = &files.trusts {
            self.trusts(&source.file, &source.rows, &at);
        }
    }

    /// The place of each location that lies in one place alone.
    fn places_of_locations(&self) -> BTreeMap<String, String> {
        let mut places = BTreeMap::<&str, BTreeSet<String>>::new();
        for row in self.rows.small_areas.iter().filter(|row| row.edition == "lsoa_2021") {
            if let Some(place) = self.place_of(&row.district) {
                places.entry(&row.sub_icb).or_default().insert(place);
            }
        }
        let one = places.into_iter().filter(|(_, of)| of.len() == 1);
        one.filter_map(|(code, of)| Some((code.to_owned(), of.into_iter().next()?))).collect()
    }

    /// What the two files say of one practice.
    fn compare(&mut self, row: &Mapped, listed: Option<&Listed>, file: &str) {
        if self.files.practices.is_none() {
            return;
        }
        let at = At(file, row.line);
        let Some(listed) = listed else {
            let what = "is not in epraccur: use files of the same month".to_owned();
            return self.found.warn("practice", at, &row.code, what);
        };
        if !listed.is_practice {
            self.found.warn(
                "practice",
                at,
                &row.code,
                "is no GP practice (RO76) in epraccur".into(),
            );
        }
        if let Some(closed) = listed.closed.filter(|closed| *closed < row.month) {
            let what = format!(
                "closed in {closed} in epraccur and is in the mapping of {}: the mapping was taken",
                row.month
            );
            self.found.warn("closed", at, &row.code, what);
        }
        if !listed.commissioner.is_empty() && listed.commissioner != row.sub_icb.code {
            let what = format!(
                "belongs to {} in epraccur and to {} in the mapping, which was taken",
                listed.commissioner, row.sub_icb.code
            );
            self.found.warn("commissioner", at, &row.code, what);
        }
    }

    fn practice(
        &mut self,
        row: &Mapped,
        chain: &[String],
        at: &BTreeMap<String, usize>,
        listed: Option<&Listed>,
        file: &str,
    ) {
        let Some(place) = at.get(&row.code).copied() else {
            let opened = listed.and_then(|of| of.opened).or(self.from);
            return self.new_organisation("practice", (&row.code, &row.name), chain, opened);
        };
        self.same_type(place, "practice", At(file, row.line));
        self.organisation(place, &row.name, chain);
        let of = &mut self.rows.organisations[place];
        if !of.last_month.is_empty() {
            let ended = std::mem::take(&mut of.last_month);
            of.successor.clear();
            let (code, name) = (of.code.clone(), of.name.clone());
            self.tell("practice", What::New, (&code, &name), (&ended, ""));
            let what = format!(
                "ended in {ended} in the content in force and is in the mapping: its last month and successor were removed"
            );
            self.found.warn("came_back", At(file, row.line), &row.code, what);
        }
    }

    /// Notes a change. A sub-ICB location is an area too, and was noted as such.
    fn tell(&mut self, kind: &str, what: What, of: (&str, &str), values: (&str, &str)) {
        if kind != "sub_icb" {
            self.change(kind, what, of, values);
        }
    }

    fn same_type(&mut self, place: usize, kind: &str, at: At<'_>) {
        let of = &self.rows.organisations[place];
        if of.kind != kind {
            let what =
                format!("is a {} in the content in force, and a {kind} in the file", of.kind);
            self.found.error("type", at, &of.code, what);
        }
    }

    fn new_organisation(
        &mut self,
        kind: &str,
        (code, name): (&str, &str),
        chain: &[String],
        first: Option<Month>,
    ) {
        let (name, areas) = (names::read(name), chain.join(";"));
        self.tell(kind, What::New, (code, &name), ("", &areas));
        self.rows.organisations.push(OrganisationRow {
            code: code.to_owned(),
            name,
            kind: kind.to_owned(),
            areas,
            first_month: first.map_or(String::new(), |month| month.to_string()),
            ..OrganisationRow::default()
        });
    }

    /// Gives an organisation its name and its areas.
    fn organisation(&mut self, place: usize, published: &str, chain: &[String]) {
        let areas = self.areas_of(&self.rows.organisations[place].areas, chain);
        let of = &mut self.rows.organisations[place];
        let (kind, code) = (of.kind.clone(), of.code.clone());
        let renamed = !published.is_empty() && !names::same(&of.name, published);
        let name = if renamed { names::read(published) } else { of.name.clone() };
        let before_name = std::mem::replace(&mut of.name, name.clone());
        let before = std::mem::replace(&mut of.areas, areas.clone());
        if renamed {
            self.tell(&kind, What::Renamed, (&code, &name), (&before_name, &name));
        }
        if before != areas {
            self.tell(&kind, What::Moved, (&code, &name), (&before, &areas));
        }
    }

    /// The areas of an organisation: those of the files, from small to large; areas of other types as they were; then those that ended. An
    /// area that followed one that ended, and existed before, begins for the organisation with the changes: `92A@2026-04`. Who moves on from an area
    /// that still exists counts in the new one from the month in which that one followed one that ended, or else in all months.
    fn areas_of(&self, before: &str, chain: &[String]) -> String {
        let code = |part: &str| part.split('@').next().unwrap_or(part).to_owned();
        let parts: Vec<(String, &str)> = split(before).map(|part| (code(part), part)).collect();
        let is_from_files = |kind: &str| FROM_FILES.contains(&kind);
        let (mut kept, mut ended) = (Vec::new(), Vec::new());
        for (code, part) in parts.iter().filter(|(code, _)| !chain.contains(code)) {
            match self.area(code) {
                Some(area) if !area.last_month.is_empty() => ended.push((area, *part)),
                Some(area) if is_from_files(&area.kind) => {}
                Some(_) | None => kept.push((*part).to_owned()),
            }
        }
        let now = chain.iter().map(|code| {
            if let Some((_, part)) = parts.iter().find(|(known, _)| known == code) {
                return (*part).to_owned();
            }
            let area = self.area(code);
            let kind = area.map_or("", |of| of.kind.as_str());
            let left = parts.iter().filter(|(known, _)| !chain.contains(known));
            let left = left.filter_map(|(known, part)| Some((self.current(known)?, *part)));
            let mut left = left.filter(|(of, _)| of.kind == kind).map(|(of, part)| {
                part.split_once('@').map_or(of.first_month.clone(), |(_, since)| since.to_owned())
            });
            let from = left.next_back().unwrap_or_else(|| self.from());
            let follows = ended.iter().any(|(of, _)| of.kind == kind) && !from.is_empty();
            let is_older =
                area.is_some_and(|of| of.first_month.is_empty() || of.first_month < from);
            if follows && is_older { format!("{code}@{from}") } else { code.clone() }
        });
        let now: Vec<_> = now.collect();
        let ended = ended.iter().map(|(_, part)| (*part).to_owned());
        now.into_iter().chain(kept).chain(ended).collect::<Vec<_>>().join(";")
    }

    /// Practices that the mapping has no more end: in the month of `epraccur`, or else in that of the extract.
    fn gone_practices(&mut self, file: &str, rows: &[Mapped], listed: &BTreeMap<&str, &Listed>) {
        let in_file: BTreeSet<&str> = rows.iter().map(|row| row.code.as_str()).collect();
        let named: BTreeSet<&str> = rows.iter().map(|row| row.system.code.as_str()).collect();
        let extract = rows.first().map(|row| row.month);
        // Systems with a practice in the mapping, by number of practices before and of those that are gone.
        let mut of_system = BTreeMap::<String, (usize, Vec<usize>, bool)>::new();
        for (place, of) in self.rows.organisations.iter().enumerate() {
            if of.kind != "practice" || !of.last_month.is_empty() {
                continue;
            }
            let systems = self.systems_of_organisation(of);
            let is_there = in_file.contains(of.code.as_str());
            for system in systems {
                let (count, gone, covered) = of_system.entry(system).or_default();
                *count += 1;
                *covered |= is_there;
                if !is_there {
                    gone.push(place);
                }
            }
        }
        let mut gone = BTreeSet::new();
        for (system, (count, of, covered)) in &of_system {
            if !covered && !named.contains(system.as_str()) {
                continue;
            }
            if *count >= FEW && of.len() * MOST_GONE > *count && !self.allow_shrinking {
                let what = format!(
                    "loses {} of its {count} practices at once: is the file whole? If that is right, add --allow-shrinking",
                    of.len()
                );
                self.found.error("shrinking", At(file, 0), system, what);
            }
            gone.extend(of.iter().copied());
        }
        for place in gone {
            let code = self.rows.organisations[place].code.clone();
            let closed = listed.get(code.as_str()).and_then(|of| of.closed);
            if listed.get(code.as_str()).is_some_and(|of| of.closed.is_none()) {
                let what = "has no close date in epraccur, and is not in the mapping: it ends in the month of the extract".to_owned();
                self.found.warn("no_list", At::default(), &code, what);
            }
            self.end_organisation(place, closed.or(extract));
        }
    }

    /// The systems of an organisation that exist, or ended with these changes.
    pub(super) fn systems_of_organisation(&self, of: &OrganisationRow) -> BTreeSet<String> {
        let codes = split(&of.areas).map(|part| part.split('@').next().unwrap_or(part));
        let until = self.until();
        let is_system = |code: &&str| {
            self.area(code).is_some_and(|of| {
                of.kind == "system" && (of.last_month.is_empty() || of.last_month == until)
            })
        };
        codes.filter(is_system).map(str::to_owned).collect()
    }

    fn end_organisation(&mut self, place: usize, last: Option<Month>) {
        let Some(last) = last.map(|month| month.to_string()) else { return };
        let of = &mut self.rows.organisations[place];
        // It cannot end before it began.
        let last = if of.first_month > last { of.first_month.clone() } else { last };
        of.last_month.clone_from(&last);
        let (kind, code, name) = (of.kind.clone(), of.code.clone(), of.name.clone());
        self.tell(&kind, What::Gone, (&code, &name), ("", &last));
    }

    /// Organisations that a list of ODS closed end in that month.
    fn closed(&mut self, rows: &[Listed], kind: &str) {
        let closed: BTreeMap<&str, Month> =
            rows.iter().filter_map(|row| Some((row.code.as_str(), row.closed?))).collect();
        let open = self.rows.organisations.iter().enumerate();
        let open = open.filter(|(_, of)| of.kind == kind && of.last_month.is_empty());
        let ends: Vec<_> =
            open.filter_map(|(place, of)| Some((place, *closed.get(of.code.as_str())?))).collect();
        for (place, month) in ends {
            self.end_organisation(place, Some(month));
        }
    }

    /// Every sub-ICB location is an organisation too, in its place and system.
    fn locations(&mut self, place: &BTreeMap<String, String>, at: &BTreeMap<String, usize>) {
        for area in self.current_of("sub_icb") {
            let system = split(&area.parents).next().unwrap_or_default().to_owned();
            let chain = [Some(area.code.clone()), place.get(&area.code).cloned(), Some(system)];
            let chain: Vec<_> = chain.into_iter().flatten().collect();
            match at.get(&area.code).copied() {
                Some(place) => self.organisation(place, "", &chain),
                None => {
                    self.new_organisation("sub_icb", (&area.code, &area.name), &chain, self.from);
                }
            }
        }
        let until = self.until();
        for place in 0..self.rows.organisations.len() {
            let of = &self.rows.organisations[place];
            let ended = self.area(&of.code).is_some_and(|area| area.last_month == until);
            if of.kind == "sub_icb" && of.last_month.is_empty() && ended {
                self.end_organisation(place, until.parse().ok());
            }
        }
    }

    /// Trusts: those that opened, closed, or have another name. Trusts outside England have no system in `etr`, and are left out.
    fn trusts(&mut self, file: &str, rows: &[Listed], at: &BTreeMap<String, usize>) {
        self.closed(rows, "trust");
        let systems: BTreeSet<&str> = rows.iter().map(|row| row.system.as_str()).collect();
        for row in rows.iter().filter(|row| row.closed.is_none()) {
            let known = at.get(&row.code).copied();
            if known.is_none() && row.system.is_empty() {
                continue;
            }
            let exists = self.current(&row.system).is_some_and(|of| of.kind == "system");
            let own = std::slice::from_ref(&row.system);
            match known {
                Some(place) => self.trust(place, row, exists, At(file, row.line)),
                None if exists => {
                    self.new_organisation("trust", (&row.code, &row.name), own, row.opened);
                }
                None => self.no_system(row, At(file, row.line)),
            }
        }
        let in_file: BTreeSet<&str> = rows.iter().map(|row| row.code.as_str()).collect();
        let open = self.rows.organisations.iter().enumerate();
        let gone = open.filter(|(_, of)| {
            of.kind == "trust"
                && of.last_month.is_empty()
                && !in_file.contains(of.code.as_str())
                && self
                    .systems_of_organisation(of)
                    .iter()
                    .any(|code| systems.contains(code.as_str()))
        });
        let gone: Vec<_> = gone.map(|(place, _)| place).collect();
        for place in gone {
            self.end_organisation(place, self.from);
        }
    }

    fn no_system(&mut self, row: &Listed, at: At<'_>) {
        let what = format!(
            "lies in the system `{}`, which does not exist: use files of the same month",
            row.system
        );
        self.found.error("system", at, &row.code, what);
    }

    /// A trust of the content. Its system in `etr` is that of its address, so it stays in its own as long as that exists.
    fn trust(&mut self, place: usize, row: &Listed, exists: bool, at: At<'_>) {
        self.same_type(place, "trust", at);
        let Some(of) = self.rows.organisations.get(place).cloned() else { return };
        if !of.last_month.is_empty() {
            let what = format!(
                "ended in {} in the content in force and is open in etr: it stays ended; correct organisations.csv if that is wrong",
                of.last_month
            );
            return self.found.warn("came_back", at, &row.code, what);
        }
        let own = self.systems_of_organisation(&of);
        // Its places, and other systems of it, are in no file.
        let code = |part: &str| part.split('@').next().unwrap_or(part).to_owned();
        let current = split(&of.areas).map(code).filter(|code| self.current(code).is_some());
        let mut areas: Vec<String> = current.collect();
        match own.iter().find(|code| self.current(code).is_some()) {
            Some(own) => {
                if *own != row.system && !row.system.is_empty() {
                    let what = format!(
                        "etr has {}, the system of its address; it stays in {own}. If it moved, change its areas in organisations.csv",
                        row.system
                    );
                    self.found.warn("trust_system", at, &row.code, what);
                }
                self.organisation(place, &row.name, &areas);
            }
            None if exists => {
                areas.push(row.system.clone());
                self.organisation(place, &row.name, &areas);
            }
            None => self.no_system(row, at),
        }
    }
}
