//! Figures that others published: taken in, refused, replaced, withdrawn, and built again from the log.

use equity_indicators::app;
use equity_indicators::proto::v1::submit_estimates_request::Part;
use equity_indicators::proto::v1::{
    EstimateBatch, EstimateRecord, EstimatesHeader, ListEstimatesRequest, ListRowProblemsRequest,
    Receipt, SubmissionHeader, SubmissionState, SubmitEstimatesRequest, WithdrawSubmissionRequest,
};
use serde_json::{Value, json};
use tonic::{Code, Status};

use crate::support::{Refusal, TestServer, header, message};

/// A header of the Office for National Statistics with this source's fields changed.
fn about(month: &str, source: &Value) -> EstimatesHeader {
    let mut whole = json!({
        "publisher": "Office for National Statistics", "title": "Internet users", "edition": "2018",
        "licence": "Open Government Licence v3.0", "series": "labour-force-survey"
    });
    for (field, value) in source.as_object().unwrap() {
        whole[field] = value.clone();
    }
    EstimatesHeader {
        submission: Some(header("ONS", "ons-internet-users", month, &[])),
        source: Some(message(whole)),
    }
}

fn submission(header: &mut EstimatesHeader) -> &mut SubmissionHeader {
    header.submission.as_mut().unwrap()
}

fn rows(json: &Value) -> Vec<EstimateRecord> {
    json.as_array().unwrap().iter().cloned().map(message).collect()
}

fn some_rows() -> Vec<EstimateRecord> {
    rows(&json!([
        {"indicator": "DX-12", "area": "K02000001", "period": "2018", "value": 0.1,
         "lower": 0.09, "upper": 0.11, "baseCount": 1000, "weight": 53.5},
        {"indicator": "DX-12", "area": "K02000001", "period": "2018", "value": 0.564,
         "keys": [{"dimension": "age_band", "code": "75+"}], "base": "Adults aged 75 and over"},
        {"indicator": "DX-12", "area": "E06000016", "period": "2018", "value": 0.133},
    ]))
}

async fn submit(
    server: &TestServer,
    header: EstimatesHeader,
    batches: Vec<Vec<EstimateRecord>>,
) -> Result<Receipt, Status> {
    let batches = batches.into_iter().map(|records| Part::Batch(EstimateBatch { records }));
    let parts = std::iter::once(Part::Header(header)).chain(batches);
    let messages: Vec<_> = parts.map(|part| SubmitEstimatesRequest { part: Some(part) }).collect();
    let answer = server.submissions().submit_estimates(tokio_stream::iter(messages)).await?;
    Ok(answer.into_inner().receipt.unwrap())
}

fn short(status: &Status) -> (String, String) {
    let refusal = Refusal::of(status);
    let (reason, field) = refusal.short();
    (reason.to_owned(), field.to_owned())
}

