//! Sends one parcel as one submission.

use indicatif::ProgressBar;
use prost::Message;
use uuid::Uuid;

use super::client::Service;
use super::exit::Failure;
use crate::ingest::{Parcel, Rows};
use crate::proto::v1::{
    ConsultationBatch, PopulationBatch, Receipt, SubmissionHeader, SubmitConsultationsRequest,
    SubmitPopulationsRequest, submit_consultations_request, submit_populations_request,
};

/// A batch ends when it has so many rows …
const BATCH_ROWS: usize = 5_000;
/// … or so many bytes: a quarter of what a message may have.
const BATCH_BYTES: usize = 1 << 20;

/// How parcels are sent.
#[derive(Debug, Clone)]
pub struct Sending {
    /// Names the run: the same run with the same content gets the first receipt again and stores nothing twice.
    pub run_id: String,
    /// Whether good rows are taken when others have problems.
    pub allow_partial: bool,
    /// Whether to check only.
    pub validate_only: bool,
}

/// Sends a parcel and returns its receipt. `bar` counts the rows as they leave.
///
/// # Errors
/// The service refuses the submission, or the connection is lost.
pub async fn send(
    service: &Service,
    parcel: Parcel,
    how: &Sending,
    bar: &ProgressBar,
) -> Result<Receipt, Failure> {
    let mut header = parcel.header(&request_id(&parcel, how));
    header.allow_partial = how.allow_partial;
    header.validate_only = how.validate_only;
    let mut client = service.submissions();
    let receipt = match parcel.rows {
        Rows::Consultations(rows) => {
            let messages = consultations(header, rows, bar.clone());
            let answer = client.submit_consultations(tokio_stream::iter(messages)).await;
            answer.map_err(|status| service.failure(status))?.into_inner().receipt
        }
        Rows::Populations(rows) => {
            let messages = populations(header, rows, bar.clone());
            let answer = client.submit_populations(tokio_stream::iter(messages)).await;
            answer.map_err(|status| service.failure(status))?.into_inner().receipt
        }
    };
    receipt.ok_or_else(|| Failure::Other(anyhow::anyhow!("the service answered without a receipt")))
}

fn consultations(
    header: SubmissionHeader,
    rows: Vec<crate::proto::v1::ConsultationRecord>,
    bar: ProgressBar,
) -> impl Iterator<Item = SubmitConsultationsRequest> + Send + 'static {
    use submit_consultations_request::Part;
    let batches = batches(rows, bar).map(|records| Part::Batch(ConsultationBatch { records }));
    std::iter::once(Part::Header(header))
        .chain(batches)
        .map(|part| SubmitConsultationsRequest { part: Some(part) })
}

fn populations(
    header: SubmissionHeader,
    rows: Vec<crate::proto::v1::PopulationRecord>,
    bar: ProgressBar,
) -> impl Iterator<Item = SubmitPopulationsRequest> + Send + 'static {
    use submit_populations_request::Part;
    let batches = batches(rows, bar).map(|records| Part::Batch(PopulationBatch { records }));
    std::iter::once(Part::Header(header))
        .chain(batches)
        .map(|part| SubmitPopulationsRequest { part: Some(part) })
}

/// The rows in order, in batches of a good size, each made when it is asked for.
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

/// A `request_id` that follows from the run and the content: a UUID of version 4 in form, made of a hash.
pub fn request_id(parcel: &Parcel, how: &Sending) -> String {
    let mut hash = blake3::Hasher::new();
    let mut add = |bytes: &[u8]| {
        hash.update(&(bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    for text in [&how.run_id, &parcel.organisation, &parcel.collection, &parcel.month] {
        add(text.as_bytes());
    }
    add(&[u8::from(how.allow_partial)]);
    add(parcel.person_key_scheme.as_bytes());
    for (field, system) in &parcel.code_systems {
        add(field.as_bytes());
        add(system.as_bytes());
    }
    add(b"collected");
    parcel.collected.iter().for_each(|name| add(name.as_bytes()));
    match &parcel.rows {
        Rows::Consultations(rows) => {
            add(b"consultations");
            rows.iter().for_each(|row| add(&row.encode_to_vec()));
        }
        Rows::Populations(rows) => {
            add(b"populations");
            rows.iter().for_each(|row| add(&row.encode_to_vec()));
        }
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.finalize().as_bytes()[..16]);
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

/// A name for a run that has none.
pub fn fresh_run_id() -> String {
    Uuid::new_v4().to_string()
}

#[cfg(test)]
#[path = "send_tests.rs"]
mod tests;
