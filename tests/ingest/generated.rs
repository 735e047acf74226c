//! The synthetic set: the same for ever, whole, valid, and shaped like the published tables.

mod access;
mod collected;
mod rates;
mod shape;
mod valid;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use equity_indicators::domain::period::Month;
use equity_indicators::ingest::generate::{
    Generator, GeneratorError, GeneratorSettings, Organisation,
};
use equity_indicators::ingest::{Defaults, Lines, Records, SubmissionFile, equity_csv};
use equity_indicators::proto::v1::{
    AccessRecord, ConsultationRecord, PersonCharacteristics, PopulationRecord,
};
use prost::Message as _;

use super::read_bytes;

/// The set that most tests look at: 200,000 rows at every practice, 22 months.
fn large() -> &'static Set {
    static SET: OnceLock<Set> = OnceLock::new();
    SET.get_or_init(|| Set::new(&Generator::new(GeneratorSettings::new(7).unwrap()).unwrap()))
}

struct Set {
    people: u64,
    consultations: Vec<SubmissionFile>,
    populations: Vec<SubmissionFile>,
    /// Every fourth month's snapshots.
    access: Vec<SubmissionFile>,
}

impl Set {
    fn new(generator: &Generator) -> Self {
        Set {
            people: generator.people(),
            consultations: generator.consultations().collect(),
            populations: generator.populations().collect(),
            access: generator.access(|month| month.month() % 4 == 0).collect(),
        }
    }

    fn rows(&self) -> impl Iterator<Item = (&SubmissionFile, &ConsultationRecord)> {
        let rows = |submission| consultations(submission).iter().map(move |row| (submission, row));
        self.consultations.iter().flat_map(rows)
    }

    /// The people as the last month's populations count them.
    fn registered(&self) -> impl Iterator<Item = (&SubmissionFile, &PopulationRecord)> {
        let last = self.populations.iter().filter(|submission| submission.month == "2020-12");
        last.flat_map(|submission| populations(submission).iter().map(move |row| (submission, row)))
    }
}

fn consultations(submission: &SubmissionFile) -> &[ConsultationRecord] {
    match &submission.rows {
        Records::Consultations(rows) => rows,
        other => panic!("{:?} in {}", other.dataset(), submission.month),
    }
}

fn snapshots(submission: &SubmissionFile) -> &[AccessRecord] {
    match &submission.rows {
        Records::Access(rows) => rows,
        other => panic!("{:?} in {}", other.dataset(), submission.month),
    }
}

fn populations(submission: &SubmissionFile) -> &[PopulationRecord] {
    match &submission.rows {
        Records::Populations(rows) => rows,
        other => panic!("{:?} in {}", other.dataset(), submission.month),
    }
}

fn person(row: &ConsultationRecord) -> &PersonCharacteristics {
    row.person.as_ref().unwrap()
}

fn small(seed: u64) -> GeneratorSettings {
    let organisation = |code: &str, weight| Organisation { code: code.to_owned(), weight };
    GeneratorSettings {
        rows: 3_001,
        first_month: Month::new(2020, 11).unwrap(),
        last_month: Month::new(2021, 2).unwrap(),
        organisations: vec![
            organisation("C82001", 25_518),
            organisation("C82009", 10_969),
            organisation("RWE", 1_000),
        ],
        ..GeneratorSettings::new(seed).unwrap()
    }
}

/// Every byte of a set.
fn bytes(settings: GeneratorSettings) -> Vec<u8> {
    let generator = Generator::new(settings).unwrap();
    let mut bytes = Vec::new();
    let all = generator.consultations().chain(generator.populations());
    let all = all.chain(generator.indicator_counts());
    for submission in all.chain(generator.access(|_| true)) {
        let SubmissionFile { organisation, month, code_systems, collected, .. } = &submission;
        let about = format!("{organisation} {month} {code_systems:?} {collected:?}");
        bytes.extend(about.into_bytes());
        match &submission.rows {
            Records::Consultations(rows) => {
                rows.iter().for_each(|row| row.encode(&mut bytes).unwrap());
            }
            Records::Populations(rows) => {
                rows.iter().for_each(|row| row.encode(&mut bytes).unwrap())
            }
            Records::Access(rows) => rows.iter().for_each(|row| row.encode(&mut bytes).unwrap()),
            Records::IndicatorCounts(rows) => {
                rows.iter().for_each(|row| row.encode(&mut bytes).unwrap());
            }
            Records::Estimates(..) => panic!("nobody makes up what others published"),
        }
    }
    bytes
}

