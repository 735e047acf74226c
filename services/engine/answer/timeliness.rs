//! When organisations have submitted: expected, received, late and missing submissions, those that are not due yet, and the days from the
//! end of their month.

use std::collections::BTreeMap;

use super::definition::{ColumnDefinition, TableDefinition};
use super::meant::Meant;
use super::model::{Absence, Cell, CellCounts, Column, Figure, Key};
use super::plan::{Plan, organisation_key, state_words};
use super::provenance::{Provenance, QuestionSettings};
use super::question::{Counted, Question, RowPlaces, asks_its_query};
use crate::domain::codes::State;
use crate::domain::collection::Dataset;
use crate::domain::disclosure::TrueCount;
use crate::domain::measures::receipt::{Calendar, Receipts, days_after};
use crate::domain::period::Month;
use crate::domain::reference::Reference;
use crate::engine::query::{Measure, Query, Showing};
use crate::engine::{Engine, QueryError};
use crate::store::Slot;

/// Asks when submissions were received.
#[derive(Clone, Debug, PartialEq)]
pub struct TimelinessQuestion {
    /// What is asked about: no dimension and no condition is about a field of records.
    pub query: Query,
    /// The dataset of the submissions.
    pub dataset: Dataset,
    /// When they are due.
    pub due: Due,
}

/// When submissions are due, and from when that is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Days from the end of its month after which a submission is late.
    pub days: u32,
    /// The time that is looked at, milliseconds since 1970; none: that at which the release was made that is asked about, or that of the last
    /// change up to the position.
    pub now_millis: Option<u64>,
}

const EXPECTED: ColumnDefinition = ColumnDefinition::count(
    "EXPECTED",
    &[],
    "Submissions expected",
    "One for each month and organisation that the collection expects, from the first month of its calendar on. An organisation is expected in the \
     months in which it exists and belongs to the area.",
);
const RECEIVED: ColumnDefinition = ColumnDefinition::count(
    "RECEIVED",
    &[],
    "Submissions received",
    "Submissions that were expected and have data. A submission that was withdrawn or erased has none.",
);
const LATE: ColumnDefinition = ColumnDefinition::count(
    "LATE",
    &[],
    "Submissions received late",
    "Submissions that were first received more than `due_days` after the end of their month. The last of these days is on time.",
);
const MISSING: ColumnDefinition = ColumnDefinition::count(
    "MISSING",
    &[],
    "Submissions missing",
    "Submissions that were expected, have no data, and whose deadline has passed.",
);
const NOT_DUE: ColumnDefinition = ColumnDefinition::count(
    "NOT_DUE",
    &[],
    "Submissions not due yet",
    "Submissions that were expected and have no data yet, and whose deadline has not passed. They are in no share.",
);
const COVERAGE: ColumnDefinition = ColumnDefinition::indicator("DQ-06", &[], "");
const ON_TIME: ColumnDefinition = ColumnDefinition::indicator("DQ-07", &[], "");
const DAYS: ColumnDefinition = ColumnDefinition::indicator("DQ-07-DAYS", &[], "");
const NOBODY: &str = "the collection does not say which organisations it expects";
const NOTE: &str = "Submissions are counted exactly: they say nothing about people. The first version of a submission says when it was received, in whole days (UTC). \
     A submission without data is not due until its deadline has passed, and missing from then on. An answer about an earlier state looks at the calendar \
     of then.";

/// What a column shows.
#[derive(Clone, Copy)]
pub(super) enum Shows {
    Expected,
    Received,
    Late,
    Missing,
    NotDue,
    Coverage,
    OnTime,
    Days,
}

/// The submissions of each row, and of all.
pub(super) struct Timely {
    rows: Vec<Receipts>,
    all: Receipts,
}

impl Timely {
    fn of(&self, row: &[usize]) -> Option<&Receipts> {
        row.first().map_or(Some(&self.all), |row| self.rows.get(*row))
    }
}

impl Question for TimelinessQuestion {
    const TABLE: TableDefinition = TableDefinition {
        name: "TIMELINESS",
        title: "Timeliness of submissions",
        rpc: "DataQualityService.GetTimeliness",
        columns: &[EXPECTED, RECEIVED, LATE, MISSING, NOT_DUE, COVERAGE, ON_TIME, DAYS],
    };
    type Figures = Timely;
    type Shows = Shows;

