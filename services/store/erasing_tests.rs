//! What is erased is in no file any more, in whatever form it was there; and a start finishes what was begun.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::*;
use crate::domain::codes::Content;
use crate::domain::collection::Dataset;
use crate::domain::field::Field;
use crate::domain::period::Month;
use crate::domain::reference::Reference;
use crate::domain::submission::{Builder, Header, Keyer};
use crate::store::log::{Opened, SegmentLog};
use crate::store::{
    ErasureKind, NewRelease, ReleaseReason, Settings, Store, WriteError, rebuild, standing, verify,
};

/// Bytes of a needle. Two columns of hundreds of random values have no such run in common.
const NEEDLE: usize = 20;
const LSOAS: [&str; 4] = ["E01013600", "E01013601", "E01013602", "E01013603"];

pub(in crate::store) fn open(folder: &Path) -> Store {
    try_open(folder, None).unwrap()
}

pub(in crate::store) fn try_open(
    folder: &Path,
    accept_loss: Option<u64>,
) -> Result<Store, StoreError> {
    Store::open(Settings {
        folder,
        secret: &[7; 32],
        content: Some(Content::embedded()),
        sled_bytes: 8 << 20,
        estimate_bytes: 1 << 20,
        min_free_bytes: 0,
        witness: Some(&folder.join("witness")),
        accept_loss,
        segment_bytes: None,
        observer: Arc::new(|_, _| {}),
    })
}

/// Puts another log in the place of a folder's.
pub(in crate::store) fn replace_log(folder: &Path, by: &Path) {
    fs::remove_dir_all(folder.join("log")).unwrap();
    copy(by, &folder.join("log"));
}

/// A submission of random rows, in which some persons have one row each.
pub(in crate::store) fn prepared(organisation: &str, persons: &[&str], seed: u64) -> Prepared {
    let header = Header {
        organisation: organisation.to_owned(),
        collection: "practice-feed".to_owned(),
        dataset: Dataset::Consultations,
        month: "2024-01".parse().unwrap(),
        request_id: uuid::Uuid::new_v4().to_string(),
        code_systems: BTreeMap::new(),
        collected: [Field::Sex, Field::Age, Field::ResidenceLsoa].into(),
        person_key_scheme: "scheme".to_owned(),
        source: None,
        expected_record_count: None,
        allow_partial: false,
        validate_only: false,
        allow_shrinking: false,
    };
    let reference = Arc::new(Reference::new(&Content::embedded()).unwrap());
    let mut builder = Builder::new(reference, header.clone(), Keyer::new(&[7; 32]), 10);
    let mut dice = seed;
    let mut roll = |below: u64| {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((dice >> 33) % below).unwrap()
    };
    for row in 0..600 {
        builder.begin_row();
        builder.code(Field::Channel, ["TELEPHONE", "VIDEO", "FACE_TO_FACE"][roll(3)]);
        builder.code(Field::Sex, ["1", "2", "9"][roll(3)]);
        builder.age(Some(i32::try_from(roll(100)).unwrap()), "");
        builder.code(Field::ResidenceLsoa, LSOAS[roll(4)]);
        builder.date(&format!("2024-01-{:02}", 1 + roll(28)));
        match persons.get(row / 100).filter(|_| row % 100 == 50) {
            Some(person) => builder.person(person),
            None => builder.person(&format!("{seed} {row}")),
        }
        builder.end_row(Vec::new);
    }
    Prepared::new("caller", &header, &builder.finish())
}

/// Parts of what a submission is in the log and in sled: of its chunks, of its description as it is deflated, and of its pack.
pub(in crate::store) fn needles(of: &Prepared) -> Vec<Vec<u8>> {
    let pack = &of.pack.as_ref().unwrap().bytes;
    let forms = of.chunks.iter().chain([&of.described, pack]);
    let needles = forms.flat_map(|bytes| bytes.chunks_exact(NEEDLE));
    // What has few different bytes may be anywhere.
    let is_sure =
        |needle: &&[u8]| needle.iter().collect::<std::collections::BTreeSet<_>>().len() > 12;
    needles.filter(is_sure).map(<[u8]>::to_vec).collect()
}

