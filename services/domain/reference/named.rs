//! Lists of codes in files: each has to exist.

use crate::domain::codes::nearest_code;
use crate::domain::partner::Named;

/// Stands for all codes.
pub(super) const ALL: &str = "*";

/// Codes that exist; `*` alone for all.
pub(super) fn named<'a, I: Iterator<Item = &'a str>>(
    key: &str,
    codes: Vec<String>,
    known: impl Fn() -> I,
) -> Result<Named, String> {
    if codes.iter().any(|code| code == ALL) {
        let alone = codes.len() == 1;
        return if alone { Ok(Named::All) } else { Err(format!("{key}: `*` stands alone")) };
    }
    for code in &codes {
        if !known().any(|one| one == code) {
            let near = nearest_code(code, known());
            let near = near.map_or(String::new(), |near| format!("; the nearest is `{near}`"));
            return Err(format!("{key}: the reference content has no `{code}`{near}"));
        }
    }
    Ok(Named::Only(codes.into_iter().collect()))
}
