//! Consultations of a few people and access snapshots of them, what is asked of them, and what each consultation says once its
//! person's latest snapshot has been looked up, one by one.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::model::Model;
use super::random::Random;
use super::running::{Running, everything};
use super::world::{Given, Row, Said, Setting};
use crate::domain::collection::Dataset;
use crate::domain::field::Field;
use crate::engine::query::{AsOf, Asked, Basis, Filter, Query, TableKind};

pub(super) const COLLECTION: &str = "synthetic-llr";
const KNOWN: [&str; 3] = ["ABLE", "WITH_HELP", "UNABLE"];
/// Needs that snapshots may tell of, and what of each tells.
pub(super) const NEEDS: [(Field, &str, &[&str]); 3] = [
    (Field::DigitalAccess, "digital_access", &KNOWN),
    (Field::InterpreterNeeded, "interpreter_needed", &["Y", "N"]),
    (Field::AccessibleNeed, "accessible_need", &["Y", "N"]),
];

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
            let collected = random.chance(70);
            said.collected.retain(|field| collected || *field != Field::InterpreterNeeded);
        } else if random.chance(60) {
            // Mostly, all needs are asked about.
            said.collected.extend(NEEDS.map(|(field, ..)| field));
        }
        // Mostly, it is known who was seen and how.
        let ours = dataset == Dataset::Consultations && random.chance(70);
        if ours {
            said.systems.remove(&Field::Attendance);
            said.systems.remove(&Field::Channel);
            said.systems.remove(&Field::FaceToFaceRequested);
        }
        let asked = [Field::InterpreterNeeded, Field::AccessibleNeed];
        said.systems.retain(|field, _| !asked.contains(field));
        let mut seen = BTreeSet::new();
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
            for field in asked {
                row.fields.remove(&field);
                if said.collected.contains(&field) && random.chance(75) {
                    let code = *random.pick(&["Y", "N", "N", "N", "U"]);
                    row.fields.insert(field, Given::Code(code.into()));
                }
            }
            if dataset == Dataset::DigitalAccess {
                row.day = None;
                let code = *random.pick(&["ABLE", "WITH_HELP", "UNABLE", "NOT_ASSESSED"]);
                row.fields.insert(Field::DigitalAccess, Given::Code(code.into()));
            } else if ours {
                let fields = [
                    (Field::Attendance, ["5", "5", "5", "6", "3", "4"]),
                    (
                        Field::Channel,
                        [
                            "FACE_TO_FACE",
                            "TELEPHONE",
                            "VIDEO",
                            "HOME_VISIT",
                            "FACE_TO_FACE",
                            "EMAIL",
                        ],
                    ),
                    (Field::FaceToFaceRequested, ["Y", "Y", "Y", "N", "N", "U"]),
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
        let at_home = asked.area == "QK1" && random.chance(15);
        asked.basis = at_home.then_some(Basis::Residence);
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
    Query::new(&running.reference(), &everything(), &asked, as_of).ok()
}

/// What stands, with every consultation saying what its person's latest snapshot says where it may, of each need for itself.
pub(super) fn spoken(standing: &[&Arc<Said>], model: &Model<'_>, access: &str) -> Vec<Arc<Said>> {
    let code = |said: &Said, row: &Row, dimension: &str| -> Option<String> {
        let label = model.labels(dimension, (said, row)).remove(0);
        (!label.starts_with('!')).then_some(label)
    };
    let latest = |of: &Said, person: &String, field: Field, dimension: &str| {
        let snapshots = standing.iter().enumerate().filter(|(_, s)| {
            s.dataset == Dataset::DigitalAccess
                && s.collection == access
                && s.scheme == of.scheme
                && s.month <= of.month
                && (s.collected.contains(&field)
                    || s.rows.iter().any(|r| r.fields.contains_key(&field)))
        });
        let rows = snapshots.flat_map(|(order, s)| s.rows.iter().map(move |r| (order, s, r)));
        let of_person = rows.filter(|(_, _, row)| row.person.as_ref() == Some(person));
        let latest = of_person.max_by_key(|(order, s, _)| (s.month, *order));
        latest.and_then(|(_, s, row)| code(s, row, dimension))
    };
    let spoken = |said: &Arc<Said>| {
        if said.dataset != Dataset::Consultations {
            return Arc::clone(said);
        }
        let mut told = Said::clone(said);
        for (row, before) in told.rows.iter_mut().zip(&said.rows) {
            for (field, dimension, known) in NEEDS {
                let own = code(said, before, dimension);
                let person = before.person.as_ref();
                let says = person.and_then(|person| latest(said, person, field, dimension));
                let tells = |code: &Option<String>| {
                    code.as_ref().is_some_and(|code| known.contains(&code.as_str()))
                };
                if !tells(&own)
                    && (tells(&says) || own.is_none())
                    && let Some(says) = says
                {
                    row.fields.insert(field, Given::Code(says));
                }
            }
        }
        Arc::new(told)
    };
    standing.iter().map(|said| spoken(said)).collect()
}
