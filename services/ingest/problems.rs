//! The errors of a file, gathered: nobody corrects one cell a try.

use std::collections::HashMap;

use super::IngestError;

/// Most errors that are listed.
const MOST: usize = 20;

/// Errors so far. Those of one kind, which have the same wrong value in the same column, are listed once with their number.
#[derive(Debug, Default)]
pub(super) struct Problems {
    /// The first error of each kind, and the number of errors of this kind.
    listed: Vec<(IngestError, u64)>,
    places: HashMap<String, usize>,
    more: u64,
}

impl Problems {
    /// Notes an error.
    pub(super) fn add(&mut self, error: IngestError) {
        if let IngestError::Several { listed, more } = error {
            listed.into_iter().for_each(|(error, count)| self.note(error, count));
            self.more += more;
            return;
        }
        self.note(error, 1);
    }

    fn note(&mut self, error: IngestError, count: u64) {
        let kind = if let IngestError::Value { column, value, .. } = &error {
            format!("{column}\u{1f}{value}")
        } else {
            error.to_string()
        };
        if let Some(place) = self.places.get(&kind) {
            self.listed[*place].1 += count;
        } else if self.listed.len() < MOST {
            self.places.insert(kind, self.listed.len());
            self.listed.push((error, count));
        } else {
            self.more += count;
        }
    }

    /// Notes the error of a result.
    pub(super) fn take<T>(&mut self, result: Result<T, IngestError>) -> Option<T> {
        result.map_err(|error| self.add(error)).ok()
    }

    /// Whether there is no error.
    pub(super) fn is_empty(&self) -> bool {
        self.listed.is_empty()
    }

    /// An error if there is any: the only one, or all.
    pub(super) fn verdict(&mut self) -> Result<(), IngestError> {
        let Self { mut listed, more, .. } = std::mem::take(self);
        match (listed.pop(), listed.is_empty(), more) {
            (None, ..) => Ok(()),
            (Some((only, 1)), true, 0) => Err(only),
            (Some(last), ..) => {
                listed.push(last);
                Err(IngestError::Several { listed, more })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_one_kind_are_listed_once_and_the_rest_is_counted() {
        let mut problems = Problems::default();
        assert!(problems.verdict().is_ok());
        problems.add(IngestError::value(2, "age_years", "seventy", "a whole number"));
        let only = problems.verdict().unwrap_err();
        assert!(matches!(only, IngestError::Value { line: 2, .. }), "{only}");
        for line in 2..102 {
            problems.add(IngestError::value(line, "age_years", "seventy", "a whole number"));
            problems.add(IngestError::value(line, "record_count", &line.to_string(), "a number"));
        }
        let text = problems.verdict().unwrap_err().to_string();
        assert!(text.starts_with("200 problems:\n  line 2, column \"age_years\""), "{text}");
        assert!(text.contains("(and 99 more like it)"), "{text}");
        assert!(text.ends_with("\n  and 81 more"), "{text}");
    }
}
