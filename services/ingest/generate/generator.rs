//! The whole set, one organisation and month at a time.

use std::collections::{BTreeMap, BTreeSet};

use super::access::Snapshot;
use super::channels::{self, Channels, KINDS};
use super::consultation::{self, Session};
use super::desk::{Desk, Item};
use super::draw::{Rng, Weighted};
use super::error::{GeneratorError, MOST_ROWS};
use super::model::Model;
use super::person::Person;
use super::population;
use super::published::Published;
use super::settings::{GeneratorSettings, MOST_WEIGHT, Organisation, PERSON_KEY_SCHEME};
use super::tables;
use crate::domain::period::Month;
use crate::ingest::{Parcel, Rows};

/// Streams of chance, one for each purpose.
const DESK: u64 = 1;
const PERSON: u64 = 2;
const CONTACTS: u64 = 3;
const ACCESS: u64 = 4;
/// People of each organisation that are looked at to learn how the kinds of people are mixed.
const SAMPLE: u32 = 200;
/// Draws for somebody who is born already.
const TRIES: usize = 16;
/// How far an organisation's homes lie beyond its own stretch of the region, in shares of the region's residents.
const SPREAD: f64 = 0.05;

/// Makes synthetic consultations, the population that they belong to, and snapshots of its digital access.
#[derive(Debug)]
pub struct Generator {
    settings: GeneratorSettings,
    model: Model,
    published: Published,
    months: Vec<(Month, Channels)>,
    offices: Vec<Office>,
    people: u64,
}

/// An organisation with its place in the set.
#[derive(Debug)]
struct Office {
    code: String,
    stream: u64,
    desk: Desk,
    /// Place of the region, and the stretch of it in which its people live.
    region: usize,
    stretch: (f64, f64),
    /// Number of its first person, and how many there are.
    first_person: u64,
    people: u32,
    /// Weights of the organisations before this one, and its own.
    before: u128,
    weight: u128,
}

impl Generator {
    /// Prepares the set; takes some hundredths of a second.
    ///
    /// # Errors
    /// Settings that cannot be met, or damaged embedded tables.
    pub fn new(settings: GeneratorSettings) -> Result<Self, GeneratorError> {
        check(&settings)?;
        let (model, published) = (Model::load(settings.last_month)?, Published::load()?);
        let (first, last) = (settings.first_month.number(), settings.last_month.number());
        let months: Vec<Month> =
            (first..=last).filter_map(|n| Month::from_number(n.into())).collect();
        let mut offices = offices(&settings, &model)?;
        let people = settle(&mut offices, &settings, months.len())?;
        let mut generator =
            Generator { settings, model, published, months: Vec::new(), offices, people };
        let (kinds, missed) = generator.sample(months[months.len() / 2]);
        let channels =
            |month: Month| (month, Channels::new(generator.published.of(month), &kinds, missed));
        generator.months = months.into_iter().map(channels).collect();
        Ok(generator)
    }

    /// People in the whole set: all whom its last month has. Ages are those of the published table in that month; children are born
    /// until then, and nobody dies or moves.
    pub fn people(&self) -> u64 {
        self.people
    }

    /// Parcels that [`Generator::consultations`], [`Generator::populations`] and [`Generator::access`] yield at most, each:
    /// organisations times months.
    pub fn parcel_count(&self) -> usize {
        self.offices.len() * self.months.len()
    }

