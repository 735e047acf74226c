//! Every question that is refused, and what the refusal names.

use equity_indicators::proto::v1::{ConsultationRecord, PersonCharacteristics, SubmissionHeader};
use serde_json::{Value, json};
use tonic::Code;

use super::queries::{SYNTHETIC, april, submit, with};
use crate::support::{Refusal, TestServer, header, records, totals};

#[tokio::test]
async fn what_cannot_be_asked_says_why() {
    let server = TestServer::start().await;
    submit(&server, ("04C", "2020-04"), &[], json!([{"channel": "VIDEO"}])).await;
    let filter = |dimension: &str, codes: Value| json!({"dimension": dimension, "codes": codes});
    let nine: Vec<_> = [
        "sex",
        "carer",
        "veteran",
        "religion",
        "age_band",
        "disability",
        "staff_type",
        "lead_time",
        "channel",
    ]
    .iter()
    .map(|id| filter(id, json!(["NOT_KNOWN"])))
    .collect();
    let cases: Vec<(Value, Code, &str, &str)> = vec![
        (json!({}), Code::InvalidArgument, "FIELD_INVALID", "query"),
        (json!({"query": {}}), Code::InvalidArgument, "FIELD_INVALID", "query.period.first"),
        (
            april(&json!({"period": {}})),
            Code::InvalidArgument,
            "FIELD_INVALID",
            "query.period.first",
        ),
        (
            april(&json!({"period": {"first": "2020-4"}})),
            Code::InvalidArgument,
            "FIELD_INVALID",
            "query.period.first",
        ),
        (
            april(&json!({"period": {"first": "2020/22"}})),
            Code::InvalidArgument,
            "FIELD_INVALID",
            "query.period.first",
        ),
        (
            april(&json!({"period": {"first": "2020-04", "last": "x"}})),
            Code::InvalidArgument,
            "FIELD_INVALID",
            "query.period.last",
        ),
        (
            april(&json!({"period": {"first": "2020-04", "last": "2020-03"}})),
            Code::InvalidArgument,
            "FIELD_INVALID",
            "query.period.last",
        ),
        (april(&json!({"area": ""})), Code::InvalidArgument, "FIELD_INVALID", "query.area"),
        (april(&json!({"area": "QK2"})), Code::NotFound, "AREA_NOT_FOUND", ""),
        (
            april(&json!({"organisations": ["04C"]})),
            Code::InvalidArgument,
            "FIELD_INVALID",
            "query.organisations",
        ),
        (
            april(&json!({"area": "", "organisations": ["04X"]})),
            Code::NotFound,
            "ORGANISATION_NOT_FOUND",
            "",
        ),
        (
            april(&json!({"area": "", "organisations": ["04C", "04C"]})),
            Code::InvalidArgument,
            "FIELD_INVALID",
            "query.organisations",
        ),
        (
            april(
                &json!({"area": "", "organisations": ["04C"], "areaBasis": "AREA_BASIS_RESIDENCE"}),
            ),
            Code::InvalidArgument,
            "FIELD_INVALID",
            "query.area_basis",
        ),
        (
            april(&json!({"area": "04C", "areaBasis": "AREA_BASIS_RESIDENCE"})),
            Code::FailedPrecondition,
            "QUERY_REFUSED",
            "",
        ),
        (
            april(&json!({"areaBasis": 7})),
            Code::InvalidArgument,
            "FIELD_INVALID",
            "query.area_basis",
        ),
        (april(&json!({"view": 7})), Code::InvalidArgument, "FIELD_INVALID", "query.view"),
        (april(&json!({"collection": "x"})), Code::NotFound, "COLLECTION_NOT_FOUND", ""),
        (
            april(&json!({"careSetting": "x"})),
            Code::InvalidArgument,
            "FIELD_INVALID",
            "query.care_setting",
        ),
        (
            april(&json!({"collection": "csds", "careSetting": "PRIMARY_CARE"})),
            Code::InvalidArgument,
            "FIELD_INVALID",
            "query.care_setting",
        ),
        (april(&json!({"by": ["ethnicity"]})), Code::NotFound, "DIMENSION_NOT_FOUND", ""),
        (april(&json!({"by": ["channel"]})), Code::InvalidArgument, "FIELD_INVALID", "query.by"),
        (april(&json!({"by": ["sex", "sex"]})), Code::InvalidArgument, "FIELD_INVALID", "query.by"),
        (
            april(&json!({"by": ["sex", "carer", "veteran", "month"]})),
            Code::InvalidArgument,
            "FIELD_INVALID",
            "query.by",
        ),
        (
            april(
                &json!({"by": ["sex", "carer", "veteran"], "where": [filter("staff_type", json!(["GP", "OTHER_PRACTICE_STAFF"]))]}),
            ),
            Code::InvalidArgument,
            "FIELD_INVALID",
            "query.by",
        ),
        (
            april(&json!({"by": ["disability", "inclusion_group"]})),
            Code::FailedPrecondition,
            "QUERY_REFUSED",
            "",
        ),
        (
            april(
                &json!({"by": ["disability"], "where": [filter("local_group", json!(["AUTISM", "FRAILTY"]))]}),
            ),
            Code::FailedPrecondition,
            "QUERY_REFUSED",
            "",
        ),
        (
            april(&json!({"where": [filter("sex", json!([]))]})),
            Code::InvalidArgument,
            "FIELD_INVALID",
            "query.where",
        ),
        (
            april(&json!({"where": [filter("sex", json!(["1"])), filter("sex", json!(["2"]))]})),
            Code::InvalidArgument,
            "FIELD_INVALID",
            "query.where",
        ),
        (april(&json!({"where": nine})), Code::InvalidArgument, "FIELD_INVALID", "query.where"),
        (
            april(&json!({"where": [filter("shoe", json!(["1"]))]})),
            Code::NotFound,
            "DIMENSION_NOT_FOUND",
            "",
        ),
        (
            april(&json!({"where": [filter("sex", json!(["male"]))]})),
            Code::NotFound,
            "CATEGORY_NOT_FOUND",
            "",
        ),
        (
            april(&json!({"where": [filter("organisation", json!(["04X"]))]})),
            Code::NotFound,
            "CATEGORY_NOT_FOUND",
            "",
        ),
        (
            april(&json!({"where": [filter("month", json!(["2020-4"]))]})),
            Code::NotFound,
            "CATEGORY_NOT_FOUND",
            "",
        ),
        (
            april(&json!({"where": [filter("quarter", json!(["2020-Q5"]))]})),
            Code::NotFound,
            "CATEGORY_NOT_FOUND",
            "",
        ),
        (
            april(&json!({"where": [filter("sub_icb", json!(["QK1"]))]})),
            Code::NotFound,
            "CATEGORY_NOT_FOUND",
            "",
        ),
        (
            april(&json!({"confidenceLevel": 0.9})),
            Code::InvalidArgument,
            "FIELD_INVALID",
            "query.confidence_level",
        ),
        (
            april(&json!({"confidenceLevel": "NaN"})),
            Code::InvalidArgument,
            "FIELD_INVALID",
            "query.confidence_level",
        ),
        (
            april(&json!({"asOf": {"position": 1_000_000}})),
            Code::FailedPrecondition,
            "POSITION_NOT_REACHED",
            "",
        ),
        (
            april(&json!({"asOf": {"position": -1}})),
            Code::InvalidArgument,
            "FIELD_INVALID",
            "query.as_of.position",
        ),
        (april(&json!({"asOf": {"release": "2020"}})), Code::NotFound, "RELEASE_NOT_FOUND", ""),
        (
            april(&json!({"asOf": {"time": "1969-12-31T00:00:00Z"}})),
            Code::InvalidArgument,
            "FIELD_INVALID",
            "query.as_of.time",
        ),
        (
            with(april(&json!({})), "measure", json!(9)),
            Code::InvalidArgument,
            "FIELD_INVALID",
            "measure",
        ),
        (
            with(april(&json!({})), "denominator", json!(9)),
            Code::InvalidArgument,
            "FIELD_INVALID",
            "denominator",
        ),
        (
            with(april(&json!({})), "populationCollection", json!(SYNTHETIC)),
            Code::InvalidArgument,
            "FIELD_INVALID",
            "population_collection",
        ),
        (
            with(
                with(april(&json!({})), "includeRates", json!(true)),
                "populationCollection",
                json!("x"),
            ),
            Code::NotFound,
            "COLLECTION_NOT_FOUND",
            "",
        ),
        (
            with(
                with(april(&json!({})), "includeRates", json!(true)),
                "populationCollection",
                json!("csds"),
            ),
            Code::InvalidArgument,
            "FIELD_INVALID",
            "population_collection",
        ),
        (
            with(april(&json!({"collection": "csds"})), "includeRates", json!(true)),
            Code::InvalidArgument,
            "FIELD_INVALID",
            "population_collection",
        ),
        (
            with(
                with(april(&json!({})), "includeRates", json!(true)),
                "measure",
                json!("MEASURE_PERSONS"),
            ),
            Code::InvalidArgument,
            "FIELD_INVALID",
            "include_rates",
        ),
    ];
    let mut wrong = Vec::new();
    for (question, code, reason, field) in cases {
        match server.ask(question.clone()).await {
            Ok(answer) => wrong.push(format!("{question} was answered: {:?}", totals(&answer))),
            Err(status) => {
                let refusal = Refusal::of(&status);
                if (refusal.code, refusal.short()) != (code, (reason, field)) {
                    wrong.push(format!("{question}: {refusal:?}"));
                }
                if refusal.code == Code::NotFound && !refusal.message.contains('`') {
                    wrong.push(format!("{question} names nothing: {}", refusal.message));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// One wrong field a call would be one try for each.
#[tokio::test]
async fn every_wrong_field_is_named_at_once() {
    let server = TestServer::start().await;
    let question = april(&json!({
        "area": "LEICESTERR",
        "period": {"first": "2020-4", "last": "x"},
        "collection": "x",
        "careSetting": "DENTIST",
        "confidenceLevel": 0.9,
        "by": ["age", "shoe"],
        "where": [
            {"dimension": "sex", "codes": ["Male", "3"]},
            {"dimension": "ethnic_category", "codes": ["Indian"]},
        ],
    }));
    let refusal = Refusal::of(&server.ask(question).await.unwrap_err());
    assert_eq!((refusal.code, &*refusal.reason), (Code::InvalidArgument, "FIELD_INVALID"));
    let fields: Vec<_> = refusal.fields.iter().map(|(field, _)| field.as_str()).collect();
    let expected = [
        "query.period.first",
        "query.period.last",
        "query.area",
        "query.care_setting",
        "query.collection",
        "query.confidence_level",
        "query.by",
        "query.by",
        "query.where[0].codes",
        "query.where[0].codes",
        "query.where[1].codes",
    ];
    assert_eq!(fields, expected, "{refusal:?}");
    let said = |text: &str| refusal.fields.iter().any(|(_, what)| what.contains(text));
    for text in [
        "`age`; the nearest is `age_band`",
        "`Male` in dimension `sex`; the nearest is `1`",
        "the nearest is `H`",
    ] {
        assert!(said(text), "{text}: {refusal:?}");
    }
    assert!(
        said("no category `3` in dimension `sex`") && !said("`3` in dimension `sex`;"),
        "{refusal:?}"
    );

    let about = SubmissionHeader {
        organisation: "04X".into(),
        month: "April".into(),
        code_systems: [("age".into(), "gpad".into()), ("channel".into(), "x".into())].into(),
        ..header("", "no-feed", "", &["lead_time", "age_years"])
    };
    let refusal = Refusal::of(&server.submit(about, records(&json!([{}]))).await.unwrap_err());
    let fields: Vec<_> = refusal.fields.iter().map(|(field, _)| field.as_str()).collect();
    let expected = [
        "header.month",
        "header.organisation",
        "header.collection",
        "header.code_systems[age]",
        "header.code_systems[channel]",
        "header.collected_characteristics[0]",
    ];
    assert_eq!(fields, expected, "{refusal:?}");
}

/// A name of a megabyte, and thousands of wrong names, are refused as fast as others.
#[tokio::test]
async fn long_and_many_names_cost_little() {
    let server = TestServer::start().await;
    let long = "x".repeat(900_000);
    let many: Vec<_> = (0..60_000).map(|n| format!("dimension_{n}")).collect();
    let sets = [
        json!({"area": long}),
        json!({"area": "", "organisations": [long]}),
        json!({"area": "", "organisations": many[..1000]}),
        json!({"by": [long]}),
        json!({"by": many}),
        json!({"where": [{"dimension": "sex", "codes": [long]}]}),
        json!({"where": [{"dimension": "sex", "codes": many[..1000]}]}),
    ];
    for set in sets {
        let begin = std::time::Instant::now();
        server.ask(april(&set)).await.unwrap_err();
        let took = begin.elapsed();
        assert!(took.as_secs() < 10, "{took:?}: {}", set.to_string().get(..60).unwrap());
    }
    let names: Vec<_> = many.iter().map(String::as_str).collect();
    for about in [
        header("04C", SYNTHETIC, "2020-04", &names),
        header("04C", SYNTHETIC, "2020-04", &[&long]),
        SubmissionHeader {
            code_systems: many.iter().map(|name| (name.clone(), "x".to_owned())).collect(),
            ..header("04C", SYNTHETIC, "2020-04", &[])
        },
    ] {
        let begin = std::time::Instant::now();
        server.submit(about, records(&json!([{}]))).await.unwrap_err();
        assert!(begin.elapsed().as_secs() < 10, "{:?}", begin.elapsed());
    }
}

/// 200 small areas by 100 years of age, each combination with every channel as a column.
async fn submit_a_large_table(server: &TestServer) {
    let channels = [
        "FACE_TO_FACE",
        "HOME_VISIT",
        "TELEPHONE",
        "VIDEO",
        "EMAIL",
        "ONLINE_UNSPECIFIED",
        "NOT_KNOWN",
        "NOT_STATED",
    ];
    let rows = (0..20_000).map(|n: usize| ConsultationRecord {
        channel: channels[n % channels.len()].into(),
        residence_lsoa: format!("E0101{:04}", 3600 + n / 100),
        person: Some(PersonCharacteristics {
            age_years: Some(i32::try_from(n % 100).unwrap()),
            ..Default::default()
        }),
        ..Default::default()
    });
    let header = SubmissionHeader {
        code_systems: [("residence_lsoa".into(), "lsoa_2011".into())].into(),
        ..header("04C", SYNTHETIC, "2020-04", &["age_band"])
    };
    server.submit(header, rows.collect()).await.unwrap();
}

#[tokio::test]
async fn an_answer_that_no_message_holds_is_refused_with_what_to_do() {
    let server = TestServer::start().await;
    submit_a_large_table(&server).await;
    let large = april(&json!({"by": ["residence_lsoa", "age_years"]}));
    let refused = |status: &tonic::Status| {
        assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
        assert!(status.message().contains("ExportBreakdowns"), "{status:?}");
        assert!(status.message().contains("fewer dimensions"), "{status:?}");
        let refusal = Refusal::of(status);
        assert_eq!(refusal.reason, "BREAKDOWN_TOO_LARGE", "{refusal:?}");
        let of = |name: &str| refusal.metadata[name].parse::<u64>().unwrap();
        assert_eq!(of("limit"), 4 << 20);
        assert!(of("bytes") > of("limit"));
    };
    // Twice: it is not sent from where answers are kept either.
    for _ in 0..2 {
        let Err(status) = server.ask(large.clone()).await else { panic!("it was sent") };
        refused(&status);
    }
    let mut stream = server.watch(json!({"question": {"channels": large}})).await.unwrap();
    let Err(status) = stream.message().await else { panic!("it was sent to a follower") };
    refused(&status);
    let Err(status) = server.table("outcomes", large).await else { panic!("outcomes were sent") };
    refused(&status);
    // With fewer dimensions it is answered.
    let answer = server.ask(april(&json!({"by": ["residence_lsoa"]}))).await.unwrap();
    assert_eq!(totals(&answer)[""], 20_000);
}
