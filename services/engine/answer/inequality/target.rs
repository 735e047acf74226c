//! How an indicator compares with a target: its value, the baseline, what the trajectory requires, and the status, for each row.

use std::sync::Arc;

use super::groups::{at, columns, derived, kind, number, shares};
use crate::domain::indicator::{Condition, Unit};
use crate::domain::period::{Month, months_of};
use crate::domain::reference::Reference;
use crate::domain::statistics::{NotComputable, Verdict};
use crate::domain::target::{StatedBaseline, StatedUnit, Target, TargetStatus, required};
use crate::engine::answer::definition::{ColumnDefinition, TableDefinition};
use crate::engine::answer::model::{Absence, Cell, Figure, Key, Row};
use crate::engine::answer::provenance::Provenance;
use crate::engine::answer::{AnyQuestion, Protected};
use crate::engine::query::{Query, is_period};
use crate::engine::{Engine, QueryError};

const NOTES: [&str; 2] = [
    "MET: all of the interval is at the target or beyond it. ON_TRACK: the interval holds the required value, or lies beyond it. OFF_TRACK: all of \
     the interval falls short of the required value.",
    "The required value lies on a straight line from the baseline, in the last month of its period, to the target, in the month of the deadline. \
     Without a deadline, and after it, the target itself is required.",
];

/// Asks for the status of a target.
#[derive(Clone)]
pub struct TargetQuestion {
    /// Place, period, dimensions and conditions, with those of the target's population.
    pub query: Query,
    /// The target.
    pub target: Target,
    /// The indicator in the period; none: no counts of it are submitted.
    pub now: Option<Arc<dyn AnyQuestion>>,
    /// The indicator in the baseline's period, and the last month of that; none: there is no baseline.
    pub baseline: Option<(Arc<dyn AnyQuestion>, Month)>,
    /// What could not be asked, and why.
    pub notes: Vec<String>,
}

/// The kinds of columns.
const COLUMNS: [ColumnDefinition; 6] = [
    kind(
        "VALUE",
        "Value in the period",
        Unit::Ratio,
        "Value of the indicator, as in its table. Its verdict is the status.",
    ),
    kind(
        "BASELINE",
        "Value of the baseline",
        Unit::Ratio,
        "Value of the indicator in the baseline's period, as it was then if the baseline is frozen.",
    ),
    kind(
        "BASELINE_STATED",
        "Value that the document states as the start",
        Unit::Ratio,
        "As ListTargets has it, for the row's group: of the area and the people of the document, whatever the question's conditions are. It has no counts, and no part in the required value.",
    ),
    kind(
        "REQUIRED",
        "Value that the trajectory requires",
        Unit::Ratio,
        "On the straight line from the baseline to the target, in the last month of the row's period.",
    ),
    kind("TARGET", "Value of the target", Unit::Ratio, "The target, as ListTargets has it."),
    kind(
        "TO_TARGET",
        "Value less target",
        Unit::Difference,
        "VALUE less TARGET. The limits take TARGET as fixed.",
    ),
];

/// Place of the column of what the document states.
const STATED: usize = 2;

impl TargetQuestion {
    /// The table that answers it.
    pub(in crate::engine::answer) const TABLE: TableDefinition = TableDefinition {
        name: "TARGET_STATUS",
        title: "Status of a target",
        rpc: "TargetService.GetTargetStatus",
        columns: &COLUMNS,
    };
}

impl AnyQuestion for TargetQuestion {
    fn query(&self) -> &Query {
        &self.query
    }

