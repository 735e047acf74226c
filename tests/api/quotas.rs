//! How many calls a partner may make, and for what.
use std::time::Duration;

use serde_json::json;
use tonic::{Code, Request};

use super::access::{Guarded, OTHER, OWN, call, reason, rpcs};

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
