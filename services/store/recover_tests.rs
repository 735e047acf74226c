//! What the room that is set aside stands on: how much sled's file grows.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::domain::codes::Content;
use crate::domain::collection::Dataset;
use crate::domain::field::Field;
use crate::domain::submission::{Builder, Header, Keyer};
use crate::store::change::CHANGE_BYTES;
use crate::store::tree::DATA_FILE;
use crate::store::writer::FLUSH_BYTES;
use crate::store::{Prepared, Settings, Store};

fn open(folder: &Path) -> Store {
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
        observer: Arc::new(|_, _| {}),
    })
    .unwrap()
}

/// A submission; if it says that sex is not collected, every row has a problem.
fn prepared(store: &Store, rows: u64, collected: &[Field], seed: &mut u64) -> Prepared {
    let header = Header {
        organisation: "C82001".to_owned(),
        collection: "practice-feed".to_owned(),
        dataset: Dataset::Consultations,
        month: "2024-01".parse().unwrap(),
        request_id: uuid::Uuid::new_v4().to_string(),
        code_systems: BTreeMap::new(),
        collected: collected.iter().copied().collect(),
        person_key_scheme: String::new(),
        source: None,
        expected_record_count: None,
        allow_partial: false,
        validate_only: false,
        allow_shrinking: false,
    };
    let reference = Arc::clone(&store.catalog().reference);
    let mut builder = Builder::new(reference, header.clone(), Keyer::new(&[7; 32]), 10);
    for _ in 0..rows {
        *seed =
            seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        builder.begin_row();
        builder.code(Field::Channel, ["TELEPHONE", "VIDEO"][usize::from(*seed >> 63 == 1)]);
        builder.code(Field::Sex, ["1", "2"][usize::from((*seed >> 62) & 1 == 1)]);
        builder.end_row(Vec::new);
    }
    Prepared::new("caller", &header, &builder.finish())
}

/// sled's file never grows by more than was set aside, whatever the sizes of the submissions.
#[tokio::test]
async fn sled_grows_by_less_than_is_set_aside() {
    let cases = [
        (&[1][..], &[Field::Sex][..]),
        (&[40, 300], &[Field::Sex]),
        (&[1, 6_000], &[Field::Sex]),
        (&[40, 3_000], &[]),
    ];
    for (sizes, collected) in cases {
        let place = tempfile::tempdir().unwrap();
        let store = open(place.path());
        let data = place.path().join("sled").join(DATA_FILE);
        let length = || std::fs::metadata(&data).unwrap().len();
        let (begin, mut cost, mut seed) = (length(), 0, 1);
        while cost < FLUSH_BYTES / 4 {
            for rows in sizes {
                let prepared = prepared(&store, *rows, collected, &mut seed);
                cost += prepared.bytes() + CHANGE_BYTES;
                store.submit(Arc::new(prepared), None).await.unwrap();
                let grown = length().saturating_sub(begin);
                assert!(grown < GROWTH * cost + AHEAD_BYTES, "{grown} bytes for {cost}");
            }
        }
        drop(store);
        let grown = length() - begin;
        assert!(grown < GROWTH * cost + AHEAD_BYTES, "{grown} bytes for {cost}, flushed");
        // So that the measure stays one: a growth far below would be room set aside for nothing.
        assert!(grown > cost / 16, "{grown} bytes for {cost}");
    }
}