#[test]
fn the_same_settings_give_the_same_bytes() {
    let first = bytes(small(1));
    assert!(first == bytes(small(1)));
    assert!(first != bytes(small(2)));
    assert!(first != bytes(GeneratorSettings { rows: 3_000, ..small(1) }));
}

/// Whoever changes what is drawn changes every set that was ever made: the hashes say so.
#[test]
fn the_set_of_seed_1_never_changes() {
    let generator = Generator::new(small(1)).unwrap();
    let hash = |submissions: Vec<SubmissionFile>| {
        let mut file = Vec::new();
        equity_csv::write(&mut file, &submissions).unwrap();
        blake3::hash(&file).to_hex().to_string()
    };
    assert_eq!(
        [hash(generator.consultations().collect()), hash(generator.access(|_| true).collect())],
        [
            "83b94478d772705019c9ca2a40aced6872b3cb6954ab117be1c04cfeed6293e6",
            "67b8d1962538d5d4448b1b322d092fe0735f71bcbf440f16f5b0abcabb99af28"
        ]
    );
}

#[test]
fn rows_are_exact_and_follow_weights_and_months() {
    let set = Set::new(&Generator::new(small(1)).unwrap());
    assert_eq!(set.rows().count(), 3_001);
    let mut by_organisation: BTreeMap<&str, usize> = BTreeMap::new();
    let mut groups = BTreeSet::new();
    for submission in &set.consultations {
        *by_organisation.entry(&submission.organisation).or_default() += submission.rows.len();
        assert!(
            groups.insert((&submission.organisation, &submission.month)),
            "one submission each"
        );
        assert_eq!(submission.collection, "synthetic-llr");
        assert_eq!(submission.person_key_scheme, "synthetic-v1");
    }
    assert_eq!(groups.len(), 12);
    for (code, weight) in [("C82001", 25_518.0), ("C82009", 10_969.0), ("RWE", 1_000.0)] {
        let expected = 3_001.0 * weight / 37_487.0;
        assert!((by_organisation[code] as f64 - expected).abs() <= 1.0, "{code}");
    }
    for rows in [0, 1, 5] {
        let generator = Generator::new(GeneratorSettings { rows, ..small(1) }).unwrap();
        let total: usize = generator.consultations().map(|submission| submission.rows.len()).sum();
        assert_eq!(total as u64, rows);
        assert!(generator.consultations().all(|submission| !submission.rows.is_empty()));
    }
    let heavy = |code: &str| Organisation { code: code.to_owned(), weight: 1_000_000_000 };
    let organisations = vec![heavy("A"), heavy("B")];
    let last_month = Month::new(2199, 12).unwrap();
    let rows = 1_000_000_000_000;
    let settings = GeneratorSettings { organisations, last_month, rows, ..small(1) };
    let most = Generator::new(GeneratorSettings { contacts_per_person: 1e6, ..settings }).unwrap();
    assert!(most.people() > 2, "no overflow");
    assert_eq!(large().rows().count(), 200_000);
}

#[test]
fn settings_that_cannot_be_met() {
    let refused = |settings| Generator::new(settings).unwrap_err();
    let none = GeneratorSettings { organisations: Vec::new(), ..small(1) };
    assert!(matches!(refused(none), GeneratorError::Organisations(_)));
    let mut twice = small(1);
    twice.organisations.push(twice.organisations[0].clone());
    assert!(matches!(refused(twice), GeneratorError::Organisations(_)));
    for weight in [0, 1_000_000_001, u64::MAX] {
        let mut settings = small(1);
        settings.organisations[1].weight = weight;
        assert!(matches!(refused(settings), GeneratorError::Organisations(_)));
    }
    let endless = GeneratorSettings { rows: u64::MAX, ..small(1) };
    assert!(matches!(refused(endless), GeneratorError::Rows));
    let backwards = GeneratorSettings { last_month: Month::new(2020, 10).unwrap(), ..small(1) };
    assert!(matches!(refused(backwards), GeneratorError::Months));
    for contacts_per_person in [0.0, -1.0, f64::NAN, 1e-9] {
        let settings = GeneratorSettings { contacts_per_person, ..small(1) };
        assert!(matches!(refused(settings), GeneratorError::ContactsPerPerson));
    }
}

