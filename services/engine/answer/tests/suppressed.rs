//! Suppressed counts: a figure is only given if it is the same whatever they are, and otherwise it says that they are left out.
//!
//! The same is said to three engines: with suppressed counts, with 1 in place of each, and with a large number. A figure of the first has
//! to be that of the others. A figure that the first suppresses has to differ between them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ask::labels;
use super::model::Label;
use super::random::{Random, cases};
use super::running::Running;
use super::world::Said;
use super::{agreement, ask, contacts, exclusion};
use crate::engine::QueryError;
use crate::engine::answer::question::Question;
use crate::engine::answer::{
    Cell, CellCounts, ImpactQuestion, OutcomeQuestion, Protected, ProvisionQuestion, Reason,
};
use crate::engine::query::{AsOf, Measure};

const MANY: u32 = 1_000;

/// One world, with suppressed counts, and with numbers in their place.
struct Worlds {
    suppressed: Running,
    numbered: [Running; 2],
}

impl Worlds {
    fn of(standing: &[Arc<Said>], random: &mut Random) -> Self {
        let mut worlds =
            Self { suppressed: Running::new(), numbered: [Running::new(), Running::new()] };
        let percent = *random.pick(&[3, 15, 60]);
        for said in standing {
            let mut said = Said::clone(said);
            let any = random.chance(60);
            let chosen: Vec<bool> =
                said.rows.iter().map(|_| any && random.chance(percent)).collect();
            let mut with = |suppressed: bool, weight: Option<u32>| {
                let rows = said.rows.iter_mut().zip(&chosen).filter(|(_, chosen)| **chosen);
                for (row, _) in rows {
                    (row.suppressed, row.weight, row.person) = (suppressed, weight, None);
                }
                said.clone()
            };
            worlds.suppressed.submit(with(true, None));
            worlds.numbered[0].submit(with(false, Some(1)));
            worlds.numbered[1].submit(with(false, Some(MANY)));
        }
        worlds
    }
}

/// What a run saw.
#[derive(Debug, Default)]
struct Seen {
    given: u64,
    suppressed: u64,
    parts: u64,
}

pub(super) type Cells<'a> = BTreeMap<(Vec<Label>, &'a str), &'a Cell>;

/// The cells of an answer by row and column.
pub(super) fn cells(answer: &Protected) -> Cells<'_> {
    let rows = answer.rows().iter().flat_map(|row| {
        let columns = answer.columns().iter().zip(&row.cells);
        columns.map(|(column, cell)| ((labels(&row.keys), column.id.as_str()), cell))
    });
    rows.collect()
}

fn compare<Q: Question>(worlds: &Worlds, question: &Q, persons: bool, seen: &mut Seen) {
    let answer = |running: &Running| match running.engine().answer(question) {
        Ok(answer) => Some(answer),
        Err(QueryError::TooLarge { .. } | QueryError::Field { .. }) => None,
        Err(error) => panic!("{error}"),
    };
    let Some(own) = answer(&worlds.suppressed) else { return };
    let others = worlds.numbered.iter().map(answer).collect::<Option<Vec<_>>>();
    let Some(others) = others else { return };
    let (found, one, many) = (cells(&own), cells(&others[0]), cells(&others[1]));
    let rows = |answer: &Protected| -> Vec<_> {
        answer.rows().iter().map(|row| labels(&row.keys)).collect()
    };
    // Numbers without person keys count no person, so there is no row of them.
    if !persons {
        assert_eq!(rows(&own), rows(&others[0]), "rows");
        assert!(found.keys().eq(one.keys()), "columns");
    }
    for (key, cell) in &found {
        let (Some(one), Some(many)) = (one.get(key), many.get(key)) else { continue };
        let what = format!("{key:?} {cell:?} {one:?} {many:?}");
        match &cell.figure {
            Ok(_) => {
                assert_eq!(cell.figure, one.figure, "{what}");
                assert_eq!(cell.figure, many.figure, "{what}");
                seen.given += 1;
            }
            Err(why) if why.reason == Reason::Suppressed => {
                // Of a rate whose people are suppressed the consultations are known.
                let numerator = one.counts.numerator.filter(|_| cell.counts.numerator.is_some());
                let known = CellCounts { numerator, ..CellCounts::default() };
                assert_eq!(cell.counts, known, "{what}");
                // Of a difference and of persons without keys there are no counts to tell by.
                let told = one.counts != CellCounts::default() && !persons;
                assert!(!told || one.counts != many.counts, "{what}");
                seen.suppressed += 1;
            }
            // Nobody is known to be of a group, and a suppressed number is known not to be: with a number nobody is of it.
            // Of a rate the people may be others: its limits too.
            Err(_) if one.figure.is_ok() => {
                let [one, many] = [&one.figure, &many.figure].map(|of| of.as_ref().unwrap().value);
                assert!((one - many).abs() < 1e-12, "{what}");
            }
            Err(_) => assert!(many.figure.is_err(), "{what}"),
        }
        let counts = |of: &Cell| {
            let of = of.counts;
            [of.numerator, of.denominator, of.unknown, of.not_collected, of.outside]
        };
        for (own, other) in counts(cell).into_iter().zip(counts(one)) {
            assert!(own.is_none() || own == other, "{what}");
            seen.parts += u64::from(own.is_none() && other.is_some() && cell.figure.is_ok());
        }
    }
}

fn standing(running: &Running) -> Vec<Arc<Said>> {
    running.standing(u64::MAX).into_iter().cloned().collect()
}

#[test]
fn figures_of_channels_and_rates_are_the_same_whatever_the_suppressed_counts_are() {
    let mut seen = Seen::default();
    for seed in 0..cases(8) {
        let (running, setting, mut random) = agreement::grown(seed + 400);
        let worlds = Worlds::of(&standing(&running), &mut random);
        for _ in 0..60 {
            let reference = running.reference();
            let Some(question) = ask::question(&mut random, &reference, &setting, AsOf::Head)
            else {
                continue;
            };
            compare(&worlds, &question, question.measure == Measure::Persons, &mut seen);
            let query = question.query.clone();
            let late_counts_as_missed = random.chance(50);
            let question = OutcomeQuestion { query, late_counts_as_missed };
            compare(&worlds, &question, false, &mut seen);
        }
    }
    assert!(seen.given > 100 && seen.suppressed > 100 && seen.parts > 10, "{seen:?}");
}

#[test]
fn figures_of_access_are_the_same_whatever_the_suppressed_counts_are() {
    let mut seen = Seen::default();
    for seed in 0..cases(4) {
        let (running, setting, mut random) = contacts::grown(seed + 500);
        let worlds = Worlds::of(&standing(&running), &mut random);
        for _ in 0..30 {
            if let Some(question) = exclusion::asked(&mut random, &running, &setting, AsOf::Head) {
                compare(&worlds, &question, false, &mut seen);
            }
            let Some(query) = contacts::query(&mut random, &running, &setting, AsOf::Head) else {
                continue;
            };
            let access_collection = String::new();
            let (request_met_days, late_counts_as_missed) = (7, false);
            let of = query.clone();
            let question = ProvisionQuestion { query: of, request_met_days, access_collection };
            compare(&worlds, &question, false, &mut seen);
            compare(&worlds, &ImpactQuestion { query, late_counts_as_missed }, false, &mut seen);
        }
    }
    assert!(seen.given > 100 && seen.suppressed > 100 && seen.parts > 10, "{seen:?}");
}
