//! The details of a status. They travel in the trailers, which clients cap at 8 KiB: texts are cut, and a long list says how many
//! of its entries were left out.

use std::collections::HashMap;

use tonic_types::{ErrorDetails, FieldViolation};

use super::reason::name;
use crate::proto::v1::ErrorReason;

/// Domain of every `ErrorInfo`.
pub(super) const DOMAIN: &str = "equity-indicators";
/// Bytes of a message; of one text within the details; of all field violations together.
/// With base64 and percent-encoding the trailers stay under 8 KiB.
pub(super) const MESSAGE_BYTES: usize = 600;
pub(super) const TEXT_BYTES: usize = 250;
const VIOLATIONS_BYTES: usize = 2_500;
/// Entries of `ErrorInfo.metadata`.
const METADATA_ENTRIES: usize = 6;

/// `ErrorInfo` of a reason.
pub(super) fn info<'a>(
    reason: ErrorReason,
    metadata: impl IntoIterator<Item = (&'a str, String)>,
) -> ErrorDetails {
    let metadata: HashMap<String, String> = metadata
        .into_iter()
        .take(METADATA_ENTRIES)
        .map(|(key, value)| (cut(key, 64), cut(&value, 120)))
        .collect();
    ErrorDetails::with_error_info(name(reason), DOMAIN, metadata)
}

/// Field violations of (path, description): as many as fit. Also what the message says of their number; nothing of a single one.
pub(super) fn violations(problems: Vec<(String, String)>) -> (Vec<FieldViolation>, String) {
    let all = problems.len();
    let mut room = VIOLATIONS_BYTES;
    let listed: Vec<FieldViolation> = problems
        .into_iter()
        .map(|(field, description)| (cut(&field, TEXT_BYTES), cut(&description, TEXT_BYTES)))
        .map_while(|(field, description)| {
            room = room.checked_sub(field.len() + description.len() + 8)?;
            Some(FieldViolation::new(field, description))
        })
        .collect();
    let left_out = all - listed.len();
    let number = match (all, left_out) {
        (0 | 1, _) => String::new(),
        (_, 0) => format!(" (field_violations lists {all})"),
        _ => format!(" (field_violations lists {}, {left_out} more were left out)", listed.len()),
    };
    (listed, number)
}

/// At most `bytes` of a text, at a character's border, with `…` where something was cut.
pub(super) fn cut(text: &str, bytes: usize) -> String {
    if text.len() <= bytes {
        return text.to_owned();
    }
    let mut end = bytes.saturating_sub('…'.len_utf8());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", &text[..end])
}
