//! Provision of face to face for people who need it: what each consultation answers to each question.

use std::ops::AddAssign;

use super::{Response, Tally};
use crate::domain::disclosure::TrueCount;

/// Needs of the person of a consultation. A need that does not apply counts as no need.
#[derive(Clone, Copy, Debug)]
pub struct Needs {
    /// Whether the person cannot use remote care.
    pub unable: Response,
    /// Whether the person can with help only.
    pub with_help: Response,
    /// Whether the person needs an interpreter.
    pub interpreter: Response,
    /// Whether the person has an accessible-information need.
    pub accessible: Response,
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
    NeedNotKnown,
    All,
}

impl Group {
    /// Every group, in order.
    pub const ALL: [Self; 8] = [
        Self::Unable,
        Self::WithHelp,
        Self::InterpreterNeeded,
        Self::AccessibleNeed,
        Self::AnyNeed,
        Self::NoNeed,
        Self::NeedNotKnown,
        Self::All,
    ];

    /// Code in the contract.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unable => "UNABLE",
            Self::WithHelp => "WITH_HELP",
            Self::InterpreterNeeded => "INTERPRETER_NEEDED",
            Self::AccessibleNeed => "ACCESSIBLE_NEED",
            Self::AnyNeed => "ANY_NEED",
            Self::NoNeed => "NO_NEED",
            Self::NeedNotKnown => "NEED_NOT_KNOWN",
            Self::All => "ALL",
        }
    }

    /// Name for people.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Unable => "Cannot use remote care",
            Self::WithHelp => "Can use remote care with help only",
            Self::InterpreterNeeded => "Needs an interpreter",
            Self::AccessibleNeed => "Has an accessible-information or communication need",
            Self::AnyNeed => "Any of these needs",
            Self::NoNeed => "Known to have none of these needs",
            Self::NeedNotKnown => "Not known whether they have one of these needs",
            Self::All => "Everybody",
        }
    }

    /// Whether a person with these needs belongs to the group. `ANY_NEED`, `NO_NEED` and `NEED_NOT_KNOWN` together are everyone. A
    /// person who was never asked is in `NEED_NOT_KNOWN`.
    #[must_use]
    pub fn holds(self, needs: Needs) -> Response {
        let any = needs.unable.or(needs.with_help).or(needs.interpreter).or(needs.accessible);
        match self {
            Self::Unable => needs.unable,
            Self::WithHelp => needs.with_help,
            Self::InterpreterNeeded => needs.interpreter,
            Self::AccessibleNeed => needs.accessible,
            Self::AnyNeed => any,
            Self::NoNeed => any.negated(),
            Self::NeedNotKnown if matches!(any, Response::Yes | Response::No) => Response::No,
            Self::NeedNotKnown | Self::All => Response::Yes,
        }
    }

    /// The indicators of face to face given or offered, the lowest and the highest share: CH-07 of a group with a need, CH-05 of the
    /// others.
    #[must_use]
    pub fn given_indicators(self) -> [&'static str; 2] {
        match self {
            Self::NoNeed | Self::NeedNotKnown | Self::All => ["CH-05", "CH-05-HIGHEST"],
            Self::Unable
            | Self::WithHelp
            | Self::InterpreterNeeded
            | Self::AccessibleNeed
            | Self::AnyNeed => ["CH-07", "CH-07-HIGHEST"],
        }
    }
}

/// Whether face to face was given or offered, in the lowest and in the highest share. An appointment in person that its provider
/// cancelled was not given.
///
/// A consultation counts if what became of it is known (its channel and its attendance) or the offer: which of the two says yes must
/// not decide. If one alone is known and says no, the lowest share has it as no, the highest as yes. An offer that does not apply is
/// no offer and decides nothing. Where no channel applies, the question does not.
#[must_use]
pub fn given(in_person: Response, cancelled: Response, offered: Response) -> [Response; 2] {
    use Response::{No, NotApplicable, NotCollected, Unknown, Yes};
    let kept = kept(cancelled);
    let (seen, collected) = (in_person.and(kept), ![in_person, kept].contains(&NotCollected));
    let is_counted = in_person.is_known() && kept.is_known() || offered.is_known();
    match (seen, offered) {
        _ if in_person == NotApplicable => [NotApplicable; 2],
        _ if !is_counted && (collected || offered == Unknown) => [Unknown; 2],
        _ if !is_counted => [NotCollected; 2],
        (Yes, _) | (_, Yes) => [Yes; 2],
        (No, No | NotApplicable) => [No; 2],
        _ => [No, Yes],
    }
}

