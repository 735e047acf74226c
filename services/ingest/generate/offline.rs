//! How likely a person is to be unable to use remote care. The rates follow the published rates of people who are offline.
//!
//! The publication has one table by age and disability, one by age and sex, and one by ethnic group. The odds of a person are the
//! product of a factor from each table and of two assumed factors, for deprivation and for English. The factors of the tables are
//! fitted until the people of the area have the published rates.

use super::assumptions::{self as assume, BANDS};
use super::fit::ratio;
use super::tables::{District, ETHNIC_GROUPS, Lsoa, Tables};

const ROUNDS: usize = 12;
const DECILES: usize = 10;
/// From this proficiency in English (not well, not at all) the assumed factor holds.
const WITHOUT_ENGLISH: usize = 3;

/// What decides how likely a person is to be unable to use remote care.
#[derive(Debug, Clone, Copy)]
pub(super) struct RiskFactors {
    pub(super) band: usize,
    pub(super) disabled: bool,
    pub(super) woman: bool,
    pub(super) ethnic: usize,
    /// Deprivation decile, 1 to 10.
    pub(super) decile: u8,
    pub(super) english: usize,
}

impl RiskFactors {
    /// Places in the three tables. Children have the rates of young adults, who act for them.
    fn places(&self) -> [usize; 3] {
        let band = 2 * (if self.band == 0 { 2 } else { self.band } - 1);
        [band + usize::from(self.disabled), band + usize::from(self.woman), self.ethnic]
    }

    fn tilt(&self) -> f64 {
        let decile = usize::from(self.decile.clamp(1, 10)) - 1;
        let english = self.english >= WITHOUT_ENGLISH;
        assume::UNABLE_BY_DECILE[decile]
            * if english { assume::UNABLE_WITHOUT_ENGLISH } else { 1.0 }
    }
}

/// The factors of the odds, in the order of [`RiskFactors::places`].
#[derive(Debug)]
pub(super) struct Unable([Vec<f64>; 3]);

impl Unable {
    /// Fits the factors: with them, the people of the area have the published rates.
    pub(super) fn fit(tables: &Tables) -> Self {
        let cells = cells(tables);
        let rates = agreed(&tables.offline, &cells);
        let mut unable = Unable(rates.each_ref().map(|table| vec![1.0; table.len()]));
        for _ in 0..ROUNDS {
            for (table, rates) in rates.iter().enumerate() {
                let found = unable.rates(&cells, table);
                for (factor, (wanted, found)) in
                    unable.0[table].iter_mut().zip(rates.iter().zip(found))
                {
                    *factor *= ratio(odds(*wanted), odds(found));
                }
            }
        }
        unable
    }

    /// The share of such people who are unable to use remote care.
    pub(super) fn share(&self, factors: &RiskFactors) -> f64 {
        self.of(factors.places(), factors.tilt())
    }

    fn of(&self, places: [usize; 3], tilt: f64) -> f64 {
        let products = self.0.iter().zip(places).map(|(table, place)| table[place]);
        let odds = products.fold(tilt, |product, factor| product * factor);
        odds / (1.0 + odds)
    }

    /// Rates in one of the tables.
    fn rates(&self, groups: &[AdultGroup], table: usize) -> Vec<f64> {
        let mut sums = vec![(0.0, 0.0); self.0[table].len()];
        for group in groups {
            let (unable, people) = &mut sums[group.places[table]];
            *unable += group.people * self.of(group.places, group.tilt);
            *people += group.people;
        }
        sums.into_iter().map(|(unable, people)| ratio(unable, people)).collect()
    }
}

fn odds(share: f64) -> f64 {
    share / (1.0 - share)
}

/// Adults of one kind.
#[derive(Debug)]
struct AdultGroup {
    places: [usize; 3],
    tilt: f64,
    people: f64,
}

/// The published rates, scaled to agree with each other. The tables are about the whole country, so for the people of the area
/// they give three different numbers. Each age band gets the mean of its two tables; the ethnic groups get the sum.
fn agreed(published: &[Vec<f64>; 3], groups: &[AdultGroup]) -> [Vec<f64>; 3] {
    let mut said = [const { [0.0; BANDS - 1] }; 3];
    for group in groups {
        let band = group.places[0] / 2;
        for (said, (table, place)) in said.iter_mut().zip(published.iter().zip(group.places)) {
            said[band] += group.people * table[place];
        }
    }
    let [by_disability, by_sex, by_ethnic_group] = said;
    let mean: Vec<f64> = by_disability.iter().zip(by_sex).map(|(a, b)| (a + b) / 2.0).collect();
    let all = ratio(mean.iter().sum(), by_ethnic_group.iter().sum());
    let by_age = |table: &[f64], said: [f64; BANDS - 1]| -> Vec<f64> {
        let scaled = |(place, rate)| rate * ratio(mean[place / 2], said[place / 2]);
        table.iter().copied().enumerate().map(scaled).collect()
    };
    [
        by_age(&published[0], by_disability),
        by_age(&published[1], by_sex),
        published[2].iter().map(|rate| rate * all).collect(),
    ]
}

