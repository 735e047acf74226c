//! What the streams of rows differ in: their messages, how a header starts a builder, and how a row goes into it.

use tonic::Status;

use crate::domain::collection::Dataset;
use crate::domain::reference::Reference;
use crate::domain::submission::{Builder, Draft, EstimateBuilder, Header};
use crate::engine::Engine;
use crate::proto::v1;
use crate::rpc::convert::{estimate, header, record};

/// A message of a submission: the header, then batches.
pub(super) enum Incoming<H, B> {
    Header(Box<H>),
    Batch(B),
    Nothing,
}

/// Takes rows, and ends in a draft.
pub(super) trait Taker: Send + 'static {
    fn header(&self) -> &Header;
    fn finish(self) -> Draft;
}

impl Taker for Builder {
    fn header(&self) -> &Header {
        self.header()
    }

    fn finish(self) -> Draft {
        self.finish()
    }
}

impl Taker for EstimateBuilder {
    fn header(&self) -> &Header {
        self.header()
    }

    fn finish(self) -> Draft {
        self.finish()
    }
}

/// One kind of submission stream: messages, headers, batches, and what takes their rows.
pub(super) struct Kind<M, H, B, T> {
    pub(super) dataset: Dataset,
    pub(super) read: fn(M) -> Incoming<H, B>,
    pub(super) start: fn(&Engine, &Reference, &H) -> Result<T, Status>,
    pub(super) rows: fn(&B) -> usize,
    pub(super) take: fn(&mut T, &B),
}

macro_rules! kind {
    (
        $name:ident, $dataset:ident, $request:ident, $part:ident, $header:ident, $batch:ident, $builder:ident,
        $start:expr, $take:path
    ) => {
        pub(super) const $name: Kind<v1::$request, v1::$header, v1::$batch, $builder> = Kind {
            dataset: Dataset::$dataset,
            read: |message| match message.part {
                Some(v1::$part::Part::Header(header)) => Incoming::Header(Box::new(header)),
                Some(v1::$part::Part::Batch(batch)) => Incoming::Batch(batch),
                None => Incoming::Nothing,
            },
            start: $start,
            rows: |batch| batch.records.len(),
            take: |builder, batch| batch.records.iter().for_each(|row| $take(builder, row)),
        };
    };
}

kind!(
    CONSULTATIONS,
    Consultations,
    SubmitConsultationsRequest,
    submit_consultations_request,
    SubmissionHeader,
    ConsultationBatch,
    Builder,
    |engine, reference, given| {
        header::header(reference, Dataset::Consultations, given)
            .map(|header| engine.builder(header))
    },
    record::consultation
);
kind!(
    POPULATIONS,
    Populations,
    SubmitPopulationsRequest,
    submit_populations_request,
    SubmissionHeader,
    PopulationBatch,
    Builder,
    |engine, reference, given| {
        header::header(reference, Dataset::Populations, given).map(|header| engine.builder(header))
    },
    record::population
);
kind!(
    DIGITAL_ACCESS,
    DigitalAccess,
    SubmitDigitalAccessRequest,
    submit_digital_access_request,
    SubmissionHeader,
    AccessBatch,
    Builder,
    |engine, reference, given| {
        header::header(reference, Dataset::DigitalAccess, given)
            .map(|header| engine.builder(header))
    },
    record::access
);
kind!(
    ESTIMATES,
    Estimates,
    SubmitEstimatesRequest,
    submit_estimates_request,
    EstimatesHeader,
    EstimateBatch,
    EstimateBuilder,
    |engine, reference, given| {
        estimate::header(reference, given)
            .map(|(header, source)| engine.estimate_builder(header, source))
    },
    estimate::row
);
