//! The key of a row: its combination of categories.

use super::table::Column;
use super::words::{self, Legend};
use crate::proto::v1::CategoryKey;

/// A column for each dimension.
pub fn columns(dimensions: &[String], legend: Legend<'_>) -> Vec<Column> {
    dimensions.iter().map(|id| Column::text(legend.dimension(id))).collect()
}

/// The key in words, one text for each dimension: the code, and its label if it differs. The row without keys is
/// the `total`.
pub fn words(dimensions: &[String], keys: &[CategoryKey], legend: Legend<'_>) -> Vec<String> {
    let mut texts: Vec<_> = dimensions
        .iter()
        .map(|id| {
            keys.iter().find(|key| key.dimension == *id).map_or_else(String::new, |key| {
                let label = legend.category(id, &key.code);
                shown(&key.code, &label)
            })
        })
        .collect();
    if let (true, Some(first)) = (keys.is_empty(), texts.first_mut()) {
        *first = "total".to_owned();
    }
    texts
}

/// The key in one text: `75+, 1 Male`, or `total`.
pub fn label(dimensions: &[String], keys: &[CategoryKey], legend: Legend<'_>) -> String {
    let mut words = words(dimensions, keys, legend);
    words.retain(|word| !word.is_empty());
    if words.is_empty() { "total".to_owned() } else { words.join(", ") }
}

/// A code and its words, or the one of them that says it all.
pub fn shown(code: &str, label: &str) -> String {
    let number = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    let is_range = code.strip_suffix('+').is_some_and(number)
        || code.split_once('-').is_some_and(|(from, to)| number(from) && number(to));
    let is_word = code.len() > 2 && label.to_lowercase().starts_with(&code.to_lowercase());
    if is_word || label == words::plain(code) || label.starts_with(code) {
        label.to_owned()
    } else if is_range {
        code.to_owned()
    } else {
        format!("{code} {label}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_it_all_stands_alone() {
        assert_eq!(shown("75+", "75 and over"), "75+");
        assert_eq!(shown("16-24", "16 to 24"), "16-24");
        assert_eq!(shown("2020-04", "2020-04"), "2020-04");
        assert_eq!(shown("asian", "Asian"), "Asian");
        assert_eq!(shown("other", "Other ethnic group"), "Other ethnic group");
        assert_eq!(shown("H", "Indian"), "H Indian");
        assert_eq!(shown("1", "Male"), "1 Male");
        assert_eq!(shown("1-2", "First to second decile"), "1-2");
        assert_eq!(shown("GP", "General practitioner"), "GP General practitioner");
    }
}
