//! The distributions that people are drawn from, made of published totals and assumptions.

use super::GeneratorError;
use super::assumptions::{self as assume, Missing, missing};
use super::codes::{self, Code};
use super::draw::{Chance, Weighted};
use super::offline::Unable;
use super::tables::{District, Tables};
use crate::domain::period::Month;

/// The distributions that a person is drawn from.
#[derive(Debug)]
pub(super) struct Model {
    pub(super) homes: Vec<Home>,
    pub(super) regions: Vec<Region>,
    pub(super) districts: Vec<Residents>,
    pub(super) languages: Vec<(Weighted, Vec<Code>)>,
    pub(super) marital: Vec<Weighted>,
    pub(super) kinds: Vec<Weighted>,
    pub(super) preferred: Vec<Weighted>,
    pub(super) recording: Recording,
    /// Month in which ages follow the published table, in months since January 1970.
    pub(super) reference: i16,
    pub(super) unable: Unable,
}

/// A small area as a home.
#[derive(Debug)]
pub(super) struct Home {
    pub(super) code: String,
    pub(super) district: usize,
    /// Deprivation decile, 1 to 10.
    pub(super) decile: u8,
    pub(super) broad: Weighted,
    pub(super) disabled: f64,
}

/// Small areas in the order of their codes. Areas with neighbouring codes are mostly neighbours.
#[derive(Debug)]
pub(super) struct Region {
    /// Sub-ICB location; empty for the whole system.
    pub(super) code: String,
    homes: Vec<usize>,
    /// Share of residents in each area and those before it.
    cumulative: Vec<f64>,
}

impl Region {
    /// The home at a place from 0 to 1 along the residents of the region. Other places wrap around.
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
    /// Factor of the risk of disability by age: it gives the published share of the district.
    pub(super) disability: f64,
    pub(super) homeless: Chance,
    pub(super) asylum: Chance,
    pub(super) rural: bool,
}

/// Whether a characteristic is recorded: 0 is recorded, 1 to 4 are missing states.
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
    /// `reference`: the month in which ages follow the published table.
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
            (Weighted::new(&weights), codes.into_iter().map(codes::language).collect())
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
            unable: Unable::fit(&tables),
        })
    }
}

fn place(districts: &[District], code: &str) -> usize {
    districts.iter().position(|district| district.code == code).unwrap_or(0)
}

/// The sub-ICB locations, then the whole area.
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
    let each = |weights: Vec<Vec<f64>>| weights.iter().map(|row| Weighted::new(row)).collect();
    Residents {
        ages: Weighted::new(&district.ages),
        women: district.women(),
        ethnic_within: district.ethnic_within.iter().map(|within| Weighted::new(within)).collect(),
        religion: each(district.by_ethnic_group(&assume::RELIGION, &district.religions)),
        english: each(district.english()),
        orientation: Weighted::new(&district.orientations),
        disability: district.disability(),
        homeless: Chance::new(district.homeless),
        asylum: Chance::new(district.asylum),
        rural: assume::RURAL.contains(&district.code.as_str()),
    }
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
