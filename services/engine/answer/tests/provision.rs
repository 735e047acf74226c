//! Whether face to face is there, held against a count consultation by consultation, with each person's latest snapshot looked up
//! one by one.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::contacts::{COLLECTION, NEEDS, grown, query, spoken};
use super::model::{Fact, Label, Model, weight};
use super::random::cases;
use super::view::{View, everybody, views};
use super::world::Said;
use crate::domain::collection::Dataset;
use crate::domain::measures::Tally;
use crate::engine::QueryError;
use crate::engine::answer::{CellCounts, ProvisionQuestion};
use crate::engine::query::{AsOf, Measure, Query};

const GROUPS: [&str; 8] = [
    "UNABLE",
    "WITH_HELP",
    "INTERPRETER_NEEDED",
    "ACCESSIBLE_NEED",
    "ANY_NEED",
    "NO_NEED",
    "NEED_NOT_KNOWN",
    "ALL",
];

#[derive(Debug, Default, PartialEq)]
struct Got {
    contacts: u64,
    unknown: u64,
    not_collected: u64,
    outside: u64,
    in_person: u64,
    remote: u64,
    /// Of each indicator.
    tallies: [Tally<u64>; 6],
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

/// What is missing, where one of some is: what does not apply goes before what is not collected, and that before what is not known.
fn missing(answers: &[char]) -> char {
    ['-', '!', '?'].into_iter().find(|state| answers.contains(state)).unwrap()
}

/// An answer of those who meet a condition.
fn given(answer: char, condition: char) -> char {
    match (answer, condition) {
        ('-', _) | (_, 'n' | '-') => '-',
        (answer, 'y') => answer,
        (answer, condition) => missing(&[answer, condition]),
    }
}

/// The lowest and the highest share: what the channel and the offer say, where one of them says anything.
fn provided(mode: char, kept: char, offered: char) -> [char; 2] {
    let known = |answer: char| matches!(answer, 'y' | 'n');
    let of_channel = known(mode) && known(kept);
    let is_collected = (mode != '!' && kept != '!') || offered == '?';
    match (mode, kept, offered) {
        ('-', ..) => ['-'; 2],
        _ if !of_channel && !known(offered) => [if is_collected { '?' } else { '!' }; 2],
        ('y', 'y', _) | (.., 'y') => ['y'; 2],
        ('n', _, 'n' | '-') | (_, 'n', 'n' | '-') => ['n'; 2],
        _ => ['n', 'y'],
    }
}

impl Model<'_> {
    /// What is known of the needs of a consultation's person: of each, yes (`y`), no (`n`), or why neither (`?`, `!`).
    fn needs(&self, fact: Fact<'_>) -> [char; 4] {
        let access = self.labels("digital_access", fact).remove(0);
        let of_access = |need: &str| match access.as_str() {
            own if own == need => 'y',
            "ABLE" | "WITH_HELP" | "UNABLE" | "!NOT_APPLICABLE" => 'n',
            "!NOT_COLLECTED" => '!',
            _ => '?',
        };
        let of = |id: &str| match says(&self.labels(id, fact)[0], "Y", "N") {
            '-' => 'n',
            says => says,
        };
        let [unable, with_help] = ["UNABLE", "WITH_HELP"].map(of_access);
        [unable, with_help, of("interpreter_needed"), of("accessible_need")]
    }

    /// Whether a consultation is of somebody of a group.
    fn member(&self, fact: Fact<'_>, group: &str) -> char {
        let needs = self.needs(fact);
        let any = match needs {
            _ if needs.contains(&'y') => 'y',
            ['n', 'n', 'n', 'n'] => 'n',
            _ if needs.contains(&'!') => '!',
            _ => '?',
        };
        match (group, any) {
            ("UNABLE", _) => needs[0],
            ("WITH_HELP", _) => needs[1],
            ("INTERPRETER_NEEDED", _) => needs[2],
            ("ACCESSIBLE_NEED", _) => needs[3],
            ("ANY_NEED", any) => any,
            ("NO_NEED", 'y') | ("NEED_NOT_KNOWN", 'y' | 'n') => 'n',
            ("NO_NEED", 'n') | ("NEED_NOT_KNOWN" | "ALL", _) => 'y',
            (_, missing) => missing,
        }
    }

