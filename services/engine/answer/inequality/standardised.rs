//! Directly standardised rates: consultations per 1,000 people a month, as they would be if every group had the ages of one population.
//!
//! Older people consult more, so a group of old people has a higher rate than a group of young ones even where both are served alike. The
//! standard is the European Standard Population of 2013.

use std::sync::Arc;

use super::groups::{column, derived, kind};
use crate::domain::indicator::Unit;
use crate::domain::statistics::{
    AgeBand, EUROPEAN_2013, Interval, NotComputable, noise_of_standardised, rate, standardised_rate,
};
use crate::engine::answer::comparison::figure;
use crate::engine::answer::definition::{ColumnDefinition, TableDefinition};
use crate::engine::answer::model::{Absence, Cell, CellCounts, Column, Figure, Key, Row};
use crate::engine::answer::{AnyQuestion, Protected};
use crate::engine::query::{Query, Showing};
use crate::engine::{Engine, QueryError};

/// The dimension of ages, whose categories are those of the standard population, in its order.
pub const AGES: &str = "age_5y";
/// Rates are per so many people a month.
const PEOPLE: f64 = 1_000.0;
/// The column of a rate in the table of channels.
const RATE: &str = "CH-03";
const CHANNEL: &str = "channel";
/// Years of an age band.
const YEARS: usize = 5;

const COLUMNS: [ColumnDefinition; 4] = [
    ColumnDefinition::count(
        "CONTACTS",
        &[],
        "Consultations",
        "All consultations of the row, also those of people whose age is not known. If the measure is CONTACTS.",
    ),
    ColumnDefinition::count(
        "ATTENDED_CONTACTS",
        &[],
        "Consultations attended",
        "Consultations of the row that the person attended, also if the age is not known. If the measure is ATTENDED_CONTACTS.",
    ),
    ColumnDefinition {
        groups: &[CHANNEL],
        ..kind(
            "CRUDE",
            "Crude rate",
            Unit::Per1000Month,
            "Consultations of the row, of all channels or of one, per 1,000 people a month of the matching population. Exact or Byar limits.",
        )
    },
    ColumnDefinition {
        groups: &[CHANNEL],
        ..kind(
            "STANDARDISED",
            "Age-standardised rate",
            Unit::Per1000Month,
            "The same, directly standardised by age: the rates of the 19 age bands of `age_5y`, weighted with the European Standard Population \
             of 2013. Dobson's limits. Absent if a band is absent, or if there are fewer than 10 consultations.",
        )
    },
];

/// Asks for rates that do not depend on how old the groups are.
#[derive(Clone)]
pub struct StandardisedQuestion {
    /// The channels with their rates.
    pub crude: Arc<dyn AnyQuestion>,
    /// The same by age, as the last dimension.
    pub by_age: Arc<dyn AnyQuestion>,
    /// The same by age alone, for the row without keys; none: the question has no dimension.
    pub whole: Option<Arc<dyn AnyQuestion>>,
}

impl StandardisedQuestion {
    /// The table that answers it.
    pub(in crate::engine::answer) const TABLE: TableDefinition = TableDefinition {
        name: "STANDARDISED_RATES",
        title: "Age-standardised rates",
        rpc: "InequalityService.GetStandardisedRates",
        columns: &COLUMNS,
    };
}

impl AnyQuestion for StandardisedQuestion {
    fn query(&self) -> &Query {
        self.crude.query()
    }

    fn answer(&self, engine: &Engine) -> Result<Protected, QueryError> {
        let crude = self.crude.answer(engine)?;
        let position = crude.position();
        let mut provenance = crude.provenance().clone();
        let mut ask = |question: &Arc<dyn AnyQuestion>| {
            let answer = question.at(position).answer(engine)?;
            let of = answer.provenance();
            provenance.counted_too(of);
            // How many are of no known age, and how many of an age known only coarsely.
            let news: Vec<_> =
                of.notes.iter().filter(|note| !provenance.notes.contains(note)).cloned().collect();
            provenance.notes.extend(news);
            Ok::<_, QueryError>(answer)
        };
        let by_age = ask(&self.by_age)?;
        let whole = self.whole.as_ref().map(ask).transpose()?;
        provenance
            .parameters
            .push(("standard_population", "European Standard Population 2013".into()));
        let showing = super::groups::showing(&crude, self.query());
        let columns = shown(&crude);
        let table = Table {
            crude: &crude,
            by_age: &by_age,
            whole: whole.as_ref().unwrap_or(&by_age),
            columns: &columns,
            showing: &showing,
            empty: provenance.empty.clone(),
        };
        let rows = crude.rows().iter().map(|row| table.row(row)).collect();
        let columns = columns.into_iter().map(|(column, _)| column).collect();
        Ok(derived(provenance, &Self::TABLE, columns, rows, position))
    }

