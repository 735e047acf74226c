//! SIGKILL at any moment of an erasure: afterwards the data is there as before, or in no file any more. An erasure that was told stays.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    time::{Duration, Instant},
};

use equity_indicators::{
    domain::submission::Keyer,
    proto::v1::{
        ConsultationRecord, ErasePersonRequest, EraseSubmissionRequest, GetSubmissionRequest,
        Submission, SubmissionState, erasure_service_client::ErasureServiceClient,
        submission_service_client::SubmissionServiceClient, submit_consultations_request::Part,
    },
};
use tonic::{Status, transport::Channel};

use super::{
    feed::{Dice, Parcel, seed},
    folder::{HEADER, entries, files},
    kill::rounds,
    running::{Running, verify_clean},
};

/// Rows of the submission that is erased, without that of the person who is nowhere else.
const ROWS: u64 = 2_000;

/// What is erased: a submission, or the person who has one row in it.
#[derive(Clone, Debug)]
enum Order {
    Submission(EraseSubmissionRequest),
    Person(ErasePersonRequest),
}

/// What an erasure has told: whether it was made before, and what has the other records.
type Told = (bool, String);

impl Order {
    fn new(round: u64, submission: &Submission, person: String) -> Self {
        let (reason, request_id) = ("a test".to_owned(), uuid::Uuid::new_v4().to_string());
        if round.is_multiple_of(2) {
            let (name, all_versions) = (submission.name.clone(), false);
            Self::Submission(EraseSubmissionRequest { name, all_versions, reason, request_id })
        } else {
            let (person_key, person_key_scheme) = (person, "test".to_owned());
            Self::Person(ErasePersonRequest { person_key, person_key_scheme, reason, request_id })
        }
    }

    async fn give(&self, channel: &Channel) -> Result<Told, Status> {
        let mut client = ErasureServiceClient::new(channel.clone());
        let (made, replayed) = match self {
            Self::Submission(request) => {
                let made = client.erase_submission(request.clone()).await?.into_inner();
                (made.erasure, made.replayed)
            }
            Self::Person(request) => {
                let made = client.erase_person(request.clone()).await?.into_inner();
                (made.erasure, made.replayed)
            }
        };
        Ok((replayed, made.unwrap().submissions[0].replaced_by.clone()))
    }
}

/// Sends a parcel with one row more, of somebody who is nowhere else.
pub(super) async fn send_with(parcel: &Parcel, person: &str, channel: &Channel) -> Submission {
    let mut messages = parcel.messages();
    let Some(Part::Batch(last)) = &mut messages.last_mut().unwrap().part else {
        panic!("the last message has rows")
    };
    last.records.push(ConsultationRecord {
        channel: "VIDEO".to_owned(),
        person_key: person.to_owned(),
        ..ConsultationRecord::default()
    });
    let mut client = SubmissionServiceClient::new(channel.clone());
    let sent = client.submit_consultations(tokio_stream::iter(messages)).await.unwrap();
    sent.into_inner().receipt.unwrap().submission.unwrap()
}

async fn get(channel: &Channel, name: &str) -> Submission {
    let mut client = SubmissionServiceClient::new(channel.clone());
    let request = GetSubmissionRequest { name: name.to_owned() };
    client.get_submission(request).await.unwrap().into_inner().submission.unwrap()
}

/// The hash of a person's key, as files have it: the log and sled keep it in one order of bytes or the other.
pub(super) fn hashes(folder: &Path, person: &str) -> Vec<Vec<u8>> {
    let secret = fs::read_to_string(folder.join("secret.key")).unwrap();
    let bytes = secret.trim().as_bytes().chunks(2);
    let bytes = bytes.map(|two| u8::from_str_radix(str::from_utf8(two).unwrap(), 16).unwrap());
    let secret: [u8; 32] = bytes.collect::<Vec<_>>().try_into().unwrap();
    let hash = Keyer::new(&secret).hash("test", person);
    vec![hash.to_le_bytes().to_vec(), hash.to_be_bytes().to_vec()]
}

