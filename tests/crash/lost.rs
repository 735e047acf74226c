//! What an operator decides about a loss: to go on without what is lost, once. And losses that the log cannot tell of itself: a log of
//! another folder, a store of another log.

use std::{fs, path::Path};

use tonic_types::StatusExt as _;

use super::{
    faults::{EACCES, Rules},
    feed::{Dice, Parcel, seed},
    folder::{Ending, content, copy, entries, filled, segment},
    memory::{Memory, list},
    running::{Running, Start, check, equity, verify_clean},
    shim::build_faults,
};

/// Why the caller's change was not stored; none: it was.
pub(super) async fn refusal(running: &Running, dice: &mut Dice) -> Option<String> {
    let refused = Parcel::new(dice, 5).send(&running.channel().await).await.err()?;
    Some(refused.get_details_error_info().unwrap().reason)
}

/// The position that `--accept-loss` is to have, as the log of the service says.
pub(super) fn offered(said: &str) -> String {
    let (_, after) = said.rsplit_once("--accept-loss ").unwrap_or_else(|| panic!("{said}"));
    after.chars().take_while(char::is_ascii_digit).collect()
}

/// Submissions of the memory that are there.
async fn there(running: &Running) -> usize {
    list(&running.channel().await).await.unwrap().len()
}

/// Goes on without what is lost.
pub(super) async fn accepted(folder: &Path, position: &str, dice: &mut Dice) {
    let wrong = position.parse::<u64>().unwrap() + 1;
    let options = ["--accept-loss", &wrong.to_string()];
    let start = Start { options: &options, ..Start::default() };
    let refused = Running::try_start(folder, &start).err().unwrap();
    assert!(refused.said.contains("is not the loss that there is"), "{refused:?}");
    assert_eq!(refused.code, Some(1));

    let before = content(folder);
    for (position, code) in [(wrong.to_string(), 1), (position.to_owned(), 0)] {
        let mut check = equity();
        check.args(["serve", "--check", "--accept-loss", &position, "--data-folder"]).arg(folder);
        let checked = check.output().unwrap();
        let said = String::from_utf8_lossy(&checked.stderr);
        assert_eq!(checked.status.code(), Some(code), "--accept-loss {position}: {said}");
        assert_eq!(said.contains("is not the loss that there is"), code == 1, "{said}");
        assert!(!said.contains("would only read"), "{said}");
    }
    assert_eq!(content(folder), before, "--check wrote");

    let options = ["--accept-loss", position];
    let start = Start { options: &options, ..Start::default() };
    let running = Running::try_start(folder, &start).unwrap();
    assert_eq!(refusal(&running, dice).await, None, "{}", running.said());
    assert!(running.serves("equity.v1.SubmissionService").await, "{}", running.said());
    assert_eq!(running.terminate().0, Some(0));
    // The option that was left in the command does no harm, and the loss is told no more.
    let running = Running::try_start(folder, &start).unwrap();
    assert!(running.said().contains("nothing is lost"), "{}", running.said());
    assert_eq!(refusal(&running, dice).await, None);
    drop(running);
    verify_clean(folder);
}

