//! What is read for a question and how it is sorted: submissions by month, axes, conditions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::axis_positions::{Placed, PositionsOf};
use super::model::Key;
use super::spans::Spans;
use crate::domain::area::Organisation;
use crate::domain::codes::{Categories, Dimension, Source, State};
use crate::domain::collection::{Collection, Dataset, Openness};
use crate::domain::cube::{Adds, Codes};
use crate::domain::disclosure::{Protection, TrueCount};
use crate::domain::field::Field;
use crate::domain::period::Month;
use crate::domain::reference::Reference;
use crate::engine::query::{AsOf, Query};
use crate::engine::scope::Scope;
use crate::store::{Bits, Standing, Submission, occurring};

/// An axis of the table: a dimension and where things fall on it.
#[derive(Clone, Debug)]
pub(super) struct PlanAxis {
    pub(super) dimension: Dimension,
    /// Code and words of each place.
    pub(super) categories: Categories,
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
    Field(Field, Placed),
    /// A column that was worked out for the question, of each of the plan's months.
    Derived(Arc<BTreeMap<Month, Derived>>),
    /// Fields that say something together only.
    Together(Arc<Together>),
}

impl On {
    /// Whether both are of the same field.
    pub(super) fn is_field_of(&self, other: &Self) -> bool {
        matches!((self, other), (Self::Field(one, _), Self::Field(same, _)) if one == same)
    }
}

/// A month's column that was worked out.
#[derive(Debug)]
pub(super) struct Derived {
    pub(super) codes: Arc<Codes>,
    /// The place of each code; none: the code itself.
    pub(super) places: Option<Vec<u32>>,
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
    /// The same only for the same column of the month and field.
    pub(super) number: u128,
    pub(super) codes: Arc<Codes>,
    pub(super) occurring: Arc<[u32]>,
}

/// A month of a plan.
#[derive(Clone, Debug)]
pub(super) struct PlanMonth {
    pub(super) standing: Arc<Standing>,
    /// Places in `standing` of the plan's submissions; none: all of them.
    pub(super) some: Option<Vec<usize>>,
}

impl PlanMonth {
    /// Places in `standing` of the plan's submissions.
    pub(super) fn places(&self) -> impl Iterator<Item = usize> + Clone {
        let some = self.some.as_deref();
        let count = some.map_or(self.standing.submissions.len(), <[usize]>::len);
        (0..count).map(move |n| some.map_or(n, |some| some[n]))
    }

    pub(super) fn submissions(&self) -> impl Iterator<Item = &Arc<Submission>> {
        self.places().map(|place| &self.standing.submissions[place])
    }

    /// Number of records.
    pub(super) fn records(&self) -> usize {
        let starts = &self.standing.starts;
        self.places().map(|place| starts[place + 1] - starts[place]).sum()
    }
}

/// A condition on a field.
#[derive(Clone, Debug)]
pub(super) struct PlanFilter {
    /// The dimension, or what a declared parent narrows it to.
    pub(super) dimension: Arc<Dimension>,
    pub(super) field: Field,
    pub(super) places: Placed,
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
    /// The spans of months in which homes fall elsewhere.
    pub(super) spans: Spans,
    /// Organisations that the collection expects of the area, each with its number if it has ever submitted.
    pub(super) expected: Vec<(Option<u32>, Arc<Organisation>)>,
    /// Organisations and months whose data stood then and was erased, in words. With any, the plan has no month: what is left would
    /// be taken for the whole.
    pub(super) erased: Vec<String>,
    /// Organisations that ended, in words.
    pub(super) ended: Vec<String>,
    /// What the answer looks at; none if that cannot be told by numbers.
    pub(super) scope: Option<Scope>,
    /// Columns worked out for this question: they stand before those of the store.
    pub(super) made: BTreeMap<(Month, Field), Made>,
    /// Whether what is counted are the suppressed counts, each as one, in place of what records stand for.
    pub(super) suppressed: bool,
    /// What may be seen of what is counted: all, if the collection is open.
    pub(super) protection: Protection,
}

impl Plan {
    /// Whether everybody may read the collection.
    pub(super) fn is_open(&self) -> bool {
        self.collection.openness == Openness::Open
    }
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
            categories: Arc::new([]),
            in_order_of_codes: false,
            ordered: false,
            direction: String::new(),
            protected: String::new(),
            map: BTreeMap::new(),
        };
        Self { dimension, categories: vec![Default::default(); places].into(), on, only: None }
    }

    /// An axis of a field whose words fall into places of one's own.
    pub(super) fn of_words(field: Field, of_word: Vec<usize>, not_collected: usize) -> Self {
        let places = of_word.iter().max().map_or(0, |most| most + 1).max(not_collected);
        let of_word = of_word.into_iter().map(|place| vec![place]).collect();
        let positions = PositionsOf { of_word, not_collected: vec![not_collected] };
        Self::numbered(Source::Field(field), On::Field(field, positions.into()), places)
    }

    /// An axis of so many places that was worked out.
    pub(super) fn computed(on: On, places: usize) -> Self {
        Self::numbered(Source::Computed, on, places)
    }
}

