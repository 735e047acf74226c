//! Makes all synthetic records, one organisation and month at a time.

use std::collections::{BTreeMap, BTreeSet};

use super::access::Snapshot;
use super::channels::{self, Channels, KINDS};
use super::consultation::{self, Session};
use super::draw::{Rng, Weighted};
use super::error::{GeneratorError, MOST_ROWS};
use super::indicator_counts;
use super::model::Model;
use super::person::Person;
use super::population;
use super::published::Published;
use super::recording_habits::{Characteristic, RecordingHabits};
use super::settings::{GeneratorSettings, MOST_WEIGHT, Organisation, PERSON_KEY_SCHEME};
use super::tables;
use crate::domain::period::Month;
use crate::ingest::{Lines, Records, SubmissionFile};

/// Random streams, one for each purpose.
const HABITS: u64 = 1;
const PERSON: u64 = 2;
const CONTACTS: u64 = 3;
const ACCESS: u64 = 4;
const COUNTS: u64 = 5;
/// Sample size of each organisation, to estimate the mix of kinds of people.
const SAMPLE: u32 = 200;
/// Attempts to draw a person who is born already.
const TRIES: usize = 16;
/// How far homes may lie outside the organisation's stretch of its region, as a share of the region's residents.
const SPREAD: f64 = 0.05;

/// Makes synthetic consultations, the population that they belong to, and snapshots of its digital access.
#[derive(Debug)]
pub struct Generator {
    settings: GeneratorSettings,
    model: Model,
    published: Published,
    months: Vec<(Month, Channels)>,
    providers: Vec<Provider>,
    people: u64,
}

/// An organisation, with its share of people and records.
#[derive(Debug)]
struct Provider {
    code: String,
    stream: u64,
    habits: RecordingHabits,
    /// Place of the region among the model's regions, and the stretch of the region in which the people live, from 0 to 1.
    region: usize,
    stretch: (f64, f64),
    /// Number of the first person, and number of people.
    first_person: u64,
    people: u32,
    /// Sum of the weights of earlier organisations, and the own weight.
    before: u128,
    weight: u128,
}

impl Generator {
    /// Prepares a generator. This takes some hundredths of a second.
    ///
    /// # Errors
    /// The settings are out of range, or an embedded table is damaged.
    pub fn new(settings: GeneratorSettings) -> Result<Self, GeneratorError> {
        check(&settings)?;
        let (model, published) = (Model::load(settings.last_month)?, Published::load()?);
        let (first, last) = (settings.first_month.number(), settings.last_month.number());
        let months: Vec<Month> =
            (first..=last).filter_map(|n| Month::from_number(n.into())).collect();
        let mut providers = providers(&settings, &model)?;
        let people = settle(&mut providers, &settings, months.len())?;
        let mut generator =
            Generator { settings, model, published, months: Vec::new(), providers, people };
        let (kinds, missed) = generator.sample(months[months.len() / 2]);
        let channels =
            |month: Month| (month, Channels::new(generator.published.of(month), &kinds, missed));
        generator.months = months.into_iter().map(channels).collect();
        Ok(generator)
    }

    /// Number of people in the last month, who are all people. Ages of that month follow the published table. Children are born in
    /// earlier months; nobody dies or moves.
    pub fn people(&self) -> u64 {
        self.people
    }

    /// Number of organisations times months: the most submissions that [`Generator::consultations`], [`Generator::populations`] or
    /// [`Generator::access`] yields.
    pub fn submission_count(&self) -> usize {
        self.providers.len() * self.months.len()
    }

