//! Every figure of every answer is the one that counting row by row gives, whichever path the cells came by, now and as of any
//! earlier position.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::ask::{question, said, said_outcomes, said_quality};
use super::model::Model;
use super::random::{Random, cases};
use super::running::Running;
use super::world::Setting;
use crate::engine::answer::shape::Path;
use crate::engine::answer::{
    AnyQuestion as _, BasicQuestion, ChannelQuestion, Figure, OutcomeQuestion, Protected,
};
use crate::engine::query::{AsOf, Measure, Query};
use crate::engine::{Engine, QueryError};

/// What was asked of the worlds of a run, so that a run that asked nothing fails.
#[derive(Debug, Default)]
struct Asked {
    answered: u64,
    filled: u64,
    both_paths: u64,
    together: u64,
    people: u64,
    people_of_categories: u64,
    large: u64,
}

pub(super) fn grown(seed: u64) -> (Running, Setting, Random) {
    let mut random = Random::new(seed);
    let mut running = Running::new();
    let reference = running.reference();
    let setting = Setting::random(&mut random, &reference);
    for _ in 0..3 + random.below(12) {
        running.change(&mut random, &reference, &setting);
    }
    (running, setting, random)
}

/// The basic view has the same figures, without limits and without words.
fn basic(engine: &Engine, question: &ChannelQuestion, answer: &Protected) {
    let basic = BasicQuestion(Arc::new(question.clone())).answer(engine).unwrap();
    let mut rows = answer.rows().to_vec();
    for cell in rows.iter_mut().flat_map(|row| &mut row.cells) {
        cell.figure = cell.figure.clone().map(|figure| Figure { limits: None, ..figure });
    }
    assert_eq!(basic.rows(), rows, "{question:?}");
    let ids = |answer: &Protected| -> Vec<_> {
        answer.columns().iter().map(|column| column.id.clone()).collect()
    };
    assert_eq!(ids(&basic), ids(answer));
    assert!(basic.columns().iter().all(|column| column.label.is_empty()));
}

/// Both paths, where both are legal, and the answer.
fn check(running: &Running, question: &ChannelQuestion, position: u64, asked: &mut Asked) {
    let engine = running.engine();
    let reference = running.reference();
    let model = Model { reference: &reference, standing: running.standing(position) };
    let answer = match engine.answer(question) {
        Ok(answer) => answer,
        Err(QueryError::TooLarge { .. }) => return asked.large += 1,
        Err(QueryError::Field { field, .. }) if field == "population_collection" => return,
        Err(error) => panic!("{error}"),
    };
    let (expected, found) = (model.channels(question), said(question, &answer));
    assert_eq!(found, expected, "{question:?}");
    basic(engine, question, &answer);
    asked.answered += 1;
    asked.filled += u64::from(found.rows.values().any(|row| row.total > 0));
    asked.people += u64::from(found.rows.values().any(|row| row.people.is_some()));
    let of_field = |id: &String| reference.dimension(id).unwrap().field().is_some();
    let told = found.rows.iter().any(|(key, row)| !key.is_empty() && row.people.is_some());
    asked.people_of_categories += u64::from(told && question.query.by.iter().any(of_field));

    let plan = engine.consultations(&question.query, question.measure, &["channel"]).unwrap();
    if question.measure != Measure::Persons {
        let by = |path| engine.crosstab(&plan, path, 1, None).unwrap();
        let columns = by(Path::Columns);
        if plan.path() == Path::Rollups {
            let rollups = by(Path::Rollups);
            assert!(rollups == columns, "{question:?}");
            asked.both_paths += 1;
        }
    }
    // With memory of its own, as each answer has.
    let own = engine.until(Instant::now() + Duration::from_secs(600));
    together(&own, &question.query, asked);
    let query = question.query.clone();
    let question = OutcomeQuestion { query, late_counts_as_missed: position.is_multiple_of(2) };
    match engine.answer(&question) {
        Ok(answer) => {
            assert_eq!(said_outcomes(&answer), model.outcomes(&question), "{question:?}");
            let inner = ["channel", "attendance_outcome", "lead_time"];
            let quality = model.quality(&question.query, Measure::Contacts, &inner);
            assert_eq!(said_quality(answer.provenance()), quality, "{question:?}");
        }
        Err(QueryError::TooLarge { .. }) => asked.large += 1,
        Err(error) => panic!("{error}"),
    }
}

/// Plans counted in one pass have the counts that each has on its own, also those by a dimension with several categories a record.
fn together(engine: &Engine, query: &Query, asked: &mut Asked) {
    const INNER: [&[&str]; 5] = [
        &["channel", "attendance_outcome"],
        &["disability", "channel"],
        &["channel"],
        &["sex", "lead_time"],
        &["age_band", "channel_mode"],
    ];
    let plan = |inner: &&[&str]| engine.consultations(query, Measure::Contacts, inner).unwrap();
    let plans = INNER.iter().map(plan).collect::<Vec<_>>();
    let (outer, listed) = (query.by.len(), engine.listed(query.by.len(), 1));
    let mut pass =
        match engine.pass(&Vec::from_iter(plans.iter().map(|plan| (plan, None))), outer, listed) {
            Ok(pass) => pass,
            Err(QueryError::TooLarge { .. } | QueryError::TooHeavy { .. }) => return,
            Err(error) => panic!("{error}"),
        };
    for (number, plan) in plans.iter().enumerate() {
        let alone = match engine.crosstab(plan, Path::Columns, plan.axes.len() - outer, None) {
            Ok(alone) => alone,
            // So many rows with so many counts do not fit into the memory that a test has.
            Err(QueryError::TooHeavy { .. }) => continue,
            Err(error) => panic!("{error}"),
        };
        assert!(pass.crosstab(number).unwrap() == alone, "{number} of {query:?}");
        asked.together += u64::from(!alone.all.sum().is_zero());
    }
    pass.end().unwrap();
}

#[test]
fn every_figure_is_the_one_that_counting_row_by_row_gives() {
    let mut asked = Asked::default();
    for seed in 0..cases(8) {
        let (running, setting, mut random) = grown(seed);
        for _ in 0..80 {
            let head = running.engine().store().catalog().position;
            let (as_of, position) = if random.chance(60) {
                (AsOf::Head, head)
            } else {
                let position = random.below(usize::try_from(head).unwrap() + 1) as u64;
                (AsOf::Position(position), position)
            };
            if let Some(question) = question(&mut random, &running.reference(), &setting, as_of) {
                let checked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                    check(&running, &question, position, &mut asked);
                }));
                if let Err(panic) = checked {
                    eprintln!("world {seed}");
                    std::panic::resume_unwind(panic);
                }
            }
        }
    }
    // A run whose questions fall on nothing proves nothing.
    assert!(asked.filled * 10 > asked.answered, "{asked:?}");
    assert!(asked.people_of_categories > 0, "{asked:?}");
    assert!(
        asked.both_paths > 0 && asked.together > 50 && asked.people > 0 && asked.answered > 50,
        "{asked:?}"
    );
}
