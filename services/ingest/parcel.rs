//! What one submission will be.

use std::collections::BTreeMap;

use crate::proto::v1::{
    AccessRecord, ConsultationRecord, EstimateRecord, EstimateSource, PopulationRecord,
    SubmissionHeader,
};

/// The rows of one organisation and one month, with what the header of their submission has to say about them.
#[derive(Debug, Clone, PartialEq)]
pub struct Parcel {
    /// Code of the organisation: `04C`, `C82001`.
    pub organisation: String,
    /// Id of the collection; empty where the file does not say and no default was given.
    pub collection: String,
    /// Calendar month, `2020-04`.
    pub month: String,
    /// Field name to code system, where it is not the default of the field.
    pub code_systems: BTreeMap<String, String>,
    /// Names of the fields that the source collects.
    pub collected: Vec<String>,
    /// How the person keys were made; empty: there are none.
    pub person_key_scheme: String,
    /// The rows, in the order of the file.
    pub rows: Rows,
}

/// The rows of one parcel: all of one dataset.
#[derive(Debug, Clone, PartialEq)]
pub enum Rows {
    /// Activity.
    Consultations(Vec<ConsultationRecord>),
    /// Denominators.
    Populations(Vec<PopulationRecord>),
    /// Snapshots of registered populations.
    Access(Vec<AccessRecord>),
    /// What others published, and where.
    Estimates(EstimateSource, Vec<EstimateRecord>),
}

impl Rows {
    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Rows::Consultations(rows) => rows.len(),
            Rows::Populations(rows) => rows.len(),
            Rows::Access(rows) => rows.len(),
            Rows::Estimates(_, rows) => rows.len(),
        }
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Name of the dataset, in words: `consultations`.
    pub fn dataset(&self) -> &'static str {
        match self {
            Rows::Consultations(_) => "consultations",
            Rows::Populations(_) => "populations",
            Rows::Access(_) => "access records",
            Rows::Estimates(..) => "estimates",
        }
    }

    /// Sum of `record_count` (1 where absent) or of `person_count`, and the number of estimates, which are never added up; stops
    /// at the largest `i64`.
    pub fn total(&self) -> i64 {
        let sum = |counts: &mut dyn Iterator<Item = i64>| counts.fold(0, i64::saturating_add);
        match self {
            Rows::Consultations(rows) => {
                sum(&mut rows.iter().map(|row| row.record_count.unwrap_or(1)))
            }
            Rows::Populations(rows) => sum(&mut rows.iter().map(|row| row.person_count)),
            Rows::Access(rows) => sum(&mut rows.iter().map(|row| row.record_count.unwrap_or(1))),
            Rows::Estimates(_, rows) => i64::try_from(rows.len()).unwrap_or(i64::MAX),
        }
    }
}

impl Parcel {
    /// A parcel of a publication: nothing collected and no code systems, until the format says so.
    pub(super) fn published(organisation: &str, collection: &str, month: &str, rows: Rows) -> Self {
        Parcel {
            organisation: organisation.to_owned(),
            collection: collection.to_owned(),
            month: month.to_owned(),
            code_systems: BTreeMap::new(),
            collected: Vec::new(),
            person_key_scheme: String::new(),
            rows,
        }
    }

    /// The header of the parcel's submission, which says how many rows will follow.
    pub fn header(&self, request_id: &str) -> SubmissionHeader {
        SubmissionHeader {
            organisation: self.organisation.clone(),
            collection: self.collection.clone(),
            month: self.month.clone(),
            request_id: request_id.to_owned(),
            code_systems: self.code_systems.clone().into_iter().collect(),
            collected_characteristics: self.collected.clone(),
            person_key_scheme: self.person_key_scheme.clone(),
            expected_record_count: i64::try_from(self.rows.len()).ok(),
            ..SubmissionHeader::default()
        }
    }
}
