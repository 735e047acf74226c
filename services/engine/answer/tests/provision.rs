//! Whether face to face is there, held against a count consultation by consultation, with each person's latest snapshot looked up
//! one by one.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ask::labels;
use super::model::{Fact, Label, Model, weight};
use super::random::{Random, cases};
use super::running::Running;
use super::world::{Given, Row, Said, Setting};
use crate::domain::collection::Dataset;
use crate::domain::field::Field;
use crate::domain::measures::Tally;
use crate::engine::QueryError;
use crate::engine::answer::{ProvisionQuestion, ProvisionRow, Sources};
use crate::engine::query::{AsOf, Asked, Filter, Measure, Query, TableKind};

const COLLECTION: &str = "synthetic-llr";
const KNOWN: [&str; 3] = ["ABLE", "WITH_HELP", "UNABLE"];

/// Consultations of a few people, and snapshots of them.
pub(super) fn grown(seed: u64) -> (Running, Setting, Random) {
    let mut random = Random::new(seed);
    let mut running = Running::new();
    let reference = running.reference();
    let setting = Setting::random(&mut random, &reference);
    for _ in 0..8 + random.below(8) {
        let dataset =
            if random.chance(60) { Dataset::Consultations } else { Dataset::DigitalAccess };
        let mut said = setting.said_in(&mut random, &reference, dataset);
        said.collection = if dataset == Dataset::DigitalAccess && random.chance(20) {
            "practice-feed"
        } else {
            COLLECTION
        };
        let people = if random.chance(50) { 6 } else { 60 };
        if random.chance(75) {
            said.scheme = "nhs".into();
        }
        if dataset == Dataset::DigitalAccess {
            said.collected.insert(Field::DigitalAccess);
        }
        // Mostly, it is known who was seen and how.
        let ours = dataset == Dataset::Consultations && random.chance(70);
        if ours {
            said.systems.remove(&Field::Attendance);
            said.systems.remove(&Field::Channel);
        }
        let mut seen = std::collections::BTreeSet::new();
        for row in &mut said.rows {
            row.day = random.chance(85).then(|| 1 + random.below(said.month.days().into()) as u8);
            row.weight = None;
            let person = format!("p{}", random.below(people));
            let named = !said.scheme.is_empty() && random.chance(85);
            let once = dataset == Dataset::Consultations || seen.insert(person.clone());
            row.person = (named && once).then_some(person);
            if row.person.is_none() && random.chance(30) {
                row.weight = Some(1 + random.below(9) as u32);
            }
            if dataset == Dataset::DigitalAccess {
                row.day = None;
                let code = *random.pick(&["ABLE", "WITH_HELP", "UNABLE", "NOT_ASSESSED"]);
                row.fields.insert(Field::DigitalAccess, Given::Code(code.into()));
            } else if ours {
                let fields = [
                    (Field::Attendance, ["5", "5", "6", "3"]),
                    (Field::Channel, ["FACE_TO_FACE", "TELEPHONE", "VIDEO", "HOME_VISIT"]),
                ];
                for (field, codes) in fields {
                    let code = if random.chance(90) { *random.pick(&codes) } else { "NOT_KNOWN" };
                    row.fields.insert(field, Given::Code(code.into()));
                }
            }
        }
        if random.chance(10) {
            said.rows.iter_mut().for_each(|row| row.day = None);
        }
        running.submit(said);
    }
    (running, setting, random)
}