    fn got(&self, facts: &[Fact<'_>], group: &str, days: u32) -> Got {
        let mut got = Got::default();
        for fact in facts {
            let n = weight(fact.1);
            let member = self.member(*fact, group);
            let of_group = if member == 'y' { n } else { 0 };
            let label = |id: &str| self.labels(id, *fact).remove(0);
            let mode = says(&label("channel_mode"), "IN_PERSON", "REMOTE");
            let offered = says(&label("face_to_face_offered"), "Y", "N");
            let requested = says(&label("face_to_face_requested"), "Y", "N");
            let prefers = says(&label("preferred_mode"), "IN_PERSON", "REMOTE");
            let attendance = label("attendance");
            let kept = match attendance.as_str() {
                "CANCELLED_BY_PROVIDER" => 'n',
                "!NOT_COLLECTED" => '!',
                "!NOT_APPLICABLE" => 'y',
                state if state.starts_with('!') => '?',
                _ => 'y',
            };
            let soon = self.soon(*fact, days);
            got.contacts += of_group;
            got.in_person += if mode == 'y' { of_group } else { 0 };
            got.remote += if mode == 'n' { of_group } else { 0 };
            got.unknown += if member == '?' { n } else { 0 };
            got.not_collected += if member == '!' { n } else { 0 };
            got.outside += if member == 'n' { n } else { 0 };
            let [lowest, highest] = provided(mode, kept, offered);
            let all = |answers: &[char]| match answers {
                _ if answers.iter().all(|answer| *answer == 'y') => 'y',
                _ if answers.iter().all(|answer| matches!(answer, 'y' | 'n')) => 'n',
                _ => missing(answers),
            };
            let met = given(all(&[mode, kept, soon]), requested);
            let remote = match mode {
                'y' => 'n',
                'n' => 'y',
                other => other,
            };
            let involuntary = all(&[prefers, remote]);
            let needs = self.needs(*fact);
            let of_need = |need: char, answer: &str| match need {
                _ if group == "NO_NEED" => '-',
                need => given(says(&label(answer), "Y", "N"), need),
            };
            let interpreter = of_need(needs[2], "interpreter_present");
            let accessible = of_need(needs[3], "accessible_need_met");
            let answers = [lowest, met, involuntary, interpreter, accessible, highest];
            for (tally, answer) in got.tallies.iter_mut().zip(answers) {
                let answer = given(answer, member);
                tally.numerator += if answer == 'y' { n } else { 0 };
                tally.denominator += if matches!(answer, 'y' | 'n') { n } else { 0 };
                tally.unknown += if answer == '?' { n } else { 0 };
                tally.not_collected += if answer == '!' { n } else { 0 };
                tally.outside += if answer == '-' { n } else { 0 };
            }
        }
        got
    }

    /// Whether the wait was at most so many days: of a band that they cut it is not known.
    fn soon(&self, fact: Fact<'_>, days: u32) -> char {
        match self.wait(fact) {
            Some((_, last)) if days >= last => 'y',
            Some((first, _)) if days < first => 'n',
            Some(_) => '?',
            None => says(&self.labels("lead_time", fact)[0], "", ""),
        }
    }

    fn provision(&self, query: &Query, days: u32) -> BTreeMap<Vec<Label>, BTreeMap<String, Got>> {
        self.rows_of(query, &|facts| {
            let groups = GROUPS.map(|group| (group.to_owned(), self.got(facts, group, days)));
            groups.into_iter().collect()
        })
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
        self.with_parents(query, &mut rows, &|whole| self.rows_of(&whole, row));
        rows
    }
}

fn found(row: &View<'_>) -> BTreeMap<String, Got> {
    let all = row.count("CONTACTS");
    let group = |group: &str| {
        let id = |indicator: &str| match group {
            "ALL" => indicator.to_owned(),
            group => format!("{indicator}/{group}"),
        };
        let others = ["ALL", "NO_NEED", "NEED_NOT_KNOWN"];
        let [given, highest] = match others.contains(&group) {
            true => ["CH-05", "CH-05-HIGHEST"],
            false => ["CH-07", "CH-07-HIGHEST"],
        };
        let ids = [given, "CH-06", "CH-08", "CH-13", "CH-14", highest].map(id);
        let tallies = ids.each_ref().map(|id| row.tally(id));
        for (id, tally) in ids.iter().zip(tallies) {
            assert_eq!(row.value(id).is_some(), tally.denominator > 0);
            assert_eq!(everybody(tally), all, "{id}");
        }
        let counts = ["CONTACTS", "IN_PERSON", "REMOTE"].map(id);
        let members = row.tally(&counts[0]);
        // Of a mode there is a count alone.
        let [in_person, remote] = [&counts[1], &counts[2]].map(|id| {
            let found = row.cell(id).counts;
            let numerator = found.numerator;
            assert_eq!(found, CellCounts { numerator, ..CellCounts::default() }, "{id}");
            numerator.unwrap_or_default()
        });
        let missing = members.unknown + members.not_collected;
        let nobody_knows = missing > 0 && missing == all;
        if all > 0 {
            assert!(counts.iter().all(|id| row.value(id).is_none() == nobody_knows), "{group}");
        }
        let got = Got {
            contacts: members.numerator,
            unknown: members.unknown,
            not_collected: members.not_collected,
            outside: members.outside,
            in_person,
            remote,
            tallies,
        };
        (group.to_owned(), got)
    };
    assert_eq!(row.of("CH-05").len() + row.of("CH-07").len(), GROUPS.len());
    GROUPS.map(group).into()
}

/// Where each need is known from: the record, a snapshot, neither.
type Sources = [[u64; 3]; NEEDS.len()];

fn found_sources(row: &View<'_>) -> Sources {
    ["ACCESS_STATUS", "INTERPRETER_NEEDED", "ACCESSIBLE_NEED"].map(|need| {
        ["RECORD", "SNAPSHOT", "NOT_KNOWN"].map(|source| row.count(&format!("{need}/{source}")))
    })
}

/// Where each need is known from, consultation by consultation.
fn sources(before: &Model<'_>, after: &Model<'_>, facts: &[Fact<'_>]) -> Sources {
    let mut sources = Sources::default();
    for fact in facts {
        // The same row as it was said.
        let row = fact.0.rows.iter().position(|row| std::ptr::eq(row, fact.1)).unwrap();
        let same = |said: &&&Arc<Said>| {
            (&said.organisation, said.month, said.dataset, said.collection)
                == (&fact.0.organisation, fact.0.month, fact.0.dataset, fact.0.collection)
        };
        let said = before.standing.iter().find(same).unwrap();
        let n = weight(fact.1);
        for (sources, (_, dimension, known)) in sources.iter_mut().zip(NEEDS) {
            let known = |model: &Model<'_>, fact: &Fact<'_>| {
                known.contains(&model.labels(dimension, *fact)[0].as_str())
            };
            if known(before, &(said.as_ref(), &said.rows[row])) {
                sources[0] += n;
            } else if known(after, fact) {
                sources[1] += n;
            } else {
                sources[2] += n;
            }
        }
    }
    sources
}

#[test]
fn what_people_who_need_face_to_face_got_is_counted_one_by_one() {
    let (mut told, mut filled, mut needs, mut met) = ([0; 3], 0, 0, 0);
    let mut apart = [0; 3];
    for seed in 0..cases(8) {
        let (running, setting, mut random) = grown(seed + 12_000);
        let reference = running.reference();
        for _ in 0..60 {
            let head = running.engine().store().catalog().position;
            let position =
                if random.chance(70) { head } else { random.below(head as usize + 1) as u64 };
            let Some(query) = query(&mut random, &running, &setting, AsOf::Position(position))
            else {
                continue;
            };
            // Snapshots of another collection are there too, and say nothing.
            let named = *random.pick(&["", COLLECTION]);
            let days = *random.pick(&[0, 1, 5, 14, 14, 28, 3650]);
            let question = ProvisionQuestion {
                query,
                access_collection: named.into(),
                request_met_days: days,
            };
            let answer = match running.engine().answer(&question) {
                Ok(answer) => answer,
                Err(QueryError::TooLarge { .. }) => continue,
                Err(error) => panic!("{error}"),
            };
            let query = &question.query;
            assert!(Model::tells_apart(query), "added up silently: {question:?}");
            let before = Model { reference: &reference, standing: running.standing(position) };
            let spoken = spoken(&before.standing, &before, COLLECTION);
            let after = Model { reference: &reference, standing: spoken.iter().collect() };
            let rows: BTreeMap<_, _> =
                views(&answer).map(|row| (row.labels(), found(&row))).collect();
            assert_eq!(rows, after.provision(query, days), "world {seed}: {question:?}");
            let known: BTreeMap<_, _> =
                views(&answer).map(|row| (row.labels(), found_sources(&row))).collect();
            let expected = after.rows_of(query, &|facts| sources(&before, &after, facts));
            assert_eq!(known, expected, "world {seed}: {question:?}");
            let snapshots =
                answer.columns().iter().find(|column| column.id == "ACCESS_STATUS/SNAPSHOT");
            assert!(snapshots.unwrap().group[0].label.ends_with(COLLECTION));
            if let Some(total) = known.get(&Vec::new()) {
                told.iter_mut().zip(total).for_each(|(sum, of)| *sum += of[1]);
            }
            filled += usize::from(rows.values().any(|row| row["ALL"].contacts > 0));
            needs += rows.values().filter(|row| row["UNABLE"].contacts > 0).count();
            for row in rows.values() {
                let three = ["ANY_NEED", "NO_NEED", "NEED_NOT_KNOWN"].map(|id| row[id].contacts);
                assert_eq!(three.iter().sum::<u64>(), row["ALL"].contacts);
                apart.iter_mut().zip(three).for_each(|(sum, contacts)| *sum += contacts);
                met += row["ALL"].tallies[1].numerator;
            }
        }
    }
    assert!(told.iter().all(|told| *told > 100), "{told:?}");
    assert!(filled > 60 && needs > 60 && met > 60, "{filled} {needs} {met}");
    assert!(apart.iter().all(|sum| *sum > 500), "{apart:?}");
}
