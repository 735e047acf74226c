//! Nothing that is replaced or withdrawn leaves a trace; what was answered once is answered for ever; and neither order, nor code
//! systems, nor the cache, nor starting anew changes a figure.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use super::agreement::grown;
use super::ask::question;
use super::model::Model;
use super::random::{Random, cases};
use super::running::Running;
use super::world::{Given, Said, Setting};
use crate::domain::codes::Mapped;
use crate::domain::field::Field;
use crate::domain::reference::Reference;
use crate::engine::answer::{ChannelQuestion, Column, Protected, Provenance, Row};
use crate::engine::cache::{EncodedAnswer, Shown};
use crate::engine::query::AsOf;
use crate::store;

fn questions(
    random: &mut Random,
    reference: &Reference,
    setting: &Setting,
    many: usize,
) -> Vec<ChannelQuestion> {
    let mut made = Vec::new();
    while made.len() < many {
        made.extend(question(random, reference, setting, AsOf::Head));
    }
    made
}

/// An answer without the cache's part.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Told {
    provenance: Provenance,
    columns: Vec<Column>,
    rows: Vec<Row>,
    position: u64,
}

pub(super) fn told(answer: &Protected) -> Told {
    Told {
        provenance: Provenance { scope: None, ..answer.provenance().clone() },
        columns: answer.columns().to_vec(),
        rows: answer.rows().to_vec(),
        position: answer.position(),
    }
}

/// An answer; the error in its place.
fn ask(running: &Running, question: &ChannelQuestion, as_of: AsOf) -> Result<Told, String> {
    let mut question = question.clone();
    question.query.as_of = as_of;
    let answer = running.engine().answer(&question).map_err(|error| error.to_string())?;
    Ok(told(&answer))
}

fn all(running: &Running, questions: &[ChannelQuestion]) -> Vec<Result<Told, String>> {
    questions.iter().map(|question| ask(running, question, AsOf::Head)).collect()
}

#[test]
fn what_was_answered_at_a_position_is_answered_for_ever() {
    for seed in 100..100 + cases(4) {
        let mut random = Random::new(seed);
        let mut running = Running::new();
        let reference = running.reference();
        let setting = Setting::random(&mut random, &reference);
        let questions = questions(&mut random, &reference, &setting, 12);
        let mut given = BTreeMap::new();
        for _ in 0..4 + random.below(10) {
            running.change(&mut random, &reference, &setting);
            given.insert(running.changes.last().unwrap().position, all(&running, &questions));
        }
        let check = |running: &Running| {
            for (position, answers) in &given {
                for (question, answer) in questions.iter().zip(answers) {
                    let again = ask(running, question, AsOf::Position(*position));
                    assert_eq!(&again, answer, "world {seed} as of {position}: {question:?}");
                }
            }
        };
        check(&running);
        running.reopen(|folder| {
            let report = store::verify(folder, None, None, &mut |_, _| {}).unwrap();
            assert_eq!(report.differences, Vec::<String>::new(), "world {seed}");
            assert!(report.rows > 0);
        });
        check(&running);
        running.reopen(|folder| {
            let report = store::rebuild(folder, None, &mut |_, _| {}).unwrap();
            assert_eq!(report.differences, Vec::<String>::new(), "world {seed}");
        });
        check(&running);
    }
}

#[test]
fn a_cached_answer_is_never_stale() {
    let (mut hits, mut misses) = (0, 0);
    for seed in 200..200 + cases(4) {
        let mut random = Random::new(seed);
        let mut running = Running::new();
        let reference = running.reference();
        let setting = Setting::random(&mut random, &reference);
        let questions = questions(&mut random, &reference, &setting, 15);
        for _ in 0..60 {
            if random.chance(25) {
                running.change(&mut random, &reference, &setting);
            }
            let question = random.pick(&questions);
            let Ok(fresh) = running.engine().answer(question) else { continue };
            // All but the position that was read at.
            let body = format!("{:?}", Told { position: 0, ..told(&fresh) });
            let key = format!("{question:?}");
            if let Some(kept) = running.engine().answers().get(key.as_bytes()) {
                assert_eq!(kept.body, body.as_bytes(), "world {seed}: {question:?}");
                hits += 1;
            } else if let Some(scope) = fresh.scope().cloned() {
                let answer = EncodedAnswer {
                    body: body.into(),
                    position: fresh.position(),
                    data_position: fresh.provenance().data_position,
                    released: false,
                    shown: Shown::default(),
                };
                running.engine().answers().keep(key.into(), answer, scope);
                misses += 1;
            }
        }
    }
    assert!(hits > 20 && misses > 20, "{hits} hits, {misses} misses");
}

