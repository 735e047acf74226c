//! Shares of a district, from its published totals and the assumptions.

use super::assumptions as assume;
use super::fit::{fit, ratio};
use super::tables::{District, ETHNIC_GROUPS};

impl District {
    /// Share of women at all ages.
    pub(super) fn women(&self) -> f64 {
        ratio(self.sexes[1], self.sexes.iter().sum())
    }

    /// For each ethnic group, people by proficiency in English.
    pub(super) fn english(&self) -> Vec<Vec<f64>> {
        self.by_ethnic_group(&assume::ENGLISH, &self.english)
    }

    /// Factor of the risk of disability by age: with it, the mean risk of the district is 1.
    pub(super) fn disability(&self) -> f64 {
        let people: f64 = self.ages.iter().sum();
        let risk = |(people, age)| people * assume::DISABILITY[assume::band(age)];
        ratio(people, self.ages.iter().zip(0u8..).map(risk).sum())
    }

    /// For each ethnic group, the assumed shares, fitted to the totals of the district.
    pub(super) fn by_ethnic_group<const N: usize>(
        &self,
        assumed: &[[f64; N]; ETHNIC_GROUPS],
        totals: &[f64],
    ) -> Vec<Vec<f64>> {
        let people = |group: usize| self.ethnic_within.iter().map(|broad| broad[group]).sum();
        let people: Vec<f64> = (0..ETHNIC_GROUPS).map(people).collect();
        let weighed =
            |(row, people): (&[f64; N], &f64)| row.iter().map(|cell| cell * people).collect();
        let guess: Vec<Vec<f64>> = assumed.iter().zip(&people).map(weighed).collect();
        fit(&guess, &people, totals)
    }
}