    fn at(&self, position: u64) -> Arc<dyn AnyQuestion> {
        Arc::new(Self {
            crude: self.crude.at(position),
            by_age: self.by_age.at(position),
            whole: self.whole.as_ref().map(|of| of.at(position)),
        })
    }
}

/// What a column shows: the count, or a rate of all channels or of the one with this code.
enum Shows {
    Count,
    Crude(Option<String>),
    Standardised(Option<String>),
}

/// The columns: the count, and both rates of all channels and of each that occurs.
fn shown(crude: &Protected) -> Vec<(Column, Shows)> {
    let count = crude.columns().first().filter(|column| column.unit == Unit::Count).cloned();
    let mut columns: Vec<_> = count.into_iter().map(|column| (column, Shows::Count)).collect();
    let channels = crude.columns().iter().filter(|column| column.indicator == RATE);
    for group in std::iter::once(Vec::new()).chain(channels.map(|column| column.group.clone())) {
        let code = group.first().map(|key| key.code.clone());
        for (of, shows) in [
            (&COLUMNS[2], Shows::Crude(code.clone())),
            (&COLUMNS[3], Shows::Standardised(code.clone())),
        ] {
            columns
                .push((column(of.indicator, of.label, Unit::Per1000Month, group.clone()), shows));
        }
    }
    columns
}

/// Three answers, of which a fourth is made.
struct Table<'a> {
    crude: &'a Protected,
    by_age: &'a Protected,
    whole: &'a Protected,
    columns: &'a [(Column, Shows)],
    showing: &'a Showing,
    empty: Option<Absence>,
}

impl Table<'_> {
    fn row(&self, row: &Row) -> Row {
        let cell = |(_, shows): &(Column, Shows)| match (shows, &self.empty) {
            (_, Some(why)) => Cell::absent(why.clone()),
            (Shows::Count, None) => row.cells[0].clone(),
            (Shows::Crude(channel), None) => self.crude(row, channel.as_deref()),
            (Shows::Standardised(channel), None) => {
                Cell::without_counts(self.standardised(row, channel.as_deref()), 0)
            }
        };
        // All are made of the same records.
        let quality = row.cells[0].quality;
        let cells = self.columns.iter().map(|column| Cell { quality, ..cell(column) }).collect();
        let source_table = self.crude.provenance().table;
        Row { keys: row.keys.clone(), cells, sentence: String::new(), source_table }
    }

    fn crude(&self, row: &Row, channel: Option<&str>) -> Cell {
        let (events, people) = match of_row(self.crude, row, channel) {
            Ok(found) => found,
            Err(why) => return Cell::absent(why),
        };
        let band = AgeBand { events: exact(events), people: exact(people), standard: 1.0 };
        let found = rate(events, band.people, PEOPLE, self.showing.confidence);
        let found = found.map(|found| self.noisy(found, &[band]));
        let why = || Absence::not_computable(NotComputable::NoPopulation.to_string());
        let (numerator, denominator) = (Some(events), Some(people));
        let counts = CellCounts { numerator, denominator, ..CellCounts::default() };
        Cell::new(found.ok_or_else(why), counts)
    }

    /// The rate of a row out of those of its age bands.
    fn standardised(&self, row: &Row, channel: Option<&str>) -> Result<Figure, Absence> {
        let answer = if row.keys.is_empty() { self.whole } else { self.by_age };
        let found = bands(answer, &row.keys);
        let (all, everybody) = of_row(self.crude, row, channel)?;
        let events = found.map(|row| row.map(|row| of_row(answer, row, channel)).transpose());
        let events = events.into_iter().collect::<Result<Vec<_>, _>>()?;
        if all > 0 && events.iter().all(Option::is_none) {
            return Err(Absence::not_computable("no age is known of these consultations"));
        }
        // Some bands have no consultations. The rate there is 0, if there are people.
        let seen: u64 = events.iter().flatten().map(|(_, people)| people).sum();
        let rest = everybody.saturating_sub(seen);
        let band = |(of, standard): (&Option<(u64, u64)>, u32)| {
            let (events, people) = of.unwrap_or((0, rest));
            AgeBand { events: exact(events), people: exact(people), standard: standard.into() }
        };
        let bands: Vec<_> = events.iter().zip(EUROPEAN_2013).map(band).collect();
        let estimate = standardised_rate(&bands, PEOPLE, self.showing.confidence);
        if estimate == Err(NotComputable::FewEvents) {
            // The definition of the column says it. Said in every cell, the sentence would be most of a long answer.
            return Err(Absence::not_computable(""));
        }
        let found = figure(estimate)?;
        let Some((lower, upper)) = found.limits else { return Ok(found) };
        Ok(self.noisy(Interval { value: found.value, lower, upper }, &bands))
    }

    /// The rate, with limits that hold what was added to its counts.
    fn noisy(&self, found: Interval, bands: &[AgeBand]) -> Figure {
        let noise = noise_of_standardised(bands, PEOPLE, self.showing.protection.variance());
        let wider = || found.with_noise(noise, (0.0, f64::MAX), self.showing.confidence);
        Figure::from(if noise > 0.0 { wider() } else { found })
    }
}

