//! The people behind consultations, in the naive model; and what rates are not told of.

use std::collections::BTreeSet;

use super::faults::{contacts, query, row, said};
use super::model::{Label, Model, weight};
use super::running::Running;
use super::view::views;
use super::world::{Row, Said};
use crate::domain::codes::{Source, State, Value};
use crate::domain::collection::Dataset;
use crate::domain::field::Field;
use crate::engine::answer::{Absence, Cell, ChannelQuestion, Protected, Reason};
use crate::engine::query::{Filter, Query, Where};

fn of_people(field: Field) -> bool {
    field.is_characteristic() || field == Field::ResidenceLsoa
}

impl Model<'_> {
    /// People times months behind a row; none where they cannot be told.
    pub(super) fn people(&self, question: &ChannelQuestion, key: &[Label]) -> Option<u64> {
        let named = question.rates.as_ref()?;
        let query = &question.query;
        let own = &self.reference.collection(&query.collection)?.population_collection;
        let collection = if named.is_empty() { own } else { named };
        let field = |id: &str| self.reference.dimension(id).unwrap().field();
        let shared = |id: &str| field(id).is_none_or(of_people);
        let conditions: Vec<_> =
            query.filters.iter().filter(|f| shared(&f.dimension)).cloned().collect();
        let population =
            Query { collection: collection.clone(), filters: conditions.clone(), ..query.clone() };
        // Every organisation and month with consultations behind the row has to have a population, and only those count.
        let slot_keys = |said: &Said| {
            key.iter().zip(&query.by).all(|(label, id)| {
                let source = &self.reference.dimension(id).unwrap().source;
                matches!(source, Source::Field(_)) || self.slot_label(source, said) == *label
            })
        };
        let behind = |query: &Query, dataset| -> Vec<&Said> {
            let found = self.submissions(query, dataset).into_iter();
            found.filter(|said| slot_keys(said)).collect()
        };
        let slot = |said: &Said| (said.organisation.clone(), said.month);
        let (seen, people) =
            (behind(query, Dataset::Consultations), behind(&population, Dataset::Populations));
        let slots: BTreeSet<_> = seen.iter().map(|said| slot(said)).collect();
        let of_slot = |of: &Said| people.iter().find(|said| slot(said) == slot(of)).copied();
        if seen.iter().any(|said| of_slot(said).is_none()) {
            return None;
        }
        let missing = |label: &str| {
            let state = State::from_name(label.trim_start_matches('!'));
            state.is_some_and(|state| !matches!(state, State::Any | State::None))
        };
        let mut told_apart: Vec<(&str, String)> =
            key.iter().zip(&query.by).map(|(label, id)| (id.as_str(), label.clone())).collect();
        told_apart.retain(|(id, _)| field(id).is_some_and(of_people));
        let of_conditions = conditions.iter().filter(|filter| field(&filter.dimension).is_some());
        for filter in of_conditions {
            if told_apart.iter().all(|(id, _)| *id != filter.dimension) {
                told_apart.push((&filter.dimension, filter.codes[0].clone()));
            }
        }
        let mut home = "";
        if let Where::Residence(area) = &query.place {
            let area = self.reference.areas().get(area).unwrap();
            home = &self.reference.residence_dimension(area).unwrap().id;
            if told_apart.iter().all(|(id, _)| *id != home) {
                told_apart.push((home, area.code.clone()));
            }
        }
        for (id, label) in &told_apart {
            let field = field(id).unwrap();
            let alike = |said: &&&Said| {
                self.collects(said, field) == self.collects(of_slot(said).unwrap(), field)
            };
            if missing(label) || !seen.iter().all(|said| alike(&said)) {
                return None;
            }
            let others: Vec<Filter> =
                conditions.iter().filter(|filter| filter.dimension != *id).cloned().collect();
            let anywhere = self.reference.organisations().map(|o| o.code.clone()).collect();
            let place =
                if *id == home { Where::Organisations(anywhere) } else { query.place.clone() };
            let all = Query { place, filters: others.clone(), ..population.clone() };
            // Of people or of consultations.
            let whom = [(&all.collection, Dataset::Populations, &others)];
            let counted = Self::conditions(query, question.measure).into_iter();
            let not_this = |filter: &Filter| filter.dimension != *id;
            let counted: Vec<_> = counted.filter(not_this).collect();
            let whom =
                whom.into_iter().chain([(&query.collection, Dataset::Consultations, &counted)]);
            let known_coarsely = whom.into_iter().any(|(collection, dataset, conditions)| {
                let (collection, filters) = (collection.clone(), conditions.clone());
                let all = Query { collection, filters, ..all.clone() };
                let facts = self.facts(&all, conditions, dataset).into_iter();
                facts
                    .filter(|fact| slots.contains(&slot(fact.0)) && weight(fact.1) > 0)
                    .any(|fact| self.labels(id, fact).contains(&"!COARSER".to_owned()))
            });
            let is_category = State::from_name(label.trim_start_matches('!')).is_none();
            if is_category && known_coarsely {
                return None;
            }
        }
        let on_shared = || key.iter().zip(&query.by).filter(|(_, id)| shared(id));
        let facts = self.facts(&population, &conditions, Dataset::Populations);
        let of_row = |fact: &&(&Said, &Row)| {
            slots.contains(&slot(fact.0))
                && on_shared().all(|(label, id)| self.labels(id, **fact).contains(label))
        };
        let people: u64 = facts.iter().filter(of_row).map(|f| weight(f.1)).sum();
        (people > 0).then_some(people)
    }

    fn collects(&self, said: &Said, field: Field) -> bool {
        let uncollected = Value::State(State::NotCollected);
        said.rows.iter().any(|row| self.value(said, row, field) != uncollected)
    }
}

