//! Sends submissions one after the other and keeps the receipts and refusals.

use indicatif::ProgressBar;
use tonic::{Code, Status};

use super::client::Service;
use super::exit::Failure;
use super::send::{Sending, send};
use crate::ingest::SubmissionFile;
use crate::proto::v1::Receipt;

/// Receipts and refusals so far.
#[derive(Debug, Default)]
pub struct Sent {
    /// Receipts, in the order of sending.
    pub receipts: Vec<Receipt>,
    /// Refusals, in the order of sending.
    pub refusals: Vec<Refusal>,
}

/// A submission that was refused.
#[derive(Debug)]
pub struct Refusal {
    /// Code of the organisation of the refused submission.
    pub organisation: String,
    /// Month of the refused submission, `2020-04`.
    pub month: String,
    /// The error of the service.
    pub status: Box<Status>,
}

impl Sent {
    /// An error if a submission was refused.
    ///
    /// # Errors
    /// The service refused some or all submissions.
    pub fn verdict(self) -> Result<(), Failure> {
        let (refused, of) = (self.refusals.len(), self.refusals.len() + self.receipts.len());
        match (self.refusals.into_iter().next(), of) {
            (None, _) => Ok(()),
            (Some(refusal), 1) => Err(Failure::Refused(refusal.status)),
            (Some(_), of) => Err(Failure::SomeRefused { refused, of }),
        }
    }
}

/// Sends every submission. If the service refuses the content of a submission, the others still follow; any other error stops.
/// `sent` then holds the receipts and refusals until the error.
///
/// # Errors
/// A submission cannot be read, the connection is lost, or the service accepts no submissions at the moment.
pub async fn send_all(
    service: &Service,
    submissions: impl Iterator<Item = Result<SubmissionFile, Failure>>,
    how: &Sending,
    bar: &ProgressBar,
    sent: &mut Sent,
) -> Result<(), Failure> {
    for submission in submissions {
        let submission = submission?;
        let (organisation, month) = (submission.organisation.clone(), submission.month.clone());
        let rows_after = bar.position() + submission.rows.len() as u64;
        match send(service, submission, how, bar).await {
            Ok(receipt) => sent.receipts.push(receipt),
            Err(Failure::Refused(status)) if is_about_content(status.code()) => {
                sent.refusals.push(Refusal { organisation, month, status });
            }
            Err(failure) => return Err(failure),
        }
        bar.set_position(rows_after);
    }
    Ok(())
}

fn is_about_content(code: Code) -> bool {
    matches!(
        code,
        Code::InvalidArgument
            | Code::NotFound
            | Code::AlreadyExists
            | Code::FailedPrecondition
            | Code::OutOfRange
            | Code::PermissionDenied
    )
}
