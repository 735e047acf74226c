//! Regions of the NHS, systems, sub-ICB locations and primary care networks: from the practice mapping; without one, systems and locations
//! from the look-up of small areas.

use std::collections::{BTreeMap, BTreeSet};

use super::change::What;
use super::finding::At;
use super::merge::Merge;
use super::names;
use super::source::Named;
use crate::domain::reference::{AreaRow, OrganisationRow, split};

/// Where a network lies that spans several regions.
const ENGLAND: &str = "E92000001";

/// A system that a mapping does not name has ended if all but one in so many of its practices are elsewhere: some close on the way.
const ALL_BUT: usize = 10;

/// An area of a file: what contains it, and the line that has it first.
struct Seen {
    named: Named,
    parent: String,
    line: u64,
}

/// Areas of a file by code.
type Areas = BTreeMap<String, Seen>;

/// A network: its locations, systems and regions.
#[derive(Default)]
struct Network {
    named: Named,
    within: [BTreeSet<String>; 3],
    /// The first line that has it.
    line: u64,
}

impl Merge<'_> {
    /// Takes over what the files say of them, and ends those that are in no file any more.
    pub(super) fn systems(&mut self) {
        let (files, mut levels) = (self.files, [(); 3].map(|()| Areas::new()));
        if let Some(source) = &files.mapping {
            let covered = self.covered_by_mapping();
            for row in &source.rows {
                let at = At(&source.file, row.line);
                let [regions, systems, locations] = &mut levels;
                self.seen(regions, &row.region, "", at);
                self.seen(systems, &row.system, &row.region.code, at);
                self.seen(locations, &row.sub_icb, &row.system.code, at);
            }
            if let Some(of) = &files.small_areas {
                self.compare_look_up(&levels[2], of);
            }
            self.adopt(&levels, &source.file, Some(&covered));
            self.networks(&covered);
        } else if let Some(source) = &files.small_areas {
            for row in &source.rows {
                let at = At(&source.file, row.line);
                self.seen(&mut levels[1], &row.system, "", at);
                self.seen(&mut levels[2], &row.sub_icb, &row.system.code, at);
            }
            self.adopt(&levels, &source.file, None);
        }
    }

    /// Notes an area of a row. All rows of an area have to agree.
    fn seen(&mut self, areas: &mut Areas, named: &Named, parent: &str, at: At<'_>) {
        let new = || Seen { named: named.clone(), parent: parent.to_owned(), line: at.1 };
        let known = areas.entry(named.code.clone()).or_insert_with(new);
        if known.named.name.is_empty() {
            known.named.name.clone_from(&named.name);
        }
        if known.parent != parent {
            let what = format!(
                "lies in {parent} here, and in {} in line {}: correct one of the rows",
                known.parent, known.line
            );
            self.found.error("parent", at, &named.code, what);
        } else if known.named.ons != named.ons {
            let what = format!(
                "has the ONS code {} here, and {} in line {}: correct one of the rows",
                named.ons, known.named.ons, known.line
            );
            self.found.error("ons_code", at, &named.code, what);
        }
    }

    /// The systems that the mapping speaks of: those that it names, and those that are elsewhere in it now, with all of their locations or
    /// with nearly all of their practices. The others stay as they are, so a mapping of one system is enough for that system, also if single
    /// practices or locations came to it from another.
    fn covered_by_mapping(&mut self) -> BTreeSet<String> {
        let rows = self.files.mapping.iter().flat_map(|of| &of.rows);
        let (mut named, mut locations, mut practices) =
            (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for row in rows {
            named.extend(self.around(&row.system.code, "system"));
            locations.insert(row.sub_icb.code.as_str());
            practices.insert(row.code.as_str());
        }
        // Of each system: its locations and practices, and how many of them the file has.
        let mut of_system = BTreeMap::<String, [(usize, usize); 2]>::new();
        let mut count = |systems: BTreeSet<String>, kind: usize, is_there: bool| {
            for system in systems {
                let (all, there) = &mut of_system.entry(system).or_default()[kind];
                *all += 1;
                *there += usize::from(is_there);
            }
        };
        for of in self.current_of("sub_icb") {
            let is_there = locations.contains(of.code.as_str());
            count(self.around(&of.code, "system"), 0, is_there);
        }
        let is_current = |of: &&OrganisationRow| of.kind == "practice" && of.last_month.is_empty();
        for of in self.rows.organisations.iter().filter(is_current) {
            let areas = split(&of.areas).map(|part| part.split('@').next().unwrap_or(part));
            let systems = areas.filter_map(|code| self.current(code));
            let systems = systems.filter(|area| area.kind == "system");
            let systems = systems.map(|area| area.code.clone()).collect();
            count(systems, 1, practices.contains(of.code.as_str()));
        }
        let file = self.files.mapping.as_ref().map_or("", |of| of.file.as_str());
        for (system, [(locations, found), (practices, moved)]) in of_system {
            if (locations > 0 && found == locations)
                || (practices > 0 && moved * ALL_BUT >= practices * (ALL_BUT - 1))
            {
                named.insert(system);
            } else if moved > 0 && !named.contains(&system) {
                let what = format!(
                    "is not in the mapping, which has {moved} of its {practices} practices in other systems: it stays with the others. If it ended, use a mapping of all systems that took its place"
                );
                self.found.warn("partly_moved", At(file, 0), &system, what);
            }
        }
        named
    }

    /// The look-up of small areas may be of another date than the mapping: what the mapping says of a location holds.
    fn compare_look_up(
        &mut self,
        locations: &Areas,
        of: &super::source::Source<super::source::Located>,
    ) {
        let mut compared = BTreeSet::new();
        for row in of.rows.iter().filter(|row| compared.insert(row.sub_icb.code.as_str())) {
            let Some(known) = locations.get(&row.sub_icb.code) else { continue };
            if known.parent != row.system.code {
                let what = format!(
                    "the look-up puts it into {}, and the practice mapping into {}, which was taken: use a look-up of the same date",
                    row.system.code, known.parent
                );
                self.found.warn("older_look_up", At(&of.file, row.line), &row.sub_icb.code, what);
            }
        }
    }

    /// Takes over regions, systems and locations, from large to small. `covered`: systems whose areas end if the file has them no more.
    fn adopt(&mut self, levels: &[Areas; 3], file: &str, covered: Option<&BTreeSet<String>>) {
        for (kind, seen) in ["region", "system", "sub_icb"].into_iter().zip(levels) {
            for (code, of) in seen {
                self.adopt_one(kind, code, of, file);
            }
            let Some(covered) = covered.filter(|_| kind != "region") else { continue };
            for gone in self.current_of(kind).iter().filter(|of| !seen.contains_key(&of.code)) {
                if !self.systems_of(&gone.code).is_disjoint(covered) {
                    self.end(&gone.code);
                }
            }
        }
    }

    fn adopt_one(&mut self, kind: &str, code: &str, of: &Seen, file: &str) {
        let at = At(file, of.line);
        let name = match kind {
            _ if kind != "sub_icb" && of.named.name.is_empty() => String::new(),
            "region" => format!("{} (NHS region)", of.named.name),
            "system" => names::system(&of.named.name),
            // The publisher names a location by its system and its code.
            _ => {
                let system =
                    self.area(&of.parent).map_or(of.parent.as_str(), |of| of.name.as_str());
                format!("{system} {code}")
            }
        };
        let Some(known) = self.area(code) else {
            let parents = if kind == "region" { ENGLAND.to_owned() } else { of.parent.clone() };
            self.add(kind, &of.named, (name, at), parents);
            if kind == "region"
                && let Some(area) = self.area_mut(code)
            {
                area.first_month.clear();
            }
            return;
        };
        if !self.is_of_type(kind, &known.clone(), at) {
            return;
        }
        if kind == "system" {
            self.rename(code, &name);
        }
        self.recode(kind, code, &of.named.ons, at);
        if kind == "sub_icb" {
            self.move_to(code, &of.parent);
        }
        // The parents of a system are worked out with those of the places.
        if kind == "system" && !of.parent.is_empty() {
            let regions = self.area(code).map(|of| of.parents.clone()).unwrap_or_default();
            let is_nhs = |code: &&str| code.starts_with('Y');
            let kept = split(&regions).filter(|code| !is_nhs(code));
            let parents: Vec<_> = std::iter::once(of.parent.as_str()).chain(kept).collect();
            self.move_to(code, &parents.join(";"));
        }
    }

    /// Whether an area of the content is of the type that a file says, and has not ended.
    fn is_of_type(&mut self, kind: &str, known: &AreaRow, at: At<'_>) -> bool {
        if known.kind != kind {
            let what =
                format!("is a {} in the content in force, and a {kind} in the file", known.kind);
            self.found.error("type", at, &known.code, what);
        } else if !known.last_month.is_empty() {
            let what = format!(
                "ended in {} in the content in force: the file is older than the content, or the code is in use again; take a newer file",
                known.last_month
            );
            self.found.error("ended", at, &known.code, what);
        } else {
            return true;
        }
        false
    }

    /// Gives an area another ONS code. ONS changes the code of an area with its boundary.
    fn recode(&mut self, kind: &str, code: &str, ons: &str, at: At<'_>) {
        let from = self.from();
        let Some(area) =
            self.area_mut(code).filter(|area| !ons.is_empty() && area.other_code != ons)
        else {
            return;
        };
        if split(&area.former_codes).any(|former| former == ons) {
            let what = format!(
                "the file has the ONS code {ons}, which it had before {}: the newer one was kept",
                area.other_code
            );
            return self.found.warn("older_code", at, code, what);
        }
        let before = std::mem::replace(&mut area.other_code, ons.to_owned());
        if before.is_empty() || kind == "region" {
            return;
        }
        append(&mut area.former_codes, &before);
        append(&mut area.breaks, &from);
        let name = area.name.clone();
        self.change(kind, What::Boundary, (code, &name), (&before, ons));
    }

    /// Puts an area into others. Those that contained it and ended are kept as former ones.
    pub(super) fn move_to(&mut self, code: &str, parents: &str) {
        let Some(area) = self.area(code).filter(|area| area.parents != parents) else { return };
        let ended: Vec<_> = split(&area.parents)
            .filter(|before| self.area(before).is_some_and(|of| !of.last_month.is_empty()))
            .map(str::to_owned)
            .collect();
        let Some(area) = self.area_mut(code) else { return };
        let before = std::mem::replace(&mut area.parents, parents.to_owned());
        for former in ended {
            append(&mut area.former_parents, &former);
        }
        let (kind, name) = (area.kind.clone(), area.name.clone());
        self.change(&kind, What::Moved, (code, &name), (&before, parents));
    }

    /// The systems that an area is, lies in, or lay in until they ended.
    pub(super) fn systems_of(&self, code: &str) -> BTreeSet<String> {
        let (mut found, mut open, mut seen) = (BTreeSet::new(), vec![code], BTreeSet::new());
        while let Some(area) = open.pop().and_then(|code| self.area(code)) {
            if seen.insert(area.code.as_str()) {
                found.extend((area.kind == "system").then(|| area.code.clone()));
                open.extend(split(&area.parents).chain(split(&area.former_parents)));
            }
        }
        found
    }

    /// Networks lie in the smallest area that holds all of their practices: a location, a system, a region.
    fn networks(&mut self, covered: &BTreeSet<String>) {
        let Some(source) = &self.files.mapping else { return };
        let (mut networks, mut regions) = (BTreeMap::<String, Network>::new(), BTreeSet::new());
        for row in &source.rows {
            regions.insert(row.region.code.clone());
            if row.pcn.code.is_empty() {
                continue;
            }
            let of = networks.entry(row.pcn.code.clone()).or_default();
            if of.line == 0 {
                (of.named, of.line) = (row.pcn.clone(), row.line);
            }
            for (within, area) in of.within.iter_mut().zip([&row.sub_icb, &row.system, &row.region])
            {
                within.insert(area.code.clone());
            }
        }
        // A network may have practices in systems that the file does not speak of.
        let in_file: BTreeSet<&str> = source.rows.iter().map(|row| row.code.as_str()).collect();
        for of in self.rows.organisations.iter().filter(|of| of.last_month.is_empty()) {
            let systems = self.systems_of_organisation(of);
            if in_file.contains(of.code.as_str()) || systems.is_subset(covered) {
                continue;
            }
            let areas = split(&of.areas).map(|part| part.split('@').next().unwrap_or(part));
            let areas: Vec<_> = areas.filter_map(|code| self.current(code)).collect();
            let network = areas.iter().find(|area| area.kind == "pcn");
            let Some(network) = network.and_then(|area| networks.get_mut(&area.code)) else {
                continue;
            };
            let [locations, within, regions] = &mut network.within;
            let of_kind = |kind: &'static str| areas.iter().filter(move |area| area.kind == kind);
            locations.extend(of_kind("sub_icb").map(|area| area.code.clone()));
            let around = systems.iter().flat_map(|system| self.around(system, "region"));
            // Systems lie in a region of the NHS, and in one that is none.
            regions.extend(around.filter(|code| code.starts_with('Y')));
            within.extend(systems);
        }
        for (code, of) in &networks {
            let one =
                of.within.iter().find(|within| within.len() == 1).and_then(|within| within.first());
            let parent = one.map_or(ENGLAND, String::as_str);
            let Some(known) = self.area(code) else {
                let name = (names::read(&of.named.name), At(&source.file, of.line));
                self.add("pcn", &of.named, name, parent.to_owned());
                continue;
            };
            if self.is_of_type("pcn", &known.clone(), At(&source.file, of.line)) {
                self.rename(code, &of.named.name);
                self.move_to(code, parent);
            }
        }
        for gone in self.current_of("pcn").iter().filter(|of| !networks.contains_key(&of.code)) {
            // A network of several systems hangs in their region: it is gone if the file has all of these.
            let mut of = self.rows.organisations.iter().filter(|of| {
                split(&of.areas).any(|part| part.split('@').next() == Some(gone.code.as_str()))
            });
            let of_region = regions.contains(&gone.parents)
                && of.all(|of| self.systems_of_organisation(of).is_subset(covered));
            if of_region || !self.systems_of(&gone.code).is_disjoint(covered) {
                self.end(&gone.code);
            }
        }
    }
}

/// Adds a code or month to a list in a cell.
fn append(list: &mut String, code: &str) {
    if !split(list).any(|known| known == code) {
        if !list.is_empty() {
            list.push(';');
        }
        list.push_str(code);
    }
}
