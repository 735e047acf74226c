//! Calls of the system that fail while the service runs and while it starts. Nothing acknowledged is lost, the caller hears the right
//! reason, the operator an ERROR, and the service goes on when the fault has passed, or ends with a sentence.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use equity_indicators::proto::v1::{
    ListAuditEntriesRequest, audit_service_client::AuditServiceClient,
};
use tonic::{Code, Status, transport::Channel};
use tonic_types::StatusExt as _;

use super::{
    feed::{Dice, Parcel, seed},
    folder::{Ending, copy, entries, filled, segment},
    memory::{Memory, counts},
    running::{Running, Start, equity, verify_clean},
};
use crate::cli::signals::page_when;

/// Numbers of errors.
const EIO: i32 = 5;
const EAGAIN: i32 = 11;
pub(super) const EACCES: i32 = 13;
const EMFILE: i32 = 24;
const EFBIG: i32 = 27;
const ENOSPC: i32 = 28;
const EDQUOT: i32 = 122;

/// A file of rules.
pub(super) struct Rules(PathBuf);

impl Rules {
    pub(super) fn new(folder: &Path) -> Self {
        let this = Self(folder.with_extension("rules"));
        this.set("");
        this
    }

    /// What fails from now on.
    pub(super) fn set(&self, rules: &str) {
        let beside = self.0.with_extension("new");
        fs::write(&beside, rules).unwrap();
        fs::rename(beside, &self.0).unwrap();
        // So that every change has a time of its own.
        std::thread::sleep(Duration::from_millis(20));
    }

    /// How many calls have failed so far.
    fn hits(&self) -> usize {
        let hits = self.0.with_extension("rules.hits");
        fs::read_to_string(hits).unwrap_or_default().lines().count()
    }

    pub(super) fn start(&self) -> Start<'_> {
        Start { faults: Some(&self.0), ..Start::default() }
    }
}

fn reason(status: &Status) -> String {
    status.get_details_error_info().map(|info| info.reason).unwrap_or_default()
}

/// Sends one; what the caller hears.
async fn send(channel: &Channel, memory: &mut Memory, dice: &mut Dice) -> String {
    let parcel = Parcel::new(dice, 300);
    memory.sent(&parcel);
    match parcel.send(channel).await {
        Ok((answer, _)) => {
            memory.told(&parcel, answer);
            "stored".to_owned()
        }
        Err(status) => reason(&status),
    }
}

