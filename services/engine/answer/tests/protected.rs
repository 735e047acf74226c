//! What a reader sees who may not see all: changed counts, none of few, and nothing that tells one that is withheld from none.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ask::labels;
use super::model::Label;
use super::random::{Random, cases};
use super::running::Running;
use super::world::{Said, Setting};
use super::{agreement, ask, contacts, exclusion};
use crate::domain::codes::Content;
use crate::domain::collection::Openness;
use crate::domain::disclosure::ptable::{Noise, PTable};
use crate::domain::disclosure::{Protection, Rules};
use crate::engine::QueryError;
use crate::engine::answer::question::Question;
use crate::engine::answer::{
    AnyQuestion, Cell, ChannelQuestion, ExclusionQuestion, ImpactQuestion, OutcomeQuestion,
    Protected, ProvisionQuestion, Reason,
};
use crate::engine::query::{AsOf, Query, Showing};

const THRESHOLD: u64 = 10;
const BOUND: u64 = 5;

fn perturbed() -> Protection {
    let table = PTable::generate(Noise::default());
    Protection::Perturbed(Arc::new(Rules { table, threshold: THRESHOLD }))
}

/// The bundled content, with the worlds' collection controlled.
pub(super) fn controlled() -> Content {
    let file = "collections.toml";
    let embedded = Content::embedded();
    let text = embedded.file(file).unwrap();
    let (before, of_world) = text.split_once("id = \"synthetic-llr\"").unwrap();
    let becomes = of_world.replacen("\"OPEN\"", "\"CONTROLLED\"", 1);
    Content::with([(file.to_owned(), format!("{before}id = \"synthetic-llr\"{becomes}"))])
}

type Cells<'a> = BTreeMap<(Vec<Label>, &'a str), &'a Cell>;

fn cells(answer: &Protected) -> Cells<'_> {
    let rows = answer.rows().iter().flat_map(|row| {
        let columns = answer.columns().iter().zip(&row.cells);
        columns.map(|(column, cell)| ((labels(&row.keys), column.id.as_str()), cell))
    });
    rows.collect()
}

fn counts(cell: &Cell) -> [Option<u64>; 5] {
    let of = &cell.counts;
    [of.numerator, of.denominator, of.unknown, of.not_collected, of.outside]
}

/// What a run saw.
#[derive(Debug, Default)]
struct Seen {
    shown: u64,
    changed: u64,
    withheld: u64,
    withheld_of_some: u64,
}

/// Answers a question to both readers, and compares them.
fn compare(running: &Running, [exact, protected]: &Pair, seen: &mut Seen) {
    let [exact, protected] = [exact, protected].map(|question| answer(running, question.as_ref()));
    let (Some(exact), Some(protected)) = (exact, protected) else { return };
    let is_told = protected.provenance().notes.iter().any(|note| note.contains("are protected"));
    assert_eq!(is_told, protected.provenance().openness == Openness::Controlled);
    let (all, some) = (cells(&exact), cells(&protected));
    for (key, cell) in &all {
        let behind = cell.counts.numerator.unwrap_or(0);
        assert!(behind == 0 || some.contains_key(key), "{key:?} {cell:?} has no place");
    }
    for (key, cell) in &some {
        let Some(own) = all.get(key).map(|cell| counts(cell)) else {
            assert_eq!(cell.counts.numerator, None, "{key:?} {cell:?}: nobody is there");
            continue;
        };
        for (count, own) in counts(cell).into_iter().zip(own) {
            let own = own.unwrap_or(0);
            match count {
                None => seen.withheld_of_some += u64::from(own > 0),
                Some(count) => {
                    assert!(count >= THRESHOLD, "{key:?} {cell:?}");
                    assert!(count.abs_diff(own) <= BOUND, "{key:?} {cell:?} {own}");
                    seen.changed += u64::from(count != own);
                }
            }
        }
        match &cell.figure {
            Ok(_) => seen.shown += 1,
            Err(why) => seen.withheld += u64::from(why.reason == Reason::Withheld),
        }
        let derived = cell.counts.numerator.is_none() && counts(cell).iter().any(Option::is_some);
        assert!(!derived || cell.figure.is_err(), "{key:?} {cell:?}: made of what is withheld");
    }
}

/// A question to who may see all, and the same to who may not.
type Pair = [Box<dyn AnyQuestion>; 2];

