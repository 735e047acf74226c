//! Who a person is in one month, in the words of their organisation: the same in consultations and snapshots.

use super::desk::{Desk, Item};
use super::person::{Person, Pregnancy};
use super::words::{self, Word, Words};
use crate::proto::v1::PersonCharacteristics;

/// What the organisation has recorded of who the person is.
pub(super) fn characteristics(desk: &Desk, person: &Person, month: u16) -> PersonCharacteristics {
    let age = person.age(month);
    let text = |item: Item, words: &Words, word: Word| match desk.collects(item) {
        true => words.text(word).to_owned(),
        false => String::new(),
    };
    let set = |item: Item, codes: &[&'static str], bits: u32| match desk.collects(item) {
        true => words::set(codes, bits),
        false => Vec::new(),
    };
    let from_16 = |item: Item, words: &Words, word: Word, below: &str| match age {
        0..16 if desk.collects(item) => below.to_owned(),
        _ => text(item, words, word),
    };
    let ethnic = if desk.ethnic_2021 { &words::ETHNIC_2021 } else { &words::ETHNIC_2001 };
    PersonCharacteristics {
        age_years: (!desk.age_bands).then_some(i32::from(age)),
        age_band: if desk.age_bands { five_years(age) } else { "" }.to_owned(),
        sex: words::SEX.text(person.sex).to_owned(),
        gender_identity: text(
            Item::GenderIdentity,
            &words::GENDER_IDENTITY,
            person.gender_identity,
        ),
        gender_same_at_birth: text(Item::SameAtBirth, &words::SAME_AT_BIRTH, person.same_at_birth),
        marital_status: from_16(Item::Marital, &words::MARITAL, person.marital, "8"),
        pregnancy_maternity: pregnancy(desk, person, month).to_owned(),
        ethnic_category: text(Item::Ethnic, ethnic, person.ethnic),
        religion: text(Item::Religion, &words::RELIGION, person.religion),
        sexual_orientation: from_16(
            Item::Orientation,
            &words::ORIENTATION,
            person.orientation,
            "NOT_APPLICABLE",
        ),
        disability: set(Item::Disability, &words::DISABILITY, person.disability),
        deprivation: String::new(),
        inclusion_group: set(Item::Inclusion, &words::INCLUSION, person.inclusion),
        local_group: set(Item::Local, &words::LOCAL, person.local),
        carer: text(Item::Carer, &words::YES_NO, person.carer),
        veteran: text(Item::Veteran, &words::YES_NO, person.veteran),
        interpreter_needed: text(Item::Interpreter, &words::YES_NO, person.interpreter),
        accessible_need: text(Item::Need, &words::YES_NO, person.need),
        digital_access: text(Item::Access, &words::ACCESS, person.access),
        main_language: text(Item::Language, &words::LANGUAGE, person.language),
    }
}

fn pregnancy(desk: &Desk, person: &Person, month: u16) -> &'static str {
    if !desk.collects(Item::Pregnancy) {
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

/// The band of five years, 90 and over together.
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
