//! Rows of another format: earlier ones are made anew from the log, later ones are refused.

use std::path::Path;

use prost::Message;

use super::*;
use crate::proto::store::AppliedRow;
use crate::store::pack_read::pack_tests::{filled, open, rows};
use crate::store::{keys, verify};

/// Gives the rows another format, and a shape that no version reads.
fn garble(folder: &Path, format: u32) {
    // sled lets go of its file a moment after it was dropped.
    let open = || sled::Config::new().path(folder.join("sled")).open();
    let db = std::iter::repeat_with(open)
        .find_map(|opened| {
            std::thread::sleep(std::time::Duration::from_millis(20));
            opened.ok()
        })
        .unwrap();
    let applied = db.get(keys::APPLIED).unwrap().unwrap();
    let applied = AppliedRow { format, ..AppliedRow::decode(&*applied).unwrap() };
    for key in db.iter().keys().step_by(3) {
        db.insert(key.unwrap(), b"as it was before").unwrap();
    }
    db.insert(b"y and a block of a column", b"as it was before").unwrap();
    db.insert(keys::APPLIED, applied.encode_to_vec()).unwrap();
    db.flush().unwrap();
}

#[tokio::test]
async fn rows_of_an_earlier_format_are_made_anew_from_the_log() {
    for format in [0, 1] {
        let place = tempfile::tempdir().unwrap();
        filled(place.path()).await;
        let before = rows(place.path());
        garble(place.path(), format);
        let report = verify(place.path(), None, None, &mut |_, _| {}).unwrap();
        assert_eq!((report.submissions, report.differences), (8, Vec::new()), "the log is whole");
        drop(open(place.path()).unwrap());
        assert_eq!(rows(place.path()), before);
        assert!(!place.path().join("sled-damaged-1").try_exists().unwrap());
        let report = verify(place.path(), None, None, &mut |_, _| {}).unwrap();
        assert_eq!((report.rows, report.differences), (before.len() as u64, Vec::new()));
    }
}

#[tokio::test]
async fn rows_of_an_earlier_format_stay_if_the_log_cannot_replace_them() {
    let place = tempfile::tempdir().unwrap();
    filled(place.path()).await;
    garble(place.path(), 0);
    let kept = place.path().join("kept");
    std::fs::rename(place.path().join("log"), &kept).unwrap();
    let error = open(place.path()).err().unwrap().to_string();
    assert!(error.contains("put the log's missing segments back"), "{error}");
    assert!(place.path().join("sled").try_exists().unwrap());
    let _ = std::fs::remove_dir_all(place.path().join("log"));
    std::fs::rename(&kept, place.path().join("log")).unwrap();
    drop(open(place.path()).unwrap());
    assert!(!rows(place.path()).is_empty());
}

#[tokio::test]
async fn rows_of_a_later_format_are_refused_and_stay() {
    let place = tempfile::tempdir().unwrap();
    filled(place.path()).await;
    garble(place.path(), 99);
    for _ in 0..2 {
        let error = open(place.path()).err().unwrap();
        assert!(matches!(error, StoreError::NewFormat { format: 99, .. }), "{error}");
        let error = error.to_string();
        assert!(error.contains("start the version that wrote them"), "{error}");
        assert!(error.contains("delete the folder `sled`"), "{error}");
    }
    std::fs::remove_dir_all(place.path().join("sled")).unwrap();
    drop(open(place.path()).unwrap());
}

#[test]
fn a_name_for_what_is_set_aside_is_found_or_refused_and_never_looked_for_without_end() {
    let place = tempfile::tempdir().unwrap();
    let sled = place.path().join("sled");
    std::fs::write(place.path().join("kept-1"), b"").unwrap();
    assert_eq!(free_name(&sled, "kept").unwrap(), place.path().join("kept-2"));
    for number in 2..=MOST_ASIDE {
        std::fs::write(place.path().join(format!("kept-{number}")), b"").unwrap();
    }
    let full = free_name(&sled, "kept").unwrap_err().to_string();
    assert!(full.contains("delete what nobody needs"), "{full}");
    // The system does not say what is there: a file is no folder.
    assert!(free_name(&place.path().join("kept-1/sled"), "kept").is_err());
}
