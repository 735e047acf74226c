//! The key of a row: its combination of categories, in the words of the answer's legend.

use super::table::Column;
use super::words;
use crate::proto::v1::{CategoryKey, LegendDimension};

/// The dimensions of an answer's rows, with their words.
#[derive(Debug, Clone, Copy)]
pub struct Legend<'a>(pub &'a [LegendDimension]);

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
            .unwrap_or_else(|| words::plain(code))
    }

    /// A column for each dimension.
    pub fn columns(&self) -> Vec<Column> {
        self.0.iter().map(|of| Column::text(self.dimension(&of.dimension))).collect()
    }

    /// A key in words, one text for each dimension: the code, and its label if it differs. The row without keys is the `total`.
    pub fn words(&self, keys: &[CategoryKey]) -> Vec<String> {
        let of = |dimension: &LegendDimension| {
            let key = keys.iter().find(|key| key.dimension == dimension.dimension)?;
            Some(shown(&key.code, &self.category(&key.dimension, &key.code)))
        };
        let mut texts: Vec<_> =
            self.0.iter().map(|dimension| of(dimension).unwrap_or_default()).collect();
        if let (true, Some(first)) = (keys.is_empty(), texts.first_mut()) {
            *first = "total".to_owned();
        }
        texts
    }

    /// The key in one text: `75+, 1 Male`, or `total`.
    pub fn label(&self, keys: &[CategoryKey]) -> String {
        let words = words::joined(self.words(keys), ", ");
        if words.is_empty() { "total".to_owned() } else { words }
    }
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
    use crate::proto::v1::LegendCategory;

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

    #[test]
    fn a_legend_without_the_word_leaves_the_code() {
        let dimensions = [LegendDimension {
            dimension: "sex".into(),
            label: "Sex".into(),
            categories: vec![LegendCategory { code: "1".into(), label: "Male".into() }],
            ..Default::default()
        }];
        let legend = Legend(&dimensions);
        assert_eq!(legend.category("sex", "1"), "Male");
        assert_eq!(legend.category("sex", "9"), "9");
        assert_eq!(legend.category("channel", "TELEPHONE"), "telephone");
        assert_eq!(legend.dimension("age_band"), "age band");
    }
}