/// How many of the needles are in the files of a folder, by file.
pub(in crate::store) fn found(folder: &Path, needles: &[Vec<u8>]) -> BTreeMap<String, usize> {
    let mut wanted: FxHashMap<[u8; 8], Vec<&[u8]>> = FxHashMap::default();
    for needle in needles {
        wanted.entry(*needle.first_chunk().unwrap()).or_default().push(needle);
    }
    let mut found = BTreeMap::new();
    for item in fs::read_dir(folder).unwrap() {
        let path = item.unwrap().path();
        if path.is_dir() {
            found.extend(self::found(&path, needles));
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        let hits = bytes.windows(8).enumerate().filter(|(at, window)| {
            let candidates = wanted.get::<[u8]>(window).into_iter().flatten();
            candidates.clone().any(|needle| bytes[*at..].starts_with(needle))
        });
        let count = hits.count();
        if count > 0 {
            let name = path.strip_prefix(folder.ancestors().nth(1).unwrap()).unwrap();
            found.insert(name.display().to_string(), count);
        }
    }
    found
}

pub(in crate::store) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for item in fs::read_dir(from).unwrap() {
        let (path, name) = {
            let item = item.unwrap();
            (item.path(), item.file_name())
        };
        if path.is_dir() {
            copy(&path, &to.join(name));
        } else {
            fs::copy(&path, to.join(name)).map(drop).unwrap();
        }
    }
}

pub(in crate::store) fn is_proven(folder: &Path) {
    let report = verify(folder, None, Some(&folder.join("witness")), &mut |_, _| {}).unwrap();
    assert_eq!(report.differences, [""; 0]);
}

pub(in crate::store) fn order(what: ToErase) -> NewErasure {
    let (reason, caller) = ("a test".to_owned(), "caller".to_owned());
    NewErasure { what, reason, caller, request_id: uuid::Uuid::new_v4().to_string() }
}

pub(in crate::store) fn slot(store: &Store, organisation: &str) -> Slot {
    let month: Month = "2024-01".parse().unwrap();
    let catalog = store.catalog();
    catalog.slot("practice-feed", organisation, Dataset::Consultations, month).unwrap()
}

fn key(person: &str) -> u64 {
    Keyer::new(&[7; 32]).hash("scheme", person)
}

#[tokio::test]
async fn an_erased_submission_is_in_no_file_and_the_log_proves_the_rest() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    let (first, second, other) =
        (prepared("C82001", &[], 1), prepared("C82001", &[], 2), prepared("C82002", &[], 3));
    let (gone, stays) = ([needles(&first), needles(&second)].concat(), needles(&other));
    let store = open(folder);
    let id = first.meta.request_id.clone();
    let retry = Prepared::of_runs(
        first.meta.clone(),
        &runs::joined(first.chunks.iter().map(Vec::as_slice)).unwrap(),
    );
    let mut positions = Vec::new();
    for submission in [first, second, other] {
        positions.push(store.submit(Arc::new(submission), None).await.unwrap().position);
    }
    drop(store);
    let before = found(folder, &gone);
    let in_both =
        ["log/", "sled/"].iter().all(|name| before.keys().any(|path| path.contains(name)));
    assert!(in_both, "the needles find what is there: {before:?}");
    // Copies that an operator has kept, and a killed command has left.
    for copied in ["sled-damaged-1", "log-lost-1", "verify"] {
        copy(&folder.join("log"), &folder.join(copied));
    }
    let store = open(folder);
    let slot = slot(&store, "C82001");
    let what = ToErase::Submission { slot, version: 2, all_versions: true };
    let asked = order(what.clone());
    let made = store.erase(asked.clone()).await.unwrap();
    let gone_now = found(folder, &gone);
    assert!(gone_now.is_empty(), "{gone_now:?}");
    assert!(!found(folder, &stays).is_empty());
    for name in ["sled-damaged-1", "log-lost-1", "verify", NEW, OLD] {
        assert!(!folder.join(name).try_exists().unwrap(), "{name}");
    }
    // Nothing stands; earlier positions say that something was erased.
    let erasure = {
        let catalog = store.catalog();
        assert!(catalog.stands(&slot).is_none());
        let versions = catalog.versions(&slot);
        assert!(versions.iter().all(|version| version.is_erased));
        assert_eq!(standing(versions, positions[1]).map(|of| of.is_erased), Some(true));
        assert!(standing(versions, made.position).is_none());
        catalog.erasures().last().unwrap().clone()
    };
    assert_eq!(
        (erasure.kind, erasure.record_count, erasure.versions.len()),
        (ErasureKind::Submission, 1200, 2)
    );
    // The same calls again.
    assert!(store.erase(asked).await.unwrap().replayed);
    assert!(matches!(store.erase(order(what)).await, Err(WriteError::AlreadyErased)));
    let again = store.submit(Arc::new(retry), None).await.unwrap();
    assert!(again.replayed, "a sender who repeats {id} does not bring it back");
    let reader = store.reader();
    let stands = Arc::clone(store.catalog().stands(&self::slot(&store, "C82002")).unwrap());
    assert_eq!(reader.persons(&stands).unwrap().data.len(), 600 * 8);
    drop(store);
    assert!(found(folder, &gone).is_empty());
    is_proven(folder);
    rebuild(folder, None, &mut |_, _| {}).unwrap();
    is_proven(folder);
    let store = open(folder);
    assert_eq!(*store.catalog().erasures().last().unwrap(), erasure);
    assert!(found(folder, &gone).is_empty());
}

