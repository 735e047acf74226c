//! A clock that jumps: changes are dated as if it had not, the operator is told, and what was answered about a time stays so.

use std::{fs, path::Path, time::Duration};

use equity_indicators::proto::v1::{
    AsOf, BreakdownQuery, GetChannelBreakdownRequest, GetChannelBreakdownResponse, PeriodRange,
    as_of::At, consultation_channel_service_client::ConsultationChannelServiceClient,
};
use prost::Message as _;
use prost_types::Timestamp;
use tonic::{Code, Status, transport::Channel};
use tonic_types::StatusExt as _;

use super::{
    feed::{COLLECTION, Dice, MONTHS, ORGANISATIONS, Parcel, seed},
    folder::Ending,
    running::{Running, Start, verify_clean},
};

const YEAR: i64 = 31_536_000;

/// Sets the clock of the service off by so many seconds.
fn off(rules: &Path, seconds: i64) {
    let beside = rules.with_extension("new");
    fs::write(&beside, format!("clock {seconds}\n")).unwrap();
    fs::rename(beside, rules).unwrap();
    // The service looks at its clock again.
    std::thread::sleep(Duration::from_millis(300));
}

/// Everything that is known at a time, milliseconds since 1970.
async fn at(channel: &Channel, millis: i64) -> Result<GetChannelBreakdownResponse, Status> {
    let nanos = i32::try_from(millis % 1_000).unwrap() * 1_000_000;
    let time = Timestamp { seconds: millis / 1_000, nanos };
    let query = BreakdownQuery {
        collection: COLLECTION.to_owned(),
        organisations: ORGANISATIONS.map(str::to_owned).to_vec(),
        period: Some(PeriodRange { first: MONTHS[0].to_owned(), last: MONTHS[2].to_owned() }),
        as_of: Some(AsOf { at: Some(At::Time(time)) }),
        ..BreakdownQuery::default()
    };
    let request = GetChannelBreakdownRequest { query: Some(query), ..Default::default() };
    let mut client = ConsultationChannelServiceClient::new(channel.clone());
    Ok(client.get_channel_breakdown(request).await?.into_inner())
}

/// Sends one; when it was accepted.
async fn accepted(channel: &Channel, dice: &mut Dice) -> i64 {
    let (made, _) = Parcel::new(dice, 20).send(channel).await.unwrap();
    let time = made.accept_time.unwrap();
    time.seconds * 1_000 + i64::from(time.nanos / 1_000_000)
}

