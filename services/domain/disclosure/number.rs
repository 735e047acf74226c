//! A number that left the service, or was withheld.

/// A protected number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Number {
    /// The number that is shown. It may differ from the true count.
    Shown(u64),
    /// Nothing is shown. The true count may be zero, small, or not small.
    Withheld,
}

impl Number {
    /// The number that is shown.
    #[must_use]
    pub fn shown(self) -> Option<u64> {
        match self {
            Self::Shown(number) => Some(number),
            Self::Withheld => None,
        }
    }
}

/// Numerator and denominator of a share of protected numbers. The numerator is at most the denominator: separate changes may have made it
/// greater. None if one of them is withheld or the denominator is 0.
#[must_use]
pub fn share(numerator: Number, denominator: Number) -> Option<(u64, u64)> {
    let (x, n) = (numerator.shown()?, denominator.shown()?);
    (n > 0).then_some((x.min(n), n))
}

#[cfg(test)]
mod tests {
    use super::Number::{Shown, Withheld};
    use super::*;

    #[test]
    fn a_share_is_made_of_protected_numbers_alone() {
        assert_eq!(share(Shown(10), Shown(40)), Some((10, 40)));
        assert_eq!(share(Shown(41), Shown(40)), Some((40, 40)));
        assert_eq!(share(Withheld, Shown(40)), None);
        assert_eq!(share(Shown(10), Withheld), None);
        assert_eq!(share(Shown(0), Shown(0)), None);
    }
}
