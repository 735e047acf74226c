//! The key of a row: which combination of categories it is about.

use super::sheet::Cell;
use super::table::Column;
use super::words::{self, Legend};
use crate::proto::v1::CategoryKey;

/// A column for each dimension.
pub fn columns(dimensions: &[String], legend: Legend<'_>) -> Vec<Column> {
    dimensions.iter().map(|id| Column::text(legend.dimension(id))).collect()
}

/// The key in words, one text for each dimension: the code and its words, where they differ. The row without keys is
/// the `total`.
pub fn words(dimensions: &[String], keys: &[CategoryKey], legend: Legend<'_>) -> Vec<String> {
    let mut texts: Vec<_> = dimensions
        .iter()
        .map(|id| {
            keys.iter().find(|key| key.dimension == *id).map_or_else(String::new, |key| {
                let label = legend.category(id, &key.code);
                let says_all = label == words::plain(&key.code) || label.starts_with(&key.code);
                if says_all { label } else { format!("{} {label}", key.code) }
            })
        })
        .collect();
    if let (true, Some(first)) = (keys.is_empty(), texts.first_mut()) {
        *first = "total".to_owned();
    }
    texts
}

/// Names of the columns that [`cells`] fills: `sex`, `sex_label`, `sex_state`.
pub fn names(dimensions: &[String]) -> Vec<String> {
    dimensions
        .iter()
        .flat_map(|id| [id.clone(), format!("{id}_label"), format!("{id}_state")])
        .collect()
}

/// Code, words and state of each dimension. The total has no code and the state `TOTAL`.
pub fn cells(dimensions: &[String], keys: &[CategoryKey], legend: Legend<'_>) -> Vec<Cell> {
    dimensions
        .iter()
        .flat_map(|id| match keys.iter().find(|key| key.dimension == *id) {
            Some(key) => [
                (&key.code).into(),
                legend.category(id, &key.code).into(),
                words::state(key.state).into(),
            ],
            None => [Cell::Empty, "total".into(), "TOTAL".into()],
        })
        .collect()
}
