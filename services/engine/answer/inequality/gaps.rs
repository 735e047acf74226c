//! The largest significant gaps of an area: every characteristic and indicator is scanned, the false discovery rate is controlled, and each gap is a
//! sentence for a person.

use std::sync::Arc;

use super::groups::{
    FIGURE, at, category, columns, derived, key, kind, legend, number, shares, showing, title,
};
use crate::domain::codes::Dimension;
use crate::domain::collection::Openness;
use crate::domain::indicator::{Polarity, Unit};
use crate::domain::reference::Reference;
use crate::domain::statistics::{
    Confidence, Verdict, difference_p_value, false_discovery, to_level_up,
};
use crate::engine::answer::comparison::{of_fixed, rest};
use crate::engine::answer::definition::{ColumnDefinition, TableDefinition};
use crate::engine::answer::model::{Cell, Column, Figure, Key, Row};
use crate::engine::answer::plan::Plan;
use crate::engine::answer::provenance::Provenance;
use crate::engine::answer::skeleton::none_in_scope;
use crate::engine::answer::{AnyQuestion, IndicatorQuestion, Protected};
use crate::engine::query::{Measure, Query, Showing};
use crate::engine::{Engine, QueryError};

/// Dimensions of the rows besides the figure.
const CHARACTERISTIC: &str = "characteristic";
const GROUP: &str = "group";

/// Name of the parameter that tells how many gaps there are on all pages.
pub const GAP_COUNT: &str = "gap_count";

/// A dimension, and a question by it.
type Part = (String, Arc<dyn AnyQuestion>);

/// Asks for the largest gaps.
#[derive(Clone)]
pub struct GapsQuestion {
    /// The place and the period.
    pub query: Query,
    /// The dimensions that are scanned, each with its questions.
    pub parts: Vec<Part>,
    /// The dimensions that submitted indicators are scanned by, each with a question to which an answer adds the indicator; empty: they are
    /// not scanned, or `parts` has those that are.
    pub submitted: Vec<(String, IndicatorQuestion)>,
    /// Highest false discovery rate.
    pub rate: f64,
    /// Gaps that are left out before those that are listed.
    pub skip: usize,
    /// Most gaps that are listed.
    pub most: usize,
    /// What was not asked, and why.
    pub notes: Vec<String>,
}

/// A gap that may be listed.
struct Gap {
    row: Row,
    size: f64,
    /// Which of the comparisons it is of.
    test: usize,
}

/// What was found in one answer.
#[derive(Default)]
struct Found {
    /// The p-value of each comparison.
    tests: Vec<f64>,
    gaps: Vec<Gap>,
    provenance: Provenance,
    position: u64,
}

impl Found {
    /// Asks one table by one dimension; an inner error: its reader may read none of the table. A gap whose p-value is above the rate cannot be
    /// listed: adjusted it is no smaller.
    fn ask(
        engine: &Engine,
        id: &str,
        question: &dyn AnyQuestion,
        rate: f64,
    ) -> Result<Result<Self, String>, QueryError> {
        let (reference, answer) = (engine.reference(), question.answer(engine));
        let answer = match answer {
            Err(QueryError::OutOfScope(why)) => return Ok(Err(why)),
            answer => answer?,
        };
        let (provenance, position) = (answer.provenance().clone(), answer.position());
        let mut found = Self { provenance, position, ..Self::default() };
        if let Some(dimension) = reference.dimension(id) {
            let showing = showing(&answer, question.query());
            for of in shares(&answer) {
                found.compare(&reference, &answer, dimension, of, (&showing, rate));
            }
        }
        Ok(Ok(found))
    }

    /// What is counted, if anything was compared.
    fn measure(&self) -> Option<Measure> {
        (!self.tests.is_empty()).then_some(self.provenance.settings.measure)
    }

