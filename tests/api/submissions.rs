//! Submissions that stand: idempotency, versions, withdrawal, the past, lists and pages.

use equity_indicators::domain::codes::Content;
use equity_indicators::proto::v1::{
    ConsultationRecord, GetSubmissionRequest, ListRowProblemsRequest, ListSubmissionsRequest,
    Receipt, Submission, SubmissionHeader, SubmissionState, WithdrawSubmissionRequest,
};
use serde_json::json;
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::support::{Refusal, TestServer, header, records, totals};

fn rows() -> Vec<ConsultationRecord> {
    records(&json!([
        {"channel": "TELEPHONE", "attendance": "5", "recordCount": 5, "person": {"sex": "1"}},
        {"channel": "VIDEO", "person": {"sex": "2"}},
        {"channel": "FACE_TO_FACE", "recordCount": 7},
        {"date": "2020-04-30", "sourceRecordId": "a", "person": {"sex": "X", "ageYears": 77}},
    ]))
}

fn about(organisation: &str, month: &str) -> SubmissionHeader {
    header(organisation, "synthetic-llr", month, &["sex", "age_band"])
}

fn question(as_of: &serde_json::Value) -> serde_json::Value {
    json!({"query": {
        "collection": "synthetic-llr", "area": "QK1", "period": {"first": "2020-04"},
        "by": ["sex"], "asOf": as_of
    }})
}

fn made(receipt: &Receipt) -> &Submission {
    receipt.submission.as_ref().unwrap()
}

#[tokio::test]
async fn a_repeated_request_gets_its_first_receipt_again_also_after_a_restart() {
    let server = TestServer::start().await;
    let header = about("04C", "2020-04");
    let first = server.submit(header.clone(), rows()).await.unwrap();
    assert!(!first.replayed && first.problems.is_empty() && first.next_page_token.is_empty());
    let submission = made(&first).clone();
    assert_eq!((submission.version, submission.state()), (1, SubmissionState::Current));
    assert_eq!((submission.accepted_count, submission.rejected_count), (4, 0));
    assert_eq!(submission.total_count, 14);
    assert_eq!(submission.content_hash.len(), 64);
    assert_eq!(submission.collected_characteristics, ["age_band", "sex"]);

    let again = server.submit(header.clone(), rows()).await.unwrap();
    assert_eq!(again, Receipt { replayed: true, ..first.clone() });
    let server = server.reopen().await;
    let again = server.submit(header.clone(), rows()).await.unwrap();
    assert_eq!(again, Receipt { replayed: true, ..first.clone() });

    // A second version takes the place; the first receipt then says so, and nothing is stored by asking for it.
    let second = server.submit(about("04C", "2020-04"), rows()[..1].to_vec()).await.unwrap();
    assert_eq!(made(&second).version, 2);
    let position = server.position().await;
    let again = server.submit(header.clone(), rows()).await.unwrap();
    assert_eq!(made(&again).state(), SubmissionState::Replaced);
    assert_eq!((made(&again).version, made(&again).position), (1, submission.position));

    // Other content under the same id: rows, header or dataset.
    let mut fewer = rows();
    fewer.truncate(3);
    let mut swapped = rows();
    swapped.swap(0, 1);
    for (change, header, rows) in [
        ("rows", header.clone(), fewer),
        ("order", header.clone(), swapped),
        (
            "month",
            SubmissionHeader { month: "2020-05".into(), ..header.clone() },
            records(&json!([{"channel": "VIDEO"}])),
        ),
        ("organisation", SubmissionHeader { organisation: "04V".into(), ..header.clone() }, rows()),
        ("allow_partial", SubmissionHeader { allow_partial: true, ..header.clone() }, rows()),
        (
            "collected",
            SubmissionHeader {
                collected_characteristics: vec!["sex".into(), "age_band".into(), "carer".into()],
                ..header.clone()
            },
            rows(),
        ),
    ] {
        let status = server.submit(header, rows).await.expect_err(change);
        let refusal = Refusal::of(&status);
        assert_eq!(
            (refusal.code, refusal.reason.as_str()),
            (Code::AlreadyExists, "REQUEST_ID_REUSED")
        );
    }
    assert_eq!(server.position().await, position);
}

