//! Everything that a partner may ask of the world, and what the answers say of its cells.

use std::collections::BTreeSet;

use super::world::{CHANNELS, Form, World};
use crate::domain::disclosure::attack::{MOST, Sum};
use crate::domain::disclosure::{ProfileName, Protection};
use crate::domain::period::{Month, months_of};
use crate::domain::reference::Reference;
use crate::engine::answer::{AnyQuestion as _, Cell, ChannelQuestion, Key, Protected};
use crate::engine::query::{AsOf, Asked, Denominator, Measure, Query, Reader};
use crate::engine::{Engine, QueryError};

/// Collection of the world.
pub(super) const COLLECTION: &str = "synthetic-llr";
const SYSTEM: &str = "QK1";
/// What tells the parts of the system apart, level by level, and how many characteristics go with it.
const LEVELS: [(&str, usize); 4] = [("", 3), ("sub_icb", 2), ("pcn", 2), ("organisation", 2)];

/// A question, and the level that it is about.
pub(super) struct AskedOf {
    pub(super) level: usize,
    measure: Measure,
    asked: Asked,
}

/// Every question of the lattice: all periods, levels and sets of characteristics. One question has the total, the rows, and the cells
/// of all channels.
pub(super) fn questions(form: Form, months: &[Month]) -> Vec<AskedOf> {
    let by = form.by();
    let sets: Vec<Vec<&str>> = (0..1usize << by.len())
        .map(|set| (0..by.len()).filter(|at| set >> at & 1 == 1).map(|at| by[at]).collect())
        .collect();
    let mut all = Vec::new();
    for period in periods(months) {
        for (level, (dimension, most)) in LEVELS.iter().enumerate() {
            for set in sets.iter().filter(|set| set.len() <= *most) {
                let by = Some(*dimension).filter(|id| !id.is_empty()).into_iter();
                let asked = Asked {
                    collection: COLLECTION.into(),
                    area: SYSTEM.into(),
                    first: period.clone(),
                    by: by.chain(set.iter().copied()).map(str::to_owned).collect(),
                    ..Asked::default()
                };
                for measure in [Measure::Contacts, Measure::Persons] {
                    all.push(AskedOf { level, measure, asked: asked.clone() });
                }
            }
        }
    }
    all
}

/// Every period of the lattice that has one of the months: the months, quarters, financial years and calendar years.
fn periods(months: &[Month]) -> BTreeSet<String> {
    let of = |month: &Month| {
        [month.to_string(), month.quarter(), month.financial_year(), month.year().to_string()]
    };
    months.iter().flat_map(of).collect()
}

/// The name of a level.
pub(super) fn level(number: usize) -> &'static str {
    match LEVELS[number].0 {
        "" => "system",
        dimension => dimension,
    }
}

pub(super) const LEVEL_COUNT: usize = LEVELS.len();

impl AskedOf {
    /// The answer; none: it is of no data.
    pub(super) fn answer(
        &self,
        engine: &Engine,
        as_of: AsOf,
        protection: &Protection,
    ) -> Result<Protected, QueryError> {
        // The lattice holds, and what is seen is what is tried.
        let reader = Reader::of(ProfileName::Partner);
        let mut query = Query::new(&engine.reference(), &reader, &self.asked, as_of)?;
        query.showing.protection = protection.clone();
        let (measure, denominator) = (self.measure, Denominator::KnownOnly);
        ChannelQuestion { query, measure, denominator, rates: None }.answer(engine)
    }
}

/// Who is counted in a cell of an answer: groups, and the parcels that they are of.
pub(super) struct Counted {
    groups: Vec<usize>,
    parcels: Vec<usize>,
    /// The groups that are counted with one condition less, for each condition.
    wider: Vec<Vec<usize>>,
    /// Whether only one channel is counted.
    of_channel: bool,
}

impl Counted {
    /// The cells of consultations: one of each person, and those that came on top.
    fn contacts(&self, form: Form) -> Vec<usize> {
        let both = [0, form.groups()].map(|from| self.cells(form, &self.parcels, from));
        both.concat()
    }

    fn cells(&self, form: Form, parcels: &[usize], from: usize) -> Vec<usize> {
        let of = |parcel: &usize| {
            let first = parcel * form.each() + from;
            self.groups.iter().map(move |group| first + group)
        };
        parcels.iter().flat_map(of).collect()
    }

    /// Who is among others of the same parcels and not counted; empty: everybody is counted.
    fn rest(&self, among: impl Iterator<Item = usize>) -> Self {
        let groups = among.filter(|group| !self.groups.contains(group)).collect();
        Self { groups, parcels: self.parcels.clone(), wider: Vec::new(), of_channel: false }
    }

    /// The true number.
    fn count(&self, world: &World, measure: Measure) -> u64 {
        let truth = |cell: usize| {
            let each = world.form.each();
            world.parcels[cell / each].counts[cell % each]
        };
        let cells = match measure {
            Measure::Persons => self.cells(world.form, &self.parcels, 0),
            Measure::Contacts | Measure::AttendedContacts => self.contacts(world.form),
        };
        cells.into_iter().map(truth).sum()
    }

    /// What a number of people says. Nobody but the attacker's world knows that people come to one organisation, in one month and by one
    /// channel only: so people of several are at most as many as all together, and at least as many as of any one.
    fn people(&self, form: Form, low: u64, high: u64) -> Vec<Sum> {
        let at_least = match self.of_channel {
            true => self.contacts(form),
            false => self.cells(form, &self.parcels, 0),
        };
        let at_most = self.parcels.iter().map(|parcel| self.cells(form, &[*parcel], 0));
        let at_most = at_most.map(|cells| Sum { cells, low: 0, high });
        at_most.chain([Sum { cells: at_least, low, high: MOST }]).collect()
    }
}