/// The witness beside the secret, outside the data folder, as an operator has it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_folder_beside_an_old_secret_is_told() {
    let (mut dice, place) = (Dice::new(seed()), tempfile::tempdir().unwrap());
    let (folder, secret) = (place.path().join("data"), place.path().join("secret.key"));
    let settings = [("EQUITY_SECRET_FILE", secret.to_str().unwrap())];
    let start = Start { settings: &settings, ..Start::default() };
    let running = Running::try_start(&folder, &start).unwrap();
    for _ in 0..3 {
        assert_eq!(refusal(&running, &mut dice).await, None);
    }
    assert_eq!(running.terminate().0, Some(0));
    assert!(place.path().join("secret.key.witness").try_exists().unwrap());
    fs::rename(&folder, place.path().join("kept")).unwrap();
    let running = Running::try_start(&folder, &start).unwrap();
    assert_eq!(refusal(&running, &mut dice).await.as_deref(), Some("WRITING_STOPPED"));
    let said = running.said();
    // All of them, and how many these are.
    let (_, lost) = said.rsplit_once("are lost or cannot be read: ").expect(&said);
    let (count, after) = lost.split_once(", from 1 to ").expect(&said);
    assert!(
        count.parse::<u64>().unwrap() > 3 && after.starts_with(&format!("{count}. ")),
        "{said}"
    );
    assert_eq!(offered(&said), "0");
    running.kill();
    // Another log in its place is not believed either.
    let options = ["--accept-loss", "0"];
    let accepting = Start { options: &options, ..start.clone() };
    let running = Running::try_start(&folder, &accepting).unwrap();
    assert_eq!(refusal(&running, &mut dice).await, None, "{}", running.said());
    assert_eq!(running.terminate().0, Some(0));
    fs::remove_dir_all(&folder).unwrap();
    fs::rename(place.path().join("kept"), &folder).unwrap();
    let running = Running::try_start(&folder, &start).unwrap();
    assert_eq!(refusal(&running, &mut dice).await.as_deref(), Some("WRITING_STOPPED"));
    assert!(running.said().contains("has seen another log"), "{}", running.said());
    assert_eq!(there(&running).await, 3, "reading goes on");
}

/// The store of another folder with the same secret: nothing of it is shown, and nothing of the log is hidden.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_of_another_history_is_not_believed() {
    let (mut dice, place) = (Dice::new(seed()), tempfile::tempdir().unwrap());
    let whole = place.path().join("whole");
    let mut memory = filled(&whole, &mut dice, Ending::Stopped).await;
    // The same beginning, and then other submissions: fewer, as many, and more than here.
    for more in [2, 5, 9] {
        let (own, other) =
            (place.path().join(format!("own-{more}")), place.path().join(format!("other-{more}")));
        copy(&whole, &own);
        copy(&whole, &other);
        let mut here = Memory::default();
        for (folder, count) in [(&own, 5), (&other, more)] {
            let running = Running::start(folder);
            let channel = running.channel().await;
            for _ in 0..count {
                let parcel = Parcel::new(&mut dice, 20);
                let (answer, _) = parcel.send(&channel).await.unwrap();
                if folder == &own {
                    here.sent(&parcel);
                    here.told(&parcel, answer);
                }
            }
            assert_eq!(running.terminate().0, Some(0));
        }
        fs::remove_dir_all(own.join("sled")).unwrap();
        copy(&other.join("sled"), &own.join("sled"));
        let running = Running::start(&own);
        let said = running.said();
        if more <= 5 {
            let found = list(&running.channel().await).await.unwrap();
            assert_eq!(found.len(), memory.acknowledged() + here.acknowledged());
            assert!(said.contains("the store is of another log"), "{said}");
            assert_eq!(refusal(&running, &mut dice).await, None);
        } else {
            // It has more than the log: the log may have lost its end, so nothing is written.
            assert_eq!(refusal(&running, &mut dice).await.as_deref(), Some("WRITING_STOPPED"));
            assert!(said.contains("are lost or cannot be read"), "{said}");
        }
        drop(running);
    }
    // Another folder of the same secret altogether, with more entries than here.
    let (own, other) = (place.path().join("own"), place.path().join("other"));
    copy(&whole, &own);
    fs::create_dir(&other).unwrap();
    fs::copy(whole.join("secret.key"), other.join("secret.key")).unwrap();
    let running = Running::start(&other);
    for _ in 0..12 {
        Parcel::new(&mut dice, 3).send(&running.channel().await).await.unwrap();
    }
    assert_eq!(running.terminate().0, Some(0));
    fs::remove_dir_all(own.join("sled")).unwrap();
    copy(&other.join("sled"), &own.join("sled"));
    let rebuilt = place.path().join("rebuilt");
    copy(&own, &rebuilt);
    let ended = check("rebuild", &rebuilt);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(rebuilt.join("sled-damaged-1").try_exists().unwrap(), "it may be the only copy");
    verify_clean(&rebuilt);
    let running = Running::start(&own);
    memory.holds(&running.channel().await).await.unwrap();
    assert!(running.said().contains("the store is of another log"), "{}", running.said());
    assert!(own.join("sled-damaged-1").try_exists().unwrap(), "it is kept");
    assert_eq!(refusal(&running, &mut dice).await, None, "nothing of this log is missing");
    drop(running);
    verify_clean(&own);
}

