//! What callers send, out of a seed, so that everything that was sent can be made again and counted by hand.

use std::collections::BTreeMap;

use equity_indicators::proto::v1::{
    ConsultationBatch, ConsultationRecord, PersonCharacteristics, Submission, SubmissionHeader,
    SubmitConsultationsRequest, submission_service_client::SubmissionServiceClient,
    submit_consultations_request::Part,
};
use tonic::{Status, transport::Channel};

pub(super) const COLLECTION: &str = "practice-feed";
pub(super) const ORGANISATIONS: [&str; 5] = ["C82001", "C82002", "C82003", "C82005", "C82007"];
pub(super) const MONTHS: [&str; 3] = ["2024-01", "2024-02", "2024-03"];
const CHANNELS: [&str; 4] = ["FACE_TO_FACE", "TELEPHONE", "VIDEO", "HOME_VISIT"];
/// Rows of one message.
const BATCH: usize = 2_000;

/// Random enough, and the same again for the same seed.
#[derive(Clone, Debug)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to below a limit.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.roll() % limit
    }

    pub(super) fn of<T: Copy>(&mut self, list: &[T]) -> T {
        list[usize::try_from(self.below(list.len() as u64)).unwrap()]
    }
}

/// A seed for this run; printed, so that a failure can be had again.
pub(super) fn seed() -> u64 {
    let seed = std::env::var("EQUITY_CRASH_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| u64::from(uuid::Uuid::new_v4().as_fields().0));
    println!("EQUITY_CRASH_SEED={seed}");
    seed
}

/// A submission that can be made.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Parcel {
    pub(super) request_id: String,
    pub(super) organisation: &'static str,
    pub(super) month: &'static str,
    rows: u64,
    seed: u64,
}

impl Parcel {
    /// Somebody's month with so many rows.
    pub(super) fn new(dice: &mut Dice, rows: u64) -> Self {
        Self {
            request_id: uuid::Uuid::new_v4().to_string(),
            organisation: dice.of(&ORGANISATIONS),
            month: dice.of(&MONTHS),
            rows,
            seed: dice.roll(),
        }
    }

    /// The same rows, of this organisation and month.
    pub(super) fn of(self, organisation: &'static str, month: &'static str) -> Self {
        Self { organisation, month, ..self }
    }

    fn records(&self) -> impl Iterator<Item = ConsultationRecord> + use<> {
        let (mut dice, month) = (Dice::new(self.seed), self.month);
        (0..self.rows).map(move |row| {
            // N alike are not one person.
            let count = if dice.below(3) == 0 { 2 + dice.below(3) } else { 1 };
            let key = |text: String| if count == 1 { text } else { String::new() };
            ConsultationRecord {
                date: format!("{month}-{:02}", 1 + dice.below(28)),
                channel: dice.of(&CHANNELS).to_owned(),
                record_count: Some(i64::try_from(count).unwrap()),
                person_key: key(format!("p{}", dice.below(1 + row))),
                source_record_id: key(format!("s{row}")),
                person: Some(PersonCharacteristics {
                    sex: dice.of(&["1", "2"]).to_owned(),
                    ethnic_category: dice.of(&["A", "B", "H", "Z"]).to_owned(),
                    age_years: Some(i32::try_from(dice.below(100)).unwrap()),
                    ..PersonCharacteristics::default()
                }),
                ..ConsultationRecord::default()
            }
        })
    }

    /// Consultations of each channel, counted from what is sent.
    pub(super) fn counts(&self) -> BTreeMap<String, i64> {
        let mut counts = BTreeMap::new();
        for record in self.records() {
            *counts.entry(record.channel).or_default() += record.record_count.unwrap();
        }
        counts
    }

    pub(super) fn messages(&self) -> Vec<SubmitConsultationsRequest> {
        let header = SubmissionHeader {
            organisation: self.organisation.to_owned(),
            collection: COLLECTION.to_owned(),
            month: self.month.to_owned(),
            request_id: self.request_id.clone(),
            collected_characteristics: ["sex", "ethnic_category", "age_band"]
                .map(str::to_owned)
                .to_vec(),
            person_key_scheme: "test".to_owned(),
            allow_shrinking: true,
            ..SubmissionHeader::default()
        };
        let rows: Vec<_> = self.records().collect();
        let batches = rows.chunks(BATCH).map(|records| {
            let batch = ConsultationBatch { records: records.to_vec() };
            SubmitConsultationsRequest { part: Some(Part::Batch(batch)) }
        });
        std::iter::once(SubmitConsultationsRequest { part: Some(Part::Header(header)) })
            .chain(batches)
            .collect()
    }

    /// Sends it; the receipt's submission, and whether it had been there already.
    pub(super) async fn send(&self, channel: &Channel) -> Result<(Submission, bool), Status> {
        self.send_and(channel, || ()).await
    }

    /// The same; calls `sent` when the last row has been handed over.
    pub(super) async fn send_and(
        &self,
        channel: &Channel,
        sent: impl FnOnce() + Send + 'static,
    ) -> Result<(Submission, bool), Status> {
        let mut sent = Some(sent);
        let end = std::iter::once_with(move || sent.take().map(|sent| sent())).filter_map(|_| None);
        let messages = tokio_stream::iter(self.messages().into_iter().chain(end));
        let answer =
            SubmissionServiceClient::new(channel.clone()).submit_consultations(messages).await?;
        let receipt = answer.into_inner().receipt.unwrap();
        Ok((receipt.submission.unwrap(), receipt.replayed))
    }
}
