//! What a channel does to access, within each group: indicators CH-09 to CH-12, remote against in person.

mod conversion;

use super::access::needs_asked;
use super::around::{axis_sums, has_total, joined, nothing, occurring};
use super::context::{Absence, Context, Key, Reason};
use super::indicators::IndicatorCell;
use super::parent::Parent;
use super::plan::Plan;
use super::table::{Folded, Unit};
use super::waits::{MedianWait, Wait, medians};
use crate::domain::measures::{Answer, Tally, Waits};
use crate::domain::statistics::{Confidence, Interval, difference};
use crate::engine::cache::Scope;
use crate::engine::query::{Measure, Query};
use crate::engine::{About, Assessment, Engine, QueryError};
pub use conversion::{Conversion, FollowUps};
use conversion::{Counts, Seen};

/// Asks what channels do to access.
#[derive(Clone, Debug, PartialEq)]
pub struct ImpactQuestion {
    /// What is asked about.
    pub query: Query,
    /// Whether arriving too late to be seen counts as missing too.
    pub late_counts_as_missed: bool,
}

/// One outcome, in person and remotely.
#[derive(Clone, Debug, PartialEq)]
pub struct ModeDifference {
    /// Indicator id.
    pub indicator: &'static str,
    /// In person.
    pub in_person: IndicatorCell,
    /// Remotely.
    pub remote: IndicatorCell,
    /// Remote less in person.
    pub difference: Result<Interval, Absence>,
}

/// A row of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct ImpactRow {
    /// Categories; none for the total.
    pub keys: Vec<Key>,
    /// CH-09, CH-11-SAME-DAY, CH-11-OVER-14.
    pub outcomes: Vec<ModeDifference>,
    /// The median of CH-11.
    pub wait: MedianWait,
    /// CH-12.
    pub conversion: Conversion,
}

/// A table of channel impact.
#[derive(Clone, Debug)]
pub struct ImpactTable {
    /// What it was made of.
    pub context: Context,
    /// Dimension ids.
    pub dimensions: Vec<String>,
    /// The total first.
    pub rows: Vec<ImpactRow>,
    /// What the organisations asked about say themselves, as [`Engine::assessments`] gives it, and how many there are in all.
    pub assessments: (Vec<(About, Assessment)>, usize),
    /// Position that was read at.
    pub position: u64,
    /// The data that it was made of, for the cache.
    pub scope: Option<Scope>,
}

const MODE: &str = "channel_mode";
const MODES: [&str; 2] = ["IN_PERSON", "REMOTE"];
/// Codes of the attendance list and of the lead-time list that the indicators are made of.
const ATTENDED: &str = "ATTENDED";
const MISSED: [&str; 2] = ["DID_NOT_ATTEND", "MISSED"];
const TOO_LATE: &str = "ARRIVED_TOO_LATE";
const SAME_DAY: &str = "SAME_DAY";
const UP_TO_14_DAYS: [&str; 3] = ["1_DAY", "2_TO_7_DAYS", "8_TO_14_DAYS"];
const OVER_14_DAYS: [&str; 3] = ["15_TO_21_DAYS", "22_TO_28_DAYS", "OVER_28_DAYS"];
const INDICATORS: [&str; 3] = ["CH-09", "CH-11-SAME-DAY", "CH-11-OVER-14"];

/// What is added up in a row: each outcome in person and remotely, how long people waited, and what followed.
#[derive(Clone, Debug, Default)]
struct Impact {
    outcomes: [[Tally; MODES.len()]; INDICATORS.len()],
    waits: [Waits; MODES.len()],
    followed: Counts,
}

