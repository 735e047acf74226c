//! How consultations reached people: indicators CH-01 to CH-03.

use std::collections::BTreeSet;

use super::access::needs_of_records;
use super::crosstab::{Crosstab, InnerCounts, Totals};
use super::definition::{ColumnDefinition, TableDefinition};
use super::frame::has_total;
use super::model::{Absence, Cell, CellCounts, Column, Figure};
use super::people::{CONTACTS_INSTEAD, is_collected, is_known, person_notes};
use super::plan::PlanAxis;
use super::provenance::QuestionSettings;
use super::question::{Counted, Question, asks_its_query};
use super::rates::Population;
use crate::domain::codes::State;
use crate::domain::disclosure::TrueCount;
use crate::domain::measures::Tally;
use crate::domain::reference::Reference;
use crate::domain::statistics::{Interval, noise_of_rate, rate};
use crate::engine::query::{Denominator, Measure, Query, Showing, invalid};
use crate::engine::{Engine, QueryError};

/// Asks how consultations reached people.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelQuestion {
    /// What is asked about.
    pub query: Query,
    /// What is counted.
    pub measure: Measure,
    /// What shares are shares of.
    pub denominator: Denominator,
    /// Collection of the population that rates are wanted of; none: no rates; empty: the one that the collection names.
    pub rates: Option<String>,
}

const CHANNEL: &str = "channel";
const CONTACTS: ColumnDefinition = ColumnDefinition::count(
    "CONTACTS",
    &[],
    "Consultations",
    "All consultations of the row, also missed and cancelled ones, and also if the channel is not known. If the measure is CONTACTS.",
);
const ATTENDED: ColumnDefinition = ColumnDefinition::count(
    "ATTENDED_CONTACTS",
    &[],
    "Consultations attended",
    "Consultations of the row that the person attended. If the measure is ATTENDED_CONTACTS.",
);
const PERSONS: ColumnDefinition = ColumnDefinition::count(
    "PERSONS",
    &[],
    "People with at least one consultation",
    "Distinct people of the row. A person with several channels counts in each of them, so channels add to more. If the measure is \
     PERSONS.",
);
const SHARE: ColumnDefinition = ColumnDefinition {
    definition: "Consultations by the channel, of those whose channel is known, or of all if the denominator is ALL. A column of a missing \
                 state (NOT_KNOWN) has a count, and a share only of all. `outside_count`: consultations to which no channel applies.",
    ..ColumnDefinition::indicator("CH-01", &[CHANNEL], CHANNEL)
};
const SHARE_OF_PERSONS: ColumnDefinition = ColumnDefinition {
    definition: "People with the channel, of those with a known channel, or of all if the denominator is ALL. A column of a missing state \
                 (NOT_KNOWN) has a count, and a share only of all. `outside_count`: people to none of whose consultations a channel applies.",
    ..ColumnDefinition::indicator("CH-02", &[CHANNEL], CHANNEL)
};
const RATES: &str =
    "Rates are per 1,000 people a month: consultations over people, both summed over the months.";
const RATE: ColumnDefinition = ColumnDefinition::indicator("CH-03", &[CHANNEL], CHANNEL);

/// What a column shows.
pub(super) enum Shows {
    /// All channels together.
    All,
    /// The share of the channel at this place.
    Share(usize),
    /// The rate of the channel at this place.
    Rate(usize),
}

/// What was counted of channels.
pub(super) struct Channels {
    rows: Crosstab,
    axis: PlanAxis,
    /// Places of the channels that occur and are wanted.
    occurring: BTreeSet<usize>,
    population: Option<Population>,
}

impl Question for ChannelQuestion {
    const TABLE: TableDefinition = TableDefinition {
        name: "CHANNELS",
        title: "Consultation channels",
        rpc: "ConsultationChannelService.GetChannelBreakdown",
        columns: &[CONTACTS, ATTENDED, PERSONS, SHARE, SHARE_OF_PERSONS, RATE],
    };
    type Figures = Channels;
    type Shows = Shows;

    asks_its_query!();

    fn settings(&self) -> QuestionSettings {
        QuestionSettings { denominator: self.denominator, ..QuestionSettings::of(self.measure) }
    }

    fn count(&self, engine: &Engine, query: &Query) -> Result<Counted<Channels>, QueryError> {
        // Suppressed counts are of people without keys.
        let persons = self.measure == Measure::Persons && !query.suppressed;
        if persons && self.rates.is_some() {
            let why = "rates are of consultations: leave it out, or ask for CONTACTS";
            return Err(invalid("include_rates", why));
        }
        let mut plan = engine.consultations(query, self.measure, &[CHANNEL])?;
        let mut provenance = engine.provenance(&mut plan, query)?;
        needs_of_records(&plan, &mut provenance);
        // All of them, and a share of each channel.
        let columns = if persons { 1 } else { engine.least_columns(&plan, query.by.len(), 1) };
        let (tabulated, keyless) = engine.people_or_records(plan, persons, columns)?;
        let plan = &tabulated.plan;
        let sums = if persons { engine.volumes(plan)? } else { tabulated.sums() };
        if persons {
            person_notes(plan, keyless, &mut provenance, CONTACTS_INSTEAD);
        }
        let quality = engine.quality(&[(plan, sums)])?;
        let population = |named| engine.population(plan, &plan.pinned(query), named);
        let rates = self.rates.as_deref().filter(|_| !query.suppressed);
        let population = rates.map(population).transpose()?;
        if let Some(population) = &population {
            population.told(&mut provenance, has_total(query), ("rate", RATES));
        }
        let (rows, axis) = (tabulated.crosstab.clone(), tabulated.inner().clone());
        let figures = Channels { rows, axis, occurring: tabulated.occurring(), population };
        tabulated.counted(provenance, quality, "consultation", figures)
    }

