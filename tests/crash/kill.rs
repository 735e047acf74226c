//! SIGKILL at any moment, and what is there afterwards.

use std::{
    ops::Range,
    path::Path,
    sync::{Arc, Mutex, mpsc},
    time::{Duration, Instant},
};

use super::{
    feed::{Dice, Parcel, seed},
    load::Load,
    memory::Memory,
    running::{Running, Start, check, kill, spawn, verify_clean},
};

pub(super) fn rounds() -> u64 {
    let rounds = std::env::var("EQUITY_CRASH_ROUNDS").ok().and_then(|rounds| rounds.parse().ok());
    rounds.unwrap_or(20)
}

fn take<T: Default>(memory: &Arc<Mutex<T>>) -> T {
    std::mem::take(&mut *memory.lock().unwrap())
}

/// One start, load until a random moment, SIGKILL. What was known before has to hold at the start.
async fn round(folder: &Path, memory: &Arc<Mutex<Memory>>, dice: &mut Dice) {
    let running = Running::start(folder);
    let channel = running.channel().await;
    let mut known = take(memory);
    known.still_holds(&channel).await.unwrap();
    known.send_again(&channel).await;
    *memory.lock().unwrap() = known;
    let load = Load::start(&channel, memory, dice);
    tokio::time::sleep(Duration::from_millis(30 + dice.below(600))).await;
    running.kill();
    load.end().await;
    // What a kill leaves about once in 400 times: a snapshot that sled had begun to write. It must condemn nothing.
    std::fs::write(folder.join("sled/snap.FFFFFFFFFFFFFFFF.generating"), b"half").unwrap();
}

/// No start of these rounds took sled for damaged.
fn nothing_was_set_aside(folder: &Path) {
    assert!(!folder.join("sled-damaged-1").try_exists().unwrap(), "sled was condemned");
}

async fn holds(folder: &Path, memory: &Arc<Mutex<Memory>>) {
    let running = Running::start(folder);
    take(memory).holds(&running.channel().await).await.unwrap();
    drop(running);
    verify_clean(folder);
    nothing_was_set_aside(folder);
}

/// Most rounds of one folder. Every round reads what all rounds before it left there, so many rounds take one folder after another.
const LIFE: u64 = 50;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_kill() {
    let (mut dice, rounds, begin) = (Dice::new(seed()), rounds(), Instant::now());
    let mut acknowledged = 0;
    for first in (0..rounds).step_by(usize::try_from(LIFE).unwrap()) {
        let life = first..rounds.min(first + LIFE);
        let until = life.end;
        acknowledged += live(life, &mut dice).await;
        println!("{until} rounds, {acknowledged} submissions acknowledged, {:?}", begin.elapsed());
    }
    assert!(acknowledged as u64 > rounds, "the load was none");
}

/// Some rounds: one folder grows old, others begin. How many submissions were acknowledged in the old one. Nothing stays on the disk.
async fn live(rounds: Range<u64>, dice: &mut Dice) -> usize {
    let (place, old) = (tempfile::tempdir().unwrap(), Arc::new(Mutex::new(Memory::default())));
    let old_folder = place.path().join("old");
    for number in rounds {
        if number % 4 != 3 {
            round(&old_folder, &old, dice).await;
            continue;
        }
        let folder = place.path().join(format!("new-{number}"));
        let memory = Arc::new(Mutex::new(Memory::default()));
        round(&folder, &memory, dice).await;
        holds(&folder, &memory).await;
        std::fs::remove_dir_all(folder).unwrap();
    }
    let acknowledged = old.lock().unwrap().acknowledged();
    holds(&old_folder, &old).await;
    acknowledged
}

/// When a service that takes in a large submission is killed, once every row has arrived.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// So many milliseconds later, whatever it does then.
    After(u64),
    /// So many milliseconds after the log begins to grow: during the append, its fsync, or the applying of it.
    Writing(u64),
}

fn log_bytes(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder.join("log")).unwrap();
    files.map(|file| file.unwrap().metadata().unwrap().len()).sum()
}

