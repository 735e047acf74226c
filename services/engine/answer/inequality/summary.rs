//! How unequal the groups of a dimension are: every summary measure, for each column of shares of a table.

use std::sync::Arc;

use super::groups::{
    FIGURE, OfColumn, column, derived, key, kind, legend, periods, polarity, shares, showing, title,
};
use crate::domain::codes::Dimension;
use crate::domain::indicator::{Polarity, Unit};
use crate::domain::statistics::{MEASURES, Measured, NotComputable, Scale, Shape, pair, summary};
use crate::engine::answer::comparison::figure;
use crate::engine::answer::definition::{ColumnDefinition, TableDefinition};
use crate::engine::answer::model::{Absence, Cell, Column, Key, Row};
use crate::engine::answer::{AnyQuestion, Protected};
use crate::engine::query::{Query, Showing};
use crate::engine::{Engine, QueryError};

const NOTES: [&str; 2] = [
    "Groups are the categories of the dimension; people whose category is not known are in none. Groups in an order are taken as going from \
     most to least disadvantaged, as they are listed. Weights are the denominators.",
    "SII and RII are fitted on the logit scale; where a group is at 0 % or 100 % they are fitted on the linear scale, and the row says so. \
     SII and ACI below 0: the value is higher among the most disadvantaged.",
];

/// Asks how unequal the groups of a dimension are.
#[derive(Clone)]
pub struct SummaryQuestion {
    /// The question whose answer is summarised; it is broken down by the dimension, and by the period if there is one.
    pub of: Arc<dyn AnyQuestion>,
    /// The dimension of the periods, each of which is summarised; none: all months together.
    pub period: Option<String>,
    /// The dimension whose groups are compared.
    pub dimension: String,
    /// Ids of the columns that are summarised; empty: all shares.
    pub columns: Vec<String>,
    /// Code of the reference group; none: no reference is named.
    pub reference: Option<String>,
}

/// A kind of column for each measure.
const COLUMNS: [ColumnDefinition; MEASURES.len()] = {
    let mut columns = [kind("", "", Unit::Index, ""); MEASURES.len()];
    let mut place = 0;
    while place < MEASURES.len() {
        let name = MEASURES[place];
        columns[place] = kind(name.id, name.label, name.unit, DEFINITION);
        place += 1;
    }
    columns
};
const DEFINITION: &str = "Of the groups of one dimension, in one column of shares of another table. The guide on inequality says what each measure means and what it needs.";

impl SummaryQuestion {
    /// The table that answers it.
    pub(in crate::engine::answer) const TABLE: TableDefinition = TableDefinition {
        name: "INEQUALITY",
        title: "Summary measures of inequality",
        rpc: "InequalityService.GetInequalitySummary",
        columns: &COLUMNS,
    };
}

impl AnyQuestion for SummaryQuestion {
    fn query(&self) -> &Query {
        self.of.query()
    }

    fn answer(&self, engine: &Engine) -> Result<Protected, QueryError> {
        let answer = self.of.answer(engine)?;
        let reference = engine.reference();
        let showing = showing(&answer, self.query());
        let mut provenance = answer.provenance().clone();
        let source_table = provenance.table;
        let Some(dimension) = reference.dimension(&self.dimension) else { return Ok(answer) };
        let asked = |(_, column): &(usize, &Column)| {
            self.columns.is_empty() || self.columns.contains(&column.id)
        };
        let row = |period: Option<&Key>, (place, of): (usize, &Column)| {
            let rows = answer.rows().iter();
            let rows = rows.filter(|row| period.is_none_or(|period| row.keys.contains(period)));
            let groups = OfColumn::new(rows, dimension, place, &showing);
            let (cells, sentence) = cells(
                &groups,
                dimension,
                (polarity(&reference, of), self.reference.as_deref()),
                &showing,
            );
            let figure = key(FIGURE, &of.id, &title(of));
            let keys = period.cloned().into_iter().chain([figure]).collect();
            Row { keys, cells, sentence, source_table }
        };
        let periods = self.period.as_ref().map(|period| periods(&answer, period));
        let columns = || shares(&answer).filter(asked);
        let rows: Vec<_> = match &periods {
            None => columns().map(|of| row(None, of)).collect(),
            Some(periods) => periods
                .iter()
                .flat_map(|of| columns().map(move |column| (of, column)))
                .map(|(period, column)| row(Some(period), column))
                .collect(),
        };
        let of_period = self.period.as_ref().map(|id| {
            let label = reference.dimension(id).map_or("", |of| of.label.as_str());
            legend(id, label, &rows)
        });
        let figure = legend(FIGURE, "figure", &rows);
        provenance.dimensions = of_period.into_iter().chain([figure]).collect();
        provenance.parameters.push(("dimension", self.dimension.clone()));
        let named = self.reference.iter().map(|code| ("reference_code", code.clone()));
        provenance.parameters.extend(named);
        provenance.notes.extend(NOTES.map(str::to_owned));
        let columns = MEASURES.map(|name| column(name.id, name.label, name.unit, Vec::new()));
        Ok(derived(provenance, &Self::TABLE, columns.to_vec(), rows, answer.position()))
    }

