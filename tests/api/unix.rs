//! A service at a Unix socket: found by clients, closed to others, and without a trace when it has stopped.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use equity_indicators::app::{Service, check};
use equity_indicators::config::Config;
use tonic::transport::Endpoint;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus::Serving;
use tonic_health::pb::health_client::HealthClient;

fn config(folder: &Path, data: &str) -> Config {
    let address = format!("unix:{}", folder.join("equity.sock").display());
    Config {
        address: address.parse().unwrap(),
        data_folder: folder.join(data),
        ..Config::default()
    }
}

async fn serves(service: &Service) -> bool {
    let channel = Endpoint::from_shared(service.address().url("http")).unwrap().connect().await;
    let answer = HealthClient::new(channel.unwrap()).check(HealthCheckRequest::default()).await;
    answer.unwrap().into_inner().status() == Serving
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unix_socket_is_served_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("equity.sock");
    let config_one = config(folder.path(), "one");
    assert_eq!(check(&config_one).unwrap(), None);
    let service = Service::start(&config_one).await.unwrap();
    assert!(serves(&service).await);
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o660, "others may not connect");

    let second = config(folder.path(), "two");
    let refused = Service::start(&second).await.map(drop).unwrap_err();
    assert!(format!("{refused:#}").contains("cannot listen on unix:"), "{refused:#}");
    assert!(check(&second).unwrap().unwrap().contains("is in use now"));
    assert!(serves(&service).await, "the second start took the socket away");
    service.stop().await.unwrap();
    assert!(!file.exists(), "the socket is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_service_left_is_replaced_and_other_files_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("equity.sock");
    drop(std::os::unix::net::UnixListener::bind(&file).unwrap());
    assert!(file.exists(), "as after kill -9");
    let config = config(folder.path(), "data");
    assert_eq!(check(&config).unwrap(), None);
    let service = Service::start(&config).await.unwrap();
    assert!(serves(&service).await);
    service.stop().await.unwrap();

    std::fs::write(&file, "somebody's").unwrap();
    assert!(Service::start(&config).await.is_err());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "somebody's");
}

#[test]
fn a_unix_socket_and_tls_exclude_each_other() {
    let text = "address = \"unix:/run/equity.sock\"\n[tls]\ncertificate_file = \"a\"";
    let refused = Config::parse(text, |_| None).unwrap_err().to_string();
    assert!(refused.contains("address: a Unix socket has no TLS"), "{refused}");
}
