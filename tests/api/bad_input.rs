//! Input that has to be refused: the exact reason and code, the row and field by name, and nothing stored.

use std::net::SocketAddr;
use std::time::Duration;

use equity_indicators::proto::v1::{
    AccessRecord, ConsultationRecord, ListSubmissionsRequest, PopulationRecord, SubmissionHeader,
    SubmitConsultationsRequest,
};
use serde_json::{Value, json};
use tonic::Code;

use crate::support::{Refusal, TestServer, consultations, header, message, records, totals};

fn about() -> SubmissionHeader {
    header("04C", "synthetic-llr", "2020-04", &["sex", "age_band", "disability"])
}

fn good() -> ConsultationRecord {
    ConsultationRecord { channel: "TELEPHONE".into(), ..Default::default() }
}

/// Nothing has been accepted: the log stands where it stood, and no version is listed.
pub(super) async fn nothing_stored(server: &TestServer, position: i64, case: &str) {
    assert_eq!(server.position().await, position, "{case}");
    let all = ListSubmissionsRequest {
        parent: "collections/-".into(),
        include_past: true,
        ..Default::default()
    };
    let list = server.submissions().list_submissions(all).await.unwrap().into_inner();
    assert!(list.submissions.is_empty(), "{case}: {list:?}");
}

#[tokio::test]
async fn a_bad_row_is_named_and_nothing_is_stored() {
    let server = TestServer::start().await;
    let position = server.position().await;
    // The row, the field it is refused for, and what the description says.
    let cases: &[(Value, &str, &str)] = &[
        (json!({"channel": "PIGEON"}), "channel", "`PIGEON`"),
        (json!({"channel": "telephon"}), "channel", "nearest `TELEPHONE`"),
        (json!({"channel": "ANY"}), "channel", "equity_channel"),
        (json!({"channel": "NOT_COLLECTED"}), "channel", "equity_channel"),
        (json!({"channel": "!NOT_KNOWN"}), "channel", "equity_channel"),
        (json!({"channel": " TELEFONE"}), "channel", "nearest `TELEPHONE`"),
        (json!({"channelProvenance": "GUESSED"}), "channel_provenance", "INFERRED"),
        (json!({"attendance": "9"}), "attendance", "`9`"),
        (json!({"attendance": "#5"}), "attendance", "`#5`"),
        (json!({"staffType": "VET"}), "staff_type", "GP"),
        (json!({"careSetting": "DENTIST"}), "care_setting", "PRIMARY_CARE"),
        (json!({"leadTimeDays": -1}), "lead_time_days", "0 to 3650"),
        (json!({"leadTimeDays": 3651}), "lead_time_days", "0 to 3650"),
        (json!({"leadTimeBand": "soon"}), "lead_time_band", "Same Day"),
        (json!({"leadTimeDays": 1, "leadTimeBand": "1 Day"}), "lead_time_days", "not both"),
        (json!({"recordCount": 0}), "record_count", "from 1 to 10000000"),
        (json!({"recordCount": -5}), "record_count", "`-5`"),
        (json!({"recordCount": 10_000_001}), "record_count", "from 1 to 10000000"),
        (json!({"recordCount": i64::MAX.to_string()}), "record_count", "from 1"),
        (json!({"recordCount": i64::MIN.to_string()}), "record_count", "from 1"),
        (json!({"date": "2020-05-01"}), "date", "2020-04"),
        (json!({"date": "2019-04"}), "date", "2020-04"),
        (json!({"date": "2020-04-31"}), "date", "2020-04"),
        (json!({"date": "2020-04-1"}), "date", "2020-04"),
        (json!({"date": "04/15/2020"}), "date", "2020-04"),
        (json!({"date": "2020-0é"}), "date", "2020-04"),
        (json!({"residenceLsoa": "LE1 1AA"}), "residence_lsoa", "`LE1 1AA`"),
        (json!({"personKey": "p"}), "person_key", "person_key_scheme"),
        (json!({"sourceRecordId": "x".repeat(129)}), "source_record_id", "128"),
        (json!({"person": {"ageYears": 131}}), "person.age_years", "0 to 130"),
        (json!({"person": {"ageYears": -1}}), "person.age_years", "0 to 130"),
        (json!({"person": {"ageYears": 5, "ageBand": "0-17"}}), "person.age_years", "not both"),
        (json!({"person": {"ageBand": "#77"}}), "person.age_band", "`#77`"),
        (json!({"person": {"ageBand": "elderly"}}), "person.age_band", "`elderly`"),
        (json!({"person": {"sex": "man"}}), "person.sex", "person_stated_gender_code"),
        (json!({"person": {"carer": "Y"}}), "person.carer", "collected_characteristics"),
        (
            json!({"person": {"localGroup": ["AUTISM"]}}),
            "person.local_group",
            "collected_characteristics",
        ),
        (json!({"person": {"disability": ["01", "NN"]}}), "person.disability", "either categories"),
        (json!({"person": {"disability": ["01", "11"]}}), "person.disability", "`11`"),
        (json!({"person": {"disability": ["01\u{1f}02"]}}), "person.disability", "01"),
        (json!({"person": {"disability": ["01", ""]}}), "person.disability", "disability_code"),
    ];
    for (row, field, description) in cases {
        for allow_partial in [false, true] {
            let rows = vec![good(), good(), message(row.clone())];
            let rows = if allow_partial { rows[2..].to_vec() } else { rows };
            let at = rows.len() - 1;
            let header = SubmissionHeader { allow_partial, ..about() };
            let status = server.submit(header, rows).await.expect_err(&row.to_string());
            let refusal = Refusal::of(&status);
            assert_eq!(refusal.code, Code::InvalidArgument, "{row}");
            assert_eq!(refusal.reason, "ROWS_INVALID", "{row}");
            assert_eq!(refusal.metadata["problem_count"], "1", "{row}");
            let (named, text) = &refusal.fields[0];
            assert_eq!(*named, format!("records[{at}].{field}"), "{row}");
            assert!(text.contains(description), "{row}: {text}");
        }
    }
    nothing_stored(&server, position, "rows").await;

    // Keys and ids are not repeated.
    let secret = json!([{"personKey": "secret-key", "recordCount": 2}, {"sourceRecordId": "secret-id"}, {"sourceRecordId": "secret-id"}]);
    let scheme = SubmissionHeader { person_key_scheme: "s".into(), ..about() };
    let refusal = Refusal::of(&server.submit(scheme, records(&secret)).await.unwrap_err());
    let fields: Vec<_> = refusal.fields.iter().map(|(field, _)| field.as_str()).collect();
    assert_eq!(fields, ["records[0].person_key", "records[2].source_record_id"]);
    assert!(!format!("{refusal:?}").contains("secret"), "{refusal:?}");
    nothing_stored(&server, position, "keys").await;
}