fn pair<Q: Question + 'static>(query: &Query, question: impl Fn(Query) -> Q) -> Pair {
    [Protection::Exact, perturbed()].map(|protection| -> Box<dyn AnyQuestion> {
        let showing = Showing { protection, ..query.showing };
        Box::new(question(Query { showing, ..query.clone() }))
    })
}

/// Random questions to every table of a controlled collection.
fn questions(random: &mut Random, running: &Running, setting: &Setting) -> Vec<Pair> {
    let (reference, mut pairs) = (running.reference(), Vec::new());
    let channels = ask::question(random, &reference, setting, AsOf::Head);
    if let Some(all) = channels.filter(|question| question.query.by.len() < 3) {
        pairs.push(pair(&all.query, |query| ChannelQuestion { query, ..all.clone() }));
        let late_counts_as_missed = random.chance(50);
        pairs.push(pair(&all.query, |query| OutcomeQuestion { query, late_counts_as_missed }));
    }
    if let Some(all) = exclusion::asked(random, running, setting, AsOf::Head) {
        pairs.push(pair(&all.query, |query| ExclusionQuestion { query, ..all.clone() }));
    }
    if let Some(query) = contacts::query(random, running, setting, AsOf::Head) {
        let (access_collection, request_met_days) = (String::new(), 7);
        pairs.push(pair(&query, |query| ProvisionQuestion {
            query,
            request_met_days,
            access_collection: access_collection.clone(),
        }));
        let late_counts_as_missed = false;
        pairs.push(pair(&query, |query| ImpactQuestion { query, late_counts_as_missed }));
    }
    pairs
}

fn answer(running: &Running, question: &dyn AnyQuestion) -> Option<Protected> {
    match question.answer(running.engine()) {
        Ok(answer) => Some(answer),
        Err(QueryError::TooLarge { .. } | QueryError::Field { .. }) => None,
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn no_count_below_the_threshold_is_shown_and_none_is_far_off() {
    let mut seen = Seen::default();
    for seed in 0..cases(6) {
        let (mut running, setting, mut random) = match seed % 2 {
            0 => agreement::grown(seed + 900),
            _ => contacts::grown(seed + 900),
        };
        running.reopen_with(controlled());
        for _ in 0..15 {
            for pair in questions(&mut random, &running, &setting) {
                compare(&running, &pair, &mut seen);
            }
        }
    }
    assert!(
        seen.shown > 1000
            && seen.changed > 1000
            && seen.withheld > 1000
            && seen.withheld_of_some > 1000,
        "{seen:?}"
    );
}

/// Submits what stands again, in another order.
fn again(running: &mut Running, random: &mut Random) {
    let standing: Vec<Arc<Said>> = running.standing(u64::MAX).into_iter().map(Arc::clone).collect();
    for said in standing {
        let mut said = Said::clone(&said);
        random.shuffle(&mut said.rows);
        running.submit(said);
    }
}

#[test]
fn a_count_that_stayed_the_same_is_changed_in_the_same_way_for_ever() {
    let mut asked = 0;
    for seed in 0..cases(4) {
        let (mut running, setting, mut random) = contacts::grown(seed + 950);
        running.reopen_with(controlled());
        let asked_of = (0..8).flat_map(|_| questions(&mut random, &running, &setting));
        let asked_of: Vec<Pair> = asked_of.collect();
        let ask = |running: &Running| -> Vec<_> {
            let answers = asked_of.iter().map(|[_, some]| answer(running, some.as_ref()));
            answers.flatten().map(|answer| answer.rows().to_vec()).collect()
        };
        let before = ask(&running);
        again(&mut running, &mut random);
        assert_eq!(before, ask(&running));
        asked += before.len();
    }
    assert!(asked > 60, "{asked}");
}

#[test]
fn of_an_open_collection_everybody_sees_all() {
    let (running, setting, mut random) = contacts::grown(990);
    let mut asked = 0;
    for [all, some] in (0..9).flat_map(|_| questions(&mut random, &running, &setting)) {
        let rows =
            |question: &dyn AnyQuestion| answer(&running, question).map(|a| a.rows().to_vec());
        if all.query().collection == "synthetic-llr" {
            assert_eq!(rows(all.as_ref()), rows(some.as_ref()));
            asked += 1;
        }
    }
    assert!(asked > 20, "{asked}");
}