pub(super) fn query(
    random: &mut Random,
    running: &Running,
    setting: &Setting,
    as_of: AsOf,
) -> Option<Query> {
    let by = [
        "month",
        "organisation",
        "place",
        "sex",
        "age_band",
        "disability",
        "digital_access",
        "interpreter_needed",
        "channel",
        "channel_mode",
        "face_to_face_offered",
        "ethnic_group_broad",
    ];
    let table = TableKind::Consultations;
    let mut asked = Asked { table, collection: COLLECTION.into(), ..Asked::default() };
    if random.chance(60) {
        asked.area = (*random.pick(&["QK1", "QK1", "E10000018", "03W"])).into();
        asked.residence = asked.area == "QK1" && random.chance(15);
    } else {
        asked.organisations.clone_from(&setting.organisations);
        asked.organisations.truncate(1 + random.below(3));
    }
    let (first, last) = (random.pick(&setting.months), random.pick(&setting.months));
    (asked.first, asked.last) = (first.min(last).to_string(), first.max(last).to_string());
    for _ in 0..random.below(3) {
        asked.by.push((*random.pick(&by)).into());
    }
    if random.chance(40) {
        let (dimension, codes) = *random.pick(&[
            ("sex", &["1"] as &[&str]),
            ("digital_access", &["UNABLE"]),
            ("digital_access", &["UNABLE", "NOT_COLLECTED"]),
            ("digital_access", &["NOT_ASSESSED"]),
            ("channel", &["VIDEO"]),
            ("channel", &["VIDEO", "FACE_TO_FACE"]),
            ("channel", &["HOME_VISIT", "FACE_TO_FACE", "NOT_KNOWN"]),
            ("care_setting", &["PRIMARY_CARE"]),
        ]);
        let codes = codes.iter().map(|code| (*code).to_owned()).collect();
        asked.filters.push(Filter { dimension: dimension.into(), codes });
    }
    Query::new(&running.reference(), &asked, as_of).ok()
}

/// What stands, with every consultation saying what its person's latest snapshot says where it may; and how many it told.
pub(super) fn spoken(standing: &[&Arc<Said>], model: &Model<'_>, access: &str) -> Vec<Arc<Said>> {
    let code = |said: &Said, row: &Row| -> Option<String> {
        let label = model.labels("digital_access", (said, row)).remove(0);
        (!label.starts_with('!')).then_some(label)
    };
    let latest = |of: &Said, person: &String| {
        let snapshots = standing.iter().enumerate().filter(|(_, s)| {
            s.dataset == Dataset::DigitalAccess
                && s.collection == access
                && s.scheme == of.scheme
                && s.month <= of.month
                && (s.collected.contains(&Field::DigitalAccess)
                    || s.rows.iter().any(|r| r.fields.contains_key(&Field::DigitalAccess)))
        });
        let rows = snapshots.flat_map(|(order, s)| s.rows.iter().map(move |r| (order, s, r)));
        let of_person = rows.filter(|(_, _, row)| row.person.as_ref() == Some(person));
        of_person.max_by_key(|(order, s, _)| (s.month, *order)).and_then(|(_, s, row)| code(s, row))
    };
    let spoken = |said: &Arc<Said>| {
        if said.dataset != Dataset::Consultations {
            return Arc::clone(said);
        }
        let mut told = Said::clone(said);
        for (row, before) in told.rows.iter_mut().zip(&said.rows) {
            let own = code(said, before);
            let says = before.person.as_ref().and_then(|person| latest(said, person));
            let known =
                |code: &Option<String>| code.as_ref().is_some_and(|c| KNOWN.contains(&c.as_str()));
            if !known(&own)
                && (known(&says) || own.is_none())
                && let Some(says) = says
            {
                row.fields.insert(Field::DigitalAccess, Given::Code(says));
            }
        }
        Arc::new(told)
    };
    standing.iter().map(|said| spoken(said)).collect()
}

#[derive(Debug, Default, PartialEq)]
struct Got {
    contacts: u64,
    in_person: u64,
    remote: u64,
    /// Numerator, denominator, unknown, not collected of each indicator.
    tallies: [(u64, u64, u64, u64); 5],
}

/// Yes, no, or why neither: `?` not known, `-` does not apply, `!` not collected.
fn says(label: &str, yes: &str, no: &str) -> char {
    match label {
        _ if label == yes => 'y',
        _ if label == no => 'n',
        "!NOT_COLLECTED" => '!',
        "!NOT_APPLICABLE" => '-',
        _ => '?',
    }
}

/// What is missing, where one of two is.
fn missing(first: char, second: char) -> char {
    ['!', '?', '-'].into_iter().find(|state| first == *state || second == *state).unwrap()
}

