//! What a reader may ask of controlled data. Each question is a point of a fixed lattice, so that no two questions differ by a few people
//! of nobody's choice. A refusal names the nearest question that is answered.

use std::collections::{BTreeMap, BTreeSet};

use super::asked::{AsOf, TableKind, Where};
use super::checked::Query;
use crate::domain::codes::{Dimension, Source};
use crate::domain::collection::Openness;
use crate::domain::disclosure::{Asks, Lattice, Level, Sensitive};
use crate::domain::field::Field;
use crate::domain::period::{Month, filled_by};
use crate::domain::reference::Reference;
use crate::engine::error::QueryError;

const CHANNEL: &str = "channel";
const CARE_SETTING: &str = "care_setting";

impl Query {
    /// This question, if its reader may ask it.
    ///
    /// # Errors
    /// The reader's profile does not answer it.
    pub(in crate::engine) fn permitted(
        mut self,
        reference: &Reference,
    ) -> Result<Self, QueryError> {
        let collection = reference.collection(&self.collection);
        if collection.is_some_and(|found| found.openness == Openness::Open) {
            return Ok(self);
        }
        self.in_scope(reference, self.table.dataset())?;
        let profile = reference.profile(self.reader.profile);
        let refused = |why: String| {
            let name = profile.name.name();
            Err(QueryError::Refused(format!(
                "the disclosure profile {name} does not answer this: {why}"
            )))
        };
        if profile.reads_releases && matches!(self.as_of, AsOf::Position(_) | AsOf::Time(_)) {
            return refused(
                "positions and times of the log are not read: leave `as_of` out, or name a release in it"
                    .into(),
            );
        }
        match &profile.asks {
            Asks::Everything => return Ok(self),
            Asks::Nothing => return refused(self.published_alone(reference)),
            Asks::Within(lattice) => {
                let found = Asked { query: &self, reference, lattice };
                if let Err(why) = found.check() {
                    return refused(why);
                }
            }
        }
        self.only_listed = self.periods(reference).is_none_or(|whole| !whole);
        Ok(self)
    }

    /// A dimension of the question that tells a sensitive characteristic; none: nothing of it does, or the reader's profile has none.
    pub(in crate::engine) fn sensitive(&self, reference: &Reference) -> Option<String> {
        let profile = reference.profile(self.reader.profile);
        let Asks::Within(lattice) = &profile.asks else { return None };
        let asked = Asked { query: self, reference, lattice };
        let mut all = lattice.sensitive.iter();
        all.find_map(|one| asked.tells(&one.dimension, &one.codes))
    }

    /// The question about everything in each place and period that its rows tell apart.
    pub(in crate::engine) fn of_all(mut self, reference: &Reference) -> Self {
        let kept = |id: &str| {
            let is_time = |of: &Dimension| of.source.period(Month::FIRST).is_some();
            // In which settings an organisation gives care is as well known as where.
            let is_place = |of: &Dimension| is_of_place(of) || of.id == CARE_SETTING;
            reference.dimension(id).is_some_and(|of| is_place(of) || is_time(of))
        };
        self.by.retain(|id| kept(id));
        self.filters.retain(|filter| kept(&filter.dimension));
        self
    }

    /// The questions with one characteristic less: one that is asked by, or that a condition is on.
    pub(in crate::engine) fn each_wider(&self, reference: &Reference) -> Vec<Self> {
        let all = self.clone().of_all(reference);
        let filters = self.filters.iter().map(|filter| &filter.dimension);
        let mut ids: Vec<_> = self.by.iter().chain(filters).collect();
        ids.retain(|id| !all.by.contains(id) && !all.filters.iter().any(|of| of.dimension == **id));
        ids.sort();
        ids.dedup();
        let without = |id: &String| {
            let mut wider = self.clone();
            wider.by.retain(|by| by != id);
            wider.filters.retain(|filter| filter.dimension != *id);
            wider
        };
        ids.into_iter().map(without).collect()
    }

    /// What to do where only published tables are read.
    fn published_alone(&self, reference: &Reference) -> String {
        let dataset = self.table.dataset();
        let open = reference.collections().filter(|collection| {
            collection.openness == Openness::Open && collection.datasets.contains(&dataset)
        });
        let open: Vec<_> = open.map(|collection| format!("`{}`", collection.id)).collect();
        let why = format!(
            "`{}` is controlled, and only published tables of it are read",
            self.collection
        );
        match open.as_slice() {
            [] => why,
            open => format!("{why}; name an open collection: {}", open.join(", ")),
        }
    }

