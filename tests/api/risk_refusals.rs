//! What cannot be asked of area risk, and what the refusal names.

use serde_json::json;

use super::risk::{people, score, whole};
use crate::support::{Refusal, TestServer, keys};

#[tokio::test]
async fn questions_that_cannot_be_answered_say_what_can() {
    let server = TestServer::start().await;
    people(&server).await;
    score(&server, "deri", "GMCA").await;
    let cases = [
        (json!({}), "FIELD_INVALID", "query.area", "sub-ICB"),
        (json!({"area": "qk1"}), "AREA_NOT_FOUND", "", "`QK1`"),
        (json!({"area": "QK2"}), "AREA_NOT_FOUND", "", "ListAreas"),
        (json!({"area": "U00147"}), "QUERY_REFUSED", "", "`04C`"),
        (json!({"area": "U63948"}), "QUERY_REFUSED", "", "`QK1`"),
        (json!({"area": "E12000004"}), "QUERY_REFUSED", "", "`QK1`"),
        (json!({"area": "QK1", "indicator": "DX-1O"}), "INDICATOR_NOT_FOUND", "", "`DX-1"),
        (
            json!({"area": "QK1", "indicator": "DX-12"}),
            "QUERY_REFUSED",
            "",
            "DX-10, DX-10-BROADBAND",
        ),
        (json!({"area": "QK1", "by": "sexx"}), "DIMENSION_NOT_FOUND", "", "`sex`"),
        (json!({"area": "QK1", "by": "month"}), "QUERY_REFUSED", "", "residence_district"),
        (json!({"area": "QK1", "by": "religion"}), "QUERY_REFUSED", "", "`ethnic_group_broad`"),
        (
            json!({"area": "QK1", "by": "sexual_orientation"}),
            "QUERY_REFUSED",
            "",
            "larger areas alone is not spread over small ones",
        ),
        (
            json!({"area": "QK1", "highRiskScore": 11}),
            "FIELD_INVALID",
            "high_risk_score",
            "0 to 10",
        ),
        (json!({"area": "QK1", "highRiskScore": "NaN"}), "FIELD_INVALID", "high_risk_score", ""),
        (json!({"area": "QK1", "highRiskTopShare": 0}), "FIELD_INVALID", "high_risk_top_share", ""),
        (json!({"area": "QK1", "highRiskTopShare": 1}), "FIELD_INVALID", "high_risk_top_share", ""),
        (
            json!({"area": "QK1", "highRiskTopShare": "NaN"}),
            "FIELD_INVALID",
            "high_risk_top_share",
            "",
        ),
        (
            json!({"area": "QK1", "scoreCollection": "gpad-regional"}),
            "FIELD_INVALID",
            "score_collection",
            "takes no estimates",
        ),
        (json!({"area": "QK1", "scoreCollection": "x"}), "COLLECTION_NOT_FOUND", "", "deri"),
        (
            json!({"area": "QK1", "collection": "deri"}),
            "FIELD_INVALID",
            "query.collection",
            "takes no populations",
        ),
        (
            json!({"area": "QK1", "asOf": {"position": "-1"}}),
            "FIELD_INVALID",
            "query.as_of.position",
            "",
        ),
        (json!({"area": "QK1", "asOf": {"position": "99"}}), "POSITION_NOT_REACHED", "", ""),
    ];
    for (question, reason, field, words) in cases {
        let status = whole(&server, question.clone()).await.expect_err(&question.to_string());
        let refusal = Refusal::of(&status);
        assert_eq!(refusal.short(), (reason, field), "{question}");
        assert!(refusal.message.contains(words), "{question}: {}", refusal.message);
    }
}

/// What says nothing about small areas is refused by its name.
#[tokio::test]
async fn words_of_other_tables_are_refused_by_name() {
    let server = TestServer::start().await;
    people(&server).await;
    score(&server, "deri", "GMCA").await;
    let is_sex = json!([{"dimension": "sex", "codes": ["1"]}]);
    for (name, value, field) in [
        ("period", json!({"first": "2020-04"}), "query.period"),
        ("organisations", json!(["04C"]), "query.organisations"),
        ("where", is_sex, "query.where"),
        ("careSetting", json!("PRIMARY_CARE"), "query.care_setting"),
        ("confidenceLevel", json!(0.95), "query.confidence_level"),
        ("areaBasis", json!("AREA_BASIS_PROVIDER"), "query.area_basis"),
    ] {
        let mut query = json!({"area": "QK1"});
        query[name] = value;
        let status = server.table("risk", json!({"query": query})).await.unwrap_err();
        assert_eq!(Refusal::of(&status).short(), ("FIELD_INVALID", field), "{name}");
    }
    let two = json!({"query": {"area": "QK1", "by": ["sub_icb", "residence_lsoa"]}});
    let status = server.table("risk", two).await.unwrap_err();
    assert_eq!(Refusal::of(&status).short(), ("FIELD_INVALID", "query.by"));
    for plain in [
        json!({"area": "QK1", "areaBasis": "AREA_BASIS_RESIDENCE"}),
        json!({"area": "QK1", "view": "BREAKDOWN_VIEW_BASIC"}),
    ] {
        let answer = server.table("risk", json!({"query": plain})).await.unwrap();
        assert_eq!(keys(&answer), [""]);
    }
}
