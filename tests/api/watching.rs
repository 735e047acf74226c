//! Tables that are followed, and answers that are kept: never older than what the caller has been told is stored.

use std::time::Duration;

use equity_indicators::proto::v1::{
    Breakdown, PopulationRecord, WatchBreakdownResponse, WithdrawSubmissionRequest,
};
use serde_json::{Value, json};
use tonic::{Code, Streaming};

use crate::support::{
    Refusal, TestServer, cell, four, header, ids, message, next, records, totals,
};

const SYNTHETIC: &str = "synthetic-llr";
/// Long enough to see that nothing comes.
const A_WHILE: Duration = Duration::from_millis(400);

fn leicester() -> Value {
    json!({"query": {"collection": SYNTHETIC, "area": "E06000016", "period": {"first": "2020-04"}}})
}

async fn submit(server: &TestServer, organisation: &str, month: &str, count: i64) -> i64 {
    let header = header(organisation, SYNTHETIC, month, &[]);
    let rows = records(
        &json!([{"channel": "VIDEO", "attendance": "5", "leadTimeDays": 3, "recordCount": count}]),
    );
    server.submit(header, rows).await.unwrap().submission.unwrap().position
}

async fn watch(
    server: &TestServer,
    question: Value,
    after: i64,
) -> Streaming<WatchBreakdownResponse> {
    let request = json!({"question": {"channels": question}, "afterPosition": after});
    server.watch(request).await.unwrap()
}

async fn quiet(stream: &mut Streaming<WatchBreakdownResponse>) {
    let came = tokio::time::timeout(A_WHILE, stream.message()).await;
    assert!(came.is_err(), "nothing has changed: {came:?}");
}

fn total(answer: &WatchBreakdownResponse) -> i64 {
    totals(answer.breakdown.as_ref().unwrap())[""]
}

#[tokio::test]
async fn a_followed_table_comes_again_when_it_changes_and_only_then() {
    let server = TestServer::start().await;
    let mut stream = watch(&server, leicester(), 0).await;
    let first = next(&mut stream).await;
    assert_eq!(total(&first), 0);
    let position = submit(&server, "04C", "2020-04", 5).await;
    let second = next(&mut stream).await;
    assert_eq!((total(&second), second.position >= position), (5, true));
    assert_eq!(server.ask(leicester()).await.unwrap(), second.breakdown.unwrap());

    // Another month, another organisation, another collection.
    submit(&server, "04C", "2020-05", 7).await;
    submit(&server, "04V", "2020-04", 7).await;
    let other = header("RT5", "csds", "2020-04", &[]);
    server.submit(other, records(&json!([{"recordCount": 1}]))).await.unwrap();
    quiet(&mut stream).await;

    // Resumed where it was left: nothing; after a change: the newest table alone.
    let mut resumed = watch(&server, leicester(), second.position).await;
    quiet(&mut resumed).await;
    submit(&server, "04C", "2020-04", 11).await;
    let last = submit(&server, "04C", "2020-04", 13).await;
    let mut late = watch(&server, leicester(), second.position).await;
    assert_eq!(total(&next(&mut late).await), 13);
    for stream in [&mut stream, &mut resumed] {
        let mut seen = next(stream).await;
        while total(&seen) != 13 {
            assert_eq!(total(&seen), 11);
            seen = next(stream).await;
        }
        assert!(seen.position >= last);
    }
    // Volume that cannot be attributed is part of the table.
    submit(&server, "03W", "2020-04", 17).await;
    let context = next(&mut stream).await.breakdown.unwrap().context.unwrap();
    assert_eq!(context.unattributed.unwrap().count, 17);

    // Stopping ends it.
    let ended = tokio::spawn(async move { stream.message().await });
    drop((resumed, late));
    server.stop().await;
    let status = ended.await.unwrap().unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(Refusal::of(&status).reason, "OVERLOADED");
}

#[tokio::test]
async fn what_cannot_be_followed_is_refused() {
    let server = TestServer::start().await;
    let mut past = leicester();
    past["query"]["asOf"] = json!({"position": 1});
    for (request, reason, field) in [
        (json!({}), "FIELD_INVALID", "question"),
        (json!({"question": {}}), "FIELD_INVALID", "question"),
        (json!({"question": {"channels": past}}), "FIELD_INVALID", "question.channels.query.as_of"),
        (
            json!({"question": {"channels": leicester()}, "afterPosition": -1}),
            "FIELD_INVALID",
            "after_position",
        ),
        (
            json!({"question": {"channels": leicester()}, "afterPosition": 99_999}),
            "POSITION_NOT_REACHED",
            "",
        ),
    ] {
        let status = server.watch(request).await.unwrap_err();
        assert_eq!(Refusal::of(&status).short(), (reason, field));
    }
}

/// A small generator of numbers: the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }
}

