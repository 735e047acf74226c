//! The reference content as files: embedded by default, replaceable by a folder. The log keeps every content in force.

use std::collections::BTreeMap;

/// Reference files by name (`codes/sex.toml`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content(BTreeMap<String, String>);

/// Why reference content cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("reference file `{file}`: {what}")]
pub struct ContentError {
    /// Name of the file, as in [`Content`].
    pub file: String,
    /// What is wrong, and what was expected.
    pub what: String,
}

macro_rules! embedded {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("data/", $name)))),*]
    };
}

const EMBEDDED: &[(&str, &str)] = embedded![
    "areas.csv",
    "codes/age.toml",
    "codes/attendance.toml",
    "codes/care_setting.toml",
    "codes/channel.toml",
    "codes/channel_provenance.toml",
    "codes/deprivation.toml",
    "codes/digital_access.toml",
    "codes/disability.toml",
    "codes/ethnicity.toml",
    "codes/exclusion_reason.toml",
    "codes/first_or_follow_up.toml",
    "codes/gender_identity.toml",
    "codes/gender_same_at_birth.toml",
    "codes/inclusion_group.toml",
    "codes/lead_time.toml",
    "codes/local_group.toml",
    "codes/main_language.toml",
    "codes/marital_status.toml",
    "codes/online_any.toml",
    "codes/pregnancy_maternity.toml",
    "codes/purpose_of_use.toml",
    "codes/religion.toml",
    "codes/sex.toml",
    "codes/sexual_orientation.toml",
    "codes/staff_type.toml",
    "codes/yes_no.toml",
    "collections.toml",
    "dimensions.toml",
    "indicators.toml",
    "lsoa.csv",
    "lsoa_lookup.csv",
    "organisations.csv",
    "profiles.toml",
    "published.toml",
    "targets.toml",
];

impl Content {
    /// Files that a folder may have, and the embedded content has not.
    pub const OPTIONAL: [&str; 1] = ["ptable.csv"];

    /// The embedded content: Leicester, Leicestershire and Rutland.
    #[must_use]
    pub fn embedded() -> Self {
        Self(EMBEDDED.iter().map(|(name, text)| ((*name).into(), (*text).into())).collect())
    }

    /// The embedded content, with these files added or in place of embedded files of the same name.
    #[must_use]
    pub fn with(files: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut content = Self::embedded();
        content.0.extend(files);
        content
    }

    /// These files and no embedded ones.
    #[must_use]
    pub fn exactly(files: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(files.into_iter().collect())
    }

    /// The same content, and this file.
    #[must_use]
    pub fn and(mut self, name: &str, text: String) -> Self {
        self.0.insert(name.to_owned(), text);
        self
    }

    /// The files, by name.
    pub fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, text)| (name.as_str(), text.as_str()))
    }

    /// The text of a file.
    ///
    /// # Errors
    /// No file has this name.
    pub fn file(&self, name: &str) -> Result<&str, ContentError> {
        self.0.get(name).map(String::as_str).ok_or_else(|| ContentError {
            file: name.into(),
            what: "is missing: put it into the reference folder".into(),
        })
    }
}
