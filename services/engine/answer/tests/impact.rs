//! What channels do to access, held against a count consultation by consultation: what followed is looked up day by day.

use std::collections::BTreeMap;

use super::contacts::{grown, query, spoken};
use super::model::{Fact, Label, Model, weight};
use super::random::cases;
use super::running::{Running, everything};
use super::view::{View, views};
use super::world::{Given, Row, Said};
use crate::domain::collection::Dataset;
use crate::domain::field::Field;
use crate::domain::measures::Tally;
use crate::domain::period::Month;
use crate::engine::QueryError;
use crate::engine::answer::{ImpactQuestion, Protected, Reason};
use crate::engine::query::{AsOf, Asked, Query, TableKind};

/// What followed consultations of one mode: of how many, followed, on the same day only, not computable, and why there is no share.
#[derive(Debug, Default, PartialEq)]
struct After {
    all: u64,
    followed: u64,
    same_day: u64,
    not_computable: u64,
    not_collected: u64,
    outside: u64,
    why: Option<Reason>,
}

/// How long people waited by one mode, and why there is no median.
#[derive(Debug, Default, PartialEq)]
struct Waited {
    known: u64,
    unknown: u64,
    not_collected: u64,
    outside: u64,
    median: Option<f64>,
    why: Option<Reason>,
}

/// Each outcome in person and remotely; waits; what followed.
#[derive(Debug, Default, PartialEq)]
struct Got {
    outcomes: [[Tally<u64>; 2]; 3],
    waits: [Waited; 2],
    after: [After; 2],
}

