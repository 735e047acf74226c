//! From a question to its plan: a walk over months, and the organisations asked about.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::axis_positions::{Placed, occurring};
use super::meant::Meant;
use super::plan::{On, Plan, PlanAxis, PlanFilter, PlanMonth, slot_key, without_code};
use super::spans::Spans;
use crate::domain::area::Organisation;
use crate::domain::codes::{Categories, Dimension, Source, State};
use crate::domain::collection::{Collection, Dataset, Openness};
use crate::domain::disclosure::Protection;
use crate::domain::field::Field;
use crate::domain::period::Month;
use crate::domain::reference::{Organisations, Reference};
use crate::engine::earlier::CatalogView;
use crate::engine::query::{Filter, Query, Where, no_collection};
use crate::engine::scope::Scope;
use crate::engine::{Engine, QueryError};
use crate::store::{Bits, Submission};

impl Engine {
    /// Plans a question to a dataset against what there is: an axis for each dimension that the query is by, in their order. Takes
    /// the catalogue's lock for as long as it plans.
    pub(super) fn plan(&self, query: &Query, dataset: Dataset) -> Result<Plan, QueryError> {
        let _span = tracing::debug_span!("plan").entered();
        self.look(|catalog| self.planned(catalog, query, dataset))
    }

    fn planned(
        &self,
        catalog: &CatalogView<'_>,
        query: &Query,
        dataset: Dataset,
    ) -> Result<Plan, QueryError> {
        let reference = Arc::clone(&catalog.reference);
        let collection = reference
            .collection(&query.collection)
            .ok_or_else(|| no_collection(&reference, "query.collection", &query.collection))?
            .clone();
        let protection = match collection.openness {
            Openness::Open => Protection::Exact,
            Openness::Controlled => query.showing.protection.clone(),
        };
        if collection.openness == Openness::Controlled {
            query.in_scope(&reference, dataset)?;
        }
        let position = query.as_of.position(catalog)?;
        let organisations = query.place.organisations(&reference);
        let asked = Asked::new(catalog, query, &organisations);
        let slots = Slots { catalog, query, dataset, asked: &asked, position };
        let (mut months, data_position, erased) = slots.months();
        if !erased.is_empty() {
            months.clear();
        }
        let homes = catalog.words().of(Field::ResidenceLsoa).len() + 1;
        let spans = Spans::new(&reference, query, homes);
        let mut axes = Vec::new();
        for id in &query.by {
            axes.push(self.axis(catalog, id, (query, &spans), &months, &protection)?);
        }
        let months_of_spans: Vec<_> = spans.months(query.months.0).collect();
        let mut filters = Vec::new();
        for filter in &query.filters {
            filters.extend(self.filter(catalog, filter, &months_of_spans));
        }
        if let Where::Residence(area) = &query.place
            && let Some(dimension) =
                reference.areas().get(area).and_then(|a| reference.residence_dimension(a))
        {
            let filter = Filter { dimension: dimension.id.clone(), codes: vec![area.clone()] };
            filters.extend(self.filter(
                catalog,
                &filter,
                &within(&reference, area, months_of_spans),
            ));
        }
        let caring = match &query.place {
            Where::Residence(area) => Some(reference.caring_for(area, query.months)),
            Where::Provider(_) | Where::Organisations(_) => None,
        };
        let (expected, ended) = asked.expected((&reference, &collection), query, caring.as_deref());
        let scope = slots.scope();
        Ok(Plan {
            reference,
            collection,
            dataset,
            position,
            data_position,
            months,
            axes,
            filters,
            spans,
            expected,
            erased,
            ended,
            scope,
            made: BTreeMap::new(),
            suppressed: query.suppressed,
            protection,
        })
    }

