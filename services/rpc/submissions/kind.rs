//! The differences of the five streams: how a header starts an intake, and how a batch goes into its builder.

use tonic::Status;

use crate::domain::collection::Dataset;
use crate::domain::submission::{Builder, EstimateBuilder};
use crate::engine::Engine;
use crate::engine::intake::Intake;
use crate::proto::v1::{EstimatesHeader, SubmissionHeader};
use crate::rpc::convert::{Unreadable, estimate, header, record};
use crate::rpc::today::today;

/// A kind of submission stream. `H` is its header, `B` the builder of its rows.
pub(super) struct Kind<H, B> {
    pub(super) start: fn(&Engine, &str, &H) -> Result<Intake<B>, Status>,
    pub(super) take: fn(&mut B, &[u8]) -> Result<(), Unreadable>,
}

/// A stream of records.
macro_rules! records {
    ($name:ident, $dataset:ident, $take:path) => {
        pub(super) const $name: Kind<SubmissionHeader, Builder> = Kind {
            start: |engine, caller, given| {
                header::header(&engine.reference(), Dataset::$dataset, today(), given)
                    .map(|header| engine.intake(caller, header))
            },
            take: $take,
        };
    };
}

records!(CONSULTATIONS, Consultations, record::consultations);
records!(POPULATIONS, Populations, record::populations);
records!(DIGITAL_ACCESS, DigitalAccess, record::access_records);
records!(INDICATOR_COUNTS, IndicatorCounts, record::indicator_counts);

pub(super) const ESTIMATES: Kind<EstimatesHeader, EstimateBuilder> = Kind {
    start: |engine, caller, given| {
        estimate::header(&engine.reference(), today(), given)
            .map(|(header, source)| engine.estimate_intake(caller, header, source))
    },
    take: estimate::batch,
};
