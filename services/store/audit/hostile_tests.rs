//! A clock that is set back, a full disk with callers that break off, a request that cannot be rendered, a witness that somebody has removed.

use std::fs;
use std::time::{Duration, Instant};

use super::pending::{CAPACITY, Pending};
use super::tests::{NONE, call, copied, filled, segments, store};
use super::*;

/// A clock that was wrong and is set back: no minute lasts until the clock is there again.
#[test]
fn a_minute_ends_when_the_clock_is_set_back() {
    let (hour, minute) = (3_600_000, 60_000);
    let begin = 1_700_000_000_000;
    let mut pending = Pending::default();
    pending.note(call("a"), NONE, begin + hour).unwrap();
    pending.note(call("a"), NONE, begin + hour + 1).unwrap();
    pending.expire(begin + hour + 1);
    pending.note(call("a"), NONE, begin).unwrap();
    let times = |pending: &mut Pending| {
        let taken = std::mem::take(&mut pending.waiting);
        taken.iter().map(|one| (one.times.count, one.times.first)).collect::<Vec<_>>()
    };
    assert_eq!(times(&mut pending), [(1, begin + hour), (1, begin + hour + 1), (1, begin)]);
    pending.note(call("a"), NONE, begin + 1).unwrap();
    pending.expire(begin + minute);
    assert_eq!(times(&mut pending), [(1, begin + 1)]);
}

/// Calls that their callers have broken off come at any number while the disk is full.
#[test]
fn what_waits_has_a_bound() {
    let mut pending = Pending::default();
    let mut taken = 0;
    for number in 0..10 * CAPACITY {
        taken += usize::from(pending.force(call(&number.to_string()), NONE, 1));
    }
    assert_eq!(taken, pending.waiting.len());
    assert!(pending.waiting.len() <= 2 * CAPACITY, "{}", pending.waiting.len());
    assert!(pending.force(call("7"), NONE, 1), "a repetition needs no room");
}

#[test]
fn a_thread_that_panics_refuses_every_call() {
    fn panics(_: &str, _: &[u8]) -> Rendered {
        panic!("a request that cannot be rendered")
    }
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let settings = AuditSettings { witness: None, render: panics, segment_bytes: None };
    let audit = store.audit(settings).unwrap();
    audit.note(call("a"), NONE).unwrap();
    let begin = Instant::now();
    while audit.broken().is_none() {
        assert!(begin.elapsed() < Duration::from_secs(20), "nothing is recorded, and calls go on");
        std::thread::sleep(Duration::from_millis(20));
    }
    let told = audit.hurry(call("b"), NONE);
    assert!(told.blocking_recv().is_err(), "a change does not wait for ever");
}

#[test]
fn a_missing_witness_is_found_with_what_it_would_have_found() {
    let folder = filled();
    let copy = copied(folder.path());
    fs::remove_file(segments(copy.path()).last().unwrap()).unwrap();
    fs::remove_file(copy.path().join("witness.audit")).unwrap();
    let found = verify(copy.path(), &copy.path().join("witness"), None).unwrap().differences;
    assert!(found[0].contains("no witness"), "{found:?}");
}