#[tokio::test]
async fn estimates_are_submissions_like_others() {
    let server = TestServer::start().await;
    let header = about("2018-03", &json!({}));
    let first = submit(&server, header.clone(), vec![some_rows()]).await.unwrap();
    let made = first.submission.clone().unwrap();
    assert_eq!(made.name.split('/').nth(5), Some("estimates"));
    assert_eq!((made.version, made.state()), (1, SubmissionState::Current));
    assert_eq!((made.accepted_count, made.rejected_count, made.total_count), (3, 0, 3));

    // However they are batched, the same content; the same request, the same receipt, also after a restart.
    let single = some_rows().into_iter().map(|row| vec![row]).collect();
    let again = submit(&server, header.clone(), single).await.unwrap();
    assert_eq!(again, Receipt { replayed: true, ..first.clone() });
    let server = server.reopen().await;
    let again = submit(&server, header.clone(), vec![some_rows()]).await.unwrap();
    assert_eq!(again, Receipt { replayed: true, ..first.clone() });

    // Other rows or another source under the same id.
    let fewer = some_rows()[..2].to_vec();
    let status = submit(&server, header.clone(), vec![fewer.clone()]).await.unwrap_err();
    assert_eq!(short(&status).0, "REQUEST_ID_REUSED");
    let mut flagged = header.clone();
    flagged.source.as_mut().unwrap().not_for_targets = true;
    let status = submit(&server, flagged, vec![some_rows()]).await.unwrap_err();
    assert_eq!(short(&status).0, "REQUEST_ID_REUSED");

    // A second version takes the place and can be withdrawn.
    let second = submit(&server, about("2018-03", &json!({})), vec![fewer]).await.unwrap();
    let second = second.submission.unwrap();
    assert_eq!((second.version, second.accepted_count), (2, 2));
    let withdraw = |name: &str| WithdrawSubmissionRequest {
        name: name.to_owned(),
        request_id: uuid::Uuid::new_v4().to_string(),
    };
    let status = server.submissions().withdraw_submission(withdraw(&made.name)).await.unwrap_err();
    assert_eq!(short(&status).0, "SUBMISSION_NOT_CURRENT");
    let withdrawn = server.submissions().withdraw_submission(withdraw(&second.name)).await.unwrap();
    let state = withdrawn.into_inner().submission.unwrap().state();
    assert_eq!(state, SubmissionState::Withdrawn);

    // The log gives the same rows again, byte for byte.
    let folder = server.stop().await;
    let data = folder.path().join("data");
    let report = app::verify(&data, None, None, &mut |_, _| {}).unwrap();
    assert_eq!((report.submissions, report.differences), (2, Vec::<String>::new()));
    let rebuilt = app::rebuild(&data, None, &mut |_, _| {}).unwrap();
    assert_eq!((rebuilt.submissions, rebuilt.rows), (2, report.rows));
}

#[tokio::test]
async fn many_estimates_stand_in_many_blocks() {
    let server = TestServer::start().await;
    let row = |n: i32| {
        json!({"indicator": "DX-10", "area": format!("E{n:08}"), "period": "2021",
        "value": f64::from(n % 100) / 10.0, "base": "b".repeat(900)})
    };
    let many: Vec<EstimateRecord> = (0..3000).map(|n| message(row(n))).collect();
    let mut header = about("2021-03", &json!({}));
    submission(&mut header).collection = "deri".into();
    submission(&mut header).organisation = "GMCA".into();
    submission(&mut header).expected_record_count = Some(3000);
    let batches = many.chunks(700).map(<[_]>::to_vec).collect();
    let made = submit(&server, header, batches).await.unwrap().submission.unwrap();
    assert_eq!((made.accepted_count, made.total_count), (3000, 3000));
    let folder = server.stop().await;
    let data = folder.path().join("data");
    let report = app::verify(&data, None, None, &mut |_, _| {}).unwrap();
    assert_eq!(report.differences, Vec::<String>::new());
    assert!(report.rows > 400, "{} rows", report.rows);
}

