//! The name of a change: equal content in the same run has the same one, so that sending it again stores nothing twice.

use std::collections::BTreeMap;

use bytes::Bytes;
use prost::Message;

use super::sending::Sending;
use crate::proto::v1::SubmissionHeader;

/// The `request_id`: a hash of the run and the content, in the form of a UUID of version 4. The header of `messages` is empty but for
/// what it says besides `header`.
pub(super) fn request_id(
    how: &Sending,
    header: &SubmissionHeader,
    method: &str,
    messages: &[Bytes],
) -> String {
    let mut hash = blake3::Hasher::new();
    let mut add = |bytes: &[u8]| {
        hash.update(&(bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    for text in [&how.run_id, &header.organisation, &header.collection, &header.month] {
        add(text.as_bytes());
    }
    add(&[u8::from(how.allow_partial)]);
    add(header.person_key_scheme.as_bytes());
    // In one order, whatever the order of the map.
    for (field, system) in header.code_systems.iter().collect::<BTreeMap<_, _>>() {
        add(field.as_bytes());
        add(system.as_bytes());
    }
    if let Some(source) = &header.source {
        add(&source.encode_to_vec());
    }
    add(b"collected");
    header.collected_characteristics.iter().for_each(|name| add(name.as_bytes()));
    add(method.as_bytes());
    messages.iter().for_each(|message| add(message));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.finalize().as_bytes()[..16]);
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

#[cfg(test)]
#[path = "request_id_tests.rs"]
mod tests;
