//! The set against the published tables it is drawn from, and against what was assumed between them.

use std::collections::BTreeMap;

use equity_indicators::domain::period::Month;
use equity_indicators::ingest::generate::{Generator, GeneratorSettings};
use equity_indicators::proto::v1::{ConsultationRecord, PersonCharacteristics};

use super::super::demo;
use super::{consultations, large, person};

/// Counts by a name.
type Counts = BTreeMap<String, f64>;

/// Sums of the last column of a table by the column at `place`.
fn table(name: &str, place: usize) -> Counts {
    let mut counts = Counts::new();
    let path = demo("marginals").join(name);
    for row in csv::Reader::from_path(path).unwrap().into_records() {
        let row = row.unwrap();
        *counts.entry(row[place].to_owned()).or_default() +=
            row[row.len() - 1].parse::<f64>().unwrap();
    }
    counts
}

fn shares(counts: &Counts) -> Counts {
    let all: f64 = counts.values().sum();
    counts.iter().map(|(name, count)| (name.clone(), count / all)).collect()
}

/// Shares in percentage points.
fn assert_near(found: &Counts, expected: &Counts, points: f64) {
    let (found, expected) = (shares(found), shares(expected));
    for name in found.keys().chain(expected.keys()) {
        let of = |counts: &Counts| counts.get(name).copied().unwrap_or(0.0) * 100.0;
        let (found, expected) = (of(&found), of(&expected));
        assert!((found - expected).abs() < points, "{name}: {found:.2} % for {expected:.2} %");
    }
}

/// The registered, by something said of them; what is not said is left out.
fn registered(of: impl Fn(&PersonCharacteristics, bool) -> Option<String>) -> Counts {
    let mut counts = Counts::new();
    for (submission, row) in large().registered() {
        let system = submission.code_systems.get("ethnic_category").map(String::as_str);
        let name = of(row.person.as_ref().unwrap(), system == Some("ethnic_group_2021"));
        if let Some(name) = name {
            *counts.entry(name).or_default() += row.person_count as f64;
        }
    }
    counts
}

/// The practices' lists are larger than the city: areas count by their lists, not by their residents.
fn by_list_size(of: impl Fn(&csv::StringRecord) -> Vec<(String, f64)>) -> Counts {
    let lists = {
        let mut lists = Counts::new();
        for row in csv::Reader::from_path(demo("marginals/practices.csv")).unwrap().into_records() {
            let row = row.unwrap();
            *lists.entry(row[1].to_owned()).or_default() += row[2].parse::<f64>().unwrap();
        }
        lists
    };
    let areas: Vec<csv::StringRecord> = csv::Reader::from_path(demo("marginals/lsoa21.csv"))
        .unwrap()
        .into_records()
        .map(Result::unwrap)
        .collect();
    let mut residents = Counts::new();
    for area in &areas {
        *residents.entry(area[2].to_owned()).or_default() += area[4].parse::<f64>().unwrap();
    }
    let mut counts = Counts::new();
    for area in &areas {
        let factor = lists[&area[2]] / residents[&area[2]];
        for (name, people) in of(area) {
            *counts.entry(name).or_default() += people * factor;
        }
    }
    counts
}

const BANDS: [(&str, i32); 22] = [
    ("0-4", 0),
    ("5-9", 5),
    ("10-14", 10),
    ("15", 15),
    ("16-17", 16),
    ("18", 18),
    ("19", 19),
    ("20-24", 20),
    ("25-29", 25),
    ("30-34", 30),
    ("35-39", 35),
    ("40-44", 40),
    ("45-49", 45),
    ("50-54", 50),
    ("55-59", 55),
    ("60-64", 60),
    ("65-69", 65),
    ("70-74", 70),
    ("75-79", 75),
    ("80-84", 80),
    ("85-89", 85),
    ("90+", 90),
];

