//! What the outbox keeps and what it lets go, counted in its own files.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use equity_indicators::domain::delivery::EventKind;
use equity_indicators::engine::outbox::{Keep, NewEvent, Outbox, Settled, StreamStatus, Which};

use super::plane::{SCOPE, logs, new_event};

const NOW: u64 = 1_700_000_100_000;

/// An event whose payload no other has, and that compression makes no smaller.
fn large(number: u64, bytes: usize) -> NewEvent {
    let mut payload = vec![0; bytes];
    let mut random = blake3::Hasher::new();
    random.update(&number.to_be_bytes());
    random.finalize_xof().fill(&mut payload);
    NewEvent { payload, ..new_event("a", number) }
}

fn dead() -> Settled {
    Settled::Dead { reason: "INVALID_ARGUMENT".into(), message: "no".into() }
}

fn status(outbox: &Outbox) -> StreamStatus {
    outbox.statuses().unwrap().remove(0)
}

/// Bytes of the values of the outbox's rows whose keys begin with a letter: `e` events, `d` dead letters, `p` payloads.
fn bytes_of(folder: &Path, letter: u8) -> u64 {
    let db = sled::Config::new().path(folder.join("outbox")).open().unwrap();
    db.scan_prefix([letter]).map(|row| row.unwrap().1.len() as u64).sum()
}

/// Opens the outbox again, and compares what it says of its size with what it has.
fn counted(outbox: Outbox, folder: &Path) -> Outbox {
    let (said, position) = (status(&outbox).bytes, outbox.position());
    drop(outbox);
    assert_eq!(bytes_of(folder, b'p'), said);
    Outbox::open(folder, position, 1).unwrap()
}

fn expire(outbox: &Outbox, keep: Keep, now: u64) -> Vec<(u64, u64, u64)> {
    let found = outbox.too_much(keep, now).unwrap();
    for much in &found {
        outbox.expire(much, now).unwrap();
    }
    outbox.forget(now.saturating_sub(keep.millis)).unwrap();
    let unsent = found.into_iter().map(|of| (of.without_payload, of.unsent));
    unsent.map(|(large, of)| of.map_or((large, 0, 0), |of| (large, of.first, of.last))).collect()
}

#[test]
fn a_stream_that_is_taken_by_nobody_has_no_more_bytes_than_it_may() {
    const EVENT: usize = 10 << 10;
    const KEEP: u64 = 1 << 20;
    let folder = tempfile::tempdir().unwrap();
    let mut outbox = Outbox::open(folder.path(), 0, 1).unwrap();
    for begin in (1..=1_024).step_by(64) {
        let events: Vec<_> = (begin..begin + 64).map(|number| large(number, EVENT)).collect();
        outbox.commit(Some(begin + 63), &events).unwrap();
    }
    // The endpoint refused some for ever: they are dead letters, and still listed as events.
    outbox.settle(&logs("a"), 50, dead(), NOW).unwrap();
    outbox = counted(outbox, folder.path());
    assert_eq!(status(&outbox).bytes, 10 << 20);
    let keep = Keep { millis: u64::MAX, bytes: KEEP };
    let kept = KEEP / EVENT as u64;
    assert_eq!(expire(&outbox, keep, NOW), [(1_024 - kept, 51, 1_024 - kept)]);
    outbox = counted(outbox, folder.path());
    assert!(status(&outbox).bytes <= KEEP, "{}", status(&outbox).bytes);
    // What was given up can be looked at, and says that it is not whole.
    let letters = outbox.dead_letters(&logs("a"), 0, 2_000).unwrap();
    assert_eq!(letters.len() as u64, 1_024 - kept);
    assert_eq!(
        (letters[0].reason.as_str(), letters[60].reason.as_str()),
        ("INVALID_ARGUMENT", "EXPIRED")
    );
    assert!(letters.iter().all(|of| of.message.contains("delivery.keep_bytes")));
    assert_eq!(outbox.dead_payload((&logs("a"), SCOPE), 60).unwrap(), None);
    let replayed = outbox.replay(&logs("a"), &Which::Sequences(1, 1_024 - kept)).unwrap();
    assert_eq!((replayed.count, replayed.more), (0, false));
    // What waits is whole.
    let next = outbox.next((&logs("a"), SCOPE), 2_000, 1 << 30).unwrap();
    assert_eq!((next.len() as u64, next[0].event.sequence), (kept, 1_025 - kept));
    assert_eq!(expire(&outbox, keep, NOW), [], "it is within its bounds");
}

