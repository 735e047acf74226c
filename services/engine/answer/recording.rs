//! How the characteristics of consultations are recorded: indicators DQ-01 to DQ-05, DQ-09 and DQ-11.

use std::collections::BTreeMap;

use super::consultations::Tabulated;
use super::definition::{ColumnDefinition, TableDefinition};
use super::model::{Absence, Cell, Column, Figure, Key, KeyId};
use super::plan::PlanAxis;
use super::provenance::QuestionSettings;
use super::question::{Counted, Question, asks_its_query};
use super::timeliness::Due;
use crate::domain::disclosure::TrueCount;
use crate::domain::field::Field;
use crate::domain::measures::maturity::{Item, index};
use crate::domain::measures::{Aspect, Recorded, Tally};
use crate::domain::reference::Reference;
use crate::engine::query::{Measure, Query, Showing};
use crate::engine::{Engine, QueryError};

/// Asks how characteristics are recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordingQuestion {
    /// What is asked about.
    pub query: Query,
    /// The fields that are asked about, each with a code list.
    pub fields: Vec<Field>,
    /// The indicators that are asked for; empty: all of [`RECORDING`].
    pub indicators: Vec<String>,
    /// Share of the records up to which the default code counts as valid, 0 to 1.
    pub default_threshold: f64,
    /// When submissions are due: the index counts those alone.
    pub due: Due,
}

/// Dimension of the groups of columns.
pub(super) const CHARACTERISTIC: &str = "characteristic";
const NOBODY: &str = "the collection expects no submission that this row is of, or none is due yet";
const CONTACTS: ColumnDefinition = ColumnDefinition::count(
    "CONTACTS",
    &[],
    "Consultations",
    "All consultations of the row, also missed and cancelled ones.",
);

/// The index over all characteristics.
const INDEX: &str = "DQMI";

const fn of(indicator: &'static str) -> ColumnDefinition {
    ColumnDefinition::indicator(indicator, &[CHARACTERISTIC], "")
}

/// The indicators of the table, and what each shows.
pub const RECORDING: [(&str, Shown); 12] = [
    (INDEX, Shown::Index),
    ("DQ-01", Shown::Share(Aspect::Known)),
    ("DQ-02", Shown::Share(Aspect::NotStated)),
    ("DQ-02-UNSURE", Shown::Share(Aspect::Unsure)),
    ("DQ-03", Shown::Share(Aspect::Missing)),
    ("DQ-03-NOT-KNOWN", Shown::Share(Aspect::NotKnown)),
    ("DQ-03-NOT-RECORDED", Shown::Share(Aspect::NotRecorded)),
    ("DQ-04", Shown::Share(Aspect::Valid)),
    ("DQ-04-INVALID", Shown::Share(Aspect::Invalid)),
    ("DQ-05", Shown::Score),
    ("DQ-09", Shown::Share(Aspect::Other)),
    ("DQ-11", Shown::Share(Aspect::Collected)),
];

/// What an indicator of the table shows.
#[derive(Clone, Copy, Debug)]
pub enum Shown {
    /// A share of the records.
    Share(Aspect),
    /// The item score of the Data Quality Maturity Index.
    Score,
    /// The index: of all fields together.
    Index,
}

/// What a column shows: the number of the field among those asked for, and what of it; none: all consultations.
pub(super) type Shows = Option<(usize, Shown)>;

/// What was counted.
pub(super) struct Recordings {
    /// Of each field, its records by [`Recorded::ALL`].
    fields: Vec<Tabulated>,
    /// The share of the expected submissions that have data, by the keys of rows in dimensions that are not about records; of everything: no keys.
    coverage: BTreeMap<Vec<KeyId>, f64>,
}

impl Recordings {
    /// Counts of a field in a row.
    fn of(&self, field: usize, row: &[usize]) -> &[TrueCount] {
        let counts = self.fields.get(field).and_then(|of| of.crosstab.row(row));
        counts.map_or(&[], |counts| &counts.inner)
    }

    fn share(&self, field: usize, row: &[usize], aspect: Aspect) -> Tally {
        aspect.tally(self.of(field, row))
    }