/// Asks for everything that was stored. Damage is never what is heard.
async fn ask(channel: &Channel, memory: &Memory, dice: &mut Dice) {
    let Some((parcel, Some(told))) = memory.any(dice) else { return };
    match counts(channel, parcel.organisation, parcel.month, Some(told.position)).await {
        Ok(answer) => assert_eq!(answer, parcel.counts()),
        Err(status) => {
            assert_eq!((status.code(), &*reason(&status)), (Code::Unavailable, "STORAGE_FAILED"))
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_it_runs_every_fault_has_its_reason_and_passes() {
    let (mut dice, place) = (Dice::new(seed()), tempfile::tempdir().unwrap());
    let folder = place.path().join("data");
    let rules = Rules::new(&folder);
    let mut memory = Memory::default();
    // Little is kept in memory.
    let settings = [("EQUITY_CACHE_SLED_BYTES", "1048576"), ("EQUITY_CACHE_MEMORY_BYTES", "0")];
    let start = Start { settings: &settings, ..rules.start() };
    let mut running = Running::try_start(&folder, &start).unwrap();
    let channel = running.channel().await;
    for _ in 0..8 {
        let parcel = Parcel::new(&mut dice, 20_000);
        memory.sent(&parcel);
        memory.told(&parcel, parcel.send(&channel).await.unwrap().0);
    }
    let full = "STORAGE_FULL";
    let failed = "STORAGE_FAILED";
    // What fails, what the caller hears while it does, and whether it is over only after a restart.
    let cases = [
        ("write 0 /log/ 0 -1".to_owned(), vec!["stored"], false),
        (format!("write {ENOSPC} /log/ 0 -1"), vec![full], false),
        (format!("write {EDQUOT} /log/ 0 -1"), vec![full], false),
        (format!("write {EFBIG} /log/ 0 -1"), vec![full], false),
        (format!("write {EIO} /log/ 0 -1"), vec![failed], false),
        (format!("write {EIO} /log/ 0 1"), vec![failed], false),
        (format!("open {EMFILE} /data/ 0 -1"), vec![failed], false),
        (format!("open {EACCES} /reserve 0 -1"), vec![failed], false),
        (format!("write {EIO} /sled/ 0 -1"), vec!["stored", failed], false),
        (format!("write {ENOSPC} /sled/ 0 -1"), vec!["stored", full], false),
        (format!("write {EDQUOT} /sled/ 0 -1"), vec!["stored", full], false),
        (format!("write {EFBIG} /sled/ 0 -1"), vec!["stored", full], false),
        // sled is opened again, and cannot be read at first.
        (format!("write {EIO} /sled/ 0 1\nread {EIO} /sled/ 0 3"), vec!["stored", failed], false),
        (format!("write {EIO} witness 0 -1"), vec!["stored"], false),
        (format!("sync {EIO} /log/ 0 1"), vec!["WRITING_STOPPED"], true),
    ];
    for (rule, expected, restart) in cases {
        let (said, hits) = (running.said().len(), rules.hits());
        let mut channel = running.channel().await;
        rules.set(&rule);
        let mut heard = Vec::new();
        // Long enough for sled to be flushed, and for the witness.
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_secs(4) {
            heard.push(send(&channel, &mut memory, &mut dice).await);
            ask(&channel, &memory, &mut dice).await;
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        println!("{rule}: {heard:?}, {} hits", rules.hits() - hits);
        // Where there are two rules, the first fails one call alone.
        let least = rule.lines().count();
        assert!(rules.hits() - hits >= least, "{rule}: fewer than {least} calls failed");
        let is_expected = |heard: &String| expected.contains(&heard.as_str()) || heard == "stored";
        assert!(heard.iter().all(is_expected), "{rule}: {heard:?} {}", running.said_since(said));
        assert!(expected.contains(&heard[0].as_str()), "{rule}: {heard:?}");
        let said_now = running.said_since(said);
        if rule.contains(" 5 ") || expected.contains(&failed) {
            let (_, error) = rule.split_once(' ').unwrap();
            let error = format!("os error {}", error.split_once(' ').unwrap().0);
            assert!(said_now.contains("ERROR") && said_now.contains(&error), "{rule}: {said_now}");
        }
        assert!(!said_now.contains("panicked"), "{said_now}");
        rules.set("");
        if restart {
            running.kill();
            running = Running::try_start(&folder, &start).unwrap();
            channel = running.channel().await;
        }
        let begin = Instant::now();
        while send(&channel, &mut memory, &mut dice).await != "stored" {
            assert!(
                begin.elapsed() < Duration::from_secs(30),
                "{rule}: {}",
                running.said_since(said)
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        memory.still_holds(&channel).await.unwrap();
    }
    assert_eq!(running.terminate().0, Some(0));
    verify_clean(&folder);
    assert!(
        !folder.join("sled-damaged-1").try_exists().unwrap(),
        "a fault that passed condemned sled"
    );
}

/// Faults of a start of one run of the tests.
fn faults() -> u64 {
    let faults = std::env::var("EQUITY_CRASH_FAULTS").ok().and_then(|faults| faults.parse().ok());
    faults.unwrap_or(16)
}

/// A start with a fault: it serves everything, or it ends with a sentence.
async fn starts_or_says_why(folder: &Path, rule: &str, memory: &mut Memory) {
    let rules = Rules::new(folder);
    rules.set(rule);
    let begin = Instant::now();
    let started = Running::try_start(folder, &rules.start());
    let took = begin.elapsed();
    assert!(took < Duration::from_secs(60), "{rule}: {took:?}");
    let said = match &started {
        Ok(running) => running.said(),
        Err(error) => {
            assert_eq!(error.code, Some(1), "{rule}: {error:?}");
            error.said.clone()
        }
    };
    assert!(!said.contains("panicked"), "{rule}: {said}");
    println!(
        "{rule}: {}, {} hits, {took:?}",
        if started.is_ok() { "serves" } else { "ends" },
        rules.hits()
    );
    if let Err(error) = &started {
        assert!(error.said.contains("rror") || error.said.contains("cannot"), "{rule}: {said}");
    }
    rules.set("");
    if let Ok(running) = started {
        let begin = Instant::now();
        // What it could not read for a moment it can read now.
        while let Err(what) = memory.holds(&running.channel().await).await {
            assert!(begin.elapsed() < Duration::from_secs(30), "{rule}: {what} {}", running.said());
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        running.kill();
    }
    let running = Running::start(folder);
    memory.holds(&running.channel().await).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_with_a_fault_serves_everything_or_ends_with_a_sentence() {
    let (mut dice, place) = (Dice::new(seed()), tempfile::tempdir().unwrap());
    let whole = place.path().join("whole");
    let mut memory = filled(&whole, &mut dice, Ending::Killed).await;
    let threads = [0, 1, 3, 5, 9, 14].map(|skip| format!("thread {EAGAIN} - {skip} -1"));
    let one_thread = [0, 2, 4, 6, 8].map(|skip| format!("thread {EAGAIN} - {skip} 1"));
    // The log cannot be opened: with and without a sled that has everything, in passing and for as long as it lasts.
    let log = [EMFILE, EMFILE, EMFILE, EACCES, EACCES, EACCES].iter().enumerate();
    let log = log.map(|(at, error)| {
        format!("open {error} FOLDERlog/ {} {}", at % 2, if at < 3 { "1" } else { "-1" })
    });
    let audit = [0, 1, 2].map(|skip| format!("open {EMFILE} FOLDERaudit/ {skip} -1"));
    let short = [0, 2, 9].map(|skip| format!("write 0 FOLDER {skip} -1"));
    let calls = (0..faults()).map(|_| {
        let (error, skip) = (dice.of(&[EIO, ENOSPC, EMFILE, EACCES]), dice.below(140));
        let count = dice.of(&["1", "-1"]);
        format!("any {error} FOLDER {skip} {count}")
    });
    let all: Vec<_> = threads
        .into_iter()
        .chain(one_thread)
        .chain(log)
        .chain(audit)
        .chain(short)
        .chain(calls)
        .collect();
    for (number, rule) in all.into_iter().enumerate() {
        let folder = place.path().join(format!("data-{number}"));
        copy(&whole, &folder);
        if number % 3 == 0 {
            fs::remove_dir_all(folder.join("sled")).unwrap();
        }
        // Nothing beside it: what the service says goes to a file there.
        let rule = rule.replace("FOLDER", &format!("/data-{number}/"));
        starts_or_says_why(&folder, &rule, &mut memory).await;
        fs::remove_dir_all(folder).unwrap();
    }
}

/// What a killed process can leave of every file that the service replaces or makes: none of it condemns anything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_kill_can_leave_half_made_condemns_nothing() {
    let (mut dice, place) = (Dice::new(seed()), tempfile::tempdir().unwrap());
    let whole = place.path().join("whole");
    let mut memory = filled(&whole, &mut dice, Ending::Killed).await;
    // A snapshot of sled begun, of the outbox too; a witness of each log, a secret and the state of the outbox not renamed yet; a reserve
    // without blocks; a lock of a dead process; the work of a killed `verify`, here and among temporary files; what a restore leaves
    // at its very end; segments that an erasure was writing again. (name, content, whether it is gone after the start)
    let temporary = place.path().join("temporary");
    // No process has this number.
    let of_verify = "../temporary/equity-verify-4294967294/sled/db";
    let left: [(&str, &[u8], bool); 14] = [
        ("sled/snap.FFFFFFFFFFFFFFFF.generating", b"half", true),
        ("sled/snap.0000000000000000.generating", b"", true),
        ("outbox/snap.FFFFFFFFFFFFFFFF.generating", b"half", true),
        ("outbox.safe.new", b"# half", false),
        ("secret.key.witness.new", b"# half", true),
        ("secret.key.witness.audit.new", b"# half", true),
        ("secret.key.new", b"01", false),
        ("reserve", b"", false),
        ("lock", b"", false),
        ("verify/sled/db", b"half", true),
        (of_verify, b"half", true),
        ("restore.new/audit/00000000000000000001.seg", b"half", true),
        ("log/00000000000000000001.seg.new", b"half", true),
        ("audit/00000000000000000001.seg.new", b"half", false),
    ];
    for (number, (name, bytes, is_gone)) in left.into_iter().enumerate() {
        let folder = place.path().join(format!("left-{number}"));
        copy(&whole, &folder);
        let file = folder.join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::create_dir_all(&temporary).unwrap();
        fs::write(&file, bytes).unwrap();
        let settings = [("TMPDIR", temporary.to_str().unwrap())];
        let start = Start { settings: &settings, ..Start::default() };
        let running = Running::try_start(&folder, &start).unwrap();
        let channel = running.channel().await;
        memory.holds(&channel).await.unwrap();
        Parcel::new(&mut dice, 5).send(&channel).await.unwrap();
        assert_eq!(running.terminate().0, Some(0), "{name}");
        assert!(!is_gone || !file.try_exists().unwrap(), "{name} is still there");
        for aside in ["sled-damaged-1", "outbox-damaged-1"] {
            assert!(!folder.join(aside).try_exists().unwrap(), "{name}");
        }
        verify_clean(&folder);
    }
    // A segment that was begun and has no entry yet.
    let folder = place.path().join("begun");
    copy(&whole, &folder);
    let tail = entries(&segment(&folder)).len();
    fs::write(folder.join(format!("log/{:020}.seg", tail + 1)), b"").unwrap();
    let running = Running::start(&folder);
    memory.holds(&running.channel().await).await.unwrap();
    drop(running);
    verify_clean(&folder);
}

/// A service on a part of the data would begin with nothing, and nobody would see what is missing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_into_which_a_restore_was_killed_is_no_data_folder() {
    let (mut dice, place) = (Dice::new(seed()), tempfile::tempdir().unwrap());
    let whole = place.path().join("whole");
    filled(&whole, &mut dice, Ending::Stopped).await;
    // Killed while it copies, and between the names that it gives.
    let killed: [(&[&str], &[&str]); 2] = [(&[], &["audit", "log"]), (&["audit"], &["log"])];
    for (named, unchecked) in killed {
        let folder = place.path().join(format!("killed-{}", named.len()));
        fs::create_dir_all(folder.join("restore.new")).unwrap();
        for (parts, to) in [(named, folder.clone()), (unchecked, folder.join("restore.new"))] {
            parts.iter().for_each(|part| copy(&whole.join(part), &to.join(part)));
        }
        fs::copy(whole.join("secret.key"), folder.join("secret.key")).unwrap();
        let refused = Running::try_start(&folder, &Start::default()).err().unwrap();
        assert_eq!(refused.code, Some(1), "{refused:?}");
        assert!(refused.said.contains("was not finished"), "{refused:?}");
        assert!(refused.said.contains("`equity restore` again"), "{refused:?}");
        assert!(!folder.join("log").try_exists().unwrap(), "a log was begun");
        let ended =
            equity().args(["serve", "--check", "--data-folder"]).arg(&folder).output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(1), "{said}");
        assert!(said.contains("was not finished"), "{said}");
    }
}

/// The system starts no thread while questions and submissions come, more than the service has threads for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_the_system_starts_no_thread_a_running_service_goes_on() {
    let (mut dice, place) = (Dice::new(seed()), tempfile::tempdir().unwrap());
    let folder = place.path().join("data");
    let rules = Rules::new(&folder);
    let mut memory = Memory::default();
    // Every question is worked out.
    let settings = [("EQUITY_CACHE_MEMORY_BYTES", "0"), ("EQUITY_LIMITS_DRAIN", "3s")];
    let start = Start { settings: &settings, ..rules.start() };
    let running = Running::try_start(&folder, &start).unwrap();
    let channel = running.channel().await;
    for _ in 0..4 {
        let parcel = Parcel::new(&mut dice, 20_000);
        memory.sent(&parcel);
        memory.told(&parcel, parcel.send(&channel).await.unwrap().0);
    }
    // The runtime lets a thread go that has had nothing to do for 10 s.
    tokio::time::sleep(Duration::from_secs(12)).await;
    let (said, begin) = (running.said().len(), Instant::now());
    rules.set(&format!("thread {EAGAIN} - 0 -1"));
    while begin.elapsed() < Duration::from_secs(15) {
        let asked: Vec<_> = (0..24)
            .map(|_| {
                let (parcel, told) = memory.any(&mut dice).unwrap();
                let (channel, position) = (channel.clone(), told.map(|told| told.position));
                tokio::spawn(async move {
                    let answer = counts(&channel, parcel.organisation, parcel.month, position);
                    (answer.await, parcel)
                })
            })
            .collect();
        let heard = send(&channel, &mut memory, &mut dice).await;
        assert_eq!(heard, "stored", "{}", running.said_since(said));
        for asked in asked {
            let (answer, parcel) = asked.await.unwrap();
            let answer = answer.unwrap_or_else(|status| {
                panic!("{status:?} {}", running.said_since(said));
            });
            assert_eq!(answer, parcel.counts());
        }
    }
    assert!(rules.hits() > 0, "no thread was refused");
    memory.still_holds(&channel).await.unwrap();
    let said = running.said_since(said);
    assert!(!said.contains("panicked") && !said.contains("fault of the program"), "{said}");
    // It ends too, even so.
    let log = folder.with_extension("log");
    let (code, took) = running.terminate();
    let said = fs::read_to_string(log).unwrap();
    assert!(took < Duration::from_secs(20), "{took:?}");
    let says_why = code == Some(1) && said.contains("did not start a thread");
    assert!(code == Some(0) || says_why, "{code:?} {said}");
    rules.set("");
    let running = Running::start(&folder);
    memory.holds(&running.channel().await).await.unwrap();
    assert_eq!(running.terminate().0, Some(0));
    verify_clean(&folder);
}

/// A page of the audit log, and how it is refused.
async fn audit_entries(channel: &Channel) -> Result<usize, (Code, String)> {
    let request = ListAuditEntriesRequest::default();
    match AuditServiceClient::new(channel.clone()).list_audit_entries(request).await {
        Ok(page) => Ok(page.into_inner().entries.len()),
        Err(status) => Err((status.code(), reason(&status))),
    }
}

/// The files of the audit log cannot be opened or read for now: that is neither damage nor a full disk.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_audit_log_that_cannot_be_read_for_now_is_not_damaged() {
    let (mut dice, place) = (Dice::new(seed()), tempfile::tempdir().unwrap());
    let folder = place.path().join("data");
    let rules = Rules::new(&folder);
    let running = Running::try_start(&folder, &rules.start()).unwrap();
    let channel = running.channel().await;
    Parcel::new(&mut dice, 10).send(&channel).await.unwrap();
    let before = audit_entries(&channel).await.unwrap();
    assert!(before > 0);
    let faults = [("open", EMFILE), ("open", EACCES), ("open", EIO), ("read", EIO)];
    for (call, error) in faults {
        let (hits, said) = (rules.hits(), running.said().len());
        rules.set(&format!("{call} {error} /audit/ 0 -1"));
        let heard = audit_entries(&channel).await;
        let expected = Err((Code::Unavailable, "STORAGE_FAILED".to_owned()));
        assert_eq!(heard, expected, "{call} {error}: {}", running.said_since(said));
        assert!(rules.hits() > hits, "{call} {error}: nothing failed");
        let said = running.said_since(said);
        assert!(said.contains("ERROR") && said.contains("audit log cannot be read"), "{said}");
        rules.set("");
        assert!(audit_entries(&channel).await.unwrap() >= before, "{call} {error}");
    }
    assert_eq!(running.terminate().0, Some(0));
}

/// A disk that does not answer fails nothing: only the time tells.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_hangs_is_told_and_is_over_when_it_answers() {
    let (mut dice, place) = (Dice::new(seed()), tempfile::tempdir().unwrap());
    let folder = place.path().join("data");
    let rules = Rules::new(&folder);
    let settings = [("EQUITY_TELEMETRY_PROMETHEUS", "127.0.0.1:0")];
    let start = Start { settings: &settings, ..rules.start() };
    let running = Running::try_start(&folder, &start).unwrap();
    let log = folder.with_extension("log");
    let stopped = "\nnhs_equity_store_writing_stopped_ratio";
    page_when(&log, |page| page.contains(&format!("{stopped} 0\n")));
    let channel = running.channel().await;
    let begun = Instant::now();
    rules.set("sync 1040 /log/ 0 1");
    let parcel = Parcel::new(&mut dice, 20);
    let sending = tokio::spawn(async move { parcel.send(&channel).await.map(drop) });
    page_when(&log, |page| page.contains(&format!("{stopped} 1\n")));
    assert!(begun.elapsed() > Duration::from_secs(30), "what takes long is not yet a fault");
    assert!(!running.serves("equity.v1.SubmissionService").await && running.serves("").await);
    sending.await.unwrap().unwrap();
    page_when(&log, |page| page.contains(&format!("{stopped} 0\n")));
    assert!(running.serves("equity.v1.SubmissionService").await);
    let said = running.said();
    assert_eq!(said.matches("a change has been written for more than 30s").count(), 1, "{said}");
    assert_eq!(running.terminate().0, Some(0));
    verify_clean(&folder);
}
