//! What is recorded, how often, for how long; and that nobody changes it unseen.

#![allow(clippy::cast_possible_truncation, reason = "small numbers")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::pending::{CAPACITY, Pending};
use super::*;
use crate::store::{Settings, Store};

pub(super) fn store(folder: &Path) -> Store {
    Store::open(Settings {
        folder,
        secret: &[7; 32],
        content: Some(crate::domain::codes::Content::embedded()),
        sled_bytes: 8 << 20,
        estimate_bytes: 1 << 20,
        min_free_bytes: 0,
        witness: None,
        accept_loss: None,
        segment_bytes: None,
        observer: Arc::new(|_, _| {}),
    })
    .unwrap()
}

fn words(_: &str, message: &[u8]) -> Rendered {
    Rendered { json: String::from_utf8_lossy(message).into_owned(), about: Vec::new() }
}

/// A running audit log with small segments.
struct Running {
    audit: Audit,
    store: Store,
    witness: PathBuf,
}

fn open(folder: &Path) -> Running {
    let (store, witness) = (store(folder), folder.join("witness"));
    let settings =
        AuditSettings { witness: Some(&witness), render: words, segment_bytes: Some(2_000) };
    Running { audit: store.audit(settings).unwrap(), store, witness }
}

impl Running {
    fn all(&self) -> Vec<Listed> {
        self.paged(&Filter::default(), 1_000)
    }

    /// All pages of a list, joined.
    fn paged(&self, filter: &Filter, size: usize) -> Vec<Listed> {
        let (mut all, mut below) = (Vec::new(), 0);
        loop {
            let page = self.audit.list(filter, below, size).unwrap();
            assert!(page.entries.len() <= size);
            all.extend(page.entries);
            let Some(next) = page.next else { return all };
            assert!(below == 0 || next < below, "{next} after {below}");
            below = next;
        }
    }

