//! What organisations say of their channels themselves: a text beside the numbers. Nothing is overwritten; a later assessment
//! of the same months stands before an earlier one.

use std::sync::Arc;

use prost::Message;

use super::error::WriteError;
use super::tree::VALUE_BYTES;
use crate::domain::period::Month;
use crate::proto::store::Assessment as Payload;

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

impl Assessment {
    /// What the log says of it.
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
