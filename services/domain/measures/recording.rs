//! How a characteristic is recorded: what each value says about the recording, and the indicators DQ-01 to DQ-04, DQ-09 and DQ-11.

use std::ops::AddAssign;

use super::tally::{Response, Tally};
use crate::domain::codes::{CodeList, State, Value};

/// What a record says about the recording of one of its fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// A known value.
    Known,
    /// A known value that is the code list's category "other", or contains it.
    Other,
    /// The person declined to say.
    NotStated,
    /// The person was asked and was not sure.
    AskedUnsure,
    /// The person was not asked, or could not be asked: the NHS default codes (`99`, `X`).
    NotKnown,
    /// No value.
    NotRecorded,
    /// A code that is not in the code list.
    Invalid,
    /// The question does not apply.
    NotApplicable,
    /// The source does not collect the field.
    NotCollected,
}

impl Recorded {
    /// Every kind, in the order of their counts.
    pub const ALL: [Self; 9] = [
        Self::Known,
        Self::Other,
        Self::NotStated,
        Self::AskedUnsure,
        Self::NotKnown,
        Self::NotRecorded,
        Self::Invalid,
        Self::NotApplicable,
        Self::NotCollected,
    ];

    /// What a value of a field with this code list says.
    #[must_use]
    pub fn of(list: &CodeList, value: &Value) -> Self {
        let is_other =
            |code: &String| list.category(code).is_some_and(|category| category.is_other);
        match value {
            Value::Codes(codes) if codes.iter().any(is_other) => Self::Other,
            Value::Codes(_) | Value::Number(_) => Self::Known,
            Value::State(state) => match state {
                State::Any | State::None | State::Coarser => Self::Known,
                State::NotStated => Self::NotStated,
                State::AskedUnsure => Self::AskedUnsure,
                State::NotKnown => Self::NotKnown,
                State::NotRecorded => Self::NotRecorded,
                State::Invalid => Self::Invalid,
                State::NotApplicable => Self::NotApplicable,
                State::NotCollected => Self::NotCollected,
            },
        }
    }
}

/// A share that is told of the recording of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aspect {
    /// DQ-01: the value is known.
    Known,
    /// DQ-02: the person declined to say.
    NotStated,
    /// DQ-02-UNSURE: the person was asked and was not sure.
    Unsure,
    /// DQ-03: not known or not recorded.
    Missing,
    /// DQ-03-NOT-KNOWN: the default code.
    NotKnown,
    /// DQ-03-NOT-RECORDED: no value.
    NotRecorded,
    /// DQ-04: the code is in the code list, of the records that have a code.
    Valid,
    /// DQ-04-INVALID: the code is not in the code list, of the records that have a code.
    Invalid,
    /// DQ-09: the category "other", of the known values.
    Other,
    /// DQ-11: the source collects the field, of all records.
    Collected,
}

impl Aspect {
    /// What a record answers.
    fn response(self, recorded: Recorded) -> Response {
        let yes = |is: bool| if is { Response::Yes } else { Response::No };
        let is_known = matches!(recorded, Recorded::Known | Recorded::Other);
        match (self, recorded) {
            (Self::Collected, of) => yes(of != Recorded::NotCollected),
            (_, Recorded::NotApplicable) => Response::NotApplicable,
            (_, Recorded::NotCollected) => Response::NotCollected,
            (Self::Known, _) => yes(is_known),
            (Self::NotStated, of) => yes(of == Recorded::NotStated),
            (Self::Unsure, of) => yes(of == Recorded::AskedUnsure),
            (Self::Missing, of) => yes(matches!(of, Recorded::NotKnown | Recorded::NotRecorded)),
            (Self::NotKnown, of) => yes(of == Recorded::NotKnown),
            (Self::NotRecorded, of) => yes(of == Recorded::NotRecorded),
            // A record without a code has none that could be wrong.
            (Self::Valid | Self::Invalid, Recorded::NotRecorded) => Response::Unknown,
            (Self::Valid, of) => yes(of != Recorded::Invalid),
            (Self::Invalid, of) => yes(of == Recorded::Invalid),
            (Self::Other, _) if !is_known => Response::Unknown,
            (Self::Other, of) => yes(of == Recorded::Other),
        }
    }

    /// The share out of counts by [`Recorded::ALL`]. Its five counts add up to all records.
    #[must_use]
    pub fn tally<N: AddAssign + Copy + Default>(self, counts: &[N]) -> Tally<N> {
        let mut tally = Tally::default();
        for (recorded, count) in Recorded::ALL.into_iter().zip(counts) {
            tally.count(self.response(recorded), *count);
        }
        tally
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A power of two for each kind: a sum tells which kinds are in it.
    const COUNTS: [u64; 9] = [1, 2, 4, 8, 16, 32, 64, 128, 256];

    #[test]
    fn each_share_has_the_records_that_its_definition_says() {
        let of = |aspect: Aspect| {
            let tally = aspect.tally(&COUNTS);
            [tally.numerator, tally.denominator, tally.unknown, tally.not_collected, tally.outside]
        };
        for (aspect, counts) in [
            (Aspect::Known, [1 + 2, 127, 0, 256, 128]),
            (Aspect::NotStated, [4, 127, 0, 256, 128]),
            (Aspect::Unsure, [8, 127, 0, 256, 128]),
            (Aspect::Missing, [16 + 32, 127, 0, 256, 128]),
            (Aspect::NotKnown, [16, 127, 0, 256, 128]),
            (Aspect::NotRecorded, [32, 127, 0, 256, 128]),
            (Aspect::Valid, [1 + 2 + 4 + 8 + 16, 127 - 32, 32, 256, 128]),
            (Aspect::Invalid, [64, 127 - 32, 32, 256, 128]),
            (Aspect::Other, [2, 3, 127 - 3, 256, 128]),
            (Aspect::Collected, [255, 511, 0, 0, 0]),
        ] {
            assert_eq!(of(aspect), counts, "{aspect:?}");
            assert_eq!(counts[1..].iter().sum::<u64>(), 511, "{aspect:?}: everybody once");
        }
    }

    #[test]
    fn a_value_is_other_if_its_code_list_says_so() {
        let list = CodeList::from_toml(
            "id = \"l\"\nlabel = \"\"\nversion = \"\"\nsource = \"\"\n\
             categories = [{ code = \"A\", label = \"A\" }, { code = \"XX\", label = \"Other\", is_other = true }]\n\
             [[system]]\nid = \"s\"\nlabel = \"\"\ncodes = []",
        )
        .unwrap();
        for (text, recorded) in [
            ("A", Recorded::Known),
            ("#7", Recorded::Known),
            ("!NONE", Recorded::Known),
            ("XX", Recorded::Other),
            ("A;XX", Recorded::Other),
            ("!NOT_STATED", Recorded::NotStated),
            ("!NOT_KNOWN", Recorded::NotKnown),
            ("!INVALID", Recorded::Invalid),
        ] {
            assert_eq!(Recorded::of(&list, &Value::from_text(text)), recorded, "{text}");
        }
    }
}
