//! The outbox by itself: order, what is kept, what is lost and what is not.

use std::path::Path;

use equity_indicators::domain::delivery::EventId;
use equity_indicators::engine::outbox::{Keep, NewEvent, Outbox, Settled, Which};

use super::plane::{SCOPE, figure, logs, new_event};

fn sent() -> Settled {
    Settled::Sent { rejected: 0, message: String::new() }
}

fn open(folder: &Path, newest: u64) -> Outbox {
    Outbox::open(folder, newest, 1).unwrap()
}

fn sequences(outbox: &Outbox, partner: &str) -> Vec<u64> {
    let waiting = outbox.next((&logs(partner), SCOPE), 100, 1 << 20).unwrap();
    waiting.iter().map(|waiting| waiting.event.sequence).collect()
}

fn ids(outbox: &Outbox, partner: &str) -> Vec<EventId> {
    let waiting = outbox.next((&logs(partner), SCOPE), 100, 1 << 20).unwrap();
    waiting.iter().map(|waiting| waiting.event.id).collect()
}

#[test]
fn events_come_in_order_once_and_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = open(folder.path(), 0);
    for number in 1..=5 {
        let events = ["a", "b"].map(|partner| new_event(partner, number));
        outbox.commit(Some(number), &events).unwrap();
    }
    assert_eq!(
        (sequences(&outbox, "a"), sequences(&outbox, "b")),
        (vec![1, 2, 3, 4, 5], vec![1, 2, 3, 4, 5])
    );
    outbox.settle(&logs("a"), 3, sent(), 9).unwrap();
    drop(outbox);
    let outbox = open(folder.path(), 5);
    assert_eq!((outbox.position(), sequences(&outbox, "a")), (5, vec![4, 5]));
    assert_eq!(sequences(&outbox, "b").len(), 5);
    let of_a = outbox.events(&logs("a"), (1, u64::MAX - 1), 10).unwrap();
    assert_eq!(of_a.len(), 5, "what was sent is kept for comparing");
    assert_eq!(outbox.next((&logs("a"), SCOPE), 1, 1).unwrap().len(), 1, "one at least");
}

#[test]
fn a_lost_outbox_is_made_again_from_where_each_stream_was_settled() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = open(folder.path(), 0);
    for number in 1..=6 {
        let events = ["a", "b"].map(|partner| new_event(partner, number));
        outbox.commit(Some(number), &events).unwrap();
    }
    outbox.settle(&logs("a"), 4, sent(), 9).unwrap();
    outbox.settle(&logs("b"), 2, sent(), 9).unwrap();
    let (of_a, of_b) = (ids(&outbox, "a"), ids(&outbox, "b"));
    outbox.keep_safe().unwrap();
    drop(outbox);
    std::fs::remove_dir_all(folder.path().join("outbox")).unwrap();
    let outbox = open(folder.path(), 6);
    assert_eq!(outbox.position(), 2, "the slowest stream has to get 3 to 6 again");
    for number in 3..=6 {
        let events = ["a", "b"].map(|partner| new_event(partner, number));
        outbox.commit(Some(number), &events).unwrap();
    }
    assert_eq!((ids(&outbox, "a"), ids(&outbox, "b")), (of_a, of_b));
    assert_eq!((sequences(&outbox, "a"), sequences(&outbox, "b")), (vec![5, 6], vec![3, 4, 5, 6]));
}

#[test]
fn a_damaged_outbox_is_set_aside_and_a_changed_safe_file_is_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = open(folder.path(), 0);
    outbox.commit(Some(1), &[new_event("a", 1)]).unwrap();
    outbox.keep_safe().unwrap();
    drop(outbox);
    let db = folder.path().join("outbox/db");
    let length = std::fs::metadata(&db).unwrap().len();
    std::fs::write(&db, vec![0xa5; usize::try_from(length).unwrap()]).unwrap();
    let outbox = open(folder.path(), 1);
    assert_eq!(outbox.position(), 0, "the event was not settled");
    assert!(folder.path().join("outbox-damaged-1").exists());
    // Told again, with the id that it had.
    outbox.commit(Some(1), &[new_event("a", 1)]).unwrap();
    assert_eq!(sequences(&outbox, "a"), [1]);
    drop(outbox);
    std::fs::remove_dir_all(folder.path().join("outbox")).unwrap();
    let safe = folder.path().join("outbox.safe");
    let text = std::fs::read_to_string(&safe).unwrap().replace("position", "positron");
    std::fs::write(&safe, text).unwrap();
    assert_eq!(open(folder.path(), 7).position(), 7, "it begins at the end of the log");
}

