//! How a value was read whose form is not that of the contract.

/// How a value was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReadAs {
    /// Without the blanks at its ends.
    WithoutBlanks,
    /// A word or a label that has one meaning in the code system: `telephone`, `F`, `Female`.
    Word,
    /// A date in the British order: `01/04/2026`.
    DayFirst,
    /// A date with a time of midnight: `2026-04-01T00:00:00`.
    Midnight,
}

impl ReadAs {
    /// What the service did, in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::WithoutBlanks => "without the blanks at its ends",
            Self::Word => "as a word or label with one meaning in the code system",
            Self::DayFirst => "as day, month and year",
            Self::Midnight => "without the time of midnight",
        }
    }
}
