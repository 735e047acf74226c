//! From a question to a plan: which submissions, which dimensions, which conditions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::axis_positions::PositionsOf;
use super::model::Key;
use crate::domain::area::Area;
use crate::domain::codes::{Dimension, Source, State};
use crate::domain::collection::{Collection, Dataset};
use crate::domain::cube::{Adds, Codes};
use crate::domain::field::Field;
use crate::domain::period::Month;
use crate::domain::reference::Reference;
use crate::engine::cache::Scope;
use crate::engine::query::{AsOf, Filter, Query, Where, no_collection};
use crate::engine::{Engine, QueryError};
use crate::store::{Catalog, Standing, Submission, occurring};

/// An axis of the table: a dimension and where things fall on it.
#[derive(Clone, Debug)]
pub(super) struct PlanAxis {
    pub(super) dimension: Dimension,
    /// Code and words of each place.
    pub(super) categories: Vec<(String, String)>,
    pub(super) on: On,
    /// The only places wanted; none: all.
    pub(super) only: Option<BTreeSet<usize>>,
}

/// What decides the place on an axis.
#[derive(Clone, Debug)]
pub(super) enum On {
    /// The submission: a place for each of the plan's.
    Submission(Vec<usize>),
    /// A field of the record.
    Field(Field, Arc<PositionsOf>),
    /// A column that was worked out for the question, which holds the places themselves: one for each of the plan's months.
    Derived(Arc<BTreeMap<Month, Arc<Codes>>>),
    /// Fields that say something together only.
    Together(Arc<Together>),
}

/// Fields that say something together only: the sum of what their codes add is looked up.
#[derive(Debug)]
pub(super) struct Together {
    /// Each field, and what its codes add.
    pub(super) fields: Vec<(Field, Adds)>,
    /// The place of each sum.
    pub(super) places: Vec<usize>,
}

/// A field's column that stands in the place of the stored one in a month, and the codes that occur in it.
#[derive(Clone, Debug)]
pub(super) struct Made {
    pub(super) codes: Arc<Codes>,
    pub(super) occurring: Arc<[u32]>,
}

/// A month of a plan.
#[derive(Clone, Debug)]
pub(super) struct PlanMonth {
    pub(super) standing: Arc<Standing>,
    /// Places in `standing` of the plan's submissions.
    pub(super) members: Vec<usize>,
}

impl PlanMonth {
    /// Whether everything that stands in the month is in the plan.
    pub(super) fn is_whole(&self) -> bool {
        self.members.len() == self.standing.submissions.len()
    }

    pub(super) fn submissions(&self) -> impl Iterator<Item = &Arc<Submission>> {
        self.members.iter().map(|place| &self.standing.submissions[*place])
    }

    /// Number of records.
    pub(super) fn records(&self) -> usize {
        self.submissions().map(|submission| submission.records()).sum()
    }
}

/// A condition on a field.
#[derive(Clone, Debug)]
pub(super) struct PlanFilter {
    /// The dimension, or what a declared parent narrows it to.
    pub(super) dimension: Arc<Dimension>,
    pub(super) field: Field,
    pub(super) places: Arc<PositionsOf>,
    pub(super) wanted: BTreeSet<usize>,
}

/// What to read and how to sort it.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) reference: Arc<Reference>,
    pub(super) collection: Collection,
    pub(super) dataset: Dataset,
    pub(super) position: u64,
    pub(super) data_position: u64,
    /// The months that have submissions, in order.
    pub(super) months: Vec<PlanMonth>,
    pub(super) axes: Vec<PlanAxis>,
    pub(super) filters: Vec<PlanFilter>,
    /// Organisations that the collection expects of the area.
    pub(super) expected: BTreeSet<String>,
    /// What the answer looks at; none if that cannot be told by numbers.
    pub(super) scope: Option<Scope>,
    /// Columns worked out for this question: they stand before those of the store.
    pub(super) made: BTreeMap<(Month, Field), Made>,
}

impl PlanAxis {
    /// Number of places: the categories, then the states.
    pub(super) fn places(&self) -> usize {
        self.categories.len() + State::ALL.len()
    }

