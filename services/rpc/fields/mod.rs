//! Checks the texts and lists of every request before anything looks at them, by the options of `limits.proto`. A request is checked
//! while it is still encoded: a list that is too long is never made.
//!
//! - `table` the limits of each field, from the contract's descriptors
//! - `walk` goes through an encoded message

mod table;
mod walk;

use tonic::Status;

use super::status;
use walk::Walk;

/// Checks an encoded request of a method, `package.Service/Method`. Bytes that are no message are not refused here.
///
/// # Errors
/// A text or a list is too long, or a text has a forbidden character; names the fields.
pub fn check(method: &str, message: &[u8]) -> Result<(), Status> {
    let Some(root) = table::TABLE.root(method) else { return Ok(()) };
    let problems = Walk::new(&table::TABLE).problems(root, message);
    if problems.is_empty() { Ok(()) } else { Err(status::fields_invalid(problems)) }
}

#[cfg(test)]
mod tests;
