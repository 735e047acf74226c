//! The characteristics of a person in one month, in the codes of their organisation. Consultations and snapshots use the same.

use super::codes::{self, Code, Codes};
use super::person::{Person, Pregnancy};
use super::recording_habits::{Characteristic, RecordingHabits};
use crate::proto::v1::PersonCharacteristics;

/// The characteristics that the organisation has recorded.
pub(super) fn characteristics(
    habits: &RecordingHabits,
    person: &Person,
    month: u16,
) -> PersonCharacteristics {
    let age = person.age(month);
    let text = |characteristic: Characteristic, codes: &Codes, code: Code| match habits
        .collects(characteristic)
    {
        true => codes.text(code).to_owned(),
        false => String::new(),
    };
    let set = |characteristic: Characteristic, codes: &[&'static str], bits: u32| match habits
        .collects(characteristic)
    {
        true => codes::set(codes, bits),
        false => Vec::new(),
    };
    let from_16 = |characteristic: Characteristic, codes: &Codes, code: Code, below: &str| match age
    {
        0..16 if habits.collects(characteristic) => below.to_owned(),
        _ => text(characteristic, codes, code),
    };
    let ethnic = if habits.ethnic_2021 { &codes::ETHNIC_2021 } else { &codes::ETHNIC_2001 };
    PersonCharacteristics {
        age_years: (!habits.age_bands).then_some(i32::from(age)),
        age_band: if habits.age_bands { five_years(age) } else { "" }.to_owned(),
        sex: codes::SEX.text(person.sex).to_owned(),
        gender_identity: text(
            Characteristic::GenderIdentity,
            &codes::GENDER_IDENTITY,
            person.gender_identity,
        ),
        gender_same_at_birth: text(
            Characteristic::SameAtBirth,
            &codes::SAME_AT_BIRTH,
            person.same_at_birth,
        ),
        marital_status: from_16(Characteristic::Marital, &codes::MARITAL, person.marital, "8"),
        pregnancy_maternity: pregnancy(habits, person, month).to_owned(),
        ethnic_category: text(Characteristic::Ethnic, ethnic, person.ethnic),
        religion: text(Characteristic::Religion, &codes::RELIGION, person.religion),
        sexual_orientation: from_16(
            Characteristic::Orientation,
            &codes::ORIENTATION,
            person.orientation,
            "NOT_APPLICABLE",
        ),
        disability: set(Characteristic::Disability, &codes::DISABILITY, person.disability),
        deprivation: String::new(),
        inclusion_group: set(Characteristic::Inclusion, &codes::INCLUSION, person.inclusion),
        local_group: set(Characteristic::Local, &codes::LOCAL, person.local),
        carer: text(Characteristic::Carer, &codes::YES_NO, person.carer),
        veteran: text(Characteristic::Veteran, &codes::YES_NO, person.veteran),
        interpreter_needed: text(Characteristic::Interpreter, &codes::YES_NO, person.interpreter),
        accessible_need: text(Characteristic::Need, &codes::YES_NO, person.need),
        digital_access: text(Characteristic::Access, &codes::ACCESS, person.access),
        main_language: text(Characteristic::Language, &codes::LANGUAGE, person.language),
    }
}

fn pregnancy(habits: &RecordingHabits, person: &Person, month: u16) -> &'static str {
    if !habits.collects(Characteristic::Pregnancy) {
        return "";
    }
    match person.pregnancy(month) {
        Pregnancy::NotApplicable => "NOT_APPLICABLE",
        _ if !person.pregnancy_recorded => "",
        Pregnancy::Pregnant => "PREGNANT",
        Pregnancy::Maternity => "MATERNITY_26W",
        Pregnancy::Neither => "NEITHER",
    }
}

/// The band of five years; the last is 90 and over.
fn five_years(age: u8) -> &'static str {
    const BANDS: [&str; 19] = [
        "0-4", "5-9", "10-14", "15-19", "20-24", "25-29", "30-34", "35-39", "40-44", "45-49",
        "50-54", "55-59", "60-64", "65-69", "70-74", "75-79", "80-84", "85-89", "90+",
    ];
    BANDS[usize::from(age / 5).min(BANDS.len() - 1)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands() {
        assert_eq!(
            [0, 4, 5, 89, 90, 115].map(five_years),
            ["0-4", "0-4", "5-9", "85-89", "90+", "90+"]
        );
    }
}