    fn at(&self, position: u64) -> Arc<dyn AnyQuestion> {
        Arc::new(Self { of: self.of.at(position), ..self.clone() })
    }
}

/// What a measure needs besides two groups with figures.
#[derive(Clone, Copy, Default)]
struct Needs {
    /// Of groups in an order: a figure of every group.
    every_group: bool,
    /// Of groups without an order: few people in groups without a figure. Such a group may be the furthest one.
    few_missing: bool,
    /// A figure of the reference group, if one is named: of groups in an order, and of groups without.
    reference: [bool; 2],
}

impl Needs {
    fn of(measure: &str) -> Self {
        let none = Self::default();
        match measure {
            "D" | "R" => Self { every_group: true, few_missing: true, reference: [false, true] },
            "SII" | "RII" | "ACI" | "RCI" | "RCI-WAGSTAFF" | "RCI-ERREYGERS" | "PAR" | "PAF" => {
                Self { every_group: true, ..none }
            }
            "MDR" | "MDR-WEIGHTED" => Self { reference: [true, true], ..none },
            _ => none,
        }
    }
}

/// The measures of one column, and a sentence that names the groups that are furthest apart.
fn cells(
    of: &OfColumn<'_>,
    dimension: &Dimension,
    (polarity, reference): (Polarity, Option<&str>),
    showing: &Showing,
) -> (Vec<Cell>, String) {
    let groups = match &of.groups {
        Ok(groups) => groups,
        Err(why) => {
            let absent = || Cell::absent(Absence::not_computable(why.to_string()));
            return (MEASURES.iter().map(|_| absent()).collect(), String::new());
        }
    };
    let place = of.keys.iter().position(|key| Some(key.code.as_str()) == reference);
    let shape = Shape {
        ordered: dimension.ordered,
        overlapping: dimension.overlapping(),
        polarity,
        reference: place,
        scale: Scale::Logit,
    };
    let (measured, scale) = summary(groups, &shape, showing.confidence);
    // The reference that was named has no figure: another one says something else.
    let lacks_reference = reference.is_some() && place.is_none();
    let cell = |Measured { name, found }: &Measured| {
        let needs = Needs::of(name.id);
        let [of_order, without] = [dimension.ordered, !dimension.ordered];
        let found = match *found {
            _ if lacks_reference && needs.reference[usize::from(without)] => {
                Err(NotComputable::MissingReference)
            }
            _ if of_order && needs.every_group && !of.complete => Err(NotComputable::MissingGroup),
            found if without && needs.few_missing => groups.with_few_missing().and(found),
            found => found,
        };
        Cell::without_counts(figure(found), 0)
    };
    let two =
        pair(groups, dimension.ordered, polarity != Polarity::HigherIsBetter, shape.reference);
    let says = |place: usize| {
        let label = &of.keys[place].label;
        let words = if label.is_empty() { &of.keys[place].code } else { label };
        format!("{words} {:.1} %", 100.0 * groups.all()[place].value)
    };
    let cells: Vec<_> = measured.iter().map(cell).collect();
    let has =
        |id: &str| MEASURES.iter().zip(&cells).any(|(of, cell)| of.id == id && cell.figure.is_ok());
    let mut said = Vec::new();
    if has("D") {
        said.push(format!("D compares {} with {}.", says(two.first), says(two.second)));
    }
    if has("SII") && scale == Scale::Linear {
        said.push("SII and RII are on the linear scale: a group is at 0 % or 100 %.".to_owned());
    }
    if groups.missing_share() > 0.0 {
        let missing = 100.0 * groups.missing_share();
        let of_people = match missing {
            missing if missing < 0.1 => "Less than 0.1 %".to_owned(),
            missing => format!("{missing:.1} %"),
        };
        said.push(format!("{of_people} are in groups without a figure."));
    }
    (cells, said.join(" "))
}
