//! What became of consultations, in the naive model.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{Fact, Label, Model, weight};
use crate::domain::codes::{State, Value};
use crate::domain::collection::Dataset;
use crate::domain::field::Field;
use crate::engine::answer::OutcomeQuestion;
use crate::engine::query::Measure;

/// Consultations by what became of them, and by lead time.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Outcome {
    pub(super) total: u64,
    pub(super) attended: u64,
    pub(super) missed: u64,
    /// Neither, or not known.
    pub(super) other: u64,
    /// Of these, neither.
    pub(super) outside: u64,
    pub(super) uncollected: u64,
    pub(super) bands: BTreeMap<Label, u64>,
    pub(super) unknown_wait: u64,
    pub(super) outside_wait: u64,
    pub(super) uncollected_wait: u64,
}

impl Model<'_> {
    /// Outcomes by row and channel; all channels together under `ALL`.
    pub(super) fn outcomes(
        &self,
        question: &OutcomeQuestion,
    ) -> BTreeMap<Vec<Label>, BTreeMap<Label, Outcome>> {
        let query = &question.query;
        let filters = Self::conditions(query, Measure::Contacts);
        let facts = self.facts(query, &filters, Dataset::Consultations);
        let channel = |fact: &Fact<'_>| self.labels("channel", *fact).remove(0);
        let channels: BTreeSet<Label> = facts.iter().map(channel).collect();
        let mut made = BTreeMap::new();
        for (key, facts) in self.table(&query.by, &facts) {
            let wanted = if key.is_empty() {
                Self::has_total(query)
            } else {
                self.wanted(query, &filters, &key)
            };
            if !wanted {
                continue;
            }
            let mut cells = BTreeMap::from([("ALL".to_owned(), self.outcome(question, &facts))]);
            for label in &channels {
                let of: Vec<_> = facts.iter().filter(|f| channel(f) == *label).copied().collect();
                cells.insert(label.clone(), self.outcome(question, &of));
            }
            made.insert(key, cells);
        }
        self.with_parents(query, &mut made, &|whole| {
            self.outcomes(&OutcomeQuestion { query: whole, ..question.clone() })
        });
        // A channel that occurs in one row has a cell in all, and so has a band of a channel.
        let channels: BTreeSet<Label> = made.values().flat_map(|of| of.keys().cloned()).collect();
        for cells in made.values_mut() {
            for channel in &channels {
                let none = || self.outcome(question, &[]);
                cells.entry(channel.clone()).or_insert_with(none);
            }
        }
        let mut bands = BTreeSet::new();
        for (channel, of) in made.values().flatten() {
            let occurring = of.bands.iter().filter(|(_, count)| **count > 0);
            bands.extend(occurring.map(|(band, _)| (channel.clone(), band.clone())));
        }
        for (channel, of) in made.values_mut().flatten() {
            of.bands.retain(|band, _| bands.contains(&(channel.clone(), band.clone())));
        }
        made
    }

    fn outcome(&self, question: &OutcomeQuestion, facts: &[Fact<'_>]) -> Outcome {
        let mut outcome = Outcome::default();
        let lead = self.reference.dimension("lead_time").unwrap();
        outcome.bands = lead.categories.iter().map(|(code, _)| (code.clone(), 0)).collect();
        for fact in facts {
            let n = weight(fact.1);
            let before = outcome.other;
            outcome.total += n;
            let became = match self.value(fact.0, fact.1, Field::Attendance) {
                Value::Codes(codes) => codes[0].clone(),
                Value::State(State::NotCollected) => "!NOT_COLLECTED".into(),
                Value::State(_) | Value::Number(_) => String::new(),
            };
            *match became.as_str() {
                "ATTENDED" | "ATTENDED_ON_TIME" | "ATTENDED_LATE" => &mut outcome.attended,
                "DID_NOT_ATTEND" => &mut outcome.missed,
                "MISSED" | "ARRIVED_TOO_LATE" if question.late_counts_as_missed => {
                    &mut outcome.missed
                }
                "!NOT_COLLECTED" => &mut outcome.uncollected,
                _ => &mut outcome.other,
            } += n;
            let (other, label) =
                (outcome.other - before, self.labels("attendance_outcome", *fact).remove(0));
            // Missed, without saying how, is not known where late does not count.
            let is_known =
                !label.starts_with('!') && label != "MISSED" || label == "!NOT_APPLICABLE";
            outcome.outside += if is_known { other } else { 0 };
            let label = self.labels("lead_time", *fact).remove(0);
            *match outcome.bands.get_mut(&label) {
                Some(band) => band,
                None if label == "!NOT_APPLICABLE" => &mut outcome.outside_wait,
                None if label == "!NOT_COLLECTED" => &mut outcome.uncollected_wait,
                None => &mut outcome.unknown_wait,
            } += n;
        }
        outcome
    }
}
