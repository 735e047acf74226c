//! Assessments: what organisations write about their own channels. An assessment is never overwritten; of several about the
//! same months the latest is shown first.

use std::sync::Arc;

use prost::Message;

use super::error::WriteError;
use super::tree::VALUE_BYTES;
use crate::domain::period::Month;
use crate::proto::store::Assessment as Payload;

/// Largest row of an assessment, in bytes.
pub(super) const ROW_BYTES: usize = VALUE_BYTES;
/// Most bytes that a row needs besides the payload: tags, length and time.
const AROUND: usize = 24;

/// Organisation and months of an assessment. The text stays on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Log position of the assessment.
    pub position: u64,
    /// When it was recorded, milliseconds since 1970.
    pub time_millis: u64,
    /// ODS code, or local code, of the organisation that wrote it.
    pub organisation: Arc<str>,
    /// First month that the text is about.
    pub first: Month,
    /// Last month that the text is about, included.
    pub last: Month,
}

impl About {
    /// Whether the assessment is about at least one of the months from `first` to `last`.
    #[must_use]
    pub fn covers(&self, (first, last): (Month, Month)) -> bool {
        self.first <= last && first <= self.last
    }
}

/// An assessment with its text, recorded or to be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assessment {
    /// ODS code, or local code, of the organisation that wrote it.
    pub organisation: String,
    /// First month that the text is about.
    pub first: Month,
    /// Last month that the text is about, included.
    pub last: Month,
    /// What the organisation writes, for people.
    pub text: String,
    /// Day on which it was made, `2020-05-04`.
    pub assess_date: String,
    /// Role of the person responsible for the assessment.
    pub owner_role: String,
}

impl Assessment {
    /// The assessment as it goes into the log.
    pub(super) fn payload(self, caller: &str, request_id: &str) -> Payload {
        Payload {
            organisation: self.organisation,
            first_month: self.first.number().into(),
            last_month: self.last.number().into(),
            text: self.text,
            assess_date: self.assess_date,
            owner_role: self.owner_role,
            caller: caller.to_owned(),
            request_id: request_id.to_owned(),
        }
    }
}

/// Hash that tells whether two requests say the same. Caller and request id do not count.
pub(super) fn hash(payload: &Payload) -> [u8; 32] {
    let said = Payload { caller: String::new(), request_id: String::new(), ..payload.clone() };
    *blake3::Hasher::new().update(b"assess").update(&said.encode_to_vec()).finalize().as_bytes()
}

/// Refuses an assessment that would not fit a row. Checked before the assessment is in the log.
pub(super) fn fits(payload: &Payload) -> Result<(), WriteError> {
    let bytes = payload.encoded_len() + AROUND;
    if bytes > ROW_BYTES {
        return Err(WriteError::Store(format!("an assessment of {bytes} bytes is too large")));
    }
    Ok(())
}