/// The adults of a district, in the shares in which they are drawn.
struct Adults {
    /// Men and women by age band from 16-24, as shares of all people.
    by_age: [[f64; 2]; BANDS - 1],
    /// By decile.
    homes: Vec<Homes>,
    /// Share of people who do not speak English well, by ethnic group.
    without_english: Vec<f64>,
}

/// The people of a district who live in small areas of one decile.
struct Homes {
    by_ethnic_group: Vec<f64>,
    /// Factor of the risk of disability by age.
    disabled: f64,
}

impl Adults {
    fn new(district: &District, lsoas: &[Lsoa]) -> Self {
        let all: f64 = district.ages.iter().sum();
        let mut by_age = [[0.0; 2]; BANDS - 1];
        for (age, people) in
            (0u8..).zip(&district.ages).skip_while(|(age, _)| assume::band(*age) == 0)
        {
            let women = district.women() + assume::more_women(age);
            let [men_of, women_of] = &mut by_age[assume::band(age) - 1];
            *men_of += ratio(*people, all) * (1.0 - women);
            *women_of += ratio(*people, all) * women;
        }
        let within = |lsoa: &&Lsoa| lsoa.district == district.code;
        let homes = (1..=DECILES).map(|decile| {
            let here = |lsoa: &&Lsoa| usize::from(lsoa.imd_2025_decile) == decile;
            let some: Vec<&Lsoa> = lsoas.iter().filter(within).filter(here).collect();
            Homes::new(district, &some)
        });
        let of_group = |row: Vec<f64>| ratio(row[WITHOUT_ENGLISH..].iter().sum(), row.iter().sum());
        let without_english = district.english().into_iter().map(of_group).collect();
        Adults { by_age, homes: homes.collect(), without_english }
    }

    fn count(&self, factors: &RiskFactors) -> f64 {
        let homes = &self.homes[usize::from(factors.decile) - 1];
        let disabled = (homes.disabled * assume::DISABILITY[factors.band]).min(1.0);
        let without_english = self.without_english[factors.ethnic];
        let either = |yes: bool, share: f64| if yes { share } else { 1.0 - share };
        homes.by_ethnic_group[factors.ethnic]
            * self.by_age[factors.band - 1][usize::from(factors.woman)]
            * either(factors.disabled, disabled)
            * either(factors.english >= WITHOUT_ENGLISH, without_english)
    }
}

impl Homes {
    fn new(district: &District, lsoas: &[&Lsoa]) -> Self {
        let mut by_ethnic_group = vec![0.0; ETHNIC_GROUPS];
        for (broad, within) in district.ethnic_within.iter().enumerate() {
            let people: f64 = lsoas.iter().map(|lsoa| lsoa.broad()[broad]).sum();
            let all: f64 = within.iter().sum();
            for (group, of) in by_ethnic_group.iter_mut().zip(within) {
                *group += people * ratio(*of, all);
            }
        }
        let residents: f64 = lsoas.iter().map(|lsoa| lsoa.residents).sum();
        let disabled = lsoas.iter().map(|lsoa| lsoa.residents * lsoa.disabled_share()).sum();
        Homes { by_ethnic_group, disabled: ratio(disabled, residents) * district.disability() }
    }
}

/// All adults, by risk factors.
fn cells(tables: &Tables) -> Vec<AdultGroup> {
    let adults: Vec<Adults> =
        tables.districts.iter().map(|district| Adults::new(district, &tables.lsoas)).collect();
    let kinds = (BANDS - 1) * 2 * 2 * ETHNIC_GROUPS * DECILES * 2;
    let cell = |mut number: usize| {
        let mut next = |of: usize| {
            let place = number % of;
            number /= of;
            place
        };
        let factors = RiskFactors {
            band: 1 + next(BANDS - 1),
            disabled: next(2) == 1,
            woman: next(2) == 1,
            ethnic: next(ETHNIC_GROUPS),
            decile: u8::try_from(1 + next(DECILES)).unwrap_or(1),
            english: WITHOUT_ENGLISH * next(2),
        };
        let people = adults.iter().map(|adults| adults.count(&factors)).sum();
        AdultGroup { places: factors.places(), tilt: factors.tilt(), people }
    };
    (0..kinds).map(cell).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tables are about the whole country and do not agree exactly: each rate differs by less than one percentage point.
    #[test]
    fn people_here_have_the_published_rates() {
        let tables = Tables::load().unwrap();
        let (cells, unable) = (cells(&tables), Unable::fit(&tables));
        let adults: f64 = cells.iter().map(|cell| cell.people).sum();
        assert!((850_000.0..950_000.0).contains(&adults), "{adults}");
        for (table, published) in tables.offline.iter().enumerate() {
            let found = unable.rates(&cells, table);
            assert_eq!(found.len(), published.len());
            for (place, (found, published)) in found.iter().zip(published).enumerate() {
                assert!((found - published).abs() < 0.01, "{table} {place}: {found} {published}");
            }
        }
    }

    #[test]
    fn fitting_has_come_to_rest() {
        let tables = Tables::load().unwrap();
        let (cells, unable) = (cells(&tables), Unable::fit(&tables));
        for (table, wanted) in agreed(&tables.offline, &cells).iter().enumerate() {
            for (found, wanted) in unable.rates(&cells, table).iter().zip(wanted) {
                assert!((found - wanted).abs() < 1e-4, "{table}: {found} {wanted}");
            }
        }
    }
}
