//! The lines of the answer: a number each, or why there is none.

use crate::domain::statistics::{Estimate, Interval, NotComputable};

/// One number, or why there is none.
#[derive(Debug, Default, PartialEq)]
pub struct Line {
    /// The entry that it belongs to.
    pub id: String,
    /// The measure: `difference`, `SII`.
    pub measure: String,
    /// Its value.
    pub value: Option<f64>,
    /// Its limits.
    pub limits: Option<(f64, f64)>,
    /// A word for it, or why value or limits are absent.
    pub note: String,
}

/// What was found, or why there is nothing.
pub(super) type Found = Result<Estimate, NotComputable>;

/// What a function of one interval found.
pub(super) fn interval(found: Option<Interval>, why: NotComputable) -> Found {
    let of = found.ok_or(why)?;
    Estimate::with(of.value, (of.lower, of.upper))
}

/// A number without limits.
pub(super) fn number(measure: &str, value: f64) -> Line {
    Line { measure: measure.to_owned(), value: Some(value), ..Line::default() }
}

/// An estimate, or why there is none.
pub(super) fn line(measure: &str, found: Found) -> Line {
    let line = Line { measure: measure.to_owned(), ..Line::default() };
    match found {
        Ok(of) => Line {
            value: Some(of.value),
            limits: of.limits.ok(),
            note: of.limits.err().map(|why| format!("no limits: {why}")).unwrap_or_default(),
            ..line
        },
        Err(why) => Line { note: why.to_string(), ..line },
    }
}
