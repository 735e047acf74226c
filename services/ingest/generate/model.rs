//! From totals to people: the distributions that one person after the other is drawn from.

use super::GeneratorError;
use super::assumptions::{self as assume, Missing, missing};
use super::draw::{Chance, Weighted};
use super::fit::{fit, ratio};
use super::tables::{District, ETHNIC_GROUPS, Tables};
use super::words::{self, Word};
use crate::domain::period::Month;

/// Everything that a person is drawn from.
#[derive(Debug)]
pub(super) struct Model {
    pub(super) homes: Vec<Home>,
    pub(super) regions: Vec<Region>,
    pub(super) districts: Vec<Residents>,
    pub(super) languages: Vec<(Weighted, Vec<Word>)>,
    pub(super) marital: Vec<Weighted>,
    pub(super) kinds: Vec<Weighted>,
    pub(super) preferred: Vec<Weighted>,
    pub(super) recording: Recording,
    /// Month in which ages are those of the published table, in months since January 1970.
    pub(super) reference: i16,
    offline: Vec<[[f64; 2]; 2]>,
    offline_by_ethnic_group: Vec<f64>,
}

/// A small area as a home.
#[derive(Debug)]
pub(super) struct Home {
    pub(super) code: String,
    pub(super) district: usize,
    /// 1 to 10.
    pub(super) decile: u8,
    pub(super) broad: Weighted,
    pub(super) disabled: f64,
}

/// Small areas in the order of their codes, which are neighbours more often than not.
#[derive(Debug)]
pub(super) struct Region {
    /// Sub-ICB location; empty for the whole system.
    pub(super) code: String,
    homes: Vec<usize>,
    /// Share of residents up to and including each.
    cumulative: Vec<f64>,
}

impl Region {
    /// The home at a place of 0 to 1 along the region's residents; a place outside comes in again at the other end.
    pub(super) fn home(&self, place: f64) -> usize {
        let place = place - place.floor();
        let at = self.cumulative.partition_point(|end| *end <= place);
        self.homes[at.min(self.homes.len().saturating_sub(1))]
    }
}

/// A district's people.
#[derive(Debug)]
pub(super) struct Residents {
    pub(super) ages: Weighted,
    pub(super) women: f64,
    pub(super) ethnic_within: Vec<Weighted>,
    /// By ethnic group.
    pub(super) religion: Vec<Weighted>,
    /// By ethnic group.
    pub(super) english: Vec<Weighted>,
    pub(super) orientation: Weighted,
    /// What the risk of disability by age is multiplied by, so that the area's share comes out.
    pub(super) disability: f64,
    pub(super) homeless: Chance,
    pub(super) asylum: Chance,
    pub(super) rural: bool,
}

/// Whether a characteristic is recorded or in which way it is missing: 0, or the missing state from 1.
#[derive(Debug)]
pub(super) struct Recording {
    pub(super) sex: Weighted,
    pub(super) gender_identity: Weighted,
    pub(super) same_at_birth: Weighted,
    pub(super) marital: Weighted,
    pub(super) ethnic: Weighted,
    pub(super) religion: Weighted,
    pub(super) orientation: Weighted,
    pub(super) disability: Weighted,
    pub(super) inclusion: Weighted,
    pub(super) local: Weighted,
    pub(super) carer: Weighted,
    pub(super) veteran: Weighted,
    pub(super) interpreter: Weighted,
    pub(super) need: Weighted,
    pub(super) access: Weighted,
    pub(super) language: Weighted,
}

impl Model {
    /// `reference`: the month in which ages are those of the published table.
    pub(super) fn load(reference: Month) -> Result<Self, GeneratorError> {
        let tables = Tables::load()?;
        let homes: Vec<Home> = tables
            .lsoas
            .iter()
            .map(|lsoa| Home {
                code: lsoa.lsoa.clone(),
                district: place(&tables.districts, &lsoa.district),
                decile: lsoa.imd_2025_decile,
                broad: Weighted::new(&lsoa.broad()),
                disabled: lsoa.disabled_share(),
            })
            .collect();
        let languages = |(codes, weights): (Vec<&str>, Vec<f64>)| {
            (Weighted::new(&weights), codes.into_iter().map(words::language).collect())
        };
        Ok(Model {
            homes,
            regions: regions(&tables),
            districts: tables.districts.iter().map(residents).collect(),
            languages: assume::LANGUAGES
                .iter()
                .map(|of| languages(of.iter().copied().unzip()))
                .collect(),
            marital: assume::MARITAL.iter().map(|weights| Weighted::new(weights)).collect(),
            kinds: assume::DISABILITY_KINDS.iter().map(|weights| Weighted::new(weights)).collect(),
            preferred: assume::PREFERRED.iter().map(|weights| Weighted::new(weights)).collect(),
            recording: recording(),
            reference: i16::try_from(reference.number()).unwrap_or(i16::MAX),
            offline: offline_by_age(&tables),
            offline_by_ethnic_group: offline_by_ethnic_group(&tables),
        })
    }

