//! Words for the contract's enumerations and codes.

use crate::proto::v1::{Absence, AbsenceReason};

/// The name of an enumeration's value without its prefix: `SYNTHETIC`. A value that this program does not know yet is
/// shown by its number. `name` is `as_str_name` of the enumeration.
pub fn name<E: TryFrom<i32> + Default>(value: i32, name: fn(&E) -> &'static str) -> String {
    // Every enumeration of the contract begins with `…_UNSPECIFIED`.
    let prefix = name(&E::default()).trim_end_matches("UNSPECIFIED");
    match E::try_from(value) {
        Ok(known) => name(&known).trim_start_matches(prefix).to_owned(),
        Err(_) => format!("VALUE_{value}"),
    }
}

/// Why there is no figure, in words: `not collected: the source has no ethnic category`.
pub fn absence(absence: &Absence) -> String {
    let reason = plain(&name(absence.reason, AbsenceReason::as_str_name));
    if absence.detail.is_empty() { reason } else { format!("{reason}: {}", absence.detail) }
}

/// The parts that are not empty, in one text.
pub fn joined<S: AsRef<str>>(parts: impl IntoIterator<Item = S>, between: &str) -> String {
    let mut text = String::new();
    for part in parts.into_iter().filter(|part| !part.as_ref().is_empty()) {
        text.push_str(if text.is_empty() { "" } else { between });
        text.push_str(part.as_ref());
    }
    text
}

/// A code as words, if it has no label: `FACE_TO_FACE` is `face to face`. Codes that are not names
/// (`A`, `75+`, `04C`) stay as they are.
pub fn plain(code: &str) -> String {
    let is_name = code.len() > 2
        && code.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
        && code.chars().filter(char::is_ascii_uppercase).count() > 2;
    if is_name { code.replace('_', " ").to_ascii_lowercase() } else { code.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::v1::DataClass;

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
        assert_eq!(name(2, DataClass::as_str_name), "SYNTHETIC");
        assert_eq!(name(77, DataClass::as_str_name), "VALUE_77");
    }
}