    /// All entries once it is so many.
    fn until(&self, count: usize) -> Vec<Listed> {
        let begin = Instant::now();
        loop {
            self.audit.shared.state().hurries = true;
            self.audit.shared.changed.notify_one();
            let all = self.all();
            if all.len() >= count {
                return all;
            }
            assert!(begin.elapsed() < Duration::from_secs(20), "{all:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn stop(self) {
        drop(self.audit);
        drop(self.store);
    }
}

pub(super) fn call(question: &str) -> Call {
    Call {
        method: "equity.v1.SubmissionService/GetSubmission",
        asked: Asked::of(&question.to_owned().into()),
        outcome: Outcome { status: "OK", reason: String::new() },
        ..Call::default()
    }
}

pub(super) const NONE: Trace = [0; 16];

#[test]
fn identical_calls_of_a_minute_are_one_entry_and_their_number() {
    let mut pending = Pending::default();
    let minute = 60_000;
    let at = |millis: u64| 1_700_000_000_000 + millis;
    for millis in 0..1_000 {
        pending.note(call("a"), [millis as u8; 16], at(millis)).unwrap();
    }
    pending.note(call("b"), NONE, at(500)).unwrap();
    let other = Outcome { status: "NOT_FOUND", reason: "X".into() };
    pending.note(Call { outcome: other, ..call("a") }, NONE, at(500)).unwrap();
    pending.expire(at(minute - 5_000));
    let counts = |pending: &mut Pending| {
        let taken = std::mem::take(&mut pending.waiting);
        let times = taken.iter().map(|one| (one.times.count, one.times.first, one.times.last));
        times.collect::<Vec<_>>()
    };
    assert_eq!(
        counts(&mut pending),
        [(1, at(0), at(0)), (1, at(500), at(500)), (1, at(500), at(500))]
    );
    pending.expire(at(minute));
    assert_eq!(counts(&mut pending), [(999, at(1), at(999))]);
    // The next minute begins anew, also where nobody has looked in between.
    pending.note(call("a"), NONE, at(minute)).unwrap();
    pending.note(call("a"), NONE, at(minute + 1)).unwrap();
    pending.note(call("a"), NONE, at(3 * minute)).unwrap();
    pending.expire(u64::MAX);
    let counted: u64 = counts(&mut pending).iter().map(|(count, ..)| count).sum();
    assert_eq!(counted, 3);
}

#[test]
fn nothing_is_dropped_when_there_is_no_room_and_repeats_need_none() {
    let mut pending = Pending::default();
    for number in 0..CAPACITY {
        pending.note(call(&number.to_string()), NONE, 1).unwrap();
    }
    assert_eq!(pending.note(call("more"), NONE, 1), Err(call("more")));
    pending.note(call("7"), NONE, 1).unwrap();
    assert!(pending.force(call("more"), NONE, 1));
    assert_eq!(pending.waiting.len(), CAPACITY + 1);
    let before = std::mem::take(&mut pending.waiting);
    pending.note(call("after"), NONE, 2).unwrap();
    pending.again(before);
    assert_eq!(pending.waiting.len(), CAPACITY + 2);
    assert_eq!(*pending.waiting[CAPACITY + 1].call, call("after"));
}

#[test]
fn a_clean_stop_writes_everything_and_a_start_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    for start in 0..3 {
        let running = open(folder.path());
        for _ in 0..10 {
            running.audit.note(call("a"), [9; 16]).unwrap();
        }
        running.stop();
        let running = open(folder.path());
        let all = running.all();
        let events: Vec<_> = all.iter().rev().map(|one| one.entry.event).collect();
        assert_eq!(events[start * 6..], [4, 1, 1, 5, 4], "started, calls, stopped, started");
        let calls: u64 = all.iter().map(|one| one.entry.count).sum();
        assert_eq!(calls, 10 * (start as u64 + 1));
        assert!(all.iter().rev().map(|one| one.position).eq(1..=all.len() as u64));
        assert_eq!(all[2].entry.trace_id, "09".repeat(16));
        running.stop();
    }
    let report = verify(folder.path(), &folder.path().join("witness"), None).unwrap();
    assert_eq!((report.calls, report.differences), (30, Vec::<String>::new()));
}

#[tokio::test]
async fn a_change_waits_for_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let running = open(folder.path());
    for number in 1..=20 {
        running.audit.durable(call("change"), NONE).await.unwrap();
        assert_eq!(running.all().len(), number + 1, "each is there, and is never counted together");
    }
    running.audit.close();
    let refused = running.audit.durable(call("late"), NONE).await;
    assert!(matches!(refused, Err(NotAudited::Broken(_))));
    running.stop();
}

/// More changes wait than one append takes: each is told, and those that are not made leave nothing.
#[tokio::test]
async fn every_change_is_told_that_the_disk_is_full() {
    let folder = tempfile::tempdir().unwrap();
    let running = open(folder.path());
    let count = running.until(1).len();
    running.audit.shared.log().disk_is_full(true);
    let intended = |number: usize| Call { event: Event::Intended, ..call(&number.to_string()) };
    let waiting: Vec<_> = (0..1_500).map(|n| running.audit.hurry(intended(n), NONE)).collect();
    let made = running.audit.hurry(call("made"), NONE);
    for written in waiting.into_iter().chain([made]) {
        let told = tokio::time::timeout(Duration::from_secs(20), written).await;
        let told = told.expect("it is told").unwrap();
        assert!(matches!(told, Err(NotAudited::Full(_))), "{told:?}");
    }
    running.audit.shared.log().disk_is_full(false);
    running.audit.durable(call("after"), NONE).await.unwrap();
    let all = running.all();
    assert_eq!(all.len(), count + 2, "the end of a change that was made, and the one after");
    running.stop();
}

