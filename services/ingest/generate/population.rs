//! The people registered with an organisation in one month, by recorded age, sex, ethnic category and deprivation.

use super::codes::{self, Code};
use super::model::Model;
use super::person::Person;
use super::recording_habits::{Characteristic, RecordingHabits};
use crate::domain::period::Month;
use crate::proto::v1::{PersonCharacteristics, PopulationRecord};

/// The characteristics of a population, besides the ethnic category.
pub(super) const COLLECTED: [&str; 3] = ["age_band", "deprivation", "sex"];

/// Counts the people. Records are in the order of age, sex, ethnic category and decile.
pub(super) fn population(
    people: &[Person],
    model: &Model,
    habits: &RecordingHabits,
    month: Month,
) -> Vec<PopulationRecord> {
    let month = month.number();
    let groups = if habits.ethnic_2021 { &codes::ETHNIC_2021 } else { &codes::ETHNIC_2001 };
    let ethnic: Vec<Code> = match habits.collects(Characteristic::Ethnic) {
        true => groups.all().map(|code| groups.first_alike(code)).collect(),
        false => groups.all().map(|_| groups.missing(codes::EMPTY)).collect(),
    };
    let cell = |person: &Person| {
        let age = person.age(month);
        let band = codes::POPULATION_AGES.partition_point(|(from, _)| *from <= age);
        let home = &model.homes[usize::from(person.home)];
        let decile = if person.home_known { home.decile } else { 0 };
        let ethnic = ethnic[usize::from(person.ethnic)];
        u32::from_be_bytes([u8::try_from(band).unwrap_or(u8::MAX), person.sex, ethnic, decile])
    };
    let mut cells: Vec<u32> =
        people.iter().filter(|person| person.is_born(month)).map(cell).collect();
    cells.sort_unstable();
    let row = |alike: &[u32]| {
        let [band, sex, ethnic, decile] = alike[0].to_be_bytes();
        let age = codes::POPULATION_AGES.get(usize::from(band).saturating_sub(1));
        PopulationRecord {
            person_count: i64::try_from(alike.len()).unwrap_or(i64::MAX),
            residence_lsoa: String::new(),
            suppressed: false,
            person: Some(PersonCharacteristics {
                age_band: age.map_or("", |(_, band)| band).to_owned(),
                sex: codes::SEX.text(sex).to_owned(),
                ethnic_category: groups.text(ethnic).to_owned(),
                deprivation: codes::DECILES[usize::from(decile)].to_owned(),
                ..PersonCharacteristics::default()
            }),
        }
    };
    cells.chunk_by(|a, b| a == b).map(row).collect()
}
