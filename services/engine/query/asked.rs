//! The fields of a question as received, before any check.

use std::sync::Arc;

use super::comparison::Comparison;
use super::errors::no_release;
use crate::domain::collection::Dataset;
pub use crate::domain::indicator::Condition as Filter;
use crate::domain::reference::{Organisations, Reference};
use crate::engine::error::QueryError;
use crate::store::Catalog;

/// What a table of consultations counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Measure {
    /// All consultations, attended or not.
    #[default]
    Contacts,
    /// Consultations that the person attended.
    AttendedContacts,
    /// Distinct persons with at least one consultation and a person key.
    Persons,
}

/// The denominator of the shares of channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Denominator {
    /// Consultations or persons whose channel is known.
    #[default]
    KnownOnly,
    /// All whose source collects the channel, known or not.
    All,
}

/// What a table counts, and whether the channels are its columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum TableKind {
    /// Consultations, with the channels as columns.
    #[default]
    Channels,
    /// Consultations, with the channel as a dimension like others.
    Consultations,
    /// People of access snapshots.
    Access,
    /// People of a population.
    Population,
    /// People of submitted counts of an indicator.
    Indicators,
}

impl TableKind {
    /// The dataset that it counts.
    #[must_use]
    pub fn dataset(self) -> Dataset {
        match self {
            Self::Channels | Self::Consultations => Dataset::Consultations,
            Self::Access => Dataset::DigitalAccess,
            Self::Population => Dataset::Populations,
            Self::Indicators => Dataset::IndicatorCounts,
        }
    }
}

/// Place of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Where {
    /// Organisations that belong to an area.
    Provider(String),
    /// People who live in an area.
    Residence(String),
    /// Organisations, by their codes.
    Organisations(Vec<String>),
}

impl Where {
    /// The organisations that a question is about: all of them by residence.
    #[must_use]
    pub fn organisations(&self, reference: &Reference) -> Arc<Organisations> {
        match self {
            Self::Organisations(codes) => Arc::new(reference.named(codes)),
            Self::Residence(_) => reference.everybody(),
            Self::Provider(area) => reference.members(area),
        }
    }
}

/// Whether an area means where care is given or where people live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// Organisations that belong to the area.
    Provider,
    /// People who live in it.
    Residence,
}

/// The requested state of the data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AsOf {
    /// The newest state.
    Head,
    /// The state after the log entry at this position.
    Position(u64),
    /// At this time, milliseconds since 1970.
    Time(u64),
    /// The state that the release of this name shows.
    Release(Arc<str>),
}

/// The fields of a question as received. Empty text: not set.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)] // the contract's message of the same name describes each
pub struct Asked {
    /// The table that is asked for.
    pub table: TableKind,
    pub collection: String,
    pub care_setting: String,
    pub area: String,
    pub organisations: Vec<String>,
    pub basis: Option<Basis>,
    pub first: String,
    pub last: String,
    pub by: Vec<String>,
    pub filters: Vec<Filter>,
    pub confidence_level: Option<f64>,
    pub comparison: Option<Comparison>,
}

impl AsOf {
    /// The log position of this state.
    ///
    /// # Errors
    /// The log has not reached the position.
    pub(in crate::engine) fn position(&self, catalog: &Catalog) -> Result<u64, QueryError> {
        match self {
            Self::Head => Ok(catalog.position),
            Self::Time(time) => Ok(catalog.position_at(*time)),
            Self::Release(id) => catalog
                .release(id)
                .map(|release| release.shown)
                .ok_or_else(|| no_release(catalog, "query.as_of.release", id)),
            Self::Position(asked) if *asked > catalog.position => {
                Err(QueryError::NotReached { asked: *asked, reached: catalog.position })
            }
            Self::Position(asked) => Ok(*asked),
        }
    }
}
