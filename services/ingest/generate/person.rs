//! An invented person: the true characteristics, and what the practice has recorded.

use super::assumptions as assume;
use super::codes::{self, Code, Codes};
use super::draw::{Chance, Rng, Weighted};
use super::model::{Home, Model, Residents};
use super::offline::RiskFactors;

/// A person, small enough that a whole practice stays in the processor's cache. Codes are places in [`words`].
#[derive(Debug, Clone)]
pub(super) struct Person {
    /// Month of birth, in months since January 1970.
    birth: i16,
    /// Place among the model's homes.
    pub(super) home: u16,
    pub(super) home_known: bool,
    pub(super) woman: bool,
    pub(super) sex: Code,
    pub(super) gender_identity: Code,
    pub(super) same_at_birth: Code,
    pub(super) marital: Code,
    pub(super) pregnancy_recorded: bool,
    /// Place of the person in the cycle of pregnancies, in months.
    pregnancy: u8,
    pub(super) ethnic: Code,
    pub(super) religion: Code,
    pub(super) orientation: Code,
    pub(super) disability: u32,
    pub(super) inclusion: u32,
    pub(super) local: u32,
    pub(super) carer: Code,
    pub(super) veteran: Code,
    pub(super) interpreter: Code,
    pub(super) need: Code,
    pub(super) access: Code,
    pub(super) language: Code,
    pub(super) preferred: Code,
    /// True digital access: 0 able, 1 with help, 2 unable.
    pub(super) true_access: u8,
    pub(super) needs_interpreter: bool,
    pub(super) has_need: bool,
    pub(super) uses_talk_type: bool,
    /// How often the person misses appointments against others, in 32nds.
    pub(super) missed: u8,
}

/// Pregnancy and maternity of a person in one month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pregnancy {
    Pregnant,
    Maternity,
    Neither,
    NotApplicable,
}

/// True characteristics that influence several recorded ones.
struct Truth<'a> {
    home: &'a Home,
    residents: &'a Residents,
    age: u8,
    band: usize,
    woman: bool,
    ethnic: usize,
    english: usize,
    disabilities: u32,
}

impl Person {
    /// Draws a person who lives in `home`, and how often the person consults against others.
    pub(super) fn draw(model: &Model, home: usize, rng: &mut Rng) -> (Self, f64) {
        let truth = Truth::draw(model, home, rng);
        let seen = &model.recording;
        let (birth, adult) = (truth.birth(model.reference, rng), truth.age >= 16);
        let access = truth.access(model, rng);
        let (needs_interpreter, language) = truth.language(model, rng);
        let difficulty = codes::HEARING | codes::SIGHT | codes::SPEECH | codes::LEARNING;
        let need = if truth.disabilities & difficulty == 0 {
            assume::NEED_OF_OTHERS
        } else {
            assume::NEED
        };
        let has_need = rng.chance(Chance::new(need));
        let carer = rng.chance(Chance::new(assume::CARER[truth.band]));
        let veteran = assume::VETERAN[truth.band] * if truth.woman { 0.1 } else { 1.0 };
        let veteran = rng.chance(Chance::new(veteran));
        let orientation = code(truth.residents.orientation.draw(rng));
        let migrant = rng.chance(truth.residents.asylum);
        let sex = if rng.chance(Chance::new(0.0003)) { 2 } else { u8::from(truth.woman) };
        let religion = code(truth.residents.religion[truth.ethnic].draw(rng));
        let person = Person {
            birth,
            home: u16::try_from(home).unwrap_or(u16::MAX),
            home_known: !rng.chance(Chance::new(assume::missing::HOME)),
            woman: truth.woman,
            sex: recorded(&codes::SEX, sex, &seen.sex, rng),
            gender_identity: recorded(
                &codes::GENDER_IDENTITY,
                truth.identity(rng),
                &seen.gender_identity,
                rng,
            ),
            same_at_birth: {
                let same = !rng.chance(Chance::new(assume::NOT_SAME_AT_BIRTH));
                recorded(&codes::SAME_AT_BIRTH, codes::yes_no(same), &seen.same_at_birth, rng)
            },
            marital: {
                let marital = code(model.marital[truth.band].draw(rng));
                recorded(&codes::MARITAL, marital, &seen.marital, rng)
            },
            pregnancy_recorded: rng.chance(Chance::new(0.85)),
            pregnancy: code(rng.below(assume::PREGNANCY_CYCLE) as usize),
            ethnic: {
                let wrong = rng.chance(Chance::new(0.001));
                let ethnic = if wrong { codes::ETHNIC_INVALID } else { code(truth.ethnic) };
                recorded(&codes::ETHNIC_2001, ethnic, &seen.ethnic, rng)
            },
            religion: recorded(&codes::RELIGION, religion, &seen.religion, rng),
            orientation: recorded(&codes::ORIENTATION, orientation, &seen.orientation, rng),
            disability: {
                let bits =
                    if truth.disabilities == 0 { codes::NO_DISABILITY } else { truth.disabilities };
                recorded_set(bits, &codes::DISABILITY_MISSING, &seen.disability, rng)
            },
            inclusion: {
                let bits = truth.inclusion(migrant, rng);
                recorded_set(bits, &codes::INCLUSION_MISSING, &seen.inclusion, rng)
            },
            local: {
                let differs = adult && (1..=3).contains(&orientation);
                let bits = truth.local((migrant, carer, veteran, differs), rng);
                recorded_set(bits, &codes::LOCAL_MISSING, &seen.local, rng)
            },
            carer: recorded(&codes::YES_NO, codes::yes_no(carer), &seen.carer, rng),
            veteran: recorded(&codes::YES_NO, codes::yes_no(veteran), &seen.veteran, rng),
            interpreter: recorded(
                &codes::YES_NO,
                codes::yes_no(needs_interpreter),
                &seen.interpreter,
                rng,
            ),
            need: recorded(&codes::YES_NO, codes::yes_no(has_need), &seen.need, rng),
            access: {
                let assessed = rng.chance(Chance::new(0.65));
                let access = if assessed { access } else { codes::NOT_ASSESSED };
                recorded(&codes::ACCESS, access, &seen.access, rng)
            },
            language: recorded(&codes::LANGUAGE, language, &seen.language, rng),
            preferred: {
                let preferred = code(model.preferred[usize::from(access)].draw(rng));
                let known = rng.chance(Chance::new(assume::PREFERENCE_RECORDED));
                if known { preferred } else { codes::PREFERRED.missing(codes::EMPTY) }
            },
            true_access: access,
            needs_interpreter,
            has_need,
            uses_talk_type: truth.disabilities & (codes::HEARING | codes::SPEECH) != 0,
            missed: truth.missed(),
        };
        let use_of_care = truth.use_of_care(rng);
        (person, use_of_care)
    }

