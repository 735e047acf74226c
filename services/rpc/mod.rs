//! Thin: one file per gRPC service, conversion at the border, and the only place where a status is made.
//!
//! - [`convert`] messages of the contract to values of the domain and back
//! - [`encoded`] an answer, encoded once and sent many times
//! - `cached_answers` the way of every question; [`single_flight`] how many at once, identical ones once
//! - [`breakdowns`], [`channels`], [`exclusion`], [`inequality`], [`quality`], [`export`], [`submissions`], [`reference`], [`releases`], [`erasures`], [`publications`], [`service_info`], [`telemetry`] the services
//! - [`audit`] what is recorded of a call, and the service that lists it
//! - [`fields`] the limits of texts and lists, checked before anything looks at a request
//! - [`incoming`] a message of a submission, with its rows still encoded
//! - [`status`] the only maker of `Status`
//! - [`page`] page tokens
//! - [`caller`] who calls, and which profile holds; [`access`] what each RPC needs of its caller
//! - [`deadline`] the deadline of a call; `today` the clock of checks

pub mod access;
pub mod audit;
pub mod breakdowns;
mod cached_answers;
pub mod caller;
pub mod channels;
pub mod convert;
pub mod deadline;
pub mod encoded;
pub mod erasures;
pub mod exclusion;
pub mod export;
pub mod fields;
#[cfg(test)]
mod gaps_tests;
pub mod incoming;
pub mod indicators;
pub mod inequality;
pub mod page;
pub mod publications;
pub mod quality;
pub mod reference;
#[cfg(test)]
mod released_tests;
pub mod releases;
pub mod service_info;
pub mod single_flight;
pub mod status;
pub mod submissions;
pub mod targets;
pub mod telemetry;
mod today;

pub use encoded::Encoded;
pub use incoming::{Incoming, IncomingEstimates};

use std::sync::Arc;

use crate::domain::disclosure::ProfileName;
use crate::engine::Engine;
use single_flight::SingleFlight;

/// State that all gRPC services share.
#[derive(Clone)]
pub struct Service {
    /// The engine that answers and stores.
    pub engine: Arc<Engine>,
    /// Bounds computations, and shares identical ones.
    pub single_flight: Arc<SingleFlight>,
    /// The profile of callers without an identity. None: every caller has to have one.
    pub profile_without_identity: Option<ProfileName>,
    /// Key of page tokens.
    pub page_key: [u8; 32],
    /// Largest message of a query, and of a submission, in bytes.
    pub message_bytes: (usize, usize),
}

/// Largest message that the service sends, in bytes: the default limit of gRPC clients. A larger answer is refused before it is sent.
pub const SENT_BYTES: usize = 4 << 20;

/// Answers as messages and export rows, for the test that compares all outputs.
#[cfg(test)]
pub(crate) mod doors_tests {
    use prost::Message as _;

    use super::convert::{breakdown, question, reference};
    use super::export::rows;
    use crate::domain::disclosure::ProfileName;
    use crate::domain::reference::Reference;
    use crate::engine::Engine;
    use crate::engine::answer::Protected;
    use crate::engine::query::Reader;
    use crate::proto::v1::{self, breakdown_question::Table};

    pub(crate) fn answer(engine: &Engine, table: &Table) -> Protected {
        let reader = Reader::of(ProfileName::Internal);
        let question = question::question(&engine.reference(), &reader, table).unwrap();
        question.answer(engine).unwrap()
    }

    pub(crate) fn message(answer: &Protected) -> v1::Breakdown {
        let mut whole = v1::Breakdown::default();
        breakdown::parts(answer).for_each(|part| whole.merge(&*part.encode_to_vec()).unwrap());
        whole
    }

    pub(crate) fn indicators(of: &Reference) -> Vec<v1::Indicator> {
        of.indicators().map(reference::indicator).collect()
    }

    pub(crate) fn exported(answer: &Protected, reference: &Reference) -> Vec<v1::ExportRow> {
        rows(answer, reference).collect()
    }
}
