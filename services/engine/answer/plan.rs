//! From a question to a plan: which submissions, which dimensions, which conditions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::axis_positions::PositionsOf;
use super::model::Key;
use crate::domain::area::Area;
use crate::domain::codes::{Dimension, Source, State};
use crate::domain::collection::{Collection, Dataset};
use crate::domain::cube::Packed;
use crate::domain::field::Field;
use crate::domain::period::Month;
use crate::domain::reference::Reference;
use crate::engine::cache::Scope;
use crate::engine::query::{AsOf, Filter, Query, Where, no_collection};
use crate::engine::{Engine, QueryError};
use crate::store::catalog::ColumnView;
use crate::store::{Catalog, Slot, Submission};

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
    /// A column that was worked out for the question, which holds the places themselves: one for each of the plan's submissions.
    Derived(Vec<Arc<Packed>>),
}

/// A field's column with values of its own: the number of each word, and which word each record has.
#[derive(Clone, Debug)]
pub(super) struct Made {
    pub(super) words: Vec<u32>,
    pub(super) indices: Arc<Packed>,
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
    pub(super) submissions: Vec<Arc<Submission>>,
    pub(super) axes: Vec<PlanAxis>,
    pub(super) filters: Vec<PlanFilter>,
    /// Organisations that the collection expects of the area.
    pub(super) expected: BTreeSet<String>,
    /// What the answer looks at; none if that cannot be told by numbers.
    pub(super) scope: Option<Scope>,
    /// Columns worked out for this question, by position of the submission: they stand before those of the store.
    pub(super) made: BTreeMap<(u64, Field), Arc<Packed>>,
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
            On::Submission(_) | On::Derived(_) => None,
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
    pub(super) fn derived(columns: Vec<Arc<Packed>>, places: usize) -> Self {
        Self::numbered(Source::Computed, On::Derived(columns), places)
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

    /// Puts a column that was worked out in the place of a submission's own, if it has one. Its words have to be numbers that
    /// the places of the field's axes and conditions know.
    pub(super) fn put(&mut self, submission: usize, field: Field, column: &Made) {
        let own = &mut self.submissions[submission];
        self.made.insert((own.position, field), Arc::clone(&column.indices));
        let mut changed = Submission::clone(own);
        changed.columns.retain(|other| other.field != field);
        let view = ColumnView {
            field,
            width: column.indices.width,
            words: column.words.clone().into_boxed_slice(),
        };
        let place = changed.columns.partition_point(|other| other.field < field);
        changed.columns.insert(place, view);
        *own = Arc::new(changed);
    }

    /// Leaves out the submissions that do not hold.
    pub(super) fn keep(&mut self, holds: impl Fn(&Submission) -> bool) {
        let kept: Vec<_> = self.submissions.iter().map(|submission| holds(submission)).collect();
        for axis in &mut self.axes {
            let mut kept = kept.iter();
            match &mut axis.on {
                On::Submission(places) => places.retain(|_| kept.next() == Some(&true)),
                On::Derived(columns) => columns.retain(|_| kept.next() == Some(&true)),
                On::Field(..) => {}
            }
        }
        let mut kept = kept.iter();
        self.submissions.retain(|_| kept.next() == Some(&true));
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
        let (submissions, data_position) = slots.submissions();
        let mut axes = Vec::new();
        for id in &query.by {
            axes.push(self.axis(&catalog, id, query, &submissions)?);
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
            submissions,
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
        submissions: &[Arc<Submission>],
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
        let keys: Vec<_> =
            submissions.iter().map(|s| slot_key(reference, &dimension.source, s)).collect();
        let categories: BTreeMap<String, String> = keys.iter().flatten().cloned().collect();
        let categories: Vec<_> = categories.into_iter().collect();
        let nowhere = categories.len() + State::NotApplicable as usize;
        let place = |key: &Option<(String, String)>| {
            let found = key
                .as_ref()
                .and_then(|(code, _)| categories.binary_search_by(|(c, _)| c.cmp(code)).ok());
            found.unwrap_or(nowhere)
        };
        let on = On::Submission(keys.iter().map(place).collect());
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
            let (submissions, data_position) = slots.submissions();
            if !submissions.is_empty() {
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
    fn all(&self) -> impl Iterator<Item = Slot> {
        let collection = self.catalog.collection(&self.query.collection);
        let (first, last) = self.query.months;
        let dataset = self.dataset;
        self.organisations.iter().flat_map(move |code| {
            let found = self.catalog.organisation(code).zip(collection);
            found.into_iter().flat_map(move |(organisation, collection)| {
                let months =
                    (first.number()..=last.number()).filter_map(|n| Month::from_number(n.into()));
                months.map(move |month| Slot { collection, dataset, organisation, month })
            })
        })
    }

    /// The submissions that stand and satisfy the conditions on time, organisation and area, and the position of the last change of
    /// any of the slots.
    fn submissions(&self) -> (Vec<Arc<Submission>>, u64) {
        let reference = &self.catalog.reference;
        let conditions = self.query.filters.iter();
        let conditions: Vec<_> = conditions
            .filter_map(|filter| reference.dimension(&filter.dimension).map(|d| (d, &filter.codes)))
            .filter(|(dimension, _)| dimension.field().is_none())
            .collect();
        let holds = |submission: &&Arc<Submission>| {
            conditions.iter().all(|(dimension, codes)| {
                let key = slot_key(reference, &dimension.source, submission);
                let code = key.map_or(State::NotApplicable.name().into(), |(code, _)| code);
                codes.contains(&code)
            })
        };
        // The reference content decides which slots these are, and where what they hold falls.
        let (mut found, mut changed) = (Vec::new(), self.catalog.configured(self.position));
        for slot in self.all().filter(|slot| !self.catalog.versions(slot).is_empty()) {
            changed = changed.max(self.catalog.changed(&slot, self.position));
            found.extend(self.catalog.at(&slot, self.position).filter(holds).cloned());
        }
        (found, changed)
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
    match source {
        Source::Month | Source::Quarter | Source::FinancialYear | Source::CalendarYear => {
            source.period(submission.slot.month).map(|code| (code.clone(), code))
        }
        Source::Organisation => {
            let code = submission.organisation.to_string();
            let name = reference.organisation(&code).map_or(code.clone(), |o| o.name.clone());
            Some((code, name))
        }
        Source::ProviderArea(kind) => {
            let area: &Area = reference.area_of(&submission.organisation, kind)?;
            Some((area.code.clone(), area.name.clone()))
        }
        Source::Field(_) | Source::Computed => None,
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
