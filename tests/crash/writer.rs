//! The one thread that writes fails: everybody is told, and what it had made durable is there at the next start.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use equity_indicators::{
    domain::{
        codes::Content,
        collection::Dataset,
        field::Field,
        submission::{Builder, Header, Keyer},
    },
    store::{Observer, Prepared, Settings, Store, WriteError},
};

fn open(folder: &Path, observer: Observer) -> Store {
    Store::open(Settings {
        folder,
        secret: &[7; 32],
        content: Some(Content::embedded()),
        sled_bytes: 8 << 20,
        estimate_bytes: 1 << 20,
        min_free_bytes: 0,
        witness: None,
        accept_loss: None,
        segment_bytes: None,
        observer,
    })
    .unwrap()
}

fn prepared(store: &Store) -> Arc<Prepared> {
    let header = Header {
        organisation: "C82001".to_owned(),
        collection: "practice-feed".to_owned(),
        dataset: Dataset::Consultations,
        month: "2024-01".parse().unwrap(),
        request_id: uuid::Uuid::new_v4().to_string(),
        code_systems: BTreeMap::new(),
        collected: [].into(),
        person_key_scheme: String::new(),
        source: None,
        expected_record_count: None,
        allow_partial: false,
        validate_only: false,
        allow_shrinking: false,
    };
    let reference = Arc::clone(&store.catalog().reference);
    let mut builder = Builder::new(reference, header.clone(), Keyer::new(&[7; 32]), 10);
    builder.begin_row();
    builder.code(Field::Channel, "TELEPHONE");
    builder.end_row(Vec::new);
    Arc::new(Prepared::new("caller", &header, &builder.finish()))
}

#[tokio::test]
async fn a_writer_that_fails_says_so() {
    let place = tempfile::tempdir().unwrap();
    let failing = open(place.path(), Arc::new(|_, _| panic!("an observer that fails")));
    assert_eq!(failing.stopped(), None);
    let unsure = failing.submit(prepared(&failing), None).await.unwrap_err();
    let WriteError::Unsure(stopped) = unsure else { panic!("{unsure:?}: it is in the log") };
    let refused = failing.submit(prepared(&failing), None).await.unwrap_err();
    for refusal in [*stopped, refused] {
        let WriteError::Stopped(why) = refusal else { panic!("{refusal:?}") };
        assert!(why.contains("start the service again"), "{why}");
    }
    assert!(failing.stopped().is_some());
    drop(failing);

    let store = open(place.path(), Arc::new(|_, _| {}));
    assert_eq!(store.catalog().slots().count(), 1, "the first was in the log");
    let written = store.submit(prepared(&store), None).await.unwrap();
    assert_eq!(written.version.unwrap().1, 2);
}
