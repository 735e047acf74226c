//! A full disk: a small file system of its own, filled to the last byte and emptied again.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use tonic::transport::Channel;
use tonic_types::StatusExt as _;

use super::{
    child,
    feed::{Dice, Parcel, seed},
    folder::content,
    load::Load,
    memory::{Memory, counts},
    running::{Running, Start, check_with, equity, verify_clean_in},
};

/// Where the small file system goes, if this process is the one that has it.
const PLACE: &str = "EQUITY_TEST_FULL_DISK";

/// Size of the small file system: what the service sets aside, about 60 MiB at most under this load, and what the callers of a
/// fast build send in all rounds before the rest is filled. On a smaller one they fill the disk themselves.
const SIZE: &str = "size=512m,mode=700";

/// Runs a test of this file in a process with mounts of its own, and there on a small file system.
fn on_a_small_disk(test: &str) -> Option<PathBuf> {
    if let Ok(place) = std::env::var(PLACE) {
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", SIZE, "tmpfs", &place]).status();
        assert!(
            mounted.is_ok_and(|status| status.success()),
            "this test needs a small file system: `mount -t tmpfs` has to work, as root or under `unshare -Urm`"
        );
        return Some(place.into());
    }
    let place = tempfile::tempdir().unwrap();
    let test = child(test);
    let root = is_root();
    let output = Command::new("unshare")
        .arg(if root { "-m" } else { "-Urm" })
        .arg(test.get_program())
        .args(test.get_args())
        .env(PLACE, place.path())
        .output()
        .expect("this test needs `unshare` of util-linux, to mount a small file system");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{text}{}\nthis test needs `unshare {}` and `mount -t tmpfs` to work: run it as root, or allow user namespaces",
        String::from_utf8_lossy(&output.stderr),
        if root { "-m" } else { "-Urm" },
    );
    assert!(text.contains("1 passed"), "the child has to have run: {text}");
    println!("{text}");
    None
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    String::from_utf8_lossy(&id.stdout).trim() == "0"
}

/// Fills the disk to the last byte.
fn fill(place: &Path) -> PathBuf {
    fill_with(place.join("ballast"))
}

/// The same with a file of this name.
fn fill_with(ballast: PathBuf) -> PathBuf {
    let mut file = File::create(&ballast).unwrap();
    for bytes in [1 << 20, 1 << 12, 1] {
        let block = vec![7; bytes];
        while file.write_all(&block).is_ok() {}
    }
    ballast
}

/// What a caller hears while the disk is full: storage full, or that writing has stopped.
async fn heard(channel: &Channel, memory: &mut Memory, dice: &mut Dice) -> String {
    let parcel = Parcel::new(dice, 400);
    memory.sent(&parcel);
    match parcel.send(channel).await {
        Ok((answer, _)) => {
            memory.told(&parcel, answer);
            "stored".to_owned()
        }
        Err(status) => {
            let reason = status.get_details_error_info().map_or(String::new(), |info| info.reason);
            format!("{:?} {reason}", status.code())
        }
    }
}

async fn one_answer(channel: &Channel, memory: &Mutex<Memory>, dice: &mut Dice) {
    let (parcel, told) = loop {
        let any = memory.lock().unwrap().any(dice);
        if let Some((parcel, Some(told))) = any {
            break (parcel, told);
        }
    };
    let answer = counts(channel, parcel.organisation, parcel.month, Some(told.position)).await;
    assert_eq!(answer.unwrap(), parcel.counts(), "reading goes on");
}

