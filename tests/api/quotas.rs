//! How many calls a partner may make, and for what.
use std::time::Duration;

use serde_json::json;
use tonic::{Code, Request};

use super::access::{Guarded, OTHER, OWN, call, call_as, reason, rpcs};
use crate::support::TestServer;

#[tokio::test]
async fn calls_above_the_quota_wait_and_others_do_not() {
    let one = |number| std::num::NonZeroU32::new(number).unwrap();
    let guarded = Guarded::start(|config| {
        (config.quotas.requests_per_second, config.quotas.burst) = (one(1), one(3));
    })
    .await;
    let rpcs = rpcs();
    let info = rpcs.iter().find(|rpc| rpc.name() == "GetServiceInfo").unwrap();
    // A quota is of the partner, on however many connections it calls.
    let connections = [guarded.channel("own", OWN).await, guarded.channel("own", OWN).await];
    let mut refused = None;
    for number in 0..6 {
        if let Err(status) = call(&connections[number % 2], info, &[json!({})]).await {
            refused.get_or_insert((number, status));
        }
    }
    let (number, status) = refused.expect("the quota");
    assert!(number >= 3, "refused at {number}");
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::ResourceExhausted, "QUOTA_EXCEEDED")
    );
    let wait =
        tonic_types::StatusExt::get_details_retry_info(&status).unwrap().retry_delay.unwrap();
    assert!(wait <= Duration::from_secs(1), "{wait:?}");
    let other = guarded.channel("other", OTHER).await;
    call(&other, info, &[json!({})]).await.expect("another partner has its own quota");
    tokio::time::sleep(wait + Duration::from_millis(50)).await;
    call(&connections[0], info, &[json!({})]).await.expect("after the wait");
    guarded.service.stop().await.unwrap();
}

#[tokio::test]
async fn a_purpose_is_required_where_the_operator_says_so() {
    let guarded = Guarded::start(|config| config.purpose_required = true).await;
    let rpcs = rpcs();
    let info = rpcs.iter().find(|rpc| rpc.name() == "GetServiceInfo").unwrap();
    let channel = guarded.channel("own", OWN).await;
    let refused = call(&channel, info, &[json!({})]).await.unwrap_err();
    assert_eq!(reason(&refused), "PURPOSE_INVALID");
    assert!(refused.message().contains("EQUITY_MONITORING"), "{refused:?}");
    let mut client =
        equity_indicators::proto::v1::service_info_service_client::ServiceInfoServiceClient::new(
            channel,
        );
    for (purpose, is_known) in [("EQUITY_MONITORING", true), ("MARKETING", false)] {
        let mut request = Request::new(equity_indicators::proto::v1::GetServiceInfoRequest {});
        request.metadata_mut().insert("purpose-of-use", purpose.parse().unwrap());
        assert_eq!(client.get_service_info(request).await.is_ok(), is_known, "{purpose}");
    }
    guarded.service.stop().await.unwrap();
}

/// A service on a local address does not ask who calls, but what for.
#[tokio::test]
async fn callers_without_an_identity_say_their_purpose_too() {
    let rpcs = rpcs();
    let info = rpcs.iter().find(|rpc| rpc.name() == "GetServiceInfo").unwrap();
    for required in [false, true] {
        let server = TestServer::with(|config| config.purpose_required = required).await;
        let tell = async |purpose: Option<&str>| {
            let metadata: Vec<_> =
                purpose.map(|code| ("purpose-of-use", code)).into_iter().collect();
            let told = call_as(&server.channel(), info, &[json!({})], &metadata).await;
            told.map_err(|refused| reason(&refused))
        };
        assert_eq!(tell(Some("MARKETING")).await.unwrap_err(), "PURPOSE_INVALID");
        let told = tell(Some("EQUITY_MONITORING")).await.unwrap();
        let told: serde_json::Value = serde_json::from_str(&told).unwrap();
        assert_eq!(told["info"]["limits"]["purposeRequired"] == true, required, "{told}");
        assert_eq!(told["info"]["limits"].get("requestsPerSecond"), None, "no quota: {told}");
        let without = tell(None).await;
        assert_eq!(without.err(), required.then(|| "PURPOSE_INVALID".to_owned()));
        // Who asks whether the service serves is asked nothing.
        let mut health = tonic_health::pb::health_client::HealthClient::new(server.channel());
        health.check(tonic_health::pb::HealthCheckRequest::default()).await.unwrap();
        server.stop().await;
    }
}

/// What the service says of its limits is what it holds callers to.
#[tokio::test]
async fn a_partner_is_told_its_limits() {
    let guarded = Guarded::start(|config| {
        let number = |number| std::num::NonZeroU32::new(number).unwrap();
        (config.quotas.requests_per_second, config.quotas.burst) = (number(7), number(11));
        config.limits.query_message_bytes = 70_000;
        config.limits.submission_message_bytes = 500_000;
    })
    .await;
    let rpcs = rpcs();
    let of = |name: &str| rpcs.iter().find(|rpc| rpc.name() == name).unwrap();
    let channel = guarded.channel("own", OWN).await;
    let told = call(&channel, of("GetServiceInfo"), &[json!({})]).await.unwrap();
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    let expected = json!({
        "queryMessageBytes": "70000", "submissionMessageBytes": "500000", "requestsPerSecond": 7, "burstRequestCount": 11
    });
    assert_eq!(told["info"]["limits"], expected);
    for (length, is_taken) in [(60_000, true), (80_000, false)] {
        let asked = json!({"parent": "x".repeat(length)});
        let refused = call(&channel, of("ListSubmissions"), &[asked]).await.unwrap_err();
        assert_eq!(
            refused.code() == Code::InvalidArgument,
            is_taken,
            "{length}: {}",
            refused.code()
        );
    }
    guarded.service.stop().await.unwrap();
}