    /// The state of a place; none for a category.
    pub(super) fn state(&self, place: usize) -> Option<State> {
        place.checked_sub(self.categories.len()).and_then(|n| State::ALL.get(n).copied())
    }

    /// The key of a place.
    pub(super) fn key(&self, place: usize) -> Key {
        let state = self.state(place);
        let (code, label) = match (state, self.categories.get(place)) {
            (Some(state), _) => (state.name().to_owned(), state_words(state.name())),
            (None, Some((code, label))) => (code.clone(), label.clone()),
            (None, None) => Default::default(),
        };
        Key { dimension: self.dimension.id.as_str().into(), code, label, state }
    }

    /// Whether a place is among those wanted.
    pub(super) fn wants(&self, place: usize) -> bool {
        self.only.as_ref().is_none_or(|only| only.contains(&place))
    }

    /// The field that it is a view of.
    pub(super) fn field(&self) -> Option<Field> {
        match &self.on {
            On::Field(field, _) => Some(*field),
            On::Submission(_) | On::Derived(_) | On::Together(_) => None,
        }
    }

    /// An axis without a dimension of the reference content: its places are numbers.
    fn numbered(source: Source, on: On, places: usize) -> Self {
        let dimension = Dimension {
            id: String::new(),
            label: String::new(),
            source,
            categories: Vec::new(),
            ordered: false,
            direction: String::new(),
            protected: String::new(),
            map: BTreeMap::new(),
        };
        Self { dimension, categories: vec![Default::default(); places], on, only: None }
    }

    /// An axis of a field whose words fall into places of one's own.
    pub(super) fn of_words(field: Field, of_word: Vec<usize>, not_collected: usize) -> Self {
        let places = of_word.iter().max().map_or(0, |most| most + 1).max(not_collected);
        let of_word = of_word.into_iter().map(|place| vec![place]).collect();
        let positions = PositionsOf { of_word, not_collected: vec![not_collected] };
        Self::numbered(Source::Field(field), On::Field(field, Arc::new(positions)), places)
    }

    /// An axis of a column that was worked out, which holds the places.
    pub(super) fn derived(columns: BTreeMap<Month, Arc<Codes>>, places: usize) -> Self {
        Self::numbered(Source::Computed, On::Derived(Arc::new(columns)), places)
    }

    /// An axis of so many places that fields fall on together.
    pub(super) fn together(fields: Together, places: usize) -> Self {
        Self::numbered(Source::Computed, On::Together(Arc::new(fields)), places)
    }
}

/// Words for the name of a missing state: `not recorded`.
pub(super) fn state_words(name: &str) -> String {
    name.replace('_', " ").to_lowercase()
}

impl Plan {
    /// The same question at the position of this plan: what else an answer is made of must not be of another.
    pub(super) fn pinned(&self, query: &Query) -> Query {
        Query { as_of: AsOf::Position(self.position), ..query.clone() }
    }

    /// Its submissions, by month and organisation.
    pub(super) fn submissions(&self) -> impl Iterator<Item = &Arc<Submission>> {
        self.months.iter().flat_map(PlanMonth::submissions)
    }

    /// Codes of the organisations with a submission.
    pub(super) fn organisations(&self) -> BTreeSet<&str> {
        let of = |submission: &'_ Arc<Submission>| submission.slot.organisation;
        let mut seen = FxHashSet::default();
        let new = self.submissions().filter(|submission| seen.insert(of(submission)));
        new.map(|submission| &*submission.organisation).collect()
    }

    /// Leaves out the submissions that do not hold.
    pub(super) fn keep(&mut self, holds: impl Fn(&Submission) -> bool) {
        let kept: Vec<_> = self.submissions().map(|submission| holds(submission)).collect();
        for axis in &mut self.axes {
            if let On::Submission(places) = &mut axis.on {
                let mut kept = kept.iter();
                places.retain(|_| kept.next() == Some(&true));
            }
        }
        let mut kept = kept.iter();
        for month in &mut self.months {
            month.members.retain(|_| kept.next() == Some(&true));
        }
        self.months.retain(|month| !month.members.is_empty());
    }