const MODES: [&str; 2] = ["IN_PERSON", "REMOTE"];

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

    /// Shortest and longest wait that a consultation may have had.
    pub(super) fn wait(&self, fact: Fact<'_>) -> Option<(u32, u32)> {
        if let Some(Given::Number(days)) = fact.1.fields.get(&Field::LeadTime) {
            return Some((days.unsigned_abs(), days.unsigned_abs()));
        }
        match self.labels("lead_time", fact)[0].as_str() {
            "SAME_DAY" => Some((0, 0)),
            "1_DAY" => Some((1, 1)),
            "2_TO_7_DAYS" => Some((2, 7)),
            "8_TO_14_DAYS" => Some((8, 14)),
            "15_TO_21_DAYS" => Some((15, 21)),
            "22_TO_28_DAYS" => Some((22, 28)),
            "OVER_28_DAYS" => Some((29, 3650)),
            _ => None,
        }
    }

    /// Whether an attended consultation was followed on a later day, and whether there is another on its own; none: that cannot
    /// be told.
    fn followed(&self, (said, row): Fact<'_>) -> Option<(bool, bool)> {
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
        let others = rows.filter(|(s, other): &Fact<'_>| {
            s.scheme == said.scheme
                && other.person.as_ref() == Some(person)
                && !std::ptr::eq(*other, row)
        });
        let seen = others.filter(|other| self.attended(*other, "IN_PERSON"));
        let days: Vec<_> =
            seen.filter_map(|other| Some(day(other.0.month, other.1.day?))).collect();
        let later = days.iter().any(|then| (on + 1..=on + 7).contains(then));
        Some((later, days.contains(&on)))
    }

    fn impact(&self, facts: &[Fact<'_>], late: bool) -> Got {
        let mut got = Got::default();
        // Known not to be attended, it is no question whatever the mode.
        let no_mode = |fact: &&Fact<'_>| {
            let attendance = &self.labels("attendance_outcome", **fact)[0];
            self.labels("channel_mode", **fact)[0] == "!NOT_COLLECTED"
                && (attendance == "ATTENDED" || attendance.starts_with('!'))
                && attendance != "!NOT_APPLICABLE"
        };
        let without: u64 = facts.iter().filter(no_mode).map(|fact| weight(fact.1)).sum();
        let mut spans: [Vec<(u32, u32, u64)>; 2] = Default::default();
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
                "DID_NOT_ATTEND" => Ok(true),
                "MISSED" | "ARRIVED_TOO_LATE" if late => Ok(true),
                "MISSED" => Err("!COARSER"),
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
                        tally.numerator += if yes { n } else { 0 };
                        tally.denominator += n;
                    }
                    Err("!NOT_COLLECTED") => tally.not_collected += n,
                    Err("!NOT_APPLICABLE") => tally.outside += n,
                    Err(state) if state.starts_with('!') => tally.unknown += n,
                    Err(_) => tally.outside += n,
                }
            }
            match (wait.as_str(), self.wait(*fact)) {
                (_, Some((first, last))) => spans[mode].push((first, last, n)),
                ("!NOT_COLLECTED", _) => got.waits[mode].not_collected += n,
                ("!NOT_APPLICABLE", _) => got.waits[mode].outside += n,
                _ => got.waits[mode].unknown += n,
            }
            let after = &mut got.after[mode];
            match attendance.as_str() {
                "ATTENDED" => match self.followed(*fact) {
                    Some((later, same_day)) => {
                        after.all += n;
                        after.followed += if later { n } else { 0 };
                        after.same_day += if same_day && !later { n } else { 0 };
                    }
                    None => after.not_computable += n,
                },
                "!NOT_COLLECTED" => after.not_collected += n,
                "!NOT_APPLICABLE" => after.outside += n,
                state if state.starts_with('!') => after.not_computable += n,
                _ => after.outside += n,
            }
        }
        for after in &mut got.after {
            after.why = match (after.all, after.not_computable) {
                (0, 0) if after.not_collected + without > 0 => Some(Reason::NotCollected),
                (0, 0) => Some(Reason::NoData),
                (0, _) => Some(Reason::NotComputable),
                _ => None,
            };
        }
        for (waits, of) in got.waits.iter_mut().zip(&spans) {
            waits.known = of.iter().map(|(.., n)| n).sum();
            // Every wait written out, with bands as short and as long as they can be.
            let median = |end: fn(&(u32, u32, u64)) -> u32| {
                let each = of.iter().flat_map(|one| (0..one.2).map(move |_| end(one)));
                let mut each: Vec<_> = each.collect();
                each.sort_unstable();
                let at = |place: usize| f64::from(each[place]);
                f64::midpoint(at((each.len() - 1) / 2), at(each.len() / 2))
            };
            (waits.median, waits.why) = match (waits.known, waits.unknown, waits.not_collected) {
                (0, 0, 0) => (None, Some(Reason::NoData)),
                (0, 0, _) => (None, Some(Reason::NotCollected)),
                (0, ..) => (None, Some(Reason::NotComputable)),
                _ if median(|one| one.0) < median(|one| one.1) => {
                    (None, Some(Reason::NotComputable))
                }
                _ => (Some(median(|one| one.0)), None),
            };
        }
        got
    }
}

fn found(row: &View<'_>) -> Got {
    let of_mode = |indicator: &str, mode: &str| format!("{indicator}/{mode}");
    let difference = |indicator: &str, own: &str| {
        let [in_person, remote] = MODES.map(|mode| of_mode(indicator, mode));
        row.is_difference(&of_mode(own, "REMOTE_LESS_IN_PERSON"), &remote, &in_person);
    };
    for (indicator, own) in [
        ("CH-09", "CH-10"),
        ("CH-11-SAME-DAY", "CH-11-SAME-DAY"),
        ("CH-11-OVER-14", "CH-11-OVER-14"),
        ("CH-11-MEDIAN", "CH-11-MEDIAN"),
        ("CH-12", "CH-12"),
    ] {
        difference(indicator, own);
    }
    let outcomes = ["CH-09", "CH-11-SAME-DAY", "CH-11-OVER-14"];
    let waits = |mode: &str| {
        let id = of_mode("CH-11-MEDIAN", mode);
        let Tally { denominator: known, unknown, not_collected, outside, .. } = row.tally(&id);
        let (median, why) = (row.value(&id), row.why(&id));
        Waited { known, unknown, not_collected, outside, median, why }
    };
    let after = |mode: &str| {
        let id = of_mode("CH-12", mode);
        let tally = row.tally(&id);
        assert_eq!(row.value(&id).is_some(), tally.denominator > 0);
        After {
            all: tally.denominator,
            followed: tally.numerator,
            same_day: row.count(&of_mode("CH-12-SAME-DAY", mode)),
            not_computable: tally.unknown,
            not_collected: tally.not_collected,
            outside: tally.outside,
            why: row.why(&id),
        }
    };
    Got {
        outcomes: outcomes.map(|id| MODES.map(|mode| row.tally(&of_mode(id, mode)))),
        waits: MODES.map(waits),
        after: MODES.map(after),
    }
}

