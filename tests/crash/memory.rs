//! What callers were told, and what they find of it later.

use std::collections::{BTreeMap, BTreeSet};

use equity_indicators::proto::v1::{
    AsOf, BreakdownQuery, GetChannelBreakdownRequest, ListSubmissionsRequest, PeriodRange,
    Submission, SubmissionState, WithdrawSubmissionRequest, as_of::At,
    consultation_channel_service_client::ConsultationChannelServiceClient,
    submission_service_client::SubmissionServiceClient,
};
use tonic::{Status, transport::Channel};

use super::feed::{COLLECTION, Dice, Parcel};

/// A withdrawal that was sent.
#[derive(Clone, Debug)]
struct Withdrawal {
    request_id: String,
    told: Option<i64>,
}

/// Everything that was sent, and what was said about it.
#[derive(Debug, Default)]
pub(super) struct Memory {
    parcels: BTreeMap<String, (Parcel, Option<Submission>)>,
    withdrawals: BTreeMap<String, Vec<Withdrawal>>,
    /// Request ids whose answers were compared already.
    answered: BTreeSet<String>,
}

impl Memory {
    /// Remembers that it was sent; whatever happens to it.
    pub(super) fn sent(&mut self, parcel: &Parcel) {
        self.parcels.entry(parcel.request_id.clone()).or_insert_with(|| (parcel.clone(), None));
    }

    /// Remembers the answer.
    pub(super) fn told(&mut self, parcel: &Parcel, answer: Submission) {
        let (_, told) = self.parcels.get_mut(&parcel.request_id).unwrap();
        if let Some(before) = told {
            same(before, &answer);
        }
        *told = Some(answer);
    }

    /// Remembers what another one does.
    pub(super) fn merge(&mut self, other: Self) {
        self.parcels.extend(other.parcels);
        self.withdrawals.extend(other.withdrawals);
    }

    /// How many submissions were acknowledged.
    pub(super) fn acknowledged(&self) -> usize {
        self.parcels.values().filter(|(_, told)| told.is_some()).count()
    }

    /// One that was sent before.
    pub(super) fn any(&self, dice: &mut Dice) -> Option<(Parcel, Option<Submission>)> {
        let count = self.parcels.len();
        (count > 0).then(|| {
            let place = usize::try_from(dice.below(count as u64)).unwrap();
            self.parcels.values().nth(place).unwrap().clone()
        })
    }

    /// Remembers that a submission is being withdrawn.
    pub(super) fn withdrawing(&mut self, name: &str, request_id: &str) {
        let sent = Withdrawal { request_id: request_id.to_owned(), told: None };
        self.withdrawals.entry(name.to_owned()).or_default().push(sent);
    }

    /// Remembers that it was.
    pub(super) fn withdrawn(&mut self, name: &str, request_id: &str, position: i64) {
        let sent = self.withdrawals.get_mut(name).unwrap();
        sent.iter_mut().find(|sent| sent.request_id == request_id).unwrap().told = Some(position);
    }

    /// Whether everything acknowledged is there, nothing else is, nothing is half there, and every version answers. The
    /// first thing that is not so.
    pub(super) async fn holds(&mut self, channel: &Channel) -> Result<(), String> {
        self.answered.clear();
        self.still_holds(channel).await
    }

    /// The same, but of the answers only those that were not compared before: for many rounds on one folder.
    pub(super) async fn still_holds(&mut self, channel: &Channel) -> Result<(), String> {
        let there = list(channel).await.map_err(|error| error.to_string())?;
        for (parcel, told) in self.parcels.values() {
            let found = there.get(&parcel.request_id);
            match (told, found) {
                (Some(told), Some(found)) if alike(told, found) => {}
                (Some(told), found) => return Err(format!("told {told:?}, found {found:?}")),
                (None, _) => {}
            }
        }
        self.accounted(&there)?;
        for (name, sent) in &self.withdrawals {
            let found = there.values().find(|submission| submission.name == *name);
            let state = found.ok_or_else(|| format!("{name} is gone"))?.state();
            let told = sent.iter().any(|sent| sent.told.is_some());
            if told && state == SubmissionState::Current {
                return Err(format!("{name} was withdrawn and is current"));
            }
        }
        self.answers(channel, &there).await?;
        self.answered.extend(there.into_keys());
        Ok(())
    }

    /// Log positions of the submissions that were acknowledged and are not there. What is there is as it was sent, and answers so.
    pub(super) async fn missing(&mut self, channel: &Channel) -> Result<Vec<i64>, String> {
        let there = list(channel).await.map_err(|error| error.to_string())?;
        for (id, found) in &there {
            let told = self.parcels.get(id).and_then(|(_, told)| told.as_ref());
            if !told.is_some_and(|told| alike(told, found)) {
                return Err(format!("told {told:?}, found {found:?}"));
            }
        }
        self.answered.clear();
        self.answers(channel, &there).await?;
        let told = self.parcels.iter().filter_map(|(id, (_, told))| Some((id, told.as_ref()?)));
        Ok(told.filter(|(id, _)| !there.contains_key(*id)).map(|(_, told)| told.position).collect())
    }

