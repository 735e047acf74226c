//! Several submissions on their way at once: what a stopped service leaves, and what the same command does afterwards.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::run::{Served, equity, run};

/// Synthetic consultations of many organisations and months.
fn file(folder: &Path, seed: &str) -> String {
    let file = folder.join(format!("{seed}.csv")).to_str().unwrap().to_owned();
    let rows = ["generate", "--rows", "6000", "--from", "2020-01", "--to", "2020-03"];
    run(&[&rows as &[&str], &["--seed", seed, "--out", &file]].concat()).well();
    file
}

fn names(receipts: &Value) -> Vec<String> {
    let name = |receipt: &Value| receipt["submission"]["name"].as_str().unwrap().to_owned();
    receipts["receipts"].as_array().unwrap().iter().map(name).collect()
}

/// Organisation and month of each submission, in the order in which their last rows are in the file.
fn slots(file: &str) -> Vec<(String, String)> {
    let mut reader = csv::Reader::from_path(file).unwrap();
    let header = reader.headers().unwrap().clone();
    let at = |name: &str| header.iter().position(|column| column == name).unwrap();
    let (organisation, month) = (at("organisation"), at("month"));
    let rows = reader.records().map(Result::unwrap);
    let mut all: Vec<_> =
        rows.map(|row| (row[organisation].to_owned(), row[month].to_owned())).collect();
    // From the end, the first row of each is its last.
    all.reverse();
    let mut seen = BTreeSet::new();
    all.retain(|slot| seen.insert(slot.clone()));
    all.reverse();
    all
}

#[test]
fn a_service_that_is_killed_in_the_middle_loses_nothing_and_stores_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), file(folder.path(), "1"));
    let served = Served::start(&data);
    let submit = |address: &str| {
        let mut submit = equity();
        submit.args(["submit", &file, "--run-id", "r", "--format", "json", "--to", address]);
        submit.args(["--wait", "0"]);
        submit
    };
    let output = folder.path().join("first.json");
    let remarks = folder.path().join("first.txt");
    let mut first = submit(&served.address)
        .stdout(std::fs::File::create(&output).unwrap())
        .stderr(std::fs::File::create(&remarks).unwrap())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while served
        .ask(&["submissions", "list", "--limit", "20", "--format", "csv"])
        .well()
        .lines()
        .count()
        < 21
    {
        assert!(begun.elapsed() < Duration::from_secs(60), "nothing is stored");
    }
    drop(served);
    assert_eq!(first.wait().unwrap().code(), Some(3));
    let remarks = std::fs::read_to_string(remarks).unwrap();
    for words in ["stopped at: ", "with --run-id r", "the connection to it broke"] {
        assert!(remarks.contains(words), "{words} is missing:\n{remarks}");
    }
    let first: Value = serde_json::from_slice(&std::fs::read(output).unwrap()).unwrap();
    let acknowledged: BTreeSet<_> = names(&first).into_iter().collect();
    assert!(acknowledged.len() >= 10 && !first["unanswered"].as_array().unwrap().is_empty());

    let served = Served::start(&data);
    let again = submit(&served.address).output().unwrap();
    assert_eq!(again.status.code(), Some(0), "{again:?}");
    let again: Value = serde_json::from_slice(&again.stdout).unwrap();
    let of = |receipt: &Value| {
        let submission = &receipt["submission"];
        let text = |name: &str| submission[name].as_str().unwrap().to_owned();
        (text("organisation"), text("month"))
    };
    let listed: Vec<_> = again["receipts"].as_array().unwrap().iter().map(of).collect();
    assert_eq!(listed, slots(&file), "receipts in the order of the file");
    let stored = names(&again);
    assert!(stored.iter().all(|name| name.ends_with("/versions/1")), "nothing is stored twice");
    let replayed = again["receipts"].as_array().unwrap().iter().filter(|r| r["replayed"] == true);
    let replayed: BTreeSet<_> = replayed
        .map(|receipt| receipt["submission"]["name"].as_str().unwrap().to_owned())
        .collect();
    assert!(replayed.is_superset(&acknowledged), "what was acknowledged is there");
    assert!(replayed.len() <= acknowledged.len() + 6, "at most six were on their way");
}

#[test]
fn two_senders_share_the_service_and_the_later_file_wins() {
    let folder = tempfile::tempdir().unwrap();
    let (older, newer) = (file(folder.path(), "1"), file(folder.path(), "2"));
    let served = Served::start(&folder.path().join("data"));
    // More than the service takes at once: some are asked to come again.
    let other = {
        let (address, older) = (served.address.clone(), older.clone());
        let mut submit = equity();
        submit.args(["submit", &older, "--validate-only", "--format", "json", "--to", &address]);
        std::thread::spawn(move || submit.output().unwrap())
    };
    let sent = served.ask(&["submit", &older, &newer, "--format", "json"]).json();
    assert_eq!(other.join().unwrap().status.code(), Some(0));
    let both = [slots(&older), slots(&newer)];
    let names = names(&sent);
    assert_eq!(names.len(), both[0].len() + both[1].len());
    let (first, second) = names.split_at(both[0].len());
    assert!(first.iter().all(|name| name.ends_with("/versions/1")));
    for (name, slot) in second.iter().zip(&both[1]) {
        let version = if both[0].contains(slot) { "/versions/2" } else { "/versions/1" };
        assert!(name.ends_with(version), "{name}");
    }
}

#[test]
fn a_submission_goes_on_when_the_service_is_there_again() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), file(folder.path(), "1"));
    let served = Served::start(&data);
    let address = served.address.clone();
    let submit = equity()
        .args(["submit", &file, "--format", "json", "--wait", "120", "--to", &address])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let stored = |served: &Served| {
        let list = ["submissions", "list", "--limit", "2000", "--format", "csv"];
        served.ask(&list).well().lines().count() - 1
    };
    let begun = Instant::now();
    while stored(&served) < 10 {
        assert!(begun.elapsed() < Duration::from_secs(60), "nothing is stored");
    }
    assert_eq!(served.terminate().0, Some(0), "a clean stop while rows arrive");
    let expected = slots(&file);
    let served = Served::start_at(address.trim_start_matches("http://"), &data);
    assert!(stored(&served) < expected.len(), "it was stopped in the middle");
    let ended = submit.wait_with_output().unwrap();
    let remarks = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(0), "{remarks}");
    let receipts: Value = serde_json::from_slice(&ended.stdout).unwrap();
    let stored = names(&receipts);
    assert_eq!(stored.len(), expected.len());
    assert!(stored.iter().all(|name| name.ends_with("/versions/1")), "nothing is stored twice");
    assert_eq!(receipts["unanswered"], serde_json::json!([]));
}