#[tokio::test]
async fn an_erased_person_is_in_no_file_and_everybody_else_stays() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    let keys = vec![key("gone").to_le_bytes().to_vec(), key("gone").to_be_bytes().to_vec()];
    let store = open(folder);
    for (organisation, persons, seed) in [
        ("C82001", &["gone", "stays"][..], 1),
        ("C82001", &["stays", "gone"], 2),
        ("C82002", &["stays"], 3),
        ("C82003", &["gone"], 4),
    ] {
        store.submit(Arc::new(prepared(organisation, persons, seed)), None).await.unwrap();
    }
    drop(store);
    let before = found(folder, &keys);
    let in_both =
        ["log/", "sled/"].iter().all(|name| before.keys().any(|path| path.contains(name)));
    assert!(in_both, "{before:?}");
    let store = open(folder);
    let what = ToErase::Person { scheme: "scheme".into(), key: key("gone") };
    store.erase(order(what.clone())).await.unwrap();
    let gone = found(folder, &keys);
    assert!(gone.is_empty(), "{gone:?}");
    let erasure = store.catalog().erasures().last().unwrap().clone();
    assert_eq!((erasure.record_count, erasure.versions.len()), (2, 3));
    let replaced: Vec<_> = erasure.versions.iter().map(|of| (of.version, of.replaced_by)).collect();
    assert_eq!(replaced, [(1, None), (2, Some(3)), (1, Some(2))]);
    for (organisation, persons) in [("C82001", 599), ("C82002", 600), ("C82003", 599)] {
        let stands = Arc::clone(store.catalog().stands(&slot(&store, organisation)).unwrap());
        assert_eq!((stands.accepted_count, stands.total_count), (persons, persons));
        let keys = store.reader().persons(&stands).unwrap().data;
        let keys: Vec<_> =
            keys.as_chunks::<8>().0.iter().map(|key| u64::from_le_bytes(*key)).collect();
        assert_eq!(keys.len() as u64, persons);
        assert!(
            !keys.contains(&key("gone"))
                && (organisation == "C82003" || keys.contains(&key("stays")))
        );
    }
    assert!(matches!(store.erase(order(what)).await, Err(WriteError::NoSuchPerson)));
    drop(store);
    assert!(found(folder, &keys).is_empty());
    is_proven(folder);
}