#[test]
fn outcomes_and_what_followed_are_counted_one_by_one() {
    let (mut followed, mut alone, mut unseen, mut same_day) = ([0; 2], [0; 2], [0; 2], [0; 2]);
    let (mut across, mut uncollected, mut medians, mut bands) = (0, 0, 0, 0);
    for seed in 0..cases(20) {
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
            let answer = match running.engine().answer(&question) {
                Ok(answer) => answer,
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
                views(&answer).map(|row| (row.labels(), found(&row))).collect();
            assert_eq!(rows, expected, "world {seed}: {question:?}");
            for row in rows.values() {
                for (mode, after) in row.after.iter().enumerate() {
                    followed[mode] += after.followed;
                    alone[mode] += after.all - after.followed - after.same_day;
                    same_day[mode] += after.same_day;
                    unseen[mode] += after.not_computable;
                    uncollected += usize::from(after.why == Some(Reason::NotCollected));
                }
                for wait in &row.waits {
                    medians += usize::from(wait.median.is_some());
                    bands += usize::from(wait.known > 0 && wait.median.is_none());
                }
            }
            let months = question.query.months;
            let later = rows.values().any(|row| row.after[1].followed > 0);
            across += usize::from(months.0 < months.1 && later);
        }
    }
    let counts = [followed, alone, unseen];
    assert!(counts.iter().flatten().all(|count| *count > 40), "{counts:?}");
    assert!(same_day.iter().all(|count| *count > 2), "{same_day:?}");
    assert!(across > 10 && uncollected > 10, "{across} {uncollected}");
    assert!(medians > 100 && bands > 10, "{medians} {bands}");
}

fn impact_of(rows: Vec<Row>) -> Protected {
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
    let query = Query::new(&running.reference(), &everything(), &asked, AsOf::Head).unwrap();
    let question = ImpactQuestion { query, late_counts_as_missed: false };
    running.engine().answer(&question).unwrap()
}

/// A consultation of a person, if one is given, on a day of the month, if one is.
fn consultation(fields: &[(Field, &str)], person: &str, day: u8) -> Row {
    Row {
        fields: fields.iter().map(|(field, code)| (*field, Given::Code((*code).into()))).collect(),
        person: (!person.is_empty()).then(|| person.into()),
        day: (day > 0).then_some(day),
        ..Row::default()
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
        let answer = impact_of(vec![consultation(fields, "a", 2)]);
        let total = views(&answer).next().unwrap();
        assert_eq!(total.tally("CH-12/REMOTE").unknown, 0, "{fields:?}");
        assert_eq!(total.why("CH-12/REMOTE"), why, "{fields:?}");
    }
}

#[test]
fn followed_is_a_lower_bound_where_somebody_unknown_was_seen_in_person() {
    let attended = (Field::Attendance, "5");
    let remote = [(Field::Channel, "VIDEO"), attended];
    let in_person = [(Field::Channel, "FACE_TO_FACE"), attended];
    let bound = |rows: Vec<Row>| {
        impact_of(rows).provenance().notes.iter().any(|note| note.contains("lower bound"))
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
    let again = |day| consultation(&in_person, "a", day);
    assert!(!bound(vec![alone(), again(3), again(4), consultation(&remote, "", 5)]));
    // The last in person may have been followed unseen too.
    assert!(bound(vec![again(3), consultation(&in_person, "", 3)]));
}