    fn axis(
        &self,
        catalog: &CatalogView<'_>,
        id: &str,
        (query, spans): (&Query, &Spans),
        months: &[PlanMonth],
        protection: &Protection,
    ) -> Result<PlanAxis, QueryError> {
        let reference = &catalog.reference;
        let dimension = reference
            .dimension_or_count(id)
            .ok_or_else(|| QueryError::Refused(format!("no dimension `{id}`")))?
            .clone();
        let filter = query.filters.iter().find(|filter| filter.dimension == id);
        if let Some(field) = dimension.field() {
            let then: Vec<_> = spans.months(query.months.0).collect();
            let placed = self.placed(catalog, (&dimension, field), &then);
            // Who may not see all is shown every category, also where nobody is: which of them occur would tell who is there.
            let (dimension, placed) = match protection.is_exact() {
                true => occurring(&dimension, placed),
                false => (dimension, placed),
            };
            let categories = dimension.categories.clone();
            let wanted = |filter: &Filter| {
                filter.codes.iter().filter_map(|code| dimension.place_of(code)).collect()
            };
            let in_force = || in_force(reference, &dimension, query.months, &then);
            let only = filter.map(wanted).or_else(in_force);
            return Ok(PlanAxis { dimension, categories, on: On::Field(field, placed), only });
        }
        // The key is the same for all of a month, or for all of an organisation until it comes to another area.
        let mut keys: FxHashMap<(Month, u32), Option<(String, String)>> = FxHashMap::default();
        let is_time = dimension.source.period(Month::FIRST).is_some();
        let of = |submission: &Submission| match is_time {
            true => (submission.slot.month, 0),
            false => (span(reference, submission.slot.month), submission.slot.organisation),
        };
        let submissions = || months.iter().flat_map(PlanMonth::submissions);
        for submission in submissions() {
            let key = || slot_key(reference, &dimension.source, submission);
            keys.entry(of(submission)).or_insert_with(key);
        }
        let categories: BTreeMap<String, String> = keys.values().flatten().cloned().collect();
        // An attribute has all its categories, in their order.
        let declared = dimension.is_ecological();
        let categories: Categories = match declared {
            true => dimension.categories.clone(),
            false => categories.into_iter().collect(),
        };
        let nowhere = categories.len() + without_code(&dimension.source) as usize;
        let place = |key: &Option<(String, String)>| {
            let found = key.as_ref().and_then(|(code, _)| match declared {
                true => dimension.place_of(code),
                false => categories.binary_search_by(|(c, _)| c.cmp(code)).ok(),
            });
            found.unwrap_or(nowhere)
        };
        let places: FxHashMap<_, _> = keys.iter().map(|(of, key)| (*of, place(key))).collect();
        let on = On::Submission(submissions().map(|submission| places[&of(submission)]).collect());
        Ok(PlanAxis { dimension, categories, on, only: None })
    }

    /// Collections of the same dataset and care setting that have something where a plan has nothing. The answer says so, and so
    /// depends on them too.
    pub(super) fn elsewhere(
        &self,
        plan: &mut Plan,
        query: &Query,
    ) -> Result<Vec<String>, QueryError> {
        let setting = match plan.collection.care_settings.as_slice() {
            [only] => Some(only),
            _ => query.care_setting.as_ref(),
        };
        let setting = setting.filter(|_| plan.dataset == Dataset::Consultations);
        let found = self.look(|catalog| {
            let organisations = query.place.organisations(&catalog.reference);
            let asked = Asked::new(catalog, query, &organisations);
            let others = catalog.reference.collections().filter(|other| {
                other.id != plan.collection.id
                    && other.datasets.contains(&plan.dataset)
                    && setting.is_none_or(|setting| other.care_settings.contains(setting))
            });
            let look = |other: &Collection| {
                let query = &Query { collection: other.id.clone(), ..query.clone() };
                let (dataset, position) = (plan.dataset, plan.position);
                let slots = Slots { catalog, query, dataset, asked: &asked, position };
                let (months, data_position, _) = slots.months();
                (other.id.clone(), !months.is_empty(), data_position, slots.scope())
            };
            Ok(others.map(look).collect::<Vec<_>>())
        })?;
        let mut ids = Vec::new();
        for (id, has_some, data_position, scope) in found {
            ids.extend(has_some.then_some(id));
            plan.data_position = plan.data_position.max(data_position);
            plan.scope = Scope::both(plan.scope.take(), scope);
        }
        Ok(ids)
    }

    /// A condition on a field; those on time, organisation and area have chosen the submissions already. A condition that a
    /// declared parent makes may name a category that the field's code list has and the dimension has not.
    fn filter(
        &self,
        catalog: &CatalogView<'_>,
        filter: &Filter,
        months: &[Month],
    ) -> Option<PlanFilter> {
        let reference = &catalog.reference;
        let dimension = reference.dimension_or_count(&filter.dimension)?;
        let field = dimension.field()?;
        let inner = match filter.codes.as_slice() {
            [code] if dimension.place_of(code).is_none() => Some(dimension.narrowed_to(code)),
            _ => None,
        };
        let dimension = inner.as_ref().unwrap_or(dimension);
        let places = self.placed(catalog, (dimension, field), months);
        let wanted = filter.codes.iter().filter_map(|code| dimension.place_of(code)).collect();
        Some(PlanFilter { dimension: Arc::new(dimension.clone()), field, places, wanted })
    }

