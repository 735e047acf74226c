//! What was sent, in the order of sending, and what the service answered.

use std::collections::BTreeSet;

use tonic::Status;
use tonic_types::StatusExt as _;

use super::exit::Failure;
use crate::ingest::{Lines, Records, SubmissionFile};
use crate::proto::v1::{Dataset, ErrorReason, Receipt};

/// What a submission replaces: the earlier one with the same slot.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot {
    /// Id of the collection.
    pub collection: String,
    /// The dataset.
    pub dataset: Dataset,
    /// Code of the organisation.
    pub organisation: String,
    /// Month, `2020-04`.
    pub month: String,
}

impl Slot {
    /// The slot of a submission.
    pub(super) fn of(submission: &SubmissionFile) -> Self {
        let dataset = match submission.rows {
            Records::Consultations(_) => Dataset::Consultations,
            Records::Populations(_) => Dataset::Populations,
            Records::Access(_) => Dataset::DigitalAccess,
            Records::Estimates(..) => Dataset::Estimates,
            Records::IndicatorCounts(_) => Dataset::IndicatorCounts,
        };
        Self {
            collection: submission.collection.clone(),
            dataset,
            organisation: submission.organisation.clone(),
            month: submission.month.clone(),
        }
    }

    /// Whether the order in which the service accepts two submissions changes figures. It does for two of one slot: the later one
    /// replaces the earlier one. It does for two access snapshots of one month: if a person is in both, the one accepted last counts.
    pub(super) fn keeps_order_with(&self, other: &Self) -> bool {
        self.collection == other.collection
            && self.dataset == other.dataset
            && self.month == other.month
            && (self.organisation == other.organisation || self.dataset == Dataset::DigitalAccess)
    }
}

/// What the service said of a submission.
#[derive(Debug)]
pub(super) enum Answer {
    /// Its receipt.
    Receipt(Box<Receipt>),
    /// The error of the service about its content.
    Refusal(Box<Status>),
}

/// A submission that was sent.
#[derive(Debug)]
struct OneSent {
    slot: Slot,
    /// Kept until the answer; after it, only the name of the file if no row has a problem.
    lines: Lines,
    answer: Option<Answer>,
}

/// A submission that the service refused.
#[derive(Debug, Clone, Copy)]
pub struct Refusal<'a> {
    /// What it would have replaced.
    pub slot: &'a Slot,
    /// The lines of its rows.
    pub lines: &'a Lines,
    /// Why.
    pub status: &'a Status,
}

/// Everything that was sent so far.
#[derive(Debug, Default)]
pub struct Sent {
    all: Vec<OneSent>,
    stopped_at: Option<usize>,
}

impl Sent {
    /// Notes that a submission is being sent; the number is for [`Sent::answered`].
    pub(super) fn begin(&mut self, slot: Slot, lines: Lines) -> usize {
        self.all.push(OneSent { slot, lines, answer: None });
        self.all.len() - 1
    }

    /// Notes the answer to a submission.
    pub(super) fn answered(&mut self, number: usize, answer: Answer) {
        let Some(one) = self.all.get_mut(number) else { return };
        if matches!(&answer, Answer::Receipt(receipt) if receipt.problems.is_empty()) {
            one.lines = Lines::of_file(&one.lines.file);
        }
        one.answer = Some(answer);
    }

    /// Notes at which submission the sending stopped.
    pub(super) fn stopped(&mut self, number: usize) {
        self.stopped_at = Some(number);
    }

    /// Receipts, in the order of sending.
    pub fn receipts(&self) -> impl Iterator<Item = &Receipt> {
        self.receipts_and_lines().map(|(receipt, _)| receipt)
    }

    /// Receipts with the lines of their rows, in the order of sending.
    pub fn receipts_and_lines(&self) -> impl Iterator<Item = (&Receipt, &Lines)> {
        self.all.iter().filter_map(|one| match &one.answer {
            Some(Answer::Receipt(receipt)) => Some((receipt.as_ref(), &one.lines)),
            Some(Answer::Refusal(_)) | None => None,
        })
    }