/// Consultations and people of an organisation in April 2020; none are people without a sex that is collected.
fn tell(running: &mut Running, organisation: &str, seen: Vec<Row>, people: Vec<Row>) {
    for (dataset, rows) in [(Dataset::Consultations, seen), (Dataset::Populations, people)] {
        let mut said = said(dataset, organisation, "2020-04", rows);
        let given = |field: &Field| said.rows.iter().any(|row| row.fields.contains_key(field));
        said.collected = said.collected.iter().copied().filter(|field| given(field)).collect();
        running.submit(said);
    }
}

fn seen(weight: u32, fields: &[(Field, &str)]) -> Vec<Row> {
    vec![row(weight, &[&[(Field::Channel, "VIDEO")], fields].concat())]
}

fn rates(running: &Running, query: Query) -> Protected {
    let question = ChannelQuestion { rates: Some(String::new()), ..contacts(query) };
    running.engine().answer(&question).unwrap()
}

/// People of a row by its codes, or why they cannot be told: the same of every channel.
fn people_of(answer: &Protected, codes: &[&str]) -> Result<u64, Absence> {
    let row = views(answer).find(|row| row.codes().eq(codes.iter().copied()));
    let cells = row.unwrap_or_else(|| panic!("{codes:?}: {:?}", answer.rows())).of("CH-03");
    let of = |cell: &Cell| match (&cell.figure, cell.counts.denominator) {
        (Ok(_), Some(people)) => Ok(people),
        (Err(why), None) => Err(why.clone()),
        other => panic!("{other:?}"),
    };
    let found: Vec<_> = cells.into_values().map(of).collect();
    assert!(!found.is_empty() && found.iter().all(|of| *of == found[0]));
    found[0].clone()
}

/// It cannot be computed, and says these things.
fn refused(found: Result<u64, Absence>, words: &[&str]) {
    let why = found.unwrap_err();
    assert_eq!(why.reason, Reason::NotComputable);
    assert!(words.iter().all(|word| why.detail.contains(word)), "{}", why.detail);
}

fn only(mut query: Query, dimension: &str, code: &str) -> Query {
    query.filters.push(Filter { dimension: dimension.into(), codes: vec![code.into()] });
    query
}