#[tokio::test]
async fn one_bad_row_does_not_spoil_a_good_one() {
    let server = TestServer::start().await;
    // A code that looks like the number of another row, either one first.
    for order in [[0, 1], [1, 0]] {
        let pair = [json!({"person": {"ageBand": "#77"}}), json!({"person": {"ageYears": 77}})];
        let rows = json!([pair[order[0]], pair[order[1]]]);
        let header = SubmissionHeader { allow_partial: true, ..about() };
        let receipt = server.submit(header, records(&rows)).await.unwrap();
        let bad: Vec<_> = receipt.problems.iter().map(|p| p.row_index).collect();
        assert_eq!(bad, [order.iter().position(|n| *n == 0).unwrap() as i64], "{rows}");
    }
    // A duplicate of a row that was left out is none.
    let rows = json!([{"sourceRecordId": "a", "channel": "PIGEON"}, {"sourceRecordId": "a"}, {"sourceRecordId": "a"}]);
    let header = SubmissionHeader { allow_partial: true, ..about() };
    let receipt = server.submit(header, records(&rows)).await.unwrap();
    assert_eq!(receipt.problems.iter().map(|p| p.row_index).collect::<Vec<_>>(), [0, 2]);
}

/// A collection is answered as that of its settings, so a row of another one would be counted as one of them.
#[tokio::test]
async fn rows_of_a_care_setting_that_the_collection_does_not_have_are_refused() {
    let server = TestServer::start().await;
    let position = server.position().await;
    for (organisation, collection, setting, settings) in [
        ("C82001", "practice-feed", "MENTAL_HEALTH", "PRIMARY_CARE"),
        ("RT5", "mhsds", "PRIMARY_CARE", "MENTAL_HEALTH"),
        (
            "RWE",
            "cds",
            "COMMUNITY",
            "OUTPATIENTS, ACCIDENT_AND_EMERGENCY, SPECIALISED_COMMISSIONING",
        ),
    ] {
        let rows = records(&json!([{"careSetting": setting, "recordCount": 7}]));
        let about = header(organisation, collection, "2020-04", &[]);
        let refusal = Refusal::of(&server.submit(about, rows).await.unwrap_err());
        assert_eq!(refusal.short(), ("ROWS_INVALID", "records[0].care_setting"));
        let expected = format!(
            "`{setting}`: expected one of {settings}: the settings of collection `{collection}`"
        );
        assert!(refusal.fields[0].1.starts_with(&expected), "{refusal:?}");
    }
    nothing_stored(&server, position, "care settings").await;

    let rows = records(&json!([
        {"careSetting": "MENTAL_HEALTH", "recordCount": 7},
        {"careSetting": "PRIMARY_CARE", "recordCount": 2},
        {"recordCount": 1},
    ]));
    let partial = header("C82001", "practice-feed", "2020-04", &[]);
    let partial = SubmissionHeader { allow_partial: true, ..partial };
    let receipt = server.submit(partial, rows).await.unwrap();
    assert_eq!(receipt.problems.iter().map(|p| p.row_index).collect::<Vec<_>>(), [0]);
    let question = json!({"query": {"collection": "practice-feed", "careSetting": "PRIMARY_CARE",
        "area": "QK1", "period": {"first": "2020-04"}}});
    assert_eq!(totals(&server.ask(question).await.unwrap())[""], 3);
}