#[test]
fn age_and_sex() {
    let band = |age: i32| BANDS.iter().rev().find(|(_, from)| *from <= age).unwrap().0.to_owned();
    let mut expected = Counts::new();
    for (age, people) in table("age_by_district.csv", 1) {
        *expected.entry(band(age.parse().unwrap())).or_default() += people;
    }
    let found = registered(|person, _| Some(person.age_band.clone()));
    assert_near(&found, &expected, 1.5);
    let found =
        registered(|person, _| Some(person.sex.clone()).filter(|sex| sex == "1" || sex == "2"));
    assert_near(&found, &table("sex_by_district.csv", 1), 1.0);
}

#[test]
fn ethnic_group_and_deprivation() {
    let broad = |person: &PersonCharacteristics, census: bool| {
        let group = match (&*person.ethnic_category, census) {
            ("A" | "B" | "C", false) | ("13" | "14" | "15" | "16" | "17", true) => "white",
            ("D" | "E" | "F" | "G", false) | ("9" | "10" | "11" | "12", true) => "mixed",
            ("H" | "J" | "K" | "L" | "R", false) | ("1" | "2" | "3" | "4" | "5", true) => "asian",
            ("M" | "N" | "P", false) | ("6" | "7" | "8", true) => "black",
            ("S", false) | ("18" | "19", true) => "other",
            _ => return None,
        };
        Some(group.to_owned())
    };
    let names = ["white", "mixed", "asian", "black", "other"];
    let expected = by_list_size(|area| {
        let people = |place: usize| area[5 + place].parse::<f64>().unwrap();
        names.iter().enumerate().map(|(place, name)| ((*name).to_owned(), people(place))).collect()
    });
    assert_near(&registered(broad), &expected, 1.5);
    let expected = by_list_size(|area| vec![(area[3].to_owned(), area[4].parse().unwrap())]);
    let found = registered(|person, _| Some(person.deprivation.clone()).filter(|d| !d.is_empty()));
    assert_near(&found, &expected, 1.5);
}

/// One row for each person with a known home, and the district of it.
fn residents() -> Vec<(String, &'static ConsultationRecord)> {
    let mut district = BTreeMap::new();
    for area in csv::Reader::from_path(demo("marginals/lsoa21.csv")).unwrap().into_records() {
        let area = area.unwrap();
        district.insert(area[0].to_owned(), area[1].to_owned());
    }
    let people: BTreeMap<&str, &ConsultationRecord> =
        large().rows().map(|(_, row)| (&*row.person_key, row)).collect();
    let at_home = people.into_values().filter(|row| !row.residence_lsoa.is_empty());
    at_home.map(|row| (district[&row.residence_lsoa].clone(), row)).collect()
}

/// Compares what is known of people with the table of their districts, without `NOT_STATED`.
fn assert_like_districts(
    name: &str,
    category: impl Fn(&str) -> Option<String>,
    of: impl Fn(&PersonCharacteristics) -> Option<String>,
) {
    let mut tables = BTreeMap::<String, Counts>::new();
    for row in csv::Reader::from_path(demo("marginals").join(name)).unwrap().into_records() {
        let row = row.unwrap();
        if let Some(category) = category(&row[1]) {
            let table = tables.entry(row[0].to_owned()).or_default();
            *table.entry(category).or_default() += row[2].parse::<f64>().unwrap();
        }
    }
    let (mut found, mut expected) = (Counts::new(), Counts::new());
    for (district, row) in residents() {
        if let Some(category) = of(person(row)) {
            *found.entry(category).or_default() += 1.0;
            for (category, share) in shares(&tables[&district]) {
                *expected.entry(category).or_default() += share;
            }
        }
    }
    assert!(found.values().sum::<f64>() > 3_000.0, "{found:?}");
    assert_near(&found, &expected, 1.5);
}

