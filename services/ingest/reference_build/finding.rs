//! What is wrong in the publishers' files, or between them and the content in force.

/// Whether content can be built in spite of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing is written.
    Error,
    /// The content is written. A person should look.
    Warning,
}

impl Severity {
    /// In one word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Error or warning.
    pub severity: Severity,
    /// Id of the check: the same for all findings of a kind.
    pub check: &'static str,
    /// Name of the publisher's file; empty: the finding is about the content in force.
    pub file: String,
    /// Line in the file; 0: the whole file.
    pub line: u64,
    /// Code of the area or organisation; empty: none.
    pub code: String,
    /// What is wrong, and what to do.
    pub what: String,
}

/// Where a finding is: file and line.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct At<'a>(pub(super) &'a str, pub(super) u64);

/// The findings so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Findings(pub(super) Vec<Finding>);

impl Findings {
    pub(super) fn error(&mut self, check: &'static str, at: At<'_>, code: &str, what: String) {
        self.add(Severity::Error, check, at, code, what);
    }

    pub(super) fn warn(&mut self, check: &'static str, at: At<'_>, code: &str, what: String) {
        self.add(Severity::Warning, check, at, code, what);
    }

    fn add(
        &mut self,
        severity: Severity,
        check: &'static str,
        At(file, line): At<'_>,
        code: &str,
        what: String,
    ) {
        let (file, code) = (file.to_owned(), code.to_owned());
        self.0.push(Finding { severity, check, file, line, code, what });
    }
}
