//! What becomes of a submission, without a network: every rule of the header and of the request id.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::domain::disclosure::ProfileName;
use crate::domain::field::Field;
use crate::domain::submission::EstimateRow;
use crate::engine::answer::tests::running::opened;
use crate::engine::query::Reader;
use crate::engine::receipt::{Foreseen, Receipt};
use crate::engine::submissions::Listed;

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
        source: None,
        expected_record_count: None,
        allow_partial: false,
        validate_only: false,
        allow_shrinking: false,
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
    engine.submit(intake.finish()?, &Reader::of(ProfileName::Internal)).await
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
        let Ok(Receipt::Validated(_, draft, _)) = receipt else { panic!() };
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

#[tokio::test]
async fn what_stands_already_makes_no_new_version() {
    let folder = tempfile::tempdir().unwrap();
    let (engine, _) = opened(folder.path());
    let made = async |header: Header, codes: &[&str]| match submit(&engine, header, codes).await {
        Ok(Receipt::Stored { version, unchanged, replayed, .. }) => {
            (version.submission.version, unchanged, replayed)
        }
        _ => panic!(),
    };
    assert_eq!(made(header("a"), GOOD).await, (1, false, false));
    let position = engine.store().catalog().position;
    assert_eq!(made(header("b"), GOOD).await, (1, true, false));
    assert_eq!(made(header("a"), GOOD).await, (1, false, true), "a request keeps its receipt");
    assert_eq!(engine.store().catalog().position, position, "nothing was written");
    let checked = Header { validate_only: true, ..header("c") };
    let foreseen = submit(&engine, checked.clone(), GOOD).await;
    assert!(matches!(foreseen, Ok(Receipt::Validated(_, _, Foreseen::Unchanged))));
    let foreseen = submit(&engine, checked.clone(), PARTLY).await;
    assert!(matches!(foreseen, Ok(Receipt::Validated(_, _, Foreseen::Refused))));
    let foreseen = submit(&engine, Header { allow_partial: true, ..checked }, PARTLY).await;
    assert!(matches!(foreseen, Ok(Receipt::Validated(_, _, Foreseen::Stored))));
    // Another content between makes it new again, and so does a withdrawal.
    assert_eq!(made(header("d"), &["VIDEO", "VIDEO"]).await, (2, false, false));
    assert_eq!(made(header("e"), GOOD).await, (3, false, false));
    let reader = &Reader::of(ProfileName::Internal);
    let all = Listed { reader, collection: None, organisation: None, month: None, past: false };
    let current = engine.submissions(&all, 0, 1).unwrap().remove(0).submission;
    engine.withdraw(&current, "caller", "f").await.unwrap();
    assert_eq!(made(header("g"), GOOD).await, (4, false, false));
}

fn many(rows: usize) -> Vec<&'static str> {
    vec!["VIDEO"; rows]
}

#[tokio::test]
async fn a_replacement_does_not_lose_most_of_a_month_unless_the_header_allows_it() {
    let folder = tempfile::tempdir().unwrap();
    let (engine, _) = opened(folder.path());
    submit(&engine, header("a"), &many(10)).await.unwrap();
    for validate_only in [true, false] {
        let half = Header { validate_only, ..header("b") };
        let Err(Refused::Shrinks(stands, loss)) = submit(&engine, half, &many(4)).await else {
            panic!()
        };
        assert_eq!((stands.version, loss), (1, Loss::Total { stored: 10, submitted: 4 }));
    }
    let other = Header { month: "2020-05".parse().unwrap(), ..header("c") };
    submit(&engine, other, &many(1)).await.unwrap();
    submit(&engine, header("d"), &many(5)).await.unwrap();
    let allowed = Header { allow_shrinking: true, ..header("b") };
    let Ok(Receipt::Stored { version, .. }) = submit(&engine, allowed, &many(1)).await else {
        panic!()
    };
    assert_eq!(version.submission.version, 3);
    // What was accepted gets its receipt again, whatever has come since.
    submit(&engine, header("e"), &many(100)).await.unwrap();
    let again = submit(&engine, header("d"), &many(5)).await;
    assert!(matches!(again, Ok(Receipt::Stored { replayed: true, .. })));
    let reused = submit(&engine, header("d"), &many(4)).await;
    assert!(matches!(reused, Err(Refused::Write(WriteError::RequestIdReused))));
    // Nothing stands after a withdrawal.
    let reader = &Reader::of(ProfileName::Internal);
    let all = Listed { reader, collection: None, organisation: None, month: None, past: false };
    let current = engine.submissions(&all, 0, 1).unwrap().remove(0).submission;
    engine.withdraw(&current, "caller", "f").await.unwrap();
    submit(&engine, header("g"), &many(1)).await.unwrap();
}

