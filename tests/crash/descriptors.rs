//! A process that may have few files open: it says so, serves as many connections as it can beside its own files, and refuses to start only
//! with a sentence.

use std::time::{Duration, Instant};

use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{
    feed::{Dice, Parcel, seed},
    memory::{Memory, counts},
    running::{Running, Start, verify_clean},
};

/// It warns of few files after it has said that it is ready.
async fn until_it_warns(running: &Running) {
    let begin = Instant::now();
    while !running.said().contains("files open") {
        assert!(begin.elapsed() < Duration::from_secs(10), "{}", running.said());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Connections that say nothing.
const IDLE: usize = 1_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_300_files_a_good_client_is_served_beside_1000_idle_connections() {
    let (mut dice, place) = (Dice::new(seed()), tempfile::tempdir().unwrap());
    let folder = place.path().join("data");
    let start = Start { open_files: 300, ..Start::default() };
    let running = Running::try_start(&folder, &start).unwrap();
    until_it_warns(&running).await;
    let said = running.said();
    assert!(said.contains("may have 300 files open, so it accepts 150 connections"), "{said}");
    let (mut memory, channel) = (Memory::default(), running.channel().await);
    let address = running.address().to_owned();
    let idle = tokio::spawn(async move {
        let (mut open, begin) = (Vec::new(), Instant::now());
        while open.len() < IDLE && begin.elapsed() < Duration::from_secs(20) {
            // What the system's queue has no place for is tried again.
            if let Ok(Ok(one)) =
                timeout(Duration::from_millis(50), TcpStream::connect(&address)).await
            {
                open.push(one);
            }
        }
        tokio::time::sleep(Duration::from_secs(3)).await;
        open.len()
    });
    // It asks and sends on its own connection, about every 100 ms, and hears no error.
    let (mut calls, mut longest) = (0, Duration::ZERO);
    while !idle.is_finished() {
        let begin = Instant::now();
        let parcel = Parcel::new(&mut dice, 20);
        memory.sent(&parcel);
        let sent = parcel.send(&channel).await;
        let (answer, _) = sent.unwrap_or_else(|error| panic!("{error:?} {}", running.said()));
        memory.told(&parcel, answer);
        let asked = counts(&channel, parcel.organisation, parcel.month, None).await;
        assert_eq!(asked.unwrap(), parcel.counts());
        longest = longest.max(begin.elapsed());
        calls += 1;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let idle = idle.await.unwrap();
    println!("{idle} idle connections, {calls} calls beside them, the longest {longest:?}");
    assert!(idle > 300, "{idle}: fewer than the process may have open");
    assert!(calls > 10 && longest < Duration::from_secs(5), "{calls} calls, {longest:?}");
    assert!(!running.said().contains("ERROR"), "{}", running.said());
    memory.holds(&channel).await.unwrap();
    assert_eq!(running.terminate().0, Some(0));
    verify_clean(&folder);
}

/// With fewer than 64 files connections would take those of the store: the process ends with a sentence. With 64 it serves.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_too_few_files_it_says_so_and_does_not_start() {
    let (mut dice, place) = (Dice::new(seed()), tempfile::tempdir().unwrap());
    for open_files in [6, 9, 12, 16, 24, 48, 63, 64, 100] {
        let folder = place.path().join(format!("data-{open_files}"));
        let start = Start { open_files, ..Start::default() };
        match Running::try_start(&folder, &start) {
            Ok(running) => {
                assert!(open_files >= 64, "{open_files}");
                until_it_warns(&running).await;
                let channel = running.channel().await;
                let sent = Parcel::new(&mut dice, 20).send(&channel).await;
                sent.unwrap_or_else(|error| {
                    panic!("{open_files}: {error:?} {}", running.said());
                });
                assert_eq!(running.terminate().0, Some(0), "{open_files}");
            }
            Err(refused) => {
                assert!(open_files < 64, "{open_files}: {refused:?}");
                assert_eq!(refused.code, Some(1), "{open_files}: {refused:?}");
                assert!(refused.said.contains("files open"), "{open_files}: {refused:?}");
                assert!(refused.said.contains("ulimit -n"), "{open_files}: {refused:?}");
                assert!(
                    !refused.said.contains("fault of the program"),
                    "{open_files}: {refused:?}"
                );
            }
        }
    }
}