#[test]
fn an_older_copy_of_the_outbox_is_recognised_and_a_whole_one_is_not_set_aside() {
    let folder = tempfile::tempdir().unwrap();
    let (sled, copy) = (folder.path().join("outbox"), folder.path().join("copy"));
    let outbox = open(folder.path(), 0);
    outbox.commit(Some(1), &[new_event("a", 1)]).unwrap();
    outbox.keep_safe().unwrap();
    drop(outbox);
    let aside = || folder.path().join("outbox-damaged-1").exists();
    // The same again, and ahead of the file: neither is damage.
    let outbox = open(folder.path(), 1);
    std::fs::create_dir(&copy).unwrap();
    for file in std::fs::read_dir(&sled).unwrap().map(Result::unwrap) {
        if file.path().is_file() {
            std::fs::copy(file.path(), copy.join(file.file_name())).unwrap();
        }
    }
    outbox.commit(Some(2), &[new_event("a", 2)]).unwrap();
    outbox.settle(&logs("a"), 2, sent(), 9).unwrap();
    drop(outbox);
    let outbox = open(folder.path(), 2);
    assert!(outbox.position() == 2 && !aside(), "the file is behind the outbox after a kill");
    drop(outbox);
    std::fs::remove_dir_all(&sled).unwrap();
    std::fs::rename(&copy, &sled).unwrap();
    let outbox = open(folder.path(), 2);
    assert!(aside(), "its stream had been settled further");
    assert_eq!((outbox.position(), outbox.settled(&logs("a"))), (2, 2), "nothing is sent again");
}

#[test]
fn an_outbox_that_is_further_than_the_log_goes_back_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = open(folder.path(), 0);
    outbox.commit(Some(9), &[new_event("a", 9)]).unwrap();
    drop(outbox);
    let outbox = open(folder.path(), 4);
    assert_eq!(outbox.position(), 4);
    // What the log has next is told, too.
    outbox.commit(Some(5), &[new_event("a", 5)]).unwrap();
    assert_eq!(sequences(&outbox, "a"), [1, 2]);
}

#[test]
fn a_lost_outbox_over_a_log_that_lost_entries_tells_every_stream_what_is_new() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = open(folder.path(), 0);
    for number in 1..=10 {
        let events = ["a", "b"].map(|partner| new_event(partner, number));
        outbox.commit(Some(number), &events).unwrap();
    }
    outbox.settle(&logs("a"), 10, sent(), 9).unwrap();
    outbox.settle(&logs("b"), 5, sent(), 9).unwrap();
    outbox.keep_safe().unwrap();
    drop(outbox);
    std::fs::remove_dir_all(folder.path().join("outbox")).unwrap();
    // The log ends between the two streams.
    let outbox = open(folder.path(), 8);
    assert_eq!(outbox.position(), 5);
    for number in 6..=10 {
        let events = ["a", "b"].map(|partner| new_event(partner, number));
        outbox.commit(Some(number), &events).unwrap();
    }
    // What a was sent of 9 and 10 was of entries that are lost: these are others.
    assert_eq!(
        (sequences(&outbox, "a"), sequences(&outbox, "b")),
        (vec![11, 12], vec![6, 7, 8, 9, 10])
    );
}

#[test]
fn what_is_sent_again_keeps_its_id_and_comes_last() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = open(folder.path(), 0);
    let events: Vec<_> = (1..=4).map(|number| new_event("a", number)).collect();
    outbox.commit(Some(4), &events).unwrap();
    let first = ids(&outbox, "a");
    outbox.settle(&logs("a"), 2, sent(), 9).unwrap();
    let never = Settled::Dead { reason: "INVALID_ARGUMENT".into(), message: "no".into() };
    outbox.settle(&logs("a"), 4, never, 9).unwrap();
    assert_eq!(outbox.dead_letters(&logs("a"), 0, 10).unwrap().len(), 2);
    let replayed = outbox.replay(&logs("a"), &Which::Sequences(2, 3)).unwrap();
    assert_eq!((replayed.count, replayed.first, replayed.more), (2, 5, false));
    assert_eq!((sequences(&outbox, "a"), ids(&outbox, "a")), (vec![5, 6], first[1..3].to_vec()));
    let by_id = outbox.replay(&logs("a"), &Which::Ids(vec![first[0]])).unwrap();
    assert_eq!((by_id.count, ids(&outbox, "a")[2]), (1, first[0]));
    let time = 1_700_000_000_000;
    let times = Which::Times { from: time + 4, until: time + 5, after: 0 };
    let by_time = outbox.replay(&logs("a"), &times).unwrap();
    assert_eq!((by_time.count, ids(&outbox, "a")[3]), (1, first[3]));
    let none = outbox.replay(&logs("a"), &Which::Sequences(100, 200)).unwrap();
    assert_eq!((none.count, none.first), (0, 0));
}