/// Every state that a kill can leave between the append and the answer.
#[tokio::test]
async fn a_start_finishes_what_was_begun() {
    let place = tempfile::tempdir().unwrap();
    let (before, after) = (place.path().join("before"), place.path().join("after"));
    let submission = prepared("C82001", &[], 1);
    let gone = needles(&submission);
    let store = open(&before);
    store.submit(Arc::new(submission), None).await.unwrap();
    store.submit(Arc::new(prepared("C82002", &[], 2)), None).await.unwrap();
    drop(store);
    copy(&before, &after);
    let store = open(&after);
    let what =
        ToErase::Submission { slot: slot(&store, "C82001"), version: 1, all_versions: false };
    let position = store.erase(order(what)).await.unwrap().position;
    drop(store);
    let Opened { log, .. } = SegmentLog::read_only(&after.join("log"), &[]).unwrap();
    let entry = log.read_from(position).unwrap().next().unwrap().unwrap();
    drop(log);

    let begun = |name: &str| {
        let folder = place.path().join(name);
        copy(&before, &folder);
        let mut opened = SegmentLog::open(&folder.join("log"), SEGMENT_BYTES, &[]).unwrap();
        let (kind, time_millis) = (entry.kind, entry.time_millis);
        let new = NewEntry { kind, time_millis, payload: &entry.payload };
        assert_eq!(opened.log.append(&[new]).unwrap()[0], entry.place, "the chain is the same");
        folder
    };
    let appended = begun("appended");
    let half_written = begun("half_written");
    let segment = half_written.join("log/00000000000000000001.seg");
    fs::copy(&segment, segment.with_extension("seg.new")).unwrap();
    let destroyed = place.path().join("destroyed");
    copy(&after, &destroyed);
    fs::remove_dir_all(destroyed.join("sled")).unwrap();
    copy(&before.join("sled"), &destroyed.join("sled"));
    let between = place.path().join("between");
    copy(&after, &between);
    fs::rename(between.join("sled"), between.join(NEW)).unwrap();
    copy(&before.join("sled"), &between.join(OLD));
    // sled was opened and has nothing; its files have what a crash kept it from reading.
    let unread = place.path().join("unread");
    copy(&after, &unread);
    fs::remove_dir_all(unread.join("sled")).unwrap();
    drop(State::open(&unread.join("sled"), 8 << 20).unwrap());
    fs::copy(before.join("sled/db"), unread.join("sled/left")).unwrap();
    let renamed = place.path().join("renamed");
    copy(&after, &renamed);
    copy(&before.join("sled"), &renamed.join(OLD));
    for folder in [appended, half_written, destroyed, between, unread, renamed] {
        assert!(!found(&folder, &gone).is_empty(), "{}", folder.display());
        let store = open(&folder);
        assert_eq!(store.stopped(), None);
        let still = found(&folder, &gone);
        assert!(still.is_empty(), "{still:?}");
        assert!(store.catalog().stands(&slot(&store, "C82001")).is_none());
        assert!(store.catalog().stands(&slot(&store, "C82002")).is_some());
        drop(store);
        is_proven(&folder);
        assert!(found(&folder, &gone).is_empty(), "{}", folder.display());
    }
}

#[tokio::test]
async fn retention_erases_what_is_old_and_what_was_replaced() {
    let place = tempfile::tempdir().unwrap();
    let store = open(place.path());
    for seed in [1, 2] {
        store.submit(Arc::new(prepared("C82001", &[], seed)), None).await.unwrap();
    }
    store.submit(Arc::new(prepared("C82002", &[], 3)), None).await.unwrap();
    let withdrawn = slot(&store, "C82002");
    let id = uuid::Uuid::new_v4().to_string();
    store.withdraw(withdrawn, 1, "caller", &id).await.unwrap();
    let erase = |before, replaced_before| {
        store.erase(order(ToErase::Retention { before, replaced_before }))
    };
    let month = |text: &str| Some(text.parse::<Month>().unwrap());
    for (before, replaced_before) in [(None, None), (month("2024-01"), Some(1)), (None, Some(1))] {
        assert!(matches!(erase(before, replaced_before).await, Err(WriteError::AlreadyErased)));
    }
    erase(None, Some(store.now() + 1)).await.unwrap();
    let named = |store: &Store| -> Vec<_> {
        let made = store.catalog().erasures().last().unwrap().clone();
        assert_eq!(made.kind, ErasureKind::Retention);
        made.versions.iter().map(|of| (of.organisation.to_string(), of.version)).collect()
    };
    assert_eq!(named(&store), [("C82001".to_owned(), 1), ("C82002".to_owned(), 1)]);
    assert!(store.catalog().stands(&slot(&store, "C82001")).is_some());
    erase(month("2024-02"), None).await.unwrap();
    assert_eq!(named(&store), [("C82001".to_owned(), 2)]);
    assert!(store.catalog().stands(&slot(&store, "C82001")).is_none());
    drop(store);
    is_proven(place.path());
}

