//! Stopping beside heavy questions: each caller hears an answer or what to do, and the process ends within its time.
//!
//! How heavy a question is depends on the build and the machine. So the process is made to sleep (SIGSTOP) through the time that its
//! questions have when it stops: what is under way then cannot be answered in time, whatever it costs.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use equity_indicators::proto::v1::{
    Breakdown, BreakdownQuery, BreakdownQuestion, GetChannelBreakdownRequest, ListGapsRequest,
    Measure, PeriodRange, WatchBreakdownRequest, WatchBreakdownResponse, breakdown_question::Table,
    breakdown_service_client::BreakdownServiceClient,
    consultation_channel_service_client::ConsultationChannelServiceClient,
    inequality_service_client::InequalityServiceClient,
};
use tokio::task::JoinHandle;
use tonic::{Code, Status, transport::Channel};
use tonic_types::StatusExt as _;

use super::{
    feed::{COLLECTION, Dice, MONTHS, ORGANISATIONS, Parcel, seed},
    running::{Running, Start, verify_clean},
};

/// Questions that are worked on when the service is told to stop: so many connections, and on each so many at once.
const CONNECTIONS: usize = 16;
const AT_ONCE: usize = 4;
const DRAIN: Duration = Duration::from_secs(4);
/// How long the process sleeps: longer than the half of that time that questions have, and shorter than that of all calls.
const SLEEP: Duration = Duration::from_millis(2_400);

/// A heavy question. Few of those that are asked at once are the same question.
async fn ask(channel: Channel, number: usize) -> Result<Option<Breakdown>, Status> {
    let by = [["ethnic_category", "age_years"], ["age_years", "month"]];
    let query = BreakdownQuery {
        collection: COLLECTION.to_owned(),
        organisations: ORGANISATIONS.map(str::to_owned).to_vec(),
        period: Some(PeriodRange { first: MONTHS[0].to_owned(), last: MONTHS[2].to_owned() }),
        confidence_level: Some(if number.is_multiple_of(2) { 0.95 } else { 0.998 }),
        ..BreakdownQuery::default()
    };
    if number % 4 < 2 {
        let page_size = 10 + i32::try_from(number % 64).unwrap();
        let request = ListGapsRequest { query: Some(query), page_size, ..Default::default() };
        let answer = InequalityServiceClient::new(channel).list_gaps(request).await?;
        return Ok(answer.into_inner().breakdown);
    }
    let query = BreakdownQuery { by: by[number / 4 % 2].map(str::to_owned).to_vec(), ..query };
    let mut request = GetChannelBreakdownRequest { query: Some(query), ..Default::default() };
    request.set_measure(Measure::Persons);
    let answer =
        ConsultationChannelServiceClient::new(channel).get_channel_breakdown(request).await?;
    Ok(answer.into_inner().breakdown)
}

/// A call: when it was begun, when its end was heard, and how it ended.
type Heard = (Instant, Instant, Result<Option<Breakdown>, Status>);

/// Asks one question after another, until one is not answered. `asked`: how many questions all have asked. `under_way`: how many they
/// wait for.
async fn ask_on(
    channel: Channel,
    asked: Arc<AtomicUsize>,
    under_way: Arc<AtomicUsize>,
) -> Vec<Heard> {
    let mut heard: Vec<Heard> = Vec::new();
    while heard.last().is_none_or(|(.., heard)| heard.is_ok()) {
        let (number, begun) = (asked.fetch_add(1, SeqCst), Instant::now());
        under_way.fetch_add(1, SeqCst);
        let answer = ask(channel.clone(), number).await;
        under_way.fetch_sub(1, SeqCst);
        heard.push((begun, Instant::now(), answer));
    }
    heard
}

