//! What channels do to access, held against a count consultation by consultation: what followed is looked up day by day.

use std::collections::BTreeMap;

use super::ask::labels;
use super::model::{Fact, Label, Model, weight};
use super::provision::{grown, query, spoken};
use super::random::cases;
use super::running::Running;
use super::world::{Given, Row, Said};
use crate::domain::collection::Dataset;
use crate::domain::field::Field;
use crate::domain::period::Month;
use crate::engine::QueryError;
use crate::engine::answer::{ImpactQuestion, ImpactRow, ImpactTable, Reason};
use crate::engine::query::{AsOf, Asked, Query, TableKind};

/// Numerator, denominator, unknown, not collected of each outcome in person and remotely; remote, followed, not computable.
#[derive(Debug, Default, PartialEq)]
struct Got {
    outcomes: [[(u64, u64, u64, u64); 2]; 3],
    conversion: (u64, u64, u64),
    /// Why there is no conversion.
    why: Option<Reason>,
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
        let uncollected = facts.iter().any(|fact| {
            let of = |id: &str| self.labels(id, *fact).remove(0);
            let (mode, attendance) = (of("channel_mode"), of("attendance_outcome"));
            let missing = |label: &str| label == "!NOT_COLLECTED";
            (missing(&mode) && (missing(&attendance) || attendance == "ATTENDED"))
                || (missing(&attendance) && mode == "REMOTE")
        });
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
        got.why = match got.conversion {
            (0, _, 0) if uncollected => Some(Reason::NotCollected),
            (0, _, 0) => Some(Reason::NoData),
            (0, ..) => Some(Reason::NotComputable),
            _ => None,
        };
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
    got.why = of.share.as_ref().err().map(|why| why.reason);
    got
}

#[test]
fn outcomes_and_what_followed_are_counted_one_by_one() {
    let (mut followed, mut alone, mut unseen, mut across, mut uncollected) = (0, 0, 0, 0, 0);
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
                uncollected += usize::from(row.why == Some(Reason::NotCollected));
            }
            let months = question.query.months;
            across += usize::from(months.0 < months.1 && rows.values().any(|r| r.conversion.1 > 0));
        }
    }
    let enough = followed > 100 && alone > 100 && unseen > 100 && across > 10;
    assert!(enough && uncollected > 10, "{followed} {alone} {unseen} {across} {uncollected}");
}

fn impact_of(rows: Vec<Row>) -> ImpactTable {
    let mut running = Running::new();
    running.submit(Said {
        collection: "synthetic-llr",
        dataset: Dataset::Consultations,
        organisation: "04C".into(),
        month: "2020-04".parse().unwrap(),
        systems: BTreeMap::new(),
        collected: std::collections::BTreeSet::new(),
        scheme: "nhs".into(),
        rows,
    });
    let asked = Asked {
        table: TableKind::Consultations,
        collection: "synthetic-llr".into(),
        organisations: vec!["04C".into()],
        first: "2020-04".into(),
        ..Asked::default()
    };
    let query = Query::new(&running.reference(), &asked, AsOf::Head).unwrap();
    let question = ImpactQuestion { query, late_counts_as_missed: false };
    running.engine().impact(&question).unwrap()
}

/// A consultation of a person, if one is given, on a day of the month, if one is.
fn consultation(fields: &[(Field, &str)], person: &str, day: u8) -> Row {
    Row {
        fields: fields.iter().map(|(field, code)| (*field, Given::Code((*code).into()))).collect(),
        weight: None,
        person: (!person.is_empty()).then(|| person.into()),
        day: (day > 0).then_some(day),
    }
}

#[test]
fn what_nobody_collects_is_not_what_cannot_be_computed() {
    let (channel, attended) = ((Field::Channel, "VIDEO"), (Field::Attendance, "5"));
    let not_collected = Some(Reason::NotCollected);
    for (fields, why) in [
        (&[attended] as &[_], not_collected),
        (&[channel], not_collected),
        (&[], not_collected),
        // In person, or missed: whatever the other would say.
        (&[(Field::Channel, "FACE_TO_FACE")], Some(Reason::NoData)),
        (&[(Field::Attendance, "3")], Some(Reason::NoData)),
        (&[channel, attended], None),
    ] {
        let table = impact_of(vec![consultation(fields, "a", 2)]);
        let conversion = &table.rows[0].conversion;
        assert_eq!(conversion.not_computable, 0, "{fields:?}");
        assert_eq!(conversion.share.as_ref().err().map(|why| why.reason), why, "{fields:?}");
    }
}

#[test]
fn followed_is_a_lower_bound_where_somebody_unknown_was_seen_in_person() {
    let attended = (Field::Attendance, "5");
    let remote = [(Field::Channel, "VIDEO"), attended];
    let in_person = [(Field::Channel, "FACE_TO_FACE"), attended];
    let bound = |rows: Vec<Row>| {
        let table = impact_of(rows);
        table.context.notes.iter().any(|note| note.contains("lower bound"))
    };
    let alone = || consultation(&remote, "a", 2);
    assert!(!bound(vec![alone()]));
    assert!(!bound(vec![alone(), consultation(&in_person, "b", 3)]));
    assert!(bound(vec![alone(), consultation(&in_person, "", 3)]));
    assert!(bound(vec![alone(), consultation(&in_person, "a", 0)]));
    // Remote itself, not attended, or nothing that it could have followed.
    assert!(!bound(vec![alone(), consultation(&remote, "", 3)]));
    let missed = [(Field::Channel, "FACE_TO_FACE"), (Field::Attendance, "3")];
    assert!(!bound(vec![alone(), consultation(&missed, "", 3)]));
    let followed = consultation(&in_person, "a", 3);
    assert!(!bound(vec![alone(), followed, consultation(&in_person, "", 3)]));
}
