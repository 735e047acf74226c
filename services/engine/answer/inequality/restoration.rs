//! How much of its earlier activity each group has again: the consultations attended in a period, beside those of a baseline.
//!
//! Policy asks for services to be restored inclusively, with a focus on ethnicity and deprivation: a group whose activity comes back more
//! slowly than that of others is left behind, however high its share of the activity is.

use std::sync::Arc;

use super::groups::{columns, derived, kind, title};
use crate::domain::indicator::{Polarity, Unit};
use crate::domain::period::Month;
use crate::domain::statistics::{
    Activity, Estimate, NotComputable, Verdict, relative_restoration, restoration,
};
use crate::engine::answer::comparison::figure;
use crate::engine::answer::definition::{ColumnDefinition, TableDefinition};
use crate::engine::answer::model::{Absence, Cell, Column, Key, Row};
use crate::engine::answer::{AnyQuestion, Protected};
use crate::engine::query::{Query, Showing};
use crate::engine::{Engine, QueryError};

/// Last month of a baseline that nobody names: activity from then on was changed by the pandemic.
const BEFORE_THE_PANDEMIC: (i32, u32) = (2020, 3);
/// The column of the table of channels with what is compared.
const COUNT: &str = "ATTENDED_CONTACTS";

const COLUMNS: [ColumnDefinition; 4] = [
    ColumnDefinition::count(
        COUNT,
        &[],
        "Consultations attended",
        "Consultations of the row in the period that the person attended.",
    ),
    ColumnDefinition::count(
        "BASELINE",
        &[],
        "Consultations attended in the baseline",
        "Consultations of the row in the months of the baseline that the person attended.",
    ),
    kind(
        "RESTORATION",
        "Activity a month, divided by that of the baseline",
        Unit::Times,
        "ATTENDED_CONTACTS a month of the period, divided by BASELINE a month of the baseline. 1: as much as before. Limits on the \
         logarithmic scale, of two Poisson counts.",
    ),
    kind(
        "RELATIVE",
        "Restoration, divided by that of all others",
        Unit::Times,
        "RESTORATION of the row, divided by that of all others of the total row. Below 1: the activity of the group came back more slowly. \
         On rows with keys.",
    ),
];

/// Asks how much of its earlier activity each group has again.
#[derive(Clone)]
pub struct RestorationQuestion {
    /// The consultations attended in the period.
    pub now: Arc<dyn AnyQuestion>,
    /// The same in the baseline.
    pub before: Arc<dyn AnyQuestion>,
}

impl RestorationQuestion {
    /// The table that answers it.
    pub(in crate::engine::answer) const TABLE: TableDefinition = TableDefinition {
        name: "RESTORATION",
        title: "Activity restored",
        rpc: "InequalityService.GetRestoration",
        columns: &COLUMNS,
    };
}

/// The same months, so many years before that the last is not after March 2020; none: there are no months that early.
#[must_use]
pub fn usual_baseline((first, last): (Month, Month)) -> Option<(Month, Month)> {
    let latest = Month::new(BEFORE_THE_PANDEMIC.0, BEFORE_THE_PANDEMIC.1)?.number();
    let months = last.number().saturating_sub(latest).div_ceil(12) * 12;
    let earlier = |month: Month| Month::from_number(u32::from(month.number().checked_sub(months)?));
    earlier(first).zip(earlier(last))
}

/// Number of months.
fn length((first, last): (Month, Month)) -> f64 {
    f64::from(last.number() - first.number() + 1)
}

impl AnyQuestion for RestorationQuestion {
    fn query(&self) -> &Query {
        self.now.query()
    }

    fn answer(&self, engine: &Engine) -> Result<Protected, QueryError> {
        let answer = self.now.answer(engine)?;
        let before = self.before.at(answer.position()).answer(engine)?;
        let months = [&self.now, &self.before].map(|of| of.query().months);
        let mut provenance = answer.provenance().clone();
        let of = before.provenance();
        provenance.counted_too(of);
        let named = |(first, last): (Month, Month)| format!("{first} to {last}");
        provenance.parameters.push(("baseline", named(months[1])));
        provenance.notes.push(format!(
            "Baseline: {}. {} of {} expected organisations have submitted for it, {} of {} months. Organisations that submitted for one of the periods \
             alone change the figures.",
            named(months[1]),
            of.organisation_count,
            of.expected_organisation_count,
            of.month_count,
            of.expected_month_count
        ));
        let showing = super::groups::showing(&answer, self.query());
        let table = Beside {
            answers: [&answer, &before],
            places: [&answer, &before].map(counted),
            months: months.map(length),
            showing: &showing,
        };
        let rows = match &provenance.empty {
            Some(why) => {
                let cells = COLUMNS.iter().map(|_| Cell::absent(why.clone())).collect();
                let (keys, sentence, source_table) =
                    (Vec::new(), String::new(), answer.provenance().table);
                vec![Row { keys, cells, sentence, source_table }]
            }
            None => table.rows(),
        };
        Ok(derived(provenance, &Self::TABLE, columns(&COLUMNS), rows, answer.position()))
    }

    fn at(&self, position: u64) -> Arc<dyn AnyQuestion> {
        Arc::new(Self { now: self.now.at(position), before: self.before.at(position) })
    }
}