/// An option that was left in the command gives nothing up: a store of another log is made anew as without it, and a log or store that
/// this user may not read is no loss.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_option_that_was_left_gives_nothing_up() {
    let (mut dice, place) = (Dice::new(seed()), tempfile::tempdir().unwrap());
    let (whole, other) = (place.path().join("whole"), place.path().join("other"));
    let mut memory = filled(&whole, &mut dice, Ending::Stopped).await;
    let tail = entries(&segment(&whole)).len();
    fs::create_dir(&other).unwrap();
    fs::copy(whole.join("secret.key"), other.join("secret.key")).unwrap();
    let running = Running::start(&other);
    for _ in 0..12 {
        Parcel::new(&mut dice, 3).send(&running.channel().await).await.unwrap();
    }
    assert_eq!(running.terminate().0, Some(0));
    // Before the end of the log, at it, and at that of the other store.
    for accept in [0, 3, tail, tail + 20] {
        let own = place.path().join(format!("own-{accept}"));
        copy(&whole, &own);
        fs::remove_dir_all(own.join("sled")).unwrap();
        copy(&other.join("sled"), &own.join("sled"));
        let options = ["--accept-loss", &accept.to_string()];
        let start = Start { options: &options, ..Start::default() };
        let running = Running::try_start(&own, &start).unwrap();
        memory.holds(&running.channel().await).await.unwrap();
        let said = running.said();
        for part in ["the store is of another log", "nothing is lost"] {
            assert!(said.contains(part), "--accept-loss {accept}: {part:?} is not in {said}");
        }
        assert!(!own.join("log-lost-1").try_exists().unwrap(), "--accept-loss {accept}");
        drop(running);
        verify_clean(&own);
    }

    let own = place.path().join("denied");
    copy(&whole, &own);
    let rules = Rules::new(&own);
    let before = content(&own.join("log"));
    let accept = tail.to_string();
    for denied in ["/denied/log/", "/denied/sled/"] {
        rules.set(&format!("open {EACCES} {denied} 0 -1"));
        for options in [[].as_slice(), ["--accept-loss", &accept].as_slice()] {
            let start = Start { options, ..rules.start() };
            let earlier = fs::read(own.with_extension("log")).unwrap_or_default().len();
            let ended = Running::try_start(&own, &start).err().unwrap();
            let (code, said) = (ended.code, &ended.said[earlier..]);
            let what = format!("{denied} {options:?}: {code:?} {said}");
            assert_eq!(code, Some(1), "{what}");
            assert!(said.contains("Permission denied") && !said.contains("panicked"), "{what}");
            assert_eq!(content(&own.join("log")), before, "{what}");
            for made in ["log-lost-1", "sled-damaged-1"] {
                assert!(!own.join(made).try_exists().unwrap(), "{what}");
            }
        }
    }
    rules.set(&format!("open {EACCES} /denied/log/ 0 -1"));
    let mut check = equity();
    check.args(["serve", "--check", "--data-folder"]).arg(&own);
    check.env("LD_PRELOAD", build_faults()).env("EQUITY_FAULTS", rules.start().faults.unwrap());
    let checked = check.output().unwrap();
    let said = String::from_utf8_lossy(&checked.stderr);
    assert_eq!(checked.status.code(), Some(1), "{said}");
    assert!(said.contains("Permission denied"), "{said}");
    assert_eq!(content(&own.join("log")), before);
    rules.set("");
    let options = ["--accept-loss", &accept];
    let running = Running::try_start(&own, &Start { options: &options, ..rules.start() }).unwrap();
    memory.holds(&running.channel().await).await.unwrap();
    assert_eq!(refusal(&running, &mut dice).await, None);
    drop(running);
    verify_clean(&own);
}