    /// The places of the values of a field in each span of months, of each of which a month is given.
    fn placed(
        &self,
        catalog: &CatalogView<'_>,
        (dimension, field): (&Dimension, Field),
        months: &[Month],
    ) -> Placed {
        let (reference, words) = (&catalog.reference, catalog.words());
        if !reference.is_by_month(dimension) {
            return Placed::new(self.positions.of(reference, words, dimension, field), Vec::new());
        }
        let of =
            |month: &Month| self.positions.of_month(reference, words, (dimension, field), *month);
        let mut lists = months.iter().map(of);
        let first = lists.next();
        let first = first.unwrap_or_else(|| self.positions.of(reference, words, dimension, field));
        Placed::new(first, lists.collect())
    }
}

/// The months by whose areas the people of an area are counted in months: the nearest ones in which it existed. Any, if it always had the
/// same people: then those are known of more questions.
fn within(reference: &Reference, area: &str, months: Vec<Month>) -> Vec<Month> {
    let Some(area) = reference.areas().get(area) else { return months };
    let last = area.last_month.unwrap_or(Month::LAST);
    let first = match reference.residence_changes_of(&area.code).next() {
        Some(_) => area.first_month.unwrap_or(Month::FIRST),
        None => last,
    };
    months.into_iter().map(|month| month.clamp(first, last)).collect()
}

/// The places of a dimension that can be in months, if areas began or ended: those of areas that existed in any of them, and those of
/// areas of today that homes of which no other is known are counted in. A month of each span is given.
fn in_force(
    reference: &Reference,
    dimension: &Dimension,
    months: (Month, Month),
    of_spans: &[Month],
) -> Option<BTreeSet<usize>> {
    let existed = |code: &str| {
        let in_months = reference.areas().get(code).is_none_or(|area| {
            area.first_month.is_none_or(|first| first <= months.1)
                && area.last_month.is_none_or(|last| months.0 <= last)
        });
        in_months || of_spans.iter().any(|month| reference.stand_ins(*month).contains(code))
    };
    reference.is_by_month(dimension).then(|| {
        let categories = dimension.categories.iter().enumerate();
        let places = categories.filter(|(_, (code, _))| existed(code)).map(|(place, _)| place);
        places.chain(State::ALL.into_iter().map(|state| dimension.place_of_state(state))).collect()
    })
}

struct Slots<'a> {
    catalog: &'a CatalogView<'a>,
    query: &'a Query,
    dataset: Dataset,
    asked: &'a Asked,
    position: u64,
}

impl Slots<'_> {
    /// The months with the submissions that stand and satisfy the conditions on time, organisation and area, the position of the
    /// last change of any of the slots, and whose data was erased.
    fn months(&self) -> (Vec<PlanMonth>, u64, Vec<String>) {
        // The reference content decides which slots these are, and where what they hold falls.
        let mut changed = self.catalog.configured(self.position);
        let (mut found, mut erased) = (Vec::new(), Vec::new());
        let Some(collection) = self.catalog.collection(&self.query.collection) else {
            return (found, changed, erased);
        };
        let asked = &self.asked.numbers;
        let months = self.query.months;
        // Of an area that ended nobody is counted later, though people live there still.
        let ends = match &self.query.place {
            Where::Residence(area) => self.catalog.reference.areas().get(area),
            Where::Provider(_) | Where::Organisations(_) => None,
        };
        let ends = ends.and_then(|area| area.last_month);
        for standing in self.catalog.months(collection, self.dataset, months, self.position) {
            changed = changed.max(standing.last_of(asked));
            if !self.conditions().all(|(source, codes)| {
                source.period(standing.slot.month).is_none_or(|code| codes.contains(&code))
            }) {
                continue;
            }
            if ends.is_some_and(|last| last < standing.slot.month) {
                continue;
            }
            let meant = self.asked.meant(standing.slot.month);
            erased.extend(standing.erased().iter().filter(|number| meant.has(*number)).map(
                |number| {
                    let of =
                        self.asked.organisations.iter().find(|(known, _)| *known == Some(number));
                    format!("{} in {}", of.map_or("", |(_, of)| &of.code), standing.slot.month)
                },
            ));
            let month = PlanMonth { some: standing.places_of(meant), standing };
            if month.places().next().is_some() {
                found.push(month);
            }
        }
        (found, changed, erased)
    }

    /// The conditions on time, organisation and area.
    fn conditions(&self) -> impl Iterator<Item = (&Source, &Vec<String>)> {
        let reference = &self.catalog.reference;
        let conditions = self.query.filters.iter().filter_map(|filter| {
            reference.dimension(&filter.dimension).map(|d| (&d.source, &filter.codes))
        });
        conditions.filter(|(source, _)| !matches!(source, Source::Field(_)))
    }

    fn scope(&self) -> Option<Scope> {
        let collection = self.catalog.collection(&self.query.collection)?;
        // An organisation that has never submitted has no number yet: then any organisation's change counts.
        let organisations = match self.asked.all_known {
            true => self.asked.numbers.iter().collect(),
            false => Vec::new(),
        };
        let collections = [(collection, self.dataset)];
        Some(Scope::new(&collections, &organisations, self.query.months))
    }
}

