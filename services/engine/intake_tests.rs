//! What becomes of a submission, without a network: every rule of the header and of the request id.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::domain::field::Field;
use crate::engine::answer::tests::running::opened;
use crate::engine::receipt::Receipt;

const GOOD: &[&str] = &["VIDEO", "TELEPHONE"];
const PARTLY: &[&str] = &["VIDEO", "PIGEON"];
const BAD: &[&str] = &["PIGEON"];

fn header(request_id: &str) -> Header {
    Header {
        organisation: "04C".into(),
        collection: "synthetic-llr".into(),
        dataset: Dataset::Consultations,
        month: "2020-04".parse().unwrap(),
        request_id: request_id.into(),
        code_systems: BTreeMap::new(),
        collected: BTreeSet::new(),
        person_key_scheme: String::new(),
        expected_record_count: None,
        allow_partial: false,
        validate_only: false,
    }
}

fn take(intake: &mut Intake<Builder>, channels: &[&str]) -> Result<(), Refused> {
    intake.batch(|rows| {
        for channel in channels {
            rows.begin_row();
            rows.code(Field::Channel, channel);
            rows.end_row(Vec::new);
        }
        Ok(())
    })
}

async fn submit(engine: &Engine, header: Header, channels: &[&str]) -> Result<Receipt, Refused> {
    let mut intake = engine.intake("caller", header);
    take(&mut intake, channels)?;
    engine.submit(intake.finish()?).await
}

#[tokio::test]
async fn rows_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let (engine, _) = opened(folder.path());
    let expecting = |rows| Header { expected_record_count: Some(rows), ..header("a") };
    let refused = submit(&engine, expecting(3), GOOD).await;
    assert!(matches!(refused, Err(Refused::RecordCount { expected: 3, received: 2 })));
    let refused = submit(&engine, header("a"), &[]).await;
    assert!(matches!(refused, Err(Refused::Empty)));
    let mut intake = engine.intake("caller", header("a"));
    intake.most_rows = 3;
    take(&mut intake, GOOD).unwrap();
    assert!(matches!(take(&mut intake, GOOD), Err(Refused::TooLarge { most: 3 })));
    let stored = submit(&engine, expecting(2), GOOD).await;
    assert!(matches!(stored, Ok(Receipt::Stored { replayed: false, .. })));
}

#[tokio::test]
async fn rows_with_problems_are_left_out_only_if_the_header_allows_it() {
    let folder = tempfile::tempdir().unwrap();
    let (engine, _) = opened(folder.path());
    let Err(Refused::Rows(rows)) = submit(&engine, header("a"), PARTLY).await else { panic!() };
    assert_eq!((rows.count, rows.problems[0].row_index), (1, 1));
    let partial = || Header { allow_partial: true, ..header("b") };
    assert!(matches!(submit(&engine, partial(), BAD).await, Err(Refused::Rows(_))));
    let Ok(Receipt::Stored { version, problems, .. }) = submit(&engine, partial(), PARTLY).await
    else {
        panic!()
    };
    assert_eq!((version.submission.accepted_count, problems.len()), (1, 1));
    assert_eq!(problems, engine.row_problems(&version.submission).unwrap());
}

#[tokio::test]
async fn what_is_only_validated_is_not_stored() {
    let folder = tempfile::tempdir().unwrap();
    let (engine, _) = opened(folder.path());
    let before = engine.position();
    for channels in [GOOD, PARTLY, BAD] {
        let validate = Header { validate_only: true, ..header("a") };
        let receipt = submit(&engine, validate, channels).await;
        let Ok(Receipt::Validated(_, draft)) = receipt else { panic!() };
        assert_eq!(draft.accepted_count + draft.rejected_count, channels.len() as u64);
    }
    assert_eq!(engine.position(), before);
}

#[tokio::test]
async fn a_request_id_means_one_content_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let (engine, _) = opened(folder.path());
    for again in [false, true] {
        let receipt = submit(&engine, header("a"), GOOD).await;
        let Ok(Receipt::Stored { version, replayed, .. }) = receipt else { panic!() };
        assert_eq!((version.submission.version, replayed), (1, again));
    }
    let other = submit(&engine, header("a"), &["VIDEO"]).await;
    assert!(matches!(other, Err(Refused::Write(WriteError::RequestIdReused))));
    let refused = submit(&engine, header("a"), PARTLY).await;
    let Err(Refused::StoredBefore(made, rows)) = refused else { panic!() };
    assert_eq!((made.version, rows.count), (1, 1));
    // The id of another change than a submission.
    engine.withdraw(&made, "caller", "b").await.unwrap();
    let refused = submit(&engine, header("b"), PARTLY).await;
    assert!(matches!(refused, Err(Refused::Write(WriteError::RequestIdReused))));
}