    asks_its_query!();

    fn settings(&self) -> QuestionSettings {
        QuestionSettings { has_limits: false, ..QuestionSettings::of(Measure::Contacts) }
            .with("due_days", &self.due.days)
            .with("dataset", self.dataset.slug())
    }

    fn count(&self, engine: &Engine, query: &Query) -> Result<Counted<Timely>, QueryError> {
        let whole = Query { by: Vec::new(), ..query.clone() };
        let mut plan = engine.plan(&whole, self.dataset)?;
        let mut provenance = engine.provenance(&mut plan, &whole)?;
        let state = (&self.due, self.query.release());
        let (rows, all) = engine.receipts(&plan, query, state)?;
        let (keys, of_rows): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
        let timely = Timely { rows: of_rows, all };
        let rows: Vec<(Vec<Key>, RowPlaces)> =
            keys.into_iter().enumerate().map(|(row, keys)| (keys, vec![row])).collect();
        engine.listed(query.by.len(), Self::TABLE.columns.len()).fits(rows.len())?;
        if timely.all.expected > 0 {
            provenance.empty = provenance.empty.filter(|_| !plan.erased.is_empty());
        }
        provenance.notes.push(NOTE.into());
        let deadline = plan.collection.deadline.as_ref().filter(|of| of.days == self.due.days);
        let source = deadline.map(|of| &of.source).filter(|source| !source.is_empty());
        provenance.notes.extend(source.map(|source| format!("Deadline: {source}.")));
        self.due.changes_with_time(&timely.all, &mut provenance);
        let nothing = (timely.all.expected == 0).then(|| Absence::not_computable(NOBODY));
        let position = plan.position;
        Ok(Counted { plan: Some(plan), position, provenance, rows, nothing, figures: timely })
    }

    fn volume(&self, _: &Engine, _: &Query) -> Result<Option<Plan>, QueryError> {
        Ok(None)
    }

    /// Submissions are no people: how many there are is told to everybody who may ask.
    fn all(&self, _: &Timely, _: &[usize]) -> Option<TrueCount> {
        None
    }

    fn parts(&self, _: &Timely, _: &[usize], _: &Shows) -> Vec<TrueCount> {
        Vec::new()
    }

    fn columns(&self, reference: &Reference, _: &[&Timely]) -> Vec<(Column, Shows)> {
        let all = [
            (EXPECTED, Shows::Expected),
            (RECEIVED, Shows::Received),
            (LATE, Shows::Late),
            (MISSING, Shows::Missing),
            (NOT_DUE, Shows::NotDue),
            (COVERAGE, Shows::Coverage),
            (ON_TIME, Shows::OnTime),
            (DAYS, Shows::Days),
        ];
        all.map(|(kind, shows)| (kind.column(reference, Vec::new()), shows)).to_vec()
    }

    fn cell(&self, figures: &Timely, row: &[usize], shows: &Shows, _: &Showing) -> Cell {
        let Some(of) = figures.of(row).filter(|of| of.expected > 0) else {
            return Cell::absent(Absence::not_computable(NOBODY));
        };
        let late = of.late(self.due.days);
        match shows {
            Shows::Expected => count(of.expected),
            Shows::Received => count(of.received()),
            Shows::Late => count(late),
            Shows::Missing => count(of.missing()),
            Shows::NotDue => count(of.not_due),
            Shows::Coverage => share(of.received(), of.due()),
            Shows::OnTime => share(of.received() - late, of.due()),
            Shows::Days => {
                let median = of.median().map(Figure::exact);
                let why = || Absence::no_data("no submission that was expected has data");
                Cell::without_counts(median.ok_or_else(why), of.received())
            }
        }
    }
}

/// A number of submissions.
#[allow(clippy::cast_precision_loss)] // few
fn count(count: u64) -> Cell {
    let counts = CellCounts { numerator: Some(count), ..CellCounts::default() };
    Cell::new(Ok(Figure::exact(count as f64)), counts)
}

