//! Counts of two indicators for the people of a population: who has type 1 diabetes and was given a glucose sensor, and who has a severe
//! mental illness and had the physical health check. Shares and gradients are assumed; they say nothing about real people.

use super::draw::{Chance, Rng};
use crate::proto::v1::{IndicatorCountRecord, PopulationRecord};

/// An indicator: its id, the share of people in its denominator, and its value in the most and in the least deprived tenth.
struct Assumed {
    indicator: &'static str,
    denominator: f64,
    value: (f64, f64),
}

const ASSUMED: [Assumed; 2] = [
    Assumed { indicator: "FSL", denominator: 0.006, value: (0.29, 0.39) },
    Assumed { indicator: "C20-SMI", denominator: 0.01, value: (0.48, 0.62) },
];
/// Tenths of deprivation; people without a known tenth are as the middle.
const TENTHS: f64 = 10.0;

/// The counts of the people of each row, in the order of the indicators, then of the rows. A row without anybody in the denominator has none.
pub(super) fn indicator_counts(
    people: &[PopulationRecord],
    rng: &mut Rng,
) -> Vec<IndicatorCountRecord> {
    let mut rows = Vec::new();
    for assumed in &ASSUMED {
        for group in people {
            let tenth = group.person.as_ref().and_then(|of| of.deprivation.parse::<f64>().ok());
            let place = (tenth.unwrap_or(TENTHS / 2.0) - 1.0) / (TENTHS - 1.0);
            let value = assumed.value.0 + place * (assumed.value.1 - assumed.value.0);
            let (is_in, is_yes) = (Chance::new(assumed.denominator), Chance::new(value));
            let denominator = (0..group.person_count).filter(|_| rng.chance(is_in)).count();
            let numerator = (0..denominator).filter(|_| rng.chance(is_yes)).count();
            if denominator > 0 {
                rows.push(IndicatorCountRecord {
                    indicator: assumed.indicator.to_owned(),
                    numerator_count: i64::try_from(numerator).unwrap_or(i64::MAX),
                    denominator_count: i64::try_from(denominator).unwrap_or(i64::MAX),
                    person: group.person.clone(),
                    ..IndicatorCountRecord::default()
                });
            }
        }
    }
    rows
}
