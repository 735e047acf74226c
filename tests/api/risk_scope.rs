//! Area risk joins people by small area with scores. A partner gets it only where it may read all the people that are counted.

use equity_indicators::config::Config;
use serde_json::{Value, json};
use tonic::transport::Channel;

use super::access::{Guarded, call, reason, rpcs};

/// People of the organisation that the reader may not read, who are in no other number.
const MARK: i64 = 872_654;

fn partners(config: &Config) {
    let text = r#"
trust_domain = "equity.example"

[partners.loader]
organisation = "C82003"
submit_for = ["*"]

[partners.own]
organisation = "C82001"
read = { profile = "INTERNAL", organisations = ["C82001"], datasets = ["*"], indicators = ["*"] }

[partners.all]
organisation = "C82002"
read = { profile = "INTERNAL", areas = ["*"], datasets = ["*"], indicators = ["*"] }

[partners.activity]
organisation = "C82004"
read = { profile = "INTERNAL", areas = ["QK1"], datasets = ["consultations"], indicators = ["*"] }
"#;
    std::fs::write(config.partners_file.as_ref().unwrap(), text).unwrap();
}

async fn submit(channel: &Channel, rpc: &str, header: Value, records: Value) {
    let rpcs = rpcs();
    let rpc = rpcs.iter().find(|of| of.name() == rpc).unwrap();
    let messages = [json!({"header": header}), json!({"batch": {"records": records}})];
    call(channel, rpc, &messages).await.unwrap();
}

fn header(organisation: &str, collection: &str, month: &str) -> Value {
    let id = uuid::Uuid::new_v4().to_string();
    json!({"organisation": organisation, "collection": collection, "month": month, "requestId": id})
}

#[tokio::test]
async fn people_of_organisations_out_of_scope_are_in_no_area_risk() {
    let guarded = Guarded::start(|config| partners(config)).await;
    let loader = guarded.channel("loader", "C82003").await;
    for (organisation, count) in [("C82001", 100), ("C82002", MARK)] {
        let people = json!([{"personCount": count, "residenceLsoa": "E01013600"}]);
        let header = header(organisation, "practice-feed", "2020-04");
        submit(&loader, "SubmitPopulations", header, people).await;
    }
    let source = json!({"publisher": "a publisher", "title": "a title", "edition": "one", "licence": "a licence", "series": "v1"});
    let scores = json!({"submission": header("GMCA", "deri", "2022-12"), "source": source});
    let rows = json!([{"indicator": "DX-10", "area": "E01013600", "period": "2022", "value": 3.0}]);
    submit(&loader, "SubmitEstimates", scores, rows).await;

    let rpcs = rpcs();
    let risk = rpcs.iter().find(|of| of.name() == "GetAreaRisk").unwrap();
    for (role, organisation, may) in
        [("own", "C82001", false), ("activity", "C82004", false), ("all", "C82002", true)]
    {
        let channel = guarded.channel(role, organisation).await;
        for collection in ["practice-feed", ""] {
            let asked =
                json!({"query": {"area": "QK1", "collection": collection}, "highRiskScore": 5.0});
            let told = call(&channel, risk, &[asked]).await;
            match told {
                Ok(answer) => {
                    let has = answer.contains(&(MARK + 100).to_string());
                    assert_eq!((may, has), (true, true), "{role} {collection:?}: {answer}");
                }
                Err(refused) => {
                    assert!(!may, "{role} {collection:?}: {refused:?}");
                    assert_eq!(reason(&refused), "OUT_OF_SCOPE", "{role} {collection:?}");
                    assert!(!refused.message().contains(&MARK.to_string()), "{refused:?}");
                }
            }
        }
    }
    guarded.service.stop().await.unwrap();
}