#[tokio::test]
async fn rows_with_problems_are_told_or_left_out() {
    let server = TestServer::start().await;
    let mut bad = some_rows();
    bad[1].keys[0].code = "75 and over".into();
    bad[2].value = Some(f64::NAN);
    bad.push(bad[0].clone());
    bad.push(message(json!({"indicator": "DX-99", "area": "Leicester", "period": "soon"})));
    let strict = about("2018-03", &json!({}));
    let status = submit(&server, strict.clone(), vec![bad.clone()]).await.unwrap_err();
    let refusal = Refusal::of(&status);
    assert_eq!((refusal.code, refusal.reason.as_str()), (Code::InvalidArgument, "ROWS_INVALID"));
    let mut fields: Vec<_> = refusal.fields.iter().map(|(field, _)| field.as_str()).collect();
    fields.sort_unstable();
    assert_eq!(
        fields,
        [
            "records[1].keys[0].code",
            "records[2].value",
            "records[3].indicator",
            "records[4].area",
            "records[4].indicator",
            "records[4].period",
            "records[4].value",
        ]
    );
    assert!(refusal.fields[0].1.contains("75+"), "{:?}", refusal.fields[0]);

    // The id was not used up; checking stores nothing either.
    let mut partial = strict.clone();
    submission(&mut partial).allow_partial = true;
    let mut check = partial.clone();
    submission(&mut check).validate_only = true;
    let checked = submit(&server, check, vec![bad.clone()]).await.unwrap();
    assert!(checked.validated_only);
    assert_eq!(checked.submission.as_ref().unwrap().rejected_count, 4);
    let receipt = submit(&server, partial.clone(), vec![bad.clone()]).await.unwrap();
    let made = receipt.submission.clone().unwrap();
    assert_eq!(made.content_hash, checked.submission.unwrap().content_hash);
    assert_eq!((made.version, made.accepted_count, made.rejected_count), (1, 1, 4));
    assert_eq!((receipt.problems.len(), receipt.problems[2].row_index), (7, 3));
    let list = ListRowProblemsRequest { parent: made.name, ..ListRowProblemsRequest::default() };
    let listed = server.submissions().list_row_problems(list).await.unwrap().into_inner();
    assert_eq!(listed.problems, receipt.problems);
    let again = submit(&server, partial, vec![bad.clone()]).await.unwrap();
    assert!(again.replayed);

    // Nothing good in it: also `allow_partial` stores nothing.
    let mut nothing = about("2018-04", &json!({}));
    submission(&mut nothing).allow_partial = true;
    let status = submit(&server, nothing, vec![bad[4..].to_vec()]).await.unwrap_err();
    assert_eq!(short(&status).0, "ROWS_INVALID");
}

#[tokio::test]
async fn headers_say_what_is_missing() {
    let server = TestServer::start().await;
    type Change = fn(&mut EstimatesHeader);
    let cases: [(Change, &str, &str); 11] = [
        (|h| h.source = None, "FIELD_INVALID", "header.source"),
        (|h| h.submission = None, "FIELD_INVALID", "header.submission"),
        (|h| source(h).publisher.clear(), "FIELD_INVALID", "header.source.publisher"),
        (|h| source(h).series = " ".into(), "FIELD_INVALID", "header.source.series"),
        (|h| source(h).uri = "u".repeat(1001), "FIELD_INVALID", "header.source.uri"),
        (
            |h| submission(h).collected_characteristics = vec!["sex".into()],
            "FIELD_INVALID",
            "header.submission.collected_characteristics",
        ),
        (
            |h| submission(h).person_key_scheme = "nhs".into(),
            "FIELD_INVALID",
            "header.submission.person_key_scheme",
        ),
        (|h| submission(h).month = "2018".into(), "FIELD_INVALID", "header.submission.month"),
        (
            |h| submission(h).collection = "practice-feed".into(),
            "FIELD_INVALID",
            "header.submission.collection",
        ),
        (|h| submission(h).organisation = "ONSS".into(), "ORGANISATION_NOT_FOUND", ""),
        (|h| submission(h).expected_record_count = Some(4), "RECORD_COUNT_MISMATCH", ""),
    ];
    fn source(header: &mut EstimatesHeader) -> &mut equity_indicators::proto::v1::EstimateSource {
        header.source.as_mut().unwrap()
    }
    for (change, reason, field) in cases {
        let mut header = about("2018-03", &json!({}));
        change(&mut header);
        let status = submit(&server, header, vec![some_rows()]).await.unwrap_err();
        assert_eq!(short(&status), (reason.to_owned(), field.to_owned()));
    }
    let status = submit(&server, about("2018-03", &json!({})), vec![]).await.unwrap_err();
    assert_eq!(short(&status).0, "SUBMISSION_EMPTY");
}