/// Words for the name of a missing state: `not recorded`.
pub(super) fn state_words(name: &str) -> String {
    name.replace('_', " ").to_lowercase()
}

impl Plan {
    /// Whether what is counted in submissions also has a place in the answer where nobody is: to who may not see all, its absence would say
    /// so.
    pub(super) fn tells_all(&self) -> bool {
        !self.protection.is_exact() && self.submissions().next().is_some()
    }

    /// Whether a count has a place in the answer.
    pub(super) fn tells(&self, count: TrueCount) -> bool {
        !count.is_zero() || self.tells_all()
    }

    /// The same question at the position of this plan: what else an answer is made of must not be of another.
    pub(super) fn pinned(&self, query: &Query) -> Query {
        Query { as_of: AsOf::Position(self.position), ..query.clone() }
    }

    /// Whether a publisher suppressed any count in its submissions.
    pub(super) fn has_suppressed(&self) -> bool {
        self.submissions().any(|submission| submission.suppressed_count > 0)
    }

    /// The same of the suppressed counts, each as one.
    pub(super) fn of_suppressed(&self) -> Self {
        Self { suppressed: true, ..self.clone() }
    }

    /// Its submissions, by month and organisation.
    pub(super) fn submissions(&self) -> impl Iterator<Item = &Arc<Submission>> {
        self.months.iter().flat_map(PlanMonth::submissions)
    }

    /// Codes of the organisations with a submission.
    pub(super) fn organisations(&self) -> BTreeSet<&str> {
        let mut seen = Bits::default();
        let new = self.submissions().filter(|of| seen.insert(of.slot.organisation));
        new.map(|submission| &*submission.organisation).collect()
    }

    /// Numbers of the organisations with a submission.
    pub(super) fn submitted(&self) -> Bits {
        let mut submitted = Bits::default();
        for month in &self.months {
            match &month.some {
                None => submitted.join(month.standing.present()),
                Some(_) => month.submissions().for_each(|of| {
                    submitted.insert(of.slot.organisation);
                }),
            }
        }
        submitted
    }

    /// Leaves out submissions: whether each is kept, in their order.
    pub(super) fn keep(&mut self, kept: &[bool]) {
        for axis in &mut self.axes {
            if let On::Submission(places) = &mut axis.on {
                let mut kept = kept.iter();
                places.retain(|_| kept.next() == Some(&true));
            }
        }
        let mut kept = kept.iter();
        for month in &mut self.months {
            let places: Vec<_> = month.places().filter(|_| kept.next() == Some(&true)).collect();
            month.some =
                Some(places).filter(|some| some.len() < month.standing.organisations.len());
        }
        self.months.retain(|month| month.places().next().is_some());
    }

    /// The places of a number of a code.
    pub(super) fn places_of<'a>(
        &self,
        field: Field,
        placed: &'a Placed,
        number: u32,
    ) -> &'a Vec<usize> {
        let (span, code) = self.spans.split(field, number);
        placed.of_span(span).of_code(code)
    }

    /// Whether a number of a code is what a condition wants.
    pub(super) fn passes(&self, filter: &PlanFilter, number: u32) -> bool {
        let places = self.places_of(filter.field, &filter.places, number);
        places.iter().any(|place| filter.wanted.contains(place))
    }

    /// The codes of a field that occur, numbered apart in each span of months.
    pub(super) fn occurring(&self, field: Field) -> Vec<u32> {
        let mut codes = Vec::new();
        for month in &self.months {
            let (before, shift) = (codes.len(), self.spans.shift(field, month.standing.slot.month));
            match self.made.get(&(month.standing.slot.month, field)) {
                Some(made) => codes.extend_from_slice(&made.occurring),
                None if month.some.is_none() => {
                    codes.extend_from_slice(month.standing.occurring(field));
                }
                None => codes.extend(occurring(month.submissions().map(AsRef::as_ref), field)),
            }
            codes[before..].iter_mut().for_each(|code| *code = code.saturating_add(shift));
        }
        codes.sort_unstable();
        codes.dedup();
        codes
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
        None => {
            organisation_key(reference, source, &submission.organisation, submission.slot.month)
        }
    }
}

/// The state of an organisation that has no code on a dimension of organisation or area.
pub(super) fn without_code(source: &Source) -> State {
    let is_attribute = matches!(source, Source::OrganisationAttribute(_));
    if is_attribute { State::NotKnown } else { State::NotApplicable }
}

/// Code and words of an organisation on a dimension of organisation or area, as it was in a month.
pub(super) fn organisation_key(
    reference: &Reference,
    source: &Source,
    organisation: &str,
    month: Month,
) -> Option<(String, String)> {
    if let Source::ProviderArea(kind) = source {
        let area = reference.area_in(organisation, kind, month)?;
        return Some((area.code.clone(), area.name.clone()));
    }
    if let Source::OrganisationAttribute(id) = source {
        // The dimension has words for the code.
        let code = reference.organisation(organisation)?.attributes.get(id)?;
        return Some((code.clone(), String::new()));
    }
    let name = reference.organisation(organisation).map(|known| known.name.clone());
    let code = organisation.to_owned();
    (*source == Source::Organisation).then(|| (code.clone(), name.unwrap_or(code)))
}
