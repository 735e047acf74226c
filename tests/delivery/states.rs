//! What a stream does after a fault: what is kept of it, and what ends it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use equity_indicators::engine::outbox::State;
use tonic::Code;

use super::plane::{LOCAL, Plane, entry, logs, new_event, until};
use super::receiver::{Answer, Got, Raw, Received, http};

/// Long enough for an attempt that should not be made.
const NO_ATTEMPT: Duration = Duration::from_millis(1_500);

fn refusal() -> Answer {
    Answer::Status(Code::PermissionDenied, None, "not yet")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_does_not_hurry_an_endpoint() {
    let later = Answer::Status(Code::Unavailable, Some(Duration::from_secs(300)), "later");
    let (refuses, refuses_at) = Received::start(vec![refusal()]).await;
    let (waits, waits_at) = Received::start(vec![later]).await;
    let (held, held_at) = Received::start(Vec::new()).await;
    let entries = [
        entry("refuses", &refuses_at, LOCAL),
        entry("waits", &waits_at, LOCAL),
        entry("held", &held_at, LOCAL),
    ];
    let mut plane = Plane::with(&entries);
    plane.outbox.hold(&logs("held"), true).unwrap();
    plane.add(&["refuses", "waits", "held"], 2);
    until("paused", || plane.status("refuses").state == State::Paused).await;
    until("waits", || plane.status("waits").state == State::Waits).await;
    let had = ["refuses", "waits", "held"].map(|name| plane.status(name));
    let plane = plane.reopen(&entries).await;
    tokio::time::sleep(NO_ATTEMPT).await;
    assert_eq!(["refuses", "waits", "held"].map(|name| plane.status(name)), had);
    assert_eq!((refuses.attempts(), waits.attempts(), held.attempts()), (1, 1, 0));
    assert!(had[0].until_millis > 0 && had[0].error == "PERMISSION_DENIED", "{had:?}");
    plane.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_that_are_mended_are_tried_at_once() {
    let (old, old_at) = Received::start(vec![refusal(), refusal()]).await;
    let (new, new_at) = Received::start(Vec::new()).await;
    let (held, held_at) = Received::start(Vec::new()).await;
    let broken = [
        entry("alpha", &old_at, LOCAL),
        entry("beta", &old_at, LOCAL),
        entry("held", &held_at, LOCAL),
    ];
    let mut plane = Plane::with(&broken);
    plane.add(&["alpha", "beta"], 2);
    for name in ["alpha", "beta"] {
        until(name, || plane.status(name).state == State::Paused).await;
    }
    plane.outbox.hold(&logs("held"), true).unwrap();
    plane.add(&["held"], 2);
    // The same again is no reason.
    plane.keep_to(&broken);
    tokio::time::sleep(NO_ATTEMPT).await;
    assert_eq!((plane.status("alpha").state, old.attempts()), (State::Paused, 2));
    // Another address, while it runs.
    let mended = [
        entry("alpha", &new_at, LOCAL),
        entry("beta", &old_at, LOCAL),
        entry("held", &held_at, &format!("{LOCAL}gzip = false\n")),
    ];
    plane.keep_to(&mended);
    until("alpha", || plane.is_settled("alpha")).await;
    // Other settings, with a restart.
    let mended = [
        mended[0].clone(),
        entry("beta", &old_at, &format!("{LOCAL}gzip = false\n")),
        mended[2].clone(),
    ];
    let plane = plane.reopen(&mended).await;
    until("beta", || plane.is_settled("beta")).await;
    assert_eq!((new.logs().len(), old.logs().len()), (2, 2));
    // What somebody has stopped is not let go by that.
    assert_eq!((plane.status("held").state, held.attempts()), (State::Held, 0));
    plane.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_request_of_a_stream_is_under_way_at_a_time() {
    let slow = vec![Answer::Slow(Duration::from_millis(30)); 30];
    let (received, endpoint) = Received::start(slow).await;
    let mut plane = Plane::with(&[entry("alpha", &endpoint, LOCAL)]);
    for _ in 0..20 {
        plane.add(&["alpha"], 300);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    until("settled", || plane.is_settled("alpha")).await;
    let sequences: Vec<_> = received.logs().iter().map(Got::sequence).collect();
    assert!(sequences.iter().copied().eq(1..=6_000), "{} records", sequences.len());
    // 6,000 events are twelve requests at least.
    assert!(received.attempts() >= 12, "{}", received.attempts());
    assert_eq!(received.most_at_once(), 1);
    plane.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_without_end_is_read_as_far_as_an_answer_may_go() {
    let (received, endpoint) = http(vec![Raw::Endless; 1_000]).await;
    let entry = entry("alpha", &endpoint, &format!("protocol = \"http\"\n{LOCAL}"));
    let mut plane = Plane::with(&[entry]);
    let begin = Instant::now();
    plane.add(&["alpha"], 1);
    until("a fault", || plane.status("alpha").failures > 0).await;
    let status = plane.status("alpha");
    assert_eq!((status.error.as_str(), status.state), ("ANSWER_TOO_LARGE", State::Waits));
    // Not because the time was over, which is ten seconds.
    assert!(begin.elapsed() < Duration::from_secs(9), "{:?}", begin.elapsed());
    assert!(received.attempts() >= 1 && received.logs().is_empty());
    plane.stop().await;
}

/// One thread serves everything. The outbox is written for long by others, who wake the worker each time.
#[tokio::test]
async fn a_write_of_the_outbox_that_takes_long_holds_up_no_thread_of_the_runtime() {
    let (_received, endpoint) = Received::start(Vec::new()).await;
    let plane = Plane::with(&[entry("alpha", &endpoint, LOCAL)]);
    let writes: Vec<_> = ["beta", "gamma"]
        .map(|name| {
            let outbox = Arc::clone(&plane.outbox);
            std::thread::spawn(move || {
                let mut longest = Duration::ZERO;
                for round in 0..3u64 {
                    let numbers = round * 20_000 + 1..=(round + 1) * 20_000;
                    let events: Vec<_> = numbers.map(|number| new_event(name, number)).collect();
                    let begin = Instant::now();
                    outbox.commit(None, &events).unwrap();
                    longest = longest.max(begin.elapsed());
                }
                longest
            })
        })
        .into();
    let mut longest_gap = Duration::ZERO;
    while !writes.iter().all(std::thread::JoinHandle::is_finished) {
        let begin = Instant::now();
        tokio::time::sleep(Duration::from_millis(5)).await;
        longest_gap = longest_gap.max(begin.elapsed());
    }
    let longest = writes.into_iter().map(|write| write.join().unwrap()).max().unwrap();
    assert!(longest_gap < longest / 2, "{longest_gap:?} beside a write of {longest:?}");
    plane.stop().await;
}