async fn refused(channel: &Channel, seconds: i64) {
    let status = at(channel, seconds).await.unwrap_err();
    let reason = status.get_details_error_info().unwrap().reason;
    assert_eq!((status.code(), &*reason), (Code::FailedPrecondition, "POSITION_NOT_REACHED"));
    assert!(status.message().contains("has not come"), "{status:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_jump_of_the_clock_poisons_nothing() {
    let (mut dice, place) = (Dice::new(seed()), tempfile::tempdir().unwrap());
    let (folder, rules) = (place.path().join("data"), place.path().join("rules"));
    fs::write(&rules, "").unwrap();
    let start = Start { faults: Some(&rules), ..Start::default() };
    let running = Running::try_start(&folder, &start).unwrap();
    let channel = running.channel().await;
    let begin = accepted(&channel, &mut dice).await;
    refused(&channel, begin + 60_000).await;
    for jump in [YEAR, -YEAR] {
        // One warning of a kind is logged in a second.
        std::thread::sleep(Duration::from_millis(1_200));
        let said = running.said().len();
        off(&rules, jump);
        let during = accepted(&channel, &mut dice).await;
        assert!((begin..begin + 120_000).contains(&during), "{during} is dated as the clock said");
        refused(&channel, begin + YEAR * 1_000).await;
        assert!(running.said_since(said).contains("has jumped"), "{}", running.said_since(said));
        off(&rules, 0);
        let asked = std::time::Instant::now();
        while !running.said_since(said).contains("is back") {
            assert!(asked.elapsed().as_secs() < 20, "{}", running.said_since(said));
            std::thread::sleep(Duration::from_millis(100));
        }
    }
    // A time that is asked about again and again while others write.
    let mut asked = Vec::new();
    for _ in 0..5 {
        let time = accepted(&channel, &mut dice).await;
        let answer = at(&channel, time).await.unwrap();
        accepted(&channel, &mut dice).await;
        asked.push((time, answer));
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    for (time, before) in &asked {
        let now = at(&channel, *time).await.unwrap();
        assert_eq!(now.position, before.position, "at {time}");
        assert_eq!(&now, before);
    }
    assert_eq!(running.terminate().0, Some(0));
    // Between two starts, with a kill and without; what the clock was before is known as long as there is a witness.
    off(&rules, 0);
    let dated_after = "dated after the system's clock";
    for (jump, told, ending) in [
        (YEAR, "has jumped", Ending::Killed),
        (-YEAR, "has jumped", Ending::Stopped),
        (-YEAR, dated_after, Ending::Killed),
    ] {
        off(&rules, jump);
        if told == dated_after {
            fs::remove_file(folder.join("secret.key.witness")).unwrap();
        }
        let said = fs::read_to_string(folder.with_extension("log")).unwrap().len();
        let running = Running::try_start(&folder, &start).unwrap();
        let now = running.said_since(said);
        assert!(now.contains(told), "{jump}: {told:?} is not in {now}");
        let channel = running.channel().await;
        let during = accepted(&channel, &mut dice).await;
        assert!(
            (begin..begin + 240_000).contains(&during),
            "{jump}: {during} is dated as the clock said"
        );
        refused(&channel, begin + YEAR * 1_000).await;
        for (time, before) in &asked {
            assert_eq!(&at(&channel, *time).await.unwrap(), before, "{jump}: at {time}");
        }
        asked.push((during, at(&channel, during).await.unwrap()));
        match ending {
            Ending::Stopped => assert_eq!(running.terminate().0, Some(0)),
            Ending::Killed | Ending::KilledLater => running.kill(),
        }
    }
    off(&rules, 0);
    fs::remove_file(folder.join("secret.key.witness")).unwrap();
    let running = Running::try_start(&folder, &start).unwrap();
    let channel = running.channel().await;
    for (time, before) in &asked {
        assert_eq!(&at(&channel, *time).await.unwrap(), before, "at {time}");
    }
    assert_eq!(running.terminate().0, Some(0));
    verify_clean(&folder);
}

/// The present instant, asked about while four callers write: the same bytes again, for ever, also after the service was killed beside
/// them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_present_instant_is_answered_once_and_for_all() {
    let (mut dice, place) = (Dice::new(seed()), tempfile::tempdir().unwrap());
    let folder = place.path().join("data");
    let mut asked = Vec::new();
    for round in 0..3 {
        let running = Running::start(&folder);
        let channel = running.channel().await;
        for (time, before) in &asked {
            let now = at(&channel, *time).await.unwrap().encode_to_vec();
            assert_eq!(&now, before, "round {round}: at {time}");
        }
        accepted(&channel, &mut dice).await;
        let writers = (0..4).map(|_| {
            let (channel, mut dice) = (channel.clone(), Dice::new(dice.roll()));
            tokio::spawn(
                async move { while Parcel::new(&mut dice, 20).send(&channel).await.is_ok() {} },
            )
        });
        let writers: Vec<_> = writers.collect();
        let first = asked.len();
        for _ in 0..40 {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
            let millis = i64::try_from(now.as_millis()).unwrap();
            asked.push((millis, at(&channel, millis).await.unwrap().encode_to_vec()));
        }
        for (time, before) in &asked[first..] {
            let now = at(&channel, *time).await.unwrap().encode_to_vec();
            assert_eq!(&now, before, "round {round}: at {time}");
        }
        assert!(writers.iter().all(|writer| !writer.is_finished()), "{}", running.said());
        // While they write.
        running.kill();
        for writer in writers {
            writer.await.unwrap();
        }
    }
    verify_clean(&folder);
}