/// A practice lies within its sub-ICB location: in one collection its figures would be counted twice.
#[tokio::test]
async fn a_collection_takes_no_organisations_of_another_type_than_it_expects() {
    let server = TestServer::start().await;
    let position = server.position().await;
    for (organisation, collection, expected, example) in [
        ("C82005", "gpad-regional", "`sub_icb`", "`03W`"),
        ("04C", "practice-feed", "`practice`", "`C82001`"),
        ("ONS", "mhsds", "`trust`", "`G6V2S`"),
        ("LA-LEICESTER", "mhsds", "`trust`", "`RT5`"),
    ] {
        let about = header(organisation, collection, "2020-04", &[]);
        let refusal = Refusal::of(&server.submit(about, vec![good()]).await.unwrap_err());
        assert_eq!(refusal.short(), ("FIELD_INVALID", "header.organisation"), "{organisation}");
        let what = &refusal.fields[0].1;
        assert!([organisation, collection, expected, example].iter().all(|w| what.contains(w)));
    }
    let people = vec![PopulationRecord { person_count: 1, ..Default::default() }];
    let about = header("C82005", "gpad-coverage", "2020-08", &[]);
    let refusal = Refusal::of(&server.submit_people(about, people).await.unwrap_err());
    assert_eq!(refusal.short(), ("FIELD_INVALID", "header.organisation"));
    let snapshot = vec![AccessRecord::default()];
    let about = header("RWE", "practice-feed", "2020-08", &[]);
    let refusal = Refusal::of(&server.submit_access(about, snapshot).await.unwrap_err());
    assert_eq!(refusal.short(), ("FIELD_INVALID", "header.organisation"));
    nothing_stored(&server, position, "organisations").await;
    // A collection that expects no type takes all.
    for organisation in ["C82005", "04C", "RT5", "LA-LEICESTER"] {
        let about = header(organisation, "synthetic-llr", "2020-04", &[]);
        server.submit(about, vec![good()]).await.unwrap();
    }
}

