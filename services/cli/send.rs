//! Sends one submission.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use uuid::Uuid;

use super::client::Service;
use super::encoded::Encoded;
use super::exit::Failure;
use crate::ingest::SubmissionFile;
use crate::proto::v1::Receipt;

/// Longest that one submission waits, all its waits together, for a service that is at its limit.
const PATIENCE: Duration = Duration::from_secs(60);
/// Longest single wait. A service that asks for more (its disk is full) needs its operator first.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// How submissions are sent.
#[derive(Debug, Clone)]
pub struct Sending {
    /// Name of the run. The same run with the same content gets the first receipt again and stores nothing twice.
    pub run_id: String,
    /// Whether valid rows are stored even if other rows have problems.
    pub allow_partial: bool,
    /// Whether to check only.
    pub validate_only: bool,
}

/// Sends a submission and returns its receipt. If the service is at its limit, waits as long as the service says and sends it
/// again, unless `stopping` is set.
///
/// # Errors
/// The service refuses the submission, or the connection is lost.
pub(super) async fn send(
    service: Service,
    submission: SubmissionFile,
    how: Arc<Sending>,
    stopping: Arc<AtomicBool>,
) -> Result<Receipt, Failure> {
    // A large submission takes a while to encode, and the connection must be served meanwhile.
    let encoded = tokio::task::spawn_blocking(move || Encoded::of(submission, &how)).await;
    let encoded = encoded.map_err(|error| Failure::Other(error.into()))?;
    let mut patience = PATIENCE;
    loop {
        let status = match service.submit(&encoded).await {
            Ok(receipt) => return receipt.ok_or_else(no_receipt),
            Err(status) => status,
        };
        match wait(&status).filter(|wait| *wait <= patience) {
            Some(wait) if !stopping.load(Ordering::Relaxed) => {
                patience -= wait;
                tokio::time::sleep(wait).await;
            }
            _ => return Err(service.failure(status)),
        }
        if stopping.load(Ordering::Relaxed) {
            return Err(service.failure(status));
        }
    }
}

fn no_receipt() -> Failure {
    Failure::Other(anyhow::anyhow!("the service answered without a receipt"))
}

/// How long the service asks to wait, if waiting helps.
fn wait(status: &Status) -> Option<Duration> {
    let full = matches!(status.code(), Code::Unavailable | Code::ResourceExhausted);
    let asked = status.get_details_retry_info().filter(|_| full)?.retry_delay?;
    (asked <= LONGEST_WAIT).then(|| asked.max(Duration::from_millis(10)))
}

/// A new name for a run.
pub fn fresh_run_id() -> String {
    Uuid::new_v4().to_string()
}
