//! A changed file of partners is in use without a restart, and one that cannot be used changes nothing.

use std::path::Path;
use std::time::{Duration, Instant};

use equity_indicators::proto::v1;
use equity_indicators::proto::v1::breakdown_service_client::BreakdownServiceClient;
use equity_indicators::proto::v1::service_info_service_client::ServiceInfoServiceClient;
use tonic::transport::Channel;
use tonic::{Code, Status, Streaming};

use super::access::{Guarded, reason};

const OWN: &str = r#"
[partners.own]
organisation = "C82001"
submit_for = ["C82001"]
read = { profile = "INTERNAL", organisations = ["C82001"], datasets = ["consultations"], indicators = ["*"] }
"#;
const OTHER: &str = "[partners.other]\norganisation = \"C82002\"\n";
/// A look takes place every ten seconds.
const LATEST: Duration = Duration::from_secs(30);

fn write(path: &Path, entries: &[&str]) {
    let text = format!("trust_domain = \"equity.example\"\n{}", entries.concat());
    let new = path.with_extension("new");
    std::fs::write(&new, text).unwrap();
    std::fs::rename(new, path).unwrap();
}

async fn whoami(channel: &Channel) -> Result<v1::CallerInfo, Status> {
    let mut client = ServiceInfoServiceClient::new(channel.clone());
    let answer = client.get_service_info(v1::GetServiceInfoRequest::default()).await?;
    Ok(answer.into_inner().info.unwrap_or_default().caller.unwrap_or_default())
}

async fn watch(channel: &Channel) -> Streaming<v1::WatchBreakdownResponse> {
    let query = v1::BreakdownQuery {
        collection: "practice-feed".to_owned(),
        organisations: vec!["C82001".to_owned()],
        period: Some(v1::PeriodRange { first: "2020-04".to_owned(), ..Default::default() }),
        ..Default::default()
    };
    let channels = v1::GetChannelBreakdownRequest { query: Some(query), ..Default::default() };
    let question =
        v1::BreakdownQuestion { table: Some(v1::breakdown_question::Table::Channels(channels)) };
    let request = v1::WatchBreakdownRequest { question: Some(question), ..Default::default() };
    let mut client = BreakdownServiceClient::new(channel.clone());
    let mut watch = client.watch_breakdown(request).await.unwrap().into_inner();
    assert!(watch.message().await.unwrap().is_some());
    watch
}

/// Asks until the answer is as it has to be.
async fn until<T>(mut ask: impl AsyncFnMut() -> T, is_right: impl Fn(&T) -> bool) -> T {
    let begin = Instant::now();
    loop {
        let answer = ask().await;
        if is_right(&answer) {
            return answer;
        }
        assert!(begin.elapsed() < LATEST, "the file was not looked at");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_file_of_partners_needs_no_restart() {
    let guarded = Guarded::start(|_| ()).await;
    let file = guarded.certificates.path().join("partners.toml");
    write(&file, &[OWN]);
    let (own, other) =
        (guarded.channel("own", "C82001").await, guarded.channel("other", "C82002").await);
    let refused = until(async || whoami(&other).await, Result::is_err).await;
    assert_eq!(reason(&refused.unwrap_err()), "NO_PARTNER");
    assert!(whoami(&own).await.is_ok());

    // A partner more; what the others may do is as it was, and their watches go on.
    let mut followed = watch(&own).await;
    write(&file, &[OWN, OTHER]);
    drop(until(async || whoami(&other).await, Result::is_ok).await);
    while let Ok(next) = tokio::time::timeout(Duration::from_millis(1500), followed.message()).await
    {
        assert!(next.unwrap().is_some(), "the watch goes on");
    }

    // Less for one partner: its watch ends.
    write(&file, &[&OWN.replace("INTERNAL", "PARTNER"), OTHER]);
    let ended = loop {
        match tokio::time::timeout(LATEST, followed.message()).await.unwrap() {
            Ok(answer) => assert!(answer.is_some()),
            Err(ended) => break ended,
        }
    };
    assert_eq!((ended.code(), reason(&ended).as_str()), (Code::Unavailable, "PARTNER_CHANGED"));
    assert_eq!(whoami(&own).await.unwrap().profile, "PARTNER");

    // A file that cannot be used changes nothing, and the next one that can is used.
    write(&file, &["[partners.own]\norganisation = \"NOWHERE\"\nroles = [\"king\"]\n"]);
    tokio::time::sleep(Duration::from_secs(11)).await;
    assert_eq!(whoami(&own).await.unwrap().profile, "PARTNER");
    assert!(whoami(&other).await.is_ok());
    write(&file, &[OWN]);
    drop(until(async || whoami(&other).await, Result::is_err).await);
    assert_eq!(whoami(&own).await.unwrap().profile, "INTERNAL");
    guarded.service.stop().await.unwrap();
}