impl Engine {
    /// Answers what channels do to access.
    ///
    /// # Errors
    /// See [`QueryError`]; nothing to answer is no error.
    pub fn impact(&self, question: &ImpactQuestion) -> Result<ImpactTable, QueryError> {
        let query = &question.query;
        let mut plan = self.consultations(query, Measure::Contacts, &[MODE])?;
        let pinned = plan.pinned(query);
        let (mut context, mut scope) = (self.context(&mut plan, query), plan.scope.clone());
        let named = plan.collection.access_collection.clone();
        let joins = |plan: &Plan| !named.is_empty() && !needs_asked(plan).is_empty();
        let access = match joins(&plan) {
            true => Some(self.access(&plan, &named, &needs_asked(&plan), query.months.1)?),
            false => None,
        };
        // Every plan of these consultations, with what snapshots tell of them.
        let planned = |inner: &[&str]| {
            let mut plan = self.consultations(&pinned, Measure::Contacts, inner)?;
            if let Some(access) = &access {
                access.join(&mut plan);
            }
            Ok::<_, QueryError>(plan)
        };
        if let Some(access) = &access {
            access.join(&mut plan);
            context.data_position = context.data_position.max(access.data_position);
            scope = joined(scope, access.scope.clone());
            context.notes.push(access.note());
        }
        context.notes.push(conversion::NOTE.into());
        let outer = plan.axes.len() - 1;
        let (reader, threads) = (self.store().reader(), self.settings.threads);
        let table = plan.table(reader, Unit::Weights, plan.path(Unit::Weights), 1, threads)?;
        if let Some(elsewhere) = self.unattributed(&plan, &pinned, |other| {
            let mut plan = self.consultations(other, Measure::Contacts, &[])?;
            if joins(&plan) {
                let asked = needs_asked(&plan);
                self.access(&plan, &named, &asked, query.months.1)?.join(&mut plan);
            }
            Ok(plan)
        })? {
            context.data_position = context.data_position.max(elsewhere.data_position);
            scope = joined(scope, elsewhere.scope);
            context.unattributed = elsewhere.told;
        }
        context.quality = self.quality(&[(&plan, axis_sums(&plan, &table, outer))])?;
        if query.full {
            let modes = occurring(&table, plan.axes[outer].places());
            context.legend = plan.legend(&table, outer, &modes);
        }

        let mut folded = Folded::default();
        self.outcomes_by_mode(
            question,
            planned(&[MODE, "attendance_outcome"])?,
            outer,
            &mut folded,
        )?;
        self.waits_by_mode(planned(&[MODE, "lead_time"])?, outer, &mut folded)?;
        let waited = self.days_by_mode(planned(&[MODE])?, outer, &mut folded)?;
        let seen = self.followed_by_mode(planned(&[])?, &pinned, outer, &mut folded)?;
        context.data_position = context.data_position.max(seen.data_position);
        scope = joined(scope, seen.scope);
        context.notes.extend(seen.hidden.then(|| conversion::LOWER_BOUND.to_owned()));

        let none = Impact::default();
        let row = |keys: Vec<Key>, impact: &Impact| made(keys, impact, waited, query.confidence);
        let mut rows = Vec::new();
        if has_total(query) {
            rows.push(row(Vec::new(), &folded.all));
        }
        let mut has_parent = false;
        if let Some(Parent { key, query, note }) = plan.declared_parent(&pinned) {
            let whole = self.impact(&ImpactQuestion { query, ..question.clone() })?;
            has_parent = context.stands_beside(&whole.context, note);
            let bound = |notes: &[String]| notes.iter().any(|note| note == conversion::LOWER_BOUND);
            if bound(&whole.context.notes) && !bound(&context.notes) {
                context.notes.push(conversion::LOWER_BOUND.into());
            }
            let keys = vec![key];
            rows.extend(whole.rows.into_iter().map(|row| ImpactRow { keys: keys.clone(), ..row }));
            scope = joined(scope, whole.scope);
        }
        let wanted = table.rows.keys().filter(|row| !row.is_empty() && plan.wants(row));
        rows.extend(wanted.map(|of| row(plan.keys(of), folded.rows.get(of).unwrap_or(&none))));
        let counted = has_parent || table.all.iter().any(|count| *count > 0);
        if !counted && context.empty.is_none() {
            context.empty = Some(nothing(&plan, &context, "consultation"));
        }
        let (dimensions, position) = (query.by.clone(), plan.position);
        let asked = query.place.organisations(&plan.reference);
        let assessments = self.assessments(&asked, query.months, position)?;
        if let Some((newest, _)) = assessments.0.first() {
            context.data_position = context.data_position.max(newest.position);
        }
        Ok(ImpactTable { context, dimensions, rows, assessments, position, scope })
    }

    fn outcomes_by_mode(
        &self,
        question: &ImpactQuestion,
        plan: Plan,
        outer: usize,
        folded: &mut Folded<Impact>,
    ) -> Result<(), QueryError> {
        let mut missed = MISSED.to_vec();
        missed.extend(question.late_counts_as_missed.then_some(TOO_LATE));
        let known = [missed.as_slice(), &[ATTENDED]].concat();
        let says = plan.axes[outer + 1].answers(&missed, &known);
        self.by_mode(plan, outer, folded, |impact, mode, place, count| {
            impact.outcomes[0][mode].count(says[place], count);
        })
    }

