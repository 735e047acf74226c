//! Many damages of log and store, alone and together. Each ends in recovery, in reading less with a message that says how much, or in
//! refusal with what to do; none is silent. After each kind a backup is put back, or an operator accepts the loss, and the service goes on.
//!
//! What is known is in three places: the log, the store, the witness. The witness is up to about two seconds behind; for what was
//! acknowledged in these seconds, log and store are all that there is. So the witness has seen everything here, also before a kill.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use tonic::transport::Channel;

use super::{
    feed::{Dice, seed},
    folder::{Ending, content, copy, damage, entries, files, filled_by, segments},
    lost::{accepted, offered, refusal},
    memory::Memory,
    running::{NotStarted, Running, Start, check, verify_clean},
};

/// Damages of one run of the tests.
fn damages() -> usize {
    let damages = std::env::var("EQUITY_CRASH_DAMAGES").ok().and_then(|count| count.parse().ok());
    damages.unwrap_or(20)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OfLog {
    Nothing,
    CutAtEntry,
    CutAnywhere,
    BytesChanged,
    SegmentRemoved,
    Removed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OfStore {
    Nothing,
    BitFlipped,
    FileCut,
    FileRemoved,
    Removed,
}

/// How a damage ends: what the service says and does, compared with what was acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    /// Everything is there, and changes are taken.
    Recovered,
    /// The same, and the service has said that the store was made anew.
    MadeAnew,
    /// Everything is there. The log is damaged: changes are refused, with what to do.
    ReadsAll,
    /// The service says how much is lost, and refuses changes, with what to do.
    ReadsLess,
    /// It does not start, and says what to do.
    Refused,
}

const OUTCOMES: [Outcome; 5] = [
    Outcome::Recovered,
    Outcome::MadeAnew,
    Outcome::ReadsAll,
    Outcome::ReadsLess,
    Outcome::Refused,
];

const OF_LOG: [OfLog; 6] = [
    OfLog::CutAtEntry,
    OfLog::BytesChanged,
    OfLog::SegmentRemoved,
    OfLog::Nothing,
    OfLog::CutAnywhere,
    OfLog::Removed,
];

const OF_STORE: [OfStore; 5] = [
    OfStore::Removed,
    OfStore::BitFlipped,
    OfStore::Nothing,
    OfStore::FileCut,
    OfStore::FileRemoved,
];

/// The damages of a number. Both lists have been gone through together after thirty numbers, of which one damages nothing.
fn kinds(number: usize) -> (OfLog, OfStore) {
    (OF_LOG[number % OF_LOG.len()], OF_STORE[number % OF_STORE.len()])
}

/// A folder that is damaged again and again, as a copy.
struct Whole {
    folder: PathBuf,
    memory: Memory,
    name: String,
}

async fn whole(place: &Path, dice: &mut Dice, ending: Ending, small_segments: bool) -> Whole {
    let segments_of = if small_segments { "several segments" } else { "one segment" };
    let name = format!("{ending:?}, {segments_of}");
    let folder = place.join(name.replace([' ', ','], "-"));
    let start = Start { small_segments, ..Start::default() };
    let memory = filled_by(&folder, dice, ending, &start).await;
    let count = segments(&folder).len();
    assert_eq!(count > 4, small_segments, "{name}: {count} segments");
    Whole { folder, memory, name }
}

fn below(dice: &mut Dice, limit: usize) -> usize {
    usize::try_from(dice.below(limit as u64)).unwrap()
}

fn damage_log(folder: &Path, what: OfLog, dice: &mut Dice) -> String {
    let log = folder.join("log");
    let segments = segments(folder);
    let segment = &segments[below(dice, segments.len())];
    let name = segment.file_name().unwrap().to_string_lossy().into_owned();
    let length = usize::try_from(fs::metadata(segment).unwrap().len()).unwrap();
    match what {
        OfLog::Nothing => "log whole".to_owned(),
        OfLog::CutAtEntry => {
            let (at, _) = dice.of(&entries(segment));
            damage(segment, |bytes| bytes.truncate(at));
            format!("{name} cut at entry {at} of {length}")
        }
        OfLog::CutAnywhere => {
            let at = below(dice, length);
            damage(segment, |bytes| bytes.truncate(at));
            format!("{name} cut at {at} of {length}")
        }
        OfLog::BytesChanged => {
            let (at, count) = (below(dice, length), 1 + below(dice, 64));
            damage(segment, |bytes| {
                bytes.iter_mut().skip(at).take(count).for_each(|byte| *byte ^= 0x5a);
            });
            format!("{count} bytes of {name} changed at {at} of {length}")
        }
        OfLog::SegmentRemoved => {
            fs::remove_file(segment).unwrap();
            format!("{name} removed, {} segments left", segments.len() - 1)
        }
        OfLog::Removed => {
            fs::remove_dir_all(log).unwrap();
            "log removed".to_owned()
        }
    }
}

fn damage_store(folder: &Path, what: OfStore, dice: &mut Dice) -> String {
    let sled = folder.join("sled");
    let files = files(&sled);
    let file = &files[below(dice, files.len())];
    let name = file.strip_prefix(folder).unwrap().display().to_string();
    let used = {
        let bytes = fs::read(file).unwrap();
        bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1)
    };
    match what {
        OfStore::Nothing => "store whole".to_owned(),
        OfStore::BitFlipped => {
            // Zeroes at the end of a file are no target.
            let at = below(dice, used.max(1));
            damage(file, |bytes| {
                bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << dice.below(8));
            });
            format!("bit of {name} flipped at {at} of {used}")
        }
        OfStore::FileCut => {
            let at = below(dice, used.max(1));
            damage(file, |bytes| bytes.truncate(at));
            format!("{name} cut at {at} of {used}")
        }
        OfStore::FileRemoved => {
            fs::remove_file(file).unwrap();
            format!("{name} removed")
        }
        OfStore::Removed => {
            fs::remove_dir_all(sled).unwrap();
            "store removed".to_owned()
        }
    }
}