    /// The consultations, exactly as many as the settings ask for. One submission for each organisation and month with consultations,
    /// ordered by organisation, then month.
    pub fn consultations(&self) -> impl Iterator<Item = SubmissionFile> + '_ {
        self.providers.iter().enumerate().flat_map(move |(place, provider)| {
            let (people, used): (Vec<Person>, Vec<f64>) = self.people_of(provider).unzip();
            let drawn = Weighted::new(&used);
            let months = 0..self.months.len();
            months.filter_map(move |month| self.contacts(place, month, &people, &drawn))
        })
    }

    /// The population of the consultations, by age, sex, ethnic category and deprivation. One submission for each organisation and
    /// month.
    pub fn populations(&self) -> impl Iterator<Item = SubmissionFile> + '_ {
        self.providers.iter().flat_map(move |provider| {
            let people: Vec<Person> = self.people_of(provider).map(|(person, _)| person).collect();
            self.months.iter().filter(|_| provider.people > 0).map(move |(month, _)| {
                let rows = population::population(&people, &self.model, &provider.habits, *month);
                let ethnic =
                    provider.habits.collects(Characteristic::Ethnic).then_some("ethnic_category");
                let collected = population::COLLECTED.into_iter().chain(ethnic);
                let rows = Records::Populations(rows);
                let mut submission = self.submission(provider, *month, rows, collected);
                submission.person_key_scheme.clear();
                let systems = provider.habits.code_systems();
                submission.code_systems =
                    systems.into_iter().filter(|(field, _)| field == "ethnic_category").collect();
                submission.code_systems.insert("deprivation".to_owned(), "imd_2025".to_owned());
                submission
            })
        })
    }

    /// Counts of indicators of the same population, by the same characteristics. One submission for each organisation and month in which
    /// anybody is in a denominator.
    pub fn indicator_counts(&self) -> impl Iterator<Item = SubmissionFile> + '_ {
        self.populations().zip(0..).filter_map(move |(mut submission, number)| {
            let Records::Populations(people) = &submission.rows else { return None };
            let mut rng = Rng::new(&[self.settings.seed, COUNTS, number]);
            let rows = indicator_counts::indicator_counts(people, &mut rng);
            if rows.is_empty() {
                return None;
            }
            submission.rows = Records::IndicatorCounts(rows);
            Some(submission)
        })
    }

    /// Snapshots of the digital access of the same people with the same person keys. One submission for each organisation and each
    /// month that `keep` selects. Consultation and snapshot of a person agree.
    pub fn access(&self, keep: impl Fn(Month) -> bool) -> impl Iterator<Item = SubmissionFile> {
        self.providers.iter().flat_map(move |provider| {
            let months = self.months.iter().map(|(month, _)| *month).filter(|month| keep(*month));
            let months: Vec<Month> = months.filter(|_| provider.people > 0).collect();
            let people = match months.is_empty() {
                true => Vec::new(),
                false => self.people_of(provider).map(|(person, _)| person).collect::<Vec<_>>(),
            };
            months.into_iter().map(move |month| self.snapshot(provider, month, &people))
        })
    }

    fn snapshot(&self, provider: &Provider, month: Month, people: &[Person]) -> SubmissionFile {
        let snapshot = Snapshot::new(&self.model, &provider.habits, month);
        let born = (0u64..).zip(people).filter(|(_, person)| person.is_born(month.number()));
        let record = |(number, person): (u64, &Person)| {
            let mut rng = Rng::new(&[self.settings.seed, ACCESS, provider.stream, number]);
            snapshot.record(person, provider.first_person + number, &mut rng)
        };
        let rows = Records::Access(born.map(record).collect());
        let collected = provider.habits.collected().chain(snapshot.collected());
        let mut submission = self.submission(provider, month, rows, collected);
        submission.code_systems = provider.habits.snapshot_systems();
        submission
    }

    fn contacts(
        &self,
        place: usize,
        month: usize,
        people: &[Person],
        drawn: &Weighted,
    ) -> Option<SubmissionFile> {
        let provider = &self.providers[place];
        let (first, last) = self.rows_of(provider, month);
        if first == last {
            return None;
        }
        let (date, channels) = &self.months[month];
        let of_month = (self.published.of(*date), channels);
        let care_setting = &self.settings.care_setting;
        let session = Session::new(&self.model, &provider.habits, of_month, *date, care_setting);
        let stream = [self.settings.seed, CONTACTS, provider.stream, date.number().into()];
        let mut rng = Rng::new(&stream);
        // Some children are not born yet; the oldest person is.
        let oldest = people.iter().enumerate().min_by_key(|(_, person)| person.birth());
        let oldest = oldest.map_or(0, |(at, _)| at);
        let row = |number: u64| {
            let mut tries = (0..TRIES).map(|_| drawn.draw(&mut rng));
            let at = tries.find(|at| people[*at].is_born(date.number())).unwrap_or(oldest);
            let person_number = provider.first_person + at as u64;
            session.consultation(&people[at], person_number, number, &mut rng)
        };
        let rows = Records::Consultations((first + 1..=last).map(row).collect());
        let collected = provider.habits.collected().chain(consultation::COLLECTED);
        Some(self.submission(provider, *date, rows, collected))
    }

    fn submission(
        &self,
        provider: &Provider,
        month: Month,
        rows: Records,
        collected: impl Iterator<Item = &'static str>,
    ) -> SubmissionFile {
        let collected: BTreeSet<&str> = collected.collect();
        SubmissionFile {
            organisation: provider.code.clone(),
            collection: self.settings.collection.clone(),
            month: month.to_string(),
            code_systems: provider.habits.code_systems(),
            collected: collected.into_iter().map(str::to_owned).collect(),
            person_key_scheme: PERSON_KEY_SCHEME.to_owned(),
            source: None,
            rows,
            lines: Lines::default(),
        }
    }

    /// Every person of an organisation, and how often they consult against others.
    fn people_of<'a>(&'a self, provider: &'a Provider) -> impl Iterator<Item = (Person, f64)> + 'a {
        (0..provider.people).map(|number| self.person(provider, number))
    }

    fn person(&self, provider: &Provider, number: u32) -> (Person, f64) {
        let mut rng = Rng::new(&[self.settings.seed, PERSON, provider.stream, u64::from(number)]);
        let (from, to) = provider.stretch;
        let beyond = (rng.unit() - rng.unit()) * SPREAD;
        let along = from + rng.unit() * (to - from) + beyond;
        let home = self.model.regions[provider.region].home(along);
        Person::draw(&self.model, home, &mut rng)
    }

    /// First and last row number of an organisation and month. Shares are rounded so that their sum is exact.
    fn rows_of(&self, provider: &Provider, month: usize) -> (u64, u64) {
        let total = |months: &[(Month, Channels)]| -> u128 {
            months.iter().map(|(month, _)| u128::from(self.published.of(*month).total)).sum()
        };
        let (all, before) = (total(&self.months), total(&self.months[..month]));
        let upto = total(&self.months[..=month]);
        let weights = self.providers.last().map_or(1, |last| last.before + last.weight);
        let end = |months: u128| {
            let share = provider.before * all + provider.weight * months;
            let rows = u128::from(self.settings.rows) * share / (weights * all);
            u64::try_from(rows).unwrap_or(u64::MAX)
        };
        (end(before), end(upto))
    }

    /// The share of each kind of person among contacts, and the mean factor of missed appointments, from a sample of every
    /// organisation.
    fn sample(&self, month: Month) -> (Vec<f64>, f64) {
        // A kind that the sample lacks is still possible.
        let mut kinds = vec![1e-6; KINDS];
        let (mut all, mut missed) = (0.0, 0.0);
        for provider in &self.providers {
            let people: Vec<(Person, f64)> =
                (0..SAMPLE).map(|number| self.person(provider, number)).collect();
            let used: f64 = people.iter().map(|(_, used)| used).sum();
            for (person, of) in &people {
                let weight = of / used * as_float(provider.weight);
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
        wrong("at least one organisation is needed")
    } else if organisations.iter().any(wrong_organisation) {
        wrong("each organisation needs a code and a weight from 1 to 1,000,000,000")
    } else if codes.len() < organisations.len() {
        wrong("a code appears twice")
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

/// The organisations in order. Those of one region divide the residents of the region among them.
fn providers(settings: &GeneratorSettings, model: &Model) -> Result<Vec<Provider>, GeneratorError> {
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
    let provider = |organisation: &Organisation| {
        let region = region(&organisation.code);
        let weight = u128::from(organisation.weight);
        let start = shared.entry(region).or_default();
        let all = as_float(weights[&region]);
        let stretch = (as_float(*start) / all, as_float(*start + weight) / all);
        *start += weight;
        before += weight;
        let stream = stream(&organisation.code);
        Provider {
            code: organisation.code.clone(),
            stream,
            habits: RecordingHabits::draw(&mut Rng::new(&[settings.seed, HABITS, stream])),
            region,
            stretch,
            first_person: 0,
            people: 0,
            before: before - weight,
            weight,
        }
    };
    Ok(settings.organisations.iter().map(provider).collect())
}

/// Gives every organisation its people, with consecutive numbers. Returns the number of people.
fn settle(
    providers: &mut [Provider],
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
    let weights = providers.last().map_or(1, |last| last.before + last.weight);
    let mut first_person = 1;
    for provider in providers.iter_mut() {
        let share = |weight: u128| people * weight / weights;
        // Every organisation has a person, so that a small set has rows everywhere.
        let count = (share(provider.before + provider.weight) - share(provider.before)).max(1);
        provider.people = u32::try_from(count).map_err(|_| wrong())?;
        provider.first_person = first_person;
        first_person += u64::from(provider.people);
    }
    Ok(first_person - 1)
}

/// A hash of the code (FNV-1a): the people of an organisation do not depend on other organisations.
fn stream(code: &str) -> u64 {
    code.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