#[tokio::test]
async fn a_bad_header_is_refused_field_by_field() {
    let server = TestServer::start().await;
    let position = server.position().await;
    type Change = fn(&mut SubmissionHeader);
    let cases: &[(Change, Code, &str, &str)] = &[
        (|h| h.organisation = "99Z".into(), Code::NotFound, "ORGANISATION_NOT_FOUND", ""),
        (|h| h.organisation = "04c".into(), Code::NotFound, "ORGANISATION_NOT_FOUND", ""),
        (|h| h.organisation.clear(), Code::InvalidArgument, "FIELD_INVALID", "header.organisation"),
        (|h| h.collection = "gpad".into(), Code::NotFound, "COLLECTION_NOT_FOUND", ""),
        (|h| h.collection.clear(), Code::InvalidArgument, "FIELD_INVALID", "header.collection"),
        (
            |h| h.collection = "gpad-coverage".into(),
            Code::InvalidArgument,
            "FIELD_INVALID",
            "header.collection",
        ),
        (|h| h.month = "2020-13".into(), Code::InvalidArgument, "FIELD_INVALID", "header.month"),
        (|h| h.month = "2020-00".into(), Code::InvalidArgument, "FIELD_INVALID", "header.month"),
        (|h| h.month = "APR2020".into(), Code::InvalidArgument, "FIELD_INVALID", "header.month"),
        (|h| h.month = "2020-04-01".into(), Code::InvalidArgument, "FIELD_INVALID", "header.month"),
        (|h| h.month = "2020-Q2".into(), Code::InvalidArgument, "FIELD_INVALID", "header.month"),
        (|h| h.month.clear(), Code::InvalidArgument, "FIELD_INVALID", "header.month"),
        (|h| h.request_id.clear(), Code::InvalidArgument, "FIELD_INVALID", "header.request_id"),
        (
            |h| h.request_id = "1".into(),
            Code::InvalidArgument,
            "FIELD_INVALID",
            "header.request_id",
        ),
        (
            |h| h.request_id = uuid::Uuid::nil().to_string(),
            Code::InvalidArgument,
            "FIELD_INVALID",
            "header.request_id",
        ),
        (
            |h| {
                h.code_systems.insert("sex".into(), "klingon".into());
            },
            Code::InvalidArgument,
            "FIELD_INVALID",
            "header.code_systems[sex]",
        ),
        (
            |h| {
                h.code_systems.insert("shoe".into(), "x".into());
            },
            Code::InvalidArgument,
            "FIELD_INVALID",
            "header.code_systems[shoe]",
        ),
        (
            |h| {
                h.code_systems.insert("date".into(), "x".into());
            },
            Code::InvalidArgument,
            "FIELD_INVALID",
            "header.code_systems[date]",
        ),
        (
            |h| h.collected_characteristics.push("shoe_size".into()),
            Code::InvalidArgument,
            "FIELD_INVALID",
            "header.collected_characteristics[3]",
        ),
        // A day is no code, one is derived, and one belongs to another dataset.
        (
            |h| h.collected_characteristics.push("date".into()),
            Code::InvalidArgument,
            "FIELD_INVALID",
            "header.collected_characteristics[3]",
        ),
        (
            |h| h.collected_characteristics.push("online_any".into()),
            Code::InvalidArgument,
            "FIELD_INVALID",
            "header.collected_characteristics[3]",
        ),
        (
            |h| h.collected_characteristics.push("app_registered".into()),
            Code::InvalidArgument,
            "FIELD_INVALID",
            "header.collected_characteristics[3]",
        ),
        (
            |h| h.person_key_scheme = "s".repeat(65),
            Code::InvalidArgument,
            "FIELD_INVALID",
            "header.person_key_scheme",
        ),
        (
            |h| h.expected_record_count = Some(-1),
            Code::InvalidArgument,
            "FIELD_INVALID",
            "header.expected_record_count",
        ),
        (|h| h.expected_record_count = Some(2), Code::InvalidArgument, "RECORD_COUNT_MISMATCH", ""),
        (|h| h.expected_record_count = Some(0), Code::InvalidArgument, "RECORD_COUNT_MISMATCH", ""),
    ];
    for (number, (change, code, reason, field)) in cases.iter().enumerate() {
        let mut header = about();
        change(&mut header);
        let status = server.submit(header, vec![good()]).await.expect_err(reason);
        let refusal = Refusal::of(&status);
        assert_eq!(refusal.code, *code, "{number}: {refusal:?}");
        assert_eq!(refusal.short(), (*reason, *field), "{number}: {refusal:?}");
    }
    // All of them at once.
    let status = server.submit(SubmissionHeader::default(), vec![good()]).await.unwrap_err();
    assert_eq!(Refusal::of(&status).fields.len(), 4);
    let mut wrong = about();
    wrong.expected_record_count = Some(2);
    let refusal = Refusal::of(&server.submit(wrong, vec![good()]).await.unwrap_err());
    assert_eq!((&*refusal.metadata["expected"], &*refusal.metadata["received"]), ("2", "1"));
    let wrong = header("04C", "gpad-regional", "2020-04", &[]);
    let people = vec![PopulationRecord { person_count: 1, ..Default::default() }];
    let refusal = Refusal::of(&server.submit_people(wrong, people).await.unwrap_err());
    assert_eq!(refusal.short(), ("FIELD_INVALID", "header.collection"));
    nothing_stored(&server, position, "headers").await;
}

