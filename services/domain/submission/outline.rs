//! How much a submission has and of which areas: enough to see whether replacing it would lose most of it.

use std::collections::BTreeSet;

use super::{Column, Draft};
use crate::domain::codes::Value;
use crate::domain::collection::Dataset;
use crate::domain::field::Field;

/// A submission in outline.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outline {
    /// Consultations or people; for estimates their number.
    pub total: u64,
    /// Areas that a publication covers: of estimates, and where the people of a population live. None if its rows name no area, or
    /// if its rows are of consultations or snapshots: another month of a practice may be of people from elsewhere.
    pub areas: BTreeSet<String>,
}

/// What a replacement would lose: more than half of what stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Most consultations, people or estimates.
    Total {
        /// As stored.
        stored: u64,
        /// As they would be.
        submitted: u64,
    },
    /// Most areas.
    Areas {
        /// Number of areas as stored.
        stored: usize,
        /// How many of these the replacement has.
        kept: usize,
        /// One that it does not have.
        lost: String,
    },
}

impl Outline {
    /// The outline of a draft.
    #[must_use]
    pub fn of(dataset: Dataset, draft: &Draft) -> Self {
        let estimates = draft.estimates.iter().flat_map(|estimates| &estimates.rows);
        let homes = |column: &&Column| column.field == Field::ResidenceLsoa;
        let columns = draft.columns.iter().filter(|_| covers_areas(dataset));
        let homes = columns.filter(homes).flat_map(|column| &column.values);
        let homes = homes.map(|text| Value::from_text(text));
        Self {
            total: draft.total_count,
            areas: estimates
                .map(|row| row.area.clone())
                .chain(homes.filter_map(|home| area_of(&home)))
                .collect(),
        }
    }

    /// What is lost if `next` replaces this. Areas come first: they say more.
    #[must_use]
    pub fn loss(&self, next: &Self) -> Option<Loss> {
        let kept = self.areas.intersection(&next.areas).count();
        let lost = self.areas.difference(&next.areas).next();
        if let Some(lost) = lost.filter(|_| 2 * kept < self.areas.len()) {
            return Some(Loss::Areas { stored: self.areas.len(), kept, lost: lost.clone() });
        }
        let (stored, submitted) = (self.total, next.total);
        (submitted < stored.div_ceil(2)).then_some(Loss::Total { stored, submitted })
    }
}

/// Whether the areas of a dataset's rows are what a submission covers.
#[must_use]
pub fn covers_areas(dataset: Dataset) -> bool {
    match dataset {
        Dataset::Populations | Dataset::Estimates => true,
        Dataset::Consultations | Dataset::DigitalAccess | Dataset::IndicatorCounts => false,
    }
}

/// The area that a residence names; `None` if it is a state.
#[must_use]
pub fn area_of(home: &Value) -> Option<String> {
    match home {
        Value::Codes(codes) => codes.first().cloned(),
        Value::State(_) | Value::Number(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline(total: u64, areas: &[&str]) -> Outline {
        Outline { total, areas: areas.iter().map(|area| (*area).to_owned()).collect() }
    }

    #[test]
    fn half_may_go_and_more_than_half_may_not() {
        let stored = outline(9, &[]);
        assert_eq!(stored.loss(&outline(5, &[])), None);
        assert_eq!(stored.loss(&outline(4, &[])), Some(Loss::Total { stored: 9, submitted: 4 }));
        assert_eq!(outline(8, &[]).loss(&outline(4, &[])), None);
        assert_eq!(outline(0, &[]).loss(&outline(0, &[])), None);
        assert_eq!(outline(1, &[]).loss(&outline(1_000, &["A"])), None, "areas may be added");
    }

    #[test]
    fn areas_that_go_are_told_however_many_people_come() {
        let stored = outline(10, &["A", "B", "C"]);
        let loss = |kept, lost: &str| Some(Loss::Areas { stored: 3, kept, lost: lost.into() });
        assert_eq!(stored.loss(&outline(10, &["A", "B", "D"])), None);
        assert_eq!(stored.loss(&outline(999, &["A", "D", "E"])), loss(1, "B"));
        assert_eq!(stored.loss(&outline(999, &["D", "E", "F"])), loss(0, "A"));
        assert_eq!(stored.loss(&outline(10, &[])), loss(0, "A"));
    }
}