    /// Whether the person is born in this month or before.
    #[inline]
    pub(super) fn is_born(&self, month: u16) -> bool {
        i32::from(self.birth) <= i32::from(month)
    }

    /// Month of birth, in months since January 1970.
    pub(super) fn birth(&self) -> i16 {
        self.birth
    }

    /// Age in completed years in a month; 0 before birth.
    #[inline]
    pub(super) fn age(&self, month: u16) -> u8 {
        let months = i32::from(month) - i32::from(self.birth);
        u8::try_from((months.max(0) / 12).min(115)).unwrap_or(115)
    }

    /// Pregnancy and maternity in a month.
    #[inline]
    pub(super) fn pregnancy(&self, month: u16) -> Pregnancy {
        if !self.woman {
            return Pregnancy::NotApplicable;
        }
        let at = (u32::from(month) + u32::from(self.pregnancy)) % assume::PREGNANCY_CYCLE;
        let fertile = assume::FERTILE.contains(&self.age(month));
        match at {
            at if fertile && at < assume::PREGNANT_MONTHS => Pregnancy::Pregnant,
            at if fertile && at < assume::PREGNANT_MONTHS + assume::MATERNITY_MONTHS => {
                Pregnancy::Maternity
            }
            _ => Pregnancy::Neither,
        }
    }
}

impl<'a> Truth<'a> {
    fn draw(model: &'a Model, home: usize, rng: &mut Rng) -> Self {
        let home = &model.homes[home];
        let residents = &model.districts[home.district];
        let age = code(residents.ages.draw(rng));
        let band = assume::band(age);
        let broad = home.broad.draw(rng);
        let ethnic = residents.ethnic_within[broad].draw(rng);
        let disabled = home.disabled * residents.disability * assume::DISABILITY[band];
        let mut disabilities = 0;
        if rng.chance(Chance::new(disabled)) {
            let kinds = &model.kinds[usize::from(age >= 65)];
            disabilities |= 1 << kinds.draw(rng);
            for _ in 0..3 {
                if !rng.chance(Chance::new(assume::DISABILITY_MORE)) {
                    break;
                }
                disabilities |= 1 << kinds.draw(rng);
            }
        }
        Truth {
            age,
            band,
            woman: rng.chance(Chance::new(residents.women + assume::more_women(age))),
            ethnic,
            english: residents.english[ethnic].draw(rng),
            disabilities,
            home,
            residents,
        }
    }

    /// A random month of birth for this age. Age 90 stands for 90 and over.
    fn birth(&self, reference: i16, rng: &mut Rng) -> i16 {
        let mut years = i16::from(self.age);
        if self.age == 90 {
            while years < 108 && rng.chance(Chance::new(0.72)) {
                years += 1;
            }
        }
        reference - years * 12 - i16::from(code(rng.below(12) as usize))
    }

    /// True digital access: 0 able, 1 with help, 2 unable.
    fn access(&self, model: &Model, rng: &mut Rng) -> u8 {
        let unable = model.unable.share(&RiskFactors {
            band: self.band,
            disabled: self.disabilities != 0,
            woman: self.woman,
            ethnic: self.ethnic,
            decile: self.home.decile,
            english: self.english,
        });
        let with_help = 0.04 + 0.4 * unable;
        match rng.unit() {
            drawn if drawn < unable => 2,
            drawn if drawn < unable + (1.0 - unable) * with_help => 1,
            _ => 0,
        }
    }

