//! Why nothing can be generated.

/// Rows up to here are shared out without an overflow.
pub(super) const MOST_ROWS: u64 = 1_000_000_000_000;

/// Why nothing can be generated.
#[derive(Debug, thiserror::Error)]
pub enum GeneratorError {
    /// No organisation, one without a code or with a weight out of range, or the same twice.
    #[error("organisations: {0}")]
    Organisations(&'static str),
    /// More rows than can be shared out exactly.
    #[error("rows: expected at most {MOST_ROWS}")]
    Rows,
    /// The last month comes before the first.
    #[error("the last month comes before the first")]
    Months,
    /// Too many people, or a figure that is none.
    #[error(
        "contacts_per_person: expected a number above 0 that gives fewer than four thousand million people"
    )]
    ContactsPerPerson,
    /// A table of the embedded demonstration data is damaged.
    #[error("embedded table {file}: {source}")]
    Table {
        /// Name of the file.
        file: &'static str,
        /// What is wrong with it.
        source: csv::Error,
    },
    /// A table of the embedded demonstration data holds a label that the generator does not know, or lacks a month.
    #[error("embedded table {file}: an unknown label, or a month is missing")]
    Label {
        /// Name of the file.
        file: &'static str,
    },
}