/// Organisations, each with its number if it has ever submitted.
type Expected = Vec<(Option<u32>, Arc<Organisation>)>;

/// The organisations asked about, and their numbers where they have submitted.
struct Asked {
    numbers: Bits,
    /// Those that belong to the area and satisfy the conditions on organisations and areas, from each month on in which any comes to another
    /// area.
    meant: Vec<(Month, Bits)>,
    /// The same of all months, with those that have never submitted.
    organisations: Vec<(Option<u32>, Arc<Organisation>)>,
    /// Whether each has a number.
    all_known: bool,
}

impl Asked {
    fn new(catalog: &CatalogView<'_>, query: &Query, organisations: &Organisations) -> Self {
        let reference = &catalog.reference;
        let within = |change: &&Month| query.months.0 < **change && **change <= query.months.1;
        let begins =
            [query.months.0].into_iter().chain(reference.changes().iter().filter(within).copied());
        let mut numbers = Bits::default();
        let mut meant: Vec<_> = begins
            .map(|from| (from, Bits::default(), Meant::new(reference, query, from)))
            .collect();
        let (mut of, mut all_known) = (Vec::with_capacity(organisations.len()), true);
        for (code, organisation) in organisations {
            let number = catalog.organisation(code);
            all_known &= number.is_some();
            number.map(|number| numbers.insert(number));
            let mut is_of_any = false;
            for (_, numbers, meant) in &mut meant {
                if meant.has(organisation) {
                    is_of_any = true;
                    number.map(|number| numbers.insert(number));
                }
            }
            if is_of_any {
                of.push((number, Arc::clone(organisation)));
            }
        }
        let meant = meant.into_iter().map(|(from, numbers, _)| (from, numbers)).collect();
        Self { numbers, meant, organisations: of, all_known }
    }

    /// Those meant in a month.
    fn meant(&self, month: Month) -> &Bits {
        let later = self.meant.partition_point(|(from, _)| *from <= month);
        &self.meant[later.saturating_sub(1)].1
    }

    /// Those that the collection expects, and in words those of them that ended within the months, or before if nobody is expected. An
    /// empty type expects nobody. Whom a condition leaves out is not late.
    fn expected(
        &self,
        (reference, collection): (&Reference, &Collection),
        query: &Query,
        caring: Option<&Organisations>,
    ) -> (Expected, Vec<String>) {
        let kind = &collection.expected_organisation_type;
        let of_kind = self.organisations.iter().filter(|(_, of)| {
            let is_caring = caring.is_none_or(|caring| caring.contains_key(&of.code));
            !kind.is_empty() && of.kind == *kind && is_caring
        });
        let (there, gone): (Expected, Expected) =
            of_kind.cloned().partition(|(_, one)| one.is_there(query.months));
        let told = if there.is_empty() { &gone } else { &there };
        let ended = told.iter().filter_map(|(_, one)| {
            let last = one.last_month.filter(|last| *last < query.months.1)?;
            let next = reference.what_followed(one);
            let next = next.map_or(String::new(), |next| format!(" ({next})"));
            Some(format!("{} after {last}{next}", one.code))
        });
        let ended = ended.collect();
        (there, ended)
    }
}

/// The last month up to this one in which any organisation came to another area; the first month of all if none did.
fn span(reference: &Reference, month: Month) -> Month {
    let changes = reference.changes();
    let later = changes.partition_point(|change| *change <= month);
    later.checked_sub(1).map_or(Month::FIRST, |last| changes[last])
}