    /// The codes of a field that occur.
    pub(super) fn occurring(&self, field: Field) -> Vec<u32> {
        let mut codes = Vec::new();
        for month in &self.months {
            match self.made.get(&(month.standing.slot.month, field)) {
                Some(made) => codes.extend_from_slice(&made.occurring),
                None if month.is_whole() => {
                    codes.extend_from_slice(month.standing.occurring(field));
                }
                None => codes.extend(occurring(month.submissions().map(AsRef::as_ref), field)),
            }
        }
        codes.sort_unstable();
        codes.dedup();
        codes
    }
}

impl Engine {
    /// Plans a question to a dataset against what there is: an axis for each dimension that the query is by, in their order. Takes
    /// the catalogue's lock for as long as it plans.
    pub(super) fn plan(&self, query: &Query, dataset: Dataset) -> Result<Plan, QueryError> {
        let catalog = self.store().catalog();
        let reference = Arc::clone(&catalog.reference);
        let collection = reference
            .collection(&query.collection)
            .ok_or_else(|| no_collection(&reference, &query.collection))?
            .clone();
        let position = query.as_of.position(&catalog)?;
        let organisations = query.place.organisations(&reference);
        let slots =
            Slots { catalog: &catalog, query, dataset, organisations: &organisations, position };
        let (months, data_position) = slots.months();
        let mut axes = Vec::new();
        for id in &query.by {
            axes.push(self.axis(&catalog, id, query, &months)?);
        }
        let mut filters = Vec::new();
        for filter in &query.filters {
            filters.extend(self.filter(&catalog, filter));
        }
        if let Where::Residence(area) = &query.place
            && let Some(dimension) =
                reference.areas().get(area).and_then(|a| reference.residence_dimension(a))
        {
            let filter = Filter { dimension: dimension.id.clone(), codes: vec![area.clone()] };
            filters.extend(self.filter(&catalog, &filter));
        }
        let expected = expected(&reference, &collection, &organisations, &query.filters);
        let scope = slots.scope();
        drop(catalog);
        Ok(Plan {
            reference,
            collection,
            dataset,
            position,
            data_position,
            months,
            axes,
            filters,
            expected,
            scope,
            made: BTreeMap::new(),
        })
    }

    fn axis(
        &self,
        catalog: &Catalog,
        id: &str,
        query: &Query,
        months: &[PlanMonth],
    ) -> Result<PlanAxis, QueryError> {
        let reference = &catalog.reference;
        let dimension = reference
            .dimension(id)
            .ok_or_else(|| QueryError::Refused(format!("no dimension `{id}`")))?
            .clone();
        let filter = query.filters.iter().find(|filter| filter.dimension == id);
        if let Some(field) = dimension.field() {
            let places = self.positions.of(reference, catalog.words(), &dimension, field);
            let categories = dimension.categories.clone();
            let only = filter
                .map(|f| f.codes.iter().filter_map(|code| dimension.place_of(code)).collect());
            return Ok(PlanAxis { dimension, categories, on: On::Field(field, places), only });
        }
        // The key is the same for all of a month, or for all of an organisation.
        let mut keys: FxHashMap<(Month, u32), Option<(String, String)>> = FxHashMap::default();
        let is_time = dimension.source.period(Month::FIRST).is_some();
        let of = |submission: &Submission| match is_time {
            true => (submission.slot.month, 0),
            false => (Month::FIRST, submission.slot.organisation),
        };
        let submissions = || months.iter().flat_map(PlanMonth::submissions);
        for submission in submissions() {
            let key = || slot_key(reference, &dimension.source, submission);
            keys.entry(of(submission)).or_insert_with(key);
        }
        let categories: BTreeMap<String, String> = keys.values().flatten().cloned().collect();
        let categories: Vec<_> = categories.into_iter().collect();
        let nowhere = categories.len() + State::NotApplicable as usize;
        let place = |key: &Option<(String, String)>| {
            let found = key
                .as_ref()
                .and_then(|(code, _)| categories.binary_search_by(|(c, _)| c.cmp(code)).ok());
            found.unwrap_or(nowhere)
        };
        let places: FxHashMap<_, _> = keys.iter().map(|(of, key)| (*of, place(key))).collect();
        let on = On::Submission(submissions().map(|submission| places[&of(submission)]).collect());
        Ok(PlanAxis { dimension, categories, on, only: None })
    }