#[tokio::test]
async fn submissions_of_one_month_at_once_are_compared_one_after_another() {
    let folder = tempfile::tempdir().unwrap();
    let (engine, _) = opened(folder.path());
    let mut all = tokio::task::JoinSet::new();
    for number in 0..12usize {
        let engine = engine.clone();
        all.spawn(async move {
            let rows = 1 << (number % 4 * 2);
            (rows, submit(&engine, header(&number.to_string()), &many(rows)).await)
        });
    }
    let (mut stored, mut refused) = (Vec::new(), 0);
    while let Some(ended) = all.join_next().await {
        match ended.unwrap() {
            (rows, Ok(Receipt::Stored { version, .. })) => {
                stored.push((version.submission.version, rows));
            }
            (_, Err(Refused::Shrinks(..))) => refused += 1,
            _ => panic!(),
        }
    }
    stored.sort_unstable();
    assert_eq!(stored.len() + refused, 12);
    assert!(stored.windows(2).all(|two| 2 * two[1].1 >= two[0].1), "{stored:?}");
}

async fn people(
    engine: &Engine,
    id: &str,
    homes: &[&str],
    change: impl FnOnce(Header) -> Header,
) -> Result<Receipt, Refused> {
    let header = Header {
        organisation: "ONS".into(),
        collection: "census-2021-ethnic-group".into(),
        dataset: Dataset::Populations,
        ..header(id)
    };
    let mut intake = engine.intake("caller", change(header));
    intake.batch(|rows| {
        for home in homes {
            rows.begin_row();
            rows.code(Field::ResidenceLsoa, home);
            rows.end_row(Vec::new);
        }
        Ok::<_, Refused>(())
    })?;
    engine.submit(intake.finish()?, &Reader::of(ProfileName::Internal)).await
}

#[tokio::test]
async fn the_file_of_another_region_does_not_take_the_place_of_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let (engine, _) = opened(folder.path());
    let same = |header: Header| header;
    people(&engine, "a", &["E01013600", "E01013601"], same).await.unwrap();
    let refused = people(&engine, "b", &["E01013602", "E01013603", "E01013604"], same).await;
    let Err(Refused::Shrinks(_, loss)) = refused else { panic!() };
    assert_eq!(loss, Loss::Areas { stored: 2, kept: 0, lost: "E01013600".into() });
    // Both in one, or in a collection of its own, or on purpose.
    people(&engine, "c", &["E01013600", "E01013601", "E01013602"], same).await.unwrap();
    let own = |header| Header { collection: "census-2021-religion".into(), ..header };
    people(&engine, "d", &["E01013603"], own).await.unwrap();
    let allowed = |header| Header { allow_shrinking: true, ..header };
    people(&engine, "e", &["E01013603"], allowed).await.unwrap();
}

#[tokio::test]
async fn estimates_of_other_areas_do_not_take_the_place_of_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let (engine, _) = opened(folder.path());
    let estimates = async |id: &str, areas: &[&str]| {
        let header = Header {
            organisation: "GMCA".into(),
            collection: "deri".into(),
            dataset: Dataset::Estimates,
            ..header(id)
        };
        let mut intake = engine.estimate_intake("caller", header, EstimateSource::default());
        intake.batch(|rows| {
            for area in areas {
                rows.row(
                    &EstimateRow {
                        indicator: "DX-10",
                        area,
                        period: "2020",
                        value: Some(3.0),
                        base: "lsoa_2011",
                        ..EstimateRow::default()
                    },
                    Vec::new,
                );
            }
            Ok::<_, Refused>(())
        })?;
        engine.submit(intake.finish()?, &Reader::of(ProfileName::Internal)).await
    };
    estimates("a", &["E01013600", "E01013601"]).await.unwrap();
    let refused = estimates("b", &["E01013602", "E01013603"]).await;
    let Err(Refused::Shrinks(_, loss)) = refused else { panic!() };
    assert_eq!(loss, Loss::Areas { stored: 2, kept: 0, lost: "E01013600".into() });
    estimates("c", &["E01013601", "E01013602"]).await.unwrap();
}
