//! A damaged log: nothing is written any more, reading goes on, and everybody is told what to do.

use std::{fs, path::Path};

use tonic::{Code, Status, transport::Channel};
use tonic_types::StatusExt as _;

use super::{
    feed::{Dice, Parcel, seed},
    folder::{Ending, HEADER, content, copy, damage, entries, filled, segment},
    memory::Memory,
    running::{Running, Start, check, verify_clean},
};

async fn refused(channel: &Channel, dice: &mut Dice) -> Status {
    Parcel::new(dice, 5).send(channel).await.unwrap_err()
}

fn reason(status: &Status) -> String {
    status.get_details_error_info().map(|info| info.reason).unwrap_or_default()
}

/// The service opens for reading only, says so everywhere, and leaves the log as it is.
async fn opens_for_reading(folder: &Path, memory: &mut Memory, dice: &mut Dice, place: &str) {
    let before = content(&folder.join("log"));
    let ended = check("verify", folder);
    assert_eq!(ended.code, Some(4), "{place}: {ended:?}");
    assert!(ended.answer.contains(place), "{place}: {ended:?}");
    let ended = check("rebuild", folder);
    assert_eq!(ended.code, Some(1), "rebuilding from a damaged log loses what it lost: {ended:?}");
    assert!(ended.remarks.contains(place), "{place}: {ended:?}");

    let running = Running::start(folder);
    let channel = running.channel().await;
    memory.holds(&channel).await.unwrap();
    let status = refused(&channel, dice).await;
    assert_eq!((status.code(), &*reason(&status)), (Code::Unavailable, "WRITING_STOPPED"));
    let said = running.said();
    for part in [place, "the log is damaged in segment", "at byte", "restore", "backup"] {
        assert!(said.contains(part), "{part:?} is not in {said}");
    }
    running.kill();
    assert_eq!(content(&folder.join("log")), before, "the log was changed");
    let ended = check("verify", folder);
    assert_eq!(ended.code, Some(4), "{place}: {ended:?}");
    assert_eq!(content(&folder.join("log")), before, "verify changed the log");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_entry_stops_writing_and_nothing_else() {
    let (mut dice, place) = (Dice::new(seed()), tempfile::tempdir().unwrap());
    let whole = place.path().join("whole");
    let mut memory = filled(&whole, &mut dice, Ending::Stopped).await;
    let found = entries(&segment(&whole));
    let middle = found.len() / 2;
    let large = (0..found.len()).max_by_key(|at| found[*at].1).unwrap();
    let last = found.len() - 1;
    let cases = [
        ("header", middle, 16),
        ("payload", middle, HEADER + 3),
        ("sector", large, HEADER + 600),
        ("last header", last, 50),
        ("last payload", last, HEADER + 1),
    ];
    for (name, entry, at) in cases {
        let folder = place.path().join(name.replace(' ', "-"));
        copy(&whole, &folder);
        let (begin, _) = found[entry];
        damage(&segment(&folder), |bytes| {
            if name == "sector" {
                let sector = (begin + at).next_multiple_of(512);
                bytes[sector..sector + 512].fill(0);
            } else {
                bytes[begin + at] ^= 1 << dice.below(8);
            }
        });
        println!("{name}: entry {} at byte {begin}", entry + 1);
        opens_for_reading(&folder, &mut memory, &mut dice, &format!("at byte {begin}, ")).await;
        // The backup is put back.
        fs::copy(segment(&whole), segment(&folder)).unwrap();
        let running = Running::start(&folder);
        let channel = running.channel().await;
        memory.holds(&channel).await.unwrap();
        Parcel::new(&mut dice, 5).send(&channel).await.unwrap();
        drop(running);
        verify_clean(&folder);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_log_stops_writing_and_nothing_else() {
    let (mut dice, place) = (Dice::new(seed()), tempfile::tempdir().unwrap());
    let whole = place.path().join("whole");
    let mut memory = filled(&whole, &mut dice, Ending::Stopped).await;
    for lost in ["folder", "segment", "end"] {
        let folder = place.path().join(lost);
        copy(&whole, &folder);
        match lost {
            "folder" => fs::remove_dir_all(folder.join("log")).unwrap(),
            "segment" => fs::remove_file(segment(&folder)).unwrap(),
            _ => {
                let (begin, _) = *entries(&segment(&folder)).last().unwrap();
                damage(&segment(&folder), |bytes| bytes.truncate(begin));
            }
        }
        let running = Running::start(&folder);
        let channel = running.channel().await;
        memory.holds(&channel).await.unwrap();
        let status = refused(&channel, &mut dice).await;
        assert_eq!((status.code(), &*reason(&status)), (Code::Unavailable, "WRITING_STOPPED"));
        assert!(running.said().contains("missing"), "{}", running.said());
        running.kill();
        assert_eq!(check("verify", &folder).code, Some(4));
        assert_eq!(check("rebuild", &folder).code, Some(1), "there is nothing to rebuild from");
        let running = Running::start(&folder);
        memory.holds(&running.channel().await).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_secret_belongs_to_the_data() {
    let (mut dice, place) = (Dice::new(seed()), tempfile::tempdir().unwrap());
    let folder = place.path().join("data");
    let mut memory = filled(&folder, &mut dice, Ending::Killed).await;
    let file = folder.join("secret.key");
    let secret = fs::read(&file).unwrap();

    fs::write(&file, "0".repeat(64)).unwrap();
    let other = Running::try_start(&folder, &Start::default()).err().unwrap();
    assert_eq!(other.code, Some(1), "{other:?}");
    assert!(other.said.contains("the secret is not the one"), "{other:?}");

    fs::write(&file, "too short").unwrap();
    let short = Running::try_start(&folder, &Start::default()).err().unwrap();
    assert_eq!(short.code, Some(1), "{short:?}");
    assert!(short.said.contains("64 hexadecimal digits"), "{short:?}");

    for with_log in [true, false] {
        fs::remove_file(&file).unwrap();
        if !with_log {
            fs::rename(folder.join("log"), place.path().join("log")).unwrap();
        }
        let missing = Running::try_start(&folder, &Start::default()).err().unwrap();
        assert_eq!(missing.code, Some(1), "{missing:?}");
        assert!(missing.said.contains("put it back from the backup"), "{missing:?}");
        assert!(
            !file.try_exists().unwrap(),
            "a new secret must not stand where the old one has to go"
        );
        fs::write(&file, &secret).unwrap();
    }
    fs::rename(place.path().join("log"), folder.join("log")).unwrap();
    let running = Running::start(&folder);
    memory.holds(&running.channel().await).await.unwrap();
    drop(running);
    verify_clean(&folder);
}
