//! A coded value of a field, and the missing states.

/// What a category is: known, derived from a set, or one of the missing states, which are never merged.
/// The order is that of rows in an answer; the number is an offset behind the categories of a dimension.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum State {
    /// In any category of a multi-valued dimension.
    Any = 0,
    /// Said to be in none of the categories of a multi-valued dimension.
    None = 1,
    /// Known, but not at this level or in this edition.
    Coarser = 2,
    /// The person was asked and declined to say.
    NotStated = 3,
    /// The person was asked and was not sure.
    AskedUnsure = 4,
    /// The person was not asked, or could not be asked.
    NotKnown = 5,
    /// The source collects the field, and the record has no value.
    NotRecorded = 6,
    /// The question does not apply.
    NotApplicable = 7,
    /// The source does not collect the field.
    NotCollected = 8,
    /// The source's code is not in the code list.
    Invalid = 9,
}

impl State {
    /// Every state, in order.
    pub const ALL: [Self; 10] = [
        Self::Any,
        Self::None,
        Self::Coarser,
        Self::NotStated,
        Self::AskedUnsure,
        Self::NotKnown,
        Self::NotRecorded,
        Self::NotApplicable,
        Self::NotCollected,
        Self::Invalid,
    ];

    /// Name, as in the contract without its prefix.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Any => "ANY",
            Self::None => "NONE",
            Self::Coarser => "COARSER",
            Self::NotStated => "NOT_STATED",
            Self::AskedUnsure => "ASKED_UNSURE",
            Self::NotKnown => "NOT_KNOWN",
            Self::NotRecorded => "NOT_RECORDED",
            Self::NotApplicable => "NOT_APPLICABLE",
            Self::NotCollected => "NOT_COLLECTED",
            Self::Invalid => "INVALID",
        }
    }

    /// The state of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// The state of this name, if a caller may give it for a field in place of a code.
    #[must_use]
    pub fn said(name: &str) -> Option<Self> {
        let state = Self::from_name(name)?;
        let is_said = state.is_of_a_record() && !matches!(state, Self::None | Self::NotCollected);
        is_said.then_some(state)
    }

    /// Whether the state counts in the unknown share. `NotApplicable` does not, because the question has an answer;
    /// `NotCollected` does not, because the question was never asked.
    #[must_use]
    pub fn is_unknown(self) -> bool {
        matches!(
            self,
            Self::NotStated
                | Self::AskedUnsure
                | Self::NotKnown
                | Self::NotRecorded
                | Self::Invalid
        )
    }

    /// Whether a record can have the state. The other states only appear in answers.
    #[must_use]
    pub fn is_of_a_record(self) -> bool {
        !matches!(self, Self::Any | Self::Coarser)
    }
}

/// A value as it is stored. The text form is on disk: `CODE`, `#77` for a number, `!NOT_STATED` for a state,
/// `02;09` for a set of codes in order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// A missing state, or [`State::None`].
    State(State),
    /// A number: years of age, days of lead time.
    Number(u32),
    /// Category codes: one, or several in order for a multi-valued field.
    Codes(Vec<String>),
}

impl Value {
    /// Reads the text form. Other text becomes [`State::Invalid`]; text on disk was checked when it was written.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        if let Some(name) = text.strip_prefix('!') {
            return Self::State(State::from_name(name).unwrap_or(State::Invalid));
        }
        if let Some(number) = text.strip_prefix('#') {
            return number.parse().map_or(Self::State(State::Invalid), Self::Number);
        }
        Self::Codes(text.split(';').map(str::to_owned).collect())
    }

    /// The text form, as on disk.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            Self::State(state) => format!("!{}", state.name()),
            Self::Number(number) => format!("#{number}"),
            Self::Codes(codes) => codes.join(";"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_forms_round_trip() {
        let values = [
            Value::State(State::NotStated),
            Value::State(State::None),
            Value::Number(77),
            Value::Codes(vec!["A".into()]),
            Value::Codes(vec!["02".into(), "09".into()]),
        ];
        for value in values {
            assert_eq!(Value::from_text(&value.to_text()), value);
        }
        assert_eq!(Value::from_text("!NO_SUCH"), Value::State(State::Invalid));
        assert_eq!(Value::from_text("#x"), Value::State(State::Invalid));
    }
}