#[tokio::test]
async fn the_same_id_at_the_same_time_is_stored_once() {
    let server = TestServer::start().await;
    let header = about("04C", "2020-04");
    // As many as one connection may send.
    let calls = (0..6).map(|_| server.submit(header.clone(), rows()));
    let receipts: Vec<_> = futures_join(calls).await;
    let receipts: Vec<_> = receipts.into_iter().map(Result::unwrap).collect();
    assert_eq!(receipts.iter().filter(|receipt| !receipt.replayed).count(), 1);
    assert!(receipts.iter().all(|receipt| made(receipt) == made(&receipts[0])));
    assert_eq!(made(&receipts[0]).version, 1);
}

/// Runs futures together on this task.
async fn futures_join<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut pending: Vec<_> = futures.map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|context| {
        for (future, done) in pending.iter_mut().filter(|(_, done)| done.is_none()) {
            if let std::task::Poll::Ready(output) = future.as_mut().poll(context) {
                *done = Some(output);
            }
        }
        if pending.iter().all(|(_, done)| done.is_some()) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    pending.into_iter().filter_map(|(_, done)| done).collect()
}

#[tokio::test]
async fn refused_and_validate_only_calls_use_nothing_up() {
    let server = TestServer::start().await;
    let position = server.position().await;
    let header = about("04C", "2020-04");
    let bad = records(&json!([{"channel": "PIGEON"}]));
    let status = server.submit(header.clone(), bad.clone()).await.unwrap_err();
    assert_eq!(Refusal::of(&status).short(), ("ROWS_INVALID", "records[0].channel"));

    let check = SubmissionHeader { validate_only: true, ..header.clone() };
    let checked = server.submit(check.clone(), rows()).await.unwrap();
    assert!(checked.validated_only && !checked.replayed);
    let of = made(&checked);
    assert_eq!((of.name.as_str(), of.version, of.position), ("", 0, 0));
    assert!(of.accept_time.is_none());
    assert_eq!((of.accepted_count, of.total_count), (4, 14));
    // Problems are told, not thrown.
    let checked_bad = server.submit(check, bad).await.unwrap();
    assert_eq!(checked_bad.problems.len(), 1);
    assert_eq!(made(&checked_bad).rejected_count, 1);
    assert_eq!(server.position().await, position);

    let receipt = server.submit(header, rows()).await.unwrap();
    assert!(!receipt.replayed && !receipt.validated_only);
    assert_eq!(made(&receipt).content_hash, of.content_hash);
}

#[tokio::test]
async fn a_replacement_that_loses_most_of_a_month_says_so_before_it_is_stored() {
    let server = TestServer::start().await;
    let first = server.submit(about("04C", "2020-04"), rows()).await.unwrap();
    let position = server.position().await;
    let few = || records(&json!([{"channel": "VIDEO", "record_count": 6}]));
    for validate_only in [true, false] {
        let (about, allow_shrinking) = (about("04C", "2020-04"), false);
        let header = SubmissionHeader { validate_only, allow_shrinking, ..about };
        let status = server.submit(header, few()).await.unwrap_err();
        assert_eq!(status.code(), Code::FailedPrecondition);
        let info = status.get_details_error_info().unwrap();
        assert_eq!(info.reason, "REPLACEMENT_SHRINKS");
        let told = ["unit", "stored", "submitted"].map(|key| info.metadata[key].as_str());
        assert_eq!(told, ["consultations", "14", "6"]);
        let stays = status.get_details_resource_info().unwrap().resource_name;
        assert_eq!(stays, made(&first).name);
        for words in ["04C has 14 consultations in 2020-04", "leave 6", "allow_shrinking"] {
            assert!(status.message().contains(words), "{}", status.message());
        }
    }
    assert_eq!(server.position().await, position);
    let header = SubmissionHeader { allow_shrinking: true, ..about("04C", "2020-04") };
    let receipt = server.submit(header, few()).await.unwrap();
    assert_eq!((made(&receipt).version, made(&receipt).total_count), (2, 6));
}