    fn all(&self, figures: &Channels, row: &[usize]) -> Option<TrueCount> {
        Some(figures.rows.row(row).map(|counts| counts.totals.any()).unwrap_or_default())
    }

    fn parts(&self, figures: &Channels, row: &[usize], shows: &Shows) -> Vec<TrueCount> {
        let counts = figures.rows.row(row);
        let at = |place: usize| counts.and_then(|of| of.inner.get(place)).copied();
        match shows {
            Shows::All => Vec::new(),
            Shows::Share(place) | Shows::Rate(place) => vec![at(*place).unwrap_or_default()],
        }
    }

    fn columns(&self, reference: &Reference, figures: &[&Channels]) -> Vec<(Column, Shows)> {
        let (all, share) = match self.measure {
            Measure::Contacts => (CONTACTS, SHARE),
            Measure::AttendedContacts => (ATTENDED, SHARE),
            Measure::Persons => (PERSONS, SHARE_OF_PERSONS),
        };
        let mut columns = vec![(all.column(reference, Vec::new()), Shows::All)];
        let places: BTreeSet<usize> = figures.iter().flat_map(|of| of.occurring.clone()).collect();
        for place in places {
            let group = || vec![figures[0].axis.key(place)];
            columns.push((share.column(reference, group()), Shows::Share(place)));
            if self.rates.is_some() {
                columns.push((RATE.column(reference, group()), Shows::Rate(place)));
            }
        }
        columns
    }

    fn cell(&self, figures: &Channels, row: &[usize], shows: &Shows, showing: &Showing) -> Cell {
        let none = InnerCounts::default();
        let counts = figures.rows.row(row).unwrap_or(&none);
        let at = |place: usize| counts.inner.get(place).copied().unwrap_or_default();
        match shows {
            Shows::All => Cell::count(counts.totals.any(), showing),
            Shows::Share(place) => self.share(figures, counts, *place, showing),
            Shows::Rate(place) => {
                let unasked = || Err(Absence::not_computable(""));
                let people = figures.population.as_ref();
                let noise = people.map_or(0.0, Population::variance);
                let people = people.map_or_else(unasked, |of| of.of(row));
                Self::rate(at(*place), (people, noise), showing)
            }
        }
    }
}

impl ChannelQuestion {
    /// The share of a channel. A missing state is in no base of known channels; what is not collected or does not apply is in none at
    /// all.
    fn share(
        &self,
        figures: &Channels,
        counts: &InnerCounts,
        place: usize,
        showing: &Showing,
    ) -> Cell {
        let axis = &figures.axis;
        let Totals { known, unknown, not_collected, outside, several: _ } = counts.totals;
        let (denominator, unknown, in_base) = match self.denominator {
            Denominator::KnownOnly => (known, unknown, is_known(axis, place)),
            Denominator::All => (known + unknown, TrueCount::default(), is_collected(axis, place)),
        };
        let numerator = counts.inner.get(place).copied().unwrap_or_default();
        let tally = Tally { numerator, denominator, unknown, not_collected, outside };
        if in_base {
            return Cell::share(tally, "consultations", showing);
        }
        let why = match axis.state(place) {
            Some(State::NotCollected) => {
                Absence::not_collected("in no base: the source does not collect the channel")
            }
            // The denominator of the answer says it: shares are of those whose channel is known. Said in every row, this sentence
            // would make up a sixth of the answer.
            Some(_) | None => Absence::not_computable(""),
        };
        Cell::in_no_base(tally, why, showing)
    }

    /// The rate of a channel per 1,000 people a month, whose number was changed with a variance.
    fn rate(
        count: TrueCount,
        (people, of_people): (Result<u64, Absence>, f64),
        showing: &Showing,
    ) -> Cell {
        let Showing { confidence, protection } = showing;
        let denominator = people.as_ref().ok().copied();
        let Some(count) = protection.see(count) else { return Cell::absent(Absence::withheld()) };
        let counts = CellCounts { numerator: Some(count), denominator, ..CellCounts::default() };
        #[allow(clippy::cast_precision_loss)] // people times months are below 2^53
        let rate = people.and_then(|people| {
            let found = rate(count, people as f64, 1000.0, *confidence);
            let of_both = (protection.variance(), of_people);
            let noise = noise_of_rate((count as f64, people as f64), 1000.0, of_both);
            let wider = |found: Interval| found.with_noise(noise, (0.0, f64::MAX), *confidence);
            let found = if noise > 0.0 { found.map(wider) } else { found };
            let why = || Absence::not_computable("the population has no people");
            found.map(Figure::from).ok_or_else(why)
        });
        Cell::new(rate, counts)
    }
}