    /// Sends again whatever nobody answered, and some of what was answered.
    pub(super) async fn send_again(&mut self, channel: &Channel) {
        let there = list(channel).await.unwrap();
        let (known, unknown): (Vec<_>, Vec<_>) =
            self.parcels.values().cloned().partition(|(_, told)| told.is_some());
        for (parcel, told) in unknown.into_iter().chain(known.into_iter().rev().take(3)) {
            let (answer, replayed) = parcel.send(channel).await.unwrap();
            let found = there.get(&parcel.request_id);
            assert_eq!(replayed, found.is_some(), "{told:?}");
            found.into_iter().chain(&told).for_each(|before| same(before, &answer));
            self.told(&parcel, answer);
        }
        let unanswered: Vec<_> = self
            .withdrawals
            .iter()
            .flat_map(|(name, sent)| sent.iter().map(move |sent| (name.clone(), sent.clone())))
            .collect();
        for (name, Withdrawal { request_id, told }) in unanswered {
            match withdraw(channel, &name, &request_id).await {
                Ok(position) => {
                    assert!(told.is_none_or(|told| told == position), "{told:?} {position}");
                    self.withdrawn(&name, &request_id, position);
                }
                // It came to nothing the first time, and the submission has been replaced since.
                Err(status) => {
                    assert_eq!(status.code(), tonic::Code::FailedPrecondition, "{status:?}");
                    assert_eq!(told, None);
                }
            }
        }
    }

    /// Nothing is there that was not sent, and versions have no gaps.
    fn accounted(&self, there: &BTreeMap<String, Submission>) -> Result<(), String> {
        let mut versions: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for (id, found) in there {
            let (parcel, _) =
                self.parcels.get(id).ok_or_else(|| format!("nobody sent {found:?}"))?;
            let total = parcel.counts().values().sum::<i64>();
            if (&*found.organisation, &*found.month, found.total_count)
                != (parcel.organisation, parcel.month, total)
            {
                return Err(format!("sent {parcel:?}, found {found:?}"));
            }
            versions
                .entry((parcel.organisation, parcel.month))
                .or_default()
                .insert((found.version, found.position));
        }
        for (slot, versions) in versions {
            let numbers: Vec<_> = versions.iter().map(|(version, _)| *version).collect();
            let expected: Vec<_> = (1..).take(numbers.len()).collect();
            let in_order = versions.iter().map(|(_, position)| position).is_sorted();
            if numbers != expected || !in_order {
                return Err(format!("{slot:?} has versions {versions:?}"));
            }
        }
        Ok(())
    }

    /// Every version answers with what was sent, as of the position it was accepted at.
    async fn answers(
        &self,
        channel: &Channel,
        there: &BTreeMap<String, Submission>,
    ) -> Result<(), String> {
        for (id, found) in there.iter().filter(|(id, _)| !self.answered.contains(*id)) {
            let parcel = &self.parcels[id].0;
            let as_of = Some(found.position);
            let answer = counts(channel, parcel.organisation, parcel.month, as_of).await;
            let answer = answer.map_err(|error| error.to_string())?;
            if answer != parcel.counts() {
                return Err(format!("{found:?} answers {answer:?}, sent {:?}", parcel.counts()));
            }
            if found.state() == SubmissionState::Current {
                let now = counts(channel, parcel.organisation, parcel.month, None).await;
                if now.as_ref().ok() != Some(&answer) {
                    return Err(format!("{found:?} is current and answers {now:?}"));
                }
            }
        }
        Ok(())
    }
}

#[track_caller]
fn same(before: &Submission, now: &Submission) {
    assert!(alike(before, now), "{before:?} is now {now:?}");
}

/// Whether it is the same submission, whatever came after it.
fn alike(before: &Submission, now: &Submission) -> bool {
    Submission { state: now.state, ..before.clone() } == *now
}

/// Every submission, past ones included, by request id.
pub(super) async fn list(channel: &Channel) -> Result<BTreeMap<String, Submission>, Status> {
    let mut client = SubmissionServiceClient::new(channel.clone());
    let (mut found, mut page_token) = (BTreeMap::new(), String::new());
    loop {
        let request = ListSubmissionsRequest {
            parent: "collections/-".to_owned(),
            include_past: true,
            page_size: 100,
            page_token,
            ..ListSubmissionsRequest::default()
        };
        let page = client.list_submissions(request).await?.into_inner();
        for submission in page.submissions {
            let twice = found.insert(submission.request_id.clone(), submission);
            assert_eq!(twice, None, "stored twice");
        }
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(found);
        }
    }
}

/// Withdraws a submission; at which position.
pub(super) async fn withdraw(
    channel: &Channel,
    name: &str,
    request_id: &str,
) -> Result<i64, Status> {
    let request =
        WithdrawSubmissionRequest { name: name.to_owned(), request_id: request_id.to_owned() };
    let mut client = SubmissionServiceClient::new(channel.clone());
    Ok(client.withdraw_submission(request).await?.into_inner().withdraw_position)
}

/// Consultations of each channel that the service counts.
pub(super) async fn counts(
    channel: &Channel,
    organisation: &str,
    month: &str,
    as_of: Option<i64>,
) -> Result<BTreeMap<String, i64>, Status> {
    let query = BreakdownQuery {
        collection: COLLECTION.to_owned(),
        organisations: vec![organisation.to_owned()],
        period: Some(PeriodRange { first: month.to_owned(), last: month.to_owned() }),
        as_of: as_of.map(|position| AsOf { at: Some(At::Position(position)) }),
        ..BreakdownQuery::default()
    };
    let request = GetChannelBreakdownRequest { query: Some(query), ..Default::default() };
    let mut client = ConsultationChannelServiceClient::new(channel.clone());
    let answer = client.get_channel_breakdown(request).await?.into_inner();
    let table = answer.breakdown.unwrap();
    let cells = table.rows.iter().flat_map(|row| table.columns.iter().zip(&row.cells));
    Ok(cells
        .filter(|(column, cell)| column.indicator == "CH-01" && cell.numerator_count > Some(0))
        .map(|(column, cell)| (column.group[0].code.clone(), cell.numerator_count.unwrap()))
        .collect())
}
