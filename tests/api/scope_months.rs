//! An area in a scope holds an organisation in the months in which it belongs to that area.

use serde_json::json;
use tonic::transport::Channel;

use super::access::{call, reason, rpcs};
use super::scopes::{ask, filled, header};

/// H81013 belonged to Frimley until March 2026, and has belonged to Surrey and Sussex since.
#[tokio::test]
async fn an_area_sends_and_withdraws_the_months_in_which_an_organisation_belongs_to_it() {
    let (guarded, _) = filled().await;
    let loader = guarded.channel("loader", "C82003").await;
    let (before, since) =
        (guarded.channel("before", "QNQ").await, guarded.channel("since", "S9B9J").await);
    let rpcs = rpcs();
    let submit = rpcs.iter().find(|rpc| rpc.name() == "SubmitConsultations").unwrap();
    let id = || uuid::Uuid::new_v4().to_string();
    let send = async |channel: &Channel, month: &str| {
        let mut header = header("H81013", month);
        header["allowShrinking"] = json!(true);
        let rows = json!({"batch": {"records": [{"channel": "VIDEO", "recordCount": 3}]}});
        let sent = call(channel, submit, &[json!({"header": header}), rows]).await;
        sent.map(drop).map_err(|refused| (reason(&refused), refused.message().to_owned()))
    };
    let assess = async |channel: &Channel, first: &str, last: &str| {
        let assessment = json!({"organisation": "H81013", "firstMonth": first, "lastMonth": last,
            "text": "text", "assessDate": "2026-05-04", "ownerRole": "manager"});
        let asked = json!({"requestId": id(), "assessment": assessment});
        ask(channel, "RecordChannelAssessment", asked)
            .await
            .map(drop)
            .map_err(|refused| reason(&refused))
    };
    for (month, own, other) in [("2026-03", &before, &since), ("2026-04", &since, &before)] {
        send(&loader, month).await.unwrap();
        let (why, said) = send(other, month).await.unwrap_err();
        assert_eq!(why, "OUT_OF_SCOPE");
        assert!(said.contains(month) && said.contains("H81013"), "{said}");
        let name = format!(
            "collections/practice-feed/organisations/H81013/datasets/consultations/months/{month}/versions/1"
        );
        let refused =
            ask(other, "WithdrawSubmission", json!({"name": name, "requestId": id()})).await;
        assert_eq!(reason(&refused.unwrap_err()), "OUT_OF_SCOPE", "{month}");
        ask(own, "WithdrawSubmission", json!({"name": name, "requestId": id()})).await.unwrap();
        send(own, month).await.unwrap();
        assert_eq!(assess(other, month, month).await.unwrap_err(), "OUT_OF_SCOPE");
        assess(own, month, month).await.unwrap();
    }
    for channel in [&before, &since] {
        assess(channel, "2026-01", "2026-05")
            .await
            .expect("it belongs to it in some of the months");
    }
    guarded.service.stop().await.unwrap();
}