    /// Compares the groups of a column with all people of the answer.
    fn compare(
        &mut self,
        reference: &Reference,
        answer: &Protected,
        dimension: &Dimension,
        (place, of): (usize, &Column),
        (showing, rate): (&Showing, f64),
    ) {
        let whole = answer.rows().iter().find(|row| row.keys.is_empty());
        let whole = whole.map(|row| &row.cells[place]).zip(direction(reference, &of.indicator));
        let Some((whole, polarity)) = whole else { return };
        let mut compare = |row: &Row| {
            let (group, cell) = (category(row, &dimension.id)?, &row.cells[place]);
            let own = cell.counts.part_of_whole().filter(|_| cell.figure.is_ok())?;
            let others = rest(cell, whole)?.counts.part_of_whole()?;
            let (difference, ratio) = of_fixed(cell, whole);
            let (figure, fixed) =
                (difference.figure.clone().ok()?, whole.figure.as_ref().ok()?.value);
            let p_value = difference_p_value(own, others, showing.protection.variance());
            self.tests.push(p_value);
            let verdict = figure.limits.map(|limits| Verdict::of(limits, 0.0, polarity));
            if verdict != Some(Verdict::Worse) || p_value > rate {
                return None;
            }
            let people = to_level_up(own, fixed, polarity == Polarity::LowerIsBetter);
            let whom = answer.provenance().counted_as();
            let said = (Said { own, whom, whole: fixed, level: showing.confidence }, &figure);
            let sentence = sentence(dimension, group, of, said, people);
            let keys = vec![
                key(CHARACTERISTIC, &dimension.id, &dimension.label),
                key(GROUP, &group.code, &group.label),
                key(FIGURE, &of.id, &title(of)),
            ];
            let difference = Cell { verdict, ..difference };
            let cells = vec![cell.clone(), whole.clone(), difference, ratio, level_up(people)];
            let source_table = answer.provenance().table;
            let row = Row { keys, cells, sentence, source_table };
            let gap = Gap { row, size: figure.value.abs(), test: self.tests.len() - 1 };
            self.gaps.push(gap);
            Some(())
        };
        answer.rows().iter().for_each(|row| _ = compare(row));
    }
}

/// What a high value of an indicator means; none: no gap of it is looked for. A highest share bounds another one, and is no figure of its own.
fn direction(reference: &Reference, indicator: &str) -> Option<Polarity> {
    let known = reference.indicator(indicator).map(|of| of.polarity);
    known.filter(|of| *of != Polarity::Neither && !indicator.ends_with("-HIGHEST"))
}

impl AnyQuestion for GapsQuestion {
    fn query(&self) -> &Query {
        &self.query
    }