/// Whether a request for face to face was met: by an appointment in person, soon enough, that its provider did not cancel. For
/// requests of which all three are known. If it is not known whether there was a request, it is not known whether it was met.
#[must_use]
pub fn met(
    in_person: Response,
    cancelled: Response,
    requested: Response,
    soon: Response,
) -> Response {
    in_person.both(kept(cancelled)).both(soon).given(requested)
}

/// Whether a consultation was remote although the person prefers in person.
#[must_use]
pub fn involuntary(in_person: Response, preferred: Response) -> Response {
    preferred.both(in_person.negated())
}

/// Whether the provider kept an appointment; an appointment that cannot be cancelled was kept.
fn kept(cancelled: Response) -> Response {
    if cancelled == Response::NotApplicable { Response::Yes } else { cancelled.negated() }
}

/// Counts of one group's consultations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Provision<N = TrueCount> {
    /// Numerator: consultations of the group. Denominator: consultations of people whose membership is known.
    pub members: Tally<N>,
    /// Consultations of the group that were in person.
    pub in_person: N,
    /// Consultations of the group that were remote.
    pub remote: N,
    /// Face to face given or offered (CH-05, CH-07): the lowest share, and the highest.
    pub given: [Tally<N>; 2],
    /// Requests for face to face that were met (CH-06).
    pub request_met: Tally<N>,
    /// Remote although in person is preferred (CH-08).
    pub involuntary: Tally<N>,
    /// Interpreter present, of those who need one (CH-13).
    pub interpreter: Tally<N>,
    /// Accessible need met, of those who have one (CH-14).
    pub need_met: Tally<N>,
}

