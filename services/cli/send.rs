//! Sends one submission.

use indicatif::ProgressBar;
use prost::Message;
use uuid::Uuid;

use super::client::Service;
use super::exit::Failure;
use crate::ingest::{Records, SubmissionFile};
use crate::proto::v1::{
    AccessBatch, ConsultationBatch, EstimateBatch, EstimatesHeader, PopulationBatch, Receipt,
    SubmitConsultationsRequest, SubmitDigitalAccessRequest, SubmitEstimatesRequest,
    SubmitPopulationsRequest, submit_consultations_request as consultations,
    submit_digital_access_request as access, submit_estimates_request as estimates,
    submit_populations_request as populations,
};

/// Most rows in a batch.
const BATCH_ROWS: usize = 5_000;
/// Most bytes in a batch: a quarter of the limit of a message.
const BATCH_BYTES: usize = 1 << 20;

/// How submissions are sent.
#[derive(Debug, Clone)]
pub struct Sending {
    /// Name of the run. The same run with the same content gets the first receipt again and stores nothing twice.
    pub run_id: String,
    /// Whether valid rows are stored even if other rows have problems.
    pub allow_partial: bool,
    /// Whether to check only.
    pub validate_only: bool,
}

/// Sends a submission and returns its receipt. `bar` counts the rows as they leave.
///
/// # Errors
/// The service refuses the submission, or the connection is lost.
pub async fn send(
    service: &Service,
    submission: SubmissionFile,
    how: &Sending,
    bar: &ProgressBar,
) -> Result<Receipt, Failure> {
    let mut header = submission.header(&request_id(&submission, how));
    header.allow_partial = how.allow_partial;
    header.validate_only = how.validate_only;
    let mut client = service.submissions();
    let receipt = match submission.rows {
        Records::Consultations(rows) => {
            let batch = |records| consultations::Part::Batch(ConsultationBatch { records });
            let message = |part| SubmitConsultationsRequest { part: Some(part) };
            let messages =
                messages(consultations::Part::Header(header), rows, bar.clone(), batch, message);
            let answer = client.submit_consultations(messages).await;
            answer.map_err(|status| service.failure(status))?.into_inner().receipt
        }
        Records::Populations(rows) => {
            let batch = |records| populations::Part::Batch(PopulationBatch { records });
            let message = |part| SubmitPopulationsRequest { part: Some(part) };
            let messages =
                messages(populations::Part::Header(header), rows, bar.clone(), batch, message);
            let answer = client.submit_populations(messages).await;
            answer.map_err(|status| service.failure(status))?.into_inner().receipt
        }
        Records::Access(rows) => {
            let batch = |records| access::Part::Batch(AccessBatch { records });
            let message = |part| SubmitDigitalAccessRequest { part: Some(part) };
            let messages =
                messages(access::Part::Header(header), rows, bar.clone(), batch, message);
            let answer = client.submit_digital_access(messages).await;
            answer.map_err(|status| service.failure(status))?.into_inner().receipt
        }
        Records::Estimates(source, rows) => {
            let header = EstimatesHeader { submission: Some(header), source: Some(source) };
            let batch = |records| estimates::Part::Batch(EstimateBatch { records });
            let message = |part| SubmitEstimatesRequest { part: Some(part) };
            let messages =
                messages(estimates::Part::Header(header), rows, bar.clone(), batch, message);
            let answer = client.submit_estimates(messages).await;
            answer.map_err(|status| service.failure(status))?.into_inner().receipt
        }
    };
    receipt.ok_or_else(|| Failure::Other(anyhow::anyhow!("the service answered without a receipt")))
}

/// The header first, then the rows in batches, as messages of their dataset.
fn messages<R: Message + 'static, P: Send + 'static, M: Send + 'static>(
    header: P,
    rows: Vec<R>,
    bar: ProgressBar,
    batch: fn(Vec<R>) -> P,
    message: fn(P) -> M,
) -> impl tokio_stream::Stream<Item = M> + Send + use<R, P, M> {
    let parts = std::iter::once(header).chain(batches(rows, bar).map(batch));
    tokio_stream::iter(parts.map(message))
}

/// The rows in order, in batches. A batch is made when it is needed.
fn batches<R: Message + 'static>(
    rows: Vec<R>,
    bar: ProgressBar,
) -> impl Iterator<Item = Vec<R>> + Send + 'static {
    let mut rows = rows.into_iter();
    std::iter::from_fn(move || {
        let mut batch = Vec::new();
        let mut bytes = 0;
        while batch.len() < BATCH_ROWS && bytes < BATCH_BYTES {
            let Some(row) = rows.next() else { break };
            bytes += row.encoded_len();
            batch.push(row);
        }
        bar.inc(batch.len() as u64);
        (!batch.is_empty()).then_some(batch)
    })
}

/// The `request_id`: a hash of the run and the content, in the form of a UUID of version 4.
pub fn request_id(submission: &SubmissionFile, how: &Sending) -> String {
    let mut hash = blake3::Hasher::new();
    let mut add = |bytes: &[u8]| {
        hash.update(&(bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    for text in [&how.run_id, &submission.organisation, &submission.collection, &submission.month] {
        add(text.as_bytes());
    }
    add(&[u8::from(how.allow_partial)]);
    add(submission.person_key_scheme.as_bytes());
    for (field, system) in &submission.code_systems {
        add(field.as_bytes());
        add(system.as_bytes());
    }
    add(b"collected");
    submission.collected.iter().for_each(|name| add(name.as_bytes()));
    match &submission.rows {
        Records::Consultations(rows) => {
            add(b"consultations");
            rows.iter().for_each(|row| add(&row.encode_to_vec()));
        }
        Records::Populations(rows) => {
            add(b"populations");
            rows.iter().for_each(|row| add(&row.encode_to_vec()));
        }
        Records::Access(rows) => {
            add(b"access");
            rows.iter().for_each(|row| add(&row.encode_to_vec()));
        }
        Records::Estimates(source, rows) => {
            add(b"estimates");
            add(&source.encode_to_vec());
            rows.iter().for_each(|row| add(&row.encode_to_vec()));
        }
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.finalize().as_bytes()[..16]);
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

/// A new name for a run.
pub fn fresh_run_id() -> String {
    Uuid::new_v4().to_string()
}

#[cfg(test)]
#[path = "send_tests.rs"]
mod tests;
