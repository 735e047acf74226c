//! What became of consultations, by channel: indicators CH-09 and CH-11.

use std::collections::BTreeSet;

use super::access::needs_of_records;
use super::definition::{ColumnDefinition, TableDefinition};
use super::model::{Cell, Column, Key};
use super::outcome_shares::{ATTENDANCE, GroupOutcomes, LEAD_TIME, MISSED, OutcomeShares, WAITS};
use super::plan::PlanAxis;
use super::provenance::QuestionSettings;
use super::question::{Counted, Question, asks_its_query};
use crate::domain::disclosure::TrueCount;
use crate::domain::indicator::Unit;
use crate::domain::reference::Reference;
use crate::engine::query::{Measure, Query, Showing};
use crate::engine::{Engine, QueryError};

/// Asks what became of consultations.
#[derive(Clone, Debug, PartialEq)]
pub struct OutcomeQuestion {
    /// What is asked about.
    pub query: Query,
    /// Whether arriving too late to be seen counts as missing too.
    pub late_counts_as_missed: bool,
}

const CHANNEL: &str = "channel";
const CONTACTS: ColumnDefinition = ColumnDefinition::count(
    "CONTACTS",
    &[CHANNEL],
    "Consultations",
    "All consultations of the row: attended, missed, cancelled or of unknown outcome. By channel, or by all channels.",
);
const ATTENDED: ColumnDefinition = ColumnDefinition::count(
    "ATTENDED",
    &[CHANNEL],
    "Consultations attended",
    "Consultations that the person attended.",
);
const OTHER: ColumnDefinition = ColumnDefinition::count(
    "OTHER_ATTENDANCE",
    &[CHANNEL],
    "Consultations cancelled, in the future, or of unknown outcome",
    "Consultations that were cancelled, lie in the future, have an unknown outcome or none that applies. They are not in the did-not-attend \
     rate. Only sources that collect attendance count.",
);
const DID_NOT_ATTEND: ColumnDefinition = ColumnDefinition {
    definition: "Numerator: consultations missed without warning. Denominator: consultations attended or missed. Cancelled and future \
                 consultations are in `outside_count`. MISSED does not say whether without warning or too late: it is not known, unless \
                 `late_counts_as_missed`.",
    ..ColumnDefinition::indicator(MISSED, &[CHANNEL], ATTENDANCE)
};
const SAME_DAY: ColumnDefinition = ColumnDefinition::indicator(WAITS[0], &[CHANNEL], LEAD_TIME);
const OVER_14: ColumnDefinition = ColumnDefinition::indicator(WAITS[1], &[CHANNEL], LEAD_TIME);
const BAND: ColumnDefinition = ColumnDefinition {
    indicator: "CH-11",
    groups: &[CHANNEL, LEAD_TIME],
    label: "Days from booking to appointment, share of one band",
    unit: Some(Unit::Ratio),
    measures: LEAD_TIME,
    definition: "Consultations in the band of days from booking, of those whose days from booking are known.",
};

/// What a column shows.
pub(super) enum Shows {
    Contacts,
    Attended,
    Other,
    Share(&'static str),
    /// The band of days at this place.
    Band(usize),
}

/// What was counted of outcomes.
pub(super) struct Outcomes {
    shares: OutcomeShares,
    channel: PlanAxis,
    /// Places of the channels that occur and are wanted.
    occurring: BTreeSet<usize>,
}

impl Question for OutcomeQuestion {
    const TABLE: TableDefinition = TableDefinition {
        name: "OUTCOMES",
        title: "Access outcomes",
        rpc: "ConsultationChannelService.GetAccessOutcomes",
        columns: &[CONTACTS, ATTENDED, OTHER, DID_NOT_ATTEND, SAME_DAY, OVER_14, BAND],
    };
    type Figures = Outcomes;
    /// The channel's place, none for all channels, and what is shown of it.
    type Shows = (Option<usize>, Shows);

    asks_its_query!();

    fn settings(&self) -> QuestionSettings {
        QuestionSettings::of(Measure::Contacts)
            .with("late_counts_as_missed", &self.late_counts_as_missed)
    }

