//! Starting on what another version of the service wrote.

use super::*;
use crate::domain::codes::Content;
use crate::proto::store::{Configuration, ConfigurationFile};
use crate::store::log::{NewEntry, SEGMENT_BYTES};
use crate::store::{rebuild, verify};

fn settings(folder: &Path, content: Option<Content>) -> Settings<'_> {
    Settings {
        folder,
        secret: &[7; 32],
        content,
        sled_bytes: 8 << 20,
        estimate_bytes: 1 << 20,
        min_free_bytes: 0,
        witness: None,
        accept_loss: None,
        segment_bytes: None,
        observer: Arc::new(|_, _| {}),
    }
}

/// A log as a version left it that had this format and did not know one of today's files yet.
fn written_before(folder: &Path, format_version: u32, file: &str) {
    let Opened { mut log, .. } = SegmentLog::open(&folder.join("log"), SEGMENT_BYTES, &[]).unwrap();
    let genesis =
        Genesis { format_version, secret_fingerprint: fingerprint(&[7; 32]).to_vec().into() };
    let known = Content::embedded();
    let files =
        known.files().filter(|(name, _)| *name != file).map(|(name, content)| ConfigurationFile {
            name: name.to_owned(),
            content: content.to_owned(),
            ..Default::default()
        });
    let configuration = Configuration { files: files.collect() };
    let entries = [
        (EntryKind::Genesis, genesis.encode_to_vec()),
        (EntryKind::Configuration, configuration.encode_to_vec()),
    ];
    let new =
        entries.iter().map(|(kind, payload)| NewEntry { kind: *kind, time_millis: 1, payload });
    log.append(&new.collect::<Vec<_>>()).unwrap();
}

#[test]
fn content_of_an_earlier_version_is_replaced_and_the_log_stays_provable() {
    for file in ["indicators.toml", "dimensions.toml"] {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path();
        written_before(folder, LOG_FORMAT, file);
        let refused = Store::open(settings(folder, None)).err();
        let old = |error: &StoreError| matches!(error, StoreError::OldContent(error) if error.to_string().contains(file));
        assert!(refused.as_ref().is_some_and(old), "{file}: {refused:?}");
        // With sled from the start before, and without.
        for lost in [false, true] {
            if lost {
                std::fs::remove_dir_all(folder.join("sled")).unwrap();
            }
            let store = Store::open(settings(folder, Some(Content::embedded()))).unwrap();
            assert_eq!(store.catalog().position, 3);
            drop(store);
            let report = verify(folder, None, None, &mut |_, _| {}).unwrap();
            assert_eq!((report.entries, report.differences), (3, Vec::<String>::new()));
        }
        drop(Store::open(settings(folder, None)).unwrap());
    }
}

/// Content that is put in use while the service runs holds at once, after a start, and after everything is made anew from the log.
#[tokio::test]
async fn content_can_change_while_the_store_is_open() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    let open = |content| Store::open(settings(folder, content)).unwrap();
    let changed = |text: &str| Content::embedded().and("partners.toml", text.to_owned());
    let partner = |id: &str| {
        format!("trust_domain = \"a.example\"\n[partners.{id}]\norganisation = \"C82001\"")
    };
    let known = |store: &Store, id: &str| store.catalog().reference.partners().named(id).is_some();
    let store = open(Some(Content::embedded()));
    let before = store.catalog().position;
    for (id, other) in [("one", "two"), ("two", "one"), ("one", "two")] {
        let written = store.configure(&changed(&partner(id))).await.unwrap();
        assert!(written.version.is_none() && !written.replayed);
        assert_eq!(store.catalog().configured(u64::MAX), written.position);
        assert!(known(&store, id) && !known(&store, other));
    }
    let last = store.catalog().position;
    assert_eq!(last, before + 3, "the same content again is an entry of its own");
    drop(store);
    let store = open(Some(changed(&partner("one"))));
    assert_eq!(store.catalog().position, last, "a start with the same content changes nothing");
    drop(store);
    let report = verify(folder, None, None, &mut |_, _| {}).unwrap();
    assert_eq!(report.differences, [""; 0]);
    rebuild(folder, None, &mut |_, _| {}).unwrap();
    let store = open(None);
    assert!(known(&store, "one") && !known(&store, "two"));
}

#[test]
fn a_log_of_another_format_is_refused_with_a_sentence_and_stays() {
    for format in [0, 1, LOG_FORMAT + 1] {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path();
        written_before(folder, format, "");
        let open = || Store::open(settings(folder, Some(Content::embedded()))).err();
        let refusals = [
            open(),
            open(),
            verify(folder, None, None, &mut |_, _| {}).err(),
            rebuild(folder, None, &mut |_, _| {}).err(),
        ];
        for error in refusals {
            let found =
                matches!(&error, Some(StoreError::LogFormat { format: f, .. }) if *f == format);
            assert!(found, "{format}: {error:?}");
            let error = error.unwrap().to_string();
            assert!(error.contains("start the version that wrote it"), "{error}");
        }
        let Opened { log, damage, .. } = SegmentLog::read_only(&folder.join("log"), &[]).unwrap();
        assert_eq!((log.tail(), damage), (2, None));
    }
}
