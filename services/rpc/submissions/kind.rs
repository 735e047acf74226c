//! What the streams of rows differ in: how a header starts a builder, and how a batch goes into it.

use tonic::Status;

use crate::domain::collection::Dataset;
use crate::domain::reference::Reference;
use crate::domain::submission::{Builder, Draft, EstimateBuilder, Header};
use crate::engine::Engine;
use crate::proto::v1::{EstimatesHeader, SubmissionHeader};
use crate::rpc::convert::{Unreadable, estimate, header, record};

/// Takes rows, and ends in a draft.
pub(super) trait Taker: Send + 'static {
    fn header(&self) -> &Header;
    fn rows_seen(&self) -> u64;
    fn finish(self) -> Draft;
}

macro_rules! taker {
    ($builder:ty) => {
        impl Taker for $builder {
            fn header(&self) -> &Header {
                self.header()
            }

            fn rows_seen(&self) -> u64 {
                self.rows_seen()
            }

            fn finish(self) -> Draft {
                self.finish()
            }
        }
    };
}

taker!(Builder);
taker!(EstimateBuilder);

/// One kind of submission stream.
pub(super) struct Kind<H, T> {
    pub(super) dataset: Dataset,
    pub(super) start: fn(&Engine, &Reference, &H) -> Result<T, Status>,
    pub(super) take: fn(&mut T, &[u8]) -> Result<(), Unreadable>,
}

/// A stream of records.
macro_rules! records {
    ($name:ident, $dataset:ident, $take:path) => {
        pub(super) const $name: Kind<SubmissionHeader, Builder> = Kind {
            dataset: Dataset::$dataset,
            start: |engine, reference, given| {
                header::header(reference, Dataset::$dataset, given)
                    .map(|header| engine.builder(header))
            },
            take: $take,
        };
    };
}

records!(CONSULTATIONS, Consultations, record::consultations);
records!(POPULATIONS, Populations, record::populations);
records!(DIGITAL_ACCESS, DigitalAccess, record::access_records);

pub(super) const ESTIMATES: Kind<EstimatesHeader, EstimateBuilder> = Kind {
    dataset: Dataset::Estimates,
    start: |engine, reference, given| {
        estimate::header(reference, given)
            .map(|(header, source)| engine.estimate_builder(header, source))
    },
    take: estimate::batch,
};