#[tokio::test]
async fn how_rows_are_batched_changes_nothing() {
    let server = TestServer::start().await;
    let many: Vec<_> = (0..25)
        .flat_map(|_| rows())
        .map(|mut row| {
            row.source_record_id.clear();
            row
        })
        .collect();
    let mut seen = Vec::new();
    for size in [1, 3, 7, 100, 1_000] {
        let mut batches: Vec<_> = many.chunks(size).map(<[_]>::to_vec).collect();
        batches.insert(batches.len() / 2, Vec::new());
        let receipt = server.submit_batches(about("04C", "2020-04"), batches).await.unwrap();
        let mut answer = server.ask(question(&json!(null))).await.unwrap();
        let context = answer.context.as_mut().unwrap();
        assert_eq!(context.data_position, made(&receipt).position);
        context.data_position = 0;
        seen.push((made(&receipt).content_hash.clone(), made(&receipt).accepted_count, answer));
    }
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]), "{seen:?}");
}

#[tokio::test]
async fn the_past_stays_as_it_was() {
    let server = TestServer::start().await;
    let before = server.position().await;
    let first = server.submit(about("04C", "2020-04"), rows()).await.unwrap();
    let other = server.submit(about("04V", "2020-04"), rows()[..2].to_vec()).await.unwrap();
    let now = || server.ask_whole(question(&json!(null)));
    let at = |position: i64| server.ask_whole(question(&json!({"position": position})));
    let with_two = now().await.unwrap();
    assert_eq!(totals(with_two.breakdown.as_ref().unwrap())[""], 20);

    // Withdrawal by a replaced version, of something that is not there, with a bad id, twice, again.
    let second = server.submit(about("04C", "2020-04"), rows()[2..3].to_vec()).await.unwrap();
    let with_second = now().await.unwrap();
    assert_eq!(totals(with_second.breakdown.as_ref().unwrap())[""], 13);
    let withdraw = |name: &str, id: &str| {
        let request = WithdrawSubmissionRequest { name: name.into(), request_id: id.into() };
        let mut client = server.submissions();
        async move { client.withdraw_submission(request).await.map(tonic::Response::into_inner) }
    };
    let id = uuid::Uuid::new_v4().to_string();
    let (replaced, current) = (made(&first).name.clone(), made(&second).name.clone());
    for (name, id, code, reason) in [
        (replaced.as_str(), id.as_str(), Code::FailedPrecondition, "SUBMISSION_NOT_CURRENT"),
        (&current.replace("versions/2", "versions/9"), &id, Code::NotFound, "SUBMISSION_NOT_FOUND"),
        (&current.replace("04C", "03W"), &id, Code::NotFound, "SUBMISSION_NOT_FOUND"),
        ("collections/x", &id, Code::InvalidArgument, "FIELD_INVALID"),
        (&current, "7", Code::InvalidArgument, "FIELD_INVALID"),
        (
            &current,
            &second.submission.as_ref().unwrap().request_id,
            Code::AlreadyExists,
            "REQUEST_ID_REUSED",
        ),
    ] {
        let refusal = Refusal::of(&withdraw(name, id).await.unwrap_err());
        assert_eq!((refusal.code, refusal.reason.as_str()), (code, reason), "{name} {id}");
    }
    assert_eq!(now().await.unwrap(), with_second, "a refused withdrawal changes nothing");
    let done = withdraw(&current, &id).await.unwrap();
    assert_eq!(done.submission.as_ref().unwrap().state(), SubmissionState::Withdrawn);
    assert!(done.withdraw_position > made(&second).position);
    assert_eq!(withdraw(&current, &id).await.unwrap(), done, "the same id: the same answer");
    let fresh = uuid::Uuid::new_v4().to_string();
    let refusal = Refusal::of(&withdraw(&current, &fresh).await.unwrap_err());
    assert_eq!(refusal.reason, "SUBMISSION_NOT_CURRENT");
    // The other way round: a submission under the id of a withdrawal.
    let reused = SubmissionHeader { request_id: id.clone(), ..about("04C", "2020-04") };
    let refusal = Refusal::of(&server.submit(reused, rows()).await.unwrap_err());
    assert_eq!(refusal.reason, "REQUEST_ID_REUSED");

    let now_without = now().await.unwrap();
    assert_eq!(totals(now_without.breakdown.as_ref().unwrap())[""], 6, "04V alone");
    let alone = json!({"query": {
        "collection": "synthetic-llr", "organisations": ["04C"], "period": {"first": "2020-04"}
    }});
    let empty = server.ask(alone).await.unwrap().context.unwrap().empty.unwrap();
    assert_eq!(empty.reason().as_str_name(), "ABSENCE_REASON_NO_DATA");

    // A new submission comes back as version 3; then everything is asked again as it was, before and after a restart.
    let third = server.submit(about("04C", "2020-04"), rows()).await.unwrap();
    assert_eq!(made(&third).version, 3);
    for (position, then) in [
        (made(&other).position, &with_two),
        (made(&second).position, &with_second),
        (done.withdraw_position, &now_without),
    ] {
        assert_eq!(&at(position).await.unwrap(), then, "{position}");
    }
    let nothing = at(before).await.unwrap().breakdown.unwrap().context.unwrap();
    assert_eq!(nothing.empty.unwrap().reason().as_str_name(), "ABSENCE_REASON_NO_DATA");
    // The reference content was all there was.
    assert_eq!(nothing.data_position, before);
    let by_time = |submission: &Submission, seconds: i64| {
        let time = submission.accept_time.unwrap();
        let instant = jiff::Timestamp::new(time.seconds + seconds, time.nanos).unwrap();
        server.ask(question(&json!({"time": instant.to_string()})))
    };
    assert!(by_time(made(&first), -3600).await.unwrap().context.unwrap().empty.is_some());
    let newest = now().await.unwrap().breakdown.unwrap();
    assert_eq!(by_time(made(&third), 0).await.unwrap(), newest);
    let to_come = Refusal::of(&by_time(made(&third), 3600).await.unwrap_err());
    let expected = (Code::FailedPrecondition, "POSITION_NOT_REACHED");
    assert_eq!((to_come.code, to_come.reason.as_str()), expected);

    let (then, positions) = (
        [with_two, with_second, now_without],
        [made(&other).position, made(&second).position, done.withdraw_position],
    );
    let server = server.reopen().await;
    for (position, then) in positions.into_iter().zip(&then) {
        let question = question(&json!({"position": position}));
        assert_eq!(&server.ask_whole(question).await.unwrap(), then, "{position}");
    }
    let ahead = question(&json!({"position": server.position().await + 1}));
    let ahead = server.ask(ahead).await.unwrap_err();
    assert_eq!(Refusal::of(&ahead).reason, "POSITION_NOT_REACHED");
}