#[test]
fn dead_letters_count_and_are_the_first_to_lose_their_payload() {
    let folder = tempfile::tempdir().unwrap();
    let mut outbox = Outbox::open(folder.path(), 0, 1).unwrap();
    let events: Vec<_> = (1..=20).map(|number| large(number, 1_000)).collect();
    outbox.commit(Some(20), &events).unwrap();
    outbox
        .settle(&logs("a"), 4, Settled::Sent { rejected: 0, message: String::new() }, NOW)
        .unwrap();
    outbox.settle(&logs("a"), 8, dead(), NOW).unwrap();
    // By age: 1 to 4 were sent, 5 to 8 are dead letters already, 9 and 10 become some.
    let old = |number: u64| Keep { millis: NOW - (1_700_000_000_000 + number), bytes: u64::MAX };
    assert_eq!(expire(&outbox, old(11), NOW), [(0, 9, 10)]);
    outbox = counted(outbox, folder.path());
    assert_eq!(status(&outbox).bytes, 16_000, "5 to 20");
    assert!(outbox.dead_payload((&logs("a"), SCOPE), 9).unwrap().is_some());
    assert_eq!(
        outbox.dead_payload((&logs("a"), [0; 16]), 9).unwrap().map(|of| of.len()),
        Some(1_000),
        "it has no figures"
    );
    // By size: letters before what waits.
    let keep = Keep { millis: u64::MAX, bytes: 12_000 };
    assert_eq!(expire(&outbox, keep, NOW), [(8, 0, 0)]);
    outbox = counted(outbox, folder.path());
    assert_eq!((status(&outbox).bytes, status(&outbox).dead_letter_count), (12_000, 6));
    // Purged: dead letters and what waits.
    assert_eq!(outbox.purge(&logs("a"), 20).unwrap(), 10);
    outbox = counted(outbox, folder.path());
    assert_eq!((status(&outbox).bytes, status(&outbox).dead_letter_count), (0, 0));
    // Dead letters that are forgotten are kept no longer.
    outbox.commit(Some(21), &[large(21, 500)]).unwrap();
    let much = outbox.too_much(old(22), NOW).unwrap();
    outbox.expire(&much[0], NOW).unwrap();
    outbox = counted(outbox, folder.path());
    assert_eq!(status(&outbox).bytes, 500);
    outbox.forget(NOW + 1).unwrap();
    outbox = counted(outbox, folder.path());
    assert_eq!((status(&outbox).bytes, bytes_of_letters(outbox, folder.path())), (0, 0));
}

fn bytes_of_letters(outbox: Outbox, folder: &Path) -> u64 {
    drop(outbox);
    bytes_of(folder, b'd')
}

#[test]
fn figures_that_go_are_counted_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut outbox = Outbox::open(folder.path(), 0, 1).unwrap();
    let figure = |number| NewEvent { kind: EventKind::GapAlert, ..large(number, 700) };
    let events: Vec<_> = (1..=9)
        .map(|number| if number % 3 == 0 { large(number, 700) } else { figure(number) })
        .collect();
    outbox.commit(Some(9), &events).unwrap();
    outbox.settle(&logs("a"), 4, dead(), NOW).unwrap();
    let figures = outbox.figures(&logs("a")).unwrap();
    let runs: Vec<_> = figures.unsent.iter().map(|run| (run.first, run.last)).collect();
    assert_eq!(runs, [(5, 5), (7, 8)]);
    assert_eq!(outbox.dead_payload((&logs("a"), [0; 16]), 3).unwrap(), None, "of another scope");
    outbox.remove_figures(&logs("a"), &figures).unwrap();
    outbox = counted(outbox, folder.path());
    assert_eq!((status(&outbox).bytes, status(&outbox).dead_letter_count), (2_100, 1));
}

