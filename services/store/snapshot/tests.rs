use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::super::log::{EntryKind, Log as _, NewEntry, SegmentLog};
use super::*;

/// Bytes of a segment: small, so that there are several.
const SEGMENT: u64 = 2_000;

fn entry(payload: &[u8]) -> NewEntry<'_> {
    NewEntry { kind: EntryKind::Withdraw, time_millis: 1_700_000_000_000, payload }
}

/// A data folder with a log of several segments, and what partners were sent.
fn data(folder: &Path) -> SegmentLog {
    fs::create_dir(folder).unwrap();
    fs::write(folder.join("secret.key"), "a secret").unwrap();
    fs::write(folder.join("outbox.safe"), "safe").unwrap();
    let mut log = SegmentLog::open(&folder.join(LOG), SEGMENT, &[]).unwrap().log;
    for number in 0..60_u8 {
        log.append(&[entry(&[number; 100])]).unwrap();
    }
    assert!(log.segments() > 4);
    log
}

/// Every file of a folder, by its path in it.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            found.extend(files(&path).into_iter().map(|(of, is)| (format!("{name}/{of}"), is)));
        } else {
            found.insert(name, fs::read(&path).unwrap());
        }
    }
    found
}

fn refusal<T: std::fmt::Debug>(result: Result<T, StoreError>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn what_is_restored_is_the_log_byte_for_byte_and_has_no_secret() {
    let place = tempfile::tempdir().unwrap();
    let [from, to, again] = ["data", "snapshot", "again"].map(|name| place.path().join(name));
    let log = data(&from);
    let taken = take(&from, &to).unwrap();
    assert_eq!((taken.log.position, taken.log.counts.entries), (60, 60));
    assert_eq!(taken.log.end(), log.end());
    assert_eq!(restore(&to, &again).unwrap(), taken);
    let mut expected = files(&from);
    assert!(expected.remove("secret.key").is_some());
    let mut restored = files(&again);
    assert_eq!(restored.remove("lock"), Some(Vec::new()));
    assert_eq!(restored, expected);
    let opened = SegmentLog::open(&again.join(LOG), SEGMENT, &[]).unwrap();
    assert_eq!((opened.damage, opened.cut, opened.log.end()), (None, None, log.end()));
}

#[test]
fn the_end_of_an_append_that_is_going_on_is_cut_off() {
    let place = tempfile::tempdir().unwrap();
    let (from, to) = (place.path().join("data"), place.path().join("snapshot"));
    drop(data(&from));
    let last = last_segment(&from);
    let whole = fs::read(&last).unwrap();
    // The last entry is cut in its payload.
    fs::write(&last, &whole[..whole.len() - 7]).unwrap();
    let taken = take(&from, &to).unwrap();
    assert_eq!((taken.log.position, taken.log.counts.entries), (59, 59));
    restore(&to, &place.path().join("again")).unwrap();
    assert_eq!(fs::read(&last).unwrap().len(), whole.len() - 7, "the original is only read");
}

/// The last segment of a data folder.
fn last_segment(folder: &Path) -> std::path::PathBuf {
    let all = fs::read_dir(folder.join(LOG)).unwrap().map(|entry| entry.unwrap().path());
    all.max().unwrap()
}

#[test]
fn folders_that_have_something_are_left_alone() {
    let place = tempfile::tempdir().unwrap();
    let [from, to, full] = ["data", "snapshot", "full"].map(|name| place.path().join(name));
    drop(data(&from));
    fs::create_dir(&full).unwrap();
    fs::write(full.join("mine"), "mine").unwrap();
    assert!(refusal(take(&from, &full)).contains("is not empty: it has `mine`"));
    take(&from, &to).unwrap();
    assert!(refusal(restore(&to, &full)).contains("is not empty: it has `mine`"));
    assert_eq!(files(&full), BTreeMap::from([("mine".to_owned(), b"mine".to_vec())]));
    // A data folder that a service has, and a snapshot that is there.
    assert!(refusal(restore(&to, &from)).contains("is not empty"));
    assert!(refusal(take(&from, &to)).contains("is not empty"));
    // What a new disk has is nothing.
    let disk = place.path().join("disk");
    fs::create_dir_all(disk.join("lost+found")).unwrap();
    restore(&to, &disk).unwrap();
}

#[test]
fn a_folder_without_a_log_is_no_data_folder() {
    let place = tempfile::tempdir().unwrap();
    let (from, to) = (place.path().join("data"), place.path().join("snapshot"));
    for name in ["", LOG] {
        fs::create_dir_all(from.join(name)).unwrap();
        assert!(refusal(take(&from, &to)).contains("has no log with entries"), "{name}");
    }
    assert!(refusal(take(&place.path().join("nowhere"), &to)).contains("has no log with entries"));
}

#[test]
fn a_damaged_log_is_no_snapshot_and_says_where_it_is_damaged() {
    let place = tempfile::tempdir().unwrap();
    let (from, to) = (place.path().join("data"), place.path().join("snapshot"));
    drop(data(&from));
    let first = from.join(LOG).join(format!("{:020}.seg", 1));
    let mut bytes = fs::read(&first).unwrap();
    bytes[150] ^= 1;
    fs::write(&first, bytes).unwrap();
    let why = refusal(take(&from, &to));
    assert!(why.contains("the log is damaged") && why.contains("entry 1"), "{why}");
    assert!(refusal(restore(&to, &place.path().join("x"))).contains("there is no manifest"));
}

/// Every file of a snapshot, changed in one bit, cut, longer, or removed: it is named, and nothing is restored.
#[test]
fn every_damage_of_a_snapshot_is_found_and_named() {
    let place = tempfile::tempdir().unwrap();
    let [from, to, again] = ["data", "snapshot", "again"].map(|name| place.path().join(name));
    drop(data(&from));
    take(&from, &to).unwrap();
    let whole = files(&to);
    assert!(whole.len() > 5);
    for (name, bytes) in &whole {
        let path = to.join(name);
        let middle = bytes.len() / 2;
        let mut flipped = bytes.clone();
        flipped[middle] ^= 4;
        let longer = [bytes.as_slice(), b"x"].concat();
        for changed in [flipped.as_slice(), &bytes[..middle], b"", &longer] {
            fs::write(&path, changed).unwrap();
            let why = refusal(restore(&to, &again));
            let own = path.display().to_string();
            assert!(why.contains(&own), "{name}: {why}");
            let left: Vec<_> = files(&again).into_keys().filter(|name| name != "lock").collect();
            assert!(left.is_empty(), "{name}: {left:?} was restored");
        }
        fs::remove_file(&path).unwrap();
        assert!(refusal(restore(&to, &again)).contains(name), "{name} is missing");
        fs::write(&path, bytes).unwrap();
    }
    restore(&to, &again).unwrap();
}

#[test]
fn a_manifest_cannot_name_files_outside() {
    let place = tempfile::tempdir().unwrap();
    let (from, to) = (place.path().join("data"), place.path().join("snapshot"));
    drop(data(&from));
    let mut manifest = take(&from, &to).unwrap();
    for name in ["../data/secret.key", "log/../../data/secret.key", "/etc/passwd", "sled/db"] {
        manifest.log.files[0].name = name.to_owned();
        let forged = Manifest::new(manifest.log.clone(), manifest.audit.clone(), Vec::new());
        forged.write(&to).unwrap();
        let why = refusal(restore(&to, &place.path().join("again")));
        assert!(why.contains("which no snapshot has"), "{why}");
    }
}

#[test]
fn a_manifest_of_a_later_version_is_refused_as_such() {
    let place = tempfile::tempdir().unwrap();
    let (from, to) = (place.path().join("data"), place.path().join("snapshot"));
    drop(data(&from));
    take(&from, &to).unwrap();
    let path = to.join("manifest.json");
    let text = fs::read_to_string(&path).unwrap().replace("\"format\": 1", "\"format\": 2");
    fs::write(&path, text).unwrap();
    let why = refusal(restore(&to, &place.path().join("again")));
    assert!(why.contains("a later version of the program"), "{why}");
}