#[tokio::test]
async fn lists_in_pages_are_the_whole_list() {
    let server = TestServer::start().await;
    for (organisation, month) in
        [("04C", "2020-04"), ("04V", "2020-04"), ("04C", "2020-05"), ("03W", "2020-05")]
    {
        server
            .submit(about(organisation, month), records(&json!([{"channel": "VIDEO"}])))
            .await
            .unwrap();
    }
    let second = server
        .submit(
            about("04C", "2020-04"),
            records(&json!([{"channel": "VIDEO"}, {"channel": "VIDEO"}])),
        )
        .await
        .unwrap();
    let list = |request: ListSubmissionsRequest| {
        let mut client = server.submissions();
        async move { client.list_submissions(request).await.map(tonic::Response::into_inner) }
    };
    let all = ListSubmissionsRequest { parent: "collections/-".into(), ..Default::default() };
    let past = ListSubmissionsRequest { include_past: true, ..all.clone() };
    let whole = list(past.clone()).await.unwrap();
    assert_eq!(whole.submissions.len(), 5);
    assert!(whole.submissions.is_sorted_by(|a, b| a.position > b.position));
    assert_eq!(whole.submissions[0], *made(&second));
    for size in [1, 2, 3, 4, 5, 6, 1_000, i32::MAX] {
        let (mut found, mut token) = (Vec::new(), String::new());
        loop {
            let page =
                ListSubmissionsRequest { page_size: size, page_token: token, ..past.clone() };
            let page = list(page).await.unwrap();
            assert!(page.submissions.len() <= usize::try_from(size).unwrap());
            found.extend(page.submissions);
            token = page.next_page_token;
            if token.is_empty() {
                break;
            }
        }
        assert_eq!(found, whole.submissions, "{size}");
    }
    let with = |change: fn(&mut ListSubmissionsRequest)| {
        let mut request = all.clone();
        change(&mut request);
        list(request)
    };
    assert_eq!(list(all.clone()).await.unwrap().submissions.len(), 4);
    assert_eq!(with(|r| r.organisation = "04C".into()).await.unwrap().submissions.len(), 2);
    assert_eq!(with(|r| r.month = "2020-05".into()).await.unwrap().submissions.len(), 2);
    assert_eq!(with(|r| r.parent = "collections/csds".into()).await.unwrap().submissions.len(), 0);

    let token = list(ListSubmissionsRequest { page_size: 1, ..past.clone() }).await.unwrap();
    let token = token.next_page_token;
    for (change, reason) in [
        (ListSubmissionsRequest { page_token: token.clone(), ..all.clone() }, "PAGE_TOKEN_INVALID"),
        (ListSubmissionsRequest { page_token: "x".into(), ..past.clone() }, "PAGE_TOKEN_INVALID"),
        (
            ListSubmissionsRequest { page_token: "é".repeat(12), ..past.clone() },
            "PAGE_TOKEN_INVALID",
        ),
        (ListSubmissionsRequest { page_size: -1, ..all.clone() }, "FIELD_INVALID"),
        (ListSubmissionsRequest { month: "2020-13".into(), ..all.clone() }, "FIELD_INVALID"),
        (
            ListSubmissionsRequest { parent: "collections/x".into(), ..all.clone() },
            "COLLECTION_NOT_FOUND",
        ),
        (ListSubmissionsRequest { parent: String::new(), ..all.clone() }, "FIELD_INVALID"),
    ] {
        assert_eq!(
            Refusal::of(&list(change.clone()).await.unwrap_err()).reason,
            reason,
            "{change:?}"
        );
    }
    // A token still holds after a restart.
    let server = server.reopen().await;
    let next = ListSubmissionsRequest { page_size: 1, page_token: token, ..past };
    let next = server.submissions().list_submissions(next).await.unwrap().into_inner();
    assert_eq!(next.submissions, whole.submissions[1..2]);

    let get = |name: &str| {
        let request = GetSubmissionRequest { name: name.into() };
        let mut client = server.submissions();
        async move { client.get_submission(request).await.map(tonic::Response::into_inner) }
    };
    for submission in &whole.submissions {
        assert_eq!(get(&submission.name).await.unwrap().submission.unwrap(), *submission);
    }
    for (name, reason) in [
        (whole.submissions[0].name.replace("versions/2", "versions/3"), "SUBMISSION_NOT_FOUND"),
        (whole.submissions[0].name.replace("2020-04", "2020-4"), "FIELD_INVALID"),
        (String::new(), "FIELD_INVALID"),
    ] {
        assert_eq!(Refusal::of(&get(&name).await.unwrap_err()).reason, reason, "{name}");
    }
}