#[test]
fn a_payload_that_comes_again_while_it_is_swept_away_is_not_lost() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = Outbox::open(folder.path(), 0, 1).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                outbox.forget(0).unwrap();
            }
        });
        for number in 1..=300 {
            // One of three payloads, each of several parts.
            let payload = large(number % 3, 20_000).payload;
            let event = NewEvent { payload: payload.clone(), ..new_event("a", number) };
            outbox.commit(Some(number), &[event]).unwrap();
            let next = outbox.next((&logs("a"), SCOPE), 10, 1 << 20);
            assert_eq!(next.map(|next| next[0].payload == payload).ok(), Some(true), "{number}");
            outbox.purge(&logs("a"), number).unwrap();
        }
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn what_is_sent_again_is_in_order_and_an_end_is_reached() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = Outbox::open(folder.path(), 0, 1).unwrap();
    // 20 dead letters whose events are gone, and more than one call sends.
    const ALL: u64 = 10_050;
    let events: Vec<_> = (1..=ALL).map(|number| new_event("a", number)).collect();
    outbox.commit(Some(ALL), &events).unwrap();
    let much =
        outbox.too_much(Keep { millis: NOW - 1_700_000_000_021, bytes: u64::MAX }, NOW).unwrap();
    outbox.expire(&much[0], NOW).unwrap();
    assert_eq!(outbox.dead_letters(&logs("a"), 0, 100).unwrap().len(), 20);
    let ids = |first: u64, count: usize| -> Vec<_> {
        let listed = outbox.events(&logs("a"), (first, u64::MAX - 1), count).unwrap();
        listed.iter().map(|of| of.id).collect()
    };
    let expected: Vec<_> = events.iter().map(|of| of.id).collect();
    // By number.
    let first = outbox.replay(&logs("a"), &Which::Sequences(1, u64::MAX - 1)).unwrap();
    assert_eq!(
        (first.count, first.more, first.last_seen, first.first),
        (10_000, true, 10_000, ALL + 1)
    );
    assert_eq!(ids(first.first, 10_000), expected[..10_000]);
    let rest = outbox.replay(&logs("a"), &Which::Sequences(10_001, first.first - 1)).unwrap();
    assert_eq!((rest.count, rest.more, rest.last_seen), (50, false, ALL));
    assert_eq!(ids(rest.first, 50), expected[10_000..]);
    // By time, and the second call has not lost the bound.
    let times = |after| Which::Times { from: 1_700_000_000_000, until: 1_700_000_010_041, after };
    let first = outbox.replay(&logs("a"), &times(0)).unwrap();
    assert_eq!((first.count, first.more, first.last_seen), (10_000, true, 10_000));
    let rest = outbox.replay(&logs("a"), &times(first.last_seen)).unwrap();
    assert_eq!(
        (rest.count, rest.more),
        (40, false),
        "neither what came later nor what was sent again"
    );
    assert_eq!(ids(rest.first, 40), expected[10_000..10_040]);
}

#[test]
fn rows_of_a_commit_that_was_cut_short_are_seen_by_nobody_and_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = Outbox::open(folder.path(), 0, 1).unwrap();
    let events: Vec<_> = (1..=3).map(|number| new_event("a", number)).collect();
    outbox.commit(Some(2), &events[..2]).unwrap();
    outbox
        .settle(&logs("a"), 2, Settled::Sent { rejected: 0, message: String::new() }, NOW)
        .unwrap();
    drop(outbox);
    // The rows were written, and the process ended before the streams were: rows 3 to 5, of other events.
    let key = |sequence: u64| [&b"ea\0\x01"[..], &sequence.to_be_bytes()[..]].concat();
    let db = sled::Config::new().path(folder.path().join("outbox")).open().unwrap();
    let row = db.get(key(1)).unwrap().expect("the key of the first event");
    for sequence in 3..=5 {
        db.insert(key(sequence), &row).unwrap();
    }
    db.flush().unwrap();
    drop(db);
    let outbox = Outbox::open(folder.path(), 3, 1).unwrap();
    assert_eq!((outbox.position(), outbox.newest(&logs("a"))), (2, 2));
    assert!(outbox.next((&logs("a"), SCOPE), 10, 1 << 20).unwrap().is_empty());
    assert_eq!(outbox.events(&logs("a"), (1, u64::MAX - 1), 10).unwrap().len(), 2);
    // The same entry is read again.
    outbox.commit(Some(3), &events[2..]).unwrap();
    let next = outbox.next((&logs("a"), SCOPE), 10, 1 << 20).unwrap();
    assert_eq!((next.len(), next[0].event.sequence, next[0].event.id), (1, 3, events[2].id));
}
