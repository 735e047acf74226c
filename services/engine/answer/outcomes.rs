//! What became of consultations, by channel: indicators CH-09 and CH-11.

use std::collections::BTreeSet;

use super::around::{axis_sums, has_total, nothing};
use super::context::{Absence, Context, Key, Reason};
use super::parent::Parent;
use super::plan::{Plan, PlanAxis};
use super::quality::Sums;
use super::table::{Table, Unit};
use crate::domain::codes::State;
use crate::domain::statistics::{Confidence, Interval, proportion};
use crate::engine::cache::Scope;
use crate::engine::query::{Measure, Query};
use crate::engine::{Engine, QueryError};

/// Asks what became of consultations.
#[derive(Clone, Debug, PartialEq)]
pub struct OutcomeQuestion {
    /// What is asked about.
    pub query: Query,
    /// Whether arriving too late to be seen counts as missing too.
    pub late_counts_as_missed: bool,
}

/// Outcomes of one channel of a row.
#[derive(Clone, Debug, PartialEq)]
pub struct OutcomeCell {
    /// Channel or state; none for all channels together.
    pub key: Option<Key>,
    /// Consultations.
    pub total: u64,
    /// Attended.
    pub attended: u64,
    /// Missed.
    pub missed: u64,
    /// Neither attended nor missed, or not known.
    pub other_attendance: u64,
    /// Attendance not collected by the source.
    pub uncollected_attendance: u64,
    /// Missed of attended and missed.
    pub missed_rate: Result<Interval, Absence>,
    /// Band, consultations, share of the known.
    pub lead_times: Vec<(String, u64, Option<Interval>)>,
    /// Lead time not known.
    pub unknown_lead_time: u64,
    /// Lead time not collected by the source.
    pub uncollected_lead_time: u64,
    /// On the day, and over 14 days, of the known.
    pub waits: Result<(Interval, Interval), Absence>,
}

/// A row of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct OutcomeRow {
    /// Categories; none for the total.
    pub keys: Vec<Key>,
    /// All channels first.
    pub channels: Vec<OutcomeCell>,
}

/// A table of outcomes.
#[derive(Clone, Debug, PartialEq)]
pub struct OutcomeTable {
    /// What it was made of.
    pub context: Context,
    /// Dimension ids.
    pub dimensions: Vec<String>,
    /// The total first.
    pub rows: Vec<OutcomeRow>,
    /// Position that was read at.
    pub position: u64,
    /// The data that it was made of, for the cache.
    pub scope: Option<Scope>,
}

/// Codes of the attendance list and of the lead-time list that the indicators are made of.
const ATTENDED: &str = "ATTENDED";
const MISSED: [&str; 2] = ["DID_NOT_ATTEND", "MISSED"];
const TOO_LATE: &str = "ARRIVED_TOO_LATE";
const SAME_DAY: &str = "SAME_DAY";
const OVER_14_DAYS: [&str; 3] = ["15_TO_21_DAYS", "22_TO_28_DAYS", "OVER_28_DAYS"];

impl Engine {
    /// Answers what became of consultations.
    ///
    /// # Errors
    /// See [`QueryError`].
    pub fn outcomes(&self, question: &OutcomeQuestion) -> Result<OutcomeTable, QueryError> {
        let query = &question.query;
        let mut by_attendance =
            self.consultations(query, Measure::Contacts, &["channel", "attendance_outcome"])?;
        // Read where the first was read, whatever is written meanwhile.
        let pinned = by_attendance.pinned(query);
        let by_wait = self.consultations(&pinned, Measure::Contacts, &["channel", "lead_time"])?;
        let mut context = self.context(&mut by_attendance, query);
        let outer = by_attendance.axes.len() - 2;
        let (reader, threads) = (self.store().reader(), self.settings.threads);
        let table =
            |plan: &Plan| plan.table(reader, Unit::Weights, plan.path(Unit::Weights), 2, threads);
        let (attendance, waits) = (table(&by_attendance)?, table(&by_wait)?);

        let channels = by_attendance.axes[outer].places();
        let by_channel = summed(&attendance, channels);
        let occurring: Vec<_> = (0..channels).filter(|place| by_channel.all[*place] > 0).collect();
        if query.full {
            context.legend = by_attendance.legend(&attendance, outer, &occurring);
        }
        let mut of_attendance = axis_sums(&by_attendance, &by_channel, outer);
        of_attendance.insert(outer + 1, sums(&attendance.all, channels));
        let of_waits = Sums::from([(outer + 1, sums(&waits.all, channels))]);
        context.quality = self.quality(&[(&by_attendance, of_attendance), (&by_wait, of_waits)])?;
        let maker =
            Rows { question, attendance: &by_attendance, waits: &by_wait, channels: &occurring };
        let none = vec![0; waits.all.len()];
        let (mut rows, mut scope) = (Vec::new(), by_attendance.scope.clone());
        if let Some(elsewhere) = self.unattributed(&by_attendance, &pinned, |other| {
            self.consultations(other, Measure::Contacts, &[])
        })? {
            context.data_position = context.data_position.max(elsewhere.data_position);
            scope = scope.zip(elsewhere.scope).map(|(scope, other)| scope.joined(other));
            context.unattributed = elsewhere.told;
        }
        if has_total(query) {
            rows.push(maker.row(&[], &attendance.all, &waits.all));
        }
        let mut has_parent = false;
        if let Some(Parent { key, query, note }) = by_attendance.declared_parent(&pinned) {
            let whole = self.outcomes(&OutcomeQuestion { query, ..question.clone() })?;
            has_parent = context.stands_beside(&whole.context, note);
            let keys = vec![key];
            rows.extend(whole.rows.into_iter().map(|row| OutcomeRow { keys: keys.clone(), ..row }));
            scope = scope.zip(whole.scope).map(|(scope, other)| scope.joined(other));
        }
        for (row, counts) in
            attendance.rows.iter().filter(|(row, _)| !row.is_empty() && by_attendance.wants(row))
        {
            rows.push(maker.row(row, counts, waits.rows.get(row).unwrap_or(&none)));
        }
        let counted = has_parent || attendance.all.iter().any(|count| *count > 0);
        if !counted && context.empty.is_none() {
            context.empty = Some(nothing(&by_attendance, &context, "consultation"));
        }
        let position = by_attendance.position;
        Ok(OutcomeTable { context, dimensions: query.by.clone(), rows, position, scope })
    }
}