    /// Whether the months of the question are one declared period; none: nor are those of each of its rows.
    fn periods(&self, reference: &Reference) -> Option<bool> {
        let sources = |id: &String| reference.dimension(id).map(|dimension| &dimension.source);
        let (first, last) = self.months;
        let months = (first.number()..=last.number()).filter_map(|n| Month::from_number(n.into()));
        let meant = |month: &Month| {
            self.filters.iter().all(|filter| {
                let period = sources(&filter.dimension).and_then(|source| source.period(*month));
                period.is_none_or(|code| filter.codes.contains(&code))
            })
        };
        let mut rows = BTreeMap::<Vec<String>, BTreeSet<Month>>::new();
        for month in months.filter(meant) {
            let row = self.by.iter().filter_map(|id| sources(id)?.period(month));
            rows.entry(row.collect()).or_default().insert(month);
        }
        let is_declared =
            |months: &BTreeSet<Month>| months.len() == 1 || filled_by(months).is_some();
        if !rows.values().all(is_declared) {
            return None;
        }
        let all = rows.into_values().flatten().collect::<BTreeSet<_>>();
        Some(all.is_empty() || is_declared(&all))
    }
}

/// A question that is looked for in a lattice.
struct Asked<'a> {
    query: &'a Query,
    reference: &'a Reference,
    lattice: &'a Lattice,
}