    fn answer(&self, engine: &Engine) -> Result<Protected, QueryError> {
        let threads = &engine.settings.threads;
        let ask = |(id, question): &Part, own| {
            Found::ask(&engine.with(own), id, question.as_ref(), self.rate)
        };
        let (mut first, mut refused) = (None, Vec::new());
        let mut parts = self.parts.as_slice();
        while let (None, [part, others @ ..]) = (&first, parts) {
            parts = others;
            match threads.side_by_side(std::slice::from_ref(part), ask)?.pop() {
                Some(Ok(found)) => first = Some(found),
                Some(Err(why)) => refused.push(why),
                None => {}
            }
        }
        let pinned = first.as_ref().map(|of| of.position);
        let (submitted, plan) = self.of_submitted(engine, pinned)?;
        let position = pinned.or(plan.as_ref().map(|plan| plan.position)).unwrap_or_default();
        // Everything else is read where the first was read.
        let others = parts.iter().chain(&submitted);
        let others: Vec<_> = others.map(|(id, of)| (id.clone(), of.at(position))).collect();
        let mut found = Vec::from_iter(first);
        for of in threads.side_by_side(&others, ask)? {
            match of {
                Ok(of) => found.push(of),
                Err(why) => refused.push(why),
            }
        }
        if let (true, None, Some(why)) = (found.is_empty(), &plan, refused.first()) {
            return Err(QueryError::OutOfScope(why.clone()));
        }
        let mut found = found.into_iter();
        let first = match (found.next(), &plan) {
            (Some(first), _) => first,
            (None, Some(plan)) => {
                Found { provenance: self.of_nothing(engine, plan)?, ..Found::default() }
            }
            (None, None) => Found::default(),
        };
        let mut measures = Vec::from_iter(first.measure());
        let Found { mut tests, mut gaps, mut provenance, .. } = first;
        for of in found {
            measures.extend(of.measure());
            let before = tests.len();
            gaps.extend(of.gaps.into_iter().map(|gap| Gap { test: before + gap.test, ..gap }));
            tests.extend(of.tests);
            provenance.counted_too(&of.provenance);
            // The answer is empty only if every part is.
            if of.provenance.empty.is_none() {
                provenance.empty = None;
            }
        }
        // What the limits take as independent, of what was compared.
        let (settings, persons) = (&mut provenance.settings, Measure::Persons);
        settings.measure = *measures.first().unwrap_or(&settings.measure);
        settings.counts_both =
            measures.iter().any(|of| (*of == persons) != (settings.measure == persons));
        if let Some(plan) = plan {
            // Another indicator may be submitted.
            provenance.looked_at(plan.data_position, plan.scope);
        }
        let (scanned, adjusted) = (tests.len(), false_discovery(&tests));
        gaps.retain(|gap| adjusted[gap.test] <= self.rate);
        gaps.sort_by(|a, b| b.size.total_cmp(&a.size));
        let found = gaps.len();
        let listed = gaps.into_iter().skip(self.skip).take(self.most);
        let with_p_value = |mut gap: Gap| {
            gap.row.cells.push(number(Ok(adjusted[gap.test])));
            gap.row
        };
        let rows: Vec<_> = listed.map(with_p_value).collect();
        provenance.dimensions =
            [(CHARACTERISTIC, "characteristic"), (GROUP, "group"), (FIGURE, "figure")]
                .map(|(id, label)| legend(id, label, &rows))
                .to_vec();
        provenance.quality.clear();
        provenance.parameters.push(("false_discovery_rate", self.rate.to_string()));
        provenance.parameters.push((GAP_COUNT, found.to_string()));
        provenance.notes.push(format!(
            "{scanned} groups were compared with all people of the answer, and {found} are significantly worse with a false discovery rate of at most {} \
             (Benjamini and Hochberg). Only figures with a good direction are scanned. Limits take the whole as fixed.",
            self.rate
        ));
        provenance.notes.extend(self.notes.iter().cloned());
        if !refused.is_empty() {
            let count = refused.len();
            provenance
                .notes
                .push(format!("Not scanned: {count} questions outside of what you may read."));
        }
        Ok(derived(provenance, &Self::TABLE, columns(&COLUMNS), rows, position))
    }

    fn at(&self, position: u64) -> Arc<dyn AnyQuestion> {
        let mut pinned = self.clone();
        at(&mut pinned.query, position);
        for (_, part) in &mut pinned.parts {
            *part = part.at(position);
        }
        Arc::new(pinned)
    }
}

impl GapsQuestion {
    /// Refuses a question in which no gap can be found for its reader, before anything of it is counted: of a controlled collection it may read none of
    /// the table's indicators.
    ///
    /// # Errors
    /// It may read none.
    pub fn finds(reference: &Reference, question: &dyn AnyQuestion) -> Result<(), QueryError> {
        let query = question.query();
        let collection = reference.collection(&query.collection);
        let scope = &query.reader.scope.indicators;
        let is_open = collection.is_some_and(|of| of.openness == Openness::Open);
        if is_open || question.indicators().iter().any(|id| scope.has(id)) {
            return Ok(());
        }
        Err(none_in_scope(scope))
    }

    /// What an answer is about if no table could be asked, and no indicator was submitted.
    fn of_nothing(&self, engine: &Engine, plan: &Plan) -> Result<Provenance, QueryError> {
        let provenance = engine.provenance(&mut plan.clone(), &self.query)?;
        Ok(Provenance {
            release: self.query.release().to_owned(),
            profile: Some(plan.reference.profile(self.query.reader.profile)),
            protection: Some(plan.protection.clone()),
            ..provenance
        })
    }

