//! The declared parent of what a question lists. Several organisations, months or categories get a row each, and beside them a row
//! for the area, period or category that is declared to contain them all. Their sum alone would be a union that nobody declared.

use std::collections::BTreeSet;

use super::model::Key;
use super::plan::Plan;
use crate::domain::codes::{Dimension, Source, State};
use crate::domain::field::Field;
use crate::domain::period::{Month, filled_by, months_of};
use crate::engine::query::{Filter, Query, Where};

/// What stands beside what is listed.
pub(super) struct Parent {
    /// The key of its row: the dimension that is listed, the code of the parent, and ANY.
    pub(super) key: Key,
    /// The question about it: its total is the row.
    pub(super) query: Query,
    /// What has to be known to read it.
    pub(super) note: String,
}

impl Plan {
    /// The nearest parent of what is listed. None where nothing is, where nothing that is declared holds all of it, or where
    /// several dimensions are listed: then the rows are of combinations.
    pub(super) fn declared_parent(&self, query: &Query) -> Option<Parent> {
        if query.by.is_empty() {
            return None;
        }
        let several: Vec<_> = query.several().collect();
        match (&query.place, several.as_slice()) {
            (Where::Organisations(codes), []) if codes.len() > 1 => {
                let area = self.area_of(codes.iter().map(|code| self.areas_of(code)), None)?;
                let place = Where::Provider(area.clone());
                Some(self.parent("organisation", area, OF_AREA, Query { place, ..query.clone() }))
            }
            (Where::Organisations(codes), _) if codes.len() > 1 => None,
            (_, [filter]) => self.parent_of(query, filter),
            _ => None,
        }
    }

    fn parent_of(&self, query: &Query, filter: &Filter) -> Option<Parent> {
        let dimension = self.reference.dimension(&filter.dimension)?;
        let (code, says, made) = match &dimension.source {
            source @ (Source::Organisation | Source::ProviderArea(_)) => {
                let holders = filter.codes.iter().map(|code| {
                    if *source == Source::Organisation {
                        return self.areas_of(code);
                    }
                    let mut around = self.reference.areas().ancestors(code);
                    around.remove(code.as_str());
                    around
                });
                let within = query.place.organisations(&self.reference);
                let area = self.area_of(holders, Some(&within))?;
                let inside = Where::Provider(area.clone()).organisations(&self.reference);
                let codes = inside.into_iter().collect();
                (area, OF_AREA, Filter { dimension: "organisation".into(), codes })
            }
            Source::Month | Source::Quarter | Source::FinancialYear | Source::CalendarYear => {
                // They fill it: their sum is the period's.
                (period(query, filter)?, OF_PERIOD, filter.clone())
            }
            Source::Computed => return None,
            Source::Field(field) => {
                let code = self.category(dimension, *field, filter)?;
                let made = Filter { codes: vec![code.clone()], ..filter.clone() };
                (code, OF_CATEGORY, made)
            }
        };
        let filters = query.filters.iter().map(|other| match other.dimension == filter.dimension {
            true => made.clone(),
            false => other.clone(),
        });
        let query = Query { filters: filters.collect(), ..query.clone() };
        Some(self.parent(&filter.dimension, code, says, query))
    }

    /// The smallest area that is among the holders of each, all of whose organisations are within some others.
    fn area_of<'a>(
        &self,
        holders: impl Iterator<Item = BTreeSet<&'a str>>,
        within: Option<&BTreeSet<String>>,
    ) -> Option<String> {
        let all = holders.reduce(|all, one| &all & &one)?;
        let whole = all.into_iter().filter_map(|area| {
            let organisations = Where::Provider(area.to_owned()).organisations(&self.reference);
            let inside = within.is_none_or(|within| organisations.is_subset(within));
            // An area that is only published about, such as a region, has none.
            (inside && !organisations.is_empty()).then_some((organisations.len(), area))
        });
        whole.min().map(|(_, area)| area.to_owned())
    }

    fn areas_of(&self, organisation: &str) -> BTreeSet<&str> {
        let found = self.reference.organisation(organisation);
        found.into_iter().flat_map(|found| &found.areas).map(String::as_str).collect()
    }

    /// The parent with its key. Its words are those of an area or of a category of the code list.
    fn parent(&self, dimension: &str, code: String, says: &str, query: Query) -> Parent {
        let area = self.reference.areas().get(&code).map(|area| area.name.clone());
        let field = self.reference.dimension(dimension).and_then(Dimension::field);
        let category = || Some(self.reference.list_of(field?)?.category(&code)?.label.clone());
        let label = area.or_else(category).unwrap_or_else(|| code.clone());
        let note = format!("The row {code} is {says}.");
        let key = Key { dimension: dimension.into(), code, label, state: Some(State::Any) };
        Parent { key, query: Query { by: Vec::new(), ..query }, note }
    }

    /// The nearest category of the code list that holds all categories of a condition, and everything that falls into them.
    fn category(&self, dimension: &Dimension, field: Field, filter: &Filter) -> Option<String> {
        let list = self.reference.list_of(field)?;
        let parent = &list.holding(&filter.codes)?.code;
        let listed = |place: &usize| {
            dimension.categories.get(*place).is_some_and(|(code, _)| filter.codes.contains(code))
        };
        let mut placed = dimension.map.iter().filter(|(_, place)| listed(place));
        let holds = placed.all(|(from, _)| list.holds(parent, from));
        // One that the dimension has too may hold more there than in the list.
        let own = dimension.place_of(parent).is_none();
        (holds && own).then(|| parent.clone())
    }
}

const OF_AREA: &str = "all organisations of that area, including those not listed";
const OF_PERIOD: &str = "the whole period, which the listed ones fill";
const OF_CATEGORY: &str =
    "all of that category, including what is not listed or known only at this level";

/// The period that the months of a condition fill, if the question covers all of them.
fn period(query: &Query, filter: &Filter) -> Option<String> {
    let months = filter.codes.iter().filter_map(|code| months_of(code).ok());
    let months: BTreeSet<_> = months
        .flat_map(|months| months.start().number()..=months.end().number())
        .filter_map(|number| Month::from_number(number.into()))
        .collect();
    let (first, last) = query.months;
    filled_by(&months).filter(|_| months.iter().all(|month| (first..=last).contains(month)))
}
