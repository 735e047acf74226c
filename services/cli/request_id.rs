//! The name of a change: equal content in the same run has the same one, so that sending it again stores nothing twice.

use prost::Message;

use super::sending::Sending;
use crate::ingest::{Records, SubmissionFile};

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
            each(rows, add);
        }
        Records::Populations(rows) => {
            add(b"populations");
            each(rows, add);
        }
        Records::Access(rows) => {
            add(b"access");
            each(rows, add);
        }
        Records::Estimates(source, rows) => {
            add(b"estimates");
            add(&source.encode_to_vec());
            each(rows, add);
        }
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.finalize().as_bytes()[..16]);
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

/// Every row, encoded into the same memory.
fn each<R: Message>(rows: &[R], mut add: impl FnMut(&[u8])) {
    let mut encoded = Vec::new();
    for row in rows {
        encoded.clear();
        row.encode_raw(&mut encoded);
        add(&encoded);
    }
}

#[cfg(test)]
#[path = "request_id_tests.rs"]
mod tests;
