//! What a reader sees who may not see all: changed counts, none of few, and nothing that tells one that is withheld from none.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::faults::{contacts as all_contacts, query, row, said};
use super::random::{Random, cases};
use super::running::Running;
use super::suppressed::cells;
use super::world::{Given, Row, Said, Setting};
use super::{agreement, ask, contacts, exclusion};
use crate::domain::codes::Content;
use crate::domain::collection::{Dataset, Openness};
use crate::domain::disclosure::ptable::{Noise, PTable};
use crate::domain::disclosure::{Protection, Rules, key_as_person};
use crate::domain::field::Field;
use crate::engine::QueryError;
use crate::engine::answer::question::Question;
use crate::engine::answer::{
    AnyQuestion, Cell, ChannelQuestion, ExclusionQuestion, ImpactQuestion, Key, OutcomeQuestion,
    Protected, ProvisionQuestion, Reason,
};
use crate::engine::query::{AsOf, Filter, Measure, Query, Showing};

const THRESHOLD: u64 = 10;
const BOUND: u64 = 5;

pub(super) fn perturbed() -> Protection {
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

fn counts(cell: &Cell) -> [Option<u64>; 5] {
    let of = &cell.counts;
    [of.numerator, of.denominator, of.unknown, of.not_collected, of.outside]
}

/// What a run saw.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) shown: u64,
    pub(super) changed: u64,
    pub(super) withheld: u64,
    withheld_of_some: u64,
}

