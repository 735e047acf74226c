//! The reference content as files: embedded by default, replaceable by a folder. The log keeps every content in force.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use super::packed::unpacked;

/// Reference files by name (`codes/sex.toml`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content(BTreeMap<String, Arc<str>>);

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
    "codes/national_category.toml",
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
    "organisations.csv",
    "profiles.toml",
    "published.toml",
    "targets.toml",
];

/// Files whose text would make the program larger by 4 MB: name, and gzip.
const PACKED: [(&str, &[u8]); 2] = [
    ("lsoa.csv", include_bytes!("data/lsoa.csv.gz")),
    ("lsoa_lookup.csv", include_bytes!("data/lsoa_lookup.csv.gz")),
];

/// A long file as it is embedded, or as the log has it.
#[derive(Clone, Copy, Debug)]
pub struct Packed {
    /// Hash of its text.
    pub hash: [u8; 32],
    /// Its text, deflated.
    pub deflated: &'static [u8],
}

/// The embedded content: unpacked once, because every start and every refused folder compares with it.
struct Embedded {
    content: Content,
    packed: BTreeMap<&'static str, Packed>,
}

static ALL: LazyLock<Embedded> = LazyLock::new(|| {
    let mut files: BTreeMap<String, Arc<str>> =
        EMBEDDED.iter().map(|(name, text)| ((*name).into(), (*text).into())).collect();
    let mut packed = BTreeMap::new();
    for (name, gzip) in PACKED {
        let unpacked = unpacked(gzip).expect("a test unpacks what is embedded");
        let hash = *blake3::hash(unpacked.text.as_bytes()).as_bytes();
        packed.insert(name, Packed { hash, deflated: unpacked.deflated });
        files.insert(name.into(), unpacked.text.into());
    }
    Embedded { content: Content(files), packed }
});

impl Content {
    /// Files that a folder may have, and the embedded content has not.
    pub const OPTIONAL: [&str; 1] = ["ptable.csv"];

    /// The embedded content: England.
    #[must_use]
    pub fn embedded() -> Self {
        ALL.content.clone()
    }

    /// The embedded content, with these files added or in place of embedded files of the same name.
    #[must_use]
    pub fn with(files: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut content = Self::embedded();
        content.0.extend(files.into_iter().map(|(name, text)| (name, text.into())));
        content
    }

    /// These files and no embedded ones.
    #[must_use]
    pub fn exactly<T: Into<Arc<str>>>(files: impl IntoIterator<Item = (String, T)>) -> Self {
        Self(files.into_iter().map(|(name, text)| (name, text.into())).collect())
    }

    /// The packed form of a file, if it is an embedded one that is packed.
    #[must_use]
    pub fn packed(&self, name: &str) -> Option<Packed> {
        let (own, embedded) = (self.0.get(name)?, ALL.content.0.get(name)?);
        ALL.packed.get(name).filter(|_| Arc::ptr_eq(own, embedded)).copied()
    }

    /// The text of the embedded file of a name with this hash, if it is packed.
    #[must_use]
    pub fn embedded_text(name: &str, hash: &[u8]) -> Option<Arc<str>> {
        ALL.packed.get(name).filter(|packed| packed.hash == *hash)?;
        ALL.content.0.get(name).cloned()
    }

    /// The same content, and this file.
    #[must_use]
    pub fn and(mut self, name: &str, text: String) -> Self {
        self.0.insert(name.to_owned(), text.into());
        self
    }

    /// The files, by name.
    pub fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, text)| (name.as_str(), &**text))
    }

    /// The texts of some files, each none if there is no such file.
    #[must_use]
    pub fn texts(&self, names: &[&str]) -> Vec<Option<Arc<str>>> {
        names.iter().map(|name| self.0.get(*name).cloned()).collect()
    }

    /// The text of a file.
    ///
    /// # Errors
    /// No file has this name.
    pub fn file(&self, name: &str) -> Result<&str, ContentError> {
        self.0.get(name).map(|text| &**text).ok_or_else(|| ContentError {
            file: name.into(),
            what: "is missing: put it into the reference folder".into(),
        })
    }
}
