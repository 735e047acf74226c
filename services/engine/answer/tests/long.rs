//! Tables that their reader would not take: refused before anything is counted where that is known, and while their rows are made.

use std::sync::Arc;

use super::faults::{contacts, query, row, said, totals};
use super::running::Running;
use super::world::of_leicester;
use crate::domain::collection::Dataset;
use crate::domain::field::Field;
use crate::domain::small_area::Edition;
use crate::engine::QueryError;
use crate::engine::answer::{ChannelQuestion, Protected};
use crate::engine::memory::{Memory, Share};
use crate::engine::query::{Filter, Measure};

/// Homes of two organisations, 200 each, of 300 together.
fn world() -> Running {
    let mut running = Running::new();
    let reference = running.reference();
    let home = |place| of_leicester(&reference, Edition::Lsoa2021, place);
    let homes: Vec<_> = (0..300).map(home).collect();
    for (organisation, first) in [("04C", 0), ("04V", 100)] {
        let row = |n: usize| {
            let mut one = row(1, &[(Field::ResidenceLsoa, &homes[first + n])]);
            one.fields.insert(
                Field::Sex,
                super::world::Given::Code(["1", "2"][(n + first / 100) % 2].into()),
            );
            one.person = Some(format!("p{}", first + n));
            one
        };
        running.submit(said(
            Dataset::Consultations,
            organisation,
            "2020-04",
            (0..200).map(row).collect(),
        ));
    }
    running
}

/// The answer within so many rows of a cell each, of these sexes alone if any are named, and bytes of columns in memory then.
fn ask(
    running: &Running,
    by: &[&str],
    only: &[&str],
    rows: usize,
) -> (Result<Protected, QueryError>, u64) {
    let mut query = query(running, "QK1", by);
    if !only.is_empty() {
        let codes = only.iter().map(|code| (*code).to_owned()).collect();
        query.filters.push(Filter { dimension: "sex".into(), codes });
    }
    let engine = running.engine().within(6 + rows * (8 * by.len() + 6));
    (engine.answer(&contacts(query)), engine.memory().0)
}

#[test]
fn a_table_that_is_surely_too_long_is_refused_before_anything_is_counted() {
    let running = world();
    for (by, rows) in [
        (&["residence_lsoa"][..], 300),
        (&["residence_lsoa", "organisation"], 400),
        (&["organisation", "residence_lsoa", "month"], 400),
        // Words that occur are what is known of a crossing: it has 400 rows, and 300 at least.
        (&["residence_lsoa", "sex"], 300),
    ] {
        let (refused, columns) = ask(&running, by, &[], rows - 1);
        assert!(matches!(refused, Err(QueryError::TooLong { .. })), "{by:?}");
        assert_eq!(columns, 0, "{by:?}: columns were read");
    }
    // A condition that leaves nothing out changes nothing.
    let (refused, columns) = ask(&running, &["residence_lsoa"], &["1", "2"], 299);
    assert!(matches!(refused, Err(QueryError::TooLong { .. })));
    assert_eq!(columns, 0);
}

#[test]
fn a_table_that_may_fit_is_counted() {
    let running = world();
    // Many combinations are possible, and few occur.
    let (answer, columns) = ask(&running, &["residence_lsoa", "sex"], &[], 1_000);
    assert_eq!(totals(&answer.unwrap()).len(), 1 + 400);
    assert!(columns > 0);
    let of_men = ["1"];
    let (answer, _) = ask(&running, &["residence_lsoa"], &of_men, 400);
    assert_eq!(totals(&answer.unwrap())[1..].iter().sum::<u64>(), 200);
    // What only counting shows is refused while rows are made.
    let (refused, columns) = ask(&running, &["residence_lsoa"], &of_men, 99);
    let Err(QueryError::TooLong { bytes, limit }) = refused else { panic!() };
    assert_eq!(bytes, limit + 14, "the first row that is too much");
    assert!(columns > 0);
}

/// A word may occur only in records without a key, so a table of people is refused when its rows are known.
#[test]
fn a_table_of_people_is_refused_at_its_first_row_too_many() {
    let running = world();
    let of_people = |rows: usize| {
        let by = query(&running, "QK1", &["residence_lsoa"]);
        let question = ChannelQuestion { measure: Measure::Persons, ..contacts(by) };
        running.engine().within(6 + rows * 14).answer(&question)
    };
    let Err(QueryError::TooLong { bytes, limit }) = of_people(299) else {
        panic!("it was answered")
    };
    assert_eq!(bytes, limit + 14);
    let answer = of_people(10_000).unwrap();
    assert_eq!(answer.rows().len(), 1 + 300);
}

#[test]
fn a_question_too_heavy_for_the_memory_of_all_is_refused_before_its_work() {
    let running = world();
    let mut engine = running.engine().clone();
    engine.settings.threads.share = Share::new(Arc::new(Memory::new(1 << 16)));
    let ask = |by: &[&str]| engine.answer(&contacts(query(&running, "QK1", by)));
    let refused = ask(&["residence_lsoa", "sex"]);
    let Err(QueryError::TooHeavy { bytes, limit }) = refused else { panic!("it was answered") };
    assert!(bytes > limit && limit < 1 << 16, "{bytes} {limit}");
    assert_eq!(engine.memory().0, 0, "columns were read");
    assert_eq!(totals(&ask(&["sex"]).unwrap())[0], 400);
}