/// Asks, submits, withdraws, asks again, in any order: what is kept is never older than what was acknowledged.
#[tokio::test]
async fn what_was_acknowledged_is_in_every_answer_after_it() {
    let server = TestServer::start().await;
    let organisations = ["04C", "04V", "03W", "LA-RUTLAND"];
    let months = ["2020-04", "2020-05", "2020-06"];
    let mut stands = <[[Option<(i64, String)>; 3]; 4]>::default();
    let mut dice = Dice(7);
    for step in 0..400 {
        let (o, m) = (dice.roll(4), dice.roll(3));
        match dice.roll(8) {
            0..=1 => {
                let count = 1 + dice.roll(1_000) as i64;
                let header = header(organisations[o], SYNTHETIC, months[m], &[]);
                let rows = records(&json!([{"channel": "VIDEO", "recordCount": count}]));
                let made = server.submit(header, rows).await.unwrap().submission.unwrap();
                stands[o][m] = Some((count, made.name));
            }
            2 => {
                if let Some((_, name)) = stands[o][m].take() {
                    let request: WithdrawSubmissionRequest = message(
                        json!({"name": name, "requestId": uuid::Uuid::new_v4().to_string()}),
                    );
                    server.submissions().withdraw_submission(request).await.unwrap();
                }
            }
            _ => {
                let of = |o: usize, months: std::ops::RangeInclusive<usize>| -> i64 {
                    stands[o][months].iter().flatten().map(|(count, _)| count).sum()
                };
                let last = m + dice.roll(3 - m);
                let period = json!({"first": months[m], "last": months[last]});
                let one = json!({"query": {"collection": SYNTHETIC, "organisations": [organisations[o]], "period": period}});
                let found = totals(&server.ask(one).await.unwrap())[""];
                assert_eq!(found, of(o, m..=last), "step {step}");
                let all = json!({"query": {"collection": SYNTHETIC, "area": "QK1", "period": period, "by": ["organisation"]}});
                let all = server.ask(all).await.unwrap();
                let sum: i64 = (0..4).map(|o| of(o, m..=last)).sum();
                assert_eq!(totals(&all)[""], sum, "step {step}");
                let place = json!({"query": {"collection": SYNTHETIC, "area": "E06000017", "period": period}});
                let context = server.ask(place).await.unwrap().context.unwrap();
                // Rutland has one practice, the fourth; 03W spans two places.
                let nowhere = of(2, m..=last);
                assert_eq!(
                    context.unattributed.map_or(0, |volume| volume.count),
                    nowhere,
                    "step {step}"
                );
                let question =
                    json!({"query": {"collection": SYNTHETIC, "area": "QK1", "period": period}});
                let outcomes = server.table("outcomes", question).await.unwrap();
                assert_eq!(totals(&outcomes)[""], sum, "step {step}");
            }
        }
    }
}

#[tokio::test]
async fn a_new_population_changes_rates_at_once() {
    let server = TestServer::start().await;
    submit(&server, "04C", "2020-04", 30).await;
    let mut question = leicester();
    question["includeRates"] = json!(true);
    let mut stream = watch(&server, question.clone(), 0).await;
    let people = |answer: Breakdown| cell(&answer, "", "CH-03/VIDEO").denominator_count;
    assert_eq!(people(next(&mut stream).await.breakdown.unwrap()), None);
    for lived in [1_000, 2_000, 3_000] {
        let rows = vec![PopulationRecord { person_count: lived, ..Default::default() }];
        server.submit_people(header("04C", SYNTHETIC, "2020-04", &[]), rows).await.unwrap();
        for _ in 0..2 {
            let answer = server.ask(question.clone()).await.unwrap();
            assert_eq!(people(answer), Some(lived));
        }
        let followed = next(&mut stream).await.breakdown.unwrap();
        assert_eq!(people(followed), Some(lived));
    }
}

/// One answer is of one position, however many submissions land while it is made.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn an_answer_is_of_one_position() {
    let server = std::sync::Arc::new(TestServer::start().await);
    submit(&server, "04C", "2020-04", 1).await;
    let writer = {
        let server = std::sync::Arc::clone(&server);
        tokio::spawn(async move {
            for count in 2..150 {
                submit(&server, "04C", "2020-04", count).await;
            }
        })
    };
    while !writer.is_finished() {
        let table = server.table("outcomes", leicester()).await.unwrap();
        let is_band = |id: &str| id.starts_with("CH-11/") && id.split('/').count() == 2;
        let bands: Vec<_> = ids(&table)
            .into_iter()
            .filter(|id| is_band(id))
            .map(|id| four(cell(&table, "", id)))
            .collect();
        let waits: i64 = bands.iter().map(|[counted, ..]| counted).sum();
        assert!(!bands.is_empty());
        assert!(bands.iter().all(|[_, base, ..]| *base == waits), "{bands:?}");
        let [_, _, unknown, not_collected] = bands[0];
        assert_eq!(totals(&table)[""], waits + unknown + not_collected);
    }
    writer.await.unwrap();
}