#[tokio::test]
async fn a_log_that_somebody_took_away_refuses_everything_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let running = open(folder.path());
    running.audit.durable(call("a"), NONE).await.unwrap();
    for segment in segments(folder.path()) {
        fs::remove_file(segment).unwrap();
    }
    let refused = running.audit.durable(call("b"), NONE).await;
    assert!(matches!(refused, Err(NotAudited::Broken(_))), "{refused:?}");
    assert!(running.audit.broken().is_some());
    running.stop();
    // The witness knows that there was more, and from then on the log does.
    for _ in 0..2 {
        let running = open(folder.path());
        let first = running.all().pop().unwrap();
        assert_eq!((running.audit.broken(), first.entry.event), (None, 7));
        let loss = first.entry.removal.unwrap();
        assert!(loss.position >= 2 && loss.count == loss.position, "{loss:?}");
        running.audit.durable(call("c"), NONE).await.unwrap();
        running.stop();
        let found = verify(folder.path(), &folder.path().join("witness"), None).unwrap();
        assert!(found.differences[0].contains("were lost"), "{found:?}");
    }
}

#[test]
fn lists_are_newest_first_in_pages_and_filtered() {
    let folder = tempfile::tempdir().unwrap();
    let running = open(folder.path());
    for number in 0..60 {
        let who = Who { organisation: format!("C{}", number % 3), ..Who::default() };
        let call = Call { who: Arc::new(who), ..call(&number.to_string()) };
        running.audit.note(call, NONE).unwrap();
        if number % 5 == 0 {
            running.until(number + 2);
        }
    }
    let all = running.until(61);
    assert!(segments(folder.path()).len() > 5);
    assert!(all.iter().rev().map(|one| one.position).eq(1..=61));
    let paged = |filter: &Filter, size: usize| running.paged(filter, size);
    for size in [1, 2, 7, 60, 61, 62, 1_000] {
        assert_eq!(paged(&Filter::default(), size), all, "{size}");
        let of = Filter { organisation: "C1".into(), ..Filter::default() };
        let expected = all.iter().filter(|one| {
            one.entry.caller.as_ref().is_some_and(|caller| caller.organisation == "C1")
        });
        assert_eq!(paged(&of, size), expected.cloned().collect::<Vec<_>>(), "{size}");
        for (from, to) in [(all[40].time_millis, all[10].time_millis), (0, all[30].time_millis)] {
            let of = Filter { from: Some(from), to: Some(to), ..Filter::default() };
            let expected = all.iter().filter(|one| one.time_millis >= from && one.time_millis < to);
            assert_eq!(paged(&of, size), expected.cloned().collect::<Vec<_>>(), "{size}");
        }
    }
    for of in [
        Filter { method: "X/Y".into(), ..Filter::default() },
        Filter { status: "NOT_FOUND".into(), ..Filter::default() },
        Filter { from: Some(u64::MAX), ..Filter::default() },
        Filter { to: Some(1), ..Filter::default() },
    ] {
        assert_eq!(paged(&of, 3), [], "{of:?}");
    }
    running.stop();
}

#[test]
fn what_is_old_is_removed_and_the_rest_is_still_proven() {
    let folder = tempfile::tempdir().unwrap();
    let running = open(folder.path());
    for number in 0..40 {
        running.audit.note(call(&number.to_string()), NONE).unwrap();
    }
    let all = running.until(41);
    std::thread::sleep(Duration::from_millis(5));
    let first = segments(folder.path());
    running.audit.note(call("young"), NONE).unwrap();
    running.until(42);
    let before = all[0].time_millis + 1;
    running.audit.retire(before);
    let begin = Instant::now();
    while segments(folder.path()).len() >= first.len() {
        assert!(begin.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(10));
    }
    let left = running.all();
    assert_eq!(left[0].entry.event, 6);
    let removal = left[0].entry.removal.clone().unwrap();
    assert_eq!(removal.position + 1, left.last().unwrap().position);
    assert_eq!(removal.count, removal.position);
    assert!(left.iter().any(|one| one.entry.question == "young"));
    // Nothing more is old enough.
    running.audit.retire(before);
    let witness = running.witness.clone();
    running.stop();
    let report = verify(folder.path(), &witness, None).unwrap();
    assert_eq!((report.removed_until, report.differences), (removal.position, vec![]));
    // Removing more than was said is found, and so is a removal that was interrupted: that is none.
    let copy = copied(folder.path());
    fs::remove_file(&segments(copy.path())[0]).unwrap();
    let report = verify(copy.path(), &copy.path().join("witness"), None).unwrap();
    assert!(report.differences[0].contains("missing"), "{report:?}");
}

