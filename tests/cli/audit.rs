//! `equity audit`, as people and scripts use it.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::run::{Served, run};

const ASK: [&str; 5] = ["breakdown", "channels", "--area", "QK1", "--from"];

fn json(served: &Served, more: &[&str]) -> Vec<Value> {
    let answer = served.ask(&[&["audit", "list", "--format", "json"], more].concat()).json();
    answer["entries"].as_array().unwrap().clone()
}

/// A list once it has so many entries.
fn until(served: &Served, more: &[&str], count: usize) -> Vec<Value> {
    let begin = Instant::now();
    loop {
        let found = json(served, more);
        if found.len() >= count {
            return found;
        }
        assert!(begin.elapsed() < Duration::from_secs(30), "{found:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn entries_are_listed_in_every_format_and_by_every_option() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(&folder.path().join("data"));
    for month in ["2020-04", "2020-05"] {
        served.ask(&[&ASK[..], &[month]].concat()).well();
    }
    assert_eq!(served.ask(&[&ASK[..3], &["XYZ", "--from", "2020-04"]].concat()).code, Some(1));
    let rpc = "ConsultationChannelService/GetChannelBreakdown";
    let all = until(&served, &["--rpc", rpc], 3);
    assert_eq!(all.len(), 3);
    let text = |entry: &Value, field: &str| entry[field].as_str().unwrap().to_owned();
    assert_eq!(text(&all[0], "reason"), "AREA_NOT_FOUND");
    assert!(text(&all[1], "question").contains("2020-05"), "newest first: {all:?}");
    assert_eq!(
        (text(&all[2], "status"), text(&all[2], "event")),
        ("OK".into(), "AUDIT_EVENT_ENDED".into())
    );
    assert_eq!(all[2]["about"], serde_json::json!(["QK1"]));
    let only = |more: &[&str]| json(&served, &[&["--rpc", rpc], more].concat());
    assert_eq!(only(&["--status", "NOT_FOUND"]), all[..1]);
    let at = text(&all[1], "write_time");
    assert!(only(&["--from", &at]).contains(&all[0]) && !only(&["--to", &at]).contains(&all[0]));
    assert_eq!(only(&["--organisation", "C82001"]), Vec::<Value>::new());
    let newest = served.ask(&["audit", "list", "--rpc", rpc, "--limit", "1", "--format", "csv"]);
    assert!(newest.remarks.contains("--limit"), "{newest:?}");
    let csv = newest.well();
    assert!(csv.starts_with("position,write_time,event,organisation,rpc,status,reason,"), "{csv}");
    assert_eq!(csv.lines().count(), 2);
    let table = served.ask(&["audit", "list", "--rpc", rpc]).well();
    assert!(table.contains("AREA_NOT_FOUND") && table.contains("ENDED"), "{table}");
    assert_eq!(served.ask(&["audit", "list", "--rpc", "X/Y"]).well().trim(), "nothing to list");
    let wrong = served.ask(&["audit", "list", "--from", "2020-04"]);
    assert!(wrong.code == Some(2) && wrong.remarks.contains("time with its zone"), "{wrong:?}");
}

/// A data folder of a service that was stopped, with some calls.
fn stopped(place: &Path) -> PathBuf {
    let folder = place.join("data");
    for month in ["2020-04", "2020-05", "2020-06"] {
        let served = Served::start(&folder);
        served.ask(&[&ASK[..], &[month]].concat()).well();
        assert_eq!(served.terminate().0, Some(0));
    }
    folder
}

#[test]
fn whoever_changes_the_log_is_found() {
    let place = tempfile::tempdir().unwrap();
    let folder = stopped(place.path());
    let verify = |more: &[&str]| {
        let folder = folder.to_str().unwrap();
        run(&[&["audit", "verify", "--data-folder", folder, "--format", "json"], more].concat())
    };
    let whole = verify(&[]).json();
    assert_eq!(whole["differences"], serde_json::json!([]));
    let (entries, calls) = (whole["entries"].as_i64().unwrap(), whole["calls"].as_i64().unwrap());
    assert!(calls >= 3 && entries >= calls + 6, "{whole}");
    let head = whole["head"].as_str().unwrap().to_owned();
    verify(&["--head", &head]).well();
    let forged = format!("{}:{}", head.split_once(':').unwrap().0, "0".repeat(64));
    let ended = verify(&["--head", &forged]);
    assert!(ended.code == Some(4) && ended.answer.contains("that was given"), "{ended:?}");
    let wrong = verify(&["--head", "7"]);
    assert!(wrong.code == Some(2) && wrong.remarks.contains("64 hexadecimal digits"), "{wrong:?}");
    let table = run(&["audit", "verify", "--data-folder", folder.to_str().unwrap()]).well();
    assert!(table.contains(&head[..20]), "{table}");

    let segment = folder.join("audit").read_dir().unwrap().next().unwrap().unwrap().path();
    let bytes = std::fs::read(&segment).unwrap();
    let mut flipped = bytes.clone();
    flipped[bytes.len() / 2] ^= 4;
    let length = u32::from_le_bytes(bytes[40..44].try_into().unwrap()) as usize;
    let changes: [(&str, Option<Vec<u8>>); 4] = [
        ("a flipped bit", Some(flipped)),
        ("the first entry is gone", Some(bytes[112 + length..].to_vec())),
        ("the end is gone", Some(bytes[..bytes.len() / 2].to_vec())),
        ("the file is gone", None),
    ];
    for (what, changed) in changes {
        match changed {
            Some(changed) => std::fs::write(&segment, changed).unwrap(),
            None => std::fs::remove_file(&segment).unwrap(),
        }
        let ended = verify(&[]);
        assert_eq!(ended.code, Some(4), "{what}: {ended:?}");
        let as_csv =
            run(&["audit", "verify", "--data-folder", folder.to_str().unwrap(), "--format", "csv"]);
        assert!(as_csv.remarks.contains("difference: "), "{what}: {as_csv:?}");
        std::fs::write(&segment, &bytes).unwrap();
    }
    verify(&[]).well();

    // The whole log is deleted: the file or the folder, and what says that there was one.
    let (witness, elsewhere) = (folder.join("secret.key.witness.audit"), place.path().join("kept"));
    for (what, is_folder, with_witness) in [
        ("the folder is gone", true, false),
        ("the file and its witness are gone", false, true),
        ("the folder and its witness are gone", true, true),
    ] {
        let gone = if is_folder { folder.join("audit") } else { segment.clone() };
        std::fs::rename(&gone, &elsewhere).unwrap();
        let hidden = witness.with_extension("hidden");
        if with_witness {
            std::fs::rename(&witness, &hidden).unwrap();
        }
        let ended = verify(&[]);
        assert_eq!(ended.code, Some(4), "{what}: {ended:?}");
        let words = if is_folder { "there is no folder" } else { "there is no entry" };
        assert!(ended.answer.contains(words), "{what}: {ended:?}");
        std::fs::rename(&elsewhere, &gone).unwrap();
        if with_witness {
            std::fs::rename(&hidden, &witness).unwrap();
        }
    }
    verify(&[]).well();
    // Another place of the witness: without it, a missing end is not known, and that is said.
    std::fs::write(&segment, &bytes[..112 + length]).unwrap();
    let elsewhere = place.path().join("elsewhere");
    let without = verify(&["--witness-file", elsewhere.to_str().unwrap()]);
    assert!(without.code == Some(4) && without.answer.contains("no witness"), "{without:?}");
    std::fs::copy(folder.join("secret.key.witness.audit"), place.path().join("elsewhere.audit"))
        .unwrap();
    assert_eq!(verify(&["--witness-file", elsewhere.to_str().unwrap()]).code, Some(4));
}

#[test]
fn what_is_no_data_folder_or_in_use_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let nothing = run(&["audit", "verify", "--data-folder", "/nonexistent/equity"]);
    assert!(nothing.code == Some(1) && nothing.remarks.contains("no data folder"), "{nothing:?}");
    let folder = place.path().join("data");
    let served = Served::start(&folder);
    let used = run(&["audit", "verify", "--data-folder", folder.to_str().unwrap()]);
    assert!(used.code == Some(1) && used.remarks.contains("in use by another process"), "{used:?}");
    assert_eq!(served.terminate().0, Some(0));
}
