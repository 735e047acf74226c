//! Generated rows: the only place of the benches that knows the generator.

use std::time::Instant;

use bytes::Bytes;
use equity_indicators::ingest::generate::{Generator, GeneratorSettings};
use equity_indicators::ingest::{Records, SubmissionFile};
use equity_indicators::proto::v1::submit_consultations_request::Part;
use equity_indicators::proto::v1::{
    ConsultationBatch, SubmissionHeader, SubmitConsultationsRequest,
};
use prost::Message as _;

use super::Outcome;

/// Rows of one message of a submission.
pub const BATCH: usize = 2_000;

/// The generator of so many consultations at the practices of the area; `consultations()` are the rows.
pub fn generator(rows: u64, first_month: &str, last_month: &str) -> Outcome<Generator> {
    let mut settings = GeneratorSettings::new(1)?;
    settings.rows = rows;
    settings.first_month = first_month.parse()?;
    settings.last_month = last_month.parse()?;
    Ok(Generator::new(settings)?)
}

/// One submission as bytes: its messages, already encoded, so that the client costs next to nothing.
#[derive(Clone)]
pub struct Encoded {
    /// The header, then batches.
    pub messages: Vec<Bytes>,
    /// Rows in the batches.
    pub rows: usize,
}

/// Encodes a parcel under a new request id.
pub fn encode(parcel: &SubmissionFile) -> Encoded {
    let records = match &parcel.rows {
        Records::Consultations(records) => records.as_slice(),
        Records::Populations(_)
        | Records::Access(_)
        | Records::IndicatorCounts(_)
        | Records::Estimates(..) => &[],
    };
    let header = Part::Header(header(parcel, 0));
    let batches = records
        .chunks(BATCH)
        .map(|chunk| Part::Batch(ConsultationBatch { records: chunk.to_vec() }));
    let message = |part| SubmitConsultationsRequest { part: Some(part) }.encode_to_vec().into();
    Encoded {
        messages: std::iter::once(header).chain(batches).map(message).collect(),
        rows: records.len(),
    }
}

/// The header of a parcel for its next submission: the same rows are a new version only if the header says another thing than
/// before.
pub fn header(parcel: &SubmissionFile, round: u64) -> SubmissionHeader {
    let id = uuid::Uuid::new_v4().to_string();
    let allow_partial = round % 2 == 1;
    SubmissionHeader { allow_partial, allow_shrinking: true, ..parcel.header(&id) }
}

/// The messages of a parcel once more: a new version.
pub fn again(parcel: &SubmissionFile, encoded: &Encoded, round: u64) -> Vec<Bytes> {
    let header = Part::Header(header(parcel, round));
    let header = SubmitConsultationsRequest { part: Some(header) }.encode_to_vec().into();
    std::iter::once(header).chain(encoded.messages[1..].iter().cloned()).collect()
}

/// The parcel cut to its first rows.
pub fn first_rows(parcel: &SubmissionFile, rows: usize) -> SubmissionFile {
    let mut parcel = parcel.clone();
    if let Records::Consultations(records) = &mut parcel.rows {
        records.truncate(rows);
    }
    parcel
}

/// Submits one after the other on one connection; rows per second.
pub async fn submit_all(uri: &str, submissions: &[Encoded]) -> Outcome<f64> {
    let channel = super::connect(uri).await?;
    let begin = Instant::now();
    let mut rows = 0;
    for submission in submissions {
        let receipt = super::raw::submit(channel.clone(), submission.messages.clone()).await?;
        let accepted = receipt.submission.map_or(0, |s| s.accepted_count);
        if accepted != i64::try_from(submission.rows)? {
            return Err(format!("{accepted} of {} rows accepted", submission.rows).into());
        }
        rows += submission.rows;
    }
    Ok(rows as f64 / begin.elapsed().as_secs_f64())
}