    /// How likely somebody is to be unable to use remote care. Children go by the young adults who act for them.
    pub(super) fn unable(
        &self,
        (band, disabled, woman): (usize, bool, bool),
        ethnic: usize,
        decile: u8,
        english: usize,
    ) -> f64 {
        let adult = if band == 0 { 2 } else { band };
        let by_age = self.offline[adult - 1][usize::from(disabled)][usize::from(woman)];
        let decile = usize::from(decile.clamp(1, 10)) - 1;
        let english = if english >= 3 { assume::UNABLE_WITHOUT_ENGLISH } else { 1.0 };
        by_age * self.offline_by_ethnic_group[ethnic] * assume::UNABLE_BY_DECILE[decile] * english
    }
}

fn place(districts: &[District], code: &str) -> usize {
    districts.iter().position(|district| district.code == code).unwrap_or(0)
}

/// The sub-ICB locations, and last the whole.
fn regions(tables: &Tables) -> Vec<Region> {
    let mut codes: Vec<&str> = Vec::new();
    for lsoa in &tables.lsoas {
        if !codes.contains(&lsoa.sub_icb.as_str()) {
            codes.push(&lsoa.sub_icb);
        }
    }
    codes.push("");
    let region = |code: &str| {
        let within = |place: &usize| code.is_empty() || tables.lsoas[*place].sub_icb == code;
        let mut homes: Vec<usize> = (0..tables.lsoas.len()).filter(within).collect();
        homes.sort_by_key(|place| &tables.lsoas[*place].lsoa);
        let all: f64 = homes.iter().map(|place| tables.lsoas[*place].residents).sum();
        let mut sum = 0.0;
        let cumulative = homes.iter().map(|place| {
            sum += tables.lsoas[*place].residents;
            sum / all
        });
        Region { code: code.to_owned(), cumulative: cumulative.collect(), homes }
    };
    codes.into_iter().map(region).collect()
}

fn residents(district: &District) -> Residents {
    let ethnic: Vec<f64> = (0..ETHNIC_GROUPS)
        .map(|group| district.ethnic_within.iter().map(|broad| broad[group]).sum())
        .collect();
    let joint = |guess: Vec<Vec<f64>>, totals: &[f64]| -> Vec<Weighted> {
        let weighed =
            |(row, people): (Vec<f64>, &f64)| row.iter().map(|cell| cell * people).collect();
        let guess: Vec<Vec<f64>> = guess.into_iter().zip(&ethnic).map(weighed).collect();
        fit(&guess, &ethnic, totals).iter().map(|row| Weighted::new(row)).collect()
    };
    let people: f64 = district.ages.iter().sum();
    let risk =
        district.ages.iter().zip(0u8..).map(|(n, age)| n * assume::DISABILITY[assume::band(age)]);
    Residents {
        ages: Weighted::new(&district.ages),
        women: ratio(district.sexes[1], district.sexes.iter().sum()),
        ethnic_within: district.ethnic_within.iter().map(|within| Weighted::new(within)).collect(),
        religion: joint(
            assume::RELIGION.iter().map(|row| row.to_vec()).collect(),
            &district.religions,
        ),
        english: joint(assume::ENGLISH.iter().map(|row| row.to_vec()).collect(), &district.english),
        orientation: Weighted::new(&district.orientations),
        disability: ratio(people, risk.sum()),
        homeless: Chance::new(district.homeless),
        asylum: Chance::new(district.asylum),
        rural: assume::RURAL.contains(&district.code.as_str()),
    }
}

/// Share offline by age band (from 16-24), disability and sex, as if sex and disability worked apart from each other.
fn offline_by_age(tables: &Tables) -> Vec<[[f64; 2]; 2]> {
    let of = &tables.offline;
    let bands = of.by_age_and_disability.iter().zip(&of.by_age_and_sex);
    let cells = bands.map(|(disabled, sex)| {
        let both = (sex[0] + sex[1]) / 2.0;
        disabled.map(|share| sex.map(|of_sex| share * ratio(of_sex, both)))
    });
    cells.collect()
}

/// Factor by ethnic group against all: the square root of the published ratio, because the groups differ in age.
fn offline_by_ethnic_group(tables: &Tables) -> Vec<f64> {
    let groups = &tables.offline.by_ethnic_group;
    let people = |group: usize| -> f64 {
        let within = tables.districts.iter().flat_map(|district| &district.ethnic_within);
        within.map(|broad| broad[group]).sum()
    };
    let all: f64 = (0..groups.len()).map(people).sum();
    let offline: f64 = groups.iter().enumerate().map(|(group, share)| share * people(group)).sum();
    groups.iter().map(|share| ratio(*share, ratio(offline, all)).sqrt()).collect()
}

fn recording() -> Recording {
    let of = |[not_stated, unsure, not_known, empty]: Missing| {
        let known = 100.0 - not_stated - unsure - not_known - empty;
        Weighted::new(&[known, not_stated, unsure, not_known, empty])
    };
    Recording {
        sex: of(missing::SEX),
        gender_identity: of(missing::GENDER_IDENTITY),
        same_at_birth: of(missing::SAME_AT_BIRTH),
        marital: of(missing::MARITAL),
        ethnic: of(missing::ETHNIC),
        religion: of(missing::RELIGION),
        orientation: of(missing::ORIENTATION),
        disability: of(missing::DISABILITY),
        inclusion: of(missing::INCLUSION),
        local: of(missing::LOCAL),
        carer: of(missing::CARER),
        veteran: of(missing::VETERAN),
        interpreter: of(missing::INTERPRETER),
        need: of(missing::NEED),
        access: of(missing::ACCESS),
        language: of(missing::LANGUAGE),
    }
}