#[tokio::test]
async fn a_suppressed_figure_is_an_absence_with_its_reason_after_a_restart_too() {
    let server = TestServer::start().await;
    let given = rows(&json!([
        {"indicator": "DX-12", "area": "K02000001", "period": "2018", "suppressed": true},
        {"indicator": "DX-12", "area": "E06000016", "period": "2018", "value": 0.0},
    ]));
    submit(&server, about("2018-03", &json!({})), vec![given.clone()]).await.unwrap();
    let server = server.reopen().await;
    let asked = ListEstimatesRequest::default();
    let listed = server.exclusion().list_estimates(asked).await.unwrap().into_inner();
    let mut listed: Vec<_> = listed.estimates.into_iter().filter_map(|one| one.record).collect();
    listed.sort_by(|a, b| b.area.cmp(&a.area));
    assert_eq!(listed, given);
    let both = rows(&json!([
        {"indicator": "DX-12", "area": "K02000001", "period": "2018", "suppressed": true, "value": 0.1},
    ]));
    let status = submit(&server, about("2018-04", &json!({})), vec![both]).await.unwrap_err();
    assert_eq!(short(&status), ("ROWS_INVALID".to_owned(), "records[0].suppressed".to_owned()));
}

#[tokio::test]
async fn a_figure_stays_under_the_code_that_it_was_published_under() {
    let server = TestServer::start().await;
    let row = |area: &str, period: &str, value: f64| json!({"indicator": "DX-12", "area": area, "period": period, "value": value});
    // Hampshire and Isle of Wight before and after April 2026, with figures of one year within both boundaries; and one of its locations.
    let all = rows(&json!([
        row("E54000042", "2024", 0.1),
        row("E54000042", "2025", 0.2),
        row("E54000067", "2025", 0.3),
        row("E38000253", "2025", 0.4),
        row("D9Y0V", "2026-05", 0.5),
    ]));
    submit(&server, about("2026-05", &json!({})), vec![all]).await.unwrap();
    let list = async |area: &str| {
        let asked = ListEstimatesRequest { area: area.into(), ..ListEstimatesRequest::default() };
        let listed = server.exclusion().list_estimates(asked).await.unwrap().into_inner();
        let one = |of: equity_indicators::proto::v1::PublishedEstimate| {
            let record = of.record.unwrap();
            (record.area, record.period, of.series_break)
        };
        listed.estimates.into_iter().map(one).collect::<Vec<_>>()
    };
    let figure = |area: &str, period: &str, breaks| (area.to_owned(), period.to_owned(), breaks);
    let old = [figure("E54000042", "2024", false), figure("E54000042", "2025", false)];
    let new = [figure("E54000067", "2025", true)];
    assert_eq!(list("E54000042").await, old);
    assert_eq!(list("E54000067").await, new);
    assert_eq!(list("QRL").await, [&old[..], &new].concat());
    let location = [figure("E38000253", "2025", false), figure("D9Y0V", "2026-05", true)];
    assert_eq!(list("D9Y0V").await, location);
    assert_eq!(list("E38000253").await, location[..1]);
    assert_eq!(list("E38000266").await, location[1..]);
    assert_eq!(list("92A").await, []);
    // The same boundary under two codes is the same figure.
    for (one, other, period, is_same) in [
        ("E54000042", "QRL", "2025", true),
        ("E54000067", "QRL", "2026-05", true),
        ("E54000067", "QRL", "2025", false),
        ("E54000042", "QRL", "2026-05", false),
        ("E54000015", "QK1", "2025", true),
    ] {
        let both = rows(&json!([row(one, period, 0.1), row(other, period, 0.2)]));
        let mut header = about("2026-05", &json!({}));
        submission(&mut header).validate_only = true;
        let found = submit(&server, header, vec![both]).await.unwrap();
        let twice: Vec<_> = found.problems.iter().map(|of| (of.row_index, &*of.field)).collect();
        let expected = if is_same { vec![(1, "indicator")] } else { Vec::new() };
        assert_eq!(twice, expected, "{one} {other} {period}");
    }
}