const MAN: (Field, &str) = (Field::Sex, "1");

#[test]
fn where_only_consultations_or_only_people_collect_it_there_are_no_rates_by_it() {
    let sexless = || vec![row(2000, &[])];
    for (seen_of_04v, people_of_04v) in
        [(seen(100, &[MAN]), sexless()), (seen(100, &[]), vec![row(2000, &[MAN])])]
    {
        let mut running = Running::new();
        tell(&mut running, "04C", seen(100, &[MAN]), vec![row(1000, &[MAN])]);
        tell(&mut running, "04V", seen_of_04v, people_of_04v);
        let answer = rates(&running, query(&running, "QK1", &["sex"]));
        let words = ["sex", "1 of 2", "04V 2020-04"];
        refused(people_of(&answer, &["1"]), &words);
        assert_eq!(people_of(&answer, &[]), Ok(3000), "the total does not look at the sex");
        let answer = rates(&running, only(query(&running, "QK1", &[]), "sex", "1"));
        refused(people_of(&answer, &[]), &words);
        let answer = rates(&running, query(&running, "QK1", &["organisation", "sex"]));
        assert_eq!(people_of(&answer, &["04C", "1"]), Ok(1000), "04C's own match");
        let answer = rates(&running, query(&running, "QK1", &["organisation"]));
        assert_eq!(people_of(&answer, &["04V"]), Ok(2000));
    }
    // Where neither collects it, neither is in a row.
    let mut running = Running::new();
    tell(&mut running, "04C", seen(100, &[MAN]), vec![row(1000, &[MAN])]);
    tell(&mut running, "04V", seen(100, &[]), sexless());
    let answer = rates(&running, query(&running, "QK1", &["sex"]));
    assert_eq!(people_of(&answer, &["1"]), Ok(1000));
    refused(people_of(&answer, &["NOT_COLLECTED"]), &["NOT_COLLECTED"]);
}

#[test]
fn people_known_only_more_coarsely_are_missed_in_every_row() {
    let mut running = Running::new();
    let age = |code| (Field::Age, code);
    let people = vec![
        row(1000, &[age("65+"), MAN]),
        row(10, &[age("75+"), MAN]),
        row(40, &[age("NOT_KNOWN"), MAN]),
        row(950, &[age("0-15"), (Field::Sex, "NOT_STATED")]),
    ];
    tell(&mut running, "04C", seen(100, &[age("75+"), MAN]), people);
    let answer = rates(&running, query(&running, "QK1", &["age_band"]));
    refused(people_of(&answer, &["75+"]), &["1000", "age_band"]);
    assert_eq!(people_of(&answer, &[]), Ok(2000));
    let answer = rates(&running, only(query(&running, "QK1", &[]), "age_band", "75+"));
    refused(people_of(&answer, &[]), &["1000", "age_band"]);
    // Those of whom it is not known at all are told as a share.
    let answer = rates(&running, query(&running, "QK1", &["sex"]));
    assert_eq!(people_of(&answer, &["1"]), Ok(1050));
    let told = |note: &&String| note.starts_with("47.5% of the people") && note.contains("sex");
    assert!(
        answer.provenance().notes.iter().any(|note| told(&note)),
        "{:?}",
        answer.provenance().notes
    );
    let answer = rates(&running, only(query(&running, "QK1", &[]), "sex", "1"));
    assert!(
        answer.provenance().notes.iter().any(|note| told(&note)),
        "{:?}",
        answer.provenance().notes
    );
}

