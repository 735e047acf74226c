//! What a share is made of: every record says yes, no, or why it says neither.

/// What one record says to one question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Yes.
    Yes,
    /// No.
    No,
    /// The question applies, and the answer is not known.
    Unknown,
    /// The question does not apply, or is not known to.
    NotApplicable,
    /// The source does not collect it.
    NotCollected,
}

impl Answer {
    /// Every answer, in order.
    pub const ALL: [Self; 5] =
        [Self::Yes, Self::No, Self::Unknown, Self::NotApplicable, Self::NotCollected];

    /// Yes if either is; no only if both are known to be no.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Yes, _) | (_, Self::Yes) => Self::Yes,
            (Self::No, Self::No) => Self::No,
            neither => Self::missing(neither),
        }
    }

    /// Yes if both are, no if both are known and one is no: of records of which both are known.
    #[must_use]
    pub fn both(self, other: Self) -> Self {
        match (self, other) {
            (Self::Yes, Self::Yes) => Self::Yes,
            (Self::Yes | Self::No, Self::Yes | Self::No) => Self::No,
            missing => Self::missing(missing),
        }
    }

    /// The answer, put to those alone of whom this holds.
    #[must_use]
    pub fn then(self, answer: Self) -> Self {
        match self {
            Self::Yes => answer,
            Self::NotCollected => Self::NotCollected,
            Self::No | Self::Unknown | Self::NotApplicable => Self::NotApplicable,
        }
    }

    /// Whether both conditions hold: not if one is known not to, or does not apply, whatever is known of the other.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No | Self::NotApplicable, _) | (_, Self::No | Self::NotApplicable) => Self::No,
            (Self::Yes, Self::Yes) => Self::Yes,
            missing => Self::missing(missing),
        }
    }

    /// The answer, asked of those alone of whom a condition holds: where that is missing, so is the answer. Unlike
    /// [`Self::then`], for conditions that everybody could be asked about.
    #[must_use]
    pub fn given(self, condition: Self) -> Self {
        match condition {
            Self::Yes => self,
            Self::No | Self::NotApplicable => Self::NotApplicable,
            missing @ (Self::Unknown | Self::NotCollected) => missing,
        }
    }

    /// The answer, where only those count who are of a group: as [`Self::given`], but what does not apply to them does not, whether
    /// or not they are of it.
    #[must_use]
    pub fn among(self, member: Self) -> Self {
        if self == Self::NotApplicable { self } else { self.given(member) }
    }

    /// The other way round.
    #[must_use]
    pub fn negated(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            other @ (Self::Unknown | Self::NotApplicable | Self::NotCollected) => other,
        }
    }

    /// Of two, one of which at least is missing, what is missing: what was never collected cannot be found out; what does not
    /// apply was asked.
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

/// Counts of answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Those who said yes.
    pub numerator: u64,
    /// Those who said yes or no.
    pub denominator: u64,
    /// Those of whom it is not known, or not whether it applies to them.
    pub unknown: u64,
    /// Those whose source does not collect the answer, or whether it applies to them: in no denominator.
    pub not_collected: u64,
    /// Those to whom it does not apply. With the denominator, the unknown and the not collected ones they are everybody.
    pub outside: u64,
}

impl Tally {
    /// Counts so many records that say this.
    pub fn count(&mut self, answer: Answer, records: u64) {
        match answer {
            Answer::Yes => {
                self.numerator += records;
                self.denominator += records;
            }
            Answer::No => self.denominator += records,
            Answer::Unknown => self.unknown += records,
            Answer::NotCollected => self.not_collected += records,
            Answer::NotApplicable => self.outside += records,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_yes_settles_or_and_only_two_known_answers_settle_both() {
        for first in Answer::ALL {
            for second in Answer::ALL {
                let known = |a| matches!(a, Answer::Yes | Answer::No);
                let (or, both) = (first.or(second), first.both(second));
                assert_eq!(or, second.or(first));
                assert_eq!(both, second.both(first));
                assert_eq!(or == Answer::Yes, first == Answer::Yes || second == Answer::Yes);
                assert_eq!(or == Answer::No, first == Answer::No && second == Answer::No);
                assert_eq!(known(both), known(first) && known(second));
                assert_eq!(both == Answer::Yes, first == Answer::Yes && second == Answer::Yes);
                let (and, fails) =
                    (first.and(second), |a| matches!(a, Answer::No | Answer::NotApplicable));
                assert_eq!(and, second.and(first));
                assert_eq!(and == Answer::Yes, both == Answer::Yes);
                assert_eq!(and == Answer::No, fails(first) || fails(second));
                assert_ne!(and, Answer::NotApplicable);
            }
            for condition in Answer::ALL {
                let expected = match condition {
                    Answer::Yes => first,
                    Answer::No | Answer::NotApplicable => Answer::NotApplicable,
                    Answer::Unknown | Answer::NotCollected => condition,
                };
                assert_eq!(first.given(condition), expected);
                assert_eq!(Answer::NotApplicable.among(condition), Answer::NotApplicable);
                assert!(first == Answer::NotApplicable || first.among(condition) == expected);
            }
            assert_eq!(first.negated().negated(), first);
            assert_eq!(Answer::Yes.then(first), first);
            assert_eq!(Answer::No.then(first), Answer::NotApplicable);
        }
    }

    #[test]
    fn every_answer_is_counted_where_it_belongs() {
        let mut tally = Tally::default();
        for (answer, records) in Answer::ALL.into_iter().zip([1, 2, 4, 8, 16]) {
            tally.count(answer, records);
        }
        let expected =
            Tally { numerator: 1, denominator: 3, unknown: 4, not_collected: 16, outside: 8 };
        assert_eq!(tally, expected);
    }
}
