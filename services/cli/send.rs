//! Sends one submission.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tonic::Code;
use tonic_types::StatusExt as _;

use super::client::Service;
use super::encoded::Encoded;
use super::exit::Failure;
use super::outgoing::Outgoing;
use super::sending::Sending;
use crate::proto::v1::Receipt;

/// Longest that one submission waits, all its waits together, for a service that is at its limit.
const PATIENCE: Duration = Duration::from_secs(60);
/// Longest single wait. A service that asks for more (its disk is full) needs its operator first.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Sends a submission and returns its receipt. If the service is at its limit, waits as long as the service says and sends it
/// again, unless `stopping` is set.
///
/// # Errors
/// The service refuses the submission, or the connection is lost.
pub(super) async fn send(
    service: Service,
    submission: Outgoing,
    how: Arc<Sending>,
    stopping: Arc<AtomicBool>,
) -> Result<Receipt, Failure> {
    let encoded = submission.encode(&how).await?;
    let mut patience = PATIENCE;
    loop {
        let failure = match service.submit(&encoded).await {
            Ok(response) => return receipt(&encoded, response),
            Err(failure) => failure,
        };
        match wait(&failure).filter(|wait| *wait <= patience) {
            Some(wait) if !stopping.load(Ordering::Relaxed) => {
                patience -= wait;
                tokio::time::sleep(wait).await;
            }
            _ => return Err(failure),
        }
        if stopping.load(Ordering::Relaxed) {
            return Err(failure);
        }
    }
}

fn receipt(sent: &Encoded, response: Bytes) -> Result<Receipt, Failure> {
    let receipt = (sent.receipt)(response).map_err(|error| Failure::Other(error.into()))?;
    receipt.ok_or_else(|| Failure::Other(anyhow::anyhow!("the service answered without a receipt")))
}

/// How long the service asks to wait, if waiting helps.
fn wait(failure: &Failure) -> Option<Duration> {
    let Failure::Refused(status) = failure else { return None };
    let full = matches!(status.code(), Code::Unavailable | Code::ResourceExhausted);
    let asked = status.get_details_retry_info().filter(|_| full)?.retry_delay?;
    (asked <= LONGEST_WAIT).then(|| asked.max(Duration::from_millis(10)))
}