#[test]
fn an_interrupted_removal_is_no_damage() {
    let folder = tempfile::tempdir().unwrap();
    let running = open(folder.path());
    for number in 0..40 {
        running.audit.note(call(&number.to_string()), NONE).unwrap();
    }
    running.until(41);
    running.stop();
    let kept = copied(folder.path());
    let running = open(folder.path());
    running.audit.retire(u64::MAX);
    let begin = Instant::now();
    while segments(folder.path()).len() > 2 {
        assert!(begin.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(10));
    }
    running.stop();
    // As if the service had been killed after it had removed the first two.
    let before = segments(kept.path());
    for segment in &before[2..] {
        let to = folder.path().join(FOLDER).join(segment.file_name().unwrap());
        if !to.try_exists().unwrap() {
            fs::copy(segment, to).unwrap();
        }
    }
    let witness = folder.path().join("witness");
    let report = verify(folder.path(), &witness, None).unwrap();
    assert_eq!(report.differences, Vec::<String>::new());
    let running = open(folder.path());
    assert_eq!(running.audit.broken(), None);
    running.stop();
}

pub(super) fn segments(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder.join(FOLDER)).unwrap();
    let mut all: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    all.sort();
    all
}

/// A copy of the audit log, its witness and the lock.
pub(super) fn copied(folder: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    fs::create_dir(copy.path().join(FOLDER)).unwrap();
    for file in segments(folder) {
        fs::copy(&file, copy.path().join(FOLDER).join(file.file_name().unwrap())).unwrap();
    }
    fs::copy(folder.join("witness.audit"), copy.path().join("witness.audit")).unwrap();
    copy
}

/// A log of several segments, and its witness.
pub(super) fn filled() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for part in 0..3 {
        let running = open(folder.path());
        for number in 0..15 {
            running.audit.note(call(&format!("{part} {number}")), NONE).unwrap();
        }
        running.stop();
    }
    folder
}

#[test]
fn every_flipped_bit_and_every_cut_is_found() {
    let folder = filled();
    let whole = verify(folder.path(), &folder.path().join("witness"), None).unwrap();
    assert_eq!((whole.calls, &whole.differences), (45, &vec![]));
    for (number, segment) in segments(folder.path()).into_iter().enumerate() {
        let bytes = fs::read(&segment).unwrap();
        for at in (number % 13..bytes.len()).step_by(13) {
            let copy = copied(folder.path());
            let there = &segments(copy.path())[number];
            let mut changed = bytes.clone();
            changed[at] ^= 1 << (at % 8);
            fs::write(there, &changed).unwrap();
            let found = verify(copy.path(), &copy.path().join("witness"), None).unwrap();
            assert!(!found.differences.is_empty(), "bit at {at} of {}", segment.display());
            if at % 5 == 0 {
                fs::write(there, &bytes[..at]).unwrap();
                let found = verify(copy.path(), &copy.path().join("witness"), None).unwrap();
                assert!(!found.differences.is_empty(), "cut at {at} of {}", segment.display());
            }
        }
    }
}