    /// Collections of the same dataset and care setting that have something where a plan has nothing. The answer says so, and so
    /// depends on them too.
    pub(super) fn elsewhere(&self, plan: &mut Plan, query: &Query) -> Vec<String> {
        let catalog = self.store().catalog();
        let reference = Arc::clone(&catalog.reference);
        let organisations = query.place.organisations(&reference);
        let setting = match plan.collection.care_settings.as_slice() {
            [only] => Some(only),
            _ => query.care_setting.as_ref(),
        };
        let setting = setting.filter(|_| plan.dataset == Dataset::Consultations);
        let mut found = Vec::new();
        for other in reference.collections().filter(|other| {
            other.id != plan.collection.id
                && other.datasets.contains(&plan.dataset)
                && setting.is_none_or(|setting| other.care_settings.contains(setting))
        }) {
            let slots = Slots {
                catalog: &catalog,
                query: &Query { collection: other.id.clone(), ..query.clone() },
                dataset: plan.dataset,
                organisations: &organisations,
                position: plan.position,
            };
            let (months, data_position) = slots.months();
            if !months.is_empty() {
                found.push(other.id.clone());
            }
            plan.data_position = plan.data_position.max(data_position);
            plan.scope = Scope::both(plan.scope.take(), slots.scope());
        }
        found
    }

    /// A condition on a field; those on time, organisation and area have chosen the submissions already. A condition that a
    /// declared parent makes may name a category that the field's code list has and the dimension has not.
    fn filter(&self, catalog: &Catalog, filter: &Filter) -> Option<PlanFilter> {
        let reference = &catalog.reference;
        let dimension = reference.dimension(&filter.dimension)?;
        let field = dimension.field()?;
        let inner = match filter.codes.as_slice() {
            [code] if dimension.place_of(code).is_none() => Some(dimension.narrowed_to(code)),
            _ => None,
        };
        let dimension = inner.as_ref().unwrap_or(dimension);
        let places = self.positions.of(reference, catalog.words(), dimension, field);
        let wanted = filter.codes.iter().filter_map(|code| dimension.place_of(code)).collect();
        Some(PlanFilter { dimension: Arc::new(dimension.clone()), field, places, wanted })
    }
}

struct Slots<'a> {
    catalog: &'a Catalog,
    query: &'a Query,
    dataset: Dataset,
    organisations: &'a BTreeSet<String>,
    position: u64,
}