    /// Refused submissions, in the order of sending.
    pub fn refusals(&self) -> impl Iterator<Item = Refusal<'_>> {
        self.numbered_refusals().map(|(_, refusal)| refusal)
    }

    /// Refused submissions, each with its number in the order of sending.
    pub(super) fn numbered_refusals(&self) -> impl Iterator<Item = (usize, Refusal<'_>)> {
        self.all.iter().enumerate().filter_map(|(number, one)| match &one.answer {
            Some(Answer::Refusal(status)) => {
                Some((number, Refusal { slot: &one.slot, lines: &one.lines, status }))
            }
            Some(Answer::Receipt(_)) | None => None,
        })
    }

    /// Numbers of the submissions that were refused because they would replace a month and lose most of it.
    pub(super) fn shrinking(&self) -> BTreeSet<usize> {
        let reason = ErrorReason::ReplacementShrinks.as_str_name();
        let is_given = |status: &Status| {
            let info = status.get_details_error_info();
            info.is_some_and(|info| reason.strip_prefix("ERROR_REASON_") == Some(&info.reason))
        };
        let refusals = self.numbered_refusals();
        refusals.filter(|(_, refusal)| is_given(refusal.status)).map(|(number, _)| number).collect()
    }

    /// Puts submissions that were sent again in their places, which are these numbers in order.
    pub(super) fn put(&mut self, numbers: &BTreeSet<usize>, again: Sent) {
        let numbers: Vec<usize> = numbers.iter().copied().collect();
        let stopped_at = again.stopped_at.and_then(|at| numbers.get(at).copied());
        self.stopped_at = self.stopped_at.or(stopped_at);
        for (number, sent) in numbers.into_iter().zip(again.all) {
            self.all[number] = sent;
        }
    }

    /// The submission whose error stopped the sending.
    pub fn stopped_at(&self) -> Option<&Slot> {
        self.stopped_at.and_then(|number| self.all.get(number)).map(|one| &one.slot)
    }

    /// Submissions that were sent and not answered, in the order of sending: the service may have stored them.
    pub fn unanswered(&self) -> impl Iterator<Item = &Slot> {
        self.all.iter().filter(|one| one.answer.is_none()).map(|one| &one.slot)
    }

    /// An error if a submission was refused, or was only checked and would be.
    ///
    /// # Errors
    /// The service refused some or all submissions.
    pub fn verdict(&self, only_checked: bool) -> Result<(), Failure> {
        let foreseen = self.receipts().filter(|receipt| receipt.would_be_refused).count();
        let (refused, of) = (self.refusals().count() + foreseen, self.all.len());
        if refused == 0 {
            return Ok(());
        }
        if of > 1 || foreseen > 0 {
            return Err(Failure::SomeRefused { refused, of, only_checked });
        }
        let alone = self.refusals().next().map(|Refusal { lines, status, .. }| {
            Failure::RowsRefused(Box::new(status.clone()), lines.clone())
        });
        alone.map_or(Ok(()), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tonic::Code;
    use tonic_types::ErrorDetails;

    fn refusal(reason: &str) -> Answer {
        let details = ErrorDetails::with_error_info(reason, "equity-indicators", []);
        let status = Status::with_error_details(Code::FailedPrecondition, "no", details);
        Answer::Refusal(Box::new(status))
    }

    fn sent(answers: Vec<Option<Answer>>) -> Sent {
        let slot = Slot {
            collection: "c".into(),
            dataset: Dataset::Populations,
            organisation: "ONS".into(),
            month: "2021-03".into(),
        };
        let one = |answer| OneSent { slot: slot.clone(), lines: Lines::default(), answer };
        Sent { all: answers.into_iter().map(one).collect(), stopped_at: None }
    }

    fn receipt() -> Option<Answer> {
        Some(Answer::Receipt(Box::default()))
    }

    #[test]
    fn what_was_sent_again_takes_the_place_of_its_refusal() {
        let shrinks = || Some(refusal("REPLACEMENT_SHRINKS"));
        let other = Some(refusal("FIELD_INVALID"));
        let mut all = sent(vec![receipt(), shrinks(), other, shrinks(), None]);
        let numbers = all.shrinking();
        assert_eq!(numbers, BTreeSet::from([1, 3]));
        let again = Sent { stopped_at: Some(1), ..sent(vec![receipt(), None]) };
        all.put(&numbers, again);
        assert!(matches!(all.all[1].answer, Some(Answer::Receipt(_))));
        assert!(all.all[3].answer.is_none() && all.stopped_at == Some(3));
        assert_eq!(all.numbered_refusals().map(|(number, _)| number).collect::<Vec<_>>(), [2]);
    }
}
