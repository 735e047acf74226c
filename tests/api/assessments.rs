//! Organisations' own assessments: recorded once, never overwritten, listed newest first, the same after a restart and from the
//! log alone.

use equity_indicators::app;
use equity_indicators::proto::v1::{
    ChannelAssessment, ListChannelAssessmentsRequest, RecordChannelAssessmentRequest,
    RecordChannelAssessmentResponse,
};
use serde_json::json;
use tonic::{Code, Status};

use crate::support::{Refusal, TestServer, header, records};

fn said(organisation: &str, text: &str) -> ChannelAssessment {
    ChannelAssessment {
        organisation: organisation.into(),
        first_month: "2020-04".into(),
        last_month: "2020-06".into(),
        text: text.into(),
        assess_date: "2020-07-01".into(),
        owner_role: "Director of Primary Care".into(),
        ..Default::default()
    }
}

fn id() -> String {
    uuid::Uuid::new_v4().to_string()
}

async fn record(
    server: &TestServer,
    assessment: &ChannelAssessment,
    request_id: &str,
) -> Result<RecordChannelAssessmentResponse, Status> {
    let request = RecordChannelAssessmentRequest {
        assessment: Some(assessment.clone()),
        request_id: request_id.into(),
    };
    Ok(server.exclusion().record_channel_assessment(request).await?.into_inner())
}

async fn list(
    server: &TestServer,
    parent: &str,
    page_size: i32,
    page_token: &str,
) -> Result<(Vec<ChannelAssessment>, String), Status> {
    let (parent, page_token) = (parent.to_owned(), page_token.to_owned());
    let request = ListChannelAssessmentsRequest { parent, page_size, page_token };
    let page = server.exclusion().list_channel_assessments(request).await?.into_inner();
    Ok((page.assessments, page.next_page_token))
}

async fn texts(server: &TestServer, parent: &str) -> Vec<String> {
    let (all, _) = list(server, parent, 0, "").await.unwrap();
    all.into_iter().map(|assessment| assessment.text).collect()
}

#[tokio::test]
async fn what_was_recorded_is_there_also_after_a_restart_and_from_the_log_alone() {
    let server = TestServer::start().await;
    let (request, longest) = (id(), "é\n".repeat(1_000));
    let first = record(&server, &said("04C", &longest), &request).await.unwrap();
    let made = first.assessment.clone().unwrap();
    assert!(!first.replayed);
    assert_eq!(made.name, format!("organisations/04C/assessments/{}", made.position));
    assert!(made.position > 0 && made.record_time.is_some());
    let given =
        ChannelAssessment { name: String::new(), position: 0, record_time: None, ..made.clone() };
    assert_eq!(given, said("04C", &longest));

    // The same again, also after a restart, is the first answer; other content is refused, and so is a submission's id.
    let again = record(&server, &said("04C", &longest), &request).await.unwrap();
    assert_eq!(again, RecordChannelAssessmentResponse { replayed: true, ..first.clone() });
    let server = server.reopen().await;
    let again = record(&server, &said("04C", &longest), &request).await.unwrap();
    assert_eq!(again, RecordChannelAssessmentResponse { replayed: true, ..first.clone() });
    let reused = record(&server, &said("04C", "another"), &request).await.unwrap_err();
    assert_eq!(Refusal::of(&reused).reason, "REQUEST_ID_REUSED");
    let mut about = header("04C", "synthetic-llr", "2020-04", &[]);
    about.request_id.clone_from(&request);
    let rows = records(&json!([{"channel": "VIDEO"}]));
    let reused = server.submit(about.clone(), rows.clone()).await.unwrap_err();
    assert_eq!(Refusal::of(&reused).reason, "REQUEST_ID_REUSED");
    about.request_id = id();
    server.submit(about.clone(), rows).await.unwrap();
    let reused = record(&server, &said("04C", "another"), &about.request_id).await.unwrap_err();
    assert_eq!(Refusal::of(&reused).reason, "REQUEST_ID_REUSED");

    // A later one of the same months stands before it.
    record(&server, &said("03W", "elsewhere"), &id()).await.unwrap();
    let later = record(&server, &said("04C", "later"), &id()).await.unwrap().assessment.unwrap();
    assert!(later.position > made.position);
    let known = ["later", "elsewhere", longest.as_str()];
    assert_eq!(texts(&server, "organisations/-").await, known);
    let server = server.reopen().await;
    assert_eq!(texts(&server, "organisations/-").await, known);
    assert_eq!(texts(&server, "organisations/04C").await, [known[0], known[2]]);

    // Every row follows from the log, byte for byte.
    let folder = server.data_folder();
    let kept = server.stop().await;
    let report = app::verify(&folder, None, None, &mut |_, _| {}).unwrap();
    assert_eq!((report.differences, report.submissions), (Vec::<String>::new(), 1));
    let report = app::rebuild(&folder, None, &mut |_, _| {}).unwrap();
    assert_eq!(report.differences, Vec::<String>::new());
    let server = TestServer::on(kept, &folder).await;
    assert_eq!(texts(&server, "organisations/-").await, known);
    let again = record(&server, &said("04C", &longest), &request).await.unwrap();
    assert_eq!(again.assessment, first.assessment);
}