/// The table with the innermost axis summed over.
fn summed(table: &Table, channels: usize) -> Table {
    let sum = |counts: &Vec<u64>| {
        let width = counts.len() / channels.max(1);
        counts.chunks(width.max(1)).map(|inner| inner.iter().sum()).collect()
    };
    Table {
        rows: table.rows.iter().map(|(row, counts)| (row.clone(), sum(counts))).collect(),
        all: sum(&table.all),
    }
}

struct Rows<'a> {
    question: &'a OutcomeQuestion,
    attendance: &'a Plan,
    waits: &'a Plan,
    channels: &'a [usize],
}

impl Rows<'_> {
    fn row(&self, row: &[usize], attendance: &[u64], waits: &[u64]) -> OutcomeRow {
        let outer = self.attendance.axes.len() - 2;
        let axis = &self.attendance.axes[outer];
        let only: Option<&BTreeSet<usize>> = axis.only.as_ref();
        let places =
            self.channels.iter().filter(|place| only.is_none_or(|only| only.contains(place)));
        let mut cells =
            vec![self.cell(None, &sums(attendance, axis.places()), &sums(waits, axis.places()))];
        for place in places {
            let of = |counts: &[u64]| {
                let width = counts.len() / axis.places();
                counts[place * width..(place + 1) * width].to_vec()
            };
            cells.push(self.cell(Some(axis.key(*place)), &of(attendance), &of(waits)));
        }
        OutcomeRow { keys: self.attendance.keys(row), channels: cells }
    }

    fn cell(&self, key: Option<Key>, attendance: &[u64], waits: &[u64]) -> OutcomeCell {
        let confidence: Confidence = self.question.query.confidence;
        let outcomes = &self.attendance.axes[self.attendance.axes.len() - 1];
        let total: u64 = attendance.iter().sum();
        let attended = of_codes(outcomes, attendance, &[ATTENDED]);
        let too_late: &[&str] = if self.question.late_counts_as_missed { &[TOO_LATE] } else { &[] };
        let missed = of_codes(outcomes, attendance, &[&MISSED, too_late].concat());
        let uncollected_attendance = uncollected(outcomes, attendance);
        let missed_rate = proportion(missed, attended + missed, confidence).ok_or_else(|| {
            let why = "nobody is known to have attended or missed";
            absence("attendance", total, uncollected_attendance, why)
        });
        let lead = &self.waits.axes[self.waits.axes.len() - 1];
        let bands = &waits[..lead.categories.len()];
        let known: u64 = bands.iter().sum();
        let uncollected_lead_time = uncollected(lead, waits);
        let share = |n| proportion(n, known, confidence);
        let share_of = |codes: &[&str]| share(of_codes(lead, waits, codes));
        let waits_known = share_of(&[SAME_DAY]).zip(share_of(&OVER_14_DAYS));
        OutcomeCell {
            key,
            total,
            attended,
            missed,
            other_attendance: total - attended - missed - uncollected_attendance,
            uncollected_attendance,
            missed_rate,
            lead_times: lead
                .categories
                .iter()
                .zip(bands)
                .map(|((code, _), n)| (code.clone(), *n, share(*n)))
                .collect(),
            unknown_lead_time: waits.iter().sum::<u64>() - known - uncollected_lead_time,
            uncollected_lead_time,
            waits: waits_known.ok_or_else(|| {
                absence("lead times", total, uncollected_lead_time, "no lead time is known")
            }),
        }
    }
}

/// Consultations in some categories of an axis.
fn of_codes(axis: &PlanAxis, counts: &[u64], codes: &[&str]) -> u64 {
    let places = axis.categories.iter().zip(counts);
    places.filter(|((code, _), _)| codes.contains(&code.as_str())).map(|(_, n)| n).sum()
}

/// Consultations whose source does not collect what an axis looks at.
fn uncollected(axis: &PlanAxis, counts: &[u64]) -> u64 {
    counts[axis.categories.len() + State::NotCollected as usize]
}

/// Why nothing can be divided: no source has it, or what else there is.
fn absence(what: &str, total: u64, uncollected: u64, else_why: &str) -> Absence {
    if total > 0 && total == uncollected {
        let detail = format!("no source of these consultations collects {what}");
        return Absence { reason: Reason::NotCollected, detail };
    }
    Absence { reason: Reason::NotComputable, detail: else_why.into() }
}

fn sums(counts: &[u64], channels: usize) -> Vec<u64> {
    let width = counts.len() / channels;
    (0..width)
        .map(|inner| (0..channels).map(|channel| counts[channel * width + inner]).sum())
        .collect()
}