#[test]
fn consultations_known_only_more_coarsely_are_missed_in_every_row_too() {
    let mut running = Running::new();
    let age = |code| (Field::Age, code);
    let of = |weight, code| row(weight, &[(Field::Channel, "TELEPHONE"), age(code)]);
    let contacts = vec![of(100, "75+"), of(900, "65+"), of(50, "NOT_KNOWN")];
    let people = vec![row(1000, &[age("75+")]), row(1000, &[age("65-74")])];
    tell(&mut running, "04C", contacts, people);
    let answer = rates(&running, query(&running, "QK1", &["age_band"]));
    refused(people_of(&answer, &["75+"]), &["900 of the consultations", "age_band"]);
    assert_eq!(people_of(&answer, &[]), Ok(2000), "the total does not look at it");
    let notes = &answer.provenance().notes;
    for told in
        ["Known only more coarsely than by age_band: 900 of the", "4.8% of the consultations"]
    {
        assert!(notes.iter().any(|note| note.starts_with(told)), "{notes:?}");
    }
    let only = rates(&running, only(query(&running, "QK1", &[]), "age_band", "75+"));
    refused(people_of(&only, &[]), &["900 of the consultations"]);
}

#[test]
fn a_condition_on_a_missing_state_has_no_rate_as_its_row_has_none() {
    let mut running = Running::new();
    let unknown = (Field::Sex, "NOT_KNOWN");
    let people = vec![row(10, &[unknown]), row(990, &[MAN])];
    tell(&mut running, "04C", seen(100, &[unknown]), people);
    let by = rates(&running, query(&running, "QK1", &["sex"]));
    refused(people_of(&by, &["NOT_KNOWN"]), &["NOT_KNOWN of sex"]);
    let only = rates(&running, only(query(&running, "QK1", &[]), "sex", "NOT_KNOWN"));
    assert_eq!(people_of(&only, &[]), people_of(&by, &["NOT_KNOWN"]));
}

#[test]
fn where_nobody_lives_the_reason_is_a_whole_sentence() {
    let mut running = Running::new();
    // Both lie in the system, the second alone in Leicester.
    let home = |code| (Field::ResidenceLsoa, code);
    tell(&mut running, "04C", seen(100, &[home("E01013600")]), vec![row(10, &[home("E01000001")])]);
    let mut query = query(&running, "QK1", &[]);
    query.place = Where::Residence("E06000016".into());
    let answer = rates(&running, query);
    refused(people_of(&answer, &[]), &["has no people here to divide by"]);
}

/// Which organisations a row is of is always known, also where they belong to no single area of a kind.
#[test]
fn organisations_of_no_single_place_have_people_too() {
    let mut running = Running::new();
    tell(&mut running, "04C", seen(100, &[MAN]), vec![row(1000, &[MAN])]);
    tell(&mut running, "03W", seen(50, &[MAN]), vec![row(300, &[MAN])]);
    let answer = rates(&running, query(&running, "QK1", &["place"]));
    assert_eq!(people_of(&answer, &["NOT_APPLICABLE"]), Ok(300));
    assert_eq!(people_of(&answer, &["E06000016"]), Ok(1000));
    let answer = rates(&running, query(&running, "QK1", &["organisation"]));
    assert_eq!(people_of(&answer, &["03W"]), Ok(300));
}

/// The category that holds those listed has a rate by the same rules as they.
#[test]
fn a_declared_parent_has_no_rate_where_what_it_holds_has_none() {
    let mut running = Running::new();
    let age = |code| (Field::Age, code);
    let people = || vec![row(600, &[age("65-74"), MAN]), row(400, &[age("75-84"), MAN])];
    tell(&mut running, "04C", seen(100, &[age("65-74"), MAN]), people());
    tell(&mut running, "04V", seen(100, &[MAN]), people());
    let codes = vec!["65-74".to_owned(), "75+".to_owned()];
    let filters = vec![Filter { dimension: "age_band".into(), codes }];
    let query = query(&running, "QK1", &["age_band"]);
    let answer = rates(&running, Query { filters, ..query });
    let is_parent = |key: &&crate::engine::answer::Key| key.state == Some(State::Any);
    let keys = || answer.rows().iter().flat_map(|row| &row.keys);
    let parent = keys().find(is_parent).expect("somebody declares what holds both").code.clone();
    for code in ["65-74", parent.as_str()] {
        refused(people_of(&answer, &[code]), &["age"]);
    }
}
