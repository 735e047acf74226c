//! Somebody removes files under a running service, or kills a command that works on them. Nothing is acknowledged that could not be
//! read again, and what can be told at once is told at once.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use tonic_types::StatusExt as _;

use super::{
    feed::{Dice, Parcel, seed},
    folder::{Ending, copy, filled, segment},
    memory::Memory,
    running::{Running, Start, check, equity, kill, verify_clean},
};

/// Sends one; why it was not stored, if it was not.
async fn send(running: &Running, memory: &mut Memory, dice: &mut Dice) -> Result<(), String> {
    let parcel = Parcel::new(dice, 20);
    memory.sent(&parcel);
    match parcel.send(&running.channel().await).await {
        Ok((answer, _)) => {
            memory.told(&parcel, answer);
            Ok(())
        }
        Err(status) => Err(status.get_details_error_info().unwrap().reason),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_is_taken_away_stops_writing_at_once() {
    let (mut dice, place) = (Dice::new(seed()), tempfile::tempdir().unwrap());
    for what in ["moved", "removed"] {
        let folder = place.path().join(what);
        let mut memory = filled(&folder, &mut dice, Ending::Stopped).await;
        let running = Running::start(&folder);
        assert_eq!(send(&running, &mut memory, &mut dice).await, Ok(()));
        let (file, aside) = (segment(&folder), place.path().join(format!("{what}.seg")));
        if what == "moved" {
            fs::rename(&file, &aside).unwrap();
        } else {
            fs::remove_file(&file).unwrap();
        }
        for _ in 0..2 {
            let heard = send(&running, &mut memory, &mut dice).await;
            assert_eq!(heard, Err("WRITING_STOPPED".to_owned()), "{what}");
        }
        let said = running.said();
        assert!(said.contains("ERROR") && said.contains("another program has removed"), "{said}");
        memory.still_holds(&running.channel().await).await.unwrap();
        assert_eq!(running.terminate().0, Some(0));
        if what == "moved" {
            fs::rename(&aside, &file).unwrap();
            let running = Running::start(&folder);
            memory.holds(&running.channel().await).await.unwrap();
            assert_eq!(send(&running, &mut memory, &mut dice).await, Ok(()));
            drop(running);
            verify_clean(&folder);
        } else {
            let running = Running::start(&folder);
            assert!(running.said().contains("are lost or cannot be read"), "{}", running.said());
            memory.holds(&running.channel().await).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_witness_that_is_taken_away_comes_back() {
    let (mut dice, place) = (Dice::new(seed()), tempfile::tempdir().unwrap());
    let folder = place.path().join("data");
    let witness = folder.join("secret.key.witness");
    let mut memory = Memory::default();
    let running = Running::start(&folder);
    assert_eq!(send(&running, &mut memory, &mut dice).await, Ok(()));
    // The last change is seen before it is removed, so that no change brings it back.
    tokio::time::sleep(Duration::from_secs(5)).await;
    fs::remove_file(&witness).unwrap();
    let begin = Instant::now();
    while !witness.try_exists().unwrap() {
        assert!(begin.elapsed() < Duration::from_secs(30), "nobody looks after it");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    fs::remove_file(&witness).unwrap();
    assert_eq!(running.terminate().0, Some(0));
    for lost in ["log", "sled"] {
        fs::remove_dir_all(folder.join(lost)).unwrap();
    }
    let running = Running::start(&folder);
    assert_eq!(
        send(&running, &mut memory, &mut dice).await,
        Err("WRITING_STOPPED".to_owned()),
        "{}",
        running.said()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_whose_lock_is_taken_away_still_has_one_service() {
    let (mut dice, place) = (Dice::new(seed()), tempfile::tempdir().unwrap());
    let folder = place.path().join("data");
    let mut memory = Memory::default();
    let running = Running::start(&folder);
    assert_eq!(send(&running, &mut memory, &mut dice).await, Ok(()));
    fs::remove_file(folder.join("lock")).unwrap();
    fs::remove_dir_all(folder.join("sled")).unwrap();
    let second = Running::try_start(&folder, &Start::default()).err().unwrap();
    assert!(second.said.contains("in use by another process"), "{second:?}");
    for command in ["verify", "rebuild"] {
        let ended = check(command, &folder);
        assert_eq!(ended.code, Some(1), "{command}: {ended:?}");
        assert!(ended.remarks.contains("in use by another process"), "{command}: {ended:?}");
    }
    memory.still_holds(&running.channel().await).await.unwrap();
    running.kill();
    let running = Running::start(&folder);
    memory.holds(&running.channel().await).await.unwrap();
    assert_eq!(send(&running, &mut memory, &mut dice).await, Ok(()));
    drop(running);
    verify_clean(&folder);
}

/// Runs a command on a folder, kills it after so many milliseconds.
fn killed(command: &[&str], folder: &Path, millis: u64) {
    let mut child = equity();
    child.args(command).arg("--data-folder").arg(folder);
    let output = fs::File::create(folder.with_extension("out")).unwrap();
    let mut child = child.stdout(output.try_clone().unwrap()).stderr(output).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(millis));
    kill(&mut child);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_that_is_killed_harms_nothing() {
    let (mut dice, place) = (Dice::new(seed()), tempfile::tempdir().unwrap());
    let whole = place.path().join("whole");
    let mut memory = filled(&whole, &mut dice, Ending::Killed).await;
    let commands: [&[&str]; 4] = [&["rebuild"], &["verify"], &["serve", "--check"], &["rebuild"]];
    for (number, command) in commands.into_iter().cycle().take(16).enumerate() {
        let folder = place.path().join(format!("data-{number}"));
        copy(&whole, &folder);
        let millis = dice.below(900);
        killed(command, &folder, millis);
        println!("{command:?} killed after {millis} ms");
        let running = Running::start(&folder);
        memory.holds(&running.channel().await).await.unwrap();
        assert_eq!(send(&running, &mut Memory::default(), &mut dice).await, Ok(()), "{command:?}");
        assert_eq!(running.terminate().0, Some(0));
        verify_clean(&folder);
        assert!(!folder.join("verify").try_exists().unwrap(), "{command:?}: nothing stays");
        fs::remove_dir_all(folder).unwrap();
    }
}
