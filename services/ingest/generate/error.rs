//! The errors of the generator.

/// Greatest number of rows: more could overflow.
pub(super) const MOST_ROWS: u64 = 1_000_000_000_000;

/// Why the generator cannot make records.
#[derive(Debug, thiserror::Error)]
pub enum GeneratorError {
    /// There is no organisation, one has no code or a weight out of range, or a code appears twice.
    #[error("organisations: {0}")]
    Organisations(&'static str),
    /// Too many rows.
    #[error("rows: too many; the limit is {MOST_ROWS}")]
    Rows,
    /// The last month is before the first.
    #[error("the last month is before the first month")]
    Months,
    /// The figure is not a number above 0, or it gives too many people.
    #[error(
        "contacts_per_person: a number above 0 is needed, large enough to give fewer than 4,000,000,000 people"
    )]
    ContactsPerPerson,
    /// A table of the embedded demonstration data is damaged.
    #[error("embedded table {file}: {source}")]
    Table {
        /// Name of the file.
        file: &'static str,
        /// The error of the CSV reader.
        source: csv::Error,
    },
    /// A table of the embedded demonstration data has an unknown label, or a month is missing.
    #[error("embedded table {file}: a label is unknown, or a month is missing")]
    Label {
        /// Name of the file.
        file: &'static str,
    },
}
