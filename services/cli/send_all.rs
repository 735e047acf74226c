//! Sends submissions, several at once, and notes the answers in the order of sending.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::ProgressBar;
use tokio::task::{JoinError, JoinSet};
use tonic::Code;

use super::client::Service;
use super::exit::Failure;
use super::outgoing::Outgoing;
use super::send::send;
use super::sending::Sending;
use super::sent::{Answer, Sent, Slot};
use crate::ingest::counted;
use crate::proto::v1::Receipt;

/// Most submissions on their way at once. The service takes 8; the others are for other senders.
const MOST: usize = 6;

/// Sends every submission, in the order given and up to six at once. While these are on their way, the next one is read. A
/// submission starts only after the answer to an earlier one of the same slot, so the later one wins; an access snapshot only after
/// the answer to the earlier ones of its month, whichever organisation they are of.
///
/// If the service refuses the content of a submission, the others still follow. After any other error nothing more starts;
/// submissions that are on their way are still waited for. `sent` holds every answer until then, also if this future is dropped.
/// `bar` counts the rows of answered submissions.
///
/// # Errors
/// A submission cannot be read, the connection is lost, or the service accepts no submissions at the moment. Of several errors,
/// the one of the earliest submission.
pub async fn send_all(
    service: &Service,
    submissions: impl Iterator<Item = Result<Outgoing, Failure>>,
    how: &Sending,
    bar: &ProgressBar,
    sent: &mut Sent,
) -> Result<(), Failure> {
    let mut flight = Flight {
        service,
        how: Arc::new(how.clone()),
        bar,
        sent,
        sending: JoinSet::new(),
        under_way: BTreeMap::new(),
        answers: 0,
        stopping: Arc::new(AtomicBool::new(false)),
        failure: None,
    };
    bar.tick();
    let mut unreadable = None;
    for submission in submissions {
        let submission = match submission {
            Ok(submission) => submission,
            Err(failure) => {
                unreadable = Some(failure);
                break;
            }
        };
        // Reading does not wait for anything, so this is where the caller can stop.
        tokio::task::yield_now().await;
        let slot = submission.slot();
        while flight.is_full_for(&slot) && flight.land().await {}
        flight.land_what_is_back();
        if flight.failure.is_some() {
            break;
        }
        flight.start(submission, slot);
    }
    if unreadable.is_some() {
        flight.stopping.store(true, Ordering::Relaxed);
    }
    while flight.land().await {}
    let failure = flight.failure.map(|(_, failure)| failure);
    failure.or(unreadable).map_or(Ok(()), Err)
}

/// Submissions on their way.
struct Flight<'a> {
    service: &'a Service,
    how: Arc<Sending>,
    bar: &'a ProgressBar,
    sent: &'a mut Sent,
    sending: JoinSet<(usize, Result<Receipt, Failure>)>,
    /// By number in `sent`: slot and rows.
    under_way: BTreeMap<usize, (Slot, u64)>,
    answers: u64,
    /// Tells submissions that wait for their next attempt not to wait any longer.
    stopping: Arc<AtomicBool>,
    /// The error of the earliest submission, if one stopped the sending.
    failure: Option<(usize, Failure)>,
}

impl Flight<'_> {
    fn is_full_for(&self, slot: &Slot) -> bool {
        self.under_way.len() >= MOST
            || self.under_way.values().any(|(other, _)| other.keeps_order_with(slot))
    }

    fn start(&mut self, mut submission: Outgoing, slot: Slot) {
        let number = self.sent.begin(slot.clone(), submission.take_lines());
        self.under_way.insert(number, (slot, submission.rows()));
        let (how, stopping) = (Arc::clone(&self.how), Arc::clone(&self.stopping));
        let sent = send(self.service.clone(), submission, how, stopping);
        self.sending.spawn(async move { (number, Box::pin(sent).await) });
    }

    /// Waits for one answer. `false`: nothing is on its way.
    async fn land(&mut self) -> bool {
        let next = self.sending.join_next().await;
        next.map(|ended| self.note(ended)).is_some()
    }

    fn land_what_is_back(&mut self) {
        while let Some(ended) = self.sending.try_join_next() {
            self.note(ended);
        }
    }

    /// Notes how a submission ended.
    fn note(&mut self, ended: Result<(usize, Result<Receipt, Failure>), JoinError>) {
        let (number, result) = match ended {
            Ok(ended) => ended,
            // The code failed: there is no number, and everything else is earlier.
            Err(error) => (usize::MAX, Err(Failure::Other(error.into()))),
        };
        let landed = self.under_way.remove(&number);
        let answer = match result {
            Ok(receipt) => Answer::Receipt(Box::new(receipt)),
            Err(Failure::Refused(status)) if is_about_content(status.code()) => {
                Answer::Refusal(status)
            }
            Err(failure) => return self.stop(number, failure),
        };
        self.sent.answered(number, answer);
        self.answers += 1;
        self.bar.inc(landed.map_or(0, |(_, rows)| rows));
        self.bar.set_message(format!(" in {}", counted(self.answers, "submission")));
    }

    fn stop(&mut self, number: usize, failure: Failure) {
        self.stopping.store(true, Ordering::Relaxed);
        if self.failure.as_ref().is_none_or(|(earlier, _)| number < *earlier) {
            self.failure = Some((number, failure));
            self.sent.stopped(number);
        }
    }
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

#[cfg(test)]
#[path = "send_all_tests.rs"]
mod tests;
