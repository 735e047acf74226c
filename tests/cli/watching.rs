//! A watch of the command line, and a service that goes away.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use super::run::{Served, equity};

const TABLE: [&str; 7] =
    ["breakdown", "channels", "--organisation", "C82001", "--from", "2026-04", "--watch"];

fn submit(served: &Served, folder: &std::path::Path, rows: usize) {
    let file = folder.join(format!("{rows}.csv"));
    std::fs::write(&file, format!("channel\n{}", "TELEPHONE\n".repeat(rows))).unwrap();
    let named = ["--collection", "practice-feed", "--organisation", "C82001", "--month", "2026-04"];
    served.ask(&[&["submit", file.to_str().unwrap()][..], &named].concat()).well();
}

#[test]
fn a_watch_goes_on_after_its_last_position_when_the_service_is_there_again() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let served = Served::start(&data);
    submit(&served, folder.path(), 3);
    let mut watch = equity()
        .args(TABLE)
        .args(["--collection", "practice-feed", "--format", "json"])
        .args(["--service", &served.address])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines();
    let mut total = || {
        let answer: serde_json::Value =
            serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        let count = answer["breakdown"]["rows"][0]["cells"][0]["numerator_count"].clone();
        count.as_str().map_or(count.as_i64(), |text| text.parse().ok()).unwrap()
    };
    assert_eq!(total(), 3);
    let address = served.address.trim_start_matches("http://").to_owned();
    drop(served);
    let served = Served::start_at(&address, &data);
    submit(&served, folder.path(), 5);
    // What was shown is not shown again: the next answer is the new one.
    assert_eq!(total(), 5);
    watch.kill().unwrap();
    watch.wait().unwrap();
}

#[test]
fn a_watch_ends_with_code_3_when_it_is_not_to_wait() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(&folder.path().join("data"));
    submit(&served, folder.path(), 3);
    let mut watch = equity()
        .args(TABLE)
        .args(["--collection", "practice-feed", "--format", "json", "--wait", "0"])
        .args(["--service", &served.address])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines();
    lines.next().unwrap().unwrap();
    drop(served);
    assert_eq!(watch.wait().unwrap().code(), Some(3));
}