    fn coverage(&self, row: &[usize]) -> Option<f64> {
        let axes = self.fields[0].plan.axes.iter().zip(row);
        let keys = axes.filter(|(axis, _)| axis.field().is_none());
        let keys: Vec<_> = keys.map(|(axis, place)| axis.key(*place).id()).collect();
        self.coverage.get(&keys).copied()
    }

    /// All records of a row: each is in one place of every field.
    fn all(&self, row: &[usize]) -> TrueCount {
        self.of(0, row).iter().copied().sum()
    }
}

impl Question for RecordingQuestion {
    const TABLE: TableDefinition = TableDefinition {
        name: "RECORDING",
        title: "Recording of characteristics",
        rpc: "DataQualityService.GetRecordingQuality",
        columns: &[
            CONTACTS,
            ColumnDefinition {
                definition: "Mean of DQ-05 of all characteristics that are asked about and collected, times the share of the expected submissions that \
                             have data (DQ-06). Withheld if a score is.",
                ..ColumnDefinition::indicator(INDEX, &[], "")
            },
            of("DQ-01"),
            of("DQ-02"),
            of("DQ-02-UNSURE"),
            of("DQ-03"),
            of("DQ-03-NOT-KNOWN"),
            of("DQ-03-NOT-RECORDED"),
            of("DQ-04"),
            of("DQ-04-INVALID"),
            ColumnDefinition {
                definition: "(Valid codes − default codes in excess) ÷ records; in excess: default codes above `default_threshold` × records. \
                             A withheld number of default codes counts as none. No limits: the score is no share of records.",
                ..of("DQ-05")
            },
            of("DQ-09"),
            of("DQ-11"),
        ],
    };
    type Figures = Recordings;
    type Shows = Shows;

    asks_its_query!();

    fn settings(&self) -> QuestionSettings {
        QuestionSettings::of(Measure::Contacts).with("default_threshold", &self.default_threshold)
    }

    fn count(&self, engine: &Engine, query: &Query) -> Result<Counted<Recordings>, QueryError> {
        let mut plan = engine.consultations(query, Measure::Contacts, &[])?;
        let mut provenance = engine.provenance(&mut plan, query)?;
        let outer = plan.axes.len();
        let columns = 1 + self.fields.len() * self.wanted().count();
        let count = |field: &Field| {
            let mut plan = plan.clone();
            plan.axes.push(axis(engine, &plan.reference, *field));
            engine.tabulated(plan, 1, columns)
        };
        let of = self.fields.iter().map(count).collect::<Result<Vec<_>, _>>()?;
        let mut sums = of[0].sums();
        sums.remove(&outer);
        let quality = engine.quality(&[(&of[0].plan, sums)])?;
        let rows = Tabulated { plan: of[0].plan.clone(), crosstab: of[0].crosstab.clone() };
        let (receipts, all) =
            engine.receipts(&rows.plan, query, (&self.due, self.query.release()))?;
        if self.wanted().any(|(id, _)| *id == INDEX) {
            self.due.changes_with_time(&all, &mut provenance);
        }
        let id = |keys: &[Key]| keys.iter().map(Key::id).collect();
        let coverage = receipts.iter().map(|(keys, of)| (id(keys), of.coverage()));
        let coverage = coverage.chain([(Vec::new(), all.coverage())]);
        let coverage = coverage.filter_map(|(id, coverage)| Some((id, coverage?))).collect();
        let figures = Recordings { fields: of, coverage };
        rows.counted(provenance, quality, "consultation", figures)
    }

    fn all(&self, figures: &Recordings, row: &[usize]) -> Option<TrueCount> {
        Some(figures.all(row))
    }

    /// Of those whom a share of missing values leaves out, something is known. Those whom a share of known, valid or collected values leaves out are no
    /// group: nothing is known of them.
    fn parts(&self, figures: &Recordings, row: &[usize], shows: &Shows) -> Vec<TrueCount> {
        match shows {
            None | Some((_, Shown::Share(Aspect::Known | Aspect::Valid | Aspect::Collected))) => {
                Vec::new()
            }
            Some((field, Shown::Score)) => {
                vec![figures.share(*field, row, Aspect::NotKnown).numerator]
            }
            Some((_, Shown::Index)) => (0..self.fields.len())
                .map(|field| figures.share(field, row, Aspect::NotKnown).numerator)
                .collect(),
            Some((field, Shown::Share(aspect))) => {
                vec![figures.share(*field, row, *aspect).numerator]
            }
        }
    }