    fn answer(&self, engine: &Engine) -> Result<Protected, QueryError> {
        let (reference, target) = (engine.reference(), &self.target);
        let mut columns = columns(&COLUMNS);
        let about = ("target", target.id.clone());
        let Some(now) = &self.now else {
            let position = engine.store().look(|catalog| self.query.as_of.position(catalog))??;
            let collection = reference.collection(&self.query.collection);
            let mut provenance = Provenance::asked(&reference, collection, &self.query);
            provenance.months = Some(self.query.months);
            provenance.profile = Some(reference.profile(self.query.reader.profile));
            provenance.protection = Some(self.query.showing.protection.clone());
            provenance.parameters.extend([about, ("indicator", target.indicator.clone())]);
            let why = &target.not_measurable;
            let mut cells =
                vec![Cell::absent(Absence::not_computable(why.as_str())); columns.len()];
            cells[0].verdict = Some(Verdict::NotMeasurable);
            cells[STATED] = stated(target, &[]);
            provenance.notes.extend(stated_notes(&reference, target));
            let row = Row {
                keys: Vec::new(),
                cells,
                sentence: sentence(target, None, why),
                source_table: "",
            };
            return Ok(derived(provenance, &Self::TABLE, columns, vec![row], position));
        };
        let answer = now.answer(engine)?;
        let mut provenance = answer.provenance().clone();
        let baseline = match &self.baseline {
            None => None,
            // It is frozen, or read where the first was read.
            Some((question, month)) => {
                let found = question.at(answer.position()).answer(engine)?;
                let of = found.provenance();
                provenance.counted_too(of);
                Some((found, *month))
            }
        };
        let Some((place, of)) = shares(&answer).next() else { return Ok(answer) };
        columns.iter_mut().for_each(|column| column.not_for_targets = of.not_for_targets);
        let row = |row: &Row| {
            let before =
                baseline.as_ref().map(|(found, month)| (before(&reference, found, row), *month));
            let month = month_of(&reference, row).unwrap_or(self.query.months.1);
            let stated = stated(target, &groups(&reference, row));
            let (cells, sentence) = cells(target, &row.cells[place], (before, stated), month);
            Row { keys: row.keys.clone(), cells, sentence, source_table: answer.provenance().table }
        };
        let rows: Vec<_> = answer.rows().iter().map(row).collect();
        // The answer of the indicator names it.
        provenance.parameters.push(about);
        provenance.notes.extend(NOTES.map(str::to_owned));
        let note = Some(&target.note).filter(|note| !note.is_empty());
        provenance.notes.extend(note.map(|note| format!("{note}.")));
        provenance.notes.extend(stated_notes(&reference, target));
        provenance.notes.extend(self.notes.iter().cloned());
        Ok(derived(provenance, &Self::TABLE, columns, rows, answer.position()))
    }

    fn at(&self, position: u64) -> Arc<dyn AnyQuestion> {
        let mut pinned = self.clone();
        at(&mut pinned.query, position);
        pinned.now = pinned.now.map(|now| now.at(position));
        pinned.baseline = pinned.baseline.map(|(question, month)| (question.at(position), month));
        Arc::new(pinned)
    }
}

fn tells_time(reference: &Reference, key: &Key) -> bool {
    reference.dimension(&key.dimension).is_some_and(is_period)
}

/// The last month of the period that a row is of; none: it is of all of them.
fn month_of(reference: &Reference, row: &Row) -> Option<Month> {
    let key = row.keys.iter().find(|key| tells_time(reference, key))?;
    months_of(&key.code).ok().map(|months| *months.end())
}

/// The groups that a row is of, whatever its period.
fn groups<'r>(reference: &Reference, row: &'r Row) -> Vec<(&'r str, &'r str)> {
    let keys = row.keys.iter().filter(|key| !tells_time(reference, key));
    keys.map(|key| (&*key.dimension, key.code.as_str())).collect()
}

/// What the document states as the start of a row of these groups.
fn stated(target: &Target, groups: &[(&str, &str)]) -> Cell {
    let is_of = |stated: &&StatedBaseline| {
        let has = |of: &Condition| {
            groups
                .iter()
                .any(|(id, code)| *id == of.dimension && of.codes.iter().any(|of| of == code))
        };
        stated.group.len() == groups.len() && stated.group.iter().all(has)
    };
    match target.baseline_values.iter().find(is_of) {
        Some(of) if of.unit == StatedUnit::Ratio => number(Ok::<_, NotComputable>(of.value)),
        Some(of) => {
            let why = format!("the document states {}, which is no share", of.words());
            Cell::absent(Absence::not_computable(why))
        }
        None => Cell::absent(Absence::no_data("the document states no value for this row")),
    }
}

/// Every value that the document states, in sentences.
fn stated_notes(reference: &Reference, target: &Target) -> Vec<String> {
    let words = |of: &Condition| {
        let categories = reference.dimension(&of.dimension).map(|known| &known.categories);
        let named = |code: &String| {
            let found = categories.and_then(|all| all.iter().find(|(known, _)| known == code));
            found.map_or_else(|| code.clone(), |(_, label)| label.clone())
        };
        of.codes.iter().map(named).collect::<Vec<_>>().join(" or ")
    };
    let note = |of: &StatedBaseline| {
        let mut whom: Vec<_> = of.group.iter().map(words).collect();
        whom.push(match of.period.as_str() {
            "" => "no period given".to_owned(),
            period => period.to_owned(),
        });
        format!("Stated as the start: {} ({}). Source: {}.", of.words(), whom.join(", "), of.source)
    };
    target.baseline_values.iter().map(note).collect()
}

