//! How good the data is, in the naive model; and what a condition hides unless it is told.

use std::collections::BTreeSet;

use super::faults::{contacts, query, row, said, totals};
use super::model::{Model, Quality, weight};
use super::running::Running;
use super::view::views;
use crate::domain::collection::Dataset;
use crate::domain::field::Field;
use crate::engine::answer::{ChannelQuestion, OutcomeQuestion, Protected};
use crate::engine::query::{Filter, Measure, Query, Where};

impl Model<'_> {
    /// Coverage and unknown share of the dimensions that are asked for, of those that the table looks at, and of those of
    /// conditions, each over what stands without the conditions on it.
    pub(super) fn quality(&self, query: &Query, measure: Measure, inner: &[&str]) -> Quality {
        let filters = Self::conditions(query, measure);
        let home = match &query.place {
            Where::Residence(area) => {
                let area = self.reference.areas().get(area).unwrap();
                Some(self.reference.residence_dimension(area).unwrap().id.as_str())
            }
            Where::Provider(_) | Where::Organisations(_) => None,
        };
        let of_filters = filters.iter().map(|filter| filter.dimension.as_str());
        let asked = query.by.iter().map(String::as_str).chain(inner.iter().copied());
        let ids: BTreeSet<_> = asked.chain(of_filters).chain(home).collect();
        let fields =
            ids.iter().filter(|id| self.reference.dimension(id).unwrap().field().is_some());
        let share = |part: u64, whole: u64| (whole > 0).then(|| part as f64 / whole as f64);
        fields
            .map(|id| {
                let others: Vec<_> =
                    filters.iter().filter(|filter| filter.dimension != *id).cloned().collect();
                let anywhere = self.reference.organisations().map(|o| o.code.clone()).collect();
                let place = match home {
                    Some(home) if home == *id => Where::Organisations(anywhere),
                    _ => query.place.clone(),
                };
                // Conditions on organisations and months stay where they are: they choose submissions.
                let query = Query { place, ..query.clone() };
                let facts = self.facts(&query, &others, Dataset::Consultations);
                let sum = |of: &dyn Fn(&str) -> bool| -> u64 {
                    let keeps = facts.iter().filter(|fact| of(&self.labels(id, **fact)[0]));
                    keeps.map(|fact| weight(fact.1)).sum()
                };
                // Nothing is asked of those to whom it does not apply.
                let all = sum(&|label| label != "!NOT_APPLICABLE");
                let covered = all - sum(&|label| label == "!NOT_COLLECTED");
                let unknown =
                    ["!NOT_STATED", "!ASKED_UNSURE", "!NOT_KNOWN", "!NOT_RECORDED", "!INVALID"];
                let unknown = sum(&|label| unknown.contains(&label));
                ((*id).to_owned(), (share(covered, all), share(unknown, covered)))
            })
            .collect()
    }
}

/// Coverage and unknown share that an answer tells of a dimension.
fn told(answer: &Protected, dimension: &str) -> (f64, f64) {
    let quality = &answer.provenance().quality;
    let mut lines = quality.iter().filter(|line| line.0 == dimension);
    let line = lines.next().unwrap_or_else(|| panic!("{dimension}: {quality:?}"));
    assert!(lines.next().is_none(), "{dimension} stands there twice");
    (line.1.coverage.unwrap(), line.1.unknown.unwrap())
}

fn filtered(mut query: Query, dimension: &str, codes: &[&str]) -> Query {
    let codes = codes.iter().map(|code| (*code).to_owned()).collect();
    query.filters.push(Filter { dimension: dimension.into(), codes });
    query
}

/// 60 of sex 1, 20 of sex 2 and 20 unknown of 04C; 100 of 04V, which does not collect the sex.
fn half_collected() -> Running {
    let mut running = Running::new();
    let channel = (Field::Channel, "VIDEO");
    let rows = vec![
        row(60, &[channel, (Field::Sex, "1")]),
        row(20, &[channel, (Field::Sex, "2")]),
        row(20, &[channel, (Field::Sex, "NOT_KNOWN")]),
    ];
    running.submit(said(Dataset::Consultations, "04C", "2020-04", rows));
    let mut without = said(Dataset::Consultations, "04V", "2020-04", vec![row(100, &[channel])]);
    without.collected.clear();
    running.submit(without);
    running
}

#[test]
fn a_condition_tells_how_much_of_the_volume_it_could_look_at() {
    let running = half_collected();
    let asked = contacts(filtered(query(&running, "QK1", &[]), "sex", &["1"]));
    let answer = running.engine().answer(&asked).unwrap();
    assert_eq!(totals(&answer), [60]);
    assert_eq!(told(&answer, "sex"), (0.5, 0.2));
    // A dimension that is asked for is no better for a condition on it.
    let by = filtered(query(&running, "QK1", &["sex"]), "sex", &["1"]);
    let answer = running.engine().answer(&contacts(by)).unwrap();
    assert_eq!(told(&answer, "sex"), (0.5, 0.2));
    let outcomes = OutcomeQuestion { query: asked.query, late_counts_as_missed: false };
    assert_eq!(told(&running.engine().answer(&outcomes).unwrap(), "sex"), (0.5, 0.2));
}

