//! Puts the publishers' files into the content in force, step by step: systems and what is in them, places, small areas, organisations.

use std::collections::{BTreeMap, BTreeSet};

use super::change::{Change, What};
use super::files::Files;
use super::finding::{At, Finding, Findings, Severity};
use super::source::{Named, Source};
use crate::domain::period::Month;
use crate::domain::reference::{AreaRow, PlaceRows, split};

/// New content, what was found on the way, and what is other than before.
#[derive(Debug)]
pub struct Built {
    /// The rows of the new content.
    pub rows: PlaceRows,
    /// What was found: of the files, and between them and the content in force.
    pub findings: Vec<Finding>,
    /// What is other than in the content in force.
    pub changes: Vec<Change>,
    /// How many of each kind exist now: those that ended are not counted.
    pub counts: BTreeMap<String, usize>,
    /// First month of what changed; none: no file needs one.
    pub from: Option<Month>,
}

impl Built {
    /// Adds the finding that the service's own reader does not take the content.
    pub fn refuse(&mut self, what: String) {
        let mut found = Findings::default();
        found.error("content", At::default(), "", what);
        self.findings.append(&mut found.0);
    }

    /// Whether nothing may be written.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Error)
    }
}

/// Builds new content. `from` is the first month of what changed: that of the extract of the practice mapping, unless it is given.
/// `allow_shrinking` lets a system lose most of its practices at once.
#[must_use]
pub fn build(
    in_force: &PlaceRows,
    files: &Files,
    from: Option<Month>,
    allow_shrinking: bool,
) -> Built {
    let extract = files.mapping.as_ref().and_then(|of| of.rows.first()).map(|row| row.month);
    let mut merge = Merge {
        files,
        rows: in_force.clone(),
        at: BTreeMap::new(),
        aliases: BTreeMap::new(),
        from: from.or(extract),
        allow_shrinking,
        found: files.found.clone(),
        changes: Vec::new(),
    };
    merge.index();
    let dated = files.trusts.is_some()
        || files.practices.is_some()
        || files.small_areas.is_some()
        || files.upper_tier.is_some();
    if from.or(extract).is_none() && dated {
        let what = "no file says from which month on its content holds: add --from, such as --from 2026-04";
        merge.found.error("month", At::default(), "", what.into());
    }
    // Rows that are wrong would be taken for areas and organisations that are gone.
    let is_sound = merge.keys_are_sound()
        && !merge.found.0.iter().any(|finding| finding.severity == Severity::Error);
    if is_sound {
        merge.systems();
        merge.places();
        merge.small_areas();
        merge.parents_of_places();
        merge.organisations();
        merge.check();
    }
    let counts = merge.counts();
    merge.changes = compact(std::mem::take(&mut merge.changes));
    Built {
        counts,
        rows: merge.rows,
        findings: merge.found.0,
        changes: merge.changes,
        from: from.or(extract),
    }
}

/// One change for each thing and what happened to it: something new is not moved too, and two moves are one.
fn compact(changes: Vec<Change>) -> Vec<Change> {
    let mut made: Vec<Change> = Vec::new();
    let mut at = BTreeMap::new();
    for change in changes {
        let key = |what: What| (change.kind.clone(), change.code.clone(), what);
        let moved = change.what == What::Moved;
        let places = [What::Moved, What::New].into_iter().filter(|_| moved);
        let earlier: Option<usize> = places.filter_map(|what| at.get(&key(what)).copied()).next();
        match earlier.and_then(|place| made.get_mut(place)) {
            Some(earlier) => earlier.after.clone_from(&change.after),
            None => {
                at.insert(key(change.what), made.len());
                made.push(change);
            }
        }
    }
    made.retain(|of| of.before != of.after || of.what == What::New);
    made
}

/// The content while it is built.
pub(super) struct Merge<'a> {
    pub(super) files: &'a Files,
    pub(super) rows: PlaceRows,
    /// Area to its row.
    at: BTreeMap<String, usize>,
    /// Codes that districts and places had before, or have with other publishers.
    aliases: BTreeMap<String, String>,
    pub(super) from: Option<Month>,
    pub(super) allow_shrinking: bool,
    pub(super) found: Findings,
    pub(super) changes: Vec<Change>,
}