impl Asked<'_> {
    /// Whether the lattice has it; the sentence of the refusal says why not, and what is answered.
    fn check(&self) -> Result<(), String> {
        let (mut counted, mut level) = (Vec::new(), self.level()?);
        for id in self.dimensions() {
            let Some(dimension) = self.reference.dimension(&id) else { continue };
            if is_of_place(dimension) {
                level = level.max(self.level_of(dimension)?);
            } else if !self.lattice.uncounted.contains(&id) {
                counted.push(id);
            }
        }
        self.counted(&counted, level)?;
        self.in_force()?;
        self.sensitive(level)?;
        self.channels()?;
        match self.query.periods(self.reference) {
            Some(_) => Ok(()),
            None => Err("rows have to be of whole months, quarters, financial years or calendar years: add `month` to `by`, or ask for \
                         one of these periods"
                .into()),
        }
    }

    /// The dimensions that are asked by, or that a condition is on.
    fn dimensions(&self) -> Vec<String> {
        let query = self.query;
        let setting = query.care_setting.iter().map(|_| CARE_SETTING);
        let filters = query.filters.iter().map(|filter| filter.dimension.as_str());
        let mut found: Vec<String> = Vec::new();
        for id in query.by.iter().map(String::as_str).chain(filters).chain(setting) {
            if !found.iter().any(|other| other == id) {
                found.push(id.to_owned());
            }
        }
        found
    }

    fn hierarchy(&self) -> &[Level] {
        match self.query.place {
            Where::Residence(_) => &self.lattice.residence,
            Where::Provider(_) | Where::Organisations(_) => &self.lattice.provider,
        }
    }

    /// The level of the place that is asked about; 0 is the system.
    fn level(&self) -> Result<usize, String> {
        let (code, kind) = match &self.query.place {
            Where::Organisations(_) => ("", "organisation"),
            Where::Provider(code) | Where::Residence(code) => {
                let area = self.reference.areas().get(code);
                (code.as_str(), area.map_or("", |area| area.kind.as_str()))
            }
        };
        let levels = self.hierarchy();
        levels.iter().position(|level| level.area_type == kind).ok_or_else(|| {
            let types: Vec<_> = levels.iter().map(|level| level.area_type.as_str()).collect();
            let instead =
                self.system_of(code).map_or(String::new(), |system| format!(": `{system}`"));
            let basis = if self.is_of_residence() { "RESIDENCE" } else { "PROVIDER" };
            format!(
                "by {basis}, areas of type {kind} are not told: ask for one of type {}{instead}",
                types.join(", ")
            )
        })
    }

    /// Whether the area existed in all months. Earlier months are those of the areas before it: who may ask for both is told of the part
    /// that the one has and the other has not.
    fn in_force(&self) -> Result<(), String> {
        let (Where::Provider(code) | Where::Residence(code)) = &self.query.place else {
            return Ok(());
        };
        let began = self.reference.areas().get(code).and_then(|area| area.first_month);
        match began.filter(|first| *first > self.query.months.0) {
            None => Ok(()),
            Some(first) => Err(format!(
                "`{code}` began in {first}: ask for months from {first} on, or for an area that existed before"
            )),
        }
    }

    fn is_of_residence(&self) -> bool {
        matches!(self.query.place, Where::Residence(_))
    }

    /// The level that a dimension of places tells apart.
    fn level_of(&self, dimension: &Dimension) -> Result<usize, String> {
        let levels = self.hierarchy();
        levels.iter().position(|level| level.dimension == dimension.id).ok_or_else(|| {
            let known = levels.iter().filter(|level| !level.dimension.is_empty());
            let known: Vec<_> = known.map(|level| format!("`{}`", level.dimension)).collect();
            format!(
                "`{}` cuts areas in another way: use {}, or leave it out",
                dimension.id,
                known.join(", ")
            )
        })
    }

    /// Whether there are no more dimensions than the level allows.
    fn counted(&self, counted: &[String], level: usize) -> Result<(), String> {
        let of_system = self.lattice.most_of_system;
        let most = if level == 0 { of_system } else { self.lattice.most_below };
        if counted.len() <= most {
            return Ok(());
        }
        let names =
            |ids: &[String]| ids.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ");
        let place = if level == 0 { "of a system" } else { "of less than a system" };
        let mut nearest = vec![match &counted[..most] {
            [] => format!("leave out {}", names(counted)),
            kept => format!("keep {} and leave out {}", names(kept), names(&counted[most..])),
        }];
        if let Some(system) = self.whole().filter(|_| counted.len() <= of_system) {
            nearest.push(format!("ask for the system `{system}` and not by parts of it"));
        }
        Err(format!(
            "it has {} dimensions and conditions, and {place} at most {most} are answered (channel, period and area do not count): {}",
            counted.len(),
            nearest.join(", or ")
        ))
    }

    /// The system that holds what is asked about.
    fn whole(&self) -> Option<String> {
        let code = match &self.query.place {
            Where::Provider(code) | Where::Residence(code) => Some(code),
            Where::Organisations(codes) => {
                let known = codes.first().and_then(|code| self.reference.organisation(code));
                known.and_then(|of| of.areas.first())
            }
        };
        self.system_of(code?)
    }

    fn system_of(&self, area: &str) -> Option<String> {
        let areas = self.reference.areas();
        let kind = &self.hierarchy().first()?.area_type;
        let around = areas.ancestors(area).into_iter().filter_map(|code| areas.get(code));
        around.into_iter().find(|around| around.kind == *kind).map(|around| around.code.clone())
    }

    /// Whether no sensitive characteristic is told of too small an area.
    fn sensitive(&self, level: usize) -> Result<(), String> {
        for Sensitive { dimension, codes, least_area_type } in &self.lattice.sensitive {
            let levels = self.hierarchy();
            let least = levels.iter().position(|level| level.area_type == *least_area_type);
            if level <= least.unwrap_or(0) {
                continue;
            }
            let Some(id) = self.tells(dimension, codes) else { continue };
            let whole = self.whole().map_or(String::new(), |code| format!(" `{code}`"));
            let others = match codes.as_slice() {
                [] => format!("or leave `{id}` out"),
                codes => {
                    format!("or set a condition on `{dimension}` without {}", codes.join(" and "))
                }
            };
            return Err(format!(
                "`{id}` is sensitive and is not told of areas below {least_area_type}: ask for the {least_area_type}{whole} and not by parts of it, {others}"
            ));
        }
        Ok(())
    }

    /// The dimension that tells a sensitive characteristic, if one does. Another view of the same field tells it too.
    fn tells(&self, dimension: &String, codes: &[String]) -> Option<String> {
        let field = self.reference.dimension(dimension).and_then(Dimension::field);
        let tells = |id: &String| {
            let is_view = self.reference.dimension(id).and_then(Dimension::field) == field;
            let filter = self.query.filters.iter().find(|filter| filter.dimension == *id);
            let only_others = id == dimension
                && !codes.is_empty()
                && filter
                    .is_some_and(|filter| !filter.codes.iter().any(|code| codes.contains(code)));
            is_view && !only_others
        };
        self.dimensions().into_iter().find(tells)
    }

    /// Whether channels that are columns are not united by a condition.
    fn channels(&self) -> Result<(), String> {
        let unites =
            |filter: &&super::Filter| filter.dimension == CHANNEL && filter.codes.len() > 1;
        let has_columns = self.query.table == TableKind::Channels;
        match self.query.filters.iter().find(unites).filter(|_| has_columns) {
            None => Ok(()),
            Some(_) => Err("a condition on several channels makes a total of these alone: leave it out, every channel is a column".into()),
        }
    }
}

/// Whether a dimension tells places apart: organisations, areas, homes.
fn is_of_place(dimension: &Dimension) -> bool {
    matches!(dimension.source, Source::Organisation | Source::ProviderArea(_))
        || dimension.field() == Some(Field::ResidenceLsoa)
}

#[cfg(test)]
#[path = "lattice_tests.rs"]
mod tests;