#[tokio::test]
async fn problems_of_rows_are_paged_by_row() {
    let server = TestServer::start().await;
    // Every third row is bad: 500 of 1,500.
    let mut rows =
        vec![ConsultationRecord { channel: "TELEPHONE".into(), ..Default::default() }; 1_500];
    rows.iter_mut().step_by(3).for_each(|row| row.channel = "TELEPHON".into());
    let partial = SubmissionHeader { allow_partial: true, ..about("04C", "2020-04") };
    let receipt = server.submit(partial.clone(), rows.clone()).await.unwrap();
    let name = made(&receipt).name.clone();
    assert_eq!((made(&receipt).accepted_count, made(&receipt).rejected_count), (1_000, 500));
    assert_eq!(receipt.problems.len(), 100);
    let first = &receipt.problems[0];
    assert_eq!((first.row_index, first.field.as_str()), (0, "channel"));
    assert_eq!((first.value.as_str(), first.nearest.as_str()), ("TELEPHON", "TELEPHONE"));
    assert!(first.expected.contains("equity_channel"), "{first:?}");
    let again = server.submit(partial, rows).await.unwrap();
    assert_eq!(again, Receipt { replayed: true, ..receipt.clone() });

    let list = |size: i32, token: &str| {
        let request = ListRowProblemsRequest {
            parent: name.clone(),
            page_size: size,
            page_token: token.into(),
        };
        let mut client = server.submissions();
        async move { client.list_row_problems(request).await.map(tonic::Response::into_inner) }
    };
    let whole = list(1_000, "").await.unwrap();
    let expected: Vec<_> = (0..1_500).step_by(3).collect();
    assert_eq!(whole.problems.iter().map(|p| p.row_index).collect::<Vec<_>>(), expected);
    assert_eq!(whole.next_page_token, "");
    let rest = list(1_000, &receipt.next_page_token).await.unwrap();
    assert_eq!([receipt.problems.clone(), rest.problems].concat(), whole.problems);
    assert_eq!(Refusal::of(&list(10, "00").await.unwrap_err()).reason, "PAGE_TOKEN_INVALID");
    let total = server.ask(question(&json!(null))).await.unwrap();
    assert_eq!(totals(&total)[""], 1_000);
}