impl Merge<'_> {
    fn index(&mut self) {
        for (place, area) in self.rows.areas.iter().enumerate() {
            self.at.insert(area.code.clone(), place);
            if ["place", "district"].contains(&area.kind.as_str()) {
                let others = split(&area.former_codes).chain([area.other_code.as_str()]);
                for other in others.filter(|code| !code.is_empty()) {
                    self.aliases.insert(other.to_owned(), area.code.clone());
                }
            }
        }
    }

    /// The code of the content for a code of a file: a recoded authority has another one in older files.
    pub(super) fn canonical(&self, code: &str) -> String {
        match self.area(code) {
            Some(_) => code.to_owned(),
            None => self.aliases.get(code).map_or(code, String::as_str).to_owned(),
        }
    }

    pub(super) fn area(&self, code: &str) -> Option<&AreaRow> {
        self.at.get(code).and_then(|place| self.rows.areas.get(*place))
    }

    pub(super) fn area_mut(&mut self, code: &str) -> Option<&mut AreaRow> {
        self.at.get(code).and_then(|place| self.rows.areas.get_mut(*place))
    }

    /// The area of a code that has not ended.
    pub(super) fn current(&self, code: &str) -> Option<&AreaRow> {
        self.area(code).filter(|area| area.last_month.is_empty())
    }

    /// The areas of a type that have not ended.
    pub(super) fn current_of(&self, kind: &str) -> Vec<AreaRow> {
        let is = |area: &&AreaRow| area.kind == kind && area.last_month.is_empty();
        self.rows.areas.iter().filter(is).cloned().collect()
    }

    /// The areas of one type around an area that exist, the area itself included.
    pub(super) fn around(&self, code: &str, kind: &str) -> BTreeSet<String> {
        let (mut found, mut open, mut seen) = (BTreeSet::new(), vec![code], BTreeSet::new());
        while let Some(area) = open.pop().and_then(|code| self.current(code)) {
            if seen.insert(area.code.as_str()) {
                found.extend((area.kind == kind).then(|| area.code.clone()));
                open.extend(split(&area.parents));
            }
        }
        found
    }

    pub(super) fn change(
        &mut self,
        kind: &str,
        what: What,
        of: (&str, &str),
        values: (&str, &str),
    ) {
        let ((code, name), (before, after)) = (of, values);
        let [kind, code, name, before, after] =
            [kind, code, name, before, after].map(str::to_owned);
        self.changes.push(Change { kind, what, code, name, before, after });
    }

    /// The first month of the changes, as files have it.
    pub(super) fn from(&self) -> String {
        self.from.map_or(String::new(), |month| month.to_string())
    }

    /// The month before the changes.
    pub(super) fn until(&self) -> String {
        let before = self.from.map(|month| u32::from(month.number()).saturating_sub(1));
        before.and_then(Month::from_number).map_or(String::new(), |month| month.to_string())
    }

    /// Adds an area with a name, which is in a line of a file.
    pub(super) fn add(
        &mut self,
        kind: &str,
        of: &Named,
        (name, at): (String, At<'_>),
        parents: String,
    ) {
        if name.is_empty() {
            let what = format!(
                "is a new {kind} and has no name in the files: fill in its name in this file, and build again"
            );
            self.found.error("name", at, &of.code, what);
        }
        self.at.insert(of.code.clone(), self.rows.areas.len());
        self.change(kind, What::New, (&of.code, &name), ("", &parents));
        self.rows.areas.push(AreaRow {
            code: of.code.clone(),
            other_code: of.ons.clone(),
            name,
            kind: kind.to_owned(),
            parents,
            first_month: self.from(),
            ..AreaRow::default()
        });
    }

    /// Ends an area that the files have no more.
    pub(super) fn end(&mut self, code: &str) {
        let until = self.until();
        let Some(area) = self.area_mut(code) else { return };
        area.last_month.clone_from(&until);
        let (kind, name) = (area.kind.clone(), area.name.clone());
        let has_successors = !area.successors.is_empty();
        let began = area.first_month.clone();
        self.change(&kind, What::Gone, (code, &name), ("", &until));
        if began > until {
            let what = format!(
                "began in {began} and is gone from {} on: choose another month with --from",
                self.from()
            );
            self.found.error("months", At::default(), code, what);
        }
        if !has_successors {
            let what = format!(
                "{name} is in no file any more and ends in {until}: name its successors in areas.csv, if it has any"
            );
            self.found.warn("successor", At::default(), code, what);
        }
    }

    /// Gives an area its new name, if the letters differ.
    pub(super) fn rename(&mut self, code: &str, published: &str) {
        let Some(area) = self.area_mut(code) else { return };
        if published.is_empty() || super::names::same(&area.name, published) {
            return;
        }
        let (kind, name) = (area.kind.clone(), super::names::read(published));
        let before = std::mem::replace(&mut area.name, name.clone());
        self.change(&kind, What::Renamed, (code, &name), (&before, &name));
    }

    fn keys_are_sound(&mut self) -> bool {
        let (files, found) = (self.files, &mut self.found);
        let before = found.0.len();
        unique(found, files.practices.as_ref(), |row| (row.line, &row.code));
        unique(found, files.trusts.as_ref(), |row| (row.line, &row.code));
        unique(found, files.mapping.as_ref(), |row| (row.line, &row.code));
        unique(found, files.small_areas.as_ref(), |row| (row.line, &row.code));
        for ranks in &files.ranks {
            unique(found, ranks.as_ref(), |row| (row.line, &row.code));
        }
        if let Some(source) = &files.mapping {
            let month = source.rows.first().map(|row| row.month);
            if let Some(row) = source.rows.iter().find(|row| Some(row.month) != month) {
                let what = format!("is of {}, and the first row of another month", row.month);
                found.error("month", At(&source.file, row.line), &row.code, what);
            }
        }
        if let Some(source) = &files.look_up {
            let mut seen = BTreeMap::new();
            for row in &source.rows {
                if let Some(first) = seen.insert((&row.old, &row.new), row.line) {
                    let what = format!(
                        "the pair with {} is in line {first} already: keep one of the rows",
                        row.new
                    );
                    found.error("duplicate", At(&source.file, row.line), &row.old, what);
                }
            }
        }
        for source in [&files.upper_tier, &files.regions].into_iter().flatten() {
            let mut seen = BTreeMap::new();
            for row in &source.rows {
                let first = seen.entry(&row.district).or_insert((row.line, &row.area.code));
                if *first.1 != row.area.code {
                    let what = format!(
                        "lies in {} here, and in {} in line {}",
                        row.area.code, first.1, first.0
                    );
                    found.error("duplicate", At(&source.file, row.line), &row.district, what);
                }
            }
        }
        found.0.len() == before
    }

    fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        let areas = self.rows.areas.iter().filter(|of| of.last_month.is_empty());
        let areas = areas.map(|of| of.kind.as_str());
        // A sub-ICB location is an area and an organisation.
        let is_own = |of: &&crate::domain::reference::OrganisationRow| {
            of.last_month.is_empty() && of.kind != "sub_icb"
        };
        let organisations = self.rows.organisations.iter().filter(is_own);
        for kind in areas.chain(organisations.map(|of| of.kind.as_str())) {
            *counts.entry(kind.to_owned()).or_default() += 1;
        }
        for of in &self.rows.small_areas {
            *counts.entry(of.edition.replace("lsoa", "small_area")).or_default() += 1;
        }
        counts.insert("look_up".into(), self.rows.look_up.len());
        counts
    }
}

/// Whether each code occurs once.
fn unique<'a, T>(
    found: &mut Findings,
    source: Option<&'a Source<T>>,
    key: impl Fn(&'a T) -> (u64, &'a String),
) {
    let Some(source) = source else { return };
    let mut seen = BTreeMap::new();
    for (line, code) in source.rows.iter().map(key) {
        if let Some(first) = seen.insert(code, line) {
            let what = format!("is in line {first} already: keep one of the rows");
            found.error("duplicate", At(&source.file, line), code, what);
        }
    }
}