#[tokio::test]
async fn bad_people_are_refused_too() {
    let server = TestServer::start().await;
    let position = server.position().await;
    for (row, field) in [
        (json!({"personCount": -1}), "person_count"),
        (json!({"personCount": 100_000_001}), "person_count"),
        (json!({"personCount": 1, "person": {"sex": "7"}}), "person.sex"),
        (json!({"personCount": 1, "person": {"veteran": "Y"}}), "person.veteran"),
    ] {
        let rows = vec![PopulationRecord::default(), message(row.clone())];
        let refusal = Refusal::of(&server.submit_people(about(), rows).await.unwrap_err());
        let named = format!("records[1].{field}");
        assert_eq!(refusal.short(), ("ROWS_INVALID", named.as_str()), "{row}");
    }
    nothing_stored(&server, position, "people").await;
}

#[tokio::test]
async fn a_stream_out_of_order_is_refused() {
    let server = TestServer::with(|config| config.limits.max_submission_rows = 10).await;
    let position = server.position().await;
    let whole = || consultations(about(), vec![vec![good()], vec![good()]]);
    let [first, second, third] = whole().try_into().unwrap();
    let empty = SubmitConsultationsRequest { part: None };
    let cases: Vec<(Vec<SubmitConsultationsRequest>, &str, &str)> = vec![
        (vec![], "SUBMISSION_EMPTY", ""),
        (vec![first.clone()], "SUBMISSION_EMPTY", ""),
        (consultations(about(), vec![vec![], vec![]]), "SUBMISSION_EMPTY", ""),
        (vec![second.clone(), third.clone()], "FIELD_INVALID", "header"),
        (vec![second.clone(), first.clone()], "FIELD_INVALID", "header"),
        (vec![first.clone(), first.clone(), second.clone()], "FIELD_INVALID", "header"),
        (vec![first.clone(), second.clone(), first.clone()], "FIELD_INVALID", "header"),
        (vec![empty.clone(), first.clone(), second.clone()], "FIELD_INVALID", "header"),
        (vec![first, second, empty], "FIELD_INVALID", "part"),
        (consultations(about(), vec![vec![good(); 11]]), "SUBMISSION_TOO_LARGE", ""),
        (consultations(about(), vec![vec![good(); 5]; 3]), "SUBMISSION_TOO_LARGE", ""),
    ];
    for (number, (messages, reason, field)) in cases.into_iter().enumerate() {
        let sent = server.submissions().submit_consultations(tokio_stream::iter(messages)).await;
        let refusal = Refusal::of(&sent.unwrap_err());
        assert_eq!(refusal.code, Code::InvalidArgument, "{number}");
        assert_eq!(refusal.short(), (reason, field), "{number}: {refusal:?}");
    }
    nothing_stored(&server, position, "streams").await;
    assert!(server.submit(about(), vec![good(); 10]).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_stream_and_a_disconnect_leave_nothing() {
    let server = TestServer::start().await;
    let position = server.position().await;
    let (connected, address): (_, SocketAddr) = (20, server.address());
    for number in 0..connected {
        // A connection of its own, cut while the stream is open.
        let endpoint =
            tonic::transport::Endpoint::from_shared(format!("http://{address}")).unwrap();
        let channel = endpoint.connect().await.unwrap();
        let messages = consultations(about(), vec![vec![good(); 100]; 5]);
        let body = tokio_stream::iter(messages);
        let open = tokio_stream::StreamExt::chain(body, tokio_stream::pending());
        let mut client =
            equity_indicators::proto::v1::submission_service_client::SubmissionServiceClient::new(
                channel,
            );
        let call = tokio::spawn(async move { client.submit_consultations(open).await });
        tokio::time::sleep(Duration::from_millis(number * 5)).await;
        call.abort();
        assert!(call.await.is_err());
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    nothing_stored(&server, position, "disconnect").await;
    server.submit(about(), vec![good()]).await.unwrap();
}
