//! Names that columns of extracts have in the field. They are data: see `names.toml`.

use std::collections::BTreeMap;

use crate::domain::codes::folded;
use crate::ingest::equity_csv::all_names;

const NAMES: &str = include_str!("names.toml");

/// Words that do not change what a column is.
const DECORATIONS: [&str; 11] = [
    "patient",
    "pat",
    "pt",
    "person",
    "code",
    "cd",
    "desc",
    "description",
    "value",
    "label",
    "text",
];

/// Names of the field, each with the column of the service.
pub(super) struct KnownNames(BTreeMap<String, &'static str>);

impl KnownNames {
    pub(super) fn new() -> Self {
        let read: BTreeMap<String, Vec<String>> =
            toml::from_str(NAMES).expect("the names are TOML: a test reads them");
        let ours = |name: &String| all_names().find(|known| known == name);
        let of = read.iter().filter_map(|(name, all)| Some((ours(name)?, all)));
        Self(
            of.flat_map(|(column, all)| all.iter().map(move |name| (joined(name), column)))
                .collect(),
        )
    }

    /// The column with this name; case, blanks and punctuation do not matter.
    pub(super) fn same(&self, name: &str) -> Option<&'static str> {
        self.0.get(&joined(name)).copied()
    }

    /// The column with this name, decorations aside: `PatientGenderDesc` is `gender`.
    pub(super) fn alike(&self, name: &str) -> Option<&'static str> {
        self.0.get(&bare(name)).copied()
    }
}

fn joined(name: &str) -> String {
    folded(name).replace(' ', "")
}

/// A name without decorations; words also begin at capitals: `GenderDesc`.
fn bare(name: &str) -> String {
    let mut apart = String::new();
    let mut before = ' ';
    for c in name.chars() {
        if before.is_lowercase() && c.is_uppercase() {
            apart.push(' ');
        }
        apart.push(c);
        before = c;
    }
    let words = folded(&apart);
    words.split(' ').filter(|word| !DECORATIONS.contains(word)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_one_column_and_every_column_is_one_of_the_service() {
        let read: BTreeMap<String, Vec<String>> = toml::from_str(NAMES).unwrap();
        let mut of = BTreeMap::new();
        for (column, names) in &read {
            assert!(all_names().any(|known| known == column), "{column}");
            for name in names {
                let other = of.insert(joined(name), column);
                assert_eq!(other, None, "{name} is {column} too");
                assert!(!all_names().any(|known| joined(known) == joined(name)), "{name} is known");
            }
        }
    }

    #[test]
    fn names_are_found_however_they_are_written() {
        let names = KnownNames::new();
        for (name, column) in [
            ("ApptDate", "date"),
            ("APPT_DATE", "date"),
            ("Mode", "channel"),
            ("Gender", "sex"),
            ("LSOA11CD", "residence_lsoa"),
        ] {
            assert_eq!(names.same(name), Some(column), "{name}");
        }
        for (name, column) in [
            ("PatientGenderDesc", "sex"),
            ("Ethnicity_Text", "ethnic_category"),
            ("PtAge", "age_years"),
        ] {
            assert_eq!((names.same(name), names.alike(name)), (None, Some(column)), "{name}");
        }
        for name in
            ["NHS number", "NHSNumber", "ID", "PersonKey2", "Name", "Practice name", "Postcode"]
        {
            assert_eq!(names.same(name).or(names.alike(name)), None, "{name}");
        }
    }
}
