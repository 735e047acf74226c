//! Sends one submission.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::client::{Service, pause};
use super::encoded::Encoded;
use super::exit::Failure;
use super::outgoing::Outgoing;
use super::sending::Sending;
use crate::proto::v1::Receipt;
use bytes::Bytes;

/// Sends a submission and returns its receipt. If the service is at its limit or the connection breaks, waits and sends it again, unless `stopping` is set.
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
    let mut patience = service.patience();
    loop {
        let failure = match service.submit(&encoded).await {
            Ok(response) => return receipt(&encoded, response),
            Err(failure) => failure,
        };
        match pause(&failure).filter(|wait| *wait <= patience) {
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
