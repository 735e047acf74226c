//! Stopping beside heavy questions: each caller hears an answer or what to do, and the process ends within its time.

use std::{
    fs,
    time::{Duration, Instant},
};

use equity_indicators::proto::v1::{
    Breakdown, BreakdownQuery, GetChannelBreakdownRequest, ListGapsRequest, Measure, PeriodRange,
    consultation_channel_service_client::ConsultationChannelServiceClient,
    inequality_service_client::InequalityServiceClient,
};
use tonic::{Code, Status, transport::Channel};
use tonic_types::StatusExt as _;

use super::{
    feed::{COLLECTION, Dice, MONTHS, ORGANISATIONS, Parcel, seed},
    running::{Running, Start, verify_clean},
};

/// Questions that are worked on when the service is told to stop.
const QUESTIONS: usize = 16;
const DRAIN: Duration = Duration::from_secs(4);

/// A heavy question. Few of them are the same question.
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
        let page_size = 10 + i32::try_from(number).unwrap();
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixteen_heavy_questions_under_way_are_answered_or_told_what_to_do() {
    let (mut dice, place) = (Dice::new(seed()), tempfile::tempdir().unwrap());
    let folder = place.path().join("data");
    let settings = [("EQUITY_LIMITS_DRAIN", "4s"), ("EQUITY_CACHE_MEMORY_BYTES", "0")];
    let start = Start { settings: &settings, ..Start::default() };
    let running = Running::try_start(&folder, &start).unwrap();
    let channel = running.channel().await;
    for organisation in ORGANISATIONS {
        for month in MONTHS {
            let parcel = Parcel::new(&mut dice, 12_000).of(organisation, month);
            parcel.send(&channel).await.unwrap();
        }
    }
    let mut asked = Vec::new();
    for number in 0..QUESTIONS {
        let channel = running.channel().await;
        asked.push(tokio::spawn(async move { (ask(channel, number).await, Instant::now()) }));
    }
    tokio::time::sleep(Duration::from_millis(700)).await;
    let begin = Instant::now();
    let under_way = asked.iter().filter(|asked| !asked.is_finished()).count();
    let stopping = tokio::task::spawn_blocking(move || running.terminate_within(DRAIN * 3));
    let (mut answered, mut told) = (0, 0);
    for asked in asked {
        let (heard, when) = asked.await.unwrap();
        assert!(when.saturating_duration_since(begin) < DRAIN, "heard after the drain time");
        match heard {
            Ok(answer) => {
                assert!(answer.is_some_and(|answer| !answer.rows.is_empty()));
                answered += 1;
            }
            Err(status) => {
                assert_eq!(status.code(), Code::Unavailable, "{status:?}");
                let reason =
                    status.get_details_error_info().expect("the connection was cut").reason;
                assert_eq!(reason, "STOPPING", "{status:?}");
                assert!(status.get_details_retry_info().unwrap().retry_delay.is_some());
                told += 1;
            }
        }
    }
    let (code, took) = stopping.await.unwrap();
    println!(
        "{under_way} under way, {answered} answered, {told} told to ask again, ended after {took:?}"
    );
    let said = fs::read_to_string(folder.with_extension("log")).unwrap();
    assert_eq!(code, Some(0), "{said}");
    assert!(took < DRAIN + Duration::from_secs(2), "{took:?}: {said}");
    assert!(under_way > QUESTIONS / 2, "only {under_way} were under way");
    assert!(told > 0, "all were answered in time: they were not heavy");
    assert!(said.contains("cut_off=0"), "{said}");
    assert!(!said.contains("cutting connections"), "{said}");
    verify_clean(&folder);
}
