//! 42 partners of whom one hangs, one refuses and one answers without end: the others get everything, as if they were alone.

use std::time::{Duration, Instant};

use tokio::net::TcpListener;

use super::plane::{LOCAL, Plane, entry, until};
use super::receiver::{Got, Raw, Received, http};

const GOOD: usize = 39;
const EVENTS: u64 = 200;

fn names() -> Vec<String> {
    (0..GOOD).map(|number| format!("good-{number:02}")).collect()
}

/// The longest time until a good partner had everything.
async fn last(bad: &[String]) -> Duration {
    let (received, endpoint) = Received::start(Vec::new()).await;
    let mut entries: Vec<_> = names().iter().map(|name| entry(name, &endpoint, LOCAL)).collect();
    entries.extend_from_slice(bad);
    let mut plane = Plane::with(&entries);
    let names = names();
    let mut all: Vec<&str> = names.iter().map(String::as_str).collect();
    if !bad.is_empty() {
        all.extend(["hangs", "refuses", "endless"]);
    }
    let begin = Instant::now();
    for _ in 0..10 {
        plane.add(&all, EVENTS / 10);
    }
    until("every good partner has everything", || names.iter().all(|name| plane.is_settled(name)))
        .await;
    for name in &names {
        let got: Vec<_> = received.of(name).iter().map(Got::sequence).collect();
        assert!(got.iter().copied().eq(1..=i64::try_from(EVENTS).unwrap()), "{name}: {got:?}");
    }
    let end = received.logs().iter().map(|got| got.at).max().unwrap();
    if !bad.is_empty() {
        for name in ["hangs", "refuses", "endless"] {
            let status = plane.status(name);
            assert_eq!((status.settled, status.dead_letter_count), (0, 0), "{name}: {status:?}");
            assert_eq!(status.newest, EVENTS, "{name}");
        }
    }
    plane.stop().await;
    end - begin
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::print_stdout, reason = "the figures are for whoever asks for them")]
async fn bad_partners_delay_nobody() {
    let quiet = last(&[]).await;
    // Accepts connections, and reads and answers nothing.
    let hangs = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let refuses = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let refuses_at = refuses.local_addr().unwrap();
    drop(refuses);
    let (_endless, endless_at) = http(vec![Raw::Endless; 1_000]).await;
    let bad = [
        entry("hangs", &format!("http://{}", hangs.local_addr().unwrap()), LOCAL),
        entry("refuses", &format!("http://{refuses_at}"), LOCAL),
        entry("endless", &endless_at, &format!("protocol = \"http\"\n{LOCAL}")),
    ];
    let beside = last(&bad).await;
    println!(
        "39 partners, {EVENTS} events each: {quiet:?} alone, {beside:?} beside three bad ones"
    );
    // On a busy machine both take long; a bad partner that held up others would hold them up for ten seconds or more.
    assert!(beside < quiet * 3 + Duration::from_secs(5), "{quiet:?}, {beside:?}");
}
