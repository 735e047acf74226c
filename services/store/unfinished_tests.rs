//! What a start does when the log has lost its end, and erasures with it or before it.

use std::sync::Arc;

use super::*;
use crate::store::erasing::tests::{
    copy, found, is_proven, needles, open, order, prepared, replace_log, slot, try_open,
};
use crate::store::log::{Opened, SEGMENT_BYTES};
use crate::store::{ErasureKind, Store, ToErase, rebuild};

/// The entry of an erasure is lost with the end of the log, and the payloads are gone: an operator can go on, and what is gone is named.
#[tokio::test]
async fn a_lost_erasure_can_be_accepted_and_what_it_erased_is_named() {
    let place = tempfile::tempdir().unwrap();
    let (folder, before) = (&place.path().join("data"), place.path().join("before"));
    let store = open(folder);
    store.submit(Arc::new(prepared("C82001", &[], 1)), None).await.unwrap();
    store.submit(Arc::new(prepared("C82002", &[], 2)), None).await.unwrap();
    let tail = store.catalog().position;
    drop(store);
    copy(&folder.join("log"), &before);
    let store = open(folder);
    let what =
        ToErase::Submission { slot: slot(&store, "C82001"), version: 1, all_versions: false };
    let position = store.erase(order(what)).await.unwrap().position;
    drop(store);
    let Opened { log, .. } = SegmentLog::read_only(&folder.join("log"), &[]).unwrap();
    let entry = log.read_from(position).unwrap().next().unwrap().unwrap();
    let left = left_by(&Erase::decode(entry.payload.as_slice()).unwrap()).collect();
    let mut opened = SegmentLog::open(&before, SEGMENT_BYTES, &[]).unwrap();
    opened.log.erase(&left).unwrap();
    drop((opened, log));
    replace_log(folder, &before);

    let reads = open(folder).stopped().unwrap_or_default().to_string();
    assert!(reads.contains(&format!("--accept-loss {tail}")), "{reads:?}");
    assert!(try_open(folder, Some(tail - 1)).is_err(), "another loss than the one that there is");
    // Nothing but the log is there: no one knows of the lost entry, and the payload is missed.
    let alone = &place.path().join("alone");
    copy(&before, &alone.join("log"));
    let refused = try_open(alone, None).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(refused.contains(&format!("--accept-loss {tail}")), "{refused:?}");
    drop(try_open(alone, Some(tail)).unwrap());
    is_proven(alone);
    let store = try_open(folder, Some(tail)).unwrap();
    assert_eq!(store.stopped(), None);
    let is_right = |store: &Store| {
        let made = store.catalog().erasures().last().unwrap().clone();
        let named: Vec<_> =
            made.versions.iter().map(|of| (&*of.organisation, of.version)).collect();
        assert_eq!((made.kind, made.record_count), (ErasureKind::Lost, 600));
        assert_eq!(named, [("C82001", 1)]);
        assert!(store.catalog().stands(&slot(store, "C82001")).is_none());
        assert!(store.catalog().stands(&slot(store, "C82002")).is_some());
    };
    is_right(&store);
    drop(store);
    is_proven(folder);
    is_right(&open(folder));
    rebuild(folder, None, &mut |_, _| {}).unwrap();
    is_right(&open(folder));
}

/// Where no erasure is younger, the only copy of entries whose loss was accepted stays.
#[tokio::test]
async fn what_was_set_aside_after_the_last_erasure_stays() {
    let place = tempfile::tempdir().unwrap();
    let (folder, before) = (&place.path().join("data"), place.path().join("before"));
    let store = open(folder);
    for (organisation, seed) in [("C82001", 1), ("C82002", 2)] {
        store.submit(Arc::new(prepared(organisation, &[], seed)), None).await.unwrap();
    }
    let what =
        ToErase::Submission { slot: slot(&store, "C82001"), version: 1, all_versions: false };
    let tail = store.erase(order(what)).await.unwrap().position;
    drop(store);
    copy(&folder.join("log"), &before);
    let lost = prepared("C82003", &[], 3);
    let copies = needles(&lost);
    let store = open(folder);
    store.submit(Arc::new(lost), None).await.unwrap();
    drop(store);
    replace_log(folder, &before);
    drop(try_open(folder, Some(tail)).unwrap());
    let kept = found(folder, &copies);
    assert!(kept.keys().any(|path| path.contains("sled-")), "{kept:?}");
    drop(open(folder));
    assert_eq!(found(folder, &copies), kept);
    is_proven(folder);
}
