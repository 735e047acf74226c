//! What organisations say of their channels themselves: a text beside the numbers. Nothing is overwritten; a later assessment
//! of the same months stands before an earlier one.

use std::sync::Arc;

use prost::Message;

use super::catalog::Catalog;
use super::log::Entry;
use super::read::Reader;
use super::state::{Applied, State, damaged};
use super::tree::VALUE_BYTES;
use super::writer::Change;
use super::{Store, StoreError, Touched, WriteError, Written, keys};
use crate::domain::period::Month;
use crate::proto::store::{Assessment as Payload, AssessmentRow, RequestRow};

/// Bytes of a row, at most.
pub(super) const ROW_BYTES: usize = VALUE_BYTES;
/// What a row has beside the payload, at most: tags, length and time.
const AROUND: usize = 24;

/// What an assessment is about; its text stays on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Position of its entry.
    pub position: u64,
    /// When it was recorded, milliseconds since 1970.
    pub time_millis: u64,
    /// Organisation code.
    pub organisation: Arc<str>,
    /// First month.
    pub first: Month,
    /// Last month.
    pub last: Month,
}

impl About {
    /// Whether it is about one of these months.
    #[must_use]
    pub fn covers(&self, (first, last): (Month, Month)) -> bool {
        self.first <= last && first <= self.last
    }
}

/// An assessment, or one to be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assessment {
    /// Organisation code.
    pub organisation: String,
    /// First month.
    pub first: Month,
    /// Last month.
    pub last: Month,
    /// The text.
    pub text: String,
    /// Day on which it was made, `2020-05-04`.
    pub assess_date: String,
    /// Role of whoever answers for it.
    pub owner_role: String,
}

/// What requests are compared by: everything that was said, and not by whom or when it was sent.
pub(super) fn hash(payload: &Payload) -> [u8; 32] {
    let said = Payload { caller: String::new(), request_id: String::new(), ..payload.clone() };
    *blake3::Hasher::new().update(b"assess").update(&said.encode_to_vec()).finalize().as_bytes()
}

/// Refuses, before it is in the log, what would not fit a row.
pub(super) fn fits(payload: &Payload) -> Result<(), WriteError> {
    let bytes = payload.encoded_len() + AROUND;
    if bytes > ROW_BYTES {
        return Err(WriteError::Store(format!("an assessment of {bytes} bytes is too large")));
    }
    Ok(())
}

fn month(number: u32) -> Result<Month, StoreError> {
    Month::from_number(number).ok_or_else(|| damaged("an assessment has no month"))
}

impl State {
    pub(super) fn assess(&mut self, entry: &Entry) -> Result<Applied, StoreError> {
        let payload = Payload::decode(entry.payload.as_slice()).map_err(damaged)?;
        let request = RequestRow {
            content_hash: hash(&payload).to_vec().into(),
            position: entry.position,
            version_key: Vec::new().into(),
        };
        let request_key = keys::request(&payload.caller, &payload.request_id);
        let row = AssessmentRow { time_millis: entry.time_millis, assessment: Some(payload) };
        let rows = [
            (keys::assessment(entry.position), row.encode_to_vec()),
            (request_key, request.encode_to_vec()),
        ];
        self.tree.commit(&rows, entry.position)?;
        self.lock().assess(entry.position, &row).map(Applied::Assessed)
    }
}

impl Catalog {
    /// What assessments are about, oldest first.
    #[must_use]
    pub fn assessments(&self) -> &[About] {
        &self.assessments
    }

    pub(super) fn assess(
        &mut self,
        position: u64,
        row: &AssessmentRow,
    ) -> Result<Touched, StoreError> {
        let empty = Payload::default();
        let said = row.assessment.as_ref().unwrap_or(&empty);
        let (first, last) = (month(said.first_month)?, month(said.last_month)?);
        let organisation = self.name(&said.organisation);
        let touched =
            Touched::Assessment { organisation: self.organisation(&organisation), first, last };
        let time_millis = row.time_millis;
        self.assessments.push(About { position, time_millis, organisation, first, last });
        Ok(touched)
    }
}

impl Reader {
    /// An assessment with its text.
    ///
    /// # Errors
    /// The store is damaged.
    pub fn assessment(&self, about: &About) -> Result<Assessment, StoreError> {
        let row = self.row(&keys::assessment(about.position))?;
        let row = row.map(|bytes| AssessmentRow::decode(&*bytes).map_err(damaged)).transpose()?;
        let said = row.and_then(|row| row.assessment);
        let said = said
            .ok_or_else(|| damaged(format!("the assessment at {} is not there", about.position)))?;
        Ok(Assessment {
            organisation: said.organisation,
            first: about.first,
            last: about.last,
            text: said.text,
            assess_date: said.assess_date,
            owner_role: said.owner_role,
        })
    }
}

impl Store {
    /// Makes an assessment durable and readable. The answer has its position and no submission.
    ///
    /// # Errors
    /// See [`WriteError`]; nothing was stored then, except that after [`WriteError::Store`] it is not known.
    pub async fn assess(
        &self,
        assessment: Assessment,
        caller: &str,
        request_id: &str,
    ) -> Result<Written, WriteError> {
        let payload = Payload {
            organisation: assessment.organisation,
            first_month: assessment.first.number().into(),
            last_month: assessment.last.number().into(),
            text: assessment.text,
            assess_date: assessment.assess_date,
            owner_role: assessment.owner_role,
            caller: caller.to_owned(),
            request_id: request_id.to_owned(),
        };
        self.change(Change::Assess(Box::new(payload))).await
    }
}