    /// Whether an interpreter is needed, and the main language.
    fn language(&self, model: &Model, rng: &mut Rng) -> (bool, Code) {
        let (drawn, languages) = &model.languages[self.ethnic];
        let language = match self.english {
            0 => codes::language("en"),
            _ => languages[drawn.draw(rng)],
        };
        let signed = codes::LANGUAGE.text(language) == codes::SIGNED;
        let needed =
            if signed { assume::INTERPRETER_SIGNED } else { assume::INTERPRETER[self.english] };
        (rng.chance(Chance::new(needed)), language)
    }

    fn identity(&self, rng: &mut Rng) -> Code {
        match rng.unit() {
            drawn if drawn < assume::NON_BINARY => 2,
            drawn if drawn < 2.0 * assume::NON_BINARY => 3,
            _ => u8::from(self.woman),
        }
    }

    fn inclusion(&self, migrant: bool, rng: &mut Rng) -> u32 {
        let roma_or_traveller = matches!(self.ethnic, 14 | 15);
        let adult = |share: f64| if self.age >= 18 { share } else { 0.0 };
        let mut groups = u32::from(rng.chance(self.residents.homeless))
            | u32::from(migrant) << 2
            | u32::from(roma_or_traveller) << 3;
        for (place, share) in [
            (1, assume::DEPENDENCE),
            (4, assume::JUSTICE),
            (5, assume::SLAVERY),
            (6, assume::SEX_WORK),
            (7, assume::MARGINALISED),
        ] {
            groups |= u32::from(rng.chance(Chance::new(adult(share)))) << place;
        }
        if groups == 0 { codes::IN_NO_GROUP } else { groups }
    }

    fn local(
        &self,
        (migrant, carer, veteran, differs): (bool, bool, bool, bool),
        rng: &mut Rng,
    ) -> u32 {
        let has = |kind: u32| self.disabilities & kind != 0;
        let share = |condition: bool, share: f64| if condition { share } else { 0.0 };
        let sure = |condition: bool| share(condition, 1.0);
        let shares = [
            sure(self.ethnic != 12),
            share(has(codes::LEARNING), assume::LEARNING_DISABILITY),
            share(has(codes::BEHAVIOUR), assume::AUTISM),
            share(self.age >= 18, assume::MENTAL_ILLNESS),
            assume::DEMENTIA[self.band],
            assume::MULTIMORBIDITY[self.band] * if has(codes::PROGRESSIVE) { 1.8 } else { 0.9 },
            assume::FRAILTY[self.band],
            sure(has(codes::HEARING | codes::SIGHT)),
            sure(differs),
            sure(migrant),
            sure(self.english >= 3),
            share(self.age < 18, assume::LOOKED_AFTER),
            share((18..25).contains(&self.age), assume::CARE_LEAVERS),
            sure(carer && self.age < 18),
            if veteran { 1.0 } else { assume::FORCES_FAMILY },
            share(self.residents.rural, assume::RURAL_ISOLATION),
        ];
        let mut groups = 0;
        for (place, share) in shares.into_iter().enumerate() {
            if share > 0.0 && rng.chance(Chance::new(share)) {
                groups |= 1 << place;
            }
        }
        if groups == 0 { codes::IN_NO_LOCAL_GROUP } else { groups }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "from 0 to 3, in 32nds"
    )]
    fn missed(&self) -> u8 {
        let decile = usize::from(self.home.decile.clamp(1, 10)) - 1;
        (assume::MISSED[self.band] * assume::MISSED_BY_DECILE[decile] * 32.0) as u8
    }

    /// How often the person consults against others: by age, sex and disability, times a cut Pareto distribution with index 2.
    fn use_of_care(&self, rng: &mut Rng) -> f64 {
        let women = self.woman && (16..45).contains(&self.age);
        let women = if women { assume::USE_OF_WOMEN } else { 1.0 };
        let disabled = if self.disabilities != 0 { assume::USE_OF_DISABLED } else { 1.0 };
        assume::USE[self.band] * women * disabled / (rng.unit() + 0.0008).sqrt()
    }
}

/// The code itself, or the code of a missing state. (People who did not answer the census have a missing state already: those
/// tables end with them.)
fn recorded(codes: &Codes, code: Code, recording: &Weighted, rng: &mut Rng) -> Code {
    match recording.draw(rng) {
        0 => code,
        state => codes.missing(self::code(state - 1)),
    }
}

fn recorded_set(bits: u32, missing: &[u32; 4], recording: &Weighted, rng: &mut Rng) -> u32 {
    match recording.draw(rng) {
        0 => bits,
        state => missing[state - 1],
    }
}

/// A place as a code.
fn code(place: usize) -> Code {
    u8::try_from(place).unwrap_or(u8::MAX)
}
