//! What snapshots tell of one field of the consultations: the column that stands where the record's own says nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::axis_positions::PositionsOf;
use super::super::plan::{Made, On, Plan, PlanAxis};
use super::known::{Known, Snapshots};
use crate::domain::codes::Dimension;
use crate::domain::cube::{Codes, NOBODY};
use crate::domain::field::Field;
use crate::domain::period::Month;
use crate::engine::Engine;
use crate::engine::slabs::{Kind, PersonNumbers, Worked};
use crate::store::{Standing, StoreError};

const NOT_ASSESSED: &str = "NOT_ASSESSED";

/// The fields of which snapshots may tell what consultations do not, in order. Each has a dimension of the same name.
pub(in crate::engine::answer) const NEEDS: [Field; 3] =
    [Field::DigitalAccess, Field::InterpreterNeeded, Field::AccessibleNeed];

/// What a word says, the best last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Says {
    Missing,
    NotAssessed,
    Known,
}

/// What snapshots tell of one field.
pub(super) struct NeedFromSnapshot {
    pub(super) field: Field,
    /// By code of the word; the first is of what was not collected.
    says: Vec<Says>,
    /// The code of a word that comes from a snapshot is so many further on.
    offset: u32,
    /// Of each month in which snapshots tell anything.
    pub(super) columns: BTreeMap<Month, Made>,
}

impl NeedFromSnapshot {
    pub(super) fn new(field: Field, dimension: &Dimension, places: &PositionsOf) -> Self {
        let of_places = |places: &Vec<usize>| {
            let code = places.first().and_then(|place| dimension.categories.get(*place));
            match code.map(|(code, _)| code.as_str()) {
                Some(NOT_ASSESSED) => Says::NotAssessed,
                Some(_) => Says::Known,
                None => Says::Missing,
            }
        };
        let says = std::iter::once(Says::Missing).chain(places.of_word.iter().map(of_places));
        let says: Vec<_> = says.collect();
        // A power of two, so that a new word seldom changes what was worked out before it came.
        let offset = u32::try_from(says.len().next_power_of_two().max(64)).unwrap_or(u32::MAX / 2);
        Self { field, says, offset, columns: BTreeMap::new() }
    }

    fn says(&self, code: u32) -> Says {
        self.says.get(code as usize).copied().unwrap_or(Says::Missing)
    }

    /// Works out the columns of a plan's months in which snapshots tell anything.
    pub(super) fn work(
        &self,
        engine: &Engine,
        plan: &Plan,
        snapshots: &Snapshots,
        numbers: &PersonNumbers,
    ) -> Result<BTreeMap<Month, Made>, StoreError> {
        let mut known = Known::new(engine, snapshots, self.field, numbers);
        let mut columns = BTreeMap::new();
        let in_time = plan.months.iter().take_while(|_| !engine.settings.threads.are_late());
        for standing in in_time.map(|month| &month.standing) {
            let month = standing.slot.month;
            let number = snapshots.until(month) ^ u128::from(self.offset);
            let kind = Kind::Known(self.field, number);
            let worked = engine.slabs.worked(standing, kind, || {
                known.read_to(month)?;
                self.column(engine, standing, &known)
            })?;
            if worked.occurring.last().is_some_and(|greatest| *greatest > self.offset) {
                let (codes, occurring) = (Arc::clone(&worked.codes), Arc::clone(&worked.occurring));
                columns.insert(month, Made { number, codes, occurring });
            }
        }
        Ok(columns)
    }

    /// The column of a month with what snapshots tell.
    fn column(
        &self,
        engine: &Engine,
        standing: &Arc<Standing>,
        known: &Known<'_>,
    ) -> Result<Worked, StoreError> {
        let own = engine.slabs.field(engine.store().reader(), standing, self.field)?;
        let persons = known.persons(standing)?;
        let greatest = self.offset * 2;
        let mut occurs = vec![false; greatest as usize + 1];
        let mut codes = Codes::for_codes(greatest, standing.records());
        codes.extend((0..standing.records()).map(|record| {
            let (own, person) = (own.at(record), persons.at(record));
            let said = if person == NOBODY { 0 } else { known.of(person) };
            let better = self.says(said) > self.says(own);
            let code = if better { self.offset + said } else { own };
            if let Some(occurs) = occurs.get_mut(code as usize) {
                *occurs = true;
            }
            code
        }));
        let occurring =
            (0..=greatest).zip(occurs).filter_map(|(code, occurs)| occurs.then_some(code));
        Ok(Worked { codes: Arc::new(codes), occurring: occurring.collect(), marks: Vec::new() })
    }

    /// Lets the snapshots speak in a plan of the same consultations.
    pub(super) fn join(&self, plan: &mut Plan) {
        for (month, column) in &self.columns {
            plan.made.insert((*month, self.field), column.clone());
        }
        for axis in &mut plan.axes {
            match &mut axis.on {
                On::Field(field, places) if *field == self.field => {
                    *places = self.both(places.only_span()).into();
                }
                On::Field(..) | On::Submission(_) | On::Derived(_) | On::Together(_) => {}
            }
        }
        for filter in plan.filters.iter_mut().filter(|filter| filter.field == self.field) {
            filter.places = self.both(filter.places.only_span()).into();
        }
    }

    /// The places of words of the record, and those of the same words of a snapshot.
    fn both(&self, places: &PositionsOf) -> PositionsOf {
        let absent = &places.not_collected;
        let own = (1..self.says.len()).map(|code| places.of_word.get(code - 1).unwrap_or(absent));
        let filled = own.clone().chain(std::iter::repeat(absent)).take(self.offset as usize);
        let of_word = filled.chain(own).cloned().collect();
        PositionsOf { of_word, not_collected: absent.clone() }
    }

    /// An axis of a plan that was joined: whether it is known from the record (0), from a snapshot (1), or not (2).
    pub(super) fn source_axis(&self) -> PlanAxis {
        let of_source = |source: usize| {
            self.says[1..].iter().map(move |says| match says {
                Says::Known => source,
                Says::NotAssessed | Says::Missing => UNKNOWN,
            })
        };
        let own = of_source(0).chain(std::iter::repeat(UNKNOWN)).take(self.offset as usize);
        PlanAxis::of_words(self.field, own.chain(of_source(1)).collect(), UNKNOWN)
    }
}

/// Place of what is not known, behind the two sources.
const UNKNOWN: usize = 2;
