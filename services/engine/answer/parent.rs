//! The declared parent of what a question lists. Several organisations, months or categories get a row each, and beside them a row
//! for the area, period or category that is declared to contain them all. Their sum alone would be a union that nobody declared.

use std::collections::BTreeSet;

use super::model::Key;
use super::plan::Plan;
use crate::domain::area::Organisation;
use crate::domain::codes::{Dimension, Source, State};
use crate::domain::field::Field;
use crate::domain::period::{Month, filled_by, months_of};
use crate::domain::reference::Organisations;
use crate::engine::query::{AsOf, Filter, Query, Where};

/// Rows that stand beside what is listed.
pub(super) struct Parent {
    /// The keys of the wholes, and the place of each among the dimensions that are listed: the code of the whole, and ANY.
    pub(super) keys: Vec<(usize, Key)>,
    /// The question about it: its rows, by what else is listed; its total, if nothing else is.
    pub(super) query: Query,
}

/// What holds all that is listed of one dimension.
struct Whole {
    key: Key,
    /// The question's place that takes the place of its organisations; none: a condition takes the place of that on the dimension.
    place: Option<Where>,
    filter: Option<Filter>,
    note: String,
}

impl Plan {
    /// The nearest parents of what is listed, and what has to be known to read them. Of several dimensions that are listed, each whole
    /// stands beside everything listed of the others, and beside their wholes. None where nothing is listed, or where nothing that is
    /// declared holds all of it.
    pub(super) fn declared_parents(&self, query: &Query) -> (Vec<Parent>, Vec<String>) {
        let several: Vec<_> = query.several().collect();
        let organisations = match &query.place {
            Where::Organisations(codes) if codes.len() > 1 => codes.as_slice(),
            Where::Organisations(_) | Where::Provider(_) | Where::Residence(_) => &[],
        };
        let listed = |id: &&String| {
            several.iter().any(|filter| filter.dimension == **id)
                || (*id == ORGANISATION && !organisations.is_empty())
        };
        let listed: Vec<_> = query.by.iter().filter(listed).collect();
        let whole = |(number, id): (usize, &&String)| {
            let filter = several.iter().find(|filter| filter.dimension == **id);
            let whole = filter.map_or_else(
                || self.whole_of_organisations(query, organisations),
                |filter| self.whole_of(query, filter),
            );
            Some((number, whole?))
        };
        let wholes: Vec<_> = listed.iter().enumerate().filter_map(whole).collect();
        let mut sets: Vec<u32> = (1..1 << wholes.len()).collect();
        sets.sort_by_key(|set| std::cmp::Reverse(set.count_ones()));
        let parent = |set: u32| {
            let chosen = || (0..).zip(&wholes).filter(|(n, _)| set >> n & 1 == 1).map(|(_, of)| of);
            let mut query = query.clone();
            let others = listed.iter().enumerate();
            let others = others.filter(|(number, _)| chosen().all(|(chosen, _)| chosen != number));
            query.by = others.map(|(_, id)| (*id).clone()).collect();
            for (number, whole) in chosen() {
                // A condition with one code lists nothing, and holds of the whole too.
                let lists = |f: &&mut Filter| f.dimension == *listed[*number] && f.codes.len() > 1;
                let own = query.filters.iter_mut().find(lists);
                own.into_iter().zip(&whole.filter).for_each(|(own, made)| own.clone_from(made));
                query.place = whole.place.clone().unwrap_or(query.place);
            }
            let keys = chosen().map(|(number, whole)| (*number, whole.key.clone())).collect();
            Parent { keys, query }
        };
        let notes = wholes.iter().map(|(_, whole)| whole.note.clone()).collect();
        (sets.into_iter().map(parent).collect(), notes)
    }

    /// The area that holds the organisations, if their reader may read it.
    fn whole_of_organisations(&self, query: &Query, codes: &[String]) -> Option<Whole> {
        let holders = codes.iter().map(|code| self.areas_of(code, query.months));
        let area = self.area_of(holders, query, None)?;
        let whole = self.whole(ORGANISATION, area.clone(), OF_AREA);
        Some(Whole { place: Some(Where::Provider(area)), ..whole })
    }

