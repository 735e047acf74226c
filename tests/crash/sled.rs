//! A sled that lies: deleted, cut short, bits flipped. Everything comes back from the log.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{
    feed::{Dice, seed},
    folder::{Ending, copy, damage, files, filled},
    memory::Memory,
    running::{Running, Start, verify_clean},
};

/// Places of each run.
fn flips() -> u64 {
    let flips = std::env::var("EQUITY_CRASH_FLIPS").ok().and_then(|flips| flips.parse().ok());
    flips.unwrap_or(64)
}

/// Starts on a damaged folder: answers are the same, and if the damage was seen, the damaged rows are set aside and said to
/// be. Returns whether it was.
async fn comes_back(folder: &Path, memory: &mut Memory, what: &str) -> bool {
    let running = Running::try_start(folder, &Start::default());
    let running = running.unwrap_or_else(|error| panic!("{what}: {error:?}"));
    let holds = memory.holds(&running.channel().await).await;
    holds.unwrap_or_else(|error| panic!("{what}: {error}"));
    let aside = folder.join("sled-damaged-1");
    let (seen, said) = (aside.try_exists().unwrap(), running.said());
    assert_eq!(seen, said.contains("the store is damaged"), "{what}: {said}");
    assert_eq!(seen, said.contains(&aside.display().to_string()), "{what}: {said}");
    running.kill();
    seen
}

/// The whole folder, made once for all cases, and what its callers know.
async fn whole(place: &Path, ending: Ending) -> (PathBuf, Memory, Dice) {
    let mut dice = Dice::new(seed());
    let whole = place.join("whole");
    let memory = filled(&whole, &mut dice, ending).await;
    (whole, memory, dice)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deleted_or_cut_short() {
    let place = tempfile::tempdir().unwrap();
    let (whole, mut memory, mut dice) = whole(place.path(), Ending::Stopped).await;
    let folder = place.path().join("deleted");
    copy(&whole, &folder);
    fs::remove_dir_all(folder.join("sled")).unwrap();
    assert!(!comes_back(&folder, &mut memory, "deleted").await, "nothing was damaged");
    verify_clean(&folder);

    for (number, file) in files(&whole.join("sled")).into_iter().enumerate() {
        for part in 0..4 {
            let name = file.strip_prefix(&whole).unwrap();
            let folder = place.path().join(format!("cut-{number}-{part}"));
            copy(&whole, &folder);
            let mut what = String::new();
            damage(&folder.join(name), |bytes| {
                let left = if part == 0 { 0 } else { dice.below(bytes.len() as u64) };
                what = format!("{} cut to {left} of {}", name.display(), bytes.len());
                bytes.truncate(usize::try_from(left).unwrap());
            });
            let seen = comes_back(&folder, &mut memory, &what).await;
            println!("{what}: {}", if seen { "set aside" } else { "no harm" });
            verify_clean(&folder);
            fs::remove_dir_all(folder).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bits_flipped() {
    let place = tempfile::tempdir().unwrap();
    let mut seen = 0;
    for ending in [Ending::Stopped, Ending::Killed] {
        let place = place.path().join(format!("{ending:?}"));
        fs::create_dir(&place).unwrap();
        let (whole, mut memory, mut dice) = whole(&place, ending).await;
        let files = files(&whole.join("sled"));
        assert!(files.len() > 1, "{files:?}");
        for number in 0..flips() / 2 {
            let folder = place.join(number.to_string());
            copy(&whole, &folder);
            let name = files[usize::try_from(number).unwrap() % files.len()].strip_prefix(&whole);
            let name = name.unwrap();
            let mut what = String::new();
            damage(&folder.join(name), |bytes| {
                // Zeroes at the end of a file are no target; half of the flips are in its first page.
                let used = bytes.iter().rposition(|byte| *byte != 0).unwrap_or(0) + 1;
                let span = if number % 4 < 2 { used.min(4096) } else { used };
                let at = usize::try_from(dice.below(span as u64)).unwrap();
                bytes[at] ^= 1 << dice.below(8);
                what = format!("{} byte {at} of {used}", name.display());
            });
            let aside = comes_back(&folder, &mut memory, &what).await;
            println!("{what}: {}", if aside { "set aside" } else { "no harm" });
            seen += u64::from(aside);
            if number % 4 == 0 {
                verify_clean(&folder);
            }
            fs::remove_dir_all(folder).unwrap();
        }
    }
    assert!(seen > 0, "no flip did any damage: the test tests nothing");
}
