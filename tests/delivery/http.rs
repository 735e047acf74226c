//! Every fault of an endpoint over HTTP.

use std::time::{Duration, Instant};

use equity_indicators::engine::outbox::State;

use super::plane::{LOCAL, Plane, entry, logs, until};
use super::receiver::{Got, Raw, http};

fn answer(status: u16, more: &str) -> Raw {
    Raw::Bytes(format!("HTTP/1.1 {status} Some\r\n{more}content-length: 2\r\n\r\nno"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_status_of_http_is_taken_as_the_specification_says() {
    let (mut entries, mut cases) = (Vec::new(), Vec::new());
    let (elsewhere, elsewhere_at) = http(Vec::new()).await;
    let redirect = format!("location: {elsewhere_at}/v1/logs\r\n");
    let statuses = [
        (400, "never"),
        (401, "pause"),
        (403, "pause"),
        (404, "pause"),
        (405, "pause"),
        (413, "halve"),
        (429, "again"),
        (500, "never"),
        (502, "again"),
        (503, "again"),
        (504, "again"),
        (301, "pause"),
        (307, "pause"),
    ];
    for (status, expected) in statuses {
        let name = format!("http-{status}");
        let more = if status < 400 && status > 299 { redirect.as_str() } else { "" };
        let (received, endpoint) = http(vec![answer(status, more)]).await;
        let gzip = format!("protocol = \"http\"\ngzip = {}\n{LOCAL}", status % 2 == 0);
        entries.push(entry(&name, &endpoint, &gzip));
        cases.push((name, expected, received));
    }
    for (name, raw, expected) in [
        ("cut", Raw::Cut, "again"),
        ("endless", Raw::Endless, "again"),
        ("hang", Raw::Hang, "again"),
        (
            "rubbish",
            Raw::Bytes("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n\u{1}\u{1}\u{1}".into()),
            "twice",
        ),
        ("no-http", Raw::Bytes("rubbish without any end of line".repeat(10_000)), "again"),
    ] {
        let (received, endpoint) = http(vec![raw]).await;
        entries.push(entry(name, &endpoint, &format!("protocol = \"http\"\n{LOCAL}")));
        cases.push((name.to_owned(), expected, received));
    }
    let mut plane = Plane::with(&entries);
    let names: Vec<_> = cases.iter().map(|(name, ..)| name.as_str()).collect();
    plane.add(&names, 3);
    for (name, expected, received) in &cases {
        let sequences = || received.logs().iter().map(Got::sequence).collect::<Vec<_>>();
        match *expected {
            "again" => {
                until(name, || plane.is_settled(name)).await;
                assert_eq!((sequences(), received.attempts()), (vec![1, 2, 3], 2), "{name}");
            }
            // What was answered with rubbish may have been taken: it is sent again, with the same ids.
            "twice" => {
                until(name, || plane.is_settled(name)).await;
                assert_eq!(sequences(), [1, 2, 3, 1, 2, 3], "{name}");
                let ids: Vec<_> = received.logs().iter().map(|got| got.text("event.id")).collect();
                assert_eq!(ids[..3], ids[3..]);
            }
            "halve" => {
                until(name, || plane.is_settled(name)).await;
                assert_eq!((sequences(), received.attempts()), (vec![1, 2, 3], 3), "{name}");
            }
            "never" => {
                until(name, || plane.is_settled(name)).await;
                let status = plane.status(name);
                assert_eq!((status.dead_letter_count, received.attempts()), (3, 1), "{name}");
                assert!(status.error.starts_with("HTTP "), "{status:?}");
            }
            _ => {
                until(name, || plane.status(name).state == State::Paused).await;
                plane.outbox.hold(&logs(name), false).unwrap();
                until(name, || plane.is_settled(name)).await;
                assert_eq!(sequences(), [1, 2, 3], "{name}");
            }
        }
    }
    assert_eq!(elsewhere.attempts(), 0, "a redirect was followed");
    plane.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn retry_after_is_kept_to() {
    let (received, endpoint) = http(vec![answer(503, "retry-after: 2\r\n")]).await;
    let more = format!("protocol = \"http\"\n{LOCAL}");
    let mut plane = Plane::with(&[entry("alpha", &format!("{endpoint}/otlp"), &more)]);
    let begin = Instant::now();
    plane.add(&["alpha"], 1);
    until("sent", || plane.is_settled("alpha")).await;
    assert!(begin.elapsed() >= Duration::from_secs(2) && received.attempts() == 2);
    plane.stop().await;
}
