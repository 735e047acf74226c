//! Collections: where data comes from, who may see it, and whether it is about real people.

use serde::Deserialize;

use super::period::Month;

/// The shape of the data. The number is on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[repr(u8)]
pub enum Dataset {
    /// Consultations: one record each, or several alike.
    Consultations = 1,
    /// Registered or resident people: the denominators.
    Populations = 2,
    /// Snapshot of a registered population: who can reach care by digital means.
    DigitalAccess = 3,
    /// Figures that others published: values without records.
    Estimates = 4,
    /// Numerators and denominators of indicators, by characteristic.
    IndicatorCounts = 5,
}

impl Dataset {
    /// Every dataset, in order of its number.
    pub const ALL: [Self; 5] = [
        Self::Consultations,
        Self::Populations,
        Self::DigitalAccess,
        Self::Estimates,
        Self::IndicatorCounts,
    ];

    /// Number on disk and in keys.
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
            Self::IndicatorCounts => "indicator-counts",
        }
    }

    /// What it holds, in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::DigitalAccess => "access records",
            Self::IndicatorCounts => "counts of indicators",
            Self::Consultations | Self::Populations | Self::Estimates => self.slug(),
        }
    }

    /// Number of submitted rows that so many stored records are. A row of counts is two records: people in the numerator, and people
    /// in the denominator alone.
    #[must_use]
    pub fn rows(self, records: u64) -> u64 {
        if self == Self::IndicatorCounts { records / 2 } else { records }
    }
}

/// Whether data is about real people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DataClass {
    /// Collected from people's care.
    #[default]
    Real,
    /// Made by a program.
    Synthetic,
}

/// Who may see exact figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Openness {
    /// Each caller as its disclosure profile allows.
    #[default]
    Controlled,
    /// Everybody: already published elsewhere.
    Open,
}

/// When the submissions of a collection are due.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubmissionDeadline {
    /// Days after the end of its month until which a submission is on time, 0 to 3,650.
    pub days: u32,
    /// First month that is expected; none: the calendar has no first month.
    #[serde(default)]
    pub first_month: Option<Month>,
    /// Who set the deadline, in a sentence; empty: the operator of this service.
    #[serde(default)]
    pub source: String,
}

impl SubmissionDeadline {
    /// Most days of a deadline.
    pub const MOST_DAYS: u32 = 3_650;
}

/// A collection, as the operator defines it. A submitter cannot change it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Collection {
    /// Id, in requests and resource names: `gpad-regional`.
    pub id: String,
    /// Name for people.
    pub label: String,
    /// Datasets that it accepts.
    pub datasets: Vec<Dataset>,
    /// Care settings that it covers; empty for populations alone.
    #[serde(default)]
    pub care_settings: Vec<String>,
    /// Whether it is about real people.
    pub data_class: DataClass,
    /// Who may see exact figures.
    pub openness: Openness,
    /// Publisher, licence and edition of the data, in a sentence.
    pub provenance: String,
    /// Id of the collection with the populations for its rates; empty: no rates.
    #[serde(default)]
    pub population_collection: String,
    /// Id of the collection with the populations for its rates, if they match more of the consultations than those of
    /// `population_collection`; empty: none.
    #[serde(default)]
    pub published_population_collection: String,
    /// Id of the collection with the access snapshots that complete its consultations; empty: none.
    #[serde(default)]
    pub access_collection: String,
    /// Type of the organisations that are expected to submit. No other type may, so that a part is never counted together with
    /// its whole. Empty: every type may submit, and none is expected.
    #[serde(default)]
    pub expected_organisation_type: String,
    /// When its submissions are due; none: [`DUE_DAYS`](Self::DUE_DAYS) days after the end of their month.
    #[serde(default)]
    pub deadline: Option<SubmissionDeadline>,
    /// Care settings that it answers when a question names no collection; see [`default_collection`].
    ///
    /// [`default_collection`]: crate::domain::reference::Reference::default_collection
    #[serde(default)]
    pub default_for: Vec<String>,
    /// Whether it answers questions about digital access that name no collection.
    #[serde(default)]
    pub default_for_access: bool,
    /// Whether it answers questions about submitted counts of indicators that name no collection.
    #[serde(default)]
    pub default_for_indicators: bool,
}

impl Collection {
    /// Days after the end of its month until which a submission is on time, if the collection has no deadline.
    pub const DUE_DAYS: u32 = 30;

    /// Days after the end of its month until which a submission is on time.
    #[must_use]
    pub fn due_days(&self) -> u32 {
        self.deadline.as_ref().map_or(Self::DUE_DAYS, |deadline| deadline.days)
    }

    /// Whether its calendar has a month.
    #[must_use]
    pub fn expects(&self, month: Month) -> bool {
        let first = self.deadline.as_ref().and_then(|deadline| deadline.first_month);
        first.is_none_or(|first| first <= month)
    }

    /// Whether the access snapshots of another collection may complete records of this one. The other collection has to accept
    /// access records and to have the same data class. It may not be controlled if this one is open: the answer is open too.
    ///
    /// # Errors
    /// Why not, as the end of a sentence whose subject is the other collection.
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

    /// Whether organisations of a type may submit to it. A synthetic collection accepts every type.
    #[must_use]
    pub fn takes(&self, organisation_type: &str) -> bool {
        let expected = &self.expected_organisation_type;
        let any = expected.is_empty() || self.data_class == DataClass::Synthetic;
        any || expected == organisation_type
    }

    /// Whether it may have records of a care setting. A collection that lists no care settings may have all of them.
    #[must_use]
    pub fn covers(&self, care_setting: &str) -> bool {
        self.care_settings.is_empty() || self.care_settings.iter().any(|id| id == care_setting)
    }
}