fn log_of(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let log = folder.join("log");
    if log.try_exists().unwrap() { content(&log) } else { Vec::new() }
}

/// The entries that the service says are lost: the first and the last.
fn lost_entries(said: &str) -> (i64, i64) {
    let numbers = || {
        let (_, after) = said.rsplit_once("are lost or cannot be read: ")?;
        let (count, after) = after.split_once(", from ")?;
        let (first, after) = after.split_once(" to ")?;
        let last: String = after.chars().take_while(char::is_ascii_digit).collect();
        Some((count.parse::<i64>().ok()?, first.parse::<i64>().ok()?, last.parse::<i64>().ok()?))
    };
    let (count, first, last) =
        numbers().unwrap_or_else(|| panic!("it does not say how much is lost: {said}"));
    assert_eq!(count, last - first + 1, "{said}");
    (first, last)
}

/// How a start on a damaged folder ends.
async fn outcome(
    folder: &Path,
    memory: &mut Memory,
    dice: &mut Dice,
    of_log: OfLog,
) -> (Outcome, String) {
    let before = log_of(folder);
    let running = match Running::try_start(folder, &Start::default()) {
        Ok(running) => running,
        Err(NotStarted { code, said }) => {
            assert_eq!(code, Some(1), "{said}");
            assert!(!said.contains("panicked"), "{said}");
            assert!(said.contains("backup") || said.contains("restore"), "what to do: {said}");
            return (Outcome::Refused, said);
        }
    };
    let channel: Channel = running.channel().await;
    let missing = memory.missing(&channel).await;
    let missing = missing.unwrap_or_else(|wrong| panic!("{wrong}: {}", running.said()));
    let refused = refusal(&running, dice).await;
    let said = running.said();
    if refused.is_none() {
        assert_eq!(missing, [0; 0], "silent: {said}");
        assert_eq!(of_log, OfLog::Nothing, "the log is damaged, and nobody is told: {said}");
        let is_made_anew = said.contains("made anew from the log");
        return (if is_made_anew { Outcome::MadeAnew } else { Outcome::Recovered }, said);
    }
    assert_eq!(refused.as_deref(), Some("WRITING_STOPPED"), "{said}");
    let (takes, answers) = ("equity.v1.SubmissionService", "equity.v1.BreakdownService");
    assert!(!running.serves(takes).await && running.serves(answers).await, "health: {said}");
    assert!(said.contains("ERROR") && said.contains("backup"), "{said}");
    let (first, last) = lost_entries(&said);
    assert!(missing.iter().all(|one| (first..=last).contains(one)), "{missing:?}: {said}");
    running.kill();
    assert_eq!(log_of(folder), before, "the log was changed");
    (if missing.is_empty() { Outcome::ReadsAll } else { Outcome::ReadsLess }, said)
}