/// A share of the submissions that are due. It has no limits: these are all, and no sample.
#[allow(clippy::cast_precision_loss)] // few
fn share(part: u64, due: u64) -> Cell {
    if due == 0 {
        return Cell::absent(Absence::no_data("no submission is due yet"));
    }
    let [numerator, denominator, none] = [part, due, 0].map(Some);
    let counts =
        CellCounts { numerator, denominator, unknown: none, not_collected: none, outside: none };
    Cell::new(Ok(Figure::exact(part as f64 / due as f64)), counts)
}

/// Rows by their keys, each with its submissions; and all submissions.
pub(super) type OfRows = (Vec<(Vec<Key>, Receipts)>, Receipts);

impl Due {
    /// An answer with submissions that are not due yet is not kept: it becomes another when their deadline passes, without any change
    /// of the data.
    pub(super) fn changes_with_time(&self, of: &Receipts, provenance: &mut Provenance) {
        provenance.scope =
            provenance.scope.take().filter(|_| of.not_due == 0 || self.now_millis.is_none());
    }
}

impl Engine {
    /// The expected submissions of a plan by what a query asks for, without dimensions of records. `release`: the one that the question names; the
    /// query has its position.
    pub(super) fn receipts(
        &self,
        plan: &Plan,
        query: &Query,
        (due, release): (&Due, &str),
    ) -> Result<OfRows, QueryError> {
        let received = self.received(plan)?;
        let of_state = || {
            self.look(|catalog| {
                let release = catalog.release(release);
                Ok(release.map_or_else(|| catalog.time_by(plan.position), |of| of.time_millis))
            })
        };
        let now_millis = due.now_millis.map_or_else(of_state, Ok)?;
        let calendar = Calendar { due_days: due.days, now_millis };
        let of_records =
            |id: &&String| plan.reference.dimension(id).is_some_and(|of| of.field().is_some());
        let by: Vec<_> = query.by.iter().filter(|id| !of_records(id)).collect();
        let (mut rows, mut all) = (BTreeMap::new(), Receipts::default());
        let expected = |month: &Month| plan.collection.expects(*month);
        for month in plan.months_of(query).into_iter().filter(expected) {
            // Organisations close, and come to other areas: one is expected in the months in which it is in the area.
            let meant = Meant::new(&plan.reference, query, month);
            for (number, organisation) in plan.expected.iter().filter(|(_, of)| meant.expects(of)) {
                let days = number.and_then(|number| received.get(&(number, month))).copied();
                let is_past = calendar.is_past(month);
                all.count(days, is_past);
                let of = (organisation.code.as_str(), month);
                let keys: Vec<_> = by.iter().map(|id| key(&plan.reference, id, of)).collect();
                let id: Vec<_> = keys.iter().map(|key| (key.state, key.code.clone())).collect();
                rows.entry(id).or_insert((keys, Receipts::default())).1.count(days, is_past);
            }
        }
        let rows = if by.is_empty() { Vec::new() } else { rows.into_values().collect() };
        Ok((rows, all))
    }

    /// Of each organisation and month of a plan that has data: the days from the end of the month until the first version was received.
    fn received(&self, plan: &Plan) -> Result<BTreeMap<(u32, Month), u32>, QueryError> {
        self.look(|catalog| {
            let first = |slot: Slot| {
                let first = catalog.versions(&slot).first();
                let time = first.map_or(0, |version| catalog.time_of(version.position));
                ((slot.organisation, slot.month), days_after(slot.month, time))
            };
            Ok(plan.submissions().map(|submission| first(submission.slot)).collect())
        })
    }
}

/// The key of an organisation's month in a dimension of time, organisation or area.
fn key(reference: &Reference, id: &str, (organisation, month): (&str, Month)) -> Key {
    let source = reference.dimension(id).map(|dimension| &dimension.source);
    let found = source.and_then(|source| match source.period(month) {
        Some(code) => Some((code.clone(), code)),
        None => organisation_key(reference, source, organisation, month),
    });
    match found {
        Some((code, label)) => Key::named(id, &code, &label),
        None => {
            let state = State::NotApplicable;
            let label = state_words(state.name());
            Key { state: Some(state), ..Key::named(id, state.name(), &label) }
        }
    }
}