#[tokio::test]
async fn pages_together_are_the_list_whatever_comes_between() {
    let server = TestServer::start().await;
    for number in 0..7 {
        record(&server, &said("04C", &number.to_string()), &id()).await.unwrap();
    }
    let (mut all, mut token) = (Vec::new(), String::new());
    loop {
        let (page, next) = list(&server, "organisations/04C", 3, &token).await.unwrap();
        assert!(page.len() <= 3 && !page.is_empty());
        all.extend(page.into_iter().map(|assessment| assessment.text));
        record(&server, &said("04C", "meanwhile"), &id()).await.unwrap();
        token = next;
        if token.is_empty() {
            break;
        }
        let other = list(&server, "organisations/-", 3, &token).await.unwrap_err();
        assert_eq!(Refusal::of(&other).reason, "PAGE_TOKEN_INVALID");
    }
    assert_eq!(all, ["6", "5", "4", "3", "2", "1", "0"]);
    assert_eq!(texts(&server, "organisations/03W").await, Vec::<String>::new());
}

#[tokio::test]
async fn what_is_wrong_is_named_and_stores_nothing() {
    let server = TestServer::start().await;
    let good = said("04C", "good");
    let cases = [
        (ChannelAssessment { text: String::new(), ..good.clone() }, "assessment.text"),
        (ChannelAssessment { text: "x".repeat(3_001), ..good.clone() }, "assessment.text"),
        (ChannelAssessment { text: "a\u{7}".into(), ..good.clone() }, "assessment.text"),
        (
            ChannelAssessment { first_month: "2020".into(), ..good.clone() },
            "assessment.first_month",
        ),
        (
            ChannelAssessment { last_month: "2020-03".into(), ..good.clone() },
            "assessment.last_month",
        ),
        (
            ChannelAssessment { assess_date: "1.7.2020".into(), ..good.clone() },
            "assessment.assess_date",
        ),
        (
            ChannelAssessment { assess_date: "2999-01-01".into(), ..good.clone() },
            "assessment.assess_date",
        ),
        (
            ChannelAssessment {
                first_month: "2999-01".into(),
                last_month: "2999-01".into(),
                ..good.clone()
            },
            "assessment.first_month",
        ),
        (ChannelAssessment { owner_role: "a\nb".into(), ..good.clone() }, "assessment.owner_role"),
        (
            ChannelAssessment { organisation: String::new(), ..good.clone() },
            "assessment.organisation",
        ),
    ];
    for (wrong, field) in cases {
        let refusal = Refusal::of(&record(&server, &wrong, &id()).await.unwrap_err());
        assert_eq!(refusal.code, Code::InvalidArgument);
        assert_eq!(refusal.short(), ("FIELD_INVALID", field), "{wrong:?}");
    }
    let refusal = Refusal::of(&record(&server, &good, "no UUID").await.unwrap_err());
    assert_eq!(refusal.short(), ("FIELD_INVALID", "request_id"));
    let missing = RecordChannelAssessmentRequest { assessment: None, request_id: id() };
    let status = server.exclusion().record_channel_assessment(missing).await.unwrap_err();
    assert_eq!(Refusal::of(&status).short(), ("FIELD_INVALID", "assessment"));
    let unknown = Refusal::of(&record(&server, &said("XXX", "x"), &id()).await.unwrap_err());
    assert_eq!((unknown.code, unknown.reason.as_str()), (Code::NotFound, "ORGANISATION_NOT_FOUND"));
    for (parent, reason) in [
        ("organisations/XXX", "ORGANISATION_NOT_FOUND"),
        ("collections/-", "FIELD_INVALID"),
        ("", "FIELD_INVALID"),
    ] {
        let refusal = Refusal::of(&list(&server, parent, 0, "").await.unwrap_err());
        assert_eq!(refusal.reason, reason, "{parent}");
    }
    assert_eq!(texts(&server, "organisations/-").await, Vec::<String>::new());
}

#[tokio::test]
async fn an_assessment_lets_go_of_its_organisations_answers_alone() {
    let server = TestServer::start().await;
    let about = header("04C", "synthetic-llr", "2020-04", &[]);
    server.submit(about, records(&json!([{"channel": "VIDEO"}]))).await.unwrap();
    let ask = || async {
        let question = json!({"query": {"collection": "synthetic-llr", "organisations": ["04C"],
            "period": {"first": "2020-04"}}});
        server.ask_whole(question).await.unwrap()
    };
    let before = ask().await;
    let made = record(&server, &said("04C", "one"), &id()).await.unwrap().assessment.unwrap();
    let after = ask().await;
    // The figures are the same, and read where the assessment stands.
    assert_eq!(after.breakdown, before.breakdown);
    assert_eq!(after.position, made.position);
}

/// Beside a table stand 100 at most: how many there are is told, and one organisation does not crowd out another.
#[tokio::test]
async fn the_newest_of_each_organisation_comes_first_and_the_cut_is_told() {
    let server = TestServer::start().await;
    for text in ["first of 03W", "newest of 03W"] {
        record(&server, &said("03W", text), &id()).await.unwrap();
    }
    for number in 0..101 {
        record(&server, &said("04C", &number.to_string()), &id()).await.unwrap();
    }
    let impact = async |organisations: &[&str]| {
        let question = json!({"query": {
            "collection": "synthetic-llr", "organisations": organisations,
            "period": {"first": "2020-04"}}});
        let impact = server.table("impact", question).await.unwrap();
        let texts: Vec<_> = impact.assessments.into_iter().map(|one| one.text).collect();
        (texts, impact.assessment_count)
    };
    let (texts, count) = impact(&["03W", "04C"]).await;
    assert_eq!((texts.len(), count), (100, 103));
    assert_eq!(texts[..4], ["100", "newest of 03W", "99", "98"]);
    assert_eq!(texts[99], "2");
    assert_eq!(impact(&["03W"]).await, (vec!["newest of 03W".into(), "first of 03W".into()], 2));
    assert_eq!(impact(&["04V"]).await, (Vec::new(), 0));
}
