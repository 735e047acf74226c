//! Releases of random worlds, held against a model that compares the months of every organisation one by one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::random::Random;
use super::running::Running;
use super::world::{Given, Row, Said, Setting};
use crate::domain::codes::Content;
use crate::domain::collection::Dataset;
use crate::domain::field::Field;
use crate::domain::period::Month;
use crate::domain::reference::Reference;
use crate::engine::releases::closing::{Automatic, Tried, Try};
use crate::engine::releases::{MadeRelease, NotReleased, WantedRelease};
use crate::engine::{Engine, Release, ReleaseReason, WriteError};

/// Collection, dataset, organisation and month.
type Place = (&'static str, u8, String, Month);
/// The hash of the content of each month that stands.
type Contents = BTreeMap<Place, [u8; 32]>;

const LEAST: usize = 3;
const CONTROLLED: &str = "practice-feed";

/// A world, and what stands in it.
struct World {
    running: Running,
    stands: Contents,
}

impl World {
    fn new() -> Self {
        Self { running: Running::new(), stands: Contents::new() }
    }

    /// A random change: something said, said again, or withdrawn.
    fn change(&mut self, random: &mut Random, setting: &Setting) {
        let position = self.running.engine().position();
        let standing: Vec<_> = self.running.standing(position).into_iter().cloned().collect();
        let place = |said: &Said| -> Place {
            (said.collection, said.dataset.number(), said.organisation.clone(), said.month)
        };
        if random.chance(15) && !standing.is_empty() {
            let about = random.pick(&standing);
            self.running.withdraw(about);
            self.stands.remove(&place(about));
            return;
        }
        // Of few contents, so that the same comes again: that is no change.
        let given = |field: Field, code: &str| (field, Given::Code(code.to_owned()));
        let row = |random: &mut Random| Row {
            fields: [given(Field::Channel, ["TELEPHONE", "VIDEO"][random.below(2)])].into(),
            ..Row::default()
        };
        let said = Said {
            // Mostly of a collection that is not open: the rule does not look at the other one.
            collection: if random.chance(80) { CONTROLLED } else { "synthetic-llr" },
            dataset: Dataset::Consultations,
            organisation: random.pick(&setting.organisations).clone(),
            month: *random.pick(&setting.months),
            systems: BTreeMap::new(),
            collected: BTreeSet::new(),
            scheme: String::new(),
            rows: (0..=random.below(2)).map(|_| row(random)).collect(),
        };
        let place = place(&said);
        let hash = self.running.submit(said);
        self.stands.insert(place, hash);
    }

    fn release(&self, id: &str) -> Result<MadeRelease, NotReleased> {
        self.running.block_on(async |engine| make(engine, id, "maker", id).await)
    }
}

pub(super) async fn make(
    engine: &Engine,
    id: &str,
    caller: &str,
    request_id: &str,
) -> Result<MadeRelease, NotReleased> {
    let (reason, now) = (ReleaseReason::Operator, engine.store().now());
    let wanted = WantedRelease { id: id.to_owned(), reason, now };
    engine.make_release(&wanted, caller, request_id).await
}

/// The areas in which a reader of two states could see the change of too few organisations, by collection and dataset.
fn held_up(reference: &Reference, before: &Contents, now: &Contents) -> BTreeSet<(String, String)> {
    let about: BTreeSet<_> = before.keys().chain(now.keys()).map(|of| (of.0, of.1)).collect();
    let about = about.into_iter().filter(|(collection, _)| *collection == CONTROLLED);
    let mut found = BTreeSet::new();
    for (collection, dataset) in about {
        for area in reference.areas().iter() {
            let members = reference.members(&area.code);
            let of = |contents: &Contents, code: &str| -> Vec<(Month, [u8; 32])> {
                let is_of =
                    |place: &Place| (place.0, place.1, &*place.2) == (collection, dataset, code);
                let all = contents.iter().filter(|(place, _)| is_of(place));
                all.map(|(place, hash)| (place.3, *hash)).collect()
            };
            let with = |contents: &Contents| {
                members.keys().filter(|code| !of(contents, code).is_empty()).count()
            };
            let changed = members.keys().filter(|code| of(before, code) != of(now, code)).count();
            let is_shown = with(before) >= LEAST && with(now) >= LEAST;
            if is_shown && (1..LEAST).contains(&changed) {
                found.insert((collection.to_owned(), area.code.clone()));
            }
        }
    }
    found
}

/// A few practices of two PCNs, one of them with two practices, and three of another place.
fn setting(reference: &Reference) -> Setting {
    let pcn = |wanted: fn(usize) -> bool| {
        let areas = reference.areas();
        let pcns = areas.iter().filter(|area| area.kind == "pcn");
        let mut pcns = pcns.filter(|area| areas.ancestors(&area.code).contains("QK1"));
        let found = pcns.find(|area| wanted(reference.members(&area.code).len())).unwrap();
        reference.members(&found.code).keys().take(4).cloned().collect::<Vec<_>>()
    };
    let organisations = [pcn(|members| members >= 5), pcn(|members| members == 2)].concat();
    Setting { organisations, months: vec!["2020-03".parse().unwrap(), "2020-04".parse().unwrap()] }
}

#[test]
fn no_release_shows_the_change_of_too_few_organisations() {
    let reference = Reference::new(&Content::embedded()).unwrap();
    let (mut made, mut refused) = (0, 0);
    for seed in 0..super::random::cases(6) {
        let mut random = Random::new(seed);
        let (setting, mut world) = (setting(&reference), World::new());
        let mut last: Option<Contents> = None;
        let mut shown: Vec<(Arc<Release>, u64)> = Vec::new();
        for number in 0..12 {
            for _ in 0..=random.below(8) {
                world.change(&mut random, &setting);
            }
            let position = world.running.engine().position();
            let expected = last
                .as_ref()
                .map(|last| held_up(&reference, last, &world.stands))
                .unwrap_or_default();
            match world.release(&format!("r{number}")) {
                Ok(MadeRelease { release, replayed: false }) => {
                    assert!(expected.is_empty(), "seed {seed}: {expected:?}");
                    assert_eq!((release.shown, release.position), (position, position + 1));
                    last = Some(world.stands.clone());
                    shown.push((release, position));
                    made += 1;
                }
                Err(NotReleased::HeldUp { areas, least: LEAST, .. }) => {
                    let named: BTreeSet<_> =
                        areas.iter().map(|of| (of.collection.clone(), of.area.clone())).collect();
                    assert_eq!(named, expected, "seed {seed}");
                    assert!(!named.is_empty());
                    refused += 1;
                }
                Err(NotReleased::Empty) => assert!(world.stands.is_empty() && last.is_none()),
                other => panic!("seed {seed}: {other:?}"),
            }
        }
        // The same from the log alone, and from the rows.
        for lose_rows in [false, true] {
            world.running.reopen(|folder| {
                if lose_rows {
                    std::fs::remove_dir_all(folder.join("sled")).unwrap();
                }
            });
            let all = world.running.engine().releases(0, usize::MAX);
            let known: Vec<_> =
                shown.iter().rev().map(|(release, _)| Arc::clone(release)).collect();
            assert_eq!(all, known, "seed {seed}");
        }
    }
    assert!(made > 10 && refused > 5, "made {made}, refused {refused}");
}

#[test]
fn a_name_belongs_to_one_release_and_a_request_makes_one() {
    let reference = Reference::new(&Content::embedded()).unwrap();
    let (setting, mut random, mut world) = (setting(&reference), Random::new(1), World::new());
    assert!(matches!(world.release("a"), Err(NotReleased::Empty)), "there is no data");
    world.change(&mut random, &setting);
    let first = world.release("a").unwrap();
    assert_eq!((first.replayed, &*first.release.id), (false, "a"));
    // The request again, also after a start and after a change that the rule would refuse: the first answer.
    for _ in 0..2 {
        world.change(&mut random, &setting);
        let again = world.release("a").unwrap();
        assert_eq!((again.replayed, &again.release), (true, &first.release));
        world.running.reopen(|_| ());
    }
    let asked = |id: &'static str, request: &'static str| {
        world.running.block_on(async |engine: &Engine| make(engine, id, "maker", request).await)
    };
    assert!(matches!(asked("a", "other"), Err(NotReleased::Exists)));
    let reused = asked("b", "a");
    assert!(matches!(reused, Err(NotReleased::Write(WriteError::RequestIdReused))), "{reused:?}");
    assert!(world.running.engine().release("b").is_none());
}

#[test]
fn of_many_releases_at_once_each_is_compared_with_the_one_before() {
    let reference = Reference::new(&Content::embedded()).unwrap();
    let (setting, mut random, mut world) = (setting(&reference), Random::new(2), World::new());
    world.change(&mut random, &setting);
    let made = world.running.block_on(async |engine: &Engine| {
        tokio::join!(
            make(engine, "a", "a", "same"),
            make(engine, "b", "b", "same"),
            make(engine, "a", "a", "same")
        )
    });
    let made = [made.0, made.1, made.2].map(|made| made.map(|made| made.release.id.to_string()));
    assert!(made.iter().all(Result::is_ok), "{made:?}");
    let all = world.running.engine().releases(0, 10);
    assert_eq!(all.len(), 2, "the same request twice is one release");
}

#[test]
fn the_service_makes_what_is_due_and_tries_again_when_data_has_changed() {
    let reference = Reference::new(&Content::embedded()).unwrap();
    let (setting, mut random, mut world) = (setting(&reference), Random::new(3), World::new());
    let mut tried = Tried::default();
    let day = 86_400_000;
    let mut due = |world: &World, days: u64| {
        let now = world.running.engine().store().now() + days * day;
        let when = Automatic::PeriodClosed;
        let tried = &mut tried;
        world
            .running
            .block_on(async |engine: &Engine| engine.release_if_due_at(when, tried, now).await)
    };
    assert!(due(&world, 0).is_none(), "no month has closed since the log began");
    assert!(due(&world, 60).is_none(), "there is no data");
    for _ in 0..20 {
        world.change(&mut random, &setting);
    }
    let Some(Try::Made(first)) = due(&world, 61) else { panic!("a month has closed") };
    assert_eq!(first.release.reason, ReleaseReason::PeriodClosed);
    assert!(due(&world, 62).is_none(), "once");
    // Nothing changed: the next month closes all the same.
    let Some(Try::Made(second)) = due(&world, 91) else { panic!("another month has closed") };
    assert!(second.release.position > first.release.position);
    assert_eq!(
        second.release.id.parse::<Month>().unwrap().number(),
        1 + first.release.id.parse::<Month>().unwrap().number()
    );
    // One organisation of a shown area changes.
    let (released, organisation) = (world.stands.clone(), setting.organisations[0].clone());
    let one = Setting { organisations: vec![organisation], months: setting.months.clone() };
    let all = setting;
    while held_up(&reference, &released, &world.stands).is_empty() {
        world.change(&mut random, &one);
    }
    let Some(Try::NotMade { why, .. }) = due(&world, 122) else { panic!("one changed") };
    assert!(matches!(why, NotReleased::HeldUp { .. }), "{why}");
    assert!(due(&world, 122).is_none(), "not in vain");
    let refused = world.stands.clone();
    while world.stands == refused || held_up(&reference, &released, &world.stands).is_empty() {
        world.change(&mut random, &one);
    }
    assert!(matches!(due(&world, 123), Some(Try::NotMade { .. })), "tried again after a change");
    // Three have changed.
    while !held_up(&reference, &released, &world.stands).is_empty() {
        world.change(&mut random, &all);
    }
    let Some(Try::Made(third)) = due(&world, 124) else { panic!("three changed") };
    assert_eq!(third.release.shown, third.release.position - 1);
}