/// A crash in the middle of an append can leave chunks that no commit names. Nobody ever reads them, and nothing would find them later.
#[tokio::test]
async fn chunks_of_no_submission_go_with_any_erasure() {
    for by_person in [false, true] {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path();
        let store = open(folder);
        store.submit(Arc::new(prepared("C82001", &[], 1)), None).await.unwrap();
        drop(store);
        let cut_short = prepared("C82001", &["gone"], 2);
        let gone = needles(&cut_short);
        let append = |payloads: &[Vec<u8>]| {
            let mut log = SegmentLog::open(&folder.join("log"), SEGMENT_BYTES, &[]).unwrap().log;
            let new = payloads.iter().map(|payload| NewEntry {
                kind: EntryKind::Chunk,
                time_millis: log.time_millis(),
                payload,
            });
            let new: Vec<_> = new.collect();
            log.append(&new).unwrap();
        };
        append(&cut_short.chunks);
        let store = open(folder);
        store.submit(Arc::new(prepared("C82002", &[], 3)), None).await.unwrap();
        drop(store);
        append(&cut_short.chunks);
        assert!(!found(folder, &gone).is_empty());
        let store = open(folder);
        let person = |key| ToErase::Person { scheme: "scheme".into(), key };
        let what = match by_person {
            true => person(key("gone")),
            false => ToErase::Submission {
                slot: slot(&store, "C82001"),
                version: 1,
                all_versions: false,
            },
        };
        let nobody = store.erase(order(person(key("nobody")))).await;
        assert!(matches!(nobody, Err(WriteError::NoSuchPerson)));
        store.erase(order(what)).await.unwrap();
        assert!(found(folder, &gone).is_empty());
        assert!(matches!(
            store.erase(order(person(key("gone")))).await,
            Err(WriteError::NoSuchPerson)
        ));
        drop(store);
        is_proven(folder);
        let store = open(folder);
        assert_eq!(store.stopped(), None);
        assert!(found(folder, &gone).is_empty());
    }
}

/// A payload that somebody has cut out, and no erasure names, is no erasure.
#[tokio::test]
async fn a_payload_that_no_erasure_names_is_missed() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    let store = open(folder);
    let position = store.submit(Arc::new(prepared("C82001", &[], 1)), None).await.unwrap().position;
    drop(store);
    let mut opened = SegmentLog::open(&folder.join("log"), SEGMENT_BYTES, &[]).unwrap();
    opened.log.erase(&[(position, b"anything".to_vec())].into()).unwrap();
    drop(opened);
    let report = verify(folder, None, None, &mut |_, _| {}).unwrap();
    assert!(report.differences[0].contains("no erasure names it"), "{:?}", report.differences);
    let refused = rebuild(folder, None, &mut |_, _| {}).unwrap_err().to_string();
    assert!(refused.contains("no erasure names it"), "{refused}");
}

/// The id of an erasure of somebody else must not be answered with "erased before".
#[tokio::test]
async fn an_id_that_was_used_for_a_person_is_refused_for_another() {
    let place = tempfile::tempdir().unwrap();
    let store = open(place.path());
    store.submit(Arc::new(prepared("C82001", &["one", "other"], 1)), None).await.unwrap();
    let of = |person| ToErase::Person { scheme: "scheme".into(), key: key(person) };
    let first = order(of("one"));
    let made = store.erase(first.clone()).await.unwrap();
    let again = store.erase(first.clone()).await.unwrap();
    assert!(again.replayed && again.position == made.position);
    let other = NewErasure { what: of("other"), ..first.clone() };
    assert!(matches!(store.erase(other).await, Err(WriteError::RequestIdReused)));
    store.submit(Arc::new(prepared("C82002", &["one"], 2)), None).await.unwrap();
    let came_back = store.erase(first).await;
    assert!(matches!(came_back, Err(WriteError::RequestIdReused)), "{came_back:?}");
    store.erase(order(of("one"))).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn no_release_is_made_of_what_was_there_before_an_erasure() {
    let place = tempfile::tempdir().unwrap();
    let store = open(place.path());
    for (organisation, seed) in [("C82001", 1), ("C82002", 2)] {
        store.submit(Arc::new(prepared(organisation, &[], seed)), None).await.unwrap();
    }
    let release = |id: &str, shown| NewRelease {
        id: id.to_owned(),
        shown,
        after: 0,
        reason: ReleaseReason::Operator,
        closed: Month::new(2020, 1).unwrap(),
        least: 3,
    };
    // It was looked at, and then waited for the erasure.
    let before = store.catalog().position;
    let what =
        ToErase::Submission { slot: slot(&store, "C82001"), version: 1, all_versions: false };
    store.erase(order(what)).await.unwrap();
    let made = store.release(release("old", before), "caller", "old").await;
    assert!(matches!(made, Err(WriteError::Overtaken)), "{made:?}");
    let now = store.catalog().position;
    store.release(release("new", now), "caller", "new").await.unwrap();
}