    fn columns(&self, reference: &Reference, _: &[&Recordings]) -> Vec<(Column, Shows)> {
        let mut columns = vec![(CONTACTS.column(reference, Vec::new()), None)];
        if self.wanted().any(|(id, _)| *id == INDEX) {
            let kind = ColumnDefinition::indicator(INDEX, &[], "");
            columns.push((kind.column(reference, Vec::new()), Some((0, Shown::Index))));
        }
        for (number, field) in self.fields.iter().enumerate() {
            let label = reference.label_of(*field);
            for (indicator, shown) in self.wanted().filter(|(id, _)| *id != INDEX) {
                let group = vec![Key::named(CHARACTERISTIC, field.name(), label)];
                columns.push((of(indicator).column(reference, group), Some((number, *shown))));
            }
        }
        columns
    }

    fn cell(&self, figures: &Recordings, row: &[usize], shows: &Shows, showing: &Showing) -> Cell {
        match shows {
            None => Cell::count(figures.all(row), showing),
            Some((field, Shown::Share(aspect))) => {
                Cell::share(figures.share(*field, row, *aspect), "consultations", showing)
            }
            Some((field, Shown::Score)) => self.score(figures, (*field, row), showing),
            Some((_, Shown::Index)) => self.index(figures, row, showing),
        }
    }
}

impl RecordingQuestion {
    /// The indicators that are asked for.
    fn wanted(&self) -> impl Iterator<Item = &'static (&'static str, Shown)> {
        RECORDING.iter().filter(|(id, _)| {
            self.indicators.is_empty() || self.indicators.iter().any(|asked| asked == id)
        })
    }

    /// The index, out of the item scores that may be seen.
    fn index(&self, figures: &Recordings, row: &[usize], showing: &Showing) -> Cell {
        let score = |field| self.score(figures, (field, row), showing);
        let scores: Vec<_> = (0..self.fields.len()).map(score).collect();
        if scores.iter().any(Cell::is_withheld) {
            return Cell::absent(Absence::withheld());
        }
        let values = scores.iter().filter_map(|cell| Some(cell.figure.as_ref().ok()?.value));
        let values: Vec<_> = values.collect();
        let Some(coverage) = figures.coverage(row) else {
            return Cell::absent(Absence::not_computable(NOBODY));
        };
        let behind = scores.iter().map(|cell| cell.behind).max().unwrap_or_default();
        let index = index(&values, &[coverage]).map(Figure::exact);
        let why =
            || Absence::not_collected("no source of these consultations collects any of them");
        Cell::without_counts(index.ok_or_else(why), behind)
    }

    /// The item score, out of what may be seen of its counts.
    fn score(
        &self,
        figures: &Recordings,
        (field, row): (usize, &[usize]),
        showing: &Showing,
    ) -> Cell {
        let share = |aspect| figures.share(field, row, aspect);
        let (known, valid, defaults) =
            (share(Aspect::Known), share(Aspect::Valid), share(Aspect::NotKnown));
        let see = |count| showing.protection.see(count);
        let (Some(records), Some(valid)) = (see(known.denominator), see(valid.numerator)) else {
            return Cell::absent(Absence::withheld());
        };
        let item = Item { records, valid, defaults: see(defaults.numerator).unwrap_or(0) };
        let score = item.score(self.default_threshold).map(Figure::exact);
        let why = || Absence::not_collected("no source of these consultations collects it");
        Cell::without_counts(score.ok_or_else(why), records)
    }
}

/// Where records fall by how they record a field.
fn axis(engine: &Engine, reference: &Reference, field: Field) -> PlanAxis {
    let place = |recorded: Recorded| recorded as usize;
    let catalog = engine.store().catalog();
    let words = catalog.words().of(field).iter();
    let of_word = words.map(|value| match reference.list_of(field) {
        Some(list) => place(Recorded::of(list, value)),
        None => place(Recorded::Invalid),
    });
    PlanAxis::of_words(field, of_word.collect(), place(Recorded::NotCollected))
}