impl Slots<'_> {
    /// The months with the submissions that stand and satisfy the conditions on time, organisation and area, and the position of the
    /// last change of any of the slots.
    fn months(&self) -> (Vec<PlanMonth>, u64) {
        // The reference content decides which slots these are, and where what they hold falls.
        let (mut found, mut changed) = (Vec::new(), self.catalog.configured(self.position));
        let Some(collection) = self.catalog.collection(&self.query.collection) else {
            return (found, changed);
        };
        let organisations = self.numbers();
        let holds = |number: u32| organisations.get(&number).copied();
        let months = self.query.months;
        for standing in self.catalog.months(collection, self.dataset, months, self.position) {
            let of_asked = standing.changed().iter().filter(|(number, _)| holds(*number).is_some());
            changed = changed.max(of_asked.map(|(_, at)| *at).max().unwrap_or(0));
            if !self.conditions().all(|(source, codes)| {
                source.period(standing.slot.month).is_none_or(|code| codes.contains(&code))
            }) {
                continue;
            }
            let members = standing.submissions.iter().enumerate();
            let members = members.filter(|(_, s)| holds(s.slot.organisation) == Some(true));
            let members: Vec<_> = members.map(|(place, _)| place).collect();
            if !members.is_empty() {
                found.push(PlanMonth { standing, members });
            }
        }
        (found, changed)
    }

    /// The conditions on time, organisation and area.
    fn conditions(&self) -> impl Iterator<Item = (&Source, &Vec<String>)> {
        let reference = &self.catalog.reference;
        let conditions = self.query.filters.iter().filter_map(|filter| {
            reference.dimension(&filter.dimension).map(|d| (&d.source, &filter.codes))
        });
        conditions.filter(|(source, _)| !matches!(source, Source::Field(_)))
    }

    /// Numbers of the organisations asked about that have submitted, and whether they satisfy the conditions on them.
    fn numbers(&self) -> FxHashMap<u32, bool> {
        let reference = &self.catalog.reference;
        let holds = |code: &String| {
            let mut conditions = self.conditions();
            conditions.all(|(source, codes)| {
                if source.period(Month::FIRST).is_some() {
                    return true;
                }
                let key = organisation_key(reference, source, code);
                let code = key.map_or(State::NotApplicable.name().into(), |(code, _)| code);
                codes.contains(&code)
            })
        };
        let numbered = self.organisations.iter();
        let numbered =
            numbered.filter_map(|code| Some((self.catalog.organisation(code)?, holds(code))));
        numbered.collect()
    }

    fn scope(&self) -> Option<Scope> {
        let collection = self.catalog.collection(&self.query.collection)?;
        let numbers: Option<Vec<_>> =
            self.organisations.iter().map(|code| self.catalog.organisation(code)).collect();
        // An organisation that has never submitted has no number yet: then any organisation's change counts.
        let organisations = numbers.unwrap_or_default();
        let collections = [(collection, self.dataset)];
        Some(Scope::new(&collections, &organisations, self.query.months))
    }
}

/// Code and words of a submission on a dimension of time, organisation or area.
pub(super) fn slot_key(
    reference: &Reference,
    source: &Source,
    submission: &Submission,
) -> Option<(String, String)> {
    match source.period(submission.slot.month) {
        Some(code) => Some((code.clone(), code)),
        None => organisation_key(reference, source, &submission.organisation),
    }
}

/// Code and words of an organisation on a dimension of organisation or area.
fn organisation_key(
    reference: &Reference,
    source: &Source,
    organisation: &str,
) -> Option<(String, String)> {
    match source {
        Source::Organisation => {
            let name = reference.organisation(organisation).map(|known| known.name.clone());
            let code = organisation.to_owned();
            Some((code.clone(), name.unwrap_or(code)))
        }
        Source::ProviderArea(kind) => {
            let area: &Area = reference.area_of(organisation, kind)?;
            Some((area.code.clone(), area.name.clone()))
        }
        Source::Field(_)
        | Source::Month
        | Source::Quarter
        | Source::FinancialYear
        | Source::CalendarYear
        | Source::Computed => None,
    }
}

/// The organisations that the collection expects of those asked about; an empty type expects nobody.
fn expected(
    reference: &Reference,
    collection: &Collection,
    asked: &BTreeSet<String>,
    filters: &[Filter],
) -> BTreeSet<String> {
    let kind = collection.expected_organisation_type.as_str();
    // Whom a condition leaves out is not late.
    let meant = |code: &String| {
        filters.iter().all(|filter| {
            let source = reference.dimension(&filter.dimension).map(|dimension| &dimension.source);
            let Some(Source::ProviderArea(kind)) = source else {
                return source != Some(&Source::Organisation) || filter.codes.contains(code);
            };
            let area = reference.area_of(code, kind).map(|area| area.code.as_str());
            let area = area.unwrap_or(State::NotApplicable.name());
            filter.codes.iter().any(|code| code == area)
        })
    };
    let of_kind = |code: &String| {
        !kind.is_empty() && reference.organisation(code).is_some_and(|o| o.kind == kind)
    };
    asked.iter().filter(|code| of_kind(code) && meant(code)).cloned().collect()
}
