//! Which dataset a file of our own columns holds: its header says so.

use super::super::error::shortened;
use super::super::{IngestError, Records};
use super::columns::{
    ACCESS, CONSULTATION, ESTIMATE, INDICATOR, MONTH, ONLINE, ORGANISATION, PERSON, PERSON_COUNT,
    POPULATION,
};
use super::submission_columns::{REMARKS, SOURCE};
use crate::domain::codes;
use crate::domain::collection::Dataset;
use crate::proto::v1::EstimateSource;

/// What the rows of a file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Consultations,
    Populations,
    Access,
    Estimates,
}

impl Kind {
    /// By the columns that only one dataset has, and the column that decided.
    fn told(header: &csv::StringRecord) -> (Self, &'static str) {
        let has = |name: &str| header.iter().any(|column| column == name);
        if has(INDICATOR) {
            return (Kind::Estimates, INDICATOR);
        } else if has(PERSON_COUNT) {
            return (Kind::Populations, PERSON_COUNT);
        }
        match ACCESS[ONLINE..].iter().find(|field| has(field.name)) {
            Some(field) => (Kind::Access, field.name),
            None => (Kind::Consultations, "channel and the like"),
        }
    }

    /// The dataset of a header whose every column is known, stands once, and belongs to that dataset.
    pub(super) fn of(header: &csv::StringRecord) -> Result<Self, IngestError> {
        let (kind, because) = Kind::told(header);
        for (place, column) in header.iter().enumerate() {
            if !names().any(|known| known == column) {
                let given = column.replace([' ', '-'], "_");
                let nearest = codes::nearest(&given, names());
                return Err(IngestError::UnknownColumn { column: shortened(column), nearest });
            }
            if header.iter().take(place).any(|earlier| earlier == column) {
                return Err(IngestError::RepeatedColumn { column: column.to_owned() });
            }
            if !kind.names().contains(&column) {
                let (column, holds) = (column.to_owned(), kind.rows().dataset());
                return Err(IngestError::MixedDatasets { column, holds, because });
            }
        }
        Ok(kind)
    }

    /// The dataset as the service calls it.
    pub(super) fn dataset(self) -> Dataset {
        match self {
            Kind::Consultations => Dataset::Consultations,
            Kind::Populations => Dataset::Populations,
            Kind::Access => Dataset::DigitalAccess,
            Kind::Estimates => Dataset::Estimates,
        }
    }

    /// The dataset of rows.
    pub(super) fn of_rows(rows: &Records) -> Self {
        match rows {
            Records::Consultations(_) => Kind::Consultations,
            Records::Populations(_) => Kind::Populations,
            Records::Access(_) => Kind::Access,
            Records::Estimates(..) => Kind::Estimates,
        }
    }

    /// Rows of this dataset, none yet.
    pub(super) fn rows(self) -> Records {
        match self {
            Kind::Consultations => Records::Consultations(Vec::new()),
            Kind::Populations => Records::Populations(Vec::new()),
            Kind::Access => Records::Access(Vec::new()),
            Kind::Estimates => Records::Estimates(EstimateSource::default(), Vec::new()),
        }
    }

    /// Names of the columns, in the order in which they are written.
    pub(super) fn names(self) -> Vec<&'static str> {
        let mut names = vec![ORGANISATION, MONTH];
        names.extend(self.remarks().iter().map(|remark| remark.0));
        match self {
            Kind::Consultations => names.extend(CONSULTATION.iter().map(|field| field.name)),
            Kind::Populations => {
                names.push(PERSON_COUNT);
                names.extend(POPULATION.iter().map(|field| field.name));
            }
            Kind::Access => names.extend(ACCESS.iter().map(|field| field.name)),
            Kind::Estimates => names.extend(ESTIMATE.iter().map(|field| field.name)),
        }
        if self != Kind::Estimates {
            names.extend(PERSON.iter().map(|field| field.name));
        }
        names
    }

    /// What may be said of a whole submission.
    pub(super) fn remarks(self) -> &'static [(&'static str, super::submission_columns::Remark)] {
        if self == Kind::Estimates { SOURCE } else { REMARKS }
    }
}

/// Every name that a column may have.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    [Kind::Consultations, Kind::Populations, Kind::Access, Kind::Estimates]
        .into_iter()
        .flat_map(Kind::names)
}