/// Rounds of load, a disk that fills at any moment, and one that is emptied again; without a restart.
async fn rounds(place: &Path, min_free: &str, count: u32) {
    let (mut dice, folder) = (Dice::new(seed()), place.join("data"));
    let memory = Arc::new(Mutex::new(Memory::default()));
    let start =
        Start { settings: &[("EQUITY_LIMITS_MIN_FREE_DISK_BYTES", min_free)], ..Start::default() };
    let mut running = Running::try_start(&folder, &start).unwrap();
    for round in 0..count {
        let channel = running.channel().await;
        let load = Load::start(&channel, &memory, &mut dice);
        tokio::time::sleep(Duration::from_millis(100 + dice.below(900))).await;
        // On a busy machine the first acknowledgement may take longer; without one there is nothing to ask for.
        let begin = Instant::now();
        while memory.lock().unwrap().acknowledged() == 0 {
            assert!(begin.elapsed() < Duration::from_secs(60), "{}", running.said());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let ballast = fill(place);
        println!("round {round}: full");
        // The store hands its memory to the disk when it is quiet for a second: that meets the full disk too.
        tokio::time::sleep(Duration::from_millis(500 + dice.below(2_500))).await;
        let mut known = Memory::default();
        let refusal = heard(&channel, &mut known, &mut dice).await;
        assert_eq!(refusal, "ResourceExhausted STORAGE_FULL", "{}", running.said());
        one_answer(&channel, &memory, &mut dice).await;
        fs::remove_file(ballast).unwrap();
        let begin = Instant::now();
        while heard(&channel, &mut known, &mut dice).await != "stored" {
            assert!(begin.elapsed() < Duration::from_secs(30), "{}", running.said());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        memory.lock().unwrap().merge(known);
        // Every other time it dies right then.
        if round % 2 == 1 {
            running.kill();
            load.end().await;
            running = Running::try_start(&folder, &start).unwrap();
            let mut known = std::mem::take(&mut *memory.lock().unwrap());
            known.still_holds(&running.channel().await).await.unwrap();
            *memory.lock().unwrap() = known;
        } else {
            load.stop().await;
        }
    }
    let mut known = std::mem::take(&mut *memory.lock().unwrap());
    known.holds(&running.channel().await).await.unwrap();
    known.send_again(&running.channel().await).await;
    running.kill();
    let running = Running::try_start(&folder, &start).unwrap();
    known.holds(&running.channel().await).await.unwrap();
    drop(running);
    // As an operator would where the disk of the data has no room for a second store.
    let roomy = tempfile::tempdir().unwrap();
    verify_clean_in(&folder, roomy.path());
    let audited = check_with(&["audit".as_ref(), "verify".as_ref()], &folder);
    assert_eq!(audited.code, Some(0), "{audited:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_while_full_and_goes_on_after() {
    let test = concat!(module_path!(), "::refused_while_full_and_goes_on_after");
    if let Some(place) = on_a_small_disk(test) {
        rounds(&place, "4194304", 4).await;
    }
}

/// Nothing kept free: the log and sled themselves meet the end of the disk.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_byte_is_used() {
    let test = concat!(module_path!(), "::the_last_byte_is_used");
    if let Some(place) = on_a_small_disk(test) {
        rounds(&place, "0", 4).await;
    }
}

/// A service that finds the disk full when it starts answers; the store is not taken for damaged, also if a kill has left a snapshot of
/// sled half-made: on a full disk a store cannot be made anew.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn started_on_a_full_disk() {
    let test = concat!(module_path!(), "::started_on_a_full_disk");
    let Some(place) = on_a_small_disk(test) else { return };
    let (mut dice, folder) = (Dice::new(seed()), place.join("data"));
    let mut memory = Memory::default();
    let start =
        Start { settings: &[("EQUITY_LIMITS_MIN_FREE_DISK_BYTES", "4194304")], ..Start::default() };
    for (killed, bytes_left) in [(false, false), (true, false), (true, true)] {
        let running = Running::try_start(&folder, &start).unwrap();
        let channel = running.channel().await;
        let begin = Instant::now();
        while heard(&channel, &mut memory, &mut dice).await != "stored" {
            assert!(begin.elapsed() < Duration::from_secs(60), "{}", running.said());
        }
        let said = running.said().len();
        let half_made = folder.join("sled/snap.FFFFFFFFFFFFFFFF.generating");
        if killed {
            running.kill();
            // As large as it may have become, and empty: the disk was full already when it was begun.
            let content = vec![7; if bytes_left { 1 << 20 } else { 0 }];
            fs::write(&half_made, content).unwrap();
        } else {
            assert_eq!(running.terminate().0, Some(0));
        }
        let ballast = fill(&place);
        let full = Running::try_start(&folder, &Start::default());
        assert!(!folder.join("sled-damaged-1").try_exists().unwrap(), "taken for damaged");
        let full = full.expect("the reserve is what it is opened with");
        assert!(!half_made.try_exists().unwrap(), "half-made, and not removed: {}", full.said());
        let now = full.said_since(said);
        assert!(!killed || now.contains("had left half-made"), "{now}");
        let channel = full.channel().await;
        memory.holds(&channel).await.unwrap();
        // What the removed file frees is taken again: the disk stays full.
        let more = fill_with(place.join("more"));
        let heard = heard(&channel, &mut memory, &mut dice).await;
        assert_eq!(heard, "ResourceExhausted STORAGE_FULL");
        drop(full);
        fs::remove_file(ballast).unwrap();
        fs::remove_file(more).unwrap();
        let running = Running::try_start(&folder, &start).unwrap();
        memory.holds(&running.channel().await).await.unwrap();
    }
}

/// Verifying only reads: on a full disk, and on one that cannot be written at all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn verified_where_nothing_can_be_written() {
    let test = concat!(module_path!(), "::verified_where_nothing_can_be_written");
    let Some(place) = on_a_small_disk(test) else { return };
    let (mut dice, folder) = (Dice::new(seed()), place.join("data"));
    let mut memory = Memory::default();
    let start =
        Start { settings: &[("EQUITY_LIMITS_MIN_FREE_DISK_BYTES", "4194304")], ..Start::default() };
    let running = Running::try_start(&folder, &start).unwrap();
    for _ in 0..3 {
        assert_eq!(heard(&running.channel().await, &mut memory, &mut dice).await, "stored");
    }
    running.kill();
    let verify = || {
        let output =
            equity().args(["verify", "--format", "json", "--data-folder"]).arg(&folder).output();
        let output = output.unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["submissions"], 3, "{report}");
        assert!(report["differences"].as_array().unwrap().is_empty(), "{report}");
    };
    let before = content(&folder);
    let ballast = fill(&place);
    verify();
    assert_eq!(content(&folder), before, "it was written");
    fs::remove_file(ballast).unwrap();
    let read_only = Command::new("mount").args(["-o", "remount,ro"]).arg(&place).status();
    assert!(read_only.is_ok_and(|status| status.success()), "`mount -o remount,ro` has to work");
    verify();
    assert_eq!(content(&folder), before);
}
