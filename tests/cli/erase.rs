//! `equity erase`, as people and scripts use it. What a terminal asks is in `tests/python/test_terminal.py`.

use std::io::Write as _;
use std::process::Stdio;

use super::run::{Ended, Served, equity};

const ROWS: &str = "channel,person_key\nTELEPHONE,7f3a91\nVIDEO,81c004\nFACE_TO_FACE,7f3a91\n";
const SCHEME: [&str; 4] = ["--scheme", "llr", "--reason", "a request"];

/// A service with a month of two organisations, and the names of both.
fn served(folder: &std::path::Path) -> (Served, [String; 2]) {
    let served = Served::start(&folder.join("data"));
    let file = folder.join("rows.csv");
    std::fs::write(&file, ROWS).unwrap();
    let names = ["C82001", "C82002"].map(|organisation| {
        let place = ["--collection", "practice-feed", "--organisation", organisation];
        let month = ["--month", "2025-02", "--person-key-scheme", "llr"];
        let file = ["submit", file.to_str().unwrap()];
        served.ask(&[&file[..], &place, &month].concat()).well();
        format!(
            "collections/practice-feed/organisations/{organisation}/datasets/consultations/months/2025-02/versions/1"
        )
    });
    (served, names)
}

#[track_caller]
fn refused(ended: &Ended, code: i32, words: &[&str]) {
    assert_eq!(ended.code, Some(code), "{ended:?}");
    for words in words {
        assert!(ended.remarks.contains(words), "{words} is missing: {ended:?}");
    }
}

fn state(served: &Served, name: &str) -> String {
    let shown = served.ask(&["submissions", "get", name, "--format", "json"]).json();
    shown["submission"]["state"].as_str().unwrap().to_owned()
}

#[test]
fn a_submission_is_erased_once_and_only_where_somebody_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let (served, [first, second]) = served(folder.path());
    let erase = |name: &str, more: &[&str]| {
        served.ask(&[&["erase", "submission", name, "--reason", "sent in error"], more].concat())
    };
    refused(&erase(&first, &[]), 2, &["nothing was erased", "--yes"]);
    refused(&served.ask(&["erase", "submission", &first, "--yes"]), 2, &["--reason"]);
    refused(
        &served.ask(&["erase", "submission", &first, "--reason", " ", "--yes"]),
        1,
        &["reason"],
    );
    let unknown = first.replace("versions/1", "versions/7");
    refused(&erase(&unknown, &["--yes"]), 1, &["SUBMISSION_NOT_FOUND"]);
    assert_eq!(state(&served, &first), "SUBMISSION_STATE_CURRENT");
    assert_eq!(served.ask(&["erase", "list"]).well().trim(), "nothing to list");

    let id = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff";
    for said in ["erased: nobody can read it any more", "erased before"] {
        let made = erase(&first, &["--yes", "--request-id", id, "--format", "csv"]);
        assert!(made.remarks.contains(said), "{made:?}");
        let csv = made.well();
        let header = "position,create_time,kind,record_count,reason,submission,replaced_by";
        assert!(csv.starts_with(header), "{csv}");
        assert!(csv.contains(&format!(",SUBMISSION,3,sent in error,{first},")), "{csv}");
    }
    refused(&erase(&first, &["--yes"]), 1, &["ALREADY_ERASED", "ListErasures"]);
    assert_eq!(state(&served, &first), "SUBMISSION_STATE_ERASED");
    assert_eq!(state(&served, &second), "SUBMISSION_STATE_CURRENT");
    let past = served.ask(&["submissions", "list", "--past", "--format", "csv"]).well();
    assert!(past.contains("ERASED"), "{past}");
    erase(&second, &["--yes", "--all-versions"]).well();
    let newest = served.ask(&["erase", "list", "--limit", "1", "--format", "json"]);
    assert!(newest.remarks.contains("--limit"), "{newest:?}");
    let newest = newest.json();
    let erasures = newest["erasures"].as_array().unwrap();
    assert_eq!((erasures.len(), &erasures[0]["submissions"][0]["submission"]), (1, &second.into()));
}

#[test]
fn a_person_is_erased_and_no_output_has_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let (served, [first, second]) = served(folder.path());
    let ask = |key: &str, more: &[&str]| {
        served.ask(&[&["erase", "person", key], &SCHEME[..], more].concat())
    };
    refused(&ask("7f3a91", &[]), 2, &["nothing was erased", "--yes"]);
    refused(&served.ask(&["erase", "person", "7f3a91", "--yes"]), 2, &["--scheme", "--reason"]);
    let nobody = ask("000000", &["--yes"]);
    refused(&nobody, 1, &["PERSON_NOT_FOUND", "person_key_scheme"]);
    assert!(!nobody.remarks.contains("000000"), "{nobody:?}");
    assert_eq!(state(&served, &first), "SUBMISSION_STATE_CURRENT");

    let mut erase = equity()
        .args(["erase", "person", "-", "--yes", "--service", &served.address])
        .args(SCHEME)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    erase.stdin.take().unwrap().write_all(b"7f3a91\n").unwrap();
    let erased = Ended::of(erase.wait_with_output().unwrap());
    assert!(erased.remarks.contains("erased: nobody can read it any more"), "{erased:?}");
    assert!(!erased.remarks.contains("7f3a91"), "{erased:?}");
    assert!(!erased.well().contains("7f3a91"));
    for name in [&first, &second] {
        assert_eq!(state(&served, name), "SUBMISSION_STATE_ERASED");
        let rest = name.replace("versions/1", "versions/2");
        assert_eq!(state(&served, &rest), "SUBMISSION_STATE_CURRENT");
    }
    let listed = served.ask(&["erase", "list", "--format", "json"]).json();
    assert_eq!(listed["erasures"][0]["record_count"], 4, "{listed}");
    assert!(!listed.to_string().contains("7f3a91"));
    refused(&ask("7f3a91", &["--yes"]), 1, &["PERSON_NOT_FOUND"]);
}
