//! A submission that was read from a file, or is to be written to one.

use std::collections::BTreeMap;

use super::lines::Lines;
use crate::domain::collection::Dataset;
use crate::proto::v1::{
    AccessRecord, ConsultationRecord, EstimateRecord, EstimateSource, IndicatorCountRecord,
    PopulationRecord, SubmissionHeader,
};

/// The records of one organisation and one month, and what the header of their submission has to say.
#[derive(Debug, Clone, PartialEq)]
pub struct SubmissionFile {
    /// Code of the organisation: `04C`, `C82001`.
    pub organisation: String,
    /// Id of the collection; empty if neither the file nor a default names one.
    pub collection: String,
    /// Calendar month, `2020-04`.
    pub month: String,
    /// Field name to code system, for fields that do not use their default code system.
    pub code_systems: BTreeMap<String, String>,
    /// Names of the fields that the source collects.
    pub collected: Vec<String>,
    /// Name of the method that made the person keys; empty if there are no keys.
    pub person_key_scheme: String,
    /// The publication that the records come from; none if they were not published. Estimates have theirs beside them.
    pub source: Option<EstimateSource>,
    /// The records, in the order of the file.
    pub rows: Records,
    /// Where each record was read.
    pub lines: Lines,
}

/// The records of one submission: all of one dataset.
#[derive(Debug, Clone, PartialEq)]
pub enum Records {
    /// Consultations.
    Consultations(Vec<ConsultationRecord>),
    /// Registered or resident people: the denominators of rates.
    Populations(Vec<PopulationRecord>),
    /// Snapshots of the digital access of a registered population.
    Access(Vec<AccessRecord>),
    /// Published figures, and their source.
    Estimates(EstimateSource, Vec<EstimateRecord>),
    /// Numerators and denominators of indicators.
    IndicatorCounts(Vec<IndicatorCountRecord>),
}

impl Records {
    /// Number of records.
    pub fn len(&self) -> usize {
        match self {
            Records::Consultations(rows) => rows.len(),
            Records::Populations(rows) => rows.len(),
            Records::Access(rows) => rows.len(),
            Records::Estimates(_, rows) => rows.len(),
            Records::IndicatorCounts(rows) => rows.len(),
        }
    }

    /// Whether there is no record.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a figure, if these are published figures.
    pub(super) fn add_figure(&mut self, record: EstimateRecord) {
        if let Records::Estimates(_, rows) = self {
            rows.push(record);
        }
    }

    /// Adds people, if these are populations.
    pub(super) fn add_people(&mut self, record: PopulationRecord) {
        if let Records::Populations(rows) = self {
            rows.push(record);
        }
    }

    /// No records yet, of this dataset.
    pub(super) fn none(dataset: Dataset) -> Self {
        match dataset {
            Dataset::Consultations => Records::Consultations(Vec::new()),
            Dataset::Populations => Records::Populations(Vec::new()),
            Dataset::DigitalAccess => Records::Access(Vec::new()),
            Dataset::Estimates => Records::Estimates(EstimateSource::default(), Vec::new()),
            Dataset::IndicatorCounts => Records::IndicatorCounts(Vec::new()),
        }
    }

    /// The dataset of the records.
    pub fn dataset(&self) -> Dataset {
        match self {
            Records::Consultations(_) => Dataset::Consultations,
            Records::Populations(_) => Dataset::Populations,
            Records::Access(_) => Dataset::DigitalAccess,
            Records::Estimates(..) => Dataset::Estimates,
            Records::IndicatorCounts(_) => Dataset::IndicatorCounts,
        }
    }

    /// Sum of `record_count` (1 if absent), of `person_count` or of `denominator_count`. For estimates, which cannot be added: their number. At most the
    /// largest `i64`.
    pub fn total(&self) -> i64 {
        let sum = |counts: &mut dyn Iterator<Item = i64>| counts.fold(0, i64::saturating_add);
        match self {
            Records::Consultations(rows) => {
                sum(&mut rows.iter().map(|row| row.record_count.unwrap_or(1)))
            }
            Records::Populations(rows) => sum(&mut rows.iter().map(|row| row.person_count)),
            Records::Access(rows) => sum(&mut rows.iter().map(|row| row.record_count.unwrap_or(1))),
            Records::Estimates(_, rows) => i64::try_from(rows.len()).unwrap_or(i64::MAX),
            Records::IndicatorCounts(rows) => {
                sum(&mut rows.iter().map(|row| row.denominator_count))
            }
        }
    }
}

impl SubmissionFile {
    /// A submission that has only its organisation and month.
    pub(super) fn new(organisation: &str, month: &str) -> Self {
        SubmissionFile {
            organisation: organisation.to_owned(),
            collection: String::new(),
            month: month.to_owned(),
            code_systems: BTreeMap::new(),
            collected: Vec::new(),
            person_key_scheme: String::new(),
            source: None,
            rows: Records::Consultations(Vec::new()),
            lines: Lines::default(),
        }
    }

    /// The header for the service, with the number of records that follow.
    pub fn header(&self, request_id: &str) -> SubmissionHeader {
        SubmissionHeader {
            organisation: self.organisation.clone(),
            collection: self.collection.clone(),
            month: self.month.clone(),
            request_id: request_id.to_owned(),
            code_systems: self.code_systems.clone().into_iter().collect(),
            collected_characteristics: self.collected.clone(),
            person_key_scheme: self.person_key_scheme.clone(),
            source: self.source.clone(),
            expected_record_count: i64::try_from(self.rows.len()).ok(),
            ..SubmissionHeader::default()
        }
    }
}

/// What error messages call the records of a dataset.
pub(super) fn dataset_words(dataset: Dataset) -> &'static str {
    match dataset {
        Dataset::Consultations => "consultations",
        Dataset::Populations => "populations",
        Dataset::DigitalAccess => "access records",
        Dataset::Estimates => "estimates",
        Dataset::IndicatorCounts => "counts of indicators",
    }
}