/// Answers a question to both readers, and compares them.
pub(super) fn compare(running: &Running, [exact, protected]: &Pair, seen: &mut Seen) {
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
pub(super) type Pair = [Box<dyn AnyQuestion>; 2];

pub(super) fn pair<Q: Question + 'static>(query: &Query, question: impl Fn(Query) -> Q) -> Pair {
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
        // All small areas of England, which no partner may ask for, do not fit into the memory that a test has.
        Err(
            QueryError::TooLarge { .. } | QueryError::TooHeavy { .. } | QueryError::Field { .. },
        ) => None,
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

/// Submits what stands again, in another order, and rows of several alike in parts.
fn again(running: &mut Running, random: &mut Random) {
    let standing: Vec<Arc<Said>> = running.standing(u64::MAX).into_iter().map(Arc::clone).collect();
    for said in standing {
        let mut said = Said::clone(&said);
        let parts = said.rows.iter_mut().filter_map(|row| {
            let part = row.weight.filter(|weight| *weight > 2)? / 2;
            row.weight = row.weight.map(|weight| weight - part);
            Some(Row { weight: Some(part), ..row.clone() })
        });
        let parts: Vec<Row> = parts.collect();
        said.rows.extend(parts);
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

/// The count that is shown of so many records with these keys.
fn shown(count: usize, keys: impl Iterator<Item = u8>) -> Option<u64> {
    let Protection::Perturbed(rules) = perturbed() else { panic!("exact") };
    let key = keys.fold(0u8, u8::wrapping_add);
    let count = rules.table.perturbed(count as u64, key);
    Some(count).filter(|count| *count >= THRESHOLD)
}

#[test]
fn a_count_is_changed_by_the_keys_of_its_records_and_persons_by_theirs() {
    let mut running = Running::new();
    running.reopen_with(controlled());
    // 900 records of 300 persons, and 12 of one, by video.
    let mut rows: Vec<Row> = (0..900)
        .map(|number| {
            let channel = ["TELEPHONE", "FACE_TO_FACE"][number % 2];
            let fields = [(Field::Channel, channel), (Field::Sex, ["1", "2"][number % 3 / 2])];
            Row { person: Some(format!("p{}", number % 300)), weight: None, ..row(1, &fields) }
        })
        .collect();
    rows.extend((0..12).map(|_| {
        let fields = [(Field::Channel, "VIDEO"), (Field::Sex, "1")];
        Row { person: Some("one".into()), weight: None, ..row(1, &fields) }
    }));
    running.submit(said(Dataset::Consultations, "04C", "2020-04", rows.clone()));
    let engine = running.engine();
    let keys = {
        let catalog = engine.store().catalog();
        let slot = running.slot(&running.changes[0].about);
        let submission = Arc::clone(catalog.stands(&slot).unwrap());
        drop(catalog);
        engine.store().reader().record_keys(&submission).unwrap().0.data
    };
    let of = |measure| {
        let mut query = query(&running, "QK1", &["sex"]);
        query.showing.protection = perturbed();
        ChannelQuestion { measure, ..all_contacts(query) }
    };
    let of_row = |answer: &Protected, sex: &str, column: &str| {
        let row =
            answer.rows().iter().find(|row| row.keys.first().is_some_and(|key| key.code == sex));
        let at = answer.columns().iter().position(|of| of.id == column).unwrap();
        row.unwrap().cells[at].counts.numerator
    };
    let (contacts, persons) = (of(Measure::Contacts), of(Measure::Persons));
    let [contacts, persons] = [contacts, persons].map(|question| engine.answer(&question).unwrap());
    let mut compared = 0;
    for sex in ["1", "2"] {
        for channel in ["TELEPHONE", "FACE_TO_FACE"] {
            let is_in = |row: &Row| {
                row.fields.get(&Field::Sex) == Some(&Given::Code(sex.into()))
                    && row.fields.get(&Field::Channel) == Some(&Given::Code(channel.into()))
            };
            let inside: Vec<usize> =
                (0..rows.len()).filter(|number| is_in(&rows[*number])).collect();
            let expected = shown(inside.len(), inside.iter().map(|number| keys[*number]));
            assert_eq!(of_row(&contacts, sex, &format!("CH-01/{channel}")), expected);
            let own: BTreeMap<_, _> =
                inside.iter().map(|number| (rows[*number].person.clone(), keys[*number])).collect();
            let expected = shown(own.len(), own.values().map(|key| key_as_person(*key)));
            assert_eq!(of_row(&persons, sex, &format!("CH-02/{channel}")), expected);
            compared += 1;
        }
    }
    assert_eq!(compared, 4);
    // Twelve consultations of one person are one person.
    assert_eq!(of_row(&contacts, "1", "CH-01/VIDEO"), None);
}

#[test]
fn rates_over_an_open_population_tell_no_consultations() {
    let mut running = Running::new();
    let rows = |channel| {
        vec![
            row(7, &[(Field::Channel, channel), (Field::Sex, "1")]),
            row(3, &[(Field::Channel, channel)]),
        ]
    };
    let mut seen = said(Dataset::Consultations, "C82001", "2020-04", rows("VIDEO"));
    seen.collection = "practice-feed";
    running.submit(seen);
    let mut people =
        said(Dataset::Populations, "C82001", "2020-04", vec![row(500, &[(Field::Sex, "1")])]);
    people.collection = "synthetic-llr";
    running.submit(people);
    let mut query = query(&running, "QK1", &["sex"]);
    query.collection = "practice-feed".into();
    query.showing.protection = perturbed();
    let question = ChannelQuestion { rates: Some("synthetic-llr".into()), ..all_contacts(query) };
    let answer = running.engine().answer(&question).unwrap();
    let words = format!("{:?} {:?}", answer.provenance().notes, answer.rows());
    assert!(!words.contains("of the consultations"), "{words}");
}

#[test]
fn people_who_leave_few_of_a_practice_are_withheld_because_its_size_is_published_elsewhere() {
    let seen_of = |women: u32, query: &dyn Fn(&Running) -> Query| {
        let mut running = Running::new();
        running.reopen_with(controlled());
        let rows = |weights: [u32; 2], fields: &[(Field, &str)]| {
            let of = |sex: &str, weight| row(weight, &[fields, &[(Field::Sex, sex)]].concat());
            vec![of("1", weights[0]), of("2", weights[1])]
        };
        let seen = rows([60, 60], &[(Field::Channel, "VIDEO")]);
        for organisation in ["C82001", "C82002", "C82003"] {
            running.submit(said(Dataset::Consultations, organisation, "2020-04", seen.clone()));
            let people = rows([400, women], &[]);
            running.submit(said(Dataset::Populations, organisation, "2020-04", people));
        }
        let mut query = query(&running);
        query.showing.protection = perturbed();
        let told = query.by.len();
        let question = ChannelQuestion { rates: Some(String::new()), ..all_contacts(query) };
        let answer = running.engine().answer(&question).unwrap();
        let is_of_men = |keys: &[Key]| keys.len() == told && keys.iter().all(|key| key.code == "1");
        let men = answer.rows().iter().find(|row| is_of_men(&row.keys));
        let mut cells = answer.columns().iter().zip(&men.unwrap().cells);
        cells.any(|(of, cell)| of.indicator == "CH-03" && cell.counts.denominator.is_some())
    };
    let by_sex = |running: &Running| query(running, "QK1", &["sex"]);
    let of_men = |running: &Running| {
        let mut query = query(running, "QK1", &[]);
        query.filters.push(Filter { dimension: "sex".into(), codes: vec!["1".into()] });
        query
    };
    let ways: [&dyn Fn(&Running) -> Query; 2] = [&by_sex, &of_men];
    for way in ways {
        assert_eq!((seen_of(200, way), seen_of(1, way)), (true, false));
    }
}

/// What a reader sees of the form of an answer: which rows and columns there are, and what each cell has.
fn form(answer: &Protected) -> Vec<String> {
    let cell = |cell: &Cell| {
        let has = counts(cell).map(|count| u8::from(count.is_some()));
        format!("{has:?} {:?}", cell.figure.as_ref().map(|figure| figure.limits.is_some()))
    };
    let rows = answer.rows().iter().map(|row| {
        let keys: Vec<_> = row.keys.iter().map(|key| key.code.as_str()).collect();
        let cells: Vec<_> = row.cells.iter().map(cell).collect();
        format!("{keys:?} {cells:?}")
    });
    let columns = answer.columns().iter().map(|column| column.id.clone());
    let provenance = answer.provenance();
    let notes = provenance.notes.iter().cloned();
    rows.chain(columns).chain(notes).chain([format!("{:?}", provenance.empty)]).collect()
}

#[test]
fn nothing_tells_a_cell_of_few_from_one_of_nobody() {
    let world = |few: u32| {
        let mut running = Running::new();
        running.reopen_with(controlled());
        let fields =
            |channel, sex| [(Field::Channel, channel), (Field::Attendance, "5"), (Field::Sex, sex)];
        let mut rows =
            vec![row(700, &fields("TELEPHONE", "1")), row(400, &fields("TELEPHONE", "9"))];
        if few > 0 {
            rows.push(row(few, &fields("VIDEO", "2")));
        }
        for organisation in ["C82001", "C82002", "C82009"] {
            running.submit(said(Dataset::Consultations, organisation, "2020-04", rows.clone()));
        }
        running
    };
    let [none, some] = [world(0), world(1)];
    let mut compared = 0;
    for by in [&["sex"][..], &["organisation"], &["sex", "age_broad"], &[]] {
        let forms = [&none, &some].map(|running| {
            let mut query = query(running, "QK1", by);
            query.showing.protection = perturbed();
            let late_counts_as_missed = false;
            let questions: [Box<dyn AnyQuestion>; 4] = [
                Box::new(all_contacts(query.clone())),
                Box::new(OutcomeQuestion { query: query.clone(), late_counts_as_missed }),
                Box::new(ImpactQuestion { query: query.clone(), late_counts_as_missed }),
                Box::new(ProvisionQuestion {
                    query,
                    access_collection: String::new(),
                    request_met_days: 14,
                }),
            ];
            questions.map(|question| form(&question.answer(running.engine()).unwrap()))
        });
        for (of_none, of_some) in forms[0].iter().zip(&forms[1]) {
            assert_eq!(of_none, of_some, "{by:?}");
            compared += of_none.len();
        }
    }
    assert!(compared > 100, "{compared}");
    // A refusal for size says what could occur.
    let refusals = [&none, &some].map(|running| {
        let mut query = query(running, "QK1", &["age_years", "residence_lsoa", "main_language"]);
        query.showing.protection = perturbed();
        running.engine().answer(&all_contacts(query)).unwrap_err().to_string()
    });
    assert_eq!(refusals[0], refusals[1]);
    assert!(refusals[0].contains("cells are above the limit"), "{refusals:?}");
}
