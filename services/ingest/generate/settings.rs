//! The settings of the generator.

use super::{GeneratorError, tables};
use crate::domain::period::Month;

/// Collection of synthetic records.
pub const COLLECTION: &str = "synthetic-llr";
/// `person_key_scheme` of synthetic records.
pub const PERSON_KEY_SCHEME: &str = "synthetic-v1";

/// Greatest weight: larger weights could overflow.
pub(super) const MOST_WEIGHT: u64 = 1_000_000_000;

/// An organisation that records consultations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organisation {
    /// ODS code: `C82001`. Patients of a practice of the area live in its sub-ICB location. Patients of any other organisation live
    /// anywhere in the area.
    pub code: String,
    /// Weight of its share of people and records: the size of its list. 1 to 1,000,000,000.
    pub weight: u64,
}

/// The settings of the generator. The same settings give the same bytes on every machine.
#[derive(Debug, Clone, PartialEq)]
pub struct GeneratorSettings {
    /// Another seed gives other records.
    pub seed: u64,
    /// Number of consultations, at most 1,000,000,000,000.
    pub rows: u64,
    /// First month of the consultations.
    pub first_month: Month,
    /// Last month, not before the first.
    pub last_month: Month,
    /// The organisations; at least one.
    pub organisations: Vec<Organisation>,
    /// Id of the collection.
    pub collection: String,
    /// Care setting of every consultation.
    pub care_setting: String,
    /// Mean number of consultations of a registered person in a month, above 0. `rows` divided by this and by the months is the
    /// number of people. The published figure of the area is 0.434.
    pub contacts_per_person: f64,
}

impl GeneratorSettings {
    /// 200,000 consultations at the practices of Leicester, Leicestershire and Rutland, March 2019 to December 2020.
    ///
    /// # Errors
    /// The embedded tables are damaged.
    pub fn new(seed: u64) -> Result<Self, GeneratorError> {
        let month = |year, month| Month::new(year, month).ok_or(GeneratorError::Months);
        let practices = tables::practices()?.into_iter();
        let organisations =
            practices.map(|of| Organisation { code: of.practice, weight: of.list_size }).collect();
        Ok(GeneratorSettings {
            seed,
            rows: 200_000,
            first_month: month(2019, 3)?,
            last_month: month(2020, 12)?,
            organisations,
            collection: COLLECTION.to_owned(),
            care_setting: "PRIMARY_CARE".to_owned(),
            contacts_per_person: 0.434,
        })
    }
}