    fn waits_by_mode(
        &self,
        plan: Plan,
        outer: usize,
        folded: &mut Folded<Impact>,
    ) -> Result<(), QueryError> {
        let known = [&[SAME_DAY], &UP_TO_14_DAYS[..], &OVER_14_DAYS].concat();
        let same_day = plan.axes[outer + 1].answers(&[SAME_DAY], &known);
        let over = plan.axes[outer + 1].answers(&OVER_14_DAYS, &known);
        self.by_mode(plan, outer, folded, |impact, mode, place, count| {
            impact.outcomes[1][mode].count(same_day[place], count);
            impact.outcomes[2][mode].count(over[place], count);
        })
    }

    /// How many days people waited, by mode. Days are many: whether there was room to count them.
    fn days_by_mode(
        &self,
        mut plan: Plan,
        outer: usize,
        folded: &mut Folded<Impact>,
    ) -> Result<bool, QueryError> {
        let (axis, means) = self.waits_axis(&plan.reference);
        plan.axes.push(axis);
        let counted =
            self.by_mode(plan, outer, folded, |impact, mode, place, count| match means[place] {
                Wait::Days(first, last) => impact.waits[mode].known((first, last), count),
                Wait::Missing(why) => impact.waits[mode].missing(why, count),
            });
        match counted {
            Err(QueryError::TooLarge { .. }) => Ok(false),
            counted => counted.map(|()| true),
        }
    }

    /// What followed the consultations of a plan, by mode.
    fn followed_by_mode(
        &self,
        mut plan: Plan,
        query: &Query,
        outer: usize,
        folded: &mut Folded<Impact>,
    ) -> Result<Seen, QueryError> {
        let seen = self.follow_ups(&mut plan, query)?;
        let (reader, threads) = (self.store().reader(), self.settings.threads);
        plan.fold(reader, outer, threads, folded, |impact: &mut Impact, at, count| {
            at.iter().for_each(|place| impact.followed.add(*place, count));
        })?;
        Ok(seen)
    }

    /// Adds up a plan by mode and another inner axis; `add` is told the number of the mode and the place on that axis.
    fn by_mode(
        &self,
        mut plan: Plan,
        outer: usize,
        folded: &mut Folded<Impact>,
        add: impl Fn(&mut Impact, usize, usize, u64),
    ) -> Result<(), QueryError> {
        let (reader, threads) = (self.store().reader(), self.settings.threads);
        plan.axes[outer].narrow(&MODES);
        let in_person = plan.axes[outer].answers(&MODES[..1], &MODES);
        plan.fold(reader, outer, threads, folded, |impact: &mut Impact, at, count| {
            let mode = match in_person[at[0]] {
                Answer::Yes => 0,
                Answer::No => 1,
                Answer::Unknown | Answer::NotApplicable | Answer::NotCollected => return,
            };
            add(impact, mode, at[1], count);
        })
    }
}

/// A row. `waited`: whether waits could be counted in days.
fn made(keys: Vec<Key>, impact: &Impact, waited: bool, confidence: Confidence) -> ImpactRow {
    let outcome = |(indicator, [in_person, remote]): (&'static str, &[Tally; 2])| {
        let cell = |tally, whom| IndicatorCell::new(indicator, tally, whom, confidence);
        let pair = |tally: &Tally| (tally.numerator, tally.denominator);
        let (in_person_cell, remote_cell) =
            (cell(*in_person, "consultations in person"), cell(*remote, "remote consultations"));
        let why = || {
            let either = [&remote_cell, &in_person_cell].into_iter();
            either.filter_map(|cell| cell.share.clone().err()).next()
        };
        let difference = difference(pair(remote), pair(in_person), confidence).ok_or_else(|| {
            why().unwrap_or(Absence { reason: Reason::NotComputable, detail: String::new() })
        });
        ModeDifference { indicator, in_person: in_person_cell, remote: remote_cell, difference }
    };
    ImpactRow {
        keys,
        outcomes: INDICATORS.into_iter().zip(&impact.outcomes).map(outcome).collect(),
        wait: medians(waited.then_some(&impact.waits)),
        conversion: impact.followed.conversion(confidence),
    }
}