    /// The consultations: exactly as many rows as asked for, one parcel for each organisation and month that has any, all months
    /// of an organisation one after the other.
    pub fn consultations(&self) -> impl Iterator<Item = Parcel> + '_ {
        self.offices.iter().enumerate().flat_map(move |(place, office)| {
            let (people, used): (Vec<Person>, Vec<f64>) = self.people_of(office).unzip();
            let drawn = Weighted::new(&used);
            let months = 0..self.months.len();
            months.filter_map(move |month| self.contacts(place, month, &people, &drawn))
        })
    }

    /// The people that the consultations belong to, counted by age, sex, ethnic category and deprivation: one parcel for each
    /// organisation and month.
    pub fn populations(&self) -> impl Iterator<Item = Parcel> + '_ {
        self.offices.iter().flat_map(move |office| {
            let people: Vec<Person> = self.people_of(office).map(|(person, _)| person).collect();
            self.months.iter().filter(|_| office.people > 0).map(move |(month, _)| {
                let rows = population::population(&people, &self.model, &office.desk, *month);
                let ethnic = office.desk.collects(Item::Ethnic).then_some("ethnic_category");
                let collected = population::COLLECTED.into_iter().chain(ethnic);
                let rows = Rows::Populations(rows);
                let mut parcel = self.parcel(office, *month, rows, collected);
                parcel.person_key_scheme.clear();
                let systems = office.desk.code_systems();
                parcel.code_systems =
                    systems.into_iter().filter(|(field, _)| field == "ethnic_category").collect();
                parcel.code_systems.insert("deprivation".to_owned(), "imd_2025".to_owned());
                parcel
            })
        })
    }

    /// Snapshots of the digital access of the same people under the same keys: one parcel for each organisation and each month
    /// that is to be kept. What a consultation says of a person's access is what the snapshot says.
    pub fn access(&self, keep: impl Fn(Month) -> bool) -> impl Iterator<Item = Parcel> {
        self.offices.iter().flat_map(move |office| {
            let months = self.months.iter().map(|(month, _)| *month).filter(|month| keep(*month));
            let months: Vec<Month> = months.filter(|_| office.people > 0).collect();
            let people = match months.is_empty() {
                true => Vec::new(),
                false => self.people_of(office).map(|(person, _)| person).collect::<Vec<_>>(),
            };
            months.into_iter().map(move |month| self.snapshot(office, month, &people))
        })
    }

    fn snapshot(&self, office: &Office, month: Month, people: &[Person]) -> Parcel {
        let snapshot = Snapshot::new(&self.model, &office.desk, month);
        let born = (0u64..).zip(people).filter(|(_, person)| person.is_born(month.number()));
        let record = |(number, person): (u64, &Person)| {
            let mut rng = Rng::new(&[self.settings.seed, ACCESS, office.stream, number]);
            snapshot.record(person, office.first_person + number, &mut rng)
        };
        let rows = Rows::Access(born.map(record).collect());
        let collected = office.desk.collected().chain(snapshot.collected());
        let mut parcel = self.parcel(office, month, rows, collected);
        parcel.code_systems = office.desk.snapshot_systems();
        parcel
    }

    fn contacts(
        &self,
        place: usize,
        month: usize,
        people: &[Person],
        drawn: &Weighted,
    ) -> Option<Parcel> {
        let office = &self.offices[place];
        let (first, last) = self.rows_of(office, month);
        if first == last {
            return None;
        }
        let (date, channels) = &self.months[month];
        let of_month = (self.published.of(*date), channels);
        let care_setting = &self.settings.care_setting;
        let session = Session::new(&self.model, &office.desk, of_month, *date, care_setting);
        let stream = [self.settings.seed, CONTACTS, office.stream, date.number().into()];
        let mut rng = Rng::new(&stream);
        // Children are born in the course of the set; the oldest was there before.
        let oldest = people.iter().enumerate().min_by_key(|(_, person)| person.birth());
        let oldest = oldest.map_or(0, |(at, _)| at);
        let row = |number: u64| {
            let mut tries = (0..TRIES).map(|_| drawn.draw(&mut rng));
            let at = tries.find(|at| people[*at].is_born(date.number())).unwrap_or(oldest);
            let person_number = office.first_person + at as u64;
            session.consultation(&people[at], person_number, number, &mut rng)
        };
        let rows = Rows::Consultations((first + 1..=last).map(row).collect());
        let collected = office.desk.collected().chain(consultation::COLLECTED);
        Some(self.parcel(office, *date, rows, collected))
    }

    fn parcel(
        &self,
        office: &Office,
        month: Month,
        rows: Rows,
        collected: impl Iterator<Item = &'static str>,
    ) -> Parcel {
        let collected: BTreeSet<&str> = collected.collect();
        Parcel {
            organisation: office.code.clone(),
            collection: self.settings.collection.clone(),
            month: month.to_string(),
            code_systems: office.desk.code_systems(),
            collected: collected.into_iter().map(str::to_owned).collect(),
            person_key_scheme: PERSON_KEY_SCHEME.to_owned(),
            rows,
        }
    }

    /// Every person of an organisation, and how often they consult against others.
    fn people_of<'a>(&'a self, office: &'a Office) -> impl Iterator<Item = (Person, f64)> + 'a {
        (0..office.people).map(|number| self.person(office, number))
    }

    fn person(&self, office: &Office, number: u32) -> (Person, f64) {
        let mut rng = Rng::new(&[self.settings.seed, PERSON, office.stream, u64::from(number)]);
        let (from, to) = office.stretch;
        let beyond = (rng.unit() - rng.unit()) * SPREAD;
        let along = from + rng.unit() * (to - from) + beyond;
        let home = self.model.regions[office.region].home(along);
        Person::draw(&self.model, home, &mut rng)
    }

    /// Numbers of the rows of an organisation and month: each has its share of all rows, rounded so that the sum is exact.
    fn rows_of(&self, office: &Office, month: usize) -> (u64, u64) {
        let total = |months: &[(Month, Channels)]| -> u128 {
            months.iter().map(|(month, _)| u128::from(self.published.of(*month).total)).sum()
        };
        let (all, before) = (total(&self.months), total(&self.months[..month]));
        let upto = total(&self.months[..=month]);
        let weights = self.offices.last().map_or(1, |last| last.before + last.weight);
        let end = |months: u128| {
            let share = office.before * all + office.weight * months;
            let rows = u128::from(self.settings.rows) * share / (weights * all);
            u64::try_from(rows).unwrap_or(u64::MAX)
        };
        (end(before), end(upto))
    }

    /// How kinds of people are mixed among contacts, and how often people miss appointments against the unit, from some people of
    /// every organisation.
    fn sample(&self, month: Month) -> (Vec<f64>, f64) {
        // No kind is impossible, even if the sample has none.
        let mut kinds = vec![1e-6; KINDS];
        let (mut all, mut missed) = (0.0, 0.0);
        for office in &self.offices {
            let people: Vec<(Person, f64)> =
                (0..SAMPLE).map(|number| self.person(office, number)).collect();
            let used: f64 = people.iter().map(|(_, used)| used).sum();
            for (person, of) in &people {
                let weight = of / used * as_float(office.weight);
                kinds[channels::kind(person, month.number())] += weight;
                missed += weight * f64::from(person.missed) / 32.0;
                all += weight;
            }
        }
        (kinds, missed / all)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a weight, to many digits")]
fn as_float(weight: u128) -> f64 {
    weight as f64
}

fn check(settings: &GeneratorSettings) -> Result<(), GeneratorError> {
    let organisations = &settings.organisations;
    let codes: BTreeSet<_> = organisations.iter().map(|organisation| &organisation.code).collect();
    let wrong = |what| Err(GeneratorError::Organisations(what));
    if organisations.is_empty() {
        wrong("expected at least one")
    } else if organisations.iter().any(wrong_organisation) {
        wrong("expected a code and a weight of 1 to 1,000,000,000")
    } else if codes.len() < organisations.len() {
        wrong("the same code stands twice")
    } else if settings.rows > MOST_ROWS {
        Err(GeneratorError::Rows)
    } else if settings.last_month < settings.first_month {
        Err(GeneratorError::Months)
    } else {
        Ok(())
    }
}

fn wrong_organisation(organisation: &Organisation) -> bool {
    organisation.code.is_empty() || !(1..=MOST_WEIGHT).contains(&organisation.weight)
}

/// The organisations side by side: those of one region share its residents out, in their order.
fn offices(settings: &GeneratorSettings, model: &Model) -> Result<Vec<Office>, GeneratorError> {
    let practices = tables::practices()?;
    let whole = model.regions.len() - 1;
    let region = |code: &str| {
        let practice = practices.iter().find(|practice| practice.practice == code);
        let found = practice.and_then(|of| model.regions.iter().position(|r| r.code == of.sub_icb));
        found.unwrap_or(whole)
    };
    let mut weights: BTreeMap<usize, u128> = BTreeMap::new();
    for organisation in &settings.organisations {
        *weights.entry(region(&organisation.code)).or_default() += u128::from(organisation.weight);
    }
    let mut shared: BTreeMap<usize, u128> = BTreeMap::new();
    let mut before = 0;
    let office = |organisation: &Organisation| {
        let region = region(&organisation.code);
        let weight = u128::from(organisation.weight);
        let start = shared.entry(region).or_default();
        let all = as_float(weights[&region]);
        let stretch = (as_float(*start) / all, as_float(*start + weight) / all);
        *start += weight;
        before += weight;
        let stream = stream(&organisation.code);
        Office {
            code: organisation.code.clone(),
            stream,
            desk: Desk::draw(&mut Rng::new(&[settings.seed, DESK, stream])),
            region,
            stretch,
            first_person: 0,
            people: 0,
            before: before - weight,
            weight,
        }
    };
    Ok(settings.organisations.iter().map(office).collect())
}

/// Gives every organisation its people, numbered through; how many there are.
fn settle(
    offices: &mut [Office],
    settings: &GeneratorSettings,
    months: usize,
) -> Result<u64, GeneratorError> {
    let wrong = || GeneratorError::ContactsPerPerson;
    let months = u128::try_from(months).map_err(|_| wrong())?;
    let contacts = settings.contacts_per_person * as_float(months);
    let people = (as_float(settings.rows.into()) / contacts).ceil();
    if contacts <= 0.0 || !(0.0..f64::from(u32::MAX)).contains(&people) {
        return Err(wrong());
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked above")]
    let people = people as u128;
    let weights = offices.last().map_or(1, |last| last.before + last.weight);
    let mut first_person = 1;
    for office in offices.iter_mut() {
        let share = |weight: u128| people * weight / weights;
        // Nobody is left without people: a small set has rows everywhere.
        let count = (share(office.before + office.weight) - share(office.before)).max(1);
        office.people = u32::try_from(count).map_err(|_| wrong())?;
        office.first_person = first_person;
        first_person += u64::from(office.people);
    }
    Ok(first_person - 1)
}

/// A number for a code (FNV-1a), so that an organisation's people do not depend on the others.
fn stream(code: &str) -> u64 {
    code.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