/// A submission of many chunks: before, in the middle of, and after the writing of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_submission_is_whole_or_absent() {
    let (mut dice, place) = (Dice::new(seed()), tempfile::tempdir().unwrap());
    let folder = place.path().join("data");
    let mut memory = Memory::default();
    let large = [(200_000, Moment::Writing(2)), (40_000, Moment::After(200))];
    let small = [0, 5, 20, 60, 150, 400].map(|millis| (40_000, Moment::Writing(millis)));
    for (rows, moment) in large.into_iter().chain(small) {
        let parcel = Parcel::new(&mut dice, rows);
        memory.sent(&parcel);
        let running = Running::start(&folder);
        let channel = running.channel().await;
        memory.still_holds(&channel).await.unwrap();
        let before = log_bytes(&folder);
        let (sent, all_sent) = mpsc::channel();
        let sending = {
            let (parcel, channel) = (parcel.clone(), channel.clone());
            tokio::spawn(async move {
                parcel.send_and(&channel, move || sent.send(()).unwrap_or_default()).await
            })
        };
        tokio::task::spawn_blocking(move || all_sent.recv()).await.unwrap().unwrap();
        let millis = match moment {
            Moment::After(millis) => millis,
            Moment::Writing(millis) => {
                while log_bytes(&folder) == before {
                    tokio::time::sleep(Duration::from_micros(200)).await;
                }
                millis
            }
        };
        tokio::time::sleep(Duration::from_millis(millis)).await;
        running.kill();
        let answer = sending.await.unwrap();
        println!("{rows} rows, {moment:?}: {}", if answer.is_ok() { "told" } else { "not told" });
        if let Ok((answer, _)) = answer {
            memory.told(&parcel, answer);
        }
    }
    let running = Running::start(&folder);
    let channel = running.channel().await;
    memory.holds(&channel).await.unwrap();
    memory.send_again(&channel).await;
    memory.holds(&channel).await.unwrap();
    drop(running);
    verify_clean(&folder);
}

/// The service is killed while it makes the store anew from the log, again and again, and while it is beaten down.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_starting() {
    let (mut dice, place) = (Dice::new(seed()), tempfile::tempdir().unwrap());
    let folder = place.path().join("data");
    let mut memory = Memory::default();
    {
        let running = Running::start(&folder);
        let channel = running.channel().await;
        for rows in [100, 50_000, 10, 3_000, 1, 500] {
            let parcel = Parcel::new(&mut dice, rows);
            memory.sent(&parcel);
            memory.told(&parcel, parcel.send(&channel).await.unwrap().0);
        }
        running.kill();
    }
    for number in 0..12 {
        if number % 4 == 0 {
            std::fs::remove_dir_all(folder.join("sled")).unwrap_or_default();
        }
        let (mut child, _) = spawn(&folder, &Start::default());
        tokio::time::sleep(Duration::from_millis(100 + dice.below(900))).await;
        kill(&mut child);
    }
    let running = Running::start(&folder);
    memory.holds(&running.channel().await).await.unwrap();
    drop(running);
    verify_clean(&folder);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_under_load_is_bounded_and_loses_nothing() {
    let (mut dice, place) = (Dice::new(seed()), tempfile::tempdir().unwrap());
    let folder = place.path().join("data");
    let memory = Arc::new(Mutex::new(Memory::default()));
    let start = Start { settings: &[("EQUITY_LIMITS_DRAIN", "2s")], ..Start::default() };
    let running = Running::try_start(&folder, &start).unwrap();
    let channel = running.channel().await;
    let load = Load::start(&channel, &memory, &mut dice);
    tokio::time::sleep(Duration::from_millis(800)).await;
    let stopped = tokio::task::spawn_blocking(move || running.terminate()).await.unwrap();
    load.end().await;
    assert_eq!(stopped.0, Some(0));
    assert!(stopped.1 < Duration::from_secs(15), "stopping took {:?}", stopped.1);
    assert!(memory.lock().unwrap().acknowledged() > 0);
    holds(&folder, &memory).await;
}

#[test]
fn one_process_for_a_folder() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("data");
    let running = Running::start(&folder);
    let second = Running::try_start(&folder, &Start::default()).err().unwrap();
    assert_eq!(second.code, Some(1), "{second:?}");
    assert!(second.said.contains("in use by another process"), "{second:?}");
    for what in ["verify", "rebuild"] {
        let ended = check(what, &folder);
        assert_eq!(ended.code, Some(1), "{what} {ended:?}");
        assert!(ended.remarks.contains("in use by another process"), "{what} {ended:?}");
    }
    // Not even when somebody has taken the store away under the first one.
    std::fs::rename(folder.join("sled"), place.path().join("sled")).unwrap();
    let third = Running::try_start(&folder, &Start::default()).err();
    assert!(third.is_some_and(|third| third.said.contains("in use by another process")));
    std::fs::rename(place.path().join("sled"), folder.join("sled")).unwrap();
    drop(running);
    verify_clean(&folder);
}