/// The place of the column that is compared; none: the answer is empty.
fn counted(answer: &Protected) -> Option<usize> {
    let is_it = |column: &Column| column.indicator == COUNT && title(column) == column.label;
    answer.columns().iter().position(is_it)
}

/// Two answers, the later one first.
struct Beside<'a> {
    answers: [&'a Protected; 2],
    places: [Option<usize>; 2],
    months: [f64; 2],
    showing: &'a Showing,
}

impl Beside<'_> {
    /// The rows of both, those of the later answer first.
    fn rows(&self) -> Vec<Row> {
        let [now, before] = self.answers;
        let ids = |row: &Row| row.keys.iter().map(Key::id).collect::<Vec<_>>();
        let known: Vec<_> = now.rows().iter().map(ids).collect();
        let lost = before.rows().iter().filter(|row| !known.contains(&ids(row)));
        let whole = self.activity(&[]);
        now.rows().iter().chain(lost).map(|row| self.row(&row.keys, whole.as_ref().ok())).collect()
    }

    /// The cell of a row of one of the answers.
    fn cell(&self, of: usize, keys: &[Key]) -> Cell {
        let is_it = |row: &&Row| row.keys.iter().map(Key::id).eq(keys.iter().map(Key::id));
        let row = self.answers[of].rows().iter().find(is_it);
        let found = row.zip(self.places[of]).map(|(row, place)| row.cells[place].clone());
        found.unwrap_or_else(|| {
            let when = ["period", "baseline"][of];
            Cell::absent(Absence::no_data(format!("there are no records of it in the {when}")))
        })
    }

    /// The counts of a row and the months that they are of, later ones first; the reason if one is absent.
    fn activity(&self, keys: &[Key]) -> Result<Activity, Absence> {
        let count = |of: usize| {
            let cell = self.cell(of, keys);
            let count = cell.counts.numerator.filter(|_| cell.figure.is_ok());
            Ok((
                count.ok_or_else(|| cell.figure.err().unwrap_or_else(Absence::withheld))?,
                self.months[of],
            ))
        };
        Ok([count(0)?, count(1)?])
    }

    fn row(&self, keys: &[Key], whole: Option<&Activity>) -> Row {
        let (confidence, noise) = (self.showing.confidence, self.showing.protection.variance());
        let own = self.activity(keys);
        let cell = |found: Result<Result<Estimate, NotComputable>, Absence>| {
            Cell::without_counts(found.and_then(figure), 0)
        };
        let restored = cell(own.clone().map(|own| restoration(own, noise, confidence)));
        let relative = match (keys, whole) {
            ([], _) => super::groups::elsewhere(),
            (_, None) => Cell::absent(Absence::no_data("there is no row of all")),
            (_, Some(whole)) => {
                let found = own.map(|own| relative_restoration(own, *whole, noise, confidence));
                let cell = cell(found);
                let limits = cell.figure.as_ref().ok().and_then(|figure| figure.limits);
                let verdict = limits.map(|of| Verdict::of(of, 1.0, Polarity::HigherIsBetter));
                Cell { verdict, ..cell }
            }
        };
        let sentence = says(&restored, &relative);
        let counted = [self.cell(0, keys), self.cell(1, keys)];
        // All are made of the same records.
        let quality = counted[0].quality;
        let derived = [restored, relative].map(|cell| Cell { quality, ..cell });
        let cells = counted.into_iter().chain(derived).collect();
        Row {
            keys: keys.to_vec(),
            cells,
            sentence,
            source_table: self.answers[0].provenance().table,
        }
    }
}

/// The row for a person: "92.4 % of the activity of the baseline (90.1 to 94.8); 0.97 times that of all others: SIMILAR."
fn says(restored: &Cell, relative: &Cell) -> String {
    let Ok(figure) = &restored.figure else { return String::new() };
    let percent = |value: f64| format!("{:.1}", 100.0 * value);
    let limits = figure.limits.map_or(String::new(), |(lower, upper)| {
        format!(" ({} to {})", percent(lower), percent(upper))
    });
    let beside = relative.figure.as_ref().ok().map_or(String::new(), |of| {
        let verdict = relative.verdict.map_or(String::new(), |of| format!(": {}", of.name()));
        format!("; {:.2} times that of all others{verdict}", of.value)
    });
    format!("{} % of the activity of the baseline{limits}{beside}.", percent(figure.value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_baseline_has_the_same_months_before_the_pandemic() {
        for (first, last, from, to) in [
            ("2020-07", "2020-12", "2019-07", "2019-12"),
            ("2026-04", "2027-03", "2019-04", "2020-03"),
            ("2021-03", "2021-05", "2019-03", "2019-05"),
            ("2020-04", "2020-04", "2019-04", "2019-04"),
            ("2019-06", "2019-08", "2019-06", "2019-08"),
        ] {
            let month = |text: &str| text.parse::<Month>().unwrap();
            let found = usual_baseline((month(first), month(last)));
            assert_eq!(found, Some((month(from), month(to))), "{first} to {last}");
        }
        assert_eq!(usual_baseline((Month::FIRST, Month::LAST)), None);
    }
}