#[test]
fn religion_orientation_and_language() {
    let stated = |category: &str| (category != "NOT_STATED").then(|| category.to_owned());
    assert_like_districts("religion_by_district.csv", stated, |person| match &*person.religion {
        "" | "N" | "ASKED_UNSURE" | "M" => None,
        "K" => Some("OTHER_RELIGION".to_owned()),
        code => Some(code.to_owned()),
    });
    assert_like_districts("sexual_orientation_by_district.csv", stated, |person| {
        let code = &person.sexual_orientation;
        matches!(code.as_str(), "1" | "2" | "3" | "4").then(|| code.clone())
    });
    let english = |main: bool| Some(if main { "en" } else { "other" }.to_owned());
    assert_like_districts(
        "english_by_district.csv",
        |category| english(category == "MAIN_LANGUAGE"),
        |person| match &*person.main_language {
            "" | "NOT_STATED" | "NOT_KNOWN" => None,
            language => english(language == "en"),
        },
    );
}

/// With so many contacts that nearly everybody has one, those who consult are the people.
#[test]
fn disability() {
    let settings = GeneratorSettings {
        rows: 100_000,
        first_month: Month::new(2020, 12).unwrap(),
        contacts_per_person: 25.0,
        ..GeneratorSettings::new(5).unwrap()
    };
    let generator = Generator::new(settings).unwrap();
    let mut people = BTreeMap::new();
    for submission in generator.consultations() {
        for row in consultations(&submission) {
            people.insert(row.person_key.clone(), person(row).disability.clone());
        }
    }
    assert!(people.len() as f64 > 0.98 * generator.people() as f64);
    let mut found = Counts::new();
    for codes in people.values() {
        let disabled = match codes.first().map(String::as_str) {
            None | Some("ZZ" | "NOT_KNOWN") => continue,
            Some(code) => code != "NN",
        };
        *found.entry(disabled.to_string()).or_default() += 1.0;
    }
    let expected = by_list_size(|area| {
        let people = |place: usize| area[place].parse::<f64>().unwrap();
        vec![("true".to_owned(), people(10)), ("false".to_owned(), people(11))]
    });
    assert_near(&found, &expected, 2.0);
}

/// Share of contacts for which something holds, of those where it is known.
fn share(of: impl Fn(&ConsultationRecord) -> Option<bool>) -> f64 {
    let known: Vec<bool> = large().rows().filter_map(|(_, row)| of(row)).collect();
    known.iter().filter(|holds| **holds).count() as f64 / known.len() as f64
}

/// 0 in person, 1 telephone, 2 online, 3 unknown, whatever the codes.
fn mode(row: &ConsultationRecord) -> usize {
    match &*row.channel {
        "FACE_TO_FACE" | "HOME_VISIT" | "01" => 0,
        "TELEPHONE" | "TALK_TYPE" | "02" | "04" => 1,
        "" | "NOT_KNOWN" => 3,
        _ => 2,
    }
}

