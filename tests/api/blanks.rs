//! Blanks at the ends of texts are no part of them, in headers, names and assessments as in questions.

use equity_indicators::proto::v1::{
    ChannelAssessment, GetSubmissionRequest, ListChannelAssessmentsRequest, ListRowProblemsRequest,
    ListSubmissionsRequest, RecordChannelAssessmentRequest, SubmissionHeader,
    WithdrawSubmissionRequest,
};
use serde_json::json;

use crate::support::{TestServer, header, records};

fn padded(text: &str) -> String {
    format!(" \t{text} ")
}

#[tokio::test]
async fn blanks_around_the_texts_of_a_header_change_nothing() {
    let server = TestServer::start().await;
    let plain = SubmissionHeader {
        code_systems: [("ethnic_category".into(), "ethnic_group_2021".into())].into(),
        person_key_scheme: "scheme".into(),
        ..header("C82001", "practice-feed", "2020-04", &["sex", "ethnic_category"])
    };
    let with_blanks = SubmissionHeader {
        organisation: padded(&plain.organisation),
        collection: padded(&plain.collection),
        month: padded(&plain.month),
        request_id: padded(&plain.request_id),
        person_key_scheme: padded(&plain.person_key_scheme),
        collected_characteristics: vec![padded("sex"), padded("ethnic_category")],
        code_systems: [(padded("ethnic_category"), padded("ethnic_group_2021"))].into(),
        ..plain.clone()
    };
    let rows = json!([{"channel": "VIDEO", "person": {"sex": "1"}}]);
    let first = server.submit(with_blanks, records(&rows)).await.unwrap();
    let again = server.submit(plain.clone(), records(&rows)).await.unwrap();
    assert!(again.replayed, "the same request id");
    let (first, again) = (first.submission.unwrap(), again.submission.unwrap());
    assert_eq!(first, again);
    assert_eq!(first.request_id, plain.request_id);
    assert_eq!(first.collected_characteristics, ["sex", "ethnic_category"]);
}

#[tokio::test]
async fn blanks_around_names_change_nothing() {
    let server = TestServer::start().await;
    let about = header("C82001", "practice-feed", "2020-04", &[]);
    let rows = records(&json!([{"channel": "VIDEO"}]));
    let made = server.submit(about, rows).await.unwrap().submission.unwrap();
    let (name, mut submissions) = (padded(&made.name), server.submissions());
    let get = GetSubmissionRequest { name: name.clone() };
    let got = submissions.get_submission(get).await.unwrap().into_inner();
    assert_eq!(got.submission.as_ref(), Some(&made));
    let list = ListSubmissionsRequest {
        parent: padded("collections/practice-feed"),
        organisation: padded("C82001"),
        month: padded("2020-04"),
        ..Default::default()
    };
    let listed = submissions.list_submissions(list).await.unwrap().into_inner();
    assert_eq!(listed.submissions, [made]);
    let problems = ListRowProblemsRequest { parent: name.clone(), ..Default::default() };
    submissions.list_row_problems(problems).await.unwrap();
    let request_id = padded(&uuid::Uuid::new_v4().to_string());
    let withdraw = WithdrawSubmissionRequest { name, request_id };
    submissions.withdraw_submission(withdraw).await.unwrap();
}

#[tokio::test]
async fn blanks_around_the_texts_of_an_assessment_change_nothing() {
    let server = TestServer::start().await;
    let said = ChannelAssessment {
        organisation: "04C".into(),
        first_month: "2020-04".into(),
        last_month: "2020-06".into(),
        text: "Fine.\n".into(),
        assess_date: "2020-07-01".into(),
        owner_role: "Director".into(),
        ..Default::default()
    };
    let with_blanks = ChannelAssessment {
        organisation: padded(&said.organisation),
        first_month: padded(&said.first_month),
        last_month: padded(&said.last_month),
        assess_date: padded(&said.assess_date),
        owner_role: padded(&said.owner_role),
        ..said.clone()
    };
    let id = uuid::Uuid::new_v4().to_string();
    let mut client = server.exclusion();
    let mut record = async |assessment: ChannelAssessment, request_id: String| {
        let request = RecordChannelAssessmentRequest { assessment: Some(assessment), request_id };
        let answer = client.record_channel_assessment(request).await.unwrap().into_inner();
        (answer.assessment.unwrap(), answer.replayed)
    };
    let (first, _) = record(with_blanks, padded(&id)).await;
    assert_eq!(record(said.clone(), id).await, (first.clone(), true));
    assert_eq!((first.text.as_str(), first.organisation.as_str()), ("Fine.\n", "04C"));
    let list =
        ListChannelAssessmentsRequest { parent: padded("organisations/04C"), ..Default::default() };
    let listed = client.list_channel_assessments(list).await.unwrap().into_inner();
    assert_eq!(listed.assessments, [first]);
}