/// The baseline of a row: of the same groups, whatever its period.
fn before(reference: &Reference, baseline: &Protected, row: &Row) -> Option<Cell> {
    let (place, _) = shares(baseline).next()?;
    let same = row.keys.iter().filter(|key| !tells_time(reference, key)).map(Key::id);
    let same: Vec<_> = same.collect();
    let found =
        baseline.rows().iter().find(|row| row.keys.iter().map(Key::id).eq(same.iter().cloned()));
    found.map(|row| row.cells[place].clone())
}

/// The cells of a row, and its sentence.
fn cells(
    target: &Target,
    value: &Cell,
    (before, stated): (Option<(Option<Cell>, Month)>, Cell),
    month: Month,
) -> (Vec<Cell>, String) {
    let goal = target.value;
    let month_before = before.as_ref().map(|(_, month)| *month);
    let none = || Cell::absent(Absence::no_data("no baseline was set, or it has no figure here"));
    let before = before.and_then(|(cell, _)| cell).unwrap_or_else(none);
    let start = before.figure.as_ref().ok().map(|figure| figure.value).zip(month_before);
    let needed = match (goal, target.deadline, start) {
        (None, ..) => Err(target.not_measurable.as_str()),
        (Some(goal), Some(deadline), Some(start)) => Ok(required(start, (goal, deadline), month)),
        (Some(_), Some(deadline), None) if month < deadline => {
            Err("the deadline lies ahead, and without a baseline there is no trajectory")
        }
        (Some(goal), Some(_), None) | (Some(goal), None, _) => Ok(goal),
    };
    let figure = value.figure.as_ref().ok();
    let limits = figure.and_then(|figure| figure.limits);
    // Where no trajectory is known, a target may still be met.
    let status = limits.zip(goal).and_then(|(limits, goal)| {
        let found = TargetStatus::of(limits, needed.unwrap_or(goal), goal, target.polarity);
        found.filter(|status| needed.is_ok() || *status == TargetStatus::Met)
    });
    let verdict = match status {
        Some(TargetStatus::Met) => Verdict::Met,
        Some(TargetStatus::OnTrack) => Verdict::OnTrack,
        Some(TargetStatus::OffTrack) => Verdict::OffTrack,
        None => Verdict::NotMeasurable,
    };
    let why = match (&value.figure, needed) {
        (Err(absence), _) if absence.detail.is_empty() => "there is no value".to_owned(),
        (Err(absence), _) => absence.detail.clone(),
        (Ok(_), Err(why)) => why.to_owned(),
        (Ok(_), Ok(_)) => "the value has no interval".to_owned(),
    };
    let no_goal = || Absence::not_computable(target.not_measurable.as_str());
    let less = match figure.zip(goal) {
        Some((figure, goal)) => Ok(Figure {
            value: figure.value - goal,
            limits: figure.limits.map(|(lower, upper)| (lower - goal, upper - goal)),
        }),
        None if goal.is_none() => Err(no_goal()),
        None => Err(Absence::not_computable("there is no value")),
    };
    let of_line = match needed {
        Ok(needed) => number(Ok(needed)),
        Err(why) => Cell::absent(Absence::not_computable(why)),
    };
    let words = sentence(target, status.zip(figure).map(|found| (found, needed.ok())), &why);
    let cells = vec![
        Cell { verdict: Some(verdict), ..value.clone() },
        Cell { verdict: None, ..before },
        stated,
        of_line,
        goal.map_or_else(|| Cell::absent(no_goal()), |goal| number(Ok::<_, NotComputable>(goal))),
        Cell::without_counts(less, value.behind),
    ];
    (cells, words)
}

/// The status for a person: "57.0 % (52.1 to 61.7); required 60.0 %, target 60.0 %: `ON_TRACK`."
fn sentence(
    target: &Target,
    found: Option<((TargetStatus, &Figure), Option<f64>)>,
    why: &str,
) -> String {
    let Some(((status, figure), needed)) = found else {
        return format!("{}: NOT_MEASURABLE, {why}.", target.label);
    };
    let (lower, upper) = figure.limits.unwrap_or((figure.value, figure.value));
    // A target can be met where no trajectory is known.
    let needed =
        needed.map_or(String::new(), |needed| format!("required {:.1} %, ", 100.0 * needed));
    let word = match status {
        TargetStatus::Met => Verdict::Met,
        TargetStatus::OnTrack => Verdict::OnTrack,
        TargetStatus::OffTrack => Verdict::OffTrack,
    };
    format!(
        "{:.1} % ({:.1} to {:.1}); {needed}target {:.1} %: {}.",
        100.0 * figure.value,
        100.0 * lower,
        100.0 * upper,
        100.0 * target.value.unwrap_or_default(),
        word.name()
    )
}
