//! Where data comes from: who may see it, and whether it is about real people.

use serde::Deserialize;

/// The shape of the data. The number is on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[repr(u8)]
pub enum Dataset {
    /// Activity.
    Consultations = 1,
    /// Registered or resident people: the denominators.
    Populations = 2,
    /// Snapshot of a registered population: who can reach care by digital means.
    DigitalAccess = 3,
    /// Figures that others published: values without records.
    Estimates = 4,
}

impl Dataset {
    /// Every dataset.
    pub const ALL: [Self; 4] =
        [Self::Consultations, Self::Populations, Self::DigitalAccess, Self::Estimates];

    /// Number on disk.
    #[must_use]
    pub fn number(self) -> u8 {
        self as u8
    }

    /// The dataset with this number on disk.
    #[must_use]
    pub fn from_number(number: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|dataset| u32::from(dataset.number()) == number)
    }

    /// Part of a resource name: `consultations`.
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            Self::Consultations => "consultations",
            Self::Populations => "populations",
            Self::DigitalAccess => "digital-access",
            Self::Estimates => "estimates",
        }
    }
}

/// Whether data is about real people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DataClass {
    /// Collected from care.
    Real,
    /// Made by a program.
    Synthetic,
}

/// Who may see exact figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Openness {
    /// By profile.
    Controlled,
    /// Everybody.
    Open,
}

/// A collection. Its openness is the operator's word, never a submitter's.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Collection {
    /// Id.
    pub id: String,
    /// Words for people.
    pub label: String,
    /// Shapes of data that it takes.
    pub datasets: Vec<Dataset>,
    /// Care settings that it covers; empty for populations alone.
    #[serde(default)]
    pub care_settings: Vec<String>,
    /// Whether it is about real people.
    pub data_class: DataClass,
    /// Who may see exact figures.
    pub openness: Openness,
    /// Publisher, licence, edition.
    pub provenance: String,
    /// Collection whose populations its rates use; empty: none.
    #[serde(default)]
    pub population_collection: String,
    /// Collection whose access snapshots tell what people need where their consultations do not; empty: none.
    #[serde(default)]
    pub access_collection: String,
    /// Type of the organisations that may submit, so that no part is counted beside its whole, and that are expected to; empty: any
    /// may, and nobody is expected.
    #[serde(default)]
    pub expected_organisation_type: String,
    /// Care settings that are answered from it where no collection is named; see [`default_collection`].
    ///
    /// [`default_collection`]: crate::domain::reference::Reference::default_collection
    #[serde(default)]
    pub default_for: Vec<String>,
    /// Whether questions about digital access are answered from it where no collection is named.
    #[serde(default)]
    pub default_for_access: bool,
}

impl Collection {
    /// Whether the access snapshots of another collection may tell what records of this one do not. It has to take such, and to
    /// be neither of another data class, for synthetic never meets real, nor more closely held: the answer is as open as this one.
    ///
    /// # Errors
    /// Why not, as the end of a sentence about the other.
    pub fn may_ask(&self, other: &Self) -> Result<(), String> {
        let id = &self.id;
        if !other.datasets.contains(&Dataset::DigitalAccess) {
            return Err("takes no access records".to_owned());
        }
        match (self.data_class, other.data_class) {
            (DataClass::Synthetic, DataClass::Real) => {
                Err(format!("is about real people and `{id}` is synthetic: the two never meet"))
            }
            (DataClass::Real, DataClass::Synthetic) => {
                Err(format!("is synthetic and `{id}` is about real people: the two never meet"))
            }
            (DataClass::Real, DataClass::Real) | (DataClass::Synthetic, DataClass::Synthetic)
                if self.openness == Openness::Open && other.openness == Openness::Controlled =>
            {
                Err(format!("is controlled, and answers of `{id}` are open to everybody"))
            }
            (DataClass::Real, DataClass::Real) | (DataClass::Synthetic, DataClass::Synthetic) => {
                Ok(())
            }
        }
    }

    /// Whether organisations of a type may submit to it. Made-up records may play any organisation: nothing real is counted twice.
    #[must_use]
    pub fn takes(&self, organisation_type: &str) -> bool {
        let expected = &self.expected_organisation_type;
        let any = expected.is_empty() || self.data_class == DataClass::Synthetic;
        any || expected == organisation_type
    }

    /// Whether it may hold records of a care setting. One that says none, holds any.
    #[must_use]
    pub fn covers(&self, care_setting: &str) -> bool {
        self.care_settings.is_empty() || self.care_settings.iter().any(|id| id == care_setting)
    }
}