#[test]
fn people_come_back_and_stay_who_they_are() {
    let mut by_person: BTreeMap<&str, Vec<(&SubmissionFile, &ConsultationRecord)>> =
        BTreeMap::new();
    for (submission, row) in large().rows() {
        by_person.entry(&row.person_key).or_default().push((submission, row));
    }
    let people = by_person.len() as u64;
    assert!(people < large().people && people > large().people / 2, "{people}");
    let mut counts: Vec<usize> = by_person.values().map(Vec::len).collect();
    counts.sort_unstable();
    let top: usize = counts.iter().rev().take(counts.len() / 10).sum();
    assert!((0.25..0.6).contains(&(top as f64 / 200_000.0)), "a heavy tail: {top}");
    for rows in by_person.values() {
        let (office, first) = rows[0];
        for (submission, row) in rows {
            assert_eq!(submission.organisation, office.organisation);
            assert_eq!(row.residence_lsoa, first.residence_lsoa);
            assert_eq!(row.preferred_channel, first.preferred_channel);
            let same = |of: fn(&PersonCharacteristics) -> &String| {
                assert_eq!(of(person(row)), of(person(first)), "{}", row.person_key);
            };
            same(|person| &person.sex);
            same(|person| &person.ethnic_category);
            same(|person| &person.religion);
            same(|person| &person.main_language);
            same(|person| &person.carer);
            assert_eq!(person(row).disability, person(first).disability);
            assert_eq!(person(row).inclusion_group, person(first).inclusion_group);
        }
        let ages: BTreeSet<_> = rows.iter().filter_map(|(_, row)| person(row).age_years).collect();
        assert!(ages.last().zip(ages.first()).is_none_or(|(last, first)| last - first <= 2));
        for ((one, first), (other, second)) in rows.iter().zip(&rows[1..]) {
            assert!(one.month > other.month || person(first).age_years <= person(second).age_years);
        }
    }
}

/// Every month has the people born until then, and those who consult are among them.
#[test]
fn the_population_is_the_people() {
    let set = large();
    let mut months: BTreeMap<&str, i64> = BTreeMap::new();
    for submission in &set.populations {
        *months.entry(&submission.month).or_default() += submission.rows.total();
        assert!(populations(submission).iter().all(|row| row.person_count > 0));
    }
    assert_eq!(months.len(), 22);
    assert!(months.values().is_sorted(), "children are born: {months:?}");
    assert_eq!(months["2020-12"], set.people as i64);
    assert!(months["2019-03"] as f64 > 0.97 * set.people as f64);
    assert!((set.people as f64 / (200_000.0 / 22.0 / 0.434) - 1.0).abs() < 0.01, "{}", set.people);

    // Nobody is seen whom the population of that organisation and month does not have.
    let mut registered: BTreeMap<_, i64> = BTreeMap::new();
    for submission in &set.populations {
        for row in populations(submission) {
            let person = row.person.as_ref().unwrap();
            let who = (
                &*submission.organisation,
                &*submission.month,
                &*person.sex,
                &*person.ethnic_category,
            );
            *registered.entry(who).or_default() += row.person_count;
        }
    }
    let mut seen: BTreeMap<_, BTreeSet<&str>> = BTreeMap::new();
    for (submission, row) in set.rows() {
        let person = person(row);
        let who =
            (&*submission.organisation, &*submission.month, &*person.sex, &*person.ethnic_category);
        seen.entry(who).or_default().insert(&row.person_key);
    }
    for (who, keys) in seen {
        assert!(registered.get(&who).copied().unwrap_or(0) >= keys.len() as i64, "{who:?}");
    }
}

#[test]
fn our_own_csv_holds_the_set() {
    let set = Set::new(&Generator::new(small(3)).unwrap());
    for submissions in [set.consultations, set.populations, set.access] {
        let mut file = Vec::new();
        equity_csv::write(&mut file, &submissions).unwrap();
        let mut read = read_bytes(&file, &Defaults::default()).unwrap();
        read.iter_mut().for_each(|submission| submission.lines = Lines::default());
        assert!(read == submissions);
    }
}