/// Reads answers of a release.
pub(super) struct Reading<'a> {
    world: &'a World,
    reference: &'a Reference,
    standing: Vec<usize>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(world: &'a World, reference: &'a Reference, release: usize) -> Self {
        Self { world, reference, standing: world.standing(release) }
    }

    /// What the row and the column of a cell are of.
    fn counted(&self, asked: &AskedOf, keys: &[Key], group: &[Key]) -> Option<Counted> {
        let mut parcels = self.standing.clone();
        let months = months_of(&asked.asked.first).ok()?;
        parcels.retain(|number| months.contains(&self.world.parcels[*number].month));
        let mut says = Vec::new();
        for key in keys.iter().chain(group) {
            // Everybody says yes or no, and everybody knows that.
            if key.state.is_some() {
                return None;
            }
            match &*key.dimension {
                "organisation" => {
                    parcels.retain(|number| self.world.parcels[*number].organisation == key.code);
                }
                "sub_icb" | "pcn" => parcels.retain(|number| {
                    let members = self.reference.members(&key.code);
                    members.contains_key(self.world.parcels[*number].organisation)
                }),
                dimension => says.push((dimension, key.code.as_str())),
            }
        }
        let is_of_world =
            |(dimension, code): &(&str, &str)| *dimension != "channel" || CHANNELS.contains(code);
        if !says.iter().all(is_of_world) {
            return None;
        }
        let of_channel = says.iter().any(|(dimension, _)| *dimension == "channel");
        let form = self.world.form;
        let wider = (0..says.len()).map(|without| {
            let fewer = says.iter().enumerate().filter(|(number, _)| *number != without);
            form.holding(&fewer.map(|(_, said)| *said).collect::<Vec<_>>())
        });
        let wider = wider.collect::<Option<_>>()?;
        Some(Counted { groups: form.holding(&says)?, parcels, wider, of_channel })
    }

    /// Every number of an answer that is of somebody: what it is of, and the number; none: it is withheld.
    pub(super) fn numbers<'b>(
        &'b self,
        asked: &'b AskedOf,
        answer: &'b Protected,
    ) -> impl Iterator<Item = (Counted, &'b Cell)> {
        answer.rows().iter().flat_map(move |row| {
            let cells = answer.columns().iter().zip(&row.cells);
            cells.filter_map(move |(column, cell)| {
                let counted = self.counted(asked, &row.keys, &column.group)?;
                let is_of_some = !counted.parcels.is_empty() && !counted.groups.is_empty();
                is_of_some.then_some((counted, cell))
            })
        })
    }

    /// What is left by a count: at least and at most so many. Nothing where that is not true: then it is withheld for something else.
    fn left(&self, rest: &Counted, measure: Measure, (low, high): (u64, u64)) -> Vec<Sum> {
        let form = self.world.form;
        if !(low..=high).contains(&rest.count(self.world, measure)) {
            return Vec::new();
        }
        match measure {
            Measure::Persons => rest.people(form, low, high),
            Measure::Contacts | Measure::AttendedContacts => {
                vec![Sum { cells: rest.contacts(form), low, high }]
            }
        }
    }

    /// What the numbers of an answer say, to who knows how they are made.
    pub(super) fn sums(
        &self,
        asked: &AskedOf,
        answer: &Protected,
        protection: &Protection,
    ) -> Vec<Sum> {
        let Protection::Perturbed(rules) = protection else { return Vec::new() };
        let (form, bound) = (self.world.form, rules.table.bound());
        let mut sums = Vec::new();
        for (counted, cell) in self.numbers(asked, answer) {
            let number = cell.counts.numerator;
            let (low, high) = rules.reveals(number);
            // Of records, people are counted a few too few.
            let few = if asked.measure == Measure::Persons { high } else { 2 * high };
            // A part that is shown leaves many.
            if number.is_some() && rules.threshold > 0 {
                let rest = counted.rest(0..form.groups());
                sums.extend(self.left(&rest, asked.measure, (rules.threshold, MOST)));
            }
            match (asked.measure, number) {
                // An area of few organisations is withheld, however many people it has.
                (_, None) if self.is_of_few_organisations(asked, &counted) => {}
                // Too large to be withheld for itself: what it leaves of its place and period is small. Whoever attacks is taken to know that.
                (_, None) if counted.count(self.world, Measure::Persons) > few => {
                    let wider = counted.wider.iter().map(|of| counted.rest(of.iter().copied()));
                    for rest in wider.chain([counted.rest(0..form.groups())]) {
                        sums.extend(self.left(&rest, asked.measure, (0, high + bound)));
                    }
                }
                (Measure::Persons, _) => sums.extend(counted.people(form, low, high)),
                (_, None) => sums.extend(counted.people(form, 0, few)),
                (_, Some(_)) => {
                    sums.push(Sum { cells: counted.contacts(form), low, high });
                    let least = rules.threshold.saturating_sub(bound);
                    sums.extend(counted.people(form, least, MOST));
                }
            }
        }
        sums
    }

    fn is_of_few_organisations(&self, asked: &AskedOf, counted: &Counted) -> bool {
        let of = |number: &usize| self.world.parcels[*number].organisation;
        let organisations: BTreeSet<_> = counted.parcels.iter().map(of).collect();
        let least = self.reference.profile(ProfileName::Partner).least_organisations;
        level(asked.level) != "organisation" && organisations.len() < least
    }
}
