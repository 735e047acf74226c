//! What channels do to access, held against a count consultation by consultation: what followed is looked up day by day.

use std::collections::BTreeMap;

use super::ask::labels;
use super::model::{Fact, Label, Model, weight};
use super::provision::{grown, query, spoken};
use super::random::cases;
use super::world::Said;
use crate::domain::collection::Dataset;
use crate::domain::field::Field;
use crate::domain::period::Month;
use crate::engine::QueryError;
use crate::engine::answer::{ImpactQuestion, ImpactRow};
use crate::engine::query::AsOf;

/// Numerator, denominator, unknown, not collected of each outcome in person and remotely; remote, followed, not computable.
#[derive(Debug, Default, PartialEq)]
struct Got {
    outcomes: [[(u64, u64, u64, u64); 2]; 3],
    conversion: (u64, u64, u64),
}

/// Days since the first month.
fn day(month: Month, day: u8) -> u32 {
    let before = 0..u32::from(month.number());
    before.map(|n| u32::from(Month::from_number(n).unwrap().days())).sum::<u32>() + u32::from(day)
}

impl Model<'_> {
    fn attended(&self, fact: Fact<'_>, mode: &str) -> bool {
        self.labels("attendance_outcome", fact)[0] == "ATTENDED"
            && self.labels("channel_mode", fact)[0] == mode
    }

    /// Whether an attended remote consultation was followed; none: that cannot be told.
    fn followed(&self, (said, row): Fact<'_>) -> Option<bool> {
        let person = row.person.as_ref()?;
        let on = day(said.month, row.day?);
        let of_organisation: Vec<_> = self
            .standing
            .iter()
            .filter(|other| {
                other.dataset == Dataset::Consultations
                    && other.collection == said.collection
                    && other.organisation == said.organisation
            })
            .collect();
        let gives = |of: &Said, field| of.rows.iter().any(|row| row.fields.contains_key(&field));
        let next = Month::from_number(u32::from(said.month.number()) + 1).unwrap();
        if on + 7 >= day(next, 1) {
            let next = of_organisation.iter().find(|other| other.month == next)?;
            let tells = next.scheme == said.scheme
                && next.rows.iter().any(|row| row.day.is_some())
                && gives(next, Field::Channel)
                && gives(next, Field::Attendance);
            tells.then_some(())?;
        }
        let rows =
            of_organisation.iter().flat_map(|s| s.rows.iter().map(move |row| (s.as_ref(), row)));
        let mut rows = rows.filter(|(s, other): &Fact<'_>| {
            s.scheme == said.scheme && other.person.as_ref() == Some(person)
        });
        Some(rows.any(|other| {
            let then = other.1.day.map(|d| day(other.0.month, d));
            then.is_some_and(|then| (on..=on + 7).contains(&then))
                && self.attended(other, "IN_PERSON")
        }))
    }

    fn impact(&self, facts: &[Fact<'_>], late: bool) -> Got {
        let mut got = Got::default();
        for fact in facts {
            let n = weight(fact.1);
            let label = |id: &str| self.labels(id, *fact).remove(0);
            let mode = match label("channel_mode").as_str() {
                "IN_PERSON" => 0,
                "REMOTE" => 1,
                _ => continue,
            };
            let (attendance, wait) = (label("attendance_outcome"), label("lead_time"));
            let missed = match attendance.as_str() {
                "MISSED" | "DID_NOT_ATTEND" => Ok(true),
                "ARRIVED_TOO_LATE" if late => Ok(true),
                "ATTENDED" => Ok(false),
                other => Err(other),
            };
            let waited = |codes: &[&str]| match wait.starts_with('!') {
                true => Err(wait.as_str()),
                false => Ok(codes.contains(&wait.as_str())),
            };
            let over = ["15_TO_21_DAYS", "22_TO_28_DAYS", "OVER_28_DAYS"];
            let answers = [missed, waited(&["SAME_DAY"]), waited(&over)];
            for (tallies, answer) in got.outcomes.iter_mut().zip(answers) {
                let tally = &mut tallies[mode];
                match answer {
                    Ok(yes) => {
                        tally.0 += if yes { n } else { 0 };
                        tally.1 += n;
                    }
                    Err("!NOT_COLLECTED") => tally.3 += n,
                    Err("!NOT_APPLICABLE") => {}
                    Err(state) => tally.2 += if state.starts_with('!') { n } else { 0 },
                }
            }
            if self.attended(*fact, "REMOTE") {
                match self.followed(*fact) {
                    Some(yes) => {
                        got.conversion.0 += n;
                        got.conversion.1 += if yes { n } else { 0 };
                    }
                    None => got.conversion.2 += n,
                }
            }
        }
        got
    }
}

fn found(row: &ImpactRow) -> Got {
    let mut got = Got::default();
    for (tallies, outcome) in got.outcomes.iter_mut().zip(&row.outcomes) {
        for (place, cell) in tallies.iter_mut().zip([&outcome.in_person, &outcome.remote]) {
            let tally = cell.tally;
            *place = (tally.numerator, tally.denominator, tally.unknown, tally.not_collected);
        }
        match (&outcome.in_person.share, &outcome.remote.share, &outcome.difference) {
            (Ok(in_person), Ok(remote), Ok(difference)) => {
                assert!((difference.value - (remote.value - in_person.value)).abs() < 1e-12);
                assert!(
                    difference.lower <= difference.value && difference.value <= difference.upper
                );
            }
            (_, _, difference) => assert!(difference.is_err()),
        }
    }
    let of = &row.conversion;
    assert_eq!(of.share.is_ok(), of.remote > 0);
    got.conversion = (of.remote, of.followed, of.not_computable);
    got
}

#[test]
fn outcomes_and_what_followed_are_counted_one_by_one() {
    let (mut followed, mut alone, mut unseen, mut across) = (0, 0, 0, 0);
    for seed in 0..cases(10) {
        let (running, setting, mut random) = grown(seed + 13_000);
        let reference = running.reference();
        for _ in 0..40 {
            let head = running.engine().store().catalog().position;
            let position =
                if random.chance(70) { head } else { random.below(head as usize + 1) as u64 };
            let Some(query) = query(&mut random, &running, &setting, AsOf::Position(position))
            else {
                continue;
            };
            let question = ImpactQuestion { query, late_counts_as_missed: random.chance(50) };
            let table = match running.engine().impact(&question) {
                Ok(table) => table,
                Err(QueryError::TooLarge { .. }) => continue,
                Err(error) => panic!("{error}"),
            };
            let before = Model { reference: &reference, standing: running.standing(position) };
            let spoken = spoken(&before.standing, &before, "synthetic-llr");
            let model = Model { reference: &reference, standing: spoken.iter().collect() };
            let late = question.late_counts_as_missed;
            let expected: BTreeMap<Vec<Label>, Got> =
                model.rows_of(&question.query, &|facts| model.impact(facts, late));
            let rows: BTreeMap<_, _> =
                table.rows.iter().map(|row| (labels(&row.keys), found(row))).collect();
            assert_eq!(rows, expected, "world {seed}: {question:?}");
            for row in rows.values() {
                followed += row.conversion.1;
                alone += row.conversion.0 - row.conversion.1;
                unseen += row.conversion.2;
            }
            let months = question.query.months;
            across += usize::from(months.0 < months.1 && rows.values().any(|r| r.conversion.1 > 0));
        }
    }
    let enough = followed > 100 && alone > 100 && unseen > 100 && across > 10;
    assert!(enough, "{followed} {alone} {unseen} {across}");
}