#[test]
fn what_is_too_old_or_too_much_goes_and_is_not_silently_lost() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = open(folder.path(), 0);
    let events: Vec<_> = (1..=10).map(|number| new_event("a", number)).collect();
    outbox.commit(Some(10), &events).unwrap();
    outbox.settle(&logs("a"), 3, sent(), 9).unwrap();
    let now = 1_700_000_000_006;
    let keep = Keep { millis: 0, bytes: u64::MAX };
    let found = outbox.too_much(keep, now).unwrap();
    let expired = found[0].unsent.as_ref().unwrap();
    assert_eq!((found.len(), found[0].last, expired.first, expired.last), (1, 5, 4, 5));
    outbox.expire(&found[0], now).unwrap();
    assert_eq!(sequences(&outbox, "a"), [6, 7, 8, 9, 10]);
    let dead = outbox.dead_letters(&logs("a"), 0, 10).unwrap();
    assert_eq!((dead.len(), dead[0].reason.as_str()), (2, "EXPIRED"));
    // A dead letter can still be sent.
    assert_eq!(outbox.replay(&logs("a"), &Which::Sequences(4, 4)).unwrap().count, 1);
    let status = outbox.statuses().unwrap().remove(0);
    let keep = Keep { millis: u64::MAX, bytes: status.bytes / 2 };
    let much = outbox.too_much(keep, now).unwrap().remove(0);
    outbox.expire(&much, now).unwrap();
    assert!(outbox.statuses().unwrap().remove(0).bytes <= keep.bytes);
    outbox.purge(&logs("a"), outbox.newest(&logs("a"))).unwrap();
    assert!(sequences(&outbox, "a").is_empty());
    assert!(outbox.dead_letters(&logs("a"), 0, 10).unwrap().is_empty());
    outbox.commit(Some(11), &[new_event("a", 11)]).unwrap();
    assert_eq!(sequences(&outbox, "a"), [12], "no number comes twice");
}

#[test]
fn nothing_is_sent_while_figures_of_another_scope_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = open(folder.path(), 0);
    let events = [new_event("a", 1), figure("a", 2), new_event("a", 3), figure("a", 4)];
    outbox.commit(Some(4), &events).unwrap();
    let narrow = [8; 16];
    let next = |outbox: &Outbox, scope| -> Vec<u64> {
        let waiting = outbox.next((&logs("a"), scope), 100, 1 << 20).unwrap();
        waiting.iter().map(|waiting| waiting.event.sequence).collect()
    };
    assert_eq!(next(&outbox, SCOPE), [1, 2, 3, 4]);
    // What is no figure does not say that the stream is of another scope.
    let other = NewEvent { scope_key: narrow, ..new_event("a", 5) };
    outbox.commit(Some(5), &[other]).unwrap();
    drop(outbox);
    let outbox = open(folder.path(), 5);
    assert!(next(&outbox, narrow).is_empty());
    let figures = outbox.figures(&logs("a")).unwrap();
    // Number 3 is sent: no gap names it.
    let runs: Vec<_> = figures.unsent.iter().map(|run| (run.first, run.last)).collect();
    assert_eq!(runs, [(2, 2), (4, 4)]);
    outbox.remove_figures(&logs("a"), &figures).unwrap();
    assert!(next(&outbox, narrow).is_empty(), "it says itself when it is done");
    let changes = outbox.changes();
    outbox.rescope(&logs("a"), narrow).unwrap();
    assert!(changes.has_changed().unwrap(), "workers are told");
    assert_eq!((next(&outbox, narrow), next(&outbox, SCOPE)), (vec![1, 3, 5], vec![]));
}
