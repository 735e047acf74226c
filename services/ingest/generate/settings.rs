//! What to generate.

use super::{GeneratorError, tables};
use crate::domain::period::Month;

/// Collection of synthetic records.
pub const COLLECTION: &str = "synthetic-llr";
/// Name of the scheme of their person keys.
pub const PERSON_KEY_SCHEME: &str = "synthetic-v1";

/// Weights up to here are shared out without an overflow.
pub(super) const MOST_WEIGHT: u64 = 1_000_000_000;

/// An organisation that records the consultations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organisation {
    /// ODS code: `C82001`. A practice of the area has its patients where its sub-ICB location is; any other code has them all over
    /// the area.
    pub code: String,
    /// Its share of people and rows, against the other organisations: the size of its list. 1 to 1,000,000,000.
    pub weight: u64,
}

/// What to generate. The same settings give the same bytes, on every machine and for ever.
#[derive(Debug, Clone, PartialEq)]
pub struct GeneratorSettings {
    /// Chooses one of the possible sets.
    pub seed: u64,
    /// Consultations, exactly. At most 1,000,000,000,000.
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
    /// Consultations for each registered person and month, above 0: with `rows`, this decides how many people there are. The
    /// published figure of the area is 0.434.
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