/// Bytes of the rows of a submission that are nowhere else: those of its last chunk that differ most from each other.
fn rows(folder: &Path, position: i64) -> Vec<u8> {
    let mut first = 1;
    for segment in files(&folder.join("log")) {
        let all = entries(&segment);
        let place = usize::try_from(position).unwrap() - first;
        if let Some((begin, length)) = all.get(place.wrapping_sub(1)) {
            let bytes = fs::read(&segment).unwrap();
            let windows = bytes[begin + HEADER..begin + HEADER + length].windows(24);
            let distinct = |part: &&[u8]| part.iter().collect::<BTreeSet<_>>().len();
            return windows.max_by_key(distinct).unwrap().to_vec();
        }
        first += all.len();
    }
    panic!("the log has no entry {position}")
}

/// The files of a folder that have any of the needles.
pub(super) fn having(folder: &Path, needles: &[Vec<u8>]) -> Vec<String> {
    let has = |path: &std::path::PathBuf| {
        let bytes = fs::read(path).unwrap();
        needles.iter().any(|needle| bytes.windows(needle.len()).any(|part| part == needle))
    };
    files(folder).into_iter().filter(has).map(|path| path.display().to_string()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erasure_is_whole_or_absent() {
    let (mut dice, place) = (Dice::new(seed()), tempfile::tempdir().unwrap());
    let folder = place.path().join("data");
    let (mut before, mut told, mut finished) = (0, 0, 0);
    let mut whole = Duration::ZERO;
    for round in 0..rounds() {
        let running = Running::start(&folder);
        let channel = running.channel().await;
        let person = format!("gone-{round}");
        let made = send_with(&Parcel::new(&mut dice, ROWS), &person, &channel).await;
        Parcel::new(&mut dice, 300).send(&channel).await.unwrap();
        let mut needles = hashes(&folder, &person);
        let places = having(&folder, &needles);
        assert!(places.iter().any(|path| path.contains("/log/")), "{places:?}");
        let order = Order::new(round, &made, person);
        if let Order::Submission(_) = order {
            needles.push(rows(&folder, made.position));
            assert!(!having(&folder, &needles[2..]).is_empty());
        }
        let begin = Instant::now();
        let erasing = {
            let (channel, order) = (channel.clone(), order.clone());
            tokio::spawn(async move { order.give(&channel).await })
        };
        // The first two are not killed: they tell how long an erasure takes.
        let answer = if round < 2 {
            let answer = erasing.await.unwrap();
            whole = whole.max(begin.elapsed());
            running.kill();
            answer
        } else {
            let millis = u64::try_from(whole.as_millis()).unwrap();
            tokio::time::sleep(Duration::from_millis(dice.below(millis + millis / 5 + 1))).await;
            running.kill();
            erasing.await.unwrap()
        };
        let running = Running::start(&folder);
        let channel = running.channel().await;
        let there = having(&folder, &needles);
        let state = get(&channel, &made.name).await.state();
        match (&answer, state) {
            (Ok(_), SubmissionState::Erased) => told += 1,
            (Err(_), SubmissionState::Erased) => finished += 1,
            (Err(_), SubmissionState::Current | SubmissionState::Replaced) => before += 1,
            (answer, state) => panic!("round {round}: told {answer:?}, and it is {state:?}"),
        }
        let was_erased = state == SubmissionState::Erased;
        assert_eq!(there.is_empty(), was_erased, "round {round}: {there:?}");
        // Whoever was told nothing sends the order again.
        let (replayed, rest) = order.give(&channel).await.unwrap();
        assert_eq!(replayed, was_erased, "round {round}");
        assert_eq!(having(&folder, &needles), [""; 0], "round {round}");
        assert_eq!(get(&channel, &made.name).await.state(), SubmissionState::Erased);
        // The second parcel may have taken the place of the first: then nothing has the other records.
        if !rest.is_empty() {
            assert!(matches!(order, Order::Person(_)));
            let rest = get(&channel, &rest).await;
            assert_eq!(rest.accepted_count, i64::try_from(ROWS).unwrap());
        }
        drop(running);
        verify_clean(&folder);
        assert_eq!(having(&folder, &needles), [""; 0], "round {round}");
    }
    println!("killed before: {before}, finished by the next start: {finished}, told: {told}");
    assert!(told >= 2 && (rounds() < 20 || finished > 0), "no kill was in an erasure");
}