/// A UUID is the same however it is written.
#[tokio::test]
async fn capitals_make_no_other_request_id() {
    let server = TestServer::start().await;
    let id = "0b6e3c0e-7d4f-4a1b-9c2d-5e6f7a8b9c0d";
    let with = |id: &str| SubmissionHeader { request_id: id.into(), ..about("04C", "2020-04") };
    let first = server.submit(with(&id.to_uppercase()), rows()).await.unwrap();
    assert_eq!(made(&first).request_id, id);
    let again = server.submit(with(id), rows()).await.unwrap();
    assert_eq!(again, Receipt { replayed: true, ..first.clone() });

    let withdraw = |id: &str| {
        let (name, request_id) = (made(&first).name.clone(), id.to_owned());
        let mut client = server.submissions();
        async move { client.withdraw_submission(WithdrawSubmissionRequest { name, request_id }).await }
    };
    let refusal = Refusal::of(&withdraw(&id.to_uppercase()).await.unwrap_err());
    assert_eq!(refusal.reason, "REQUEST_ID_REUSED");
    let nil = uuid::Uuid::nil().to_string();
    let refusal = Refusal::of(&withdraw(&nil).await.unwrap_err());
    assert_eq!(refusal.short(), ("FIELD_INVALID", "request_id"));
    let fresh = "9f6e3c0e-7d4f-4a1b-9c2d-5e6f7a8b9c0d";
    let done = withdraw(fresh).await.unwrap().into_inner();
    assert_eq!(withdraw(&fresh.to_uppercase()).await.unwrap().into_inner(), done);
}

/// What was stored is not said to be nothing, although its rows would not be taken any more.
#[tokio::test]
async fn a_request_whose_codes_have_left_their_list_is_told_what_it_made() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("codes")).unwrap();
    let file = folder.path().join("codes/local_group.toml");
    let list = Content::embedded().file("codes/local_group.toml").unwrap().to_owned();
    let boaters = list
        .replacen("categories = [", "categories = [\n{ code = \"CANAL\", label = \"Boaters\" },", 1)
        .replacen("codes = [", "codes = [\n[\"CANAL\", \"Boaters\", \"CANAL\"],", 1);
    std::fs::write(&file, boaters).unwrap();
    let reference = folder.path().to_owned();
    let server = TestServer::with(|config| config.reference_folder = Some(reference)).await;
    let rows = || records(&json!([{"channel": "VIDEO"}, {"person": {"localGroup": ["CANAL"]}}]));
    let about = header("04C", "synthetic-llr", "2020-04", &["local_group"]);
    let first = server.submit(about.clone(), rows()).await.unwrap();

    std::fs::remove_file(file).unwrap();
    let server = server.reopen().await;
    let refusal = Refusal::of(&server.submit(about.clone(), rows()).await.unwrap_err());
    assert_eq!((refusal.code, &*refusal.reason), (Code::AlreadyExists, "REQUEST_ID_REUSED"));
    assert!(refusal.message.contains(&made(&first).name), "{refusal:?}");
    assert!(!refusal.message.contains("nothing was stored"), "{refusal:?}");
    // Another id has made nothing.
    let fresh = SubmissionHeader { request_id: uuid::Uuid::new_v4().to_string(), ..about };
    let refusal = Refusal::of(&server.submit(fresh, rows()).await.unwrap_err());
    assert_eq!(refusal.reason, "ROWS_INVALID");
    assert!(refusal.message.starts_with("nothing was stored"), "{refusal:?}");
}