/// The rows of the age bands within a row, youngest first; none: the band has no consultations.
fn bands<'a>(answer: &'a Protected, keys: &[Key]) -> [Option<&'a Row>; EUROPEAN_2013.len()] {
    let mut bands = [None; EUROPEAN_2013.len()];
    for row in answer.rows() {
        let Some((age, others)) = row.keys.split_last() else { continue };
        if age.state.is_some() || !others.iter().map(Key::id).eq(keys.iter().map(Key::id)) {
            continue;
        }
        // A band is named by its first year: 5-9.
        let first = age.code.split(['-', '+']).next().and_then(|first| first.parse::<usize>().ok());
        if let Some(band) = first.and_then(|first| bands.get_mut(first / YEARS)) {
            *band = Some(row);
        }
    }
    bands
}

/// Consultations of a row, of all channels or of one, and the people times months that they are of.
fn of_row(answer: &Protected, row: &Row, channel: Option<&str>) -> Result<(u64, u64), Absence> {
    let all = answer.columns().iter().zip(&row.cells);
    let rates: Vec<_> = all.clone().filter(|(column, _)| column.indicator == RATE).collect();
    let seen = |cell: &Cell, count: Option<u64>| match (&cell.figure, count) {
        (Ok(_), Some(count)) => Ok(count),
        (Ok(_), None) => Err(Absence::withheld()),
        (Err(why), _) => Err(why.clone()),
    };
    let is_it = |column: &Column| column.group.iter().any(|key| Some(key.code.as_str()) == channel);
    let counted = match channel {
        None => all.clone().find(|(column, _)| column.unit == Unit::Count),
        Some(_) => rates.iter().find(|(column, _)| is_it(column)).copied(),
    };
    // A channel without a column did not occur.
    let events = counted.map_or(Ok(0), |(_, cell)| seen(cell, cell.counts.numerator))?;
    let people = rates.iter().map(|(_, cell)| seen(cell, cell.counts.denominator));
    let mut people: Vec<_> = people.collect();
    people.sort_by_key(Result::is_err);
    let none = || Absence::not_computable("there is no rate of it");
    let people = people.into_iter().next().unwrap_or_else(|| Err(none()))?;
    Ok((events, people))
}

#[allow(clippy::cast_precision_loss)] // counts are below 2^53
fn exact(count: u64) -> f64 {
    count as f64
}