    fn count(&self, engine: &Engine, query: &Query) -> Result<Counted<Outcomes>, QueryError> {
        let plan = |query: &Query, measured| {
            engine.consultations(query, Measure::Contacts, &[CHANNEL, measured])
        };
        let mut attendance = plan(query, ATTENDANCE)?;
        let mut provenance = engine.provenance(&mut attendance, query)?;
        needs_of_records(&attendance, &mut provenance);
        let waits = plan(&attendance.pinned(query), LEAD_TIME)?;
        // Six of all consultations, and six of each channel.
        let columns = engine.least_columns(&attendance, query.by.len(), 6);
        let (late, plans) = (self.late_counts_as_missed, [attendance, waits]);
        let shares = OutcomeShares::count(engine, late, columns, plans)?;
        let tabulated = shares.by_group();
        let [attendance, waits] =
            [&shares.attendance, &shares.waits].map(|of| (&of.plan, of.measured()));
        let quality = engine.quality(&[(&tabulated.plan, tabulated.sums()), attendance, waits])?;
        let (channel, occurring) = (tabulated.inner().clone(), tabulated.occurring());
        let figures = Outcomes { shares, channel, occurring };
        tabulated.counted(provenance, quality, "consultation", figures)
    }

    fn all(&self, figures: &Outcomes, row: &[usize]) -> Option<TrueCount> {
        Some(figures.shares.of(row, None).map(|of| of.all).unwrap_or_default())
    }

    fn parts(
        &self,
        figures: &Outcomes,
        row: &[usize],
        (channel, shows): &Self::Shows,
    ) -> Vec<TrueCount> {
        let none = GroupOutcomes::default();
        let of = figures.shares.of(row, *channel).unwrap_or(&none);
        let part = match shows {
            Shows::Contacts => None,
            Shows::Attended => Some(of.attended),
            Shows::Other => Some(of.missed.unknown + of.missed.outside),
            Shows::Share(indicator) => Some(of.tally(indicator).numerator),
            Shows::Band(band) => Some(of.band(*band).numerator),
        };
        channel.map(|_| of.all).into_iter().chain(part).collect()
    }

    fn columns(&self, reference: &Reference, figures: &[&Outcomes]) -> Vec<(Column, Self::Shows)> {
        let occurring: BTreeSet<usize> =
            figures.iter().flat_map(|of| of.occurring.clone()).collect();
        let waits = figures[0].shares.waits.inner();
        let bands: Vec<Key> = (0..waits.categories.len()).map(|place| waits.key(place)).collect();
        let mut columns = Vec::new();
        for channel in std::iter::once(None).chain(occurring.into_iter().map(Some)) {
            let group: Vec<Key> =
                channel.map(|place| figures[0].channel.key(place)).into_iter().collect();
            for (kind, shows) in [
                (CONTACTS, Shows::Contacts),
                (ATTENDED, Shows::Attended),
                (OTHER, Shows::Other),
                (DID_NOT_ATTEND, Shows::Share(MISSED)),
                (SAME_DAY, Shows::Share(WAITS[0])),
                (OVER_14, Shows::Share(WAITS[1])),
            ] {
                columns.push((kind.column(reference, group.clone()), (channel, shows)));
            }
            let plan = &figures[0].shares.attendance.plan;
            let occurs = |place: usize| {
                let mut of = figures.iter().filter_map(|of| of.shares.of(&[], channel));
                of.any(|of| plan.tells(of.band(place).numerator))
            };
            for (place, band) in bands.iter().enumerate().filter(|(place, _)| occurs(*place)) {
                let group = group.iter().cloned().chain([band.clone()]).collect();
                columns.push((BAND.column(reference, group), (channel, Shows::Band(place))));
            }
        }
        columns
    }

    fn cell(
        &self,
        figures: &Outcomes,
        row: &[usize],
        (channel, shows): &Self::Shows,
        showing: &Showing,
    ) -> Cell {
        let none = GroupOutcomes::default();
        let of = figures.shares.of(row, *channel).unwrap_or(&none);
        let share = |tally| Cell::share(tally, "consultations", showing);
        match shows {
            Shows::Contacts => Cell::count(of.all, showing),
            Shows::Attended => Cell::count(of.attended, showing),
            Shows::Other => Cell::count(of.missed.unknown + of.missed.outside, showing),
            Shows::Share(indicator) => share(of.tally(indicator)),
            Shows::Band(band) => share(of.band(*band)),
        }
    }
}
