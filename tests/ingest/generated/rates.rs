//! Who cannot use remote care, against the ONS table of who did not use the internet: every figure of it for adults by age, sex, disability
//! and ethnic group.

use std::collections::BTreeMap;

use equity_indicators::domain::period::Month;
use equity_indicators::ingest::SubmissionFile;
use equity_indicators::ingest::generate::{Generator, GeneratorSettings};
use equity_indicators::proto::v1::PersonCharacteristics;

use super::super::demo;
use super::snapshots;

/// Age, sex, disability, ethnic group; empty stands for all, as in the published file.
type Who = [&'static str; 4];

const AGES: [&str; 7] =
    ["16 to 24", "25 to 34", "35 to 44", "45 to 54", "55 to 64", "65 to 74", "75 and over"];
const SEXES: [&str; 2] = ["Male", "Female"];
const DISABLED: &str = "Disabled (GSS harmonised)";
const NOT_DISABLED: &str = "Not disabled (GSS harmonised)";
/// Published groups with their codes of 2001 and of 2021.
const GROUPS: [(&str, &[&str], &[&str]); 9] = [
    ("White", &["A", "B", "C"], &["13", "14", "15", "16", "17"]),
    ("Mixed/Multiple ethnic background", &["D", "E", "F", "G"], &["9", "10", "11", "12"]),
    ("Indian", &["H"], &["3"]),
    ("Pakistani", &["J"], &["4"]),
    ("Bangladeshi", &["K"], &["1"]),
    ("Chinese", &["R"], &["2"]),
    ("Any other Asian background", &["L"], &["5"]),
    ("Black/African/Caribbean/Black British", &["M", "N", "P"], &["6", "7", "8"]),
    ("Other ethnic group", &["S"], &["18", "19"]),
];

/// Shares offline in 2018, as published for the United Kingdom; not those by work.
fn published() -> BTreeMap<Who, f64> {
    let names = AGES.iter().chain(&SEXES).chain(&[DISABLED, NOT_DISABLED, ""]).copied();
    let names: Vec<&str> = names.chain(GROUPS.map(|(name, ..)| name)).collect();
    let mut table = BTreeMap::new();
    let file = demo("internet_users_2012_2018.csv");
    for row in csv::Reader::from_path(file).unwrap().into_records().map(Result::unwrap) {
        let [year, age, sex, disability, broad, group, work, region] =
            std::array::from_fn(|column| &row[column]);
        if year == "2018" && work.is_empty() && region.is_empty() {
            let group = if group.is_empty() { broad } else { group };
            let name = |found: &str| *names.iter().find(|name| **name == found).unwrap();
            let who = [age, sex, disability, group].map(name);
            table.insert(who, 1.0 - row[13].parse::<f64>().unwrap() / 100.0);
        }
    }
    table
}

/// What the published table would call somebody; empty where it is not known. None: a child, or of unknown age.
fn called(submission: &SubmissionFile, person: &PersonCharacteristics) -> Option<Who> {
    let from = person.age_band.split(['-', '+']).next().and_then(|from| from.parse().ok());
    let age = person.age_years.or(from).and_then(|age| {
        AGES.get(usize::try_from((age - 15) / 10).ok()?.min(6)).filter(|_| age >= 16)
    })?;
    let sex = ["1", "2"].iter().position(|code| *code == person.sex);
    let disability = match person.disability.first().map(String::as_str) {
        None | Some("ZZ" | "NOT_KNOWN") => "",
        Some("NN") => NOT_DISABLED,
        Some(_) => DISABLED,
    };
    let census =
        submission.code_systems.get("ethnic_category").is_some_and(|of| of == "ethnic_group_2021");
    let group = GROUPS.iter().find(|(_, codes_2001, codes_2021)| {
        let codes = if census { codes_2021 } else { codes_2001 };
        codes.contains(&&*person.ethnic_category)
    });
    Some([age, sex.map_or("", |sex| SEXES[sex]), disability, group.map_or("", |(name, ..)| name)])
}

/// Of 800,000 people those adults who were assessed: how many are unable, and how many there are.
fn found() -> BTreeMap<Who, (f64, f64)> {
    let settings = GeneratorSettings {
        rows: 800_000,
        first_month: Month::new(2020, 12).unwrap(),
        contacts_per_person: 1.0,
        ..GeneratorSettings::new(11).unwrap()
    };
    let mut found = BTreeMap::<Who, (f64, f64)>::new();
    for submission in Generator::new(settings).unwrap().access(|_| true) {
        for person in snapshots(&submission).iter().map(|row| row.person.as_ref().unwrap()) {
            let unable = match &*person.digital_access {
                "ABLE" | "WITH_HELP" => 0.0,
                "UNABLE" => 1.0,
                _ => continue,
            };
            if let Some(who) = called(&submission, person) {
                let (offline, all) = found.entry(who).or_default();
                *offline += unable;
                *all += 1.0;
            }
        }
    }
    found
}

/// The table is of the whole country, whose people are mixed otherwise, so that not all its figures can be met at once: each within a
/// point, and two standard errors of a sample of that many people, each less than 0.6 points.
#[test]
fn people_are_unable_as_often_as_the_ons_table_has_them_offline() {
    let (published, found) = (published(), found());
    assert_eq!(published.len(), 1 + 7 + 2 + 14 + 2 + 14 + GROUPS.len(), "{published:#?}");
    let mut wrong = Vec::new();
    for (who, share) in published {
        let like =
            |other: &Who| who.iter().zip(other).all(|(this, of)| this.is_empty() || this == of);
        let (mut unable, mut all) = (0.0, 0.0);
        for (_, (some, of)) in found.iter().filter(|(other, _)| like(other)) {
            unable += some;
            all += of;
        }
        let error = (share * (1.0 - share) / all).sqrt();
        assert!(error < 0.006, "{who:?}: {error} among {all}");
        if (unable / all - share).abs() > 0.01 + 2.0 * error {
            let percent = 100.0 * unable / all;
            wrong.push(format!("{who:?}: {percent:.1} % of {all} for {:.1} %", 100.0 * share));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