/// Prints how many damages of each kind had which outcome.
fn print_table(counts: &BTreeMap<(String, Outcome), usize>) {
    let names = OUTCOMES.map(|outcome| format!("{:>11}", format!("{outcome:?}")));
    println!("{:30}{}", "", names.concat());
    let kinds: BTreeSet<_> = counts.keys().map(|(kind, _)| kind).collect();
    for kind in kinds {
        let of = |outcome| counts.get(&(kind.clone(), outcome)).copied().unwrap_or_default();
        let row = OUTCOMES.map(|outcome| format!("{:>11}", of(outcome)));
        println!("{kind:30}{}", row.concat());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_damage_is_silent() {
    let (mut dice, place) = (Dice::new(seed()), tempfile::tempdir().unwrap());
    let mut wholes = Vec::new();
    for small_segments in [false, true] {
        for ending in [Ending::Stopped, Ending::KilledLater] {
            wholes.push(whole(place.path(), &mut dice, ending, small_segments).await);
        }
    }
    let mut counts = BTreeMap::new();
    let damaging = (0..).filter(|number| kinds(*number) != (OfLog::Nothing, OfStore::Nothing));
    for (turn, number) in damaging.take(damages()).enumerate() {
        let number_of_wholes = wholes.len();
        let Whole { folder: whole, memory, name } = &mut wholes[turn % number_of_wholes];
        let folder = place.path().join(format!("data-{turn}"));
        copy(whole, &folder);
        let (of_log, of_store) = kinds(number);
        let what = [
            name.clone(),
            damage_log(&folder, of_log, &mut dice),
            damage_store(&folder, of_store, &mut dice),
        ];
        // What is printed last belongs to what fails.
        println!("{turn}: {}", what.join("; "));
        let (outcome, said) = outcome(&folder, memory, &mut dice, of_log).await;
        println!("{turn}: {outcome:?}");
        let rows = [format!("log: {of_log:?}"), format!("store: {of_store:?}"), name.clone()];
        for row in rows.into_iter().chain(["together".to_owned()]) {
            *counts.entry((row, outcome)).or_default() += 1;
        }
        match outcome {
            Outcome::Recovered | Outcome::MadeAnew => drop(verify_clean(&folder)),
            Outcome::ReadsAll | Outcome::ReadsLess | Outcome::Refused => {
                assert_eq!(check("verify", &folder).code, Some(4), "{what:?}");
                if turn % 4 == 0 && said.contains("--accept-loss ") {
                    accepted(&folder, &offered(&said), &mut dice).await;
                } else if turn % 4 == 2 {
                    backup_is_put_back(whole, &folder, memory, &mut dice).await;
                }
            }
        }
        fs::remove_dir_all(folder).unwrap();
    }
    print_table(&counts);
}

async fn backup_is_put_back(whole: &Path, folder: &Path, memory: &mut Memory, dice: &mut Dice) {
    if folder.join("log").try_exists().unwrap() {
        fs::remove_dir_all(folder.join("log")).unwrap();
    }
    copy(&whole.join("log"), &folder.join("log"));
    let running = Running::start(folder);
    memory.holds(&running.channel().await).await.unwrap();
    assert_eq!(refusal(&running, dice).await, None, "{}", running.said());
}