#[test]
fn channels_attendance_and_waits_follow_the_published_months() {
    let modes = ["in person", "telephone", "online", "unknown"];
    let published = |channel: &str| match channel {
        "FACE_TO_FACE" | "HOME_VISIT" => modes[0],
        "TELEPHONE" => modes[1],
        "ONLINE_UNSPECIFIED" => modes[2],
        _ => modes[3],
    };
    let (mut totals, mut found_totals) = (Counts::new(), Counts::new());
    let (mut expected, mut missed) = (BTreeMap::<String, Counts>::new(), Counts::new());
    let path = demo("marginals/appointments_by_month.csv");
    for row in csv::Reader::from_path(path).unwrap().into_records() {
        let row = row.unwrap();
        let count: f64 = row[3].parse().unwrap();
        *totals.entry(row[0].to_owned()).or_default() += count;
        let month = expected.entry(row[0].to_owned()).or_default();
        *month.entry(published(&row[1]).to_owned()).or_default() += count;
        *missed.entry(row[2].to_owned()).or_default() += count;
    }
    let (mut found, mut found_missed) = (BTreeMap::<String, Counts>::new(), Counts::new());
    for (submission, row) in large().rows() {
        *found_totals.entry(submission.month.clone()).or_default() += 1.0;
        let month = found.entry(submission.month.clone()).or_default();
        *month.entry(modes[mode(row)].to_owned()).or_default() += 1.0;
        let status = match &*row.attendance {
            "5" | "6" => "ATTENDED",
            "3" | "7" => "DID_NOT_ATTEND",
            _ => "NOT_KNOWN",
        };
        *found_missed.entry(status.to_owned()).or_default() += 1.0;
    }
    assert_near(&found_totals, &totals, 0.1);
    for (month, expected) in &expected {
        assert_near(&found[month], expected, 2.0);
    }
    assert_near(&found_missed, &missed, 0.5);

    let mut waits = table("appointments_by_wait.csv", 2);
    let unknown = waits.keys().find(|wait| !wait.contains("DAY")).unwrap().clone();
    waits.remove(&unknown);
    let mut found = Counts::new();
    for (_, row) in large().rows() {
        let wait = match (row.lead_time_days, &*row.lead_time_band) {
            (Some(0), _) | (None, "Same Day") => "SAME_DAY",
            (Some(1), _) | (None, "1 Day") => "1_DAY",
            (Some(2..=7), _) | (None, "2 to 7 Days") => "2_TO_7_DAYS",
            (Some(8..=14), _) | (None, "8  to 14 Days") => "8_TO_14_DAYS",
            (Some(15..=21), _) | (None, "15  to 21 Days") => "15_TO_21_DAYS",
            (Some(22..=28), _) | (None, "22  to 28 Days") => "22_TO_28_DAYS",
            (Some(_), _) | (None, "More than 28 Days") => "OVER_28_DAYS",
            _ => continue,
        };
        *found.entry(wait.to_owned()).or_default() += 1.0;
    }
    assert_near(&found, &waits, 1.0);
}

/// Share of known contacts that are remote, among those for which `of` holds.
fn remote(of: impl Fn(&ConsultationRecord) -> bool) -> f64 {
    share(|row| (of(row) && mode(row) != 3).then(|| mode(row) != 0))
}

#[test]
fn who_is_seen_how_depends_on_who_they_are() {
    let aged = |from: i32, to: i32| {
        remote(move |row| person(row).age_years.is_some_and(|age| (from..to).contains(&age)))
    };
    assert!(aged(18, 45) > aged(75, 120) + 0.02, "{} {}", aged(18, 45), aged(75, 120));
    let access = |code: &str| remote(|row| person(row).digital_access == code);
    assert!(access("ABLE") > access("WITH_HELP") && access("WITH_HELP") > access("UNABLE") + 0.05);
    let interpreter = |code: &str| remote(|row| person(row).interpreter_needed == code);
    assert!(interpreter("N") > interpreter("Y") + 0.05);

    let unable = |of: &dyn Fn(&ConsultationRecord) -> bool| {
        share(|row| {
            let known = matches!(&*person(row).digital_access, "ABLE" | "WITH_HELP" | "UNABLE");
            (known && of(row)).then(|| person(row).digital_access == "UNABLE")
        })
    };
    let old = unable(&|row| person(row).age_years.is_some_and(|age| age >= 75));
    let young = unable(&|row| person(row).age_years.is_some_and(|age| (16..45).contains(&age)));
    assert!(old > 0.4 && young < 0.1, "{old} {young}");
    let disabled = |row: &ConsultationRecord| {
        !matches!(
            person(row).disability.first().map(String::as_str),
            None | Some("NN" | "ZZ" | "NOT_KNOWN")
        )
    };
    assert!(unable(&disabled) > unable(&|row| person(row).disability == ["NN"]) + 0.05);

    let missed = |of: &dyn Fn(&ConsultationRecord) -> bool| {
        share(|row| of(row).then(|| row.attendance == "3" || row.attendance == "7"))
    };
    let young = missed(&|row| person(row).age_years.is_some_and(|age| (16..35).contains(&age)));
    let old = missed(&|row| person(row).age_years.is_some_and(|age| age >= 65));
    assert!(young > 1.5 * old, "{young} {old}");
}
