//! The log under power cuts: whatever its writer was told to be durable is there afterwards.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Stdio},
};

use equity_indicators::store::log::{EntryKind, Log, NewEntry, SegmentLog};

use super::{
    child,
    shim::{Fsync, materialise, watch},
};

/// Small, so that many segments begin.
const SEGMENT_BYTES: u64 = 4_000;
/// The log folder of the child, if this process is one.
const FOLDER: &str = "EQUITY_TEST_LOG_CHILD";
/// How many entries the child appends before it waits to be killed.
const UNTIL: &str = "EQUITY_TEST_LOG_UNTIL";

fn payload(position: u64) -> Vec<u8> {
    position.to_le_bytes().repeat(usize::try_from(1 + position * 7 % 40).unwrap())
}

/// The child: appends groups of one to four entries and prints each tail that it was told; alone it does nothing.
#[test]
fn writer() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let until: u64 = std::env::var(UNTIL).unwrap().parse().unwrap();
    let opened = SegmentLog::open(Path::new(&folder), SEGMENT_BYTES, &[]).unwrap();
    assert_eq!(opened.damage, None);
    let mut log = opened.log;
    println!("opened {}", log.tail());
    while log.tail() < until {
        let next = log.tail() + 1;
        let payloads: Vec<_> = (next..=next + next % 4).map(payload).collect();
        let entries: Vec<_> = payloads
            .iter()
            .map(|payload| NewEntry { kind: EntryKind::Commit, time_millis: next, payload })
            .collect();
        log.append(&entries).unwrap();
        println!("appended {}", log.tail());
    }
    println!("waiting");
    std::thread::park();
}

/// A folder that is written to by processes and cut off from power, again and again.
struct Place {
    place: tempfile::TempDir,
    round: u32,
}

impl Place {
    fn new() -> Self {
        let this = Self { place: tempfile::tempdir().unwrap(), round: 0 };
        fs::create_dir(this.root()).unwrap();
        this
    }

    fn root(&self) -> PathBuf {
        self.place.path().join(format!("root-{}", self.round))
    }

    fn image(&self) -> PathBuf {
        self.place.path().join(format!("image-{}", self.round))
    }

    fn log(&self) -> PathBuf {
        self.root().join("log")
    }

    fn start(&self, fsync: Fsync, until: u64) -> (Child, impl Iterator<Item = String> + use<>) {
        let mut command = child(concat!(module_path!(), "::writer"));
        command.env(FOLDER, self.log()).env(UNTIL, until.to_string());
        watch(&mut command, &self.root(), &self.image(), fsync);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        (child, lines)
    }

    /// Lets a writer run until it printed that many tails, kills it, and says which tail it was told last. More may have
    /// been printed meanwhile: everything that came through the pipe counts.
    fn write_and_kill(&self, fsync: Fsync, appends: usize, until: u64) -> u64 {
        let (mut child, mut lines) = self.start(fsync, until);
        let tail = |line: &String| {
            line.rsplit_once("appended ").and_then(|(_, tail)| tail.parse::<u64>().ok())
        };
        let mut told = Vec::new();
        while told.len() < appends {
            let line = lines.next().expect("the writer goes on until it is killed");
            told.extend(tail(&line));
            if line.ends_with("waiting") {
                break;
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // The last line may be cut off in the middle of the number.
        let rest: Vec<_> = lines.collect();
        told.extend(rest.iter().rev().skip(1).filter_map(tail));
        told.into_iter().max().unwrap_or(0)
    }

    /// Every byte that was not fsynced is gone.
    fn cut_power(&mut self) {
        let image = self.image();
        self.round += 1;
        materialise(&image, &self.root()).unwrap();
    }
}

/// Whether the log holds the entries up to that position, and nothing that was not written.
fn holds(folder: &Path, told: u64) -> Result<u64, String> {
    let opened = SegmentLog::open(folder, SEGMENT_BYTES, &[told.into()])
        .map_err(|error| error.to_string())?;
    if let Some(damage) = opened.damage {
        return Err(damage.to_string());
    }
    let entries = opened.log.read_from(1).map_err(|error| error.to_string())?;
    for (next, entry) in (1..).zip(entries) {
        let entry = entry.map_err(|error| error.to_string())?;
        assert_eq!((entry.place.position, &entry.payload), (next, &payload(next)));
    }
    if opened.log.tail() >= told { Ok(opened.log.tail()) } else { Err(format!("{told} is gone")) }
}

#[test]
fn what_was_acknowledged_survives_power_cuts() {
    let mut place = Place::new();
    let mut tail = 0;
    for round in 0..12 {
        let told = place.write_and_kill(Fsync::Kept, 5 + round * 7 % 30, u64::MAX).max(tail);
        // Sometimes the process only dies, and the next one finds what the page cache still has.
        if round % 3 != 2 {
            place.cut_power();
        }
        tail = holds(&place.log(), told).unwrap();
        assert!(tail >= told && told > 0);
    }
    assert!(fs::read_dir(place.log()).unwrap().count() > 3, "segments were begun");
}

/// The test above would notice.
#[test]
fn without_fsync_it_is_lost() {
    let mut place = Place::new();
    let told = place.write_and_kill(Fsync::TakenOut, 20, u64::MAX);
    assert!(told >= 20);
    holds(&place.log(), told).unwrap(); // killed only: the page cache has it
    place.cut_power();
    let error = holds(&place.log(), told).unwrap_err();
    assert!(error.contains("missing"), "{error}");
}

/// A process dies before its fsync. The next one reads its entries from the page cache: it must make them durable before
/// it lets anybody rely on them.
#[test]
fn what_the_page_cache_held_is_durable_once_it_was_read() {
    let mut place = Place::new();
    fs::create_dir(place.log()).unwrap();
    place.write_and_kill(Fsync::TakenOut, usize::MAX, 1); // one append, not durable
    let tail = holds_without_hardening(&place.log());
    assert!(tail > 0);
    let (mut child, mut lines) = place.start(Fsync::Kept, 0);
    assert!(lines.any(|line| line.ends_with(&format!("opened {tail}"))));
    child.kill().unwrap();
    child.wait().unwrap();
    place.cut_power();
    assert_eq!(holds(&place.log(), tail), Ok(tail));
}

/// The tail of the log, looked at in a copy.
fn holds_without_hardening(folder: &Path) -> u64 {
    let copy = tempfile::tempdir().unwrap();
    for item in fs::read_dir(folder).unwrap() {
        let item = item.unwrap();
        fs::copy(item.path(), copy.path().join(item.file_name())).unwrap();
    }
    holds(copy.path(), 0).unwrap()
}
