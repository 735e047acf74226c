//! Whether face to face is there for those who need it: what one consultation says to each of the questions.

use super::{Answer, Tally};

/// What a consultation says of its person's needs.
#[derive(Clone, Copy, Debug)]
pub struct Needs {
    /// Whether the person cannot use remote care.
    pub unable: Answer,
    /// Whether the person can with help only.
    pub with_help: Answer,
    /// Whether the person needs an interpreter.
    pub interpreter: Answer,
    /// Whether the person has an accessible-information need.
    pub accessible: Answer,
}

/// Groups of people by what they need, in order of display.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // the names say it
pub enum Group {
    Unable,
    WithHelp,
    InterpreterNeeded,
    AccessibleNeed,
    AnyNeed,
    NoNeed,
    All,
}

impl Group {
    /// Every group, in order.
    pub const ALL: [Self; 7] = [
        Self::Unable,
        Self::WithHelp,
        Self::InterpreterNeeded,
        Self::AccessibleNeed,
        Self::AnyNeed,
        Self::NoNeed,
        Self::All,
    ];

    /// Name in the contract.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unable => "UNABLE",
            Self::WithHelp => "WITH_HELP",
            Self::InterpreterNeeded => "INTERPRETER_NEEDED",
            Self::AccessibleNeed => "ACCESSIBLE_NEED",
            Self::AnyNeed => "ANY_NEED",
            Self::NoNeed => "NO_NEED",
            Self::All => "ALL",
        }
    }

    /// Words for people.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Unable => "Cannot use remote care",
            Self::WithHelp => "Can use remote care with help only",
            Self::InterpreterNeeded => "Needs an interpreter",
            Self::AccessibleNeed => "Has an accessible-information or communication need",
            Self::AnyNeed => "Any of these needs",
            Self::NoNeed => "None of these needs said",
            Self::All => "Everybody",
        }
    }

    /// Whether a person with these needs belongs to the group. Who is not known to have a need is in `NoNeed`.
    #[must_use]
    pub fn holds(self, needs: Needs) -> bool {
        let yes = |answer: Answer| answer == Answer::Yes;
        let any = [needs.unable, needs.with_help, needs.interpreter, needs.accessible]
            .into_iter()
            .any(yes);
        match self {
            Self::Unable => yes(needs.unable),
            Self::WithHelp => yes(needs.with_help),
            Self::InterpreterNeeded => yes(needs.interpreter),
            Self::AccessibleNeed => yes(needs.accessible),
            Self::AnyNeed => any,
            Self::NoNeed => !any,
            Self::All => true,
        }
    }

    /// The indicator of face to face given or offered: CH-07 of a group with a need, CH-05 of the others.
    #[must_use]
    pub fn given_indicator(self) -> &'static str {
        match self {
            Self::NoNeed | Self::All => "CH-05",
            Self::Unable
            | Self::WithHelp
            | Self::InterpreterNeeded
            | Self::AccessibleNeed
            | Self::AnyNeed => "CH-07",
        }
    }
}

/// What people of one group got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Provision {
    /// Consultations.
    pub contacts: u64,
    /// Of them in person.
    pub in_person: u64,
    /// Of them remote.
    pub remote: u64,
    /// In person, or offered (CH-05, CH-07).
    pub given: Tally,
    /// Requests for face to face that were met (CH-06).
    pub request_met: Tally,
    /// Remote although in person is preferred (CH-08).
    pub involuntary: Tally,
    /// Interpreter present, of those who need one (CH-13).
    pub interpreter: Tally,
    /// Accessible need met, of those who have one (CH-14).
    pub need_met: Tally,
}

impl Provision {
    /// Counts consultations by whether they were in person (no: remote), and whether in person was offered. Where nobody collects
    /// offers, none of them counts, not even those in person: what is missing would depend on what was given, and the share be
    /// 1 whatever was done.
    pub fn mode(&mut self, in_person: Answer, offered: Answer, count: u64) {
        self.contacts += count;
        match in_person {
            Answer::Yes => self.in_person += count,
            Answer::No => self.remote += count,
            Answer::Unknown | Answer::NotApplicable | Answer::NotCollected => {}
        }
        let given = match offered {
            Answer::NotCollected => Answer::NotCollected,
            Answer::Yes | Answer::No | Answer::Unknown | Answer::NotApplicable => {
                in_person.or(offered)
            }
        };
        self.given.count(given, count);
    }

    /// Counts consultations by whether in person was asked for.
    pub fn request(&mut self, in_person: Answer, requested: Answer, count: u64) {
        self.request_met.count(requested.then(in_person), count);
    }

    /// Counts consultations by whether in person is preferred.
    pub fn preference(&mut self, in_person: Answer, preferred: Answer, count: u64) {
        self.involuntary.count(preferred.both(in_person.negated()), count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remote_consultation_without_a_word_on_the_offer_is_unknown() {
        let mut of = Provision::default();
        of.mode(Answer::Yes, Answer::Unknown, 1);
        of.mode(Answer::No, Answer::Yes, 2);
        of.mode(Answer::No, Answer::No, 4);
        of.mode(Answer::No, Answer::Unknown, 8);
        of.mode(Answer::Unknown, Answer::Yes, 16);
        of.mode(Answer::Unknown, Answer::No, 32);
        of.mode(Answer::No, Answer::NotCollected, 64);
        of.mode(Answer::Yes, Answer::NotCollected, 128);
        let given = Tally { numerator: 19, denominator: 23, unknown: 40, not_collected: 192 };
        assert_eq!((of.contacts, of.in_person, of.remote, of.given), (255, 129, 78, given));
    }

    #[test]
    fn requests_and_preferences_count_where_they_are_known() {
        let mut of = Provision::default();
        of.request(Answer::Yes, Answer::Yes, 1);
        of.request(Answer::No, Answer::Yes, 2);
        of.request(Answer::Unknown, Answer::Yes, 4);
        of.request(Answer::Yes, Answer::No, 8);
        of.request(Answer::Yes, Answer::NotCollected, 16);
        let met = Tally { numerator: 1, denominator: 3, unknown: 4, not_collected: 16 };
        assert_eq!(of.request_met, met);
        of.preference(Answer::No, Answer::Yes, 1);
        of.preference(Answer::Yes, Answer::Yes, 2);
        of.preference(Answer::No, Answer::No, 4);
        of.preference(Answer::No, Answer::Unknown, 8);
        of.preference(Answer::Unknown, Answer::Yes, 16);
        let involuntary = Tally { numerator: 1, denominator: 7, unknown: 24, not_collected: 0 };
        assert_eq!(of.involuntary, involuntary);
    }

    #[test]
    fn everybody_is_with_a_need_or_without() {
        let answers = [Answer::Yes, Answer::No, Answer::Unknown, Answer::NotCollected];
        for interpreter in answers {
            for unable in answers {
                let (with_help, accessible) = (Answer::No, Answer::Unknown);
                let needs = Needs { unable, with_help, interpreter, accessible };
                assert!(Group::All.holds(needs));
                assert_ne!(Group::AnyNeed.holds(needs), Group::NoNeed.holds(needs));
                let any = Group::ALL[..4].iter().any(|group| group.holds(needs));
                assert_eq!(Group::AnyNeed.holds(needs), any);
            }
        }
    }
}