#[test]
fn entries_and_segments_that_are_removed_moved_or_put_in_are_found() {
    let folder = filled();
    let all = segments(folder.path());
    let frames = |path: &Path| {
        // Header of 112 bytes, the length of the payload at byte 40.
        let (bytes, mut frames, mut at) = (fs::read(path).unwrap(), Vec::new(), 0);
        while at < bytes.len() {
            let length = u32::from_le_bytes(bytes[at + 40..at + 44].try_into().unwrap()) as usize;
            frames.push(bytes[at..at + 112 + length].to_vec());
            at += 112 + length;
        }
        frames
    };
    let found = |change: &dyn Fn(&[PathBuf])| {
        let copy = copied(folder.path());
        change(&segments(copy.path()));
        verify(copy.path(), &copy.path().join("witness"), None).unwrap().differences
    };
    for number in 0..all.len() {
        let path = |all: &[PathBuf]| all[number].clone();
        let without = found(&|all| fs::remove_file(path(all)).unwrap());
        assert!(!without.is_empty(), "segment {number} is gone");
        let count = frames(&all[number]).len();
        for at in 0..count {
            let gone = found(&|all| {
                let mut frames = frames(&path(all));
                frames.remove(at);
                fs::write(path(all), frames.concat()).unwrap();
            });
            assert!(!gone.is_empty(), "entry {at} of segment {number} is gone");
            let swapped = found(&|all| {
                let mut frames = frames(&path(all));
                frames.swap(at, (at + 1) % count);
                fs::write(path(all), frames.concat()).unwrap();
            });
            assert!(count < 2 || !swapped.is_empty(), "entry {at} of segment {number} has moved");
            let twice = found(&|all| {
                let mut frames = frames(&path(all));
                frames.insert(at, frames[at].clone());
                fs::write(path(all), frames.concat()).unwrap();
            });
            assert!(!twice.is_empty(), "entry {at} of segment {number} is there twice");
        }
    }
    let of_changes = found(&|all| {
        let of_changes = folder.path().join("log").join(all[0].file_name().unwrap());
        fs::copy(of_changes, &all[0]).unwrap();
    });
    assert!(!of_changes.is_empty(), "a segment of the log of changes");
}

#[test]
fn a_log_that_was_written_anew_is_found_by_the_witness_or_by_a_hash_that_was_kept() {
    let (folder, other) = (filled(), filled());
    let head = verify(folder.path(), &folder.path().join("witness"), None).unwrap();
    let chain = blake3::Hash::from_hex(&head.head_chain).unwrap();
    let kept = Some((head.head_position, *chain.as_bytes()));
    let check = |folder: &Path| verify(folder, &folder.join("witness"), kept).unwrap().differences;
    assert_eq!(check(folder.path()), Vec::<String>::new());
    let copy = copied(other.path());
    assert!(check(copy.path())[0].contains("that was given"), "with the witness, only the hash");
    fs::copy(folder.path().join("witness.audit"), copy.path().join("witness.audit")).unwrap();
    let found = verify(copy.path(), &copy.path().join("witness"), None).unwrap().differences;
    assert!(found[0].contains("of the witness"), "{found:?}");
    // A start finds it too.
    for segment in segments(folder.path()) {
        fs::remove_file(segment).unwrap();
    }
    for segment in segments(other.path()) {
        let to = folder.path().join(FOLDER).join(segment.file_name().unwrap());
        fs::copy(segment, to).unwrap();
    }
    let running = open(folder.path());
    assert!(running.all().iter().any(|one| one.entry.event == 7));
    running.stop();
}

#[test]
fn a_start_reads_the_last_segment_alone() {
    let folder = filled();
    // What nothing needs at a start does not keep it from recording; verify finds it.
    fs::write(&segments(folder.path())[0], b"nothing").unwrap();
    let running = open(folder.path());
    assert_eq!(running.audit.broken(), None);
    running.audit.note(call("new"), NONE).unwrap();
    running.stop();
    let found = verify(folder.path(), &folder.path().join("witness"), None).unwrap();
    assert!(!found.differences.is_empty());
    // An empty last segment, as a kill may leave it.
    let folder = filled();
    let next = verify(folder.path(), &folder.path().join("witness"), None).unwrap().head_position;
    fs::write(folder.path().join(FOLDER).join(format!("{:020}.seg", next + 1)), b"").unwrap();
    let running = open(folder.path());
    assert_eq!(running.audit.broken(), None);
    running.stop();
    let found = verify(folder.path(), &folder.path().join("witness"), None).unwrap();
    assert_eq!((found.head_position, found.differences), (next + 2, vec![]));
}
