//! Published totals for the synthetic records, from `deploy/demo/marginals/`.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::GeneratorError;

macro_rules! table {
    ($name:literal) => {
        ($name, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/demo/marginals/", $name)))
    };
}

/// Ethnic groups of Census 2021, E1 to E19.
pub(super) const ETHNIC_GROUPS: usize = 19;
/// Broad ethnic groups, in the order of the small-area table.
const BROAD: [&str; 5] = ["white", "mixed", "asian", "black", "other"];
/// Order of religions in the assumptions.
const RELIGIONS: [&str; 9] = ["B", "C", "D", "F", "G", "I", "OTHER_RELIGION", "L", "NOT_STATED"];
const ENGLISH: [&str; 5] = ["MAIN_LANGUAGE", "VERY_WELL", "WELL", "NOT_WELL", "NOT_AT_ALL"];
const ORIENTATIONS: [&str; 5] = ["1", "2", "3", "4", "NOT_STATED"];
const SEXES: [&str; 2] = ["1", "2"];
const ADULT_BANDS: [&str; 7] = ["16-24", "25-34", "35-44", "45-54", "55-64", "65-74", "75+"];

/// A small area.
#[derive(Debug, Deserialize)]
pub(super) struct Lsoa {
    /// Code of 2021.
    pub(super) lsoa: String,
    pub(super) district: String,
    pub(super) sub_icb: String,
    /// 1 (most deprived) to 10.
    pub(super) imd_2025_decile: u8,
    pub(super) residents: f64,
    white: f64,
    mixed: f64,
    asian: f64,
    black: f64,
    other: f64,
    disabled: f64,
    not_disabled: f64,
}

impl Lsoa {
    /// Residents by broad ethnic group.
    pub(super) fn broad(&self) -> [f64; 5] {
        [self.white, self.mixed, self.asian, self.black, self.other]
    }

    /// Share of residents who are disabled.
    pub(super) fn disabled_share(&self) -> f64 {
        self.disabled / (self.disabled + self.not_disabled)
    }
}

/// A district's totals.
#[derive(Debug, Default)]
pub(super) struct District {
    pub(super) code: String,
    /// People by year of age; the last is 90 and over.
    pub(super) ages: Vec<f64>,
    /// Men, women.
    pub(super) sexes: Vec<f64>,
    /// For each broad group, people by ethnic group.
    pub(super) ethnic_within: Vec<Vec<f64>>,
    pub(super) religions: Vec<f64>,
    pub(super) english: Vec<f64>,
    pub(super) orientations: Vec<f64>,
    /// Share of homeless people, taken from the share of households.
    pub(super) homeless: f64,
    /// Share of people on asylum support.
    pub(super) asylum: f64,
}

/// A practice and the people on its list.
#[derive(Debug, Deserialize)]
pub(super) struct Practice {
    pub(super) practice: String,
    pub(super) sub_icb: String,
    pub(super) list_size: u64,
}

/// All tables.
#[derive(Debug)]
pub(super) struct Tables {
    pub(super) lsoas: Vec<Lsoa>,
    pub(super) districts: Vec<District>,
    /// Shares of people who did not use the internet: by age band from 16-24 and disability (no, yes), by age band and sex (men,
    /// women), by ethnic group at all ages.
    pub(super) offline: [Vec<f64>; 3],
}

impl Tables {
    pub(super) fn load() -> Result<Self, GeneratorError> {
        let lsoas: Vec<Lsoa> = rows(table!("lsoa21.csv"))?;
        let mut districts: Vec<District> = Vec::new();
        for lsoa in &lsoas {
            if districts.iter().all(|district| district.code != lsoa.district) {
                let code = lsoa.district.clone();
                districts.push(District { code, ..District::default() });
            }
        }
        for district in &mut districts {
            fill(district)?;
        }
        Ok(Tables { lsoas, districts, offline: offline()? })
    }
}

/// The practices of the area, with their list sizes.
pub(super) fn practices() -> Result<Vec<Practice>, GeneratorError> {
    rows(table!("practices.csv"))
}

fn fill(district: &mut District) -> Result<(), GeneratorError> {
    let code = district.code.clone();
    let of = |table, names: &[&str]| counts(table, &code, names);
    let ages: Vec<String> = (0..=90).map(|age: u8| age.to_string()).collect();
    let ages: Vec<&str> = ages.iter().map(String::as_str).collect();
    district.ages = of(table!("age_by_district.csv"), &ages)?;
    district.sexes = of(table!("sex_by_district.csv"), &SEXES)?;
    district.religions = of(table!("religion_by_district.csv"), &RELIGIONS)?;
    district.english = of(table!("english_by_district.csv"), &ENGLISH)?;
    district.orientations = of(table!("sexual_orientation_by_district.csv"), &ORIENTATIONS)?;

    district.ethnic_within = vec![vec![0.0; ETHNIC_GROUPS]; BROAD.len()];
    let groups: Vec<(String, String, String, f64)> = rows(table!("ethnic_group_by_district.csv"))?;
    for (at, broad, group, people) in groups {
        let broad = BROAD.iter().position(|known| *known == broad);
        let group = group.strip_prefix('E').and_then(|number| number.parse::<usize>().ok());
        if let (true, Some(broad), Some(group @ 1..=ETHNIC_GROUPS)) = (at == code, broad, group) {
            district.ethnic_within[broad][group - 1] += people;
        }
    }

    let people: f64 = district.ages.iter().sum();
    let inclusion: Vec<(String, f64, f64, f64)> = rows(table!("inclusion_health_by_district.csv"))?;
    for (at, homeless, temporary, asylum) in inclusion {
        if at == code {
            district.homeless = (homeless + temporary) / 1000.0;
            district.asylum = asylum / people;
        }
    }
    Ok(())
}

fn offline() -> Result<[Vec<f64>; 3], GeneratorError> {
    let offline = |percent: f64| 1.0 - percent / 100.0;
    let by_age = |table, second: &[&str; 2]| {
        let cells: Vec<(String, String, f64)> = rows(table)?;
        let share = |band: &str, second: &str| {
            let cell = cells.iter().find(|cell| cell.0 == band && cell.1 == second);
            cell.map_or(0.0, |cell| offline(cell.2))
        };
        let of_band = |band: &&str| second.map(|second| share(band, second));
        Ok::<_, GeneratorError>(ADULT_BANDS.iter().flat_map(of_band).collect())
    };
    let groups: Vec<(String, f64)> = rows(table!("internet_use_2018_by_ethnic_group.csv"))?;
    Ok([
        by_age(table!("internet_use_2018.csv"), &["N", "Y"])?,
        by_age(table!("internet_use_2018_by_sex.csv"), &SEXES)?,
        groups.iter().map(|(_, percent)| offline(*percent)).collect(),
    ])
}

/// People of a district in each of these categories.
fn counts(
    table: (&'static str, &'static str),
    district: &str,
    names: &[&str],
) -> Result<Vec<f64>, GeneratorError> {
    let cells: Vec<(String, String, f64)> = rows(table)?;
    let count = |name: &&str| {
        let found = cells.iter().find(|(at, of, _)| at == district && of == *name);
        found.map_or(0.0, |(_, _, people)| *people)
    };
    Ok(names.iter().map(count).collect())
}

fn rows<T: DeserializeOwned>(
    (file, text): (&'static str, &'static str),
) -> Result<Vec<T>, GeneratorError> {
    let rows: Result<_, _> = csv::Reader::from_reader(text.as_bytes()).into_deserialize().collect();
    rows.map_err(|source| GeneratorError::Table { file, source })
}