impl Model<'_> {
    fn got(&self, facts: &[Fact<'_>]) -> Got {
        let mut got = Got::default();
        for fact in facts {
            let n = weight(fact.1);
            let label = |id: &str| self.labels(id, *fact).remove(0);
            let mode = says(&label("channel_mode"), "IN_PERSON", "REMOTE");
            let offered = says(&label("face_to_face_offered"), "Y", "N");
            let requested = says(&label("face_to_face_requested"), "Y", "N");
            let prefers = says(&label("preferred_mode"), "IN_PERSON", "REMOTE");
            got.contacts += n;
            got.in_person += if mode == 'y' { n } else { 0 };
            got.remote += if mode == 'n' { n } else { 0 };
            let given = match (mode, offered) {
                (_, '!') => '!',
                ('y', _) | (_, 'y') => 'y',
                ('n', 'n') => 'n',
                (a, b) => missing(a, b),
            };
            let met = match requested {
                'y' => mode,
                '!' => '!',
                _ => '-',
            };
            let involuntary = match (prefers, mode) {
                ('y', 'n') => 'y',
                ('y' | 'n', 'y' | 'n') => 'n',
                (a, b) => missing(a, b),
            };
            let of_need = |need: &str, answer: &str| match says(&label(need), "Y", "N") {
                'y' => says(&label(answer), "Y", "N"),
                '!' => '!',
                _ => '-',
            };
            let interpreter = of_need("interpreter_needed", "interpreter_present");
            let accessible = of_need("accessible_need", "accessible_need_met");
            let answers = [given, met, involuntary, interpreter, accessible];
            for (tally, answer) in got.tallies.iter_mut().zip(answers) {
                tally.0 += if answer == 'y' { n } else { 0 };
                tally.1 += if matches!(answer, 'y' | 'n') { n } else { 0 };
                tally.2 += if answer == '?' { n } else { 0 };
                tally.3 += if answer == '!' { n } else { 0 };
            }
        }
        got
    }

    fn groups(&self, facts: &[Fact<'_>]) -> BTreeMap<String, Got> {
        let is = |fact: &Fact<'_>, id: &str, code: &str| self.labels(id, *fact)[0] == code;
        let holds = |fact: &Fact<'_>, group: &str| match group {
            "INTERPRETER_NEEDED" => is(fact, "interpreter_needed", "Y"),
            "ACCESSIBLE_NEED" => is(fact, "accessible_need", "Y"),
            access => is(fact, "digital_access", access),
        };
        let needs = ["UNABLE", "WITH_HELP", "INTERPRETER_NEEDED", "ACCESSIBLE_NEED"];
        let any = |fact: &Fact<'_>| needs.iter().any(|need| holds(fact, need));
        let of = |keeps: &dyn Fn(&Fact<'_>) -> bool| {
            let kept: Vec<_> = facts.iter().filter(|fact| keeps(fact)).copied().collect();
            self.got(&kept)
        };
        let mut groups: BTreeMap<_, _> =
            needs.iter().map(|need| ((*need).to_owned(), of(&|fact| holds(fact, need)))).collect();
        groups.insert("ANY_NEED".into(), of(&any));
        groups.insert("NO_NEED".into(), of(&|fact| !any(fact)));
        groups.insert("ALL".into(), of(&|_| true));
        groups
    }

    fn provision(&self, query: &Query) -> BTreeMap<Vec<Label>, BTreeMap<String, Got>> {
        self.rows_of(query, &|facts| self.groups(facts))
    }

    /// Every row of a table of consultations.
    pub(super) fn rows_of<T>(
        &self,
        query: &Query,
        row: &dyn Fn(&[Fact<'_>]) -> T,
    ) -> BTreeMap<Vec<Label>, T> {
        let filters = Self::conditions(query, Measure::Contacts);
        let facts = self.facts(query, &filters, Dataset::Consultations);
        let mut rows = BTreeMap::new();
        for (key, facts) in self.table(&query.by, &facts) {
            let wanted = if key.is_empty() {
                Self::has_total(query)
            } else {
                self.wanted(query, &filters, &key)
            };
            if wanted {
                rows.insert(key, row(&facts));
            }
        }
        if let Some((key, whole)) = self.declared_parent(query) {
            rows.insert(key, self.rows_of(&whole, row).remove(&Vec::new()).unwrap());
        }
        rows
    }
}

fn found(row: &ProvisionRow) -> BTreeMap<String, Got> {
    let groups = row.groups.iter().map(|group| {
        let counts = &group.counts;
        let tally = |tally: &Tally| {
            (tally.numerator, tally.denominator, tally.unknown, tally.not_collected)
        };
        let ids: Vec<_> = group.indicators.iter().map(|cell| cell.indicator.as_str()).collect();
        let given =
            if ["ALL", "NO_NEED"].contains(&group.group.name()) { "CH-05" } else { "CH-07" };
        assert_eq!(ids, [given, "CH-06", "CH-08", "CH-13", "CH-14"]);
        let mut tallies = [(0, 0, 0, 0); 5];
        for (place, cell) in tallies.iter_mut().zip(&group.indicators) {
            *place = tally(&cell.tally);
            assert_eq!(cell.share.is_ok(), cell.tally.denominator > 0);
        }
        let got = Got {
            contacts: counts.contacts,
            in_person: counts.in_person,
            remote: counts.remote,
            tallies,
        };
        (group.group.name().to_owned(), got)
    });
    groups.collect()
}

/// Where it is known from whether people can use remote care, consultation by consultation.
fn sources(before: &Model<'_>, after: &Model<'_>, query: &Query, access: &str) -> Sources {
    let filters = Model::conditions(query, Measure::Contacts);
    let known = |model: &Model<'_>, fact: &Fact<'_>| {
        KNOWN.contains(&model.labels("digital_access", *fact)[0].as_str())
    };
    let mut sources = Sources { collection: access.into(), ..Sources::default() };
    for fact in after.facts(query, &filters, Dataset::Consultations) {
        // The same row as it was said.
        let row = fact.0.rows.iter().position(|row| std::ptr::eq(row, fact.1)).unwrap();
        let same = |said: &&&Arc<Said>| {
            (&said.organisation, said.month, said.dataset, said.collection)
                == (&fact.0.organisation, fact.0.month, fact.0.dataset, fact.0.collection)
        };
        let said = before.standing.iter().find(same).unwrap();
        let n = weight(fact.1);
        if known(before, &(said.as_ref(), &said.rows[row])) {
            sources.record += n;
        } else if known(after, &fact) {
            sources.snapshot += n;
        } else {
            sources.unknown += n;
        }
    }
    sources
}

#[test]
fn what_people_who_need_face_to_face_got_is_counted_one_by_one() {
    let (mut told, mut filled, mut needs) = (0, 0, 0);
    for seed in 0..cases(8) {
        let (running, setting, mut random) = grown(seed + 11_000);
        let reference = running.reference();
        for _ in 0..40 {
            let head = running.engine().store().catalog().position;
            let position =
                if random.chance(70) { head } else { random.below(head as usize + 1) as u64 };
            let Some(query) = query(&mut random, &running, &setting, AsOf::Position(position))
            else {
                continue;
            };
            let named = *random.pick(&["", "", "practice-feed"]);
            let access = if named.is_empty() { COLLECTION } else { named };
            let question = ProvisionQuestion { query, access_collection: named.into() };
            let table = match running.engine().provision(&question) {
                Ok(table) => table,
                Err(QueryError::TooLarge { .. }) => continue,
                Err(error) => panic!("{error}"),
            };
            let query = &question.query;
            let before = Model { reference: &reference, standing: running.standing(position) };
            let spoken = spoken(&before.standing, &before, access);
            let after = Model { reference: &reference, standing: spoken.iter().collect() };
            let rows: BTreeMap<_, _> =
                table.rows.iter().map(|row| (labels(&row.keys), found(row))).collect();
            assert_eq!(rows, after.provision(query), "world {seed}: {question:?}");
            assert_eq!(table.sources, sources(&before, &after, query, access), "{question:?}");
            told += table.sources.snapshot;
            filled += usize::from(rows.values().any(|row| row["ALL"].contacts > 0));
            needs += rows.values().filter(|row| row["UNABLE"].contacts > 0).count();
        }
    }
    assert!(told > 500 && filled > 60 && needs > 60, "{told} {filled} {needs}");
}