    /// The questions to the indicators that were submitted, each by its dimension, and the plan that told which there are.
    fn of_submitted(
        &self,
        engine: &Engine,
        position: Option<u64>,
    ) -> Result<(Vec<Part>, Option<Plan>), QueryError> {
        let Some((_, first)) = self.submitted.first() else { return Ok((Vec::new(), None)) };
        let mut first = first.clone();
        position.into_iter().for_each(|position| at(&mut first.query, position));
        let (each, plan) = first.of_each(engine)?;
        let parts = self.submitted.iter().flat_map(|(dimension, by)| {
            each.iter().map(move |of| {
                let query = by.query.clone();
                let question = IndicatorQuestion { query, ..of.clone() };
                (dimension.clone(), Arc::new(question) as Arc<dyn AnyQuestion>)
            })
        });
        Ok((parts.collect(), Some(plan)))
    }
}

/// The kinds of columns.
const COLUMNS: [ColumnDefinition; 6] = [
    kind("VALUE", "Share of the group", Unit::Ratio, "Share of the group, as in its table."),
    kind("WHOLE", "Share of all", Unit::Ratio, "Share of all people of the answer."),
    kind(
        "D",
        "Difference from all",
        Unit::Difference,
        "VALUE less WHOLE. The limits take WHOLE as fixed.",
    ),
    kind(
        "R",
        "Ratio to all",
        Unit::Times,
        "VALUE divided by WHOLE. The limits take WHOLE as fixed.",
    ),
    kind(
        "LEVEL-UP",
        "People or consultations that it takes to level up",
        Unit::Count,
        "People or consultations of the group that it takes to reach the share of all.",
    ),
    kind(
        "P-VALUE",
        "P-value, adjusted for all that was compared",
        Unit::Index,
        "Of the difference between the group and all others, adjusted for the false discovery rate (Benjamini and Hochberg).",
    ),
];

impl GapsQuestion {
    /// The table that answers it.
    pub(in crate::engine::answer) const TABLE: TableDefinition = TableDefinition {
        name: "GAPS",
        title: "Largest significant gaps",
        rpc: "InequalityService.ListGaps",
        columns: &COLUMNS,
    };
}

#[allow(clippy::cast_precision_loss)] // counts are below 2^53
fn level_up(people: u64) -> Cell {
    number(Ok(people as f64))
}

/// What a sentence says of a group.
struct Said {
    /// Its part and its whole.
    own: (u64, u64),
    /// What they count, in the plural.
    whom: &'static str,
    /// Share of all.
    whole: f64,
    level: Confidence,
}

/// The gap for a person: "Age band, 75 and over: Face to face given or offered 31.0 % of 1200 consultations, 27.0 points below all (58.0 %), from 24.3
/// to 29.6 with 95 % confidence. …"
#[allow(clippy::cast_precision_loss)] // counts are below 2^53
fn sentence(
    dimension: &Dimension,
    group: &Key,
    of: &Column,
    (Said { own: (part, all), whom, whole, level }, difference): (Said, &Figure),
    people: u64,
) -> String {
    let label = if group.label.is_empty() { &group.code } else { &group.label };
    let own = part as f64 / all as f64;
    let side = if own < whole { "below" } else { "above" };
    let figure = title(of);
    let figure = if figure.is_empty() { of.id.clone() } else { figure };
    let limits = difference.limits.map(|(lower, upper)| {
        let ends = [100.0 * lower.abs(), 100.0 * upper.abs()];
        let [least, most] = [ends[0].min(ends[1]), ends[0].max(ends[1])];
        format!(", from {least:.1} to {most:.1} with {} % confidence", 100.0 * level.level())
    });
    format!(
        "{}, {label}: {figure} {:.1} % of {all} {whom}, {:.1} points {side} all ({:.1} %){}. To level up takes {people} of them.",
        dimension.label,
        100.0 * own,
        100.0 * (own - whole).abs(),
        100.0 * whole,
        limits.unwrap_or_default()
    )
}