#[test]
fn an_answer_given_while_others_submit_is_the_one_of_its_position() {
    let mut positions = BTreeSet::new();
    for seed in 400..400 + cases(3) {
        let mut random = Random::new(seed);
        let mut running = Running::new();
        let reference = running.reference();
        let setting = Setting::random(&mut random, &reference);
        let questions = questions(&mut random, &reference, &setting, 6);
        running.change(&mut random, &reference, &setting);
        let engine = running.engine().clone();
        let (changing, given) = (AtomicBool::new(true), Mutex::new(Vec::new()));
        std::thread::scope(|scope| {
            for reader in 0..2 {
                let (engine, questions, changing, given) = (&engine, &questions, &changing, &given);
                scope.spawn(move || {
                    for number in (reader..).take_while(|_| changing.load(Ordering::Relaxed)) {
                        let number = number % questions.len();
                        if let Ok(answer) = engine.answer(&questions[number]) {
                            given.lock().unwrap().push((number, told(&answer)));
                        }
                    }
                });
            }
            for _ in 0..20 {
                running.change(&mut random, &reference, &setting);
            }
            changing.store(false, Ordering::Relaxed);
        });
        drop(engine);
        // Read anew, by an engine that has nothing in memory yet.
        running.reopen(|_| {});
        for (number, answer) in given.into_inner().unwrap() {
            let question = &questions[number];
            positions.insert((seed, answer.position));
            let again = ask(&running, question, AsOf::Position(answer.position));
            assert_eq!(again.as_ref(), Ok(&answer), "world {seed}: {question:?}");
        }
    }
    assert!(positions.len() > 10, "{positions:?}");
}

/// The same rows in other code systems, wherever another system has a code for every one that is used.
fn translated(said: &Said, reference: &Reference) -> (Said, usize) {
    let (mut other, mut changed) = (said.clone(), 0);
    let fields = Field::all().filter(|f| f.list().is_some() && *f != Field::ResidenceLsoa);
    for field in fields {
        let list = reference.list_of(field).unwrap();
        let from = said.system(field);
        for to in (0..list.systems.len()).filter(|to| *to != from) {
            let word = |code: &String| -> Option<String> {
                let Mapped::Value(value) = list.map(from, code) else { return None };
                let codes = &list.systems[to].codes;
                let found = codes.iter().find(|(_, _, target)| *target == value.to_text());
                let state =
                    || matches!(value, crate::domain::codes::Value::State(_)).then(|| code.clone());
                found.map(|(code, _, _)| code.clone()).or_else(|| {
                    state().filter(|code| list.map(to, code) == Mapped::Value(value.clone()))
                })
            };
            let mut rows = said.rows.clone();
            let whole = rows.iter_mut().all(|row| match row.fields.get_mut(&field) {
                Some(Given::Code(code)) => word(code).map(|new| *code = new).is_some(),
                Some(Given::Set(codes)) => {
                    codes.iter_mut().all(|c| word(c).map(|new| *c = new).is_some())
                }
                Some(Given::Number(_)) | None => true,
            });
            if whole && rows != said.rows {
                for (row, new) in other.rows.iter_mut().zip(rows) {
                    if let Some(given) = new.fields.get(&field) {
                        row.fields.insert(field, given.clone());
                    }
                }
                other.systems.insert(field, to);
                changed += 1;
                break;
            }
        }
    }
    (other, changed)
}

#[test]
fn neither_order_nor_code_systems_change_an_answer() {
    let (mut changed, mut shuffled) = (0, 0);
    for seed in 300..300 + cases(4) {
        let (plain, setting, mut random) = grown(seed);
        let reference = plain.reference();
        let (mut orders, mut systems, mut same) = (Running::new(), Running::new(), Running::new());
        for change in &plain.changes {
            let Some(said) = &change.said else {
                for running in [&mut orders, &mut systems, &mut same] {
                    running.withdraw(&change.about);
                }
                continue;
            };
            let first = same.submit(said.as_ref().clone());
            let mut other = said.as_ref().clone();
            random.shuffle(&mut other.rows);
            let moved = other.rows != said.rows;
            shuffled += u64::from(moved);
            assert_eq!(orders.submit(other) != first, moved, "the hash is over rows in order");
            let (other, fields) = translated(said, &reference);
            changed += fields;
            systems.submit(other);
        }
        let questions = questions(&mut random, &reference, &setting, 25);
        let answers = all(&same, &questions);
        for (running, what) in [(&orders, "order"), (&systems, "code systems")] {
            for ((question, answer), other) in
                questions.iter().zip(&answers).zip(all(running, &questions))
            {
                assert_eq!(&other, answer, "world {seed}, {what}: {question:?}");
            }
        }
        // The last word of each month, and nothing else, is in the newest answer.
        let mut last = Running::new();
        for said in plain.standing(u64::MAX) {
            last.submit(said.as_ref().clone());
        }
        let model = |running: &Running, question: &ChannelQuestion| {
            let standing = running.standing(u64::MAX);
            Model { reference: &reference, standing }.channels(question)
        };
        for (question, answer) in questions.iter().zip(&answers) {
            let alone = ask(&last, question, AsOf::Head);
            let rows = |answer: &Result<Told, String>| {
                answer.clone().map(|told| (told.columns, told.rows))
            };
            assert_eq!(rows(&alone), rows(answer), "world {seed}: {question:?}");
            assert_eq!(model(&last, question), model(&plain, question));
        }
    }
    assert!(changed > 10 && shuffled > 10, "{changed} fields, {shuffled} orders");
}