/// A watch, which hears at once that the service stops.
async fn watched(channel: Channel) -> tonic::Streaming<WatchBreakdownResponse> {
    let query = BreakdownQuery {
        organisations: vec![ORGANISATIONS[0].to_owned()],
        period: Some(PeriodRange { first: MONTHS[0].to_owned(), last: MONTHS[0].to_owned() }),
        collection: COLLECTION.to_owned(),
        ..BreakdownQuery::default()
    };
    let channels = GetChannelBreakdownRequest { query: Some(query), ..Default::default() };
    let question = BreakdownQuestion { table: Some(Table::Channels(channels)) };
    let request = WatchBreakdownRequest { question: Some(question), ..Default::default() };
    let mut watch =
        BreakdownServiceClient::new(channel).watch_breakdown(request).await.unwrap().into_inner();
    watch.message().await.unwrap().unwrap();
    watch
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heavy_questions_under_way_are_answered_or_told_what_to_do() {
    let (mut dice, place) = (Dice::new(seed()), tempfile::tempdir().unwrap());
    let folder = place.path().join("data");
    let settings = [
        ("EQUITY_LIMITS_DRAIN", "4s"),
        ("EQUITY_LIMITS_REQUEST_DEADLINE", "300s"),
        ("EQUITY_CACHE_MEMORY_BYTES", "0"),
    ];
    let start = Start { settings: &settings, ..Start::default() };
    let running = Running::try_start(&folder, &start).unwrap();
    let channel = running.channel().await;
    for organisation in ORGANISATIONS {
        for month in MONTHS {
            let parcel = Parcel::new(&mut dice, 6_000).of(organisation, month);
            parcel.send(&channel).await.unwrap();
        }
    }
    let mut watch = watched(running.channel().await).await;
    let (asked, under_way) = (Arc::default(), Arc::new(AtomicUsize::new(0)));
    let mut asking = Vec::new();
    for _ in 0..CONNECTIONS {
        let channel = running.channel().await;
        for _ in 0..AT_ONCE {
            let counts = (Arc::clone(&asked), Arc::clone(&under_way));
            asking.push(tokio::spawn(ask_on(channel.clone(), counts.0, counts.1)));
        }
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    // Nothing is answered while it sleeps: every asker comes to have one question under way, and all of them are sent.
    running.signal("-STOP");
    let begin = Instant::now();
    while under_way.load(SeqCst) < asking.len() {
        if let Some(ended) = asking.iter().position(JoinHandle::is_finished) {
            panic!("a question ended: {:?}", asking.swap_remove(ended).await.unwrap().pop());
        }
        assert!(begin.elapsed() < Duration::from_secs(60), "{under_way:?} are under way");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // Until the last is sent.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let begin = Instant::now();
    running.signal("-TERM");
    running.signal("-CONT");
    let stopping = watch.message().await.unwrap_err();
    assert_eq!(stopping.get_details_error_info().unwrap().reason, "STOPPING", "{stopping:?}");
    // Its time has begun by now.
    tokio::time::sleep(Duration::from_millis(10)).await;
    running.signal("-STOP");
    tokio::time::sleep(SLEEP).await;
    running.signal("-CONT");
    let ending = tokio::task::spawn_blocking(move || running.ends_within(DRAIN * 3));
    let (mut answered, mut told) = (0, 0);
    for asking in asking {
        for (begun, when, heard) in asking.await.unwrap() {
            match heard {
                Ok(answer) => {
                    assert!(answer.is_some_and(|answer| !answer.rows.is_empty()));
                    answered += 1;
                }
                // It came after the service was told to stop.
                Err(_) if begun > begin => {}
                Err(status) => {
                    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
                    let reason =
                        status.get_details_error_info().expect("the connection was cut").reason;
                    assert_eq!(reason, "STOPPING", "{status:?}");
                    assert!(status.get_details_retry_info().unwrap().retry_delay.is_some());
                    assert!(when - begin < DRAIN, "heard after the drain time");
                    told += 1;
                }
            }
        }
    }
    let (code, took) = (ending.await.unwrap(), begin.elapsed());
    println!("{answered} answered, {told} told to ask again, ended after {took:?}");
    let said = fs::read_to_string(folder.with_extension("log")).unwrap();
    assert_eq!(code, Some(0), "{said}");
    assert!(took < DRAIN + Duration::from_secs(2), "{took:?}: {said}");
    assert!(told > 0, "all were answered, though the service slept through their time: {said}");
    assert!(said.contains("cut_off=0"), "{said}");
    assert!(!said.contains("cutting connections"), "{said}");
    verify_clean(&folder);
}