impl<N: AddAssign + Copy> Provision<N> {
    /// Counts consultations by membership of the group and by mode: yes is in person, no is remote.
    pub fn mode(&mut self, member: Response, in_person: Response, count: N) {
        self.members.count(member, count);
        match (member, in_person) {
            (Response::Yes, Response::Yes) => self.in_person += count,
            (Response::Yes, Response::No) => self.remote += count,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_is_in_person_and_not_cancelled_or_offered() {
        use Response::{No, NotApplicable, NotCollected, Unknown, Yes};
        let open = [No, Yes];
        for (in_person, cancelled, offered, expected) in [
            (Yes, No, Unknown, [Yes; 2]),
            (Yes, NotApplicable, No, [Yes; 2]),
            // The provider took it away; what was offered stays offered.
            (Yes, Yes, No, [No; 2]),
            (Yes, Yes, Yes, [Yes; 2]),
            (Yes, Yes, Unknown, open),
            (Yes, Unknown, No, open),
            (Yes, Unknown, Yes, [Yes; 2]),
            (Yes, Unknown, Unknown, [Unknown; 2]),
            // Remote, whatever became of it.
            (No, Yes, No, [No; 2]),
            (No, Unknown, No, [No; 2]),
            (No, No, Yes, [Yes; 2]),
            (No, No, Unknown, open),
            // As in person: what became of it is not known.
            (No, Unknown, Unknown, [Unknown; 2]),
            (Unknown, No, Yes, [Yes; 2]),
            (Unknown, No, No, open),
            (Unknown, Yes, No, [No; 2]),
            (NotCollected, NotCollected, No, open),
            (Yes, No, NotCollected, [Yes; 2]),
            (No, No, NotCollected, open),
            (Unknown, No, NotCollected, [Unknown; 2]),
            (NotCollected, No, Unknown, [Unknown; 2]),
            (Yes, NotCollected, NotCollected, [NotCollected; 2]),
            (No, No, NotApplicable, [No; 2]),
            (Unknown, No, NotApplicable, [Unknown; 2]),
            (NotApplicable, No, Yes, [NotApplicable; 2]),
        ] {
            let found = given(in_person, cancelled, offered);
            assert_eq!(found, expected, "{in_person:?} {cancelled:?} {offered:?}");
        }
    }

    /// What one side says must not decide whether a record counts.
    #[test]
    fn who_is_in_the_denominator_does_not_depend_on_the_outcome() {
        use Response::{No, Yes};
        let counts = |of: [Response; 2]| of[0].is_known();
        for one in Response::ALL {
            for other in Response::ALL {
                assert_eq!(counts(given(one, other, Yes)), counts(given(one, other, No)));
                if other != Response::NotApplicable {
                    assert_eq!(counts(given(Yes, one, other)), counts(given(No, one, other)));
                    assert_eq!(counts(given(one, Yes, other)), counts(given(one, No, other)));
                }
                for offered in Response::ALL {
                    let [lowest, highest] = given(one, other, offered);
                    assert!(lowest == highest || [lowest, highest] == [No, Yes]);
                }
            }
        }
    }

    #[test]
    fn a_request_is_met_in_person_in_time_and_not_cancelled() {
        use Response::{No, NotApplicable, NotCollected, Unknown, Yes};
        assert_eq!(met(Yes, No, Yes, Yes), Yes);
        for not in [(No, No, Yes), (Yes, Yes, Yes), (Yes, No, No)] {
            assert_eq!(met(not.0, not.1, Yes, not.2), No);
        }
        for missing in [Unknown, NotCollected] {
            assert_eq!(met(missing, No, Yes, Yes), missing);
            assert_eq!(met(No, missing, Yes, No), missing);
            assert_eq!(met(No, Yes, Yes, missing), missing);
            // Whether there was a request is missing.
            assert_eq!(met(Yes, No, missing, Yes), missing);
        }
        for nobody in [No, NotApplicable] {
            assert_eq!(met(Yes, No, nobody, NotCollected), NotApplicable);
        }
        assert_eq!(met(NotApplicable, No, Yes, Yes), NotApplicable);
    }

    #[test]
    fn involuntary_is_of_those_whose_preference_and_channel_are_known() {
        use Response::{No, NotCollected, Unknown, Yes};
        let answers = [(No, Yes), (Yes, Yes), (No, No), (No, Unknown), (NotCollected, Yes)];
        let found = answers.map(|(in_person, preferred)| involuntary(in_person, preferred));
        assert_eq!(found, [Yes, No, No, Unknown, NotCollected]);
    }

    #[test]
    fn people_with_a_need_without_and_not_known_make_everybody() {
        let answers = [Response::Yes, Response::No, Response::Unknown, Response::NotCollected];
        for unable in answers {
            for interpreter in answers {
                for accessible in answers {
                    let with_help = if unable == Response::Yes { Response::No } else { unable };
                    let needs = Needs { unable, with_help, interpreter, accessible };
                    let said = [unable, with_help, interpreter, accessible];
                    let is = |group: Group| group.holds(needs) == Response::Yes;
                    let three = [Group::AnyNeed, Group::NoNeed, Group::NeedNotKnown];
                    assert_eq!(
                        three.into_iter().filter(|group| is(*group)).count(),
                        1,
                        "{needs:?}"
                    );
                    assert_eq!(is(Group::AnyNeed), said.contains(&Response::Yes));
                    assert_eq!(is(Group::NoNeed), said == [Response::No; 4]);
                    assert!(is(Group::All));
                }
            }
        }
    }

    #[test]
    fn whom_nobody_asked_is_nobody_with_a_need_and_nobody_without() {
        let needs = |answer| Needs {
            unable: answer,
            with_help: answer,
            interpreter: answer,
            accessible: answer,
        };
        for missing in [Response::Unknown, Response::NotCollected] {
            let groups = Group::ALL.map(|group| group.holds(needs(missing)));
            assert_eq!(groups[..6], [missing; 6]);
            assert_eq!(groups[6..], [Response::Yes; 2]);
        }
    }

    #[test]
    fn only_members_are_counted_by_mode() {
        let mut of = Provision::default();
        for (n, member) in (0u32..).zip(Response::ALL) {
            of.mode(member, Response::Yes, 1 << n);
            of.mode(member, Response::No, 32 << n);
            of.mode(member, Response::Unknown, 1024 << n);
        }
        let members = Tally {
            numerator: 1 + 32 + 1024,
            denominator: 3 * (1 + 32 + 1024),
            unknown: 4 * (1 + 32 + 1024),
            not_collected: 16 * (1 + 32 + 1024),
            outside: 8 * (1 + 32 + 1024),
        };
        assert_eq!((of.members, of.in_person, of.remote), (members, 1, 32));
    }
}
