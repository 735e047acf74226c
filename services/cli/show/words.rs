//! Words for the contract's enumerations and codes.

use crate::proto::v1::{self, AbsenceReason, CategoryState};

/// The name of an enumeration's value without its prefix: `SYNTHETIC`. A value that this program does not know yet is
/// shown by its number.
pub fn name<E: TryFrom<i32>>(value: i32, name: fn(&E) -> &'static str, prefix: &str) -> String {
    match E::try_from(value) {
        Ok(known) => name(&known).trim_start_matches(prefix).to_owned(),
        Err(_) => format!("VALUE_{value}"),
    }
}

/// The name of a category state: `KNOWN`, `NOT_STATED`.
pub fn state(value: i32) -> String {
    name::<CategoryState>(value, CategoryState::as_str_name, "CATEGORY_STATE_")
}

/// The name of a reason for the absence of a figure: `NOT_COLLECTED`.
pub fn absence_reason(value: i32) -> String {
    name::<AbsenceReason>(value, AbsenceReason::as_str_name, "ABSENCE_REASON_")
}

/// The name of a data class: `REAL`, `SYNTHETIC`.
pub fn data_class(value: i32) -> String {
    name::<v1::DataClass>(value, v1::DataClass::as_str_name, "DATA_CLASS_")
}

/// The name of an openness: `OPEN`, `CONTROLLED`.
pub fn openness(value: i32) -> String {
    name::<v1::Openness>(value, v1::Openness::as_str_name, "OPENNESS_")
}

/// The name of a dataset: `CONSULTATIONS`, `POPULATIONS`.
pub fn dataset(value: i32) -> String {
    name::<v1::Dataset>(value, v1::Dataset::as_str_name, "DATASET_")
}

/// The name of a submission's state: `CURRENT`, `REPLACED`, `WITHDRAWN`.
pub fn submission_state(value: i32) -> String {
    name::<v1::SubmissionState>(value, v1::SubmissionState::as_str_name, "SUBMISSION_STATE_")
}

/// The name of a unit: `RATIO`.
pub fn unit(value: i32) -> String {
    name::<v1::Unit>(value, v1::Unit::as_str_name, "UNIT_")
}

/// The name of a measure: `CONTACTS`.
pub fn measure(value: i32) -> String {
    name::<v1::Measure>(value, v1::Measure::as_str_name, "MEASURE_")
}

/// The name of a denominator: `KNOWN_ONLY`, `ALL`.
pub fn denominator(value: i32) -> String {
    name::<v1::Denominator>(value, v1::Denominator::as_str_name, "DENOMINATOR_")
}

/// The name of an area's meaning: `PROVIDER`, `RESIDENCE`.
pub fn area_basis(value: i32) -> String {
    name::<v1::AreaBasis>(value, v1::AreaBasis::as_str_name, "AREA_BASIS_")
}

/// Why there is no figure, in words: `not collected: the source has no ethnic category`.
pub fn absence(absence: &v1::Absence) -> String {
    let reason = plain(&absence_reason(absence.reason));
    if absence.detail.is_empty() { reason } else { format!("{reason}: {}", absence.detail) }
}

/// A code as words, if it has no label: `FACE_TO_FACE` is `face to face`. Codes that are not names
/// (`A`, `75+`, `04C`) stay as they are.
pub fn plain(code: &str) -> String {
    let is_name = code.len() > 2
        && code.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
        && code.chars().filter(char::is_ascii_uppercase).count() > 2;
    if is_name { code.replace('_', " ").to_ascii_lowercase() } else { code.to_owned() }
}

/// Looks up the words of a dimension and its categories in an answer's legend.
#[derive(Debug, Clone, Copy)]
pub struct Legend<'a>(pub &'a [v1::LegendDimension]);

impl Legend<'_> {
    /// Words for a dimension; its id with spaces where the legend has none.
    pub fn dimension(&self, id: &str) -> String {
        match self.0.iter().find(|dimension| dimension.dimension == id) {
            Some(dimension) if !dimension.label.is_empty() => dimension.label.clone(),
            _ => id.replace('_', " "),
        }
    }

    /// Words for a category; the code's own words where the legend has none.
    pub fn category(&self, dimension: &str, code: &str) -> String {
        self.0
            .iter()
            .find(|entry| entry.dimension == dimension)
            .and_then(|entry| entry.categories.iter().find(|category| category.code == code))
            .map(|category| category.label.clone())
            .filter(|label| !label.is_empty())
            .unwrap_or_else(|| plain(code))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_that_are_names_become_words() {
        assert_eq!(plain("FACE_TO_FACE"), "face to face");
        assert_eq!(plain("2_TO_7_DAYS"), "2 to 7 days");
        for code in ["75+", "04C", "QK1", "A", "E06000016", "2020-04", "65-69"] {
            assert_eq!(plain(code), code);
        }
    }

    #[test]
    fn values_of_a_newer_service_are_shown_by_number() {
        assert_eq!(data_class(2), "SYNTHETIC");
        assert_eq!(data_class(77), "VALUE_77");
    }

    #[test]
    fn a_legend_without_the_word_leaves_the_code() {
        let dimensions = [v1::LegendDimension {
            dimension: "sex".into(),
            label: "Sex".into(),
            categories: vec![v1::LegendCategory { code: "1".into(), label: "Male".into() }],
            ..Default::default()
        }];
        let legend = Legend(&dimensions);
        assert_eq!(legend.category("sex", "1"), "Male");
        assert_eq!(legend.category("sex", "9"), "9");
        assert_eq!(legend.category("channel", "TELEPHONE"), "telephone");
        assert_eq!(legend.dimension("age_band"), "age band");
    }
}