    fn whole_of(&self, query: &Query, filter: &Filter) -> Option<Whole> {
        let dimension = self.reference.dimension(&filter.dimension)?;
        let (code, says, made) = match &dimension.source {
            source @ (Source::Organisation | Source::ProviderArea(_)) => {
                let holders = filter.codes.iter().map(|code| {
                    if *source == Source::Organisation {
                        return self.areas_of(code, query.months);
                    }
                    let mut around = self.reference.areas().ancestors(code);
                    around.remove(code.as_str());
                    around
                });
                let within = query.place.organisations(&self.reference);
                let area = self.area_of(holders, query, Some(&within))?;
                let codes = self.members(&area, query.months).into_iter().collect();
                (area, OF_AREA, Filter { dimension: ORGANISATION.into(), codes })
            }
            Source::Month | Source::Quarter | Source::FinancialYear | Source::CalendarYear => {
                // They fill it: their sum is the period's.
                (period(query, filter)?, OF_PERIOD, filter.clone())
            }
            Source::OrganisationAttribute(_) | Source::Computed => return None,
            Source::Field(field) => {
                let code = self.category(query, dimension, *field, filter)?;
                let made = Filter { codes: vec![code.clone()], ..filter.clone() };
                (code, OF_CATEGORY, made)
            }
        };
        Some(Whole { filter: Some(made), ..self.whole(&filter.dimension, code, says) })
    }

    /// The smallest area that is among the holders of each, all of whose organisations are within some others. Only one that had the same
    /// organisations in all months, and that its reader may ask about: the row tells no more than a question about the area.
    fn area_of<'a>(
        &self,
        holders: impl Iterator<Item = BTreeSet<&'a str>>,
        query: &Query,
        within: Option<&Organisations>,
    ) -> Option<String> {
        let all = holders.reduce(|all, one| &all & &one)?;
        let months = query.months;
        let whole = all.into_iter().filter_map(|code| {
            let area = self.reference.areas().get(code)?;
            let members = self.members(code, months);
            let stays = |of: &String| self.areas_of(of, months).contains(code);
            let is_whole = area.exists_in(months.0)
                && area.exists_in(months.1)
                && members.iter().all(stays)
                && within.is_none_or(|within| members.iter().all(|of| within.contains_key(of)));
            // An area that is only published about, such as a region, has none.
            let is_told = || !members.is_empty() && self.is_told(query, code);
            (is_whole && is_told()).then_some((members.len(), code))
        });
        whole.min().map(|(_, area)| area.to_owned())
    }

    /// The organisations that belong to an area in any of some months.
    fn members(&self, area: &str, months: (Month, Month)) -> BTreeSet<String> {
        let Some(found) = self.reference.areas().get(area) else { return BTreeSet::new() };
        let members = self.reference.members(area);
        let belongs = members.iter().filter(|(_, of)| of.belongs_within(found, months));
        belongs.map(|(code, _)| code.clone()).collect()
    }

    /// Whether the reader of a question may ask the same about an area.
    fn is_told(&self, query: &Query, area: &str) -> bool {
        let place = Where::Provider(area.to_owned());
        // By now it may be pinned to the position of a release, which no reader asks for.
        let (by, filters, as_of) = (Vec::new(), Vec::new(), AsOf::Head);
        let about = Query { place, by, filters, as_of, ..query.clone() };
        about.permitted(&self.reference).is_ok()
    }

    /// The areas that an organisation belongs to in each of some months.
    fn areas_of(&self, organisation: &str, months: (Month, Month)) -> BTreeSet<&str> {
        let found = self.reference.organisation(organisation);
        let areas =
            found.into_iter().flat_map(|found| found.areas.iter().map(move |of| (found, of)));
        let belongs = |(of, code): &(&Organisation, &String)| {
            let area = self.reference.areas().get(code);
            area.is_some_and(|area| of.belongs(area, months.0) && of.belongs(area, months.1))
        };
        areas.filter(belongs).map(|(_, code)| code.as_str()).collect()
    }

    /// A whole with its key. Its words are those of an area or of a category of the code list.
    fn whole(&self, dimension: &str, code: String, says: &str) -> Whole {
        let area = self.reference.areas().get(&code).map(|area| area.name.clone());
        let field = self.reference.dimension(dimension).and_then(Dimension::field);
        let category = || Some(self.reference.list_of(field?)?.category(&code)?.label.clone());
        let label = area.or_else(category).unwrap_or_else(|| code.clone());
        let note = format!("The row {code} is {says}.");
        let key = Key { dimension: dimension.into(), code, label, state: Some(State::Any) };
        Whole { key, place: None, filter: None, note }
    }

    /// The nearest category of the code list that holds all categories of a condition, and everything that falls into them.
    fn category(
        &self,
        query: &Query,
        dimension: &Dimension,
        field: Field,
        filter: &Filter,
    ) -> Option<String> {
        let list = self.reference.list_of(field)?;
        let parent = &list.holding(&filter.codes)?.code;
        // Small areas tell today's boundary of places, so a system is the whole of these only since it has that boundary.
        let first = query.months.0;
        let is_of_today = self.reference.areas().get(parent).is_none_or(|area| {
            area.first_month.is_none_or(|began| began <= first)
                && area.breaks.iter().all(|from| *from <= first)
        });
        if !is_of_today {
            return None;
        }
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

const ORGANISATION: &str = "organisation";
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
