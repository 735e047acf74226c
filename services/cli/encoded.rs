//! A submission as the bytes of its stream. They are made once, and may be sent several times.

use bytes::Bytes;
use http::uri::PathAndQuery;
use prost::{DecodeError, Message};

use super::request_id::request_id;
use super::sending::Sending;
use super::sent::Slot;
use crate::ingest::{Lines, Records, SubmissionFile};
use crate::proto::v1::{
    AccessBatch, ConsultationBatch, EstimateBatch, EstimatesHeader, IndicatorCountBatch,
    PopulationBatch, Receipt, SubmissionHeader, SubmitConsultationsRequest,
    SubmitConsultationsResponse, SubmitDigitalAccessRequest, SubmitDigitalAccessResponse,
    SubmitEstimatesRequest, SubmitEstimatesResponse, SubmitIndicatorCountsRequest,
    SubmitIndicatorCountsResponse, SubmitPopulationsRequest, SubmitPopulationsResponse,
    submit_consultations_request as consultations, submit_digital_access_request as access,
    submit_estimates_request as estimates, submit_indicator_counts_request as indicator_counts,
    submit_populations_request as populations,
};

/// Most rows in a batch.
const BATCH_ROWS: usize = 5_000;
/// Most bytes in a batch: a quarter of the limit of a message.
const BATCH_BYTES: usize = 1 << 20;

/// The call for a submission, and its messages.
#[derive(Debug)]
pub struct Encoded {
    /// What it replaces.
    pub(super) slot: Slot,
    /// Number of its rows.
    pub(super) rows: u64,
    /// The lines of its rows.
    pub(super) lines: Lines,
    /// Its name.
    pub(super) request_id: String,
    /// Path of the RPC.
    pub(super) path: PathAndQuery,
    /// The header, then the rows in batches.
    pub(super) messages: Vec<Bytes>,
    /// Takes the receipt out of the response.
    pub(super) receipt: fn(Bytes) -> Result<Option<Receipt>, DecodeError>,
}

/// The call of one dataset: its method, its messages, and its response. `$head` makes the dataset's header of a submission's.
macro_rules! call {
    ($method:literal, $part:ident, $batch:ident, $request:ident, $response:ident, $slot:expr, $lines:expr, $header:expr, $how:expr, $rows:expr, $head:expr) => {{
        let rows = $rows.len() as u64;
        let message = |part| -> Bytes { $request { part: Some(part) }.encode_to_vec().into() };
        let head = |header| message($part::Part::Header($head(header)));
        let batch = |records| message($part::Part::Batch($batch { records }));
        // The name depends on the rows, so they are encoded before the real header.
        let mut messages = vec![head(SubmissionHeader::default())];
        messages.extend(batches($rows).map(batch));
        let mut header = $header;
        header.request_id = request_id($how, &header, $method, &messages);
        let request_id = header.request_id.clone();
        messages[0] = head(header);
        Encoded {
            slot: $slot,
            rows,
            lines: $lines,
            request_id,
            path: PathAndQuery::from_static(concat!("/equity.v1.SubmissionService/", $method)),
            messages,
            receipt: |response| Ok($response::decode(response)?.receipt),
        }
    }};
}

impl Encoded {
    /// Encodes a submission.
    #[rustfmt::skip] // one line a dataset, to be compared
    pub(super) fn of(submission: SubmissionFile, how: &Sending) -> Self {
        let slot = Slot::of(&submission);
        let mut header = submission.header("");
        header.allow_partial = how.allow_partial;
        header.validate_only = how.validate_only;
        header.allow_shrinking = how.replace;
        let lines = submission.lines;
        let same = |header| header;
        match submission.rows {
            Records::Consultations(rows) => call!("SubmitConsultations", consultations, ConsultationBatch, SubmitConsultationsRequest, SubmitConsultationsResponse, slot, lines, header, how, rows, same),
            Records::Populations(rows) => call!("SubmitPopulations", populations, PopulationBatch, SubmitPopulationsRequest, SubmitPopulationsResponse, slot, lines, header, how, rows, same),
            Records::Access(rows) => call!("SubmitDigitalAccess", access, AccessBatch, SubmitDigitalAccessRequest, SubmitDigitalAccessResponse, slot, lines, header, how, rows, same),
            Records::IndicatorCounts(rows) => call!("SubmitIndicatorCounts", indicator_counts, IndicatorCountBatch, SubmitIndicatorCountsRequest, SubmitIndicatorCountsResponse, slot, lines, header, how, rows, same),
            Records::Estimates(source, rows) => {
                let with_source = |header| EstimatesHeader { submission: Some(header), source: Some(source.clone()) };
                call!("SubmitEstimates", estimates, EstimateBatch, SubmitEstimatesRequest, SubmitEstimatesResponse, slot, lines, header, how, rows, with_source)
            }
        }
    }

    /// Number of its bytes.
    pub(super) fn len(&self) -> usize {
        self.messages.iter().map(Bytes::len).sum()
    }
}

/// The rows in order, in batches. Rows are freed batch by batch as these are encoded.
fn batches<R: Message>(rows: Vec<R>) -> impl Iterator<Item = Vec<R>> {
    let mut rows = rows.into_iter();
    std::iter::from_fn(move || {
        let mut batch = Vec::new();
        let mut bytes = 0;
        while batch.len() < BATCH_ROWS && bytes < BATCH_BYTES {
            let Some(row) = rows.next() else { break };
            bytes += row.encoded_len();
            batch.push(row);
        }
        (!batch.is_empty()).then_some(batch)
    })
}

#[cfg(test)]
#[path = "encoded_tests.rs"]
mod tests;
