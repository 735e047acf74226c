//! Counting a share: every record answers yes or no, or has a reason for neither.

use std::ops::AddAssign;

use crate::domain::disclosure::TrueCount;

/// What a record answers to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Response {
    /// In the numerator.
    Yes,
    /// In the denominator and not in the numerator.
    No,
    /// The question applies, and the answer is not known.
    Unknown,
    /// The question does not apply, or may not apply.
    NotApplicable,
    /// The source does not collect it.
    NotCollected,
}

impl Response {
    /// Every response, in the order of the counts.
    pub const ALL: [Self; 5] =
        [Self::Yes, Self::No, Self::Unknown, Self::NotApplicable, Self::NotCollected];

    /// Yes if one is yes; no if both are no; otherwise missing.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Yes, _) | (_, Self::Yes) => Self::Yes,
            (Self::No, Self::No) => Self::No,
            neither => Self::missing(neither),
        }
    }

    /// Yes if both are yes; no if both are known and one is no; missing if one is missing. If one does not apply, both do not.
    #[must_use]
    pub fn both(self, other: Self) -> Self {
        match (self, other) {
            (Self::NotApplicable, _) | (_, Self::NotApplicable) => Self::NotApplicable,
            (Self::Yes, Self::Yes) => Self::Yes,
            (Self::Yes | Self::No, Self::Yes | Self::No) => Self::No,
            missing => Self::missing(missing),
        }
    }

    /// Whether both conditions hold. No if one is no or does not apply, even if the other is missing.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No | Self::NotApplicable, _) | (_, Self::No | Self::NotApplicable) => Self::No,
            (Self::Yes, Self::Yes) => Self::Yes,
            missing => Self::missing(missing),
        }
    }

    /// This response, limited to records that meet a condition: members of a group, people with a need. The question does not apply
    /// to a record that does not meet it. If it is missing whether the condition holds, the response is missing.
    #[must_use]
    pub fn given(self, condition: Self) -> Self {
        match (self, condition) {
            (Self::NotApplicable, _) | (_, Self::No | Self::NotApplicable) => Self::NotApplicable,
            (answer, Self::Yes) => answer,
            missing => Self::missing(missing),
        }
    }

    /// Whether it is yes or no.
    #[must_use]
    pub fn is_known(self) -> bool {
        matches!(self, Self::Yes | Self::No)
    }

    /// Yes becomes no, and no becomes yes; the rest stays.
    #[must_use]
    pub fn negated(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            other @ (Self::Unknown | Self::NotApplicable | Self::NotCollected) => other,
        }
    }

    /// The reason of two responses, at least one of which is missing: not collected goes before unknown, and unknown before not
    /// applicable.
    fn missing((first, second): (Self, Self)) -> Self {
        let either = |state: Self| first == state || second == state;
        if either(Self::NotCollected) {
            Self::NotCollected
        } else if either(Self::Unknown) {
            Self::Unknown
        } else {
            Self::NotApplicable
        }
    }
}

/// Counts of responses: numerator, denominator, and the two reasons for neither.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally<N = TrueCount> {
    /// Responses of yes.
    pub numerator: N,
    /// Responses of yes or no.
    pub denominator: N,
    /// Records for which the answer is not known, or not whether the question applies.
    pub unknown: N,
    /// Records whose source collects neither the answer nor whether the question applies; in no denominator.
    pub not_collected: N,
    /// Those to whom it does not apply. With the denominator, the unknown and the not collected ones they are everybody.
    pub outside: N,
}

impl<N: AddAssign + Copy> Tally<N> {
    /// Counts `records` records with this response.
    pub fn count(&mut self, answer: Response, records: N) {
        match answer {
            Response::Yes => {
                self.numerator += records;
                self.denominator += records;
            }
            Response::No => self.denominator += records,
            Response::Unknown => self.unknown += records,
            Response::NotCollected => self.not_collected += records,
            Response::NotApplicable => self.outside += records,
        }
    }
}

impl<N: AddAssign> AddAssign for Tally<N> {
    fn add_assign(&mut self, other: Self) {
        self.numerator += other.numerator;
        self.denominator += other.denominator;
        self.unknown += other.unknown;
        self.not_collected += other.not_collected;
        self.outside += other.outside;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_yes_settles_or_and_only_two_known_answers_settle_both() {
        for first in Response::ALL {
            for second in Response::ALL {
                let known = Response::is_known;
                let outside = |a| a == Response::NotApplicable;
                let (or, both) = (first.or(second), first.both(second));
                assert_eq!(or, second.or(first));
                assert_eq!(both, second.both(first));
                assert_eq!(or == Response::Yes, first == Response::Yes || second == Response::Yes);
                assert_eq!(or == Response::No, first == Response::No && second == Response::No);
                assert_eq!(known(both), known(first) && known(second));
                assert_eq!(outside(both), outside(first) || outside(second));
                assert_eq!(
                    both == Response::Yes,
                    first == Response::Yes && second == Response::Yes
                );
                let (and, fails) =
                    (first.and(second), |a| matches!(a, Response::No | Response::NotApplicable));
                assert_eq!(and, second.and(first));
                assert_eq!(and == Response::Yes, both == Response::Yes);
                assert_eq!(and == Response::No, fails(first) || fails(second));
                assert_ne!(and, Response::NotApplicable);
            }
            for condition in Response::ALL {
                let unmet = matches!(condition, Response::No | Response::NotApplicable);
                let either = |state| first == state || condition == state;
                let expected = if unmet || first == Response::NotApplicable {
                    Response::NotApplicable
                } else if condition == Response::Yes {
                    first
                } else if either(Response::NotCollected) {
                    Response::NotCollected
                } else {
                    Response::Unknown
                };
                assert_eq!(first.given(condition), expected);
            }
            assert_eq!(first.negated().negated(), first);
        }
    }

    #[test]
    fn every_answer_is_counted_where_it_belongs() {
        let mut tally = Tally::default();
        for (answer, records) in Response::ALL.into_iter().zip([1, 2, 4, 8, 16]) {
            tally.count(answer, records);
        }
        let expected =
            Tally { numerator: 1, denominator: 3, unknown: 4, not_collected: 16, outside: 8 };
        assert_eq!(tally, expected);
    }
}