#[test]
fn attended_contacts_and_outcomes_tell_whose_attendance_is_known() {
    let mut running = Running::new();
    let attended =
        |weight, code| row(weight, &[(Field::Channel, "VIDEO"), (Field::Attendance, code)]);
    let rows = vec![
        attended(10, "5"),
        attended(5, "3"),
        row(100, &[(Field::Channel, "VIDEO"), (Field::LeadTime, "Same Day")]),
    ];
    running.submit(said(Dataset::Consultations, "04C", "2020-04", rows));
    let blank = vec![row(1000, &[(Field::Channel, "VIDEO")])];
    running.submit(said(Dataset::Consultations, "04V", "2020-04", blank));
    let question = ChannelQuestion {
        measure: Measure::AttendedContacts,
        ..contacts(query(&running, "QK1", &[]))
    };
    let answer = running.engine().answer(&question).unwrap();
    assert_eq!(views(&answer).next().unwrap().count("ATTENDED_CONTACTS"), 10);
    assert_eq!(told(&answer, "attendance"), (115.0 / 1115.0, 100.0 / 115.0));
    assert_eq!(told(&answer, "channel"), (1.0, 0.0));
    let outcomes = OutcomeQuestion { query: question.query, late_counts_as_missed: false };
    let answer = running.engine().answer(&outcomes).unwrap();
    assert_eq!(told(&answer, "attendance_outcome"), (115.0 / 1115.0, 100.0 / 115.0));
    assert_eq!(told(&answer, "lead_time"), (115.0 / 1115.0, 15.0 / 115.0));
    assert_eq!(told(&answer, "channel"), (1.0, 0.0));
}

#[test]
fn persons_have_the_quality_of_their_consultations_and_say_which_have_no_key() {
    let mut running = Running::new();
    let sexes = ["1", "1", "NOT_KNOWN", "2"];
    let mut rows: Vec<_> =
        sexes.iter().map(|sex| row(1, &[(Field::Channel, "VIDEO"), (Field::Sex, sex)])).collect();
    // Of one person the first three, of nobody in particular the fourth and fifty more.
    rows[..3].iter_mut().for_each(|row| row.person = Some("p".into()));
    rows.push(row(50, &[(Field::Channel, "TELEPHONE"), (Field::Sex, "2")]));
    running.submit(said(Dataset::Consultations, "04C", "2020-04", rows));
    let question =
        ChannelQuestion { measure: Measure::Persons, ..contacts(query(&running, "QK1", &["sex"])) };
    let answer = running.engine().answer(&question).unwrap();
    assert_eq!(views(&answer).next().unwrap().count("PERSONS"), 1);
    assert_eq!(told(&answer, "sex"), (1.0, 1.0 / 54.0));
    let keyless =
        answer.provenance().notes.iter().find(|note| note.contains("without a person key"));
    assert!(keyless.is_some_and(|note| note.contains("keys: 51.")), "{keyless:?}");
    // Under a condition only those that it leaves.
    let query = filtered(question.query.clone(), "channel", &["VIDEO"]);
    let answer = running.engine().answer(&ChannelQuestion { query, ..question }).unwrap();
    let keyless =
        answer.provenance().notes.iter().find(|note| note.contains("without a person key"));
    assert!(keyless.is_some_and(|note| note.contains("keys: 1.")), "{keyless:?}");
}

#[test]
fn months_that_a_condition_leaves_out_are_not_missed() {
    let mut running = Running::new();
    let rows = || vec![row(1, &[(Field::Channel, "VIDEO")])];
    running.submit(said(Dataset::Consultations, "04C", "2020-04", rows()));
    let late = |query: Query| {
        let answer = running.engine().answer(&contacts(query)).unwrap();
        let notes = &answer.provenance().notes;
        notes.iter().find(|note| note.contains("Months without a submission")).cloned()
    };
    let all = query(&running, "QK1", &[]);
    assert!(late(all.clone()).unwrap().contains("submission: 2 of 3 ("));
    assert_eq!(late(filtered(all.clone(), "month", &["2020-04"])), None);
    let two = late(filtered(all.clone(), "month", &["2020-04", "2020-05"])).unwrap();
    assert!(two.contains("submission: 1 of 2 (2020-05"), "{two}");
    let quarter = late(filtered(all.clone(), "quarter", &["2020-Q2"])).unwrap();
    assert!(quarter.contains("submission: 2 of 3 ("), "{quarter}");
    assert_eq!(late(filtered(all, "financial_year", &["2019/20"])), None, "nothing was asked for");
}
